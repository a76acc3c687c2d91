"""The curriculum of a group: its steps in their order, and placing them anew on a series."""

from datetime import date
from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse

from phpsupport.access.asked import Asked, today_of
from phpsupport.access.gate import allow, load
from phpsupport.lib import clock, wording
from sessions.actions import curriculum as actions
from sessions.forms.curriculum import PlaceStepsForm, StepForm
from sessions.grants import PLANNERS
from sessions.models import CurriculumItem, GroupSession, SupportGroup
from sessions.queries.curriculum import Curriculum, curriculum_of, replaced
from sessions.views.changes import after_act
from sessions.views.form_page import form_page
from sessions.views.roster import load_series

EDIT = ("GET", "POST")
SHOWN = 8


@allow(*PLANNERS, methods=EDIT)
def curriculum(request: Asked, pk: UUID) -> HttpResponse:
    """The steps of a group, with a line to add one."""
    found = load(request, SupportGroup, pk)
    form = StepForm(request.POST or None)
    form.submit = "Add the step"
    add = partial(actions.add_step, group=found, by=request.user, at=clock.now())
    if form.carry_out(add):
        messages.success(request, f"“{form.outcome.title}” is the last step now.")
        return redirect("sessions:curriculum", pk)
    lines = curriculum_of(found, at=clock.now(), zone=request.program.zone)
    return render(
        request,
        "sessions/planner/curriculum.html",
        {
            "group": found,
            "form": form,
            "curriculum": lines,
            "focus": _focus(request.GET, lines),
        },
    )


def _focus(asked: QueryDict, lines: Curriculum) -> str:
    """The button that has the focus: the one just pressed, or its twin at an end of the list."""
    moved, way = asked.get("moved"), asked.get("way")
    for line in lines.steps:
        if str(line.id) == moved and not (line.first and line.last):
            way = "down" if line.first else "up" if line.last else way
            return f"{way}-{line.id}"
    return ""


def _step(request: Asked, pk: UUID) -> CurriculumItem:
    return load(request, CurriculumItem.objects.select_related("group__program"), pk)  # type: ignore[arg-type]


@allow(*PLANNERS, methods=EDIT)
def step(request: Asked, pk: UUID) -> HttpResponse:
    """Name a step otherwise."""
    found = _step(request, pk)
    every = reverse("sessions:curriculum", args=[found.group_id])
    form = StepForm(
        request.POST or None,
        initial={"title": found.title, "materials": found.materials},
        cancel=every,
    )
    edit = partial(actions.edit_step, step=found, by=request.user, at=clock.now())
    if form.carry_out(edit):
        messages.success(request, "The step is changed, also where it stands on a date.")
        return redirect(every)
    return form_page(request, form, f"Edit “{found.title}”", back=("Curriculum", every))


@allow(*PLANNERS, methods=("POST",))
def step_move(request: Asked, pk: UUID) -> HttpResponse:
    """Let a step change places with its neighbour."""
    found = _step(request, pk)
    way = "up" if request.POST.get("way") == "up" else "down"
    if not actions.move_step(step=found, up=way == "up", by=request.user, at=clock.now()):
        messages.warning(request, f"“{found.title}” stands there already.")
    every = reverse("sessions:curriculum", args=[found.group_id])
    # The same button has the focus again; with a fragment in the address browsers would not give it.
    return redirect(f"{every}?moved={pk}&way={way}")


@allow(*PLANNERS, methods=("POST",))
def step_retire(request: Asked, pk: UUID) -> HttpResponse:
    """Take a step out of the curriculum, or put it back."""
    found = _step(request, pk)
    by, at = request.user, clock.now()
    if "again" in request.POST:
        actions.use_step_again(step=found, by=by, at=at)
        messages.success(request, f"“{found.title}” is part of the curriculum again.")
    else:
        actions.retire_step(step=found, on=today_of(request), by=by, at=at)
        messages.success(
            request,
            f"“{found.title}” is taken out. Sessions on which it stands keep it until the steps "
            "of their series are placed anew.",
        )
    return redirect("sessions:curriculum", found.group_id)


@allow(*PLANNERS, methods=EDIT)
def place_steps(request: Asked, pk: UUID) -> HttpResponse:
    """Place the steps of a series anew on its coming sessions."""
    found = load_series(request, pk)
    here = reverse("sessions:series", args=[pk])
    form = PlaceStepsForm(
        request.POST or None, series=found, initial=_beginning(request, pk), cancel=here
    )
    at = clock.now()
    if form.carry_out(partial(actions.place_steps, series=found, by=request.user, at=at)):
        return after_act(request, "sessions:series", pk, at=at)
    steps = list(form.fields["first_item"].queryset)  # type: ignore[attr-defined]
    intro = [
        "Sessions that were held, or have attendance or notes, keep their step.",
        "Coming sessions take the steps in their order, from the day and the step you choose.",
    ]
    if steps and request.method == "GET":
        first = next((s for s in steps if s.pk == form.initial.get("first_item")), steps[0])
        day: date = form.initial["from_on"]
        intro += _will_be(replaced(found, from_on=day, first_item=first, at=at))
    return form_page(
        request, form, f"Steps of {found.group.name}", back=(found.group.name, here), intro=intro,
        stop="" if steps else "This group has no curriculum yet. Add its steps on the group's page.",
    )  # fmt: skip


def _beginning(request: Asked, pk: UUID) -> dict[str, object]:
    """Where the steps begin: after the cancelled session that the address names, else today."""
    initial: dict[str, object] = {"from_on": today_of(request)}
    try:
        chosen = UUID(request.GET.get("session", ""))
    except ValueError:
        return initial
    lost = GroupSession.objects.filter(pk=chosen, series_id=pk).first()
    if lost is not None and lost.item_id:
        initial = {"from_on": max(lost.local_date, today_of(request)), "first_item": lost.item_id}
    return initial


def _will_be(placing: list[tuple[GroupSession, CurriculumItem | None]]) -> list[str]:
    lines = [
        f"{wording.day(s.local_date, year=True)} would take {step.title if step else 'no step'}."
        for s, step in placing[:SHOWN]
    ]
    if len(placing) > SHOWN:
        lines.append(f"And {len(placing) - SHOWN} more, in the same order.")
    return lines or ["No session that is still open follows on that day."]
