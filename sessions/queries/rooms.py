"""The rooms of a site as their page shows them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Q

from phpsupport.lib import wording
from phpsupport.programs.models import Program
from sessions.models import Room, RoomKind

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class RoomLine:
    """One room."""

    id: UUID
    name: str
    seats: str
    kind: str
    video: bool
    hours: str
    notes: str
    used: str
    retired: str


def rooms(program: Program, *, at: datetime) -> list[RoomLine]:
    """The rooms of the program's site, those out of use last. One query."""
    coming = Q(
        group_sessions__starts_at__gt=at,
        group_sessions__starts_at__lt=at + WEEK,
        group_sessions__state="scheduled",
    )
    rows = (
        Room.objects.filter(site_id=program.site_id)
        .annotate(coming=Count("group_sessions", coming))
        .order_by("name")
    )
    lines = [
        RoomLine(
            r.pk,
            r.name,
            wording.count(r.seats, "seat"),
            r.get_kind_display(),
            r.kind == RoomKind.VIDEO,
            wording.span(r.opens, r.closes) if r.opens and r.closes else "",
            r.notes,
            f"{wording.count(r.coming, 'session')} in the next 7 days"  # type: ignore[attr-defined]
            if r.coming  # type: ignore[attr-defined]
            else "free in the next 7 days",
            wording.date_in_full(r.retired_on) if r.retired_on else "",
        )
        for r in rows
    ]
    return sorted(lines, key=lambda line: bool(line.retired))
