"""Forms of rosters."""

from datetime import date
from typing import Any

from django import forms

from phpsupport.lib.forms import Row
from sessions.forms.parts import PartForm


class EnrollForm(PartForm):
    """A place in one series."""

    submit = "Enroll"
    layout = ("participant", Row("from_on", "until_on"))
    participant = forms.ChoiceField(
        choices=(),
        error_messages={
            "required": "Choose a person.",
            "invalid_choice": "Choose one from the list.",
        },
    )
    from_on = forms.DateField(label="From")
    until_on = forms.DateField(label="Through", required=False)

    def __init__(
        self, *args: Any, people: list[tuple[str, str]], first: date, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["participant"].choices = [("", "Choose a person"), *people]  # type: ignore[attr-defined]
        self.fields["from_on"].initial = first


class LeaveForm(PartForm):
    """The last day of a place."""

    submit = "End the place"
    cancel_word = "Keep it"
    last_on = forms.DateField(label="Last day in the group")


class SeveralForm(PartForm):
    """Places in several series at once."""

    submit = "Enroll"
    series = forms.MultipleChoiceField(
        label="Groups", widget=forms.CheckboxSelectMultiple, choices=(),
        error_messages={"required": "Choose at least one group."},
    )  # fmt: skip
    from_on = forms.DateField(label="From")
    until_on = forms.DateField(label="Through", required=False)
    layout = ("series", Row("from_on", "until_on"))

    def __init__(
        self, *args: Any, offers: list[tuple[str, str]], first: date, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["series"].choices = offers  # type: ignore[attr-defined]
        self.fields["from_on"].initial = first
