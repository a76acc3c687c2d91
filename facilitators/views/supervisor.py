"""Pages for supervisors and program leads: the board, training, certification, clearance."""

from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from facilitators import policies
from facilitators.actions import clearance as clearance_actions
from facilitators.actions import training as training_actions
from facilitators.forms.clearance import OverrideForm
from facilitators.forms.training import CertificationForm, DayForm, RequirementForm, TrainingForm
from facilitators.models import (
    Certification,
    ClearanceOverride,
    Facilitator,
    TrainingRecord,
    TrainingRequirement,
)
from facilitators.queries.availability import days_words
from facilitators.queries.board import board as board_of
from facilitators.queries.facilitators import facilitator_record
from facilitators.queries.training import Matrix, requirement_rows
from facilitators.queries.training import matrix as matrix_of
from facilitators.views.record_page import (
    EDIT,
    JUDGES,
    act,
    back_to,
    belonging,
    confirm_page,
    facilitator_of,
    form_page,
)
from phpsupport.access.asked import Asked, today_of
from phpsupport.access.gate import allow, load, require
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.audit.trail import record
from phpsupport.lib import clock, wording
from phpsupport.lib.clock import local_date
from phpsupport.lib.sheets import csv_file

TRAINING = (Role.SUPERVISOR, Role.PROGRAM_LEAD, Role.SCHEDULER)


# --- board ----------------------------------------------------------------------------------------
@allow(*JUDGES)
def board(request: Asked) -> HttpResponse:
    found = board_of(request.user, request.program, clock.now())
    return render(request, "facilitators/board/board.html", {"board": found})


# --- matrix ---------------------------------------------------------------------------------------
def _matrix(request: Asked) -> tuple[Matrix, DayForm]:
    program = request.program
    today = local_date(clock.now(), program.zone)
    form = DayForm(request.GET if "on" in request.GET else None, initial={"on": today})
    chosen = form.cleaned_data.get("on") if form.is_bound and form.is_valid() else None
    user = request.user
    may_record = scope_of(user).has(program.pk, *JUDGES)
    return matrix_of(user, program, chosen or today, may_record=may_record), form


@allow(*TRAINING)
def matrix(request: Asked) -> HttpResponse:
    found, form = _matrix(request)
    today = today_of(request)
    return render(
        request,
        "facilitators/training/matrix.html",
        {
            "matrix": found,
            "form": form,
            "day": wording.day(found.day, year=True),
            "is_today": found.day == today,
            "day_error": form.errors.get("on", [""])[0] if form.is_bound else "",
            "may_set": scope_of(request.user).has(request.program.pk, *JUDGES),
        },
    )


@allow(*TRAINING)
def matrix_export(request: Asked) -> HttpResponse:
    found, _ = _matrix(request)
    record(
        "training.exported",
        by=request.user,
        at=clock.now(),
        program_id=request.program.pk,
        rows=len(found.rows),
    )
    return csv_file(found.lines(), f"training-{found.day.isoformat()}")


# --- requirements ---------------------------------------------------------------------------------
@allow(*TRAINING)
def requirements(request: Asked) -> HttpResponse:
    return _requirements(request, RequirementForm())


def _requirements(request: Asked, form: RequirementForm) -> HttpResponse:
    program = request.program
    asked, retired = requirement_rows(request.user, program)
    return render(
        request,
        "facilitators/training/requirements.html",
        {
            "asked": asked,
            "retired": retired,
            "form": form,
            "may_set": scope_of(request.user).has(program.pk, *JUDGES),
        },
        status=422 if form.is_bound else 200,
    )


@allow(*JUDGES, methods=("POST",))
def requirement_add(request: Asked) -> HttpResponse:
    form = RequirementForm(request.POST)
    add = partial(
        training_actions.add_requirement, program=request.program, by=request.user, at=clock.now()
    )
    if form.carry_out(add):
        messages.success(request, f"{form.cleaned_data['name']} is asked of facilitators now.")
        return redirect("facilitators:requirements")
    return _requirements(request, form)


@allow(*JUDGES, methods=("POST",))
def requirements_seed(request: Asked) -> HttpResponse:
    made = training_actions.seed_requirements(
        program=request.program,
        by=request.user,
        at=clock.now(),
    )
    if made:
        messages.success(
            request,
            f"{wording.count(len(made), 'training area')} added. "
            "Check with your state or payer how long each counts.",
        )
    else:
        messages.info(request, "All training areas of the field are there already.")
    return redirect("facilitators:requirements")


@allow(*JUDGES, methods=EDIT)
def requirement_retire(request: Asked, pk: UUID) -> HttpResponse:
    rows = TrainingRequirement.objects.select_related("program__site")
    requirement = load(request, rows, pk)
    if request.method == "POST":
        act(
            request,
            f"{requirement.name} is not asked any more.",
            lambda: training_actions.retire_requirement(
                requirement=requirement,
                by=request.user,
                at=clock.now(),
            ),
        )
        return redirect("facilitators:requirements")
    return render(
        request,
        "facilitators/records/confirm.html",
        {
            "title": f"Ask “{requirement.name}” no more?",
            "sentence": "From today on nobody needs it to lead.",
            "effects": [
                "What people hold stays on record.",
                "Adding it again under the same name brings it back.",
            ],
            "button": "Ask it no more",
            "back": reverse("facilitators:requirements"),
            "back_words": "Requirements",
        },
    )


# --- training -------------------------------------------------------------------------------------
def _judged(request: Asked, pk: UUID) -> Facilitator:
    facilitator = facilitator_of(request, pk)
    require(policies.can_judge_training(request.user, facilitator))
    return facilitator


@allow(*JUDGES, methods=EDIT)
def training_add(request: Asked, pk: UUID) -> HttpResponse:
    facilitator = _judged(request, pk)
    form = TrainingForm(
        request.POST or None,
        program=facilitator.program,
        initial={"requirement": request.GET.get("requirement", "")[:40]},
        cancel=back_to(facilitator, "#trainings"),
    )
    note = partial(
        training_actions.record_training, facilitator=facilitator, by=request.user, at=clock.now()
    )
    if form.carry_out(note):
        messages.success(
            request,
            f"{form.cleaned_data['requirement'].name} is on record for {facilitator.user.name}.",
        )
        return redirect(back_to(facilitator, "#trainings"))
    return form_page(request, facilitator, form, title=f"Training of {facilitator.user.name}")


@allow(*JUDGES, methods=("POST",))
def training_verify(request: Asked, pk: UUID, training: UUID) -> HttpResponse:
    facilitator = _judged(request, pk)
    row: TrainingRecord = belonging(TrainingRecord, facilitator, training)
    act(
        request,
        "The certificate is verified.",
        lambda: training_actions.verify_training(training=row, by=request.user, at=clock.now()),
    )
    return redirect(back_to(facilitator, f"#t-{row.requirement_id}"))


@allow(*JUDGES, methods=EDIT)
def training_revoke(request: Asked, pk: UUID, training: UUID) -> HttpResponse:
    facilitator = _judged(request, pk)
    row: TrainingRecord = belonging(TrainingRecord, facilitator, training)
    if request.method == "POST":
        act(
            request,
            "The training counts no more. It stays on record.",
            lambda: training_actions.revoke_training(training=row, by=request.user, at=clock.now()),
        )
        return redirect(back_to(facilitator, f"#t-{row.requirement_id}"))
    return confirm_page(
        request,
        facilitator,
        title="Revoke a training",
        sentence=f"{row.requirement.name}, completed {wording.date_in_full(row.completed_on)}.",
        effects=[
            "It counts no more from today on, and sessions to come may need somebody else.",
            "It stays on record with the date.",
        ],
        button="Revoke it",
        stops=True,
        part="#trainings",
    )


# --- certification --------------------------------------------------------------------------------
@allow(*JUDGES, methods=EDIT)
def certification_add(request: Asked, pk: UUID) -> HttpResponse:
    facilitator = _judged(request, pk)
    form = CertificationForm(request.POST or None, cancel=back_to(facilitator, "#certification"))
    note = partial(
        training_actions.record_certification,
        facilitator=facilitator,
        by=request.user,
        at=clock.now(),
    )
    if form.carry_out(note):
        messages.success(request, f"The certification of {facilitator.user.name} is on record.")
        return redirect(back_to(facilitator, "#certification"))
    return form_page(request, facilitator, form, title=f"Certification of {facilitator.user.name}")


@allow(*JUDGES, methods=EDIT)
def certification_revoke(request: Asked, pk: UUID, certification: UUID) -> HttpResponse:
    facilitator = _judged(request, pk)
    row: Certification = belonging(Certification, facilitator, certification)
    if request.method == "POST":
        act(
            request,
            "The certification counts no more. It stays on record.",
            lambda: training_actions.revoke_certification(
                certification=row,
                by=request.user,
                at=clock.now(),
            ),
        )
        return redirect(back_to(facilitator, "#certification"))
    return confirm_page(
        request,
        facilitator,
        title="Revoke a certification",
        sentence=f"{row.get_kind_display()} {row.number}, valid through "
        f"{wording.date_in_full(row.expires_on)}.",
        effects=[
            f"{facilitator.user.name} may not lead from today on, unless another one is valid.",
            "It stays on record with the date.",
        ],
        button="Revoke it",
        stops=True,
        part="#certification",
    )


# --- clearance all the same -----------------------------------------------------------------------
@allow(*JUDGES, methods=EDIT)
def override(request: Asked, pk: UUID) -> HttpResponse:
    facilitator = facilitator_of(request, pk)
    require(policies.can_override_clearance(request.user, facilitator))
    at = clock.now()
    today = local_date(at, facilitator.program.zone)
    form = OverrideForm(
        request.POST or None,
        initial={"from_on": today},
        cancel=back_to(facilitator, "#clearance"),
    )
    give = partial(
        clearance_actions.give_clearance_override, facilitator=facilitator, by=request.user, at=at
    )
    if form.carry_out(give):
        said = days_words(form.cleaned_data["from_on"], form.cleaned_data["until_on"])
        messages.success(
            request, f"{facilitator.user.name} may lead {said}. The reason is on record."
        )
        return redirect(back_to(facilitator, "#clearance"))
    return form_page(
        request,
        facilitator,
        form,
        title=f"Allow {facilitator.user.name} to lead",
        subtitle="Although something is missing. Leave and the end of work are never lifted.",
        clearance=facilitator_record(facilitator, at).clearance,
    )


@allow(*JUDGES, methods=EDIT)
def override_withdraw(request: Asked, pk: UUID, override: UUID) -> HttpResponse:
    facilitator = facilitator_of(request, pk)
    require(policies.can_override_clearance(request.user, facilitator))
    row: ClearanceOverride = belonging(ClearanceOverride, facilitator, override)
    if request.method == "POST":
        act(
            request,
            "It is withdrawn. The reason stays on record.",
            lambda: clearance_actions.withdraw_clearance_override(
                override=row,
                by=request.user,
                at=clock.now(),
            ),
        )
        return redirect(back_to(facilitator, "#clearance"))
    return confirm_page(
        request,
        facilitator,
        title="Withdraw the permission",
        sentence=f"{facilitator.user.name} may lead {days_words(row.from_on, row.until_on)}: {row.reason}",
        effects=["It counts no more from today on.", "The days before stay as they were."],
        button="Withdraw it",
        stops=True,
        part="#clearance",
    )
