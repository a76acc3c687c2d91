"""Forms around a series: planning it, ending it, handing it over."""

from collections.abc import Iterable
from datetime import date, time
from functools import cached_property
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Q, QuerySet

from facilitators.models import Facilitator, Stage
from phpsupport.lib import wording
from phpsupport.lib.forms import LineField, Row, Section, WholeField, helper
from phpsupport.lib.ranges import Weekday
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions.forms.parts import PartForm, SlotForm
from sessions.models import GroupSeries, Part, Room, SessionFacilitator, SupportGroup
from sessions.recurrence import Pattern


class FacilitatorChoice(forms.ModelChoiceField):
    """Facilitators by name."""

    def label_from_instance(self, obj: Any) -> str:
        stage = (
            "" if obj.stage in (Stage.ACTIVE, Stage.CERTIFIED) else f" · {obj.get_stage_display()}"
        )
        return f"{obj.user.name}{stage}"


class FacilitatorChoices(forms.ModelMultipleChoiceField):
    """The same, several at once."""

    label_from_instance = FacilitatorChoice.label_from_instance


def facilitators_of(
    user: User, program: Program, *, keep: QuerySet[Facilitator] | None = None
) -> QuerySet[Facilitator]:
    """Whom one may put on the schedule of a program, and whom `keep` names besides."""
    working = Facilitator.objects.visible_to(user).filter(program=program)
    known = Q(pk__in=working.exclude(stage=Stage.ENDED).values("pk"))
    if keep is not None:
        known |= Q(pk__in=keep.filter(program=program).values("pk"))
    return (
        Facilitator.objects.filter(known)
        .select_related("user")
        .order_by("user__first_name", "user__last_name", "pk")
    )


def rooms_of(user: User, program: Program, *, keep: UUID | None = None) -> QuerySet[Room]:
    """The rooms in use at the program's site, and the one that is in use already."""
    rows = Room.objects.visible_to(user).filter(site_id=program.site_id)
    return rows.filter(Q(retired_on=None) | Q(pk=keep)) if keep else rows.filter(retired_on=None)


class SeriesForm(PartForm):
    """A weekly series: what, when, where, who."""

    guard = True
    group = forms.ModelChoiceField(SupportGroup.objects.none(), empty_label="Choose a group")
    weekdays = forms.TypedMultipleChoiceField(
        label="Days", choices=Weekday, coerce=int, widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one day."},
    )  # fmt: skip
    starts = forms.TimeField(label="Starts", initial=time(10))
    ends = forms.TimeField(label="Ends", initial=time(10, 50))
    from_on = forms.DateField(label="First day")
    until_on = forms.DateField(label="Last day")
    room = forms.ModelChoiceField(Room.objects.none(), empty_label="Choose a room")
    capacity = WholeField(label="Places", min_value=1, max_value=200, initial=12)
    lead = FacilitatorChoice(
        Facilitator.objects.none(), label="Leads", required=False, empty_label="Nobody yet"
    )
    co = FacilitatorChoices(
        Facilitator.objects.none(), label="Co-facilitate", required=False,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip

    def __init__(self, *args: Any, user: User, program: Program, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.program = program
        known: dict[str, Any] = {
            "group": SupportGroup.objects.visible_to(user)
            .filter(program=program, retired_on=None)
            .order_by("name"),
            "room": rooms_of(user, program).order_by("name"),
            "lead": facilitators_of(user, program),
            "co": facilitators_of(user, program),
        }
        for name, rows in known.items():
            self.fields[name].queryset = rows  # type: ignore[attr-defined]

    @cached_property
    def helper(self) -> Any:  # type: ignore[override]
        return helper(
            "",
            Section("What", Row("group", "capacity")),
            Section("When", "weekdays", Row("starts", "ends"), Row("from_on", "until_on")),
            Section("Where and who", Row("room", "lead"), "co"),
        )

    def pattern(self) -> Pattern:
        """The pattern of a valid form; raises `Refused` beside a field."""
        data = self.cleaned_data
        return Pattern(
            data["weekdays"], data["starts"], data["ends"], data["from_on"], data["until_on"],
            self.program.zone,
        )  # fmt: skip

    def people(self) -> list[tuple[Facilitator, str]]:
        """Lead and co-facilitators with their parts."""
        lead, co = self.cleaned_data["lead"], self.cleaned_data["co"]
        return ([(lead, Part.LEAD)] if lead else []) + [(f, Part.CO) for f in co]


def left_out(values: Iterable[str]) -> set[date]:
    """Dates as a form sends them; what is no date is not among them."""
    found = set()
    for value in values:
        try:
            found.add(date.fromisoformat(value))
        except ValueError:
            continue
    return found


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
        lead = series.assignments.filter(part=Part.LEAD).first()
        self.fields["old"].initial = lead.facilitator_id if lead else None
        self.fields["from_on"].initial = max(today, series.from_on)
        self.fields[
            "from_on"
        ].help_text = f"The series runs until {wording.date_in_full(series.until_on)}."
