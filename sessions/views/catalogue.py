"""The catalogue of a program: its groups and its rooms."""

from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from phpsupport.access.asked import Asked, today_of
from phpsupport.access.gate import allow, load
from phpsupport.lib import clock
from phpsupport.lib.errors import Refused
from sessions.actions import groups as group_actions
from sessions.actions import rooms as room_actions
from sessions.forms.groups import GroupForm
from sessions.forms.rooms import RoomForm
from sessions.grants import PLANNERS
from sessions.models import GroupSeries, Room, SupportGroup
from sessions.queries import groups as group_queries
from sessions.queries import rooms as room_queries
from sessions.queries import series as series_queries
from sessions.queries.curriculum import steps_of
from sessions.views.form_page import form_page

EDIT = ("GET", "POST")


def _kept(form: type[GroupForm] | type[RoomForm], row: SupportGroup | Room) -> dict[str, object]:
    return {name: getattr(row, name) for name in form.base_fields}


# --- groups -----------------------------------------------------------------------------------------
@allow(*PLANNERS)
def groups(request: Asked) -> HttpResponse:
    """Every group that the program offers."""
    found = group_queries.catalogue(request.program, today=today_of(request))
    return render(
        request,
        "sessions/planner/groups.html",
        {
            "groups": [g for g in found if not g.retired],
            "retired": [g for g in found if g.retired],
        },
    )


@allow(*PLANNERS)
def group(request: Asked, pk: UUID) -> HttpResponse:
    """One group with its series."""
    found = load(request, SupportGroup, pk)
    lines = series_queries.series_lines(
        GroupSeries.objects.filter(group=found), today=today_of(request)
    )
    return render(
        request,
        "sessions/planner/group.html",
        {
            "group": found,
            "steps": steps_of(found),
            "running": [line for line in lines if not line.ended],
            "ended": [line for line in reversed(lines) if line.ended],
        },
    )


@allow(*PLANNERS, methods=EDIT)
def group_new(request: Asked) -> HttpResponse:
    """Add a group to the catalogue."""
    every = reverse("sessions:groups")
    form = GroupForm(request.POST or None, cancel=every)
    create = partial(
        group_actions.create_group, program=request.program, by=request.user, at=clock.now()
    )
    if form.carry_out(create):
        made = form.outcome
        messages.success(request, f"{made.name} is in the catalogue. Plan its first series next.")
        return redirect("sessions:group", made.pk)
    return form_page(request, form, "New group", back=("Groups", every))


@allow(*PLANNERS, methods=EDIT)
def group_edit(request: Asked, pk: UUID) -> HttpResponse:
    """Change what the catalogue says of a group."""
    found = load(request, SupportGroup, pk)
    here = reverse("sessions:group", args=[pk])
    form = GroupForm(request.POST or None, initial=_kept(GroupForm, found), cancel=here)
    edit = partial(group_actions.edit_group, group=found, by=request.user, at=clock.now())
    if form.carry_out(edit):
        messages.success(request, "The group is changed. Series that run keep their own size.")
        return redirect(here)
    return form_page(request, form, f"Edit {found.name}", back=(found.name, here))


@allow(*PLANNERS, methods=("POST",))
def group_retire(request: Asked, pk: UUID) -> HttpResponse:
    """Take a group out of the catalogue, or put it back."""
    found = load(request, SupportGroup, pk)
    by, at = request.user, clock.now()
    again = "again" in request.POST
    try:
        if again:
            group_actions.offer_group_again(group=found, by=by, at=at)
        else:
            group_actions.retire_group(group=found, on=today_of(request), by=by, at=at)
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return redirect("sessions:group", pk)
    if again:
        messages.success(request, f"{found.name} is offered again.")
        return redirect("sessions:group", pk)
    messages.success(request, f"{found.name} is retired. Its history stays.")
    return redirect("sessions:groups")


# --- rooms ------------------------------------------------------------------------------------------
@allow(*PLANNERS)
def rooms(request: Asked) -> HttpResponse:
    """The rooms of the site."""
    found = room_queries.rooms(request.program, at=clock.now())
    return render(
        request,
        "sessions/planner/rooms.html",
        {
            "rooms": [r for r in found if not r.retired],
            "retired": [r for r in found if r.retired],
        },
    )


@allow(*PLANNERS, methods=EDIT)
def room_new(request: Asked) -> HttpResponse:
    """Add a room."""
    every = reverse("sessions:rooms")
    form = RoomForm(request.POST or None, cancel=every)
    create = partial(
        room_actions.create_room, program=request.program, by=request.user, at=clock.now()
    )
    if form.carry_out(create):
        messages.success(request, f"{form.outcome.name} can be booked now.")
        return redirect(every)
    return form_page(request, form, "New room", back=("Rooms", every))


@allow(*PLANNERS, methods=EDIT)
def room_edit(request: Asked, pk: UUID) -> HttpResponse:
    """Change a room."""
    found = load(request, Room, pk)
    every = reverse("sessions:rooms")
    form = RoomForm(request.POST or None, initial=_kept(RoomForm, found), cancel=every)
    edit = partial(
        room_actions.edit_room,
        room=found,
        program=request.program,
        by=request.user,
        at=clock.now(),
    )
    if form.carry_out(edit):
        messages.success(request, "The room is changed.")
        return redirect(every)
    return form_page(
        request, form, f"Edit {found.name}", back=("Rooms", every),
        retire=reverse("sessions:room-retire", args=[pk]), retired=bool(found.retired_on),
    )  # fmt: skip


@allow(*PLANNERS, methods=("POST",))
def room_retire(request: Asked, pk: UUID) -> HttpResponse:
    """Take a room out of use, or into use again."""
    found = load(request, Room, pk)
    program, by, at = request.program, request.user, clock.now()
    again = "again" in request.POST
    try:
        if again:
            room_actions.use_room_again(room=found, program=program, by=by, at=at)
        else:
            room_actions.retire_room(
                room=found, program=program, on=today_of(request), by=by, at=at
            )
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return redirect("sessions:room-edit", pk)
    words = "is in use again" if again else "is out of use. Its history stays"
    messages.success(request, f"{found.name} {words}.")
    return redirect("sessions:rooms")
