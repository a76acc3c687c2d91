"""One session as its page shows it."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject

from facilitators.queries.clearance import ClearanceFile, files_in
from phpsupport.audit.models import AuditEvent
from phpsupport.lib import wording
from phpsupport.outbox.models import OutboxMessage, State
from phpsupport.users.models import User
from sessions.models import GroupSession, Part, SessionState, Status
from sessions.queries.apart import among_leaders
from sessions.queries.attendance import Person, roster
from sessions.queries.series import led_by, with_records
from sessions.queries.slots import person_name

EVENTS = {
    "session.moved": ("Moved", "arrows-move"),
    "session.staffed": ("Facilitators changed", "person-badge"),
    "session.cancelled": ("Cancelled", "calendar-x"),
    "session.held": ("Reported as held", "check-lg"),
    "session.not_held": ("Reported as not held", "dash-circle"),
    "attendance.marked": ("Attendance marked", "card-checklist"),
    "series.created": ("Planned with its series", "calendar-plus"),
    "series.steps_placed": ("The steps of the curriculum placed anew", "journal-text"),
    "series.ended": ("The series was ended", "calendar-x"),
    "series.facilitator_replaced": ("Facilitators of the series changed", "person-badge"),
}
MESSAGES = {
    State.WAITING: "waiting to go",
    State.SENDING: "being sent",
    State.SENT: "sent",
    State.WITHHELD: "not sent",
    State.FAILED: "could not be delivered",
}


@dataclass(frozen=True)
class Leader:
    """Somebody who leads the session, with what stands in the way."""

    id: UUID
    name: str
    part: str
    reason: str


@dataclass(frozen=True)
class Event:
    """Something that happened to the session."""

    what: str
    icon: str
    who: str
    when: str


@dataclass
class SessionPage:
    """Everything about one session."""

    when: str
    starts: datetime
    ends: datetime
    past: bool
    begun: bool
    outcome: tuple[str, str]
    leaders: list[Leader] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    came: int = 0
    unmarked: int = 0
    marks: list[tuple[str, int]] = field(default_factory=list)
    messages: list[tuple[str, int]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    @property
    def unmarked_words(self) -> str:
        return f"{self.unmarked} not marked"


def session_page(session: GroupSession, *, at: datetime, with_people: bool) -> SessionPage:
    """Who leads, roster, marks, messages by their state, and history. Five queries.

    Load the session through `for_page`.
    """
    zone = ZoneInfo(session.series.zone)
    starts, ends = session.starts_at.astimezone(zone), session.ends_at.astimezone(zone)
    page = SessionPage(
        when=wording.day_and_span(starts, ends),
        starts=starts,
        ends=ends,
        past=session.ends_at <= at,
        begun=session.starts_at <= at,
        outcome=_outcome(session, at),
    )
    page.leaders = _leaders(session, at)
    if with_people:
        page.people = roster(session)
        page.came = sum(p.came for p in page.people)
        page.unmarked = sum(not p.status for p in page.people)
        counted = Counter(p.status for p in page.people if p.status)
        page.marks = [(Status(s).label, counted[s]) for s in Status.values if counted[s]]
    states = Counter(
        OutboxMessage.objects.filter(
            subject_id=session.pk, kind__startswith="session_"
        ).values_list("state", flat=True)
    )
    page.messages = [(words, states[s]) for s, words in MESSAGES.items() if states[s]]
    page.events = _events(session, zone)
    return page


def for_page(sessions: QuerySet[GroupSession]) -> QuerySet[GroupSession]:
    """Sessions with everything that their page needs."""
    return with_records(
        sessions.select_related("series__group", "room", "program__site", "item")
    ).annotate(leaders=led_by("session"), keep_apart=among_leaders())


def _leaders(session: GroupSession, at: datetime) -> list[Leader]:
    rows = session.leaders  # type: ignore[attr-defined]
    coming = session.state == SessionState.SCHEDULED and session.starts_at > at
    files = files_in(session.program, {UUID(row["id"]) for row in rows}) if coming and rows else {}
    return [
        Leader(
            UUID(row["id"]),
            person_name(row),
            "Leads" if row["part"] == Part.LEAD else "Co-facilitates",
            _why(files.get(UUID(row["id"])), session, row["part"]),
        )
        for row in rows
    ]


def _why(file: ClearanceFile | None, session: GroupSession, part: str) -> str:
    if file is None:
        return ""
    found = file.on(session.local_date, as_lead=part == Part.LEAD)
    return "" if found.cleared else " ".join(r.sentence for r in found.reasons)


def _events(session: GroupSession, zone: ZoneInfo) -> list[Event]:
    actor = User.objects.filter(pk=OuterRef("actor_id")).values(
        row=JSONObject(first="first_name", preferred="preferred_name", last="last_name")
    )
    rows = (
        AuditEvent.objects.filter(object_id__in=[session.pk, session.series_id], action__in=EVENTS)
        .annotate(who=Subquery(actor))
        .order_by("-at", "pk")[:30]
    )
    return [
        Event(
            *EVENTS[row.action],
            person_name(row.who) if row.who else "the program itself",
            f"{wording.day(row.at.astimezone(zone))}, {wording.clock_time(row.at.astimezone(zone))}",
        )
        for row in rows
    ]


def _outcome(session: GroupSession, at: datetime) -> tuple[str, str]:
    """The state as a kind of the look and a word."""
    match session.state:
        case SessionState.CANCELLED:
            return "plain", "Cancelled"
        case SessionState.NOT_HELD:
            return "plain", "Not held"
        case SessionState.HELD:
            return "good", "Held"
    if session.ends_at <= at:
        return "wait", "Not reported yet"
    if session.starts_at <= at:
        return "good", "Under way"
    return "calm", "Planned"
