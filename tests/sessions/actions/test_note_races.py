"""Saving, signing and answering at once: nothing is overwritten unseen, and one signature stands.

`make races` runs a thousand; the suite a few dozen with the same seed.
"""

import os

import pytest

from sessions.queries.signatures import verify
from tests.racing import deadlocks, race
from tests.sessions.note_races import (
    HANDS,
    acting,
    cosigned_twice,
    figures,
    overwritten,
    prepare,
    signed_twice,
)

ROUNDS = int(os.environ.get("RACES") or 60)
SEED = int(os.environ.get("RACES_SEED") or 4)


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(3600)
def test_of_many_hands_none_writes_over_another_and_one_signs() -> None:
    races, before = prepare(ROUNDS, SEED), deadlocks()
    outcomes = race(HANDS, ROUNDS, acting(races))
    faults = [o for o in outcomes if not o.said.startswith("{")]
    assert not faults, faults[0].sentence
    lost = overwritten(races, outcomes)
    found = {
        "saves that were overwritten unseen": len(lost),
        "notes signed twice": signed_twice(),
        "notes cosigned twice": cosigned_twice(),
        "signatures that do not hold": len(verify().wrong),
        "deadlocks": deadlocks() - before,
    }
    counted = figures(outcomes)
    print(f"\n{ROUNDS} races of {HANDS} processes, seed {SEED}")  # noqa: T201 - the figures
    for what, number in [*sorted(counted.items()), *found.items()]:
        print(f"  {number:>6} {what}")  # noqa: T201
    assert not lost, lost[:5]
    assert found == dict.fromkeys(found, 0)
    # Each kind of meeting took place, or the races prove nothing.
    for what in ("parts saved", "saves shown both texts", "saves told that it is signed", "signed",
                 "signing refused: signed", "read again before signing", "cosigned: given",
                 "cosigned: cosigned", "returned: done", "added: done", "void: done"):  # fmt: skip
        assert counted[what], what
