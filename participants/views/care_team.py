"""The care team of the open stay."""

from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from participants.actions.care_team import assign_care_team, end_care_team
from participants.forms.stays import CareTeamForm
from participants.models import CareTeamMembership, Participant
from participants.policies import CARE_TEAM, refuse_care_team
from participants.queries.page import participant_page
from participants.views.form_page import EDIT, PLACE, called, page_of, whole_name
from participants.views.stays import open_stay, submitted
from phpsupport.access.asked import Asked, now_and_today
from phpsupport.access.gate import allow, load
from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.lib.errors import Refused
from phpsupport.users.models import User


@allow(*CARE_TEAM, methods=EDIT)
def care_team(request: Asked, pk: UUID) -> HttpResponse:
    participant = load(request, Participant, pk)
    stay = open_stay(request, participant, refuse_care_team)
    if stay is None:
        return redirect("participants:detail", pk)
    at, today = now_and_today(request)
    user: User = request.user
    page = participant_page(
        participant,
        seen_by=user,
        today=today,
        zone=request.program.zone,
    )
    team = page.stays[0].team if page.stays else []
    on_it = {member.user_id for member in team if member.now}
    clinicians = User.objects.filter(
        is_active=True,
        pk__in=RoleAssignment.objects.in_force(today)
        .filter(program=stay.program, role=Role.CLINICIAN)
        .values("user_id"),
    ).exclude(pk__in=on_it)
    join = (
        user
        if user.pk not in on_it and scope_of(user).has(stay.program_id, Role.CLINICIAN)
        else None
    )
    form = CareTeamForm(
        request.POST or None,
        stay=stay,
        clinicians=clinicians.order_by("last_name", "first_name"),
        today=max(today, stay.admitted_on),
        me=join,
        cancel=page_of(pk),
    )
    if submitted(form, stay, partial(assign_care_team, by=user, at=at)):
        messages.success(request, f"{form.cleaned_data['user'].name} is on the care team.")
        return redirect("participants:care-team", pk)
    return render(
        request,
        PLACE + "care_team.html",
        {
            "form": form,
            "team": team,
            "name": whole_name(participant),
            "participant_id": pk,
            "called": called(participant),
        },
    )


@allow(*CARE_TEAM, methods=("POST",))
def care_team_end(request: Asked, pk: UUID, membership: UUID) -> HttpResponse:
    participant = load(request, Participant, pk)
    stay = open_stay(request, participant, refuse_care_team)
    if stay is None:
        return redirect("participants:detail", pk)
    found = CareTeamMembership.objects.filter(pk=membership, episode=stay).first()
    if found is None:
        raise Http404("There is no such place on the care team.")
    at, today = now_and_today(request)
    try:
        end_care_team(membership=found, until_on=max(today, found.from_on), by=request.user, at=at)
    except Refused as refusal:
        messages.warning(request, refusal.sentence)
    else:
        messages.success(request, f"{found.user.name} is on the care team through today.")
    return redirect("participants:care-team", pk)
