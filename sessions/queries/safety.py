"""Safety concerns as the pages show them: what waits, one with its whole trail."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.urls import reverse

from participants import names
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.lib import wording
from phpsupport.outbox.models import OutboxMessage
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions import policies
from sessions.models import (
    ClosedAs,
    GroupSession,
    SafetyAct,
    SafetyAlert,
    SafetyConcern,
    SafetyEntry,
)
from sessions.queries.safety_trail import Step, also_worried, moment, trail

CLOSED_AT_MOST = 50
_CALLED = ("first_name", "last_name", "preferred_name")


def for_page() -> QuerySet[SafetyConcern]:
    """Concerns with what a line reads, as `acting` who said that they know and act, the first one
    first, and as `last_round` whether that told somebody or found nobody left."""
    said = SafetyAlert.objects.filter(concern=OuterRef("pk"), acknowledged_at__isnull=False)
    who = JSONObject(id="person_id", **{name: f"person__{name}" for name in _CALLED})
    acting = said.order_by("acknowledged_at", "pk").values(who=who)
    rounds = SafetyEntry.objects.filter(
        concern=OuterRef("pk"), act__in=[SafetyAct.TOLD, SafetyAct.NOBODY_LEFT]
    ).order_by("-at")
    return SafetyConcern.objects.select_related(
        "program__site", "session__series__group", "session__room", "participant", "raised_by"
    ).annotate(acting=ArraySubquery(acting), last_round=Subquery(rounds.values("act")[:1]))


# --- one line -------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Line:
    """A concern in a list."""

    id: UUID
    session_id: UUID
    about: str
    group: str
    when: str
    raised: str
    raised_by: str
    tone: str
    state: str
    open: bool
    answered: bool
    since: datetime
    next_step: str = ""
    where: str = ""

    @property
    def url(self) -> str:
        return reverse("sessions:safety-concern", args=[self.id])

    @property
    def title(self) -> str:
        """As the head of a card."""
        return f"Safety concern: {self.about}"

    @property
    def about_words(self) -> str:
        """As the first word of a line."""
        return f"{self.about[0].upper()}{self.about[1:]}"

    @property
    def state_words(self) -> str:
        """Where it stands and what comes next, as a sentence."""
        said = f"{self.state[0].upper()}{self.state[1:]}."
        return f"{said} {self.next_step}".strip()


def _line(concern: SafetyConcern, user: User, at: datetime) -> Line:
    zone = ZoneInfo(concern.program.zone)
    tone, state = state_of(concern, acting_on(concern), zone, at)
    session = concern.session
    return Line(
        id=concern.pk,
        session_id=session.pk,
        about=about(concern, user),
        group=session.series.group.name,
        when=wording.day_and_span(
            session.starts_at.astimezone(zone), session.ends_at.astimezone(zone)
        ),
        raised=moment(concern.raised_at, zone),
        raised_by=concern.raised_by.name,
        tone=tone,
        state=state,
        open=concern.closed_at is None,
        answered=concern.acknowledged_at is not None,
        since=concern.raised_at,
        next_step=_next_step(concern, zone),
    )


def about(concern: SafetyConcern, user: User | None = None) -> str:
    """Whom it is about: by full name for those who see full names, else with the last initial."""
    person = concern.participant
    if person is None:
        return "the group"
    parts = (person.first_name, person.last_name, person.preferred_name)
    whole = (Role.SCHEDULER, Role.PROGRAM_LEAD, Role.CLINICIAN)
    if user is not None and scope_of(user).has(concern.program_id, *whole):
        return names.full_name(*parts)
    return names.display_name(*parts)


def state_of(
    concern: SafetyConcern, acting: list[str], zone: ZoneInfo, at: datetime
) -> tuple[str, str]:
    """Where it stands, with `acting` who said that they act: a kind of tag, and words."""
    if concern.closed_as == ClosedAs.MISTAKE:
        return "plain", "a mistake"
    if concern.closed_at is not None:
        return "good", f"closed {moment(concern.closed_at, zone)}"
    if acting:
        return "calm", f"{wording.listing(acting)} {'is' if len(acting) == 1 else 'are'} acting"
    if at - concern.raised_at < timedelta(minutes=1):
        return "stop", "raised just now"
    return "stop", f"unanswered for {_lasting(at - concern.raised_at)}"


def _next_step(concern: SafetyConcern, zone: ZoneInfo) -> str:
    if not _unanswered(concern) or concern.escalates_at is None:
        return ""
    when = wording.clock_time(concern.escalates_at.astimezone(zone))
    if nobody_left(concern):
        return f"Nobody is left to pass it on to. It is tried again at {when}."
    return f"Passed on at {when} if nobody answers."


def _unanswered(concern: SafetyConcern) -> bool:
    return concern.closed_at is None and concern.acknowledged_at is None


def nobody_left(concern: SafetyConcern) -> bool:
    """Whether nobody answered and there is nobody whom it was not told; load it through
    `for_page`."""
    last: str | None = concern.last_round  # type: ignore[attr-defined]
    return _unanswered(concern) and last == SafetyAct.NOBODY_LEFT


def acting_on(concern: SafetyConcern) -> list[str]:
    """Who said that they know and act, by name; load it through `for_page`."""
    people: list[dict[str, str]] = concern.acting  # type: ignore[attr-defined]
    return [User(**{name: who[name] for name in _CALLED}).name for who in people]


def _lasting(time: timedelta) -> str:
    minutes = max(0, int(time.total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return wording.count(hours // 24, "day")


# --- what waits, lists ----------------------------------------------------------------------------
@dataclass(frozen=True)
class Urgent:
    """A concern that is open and of somebody: told to them, or raised by them."""

    line: Line
    mine: bool  # raised by the reader
    acting: bool  # the reader said that they act on it
    program: str = ""  # where it is in another program than the one before the reader

    @property
    def when(self) -> str:
        """How pressing it is for the reader: "now" until somebody answers."""
        return "soon" if self.line.answered else "now"

    @property
    def title(self) -> str:
        if self.mine:
            return f"You raised a safety concern: {self.line.about}"
        return self.line.title

    @property
    def words(self) -> str:
        """Where it stands, and what is asked of the reader."""
        if self.acting:
            state = "You are acting on it. Close it with what was done."
        elif self.line.answered or self.mine:
            state = self.line.state_words
        else:
            state = f"{self.line.state[0].upper()}{self.line.state[1:]}. Say that you know."
        return " · ".join(part for part in (self.program, self.line.group, state) if part)


def urgent_for(user: User, program: Program | None, at: datetime) -> list[Urgent]:
    """Open concerns that somebody was told of or raised, in every program where they work, the
    unanswered and oldest first. One query."""
    scope = scope_of(user)
    if not scope.programs(*_WORKING):
        return []
    told = SafetyAlert.objects.filter(concern=OuterRef("pk"), person=user)
    rows = (
        for_page()
        .visible_to(user)  # type: ignore[attr-defined]
        .filter(Q(raised_by=user) | Exists(told), closed_at=None)
        .order_by("raised_at")
    )
    found = []
    for row in rows:
        acting = any(who["id"] == str(user.pk) for who in row.acting)
        elsewhere = program is None or row.program_id != program.pk
        found.append(
            Urgent(
                _line(row, user, at),
                mine=row.raised_by_id == user.pk,
                acting=acting,
                program=row.program.name if elsewhere else "",
            )
        )
    return sorted(found, key=lambda u: (u.line.answered, u.line.since))


_WORKING = (
    Role.SCHEDULER, Role.PROGRAM_LEAD, Role.SUPERVISOR, Role.FACILITATOR, Role.CLINICIAN,
)  # fmt: skip


@dataclass(frozen=True)
class Lists:
    """The program's concerns that somebody may see."""

    open: list[Line] = field(default_factory=list)
    closed: list[Line] = field(default_factory=list)

    @property
    def unanswered(self) -> int:
        return sum(not line.answered for line in self.open)


def lists_of(user: User, program: Program, at: datetime) -> Lists:
    """Open ones first, by how long nobody answered; then what was closed lately. Two queries."""
    seen = for_page().visible_to(user).filter(program=program)  # type: ignore[attr-defined]
    still = [_line(row, user, at) for row in seen.filter(closed_at=None).order_by("raised_at")]
    still.sort(key=lambda line: (line.answered, line.since))
    over = seen.filter(closed_at__isnull=False).order_by("-closed_at")[:CLOSED_AT_MOST]
    return Lists(still, [_line(row, user, at) for row in over])


def of_session(session: GroupSession, user: User, at: datetime) -> list[Line]:
    """What was raised at a session, for who may see it; the open ones first. One query, none
    where the session was read with the knowledge that nothing was."""
    if not getattr(session, "safety_raised", True):
        return []
    rows = for_page().visible_to(user).filter(session=session).order_by("raised_at")  # type: ignore[attr-defined]
    lines = [_line(row, user, at) for row in rows]
    return sorted(lines, key=lambda line: (not line.open, line.since))


def was_raised_at(session_id: Any) -> QuerySet[SafetyConcern]:
    """What was raised at a session and was no mistake: whether its group note says that there was
    a safety concern. `session_id` may be an OuterRef."""
    return SafetyConcern.objects.filter(session=session_id).exclude(closed_as=ClosedAs.MISTAKE)


# --- one concern ----------------------------------------------------------------------------------
@dataclass(frozen=True)
class Told:
    """Somebody who was told, and whether they answered."""

    name: str
    tone: str
    words: str


@dataclass(frozen=True)
class ConcernPage:
    """One concern with its trail, for one reader."""

    line: Line
    told: list[Told]
    acting: str
    acting_words: str
    closed_words: str
    steps: list[Step]
    phone: str
    reads_words: bool
    mine: bool
    may_acknowledge: bool
    may_close: bool
    may_take_back: bool
    nobody_left: bool

    @property
    def names(self) -> str:
        """Everybody who was told, in one phrase."""
        return wording.listing([t.name for t in self.told])

    @property
    def told_words(self) -> str:
        """The same as a sentence."""
        return f"{self.names} {'was' if len(self.told) == 1 else 'were'} told."


def concern_page(concern: SafetyConcern, user: User, at: datetime) -> ConcernPage:
    """What stands on a concern's page. Load it through `for_page`; at most five queries more."""
    zone = ZoneInfo(concern.program.zone)
    alerts = list(concern.alerts.select_related("person").order_by("told_at", "person__first_name"))
    open_ = concern.closed_at is None
    mine = concern.raised_by_id == user.pk
    answered = any(a.person_id == user.pk and a.acknowledged_at for a in alerts)
    reads = policies.can_read_concerns_words(user, concern) is None
    entries = list(concern.entries.select_related("by", "to"))
    acting = acting_on(concern)
    line = _line(concern, user, at)
    return ConcernPage(
        line=line,
        told=[_told(a, zone, open_) for a in alerts],
        acting=wording.listing(acting),
        acting_words=_acting_words(acting),
        closed_words="This was a mistake and is closed."
        if concern.closed_as == ClosedAs.MISTAKE
        else f"This was {line.state}.",
        steps=trail(concern, entries, messages=_messages(concern), words=reads, reader=user),
        phone=concern.program.site.phone,
        reads_words=reads,
        mine=mine,
        may_acknowledge=open_ and not answered and policies.can_acknowledge(user, concern) is None,
        may_close=open_
        and policies.can_close_concern(user, concern) is None
        and (concern.acknowledged_at is not None or not mine),
        may_take_back=mine and _unanswered(concern) and also_worried(entries, user) is None,
        nobody_left=nobody_left(concern),
    )


def _acting_words(people: list[str]) -> str:
    know, act = ("knows", "is") if len(people) == 1 else ("know", "are")
    return f"{wording.listing(people)} {know} and {act} acting." if people else ""


def _told(alert: SafetyAlert, zone: ZoneInfo, open_: bool) -> Told:
    if alert.acknowledged_at is not None:
        when = wording.clock_time(alert.acknowledged_at.astimezone(zone))
        return Told(alert.person.name, "good", f"knows since {when}")
    if not open_:
        return Told(alert.person.name, "plain", "was told")
    return Told(alert.person.name, "wait", "no answer yet")


def _messages(concern: SafetyConcern) -> dict[UUID, OutboxMessage]:
    """The first message to each person. One query."""
    rows = OutboxMessage.objects.filter(subject_id=concern.pk, kind="safety_awaits")
    return {row.recipient_id: row for row in rows}
