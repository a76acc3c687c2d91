"""Half-open periods: checked against the plain set of the days they contain."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phpsupport.lib.periods import Period, each_day, gaps, local_day, merge, total

FIRST = date(2026, 1, 1)
WINDOW = 40
NEW_YORK = ZoneInfo("America/New_York")


def _day(number: int) -> date:
    return FIRST + timedelta(days=number)


@st.composite
def _periods(draw: st.DrawFn) -> Period[date]:
    start = draw(st.integers(0, 20))
    end = draw(st.none() | st.integers(start, 30))
    return Period(_day(start), None if end is None else _day(end))


def _members(period: Period[date] | None) -> set[date]:
    return {_day(n) for n in range(WINDOW) if period is not None and _day(n) in period}


@given(_periods(), _periods())
def test_two_periods_agree_with_sets_of_days(one: Period[date], two: Period[date]) -> None:
    assert _members(one.intersection(two)) == _members(one) & _members(two)
    assert one.overlaps(two) == two.overlaps(one) == bool(_members(one) & _members(two))
    assert one.contains_period(two) == (_members(two) <= _members(one))


@given(st.lists(_periods(), max_size=8), _periods())
def test_many_periods_agree_with_sets_of_days(many: list[Period[date]], one: Period[date]) -> None:
    covered = set().union(*map(_members, many))
    joined = merge(many)
    assert set().union(*map(_members, joined)) == covered
    for left, right in pairwise(joined):
        assert left.end is not None
        assert left.end < right.start
    free = gaps(one, many)
    assert set().union(*map(_members, free)) == _members(one) - covered
    if all(period.end for period in many):
        assert total(many) == timedelta(days=len(covered))


def test_the_end_is_not_in_it_and_neighbours_do_not_overlap() -> None:
    one, two = Period(_day(0), _day(4)), Period(_day(4), None)
    assert _day(3) in one
    assert _day(4) not in one
    assert not one.overlaps(two)
    assert one.touches(two)
    assert merge([two, one]) == [Period(_day(0))]


def test_the_last_day_as_people_say_it_is_included() -> None:
    stay = Period.days(date(2026, 3, 2), date(2026, 3, 4))
    assert stay.end == date(2026, 3, 5)
    assert stay.last_day == date(2026, 3, 4)
    assert list(each_day(stay)) == [date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4)]
    assert Period.days(FIRST).is_open
    assert Period.days(FIRST, date.max).end is None


def test_an_empty_period_holds_nothing() -> None:
    empty = Period(FIRST, FIRST)
    assert empty.is_empty
    assert FIRST not in empty
    assert not empty.overlaps(Period(FIRST - timedelta(days=1)))
    assert empty.last_day is None
    assert merge([empty]) == []


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (_day(1), _day(0)),
        (datetime(2026, 1, 1), None),
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2)),
        (_day(0), datetime(2026, 1, 2, tzinfo=UTC)),
        (datetime(2026, 1, 1, tzinfo=UTC), _day(2)),
    ],
)
def test_backwards_naive_and_mixed_bounds_are_faults(start: date, end: date | None) -> None:
    with pytest.raises(ValueError, match=r"period|instant"):
        Period(start, end)


def test_a_day_is_not_compared_with_instants() -> None:
    instants = Period(datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(TypeError):
        instants.contains(FIRST)
    with pytest.raises(TypeError):
        instants.overlaps(Period(FIRST))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="naive"):
        instants.contains(datetime(2026, 1, 1))


def test_instants_are_measured_as_elapsed_time_across_a_clock_change() -> None:
    night = Period(
        datetime(2026, 3, 8, 0, tzinfo=NEW_YORK), datetime(2026, 3, 8, 6, tzinfo=NEW_YORK)
    )
    assert night.duration == timedelta(hours=5)
    assert night == Period(
        datetime(2026, 3, 8, 5, tzinfo=UTC),
        datetime(2026, 3, 8, 5, tzinfo=timezone(timedelta(hours=-5))),
    )


@pytest.mark.parametrize(
    ("on", "zone", "hours"),
    [
        (date(2026, 3, 7), "America/New_York", 24),
        (date(2026, 3, 8), "America/New_York", 23),
        (date(2026, 11, 1), "America/New_York", 25),
        (date(2026, 3, 8), "America/Phoenix", 24),
        (date(2026, 3, 8), "America/Havana", 23),  # midnight itself does not exist
        (date(2026, 3, 7), "America/Havana", 24),
        (date(2026, 11, 1), "America/Havana", 25),  # midnight comes twice
    ],
)
def test_a_local_day_has_its_own_length_and_no_hole_to_the_next(
    on: date, zone: str, hours: int
) -> None:
    today, tomorrow = local_day(on, zone), local_day(on + timedelta(days=1), zone)
    assert today.duration == timedelta(hours=hours)
    assert today.end == tomorrow.start
    first = today.start.astimezone(ZoneInfo(zone))
    assert first.date() == on
    assert (today.start - timedelta(minutes=1)).astimezone(ZoneInfo(zone)).date() < on
    assert first.time() in (time(0), time(1))
