"""Planning reminders: each a row in the outbox before it is due, once and for ever."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef

from participants.models import ChannelConsent, ContactPoint
from phpsupport.lib.clock import local_date
from phpsupport.outbox.delivery import Planned, enqueue
from phpsupport.programs.models import PolicyProfile
from phpsupport.programs.policy import DEFAULTS
from sessions.messages import LEADS_REMINDER, REMINDER
from sessions.models import Enrollment, GroupSession, SessionFacilitator, SessionState
from sessions.recurrence import wall_clock_before

# Rows are made this long before they are due, so that beat may stand still for a day and loses
# nothing; what is due already is past, so that who joins late gets only what is ahead.
AHEAD = timedelta(hours=26)
CLOCK_CHANGE = timedelta(hours=1)


def queue_reminders(*, at: datetime) -> int:
    """Queue what falls due within the next 26 hours; repeating it queues nothing twice.

    To participants with a live consent and an address, and to who leads and wants reminders; all of
    it is asked again when one is sent. Five queries, however many sessions. Returns how many
    reminders were handed to the outbox.
    """
    policy = Hours()
    furthest = at + timedelta(hours=policy.most) + CLOCK_CHANGE + AHEAD
    sessions = list(
        GroupSession.objects.filter(
            state=SessionState.SCHEDULED, starts_at__gt=at, starts_at__lte=furthest
        )
        .select_related("program__site")
        .only("program_id", "series_id", "local_date", "starts_at", "program__site__time_zone")
    )
    due = _due(sessions, policy, at)
    if not due:
        return 0
    chosen = {session.pk: session for session, _, _ in due}
    enrolled = _enrolled(chosen.values())
    leading = _leading(chosen)
    planned = []
    for session, hours, due_at in due:
        for kind, people in (
            (REMINDER, [p for p, from_on, until_on in enrolled[session.series_id]
                        if from_on <= session.local_date
                        and (until_on is None or session.local_date <= until_on)]),
            (LEADS_REMINDER, leading[session.pk]),
        ):  # fmt: skip
            planned += [_reminder(kind, session, person, hours, due_at) for person in people]
    return enqueue(planned, at=at)


class Hours:
    """Each program's hours of a rule on a day. One query."""

    def __init__(self, rule: str = "reminder_hours") -> None:
        self._usual: list[int] = DEFAULTS[rule]
        self.most: int = max(self._usual, default=0)
        self._since: dict[UUID, list[tuple[date, list[int]]]] = defaultdict(list)
        for program_id, since, hours in (
            PolicyProfile.objects.filter(rules__has_key=rule)
            .in_order()
            .values_list("program_id", "effective_from", f"rules__{rule}")
        ):
            self.most = max([self.most, *hours])
            self._since[program_id].append((since, hours))

    def ever(self, program_id: UUID) -> set[int]:
        """Hours that the rule named on any day."""
        return {*self._usual}.union(*(hours for _, hours in self._since[program_id]))

    def on(self, program_id: UUID, day: date) -> list[int]:
        begun = [hours for since, hours in self._since[program_id] if since <= day]
        return begun[-1] if begun else self._usual


def _due(
    sessions: list[GroupSession], hours_of: Hours, at: datetime
) -> list[tuple[GroupSession, int, datetime]]:
    """Sessions with each reminder that falls due between now and a day on, by the rule of the day
    on which it does."""
    found = []
    for session in sessions:
        program, zone = session.program_id, session.program.zone
        for hours in hours_of.ever(program):
            due_at = wall_clock_before(session.starts_at, zone, hours)
            if not at <= due_at <= at + AHEAD:
                continue
            if hours in hours_of.on(program, local_date(due_at, zone)):
                found.append((session, hours, due_at))
    return found


def _enrolled(sessions: Any) -> dict[UUID, list[tuple[UUID, Any, Any]]]:
    """People of each series who can be reached by e-mail and agreed to it. One query."""
    consent = ChannelConsent.objects.filter(
        participant=OuterRef("participant"), channel="email", revoked_at=None
    )
    address = ContactPoint.objects.filter(participant=OuterRef("participant"), kind="email")
    found: dict[UUID, list[tuple[UUID, Any, Any]]] = defaultdict(list)
    for series_id, person, from_on, until_on in Enrollment.objects.filter(
        Exists(consent),
        Exists(address),
        series_id__in={session.series_id for session in sessions},
        participant__sealed_at=None,
    ).values_list("series_id", "participant_id", "from_on", "until_on"):
        found[series_id].append((person, from_on, until_on))
    return found


def _leading(sessions: Any) -> dict[UUID, list[UUID]]:
    """Who leads each session and wants reminders. One query."""
    found: dict[UUID, list[UUID]] = defaultdict(list)
    for session_id, person in SessionFacilitator.objects.filter(
        session_id__in=list(sessions), active=True,
        person__wants_reminders=True, person__is_active=True,
    ).values_list("session_id", "person_id"):  # fmt: skip
        found[session_id].append(person)
    return found


def _reminder(
    kind: str, session: GroupSession, person: UUID, hours: int, due_at: datetime
) -> Planned:
    starts = session.starts_at.isoformat()
    return Planned(
        kind,
        key=f"{kind}:{session.pk}:{person}:{hours}:{starts}",
        recipient_id=person,
        subject_id=session.pk,
        program_id=session.program_id,
        due_at=due_at,
        expires_at=session.starts_at,
        facts={"starts_at": starts, "hours": hours},
    )
