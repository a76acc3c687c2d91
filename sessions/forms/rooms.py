"""Forms of the rooms."""

from django import forms

from phpsupport.lib.forms import LineField, Row, WholeField
from sessions.forms.parts import PartForm
from sessions.models import RoomKind


class RoomForm(PartForm):
    """A room of the site."""

    submit = "Save the room"
    layout = ("name", Row("seats", "kind"), "notes")
    name = LineField(max_length=80)
    seats = WholeField(min_value=1, max_value=500, initial=12)
    kind = forms.ChoiceField(choices=RoomKind)
    notes = LineField(
        max_length=300,
        required=False,
        help_text="Floor, steps, projector: what helps to choose it.",
    )
