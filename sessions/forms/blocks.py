"""The form of a text block."""

from typing import Any

from django import forms

from phpsupport.lib.forms import LineField, ProseField
from sessions.forms.parts import PartForm
from sessions.queries.blocks import FIELDS


class BlockForm(PartForm):
    """Words at hand for one field of the notes."""

    submit = "Save the text block"
    field = forms.ChoiceField(label="For", choices=list(FIELDS.items()))
    label = LineField(label="Name in the menu", max_length=60)
    words = ProseField(
        label="Words",
        rows=3,
        max_length=1000,
        help_text="“…” marks where you go on in your own words. Nobody's name belongs here.",
    )
    not_a_name = forms.BooleanField(required=False, label="It is not a name")
    version = forms.CharField(required=False, widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Asked only where something was found that may be a name.
        self.fields["not_a_name"].widget = forms.HiddenInput()

    def ask_about_name(self) -> None:
        """Offer the tick beside what may be a name."""
        self.fields["not_a_name"].widget = forms.CheckboxInput()
