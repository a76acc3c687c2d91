"""What speaks against planned sessions, named in words. Pure: values in, sentences out.

The database refuses a double booking in any case (exclusion constraints). This module says before
saving, and for every date at once, what is in the way, so that a person can choose. For each rule a
program says whether it blocks, warns or is ignored.

Times are half-open: a session that ends at 10:50 is not in the way of one that starts at 10:50.

What stands already is not judged again: where a stored session keeps its time and its room, the
room is not asked for; where it keeps its time and a person, that person is not. So a change of room
does not bring up what somebody decided about the facilitator.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from heapq import heappop, heappush
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

from phpsupport.lib import wording
from phpsupport.lib.periods import Period
from sessions.recurrence import find_zone

SESSION: Final = "session"
LEAVE: Final = "leave"
FOREVER: Final = datetime.max.replace(tzinfo=UTC)
ONE_DAY: Final = timedelta(days=1)
AT_ONCE: Final = timedelta(0)
NAMED_AT_MOST: Final = 3


class Rule(StrEnum):
    """What can speak against a session; the program's policy has `rule_` and this word."""

    ROOM = "room"
    FACILITATOR = "facilitator"
    LEAVE = "leave"
    CLEARANCE = "clearance"
    INTEREST = "interest"
    PARTICIPANT = "participant"
    LANGUAGE = "language"
    CLOSED = "closed"
    ROOM_HOURS = "room_hours"
    TURNAROUND = "turnaround"
    LOAD_DAY = "load_day"
    HOURS_WEEK = "hours_week"
    BACK_TO_BACK = "back_to_back"
    REST = "rest"

    @property
    def word(self) -> str:
        """Two or three words for a tag."""
        return WORDS[self]


WORDS: Final[Mapping[Rule, str]] = {
    Rule.ROOM: "Room taken",
    Rule.FACILITATOR: "Facilitator busy",
    Rule.LEAVE: "On leave",
    Rule.CLEARANCE: "Not cleared",
    Rule.INTEREST: "Keep apart",
    Rule.PARTICIPANT: "Participant elsewhere",
    Rule.LANGUAGE: "Another language",
    Rule.CLOSED: "Closed day",
    Rule.ROOM_HOURS: "Outside the room's hours",
    Rule.TURNAROUND: "Little time between",
    Rule.LOAD_DAY: "Many groups that day",
    Rule.HOURS_WEEK: "Many hours that week",
    Rule.BACK_TO_BACK: "No break",
    Rule.REST: "Little rest",
}


class Level(StrEnum):
    """What a program does about a rule that speaks against a session."""

    BLOCK = "block"
    WARN = "warn"
    IGNORE = "ignore"


@dataclass(frozen=True)
class Rules:
    """A program's rules of the schedule on one day."""

    levels: Mapping[Rule, Level]
    turnaround: timedelta = timedelta(minutes=5)
    hours_week: int = 20
    back_to_back_most: int = 3
    a_break: timedelta = timedelta(minutes=15)
    rest: timedelta = timedelta(hours=11)

    @classmethod
    def of(cls, policy: Mapping[str, Any]) -> "Rules":
        """From the program's dated policy over the defaults."""
        return cls(
            levels={rule: Level(policy[f"rule_{rule}"]) for rule in Rule},
            turnaround=timedelta(minutes=policy["turnaround_minutes"]),
            hours_week=policy["hours_week"],
            back_to_back_most=policy["back_to_back_most"],
            a_break=timedelta(minutes=policy["break_minutes"]),
            rest=timedelta(hours=policy["rest_hours"]),
        )

    @classmethod
    def only(cls, **levels: str) -> "Rules":
        """These levels by rule; every other rule is ignored."""
        return cls({rule: Level(levels.get(rule, Level.IGNORE)) for rule in Rule})


@dataclass(frozen=True, slots=True)
class Slot:
    """A room and people for some time: a planned session, a stored one, or somebody's leave.

    `people` are pairs of id and name, `guests` participants: id, name, and when they leave where
    that is planned before the end. `label` is what a person calls it, such as the group's title.
    `key` is the identity of a stored session: a planned slot takes the place of the stored slot
    with the same key, which is how a session is moved. Only leave may be without an end.
    """

    starts_at: datetime
    ends_at: datetime | None
    room_id: Hashable | None = None
    room_label: str = ""
    people: tuple[tuple[Hashable, str], ...] = ()
    label: str = ""
    key: Hashable | None = None
    kind: str = SESSION
    guests: tuple[tuple[Hashable, str, datetime | None], ...] = ()
    language: str = ""
    meets_on_closed_days: bool = False

    def __post_init__(self) -> None:
        if self.starts_at.tzinfo is not UTC:
            if self.starts_at.utcoffset() is None:
                raise ValueError("a slot starts at an aware instant; this one is naive")
            object.__setattr__(self, "starts_at", self.starts_at.astimezone(UTC))
        if self.ends_at is None:
            if self.kind != LEAVE:
                raise ValueError("only leave may be without an end")
            return
        if self.ends_at.tzinfo is not UTC:
            if self.ends_at.utcoffset() is None:
                raise ValueError("a slot ends at an aware instant; this one is naive")
            object.__setattr__(self, "ends_at", self.ends_at.astimezone(UTC))
        if self.ends_at <= self.starts_at:
            raise ValueError("a slot ends after it starts")

    @property
    def end(self) -> datetime:
        return self.ends_at or FOREVER

    def same_time(self, other: "Slot") -> bool:
        return self.starts_at == other.starts_at and self.ends_at == other.ends_at


@dataclass(frozen=True)
class Known:
    """What is known beside who is where; persons, rooms and participants by their ids.

    `not_cleared` says, for a candidate's place in the list and a person, why they may not take
    their part that day; `never` are those of these that nobody can wave through. `apart` are pairs
    of person and participant.
    """

    not_cleared: Mapping[tuple[int, Any], str] = field(default_factory=dict)
    never: Collection[tuple[int, Any]] = frozenset()
    apart: Collection[tuple[Any, Any]] = frozenset()
    languages: Mapping[Any, Collection[str]] = field(default_factory=dict)
    most_a_day: Mapping[Any, int] = field(default_factory=dict)
    room_hours: Mapping[Any, tuple[time, time]] = field(default_factory=dict)
    closed: Mapping[date, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Clash:
    """One thing that speaks against the candidate at `index`.

    `resource_id` is the room's, the person's or the first participant's id, None for a closed day.
    Where it clashes with another session or with leave, either `with_index` (an earlier candidate
    of the same list) or `busy` (the stored slot) says with which. `final`: nobody can override it.
    """

    index: int
    rule: Rule
    level: Level
    sentence: str
    resource_id: Hashable | None = None
    with_index: int | None = None
    busy: Slot | None = None
    final: bool = False

    @property
    def blocks(self) -> bool:
        return self.level is Level.BLOCK


@dataclass(frozen=True)
class Judgement:
    """What speaks against the candidates, by candidate and then by `Rule`; what is ignored is not
    in it. Who shares a room or somebody's time is, whatever the level: the database must know."""

    clashes: tuple[Clash, ...] = ()
    shares_room: frozenset[int] = frozenset()
    shares_time: frozenset[tuple[int, Hashable]] = frozenset()


def judge(
    candidates: Sequence[Slot],
    busy: Iterable[Slot],
    *,
    zone: str,
    rules: Callable[[date], Rules] | Rules,
    known: Known | None = None,
    standing: Mapping[Any, Slot] | None = None,
) -> Judgement:
    """Everything that speaks against the candidates.

    Two candidates that are in each other's way are told of at the later in the list. What adds up
    (groups a day, hours a week, groups in a row) is told of from the candidate on that goes past
    the most. Sentences give times in `zone`. `rules` are those of a local day. `standing` are the
    stored sessions by key whose place candidates take.

    Takes O(n log n) for n slots, plus the number of clashes.
    """
    return _Bench(candidates, busy, zone, rules, known or Known(), standing or {}).judge()


@dataclass(frozen=True, slots=True)
class _Claim:
    """One slot's claim on one resource. `index` is None for what stands already."""

    slot: Slot
    index: int | None
    name: str
    until: datetime


class _Bench:
    """The candidates with everything needed to judge them."""

    def __init__(
        self,
        candidates: Sequence[Slot],
        busy: Iterable[Slot],
        zone: str,
        rules: Callable[[date], Rules] | Rules,
        known: Known,
        standing: Mapping[Any, Slot],
    ) -> None:
        self.zone = find_zone(zone)
        self.candidates = candidates
        self.known = known
        moving = {slot.key for slot in candidates} - {None}
        self.busy = [slot for slot in busy if slot.key not in moving]
        self.days = [slot.starts_at.astimezone(self.zone).date() for slot in candidates]
        ruled: dict[date, Rules] = {}
        for day in self.days:
            if day not in ruled:
                ruled[day] = rules if isinstance(rules, Rules) else rules(day)
        self.rules = [ruled[day] for day in self.days]
        self.before = [
            standing.get(slot.key) if slot.key is not None else None for slot in candidates
        ]
        self.kept = [  # those that keep their time
            before is not None and before.same_time(slot)
            for slot, before in zip(candidates, self.before, strict=True)
        ]
        self.found: list[Clash] = []
        self.shares_room: set[int] = set()
        self.shares_time: set[tuple[int, Hashable]] = set()

    def asked(self, rule: Rule) -> bool:
        return any(rules.levels[rule] is not Level.IGNORE for rules in self.rules)

    def tell(
        self, index: int, rule: Rule, sentence: str, about: Hashable | None = None, **more: Any
    ) -> None:
        level = Level.BLOCK if more.get("final") else self.rules[index].levels[rule]
        if level is not Level.IGNORE:
            self.found.append(Clash(index, rule, level, sentence, about, **more))

    def judge(self) -> Judgement:
        if self.candidates:
            rooms, people = self.claims()
            for room, claims in rooms.items():
                self.judge_room(room, claims)
            for person, claims in people.items():
                self.judge_person(person, claims)
            self.judge_guests()
            for index, slot in enumerate(self.candidates):
                self.judge_alone(index, slot)
        order = {rule: place for place, rule in enumerate(Rule)}
        self.found.sort(key=lambda c: (c.index, order[c.rule], self.since(c), c.sentence))
        return Judgement(
            tuple(self.found), frozenset(self.shares_room), frozenset(self.shares_time)
        )

    def since(self, clash: Clash) -> datetime:
        other = clash.busy if clash.with_index is None else self.candidates[clash.with_index]
        return other.starts_at if other else FOREVER

    # --- who is where ---------------------------------------------------------------------------
    def claims(self) -> tuple[dict[Hashable, list[_Claim]], dict[Hashable, list[_Claim]]]:
        """Claims on the rooms and the people that candidates ask for."""
        rooms: dict[Hashable, list[_Claim]] = {}
        people: dict[Hashable, list[_Claim]] = {}
        for index, slot in enumerate(self.candidates):
            before = self.before[index] if self.kept[index] else None
            if slot.room_id is not None:
                stays = before is not None and before.room_id == slot.room_id
                rooms.setdefault(slot.room_id, []).append(
                    _Claim(slot, None if stays else index, slot.room_label, slot.end)
                )
            led = {person for person, _ in before.people} if before else frozenset()
            for person, name in dict(slot.people).items():
                people.setdefault(person, []).append(
                    _Claim(slot, None if person in led else index, name, slot.end)
                )
        for slot in self.busy:
            if slot.room_id in rooms:
                rooms[slot.room_id].append(_Claim(slot, None, slot.room_label, slot.end))
            for person, name in slot.people:
                if person in people:
                    people[person].append(_Claim(slot, None, name, slot.end))

        def wanted(claims: dict[Hashable, list[_Claim]]) -> dict[Hashable, list[_Claim]]:
            return {
                resource: sorted(found, key=lambda c: c.slot.starts_at)
                for resource, found in claims.items()
                if any(claim.index is not None for claim in found)
            }

        return wanted(rooms), wanted(people)

    def judge_room(self, room: Hashable, claims: list[_Claim]) -> None:
        margin = max((r.turnaround for r in self.rules), default=AT_ONCE)
        for mine, other in _meeting(claims, margin):
            index, with_index = mine.index, other.index
            if index is None:
                continue
            more: dict[str, Any] = {
                "with_index": with_index, "busy": None if with_index is not None else other.slot,
            }  # fmt: skip
            between = max(
                mine.slot.starts_at - other.slot.end, other.slot.starts_at - mine.slot.end
            )
            if between < AT_ONCE:
                self.shares_room.add(index)
                self.tell(index, Rule.ROOM, self.taken(Rule.ROOM, mine, other), room, **more)
            elif between < self.rules[index].turnaround:
                words = self.too_close(mine, other, between, self.rules[index].turnaround)
                self.tell(index, Rule.TURNAROUND, words, room, **more)

    def judge_person(self, person: Hashable, claims: list[_Claim]) -> None:
        for mine, other in _meeting(claims):
            index, with_index = mine.index, other.index
            if index is None:
                continue
            more: dict[str, Any] = {
                "with_index": with_index, "busy": None if with_index is not None else other.slot,
            }  # fmt: skip
            if other.slot.kind == LEAVE:
                name = other.name or mine.name or "This person"
                words = f"{name} is on leave {_leave_words(other.slot, self.zone)}."
                self.tell(index, Rule.LEAVE, words, person, **more)
            else:
                self.shares_time.add((index, person))
                words = self.taken(Rule.FACILITATOR, mine, other)
                self.tell(index, Rule.FACILITATOR, words, person, **more)
        work = [claim for claim in claims if claim.slot.kind == SESSION]
        by_day: dict[date, list[_Claim]] = defaultdict(list)
        for claim in work:
            by_day[claim.slot.starts_at.astimezone(self.zone).date()].append(claim)
        self.judge_load(person, by_day)
        self.judge_hours(person, by_day)
        self.judge_runs(person, by_day)
        self.judge_rest(person, by_day)

    def judge_guests(self) -> None:
        """Participants in two groups at once, those of one pair of sessions told together."""
        if not self.asked(Rule.PARTICIPANT):
            return
        claims: dict[Hashable, list[_Claim]] = {}

        def add(slot: Slot, index: int | None) -> None:
            for guest, name, leaves in slot.guests:
                until = min(slot.end, leaves) if leaves else slot.end
                if until > slot.starts_at:
                    claims.setdefault(guest, []).append(_Claim(slot, index, name, until))

        for index, slot in enumerate(self.candidates):
            add(slot, None if self.kept[index] else index)
        for slot in self.busy:
            add(slot, None)
        pairs: dict[tuple[int, int], list[tuple[Hashable, _Claim, _Claim]]] = {}
        for guest, found in claims.items():
            for mine, other in _meeting(sorted(found, key=lambda c: c.slot.starts_at)):
                if mine.index is not None:
                    place = (mine.index, id(other.slot))
                    pairs.setdefault(place, []).append((guest, mine, other))
        for (index, _), both in pairs.items():
            guest, mine, other = both[0]
            names = sorted(claim.name or "Somebody" for _, claim, _ in both)
            self.tell(
                index, Rule.PARTICIPANT, self.elsewhere(names, mine, other), guest,
                with_index=other.index, busy=None if other.index is not None else other.slot,
            )  # fmt: skip

    # --- what adds up ---------------------------------------------------------------------------
    def judge_load(self, person: Hashable, by_day: Mapping[date, list[_Claim]]) -> None:
        most = self.known.most_a_day.get(person)
        if most is None or not self.asked(Rule.LOAD_DAY):
            return
        for claims in by_day.values():
            number, planned = _parted(claims)
            for place, claim in enumerate(planned, start=len(number) + 1):
                if place > most and claim.index is not None:
                    groups = wording.count(place, "group")
                    words = f"{_person(claim)} would have {groups} that day; {most} {_are(most)} agreed."
                    self.tell(claim.index, Rule.LOAD_DAY, words, person)

    def judge_hours(self, person: Hashable, by_day: Mapping[date, list[_Claim]]) -> None:
        if not self.asked(Rule.HOURS_WEEK):
            return
        weeks: dict[date, list[_Claim]] = defaultdict(list)
        for day, claims in by_day.items():
            weeks[day - day.weekday() * ONE_DAY] += claims
        for claims in weeks.values():
            standing, planned = _parted(claims)
            if not planned:
                continue
            total = sum((c.slot.end - c.slot.starts_at for c in standing), AT_ONCE)
            for claim in planned:
                total += claim.slot.end - claim.slot.starts_at
                index = claim.index
                if index is None or total <= timedelta(hours=self.rules[index].hours_week):
                    continue
                most = self.rules[index].hours_week
                words = (
                    f"{_person(claim)} would have {_long(total)} of groups that week; "
                    f"{wording.count(most, 'hour')} {_are(most)} the most."
                )
                self.tell(index, Rule.HOURS_WEEK, words, person)

    def judge_runs(self, person: Hashable, by_day: Mapping[date, list[_Claim]]) -> None:
        """Groups of one local day that follow each other without a break."""
        if not self.asked(Rule.BACK_TO_BACK):
            return
        for claims in by_day.values():
            standing, planned = _parted(claims)
            row = sorted(((c.slot.starts_at, c.slot.end) for c in standing), key=lambda s: s[0])
            for claim in planned:
                index = claim.index
                if index is None:
                    continue
                mine = (claim.slot.starts_at, claim.slot.end)
                row.insert(bisect_left(row, mine), mine)
                rules = self.rules[index]
                length = _run(row, mine, rules.a_break)
                if length > rules.back_to_back_most:
                    minutes = wording.count(int(rules.a_break / timedelta(minutes=1)), "minute")
                    words = (
                        f"{_person(claim)} would have {length} groups in a row without a break of "
                        f"{minutes}; {rules.back_to_back_most} {_are(rules.back_to_back_most)} the most."
                    )
                    self.tell(index, Rule.BACK_TO_BACK, words, person)

    def judge_rest(self, person: Hashable, by_day: Mapping[date, list[_Claim]]) -> None:
        """Elapsed time between the last group of one working day and the first of the next."""
        if not self.asked(Rule.REST):
            return
        days = sorted(by_day)
        for evening, morning in pairwise(days):
            if morning - evening > ONE_DAY * 2:
                continue
            ends = max(c.slot.end for c in by_day[evening])
            starts = by_day[morning][0].slot.starts_at
            told = [c for c in by_day[evening] if c.slot.end == ends]
            told += [c for c in by_day[morning] if c.slot.starts_at == starts]
            claim = max(told, key=lambda c: -1 if c.index is None else c.index)
            if claim.index is None:
                continue
            least, rest = self.rules[claim.index].rest, max(starts - ends, AT_ONCE)
            if rest < least:
                hours = int(least / timedelta(hours=1))
                words = (
                    f"{_person(claim)} would have {_long(rest)} of rest between "
                    f"{_day_and_time(ends, self.zone)} and {_day_and_time(starts, self.zone)}; "
                    f"{wording.count(hours, 'hour')} {_are(hours)} the least."
                )
                self.tell(claim.index, Rule.REST, words, person)

    # --- what one session says by itself --------------------------------------------------------
    def judge_alone(self, index: int, slot: Slot) -> None:
        day, before, known = self.days[index], self.before[index], self.known
        led = {person for person, _ in before.people} if before else frozenset()
        same_day = before is not None and before.starts_at.astimezone(self.zone).date() == day
        guests = {guest for guest, _, _ in slot.guests}
        for person, name in dict(slot.people).items():
            sentence = known.not_cleared.get((index, person))
            if sentence:
                final = (index, person) in known.never
                self.tell(index, Rule.CLEARANCE, sentence, person, final=final)
            spoken = known.languages.get(person) or ()
            if (
                slot.language
                and spoken
                and person not in led
                and slot.language.casefold() not in {s.casefold() for s in spoken}
            ):
                words = (
                    f"This group is held in {slot.language}; "
                    f"{name or 'this person'} speaks {wording.listing(list(spoken))}."
                )
                self.tell(index, Rule.LANGUAGE, words, person)
            if (
                known.apart
                and not (same_day and person in led)
                and any((person, guest) in known.apart for guest in guests)
            ):
                words = f"Keep apart: {name or 'this person'} and somebody on this roster."
                self.tell(index, Rule.INTEREST, words, person)
        if day in known.closed and not same_day and not slot.meets_on_closed_days:
            words = f"The program is closed on {wording.day(day)}: {known.closed[day].rstrip('.')}."
            self.tell(index, Rule.CLOSED, words)
        if slot.room_id in known.room_hours:
            if before is not None and self.kept[index] and before.room_id == slot.room_id:
                return
            opens, closes = known.room_hours[slot.room_id]
            starts, ends = slot.starts_at.astimezone(self.zone), slot.end.astimezone(self.zone)
            if starts.time() < opens or ends.date() != day or ends.time() > closes:
                room = slot.room_label or "The room"
                words = f"{room} can be used from {wording.clock_time(opens)} to {wording.clock_time(closes)} only."
                self.tell(index, Rule.ROOM_HOURS, words, slot.room_id)

    # --- words ----------------------------------------------------------------------------------
    def taken(self, rule: Rule, mine: _Claim, other: _Claim) -> str:
        room = rule is Rule.ROOM
        name = other.name or mine.name or ("The room" if room else "This person")
        label = other.slot.label or "another session"
        when = _when(mine.slot, other.slot, other.slot.end, self.zone)
        if other.index is not None:
            return (
                f"{name} is also {'wanted' if room else 'needed'} for {label} on this list, {when}."
            )
        return f"{name} is {'taken by' if room else 'busy with'} {label} {when}."

    def too_close(
        self, mine: _Claim, other: _Claim, between: timedelta, least: timedelta
    ) -> str:  # fmt: skip
        name = other.name or mine.name or "The room"
        label = other.slot.label or "another session"
        on = mine.slot.starts_at.astimezone(self.zone).date()
        least_minutes = wording.count(int(least / timedelta(minutes=1)), "minute")
        minutes = int(between / timedelta(minutes=1))
        left = wording.count(minutes, "minute") if minutes else "no time"
        if other.slot.starts_at >= mine.slot.end:
            when = f"before {label}, which begins at {_moment(other.slot.starts_at, on, self.zone)}"
        else:
            when = f"after {label}, which ends at {_moment(other.slot.end, on, self.zone)}"
        return f"{name} has {left} {when}; {least_minutes} are wanted between two groups."

    def elsewhere(self, names: list[str], mine: _Claim, other: _Claim) -> str:
        """ "Marisol V., Ben K. and 3 more are in Morning Check-in until 10:50.\""""
        shown = names[:NAMED_AT_MOST]
        if len(names) > NAMED_AT_MOST:
            shown = [*names[: NAMED_AT_MOST - 1], f"{len(names) - NAMED_AT_MOST + 1} more"]
        verb = "is" if len(names) == 1 else "are"
        label = other.slot.label or "another group"
        when = _when(mine.slot, other.slot, other.until, self.zone)
        also = "also " if other.index is not None else ""
        return f"{wording.listing(shown)} {verb} {also}in {label} {when}."


def _meeting(claims: list[_Claim], margin: timedelta = AT_ONCE) -> Iterable[tuple[_Claim, _Claim]]:
    """Pairs of claims on one resource that overlap or have less than `margin` between them: who is
    told of it, and with whom. `claims` come by their start. At least one of a pair is planned."""
    # What still runs: two heaps by end, so that overlaps of what stands already cost nothing.
    running: dict[bool, list[tuple[datetime, int, _Claim]]] = {True: [], False: []}
    for number, claim in enumerate(claims):
        over = claim.slot.starts_at - margin
        for heap in running.values():
            while heap and heap[0][0] <= over:
                heappop(heap)
        planned = claim.index is not None
        others = [other for _, _, other in running[True]]
        if planned:
            others += [other for _, _, other in running[False]]
        for other in others:
            if claim.slot.key is not None and claim.slot.key == other.slot.key:
                continue
            if claim.index is not None and (other.index is None or other.index < claim.index):
                yield claim, other
            else:
                yield other, claim
        heappush(running[planned], (claim.until, number, claim))


def _parted(claims: Iterable[_Claim]) -> tuple[list[_Claim], list[_Claim]]:
    """What stands already, and what is planned in the order of the list."""
    standing = [c for c in claims if c.index is None]
    planned = [c for c in claims if c.index is not None]
    return standing, sorted(planned, key=lambda c: c.index or 0)


def _run(
    row: Sequence[tuple[datetime, datetime]], mine: tuple[datetime, datetime], a_break: timedelta
) -> int:
    """How many in `row` (by start) follow each other without a break, `mine` among them."""
    length, until, among = 0, None, False
    for starts, ends in row:
        if until is not None and starts - until >= a_break:
            if among:
                break
            length, until = 0, None
        length += 1
        until = ends if until is None else max(until, ends)
        among = among or (starts, ends) == mine
    return length


# --- words ----------------------------------------------------------------------------------------
def _person(claim: _Claim) -> str:
    return claim.name or "This person"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _long(span: timedelta) -> str:
    """ "9 hours and 10 minutes"."""
    hours, minutes = divmod(int(span / timedelta(minutes=1)), 60)
    parts = [wording.count(hours, "hour")] if hours or not minutes else []
    parts += [wording.count(minutes, "minute")] if minutes else []
    return wording.listing(parts)


def _when(mine: Slot, other: Slot, until: datetime, zone: ZoneInfo) -> str:
    """ "until 10:50", or "from 10:30 until 11:20" where the other starts later than mine."""
    on = mine.starts_at.astimezone(zone).date()
    said = f"until {_moment(until, on, zone)}"
    if other.starts_at <= mine.starts_at:
        return said
    return f"from {_moment(other.starts_at, on, zone)} {said}"


def _moment(at: datetime, on: date, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return wording.clock_time(local) if local.date() == on else _day_and_time(at, zone)


def _day_and_time(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{wording.day(local)}, {wording.clock_time(local)}"


def _leave_words(leave: Slot, zone: ZoneInfo) -> str:
    """ "until 12:00 on Tue 4 Mar", or "through Tue 4 Mar" where it ends at midnight. No reason."""
    if leave.ends_at is None:
        return "with no return date yet"
    local = leave.ends_at.astimezone(zone)
    if local.time() == time.min:
        return f"through {wording.day(local.date() - ONE_DAY)}"
    return f"until {wording.clock_time(local)} on {wording.day(local)}"


# --- capacity -------------------------------------------------------------------------------------
def first_date_over_capacity(
    periods: Iterable[Period[date]], capacity: int, wanted: Period[date]
) -> date | None:
    """The first day of `wanted` on which one person more would be over `capacity`; None if none is.

    `periods` are the enrollments that stand. A day counts as full when at least `capacity` of them
    contain it. Takes O(n log n).
    """
    if wanted.is_empty:
        return None
    if capacity <= 0:
        return wanted.start
    for on, number in _levels(periods, wanted):
        if number >= capacity:
            return on
    return None


def most_at_once(periods: Iterable[Period[date]], within: Period[date]) -> int:
    """The greatest number of `periods` that share one day of `within`; 0 for none."""
    return max((number for _, number in _levels(periods, within)), default=0)


def _levels(periods: Iterable[Period[date]], within: Period[date]) -> list[tuple[date, int]]:
    """(day, number from that day on) at each change inside `within`, in order."""
    changes: dict[date, int] = defaultdict(int)
    for period in periods:
        part = period.intersection(within)
        if part is None or part.is_empty:
            continue
        changes[part.start] += 1
        if part.end is not None:
            changes[part.end] -= 1
    levels, number = [], 0
    for on in sorted(changes):
        number += changes[on]
        levels.append((on, number))
    return levels
