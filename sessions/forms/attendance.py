"""Attendance of a whole group in one form; and what became of the session."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms

from phpsupport.lib.forms import Form, LineField, WholeField
from sessions.actions.attendance import Mark
from sessions.models import CAME, AbsenceReason, SessionState, Status
from sessions.queries.attendance import Person

# What the large buttons say; "Declined today" is too long for a phone.
SAID = {**dict(Status.choices), Status.DECLINED: "Declined"}
CHOICES = tuple(SAID.items())
ABSENCES = [("", "Reason, if known"), *AbsenceReason.choices]


class PersonForm(Form):
    """The mark of one person."""

    status = forms.ChoiceField(choices=CHOICES, required=False)
    arrived = forms.TimeField(required=False)
    departed = forms.TimeField(required=False)
    reason = forms.ChoiceField(choices=ABSENCES, required=False)
    walk_in = forms.BooleanField(required=False)
    take_off = forms.BooleanField(required=False)

    def mark(self, participant_id: UUID) -> Mark:
        """The mark as typed; times stay with those who came, reasons with those who did not."""
        said = self.cleaned_data
        came = said.get("status") in CAME
        return Mark(
            participant_id,
            said.get("status") or "",
            arrived=said.get("arrived") if came else None,
            departed=said.get("departed") if came else None,
            reason="" if came else said.get("reason") or "",
            walk_in=said.get("walk_in", False),
            take_off=said.get("take_off", False),
        )


class SheetForm(Form):
    """What belongs to the whole sheet."""

    version = WholeField(widget=forms.HiddenInput)
    why = LineField(
        required=False,
        label="Why marks change",
        help_text="Needed where a note is signed already. It is kept beside the note.",
    )


@dataclass
class Row:
    """One person with their part of the form, as the page shows it."""

    person: Person
    form: PersonForm
    chosen: str
    arrived: str
    departed: str
    reason: str
    added: bool = False
    taken_off: bool = False
    stored: str = ""  # what somebody else marked in the meantime
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"p-{self.person.participant_id}"


def rows_of(
    people: Iterable[Person], data: Mapping[str, Any] | None = None, *, added: Iterable[Person] = ()
) -> list[Row]:
    """A row per person, with what is stored or, where `data` is given, with what was typed."""
    rows = []
    for person, is_new in [*((p, False) for p in people), *((p, True) for p in added)]:
        key = f"p-{person.participant_id}"
        if data is None or (is_new and f"{key}-status" not in data):
            chosen = Status.PRESENT if is_new else person.status
            form = PersonForm(prefix=key)
            # A planned early leaving is filled in for whoever is not marked yet.
            left = person.departed if person.status else person.leaves_at
            arrived, departed = (f"{at:%H:%M}" if at else "" for at in (person.arrived, left))
            rows.append(Row(person, form, chosen, arrived, departed, person.reason, added=is_new))
            continue
        form = PersonForm(data, prefix=key)
        form.is_valid()
        typed = {
            name: str(data.get(f"{key}-{name}", "") or "")
            for name in ("status", "arrived", "departed", "reason", "take_off")
        }
        rows.append(
            Row(
                person,
                form,
                typed["status"],
                typed["arrived"],
                typed["departed"],
                typed["reason"],
                added=is_new,
                taken_off=bool(typed["take_off"]),
                errors=tuple(str(e) for errors in form.errors.values() for e in errors),
            )
        )
    return rows


class OutcomeForm(Form):
    """Held, or not held and why."""

    submit = "Save"
    outcome = forms.ChoiceField(
        label="Did the session take place?",
        choices=[(SessionState.HELD, "Yes, it was held"), (SessionState.NOT_HELD, "No")],
        widget=forms.RadioSelect,
    )
    reason = LineField(
        required=False,
        label="If not, why?",
        help_text="A few words without names, such as “Fire drill” or “Nobody came”.",
    )
    clear_marks = forms.BooleanField(
        required=False,
        label="Take away the attendance marked so far",
        help_text="A session that was not held has no attendance. The history keeps it.",
    )
