"""What a change of the schedule would come to: asked before it is made, and by the change itself.

A change is a `Target` for each stored session and a `Fresh` for each that is to be made. Here they
are read, held against the rows and told in words; `sessions.actions.changing.apply` carries them out.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from facilitators.models import Facilitator
from phpsupport.lib import wording
from phpsupport.outbox.delivery import Planned
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions.models import (
    CurriculumItem,
    Enrollment,
    GroupSeries,
    GroupSession,
    OnClosure,
    Room,
    SessionFacilitator,
    SessionState,
)
from sessions.queries.series import hold_sessions, with_records
from sessions.queries.shown import digest_of
from sessions.queries.slots import Obstacle, Wanted, obstacles

People = tuple[tuple[Facilitator, str], ...]

# People are told of what falls into these days, or else of the first date that changes for them.
TELL_AHEAD: Final = timedelta(days=14)
CANCELLED: Final = "session_cancelled"
MOVED: Final = "session_moved"
ON_AGAIN: Final = "session_on_again"
ASSIGNMENT_ASKS: Final = "assignment_asks"
ASSIGNMENT_CHANGED: Final = "assignment_changed"
# Rules that look at nothing but the place and the time.
OF_THE_PLACE: Final = frozenset({"rule_room", "rule_room_hours", "rule_turnaround", "rule_closed"})


# --- what is asked --------------------------------------------------------------------------------
@dataclass(frozen=True)
class Target:
    """What one stored session is to become; None leaves a part as it is."""

    session: GroupSession
    local_date: date | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    room: Room | None = None
    people: People | None = None
    cancel_for: str = ""  # a reason: the session is cancelled
    moved: bool | None = None  # whether it is an exception afterwards


@dataclass(frozen=True)
class Fresh:
    """A session that is to be made in a series."""

    series: GroupSeries
    local_date: date
    starts_at: datetime
    ends_at: datetime
    room: Room
    people: People = ()
    item: CurriculumItem | None = None
    by_hand: bool = False  # an exception: edits of the series leave it as it is


# --- held against the rows ------------------------------------------------------------------------
@dataclass(frozen=True)
class Standing:
    """When and where a session is, and who leads it."""

    local_date: date
    starts_at: datetime
    ends_at: datetime
    room: Room
    people: People

    @property
    def parts(self) -> dict[UUID, str]:
        return {f.pk: part for f, part in self.people}

    @property
    def slot(self) -> tuple[datetime, datetime]:
        return self.starts_at, self.ends_at


@dataclass(frozen=True)
class Change:
    """One stored session as it is, and as it is to be."""

    session: GroupSession
    rows: tuple[SessionFacilitator, ...]
    before: Standing
    after: Standing
    cancel_for: str = ""
    moved: bool = False
    history: str = ""  # why it may not change, or ''

    @property
    def cancelled(self) -> bool:
        return bool(self.cancel_for)

    @property
    def retimed(self) -> bool:
        return self.before.slot != self.after.slot

    @property
    def placed(self) -> bool:
        """Whether time or room change."""
        return self.retimed or self.before.room.pk != self.after.room.pk

    @property
    def staffed(self) -> bool:
        return self.before.parts != self.after.parts

    @property
    def changes(self) -> bool:
        """Whether anything changes that a person would notice."""
        return self.cancelled or self.placed or self.staffed

    @property
    def flagged(self) -> bool:
        return self.moved != self.session.moved

    @property
    def people_at_both(self) -> set[UUID]:
        """The accounts of those who lead it before and after."""
        after = {f.user_id for f, _ in self.after.people}
        return {f.user_id for f, _ in self.before.people if f.user_id in after}


def why_history(session: GroupSession, at: datetime) -> str | None:
    """Why a session is history and does not change; None when it may. Load it `with_records`."""
    if session.state == SessionState.HELD:
        return "This session was held. What was held stays as it is."
    if session.state == SessionState.NOT_HELD:
        return "This session is recorded as not held. What is on record stays as it is."
    if session.recorded:  # type: ignore[attr-defined]
        return "Attendance or a note is on record for this session, so it stays as it is."
    if session.state == SessionState.CANCELLED:
        return "This session was cancelled. Plan a new one instead."
    if session.starts_at <= at:
        return "This session has begun. Report whether it was held instead."
    return None


def read_changes(
    targets: Iterable[Target], *, at: datetime, lock: bool = False, as_read: bool = False
) -> list[Change]:
    """The targets beside the rows as they stand now, in the order given. Two queries; one where
    their sessions were read just now, `with_records` and all that is selected here (`as_read`).

    With `lock` the sessions are held in the order of their keys until the transaction ends, by a
    query before, and what is on record is read only then: whoever marks attendance holds the
    session as well.
    """
    asked = {target.session.pk: target for target in targets}
    if not asked:
        return []
    rows = GroupSession.objects.filter(pk__in=asked).order_by("pk")
    if lock:
        hold_sessions(asked)
    if as_read and not lock:
        found = {pk: target.session for pk, target in asked.items()}
    else:
        whole = rows.select_related("series__group", "room", "program__site")
        found = {s.pk: s for s in with_records(whole)}
    leading: dict[UUID, list[SessionFacilitator]] = {pk: [] for pk in asked}
    for row in (
        SessionFacilitator.objects.filter(session_id__in=asked)
        .select_related("facilitator__user")
        .order_by("-part", "pk")
    ):
        leading[row.session_id].append(row)
    changes = []
    for pk, target in asked.items():
        changes.append(_change(found[pk], tuple(leading[pk]), target, at))
    return changes


def _change(
    session: GroupSession, rows: tuple[SessionFacilitator, ...], target: Target, at: datetime
) -> Change:
    before = Standing(
        session.local_date,
        session.starts_at,
        session.ends_at,
        session.room,
        tuple((row.facilitator, row.part) for row in rows),
    )
    after = before
    if not target.cancel_for:
        after = Standing(
            target.local_date or before.local_date,
            target.starts_at or before.starts_at,
            target.ends_at or before.ends_at,
            target.room or before.room,
            before.people if target.people is None else target.people,
        )
    return Change(
        session,
        rows,
        before,
        after,
        cancel_for=target.cancel_for.strip()[:200],
        moved=session.moved if target.moved is None else target.moved,
        history=why_history(session, at) or "",
    )


def wanted_by(
    changes: Iterable[Change], fresh: Iterable[Fresh], *, on_closure: str | None = None
) -> list[Wanted]:
    """The sessions to be judged: first those of `staying(changes)`, then the fresh ones.

    `on_closure` is what their series is to do on closed days, where that changes as well.
    """
    return [
        *(_wanted(c.after, c.session.series, c.session.pk, on_closure) for c in staying(changes)),
        *(
            _wanted(
                Standing(f.local_date, f.starts_at, f.ends_at, f.room, f.people),
                f.series,
                None,
                on_closure,
            )
            for f in fresh
        ),
    ]


def _wanted(
    place: Standing, series: GroupSeries, key: UUID | None, on_closure: str | None
) -> Wanted:
    return Wanted(
        place.local_date,
        place.starts_at,
        place.ends_at,
        place.room,
        place.people,
        series.group.name,
        key=key,
        series_id=series.pk,
        language=series.group.language,
        keeps_closed_days=(on_closure or series.on_closure) == OnClosure.KEEP,
    )


def staying(changes: Iterable[Change]) -> list[Change]:
    """The changes that a rule can be against: what is cancelled is in nobody's way."""
    return [c for c in changes if not c.cancelled and (c.placed or c.staffed)]


def new_obstacles(found: Iterable[Obstacle], changes: Sequence[Change]) -> list[Obstacle]:
    """Obstacles that the changes bring about; `changes` are those that `wanted_by` began with.

    A room that a session shares already is not asked about again when only its people change, nor
    are people who stay where they were.
    """
    return [o for o in found if o.index >= len(changes) or _is_new(o, changes[o.index])]


def _is_new(obstacle: Obstacle, change: Change) -> bool:
    if change.placed:
        return True
    if obstacle.rule in OF_THE_PLACE:
        return False
    return obstacle.resource not in {
        f.user_id for f, part in change.before.people if change.after.parts.get(f.pk) == part
    }


# --- who is told ----------------------------------------------------------------------------------
@dataclass(frozen=True)
class News:
    """One session about which people are told, with when they expected it and who leads it."""

    kind: str
    session: GroupSession
    day: date
    was: datetime
    starts_at: datetime
    people: frozenset[UUID]

    @property
    def first(self) -> datetime:
        return min(self.was, self.starts_at)


def news_of(changes: Iterable[Change]) -> list[News]:
    """What people are told of: another time, or that it does not take place."""
    told = []
    for c in changes:
        if c.cancelled:
            everybody = frozenset(f.user_id for f, _ in c.before.people)
            at = c.before.starts_at
            told.append(News(CANCELLED, c.session, c.before.local_date, at, at, everybody))
        elif c.before.starts_at != c.after.starts_at:
            told.append(
                News(
                    MOVED, c.session, c.before.local_date, c.before.starts_at, c.after.starts_at,
                    frozenset(c.people_at_both),
                )
            )  # fmt: skip
    return told


def expected_at(news: Sequence[News]) -> dict[UUID, set[UUID]]:
    """Participants by session who were expected at it. One query."""
    expected: dict[UUID, set[UUID]] = {n.session.pk: set() for n in news}
    if not news:
        return expected
    places = Enrollment.objects.filter(
        series_id__in={n.session.series_id for n in news},
        from_on__lte=max(n.day for n in news),
        participant__sealed_at=None,
    ).values_list("series_id", "participant_id", "from_on", "until_on")
    by_series: dict[UUID, list[tuple[UUID, date, date | None]]] = {}
    for series_id, person, first, last in places:
        by_series.setdefault(series_id, []).append((person, first, last))
    for n in news:
        expected[n.session.pk] |= {
            person
            for person, first, last in by_series.get(n.session.series_id, ())
            if first <= n.day and (last is None or n.day <= last)
        }
    return expected


def messages_for(
    news: Sequence[News], *, at: datetime, expected: dict[UUID, set[UUID]] | None = None
) -> list[Planned]:
    """The messages about these sessions: to each person about those that are near, or the first.

    One query, or none when `expected` is known.
    """
    if expected is None:
        expected = expected_at(news)
    by_person: dict[UUID, list[News]] = {}
    for n in sorted(news, key=lambda n: n.first):
        for person in sorted(expected[n.session.pk] | n.people):
            by_person.setdefault(person, []).append(n)
    return [
        _message(n, person, at)
        for person, theirs in by_person.items()
        for n in [n for n in theirs if n.first <= at + TELL_AHEAD] or theirs[:1]
    ]


def _message(n: News, person: UUID, at: datetime) -> Planned:
    facts = {"starts_at": n.starts_at.astimezone(UTC).isoformat()}
    if n.kind == MOVED:
        facts["was"] = n.was.astimezone(UTC).isoformat()
    return Planned(
        kind=n.kind,
        key=f"{n.kind}:{n.session.pk}:{at.isoformat()}:{person}",
        recipient_id=person,
        due_at=at,
        program_id=n.session.program_id,
        subject_id=n.session.pk,
        expires_at=max(n.starts_at, n.was),
        facts=facts,
    )


@dataclass(frozen=True)
class Turn:
    """One person whose part in one session changes: who comes is asked for an answer, who goes or
    gets another part is told that something changed."""

    kind: str
    person_id: UUID  # the account
    session_id: UUID
    starts_at: datetime
    goes: bool = False

    @property
    def comes(self) -> bool:
        return self.kind == ASSIGNMENT_ASKS


def turns_of(changes: Iterable[Change], *, but: User | None) -> list[Turn]:
    """Who comes, goes or gets another part; not who does it (`but`), who knows."""
    turns = []
    for c in changes:
        before, after = c.before.parts, c.after.parts
        here, there = (c.session.pk, c.after.starts_at), (c.session.pk, c.before.starts_at)
        for f, part in c.after.people:
            if f.pk not in before:
                turns.append(Turn(ASSIGNMENT_ASKS, f.user_id, *here))
            elif before[f.pk] != part:
                turns.append(Turn(ASSIGNMENT_CHANGED, f.user_id, *here))
        turns += [
            Turn(ASSIGNMENT_CHANGED, f.user_id, *there, goes=True)
            for f, _ in c.before.people
            if f.pk not in after
        ]
    return [t for t in turns if but is None or t.person_id != but.pk]


def turn_messages(turns: Iterable[Turn], *, program_id: UUID, at: datetime) -> list[Planned]:
    """One message to each person who comes and one to each who goes, however many sessions it is
    about: those that are near, or the first. No query."""
    by_person: dict[tuple[str, UUID], list[Turn]] = {}
    for turn in sorted(turns, key=lambda t: t.starts_at):
        by_person.setdefault((turn.kind, turn.person_id), []).append(turn)
    found = []
    for (kind, person), theirs in by_person.items():
        about = [t for t in theirs if t.starts_at <= at + TELL_AHEAD] or theirs[:1]
        facts: dict[str, object] = {"starts_at": about[0].starts_at.astimezone(UTC).isoformat()}
        if all(t.goes for t in about):
            facts["off"] = [str(t.session_id) for t in about]
        found.append(
            Planned(
                kind=kind,
                key=f"{kind}:{person}:{program_id}:{at.isoformat()}",
                recipient_id=person,
                due_at=at,
                program_id=program_id,
                expires_at=None if kind == ASSIGNMENT_ASKS else about[-1].starts_at,
                facts=facts,
            )
        )
    return found


# --- told before ----------------------------------------------------------------------------------
@dataclass(frozen=True)
class Line:
    """One session of the list of what will change."""

    session_id: UUID | None
    day: str
    what: str
    kind: str  # of the look: good, wait, stop, calm, plain
    word: str
    group: str = ""


@dataclass(frozen=True)
class Said:
    """One obstacle with the day that it is about."""

    day: str
    sentence: str
    level: str
    rule: str


@dataclass(frozen=True)
class Consequence:
    """What a change would come to."""

    lines: tuple[Line, ...] = ()
    untouched: tuple[Line, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()
    said: tuple[Said, ...] = ()
    participants: int = 0
    facilitators: tuple[str, ...] = ()
    heard_by: tuple[str, ...] = ()  # those of them who get a message
    messages: int = 0
    kinds: tuple[tuple[str, int], ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    blocked_dates: tuple[date, ...] = ()
    restaffed: bool = False  # somebody comes, goes or gets another part
    seen: str = ""  # its digest, which comes back with the yes

    @property
    def blocked(self) -> bool:
        return any(o.blocks for o in self.obstacles)

    @property
    def warned(self) -> bool:
        return any(not o.blocks for o in self.obstacles)

    @property
    def empty(self) -> bool:
        return not self.lines

    @property
    def many(self) -> bool:
        """Whether a sentence has to say which day it is about."""
        return len(self.lines) > 1

    @property
    def summary(self) -> str:
        """ "2 sessions move, 1 is cancelled, 1 is new.\""""
        said: list[str] = []
        for key, one, many in (
            ("moved", "moves", "move"),
            ("staffed", "gets other people", "get other people"),
            ("cancelled", "is cancelled", "are cancelled"),
            ("made", "is new", "are new"),
        ):
            if number := self.counts.get(key, 0):
                noun = wording.count(number, "session") if not said else str(number)
                said.append(f"{noun} {one if number == 1 else many}")
        return f"{wording.listing(said)}." if said else "Nothing would change."

    @property
    def told(self) -> str:
        """Who is told, in one sentence."""
        if not self.messages:
            return "Nobody else is told." if self.restaffed else "Nobody is told: no time changes."
        who = []
        if self.participants:
            who.append(wording.count(self.participants, "participant"))
        who += self.heard_by
        return (
            f"{wording.listing(who)} {'gets' if len(who) == 1 and self.participants < 2 else 'get'} "
            f"{wording.count(self.messages, 'neutral message')}."
        )


KIND_WORDS: Final = {
    CANCELLED: "that an appointment is cancelled",
    MOVED: "that an appointment has another time",
    ON_AGAIN: "that an appointment takes place after all",
    ASSIGNMENT_ASKS: "that something in the schedule asks for an answer",
    ASSIGNMENT_CHANGED: "that something in the schedule has changed for them",
}


def consequence(
    *,
    program: Program,
    targets: Iterable[Target],
    fresh: Iterable[Fresh] = (),
    at: datetime,
    untouched: Collection[tuple[GroupSession, str]] = (),
    on_closure: str | None = None,
    as_read: bool = False,
    by: User | None = None,
    beside: Iterable[object] = (),
) -> Consequence:
    """What the change would come to, before it is made. Ten queries at most.

    `untouched` are further sessions that stay as they are, with why; `as_read` as in `read_changes`;
    `by` would do it, and is not told who comes and goes; `beside` as in `digest_of`.
    """
    fresh = list(fresh)
    found = read_changes(targets, at=at, as_read=as_read)
    changes = [c for c in found if c.changes and not c.history]
    zone = ZoneInfo(program.zone)
    judged = staying(changes)
    wanted = wanted_by(judged, fresh, on_closure=on_closure)
    hindrances = new_obstacles(
        obstacles(
            wanted,
            program_id=program.pk,
            zone=program.zone,
            without={c.session.pk for c in changes},
        ),
        judged,
    )
    news = news_of(changes)
    expected = expected_at(news)
    messages = messages_for(news, at=at, expected=expected)
    messages += turn_messages(turns_of(changes, but=by), program_id=program.pk, at=at)
    kinds = {kind: sum(m.kind == kind for m in messages) for kind in KIND_WORDS}
    hear = {m.recipient_id for m in messages}
    leads = {
        f.user_id: f.user.name for c in changes for f, _ in (*c.before.people, *c.after.people)
    }
    leads |= {f.user_id: f.user.name for one in fresh for f, _ in one.people}
    lines = [_line(c, zone) for c in changes] + [_made(one, zone) for one in fresh]
    return Consequence(
        lines=tuple(lines),
        untouched=tuple(
            [_stays(c.session, c.history, zone) for c in found if c.changes and c.history]
            + [_stays(session, why, zone) for session, why in untouched]
        ),
        obstacles=tuple(hindrances),
        said=tuple(
            Said(wording.day(wanted[o.index].local_date), o.sentence, o.level, o.rule)
            for o in hindrances
        ),
        participants=len(set().union(*expected.values())) if expected else 0,
        facilitators=tuple(sorted(leads.values())),
        heard_by=tuple(sorted(name for person, name in leads.items() if person in hear)),
        messages=len(messages),
        kinds=tuple((KIND_WORDS[kind], number) for kind, number in kinds.items() if number),
        counts={
            "moved": sum(c.placed and not c.cancelled for c in changes),
            "staffed": sum(c.staffed and not c.placed and not c.cancelled for c in changes),
            "cancelled": sum(c.cancelled for c in changes),
            "made": len(fresh),
        },
        blocked_dates=tuple(
            dict.fromkeys(wanted[o.index].local_date for o in hindrances if o.blocks)
        ),
        restaffed=any(c.staffed for c in changes),
        seen=digest_of(
            changes=changes, fresh=fresh, wanted=wanted, obstacles=hindrances, news=news,
            expected=expected, beside=beside,
        ),
    )  # fmt: skip


def _line(c: Change, zone: ZoneInfo) -> Line:
    day = when(c.before.starts_at, c.before.ends_at, zone)
    pk, group = c.session.pk, c.session.series.group.name
    if c.cancelled:
        return Line(pk, day, "", "stop", "Cancelled", group)
    what = []
    if c.retimed:
        what.append(when(c.after.starts_at, c.after.ends_at, zone))
    if c.before.room.pk != c.after.room.pk:
        what.append(c.after.room.name)
    if c.staffed:
        names = wording.listing([f.user.name for f, _ in c.after.people])
        what.append(f"led by {names}" if names else "nobody leads it")
    word = "Moves" if c.placed else "Other people"
    return Line(pk, day, " · ".join(what), "calm", word, group)


def _made(f: Fresh, zone: ZoneInfo) -> Line:
    names = wording.listing([person.user.name for person, _ in f.people])
    what = [f.room.name] + ([f"led by {names}"] if names else [])
    what += [f.item.title] if f.item else []
    day, group = when(f.starts_at, f.ends_at, zone), f.series.group.name
    return Line(None, day, " · ".join(what), "good", "New", group)


def _stays(session: GroupSession, why: str, zone: ZoneInfo) -> Line:
    return Line(
        session.pk, when(session.starts_at, session.ends_at, zone), why, "plain", "Stays as it is",
        session.series.group.name,
    )  # fmt: skip


def when(starts_at: datetime, ends_at: datetime, zone: ZoneInfo) -> str:
    """ "Tue 4 Mar, 10:00–10:50" by the clock of the site."""
    return wording.day_and_span(starts_at.astimezone(zone), ends_at.astimezone(zone))


def as_exception(target: Target) -> Target:
    """The same, kept through later edits of its series."""
    return replace(target, moved=True)
