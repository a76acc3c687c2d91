"""Forms around cover and answers: which days, whom to ask, another time."""

from datetime import date
from typing import Any

from django import forms

from phpsupport.lib.forms import FilterForm, Form, LineField, Row

SPAN_DAYS = 62


class SpanForm(FilterForm):
    """The days for which somebody needs cover."""

    since = forms.DateField(label="From")
    until = forms.DateField(label="Through")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        since, until = data.get("since"), data.get("until")
        if since and until and until < since:
            self.add_error("until", "The last day cannot be before the first.")
        elif since and until and (until - since).days > SPAN_DAYS:
            self.add_error("until", "Choose at most two months at a time.")
        return data

    def span(self, first: date, last: date) -> tuple[date, date]:
        """The days asked for, or those given."""
        if self.is_bound and self.is_valid():
            return self.cleaned_data.get("since") or first, self.cleaned_data.get("until") or last
        return first, last


class ProposeForm(Form):
    """Another time for a session or a series."""

    submit = "Propose this time"
    layout = (Row("on", "starts", "ends"), "words")
    on = forms.DateField(label="Day")
    starts = forms.TimeField(label="From")
    ends = forms.TimeField(label="Until")
    words = LineField(
        label="In a few words",
        required=False,
        max_length=300,
        help_text="Only if it helps. No reason is asked.",
    )
