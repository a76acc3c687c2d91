"""What is handed over: about the group, and about each person on the roster."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from phpsupport.lib.forms import Form, ProseField, Section
from sessions.queries.attendance import Person


class HandingOverForm(Form):
    """One field about the group, one for each person."""

    submit = "Hand over"
    guard = True
    words = ProseField(
        label="About the group",
        max_length=4000,
        rows=6,
        help_text="What works, what was agreed, what comes next. Nobody is named here.",
    )

    def __init__(self, *args: Any, people: Iterable[Person], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = list(people)
        for person in self.people:
            name = f"p-{person.participant_id}"
            hint = f" ({person.hint})" if person.hint else ""
            self.fields[name] = ProseField(
                label=person.name + hint, max_length=2000, rows=2, required=False
            )
            self._shape(name, self.fields[name])
        names = [f"p-{p.participant_id}" for p in self.people]
        self.layout = ("words", Section("About each person", *names)) if names else ("words",)

    @property
    def parts(self) -> dict[UUID, str]:
        return {p.participant_id: self.cleaned_data[f"p-{p.participant_id}"] for p in self.people}
