"""The words of notes, and what comes after their signature."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django import forms
from django.http import QueryDict

from phpsupport.lib.forms import Form, LineField, ProseField, WholeField
from sessions.actions.drafts import Typed
from sessions.models import Participation
from sessions.queries.desk import Desk, GoalLine, Part, is_blank

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
    def goal_chosen(self) -> str:
        """The goal that is chosen, '' for none."""
        return str(self["goal_id"].value() or "")

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
    if part.topic and not part.version:  # nothing is written yet
        initial["topic"] = part.topic
    return kind(initial=initial, **more)


def differs(form: PartForm, part: Part | None) -> bool:
    """Whether what was typed is not what stands in the part, or in none."""
    if not form.is_valid():
        return True
    words = form.typed().words
    return part.words_with(words) != part.words if part else not is_blank(words)


def says_something(form: PartForm) -> bool:
    """Whether anything was written or chosen."""
    return not form.is_valid() or not is_blank(form.typed().words)


@dataclass
class Sent:
    """What a page sent: its parts, read against the desk as it stands under the session's lock."""

    data: QueryDict
    forms: dict[UUID | None, PartForm] = field(default_factory=dict)

    @property
    def keys(self) -> set[str]:
        """The parts that were sent, by the names that the page has for them."""
        return {name.removesuffix("-version") for name in self.data if name.endswith("-version")}

    def read(self, there: Desk) -> dict[UUID | None, Typed]:
        """The parts without a fault, whether or not they were signed meanwhile."""
        self.forms = {
            part.id: form_of(part, self.data)
            for part in (there.group, *there.parts)
            if part.key in self.keys
        }
        return {key: form.typed() for key, form in self.forms.items() if form.is_valid()}


@dataclass
class SentByButton(Sent):
    """What the button of the page sent where no script saves: every part that the page had, also
    those that nobody touched. `without` names parts whose words may go."""

    away: dict[UUID, PartForm] = field(default_factory=dict)

    @property
    def keys(self) -> set[str]:
        return super().keys - {*self.data.getlist("without")}

    @property
    def let_go(self) -> list[tuple[UUID, int]]:
        """The drafts that are to go: about whom, and the version that was read."""
        found = []
        for value in self.data.getlist("let_go"):
            key, _, version = value.partition(":")
            pk = _participant(key)
            if pk and version.isdecimal():
                found.append((pk, int(version)))
        return found

    @property
    def faulty(self) -> bool:
        return any(form.errors for form in self.forms.values())

    def read(self, there: Desk) -> dict[UUID | None, Typed]:
        """The parts to save. One that was found empty and left empty says nothing against what
        somebody else began meanwhile. Words about people who are no longer on the roster, that do
        not stand in a draft about them either, are in `away`."""
        typed = super().read(there)
        for part in (there.group, *there.parts):
            begun = part.signed or part.version
            if begun and part.id in typed and _left_empty(part, typed[part.id]):
                del typed[part.id], self.forms[part.id]
        stand = {part.id: part for part in there.away}
        self.away = {}
        for key in self.keys:
            pk = _participant(key)
            if pk is None or pk in there.by_id:
                continue
            form = (
                form_of(stand[pk], self.data)
                if pk in stand
                else PersonPartForm(self.data, prefix=key)
            )
            if says_something(form) and differs(form, stand.get(pk)):
                self.away[pk] = form
        return typed


def _left_empty(part: Part, typed: Typed) -> bool:
    """Whether it was found and left with nothing but what the page offers."""
    words = dict(typed.words)
    if part.topic and words.get("topic") == part.topic:
        del words["topic"]
    return not typed.version and is_blank(words)


def _participant(key: str) -> UUID | None:
    """Whose part goes by this name on the page."""
    try:
        pk = UUID(key.removeprefix("p-"))
    except ValueError:
        return None
    return pk if key == f"p-{pk}" else None
