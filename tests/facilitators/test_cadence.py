"""When something is due: weekends, holidays, clock changes."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facilitators.cadence import (
    DueState,
    business_day_after,
    due_by_end_of,
    is_business_day,
    is_daytime,
    supervision_due,
    supervision_every,
)

THANKSGIVING = {date(2026, 11, 26), date(2026, 11, 27)}
NEW_YORK = "America/New_York"


@pytest.mark.parametrize(
    ("on", "days", "closed", "due"),
    [
        (date(2026, 11, 23), 1, set(), date(2026, 11, 24)),  # Mon → Tue
        (date(2026, 11, 20), 1, set(), date(2026, 11, 23)),  # Friday night → Mon
        (date(2026, 11, 21), 1, set(), date(2026, 11, 23)),  # Sat → Mon
        (date(2026, 11, 22), 1, set(), date(2026, 11, 23)),  # Sun → Mon
        (date(2026, 11, 25), 1, THANKSGIVING, date(2026, 11, 30)),  # eve of a holiday → Mon
        (date(2026, 11, 26), 1, THANKSGIVING, date(2026, 11, 30)),  # on the holiday
        (date(2026, 12, 31), 2, {date(2027, 1, 1)}, date(2027, 1, 5)),  # over the year
        (date(2026, 11, 23), 0, set(), date(2026, 11, 23)),
    ],
)
def test_business_days_skip_weekends_and_closed_days(on, days, closed, due):
    assert business_day_after(on, days, closed) == due


@given(
    st.dates(date(2024, 1, 1), date(2030, 1, 1)),
    st.integers(1, 20),
    st.sets(st.dates(date(2024, 1, 1), date(2024, 6, 1)), max_size=20),
)
def test_exactly_that_many_business_days_lie_between(on, days, closed):
    due = business_day_after(on, days, closed)
    between = [on + timedelta(days=n) for n in range(1, (due - on).days + 1)]
    assert is_business_day(due, closed)
    assert sum(is_business_day(day, closed) for day in between) == days


def test_the_end_of_a_day_is_the_sites_midnight_on_days_of_23_and_25_hours():
    assert due_by_end_of(date(2026, 3, 8), NEW_YORK) == datetime(2026, 3, 9, 4, tzinfo=UTC)
    assert due_by_end_of(date(2026, 11, 1), NEW_YORK) == datetime(2026, 11, 2, 5, tzinfo=UTC)
    assert due_by_end_of(date(2026, 11, 23), "Pacific/Auckland") == datetime(
        2026, 11, 23, 11, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("at", "zone", "asked"),
    [
        (datetime(2026, 3, 7, 12, 59, tzinfo=UTC), NEW_YORK, False),  # 7:59 in winter
        (datetime(2026, 3, 7, 13, 0, tzinfo=UTC), NEW_YORK, True),  # 8:00
        (datetime(2026, 3, 8, 11, 59, tzinfo=UTC), NEW_YORK, False),  # clocks changed: 7:59
        (datetime(2026, 3, 8, 12, 0, tzinfo=UTC), NEW_YORK, True),  # 8:00, an hour earlier
        (datetime(2026, 11, 1, 12, 59, tzinfo=UTC), NEW_YORK, False),  # and back
        (datetime(2026, 11, 1, 13, 0, tzinfo=UTC), NEW_YORK, True),
        (datetime(2026, 11, 24, 1, 0, tzinfo=UTC), NEW_YORK, False),  # 20:00 the day before
        (datetime(2026, 11, 24, 5, 0, tzinfo=UTC), NEW_YORK, False),  # midnight
        (datetime(2026, 11, 23, 19, 0, tzinfo=UTC), "Pacific/Auckland", True),  # 8:00 tomorrow
    ],
)
def test_daytime_is_the_sites(at, zone, asked):
    assert is_daytime(at, zone) is asked


def test_supervision_is_due_by_kind_of_certification():
    rules = {"supervision_days_initial": 7, "supervision_days_full": 30}
    assert supervision_every("full", rules) == 30
    assert supervision_every("initial", rules) == 7
    assert supervision_every("", rules) == 7


@pytest.mark.parametrize(
    ("last", "every", "days", "state"),
    [
        (date(2026, 11, 16), 7, 0, DueState.DUE),
        (date(2026, 11, 15), 7, -1, DueState.OVERDUE),
        (date(2026, 11, 20), 7, 4, DueState.FINE),
        (date(2026, 10, 27), 30, 3, DueState.DUE),
        (None, 7, 7, DueState.FINE),
    ],
)
def test_how_pressing_a_supervision_is(last, every, days, state):
    today = date(2026, 11, 23)
    due = supervision_due(today, last, today, every)
    assert (due.days, due.state) == (days, state)
