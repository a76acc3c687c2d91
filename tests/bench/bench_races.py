"""Eight processes for the same slots: how long the slowest in a hundred wait beside the middle one."""

import statistics
from collections.abc import Callable

import pytest

from tests.bench.conftest import keep
from tests.racing import deadlocks, race
from tests.sessions.races import HANDS, double_bookings, planning, swapping

ROUNDS = 60
WARM = 3  # rounds in which connections and plans are made


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("what", "world"),
    [("plan the same series", planning), ("swap the same two sessions", swapping)],
)
def test_eight_processes(what: str, world: Callable[[], Callable[[int, int], object]]) -> None:
    act, before = world(), deadlocks()
    found = race(HANDS, ROUNDS + WARM, act)
    assert not [o for o in found if o.said.startswith("fault") or o.said.endswith("busy")]
    assert double_bookings() == 0
    assert deadlocks() == before
    waited = sorted(o.seconds for o in found if o.round >= WARM)
    p50, p99 = statistics.median(waited), waited[int(len(waited) * 0.99)]
    keep(f"{HANDS} processes {what}, {ROUNDS} rounds: p99 ÷ p50", p99, p50, p99 / p50, "at most 5")
    assert p99 <= 5 * p50
