"""Rosters: who has a place in a series, who waits, and the groups of one participant."""

from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from participants.models import Participant
from participants.names import full_name
from phpsupport.access.asked import Asked, now_and_today, today_of
from phpsupport.access.gate import allow, load
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.lib import clock, wording
from sessions.actions import enrollment as actions
from sessions.forms.enrollment import EnrollForm, LeaveForm, SeveralForm
from sessions.grants import PLANNERS
from sessions.models import Enrollment, GroupSeries, WaitlistEntry
from sessions.queries import enrollment as queries
from sessions.queries.series import led_by, pattern_in_words
from sessions.views.form_page import form_page

WHO_SEES_ROSTERS = (*PLANNERS, Role.SUPERVISOR, Role.CLINICIAN)
EDIT = ("GET", "POST")


def load_series(request: Asked, pk: UUID) -> GroupSeries:
    """The series if this person may see it, with its group, room and who leads it."""
    rows = GroupSeries.objects.select_related("group", "room", "program__site")
    return load(request, rows.annotate(people=led_by("series")), pk)


def _whole_name(person: Participant) -> str:
    return full_name(person.first_name, person.last_name, person.preferred_name)


def enroll_form(request: Asked, found: GroupSeries, data: Any = None) -> EnrollForm:
    """The question who joins a series, and from when."""
    day = today_of(request)
    people = queries.may_join(found.program, found, user=request.user, today=day)
    return EnrollForm(
        data,
        people=queries.participant_choices(people),
        first=max(day, found.from_on),
    )


def _told(request: Asked, person: Participant, placed: actions.Placed) -> None:
    say = messages.warning if placed.enrollment is None else messages.success
    say(request, f"{_whole_name(person)}: {placed.sentence}")


# --- places and the waitlist of a series ------------------------------------------------------------
@allow(*PLANNERS, methods=EDIT)
def enroll(request: Asked, pk: UUID) -> HttpResponse:
    """Give somebody a place in a series, or the next place in its line."""
    found = load_series(request, pk)
    here = reverse("sessions:series", args=[pk])
    form = enroll_form(request, found, request.POST or None)
    form.cancel = here
    overlaps: list[str] = []
    if form.is_valid():
        at = clock.now()
        person = load(request, Participant, form.cleaned_data["participant"], read=False)
        request.program = found.program
        overlaps = queries.overlaps(
            person, [found.pk], program=found.program, from_on=form.cleaned_data["from_on"], at=at
        )
        if not overlaps or "accept" in request.POST:
            overlaps = []

            def place(participant: str, **days: Any) -> actions.Placed:
                return actions.enroll(
                    series=found, participant=person, by=request.user, at=at, **days
                )

            if form.carry_out(place):
                _told(request, person, form.outcome)
                return redirect(here)
    return form_page(
        request, form, f"Enroll in {found.group.name}", back=(found.group.name, here),
        subtitle=pattern_in_words(found), overlaps=overlaps,
    )  # fmt: skip


@allow(*PLANNERS, methods=EDIT)
def enrollment_end(request: Asked, pk: UUID) -> HttpResponse:
    """End somebody's place; whoever waits first gets it."""
    rows = Enrollment.objects.select_related("series__group", "participant", "program__site")
    found = load(request, rows, pk)
    here = reverse("sessions:series", args=[found.series_id])
    name, group = _whole_name(found.participant), found.series.group.name
    at, today = now_and_today(request)
    form = LeaveForm(request.POST or None, initial={"last_on": today}, cancel=here)
    if form.carry_out(partial(actions.leave_series, enrollment=found, by=request.user, at=at)):
        messages.success(request, f"{name}'s place ends. {_moved_up(form.outcome)}".strip())
        return redirect(here)
    return form_page(
        request, form, f"End {name}'s place", back=(group, here), subtitle=group,
        intro=[
            "Attendance and notes so far stay.",
            "A day before the first day takes the place back as if it had not been given.",
            "Whoever waits first moves up by itself.",
        ],
    )  # fmt: skip


def _moved_up(given: list[Enrollment]) -> str:
    if not given:
        return ""
    return f"{wording.count(len(given), 'person moves', 'people move')} up from the waitlist."


@allow(*PLANNERS, methods=("POST",))
def waitlist_leave(request: Asked, pk: UUID) -> HttpResponse:
    """Take somebody off the waitlist."""
    found = load(request, WaitlistEntry.objects.select_related("program__site"), pk)
    actions.leave_waitlist(entry=found, by=request.user, at=clock.now())
    messages.success(request, "They no longer wait for this group.")
    return redirect("sessions:series", found.series_id)


# --- one participant --------------------------------------------------------------------------------
@allow(*WHO_SEES_ROSTERS)
def participant_groups(request: Asked, pk: UUID) -> HttpResponse:
    """The groups of a participant: a page of its own, or a part of the participant's."""
    person = load(request, Participant, pk)
    program = request.program
    found = queries.groups_of(person, user=request.user, today=today_of(request))
    return render(
        request,
        f"sessions/planner/{'_' if request.htmx else ''}participant_groups.html",
        {
            "person": person,
            "name": queries.shown_name(
                person, whole=queries.sees_whole_names(request.user, program.pk)
            ),
            "groups": found,
            "may_plan": scope_of(request.user).has(program.pk, *PLANNERS),
        },
    )


@allow(*PLANNERS, methods=EDIT)
def participant_enroll(request: Asked, pk: UUID) -> HttpResponse:
    """Enroll one person in several groups at once, with what would clash."""
    person = load(request, Participant, pk)
    program = request.program
    at, today = now_and_today(request)
    back = reverse("participants:detail", args=[pk])
    name = _whole_name(person)
    offered = queries.offers(program, participant=person, today=today)
    form = SeveralForm(
        request.POST or None,
        offers=[(str(o.id), o.label + (" · full: waits" if o.full else "")) for o in offered],
        first=today,
        cancel=back,
    )
    overlaps: list[str] = []
    if form.is_valid():
        overlaps = queries.overlaps(
            person, map(UUID, form.cleaned_data["series"]), program=program,
            from_on=form.cleaned_data["from_on"], at=at,
        )  # fmt: skip
        if not overlaps or "accept" in request.POST:
            overlaps = []

            def place(series: list[str], **days: Any) -> list[actions.Placed]:
                chosen = GroupSeries.objects.filter(pk__in=series, program=program)
                return actions.enroll_in_several(
                    series=chosen, participant=person, by=request.user, at=at, **days
                )

            if form.carry_out(place):
                for placed in form.outcome:
                    _told(request, person, placed)
                return redirect(back)
    return form_page(
        request, form, f"Enroll {name}", back=(name, back), overlaps=overlaps,
        stop="" if offered else "There is no running group that this person is not in already.",
    )  # fmt: skip
