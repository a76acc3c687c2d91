"""Minutes attended, clamped to the session and never rounded up."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phpsupport.lib.errors import Refused
from sessions.minutes import minutes_attended

START = datetime(2026, 11, 2, 15, tzinfo=UTC)
END = START + timedelta(minutes=50)


def _at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("arrived", "departed", "minutes"),
    [
        (None, None, 50),
        (12, None, 38),
        (None, 30, 30),
        (-5, 60, 50),
        (50, None, 0),
        (70, None, 0),
        (70, 80, 0),
        (None, -3, 0),
        (10, 10, 0),
        (0.5, None, 49),  # 49 minutes and a half
    ],
)
def test_arrival_and_departure(arrived: float | None, departed: float | None, minutes: int) -> None:
    found = minutes_attended(
        START,
        END,
        None if arrived is None else _at(arrived),
        None if departed is None else _at(departed),
    )
    assert found == minutes


def test_the_repeated_hour_counts_as_lived() -> None:
    place = ZoneInfo("America/New_York")
    start = datetime(2026, 11, 1, 0, 30, tzinfo=place)
    assert minutes_attended(start, datetime(2026, 11, 1, 2, 30, tzinfo=place)) == 180


@given(st.integers(-100, 200), st.integers(0, 200))
def test_never_more_than_the_session_and_never_negative(arrived: int, stayed: int) -> None:
    found = minutes_attended(START, END, _at(arrived), _at(arrived + stayed))
    assert found == len(set(range(50)) & set(range(arrived, arrived + stayed)))


def test_backwards_is_refused_beside_its_field() -> None:
    with pytest.raises(Refused) as caught:
        minutes_attended(START, END, _at(20), _at(10))
    assert caught.value.field == "departed_at"
    with pytest.raises(Refused) as caught:
        minutes_attended(END, START)
    assert caught.value.field == "ends_at"
    with pytest.raises(ValueError, match="naive"):
        minutes_attended(START, END, datetime(2026, 11, 2, 15))
