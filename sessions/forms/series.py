"""Forms around a series: planning it, ending it, handing it over."""

from collections.abc import Iterable
from datetime import date, datetime, time
from functools import cached_property
from typing import Any
from uuid import UUID

from crispy_forms.layout import Div
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from facilitators.models import Facilitator
from phpsupport.lib import wording
from phpsupport.lib.errors import Refused
from phpsupport.lib.forms import LineField, Row, Section, WholeField, helper
from phpsupport.lib.ranges import Weekday
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions.forms.leading import FacilitatorChoice, LedForm, facilitators_of
from sessions.forms.parts import PartForm, SlotForm
from sessions.forms.read_once import OneOf
from sessions.forms.series_times import TimesForm
from sessions.models import (
    CurriculumItem,
    GroupSeries,
    OnClosure,
    Part,
    Room,
    SessionFacilitator,
    SupportGroup,
)
from sessions.recurrence import MOST_SESSIONS, NTH, SKIP, Pattern


def rooms_of(user: User, program: Program, *, keep: UUID | None = None) -> QuerySet[Room]:
    """The rooms in use at the program's site, and the one that is in use already."""
    rows = Room.objects.visible_to(user).filter(site_id=program.site_id)
    return rows.filter(Q(retired_on=None) | Q(pk=keep)) if keep else rows.filter(retired_on=None)


WEEK, WEEKS, MONTH = "week", "weeks", "month"
ON_A_DAY, AFTER = "day", "count"


class PatternForm(TimesForm):
    """When a series meets: days and times, by weeks or by the month, until when, closed days.

    The forms upon it say who leads besides.
    """

    # What may stay empty says so itself: "Nobody yet", "Its first step".
    mark_optional = False
    pattern: Pattern

    repeats = forms.ChoiceField(
        label="Repeats", required=False, initial=WEEK, widget=forms.RadioSelect,
        choices=((WEEK, "Every week"), (WEEKS, "Every few weeks"), (MONTH, "By the month")),
    )  # fmt: skip
    every_weeks = WholeField(
        label="Every how many weeks", min_value=1, max_value=52, initial=2, required=False
    )
    nth_of_month = forms.TypedMultipleChoiceField(
        label="Which of the month", required=False, coerce=int,
        widget=forms.CheckboxSelectMultiple, choices=[(n, NTH[n]) for n in NTH],
    )  # fmt: skip
    weekdays = forms.TypedMultipleChoiceField(
        label="Days", choices=Weekday, coerce=int, widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one day."},
    )  # fmt: skip
    starts = forms.TimeField(label="Starts", initial=time(10))
    ends = forms.TimeField(label="Ends", initial=time(10, 50))
    ends_next_day = forms.BooleanField(label="Ends the next day", required=False)
    from_on = forms.DateField(label="First day")
    ends_by = forms.ChoiceField(
        label="It runs", required=False, initial=ON_A_DAY, widget=forms.RadioSelect,
        choices=((ON_A_DAY, "until a day"), (AFTER, "for a number of sessions")),
    )  # fmt: skip
    until_on = forms.DateField(label="Last day", required=False)
    count = WholeField(
        label="Number of sessions", min_value=1, max_value=MOST_SESSIONS, required=False
    )
    on_closure = forms.ChoiceField(
        label="On a day when the program is closed", required=False, initial=SKIP,
        widget=forms.RadioSelect, choices=OnClosure,
    )  # fmt: skip

    def __init__(self, *args: Any, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone
        for name in ("repeats", "ends_by"):
            self.fields[name].as_chips = True  # type: ignore[attr-defined]

    def parts(self) -> list[Any]:
        """The questions in their order, for a layout."""
        return [
            Section(
                "When",
                "repeats",
                Div("every_weeks", css_class="only-weeks form-narrow"),
                Div("nth_of_month", css_class="only-month"),
                "weekdays",
                Row("starts", "ends"),
                "ends_next_day",
                self.more_times(),
            ),
            Section(
                "From and until",
                "from_on",
                "ends_by",
                Div("until_on", css_class="only-day"),
                Div("count", css_class="only-count form-narrow"),
                "on_closure",
            ),
        ]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        self._ask_for_what_the_choices_need(data)
        if not self.errors:
            try:
                self.pattern = self._pattern(data)
            except Refused as no:
                self.refuse(no)
        return data

    def _ask_for_what_the_choices_need(self, data: dict[str, Any]) -> None:
        needed = []
        if data.get("repeats") == WEEKS:
            needed.append(("every_weeks", "Enter every how many weeks it meets."))
        if data.get("repeats") == MONTH:
            needed.append(("nth_of_month", "Choose which ones of the month."))
        if data.get("ends_by") == AFTER:
            needed.append(("count", "Enter after how many sessions it ends."))
        else:
            needed.append(("until_on", "Enter a day."))
        needed += self.half_filled(data)
        for name, sentence in needed:
            if not data.get(name) and name not in self.errors:
                self.add_error(name, ValidationError(sentence, code="required"))

    def _pattern(self, data: dict[str, Any]) -> Pattern:
        by_month, after = data["repeats"] == MONTH, data["ends_by"] == AFTER
        return Pattern(
            data["weekdays"],
            data["starts"],
            data["ends"],
            data["from_on"],
            None if after else data["until_on"],
            self.zone,
            data["every_weeks"] if data["repeats"] == WEEKS else 1,
            data["ends_next_day"],
            data["nth_of_month"] if by_month else (),
            self.further(data),
            data["count"] if after else None,
            data["on_closure"] or SKIP,
        )


class StepChoice(OneOf):
    """The steps of every curriculum, under the names of their groups."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(CurriculumItem.objects.none(), required=False, **kwargs)

    def fill(self, groups: QuerySet[SupportGroup]) -> None:
        """Offer the steps of these groups. One query."""
        rows = CurriculumItem.objects.filter(group__in=groups, retired_on=None)
        self.queryset = rows.select_related("group").order_by("group__name", "position")
        by_group: dict[str, list[tuple[Any, str]]] = {}
        for step in self.queryset:
            by_group.setdefault(step.group.name, []).append((step.pk, step.title))
        self.widget.choices = [("", self.empty_label), *by_group.items()]
        self.is_empty = not by_group


class SeriesForm(LedForm, PatternForm):
    """A new series: what, when, where, who."""

    group = OneOf(SupportGroup.objects.none(), empty_label="Choose a group")
    capacity = WholeField(label="Places", min_value=1, max_value=200, initial=12)
    first_item = StepChoice(
        label="The curriculum begins with", empty_label="Its first step",
        help_text="The dates take the steps in their order.",
    )  # fmt: skip
    room = OneOf(Room.objects.none(), empty_label="Choose a room")

    def __init__(self, *args: Any, user: User, program: Program, **kwargs: Any) -> None:
        super().__init__(*args, zone=program.zone, **kwargs)
        self.program = program
        groups = SupportGroup.objects.visible_to(user).filter(program=program, retired_on=None)
        known: dict[str, Any] = {
            "group": groups.order_by("name"),
            "room": rooms_of(user, program).order_by("name"),
        }
        for name, rows in known.items():
            self.fields[name].queryset = rows  # type: ignore[attr-defined]
        self.offer(user, program)
        self.fields["first_item"].fill(groups)  # type: ignore[attr-defined]

    @cached_property
    def helper(self) -> Any:  # type: ignore[override]
        what: list[Any] = [Row("group", "capacity")]
        if not self.fields["first_item"].is_empty:  # type: ignore[attr-defined]
            what.append("first_item")
        return helper(
            "",
            Section("What", *what),
            *self.parts(),
            Section("Where and who", Row("room", "lead"), "co"),
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        step, group = data.get("first_item"), data.get("group")
        if step is not None and group is not None and step.group_id != group.pk:
            self.add_error(
                "first_item",
                f"“{step.title}” is a step of {step.group.name}. Choose a step of {group.name}.",
            )
        return data


def left_out(values: Iterable[str]) -> set[date]:
    """Days as a form sends them, or local starts where a day has several sessions.

    What is neither is not among them.
    """
    found: set[date] = set()
    for value in values:
        for read in (date.fromisoformat, datetime.fromisoformat):
            try:
                one = read(value)
            except ValueError:
                continue
            if not isinstance(one, datetime) or one.tzinfo is None:
                found.add(one)
            break
    return found


def as_sent(out: Iterable[date]) -> set[str]:
    """The way back from `left_out`."""
    return {
        one.isoformat("T", "minutes") if isinstance(one, datetime) else one.isoformat()
        for one in out
    }


class EndSeriesForm(PartForm):
    """The last day of a series."""

    submit = "End the series"
    last_on = forms.DateField(label="Last day", help_text="Sessions after that day are cancelled.")
    reason = LineField(max_length=200, required=False, help_text="For staff; never in a message.")


class HandOverForm(SlotForm):
    """Somebody else leads from a day on."""

    submit = "Hand over"
    layout = (Row("old", "new"), "from_on")
    old = FacilitatorChoice(
        Facilitator.objects.none(), label="Instead of", required=False,
        empty_label="Sessions that nobody leads",
    )  # fmt: skip
    new = FacilitatorChoice(
        Facilitator.objects.none(), label="Leads from then on", required=False,
        empty_label="Nobody for now",
    )  # fmt: skip
    from_on = forms.DateField(label="From")

    def __init__(
        self, *args: Any, user: User, series: GroupSeries, today: date, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        coming = SessionFacilitator.objects.filter(
            session__series=series, session__local_date__gte=today
        )
        self.fields["old"].queryset = (  # type: ignore[attr-defined]
            Facilitator.objects.filter(
                Q(pk__in=series.assignments.values("facilitator_id"))
                | Q(pk__in=coming.values("facilitator_id"))
            )
            .select_related("user")
            .order_by("user__first_name", "pk")
        )
        self.fields["new"].queryset = facilitators_of(user, series.program)  # type: ignore[attr-defined]
        lead = series.assignments.staying().filter(part=Part.LEAD).first()
        self.fields["old"].initial = lead.facilitator_id if lead else None
        self.fields["from_on"].initial = max(today, series.from_on)
        self.fields[
            "from_on"
        ].help_text = f"The series runs until {wording.date_in_full(series.until_on)}."
