"""One session for those who plan: look at it, move it, say who leads it, cancel it."""

from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from phpsupport.access.asked import Asked
from phpsupport.access.gate import allow, load
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.lib import clock
from sessions import policies
from sessions.actions import schedule
from sessions.actions.booking import people_of
from sessions.forms.schedule import CancelForm, MoveForm, StaffForm
from sessions.grants import PLANNERS, STAFF_WHO_SEE_THE_WEEK
from sessions.models import GroupSession, Part, SafetyConcern
from sessions.queries.answers import open_matters
from sessions.queries.consequence import Target
from sessions.queries.moving import target_of
from sessions.queries.rules import set_aside
from sessions.queries.safety import of_session
from sessions.queries.schedule import SessionPage, for_page, session_page
from sessions.views.changes import after_act, done_batch
from sessions.views.form_page import form_page
from sessions.views.previews import Preview, carried_out, preview_of
from sessions.views.roster import WHO_SEES_ROSTERS

EDIT = ("GET", "POST")


def _session(request: Asked, pk: UUID) -> GroupSession:
    return load(request, for_page(GroupSession.objects.all()), pk)


def _without_people(found: GroupSession) -> SessionPage:
    return session_page(found, at=clock.now(), with_people=False)


def _form_page(
    request: Asked, found: GroupSession, form: Any, title: str, *, when: str, **words: Any
) -> HttpResponse:
    name = found.series.group.name
    if "act" in words:
        form.submit = ""  # the page has buttons of its own: first to see, then to do
    return form_page(
        request, form, title, back=(name, reverse("sessions:session", args=[found.pk])),
        subtitle=f"{name} · {when} · {found.room.name}",
        stop=schedule.refuse_history(found, clock.now()), **words,
    )  # fmt: skip


@allow(*STAFF_WHO_SEE_THE_WEEK)
def session(request: Asked, pk: UUID) -> HttpResponse:
    """One session: who leads, who is expected, what became of it."""
    raised = SafetyConcern.objects.filter(session=OuterRef("pk"))
    rows = for_page(GroupSession.objects.all()).annotate(safety_raised=Exists(raised))
    found = load(request, rows, pk)
    may_see = policies.can_see_roster(request.user, found) is None
    now, scope, program_id = clock.now(), scope_of(request.user), found.program_id
    return render(
        request,
        "sessions/planner/session.html",
        {
            "session": found,
            "done": done_batch(request),
            "page": session_page(found, at=now, with_people=may_see),
            "safety": of_session(found, request.user, now),
            "may_see": may_see,
            "may_plan": scope.has(program_id, *PLANNERS),
            "matters": open_matters(found.program, at=now, session=found)
            if scope.has(program_id, *PLANNERS)
            else [],
            "set_aside": set_aside(
                found, seen_by=request.user, names=scope.has(program_id, *PLANNERS)
            ),
            "may_open_people": scope.has(program_id, *PLANNERS, Role.CLINICIAN),
            "may_open_series": scope.has(program_id, *WHO_SEES_ROSTERS),
            "history": schedule.refuse_history(found, now),
            "leads_it": any(p["person"] == str(request.user.pk) for p in found.leaders),  # type: ignore[attr-defined]
        },
    )


@allow(*PLANNERS, methods=EDIT)
def session_move(request: Asked, pk: UUID) -> HttpResponse:
    """Give one session another day, time or room."""
    found = _session(request, pk)
    here = reverse("sessions:session", args=[pk])
    now = _without_people(found)
    initial = {
        "on": found.local_date, "starts": now.starts.time(), "ends": now.ends.time(),
        "room": found.room_id,
    }  # fmt: skip
    at = clock.now()
    form = MoveForm(
        request.POST or None, user=request.user, session=found, initial=initial, cancel=here
    )
    move = partial(
        schedule.move_session,
        session=found,
        **form.said_to_clash,
        by=request.user,
        at=at,
    )

    def look(data: dict[str, Any]) -> Preview:
        target = target_of(session=found, at=at, **data)
        return preview_of(request, target, program=found.program, overtaken=form.overtaken)

    done, preview = carried_out(request, form, move, look)
    if done:
        if form.has_changed():
            messages.success(request, "The session is moved. If its time changed, people are told.")
        else:
            messages.info(request, "Nothing was changed: the session stays where it is.")
        return after_act(request, "sessions:session", pk, at=at)
    return _form_page(
        request, found, form, "Move this session", when=now.when, act="Move it", preview=preview
    )


@allow(*PLANNERS, methods=EDIT)
def session_staff(request: Asked, pk: UUID) -> HttpResponse:
    """Set who leads one session."""
    found = _session(request, pk)
    here = reverse("sessions:session", args=[pk])
    people = found.leaders  # type: ignore[attr-defined]
    initial = {
        "lead": next((p["id"] for p in people if p["part"] == Part.LEAD), None),
        "co": [p["id"] for p in people if p["part"] == Part.CO],
    }
    at = clock.now()
    form = StaffForm(
        request.POST or None, user=request.user, session=found, initial=initial, cancel=here
    )
    staff = partial(
        schedule.staff_session,
        session=found,
        **form.said_to_clash,
        by=request.user,
        at=at,
    )

    def look(data: dict[str, Any]) -> Preview:
        target = Target(
            found, people=people_of(data["lead"], data["co"], found.program_id), moved=True
        )
        return preview_of(request, target, program=found.program, overtaken=form.overtaken)

    done, preview = carried_out(request, form, staff, look)
    if done:
        messages.success(request, "Who leads this session is set.")
        return after_act(request, "sessions:session", pk, at=at)
    when = _without_people(found).when
    return _form_page(
        request, found, form, "Who leads this session", when=when, act="Save it", preview=preview
    )


@allow(*PLANNERS, methods=EDIT)
def session_cancel(request: Asked, pk: UUID) -> HttpResponse:
    """Cancel one session, with the reason."""
    found = _session(request, pk)
    here = reverse("sessions:session", args=[pk])
    form = CancelForm(request.POST or None, cancel=here)
    at = clock.now()
    cancel = partial(schedule.cancel_session, session=found, by=request.user, at=at)

    def look(data: dict[str, Any]) -> Preview:
        return preview_of(request, Target(found, cancel_for=data["reason"]), program=found.program)

    done, preview = carried_out(request, form, cancel, look)
    if done:
        messages.success(request, "The session is cancelled and people are told.")
        return after_act(request, "sessions:session", pk, at=at)
    return _form_page(
        request, found, form, "Cancel this session", when=_without_people(found).when,
        intro=[
            "The room and those who lead are free again.",
            "Everybody on the roster gets a neutral message; reminders that wait are withheld.",
            "The session stays visible as cancelled.",
        ],
        act="Cancel the session", preview=preview,
    )  # fmt: skip
