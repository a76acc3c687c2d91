"""Changes of the schedule for those who plan: look back, undo, edit a series, cancel several."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from phpsupport.access.asked import Asked, now_and_today
from phpsupport.access.gate import allow, load
from phpsupport.lib import clock, wording
from phpsupport.lib.errors import Refused
from sessions.actions.batches import undo_batch
from sessions.actions.booking import Clashes, may_override
from sessions.actions.schedule import cancel_sessions
from sessions.actions.series import edit_series
from sessions.forms.changes import SHOWN_AT_MOST, LookForm, SeriesEditForm, first_look
from sessions.forms.schedule import CancelForm
from sessions.forms.series import as_sent, left_out
from sessions.forms.series_times import ADD_TIME
from sessions.grants import PLANNERS
from sessions.models import GroupSeries, GroupSession, ScheduleBatch, SessionState
from sessions.queries.consequence import Consequence, Target, consequence
from sessions.queries.edited_steps import Steps
from sessions.queries.editing import (
    Scope,
    beside_of,
    first_of_interest,
    plan_edit,
    sessions_of,
)
from sessions.queries.recent import acts, coming_sessions, lines_of, newest_first
from sessions.queries.shown import CHANGED, UNSEEN
from sessions.views.previews import (
    OVERTAKEN,
    Preview,
    carried_out,
    is_stale,
    preview_of,
    seen_before,
)
from sessions.views.roster import load_series

A_PAGE = 12
SAVE, REST = "save", "rest"  # acts on the page of an edit; any other only looks


# --- looking back ---------------------------------------------------------------------------------
@allow(*PLANNERS)
def changes(request: Asked) -> HttpResponse:
    """What was changed lately, with a way back where there still is one."""
    rows = ScheduleBatch.objects.visible_to(request.user).filter(program=request.program)
    page = Paginator(newest_first(rows), A_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "sessions/planner/batches.html",
        {"page_obj": page, "acts": acts(page.object_list, at=clock.now())},
    )


@allow(*PLANNERS, methods=("POST",))
def batch_undo(request: Asked, pk: UUID) -> HttpResponse:
    """Take one act back, as a whole."""
    batch = load(request, ScheduleBatch.objects.select_related("program"), pk)
    series_id = batch.series_id
    try:
        done = undo_batch(batch=batch, by=request.user, at=clock.now())
    except Refused as no:
        messages.error(request, no.sentence)
    else:
        told = " Who had been told is told again." if done.told_again else ""
        messages.success(request, f"That is undone: {done.summary}.{told}")
        if done.series_id is None and series_id is not None:
            return redirect("sessions:changes")  # the series that was made is no more
    return redirect(_back(request))


def _back(request: HttpRequest) -> str:
    """Where the person was; elsewhere nobody is sent."""
    wanted = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if safe and wanted.startswith("/") else reverse("sessions:changes")


def done_batch(request: Asked) -> ScheduleBatch | None:
    """The act that the address names as just done (`?done=`), while it stands. One query, or none."""
    try:
        pk = UUID(request.GET.get("done", ""))
    except ValueError:
        return None
    rows = ScheduleBatch.objects.visible_to(request.user)
    return rows.filter(pk=pk, program=request.program, undone_at=None).first()


def after_act(request: Asked, page: str, pk: UUID, *, at: datetime) -> HttpResponse:
    """To a page of the thing that was changed, which then offers to undo the act of that instant."""
    batch = ScheduleBatch.objects.filter(by=request.user, at=at, program=request.program).last()
    return redirect(reverse(page, args=[pk]) + (f"?done={batch.pk}" if batch else ""))


# --- editing a series -----------------------------------------------------------------------------
@dataclass
class Shown:
    """What an edit comes to, and what the person may do about it."""

    what: Consequence
    can_override: bool
    blocked_dates: tuple[str, ...]
    steps: Steps
    left_out: tuple[str, ...] = ()  # dates that were chosen to stay as they are
    changed: str = ""  # that it is not what was shown before

    @property
    def can_save(self) -> bool:
        return not self.what.empty and (not self.what.blocked or self.can_override)


def _edit_form(
    request: Asked, series: GroupSeries, data: Any
) -> tuple[SeriesEditForm, list[GroupSession]]:
    """The form, and the sessions of the series that it was filled from."""
    at = clock.now()
    since = first_of_interest(clock.local_date(at, series.zone))
    rows = sessions_of(series, since=since)
    coming = [s for s in rows if s.state == SessionState.SCHEDULED and s.starts_at > at]
    initial = {}
    if chosen := request.GET.get("session", ""):
        initial = {"session": chosen, "scope": Scope.FOLLOWING}
    form = SeriesEditForm(
        data, user=request.user, series=series, coming=coming, initial=initial,
        another=request.POST.get("act") == ADD_TIME,
    )  # fmt: skip
    return form, rows


def _shown(
    request: Asked,
    series: GroupSeries,
    form: SeriesEditForm,
    rows: list[GroupSession],
    out: set[date] | None = None,
) -> Shown:
    at, asked, out = clock.now(), form.asked(), out or set()
    if series.ended_at is not None:
        raise Refused("This series has ended. Plan a new one, or undo its end.", code="ended")
    plan = plan_edit(series=series, at=at, rows=rows, usual=form.usual, leave_out=out, **asked)
    usual = [(p["id"], p["part"]) for p in series.people]  # type: ignore[attr-defined]
    what = consequence(
        program=series.program, targets=plan.targets, fresh=plan.fresh, at=at,
        untouched=plan.untouched, on_closure=plan.after.on_closure, as_read=True, by=request.user,
        beside=beside_of(plan, series, asked["edit"], usual),
    )  # fmt: skip
    final = any(o.blocks and o.final for o in what.obstacles)
    may = what.blocked and not final and may_override(
        request.user, program_id=series.program_id, at=at, zone=series.zone
    )  # fmt: skip
    stale = CHANGED if is_stale(request, what.seen, yes=request.POST.get("act") == SAVE) else ""
    return Shown(
        what, bool(may), tuple(d.isoformat() for d in what.blocked_dates), plan.steps,
        tuple(sorted(as_sent(out))), OVERTAKEN if form.overtaken else stale,
    )  # fmt: skip


@allow(*PLANNERS, methods=("GET", "POST"))
def series_edit(request: Asked, pk: UUID) -> HttpResponse:
    """Change one date, one and the following or all: the list of what will change comes first."""
    series = load_series(request, pk)
    form, rows = _edit_form(request, series, request.POST or None)
    shown, at = None, clock.now()
    if form.another:
        form.as_typed()
        if request.htmx:
            return render(request, "sessions/planner/_more_times.html", {"form": form})
    if request.method == "POST" and not form.another and form.is_valid():
        act = request.POST.get("act", "look")
        chosen = {REST: "blocked", SAVE: "leave_out"}.get(act)
        out = left_out(request.POST.getlist(chosen)) if chosen else set()
        try:
            if act == SAVE:
                try:
                    edit_series(
                        series=series, leave_out=out, by=request.user, at=at,
                        seen=seen_before(request), **form.asked(), **form.said_to_clash,
                    )  # fmt: skip
                except Clashes as clash:
                    messages.error(request, f"Nothing was changed. {clash.sentence}")
                except Refused as refusal:
                    if refusal.code != UNSEEN:
                        raise
                else:
                    messages.success(request, "The series is changed, and people are told.")
                    return after_act(request, "sessions:series", pk, at=at)
            shown = _shown(request, series, form, rows, out)
        except Refused as refusal:
            form.refuse(refusal)
    return render(
        request,
        "sessions/planner/change_series.html",
        {"series": series, "form": form, "shown": shown, **form.said_to_clash},
    )


@allow(*PLANNERS)
def series_edit_preview(request: Asked, pk: UUID) -> HttpResponse:
    """What the edit that is being typed would come to, as a part of the page."""
    series = load_series(request, pk)
    form, rows = _edit_form(request, series, request.GET)
    shown, missing = None, ""
    if form.is_valid():
        try:
            shown = _shown(request, series, form, rows)
        except Refused as refusal:
            missing = refusal.sentence
    else:
        said = [str(e) for errors in form.errors.values() for e in errors]
        missing = " ".join(said[:2])
    return render(
        request, "sessions/planner/_change_list.html",
        {"shown": shown, "missing": missing, **form.said_to_clash},
    )  # fmt: skip


# --- cancelling several ---------------------------------------------------------------------------
@allow(*PLANNERS, methods=("GET", "POST"))
def cancel_several(request: Asked) -> HttpResponse:
    """Cancel many sessions at once, for example on a snow day; who is told is listed first."""
    at, today = now_and_today(request)
    data = {**first_look(today), **{k: v for k, v in request.GET.items() if v}}
    look = LookForm(data, user=request.user, program=request.program)
    rows: list[GroupSession] = []
    if look.is_valid():
        asked = coming_sessions(request.program, user=request.user, at=at, **look.cleaned_data)
        rows = list(asked[:SHOWN_AT_MOST])
    chosen = set(request.POST.getlist("session"))
    picked = [s for s in rows if str(s.pk) in chosen]
    form = CancelForm(request.POST or None)
    form.submit = ""  # the page has buttons of its own: first to look, then to do
    cancel = partial(cancel_sessions, sessions=picked, by=request.user, at=at)

    def see(data: dict[str, Any]) -> Preview:
        if not picked:
            raise Refused("Choose at least one session.", code="required")
        targets = [Target(s, cancel_for=data["reason"]) for s in picked]
        return preview_of(request, *targets, program=request.program)

    done, preview = carried_out(request, form, cancel, see)
    if done:
        number = wording.count(len(picked), "session is", "sessions are")
        messages.success(request, f"{number} cancelled, and people are told.")
        return redirect("sessions:changes")
    return render(
        request,
        "sessions/planner/change_cancel.html",
        {
            "look": look,
            "form": form,
            "rows": lines_of(rows, zone=request.program.zone),
            "chosen": chosen if request.method == "POST" else None,
            "preview": preview,
            "number": len(picked),
        },
    )
