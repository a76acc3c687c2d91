"""Forms around one session."""

from typing import Any

from django import forms

from facilitators.models import Facilitator
from phpsupport.lib.forms import LineField, Row
from phpsupport.users.models import User
from sessions.forms.leading import LedForm
from sessions.forms.parts import PartForm, SlotForm, StandingForm
from sessions.forms.series import rooms_of
from sessions.models import GroupSession, Room


class MoveForm(StandingForm, SlotForm):
    """Another day, time or room."""

    submit = "Move the session"
    layout: tuple[Any, ...] = (Row("on", "starts", "ends"), "room")
    on = forms.DateField(label="Day")
    starts = forms.TimeField(label="Starts")
    ends = forms.TimeField(label="Ends")
    room = forms.ModelChoiceField(Room.objects.none(), empty_label=None)

    def __init__(self, *args: Any, user: User, session: GroupSession, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rooms = rooms_of(user, session.program, keep=session.room_id)
        self.fields["room"].queryset = rooms.order_by("name")  # type: ignore[attr-defined]
        self.lay_over()


class StaffForm(LedForm, StandingForm, SlotForm):
    """Who leads one session."""

    submit = "Save"

    def __init__(self, *args: Any, user: User, session: GroupSession, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        now = Facilitator.objects.filter(session_assignments__session=session)
        self.offer(user, session.program, keep=now)
        self.lay_over()


class CancelForm(PartForm):
    """Why one session does not take place."""

    submit = "Cancel the session"
    cancel_word = "Keep it"
    reason = LineField(
        max_length=200,
        help_text="For staff. People are told only that their appointment is cancelled.",
    )
