"""What becomes of each session that a closed day or somebody's leave touches."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from facilitators.models import Facilitator
from phpsupport.lib.forms import Row
from sessions.actions.resolving import Decision
from sessions.forms.parts import PartForm
from sessions.models import Choice, Room
from sessions.queries.touched import Touched

MOVE_WORDS = "Enter the day and both times."


class DecisionForm(PartForm):
    """One session: what becomes of it. Without an answer it stays on the list."""

    submit = ""
    mark_optional = False
    choice = forms.ChoiceField(label="What becomes of it", widget=forms.RadioSelect, required=False)
    instead = forms.ChoiceField(label="Who leads instead", required=False)
    on = forms.DateField(label="Moves to", required=False)
    starts = forms.TimeField(label="Starts", required=False)
    ends = forms.TimeField(label="Ends", required=False)
    room = forms.ChoiceField(required=False)

    def __init__(
        self,
        *args: Any,
        touched: Touched,
        choices: Sequence[Choice],
        facilitators: Mapping[str, Facilitator] | None,
        rooms: Mapping[str, Room],
        **kwargs: Any,
    ) -> None:
        # Read once for all the forms of a page, and looked up by key.
        self.touched, self.rooms, self.facilitators = touched, rooms, facilitators
        session = touched.session
        place = ZoneInfo(session.series.zone)
        kwargs["initial"] = {
            "choice": touched.suggested if not touched.settled else Choice.KEEP,
            "on": session.local_date + timedelta(days=1),
            "starts": session.starts_at.astimezone(place).time(),
            "ends": session.ends_at.astimezone(place).time(),
            "room": str(session.room_id),
        }
        super().__init__(*args, prefix=str(session.pk), **kwargs)
        words: Mapping[str, str] = dict(Choice.choices)
        self.fields["choice"].choices = [("", "Decide later")] + [  # type: ignore[attr-defined]
            (c.value, words[c.value]) for c in choices
        ]
        self.fields["choice"].as_chips = True  # type: ignore[attr-defined]
        self.fields["room"].choices = [(key, r.name) for key, r in rooms.items()]  # type: ignore[attr-defined]
        if facilitators is None:
            del self.fields["instead"]
        else:
            self.fields["instead"].choices = [("", "Ask for cover")] + [  # type: ignore[attr-defined]
                (key, f.user.name) for key, f in facilitators.items()
            ]

    @property
    def layout(self) -> tuple[Any, ...]:  # type: ignore[override]
        """The choice, then what belongs to it; the page shows only what the choice needs."""
        cover = (Row("instead", css_class="fields for-cover"),) if "instead" in self.fields else ()
        return (
            "choice",
            *cover,
            Row("on", "starts", "ends", "room", css_class="fields for-move"),
        )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if given.get("choice") == Choice.MOVE:
            for name in ("on", "starts", "ends"):
                if not given.get(name) and name not in self.errors:
                    self.add_error(name, MOVE_WORDS)
        return given

    def decision(self) -> Decision | None:
        """What was decided; None for later."""
        given = self.cleaned_data
        if not given["choice"]:
            return None
        choice = Choice(given["choice"])
        move = choice == Choice.MOVE
        return Decision(
            self.touched.session,
            choice,
            on=given["on"] if move else None,
            starts=given["starts"] if move else None,
            ends=given["ends"] if move else None,
            room=self.rooms.get(given["room"]) if move else None,
            instead=(self.facilitators or {}).get(given.get("instead", ""))
            if choice == Choice.COVER
            else None,
        )
