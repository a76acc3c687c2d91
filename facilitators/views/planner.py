"""Pages about facilitators for those who plan, and the record that each of them may open."""

from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
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
from facilitators.models import Availability, Leave, Stage
from facilitators.queries.availability import days_words
from facilitators.queries.facilitators import facilitator_record, people, supervisor_choices
from facilitators.signals import sessions_in
from facilitators.views.record_page import (
    EDIT,
    JUDGES,
    PLANNERS,
    RECORD,
    act,
    back_to,
    belonging,
    confirm_page,
    facilitator_of,
    form_page,
)
from phpsupport.access.asked import Asked
from phpsupport.access.gate import allow, require
from phpsupport.access.scope import scope_of
from phpsupport.lib import clock, wording
from phpsupport.lib.clock import local_date


# --- the list and the record ----------------------------------------------------------------------
@allow(*PLANNERS)
def people_list(request: Asked) -> HttpResponse:
    program = request.program
    chosen = PeopleFilter(request.GET or None)
    chosen.is_valid() if chosen.is_bound else None
    wanted = getattr(chosen, "cleaned_data", {}) or {}
    found = people(request.user, program, clock.now(), wanted=wanted)
    return render(
        request,
        "facilitators/records/list.html",
        {
            "people": found,
            "wanted": {name: request.GET.get(name, "") for name in PeopleFilter.base_fields},
            "filtered": any(wanted.values()),
            "stages": Stage.choices,
            "subtitle": wording.count(found.total, "facilitator"),
            "to_board": scope_of(request.user).has(program.pk, *JUDGES),
        },
    )


@allow(*RECORD)
def detail(request: Asked, pk: UUID) -> HttpResponse:
    facilitator = facilitator_of(request, pk)
    user = request.user
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
def add(request: Asked) -> HttpResponse:
    program = request.program
    at = clock.now()
    form = AddFacilitatorForm(
        request.POST or None,
        supervisors=supervisor_choices(program, local_date(at, program.zone)),
        cancel=reverse("facilitators:list"),
    )
    take_on = partial(people_actions.add_facilitator, program=program, by=request.user, at=at)
    if form.carry_out(take_on):
        messages.success(
            request,
            f"{form.outcome.user.name} is on record. Next: their trainings and certification. "
            "The program lead can invite them under People and roles.",
        )
        return redirect(back_to(form.outcome))
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
def edit(request: Asked, pk: UUID) -> HttpResponse:
    facilitator = facilitator_of(request, pk)
    require(policies.can_edit_facilitator(request.user, facilitator))
    form = FactsForm(
        request.POST or None, initial=FactsForm.of(facilitator), cancel=back_to(facilitator)
    )
    update = partial(
        people_actions.update_facilitator, facilitator=facilitator, by=request.user, at=clock.now()
    )
    if form.carry_out(update):
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
def stage(request: Asked, pk: UUID) -> HttpResponse:
    facilitator = facilitator_of(request, pk)
    require(policies.can_change_stage(request.user, facilitator))
    form = StageForm(
        request.POST or None, initial={"stage": facilitator.stage}, cancel=back_to(facilitator)
    )
    change = partial(
        people_actions.change_stage, facilitator=facilitator, by=request.user, at=clock.now()
    )
    if form.carry_out(change):
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
def supervisor(request: Asked, pk: UUID) -> HttpResponse:
    facilitator = facilitator_of(request, pk)
    require(policies.can_edit_facilitator(request.user, facilitator))
    at = clock.now()
    today = local_date(at, facilitator.program.zone)
    form = SupervisorForm(
        request.POST or None,
        supervisors=supervisor_choices(facilitator.program, today).exclude(pk=facilitator.user_id),
        initial={"supervisor": facilitator.supervisor_id},
        cancel=back_to(facilitator),
    )
    assign = partial(
        people_actions.assign_supervisor, facilitator=facilitator, by=request.user, at=at
    )
    if form.carry_out(assign):
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
def availability(request: Asked, pk: UUID) -> HttpResponse:
    facilitator = facilitator_of(request, pk)
    require(policies.can_plan_time(request.user, facilitator))
    form = AvailabilityForm(
        request.POST or None,
        hours=Availability.objects.filter(facilitator=facilitator),
        cancel=back_to(facilitator),
    )

    def keep(**_: Any) -> None:
        time_actions.set_availability(
            facilitator=facilitator, hours=form.hours, by=request.user, at=clock.now()
        )

    if form.carry_out(keep):
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
def leave_add(request: Asked, pk: UUID) -> HttpResponse:
    facilitator = facilitator_of(request, pk)
    require(policies.can_plan_time(request.user, facilitator))
    form = LeaveForm(request.POST or None, cancel=back_to(facilitator))
    at = clock.now()
    take = partial(time_actions.add_leave, facilitator=facilitator, by=request.user, at=at)
    if form.carry_out(take):
        said = days_words(form.cleaned_data["from_on"], form.cleaned_data["until_on"])
        touched = sessions_in(form.outcome, at)
        if touched and scope_of(request.user).has(facilitator.program_id, *PLANNERS):
            messages.success(
                request, f"Leave is recorded: {said}. Say what becomes of each session."
            )
            return redirect("sessions:leave", pk=form.outcome.pk)
        told = ""
        if touched:
            told = f" {wording.count(touched, 'session falls', 'sessions fall')} into it: who plans was told."
        messages.success(request, f"Leave is recorded: {said}.{told}")
        return redirect(back_to(facilitator, "#leave"))
    return form_page(
        request,
        facilitator,
        form,
        title=f"Leave for {facilitator.user.name}",
        subtitle="No reason is asked. Both days are included.",
    )


@allow(*RECORD, methods=EDIT)
def leave_cancel(request: Asked, pk: UUID, leave: UUID) -> HttpResponse:
    facilitator = facilitator_of(request, pk)
    require(policies.can_plan_time(request.user, facilitator))
    row: Leave = belonging(Leave, facilitator, leave)
    at: datetime = clock.now()
    if request.method == "POST":
        act(
            request,
            "The leave is cancelled.",
            lambda: time_actions.cancel_leave(leave=row, by=request.user, at=at),
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
