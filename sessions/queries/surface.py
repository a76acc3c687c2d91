"""The schedule as the working surface's script reads it: events, rooms or people, closed days."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from phpsupport.access.scope import scope_of
from phpsupport.lib import wording
from phpsupport.lib.clock import local_date
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions.queries import grid
from sessions.queries.entries import Entry, entries
from sessions.queries.series_preview import closures_between
from sessions.queries.week import (
    DAY,
    SEES_CLEARANCE,
    facilitators,
    midnight,
    note_clearance,
    rooms,
)
from sessions.queries.wish import Wish

NOBODY = "nobody"
SHORT = timedelta(minutes=40)  # shown in one line


def surface(
    *,
    user: User,
    program: Program,
    wish: Wish,
    since: date,
    until: date,
    may_plan: bool,
    at: datetime,
) -> dict[str, Any]:
    """Everything between two days, the second not included. At most six queries.

    Times are the site's wall clock, without a zone: what the surface shows is what the wall shows.
    """
    found = entries(
        program=program, since=midnight(since, program), until=midnight(until, program), at=at
    )
    if scope_of(user).has(program.pk, *SEES_CLEARANCE):
        note_clearance(found)
    shown = [e for e in found if wish.wants(e)]
    closed = closures_between(program.pk, since, until - DAY)
    return {
        "events": [event(e, wish.by, may_plan=may_plan) for e in shown],
        "resources": _resources(program, shown, wish, local_date(at, program.zone)),
        "closed": {day.isoformat(): reason for day, reason in closed.items()},
        "loads": _loads(shown),
    }


def event(e: Entry, by: str, *, may_plan: bool) -> dict[str, Any]:
    """One session as the calendar takes it."""
    if by == "room":
        belongs = list(grid.rooms_of(e))
    else:
        belongs = [key or NOBODY for key in grid.people_of(e)]
    return {
        "id": str(e.id),
        "start": e.starts.replace(tzinfo=None).isoformat(timespec="minutes"),
        "end": e.ends.replace(tzinfo=None).isoformat(timespec="minutes"),
        "title": e.group,
        "resourceIds": belongs,
        "classNames": [f"is-{e.look}", *(["is-short"] if e.ends_at - e.starts_at < SHORT else [])],
        "editable": may_plan and e.planned and e.starts_at < e.ends_at,
        "extendedProps": {
            "times": e.times,
            "room": e.room,
            "words": e.words,
            "leads": "" if e.gap or e.not_cleared or e.cancelled else e.leads,
            "whole": f"{wording.day(e.on)}: {e.title}",
            "url": grid.session_url(e.id),
        },
    }


def _resources(
    program: Program, shown: Sequence[Entry], wish: Wish, today: date
) -> list[dict[str, str]]:
    if wish.by == "time":
        return []
    by_room = wish.by == "room"
    names = rooms(program) if by_room else facilitators(program, on=today)
    keys = grid.rooms_of if by_room else grid.people_of
    listed = grid.resources(shown, names, keys, only_used=wish.filtered)
    return [{"id": key or NOBODY, "title": name} for key, name in listed]


def _loads(shown: Sequence[Entry]) -> dict[str, str]:
    people = {key for e in shown for key in grid.people_of(e) if key}
    return {key: grid.load([e for e in shown if key in grid.people_of(e)]) for key in people}
