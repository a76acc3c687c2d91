"""Parts that read as if one had been copied from the other."""

import time
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions.screening import Alike, Named, alike

ANA, BO, CY = uuid4(), uuid4(), uuid4()
PEOPLE = [
    Named(ANA, "Ana S.", "Ana", "Solís"),
    Named(BO, "Bo T.", "Bo", "Tran", also_called="Bobo"),
]
LONG = (
    "Took part from the start and shared how the first week at home went. We looked at sleep and "
    "wrote down three things that help in the evening. Will try the short walk before dinner."
)
OTHER = (
    "Listened for most of the hour, then asked about the bus pass and the way to the clinic. "
    "Laughed about the burnt rice. Wants to bring a song next week and to sit by the window."
)


def test_a_copy_is_seen_also_with_another_name_and_a_small_change() -> None:
    assert alike({ANA: LONG, BO: LONG}) == [Alike(ANA, BO, 100)]
    named = {ANA: f"Ana: {LONG}", BO: f"Bobo Tran: {LONG}"}
    assert alike(named, people=PEOPLE) == [Alike(ANA, BO, 100)]
    changed = LONG.replace("three things", "two things").replace("short walk", "walk").upper()
    (found,) = alike({ANA: LONG, BO: changed})
    assert (found.part, found.other) == (ANA, BO)
    assert 85 <= found.percent < 100


def test_three_copies_are_three_pairs() -> None:
    assert len(alike({ANA: LONG, BO: LONG, CY: LONG})) == 3


def test_what_is_copied_from_last_time_is_seen() -> None:
    assert alike({ANA: LONG, BO: OTHER}, {ANA: LONG, BO: LONG}) == [Alike(ANA, None, 100)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (LONG, OTHER),
        ("Was quiet today.", "Was quiet today."),  # short parts are alike by nature
        (LONG, f"{LONG} {OTHER}"),
        ("", ""),
        (LONG, ""),
        (LONG, " ".join(reversed(LONG.split()))),
    ],
)
def test_parts_of_their_own_are_not(one: str, other: str) -> None:
    assert alike({ANA: one, BO: other}) == []


def test_other_languages() -> None:
    said = "Hôm nay chị kể chuyện gia đình và cả nhóm lắng nghe, rồi cùng nhau viết ba điều tốt."
    assert alike({ANA: said, BO: said}) == [Alike(ANA, BO, 100)]
    said = "Сегодня говорили о доме, о сне и о том, что помогает утром, когда трудно вставать рано."
    assert alike({ANA: said, BO: said}) == [Alike(ANA, BO, 100)]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=300), max_size=4))
def test_any_text_is_compared_and_the_order_does_not_matter(texts: list[str]) -> None:
    parts = {uuid4(): text for text in texts}
    found = alike(parts)
    back = alike(dict(reversed(parts.items())))
    pairs = [{(frozenset((a.part, a.other)), a.percent) for a in some} for some in (found, back)]
    assert pairs[0] == pairs[1]
    assert all(85 <= a.percent <= 100 for a in found)


def test_twelve_long_parts_take_a_moment() -> None:
    parts = {uuid4(): " ".join(f"{word}{n % 3}" for n, word in enumerate((LONG + OTHER).split() * 6)) for _ in range(12)}  # fmt: skip
    began = time.process_time()  # what others do on the machine does not count
    alike(parts, parts)
    assert time.process_time() - began < 10
