"""One more date of a series, for those who plan."""

from dataclasses import replace
from datetime import datetime
from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse

from phpsupport.access.asked import Asked
from phpsupport.access.gate import allow
from phpsupport.lib import clock
from phpsupport.lib.errors import Refused
from sessions.actions.adding import add_date
from sessions.actions.booking import may_override
from sessions.forms.adding import AddDateForm
from sessions.forms.parts import clash_answers
from sessions.grants import PLANNERS
from sessions.models import GroupSeries
from sessions.queries.adding import one_more
from sessions.queries.consequence import consequence
from sessions.queries.series import pattern_in_words
from sessions.views.changes import after_act
from sessions.views.form_page import form_page
from sessions.views.previews import CHANGED, Preview, is_stale, seen_before
from sessions.views.roster import load_series


@allow(*PLANNERS, methods=("GET", "POST"))
def series_add_date(request: Asked, pk: UUID) -> HttpResponse:
    """Add a session: what it comes to is shown first."""
    series, at = load_series(request, pk), clock.now()
    here = reverse("sessions:series", args=[pk])
    form = AddDateForm(request.POST or None, user=request.user, series=series, cancel=here)
    preview = None
    if request.method == "POST":
        add = partial(
            add_date, series=series, by=request.user, at=at, seen=seen_before(request),
            **clash_answers(request.POST),
        )  # fmt: skip
        if "confirm" in request.POST and form.carry_out(add):
            messages.success(request, "The date is added. Whoever leads it is asked about it.")
            return after_act(request, "sessions:series", pk, at=at)
        preview = _preview(request, series, form, at)
    form.submit = ""  # the page has buttons of its own: first to see, then to do
    name = series.group.name
    return form_page(
        request, form, "Add a date", back=(name, here),
        subtitle=f"{name} · {pattern_in_words(series)}", act="Add it", preview=preview,
        intro=[
            "For one session beside the dates of the series, or in place of one that was left out.",
            "Changes of the series leave it as it is.",
        ],
        stop="This series has ended. Undo its end, or plan a new one." if series.ended_at else "",
    )  # fmt: skip


def _preview(
    request: Asked, series: GroupSeries, form: AddDateForm, at: datetime
) -> Preview | None:
    """What the date would come to; None with the fault on the form where it cannot be."""
    if not form.is_valid():
        return None
    try:
        fresh = one_more(series=series, at=at, **form.cleaned_data)
    except Refused as no:
        form.refuse(no)
        return None
    found = consequence(program=series.program, targets=[], fresh=[fresh], at=at)
    may = found.blocked and may_override(
        request.user, program_id=series.program_id, at=at, zone=series.program.zone
    )
    said, changed = clash_answers(request.POST), is_stale(request, found.seen)
    return Preview(
        what=replace(found, messages=len(fresh.people), heard_by=found.facilitators),
        can_override=may,
        accepted=said["accept"] and not changed,
        reason=said["override_reason"],
        changed=CHANGED if changed else "",
    )
