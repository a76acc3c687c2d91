"""Forms about hours and days away."""

from collections.abc import Iterable
from datetime import time
from typing import Any

from django import forms

from facilitators.models import Availability
from phpsupport.lib.forms import Form, Row, Section
from phpsupport.lib.ranges import Weekday

SPANS = 2


class LeaveForm(Form):
    """Days away. No reason is asked."""

    submit = "Record the leave"
    layout = (Row("from_on", "until_on"),)
    from_on = forms.DateField(label="First day")
    until_on = forms.DateField(
        label="Last day", required=False, help_text="Leave empty for a single day."
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("from_on") and "until_on" in data and not data["until_on"]:
            data["until_on"] = data["from_on"]
        return data


class AvailabilityForm(Form):
    """From and until for each weekday, twice, so that a break at noon can be said."""

    submit = "Save the hours"
    mark_optional = False

    def __init__(self, *args: Any, hours: Iterable[Availability] = (), **kwargs: Any) -> None:
        by_day: dict[int, list[Availability]] = {}
        for row in hours:
            by_day.setdefault(row.weekday, []).append(row)
        self.spans = max(SPANS, *(len(rows) for rows in by_day.values()), 0)
        super().__init__(*args, **kwargs)
        sections = []
        for day in Weekday:
            names = []
            for place in range(self.spans):
                for end, word in (("starts", "From"), ("ends", "Until")):
                    name = f"{day.name.lower()}_{place}_{end}"
                    label = f"Again {word.lower()}" if place else word
                    field = forms.TimeField(label=label, required=False)
                    rows = by_day.get(day, [])
                    if place < len(rows):
                        field.initial = getattr(rows[place], end)
                    self.fields[name] = field
                    self._shape(name, field)
                    names.append(name)
            sections.append(Section(day.label, Row(*names, css_class="fields hours")))
        self.layout = tuple(sections)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        self.hours: list[tuple[int, time, time]] = []
        for day in Weekday:
            for place in range(self.spans):
                first, last = (f"{day.name.lower()}_{place}_{end}" for end in ("starts", "ends"))
                starts, ends = data.get(first), data.get(last)
                if starts and ends:
                    if ends <= starts:
                        self.add_error(last, "The end must come after the start.")
                    else:
                        self.hours.append((day, starts, ends))
                elif starts and last not in self.errors:
                    self.add_error(last, "Enter until when.")
                elif ends and first not in self.errors:
                    self.add_error(first, "Enter from when.")
        return data
