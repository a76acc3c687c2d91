"""Series for those who plan: see every date before it is saved, one series, end it, hand it over."""

from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from phpsupport.access.asked import Asked, today_of
from phpsupport.access.gate import allow
from phpsupport.access.scope import scope_of
from phpsupport.lib import clock, wording
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import policy_in_force
from sessions.actions import series as actions
from sessions.actions.booking import Clashes
from sessions.forms.enrollment import EnrollForm
from sessions.forms.series import EndSeriesForm, HandOverForm, SeriesForm, left_out
from sessions.grants import PLANNERS
from sessions.models import GroupSeries, Part, SupportGroup
from sessions.queries import series as queries
from sessions.queries.enrollment import roster_of_series
from sessions.queries.slots import person_name
from sessions.views.form_page import form_page
from sessions.views.roster import WHO_SEES_ROSTERS, enroll_form, load_series

EDIT = ("GET", "POST")


@allow(*PLANNERS, methods=EDIT)
def series_new(request: Asked) -> HttpResponse:
    """Plan a series: every date is shown with its verdict before anything is saved."""
    program = request.program
    form = SeriesForm(
        request.POST or None,
        user=request.user,
        program=program,
        initial=_suggested(request),
    )
    shown, out = None, left_out(request.POST.getlist("leave_out"))
    if request.method == "POST" and form.is_valid():
        act = request.POST.get("act", "preview")
        marked = left_out(request.POST.getlist("marked" if act == "rest" else "blocked"))
        if act in ("rest", "open"):
            out |= marked
        try:
            if act != "preview":
                made = _create(request, form, out, accept=act in ("open", "anyway"))
                number = made.sessions.count()
                messages.success(
                    request,
                    f"{made.group.name} is planned: {wording.count(number, 'session')}. "
                    "Enroll people next.",
                )
                return redirect("sessions:series", made.pk)
            shown = _preview(request, form)
        except Clashes as clash:
            messages.error(request, f"Nothing was saved. {clash.sentence}")
            shown = _preview(request, form)
        except Refused as refusal:
            form.refuse(refusal)
    return render(
        request,
        "sessions/planner/series_new.html",
        {"form": form, "preview": shown, "left_out": {d.isoformat() for d in out}},
    )


@allow(*PLANNERS)
def series_preview(request: Asked) -> HttpResponse:
    """The dates of the series that is being typed, as a part of the page."""
    form = SeriesForm(request.GET, user=request.user, program=request.program)
    shown, missing = None, ""
    if form.is_valid():
        try:
            shown = _preview(request, form)
        except Refused as refusal:
            missing = refusal.sentence
    else:
        missing = _still_missing(form)
    return render(
        request,
        "sessions/planner/_dates.html",
        {
            "preview": shown,
            "missing": missing,
            "left_out": {d.isoformat() for d in left_out(request.GET.getlist("leave_out"))},
        },
    )


def _suggested(request: Asked) -> dict[str, Any]:
    """What the address already says: a group chosen on its page, a slot chosen in the week."""
    initial: dict[str, Any] = {}
    try:
        chosen = UUID(request.GET.get("group", ""))
    except ValueError:
        return initial
    found = SupportGroup.objects.visible_to(request.user).filter(pk=chosen).first()
    if found is not None:
        initial = {"group": found.pk, "capacity": found.capacity}
    return initial


def _still_missing(form: SeriesForm) -> str:
    """The first fault that is more than an empty field, or what is still to be chosen."""
    for name, faults in form.errors.as_data().items():
        for fault in faults:
            if fault.code != "required" and name in form.fields:
                return " ".join(fault.messages)
    empty = [
        str(form.fields[name].label or name).lower()
        for name, faults in form.errors.as_data().items()
        if faults[0].code == "required"
    ]
    return f"Still to choose: {wording.listing(empty)}."


def _preview(request: Asked, form: SeriesForm) -> queries.Preview:
    program, day, data = request.program, today_of(request), form.cleaned_data
    return queries.preview(
        program=program,
        group=data["group"],
        room=data["room"],
        pattern=form.pattern(),
        people=form.people(),
        capacity=data["capacity"],
        today=day,
        group_cap=policy_in_force(program.pk, day)["group_cap"],
    )


def _create(request: Asked, form: SeriesForm, out: set[Any], *, accept: bool) -> GroupSeries:
    data = form.cleaned_data
    return actions.create_series(
        group=data["group"],
        room=data["room"],
        weekdays=data["weekdays"],
        starts=data["starts"],
        ends=data["ends"],
        zone=form.program.zone,
        from_on=data["from_on"],
        until_on=data["until_on"],
        capacity=data["capacity"],
        lead=data["lead"],
        co=data["co"],
        leave_out=out,
        accept_not_cleared=accept,
        by=request.user,
        at=clock.now(),
    )


@allow(*WHO_SEES_ROSTERS)
def series(request: Asked, pk: UUID) -> HttpResponse:
    """One series: facts, dates, roster, waitlist."""
    found = load_series(request, pk)
    return render(request, "sessions/planner/series.html", _series_page(request, found))


def _series_page(
    request: Asked, found: GroupSeries, form: EnrollForm | None = None
) -> dict[str, Any]:
    day = today_of(request)
    may_plan = scope_of(request.user).has(found.program_id, *PLANNERS)
    runs_on = day <= found.until_on
    if form is None and may_plan and runs_on:
        form = enroll_form(request, found)
    return {
        "series": found,
        "when": queries.pattern_in_words(found),
        "days": f"{wording.date_in_full(found.from_on)} – {wording.date_in_full(found.until_on)}",
        "leads": [
            {
                "name": person_name(p),
                "part": "leads" if p["part"] == Part.LEAD else "co-facilitates",
            }
            for p in found.people  # type: ignore[attr-defined]
        ],
        "dates": queries.dates_of_series(found, at=clock.now()),
        "roster": roster_of_series(found, user=request.user, today=day),
        "form": form,
        "may_plan": may_plan,
        "runs": runs_on,
    }


@allow(*PLANNERS, methods=EDIT)
def series_end(request: Asked, pk: UUID) -> HttpResponse:
    """End a series from a day on."""
    found = load_series(request, pk)
    here = reverse("sessions:series", args=[pk])
    form = EndSeriesForm(
        request.POST or None,
        initial={"last_on": max(today_of(request), found.from_on)},
        cancel=here,
    )
    end = partial(actions.end_series, series=found, by=request.user, at=clock.now())
    if form.carry_out(end):
        messages.success(
            request,
            f"The series ends. {wording.count(form.outcome, 'session is', 'sessions are')} "
            "cancelled; who was expected in the next two weeks is told.",
        )
        return redirect(here)
    return form_page(
        request, form, f"End {found.group.name}", back=(found.group.name, here),
        intro=[
            "Sessions that were held, or have attendance or notes, stay as they are.",
            "Later sessions are cancelled and stay visible as cancelled.",
            "Places end on the last day and the waitlist closes.",
            "People expected in the next two weeks get a neutral message.",
        ],
    )  # fmt: skip


@allow(*PLANNERS, methods=EDIT)
def series_hand_over(request: Asked, pk: UUID) -> HttpResponse:
    """Somebody else leads the coming sessions."""
    found = load_series(request, pk)
    here = reverse("sessions:series", args=[pk])
    form = HandOverForm(
        request.POST or None,
        user=request.user,
        series=found,
        today=today_of(request),
        cancel=here,
    )
    rest = request.POST.get("act") == "rest"
    hand_over = partial(
        actions.replace_facilitator,
        series=found,
        leave_out=left_out(request.POST.getlist("blocked")) if rest else set(),
        accept_not_cleared="accept" in request.POST,
        by=request.user,
        at=clock.now(),
    )
    if form.carry_out(hand_over):
        messages.success(request, f"{wording.count(form.outcome, 'session')} changed.")
        return redirect(here)
    return form_page(
        request, form, f"Who leads {found.group.name}", back=(found.group.name, here),
        rest="Leave those dates as they are and change the others",
    )  # fmt: skip
