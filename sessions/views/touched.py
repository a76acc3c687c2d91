"""What a closed day or somebody's leave touches: asked for each session, decided in one act."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from facilitators.models import Facilitator, Leave
from phpsupport.access.asked import Asked
from phpsupport.access.gate import NOT_HERE, allow
from phpsupport.access.scope import scope_of
from phpsupport.lib import clock, wording
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import Closure, Program
from sessions.actions.booking import Clashes
from sessions.actions.resolving import (
    Plan,
    plan_closure,
    plan_leave,
    resolve_closure,
    resolve_leave,
)
from sessions.forms.leading import facilitators_of
from sessions.forms.parts import clash_answers
from sessions.forms.series import rooms_of
from sessions.forms.touched import DecisionForm
from sessions.grants import PLANNERS
from sessions.models import Choice
from sessions.queries import not_cleared as queries
from sessions.queries.shown import UNSEEN
from sessions.queries.touched import (
    FOR_CLOSURE,
    FOR_LEAVE,
    Touched,
    in_leave,
    on_closed_day,
    touched,
)
from sessions.queries.week import SEES_CLEARANCE
from sessions.views.changes import done_batch
from sessions.views.previews import preview_of, seen_before

EDIT = ("GET", "POST")


def _choose_program(request: Asked, program: Program) -> None:
    """The row's program becomes the request's, so that a link works after one has switched."""
    request.program = next(p for p in request.programs if p.pk == program.pk)


@allow(*PLANNERS, methods=EDIT)
def closure(request: Asked, pk: UUID) -> HttpResponse:
    """The sessions that stand on a closed day."""
    mine = scope_of(request.user).programs(*PLANNERS)
    row = Closure.objects.filter(pk=pk, program__in=mine).select_related("program__site").first()
    if row is None:
        raise Http404(NOT_HERE)
    _choose_program(request, row.program)
    rows = touched(on_closed_day(row, at=clock.now()), zone=row.program.zone, closed_on=row.date)
    return _page(
        request,
        row.program,
        rows,
        choices=FOR_CLOSURE,
        facilitators=None,
        plan=partial(plan_closure, closure=row),
        act=partial(resolve_closure, closure=row),
        title=f"Closed on {wording.day(row.date, year=True)}",
        subtitle=row.reason,
        back=("Closed days", reverse("office:closures")),
    )


@allow(*PLANNERS, methods=EDIT)
def leave(request: Asked, pk: UUID) -> HttpResponse:
    """The sessions that somebody is to lead while away."""
    people = Facilitator.objects.visible_to(request.user)  # type: ignore[misc]
    row = (
        Leave.objects.filter(
            pk=pk, facilitator__in=people,
            facilitator__program__in=scope_of(request.user).programs(*PLANNERS),
        )
        .select_related("facilitator__program__site", "facilitator__user")
        .first()
    )  # fmt: skip
    if row is None:
        raise Http404(NOT_HERE)
    program = row.facilitator.program
    _choose_program(request, program)
    name = row.facilitator.user.name
    first, last = wording.day(row.from_on), wording.day(row.until_on)
    return _page(
        request,
        program,
        touched(in_leave(row, at=clock.now()), zone=program.zone, leave=row),
        choices=FOR_LEAVE,
        facilitators=facilitators_of(request.user, program).exclude(pk=row.facilitator_id),
        plan=partial(plan_leave, leave=row),
        act=partial(resolve_leave, leave=row),
        title=f"{name} is away",
        subtitle=f"On {first}" if first == last else f"From {first} through {last}",
        back=(name, reverse("facilitators:detail", args=[row.facilitator_id])),
    )


def _page(
    request: Asked,
    program: Program,
    rows: Sequence[Touched],
    *,
    choices: Sequence[Choice],
    facilitators: Any,
    plan: Callable[..., Plan],
    act: Callable[..., Any],
    title: str,
    subtitle: str,
    back: tuple[str, str],
) -> HttpResponse:
    rooms = {str(r.pk): r for r in rooms_of(request.user, program).order_by("name")}
    instead = None if facilitators is None else {str(f.pk): f for f in facilitators}
    asks = [
        DecisionForm(
            request.POST or None, touched=t, choices=choices, facilitators=instead,
            rooms=rooms,
        )
        for t in rows
    ]  # fmt: skip
    seen, refused, at = None, "", clock.now()
    if request.method == "POST" and _all_valid(asks):
        decisions = [d for form in asks if (d := form.decision()) is not None]
        try:
            if "confirm" in request.POST:
                try:
                    batch = act(
                        decisions=decisions,
                        by=request.user,
                        at=at,
                        seen=seen_before(request),
                        **clash_answers(request.POST),
                    )
                except Refused as no:
                    # What clashes or was not shown like that is told by the preview, as it is now.
                    if not (isinstance(no, Clashes) or no.code == UNSEEN):
                        raise
                else:
                    messages.success(request, _said(decisions, len(asks)))
                    return redirect(f"{request.path}?done={batch.pk}" if batch else request.path)
            what = plan(decisions=decisions, at=at)
            seen = preview_of(
                request, *what.targets, program=program, beside=what.beside,
                besides=_besides(what, rows),
            )  # fmt: skip
        except Refused as fault:
            refused = fault.sentence
    return render(
        request,
        "sessions/planner/touched.html",
        {
            "title": title,
            "subtitle": subtitle,
            "back": back,
            "asks": asks,
            "preview": seen,
            "done": done_batch(request),
            "refused": refused,
        },
    )


def _all_valid(forms: Sequence[DecisionForm]) -> bool:
    """Every form is asked, so that each shows what it lacks."""
    return not [form for form in forms if not form.is_valid()]


def _besides(plan: Plan, rows: Sequence[Touched]) -> list[str]:
    """What was decided that changes no session by itself, in words."""
    named = {t.session.pk: f"{t.group}, {t.day}, {t.times}" for t in rows}
    kept = [d.session for d in plan.decisions if d.choice == Choice.KEEP]
    return [
        *(f"{named[s.pk]}: cover is asked for. Until somebody accepts it stays as it is."
          for s in plan.uncovered),
        *(f"{named[s.pk]}: stays as it is." for s in kept),
    ]  # fmt: skip


def _said(decisions: Sequence[Any], asked: int) -> str:
    number = len(decisions)
    left = asked - number
    later = f" {wording.count(left, 'session')} still waits." if left == 1 else ""
    if left > 1:
        later = f" {wording.count(left, 'session')} still wait."
    return f"{wording.count(number, 'session is', 'sessions are')} settled.{later}"


@allow(*SEES_CLEARANCE)
def not_cleared(request: Asked) -> HttpResponse:
    """Coming sessions with somebody who is not cleared that day, for who plans and supervises."""
    people = queries.not_cleared(request.program, at=clock.now())
    scope = scope_of(request.user)
    return render(
        request,
        "sessions/planner/not_cleared.html",
        {
            "people": people,
            "number": sum(len(person.sessions) for person in people),
            "may_plan": scope.has(request.program.pk, *PLANNERS),
        },
    )
