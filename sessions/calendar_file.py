"""An iCalendar file (RFC 5545) made of times and one word each. Pure.

It tells nothing but when: no place, no description, no address of this application and no name.
The same entries always give the same bytes, so that a digest of them is the file's ETag.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard

MADE_BY = "-//Calendar//1.0//EN"
READ_AGAIN_AFTER = timedelta(hours=1)
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Entry:
    """One appointment. `sequence` rises with each change; `changed_at` is when it last did."""

    uid: UUID
    starts_at: datetime
    ends_at: datetime
    zone: str
    words: str
    cancelled: bool
    sequence: int
    changed_at: datetime


def calendar_file(entries: Iterable[Entry], *, name: str, years: tuple[int, int]) -> bytes:
    """The file with the wall-clock times of each entry's zone and the zones' rules.

    `years` are the first and the last year for which the rules of the zones are written out.
    """
    entries = sorted(entries, key=lambda e: (e.starts_at, e.uid))
    calendar = Calendar()
    calendar.add("prodid", MADE_BY)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", READ_AGAIN_AFTER, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    for zone in sorted({entry.zone for entry in entries}):
        calendar.add_component(_rules(zone, *years))
    for entry in entries:
        calendar.add_component(_event(entry))
    return calendar.to_ical()


def _event(entry: Entry) -> Event:
    zone = ZoneInfo(entry.zone)
    changed = entry.changed_at.astimezone(UTC).replace(microsecond=0)
    event = Event()
    event.add("uid", str(entry.uid))
    event.add("dtstamp", changed)
    event.add("last-modified", changed)
    event.add("sequence", entry.sequence)
    event.add("dtstart", _on_the_wall(entry.starts_at, zone))
    event.add("dtend", _on_the_wall(entry.ends_at, zone))
    event.add("summary", entry.words)
    event.add("class", "PRIVATE")
    event.add("status", "CANCELLED" if entry.cancelled else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if entry.cancelled else "OPAQUE")
    return event


def _on_the_wall(at: datetime, zone: ZoneInfo) -> datetime:
    """The clock of the zone; where the clock shows that time for the second time that day, which a
    file cannot say, the same instant in UTC."""
    local = at.astimezone(zone)
    return at.astimezone(UTC) if local.fold else local


# --- the rules of a zone ----------------------------------------------------------------------------
@dataclass(frozen=True)
class _Change:
    """The clock goes from one distance to UTC to another; `onset` is what the old clock shows."""

    onset: datetime
    before: timedelta
    after: timedelta
    name: str
    summer: bool


@lru_cache(maxsize=64)
def _rules(zone: str, first: int, last: int) -> Timezone:
    """The zone's changes of the clock, each written out.

    icalendar has a function for it, but 7.3 gives the onset of summer time by the new clock where
    RFC 5545, 3.6.5, asks for the old one: clients would be an hour off for an hour.
    """
    made = Timezone()
    made.add("tzid", zone)
    alike: dict[tuple[timedelta, timedelta, str, bool], list[datetime]] = {}
    for change in _changes(ZoneInfo(zone), first, last):
        kind = (change.before, change.after, change.name, change.summer)
        alike.setdefault(kind, []).append(change.onset)
    for (before, after, name, summer), onsets in alike.items():
        part = TimezoneDaylight() if summer else TimezoneStandard()
        part.add("dtstart", onsets[0])
        if onsets[1:]:
            part.add("rdate", onsets[1:])
        part.add("tzname", name)
        part.add("tzoffsetfrom", before)
        part.add("tzoffsetto", after)
        made.add_component(part)
    return made


def _changes(zone: ZoneInfo, first: int, last: int) -> Iterator[_Change]:
    """What holds when the first year begins, then each change until the last year ends."""
    at = datetime(first, 1, 1, tzinfo=UTC) - ONE_DAY
    until = datetime(last + 1, 1, 1, tzinfo=UTC) + ONE_DAY
    yield _change(zone, at, _distance(zone, at))
    while at < until:
        if _distance(zone, at) != _distance(zone, at + ONE_DAY):
            change_at = _between(zone, at)
            yield _change(zone, change_at, _distance(zone, at))
        at += ONE_DAY


def _between(zone: ZoneInfo, at: datetime) -> datetime:
    """The minute, in the day after `at`, from which the clock shows another distance."""
    low, high = 0, 24 * 60
    while high - low > 1:
        middle = (low + high) // 2
        same = _distance(zone, at + timedelta(minutes=middle)) == _distance(zone, at)
        low, high = (middle, high) if same else (low, middle)
    return at + timedelta(minutes=high)


def _distance(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


def _change(zone: ZoneInfo, at: datetime, before: timedelta) -> _Change:
    local = at.astimezone(zone)
    return _Change(
        onset=(at + before).replace(tzinfo=None),
        before=before,
        after=_distance(zone, at),
        name=local.tzname() or "",
        summer=bool(local.dst()),
    )
