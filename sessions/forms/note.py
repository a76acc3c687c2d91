"""The words of notes, and what comes after their signature."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django import forms

from phpsupport.lib.forms import Form, LineField, ProseField, WholeField
from sessions.actions.drafts import Typed
from sessions.models import Participation
from sessions.queries.desk import Desk, GoalLine, Part

# What a facilitator is asked, in words that invite what somebody said or did, never a judgment.
ASKED = {
    "what_was_done": "What did you do together? What helped? Without names.",
    "next_time": "Where will you begin next time?",
    "own_words": "What did they say or do that mattered to them?",
    "response": "What did you look at together? Which strength showed?",
    "follow_up": "What will they try? What will you ask about?",
}
# How somebody took part, as short as three buttons beside each other on a phone allow.
SHORTLY = {
    Participation.ACTIVE: "Actively",
    Participation.SOME: "Now and then",
    Participation.QUIET: "By listening",
}
# What takes a choice back; it is chosen as long as nothing else is.
LEAVE_OPEN = ("", "Leave it open")


def _prose(label: str, name: str, *, rows: int = 2, max_length: int = 5000) -> ProseField:
    asked = forms.Textarea(
        attrs={"rows": rows, "class": "form-control", "placeholder": ASKED[name]}
    )
    return ProseField(required=False, label=label, widget=asked, max_length=max_length)


def _line(label: str) -> LineField:
    return LineField(
        required=False, label=label, widget=forms.TextInput(attrs={"class": "form-control"})
    )


class PartForm(Form):
    """What the two kinds of part share: the version of the draft that was read."""

    mark_optional = False
    version = WholeField(widget=forms.HiddenInput, required=False)

    def typed(self) -> Typed:
        """What was typed, with the version it was typed over."""
        words = {name: value for name, value in self.cleaned_data.items() if name != "version"}
        return Typed(words, self.cleaned_data.get("version") or 0)


class GroupPartForm(PartForm):
    """The group's part: nobody can be recognized in it."""

    what_was_done = _prose("What the group did", "what_was_done", rows=3, max_length=20_000)
    confidentiality_reminder = forms.BooleanField(
        required=False, label="I gave the confidentiality reminder"
    )
    next_time = _prose("Plan for next time", "next_time", max_length=2000)
    topic = _line("Topic")
    materials = _line("Materials")
    # A safety concern is raised, not ticked (see `actions.safety`); the note says whether one was.


class PersonPartForm(PartForm):
    """One person's part: nobody else can be recognized in it."""

    participation = forms.ChoiceField(
        required=False,
        choices=[*Participation.choices, ("", "Not chosen")],
        widget=forms.RadioSelect,
        label="Taking part",
    )
    own_words = _prose("In their own words", "own_words")
    response = _prose("What we worked on", "response")
    goal_id = forms.TypedChoiceField(
        required=False,
        coerce=UUID,
        empty_value=None,
        widget=forms.RadioSelect,
        label="Their goal",
        error_messages={"invalid_choice": "Choose one of their own goals."},
    )
    follow_up = _prose("What comes next", "follow_up")
    written_together = forms.BooleanField(required=False, label="Written together")

    def __init__(self, *args: Any, goals: Iterable[GoalLine] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # An own goal that ended meanwhile stays a choice: what is typed beside it is not lost.
        field: Any = self.fields["goal_id"]
        field.choices = [("", "None of these"), *((str(goal.id), goal.words) for goal in goals)]

    @property
    def ways(self) -> list[tuple[str, str, bool]]:
        """How somebody took part: value, short words, whether it is chosen; the last takes back."""
        chosen = self["participation"].value() or ""
        ways = [(way.value, words) for way, words in SHORTLY.items()]
        return [(value, words, value == chosen) for value, words in [*ways, LEAVE_OPEN]]


def form_of(part: Part, data: Mapping[str, Any] | None = None) -> PartForm:
    """The form of one part, with what is stored or what was typed."""
    more: dict[str, Any] = {"prefix": part.key}
    if part.person:
        more["goals"] = part.goals
    kind = PersonPartForm if part.person else GroupPartForm
    if data is not None:
        return kind(data, **more)
    initial = {**part.words, "version": part.version}
    if part.topic:
        initial["topic"] = part.topic
    return kind(initial=initial, **more)


def read_parts(
    desk: Desk, data: Mapping[str, Any]
) -> tuple[dict[UUID | None, Typed], list[PartForm]]:
    """The parts that were sent, and the forms that have faults. Parts not on the page stay out."""
    typed: dict[UUID | None, Typed] = {}
    faulty = []
    for part in (desk.group, *desk.parts):
        if part.signed or f"{part.key}-version" not in data:
            continue
        form = form_of(part, data)
        key = part.person.participant_id if part.person else None
        if form.is_valid():
            typed[key] = form.typed()
        else:
            faulty.append(form)
    return typed, faulty
