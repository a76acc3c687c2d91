"""Real processes that let go at the same moment, round after round."""

import multiprocessing
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connections

from phpsupport.lib.errors import Refused
from tests import databases

LONGEST = 120  # seconds that one waits for the others


@dataclass(frozen=True)
class Outcome:
    """What became of one attempt: "done" or the text that it gave back, the code of a refusal, or
    the fault in full."""

    hand: int
    round: int
    said: str
    seconds: float
    sentence: str = ""


def race(hands: int, rounds: int, act: Callable[[int, int], object]) -> list[Outcome]:
    """`act(hand, round)` in so many processes at once; every round begins when all are ready."""
    fork: Any = multiprocessing.get_context("fork")
    ready, found = fork.Barrier(hands), fork.SimpleQueue()
    connections.close_all()  # nobody inherits a connection
    runners = [
        fork.Process(target=_run, args=(hand, rounds, act, ready, found), daemon=True)
        for hand in range(hands)
    ]
    for runner in runners:
        runner.start()
    outcomes: list[Outcome] = []
    try:
        for _ in runners:
            while not found._reader.poll(1):
                assert not any(runner.exitcode for runner in runners), "one of them ended early"
            outcomes += found.get()
    finally:
        # Nobody who hangs keeps locks from the tests that follow.
        for runner in runners:
            runner.join(5)
            runner.kill()
    return sorted(outcomes, key=lambda o: (o.round, o.hand))


def _run(hand: int, rounds: int, act: Callable[[int, int], object], ready: Any, found: Any) -> None:
    outcomes = []
    for turn in range(rounds):
        said, sentence = "done", ""
        try:
            connections["default"].ensure_connection()
            ready.wait(LONGEST)
            begun = time.perf_counter()
            if isinstance(gave := act(hand, turn), str):
                said = gave
        except Refused as refused:
            said, sentence = f"refused: {refused.code}", refused.sentence
        except Exception as fault:
            said, sentence = f"fault: {fault!r}", traceback.format_exc()
        outcomes.append(Outcome(hand, turn, said, time.perf_counter() - begun, sentence))
    connections.close_all()
    found.put(outcomes)


def deadlocks() -> int:
    """How many the database has broken so far."""
    with databases.owner_connection() as owner:
        found = owner.execute(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
    return int(found[0]) if found else 0
