"""Stays: admission and re-admission, level of care, discharge, a move to another program."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.views.decorators.vary import vary_on_headers

from participants.actions.stays import (
    admit_participant,
    change_level_of_care,
    discharge_participant,
    move_to_program,
    plan_discharge,
    readmit_participant,
    reopen_stay,
)
from participants.forms.stays import (
    AdmitForm,
    DischargeForm,
    LevelForm,
    MoveForm,
    OfStay,
    ReadmitForm,
)
from participants.models import CareTeamMembership, EpisodeOfCare, LevelOfCareChange, Participant
from participants.policies import PLANNERS, refuse_change, refuse_move, refuse_stay
from participants.queries.duplicates import possible_duplicates
from participants.signals import what_ends
from participants.views.form_page import (
    EDIT,
    PLACE,
    called,
    form_page,
    page_of,
    programs_to_plan,
    whole_name,
)
from phpsupport.access.asked import Asked, now_and_today, today_of
from phpsupport.access.gate import allow, load, require
from phpsupport.lib import clock
from phpsupport.lib.errors import Refused
from phpsupport.lib.fragments import refused_in_place
from phpsupport.lib.wording import day
from phpsupport.programs.models import Program
from phpsupport.users.models import User


# --- admission --------------------------------------------------------------------------------
@allow(*PLANNERS, methods=EDIT)
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
            name = called(stay.participant)
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
    return [{"id": p.pk, "name": whole_name(p), "record_number": p.record_number} for p in found]


@allow(*PLANNERS, methods=EDIT)
def readmit(request: Asked, pk: UUID) -> HttpResponse:
    participant = load(request, Participant, pk)
    at, today = now_and_today(request)
    require(refuse_change(request.user, participant.program_ids()))
    newest = participant.episodes.order_by("-admitted_on").first()
    if newest and not newest.discharged_on:
        messages.info(request, f"{called(participant)} has an open stay already.")
        return redirect("participants:detail", pk)
    programs = programs_to_plan(request, participant.organization_id)
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

    def act(admitted_on: date, program: Program = request.program, **given: Any) -> None:
        readmit_participant(
            participant=participant,
            program=program,
            admitted_on=admitted_on,
            by=request.user,
            at=at,
            **given,
        )

    if form.carry_out(act):
        first = form.cleaned_data["admitted_on"]
        messages.success(request, f"A new stay of {called(participant)} begins on {day(first)}.")
        return redirect("participants:detail", pk)
    return form_page(request, "Re-admit", participant, form)


# --- the open stay ----------------------------------------------------------------------------
def open_stay(
    request: Asked,
    participant: Participant,
    refuse: Callable[[User, EpisodeOfCare], str | None],
) -> EpisodeOfCare | None:
    """The open stay, if this user may see it; 403 if they may not act on it. None: said so."""
    stay = _seen_open(request, participant, refuse)
    if stay is None:
        messages.info(request, f"{_no_open_stay(participant)} Nothing was changed.")
    return stay


def _seen_open(
    request: Asked,
    participant: Participant,
    refuse: Callable[[User, EpisodeOfCare], str | None],
) -> EpisodeOfCare | None:
    stay: EpisodeOfCare | None = (
        participant.episodes.visible_to(request.user)
        .filter(discharged_on=None)
        .select_related("program__site")
        .first()
    )
    if stay is not None:
        require(refuse(request.user, stay))
    return stay


def _no_open_stay(participant: Participant) -> str:
    return f"{called(participant)} has no open stay here."


def same_stay(form: OfStay, stay: EpisodeOfCare) -> bool:
    """Whether the form was made for this stay; if not, it says so on top."""
    if form.cleaned_data["episode"] == stay.pk:
        return True
    form.add_error(None, "The stay has changed since this page was opened. Look again, then save.")
    return False


def submitted(form: OfStay, stay: EpisodeOfCare, act: Callable[..., object]) -> bool:
    """Whether the form was sent, fits this stay, and its action went through."""

    def of_stay(episode: UUID, **given: Any) -> object:
        return act(episode=stay, **given)

    return form.is_valid() and same_stay(form, stay) and form.carry_out(of_stay)


def _level_now(stay: EpisodeOfCare, today: date) -> str:
    newest = (
        LevelOfCareChange.objects.filter(episode=stay, from_on__lte=max(today, stay.admitted_on))
        .order_by("-from_on")
        .first()
    )
    return newest.level if newest else ""


@allow(*PLANNERS, methods=EDIT)
def level(request: Asked, pk: UUID) -> HttpResponse:
    participant = load(request, Participant, pk)
    stay = open_stay(request, participant, refuse_stay)
    if stay is None:
        return redirect("participants:detail", pk)
    at, today = now_and_today(request)
    level_now = _level_now(stay, today)
    form = LevelForm(
        request.POST or None, stay=stay, today=max(today, stay.admitted_on), now=level_now,
        cancel=page_of(pk),
    )  # fmt: skip
    if submitted(form, stay, partial(change_level_of_care, by=request.user, at=at)):
        given = form.cleaned_data
        messages.success(
            request, f"The level of care is {given['level']} from {day(given['from_on'])}."
        )
        return redirect("participants:detail", pk)
    note = f"now {level_now}" if level_now else ""
    return form_page(request, "Change the level of care", participant, form, note=note)


@vary_on_headers("HX-Request")
@allow(*PLANNERS, methods=EDIT)
def discharge(request: Asked, pk: UUID) -> HttpResponse:
    participant = load(request, Participant, pk)
    if request.htmx:
        return _what_would_end(request, participant)
    stay = open_stay(request, participant, refuse_stay)
    if stay is None:
        return redirect("participants:detail", pk)
    at, today = now_and_today(request)
    asked = _date_in(request.GET.get("on", "")) or stay.planned_discharge_on or today
    if request.method == "POST" and "take_back" in request.POST:
        return _take_back(request, stay, pk, at)
    form = DischargeForm(
        request.POST or None,
        stay=stay,
        today=today,
        preview=reverse("participants:discharge", args=[pk]),
        initial={"on": asked},
        cancel=page_of(pk),
    )

    def act(episode: EpisodeOfCare, on: date, **given: Any) -> None:
        if on > today:
            plan_discharge(episode=episode, on=on, by=request.user, at=at)
        else:
            discharge_participant(episode=episode, on=on, by=request.user, at=at, **given)

    if submitted(form, stay, act):
        on, name = form.cleaned_data["on"], called(participant)
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
            "name": whole_name(participant),
            "participant_id": pk,
            "planned": day(stay.planned_discharge_on, year=True)
            if stay.planned_discharge_on
            else "",
            "episode": stay.pk,
            **_preview(stay, asked, today),
        },
    )


@allow(*PLANNERS, methods=EDIT)
def reopen(request: Asked, pk: UUID) -> HttpResponse:
    participant = load(request, Participant, pk)
    stay = (
        participant.episodes.visible_to(request.user)
        .select_related("program__site")
        .order_by("-admitted_on")
        .first()
    )
    if stay is None or stay.discharged_on is None:
        messages.info(request, f"{called(participant)} has no discharge to take back.")
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
            messages.success(request, f"The stay of {called(participant)} is open again.")
        return redirect("participants:detail", pk)
    return render(
        request,
        PLACE + "reopen.html",
        {
            "name": whole_name(participant),
            "participant_id": pk,
            "episode": stay.pk,
            "ended": day(stay.discharged_on, year=True),
        },
    )


def _what_would_end(request: Asked, participant: Participant) -> HttpResponse:
    """The part of the page that follows the day as it is typed."""
    stay = _seen_open(request, participant, refuse_stay)
    if stay is None:
        sentence = f"{_no_open_stay(participant)} Load the page again to see where it stands."
        return refused_in_place(request, sentence, status=409)
    on = _date_in(request.GET.get("on", ""))
    if on is None:
        sentence = "Enter a day that exists, and what it ends is shown here."
        return refused_in_place(request, sentence, status=422)
    return render(request, PLACE + "_what_ends.html", _preview(stay, on, today_of(request)))


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


@allow(*PLANNERS, methods=EDIT)
def move(request: Asked, pk: UUID) -> HttpResponse:
    participant = load(request, Participant, pk)
    stay = open_stay(request, participant, refuse_stay)
    if stay is None:
        return redirect("participants:detail", pk)
    at, today = now_and_today(request)
    targets = [
        p
        for p in programs_to_plan(request, participant.organization_id)
        if refuse_move(request.user, stay, p) is None
    ]
    form = MoveForm(
        request.POST or None, stay=stay, programs=targets, today=today,
        now=_level_now(stay, today), cancel=page_of(pk),
    )  # fmt: skip
    if submitted(form, stay, partial(move_to_program, by=request.user, at=at)):
        given = form.cleaned_data
        messages.success(
            request,
            f"{called(participant)} moves to {given['program'].name}, "
            f"first day {day(given['first_on'])}.",
        )
        return redirect("participants:detail", pk)
    return render(
        request,
        PLACE + "move.html",
        {
            "form": form,
            "name": whole_name(participant),
            "participant_id": pk,
            "targets": targets,
            "here": stay.program.name,
            **_preview(stay, today, today),
        },
    )
