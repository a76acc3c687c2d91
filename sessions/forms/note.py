"""The words of notes, and what comes after their signature."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms

from phpsupport.lib.forms import Form, LineField, ProseField, WholeField
from sessions.actions.drafts import Typed
from sessions.models import Participation
from sessions.queries.desk import Desk, Part


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

    topic = LineField(required=False, label="Topic")
    what_was_done = ProseField(
        required=False,
        label="What the group did",
        widget=forms.Textarea(attrs={"rows": 4, "class": "form-control"}),
    )
    materials = LineField(required=False, label="Materials")
    next_time = ProseField(required=False, rows=2, label="Plan for next time", max_length=2000)
    confidentiality_reminder = forms.BooleanField(
        required=False, label="I gave the confidentiality reminder"
    )
    safety_concern = forms.BooleanField(required=False, label="There was a safety concern")


class PersonPartForm(PartForm):
    """One person's part: nobody else can be recognized in it."""

    participation = forms.ChoiceField(
        required=False,
        choices=Participation.choices,
        widget=forms.RadioSelect,
        label="Taking part",
    )
    own_words = ProseField(required=False, rows=2, label="In their own words", max_length=5000)
    response = ProseField(required=False, rows=2, label="What we worked on", max_length=5000)
    follow_up = ProseField(required=False, rows=2, label="What comes next", max_length=5000)
    written_together = forms.BooleanField(required=False, label="Written together")


def form_of(part: Part, data: Mapping[str, Any] | None = None) -> PartForm:
    """The form of one part, with what is stored or what was typed."""
    kind = PersonPartForm if part.person else GroupPartForm
    if data is not None:
        return kind(data, prefix=part.key)
    initial = {**part.words, "version": part.version}
    if part.topic:
        initial["topic"] = part.topic
    return kind(initial=initial, prefix=part.key)


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


class AddendumForm(Form):
    """Words added beside a signed note."""

    submit = "Add to the note"
    reason = LineField(label="Why you add something", max_length=120)
    words = ProseField(label="What you add", rows=4, max_length=5000)


class VoidForm(Form):
    """A note declared void."""

    submit = "Declare void"
    reason = ProseField(
        label="Why is it void?", rows=2, max_length=1000, help_text="Kept beside the note for good."
    )


class ReturnForm(Form):
    """A note returned to its author."""

    submit = "Return"
    comment = ProseField(label="What is missing?", rows=3, max_length=2000)
