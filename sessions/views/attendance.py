"""Marking who came, and what became of the session."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from phpsupport.access.gate import allow, load, require
from phpsupport.access.roles import Role
from phpsupport.lib import clock, wording
from phpsupport.lib.errors import Refused
from sessions import policies
from sessions.actions.attendance import Stale, mark_attendance
from sessions.actions.outcome import report_outcome
from sessions.forms.attendance import CHOICES, OutcomeForm, SheetForm, rows_of
from sessions.models import GroupSession, SessionState
from sessions.queries.attendance import (
    Person,
    heading,
    person_of,
    roster,
    with_heading,
)
from sessions.queries.safety import of_session
from sessions.queries.walk_ins import before_adding, can_walk_in, find_walk_ins

MARKING = (Role.FACILITATOR, Role.SCHEDULER, Role.PROGRAM_LEAD)


def _session(request: HttpRequest, pk: UUID) -> GroupSession:
    return load(request, with_heading(GroupSession.objects.all(), reader=request.user), pk)  # type: ignore[arg-type]


@allow(*MARKING, methods=("GET", "POST"))
def attendance(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Mark who came. Saving, finding a walk-in and adding one are buttons of the same form, so that
    nothing marked is lost on the way."""
    session = _session(request, pk)
    require(policies.can_mark_attendance(request.user, session))  # type: ignore[arg-type]
    people = roster(session)
    if request.method == "GET":
        sheet = SheetForm(initial={"version": session.attendance_version})
        return _attendance_page(request, session, people, rows_of(people), sheet)
    data: Any = request.POST.copy()
    if "all" in data:
        for person in people:
            if not data.get(f"p-{person.participant_id}-status"):
                data[f"p-{person.participant_id}-status"] = "present"
    added = _added(session, people, data)
    rows = rows_of(people, data, added=added)
    sheet = SheetForm(data)
    if "find" in data or "add" in data:
        sheet_now = [row.person for row in rows]
        found = (
            find_walk_ins(session, data.get("q", ""), sheet_now).others if "find" in data else []
        )
        return _attendance_page(
            request, session, people, rows, sheet, found=found, q=data.get("q", ""),
            searched="find" in data,
        )  # fmt: skip
    if not sheet.is_valid() or any(row.errors for row in rows):
        return _attendance_page(request, session, people, rows, sheet, status=422)
    try:
        marked = mark_attendance(
            session=session,
            marks=[row.form.mark(row.person.participant_id) for row in rows],
            version=sheet.cleaned_data["version"],
            by=request.user,  # type: ignore[arg-type]
            at=clock.now(),
            why=sheet.cleaned_data["why"],
        )
    except Stale as stale:
        session.refresh_from_db(fields=["attendance_version", "state"])
        return _show_both(request, session, stale, data)
    except Refused as refusal:
        refusal.add_to(sheet)
        for row in rows:
            if refusal.field == row.key:
                row.errors = (refusal.sentence,)
        return _attendance_page(request, session, people, rows, sheet, status=422)
    left = wording.count(marked.unmarked, "person is", "people are")
    messages.success(
        request,
        "Attendance saved." if not marked.unmarked else f"Attendance saved. {left} not marked yet.",
    )
    onwards = "sessions:note" if "notes" in data else "sessions:attendance"
    return redirect(onwards, pk=session.pk)


def _added(session: GroupSession, people: list[Person], data: Mapping[str, Any]) -> list[Person]:
    """Walk-ins on the page that are not stored yet."""
    there = {str(person.participant_id) for person in people}
    ids = {key[2:38] for key in data if key.startswith("p-") and key.endswith("-walk_in")}
    if data.get("add"):
        ids.add(str(data["add"]))
    wanted = []
    for text in ids - there:
        try:
            wanted.append(UUID(text))
        except ValueError:
            continue
    if not wanted:
        return []
    return [
        person_of(participant, on=session.local_date)
        for participant in can_walk_in(session).filter(pk__in=wanted).order_by("first_name", "pk")
    ]


def _show_both(
    request: HttpRequest, session: GroupSession, stale: Stale, data: Mapping[str, Any]
) -> HttpResponse:
    """What was typed, and beside it what somebody else saved in the meantime."""
    people = list(stale.now)
    rows = rows_of(people, data, added=_added(session, people, data))
    for row in rows:
        there = row.person
        if there.status and (there.status, _hm(there.arrived), _hm(there.departed), there.reason) != (
            row.chosen, row.arrived, row.departed, row.reason,
        ):  # fmt: skip
            when = (
                there.marked_at.astimezone(ZoneInfo(session.program.zone))
                if there.marked_at
                else None
            )
            at = f" at {wording.clock_time(when)}" if when else ""
            row.stored = f"{there.mark}, marked{at} by {there.marked_by or 'the import'}"
    typed: Any = dict(data.items()) | {"version": str(session.attendance_version)}
    sheet = SheetForm(typed)
    sheet.is_valid()
    stale.add_to(sheet)
    return _attendance_page(request, session, people, rows, sheet, status=409)


def _hm(at: Any) -> str:
    return f"{at:%H:%M}" if at else ""


def _attendance_page(
    request: HttpRequest,
    session: GroupSession,
    people: list[Person],
    rows: list[Any],
    sheet: SheetForm,
    *,
    found: list[Person] | None = None,
    q: str = "",
    searched: bool = False,
    status: int = 200,
) -> HttpResponse:
    takes = session.state in (SessionState.SCHEDULED, SessionState.HELD)
    warned = before_adding(session, [row.person for row in rows if row.added], people)
    for row in rows:
        if row.person.participant_id in warned:
            row.warnings = warned[row.person.participant_id].warnings
    context = {
        "session": session,
        "head": heading(session),
        "rows": rows,
        "sheet": sheet,
        "choices": CHOICES,
        "reasons": rows[0].form.fields["reason"].choices if rows else [],
        "marked": sum(1 for row in rows if row.chosen),
        "found": found or [],
        "q": q,
        "searched": searched,
        "takes_marks": takes,
        "safety": of_session(session, request.user, clock.now()),  # type: ignore[arg-type]
        "leads": policies.can_write_notes(request.user, session) is None,  # type: ignore[arg-type]
        "asks_why": "why" in sheet.errors or bool(sheet["why"].value()),
    }
    return render(request, "sessions/facilitator/attendance.html", context, status=status)


@allow(*MARKING, methods=("GET", "POST"))
def outcome(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Held, or not held and why."""
    session = _session(request, pk)
    require(policies.can_mark_attendance(request.user, session))  # type: ignore[arg-type]
    back = reverse("sessions:attendance", args=[session.pk])
    before = "" if session.state == SessionState.SCHEDULED else session.state
    form = OutcomeForm(
        request.POST or None,
        initial={"outcome": before, "reason": session.state_reason},
        cancel=back,
    )
    if request.method == "POST" and form.is_valid():
        try:
            saved = report_outcome(
                session=session,
                outcome=form.cleaned_data["outcome"],
                reason=form.cleaned_data["reason"],
                clear_marks=form.cleaned_data["clear_marks"],
                by=request.user,  # type: ignore[arg-type]
                at=clock.now(),
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            held = saved.state == SessionState.HELD
            messages.success(request, "Saved: it was held." if held else "Saved: it was not held.")
            if held or policies.can_write_notes(request.user, session):  # type: ignore[arg-type]
                return redirect(back)
            return redirect("sessions:my-day")
    status = 422 if form.errors else 200
    context = {"session": session, "head": heading(session), "form": form, "back": back}
    return render(request, "sessions/facilitator/outcome.html", context, status=status)
