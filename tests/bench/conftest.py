"""Pairs of the same work, measured in turn, so that a busy machine slows both alike."""

import gc
import statistics
import time
from collections.abc import Callable

import pytest

ROWS: list[tuple[str, float, float, float]] = []
ROUNDS = 15


def measured(work: Callable[[], object]) -> float:
    gc.collect()
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


@pytest.fixture
def pair() -> Callable[..., float]:
    """`pair("what", ours, floor)`: the median ratio of ours to the floor over paired rounds."""

    def compare(
        what: str, ours: Callable[[], object], floor: Callable[[], object], rounds: int = ROUNDS
    ) -> float:
        ours(), floor()
        pairs = [(measured(ours), measured(floor)) for _ in range(rounds)]
        ratio = statistics.median(a / b for a, b in pairs)
        ROWS.append(
            (
                what,
                statistics.median(a for a, _ in pairs),
                statistics.median(b for _, b in pairs),
                ratio,
            )
        )
        return ratio

    return compare


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not ROWS:
        return
    terminalreporter.write_line("")
    terminalreporter.write_line(f"{'work':<58}{'ours':>10}{'floor':>10}{'ratio':>8}")
    for what, ours, floor, ratio in ROWS:
        terminalreporter.write_line(
            f"{what:<58}{ours * 1000:>7.1f} ms{floor * 1000:>7.1f} ms{ratio:>7.2f}"
        )
