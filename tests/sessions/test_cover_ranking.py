"""Who could cover: a total order that nothing outside the values can change."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.cover_ranking import Candidate, place_of, rank, reasons

candidate = st.builds(
    Candidate,
    id=st.uuids(),
    name=st.text(max_size=8),
    blocked=st.lists(st.sampled_from(["Busy.", "On leave."]), max_size=2).map(tuple),
    warned=st.lists(st.just("A long week."), max_size=1).map(tuple),
    speaks=st.booleans(),
    in_hours=st.booleans(),
    gave_hours=st.booleans(),
    times_led=st.integers(0, 5),
    load_day=st.integers(0, 4),
    load_week=st.integers(0, 12),
    limit_day=st.none() | st.integers(0, 4),
)
crowd = st.lists(candidate, max_size=12, unique_by=lambda c: c.id)


def ids(ranking):
    return [r.candidate.id for r in (*ranking.able, *ranking.unable)]


@given(crowd, st.randoms(use_true_random=False))
def test_the_order_they_come_in_does_not_matter(people, random):
    shuffled = list(people)
    random.shuffle(shuffled)
    assert rank(shuffled) == rank(people)


@given(crowd)
def test_everybody_stands_in_it_once(people):
    assert sorted(map(str, ids(rank(people)))) == sorted(str(c.id) for c in people)


@given(crowd)
def test_who_is_blocked_never_stands_above_who_is_not(people):
    ranking = rank(people)
    assert not any(r.candidate.blocked for r in ranking.able)
    assert all(r.candidate.blocked for r in ranking.unable)
    places = [place_of(r.candidate) for r in (*ranking.able, *ranking.unable)]
    assert places == sorted(places)


@given(candidate, candidate, candidate)
def test_the_order_is_total(a, b, c):
    x, y, z = place_of(a), place_of(b), place_of(c)
    assert (x < y) + (y < x) + (x == y) == 1
    assert (x == y) <= (a.id == b.id)
    assert not (x < y and y < z) or x < z


@given(crowd, candidate)
def test_another_person_does_not_change_the_order_of_the_rest(people, one_more):
    without = [pk for pk in ids(rank([*people, one_more])) if pk != one_more.id]
    assert without == ids(rank([c for c in people if c.id != one_more.id]))


@given(candidate)
def test_a_reason_against_somebody_never_lifts_them(person):
    able = replace(person, blocked=())
    for worse in (
        replace(able, blocked=("Busy.",)), replace(able, warned=(*able.warned, "Tired.")),
        replace(able, speaks=False), replace(able, in_hours=False),
        replace(able, load_week=able.load_week + 1),
    ):  # fmt: skip
        assert place_of(worse) >= place_of(able)


BEST = Candidate("best", "Zoe", times_led=2, load_week=3)


@pytest.mark.parametrize(
    "second",
    [
        Candidate("second", "Abe", speaks=False, times_led=9),
        Candidate("second", "Abe", in_hours=False, gave_hours=True, times_led=9),
        Candidate("second", "Abe", limit_day=2, load_day=2, times_led=9),
        Candidate("second", "Abe", times_led=0, load_week=0),
        Candidate("second", "Abe", times_led=9, load_week=4),
        Candidate("second", "Abe", times_led=9, blocked=("Abe is on leave.",)),
    ],
    ids=["language", "hours", "limit", "stranger", "load", "blocked"],
)
def test_what_comes_first(second):
    assert ids(rank([second, BEST])) == ["best", "second"]


def test_the_reasons_are_words():
    best = replace(BEST, cleared=True, free=True, gave_hours=True, load_day=1)
    told = [r.words for r in reasons(best, "Spanish")]
    assert told == [
        "Cleared that day", "Free then", "Knows the group: led it 2 times", "Speaks Spanish",
        "Within the hours they gave", "1 other group that day, 3 that week",
    ]  # fmt: skip
    stranger = Candidate("a", "Abe", speaks=False, in_hours=False, limit_day=1, load_day=1)
    told = [r.words for r in reasons(stranger, "Spanish")]
    assert "No Spanish on record" in told
    assert "Outside the hours they gave" in told
    assert "Has reached their own limit of 1 group that day" in told
    assert "Has not led this group yet" in told
    assert not {"Cleared that day", "Free then"} & set(told)  # nobody found out


def test_who_cannot_is_told_apart_with_the_reason():
    away = Candidate("away", "Abe", blocked=("Abe is on leave on Tue 3 Mar.",))
    ranking = rank([away, BEST])
    assert [r.candidate.id for r in ranking.able] == ["best"]
    assert [r.words for r in ranking.unable[0].reasons] == ["Abe is on leave on Tue 3 Mar."]
