"""What stands in a person's calendar outside, and whether its address still works."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q

from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.lib import clock
from phpsupport.lib.encryption import digest
from sessions.actions.feeds import WITH_CALENDAR, token_hash
from sessions.calendar_file import Entry, calendar_file
from sessions.models import (
    CalendarFeed,
    Enrollment,
    GroupSession,
    SessionFacilitator,
    SessionState,
)

BACK: Final = timedelta(days=30)
AHEAD: Final = timedelta(days=180)
NAME: Final = "Calendar"
APPOINTMENT: Final = "Appointment"
OVER: Final = (SessionState.CANCELLED, SessionState.NOT_HELD)


@dataclass(frozen=True)
class LiveFeed:
    """An address that works, and the programs for which it holds something, by role."""

    feed: CalendarFeed
    leads_in: tuple[UUID, ...]
    takes_part_in: tuple[UUID, ...]


@dataclass(frozen=True)
class File:
    """A calendar as it is sent."""

    content: bytes
    changed_at: datetime


def live_feed(token: str, *, at: datetime) -> LiveFeed | None:
    """The feed of a token that works at this instant; None for any other, whatever the reason.

    It works while its owner's account is open and while a role lasts that they held when it was
    made: who comes back later makes a new address. A sealed chart shows nothing. Two queries.
    """
    feed = (
        CalendarFeed.objects.filter(
            token_hash=token_hash(token), revoked_at=None, user__is_active=True
        )
        .select_related("user", "user__participant")
        .first()
    )
    if feed is None:
        return None
    held: dict[str, list[UUID]] = {role: [] for role in WITH_CALENDAR}
    lasts = False
    rows = RoleAssignment.objects.filter(user=feed.user, role__in=WITH_CALENDAR)
    for row in rows.select_related("program__site").order_by("program_id"):
        zone = row.program.zone
        today = clock.local_date(at, zone)
        if row.starts_on <= today and (row.ends_on is None or today <= row.ends_on):
            if row.role == Role.PARTICIPANT and not _open_chart(feed):
                continue
            held[row.role].append(row.program_id)
            lasts = lasts or row.starts_on <= clock.local_date(feed.made_at, zone)
    if not lasts:
        return None
    return LiveFeed(feed, tuple(held[Role.FACILITATOR]), tuple(held[Role.PARTICIPANT]))


def _open_chart(feed: CalendarFeed) -> bool:
    participant = getattr(feed.user, "participant", None)
    return participant is not None and participant.sealed_at is None


def entries_of(live: LiveFeed, *, at: datetime) -> list[Entry]:
    """The sessions that the person leads or has a place in, thirty days back and half a year ahead.

    A session that is no longer theirs is not in it; one that was cancelled stays as cancelled, also
    for those who were to lead it. One query.
    """
    midnight = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    leads = SessionFacilitator.objects.filter(
        Q(active=True) | Q(session__state__in=OVER),
        session=OuterRef("pk"),
        person=live.feed.user,
        facilitator__program__in=live.leads_in,
    )
    has_place = Enrollment.objects.filter(
        Q(until_on=None) | Q(until_on__gte=OuterRef("local_date")),
        series=OuterRef("series_id"),
        from_on__lte=OuterRef("local_date"),
        participant__user=live.feed.user,
        participant__sealed_at=None,
    )
    rows = (
        GroupSession.objects.filter(
            starts_at__gte=midnight - BACK,
            starts_at__lt=midnight + AHEAD,
            program__in=[*live.leads_in, *live.takes_part_in],
        )
        .annotate(leads=Exists(leads), has_place=Exists(has_place))
        .filter(
            Q(leads=True, program__in=live.leads_in)
            | Q(has_place=True, program__in=live.takes_part_in)
        )
        .values(
            "pk", "starts_at", "ends_at", "state", "sequence", "changed_at", "leads",
            zone=F("program__site__time_zone"), label=F("series__group__calendar_label"),
        )
    )  # fmt: skip
    return [
        Entry(
            uid=_uid(live.feed.user_id, row["pk"]),
            starts_at=row["starts_at"],
            ends_at=row["ends_at"],
            zone=row["zone"],
            words=row["label"] if row["leads"] else APPOINTMENT,
            cancelled=row["state"] in OVER,
            sequence=row["sequence"],
            changed_at=row["changed_at"],
        )
        for row in rows
    ]


def _uid(user_id: UUID, session_id: UUID) -> UUID:
    """The same for one person and session for good, also after the address was made anew. Two
    people's calendars share none, so that nobody can tell that they were in one room."""
    return UUID(hex=digest(f"{user_id} {session_id}", "calendar entry")[:32])


def file_of(live: LiveFeed, *, at: datetime) -> File:
    """The calendar file. One query."""
    entries = entries_of(live, at=at)
    changed = max([live.feed.made_at, *(e.changed_at for e in entries)])
    years = ((at - BACK).year, (at + AHEAD).year)
    return File(calendar_file(entries, name=NAME, years=years), changed)
