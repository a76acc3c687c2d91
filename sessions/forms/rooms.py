"""Forms of the rooms."""

from typing import Any

from django import forms

from phpsupport.lib.forms import LineField, Row, WholeField
from sessions.forms.parts import PartForm
from sessions.models import RoomKind


class RoomForm(PartForm):
    """A room of the site."""

    submit = "Save the room"
    layout = ("name", Row("seats", "kind"), Row("opens", "closes"), "notes")
    name = LineField(max_length=80)
    seats = WholeField(min_value=1, max_value=500, initial=12)
    kind = forms.ChoiceField(choices=RoomKind)
    opens = forms.TimeField(
        label="Can be used from",
        required=False,
        help_text="Leave both empty where it can be used all day.",
    )
    closes = forms.TimeField(label="Until", required=False)
    notes = LineField(
        max_length=300,
        required=False,
        help_text="Floor, steps, projector: what helps to choose it.",
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if "opens" in data and "closes" in data and bool(data["opens"]) != bool(data["closes"]):
            missing = "closes" if data["opens"] else "opens"
            self.add_error(missing, "Give both hours, or leave both empty.")
        return data
