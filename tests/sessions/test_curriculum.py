"""Which step falls on which session."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sessions.curriculum import placed

STEPS = st.lists(st.integers(), unique=True, max_size=6)


def test_in_order_from_the_first_and_around() -> None:
    assert placed("abc", 5) == ["a", "b", "c", "a", "b"]
    assert placed("abc", 3, first="c") == ["c", "a", "b"]
    assert placed("abc", 4, first="b", once=True) == ["b", "c", None, None]
    assert placed("abc", 1, first="z") == ["a"]
    assert placed("", 2) == [None, None]
    assert placed("abc", 0) == []


@given(STEPS, st.integers(0, 20), st.booleans())
def test_neighbours_follow_one_another(steps: list[int], number: int, once: bool) -> None:
    found = placed(steps, number, once=once)
    assert len(found) == number
    given_steps = [s for s in found if s is not None]
    for one, two in pairwise(given_steps):
        assert steps.index(two) == (steps.index(one) + 1) % len(steps)
    if once:
        assert len(set(given_steps)) == len(given_steps)
