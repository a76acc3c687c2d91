"""What may leave the program, and what did: consents to disclose and the register."""

from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from participants import consenting
from participants.actions.consents import end_consent, revoke_consent, take_consent
from participants.forms.sharing import ConsentForm, RegisterFilter
from participants.models import Consent, Participant
from participants.policies import KEEPS_CONSENTS
from participants.queries.sharing import consents_to_disclose, disclosures_of, register_of
from participants.views.form_page import EDIT, PLACE, called, whole_name
from participants.views.participant import oneself
from participants.views.slots import address_for
from phpsupport.access.asked import Asked, now_and_today
from phpsupport.access.gate import allow, load
from phpsupport.access.roles import Role
from phpsupport.audit.trail import record
from phpsupport.lib import clock
from phpsupport.lib.errors import Refused

# What the app of groups adds: the file itself.
EXPORT = "sessions:record-export"


@allow(*KEEPS_CONSENTS)
def sharing(request: Asked, pk: UUID) -> HttpResponse:
    """One person's consents to disclose, and who received what."""
    participant = load(request, Participant, pk)
    at = clock.now()
    return render(
        request,
        PLACE + "sharing.html",
        {
            "participant_id": pk,
            "name": whole_name(participant),
            "called": called(participant),
            "consents": consents_to_disclose(participant, seen_by=request.user, at=at),
            "register": disclosures_of(participant, seen_by=request.user),
            "may_take": participant.sealed_at is None,
            "export_url": address_for(EXPORT, request.user, [request.program.pk], pk),
        },
    )


@allow(*KEEPS_CONSENTS, methods=EDIT)
def consent_take(request: Asked, pk: UUID) -> HttpResponse:
    participant = load(request, Participant, pk)
    at, today = now_and_today(request)
    back = reverse("participants:sharing", args=[pk])
    form = ConsentForm(request.POST or None, today=today, cancel=back)
    save = partial(
        take_consent, participant=participant, program=request.program, by=request.user, at=at
    )
    if form.carry_out(save):
        messages.success(request, "The consent is kept.")
        return redirect(back)
    return render(
        request,
        PLACE + "consent_take.html",
        {
            "form": form,
            "name": whole_name(participant),
            "participant_id": pk,
            "may_take_back": consenting.MAY_TAKE_BACK,
        },
    )


def _consent(request: Asked, pk: UUID) -> tuple[Consent, bool, str]:
    """A consent that the reader may see, whether it is about themself, and where it is listed."""
    rows = Consent.objects.select_related("participant", "program__site")
    found = load(request, rows, pk)
    own = found.participant.user_id == request.user.pk
    page = "participants:my-sharing" if own else "participants:sharing"
    return found, own, reverse(page, args=[] if own else [found.participant_id])


@allow(*KEEPS_CONSENTS, Role.PARTICIPANT, methods=EDIT)
def consent_revoke(request: Asked, pk: UUID) -> HttpResponse:
    """Take a consent back, after asking once."""
    consent, own, back = _consent(request, pk)
    if request.method == "POST":
        if revoke_consent(consent=consent, by=request.user, at=clock.now()):
            messages.success(request, "It is taken back. From now on nothing goes out under it.")
        else:
            messages.info(request, "It was taken back before.")
        return redirect(back)
    return render(
        request,
        "participants/participant/revoke.html" if own else PLACE + "revoke.html",
        {
            "consent": consent,
            "parts": consenting.in_words(consent.covers),
            "name": whole_name(consent.participant),
            "back": back,
        },
    )


@allow(*KEEPS_CONSENTS, methods=EDIT)
def consent_end(request: Asked, pk: UUID) -> HttpResponse:
    """Say that the event came about until which a consent holds."""
    consent, _, back = _consent(request, pk)
    if request.method == "POST":
        try:
            ended = end_consent(consent=consent, by=request.user, at=clock.now())
        except Refused as refusal:
            messages.warning(request, refusal.sentence)
        else:
            messages.success(request, "The consent has ended." if ended else "It ended before.")
        return redirect(back)
    return render(
        request,
        PLACE + "consent_end.html",
        {"consent": consent, "name": whole_name(consent.participant), "back": back},
    )


@allow(Role.PARTICIPANT)
def my_sharing(request: Asked) -> HttpResponse:
    """A participant's own: who may receive what, who did, and a copy for themself."""
    participant = oneself(request)
    return render(
        request,
        "participants/participant/sharing.html",
        {
            "consents": consents_to_disclose(participant, seen_by=request.user, at=clock.now()),
            "register": disclosures_of(participant, seen_by=request.user),
            "export_url": address_for(EXPORT, request.user, [request.program.pk], participant.pk),
        },
    )


@allow(Role.PROGRAM_LEAD, Role.PRIVACY_OFFICER)
def disclosures(request: Asked) -> HttpResponse:
    """The register of the program: date, recipient, what, why, under which consent."""
    form = RegisterFilter(request.GET or None)
    chosen = form.cleaned_data if form.is_valid() else {}
    found = register_of(
        request.program,
        seen_by=request.user,
        since=chosen.get("since"),
        until=chosen.get("until"),
    )
    record("disclosures.read", by=request.user, at=clock.now(), program_id=request.program.pk)
    return render(
        request,
        PLACE + "disclosures.html",
        {"form": form, "register": found, "filtered": any(chosen.values())},
    )
