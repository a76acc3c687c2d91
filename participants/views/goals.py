"""Goals: the participant's own page of them, and the page for those who work with them."""

from datetime import datetime
from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from participants.actions.goals import STEPS, name_goal, reword_goal, step_goal
from participants.forms.goals import NameGoalForm, RewordGoalForm
from participants.goals import refuse_goal
from participants.models import Goal, Participant
from participants.queries.goals import GoalLine, goals_of
from participants.views.form_page import EDIT, called
from participants.views.participant import oneself
from phpsupport.access.asked import Asked, now_and_today
from phpsupport.access.gate import NOT_HERE, allow, load, require
from phpsupport.access.roles import Role
from phpsupport.audit.trail import record_each
from phpsupport.lib.errors import Refused

PAGES = "participants/goals/"
SAID = {
    "rest": "It rests for now. It is here when it is wanted.",
    "reach": "Reached. Well done.",
    "let_go": "It is let go. That is fine.",
    "take_up": "It is taken up again.",
}


@allow(Role.PARTICIPANT, methods=EDIT)
def my_goals(request: Asked) -> HttpResponse:
    """What I want for myself."""
    return _page(request, oneself(request), own=True)


@allow(Role.FACILITATOR, Role.CLINICIAN, methods=EDIT)
def goals(request: Asked, pk: UUID) -> HttpResponse:
    """A participant's goals, written down together with them."""
    return _page(request, load(request, Participant, pk), own=False)


@allow(Role.PARTICIPANT, methods=EDIT)
def my_goal(request: Asked, goal: UUID) -> HttpResponse:
    return _one(request, oneself(request), goal, own=True)


@allow(Role.FACILITATOR, Role.CLINICIAN, methods=EDIT)
def goal(request: Asked, pk: UUID, goal: UUID) -> HttpResponse:
    return _one(request, load(request, Participant, pk), goal, own=False)


def _page(request: Asked, participant: Participant, *, own: bool) -> HttpResponse:
    at, today = now_and_today(request)
    refusal = refuse_goal(request.user, participant, at)
    lines = goals_of(participant=participant, user=request.user, zone=request.program.zone)
    if request.method == "POST" or not lines:
        require(refusal)
    form = NameGoalForm(request.POST or None, own=own, called=called(participant))
    add = partial(name_goal, participant=participant, by=request.user, at=at, today=today)
    if form.carry_out(add):
        messages.success(request, "Your goal is here now." if own else "The goal is added.")
        return redirect(_list(participant, own=own))
    _noted(request, lines, at)
    return render(
        request,
        PAGES + ("mine.html" if own else "staff.html"),
        {
            "form": form if refusal is None else None,
            "goals": lines,
            "own": own,
            "participant": participant,
            "called": called(participant),
            "may": refusal is None,
        },
    )


def _one(request: Asked, participant: Participant, pk: UUID, *, own: bool) -> HttpResponse:
    """Word a goal anew (the form), or take a step with it (a button)."""
    at, today = now_and_today(request)
    found = (
        Goal.objects.visible_to(request.user)
        .filter(participant=participant, pk=pk)
        .select_related("participant")
        .first()
    )
    if found is None:
        raise Http404(NOT_HERE)
    require(refuse_goal(request.user, participant, at))
    here = _list(participant, own=own)
    step = request.POST.get("step", "")
    if step in STEPS:
        try:
            step_goal(goal=found, step=step, by=request.user, at=at, today=today)
        except Refused as refusal:
            messages.error(request, refusal.sentence)
        else:
            messages.success(request, SAID[step])
        return redirect(here)
    form = RewordGoalForm(
        request.POST or None, words=found.words, own=own, called=called(participant), cancel=here
    )
    if form.carry_out(partial(reword_goal, goal=found, by=request.user, at=at)):
        messages.success(request, "Saved. The earlier words are kept.")
        return redirect(here)
    record_each("goal.read", by=request.user, at=at, objs=[found], program_id=request.program.pk)
    return render(
        request, PAGES + "reword.html", {"form": form, "own": own, "back": here,
        "called": called(participant)},
    )  # fmt: skip


def _list(participant: Participant, *, own: bool) -> str:
    if own:
        return reverse("participants:my-goals")
    return reverse("participants:goals", args=[participant.pk])


def _noted(request: Asked, lines: list[GoalLine], at: datetime) -> None:
    rows = [Goal(pk=line.id) for line in lines]
    if rows:
        record_each("goal.read", by=request.user, at=at, objs=rows, program_id=request.program.pk)
