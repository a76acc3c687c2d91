"""The census and the pages about one participant, for those who plan, treat and guard."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.views.decorators.vary import vary_on_headers

from participants.actions.care_team import assign_care_team, end_care_team
from participants.actions.contacts import give_consent, revoke_channel_consent, set_contact
from participants.actions.people import update_participant
from participants.actions.stays import (
    admit_participant,
    change_level_of_care,
    discharge_participant,
    move_to_program,
    plan_discharge,
    readmit_participant,
    reopen_stay,
)
from participants.forms.census import CensusForm
from participants.forms.people import ContactsForm, ParticipantForm
from participants.forms.stays import (
    AdmitForm,
    CareTeamForm,
    DischargeForm,
    LevelForm,
    MoveForm,
    OfStay,
    ReadmitForm,
)
from participants.models import (
    CareTeamMembership,
    ConsentChannel,
    ContactKind,
    EpisodeOfCare,
    LevelOfCareChange,
    Participant,
)
from participants.names import display_name, full_name
from participants.policies import (
    CARE_TEAM,
    PLANNERS,
    REDUCED_PAGE,
    WHOLE_PAGE,
    refuse_care_team,
    refuse_change,
    refuse_move,
    refuse_stay,
    sees_whole_page,
)
from participants.queries import census as census_query
from participants.queries.duplicates import possible_duplicates
from participants.queries.page import consents_of, participant_page, reduced_person
from participants.queries.reach import USES
from participants.signals import what_ends
from participants.views.slots import address_for
from phpsupport.access.asked import Asked, now_and_today
from phpsupport.access.gate import allow, load, require
from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.audit.trail import record
from phpsupport.lib import clock
from phpsupport.lib.errors import Refused
from phpsupport.lib.forms import Form
from phpsupport.lib.wording import count, day
from phpsupport.programs.models import Program
from phpsupport.users.models import User

PLACE = "participants/staff/"
# What the app of groups adds to a person's page.
GROUPS, RECORD = "sessions:participant-groups", "sessions:participant-record"


# --- the census -------------------------------------------------------------------------------
@allow(*WHOLE_PAGE)
def census(request: Asked) -> HttpResponse:
    at, today = now_and_today(request)
    program: Program = request.program
    form = CensusForm(request.GET)
    filters = form.filters()
    found = census_query.census(
        program, filters, today, seen_by=request.user, page=request.GET.get("page", 1)
    )
    form.offer(tracks=found.tracks, languages=found.languages)
    record(
        "census.read", by=request.user, at=at, obj=program, program_id=program.pk,
        status=filters.status, people=[str(row.participant_id) for row in found.rows],
    )  # fmt: skip
    here = found.counts["in"]
    return render(
        request,
        PLACE + "census.html",
        {
            "census": found,
            "form": form,
            "filters": filters,
            "statuses": [
                {
                    "label": f"{words} {found.counts[key]}",
                    "url": _with(request, status=key),
                    "current": filters.status == key,
                }
                for key, words in census_query.STATUSES
            ],
            "sorts": {
                name: _sorting(request, filters.sort, name)
                for name in ("name", "admitted", "leaving")
            },
            "subtitle": f"{count(here, 'person', 'people')} here today, {day(today, year=True)}",
            "may_admit": scope_of(request.user).has(program.pk, *PLANNERS),
        },
    )


def _with(request: Asked, **changes: str) -> str:
    query = request.GET.copy()
    query.pop("page", None)
    for key, value in changes.items():
        query[key] = value
    return f"?{query.urlencode()}"


def _sorting(request: Asked, sort: str, name: str) -> dict[str, str]:
    up, down = sort == name, sort == f"-{name}"
    return {
        "url": _with(request, sort=f"-{name}" if up else name),
        "aria": "ascending" if up else "descending" if down else "",
        "icon": "chevron-up" if up else "chevron-down" if down else "",
    }


# --- admission --------------------------------------------------------------------------------
@allow(*PLANNERS, methods=("GET", "POST"))
def admit(request: Asked) -> HttpResponse:
    at, today = now_and_today(request)
    program: Program = request.program
    given = request.POST if request.method == "POST" else None
    back = reverse("participants:census")
    ask_same = bool(given and "different_person" in given)
    form = AdmitForm(given, today=today, ask_same=ask_same, cancel=back)
    matches: list[dict[str, Any]] = []
    if form.is_valid():
        try:
            stay = admit_participant(program=program, by=request.user, at=at, **form.cleaned_data)
        except Refused as refusal:
            if refusal.code == "maybe_same":
                form = AdmitForm(given, today=today, ask_same=True, cancel=back)
                matches = _matches(form, program, request.user)
            form.refuse(refusal)
        else:
            name = _called(stay.participant)
            when = "is admitted" if stay.admitted_on <= today else "is expected"
            messages.success(request, f"{name} {when}, first day {day(stay.admitted_on)}.")
            return redirect("participants:detail", stay.participant_id)
    return render(request, PLACE + "admit.html", {"form": form, "matches": matches})


def _matches(form: AdmitForm, program: Program, user: User) -> list[dict[str, Any]]:
    form.is_valid()
    given = form.cleaned_data
    found = possible_duplicates(
        organization_id=program.site.organization_id,
        first_name=given["first_name"],
        last_name=given["last_name"],
        preferred_name=given["preferred_name"],
        date_of_birth=given["date_of_birth"],
        seen_by=user,
    )
    return [{"id": p.pk, "name": _whole_name(p), "record_number": p.record_number} for p in found]


@allow(*PLANNERS, methods=("GET", "POST"))
def readmit(request: Asked, pk: UUID) -> HttpResponse:
    participant = load(request, Participant, pk)
    at, today = now_and_today(request)
    require(refuse_change(request.user, participant.program_ids()))
    newest = participant.episodes.order_by("-admitted_on").first()
    if newest and not newest.discharged_on:
        messages.info(request, f"{_called(participant)} has an open stay already.")
        return redirect("participants:detail", pk)
    programs = _programs_to_plan(request, participant.organization_id)
    first = today
    if newest and newest.discharged_on:
        first = max(today, newest.discharged_on + timedelta(days=1))
    form = ReadmitForm(
        request.POST or None,
        programs=programs,
        chosen=request.program,
        first=first,
        cancel=reverse("participants:detail", args=[pk]),
    )
    if form.is_valid():
        given = {"program": request.program, **form.cleaned_data}
        try:
            readmit_participant(participant=participant, by=request.user, at=at, **given)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(
                request,
                f"A new stay of {_called(participant)} begins on {day(given['admitted_on'])}.",
            )
            return redirect("participants:detail", pk)
    return _form_page(request, "Re-admit", participant, form)


def _programs_to_plan(request: Asked, organization_id: UUID) -> list[Program]:
    scope = scope_of(request.user)
    return [
        p
        for p in request.programs
        if p.site.organization_id == organization_id and scope.has(p.pk, *PLANNERS)
    ]


# --- one participant --------------------------------------------------------------------------
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
    _, today = now_and_today(request)
    page = participant_page(
        participant,
        seen_by=request.user,
        today=today,
        zone=request.program.zone,
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
            "groups_url": address_for(GROUPS, request.user, program_ids, pk),
            "record_url": address_for(RECORD, request.user, program_ids, pk) if treats else "",
            "may_change": writes and refuse_change(request.user, program_ids) is None,
            "may_stay": may_stay,
            "may_team": writes
            and current is not None
            and scope.has(current.program_id, *CARE_TEAM),
            "may_move": may_stay
            and len(_programs_to_plan(request, participant.organization_id)) > 1,
            "may_reopen": writes
            and newest is not None
            and not newest.open
            and scope.has(newest.program_id, *PLANNERS)
            and refuse_change(request.user, program_ids) is None,
        },
    )


@allow(*PLANNERS, methods=("GET", "POST"))
def edit(request: Asked, pk: UUID) -> HttpResponse:
    participant = load(request, Participant, pk)
    require(refuse_change(request.user, participant.program_ids()))
    at, today = now_and_today(request)
    form = ParticipantForm(
        request.POST or None, participant=participant, today=today, cancel=_page(pk)
    )
    if form.is_valid():
        try:
            update_participant(
                participant=participant, by=request.user, at=at, today=today, **form.cleaned_data
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "Saved.")
            return redirect("participants:detail", pk)
    return _form_page(request, "Change", participant, form)


@allow(*PLANNERS, methods=("GET", "POST"))
def contacts(request: Asked, pk: UUID) -> HttpResponse:
    participant = load(request, Participant, pk)
    require(refuse_change(request.user, participant.program_ids()))
    at, _ = now_and_today(request)
    kept = {contact.kind: contact.value for contact in participant.contacts.all()}
    form = ContactsForm(request.POST or None, kept=kept, cancel=_page(pk))
    if form.is_valid():
        try:
            with transaction.atomic():
                for kind in ContactKind:
                    set_contact(
                        participant=participant,
                        kind=kind,
                        value=form.cleaned_data[kind],
                        by=request.user,
                        at=at,
                    )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "Saved.")
            return redirect("participants:detail", pk)
    return _form_page(
        request,
        "How to reach them",
        participant,
        form,
        note="Taking an address away also ends the consent to use it.",
    )


@allow(*PLANNERS, methods=("GET", "POST"))
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
            "name": _whole_name(participant),
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


# --- the open stay ----------------------------------------------------------------------------
def open_stay(
    request: Asked,
    participant: Participant,
    refuse: Callable[[User, EpisodeOfCare], str | None],
) -> EpisodeOfCare | None:
    """The open stay, if this user may see it; 403 if they may not act on it. None: said so."""
    stay: EpisodeOfCare | None = (
        participant.episodes.visible_to(request.user)
        .filter(discharged_on=None)
        .select_related("program__site")
        .first()
    )
    if stay is None:
        messages.info(
            request,
            f"{_called(participant)} has no open stay here. Nothing was changed.",
        )
        return None
    require(refuse(request.user, stay))
    return stay


def same_stay(form: OfStay, stay: EpisodeOfCare) -> bool:
    """Whether the form was made for this stay; if not, it says so on top."""
    if form.cleaned_data["episode"] == stay.pk:
        return True
    form.add_error(None, "The stay has changed since this page was opened. Look again, then save.")
    return False


def submitted(form: OfStay, stay: EpisodeOfCare, act: Callable[[dict[str, Any]], object]) -> bool:
    """Whether the form was sent, fits this stay, and its action went through."""
    if not form.is_valid() or not same_stay(form, stay):
        return False
    given = {key: value for key, value in form.cleaned_data.items() if key != "episode"}
    try:
        act(given)
    except Refused as refusal:
        form.refuse(refusal)
        return False
    return True


def _level_now(stay: EpisodeOfCare, today: date) -> str:
    newest = (
        LevelOfCareChange.objects.filter(episode=stay, from_on__lte=max(today, stay.admitted_on))
        .order_by("-from_on")
        .first()
    )
    return newest.level if newest else ""


@allow(*PLANNERS, methods=("GET", "POST"))
def level(request: Asked, pk: UUID) -> HttpResponse:
    participant = load(request, Participant, pk)
    stay = open_stay(request, participant, refuse_stay)
    if stay is None:
        return redirect("participants:detail", pk)
    at, today = now_and_today(request)
    level_now = _level_now(stay, today)
    form = LevelForm(
        request.POST or None, stay=stay, today=max(today, stay.admitted_on), now=level_now,
        cancel=_page(pk),
    )  # fmt: skip
    if submitted(
        form,
        stay,
        lambda given: change_level_of_care(episode=stay, by=request.user, at=at, **given),
    ):
        given = form.cleaned_data
        messages.success(
            request, f"The level of care is {given['level']} from {day(given['from_on'])}."
        )
        return redirect("participants:detail", pk)
    note = f"now {level_now}" if level_now else ""
    return _form_page(request, "Change the level of care", participant, form, note=note)


@vary_on_headers("HX-Request")
@allow(*PLANNERS, methods=("GET", "POST"))
def discharge(request: Asked, pk: UUID) -> HttpResponse:
    participant = load(request, Participant, pk)
    stay = open_stay(request, participant, refuse_stay)
    if stay is None:
        return redirect("participants:detail", pk)
    at, today = now_and_today(request)
    asked = _date_in(request.GET.get("on", "")) or stay.planned_discharge_on or today
    if request.htmx:
        return render(request, PLACE + "_what_ends.html", _preview(stay, asked, today))
    if request.method == "POST" and "take_back" in request.POST:
        return _take_back(request, stay, pk, at)
    form = DischargeForm(
        request.POST or None,
        stay=stay,
        today=today,
        preview=reverse("participants:discharge", args=[pk]),
        initial={"on": asked},
        cancel=_page(pk),
    )

    def act(given: dict[str, Any]) -> None:
        if given["on"] > today:
            plan_discharge(episode=stay, on=given["on"], by=request.user, at=at)
        else:
            discharge_participant(episode=stay, by=request.user, at=at, **given)

    if submitted(form, stay, act):
        on, name = form.cleaned_data["on"], _called(participant)
        if on > today:
            messages.success(request, f"The discharge of {name} is planned for {day(on)}.")
        else:
            messages.success(request, f"The stay of {name} ended on {day(on)}.")
        return redirect("participants:detail", pk)
    if form.is_bound:
        asked = form.cleaned_data.get("on") or asked
    return render(
        request,
        PLACE + "discharge.html",
        {
            "form": form,
            "name": _whole_name(participant),
            "participant_id": pk,
            "planned": day(stay.planned_discharge_on, year=True)
            if stay.planned_discharge_on
            else "",
            "episode": stay.pk,
            **_preview(stay, asked, today),
        },
    )


@allow(*PLANNERS, methods=("GET", "POST"))
def reopen(request: Asked, pk: UUID) -> HttpResponse:
    participant = load(request, Participant, pk)
    stay = (
        participant.episodes.visible_to(request.user)
        .select_related("program__site")
        .order_by("-admitted_on")
        .first()
    )
    if stay is None or stay.discharged_on is None:
        messages.info(request, f"{_called(participant)} has no discharge to take back.")
        return redirect("participants:detail", pk)
    require(refuse_stay(request.user, stay))
    require(refuse_change(request.user, participant.program_ids()))
    if request.method == "POST":
        if request.POST.get("episode") != str(stay.pk):
            messages.info(request, "The stay has changed since this page was opened. Look again.")
            return redirect("participants:detail", pk)
        try:
            reopen_stay(episode=stay, by=request.user, at=clock.now())
        except Refused as refusal:
            messages.warning(request, refusal.sentence)
        else:
            messages.success(request, f"The stay of {_called(participant)} is open again.")
        return redirect("participants:detail", pk)
    return render(
        request,
        PLACE + "reopen.html",
        {
            "name": _whole_name(participant),
            "participant_id": pk,
            "episode": stay.pk,
            "ended": day(stay.discharged_on, year=True),
        },
    )


def _take_back(request: Asked, stay: EpisodeOfCare, pk: UUID, at: datetime) -> HttpResponse:
    if request.POST.get("episode") == str(stay.pk):
        plan_discharge(episode=stay, on=None, by=request.user, at=at)
        messages.success(request, "No discharge is planned now.")
    return redirect("participants:detail", pk)


def _preview(stay: EpisodeOfCare, on: date, today: date) -> dict[str, Any]:
    """What a discharge on that day would end, in sentences."""
    team = list(
        CareTeamMembership.objects.filter(episode=stay)
        .exclude(until_on__lte=on)
        .select_related("user")
    )
    ends = [f"The stay in {stay.program.name} ends with {day(on)}."]
    if team:
        names = ", ".join(sorted({member.user.name for member in team}))
        ends.append(f"The care team ends: {names}.")
    ends += what_ends(stay, on)
    return {"ends": ends, "ahead": on > today, "on": day(on, year=True)}


def _date_in(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


@allow(*PLANNERS, methods=("GET", "POST"))
def move(request: Asked, pk: UUID) -> HttpResponse:
    participant = load(request, Participant, pk)
    stay = open_stay(request, participant, refuse_stay)
    if stay is None:
        return redirect("participants:detail", pk)
    at, today = now_and_today(request)
    targets = [
        p
        for p in _programs_to_plan(request, participant.organization_id)
        if refuse_move(request.user, stay, p) is None
    ]
    form = MoveForm(
        request.POST or None, stay=stay, programs=targets, today=today,
        now=_level_now(stay, today), cancel=_page(pk),
    )  # fmt: skip
    if submitted(
        form, stay, lambda given: move_to_program(episode=stay, by=request.user, at=at, **given)
    ):
        given = form.cleaned_data
        messages.success(
            request,
            f"{_called(participant)} moves to {given['program'].name}, "
            f"first day {day(given['first_on'])}.",
        )
        return redirect("participants:detail", pk)
    return render(
        request,
        PLACE + "move.html",
        {
            "form": form,
            "name": _whole_name(participant),
            "participant_id": pk,
            "targets": targets,
            "here": stay.program.name,
            **_preview(stay, today, today),
        },
    )


@allow(*CARE_TEAM, methods=("GET", "POST"))
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
        cancel=_page(pk),
    )
    if submitted(form, stay, lambda given: assign_care_team(episode=stay, by=user, at=at, **given)):
        messages.success(request, f"{form.cleaned_data['user'].name} is on the care team.")
        return redirect("participants:care-team", pk)
    return render(
        request,
        PLACE + "care_team.html",
        {
            "form": form,
            "team": team,
            "name": _whole_name(participant),
            "participant_id": pk,
            "called": _called(participant),
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


# --- shared -----------------------------------------------------------------------------------
def _form_page(
    request: Asked, heading: str, participant: Participant, form: Form, *, note: str = ""
) -> HttpResponse:
    return render(
        request,
        PLACE + "form.html",
        {
            "form": form,
            "heading": heading,
            "name": _whole_name(participant),
            "participant_id": participant.pk,
            "note": note,
        },
    )


def _page(pk: UUID) -> str:
    return reverse("participants:detail", args=[pk])


def _called(person: Participant) -> str:
    return display_name(person.first_name, person.last_name, person.preferred_name)


def _whole_name(person: Participant) -> str:
    return full_name(person.first_name, person.last_name, person.preferred_name)
