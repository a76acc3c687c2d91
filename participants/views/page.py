"""The page of one participant, their facts, contacts and consents."""

from functools import partial
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render

from participants.actions.account import invite_participant
from participants.actions.contacts import give_consent, revoke_channel_consent, set_contact
from participants.actions.people import update_participant
from participants.forms.people import ContactsForm, ParticipantForm
from participants.models import ConsentChannel, ContactKind, Participant
from participants.policies import (
    CARE_TEAM,
    PLANNERS,
    REDUCED_PAGE,
    WHOLE_PAGE,
    refuse_change,
    sees_whole_page,
)
from participants.queries.page import consents_of, participant_page, reduced_person
from participants.queries.reach import USES
from participants.views.form_page import (
    EDIT,
    PLACE,
    form_page,
    page_of,
    programs_to_plan,
    whole_name,
)
from participants.views.slots import address_for
from phpsupport.access.asked import Asked, now_and_today, today_of
from phpsupport.access.gate import allow, load, require
from phpsupport.access.scope import scope_of
from phpsupport.lib import clock
from phpsupport.lib.errors import Refused

# What the app of groups adds to a person's page.
GROUPS, RECORD = "sessions:participant-groups", "sessions:participant-record"
SHARING = "participants:sharing"


@allow(*WHOLE_PAGE, *REDUCED_PAGE)
def detail(request: Asked, pk: UUID) -> HttpResponse:
    participant = load(request, Participant, pk)
    program_ids = participant.program_ids()
    if not sees_whole_page(request.user, program_ids):
        return render(
            request,
            PLACE + "meeting.html",
            {
                "person": reduced_person(participant),
                "groups_url": address_for(GROUPS, request.user, program_ids, pk),
                "record_url": address_for(RECORD, request.user, program_ids, pk),
            },
        )
    today = today_of(request)
    reaches = sees_whole_page(request.user, program_ids[:1])
    page = participant_page(
        participant,
        seen_by=request.user,
        today=today,
        zone=request.program.zone,
        reaches=reaches,
    )
    scope, current, newest = scope_of(request.user), page.current, page.newest
    writes = not page.person.sealed
    treats = current is not None and any(
        member.now and member.user_id == request.user.pk for member in current.team
    )
    may_stay = writes and current is not None and scope.has(current.program_id, *PLANNERS)
    return render(
        request,
        PLACE + "detail.html",
        {
            "page": page,
            "reaches": reaches,
            "groups_url": address_for(GROUPS, request.user, program_ids, pk),
            "record_url": address_for(RECORD, request.user, program_ids, pk) if treats else "",
            "sharing_url": address_for(SHARING, request.user, program_ids, pk),
            "may_change": writes and refuse_change(request.user, program_ids) is None,
            "may_stay": may_stay,
            "may_team": writes
            and current is not None
            and scope.has(current.program_id, *CARE_TEAM),
            "may_move": may_stay
            and len(programs_to_plan(request, participant.organization_id)) > 1,
            "may_reopen": writes
            and newest is not None
            and not newest.open
            and scope.has(newest.program_id, *PLANNERS)
            and refuse_change(request.user, program_ids) is None,
        },
    )


@allow(*PLANNERS, methods=EDIT)
def edit(request: Asked, pk: UUID) -> HttpResponse:
    participant = load(request, Participant, pk)
    require(refuse_change(request.user, participant.program_ids()))
    at, today = now_and_today(request)
    form = ParticipantForm(
        request.POST or None, participant=participant, today=today, cancel=page_of(pk)
    )
    save = partial(update_participant, participant=participant, by=request.user, at=at, today=today)
    if form.carry_out(save):
        messages.success(request, "Saved.")
        return redirect("participants:detail", pk)
    return form_page(request, "Change", participant, form)


@allow(*PLANNERS, methods=EDIT)
def contacts(request: Asked, pk: UUID) -> HttpResponse:
    participant = load(request, Participant, pk)
    require(refuse_change(request.user, participant.program_ids()))
    at = clock.now()
    kept = {contact.kind: contact.value for contact in participant.contacts.all()}
    form = ContactsForm(request.POST or None, kept=kept, cancel=page_of(pk))

    @transaction.atomic
    def save(**values: str) -> None:
        for kind in ContactKind:
            set_contact(
                participant=participant, kind=kind, value=values[kind], by=request.user, at=at
            )

    if form.carry_out(save):
        messages.success(request, "Saved.")
        return redirect("participants:detail", pk)
    return form_page(
        request,
        "How to reach them",
        participant,
        form,
        note="Taking an address away also ends the consent to use it.",
    )


@allow(*PLANNERS, methods=EDIT)
def consents(request: Asked, pk: UUID) -> HttpResponse:
    participant = load(request, Participant, pk)
    require(refuse_change(request.user, participant.program_ids()))
    if request.method == "POST":
        change_consent(request, participant, own=False)
        return redirect("participants:consents", pk)
    return render(
        request,
        PLACE + "consents.html",
        {
            "participant_id": pk,
            "name": whole_name(participant),
            "consents": consents_of(participant, request.program.zone),
        },
    )


def change_consent(request: Asked, participant: Participant, *, own: bool) -> None:
    """Give or take back one consent as the form asks, and say what happened."""
    channel, act = request.POST.get("channel", ""), request.POST.get("act", "")
    if channel not in ConsentChannel.values or act not in ("give", "revoke"):
        messages.error(request, "Choose what to change, and try again.")
        return
    at = clock.now()
    label = ConsentChannel(channel).label.lower()
    try:
        if act == "give":
            give_consent(participant=participant, channel=channel, by=request.user, at=at)
            said = f"We may use {label}." if own else f"The consent to {label} is noted."
        else:
            revoke_channel_consent(participant=participant, channel=channel, by=request.user, at=at)
            said = (
                f"We won't use {label} any more, starting now."
                if own
                else f"The consent to {label} has ended. Nothing more goes out by it."
            )
    except Refused as refusal:
        if own:
            said = f"We don't have {_address_words(channel)} for you. Ask the front desk to add it."
        else:
            said = refusal.sentence
        messages.warning(request, said)
    else:
        messages.success(request, said)


def _address_words(channel: str) -> str:
    kind = USES[ConsentChannel(channel)]
    return "an e-mail address" if kind == ContactKind.EMAIL else "a phone number"


@allow(*PLANNERS, methods=EDIT)
def account(request: Asked, pk: UUID) -> HttpResponse:
    """Invite a participant to an account of their own, after asking once."""
    participant = load(request, Participant, pk)
    require(refuse_change(request.user, participant.program_ids()))
    stay = participant.episodes.select_related("program__site").latest("admitted_on")
    if request.method == "POST":
        try:
            sent = invite_participant(
                participant=participant, program=stay.program, by=request.user, at=clock.now()
            )
        except Refused as refusal:
            messages.error(request, refusal.sentence)
        else:
            messages.success(
                request,
                "The link is on its way. It works for seven days."
                if sent
                else "They have an account already and sign in with it.",
            )
        return redirect(page_of(pk))
    return render(
        request,
        PLACE + "account.html",
        {"name": whole_name(participant), "participant_id": pk},
    )
