"""The rooms of a site."""

from datetime import date, datetime, time
from typing import Any

from django.db import IntegrityError, transaction

from phpsupport.audit.trail import record
from phpsupport.lib import wording
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions.actions.booking import lock_slots
from sessions.models import GroupSession, Room, RoomKind, SessionState

TAKEN = Refused(
    "There is a room of that name already. Choose another name.", field="name", code="taken"
)


@transaction.atomic
def create_room(
    *,
    program: Program,
    name: str,
    seats: int,
    by: User | None,
    at: datetime,
    kind: str = RoomKind.ROOM,
    notes: str = "",
    opens: time | None = None,
    closes: time | None = None,
) -> Room:
    """Add a room to the program's site; the site's other programs share it."""
    room = Room(
        site_id=program.site_id, name=name.strip(), seats=seats, kind=kind, notes=notes,
        opens=opens, closes=closes,
    )  # fmt: skip
    _store(room)
    record("room.created", by=by, at=at, obj=room, program_id=program.pk)
    return room


@transaction.atomic
def edit_room(
    *, room: Room, program: Program, by: User | None, at: datetime, **changes: Any
) -> Room:
    """Change a room's name, seats, kind, hours or notes. What is planned there stays."""
    room = Room.objects.select_for_update(no_key=True).get(pk=room.pk)
    changed = sorted(name for name, value in changes.items() if getattr(room, name) != value)
    if not changed:
        return room
    for name in changed:
        setattr(room, name, changes[name])
    _store(room)
    record("room.edited", by=by, at=at, obj=room, program_id=program.pk, changed=changed)
    return room


def _store(room: Room) -> None:
    if not room.name:
        raise Refused("Enter a name.", field="name", code="required")
    if not 1 <= room.seats <= 500:
        raise Refused("A room has from 1 to 500 seats.", field="seats")
    if room.kind not in RoomKind:
        raise Refused("Choose a kind from the list.", field="kind")
    if (room.opens is None) != (room.closes is None):
        missing = "opens" if room.opens is None else "closes"
        raise Refused("Give both hours, or leave both empty.", field=missing)
    if room.opens is not None and room.closes is not None and room.closes <= room.opens:
        raise Refused("The room must close after it opens.", field="closes")
    try:
        with transaction.atomic():
            room.save()
    except IntegrityError:
        raise TAKEN from None


@transaction.atomic
def retire_room(*, room: Room, program: Program, on: date, by: User | None, at: datetime) -> Room:
    """Take a room out of use. What was held there stays; what is planned there moves first."""
    lock_slots([room.pk], [])  # whoever books the room at this moment comes before or after
    room = Room.objects.select_for_update(no_key=True).get(pk=room.pk)
    if room.retired_on is not None:
        return room
    planned = GroupSession.objects.filter(
        room=room, starts_at__gt=at, state=SessionState.SCHEDULED
    ).count()
    if planned:
        raise Refused(
            f"{wording.count(planned, 'session is', 'sessions are')} still planned there. "
            "Move or cancel what is planned first.",
            code="planned",
        )
    room.retired_on = on
    room.save(update_fields=["retired_on"])
    record("room.retired", by=by, at=at, obj=room, program_id=program.pk)
    return room


@transaction.atomic
def use_room_again(*, room: Room, program: Program, by: User | None, at: datetime) -> Room:
    """Take a retired room into use again."""
    room = Room.objects.select_for_update(no_key=True).get(pk=room.pk)
    if room.retired_on is None:
        return room
    room.retired_on = None
    room.save(update_fields=["retired_on"])
    record("room.used_again", by=by, at=at, obj=room, program_id=program.pk)
    return room
