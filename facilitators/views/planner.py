"""Pages about facilitators for those who plan, and the record that each of them may open."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from facilitators import policies
from facilitators.actions import availability as time_actions
from facilitators.actions import facilitators as people_actions
from facilitators.forms.availability import AvailabilityForm, LeaveForm
from facilitators.forms.facilitators import (
    AddFacilitatorForm,
    FactsForm,
    PeopleFilter,
    StageForm,
    SupervisorForm,
)
from facilitators.forms.training import DayForm
from facilitators.models import Availability, Facilitator, Leave, Stage
from facilitators.queries.availability import days_words
from facilitators.queries.facilitators import facilitator_record, people, supervisor_choices
from phpsupport.access.gate import NOT_HERE, allow, load, require
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.lib import clock, wording
from phpsupport.lib.clock import local_date
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import Program
from phpsupport.users.models import User

EDIT = ("GET", "POST")
PLANNERS = (Role.SCHEDULER, Role.PROGRAM_LEAD)
RECORD = (Role.SCHEDULER, Role.PROGRAM_LEAD, Role.SUPERVISOR, Role.FACILITATOR)
JUDGES = (Role.SUPERVISOR, Role.PROGRAM_LEAD)


# --- what these pages share -----------------------------------------------------------------------
def person(request: HttpRequest) -> User:
    """Who asks; behind the gate always somebody with an account."""
    return cast(User, request.user)


def place(request: HttpRequest) -> Program:
    """The program that the page is about."""
    return cast(Program, request.program)  # type: ignore[attr-defined]


def facilitator_of(request: HttpRequest, pk: UUID) -> Facilitator:
    """The facilitator if this person may see the row, with program, site and account."""
    rows = Facilitator.objects.select_related("program__site", "user", "supervisor")
    return load(request, rows, pk)


def belonging(model: type[models.Model], facilitator: Facilitator, pk: UUID) -> Any:
    """A row of this facilitator, else the constant 404."""
    found = model._default_manager.filter(facilitator=facilitator, pk=pk).first()
    if found is None:
        raise Http404(NOT_HERE)
    return found


def back_to(facilitator: Facilitator, part: str = "") -> str:
    return reverse("facilitators:detail", args=[facilitator.pk]) + part


def act(request: HttpRequest, done: str, action: Callable[[], Any]) -> None:
    """Run an action that has no form; say what happened, or why not."""
    try:
        action()
    except Refused as refusal:
        messages.warning(request, refusal.sentence)
    else:
        messages.success(request, done)


def form_page(
    request: HttpRequest, facilitator: Facilitator | None, form: Any, **words: Any
) -> HttpResponse:
    """A page with one form; what was typed stays, an invalid one answers 422."""
    return render(
        request,
        "facilitators/records/form.html",
        {"facilitator": facilitator, "form": form, **words},
        status=422 if form.is_bound else 200,
    )


def confirm_page(request: HttpRequest, facilitator: Facilitator, **words: Any) -> HttpResponse:
    """A page that says what will happen before it does."""
    return render(
        request, "facilitators/records/confirm.html", {"facilitator": facilitator, **words}
    )


def saved(form: Any, action: Callable[[], Any]) -> bool:
    """Run the action for a valid form; a refusal goes beside its field."""
    if not form.is_valid():
        return False
    try:
        action()
    except Refused as refusal:
        form.refuse(refusal)
        return False
    return True


# --- the list and the record ----------------------------------------------------------------------
@allow(*PLANNERS)
def people_list(request: HttpRequest) -> HttpResponse:
    program = place(request)
    chosen = PeopleFilter(request.GET or None)
    chosen.is_valid() if chosen.is_bound else None
    wanted = getattr(chosen, "cleaned_data", {}) or {}
    found = people(person(request), program, clock.now(), wanted=wanted)
    return render(
        request,
        "facilitators/records/list.html",
        {
            "people": found,
            "wanted": {name: request.GET.get(name, "") for name in PeopleFilter.base_fields},
            "filtered": any(wanted.values()),
            "stages": Stage.choices,
            "subtitle": wording.count(found.total, "facilitator"),
            "to_board": scope_of(person(request)).has(program.pk, *JUDGES),
        },
    )


@allow(*RECORD)
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    facilitator = facilitator_of(request, pk)
    user = person(request)
    require(policies.can_open_record(user, facilitator))
    day = DayForm(request.GET if "on" in request.GET else None)
    on = day.cleaned_data.get("on") if day.is_bound and day.is_valid() else None
    record = facilitator_record(facilitator, clock.now(), on=on)
    scope = scope_of(user)
    return render(
        request,
        "facilitators/records/detail.html",
        {
            "record": record,
            "facilitator": facilitator,
            "day_error": day.errors.get("on", [""])[0] if day.is_bound else "",
            "on": request.GET.get("on", "")[:20],
            "may_edit": policies.can_edit_facilitator(user, facilitator) is None,
            "may_stage": policies.can_change_stage(user, facilitator) is None,
            "may_train": policies.can_judge_training(user, facilitator) is None,
            "may_override": policies.can_override_clearance(user, facilitator) is None,
            "own": facilitator.user_id == user.pk,
            "to_list": scope.has(facilitator.program_id, *PLANNERS),
            "to_board": scope.has(facilitator.program_id, *JUDGES),
        },
    )


@allow(*PLANNERS, methods=EDIT)
def add(request: HttpRequest) -> HttpResponse:
    program = place(request)
    at = clock.now()
    form = AddFacilitatorForm(
        request.POST or None,
        supervisors=supervisor_choices(program, local_date(at, program.zone)),
        cancel=reverse("facilitators:list"),
    )
    made: list[Facilitator] = []

    def action() -> None:
        made.append(
            people_actions.add_facilitator(
                program=program, by=person(request), at=at, **form.cleaned_data
            )
        )

    if request.method == "POST" and saved(form, action):
        messages.success(
            request,
            f"{made[0].user.name} is on record. Next: their trainings and certification. "
            "The program lead can invite them under People and roles.",
        )
        return redirect(back_to(made[0]))
    return form_page(
        request,
        None,
        form,
        title="New facilitator",
        subtitle=f"In {program.name}",
        back=reverse("facilitators:list"),
        back_words="Facilitators",
    )


@allow(*PLANNERS, methods=EDIT)
def edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    facilitator = facilitator_of(request, pk)
    require(policies.can_edit_facilitator(person(request), facilitator))
    form = FactsForm(
        request.POST or None, initial=FactsForm.of(facilitator), cancel=back_to(facilitator)
    )

    def action() -> None:
        people_actions.update_facilitator(
            facilitator=facilitator, by=person(request), at=clock.now(), **form.cleaned_data
        )

    if request.method == "POST" and saved(form, action):
        messages.success(request, f"The record of {facilitator.user.name} is saved.")
        return redirect(back_to(facilitator))
    return form_page(
        request,
        facilitator,
        form,
        title=f"Edit {facilitator.user.name}",
        subtitle="Everybody changes their own name and pronouns in their profile.",
    )


@allow(*JUDGES, methods=EDIT)
def stage(request: HttpRequest, pk: UUID) -> HttpResponse:
    facilitator = facilitator_of(request, pk)
    require(policies.can_change_stage(person(request), facilitator))
    form = StageForm(
        request.POST or None, initial={"stage": facilitator.stage}, cancel=back_to(facilitator)
    )

    def action() -> None:
        people_actions.change_stage(
            facilitator=facilitator,
            stage=form.cleaned_data["stage"],
            by=person(request),
            at=clock.now(),
        )

    if request.method == "POST" and saved(form, action):
        label = Stage(form.cleaned_data["stage"]).label
        messages.success(request, f"{facilitator.user.name} is now at the stage “{label}”.")
        return redirect(back_to(facilitator))
    return form_page(
        request,
        facilitator,
        form,
        title=f"Stage of {facilitator.user.name}",
        subtitle="The program’s rules say from which stage on somebody may lead. “Ended” closes their access at once.",
    )


@allow(*PLANNERS, methods=EDIT)
def supervisor(request: HttpRequest, pk: UUID) -> HttpResponse:
    facilitator = facilitator_of(request, pk)
    require(policies.can_edit_facilitator(person(request), facilitator))
    at = clock.now()
    today = local_date(at, facilitator.program.zone)
    form = SupervisorForm(
        request.POST or None,
        supervisors=supervisor_choices(facilitator.program, today).exclude(pk=facilitator.user_id),
        initial={"supervisor": facilitator.supervisor_id},
        cancel=back_to(facilitator),
    )

    def action() -> None:
        people_actions.assign_supervisor(
            facilitator=facilitator,
            supervisor=form.cleaned_data["supervisor"],
            by=person(request),
            at=at,
        )

    if request.method == "POST" and saved(form, action):
        chosen = form.cleaned_data["supervisor"]
        name = facilitator.user.name
        messages.success(
            request,
            f"{chosen.name} supervises {name}." if chosen else f"{name} has no supervisor now.",
        )
        return redirect(back_to(facilitator))
    return form_page(request, facilitator, form, title=f"Supervisor of {facilitator.user.name}")


# --- hours and days away --------------------------------------------------------------------------
@allow(*RECORD, methods=EDIT)
def availability(request: HttpRequest, pk: UUID) -> HttpResponse:
    facilitator = facilitator_of(request, pk)
    require(policies.can_plan_time(person(request), facilitator))
    form = AvailabilityForm(
        request.POST or None,
        hours=Availability.objects.filter(facilitator=facilitator),
        cancel=back_to(facilitator),
    )

    def action() -> None:
        time_actions.set_availability(
            facilitator=facilitator, hours=form.hours, by=person(request), at=clock.now()
        )

    if request.method == "POST" and saved(form, action):
        messages.success(request, "The hours are saved.")
        return redirect(back_to(facilitator, "#hours"))
    return form_page(
        request,
        facilitator,
        form,
        title=f"Hours of {facilitator.user.name}",
        subtitle="When they can take groups. Without any hours there are no limits.",
    )


@allow(*RECORD, methods=EDIT)
def leave_add(request: HttpRequest, pk: UUID) -> HttpResponse:
    facilitator = facilitator_of(request, pk)
    require(policies.can_plan_time(person(request), facilitator))
    form = LeaveForm(request.POST or None, cancel=back_to(facilitator))

    def action() -> None:
        time_actions.add_leave(
            facilitator=facilitator,
            from_on=form.cleaned_data["from_on"],
            until_on=form.cleaned_data["until_on"],
            by=person(request),
            at=clock.now(),
        )

    if request.method == "POST" and saved(form, action):
        said = days_words(form.cleaned_data["from_on"], form.cleaned_data["until_on"])
        messages.success(request, f"Leave is recorded: {said}.")
        return redirect(back_to(facilitator, "#leave"))
    return form_page(
        request,
        facilitator,
        form,
        title=f"Leave for {facilitator.user.name}",
        subtitle="No reason is asked. Both days are included.",
    )


@allow(*RECORD, methods=EDIT)
def leave_cancel(request: HttpRequest, pk: UUID, leave: UUID) -> HttpResponse:
    facilitator = facilitator_of(request, pk)
    require(policies.can_plan_time(person(request), facilitator))
    row: Leave = belonging(Leave, facilitator, leave)
    at: datetime = clock.now()
    if request.method == "POST":
        act(
            request,
            "The leave is cancelled.",
            lambda: time_actions.cancel_leave(leave=row, by=person(request), at=at),
        )
        return redirect(back_to(facilitator, "#leave"))
    begun = row.from_on < local_date(at, facilitator.program.zone)
    return confirm_page(
        request,
        facilitator,
        title="Cancel leave",
        sentence=f"{facilitator.user.name} is away {days_words(row.from_on, row.until_on)}.",
        effects=[
            "It ends with yesterday; the days before stay on record."
            if begun
            else "They can be planned on these days again.",
        ],
        button="Cancel the leave",
        part="#leave",
    )
