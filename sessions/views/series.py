"""Series for those who plan: see every date before it is saved, one series, end it, hand it over."""

from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from phpsupport.access.asked import Asked, today_of
from phpsupport.access.gate import allow
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.audit.trail import record
from phpsupport.lib import clock, wording
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import policy_in_force
from sessions.actions import series as actions
from sessions.actions.booking import Clashes
from sessions.forms.series import (
    EndSeriesForm,
    HandOverForm,
    SeriesForm,
    as_sent,
    left_out,
)
from sessions.forms.series_times import ADD_TIME
from sessions.grants import PLANNERS
from sessions.models import Answer, GroupSeries, OnClosure, Part
from sessions.queries.answers import open_matters
from sessions.queries.curriculum import lost_step, steps_of
from sessions.queries.enrollment import roster_of_series
from sessions.queries.series import dates_of_series, pattern_in_words
from sessions.queries.series_plans import plan_end, plan_hand_over
from sessions.queries.series_preview import Preview, preview
from sessions.queries.slots import person_name
from sessions.views.changes import after_act, done_batch
from sessions.views.form_page import form_page
from sessions.views.previews import Preview as Change
from sessions.views.previews import carried_out, preview_of
from sessions.views.roster import WHO_SEES_ROSTERS, load_series

EDIT = ("GET", "POST")
SUGGESTED = ("group", "weekdays", "starts", "ends", "from_on", "room", "lead")
ANSWERS = {  # kind and word of a tag
    Answer.NONE: ("plain", "not answered"),
    Answer.ACCEPTED: ("good", "accepted"),
    Answer.DECLINED: ("stop", "declined"),
    Answer.PROPOSED: ("wait", "proposed another time"),
}


@allow(*PLANNERS, methods=EDIT)
def series_new(request: Asked) -> HttpResponse:
    """Plan a series: every date is shown with its verdict before anything is saved."""
    program = request.program
    another = request.POST.get("act") == ADD_TIME
    form = SeriesForm(
        request.POST or None,
        user=request.user,
        program=program,
        initial=_suggested(request),
        another=another,
    )
    if another:
        form.as_typed()
        if request.htmx:
            return render(request, "sessions/planner/_more_times.html", {"form": form})
    shown, out = None, left_out(request.POST.getlist("leave_out"))
    reason = request.POST.get("override_reason", "").replace("\0", "").strip()
    if request.method == "POST" and not another and form.is_valid():
        act = request.POST.get("act", "preview")
        marked = left_out(request.POST.getlist("marked" if act == "rest" else "blocked"))
        kept = out | marked if act in ("rest", "open") else out
        try:
            if act == "override" and not reason:
                messages.error(request, "Nothing was saved. Write why it may stand all the same.")
                act = "preview"
            if act != "preview":
                at = clock.now()
                made = _create(
                    request,
                    form,
                    kept,
                    accept=act in ("open", "anyway", "override"),
                    reason=reason if act == "override" else "",
                    at=at,
                )
                return after_act(request, "sessions:series", made.pk, at=at)
            shown = _preview(request, form, out)
        except Clashes as clash:
            messages.error(request, f"Nothing was saved. {clash.sentence}")
            shown = _preview(request, form, out)
        except Refused as refusal:
            form.refuse(refusal)
    return render(
        request,
        "sessions/planner/series_new.html",
        {"form": form, "preview": shown, "left_out": as_sent(out), "reason": reason},
    )


@allow(*PLANNERS)
def series_preview(request: Asked) -> HttpResponse:
    """The dates of the series that is being typed, as a part of the page."""
    form = SeriesForm(request.GET, user=request.user, program=request.program)
    shown, missing = None, ""
    out = left_out(request.GET.getlist("leave_out"))
    if form.is_valid():
        try:
            shown = _preview(request, form, out)
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
            "left_out": as_sent(out),
            "reason": request.GET.get("override_reason", ""),
        },
    )


def _suggested(request: Asked) -> dict[str, Any]:
    """What the address already says: a group chosen on its page, a place chosen in the week.

    What cannot be read, or not be seen, is left out.
    """
    said = [name for name in SUGGESTED if request.GET.get(name)]
    if not said:
        return {}
    typed = SeriesForm(request.GET, user=request.user, program=request.program)
    typed.is_valid()
    known = {name: typed.cleaned_data[name] for name in said if typed.cleaned_data.get(name)}
    if "group" in known:
        known["capacity"] = known["group"].capacity
    return {name: getattr(value, "pk", value) for name, value in known.items()}


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


def _preview(request: Asked, form: SeriesForm, out: set[date]) -> Preview:
    program, day, data = request.program, today_of(request), form.cleaned_data
    policy = policy_in_force(program.pk, day)
    may_override = {Role(role) for role in policy["override_by"]}
    return preview(
        program=program,
        group=data["group"],
        room=data["room"],
        pattern=form.pattern,
        people=form.people(),
        capacity=data["capacity"],
        today=day,
        group_cap=policy["group_cap"],
        steps=steps_of(data["group"]),
        first_item=data["first_item"],
        leave_out=out,
        may_override=bool(may_override) and scope_of(request.user).has(program.pk, *may_override),
    )


def _create(
    request: Asked, form: SeriesForm, out: set[date], *, accept: bool, reason: str, at: datetime
) -> GroupSeries:
    data, pattern = form.cleaned_data, form.pattern
    return actions.create_series(
        group=data["group"],
        room=data["room"],
        weekdays=pattern.weekdays,
        starts=pattern.starts,
        ends=pattern.ends,
        ends_next_day=pattern.ends_next_day,
        more_times=pattern.more_times,
        every_weeks=pattern.every_weeks,
        nth_of_month=pattern.nth_of_month,
        on_closure=pattern.on_closure,
        zone=pattern.zone,
        from_on=pattern.from_on,
        until_on=pattern.until_on,
        count=pattern.count,
        capacity=data["capacity"],
        lead=data["lead"],
        co=data["co"],
        first_item=data["first_item"],
        leave_out=out,
        accept=accept,
        override_reason=reason,
        by=request.user,
        at=at,
    )


@allow(*WHO_SEES_ROSTERS)
def series(request: Asked, pk: UUID) -> HttpResponse:
    """One series: facts, dates, roster, waitlist."""
    found = load_series(request, pk)
    page = _series_page(request, found)
    record(
        "roster.read", by=request.user, at=clock.now(), obj=found,
        people=page["roster"].participant_ids,
    )  # fmt: skip
    return render(request, "sessions/planner/series.html", page)


def _series_page(request: Asked, found: GroupSeries) -> dict[str, Any]:
    day = today_of(request)
    may_plan = scope_of(request.user).has(found.program_id, *PLANNERS)
    runs_on = day <= found.until_on
    dates = dates_of_series(found, at=clock.now())
    return {
        "series": found,
        "done": done_batch(request),
        "when": pattern_in_words(found),
        "days": f"{wording.date_in_full(found.from_on)} – {wording.date_in_full(found.until_on)}",
        "leads": [
            {
                "name": person_name(p),
                "part": "leads" if p["part"] == Part.LEAD else "co-facilitates",
                "answer": ANSWERS[p["answer"]],
                "days": _days_of(p, day),
            }
            for p in sorted(found.people, key=_by_part_and_day)  # type: ignore[attr-defined]
            if not p["until"] or p["until"] >= day.isoformat()
        ],
        "dates": dates,
        "on_closure": OnClosure(found.on_closure).label.lower(),
        "lost": lost_step(dates.sessions, at=clock.now()) if may_plan and runs_on else None,
        "has_steps": any(s.item_id for s in dates.sessions),
        "roster": roster_of_series(found, user=request.user, at=clock.now()),
        "may_plan": may_plan,
        "matters": open_matters(found.program, at=clock.now(), series=found) if may_plan else [],
        "runs": runs_on,
    }


def _by_part_and_day(person: dict[str, Any]) -> tuple[bool, str]:
    return person["part"] != Part.LEAD, person["since"] or ""


def _days_of(person: dict[str, Any], today: date) -> str:
    """ "from Mon 6 Apr", "until Sun 5 Apr", or '' for who leads it now and to the end."""
    said = []
    if person["since"] and (since := date.fromisoformat(person["since"])) > today:
        said.append(f"from {wording.day(since)}")
    if person["until"]:
        said.append(f"until {wording.day(date.fromisoformat(person['until']))}")
    return " ".join(said)


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
    form.submit = ""  # the page has buttons of its own: first to see, then to do
    at = clock.now()
    end = partial(actions.end_series, series=found, by=request.user, at=at)

    def look(data: dict[str, Any]) -> Change:
        plan = plan_end(series=found, at=at, **data)
        return preview_of(
            request, *plan.targets, program=found.program, untouched=plan.untouched,
            beside=plan.beside, besides=plan.besides,
        )  # fmt: skip

    done, seen = carried_out(request, form, end, look)
    if done:
        messages.success(
            request,
            f"The series ends. {wording.count(form.outcome, 'session is', 'sessions are')} "
            "cancelled; who was expected is told of the dates that are near.",
        )
        return after_act(request, "sessions:series", pk, at=at)
    return form_page(
        request, form, f"End {found.group.name}", back=(found.group.name, here),
        intro=[
            "Sessions that were held, or have attendance or notes, stay as they are.",
            "Later sessions are cancelled and stay visible as cancelled.",
            "Places end on the last day and the waitlist closes.",
            "People get a neutral message about the next two weeks, or about the first date after.",
        ],
        act="End the series", preview=seen,
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
    form.submit = ""
    at = clock.now()
    out = left_out(request.POST.getlist("blocked" if "rest" in request.POST else "leave_out"))
    if "see" in request.POST:
        out = set()  # a fresh look
    hand_over = partial(
        actions.replace_facilitator,
        series=found,
        leave_out=out,
        **form.said_to_clash,
        by=request.user,
        at=at,
    )

    def look(data: dict[str, Any]) -> Change:
        plan = plan_hand_over(series=found, at=at, leave_out=out, **data)
        return preview_of(
            request, *plan.targets, program=found.program, untouched=plan.untouched,
            beside=plan.beside, besides=plan.besides, left_out=as_sent(out),
        )  # fmt: skip

    done, seen = carried_out(request, form, hand_over, look)
    if done:
        messages.success(request, f"{wording.count(form.outcome, 'session')} changed.")
        return after_act(request, "sessions:series", pk, at=at)
    return form_page(
        request, form, f"Who leads {found.group.name}", back=(found.group.name, here),
        intro=[
            "Whoever takes over reads notes from that day on.",
            "For what came before, whoever led it so far is asked to write a hand-over.",
        ],
        act="Hand over", preview=seen, rest="Leave those dates as they are and change the others",
    )  # fmt: skip
