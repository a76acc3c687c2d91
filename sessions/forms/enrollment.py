"""Forms of rosters."""

from collections.abc import Collection, Iterable
from datetime import date, time
from typing import Any

from django import forms

from phpsupport.lib.forms import LineField
from sessions.forms.parts import PartForm
from sessions.queries.enrollment import Choice


class Pick(forms.MultipleChoiceField):
    """Several of a list. What was chosen a moment ago and has gone from the list is known still, so
    that a second click is answered like the first."""

    known: Collection[str] = ()

    def valid_value(self, value: Any) -> bool:
        return str(value) in self.known


class EnrollForm(PartForm):
    """Who, or which groups; from when; and whether they leave before the end."""

    submit = "Enroll"
    chosen = Pick(widget=forms.CheckboxSelectMultiple, choices=())
    from_on = forms.DateField(label="From")
    until_on = forms.DateField(label="Through", required=False)
    leaves_at = forms.TimeField(label="Leaves early at", required=False)

    def __init__(
        self,
        *args: Any,
        sections: Iterable[tuple[str, list[Choice]]],
        known: Collection[str],
        missing: str,
        first: date,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.sections = [(title, found) for title, found in sections if found]
        chosen: Any = self.fields["chosen"]
        chosen.known = known
        chosen.error_messages["required"] = missing
        self.fields["from_on"].initial = first

    @property
    def picked(self) -> set[str]:
        """What is ticked, as the page shows it."""
        return {str(value) for value in self["chosen"].value() or []}


class CheckForm(PartForm):
    """The last look before several places are given: who leaves when, who is left out, and why a
    rule is set aside."""

    reason = LineField(required=False)
    seen = forms.CharField(required=False)
    out = forms.MultipleChoiceField(required=False, choices=())

    def __init__(self, *args: Any, keys: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.keys = keys
        self.fields["out"].choices = [(key, key) for key in keys]  # type: ignore[attr-defined]
        for key in keys:
            self.fields[f"leaves-{key}"] = forms.TimeField(
                required=False,
                input_formats=["%H:%M", "%H:%M:%S", "%I:%M %p"],
                error_messages={"invalid": "Enter a time of day, for example 12:50."},
            )

    @property
    def leaves(self) -> dict[str, time | None]:
        """When each leaves early."""
        return {key: self.cleaned_data.get(f"leaves-{key}") for key in self.keys}


class LeaveForm(PartForm):
    """The last day of a place."""

    submit = "End the place"
    cancel_word = "Keep it"
    last_on = forms.DateField(label="Last day in the group")


class LeavingForm(PartForm):
    """When somebody leaves before the end, as planned."""

    submit = "Save"
    leaves_at = forms.TimeField(
        label="Leaves early at", required=False, help_text="Empty: stays to the end."
    )
