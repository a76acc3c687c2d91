"""A series keeps its local time; what the clocks make of it is said and never done in silence."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phpsupport.lib.errors import Refused
from sessions.recurrence import (
    Occurrence,
    Pattern,
    Verdict,
    find_zone,
    occurrences,
    read_local,
    wall_clock_before,
)

NEW_YORK = "America/New_York"
ZONES = [
    NEW_YORK,
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
    "America/Puerto_Rico",
]
FIXED = {"America/Phoenix", "Pacific/Honolulu", "America/Puerto_Rico"}
SPRING = {date(2026, 3, 8), date(2027, 3, 14)}
AUTUMN = {date(2026, 11, 1), date(2027, 11, 7)}
WEEK = range(7)


def _pattern(**changes: object) -> Pattern:
    values: dict[str, object] = {
        "weekdays": {0},
        "starts": time(10),
        "ends": time(10, 50),
        "from_on": date(2026, 10, 5),
        "until_on": date(2026, 12, 14),
        "zone": NEW_YORK,
    }
    return Pattern(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("hour", range(24))
def test_every_hour_of_every_day_of_two_years_keeps_its_local_time(zone: str, hour: int) -> None:
    found = occurrences(
        _pattern(
            weekdays=WEEK,
            starts=time(hour),
            ends=time(hour, 50),
            from_on=date(2026, 1, 1),
            until_on=date(2027, 12, 31),
            zone=zone,
        ),
        {},
    )
    assert [item.local_date for item in found] == [
        date(2026, 1, 1) + timedelta(days=n) for n in range(730)
    ]
    gaps = {item.local_date for item in found if item.verdict is Verdict.GAP}
    twice = {item.local_date for item in found if item.verdict is Verdict.REPEATED}
    assert gaps == (SPRING if hour == 2 and zone not in FIXED else set())
    assert twice == (AUTUMN if hour == 1 and zone not in FIXED else set())
    place = ZoneInfo(zone)
    for item in found:
        if item.verdict is Verdict.GAP:
            assert item.starts_at is item.ends_at is None
            continue
        assert item.starts_at is not None
        assert item.ends_at is not None
        assert item.starts_at.tzinfo is UTC
        local = item.starts_at.astimezone(place)
        assert (local.date(), local.time()) == (item.local_date, time(hour))
        assert item.ends_at.astimezone(place).time() == time(hour, 50)
        assert item.minutes == 50


def test_the_distance_to_utc_changes_with_the_season() -> None:
    found = occurrences(_pattern(from_on=date(2026, 10, 26), until_on=date(2026, 11, 2)), {})
    assert [item.starts_at for item in found] == [
        datetime(2026, 10, 26, 14, tzinfo=UTC),
        datetime(2026, 11, 2, 15, tzinfo=UTC),
    ]


@given(
    st.sets(st.integers(0, 6), min_size=1),
    st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    st.integers(0, 120),
    st.integers(1, 4),
    st.sets(st.integers(0, 120)),
)
def test_exactly_the_weekdays_of_the_right_weeks_with_closures_marked(
    weekdays: set[int], first: date, length: int, every: int, closed: set[int]
) -> None:
    last = first + timedelta(days=length)
    closures = {first + timedelta(days=n): "Holiday" for n in closed}
    monday = first - timedelta(days=first.weekday())
    expected = [
        on
        for on in (first + timedelta(days=n) for n in range(length + 1))
        if on.weekday() in weekdays and (on - monday).days // 7 % every == 0
    ]
    found = occurrences(
        _pattern(weekdays=weekdays, from_on=first, until_on=last, every_weeks=every), closures
    )
    assert [item.local_date for item in found] == expected
    for item in found:
        assert (item.verdict is Verdict.CLOSED) == (item.local_date in closures)
        assert item.takes_place == (item.local_date not in closures)


def test_the_last_day_is_included_and_one_past_it_is_not() -> None:
    found = occurrences(_pattern(until_on=date(2026, 10, 19)), {})
    assert [item.local_date.day for item in found] == [5, 12, 19]
    assert occurrences(_pattern(from_on=date(2026, 10, 6), until_on=date(2026, 10, 11)), {}) == []


def test_a_closed_date_says_why_and_keeps_its_time() -> None:
    found = occurrences(
        _pattern(until_on=date(2026, 10, 19)),
        {date(2026, 10, 12): "Indigenous Peoples' Day.", date(2026, 10, 19): ""},
    )
    assert [item.reason for item in found] == [
        "",
        "Closed: Indigenous Peoples' Day.",
        "Closed on this day.",
    ]
    assert found[1].starts_at == datetime(2026, 10, 12, 14, tzinfo=UTC)


def _one(on: date, starts: time, ends: time, **changes: object) -> Occurrence:
    (found,) = occurrences(
        _pattern(weekdays=WEEK, from_on=on, until_on=on, starts=starts, ends=ends, **changes), {}
    )
    return found


def test_a_start_that_does_not_exist_is_named_and_gives_no_instants() -> None:
    found = _one(date(2026, 3, 8), time(2, 30), time(3, 20))
    assert (found.verdict, found.starts_at, found.ends_at) == (Verdict.GAP, None, None)
    assert not found.takes_place
    assert found.reason == (
        "2:30 does not exist on Sun 8 Mar 2026: the clocks go forward from 2:00 to 3:00. "
        "Choose another time for this date or leave it out."
    )


def test_an_end_that_does_not_exist_is_a_gap_too() -> None:
    found = _one(date(2026, 3, 8), time(1, 50), time(2, 40))
    assert found.verdict is Verdict.GAP
    assert found.reason.startswith("2:40 does not exist on Sun 8 Mar 2026")


def test_a_gap_on_a_closed_date_is_closed() -> None:
    on = date(2026, 3, 8)
    (found,) = occurrences(
        _pattern(weekdays={6}, from_on=on, until_on=on, starts=time(2), ends=time(2, 50)),
        {on: "Sunday"},
    )
    assert (found.verdict, found.starts_at) == (Verdict.CLOSED, None)


def test_a_repeated_hour_means_the_first_and_says_so() -> None:
    found = _one(date(2026, 11, 1), time(1, 10), time(1, 50))
    assert found.verdict is Verdict.REPEATED
    assert found.takes_place
    assert found.starts_at == datetime(2026, 11, 1, 5, 10, tzinfo=UTC)
    assert found.minutes == 40
    assert found.reason == (
        "1:10 comes twice on Sun 1 Nov 2026, when the clocks go back: the first one is meant."
    )


@pytest.mark.parametrize(
    ("on", "starts", "ends", "minutes", "said"),
    [
        (date(2026, 3, 8), time(1), time(4), 120, 180),
        (date(2026, 11, 1), time(0), time(3), 240, 180),
    ],
)
def test_a_session_over_the_change_says_how_long_it_lasts(
    on: date, starts: time, ends: time, minutes: int, said: int
) -> None:
    found = _one(on, starts, ends)
    assert found.verdict is Verdict.FINE
    assert found.minutes == minutes
    assert f"lasts {minutes} minutes, not {said}." in found.reason


def test_across_midnight_only_when_said() -> None:
    found = _one(date(2026, 6, 1), time(23), time(0, 30), ends_next_day=True)
    assert found.minutes == 90
    assert found.local_date == date(2026, 6, 1)
    assert found.ends_at == datetime(2026, 6, 2, 4, 30, tzinfo=UTC)


def test_an_evening_past_midnight_utc_keeps_its_local_date() -> None:
    found = _one(date(2026, 6, 1), time(20), time(21))
    assert found.local_date == date(2026, 6, 1)
    assert found.starts_at == datetime(2026, 6, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"ends": time(9, 50)}, "ends", "The end (9:50) comes before the start (10:00)."),
        ({"ends": time(10)}, "ends", "ends when it starts, at 10:00"),
        ({"ends": time(11), "ends_next_day": True}, "ends", "over 24 hours"),
        ({"zone": "America/Atlantis"}, "zone", "“America/Atlantis” is not known"),
        ({"zone": "America"}, "zone", "not known"),
        ({"zone": "../../etc/passwd"}, "zone", "not known"),
        ({"zone": ""}, "zone", "America/New_York"),
        ({"zone": "a\0b"}, "zone", "not known"),
        ({"weekdays": set()}, "weekdays", "at least one weekday"),
        ({"weekdays": {7}}, "weekdays", "Monday to Sunday"),
        ({"until_on": date(2026, 10, 4)}, "until_on", "4 Oct 2026"),
        ({"until_on": date(2032, 1, 1)}, "until_on", "five years"),
        ({"until_on": date(9999, 12, 31)}, "until_on", "9999"),
        ({"from_on": date(26, 10, 5)}, "from_on", "The year 26"),
        ({"every_weeks": 0}, "every_weeks", "from 1 to 52"),
    ],
)
def test_a_faulty_pattern_is_refused_in_words_beside_its_field(
    changes: dict[str, object], field: str, words: str
) -> None:
    with pytest.raises(Refused) as caught:
        _pattern(**changes)
    assert caught.value.field == field
    assert words in caught.value.sentence


@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1)),
    st.sampled_from([*ZONES, "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kathmandu"]),
)
def test_a_local_time_is_read_as_the_first_instant_that_shows_it(
    local: datetime, zone: str
) -> None:
    place = find_zone(zone)
    found = read_local(local, place)
    if found.at is None:
        assert found.jump is not None
        left, reached = found.jump
        assert left <= local < reached
        assert read_local(reached, place).at is not None
        before = read_local(left - timedelta(minutes=1), place).at
        assert before is not None
        after = (before + timedelta(minutes=1)).astimezone(place)
        assert after.replace(tzinfo=None) == reached.replace(second=after.second, microsecond=0)
        return
    assert found.at.astimezone(place).replace(tzinfo=None, fold=0) == local
    earlier = found.at - timedelta(hours=1)
    assert earlier.astimezone(place).replace(tzinfo=None, fold=0) != local
    later = (found.at + timedelta(hours=1)).astimezone(place).replace(tzinfo=None, fold=0)
    half = (found.at + timedelta(minutes=30)).astimezone(place).replace(tzinfo=None, fold=0)
    assert found.repeated == (local in (later, half))


@pytest.mark.parametrize(
    ("start", "hours", "wanted"),
    [
        # Clocks went forward on Sunday 8 March at 2:00, and back on Sunday 1 November.
        ("2026-03-08 10:00", 24, "2026-03-07 10:00"),  # 23 hours of elapsed time
        ("2026-11-01 10:00", 24, "2026-10-31 10:00"),  # 25 hours
        ("2026-03-08 10:00", 48, "2026-03-06 10:00"),
        ("2026-03-08 03:30", 2, "2026-03-08 00:30"),  # 2 hours of elapsed time
        ("2026-11-01 03:00", 3, "2026-11-01 01:00"),  # the first 1:00
        ("2026-03-09 10:00", 25, "2026-03-08 09:00"),
        ("2026-03-09 10:00", 0, "2026-03-09 10:00"),
        ("2026-03-09 02:30", 24, "2026-03-08 03:30"),  # 2:30 did not exist on the 8th
    ],
)
def test_hours_before_are_wall_clock_from_a_day_on(start: str, hours: float, wanted: str) -> None:
    place = ZoneInfo(NEW_YORK)
    starts_at = datetime.fromisoformat(start).replace(tzinfo=place)
    found = wall_clock_before(starts_at, NEW_YORK, hours)
    assert found.tzinfo is UTC
    assert found.astimezone(place).strftime("%Y-%m-%d %H:%M") == wanted


def test_under_a_day_is_elapsed_time_even_over_the_repeated_hour() -> None:
    starts_at = datetime(2026, 11, 1, 8, tzinfo=UTC)  # 3:00 in New York
    for hours in (0.5, 2, 3, 23.5):
        assert starts_at - wall_clock_before(starts_at, NEW_YORK, hours) == timedelta(hours=hours)


def test_a_day_before_a_repeated_hour_means_its_wall_clock() -> None:
    second_one_thirty = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    found = wall_clock_before(second_one_thirty, NEW_YORK, 24)
    assert found == datetime(2026, 10, 31, 5, 30, tzinfo=UTC)


def test_a_naive_start_and_a_negative_number_are_faults() -> None:
    with pytest.raises(ValueError, match="naive"):
        wall_clock_before(datetime(2026, 1, 1), NEW_YORK, 24)
    with pytest.raises(ValueError, match="negative"):
        wall_clock_before(datetime(2026, 1, 1, tzinfo=UTC), NEW_YORK, -1)
