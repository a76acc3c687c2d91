"""A facilitator's own practice, phone first."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from facilitators.actions import check_ins as check_in_actions
from facilitators.actions.practice import flag_non_peer_work
from facilitators.forms.check_ins import CheckInForm
from facilitators.forms.practice import DriftForm
from facilitators.models import CheckIn, Facilitator
from facilitators.policies import can_answer_check_in
from facilitators.queries.check_ins import answer_page
from facilitators.queries.practice import practice
from phpsupport.access.gate import NOT_HERE, allow, load, require
from phpsupport.access.roles import Role
from phpsupport.lib import clock
from phpsupport.lib.errors import Refused

ASKED = CheckIn.objects.select_related("facilitator__program__site", "facilitator__user")


@allow(Role.FACILITATOR)
def my_practice(request: HttpRequest) -> HttpResponse:
    """Trainings, clearance, supervision, check-ins, leave."""
    found = practice(request.user, request.program, clock.now())  # type: ignore[arg-type,attr-defined]
    context = {"practice": found, "drift": DriftForm()}
    return render(request, "facilitators/practice/mine.html", context)


@allow(Role.FACILITATOR, methods=("POST",))
def non_peer_work(request: HttpRequest) -> HttpResponse:
    """Say that one was asked to do work that is not peer work: the second of two clicks."""
    program = request.program  # type: ignore[attr-defined]
    facilitator = (
        Facilitator.objects.visible_to(request.user)  # type: ignore[arg-type, misc]
        .filter(user=request.user, program=program)
        .select_related("program__site", "user")
        .first()
    )
    if facilitator is None:
        raise Http404(NOT_HERE)
    form = DriftForm(request.POST)
    if form.is_valid():
        flag_non_peer_work(
            facilitator=facilitator,
            by=request.user,  # type: ignore[arg-type]
            at=clock.now(),
            kind=form.cleaned_data["kind"],
            key=form.cleaned_data["key"],
        )
        messages.success(request, "Noted, thank you. Somebody looks at it and comes back to you.")
    else:
        messages.warning(request, "That did not arrive. Choose again which work it was.")
    return redirect("facilitators:my-practice")


@allow(Role.FACILITATOR, methods=("GET", "POST"))
def check_in(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Answer a check-in, or read one's own answer."""
    asked = load(request, ASKED, pk, read=False)
    require(can_answer_check_in(request.user, asked))  # type: ignore[arg-type]
    form = CheckInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            check_in_actions.answer_check_in(
                check_in=asked,
                by=request.user,  # type: ignore[arg-type]
                at=clock.now(),
                **form.cleaned_data,
            )
        except Refused as refusal:
            messages.warning(request, refusal.sentence)
            return redirect("facilitators:check-in", pk=asked.pk)
        messages.success(request, "Thank you. Your supervisor can read it now.")
        return redirect("facilitators:my-practice")
    context = {"page": answer_page(asked), "form": form}
    return render(request, "facilitators/practice/check_in.html", context)
