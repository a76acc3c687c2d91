"""Forms of supervision."""

from datetime import UTC, date, datetime, time
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from crispy_forms.helper import FormHelper
from django import forms
from django.db.models import QuerySet

from facilitators.forms.concerns import FacilitatorField
from facilitators.models import Facilitator, Mode
from facilitators.taxonomy import COMPETENCIES
from phpsupport.lib.errors import Refused
from phpsupport.lib.forms import Form, ProseField, Row, Section, WholeField, helper

YEARS = range(2000, 2101)


def wall_clock(on: date, at: time, zone: str, *, day: str, clock: str) -> datetime:
    """The instant at which a wall clock in `zone` shows this; refused, beside the field of the day
    or the time, where it never does."""
    if on.year not in YEARS:
        raise Refused("This day is far away. Check the year.", day)
    place = ZoneInfo(zone)
    local = datetime.combine(on, at, place)
    instant = local.astimezone(UTC)
    if instant.astimezone(place).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise Refused("The clocks change that night and this time does not exist.", clock)
    return instant


class PlanForm(Form):
    """When a supervision takes place."""

    submit = "Plan it"
    layout = ("facilitator", Row("on", "starts", "minutes"), "mode")

    facilitator = FacilitatorField(
        label="With whom?",
        queryset=Facilitator.objects.none(),
        empty_label="Choose a facilitator",
        error_messages={"required": "Choose whom you meet."},
    )
    on = forms.DateField(label="Day", widget=forms.DateInput)
    starts = forms.TimeField(label="Time", widget=forms.TimeInput)
    minutes = WholeField(label="Minutes", min_value=5, max_value=480, initial=30)
    mode = forms.ChoiceField(
        label="How?", choices=Mode.choices, widget=forms.RadioSelect, initial=Mode.INDIVIDUAL
    )

    def __init__(
        self, *args: Any, facilitators: QuerySet[Facilitator], zone: str, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone
        self.fields["facilitator"].queryset = facilitators  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("on") and cleaned.get("starts"):
            try:
                cleaned["starts_at"] = wall_clock(
                    cleaned["on"], cleaned["starts"], self.zone, day="on", clock="starts"
                )
            except Refused as refusal:
                self.refuse(refusal)
        return cleaned


class RecordForm(Form):
    """What a supervision was about."""

    layout = (
        Row("minutes", "mode"),
        Section("What you talked about", "discussed", "competencies"),
        Section("How it goes", "strengths", "boundary_review", "workload", "wellness"),
        Section("What comes next", "agreed", Row("next_on", "next_starts")),
    )

    minutes = WholeField(label="Minutes", min_value=5, max_value=480)
    mode = forms.ChoiceField(label="How?", choices=Mode.choices)
    discussed = ProseField(
        label="What did you talk about?",
        error_messages={"required": "Write what you talked about, in a few sentences."},
        help_text="Plain words. Participants by their number only, never by name.",
    )
    competencies = forms.MultipleChoiceField(
        label="Competencies touched",
        choices=COMPETENCIES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    strengths = ProseField(label="Strengths you noticed", required=False, rows=3)
    boundary_review = ProseField(label="Boundaries", required=False, rows=3)
    workload = ProseField(label="Workload and role", required=False, rows=3)
    wellness = ProseField(
        label="Wellness",
        required=False,
        rows=3,
        help_text="Only what they offer of themselves. Leave it empty otherwise.",
    )
    agreed = ProseField(
        label="Agreed actions", required=False, rows=3, help_text="What, who, by when."
    )
    next_on = forms.DateField(label="Next supervision", required=False, widget=forms.DateInput)
    next_starts = forms.TimeField(label="Time", required=False, widget=forms.TimeInput)

    def __init__(self, *args: Any, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        on, starts = cleaned.get("next_on"), cleaned.get("next_starts")
        cleaned["next_at"] = None
        if on and starts:
            try:
                cleaned["next_at"] = wall_clock(
                    on, starts, self.zone, day="next_on", clock="next_starts"
                )
            except Refused as refusal:
                self.refuse(refusal)
        elif on:
            self.add_error("next_starts", "Enter a time for the next supervision too.")
        elif starts:
            self.add_error("next_on", "Enter a day for the next supervision too.")
        return cleaned

    @cached_property
    def helper(self) -> FormHelper:
        return helper("Save", *self.layout, guard=True, others=(("sign", "Save and sign"),))
