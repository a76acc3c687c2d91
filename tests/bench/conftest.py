"""Pairs of the same work, measured in turn, so that a busy machine slows both alike."""

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

ROUNDS = 15


@dataclass(frozen=True)
class Line:
    """One line of the table: what was measured, the two medians, their ratio and its limit."""

    what: str
    ours: float
    other: float
    ratio: float
    limit: str

    def __str__(self) -> str:
        return (
            f"{self.what:<66}{self.ours * 1000:>8.1f} ms{self.other * 1000:>9.1f} ms"
            f"{self.ratio:>8.2f}   {self.limit}"
        )


LINES: list[Line] = []


def measured(work: Callable[[], object], times: int = 1) -> float:
    """Seconds of one call; the mean where several are made to last as long as what is beside them."""
    gc.collect()
    begun = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - begun) / times


def _in_turn(
    ours: Callable[[], object], other: Callable[[], object], rounds: int, times: int = 1
) -> list[tuple[float, float]]:
    ours(), other()
    return [(measured(ours, times), measured(other)) for _ in range(rounds)]


def keep(what: str, ours: float, other: float, ratio: float, limit: str = "") -> None:
    """A line for the table at the end of the run."""
    LINES.append(Line(what, ours, other, ratio, limit))


@pytest.fixture
def pair() -> Callable[..., float]:
    """`pair("what", ours, floor, at_most=2.8)`: the median over paired rounds of ours ÷ floor."""

    def compare(
        what: str,
        ours: Callable[[], object],
        floor: Callable[[], object],
        *,
        at_most: float | None = None,
        rounds: int = ROUNDS,
    ) -> float:
        pairs = _in_turn(ours, floor, rounds)
        ratio = statistics.median(a / b for a, b in pairs)
        first, second = (statistics.median(column) for column in zip(*pairs, strict=True))
        keep(what, first, second, ratio, f"at most {at_most}" if at_most else "")
        assert at_most is None or ratio <= at_most, f"{what}: {ratio:.2f} is over {at_most}"
        return ratio

    return compare


@pytest.fixture
def faster() -> Callable[..., float]:
    """`faster("what", ours, theirs, at_least=10)`: the median over paired rounds of theirs ÷ ours."""

    def compare(
        what: str,
        ours: Callable[[], object],
        theirs: Callable[[], object],
        *,
        at_least: float | None = None,
        rounds: int = ROUNDS,
    ) -> float:
        pairs = _in_turn(ours, theirs, rounds, times=5)
        ratio = statistics.median(b / a for a, b in pairs)
        first, second = (statistics.median(column) for column in zip(*pairs, strict=True))
        keep(what, first, second, ratio, f"at least {at_least}" if at_least else "")
        assert at_least is None or ratio >= at_least, f"{what}: {ratio:.1f} is under {at_least}"
        return ratio

    return compare


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not LINES:
        return
    terminalreporter.write_line("")
    terminalreporter.write_line(f"{'work':<66}{'ours':>11}{'other':>12}{'ratio':>8}   limit")
    for line in LINES:
        terminalreporter.write_line(str(line))
