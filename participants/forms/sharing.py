"""Forms about what leaves the program."""

from datetime import date
from typing import Any, Final

from django import forms

from participants.models import WHOLE_RECORD, RecordPart
from phpsupport.lib.forms import FilterForm, Form, LineField, ProseField, Row, Section

PARTS: Final = (*RecordPart.choices, (WHOLE_RECORD, "The whole peer support record"))


class ConsentForm(Form):
    """A consent that the participant signed."""

    submit = "Keep the consent"
    layout = (
        Section("To whom, and what for", "recipient", "purpose"),
        Section("What exactly", "covers", "what"),
        Section("From when to when", Row("signed_on", "expires_on"), "expires_when"),
        "informed",
    )

    recipient = LineField(
        label="To whom", help_text="A person or a place by name. One consent for each of them."
    )
    purpose = LineField(label="For what purpose", help_text="For example: care after discharge.")
    covers = forms.MultipleChoiceField(
        label="What of the record may be given",
        choices=PARTS,
        widget=forms.CheckboxSelectMultiple,
        help_text="Nothing else goes out under this consent.",
    )
    what = ProseField(
        label="In their words",
        required=False,
        rows=2,
        max_length=1000,
        help_text="If they want to say it closer. Whoever makes a file reads it first.",
    )
    signed_on = forms.DateField(label="Signed on")
    expires_on = forms.DateField(label="Holds through", required=False)
    expires_when = LineField(
        label="Or until",
        required=False,
        help_text="An event without names, such as: the end of my stay. A day, an event, or both: "
        "whichever comes first.",
    )
    informed = forms.BooleanField(
        label="They signed it, and they know that they can take it back at any time"
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["signed_on"].initial = today
        self.fields["signed_on"].widget.attrs["max"] = today.isoformat()
        self.fields["expires_on"].widget.attrs["min"] = today.isoformat()

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        given.pop("informed", None)
        return given


class RegisterFilter(FilterForm):
    """The days of the register."""

    since = forms.DateField(label="From")
    until = forms.DateField(label="Through")
