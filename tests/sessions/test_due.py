"""When notes are due: hours, business days, closed days, clock changes."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.due import apart, due_at, in_words

NEW_YORK = "America/New_York"
THANKSGIVING = frozenset({date(2026, 11, 26), date(2026, 11, 27)})


def at(text: str, zone: str = NEW_YORK) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def rules(days: int | None = None, hours: int = 24) -> dict[str, Any]:
    by = "business_days" if days else "hours"
    return {"note_due_by": by, "note_due_days": days or 3, "note_due_hours": hours}


@pytest.mark.parametrize(
    ("ended", "days", "closed", "due"),
    [
        ("2026-03-03T10:50", 1, (), "2026-03-05T00:00"),  # Tuesday: all of Wednesday
        ("2026-03-03T10:50", 3, (), "2026-03-07T00:00"),
        (
            "2026-03-06T14:50",
            1,
            (),
            "2026-03-10T00:00",
        ),  # Friday: all of Monday, over the change of clocks
        ("2026-03-06T14:50", 3, (), "2026-03-12T00:00"),
        ("2026-03-07T10:50", 1, (), "2026-03-10T00:00"),  # a Saturday group
        # A Wednesday before Thanksgiving and the Friday after it: all of Monday.
        ("2026-11-25T14:50", 1, THANKSGIVING, "2026-12-01T00:00"),
        # A Friday before a holiday on Monday: all of Tuesday, all of Thursday.
        ("2026-05-22T14:50", 1, {date(2026, 5, 25)}, "2026-05-27T00:00"),
        ("2026-05-22T14:50", 3, {date(2026, 5, 25)}, "2026-05-29T00:00"),
        ("2026-12-31T14:50", 2, {date(2027, 1, 1)}, "2027-01-06T00:00"),  # over the year's end
        ("2026-02-27T14:50", 1, (), "2026-03-03T00:00"),  # over the month's end
        ("2026-03-03T23:50", 1, (), "2026-03-05T00:00"),  # long past midnight in UTC
    ],
)
def test_business_days(ended: str, days: int, closed: Any, due: str) -> None:
    assert due_at(at(ended), NEW_YORK, rules(days), closed) == at(due)


def test_a_group_over_midnight_counts_from_the_day_on_which_it_ended() -> None:
    assert due_at(at("2026-03-04T00:30"), NEW_YORK, rules(1), ()) == at("2026-03-06T00:00")


def test_the_same_instant_is_another_day_elsewhere() -> None:
    ended = datetime(2026, 3, 7, 4, 30, tzinfo=UTC)  # Friday night in New York, Saturday in London
    assert due_at(ended, NEW_YORK, rules(1), ()) == at("2026-03-10T00:00")
    london = "Europe/London"
    assert due_at(ended, london, rules(1), ()) == at("2026-03-10T00:00", london)
    assert due_at(ended, NEW_YORK, rules(1), ()) != due_at(ended, london, rules(1), ())


@pytest.mark.parametrize("ended", ["2026-03-07T10:50", "2026-10-31T10:50"])
def test_hours_are_hours_also_when_the_clocks_change(ended: str) -> None:
    begun = at(ended).astimezone(UTC)
    assert due_at(at(ended), NEW_YORK, rules(), ()).astimezone(UTC) - begun == timedelta(hours=24)


def test_closed_days_do_not_stretch_hours() -> None:
    ended = at("2026-11-25T14:50")
    assert due_at(ended, NEW_YORK, rules(hours=72), THANKSGIVING) == ended + timedelta(hours=72)


@pytest.mark.parametrize(
    ("due", "zone", "words"),
    [
        (at("2026-03-04T10:50"), NEW_YORK, "Wed 4 Mar, 10:50"),
        (at("2026-03-05T00:00"), NEW_YORK, "the end of Wed 4 Mar"),
        (at("2026-03-01T00:00"), NEW_YORK, "the end of Sat 28 Feb"),
        # In Santiago the clocks go forward at midnight: that day begins at one.
        (at("2026-09-06T01:00", "America/Santiago"), "America/Santiago", "the end of Sat 5 Sep"),
    ],
)
def test_due_in_words(due: datetime, zone: str, words: str) -> None:
    assert in_words(due, zone) == words


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=5), "1 minute"), (timedelta(minutes=59), "59 minutes"),
        (timedelta(hours=1), "1 hour"), (timedelta(hours=47), "47 hours"),
        (timedelta(days=2, hours=3), "2 days"),
    ],
)  # fmt: skip
def test_spans_in_words(span: timedelta, words: str) -> None:
    assert apart(span) == words


ZONES = st.sampled_from(
    ["America/New_York", "America/Phoenix", "America/Santiago", "Pacific/Honolulu", "UTC",
     "Australia/Lord_Howe", "Europe/London"]
)  # fmt: skip
ENDS = st.datetimes(datetime(2025, 1, 1), datetime(2028, 12, 31)).map(
    lambda naive: naive.replace(tzinfo=UTC)
)
CLOSED = st.frozensets(st.dates(date(2025, 1, 1), date(2029, 3, 1)), max_size=40)


@given(ends_at=ENDS, zone=ZONES, days=st.integers(1, 30), closed=CLOSED)
def test_between_the_end_and_the_due_time_lie_as_many_business_days(
    ends_at: datetime, zone: str, days: int, closed: frozenset[date]
) -> None:
    due = due_at(ends_at, zone, rules(days), closed)
    place = ZoneInfo(zone)
    last = (due.astimezone(UTC) - timedelta(microseconds=1)).astimezone(place).date()
    day, counted = ends_at.astimezone(place).date(), 0
    while day < last:
        day += timedelta(days=1)
        counted += day.weekday() < 5 and day not in closed
    assert due > ends_at
    assert counted == days
    assert last.weekday() < 5
    assert last not in closed
    assert in_words(due, zone).startswith("the end of ")


@given(ends_at=ENDS, zone=ZONES, days=st.integers(1, 29), closed=CLOSED, holiday=st.dates(date(2025, 1, 1), date(2029, 3, 1)))  # fmt: skip
def test_more_days_and_more_closed_days_never_make_it_due_earlier(
    ends_at: datetime, zone: str, days: int, closed: frozenset[date], holiday: date
) -> None:
    due = due_at(ends_at, zone, rules(days), closed)
    assert due_at(ends_at, zone, rules(days + 1), closed) > due
    assert due_at(ends_at, zone, rules(days), closed | {holiday}) >= due
