"""The calendar file, read by two programs that know nothing of each other."""

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import vobject
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from sessions.calendar_file import Entry, calendar_file

ZONES = (
    "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix",
    "America/Los_Angeles", "America/Anchorage", "Pacific/Honolulu", "America/Puerto_Rico",
)  # fmt: skip
YEARS = (2026, 2027)
CHANGED = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)


def entry(starts_at: datetime, zone: str = ZONES[0], **more: object) -> Entry:
    given_: dict[str, object] = {
        "uid": UUID(int=int(starts_at.timestamp())), "ends_at": starts_at + timedelta(minutes=50),
        "words": "Appointment", "cancelled": False, "sequence": 0, "changed_at": CHANGED,
    }  # fmt: skip
    return Entry(starts_at=starts_at, zone=zone, **{**given_, **more})  # type: ignore[arg-type]


def made(*entries: Entry) -> bytes:
    return calendar_file(entries, name="Calendar", years=YEARS)


def by_icalendar(file: bytes) -> list[tuple[str, datetime, datetime]]:
    found = Calendar.from_ical(file)
    return [
        (str(e["uid"]), e["dtstart"].dt.astimezone(UTC), e["dtend"].dt.astimezone(UTC))
        for e in found.walk("VEVENT")
    ]


def by_vobject(file: bytes) -> list[tuple[str, datetime, datetime]]:
    """It reads the zone's rules from the file itself, not from the machine."""
    found = vobject.readOne(file.decode())
    return [
        (e.uid.value, e.dtstart.value.astimezone(UTC), e.dtend.value.astimezone(UTC))
        for e in found.vevent_list
    ]


instants = st.datetimes(
    min_value=datetime(2026, 1, 1, 1), max_value=datetime(2027, 12, 30), timezones=st.just(UTC)
).map(lambda at: at.replace(second=0, microsecond=0))


@given(st.lists(st.tuples(instants, st.sampled_from(ZONES)), min_size=1, max_size=6, unique=True))
def test_two_readers_find_the_same_instants(times: list[tuple[datetime, str]]) -> None:
    entries = [entry(at, zone, uid=UUID(int=n)) for n, (at, zone) in enumerate(times)]
    file = made(*entries)
    wanted = sorted((str(e.uid), e.starts_at, e.ends_at) for e in entries)
    assert sorted(by_icalendar(file)) == wanted
    assert sorted(by_vobject(file)) == wanted


@pytest.mark.parametrize("zone", ZONES)
def test_every_hour_around_both_changes_of_the_clock(zone: str) -> None:
    """The hours in which a rule that is an hour off would show."""
    around = [datetime(2026, 3, 8, tzinfo=UTC), datetime(2027, 3, 14, tzinfo=UTC)]
    around += [datetime(2026, 11, 1, tzinfo=UTC), datetime(2027, 11, 7, tzinfo=UTC)]
    entries = [entry(day + timedelta(minutes=n * 30), zone) for day in around for n in range(60)]
    file = made(*entries)
    wanted = sorted((str(e.uid), e.starts_at, e.ends_at) for e in entries)
    assert sorted(by_vobject(file)) == wanted == sorted(by_icalendar(file))


def test_the_local_time_is_kept_across_the_change() -> None:
    ten = [datetime(2026, 3, day, 10, tzinfo=ZoneInfo(ZONES[0])) for day in (6, 13)]
    text = made(*(entry(at) for at in ten)).decode()
    assert "DTSTART;TZID=America/New_York:20260306T100000" in text
    assert "DTSTART;TZID=America/New_York:20260313T100000" in text
    assert [at.hour for _, at, _ in by_vobject(made(*(entry(at) for at in ten)))] == [15, 14]


def test_a_session_across_midnight_utc_stands_on_its_local_day() -> None:
    late = entry(datetime(2026, 6, 3, 1, tzinfo=UTC), "Pacific/Honolulu")
    assert "DTSTART;TZID=Pacific/Honolulu:20260602T150000" in made(late).decode()


def test_what_one_entry_says_and_nothing_else() -> None:
    file = made(entry(datetime(2026, 3, 3, 15, tzinfo=UTC), sequence=3, cancelled=True))
    [event] = Calendar.from_ical(file).walk("VEVENT")
    assert set(event) == {
        "UID", "DTSTAMP", "LAST-MODIFIED", "SEQUENCE", "DTSTART", "DTEND", "SUMMARY", "CLASS",
        "STATUS", "TRANSP",
    }  # fmt: skip
    assert (event["sequence"], event["status"], event["transp"]) == (3, "CANCELLED", "TRANSPARENT")
    assert event["dtstamp"].dt == event["last-modified"].dt == CHANGED.replace(microsecond=0)


def test_the_bytes_depend_on_the_entries_alone_and_not_on_their_order() -> None:
    one, two = (entry(datetime(2026, 3, day, 15, tzinfo=UTC)) for day in (3, 4))
    assert made(one, two) == made(two, one)


def test_an_empty_calendar_is_one_too() -> None:
    assert by_icalendar(made()) == []


def test_lines_end_and_fold_as_the_standard_says() -> None:
    file = made(entry(datetime(2026, 3, 3, 15, tzinfo=UTC), words="Gruppe für Frühaufsteher" * 4))
    lines = file.split(b"\r\n")
    assert b"\n" not in file.replace(b"\r\n", b"")
    assert max(len(line) for line in lines) <= 75
    assert Calendar.from_ical(file).walk("VEVENT")[0]["summary"].startswith("Gruppe für")
