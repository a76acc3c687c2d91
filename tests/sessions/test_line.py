"""How long an offer keeps a place, the first free day, and leaving before the end."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from phpsupport.lib.periods import Period
from sessions.line import falls_inside, first_free, kept_until

NEW_YORK = "America/New_York"


def local(text: str, zone: str = NEW_YORK) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("made", "hours", "until"),
    [
        ("2026-03-03 14:00", 24, "2026-03-04 14:00"),
        ("2026-03-07 14:00", 24, "2026-03-08 14:00"),  # 23 hours later: clocks go forward
        ("2026-10-31 14:00", 24, "2026-11-01 14:00"),  # 25 hours later: clocks go back
        ("2026-03-07 14:00", 48, "2026-03-09 14:00"),
        ("2026-03-07 23:30", 4, "2026-03-08 04:30"),  # under a day: elapsed hours
        ("2026-03-06 14:00", 30, "2026-03-07 20:00"),
        ("2026-02-28 23:59", 24, "2026-03-01 23:59"),
    ],
)
def test_days_are_kept_by_the_clock_on_the_wall(made, hours, until):
    assert kept_until(local(made), NEW_YORK, hours) == local(until)


def test_a_time_that_comes_twice_ends_with_the_second_and_one_that_never_comes_after_the_jump():
    assert kept_until(local("2026-10-31 01:30"), NEW_YORK, 24) == datetime(
        2026, 11, 1, 6, 30, tzinfo=UTC
    )
    assert kept_until(local("2026-03-07 02:30"), NEW_YORK, 24) == local("2026-03-08 03:30")
    with pytest.raises(ValueError, match="naive"):
        kept_until(datetime(2026, 3, 3), NEW_YORK, 24)


def test_the_first_free_day():
    first, last = date(2026, 3, 2), date(2026, 3, 31)
    assert first_free([], 1, first, last) == first
    until_tenth = Period.days(first, date(2026, 3, 10))
    assert first_free([until_tenth], 1, first, last) == date(2026, 3, 11)
    assert first_free([until_tenth], 2, first, last) == first
    at_the_end = Period.days(date(2026, 3, 31), None)
    assert first_free([until_tenth, at_the_end], 1, first, last) is None
    assert first_free([Period.days(first, last)], 1, first, last) is None


@pytest.mark.parametrize(
    ("at", "starts", "ends", "inside"),
    [
        ("12:50", "12:00", "13:30", True),
        ("12:50", "12:00", "12:50", False),
        ("12:00", "12:00", "12:50", False),
        ("00:10", "23:30", "00:45", True),
        ("23:45", "23:30", "00:45", True),
        ("12:50", "23:30", "00:45", False),
    ],
)
def test_leaving_lies_inside_the_session(at, starts, ends, inside):
    assert falls_inside(*map(time.fromisoformat, (at, starts, ends))) is inside
