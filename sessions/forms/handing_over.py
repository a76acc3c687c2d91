"""What is handed over: about the group, and about each person on the roster."""

from collections.abc import Iterable
from functools import cached_property
from typing import Any
from uuid import UUID

from crispy_forms.helper import FormHelper

from phpsupport.lib.forms import ProseField, Section, helper
from sessions.actions.naming import doubts_in
from sessions.forms.named import NamesForm
from sessions.queries.attendance import Person
from sessions.screening import Roster

NOTHING = "nothing"


class HandingOverForm(NamesForm):
    """One field about the group, one for each person; beneath each, why a name in it stays."""

    words = ProseField(
        label="About the group",
        max_length=4000,
        rows=6,
        help_text="What works, what was agreed, what comes next. Nobody is named here.",
    )

    def __init__(
        self,
        *args: Any,
        people: Iterable[Person],
        among: Roster | None = None,
        asked: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.asked = asked
        self.people = list(people)
        for person in self.people:
            name = _field_of(person.participant_id)
            hint = f" ({person.hint})" if person.hint else ""
            self.fields[name] = ProseField(
                label=person.name + hint, max_length=2000, rows=2, required=False
            )
            self._shape(name, self.fields[name])
        if self.is_bound and among is not None:
            self._ask_about_names(among)
        parts = [n for p in self.people for n in self._with_reasons(p.participant_id)]
        about_people = [Section("About each person", *parts)] if parts else []
        self.layout = (*self._with_reasons(None), *about_people)

    def _ask_about_names(self, among: Roster) -> None:
        """A reason for each name that was found in what was typed."""
        typed = {
            person.participant_id: str(self.data.get(_field_of(person.participant_id), ""))
            for person in self.people
        }
        self.ask_about(doubts_in(str(self.data.get("words", "")), typed, among))

    def _with_reasons(self, part: UUID | None) -> list[str]:
        """The field of a part, and those in which its names are explained."""
        reasons = [name for name, doubt in self.doubts.items() if doubt.part == part]
        return [_field_of(part), *reasons]

    @cached_property
    def helper(self) -> FormHelper:
        """Whoever is asked can also say that there is nothing."""
        others = [(NOTHING, "Nothing to hand over")] if self.asked else []
        return helper(
            "Hand over", *self.layout, cancel=self.cancel, guard=self.guard, others=others
        )

    @property
    def empty(self) -> bool:
        """Whether nothing at all was typed."""
        names = (None, *(person.participant_id for person in self.people))
        return not any(str(self.data.get(_field_of(name), "")).strip() for name in names)

    @property
    def parts(self) -> dict[UUID, str]:
        """What was written about each person."""
        return {
            p.participant_id: self.cleaned_data[_field_of(p.participant_id)] for p in self.people
        }


def _field_of(part: UUID | None) -> str:
    return f"p-{part}" if part else "words"
