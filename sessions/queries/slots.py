"""What speaks against sessions that somebody wants: read from the rows, told in words.

The same question is asked for the preview of a series, for one session that moves and, under
locks, by the actions themselves.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from facilitators.clearance import Code
from facilitators.queries.clearance import ClearanceFile
from sessions.conflicts import LEAVE, Clash, Known, Level, Rule, Rules, Slot, judge
from sessions.models import Part
from sessions.queries.facts import Facts, Place, Wanted, person_name, read_facts

__all__ = ["Obstacle", "Wanted", "obstacles", "person_name", "why_not_cleared"]

# What a person cannot wave through.
NEVER: frozenset[Code] = frozenset({Code.ENDED, Code.ROLE})


@dataclass(frozen=True)
class Obstacle:
    """One thing that speaks against the wanted session at `index`; a warning unless it blocks."""

    index: int
    kind: Rule
    level: str
    sentence: str
    # The room, the person (an account) or the participant it is about.
    resource: UUID | None = None
    # Nobody may set it aside, whatever the role.
    final: bool = False

    @property
    def blocks(self) -> bool:
        return self.level == Level.BLOCK

    @property
    def rule(self) -> str:
        """The program's rule that says what is done about it."""
        return f"rule_{self.kind}"

    @property
    def word(self) -> str:
        """Two or three words for a tag."""
        return self.kind.word


def obstacles(
    wanted: Sequence[Wanted],
    *,
    program_id: UUID,
    zone: str,
    without: Collection[UUID] = (),
    silent: bool = False,
    always: Collection[Rule] = (),
) -> list[Obstacle]:
    """Everything that speaks against them, by wanted session. One query, whatever the rules.

    Where the wanted sessions stand now is not in the way, nor are the stored sessions `without`,
    which are about to go. What the program ignores is left out; with `silent` a room or a person
    that is then shared is told at the level "ignore", for whoever stores it. The rules `always`
    block whatever the program says.
    """
    if not wanted:
        return []
    facts = read_facts(wanted, program_id=program_id, zone=zone, without=without)
    place = ZoneInfo(zone)
    told, barred = _not_cleared(wanted, facts)
    judgement = judge(
        [_slot(w, facts, place) for w in wanted],
        _busy(wanted, facts, place),
        zone=zone,
        rules=_rules(facts, always),
        known=Known(
            not_cleared=told,
            never=barred,
            apart=facts.apart,
            languages=facts.languages,
            most_a_day=facts.most_a_day,
            room_hours={
                w.room.pk: (w.room.opens, w.room.closes)
                for w in wanted
                if w.room.opens and w.room.closes
            },
            closed=facts.closed,
        ),
        standing={
            pk: Slot(
                s.starts_at, s.ends_at, s.room_id, people=tuple((p, "") for p in s.parts), key=pk
            )
            for pk, s in facts.stands.items()
        },
    )
    found = [_obstacle(clash) for clash in judgement.clashes]
    if silent:
        found += _silent(wanted, facts, found, judgement.shares_room, judgement.shares_time)
    return found


def _rules(facts: Facts, always: Collection[Rule]) -> Callable[[date], Rules]:
    """The rules of a day; days under one policy have the same."""
    by_policy: dict[int, Rules] = {}
    blocking = dict.fromkeys(always, Level.BLOCK)

    def of(day: date) -> Rules:
        policy = facts.rules.policy_on(day)
        if id(policy) not in by_policy:
            rules = Rules.of(policy)
            by_policy[id(policy)] = replace(rules, levels={**rules.levels, **blocking})
        return by_policy[id(policy)]

    return of


def _obstacle(clash: Clash) -> Obstacle:
    return Obstacle(
        clash.index, clash.rule, clash.level, clash.sentence,
        clash.resource_id,  # type: ignore[arg-type]
        clash.final,
    )  # fmt: skip


def _silent(
    wanted: Sequence[Wanted],
    facts: Facts,
    found: Iterable[Obstacle],
    shares_room: Iterable[int],
    shares_time: Iterable[tuple[int, Any]],
) -> list[Obstacle]:
    """Rooms and people that are shared, or stay shared, without a word."""
    told = {(o.index, o.kind, o.resource) for o in found}
    shared = {(index, Rule.ROOM, wanted[index].room.pk) for index in shares_room}
    shared |= {(index, Rule.FACILITATOR, person) for index, person in shares_time}
    for index, w in enumerate(wanted):
        stands = facts.stands.get(w.key) if w.key else None
        if stands and (stands.starts_at, stands.ends_at) == (w.starts_at, w.ends_at):
            if stands.shares_room and stands.room_id == w.room.pk:
                shared.add((index, Rule.ROOM, w.room.pk))
            people = {f.user_id for f, _ in w.people}
            shared |= {(index, Rule.FACILITATOR, p) for p in stands.shares_time & people}
    return [
        Obstacle(index, rule, Level.IGNORE, "", resource)
        for index, rule, resource in sorted(shared - told, key=str)
    ]


# --- slots ----------------------------------------------------------------------------------------
def _slot(wanted: Wanted, facts: Facts, zone: ZoneInfo) -> Slot:
    return Slot(
        wanted.starts_at,
        wanted.ends_at,
        room_id=wanted.room.pk,
        room_label=wanted.room.name,
        people=tuple((f.user_id, facts.names.get(f.user_id, "")) for f, _ in wanted.people),
        label=wanted.label,
        key=wanted.key,
        guests=_guests(facts.places.get(wanted.series_id, ()), wanted.local_date, zone)
        if wanted.series_id
        else (),
        language=wanted.language,
        meets_on_closed_days=wanted.keeps_closed_days,
    )


def _guests(
    places: Iterable[Place], day: date, zone: ZoneInfo
) -> tuple[tuple[UUID, str, datetime | None], ...]:
    return tuple(
        (
            place.participant_id,
            place.name,
            datetime.combine(day, place.leaves, zone).astimezone(UTC) if place.leaves else None,
        )
        for place in places
        if place.on(day)
    )


def _busy(wanted: Sequence[Wanted], facts: Facts, zone: ZoneInfo) -> list[Slot]:
    names = facts.names
    rooms = {w.room.pk: w.room.name for w in wanted}
    found = [
        Slot(
            t.starts_at,
            t.ends_at,
            room_id=t.room_id,
            room_label=rooms.get(t.room_id, "") if t.room_id else "",
            people=((t.person_id, names.get(t.person_id, "")),) if t.person_id else (),
            label=t.label,
            key=t.id,
            guests=_guests(facts.places.get(t.series_id, ()), t.day, zone)
            if t.series_id and t.day
            else (),
        )
        for t in facts.taken
    ]
    first = min(w.local_date for w in wanted) - timedelta(days=1)
    last = max(w.local_date for w in wanted) + timedelta(days=1)
    for file in facts.files.values():
        person = file.facilitator.user_id
        found += [
            Slot(
                _midnight(away.from_on, zone),
                _midnight(away.until_on + timedelta(days=1), zone),
                people=((person, names[person]),),
                kind=LEAVE,
            )
            for away in file.leave
            if away.from_on <= last and away.until_on >= first
        ]
    return found


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone)


# --- clearance ------------------------------------------------------------------------------------
def _not_cleared(
    wanted: Iterable[Wanted], facts: Facts
) -> tuple[dict[tuple[int, Any], str], set[tuple[int, Any]]]:
    """Sentences by place in the list and person, and those of them that nobody can wave through.

    Who keeps the same part at the same time is not asked again.
    """
    sentences: dict[tuple[int, Any], str] = {}
    barred: set[tuple[int, Any]] = set()
    for index, w in enumerate(wanted):
        stands = facts.stands.get(w.key) if w.key else None
        kept = stands and (stands.starts_at, stands.ends_at) == (w.starts_at, w.ends_at)
        for facilitator, part in w.people:
            person = facilitator.user_id
            if stands and kept and stands.parts.get(person) == part:
                continue
            reason, never = why_not_cleared(facts.files.get(facilitator.pk), w.local_date, part)
            if reason:
                sentences[index, person] = f"{facts.names[person]} is not cleared: {reason}"
                if never:
                    barred.add((index, person))
    return sentences, barred


def why_not_cleared(file: ClearanceFile | None, on: date, part: str) -> tuple[str, bool]:
    """Why somebody may not take that part on that day ('' when they may), and whether nobody can
    wave it through. Leave on record is told as leave, not as a missing clearance."""
    if file is None:
        return "", False
    found = file.standing_on(on, as_lead=part == Part.LEAD)
    if found.cleared:
        return "", False
    away = any(on in period for period in file.away)
    reasons = [r for r in found.reasons if not (r.code is Code.LEAVE and away)]
    return " ".join(r.sentence for r in reasons), any(r.code in NEVER for r in reasons)
