"""Marking who came, and what became of the session."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from phpsupport.access.asked import Asked
from phpsupport.access.gate import allow, require
from phpsupport.access.roles import Role
from phpsupport.audit.trail import record
from phpsupport.lib import clock, wording
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import policy_in_force
from sessions import policies
from sessions.actions.attendance import Stale, mark_attendance
from sessions.actions.naming import NamesOthers
from sessions.actions.outcome import report_outcome
from sessions.forms.attendance import (
    CHOICES,
    OutcomeForm,
    PersonForm,
    Row,
    SheetForm,
    Value,
    beside_theirs,
    rows_of,
)
from sessions.models import GroupSession, SessionState
from sessions.queries.attendance import (
    Person,
    heading,
    person_of,
    roster,
)
from sessions.queries.corrections import corrections
from sessions.queries.safety import of_session
from sessions.queries.walk_ins import Found, before_adding, can_walk_in, find_walk_ins
from sessions.views.led import session_of

NOTHING_CLASHES = (
    "Somebody else marked attendance while you had this page open. Their marks are shown, yours are "
    "kept beside them: save again."
)
MARKING = (Role.FACILITATOR, Role.SCHEDULER, Role.PROGRAM_LEAD)


@allow(*MARKING, methods=("GET", "POST"))
def attendance(request: Asked, pk: UUID) -> HttpResponse:
    """Mark who came. Marking all, finding a walk-in, adding one and saving are buttons of the same
    form, so that nothing marked is lost on the way; only saving saves."""
    session = session_of(request, pk)
    require(policies.can_mark_attendance(request.user, session))
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
    if "theirs" in data:
        for row in rows:
            if str(row.person.participant_id) == data["theirs"]:
                row.value, row.both = Value.of(row.person), False
        return _attendance_page(request, session, people, rows, sheet)
    if "find" in data:
        found = find_walk_ins(session, data.get("q", ""), [row.person for row in rows])
        record(
            "walk_ins.searched", by=request.user, at=clock.now(), obj=session,
            people=[str(person.participant_id) for person in found.others],
        )  # fmt: skip
        return _attendance_page(
            request, session, people, rows, sheet, found=found, q=data.get("q", "")
        )
    if "all" in data or "add" in data:
        return _attendance_page(request, session, people, rows, sheet)
    if not sheet.is_valid() or any(row.errors for row in rows):
        return _attendance_page(request, session, people, rows, sheet, status=422)
    try:
        marked = mark_attendance(
            session=session,
            marks=[row.form.mark(row.person.participant_id) for row in rows],
            version=sheet.cleaned_data["version"],
            by=request.user,
            at=clock.now(),
            why=sheet.cleaned_data["why"],
            explained=sheet.explained,
        )
    except Stale as stale:
        return _show_both(request, session, stale, data)
    except NamesOthers as refusal:
        sheet.refuse(refusal)
        sheet.doubts = refusal.doubts
        return _attendance_page(request, session, people, rows, sheet, status=422, asks_why=True)
    except Refused as refusal:
        sheet.refuse(refusal)
        for row in rows:
            if refusal.field == row.key:
                row.errors = (refusal.sentence,)
        return _attendance_page(
            request, session, people, rows, sheet, status=422, asks_why=refusal.code == "why"
        )
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
    request: Asked, session: GroupSession, stale: Stale, data: Mapping[str, Any]
) -> HttpResponse:
    """What was chosen here, and beside it what somebody else saved in the meantime."""
    session.refresh_from_db(fields=["attendance_version", "state"])
    people = list(stale.now)
    rows = rows_of(people, data, added=_added(session, people, data))
    both = beside_theirs(rows)
    typed: Any = dict(data.items()) | {"version": str(session.attendance_version)}
    sheet = SheetForm(typed)
    sheet.is_valid()
    sheet.add_error(None, stale.sentence if both else NOTHING_CLASHES)
    return _attendance_page(request, session, people, rows, sheet, status=409)


def _told(rows: list[Row], session: GroupSession) -> None:
    """Beside each row, in words, what somebody else marked."""
    place, first = ZoneInfo(session.program.zone), True
    for row in rows:
        there = row.person
        row.both = row.both and row.value.counted != Value.of(there).counted
        if not (row.both or row.news):
            continue
        when = there.marked_at.astimezone(place) if there.marked_at else None
        at = f" at {wording.clock_time(when)}" if when else ""
        by = f"marked{at} by {there.marked_by or 'the import'}"
        words = f"{there.mark}, {by}" if there.status else "Not marked any more"
        if row.both:
            row.stored, row.first, first = words, first, False
        else:
            row.news = words


def _attendance_page(
    request: Asked,
    session: GroupSession,
    people: list[Person],
    rows: list[Row],
    sheet: SheetForm,
    *,
    found: Found | None = None,
    q: str = "",
    status: int = 200,
    asks_why: bool = False,
) -> HttpResponse:
    now = clock.now()
    warned = before_adding(session, [row.person for row in rows if row.added], people)
    history = corrections(session) if any(person.status for person in people) else {}
    for row in rows:
        row.history = history.get(row.person.participant_id, [])
        if known := warned.get(row.person.participant_id):
            row.warnings, row.look_twice = known.warnings, known.look_twice
    _told(rows, session)
    context = {
        "session": session,
        "head": heading(session),
        "rows": rows,
        "sheet": sheet,
        "choices": CHOICES,
        "reasons": PersonForm.base_fields["reason"].choices,  # type: ignore[attr-defined]
        "marked": sum(1 for row in rows if row.value.status),
        "unmarked": sum(1 for row in rows if not row.value.status),
        "found": found,
        "q": q,
        "takes_marks": session.state in (SessionState.SCHEDULED, SessionState.HELD),
        "safety": of_session(session, request.user, now),
        "leads": policies.can_write_notes(request.user, session) is None,
        "asks_why": asks_why
        or bool(sheet["why"].value())
        or any(row.why for row in rows)  # typed where it was asked before: it stays on the page
        or _long_over(session, people, now),
    }
    return render(request, "sessions/facilitator/attendance.html", context, status=status)


def _long_over(session: GroupSession, people: list[Person], now: datetime) -> bool:
    """Whether a mark that changes needs a reason by now. At most one query."""
    if session.ends_at > now or not any(person.status for person in people):
        return False
    hours = policy_in_force(session.program_id, session.local_date)["correction_hours"]
    return now >= session.ends_at + timedelta(hours=hours)


@allow(*MARKING, methods=("GET", "POST"))
def outcome(request: Asked, pk: UUID) -> HttpResponse:
    """Held, or not held and why."""
    session = session_of(request, pk)
    require(policies.can_mark_attendance(request.user, session))
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
                by=request.user,
                at=clock.now(),
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            held = saved.state == SessionState.HELD
            messages.success(request, "Saved: it was held." if held else "Saved: it was not held.")
            if held or policies.can_write_notes(request.user, session):
                return redirect(back)
            return redirect("sessions:my-day")
    status = 422 if form.errors else 200
    context = {"session": session, "head": heading(session), "form": form, "back": back}
    return render(request, "sessions/facilitator/outcome.html", context, status=status)
