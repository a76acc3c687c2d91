"""A participant's own preferences."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from participants.actions.people import update_participant
from participants.forms.people import PreferencesForm
from participants.models import ContactKind, Participant
from participants.queries.page import consents_of
from participants.reaching import masked_email, masked_phone
from participants.views.page import change_consent
from phpsupport.access.asked import Asked, now_and_today
from phpsupport.access.gate import NOT_HERE, allow, load
from phpsupport.access.roles import Role
from phpsupport.lib.errors import Refused


def oneself(request: Asked) -> Participant:
    """The record of the person who is signed in, through the gate; 404 without one."""
    own = Participant.objects.filter(user=request.user).values_list("pk", flat=True).first()
    if own is None:
        raise Http404(NOT_HERE)
    return load(request, Participant, own)


@allow(Role.PARTICIPANT, methods=("GET", "POST"))
def my_preferences(request: Asked) -> HttpResponse:
    participant = oneself(request)
    at, today = now_and_today(request)
    form = PreferencesForm(request.POST or None, participant=participant)
    if form.is_valid():
        try:
            update_participant(
                participant=participant, by=request.user, at=at, today=today, **form.cleaned_data
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "Thank you. We saved your answers.")
            return redirect("participants:my-preferences")
    kept = {contact.kind: contact.value for contact in participant.contacts.all()}
    zone = request.program.zone
    return render(
        request,
        "participants/participant/preferences.html",
        {
            "form": form,
            "consents": consents_of(participant, zone, kinds=set(kept)),
            "email": masked_email(kept.get(ContactKind.EMAIL, "")),
            "phone": masked_phone(kept.get(ContactKind.PHONE, "")),
        },
    )


@allow(Role.PARTICIPANT, methods=("POST",))
def my_consent(request: Asked) -> HttpResponse:
    change_consent(request, oneself(request), own=True)
    return redirect("participants:my-preferences")
