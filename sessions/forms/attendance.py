"""Attendance of a whole group in one form; and what became of the session."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from django import forms

from phpsupport.lib.forms import Form, LineField, WholeField
from sessions.actions.attendance import Mark
from sessions.models import CAME, AbsenceReason, SessionState, Status
from sessions.queries.attendance import Person
from sessions.screening import Doubt

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
    why = LineField(required=False)
    sure = forms.BooleanField(required=False)

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
            why=said.get("why") or "",
            sure=said.get("sure", False),
        )


class SheetForm(Form):
    """What belongs to the whole sheet."""

    version = WholeField(widget=forms.HiddenInput)
    why = LineField(
        required=False,
        label="Why marks change",
        help_text="One reason for all who change, or one beside each. The mark before is kept.",
    )
    # Why other people's names stay in the reasons.
    stays = LineField(required=False, label="Why the name stays")
    doubts: Sequence[Doubt] = ()

    @property
    def asked(self) -> str:
        """Of which names that is asked: the keys of the findings."""
        found = (finding.key for doubt in self.doubts for finding in doubt.findings)
        return " ".join(found) or str(self.data.get("asked", ""))

    @property
    def said_of_names(self) -> list[str]:
        """What may be meant by each of the names found, in sentences."""
        return list(dict.fromkeys(doubt.sentence for doubt in self.doubts))

    @property
    def explained(self) -> dict[str, str]:
        """One reason for all the names of which it was asked, by the finding's key."""
        return dict.fromkeys(self.asked.split(), self.cleaned_data["stays"])


@dataclass(frozen=True)
class Value:
    """A mark as the fields of a page hold it. `str()` and `read` carry it in a hidden field."""

    status: str = ""
    arrived: str = ""
    departed: str = ""
    reason: str = ""

    @classmethod
    def of(cls, person: Person) -> "Value":
        came, left = (f"{at:%H:%M}" if at else "" for at in (person.arrived, person.departed))
        return cls(person.status, came, left, person.reason)

    @classmethod
    def read(cls, text: str) -> "Value":
        parts = text.split("|")
        return cls(*parts) if len(parts) == 4 else cls()

    def __str__(self) -> str:
        return "|".join((self.status, self.arrived, self.departed, self.reason))

    @property
    def counted(self) -> "Value":
        """What of it would be kept: times of those who came, reasons of those who did not."""
        if not self.status:
            return Value()
        if self.status in CAME:
            return Value(self.status, self.arrived, self.departed)
        return Value(self.status, reason=self.reason)


@dataclass
class Row:
    """One person with their part of the form, as the page shows it."""

    person: Person
    form: PersonForm
    value: Value
    was: Value  # what stood when the page was loaded
    added: bool = False
    taken_off: bool = False
    why: str = ""
    sure: bool = False
    both: bool = False  # somebody else marked them otherwise, and nobody chose between the two yet
    stored: str = ""  # what they marked, in words
    news: str = ""  # what somebody else marked where nothing was chosen here
    first: bool = False  # of those about whom a choice is asked
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    look_twice: tuple[str, ...] = ()
    history: list[str] = field(default_factory=list)

    @property
    def key(self) -> str:
        return f"p-{self.person.participant_id}"

    @property
    def changes(self) -> bool:
        """Whether a mark that stands would change."""
        there = Value.of(self.person).counted
        return bool(there.status) and (self.taken_off or self.value.counted != there)


def rows_of(
    people: Iterable[Person], data: Mapping[str, Any] | None = None, *, added: Iterable[Person] = ()
) -> list[Row]:
    """A row per person, with what is stored or, where `data` is given, with what was typed."""
    rows = []
    for person, is_new in [*((p, False) for p in people), *((p, True) for p in added)]:
        key, there = f"p-{person.participant_id}", Value.of(person)
        if data is None or (is_new and f"{key}-status" not in data):
            value = replace(there, status=Status.PRESENT) if is_new else there
            if not person.status and person.leaves_at:
                # A planned early leaving is filled in for whoever is not marked yet.
                value = replace(value, departed=f"{person.leaves_at:%H:%M}")
            rows.append(Row(person, PersonForm(prefix=key), value, there, added=is_new))
            continue
        form = PersonForm(data, prefix=key)
        form.is_valid()

        def typed(name: str, *, of: Mapping[str, Any] = data, key: str = key) -> str:
            return str(of.get(f"{key}-{name}", "") or "")

        rows.append(
            Row(
                person,
                form,
                Value(*(typed(name) for name in ("status", "arrived", "departed", "reason"))),
                Value.read(typed("was")),
                added=is_new,
                taken_off=bool(typed("take_off")),
                why=typed("why"),
                sure=bool(typed("sure")),
                both=bool(typed("both")),
                errors=tuple(str(e) for errors in form.errors.values() for e in errors),
            )
        )
    return rows


def beside_theirs(rows: Iterable[Row]) -> bool:
    """Put what stands now beside what was chosen here: who was left alone here takes what stands,
    and where both chose, both are to be shown. Whether there is anybody of whom both chose."""
    for row in rows:
        now, was, mine = (v.counted for v in (Value.of(row.person), row.was, row.value))
        if not row.added and now != was and mine != now:
            if mine in (was, Value()):
                row.value, row.news = Value.of(row.person), "now"
            else:
                row.both = True
        row.was = Value.of(row.person)
    return any(row.both for row in rows)


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
