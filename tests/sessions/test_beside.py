"""Two texts side by side."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.beside import LONGEST, Run, beside


def told(runs: list[Run]) -> str:
    return "".join(f"[{text}]" if differs else text for text, differs in runs)


@pytest.mark.parametrize(
    ("mine", "theirs", "left", "right"),
    [
        ("We sang, then ate.", "We danced, then ate.", "We [sang], then ate.", "We [danced], then ate."),
        ("same", "same", "same", "same"),
        ("", "all of it", "", "[all of it]"),
        ("evenings and", "evenings.", "evenings[ and]", "evenings[.]"),
        ("ein süßer Tag", "ein süsser Tag", "ein [süßer] Tag", "ein [süsser] Tag"),
    ],
)  # fmt: skip
def test_what_differs_is_marked(mine: str, theirs: str, left: str, right: str) -> None:
    assert tuple(told(runs) for runs in beside(mine, theirs)) == (left, right)


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_letter_is_lost_or_added(mine: str, theirs: str) -> None:
    left, right = beside(mine, theirs)
    assert "".join(text for text, _ in left) == mine
    assert "".join(text for text, _ in right) == theirs


def test_very_long_texts_are_marked_as_a_whole() -> None:
    long = "word " * LONGEST
    assert beside(long, long + "more") == ([(long, True)], [(long + "more", True)])
