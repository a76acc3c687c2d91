"""How marks came to be what they are: the history that the database keeps of each row, in words."""

from collections import defaultdict
from itertools import pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.apps import apps

from phpsupport.lib import wording
from sessions.models import GroupSession
from sessions.queries.attendance import mark_in_words


def corrections(session: GroupSession) -> dict[UUID, list[str]]:
    """Of everybody whose mark changed, what stood before and what it became, the oldest first, each
    with who and when and, where it was said, why. One query for the whole sheet."""
    history: Any = apps.get_model("group_sessions", "AttendanceEvent")
    rows = (
        history.objects.filter(session_id=session.pk)
        .select_related("marked_by")
        .only(
            "participant_id", "pgh_label", "pgh_created_at", "status", "arrived", "departed",
            "reason", "marked_at", "why", "at_kiosk", "marked_by__first_name",
            "marked_by__last_name", "marked_by__preferred_name",
        )
        .order_by("pgh_id")
    )  # fmt: skip
    of: dict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        of[row.participant_id].append(row)
    place = ZoneInfo(session.program.zone)
    return {
        person: [_before(events[0], place), *(_after(*two, place) for two in pairwise(events))]
        for person, events in of.items()
        if len(events) > 1
    }


def _before(row: Any, place: ZoneInfo) -> str:
    return f"Was {_mark(row)}, marked {_when(row, place)}{_by(row)}."


def _after(before: Any, row: Any, place: ZoneInfo) -> str:
    why = f": {row.why}" if row.why else "."
    if row.pgh_label == "delete":
        at = row.pgh_created_at.astimezone(place)
        return f"Taken off the sheet {wording.day(at)}, {wording.clock_time(at)}{why}"
    if before.pgh_label == "delete":
        return f"Put back as {_mark(row)}, {_when(row, place)}{_by(row)}{why}"
    return f"Corrected to {_mark(row)}, {_when(row, place)}{_by(row)}{why}"


def _mark(row: Any) -> str:
    mark = mark_in_words(row.status, row.arrived, row.departed)
    return f"{mark} ({row.get_reason_display().lower()})" if row.reason else mark


def _when(row: Any, place: ZoneInfo) -> str:
    at = row.marked_at.astimezone(place)
    return f"{wording.day(at)}, {wording.clock_time(at)}"


def _by(row: Any) -> str:
    if row.marked_by is None:
        return ""
    return f" by {row.marked_by.name}{' (at the kiosk)' if row.at_kiosk else ''}"
