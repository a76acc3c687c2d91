"""What stands in the way of planned sessions, named in words. Pure: values in, sentences out.

The database refuses a double booking in any case (exclusion constraints). This module says before
saving, and for every date at once, what is in the way, so that a person can choose.

Times are half-open: a session that ends at 10:50 is not in the way of one that starts at 10:50.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from heapq import heappop, heappush
from typing import Final
from zoneinfo import ZoneInfo

from phpsupport.lib import wording
from phpsupport.lib.periods import Period
from sessions.recurrence import find_zone

SESSION: Final = "session"
LEAVE: Final = "leave"
FOREVER: Final = datetime.max.replace(tzinfo=UTC)
ONE_DAY: Final = timedelta(days=1)


class Kind(StrEnum):
    """What is in the way."""

    ROOM = "room"
    FACILITATOR = "facilitator"
    LEAVE = "leave"
    NOT_CLEARED = "not_cleared"


@dataclass(frozen=True)
class Slot:
    """A room and people for some time: a planned session, a stored one, or somebody's leave.

    `people` are pairs of id and name. `label` is what a person calls it, such as the group's title.
    `key` is the identity of a stored session: a planned slot is never in the way of the stored slot
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

    def __post_init__(self) -> None:
        if self.starts_at.utcoffset() is None:
            raise ValueError("a slot starts at an aware instant; this one is naive")
        object.__setattr__(self, "starts_at", self.starts_at.astimezone(UTC))
        if self.ends_at is None:
            if self.kind != LEAVE:
                raise ValueError("only leave may be without an end")
            return
        if self.ends_at.utcoffset() is None:
            raise ValueError("a slot ends at an aware instant; this one is naive")
        object.__setattr__(self, "ends_at", self.ends_at.astimezone(UTC))
        if self.ends_at <= self.starts_at:
            raise ValueError("a slot ends after it starts")


@dataclass(frozen=True)
class Clash:
    """One thing in the way of the candidate at `index`.

    `resource_id` is the room's or the person's id. Exactly one of these says what it clashes with:
    `with_index` (an earlier candidate of the same list), or `busy` (the stored slot); both are None
    for NOT_CLEARED.
    """

    index: int
    kind: Kind
    sentence: str
    resource_id: Hashable
    with_index: int | None = None
    busy: Slot | None = None


@dataclass(frozen=True)
class _Claim:
    """One slot's claim on one resource. `index` is None for a busy slot."""

    slot: Slot
    index: int | None
    name: str

    @property
    def end(self) -> datetime:
        return self.slot.ends_at or FOREVER


def find_clashes(
    candidates: Sequence[Slot],
    busy: Iterable[Slot],
    *,
    zone: str,
    not_cleared: Mapping[tuple[Hashable, date], str] | None = None,
) -> list[Clash]:
    """Everything in the way of the candidates, sorted by candidate and then by `Kind`.

    Two candidates that want one room or person clash too; it is told of the later in the list.
    Sentences give times in `zone`. `not_cleared` gives, for a person's id and a local date in that
    zone, the sentence that says why the person may not lead on that day.

    Takes O(n log n) for n slots, plus the number of clashes.
    """
    place = find_zone(zone)
    claims: dict[tuple[str, Hashable], list[_Claim]] = defaultdict(list)
    numbered: list[tuple[int | None, Slot]] = [*enumerate(candidates)]
    numbered += [(None, slot) for slot in busy]
    for index, slot in numbered:
        if slot.room_id is not None:
            claims["room", slot.room_id].append(_Claim(slot, index, slot.room_label))
        for person, name in dict(slot.people).items():
            claims["person", person].append(_Claim(slot, index, name))

    found: list[Clash] = []
    for (sort, resource), wanted in claims.items():
        if any(claim.index is not None for claim in wanted):
            found += _sweep(sort, resource, wanted, place)
    for index, slot in enumerate(candidates):
        on = slot.starts_at.astimezone(place).date()
        for person in dict(slot.people):
            sentence = (not_cleared or {}).get((person, on))
            if sentence:
                found.append(Clash(index, Kind.NOT_CLEARED, sentence, person))
    order = list(Kind)
    found.sort(key=lambda c: (c.index, order.index(c.kind), _since(c, candidates), c.sentence))
    return found


def _since(clash: Clash, candidates: Sequence[Slot]) -> datetime:
    other = clash.busy if clash.with_index is None else candidates[clash.with_index]
    return other.starts_at if other else FOREVER


def _sweep(sort: str, resource: Hashable, claims: list[_Claim], zone: ZoneInfo) -> list[Clash]:
    """All overlaps on one resource that a candidate takes part in, by start of the later one."""
    found: list[Clash] = []
    # What still runs: two heaps by end, so that overlaps between busy slots cost nothing.
    running: dict[bool, list[tuple[datetime, int, _Claim]]] = {True: [], False: []}
    claims = sorted(claims, key=lambda c: c.slot.starts_at)
    for number, claim in enumerate(claims):
        for heap in running.values():
            while heap and heap[0][0] <= claim.slot.starts_at:
                heappop(heap)
        planned = claim.index is not None
        others = [other for _, _, other in running[True]]
        if planned:
            others += [other for _, _, other in running[False]]
        for other in others:
            clash = _clash(sort, resource, claim, other, zone)
            if clash:
                found.append(clash)
        heappush(running[planned], (claim.end, number, claim))
    return found


def _clash(sort: str, resource: Hashable, one: _Claim, two: _Claim, zone: ZoneInfo) -> Clash | None:
    if one.slot.key is not None and one.slot.key == two.slot.key:
        return None
    if one.index is not None and (two.index is None or two.index < one.index):
        mine, other = one, two
    else:
        mine, other = two, one
    if mine.index is None:
        return None
    kind = Kind.ROOM
    if sort == "person":
        kind = Kind.LEAVE if other.slot.kind == LEAVE else Kind.FACILITATOR
    return Clash(
        index=mine.index,
        kind=kind,
        sentence=_sentence(kind, mine, other, zone),
        resource_id=resource,
        with_index=other.index,
        busy=other.slot if other.index is None else None,
    )


def _sentence(kind: Kind, mine: _Claim, other: _Claim, zone: ZoneInfo) -> str:
    name = other.name or mine.name or ("The room" if kind is Kind.ROOM else "This person")
    label = other.slot.label or "another session"
    if kind is Kind.LEAVE:
        return f"{name} is on leave {_leave_words(other.slot, zone)}."
    when = _when(mine.slot, other.slot, zone)
    if other.index is not None:
        also = "wanted" if kind is Kind.ROOM else "needed"
        return f"{name} is also {also} for {label} on this list, {when}."
    if kind is Kind.ROOM:
        return f"{name} is taken by {label} {when}."
    return f"{name} is busy with {label} {when}."


def _when(mine: Slot, other: Slot, zone: ZoneInfo) -> str:
    """ "until 10:50", or "from 10:30 until 11:20" where the other starts later than mine."""
    on = mine.starts_at.astimezone(zone).date()
    until = f"until {_moment(other.ends_at or FOREVER, on, zone)}"
    if other.starts_at <= mine.starts_at:
        return until
    return f"from {_moment(other.starts_at, on, zone)} {until}"


def _moment(at: datetime, on: date, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    text = wording.clock_time(local)
    return text if local.date() == on else f"{wording.day(local)}, {text}"


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
