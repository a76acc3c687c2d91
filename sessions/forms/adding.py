"""The form of one more date of a series."""

from typing import Any

from django import forms

from phpsupport.lib.forms import Row
from phpsupport.users.models import User
from sessions.forms.parts import SlotForm
from sessions.forms.series import rooms_of
from sessions.models import GroupSeries, Room


class AddDateForm(SlotForm):
    """Day, time and room; as the series has them where nothing else is chosen."""

    submit = "Add the date"
    layout: tuple[Any, ...] = (Row("on", "starts", "ends"), "room")
    on = forms.DateField(label="Day")
    starts = forms.TimeField(label="Starts")
    ends = forms.TimeField(label="Ends")
    room = forms.ModelChoiceField(Room.objects.none(), empty_label=None)

    def __init__(self, *args: Any, user: User, series: GroupSeries, **kwargs: Any) -> None:
        as_it_is = {"starts": series.starts, "ends": series.ends, "room": series.room_id}
        super().__init__(*args, initial=as_it_is, **kwargs)
        rooms = rooms_of(user, series.program, keep=series.room_id)
        self.fields["room"].queryset = rooms.order_by("name")  # type: ignore[attr-defined]
