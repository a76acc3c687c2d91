"""What the pages about one participant say alike: names, addresses, a page with one form."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from participants.models import Participant
from participants.names import display_name, full_name
from participants.policies import PLANNERS
from phpsupport.access.asked import Asked
from phpsupport.access.scope import scope_of
from phpsupport.lib.forms import Form
from phpsupport.programs.models import Program

PLACE = "participants/staff/"
EDIT = ("GET", "POST")


def page_of(pk: UUID) -> str:
    """The address of the participant's page."""
    return reverse("participants:detail", args=[pk])


def called(person: Participant) -> str:
    """The name to call somebody by."""
    return display_name(person.first_name, person.last_name, person.preferred_name)


def whole_name(person: Participant) -> str:
    """The name as it stands on the record."""
    return full_name(person.first_name, person.last_name, person.preferred_name)


def programs_to_plan(request: Asked, organization_id: UUID) -> list[Program]:
    """The programs of the organization in which this person plans stays."""
    scope = scope_of(request.user)
    return [
        p
        for p in request.programs
        if p.site.organization_id == organization_id and scope.has(p.pk, *PLANNERS)
    ]


def form_page(
    request: Asked, heading: str, participant: Participant, form: Form, *, note: str = ""
) -> HttpResponse:
    """A page of the participant with one form."""
    return render(
        request,
        PLACE + "form.html",
        {
            "form": form,
            "heading": heading,
            "name": whole_name(participant),
            "participant_id": participant.pk,
            "note": note,
        },
    )
