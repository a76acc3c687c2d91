"""Supervision: who is due, plan one, write it down, sign it. The answers to check-ins."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime

from facilitators.actions import check_ins as check_in_actions
from facilitators.actions import supervision as actions
from facilitators.forms.supervision import PlanForm, RecordForm
from facilitators.models import CheckIn, Supervision
from facilitators.policies import (
    can_cancel_supervision,
    can_see_to_support,
    can_sign_supervision,
    can_write_supervision,
)
from facilitators.queries import check_ins as check_in_queries
from facilitators.queries import supervision as queries
from facilitators.queries.concerns import REVIEWING
from phpsupport.access.gate import allow, load, require
from phpsupport.access.roles import Role
from phpsupport.lib import clock
from phpsupport.lib.errors import Refused

WHOLE = Supervision.objects.select_related(
    "facilitator__program__site", "facilitator__user", "supervisor"
)
ANSWERED = CheckIn.objects.select_related("facilitator__program__site", "facilitator__user")


def _uuid(text: str) -> UUID | None:
    """An id from an address; None for anything else."""
    try:
        return UUID(text)
    except ValueError:
        return None


@allow(*REVIEWING)
def supervision_list(request: HttpRequest) -> HttpResponse:
    """Everybody, the most overdue first; what is planned; what was held."""
    found = queries.supervision_list(
        request.user,  # type: ignore[arg-type]
        request.program,  # type: ignore[attr-defined]
        clock.now(),
        only=_uuid(request.GET.get("facilitator", "")),
    )
    return render(request, "facilitators/supervision/list.html", {"supervision": found})


@allow(*REVIEWING, methods=("GET", "POST"))
def plan(request: HttpRequest) -> HttpResponse:
    """Plan a supervision."""
    program = request.program  # type: ignore[attr-defined]
    people = queries.supervised_by(request.user, program).select_related("user", "supervisor")  # type: ignore[arg-type]
    chosen = _uuid(request.GET.get("facilitator", ""))
    form = PlanForm(
        request.POST or None,
        facilitators=people.order_by("user__first_name", "user__last_name"),
        zone=program.zone,
        initial={"facilitator": chosen},
    )
    if request.method == "POST" and form.is_valid():
        facilitator = form.cleaned_data["facilitator"]
        try:
            planned = actions.plan_supervision(
                facilitator=facilitator,
                # A lead plans for the facilitator's supervisor, or takes it on.
                supervisor=facilitator.supervisor or request.user,  # type: ignore[arg-type]
                starts_at=form.cleaned_data["starts_at"],
                minutes=form.cleaned_data["minutes"],
                mode=form.cleaned_data["mode"],
                by=request.user,  # type: ignore[arg-type]
                at=clock.now(),
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, f"Planned. {facilitator.user.name} is told the time.")
            return redirect("facilitators:supervision-detail", pk=planned.pk)
    return render(request, "facilitators/supervision/new.html", {"form": form, "people": people})


@allow(*REVIEWING, Role.FACILITATOR, methods=("GET", "POST"))
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The agenda and the record; the supervisor writes here."""
    supervision = load(request, WHOLE, pk, read=request.method == "GET")
    if request.method == "POST":
        require(can_write_supervision(request.user, supervision))  # type: ignore[arg-type]
    now = clock.now()
    page = queries.supervision_page(supervision, request.user, now)  # type: ignore[arg-type]
    form = None
    if page.can_write or request.method == "POST":
        form = _record_form(request, supervision)
    if request.method == "POST" and form is not None and form.is_valid():
        words = {
            name: value
            for name, value in form.cleaned_data.items()
            if name not in ("next_on", "next_starts")
        }
        try:
            written = actions.write_supervision(
                supervision=supervision,
                by=request.user,  # type: ignore[arg-type]
                at=now,
                **words,
            )
            if "sign" in request.POST:
                actions.sign_supervision(supervision=written, by=request.user, at=now)  # type: ignore[arg-type]
        except Refused as refusal:
            if refusal.code == "signed":
                messages.warning(request, refusal.sentence)
                return redirect("facilitators:supervision-detail", pk=supervision.pk)
            form.refuse(refusal)
        else:
            messages.success(
                request,
                f"Saved and signed. {supervision.facilitator.user.name} is asked to sign."
                if "sign" in request.POST
                else "Saved.",
            )
            return redirect("facilitators:supervision-detail", pk=supervision.pk)
    return render(request, "facilitators/supervision/detail.html", {"page": page, "form": form})


def _record_form(request: HttpRequest, supervision: Supervision) -> RecordForm:
    names = ("minutes", "mode", "competencies", *actions.TEXTS)
    return RecordForm(
        request.POST or None,
        zone=supervision.facilitator.program.zone,
        initial={name: getattr(supervision, name) for name in names},
    )


@allow(*REVIEWING, Role.FACILITATOR, methods=("POST",))
def sign(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Sign: the supervisor, then the facilitator."""
    supervision = load(request, WHOLE, pk, read=False)
    require(can_sign_supervision(request.user, supervision))  # type: ignore[arg-type]
    seen = request.POST.get("seen", "")
    try:
        actions.sign_supervision(
            supervision=supervision,
            by=request.user,  # type: ignore[arg-type]
            at=clock.now(),
            seen=parse_datetime(seen) if seen else None,
        )
    except (Refused, ValueError) as refusal:
        sentence = refusal.sentence if isinstance(refusal, Refused) else "Read it again, then sign."
        messages.warning(request, sentence)
    else:
        messages.success(request, "Signed. Thank you.")
    return redirect("facilitators:supervision-detail", pk=supervision.pk)


@allow(*REVIEWING, methods=("GET", "POST"))
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Say what will happen, then cancel a planned supervision."""
    supervision = load(request, WHOLE, pk, read=False)
    require(can_cancel_supervision(request.user, supervision))  # type: ignore[arg-type]
    now = clock.now()
    if request.method == "POST":
        try:
            actions.cancel_supervision(supervision=supervision, by=request.user, at=now)  # type: ignore[arg-type]
        except Refused as refusal:
            messages.warning(request, refusal.sentence)
            return redirect("facilitators:supervision-detail", pk=supervision.pk)
        messages.success(
            request,
            f"Cancelled. {supervision.facilitator.user.name} is told. Plan another one soon.",
        )
        return redirect("facilitators:supervision")
    page = queries.supervision_page(supervision, request.user, now)  # type: ignore[arg-type]
    return render(request, "facilitators/supervision/cancel.html", {"page": page})


# --- check-ins ------------------------------------------------------------------------------------
@allow(*REVIEWING)
def check_in_answer(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What a facilitator answered."""
    check_in = load(request, ANSWERED, pk)
    require(can_see_to_support(request.user, check_in))  # type: ignore[arg-type]
    page = check_in_queries.answer_page(check_in)
    return render(request, "facilitators/supervision/answer.html", {"page": page})


@allow(*REVIEWING, methods=("POST",))
def check_in_seen(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The supervisor has talked with them."""
    check_in = load(request, ANSWERED, pk, read=False)
    require(can_see_to_support(request.user, check_in))  # type: ignore[arg-type]
    try:
        check_in_actions.mark_support_seen(check_in=check_in, by=request.user, at=clock.now())  # type: ignore[arg-type]
    except Refused as refusal:
        messages.warning(request, refusal.sentence)
    else:
        messages.success(request, "Marked as seen to.")
    return redirect("facilitators:check-in-answer", pk=check_in.pk)
