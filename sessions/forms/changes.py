"""Forms of bulk changes: a series edited, several sessions cancelled."""

from collections.abc import Iterable
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from crispy_forms.layout import Div
from django import forms
from django.core.exceptions import ValidationError

from facilitators.models import Facilitator
from phpsupport.lib import wording
from phpsupport.lib.errors import Refused
from phpsupport.lib.forms import FilterForm, Row, Section, helper
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions.forms.leading import LedForm
from sessions.forms.parts import StandingForm, clash_answers
from sessions.forms.read_once import OneOf
from sessions.forms.series import (
    MONTH,
    WEEK,
    WEEKS,
    PatternForm,
    rooms_of,
)
from sessions.models import GroupSeries, GroupSession, Part, Room, SupportGroup
from sessions.queries.consequence import People, when
from sessions.queries.editing import Edit, Scope
from sessions.queries.series import times_of
from sessions.recurrence import find_zone

SHOWN_AT_MOST = 60
LONGEST_LOOK = timedelta(days=62)


class DateChoice(forms.ChoiceField):
    """Coming sessions by their day and time, of those that were read already."""

    known: dict[str, GroupSession]

    def fill(self, sessions: Iterable[GroupSession], zone: str) -> None:
        """Offer these sessions."""
        self.known = {str(s.pk): s for s in sessions}
        named = [
            (pk, when(s.starts_at, s.ends_at, find_zone(zone))) for pk, s in self.known.items()
        ]
        self.choices = [("", "Choose a date"), *named]

    def clean(self, value: Any) -> GroupSession | None:
        return self.known.get(super().clean(value))


class SeriesEditForm(LedForm, StandingForm, PatternForm):
    """What a series is to be from a date on."""

    scope = forms.ChoiceField(
        label="What changes", widget=forms.RadioSelect, initial=Scope.ALL,
        choices=(
            (Scope.ALL, "All coming dates"),
            (Scope.FOLLOWING, "One date and all that follow"),
            (Scope.THIS, "One date only"),
        ),
    )  # fmt: skip
    session = DateChoice(label="Which date", required=False)
    reset_exceptions = forms.BooleanField(
        label="Also bring dates back that are not as the series has them", required=False,
        help_text="Those that were changed by hand, or keep the time from before an earlier change.",
    )  # fmt: skip
    room = OneOf(Room.objects.none(), empty_label=None)

    def __init__(
        self,
        *args: Any,
        user: User,
        series: GroupSeries,
        coming: Iterable[GroupSession],
        **kwargs: Any,
    ) -> None:
        """Load the series with `people=led_by("series")`."""
        self.series = series
        kwargs["initial"] = self._as_it_is(series) | kwargs.get("initial", {})
        super().__init__(*args, zone=series.zone, **kwargs)
        for name in ("from_on", "ends_by", "count"):
            del self.fields[name]
        now = Facilitator.objects.filter(series_assignments__series=series)
        known: dict[str, Any] = {
            "room": rooms_of(user, series.program, keep=series.room_id).order_by("name"),
        }
        for name, rows in known.items():
            self.fields[name].queryset = rows  # type: ignore[attr-defined]
        self.offer(user, series.program, keep=now)
        self.fields["session"].fill(coming, series.zone)  # type: ignore[attr-defined]
        self.fields["scope"].as_chips = True  # type: ignore[attr-defined]
        self.lay_over()

    @staticmethod
    def _as_it_is(series: GroupSeries) -> dict[str, Any]:
        people = [p for p in series.people if not p["until"]]  # type: ignore[attr-defined]
        own, *more = times_of(series)
        repeats = MONTH if series.nth_of_month else WEEKS if series.every_weeks > 1 else WEEK
        said: dict[str, Any] = {
            "repeats": repeats,
            "every_weeks": max(series.every_weeks, 2),
            "nth_of_month": list(series.nth_of_month),
            "weekdays": sorted(own.weekdays),
            "starts": own.starts,
            "ends": own.ends,
            "ends_next_day": own.ends_next_day,
            "until_on": series.until_on,
            "on_closure": series.on_closure,
            "room": series.room_id,
            "lead": next((p["id"] for p in people if p["part"] == Part.LEAD), None),
            "co": [p["id"] for p in people if p["part"] == Part.CO],
        }
        return said | SeriesEditForm.typed_times(more)

    @cached_property
    def helper(self) -> Any:  # type: ignore[override]
        return helper(
            "",
            Section("Which dates", "scope", "session", "reset_exceptions"),
            Section(
                "When",
                Row("starts", "ends"),
                "ends_next_day",
                Div(
                    "weekdays",
                    "repeats",
                    Div("every_weeks", css_class="only-weeks form-narrow"),
                    Div("nth_of_month", css_class="only-month"),
                    self.more_times(),
                    "until_on",
                    "on_closure",
                ),
            ),
            Section("Where and who", Row("room", "lead"), "co"),
        )

    def _pattern(self, data: dict[str, Any]) -> Any:
        return super()._pattern(
            data | {"from_on": self.series.from_on, "ends_by": "", "count": None}
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if data.get("scope") in (Scope.THIS, Scope.FOLLOWING) and not data.get("session"):
            self.add_error("session", ValidationError("Choose the date.", code="required"))
        return data

    @property
    def usual(self) -> People | None:
        """Who leads the series on all its days, where the form has just read them."""
        unchanged = not {"lead", "co"} & set(self.changed_data)
        people = self.series.people  # type: ignore[attr-defined]
        always = not any(p["since"] or p["until"] for p in people)
        found = tuple(self.people())
        return found if unchanged and always and len(found) == len(people) else None

    def asked(self) -> dict[str, Any]:
        """What `plan_edit` and `edit_series` are asked for."""
        data, pattern = self.cleaned_data, self.pattern
        one = data["scope"] == Scope.THIS
        people = tuple(self.people()) if {"lead", "co"} & set(self.changed_data) else None
        room = data["room"] if "room" in self.changed_data else None
        if one:
            timed = {"starts", "ends"} & set(self.changed_data)
            edit = Edit(
                starts=data["starts"] if timed else None, ends=data["ends"] if timed else None,
                room=room, people=people,
            )  # fmt: skip
        else:
            edit = Edit(
                weekdays=sorted(pattern.weekdays),
                starts=pattern.starts,
                ends=pattern.ends,
                more_times=pattern.more_times,
                every_weeks=pattern.every_weeks,
                nth_of_month=pattern.nth_of_month,
                on_closure=pattern.on_closure,
                until_on=pattern.until_on,
                room=room,
                people=people,
            )
        return {
            "edit": edit,
            "scope": data["scope"],
            "session": data["session"],
            "reset_exceptions": data["reset_exceptions"],
        }

    @property
    def said_to_clash(self) -> dict[str, Any]:
        """What was answered to what was shown before."""
        return clash_answers(self.data)

    def refuse(self, refusal: Refused) -> None:
        """What is about a field that this form does not have stands on top."""
        super().refuse(refusal)


class LookForm(FilterForm):
    """Which coming sessions to show."""

    since = forms.DateField(label="From")
    until = forms.DateField(label="Through")
    group = forms.ModelChoiceField(SupportGroup.objects.none(), empty_label="Every group")
    room = forms.ModelChoiceField(Room.objects.none(), empty_label="Every room")

    def __init__(self, *args: Any, user: User, program: Program, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups = SupportGroup.objects.visible_to(user).filter(program=program)
        known: dict[str, Any] = {
            "group": groups.order_by("name"),
            "room": rooms_of(user, program).order_by("name"),
        }
        for name, rows in known.items():
            self.fields[name].queryset = rows  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        since, until = data.get("since"), data.get("until")
        if since and until and until < since:
            self.add_error("until", "The last day comes before the first. Choose a later one.")
        if since and until and until - since > LONGEST_LOOK:
            days = wording.count(LONGEST_LOOK.days, "day")
            self.add_error("until", f"Look at {days} at most at once.")
        return data


def first_look(today: date) -> dict[str, date]:
    """The days that are looked at before anything is chosen."""
    return {"since": today, "until": today + timedelta(days=6)}
