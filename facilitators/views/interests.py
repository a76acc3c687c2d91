"""Conflicts of interest: the list, declaring one, ending one."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from facilitators.actions import interests as actions
from facilitators.forms.interests import InterestForm
from facilitators.models import ConflictOfInterest
from facilitators.policies import can_declare_interest, can_end_interest
from facilitators.queries import interests as queries
from participants.models import Participant
from phpsupport.access.asked import Asked
from phpsupport.access.gate import allow, load, require
from phpsupport.access.roles import Role
from phpsupport.lib import clock
from phpsupport.lib.errors import Refused

DECLARING = (Role.FACILITATOR, Role.SUPERVISOR, Role.PROGRAM_LEAD)
JUDGES = (Role.SUPERVISOR, Role.PROGRAM_LEAD)
WHOLE = ConflictOfInterest.objects.select_related(
    "program__site", "facilitator__user", "participant", "declared_by"
)


@allow(*DECLARING)
def interests(request: Asked) -> HttpResponse:
    """What one declared, and what those whom one supervises did."""
    context = {"declared": queries.declared(request.user, request.program)}
    return render(request, "facilitators/interests/list.html", context)


@allow(*DECLARING, methods=("GET", "POST"))
def declare(request: Asked) -> HttpResponse:
    """Choose a participant by name and say how the two know each other."""
    user, program = request.user, request.program
    words = request.POST.get("q", "").replace("\0", "").strip()[:80]
    finding = "find" in request.POST
    people = queries.may_declare_for(user, program)
    shown = queries.people_to_choose(user, program, words)
    own = len(people) == 1 and people[0].user_id == user.pk
    seen: Any = Participant.objects.visible_to(user)
    form = InterestForm(
        None if finding else request.POST or None, people=people, shown=shown, own=own,
        participants=seen, words=words, cancel=reverse("facilitators:interests"),
    )  # fmt: skip
    if form.is_bound and form.is_valid():
        form.cleaned_data.pop("q")
        try:
            require(can_declare_interest(user, form.cleaned_data["facilitator"]))
            interest = actions.declare_interest(by=user, at=clock.now(), **form.cleaned_data)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(
                request,
                "It is declared. Thank you: this protects both. "
                "Who plans hears that two people are to be kept apart, not why.",
            )
            return redirect("facilitators:interest", pk=interest.pk)
    context = {"form": form, "words": words, "people": people, "shown": shown,
               "full": len(shown) == queries.OFFERED}  # fmt: skip
    return render(request, "facilitators/interests/declare.html", context)


@allow(*DECLARING)
def interest(request: Asked, pk: UUID) -> HttpResponse:
    """One declared pair with what was said."""
    found = load(request, WHOLE, pk)
    context = {
        "interest": found,
        "page": queries.interest_page(found, request.user),
        "may_end": found.ended_at is None and can_end_interest(request.user, found) is None,
    }
    return render(request, "facilitators/interests/detail.html", context)


@allow(*JUDGES, methods=("POST",))
def end(request: Asked, pk: UUID) -> HttpResponse:
    """It no longer holds; it stays on record."""
    found = load(request, WHOLE, pk)
    require(can_end_interest(request.user, found))
    try:
        actions.end_interest(interest=found, by=request.user, at=clock.now())
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    else:
        messages.success(
            request, "It is ended. It stays on record, and the two may meet in a group."
        )
    return redirect("facilitators:interest", pk=pk)
