"""What is in the way, in words, and the same as comparing every pair."""

import time as stopwatch
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phpsupport.lib.errors import Refused
from phpsupport.lib.periods import Period
from sessions.conflicts import (
    LEAVE,
    Clash,
    Kind,
    Slot,
    find_clashes,
    first_date_over_capacity,
    most_at_once,
)

ZONE = "America/New_York"
BASE = datetime(2026, 10, 5, 14, tzinfo=UTC)  # Mon 5 Oct, 10:00 in New York
DANA, LEE = ("d", "Dana Ruiz"), ("l", "Lee Park")


def _slot(start: int, end: int | None, room: str | None = None, **more: object) -> Slot:
    return Slot(
        BASE + timedelta(minutes=start),
        None if end is None else BASE + timedelta(minutes=end),
        room_id=room,
        room_label=f"{room} Room" if room else "",
        **more,  # type: ignore[arg-type]
    )


def _sentences(candidates: list[Slot], busy: list[Slot]) -> list[str]:
    return [clash.sentence for clash in find_clashes(candidates, busy, zone=ZONE)]


@pytest.mark.parametrize(
    ("mine", "other", "sentence"),
    [
        (
            _slot(0, 50, "Harbor"),
            _slot(0, 50, "Harbor", label="Morning Check-in Circle"),
            "Harbor Room is taken by Morning Check-in Circle until 10:50.",
        ),
        (
            _slot(0, 50, "Harbor"),
            _slot(30, 80, "Harbor", label="Art"),
            "Harbor Room is taken by Art from 10:30 until 11:20.",
        ),
        (
            _slot(0, 50, "Harbor"),
            _slot(-600, 1440, "Harbor"),
            "Harbor Room is taken by another session until Tue 6 Oct, 10:00.",
        ),
        (
            _slot(0, 50, people=(DANA,)),
            _slot(10, 20, people=(LEE, DANA), label="Art"),
            "Dana Ruiz is busy with Art from 10:10 until 10:20.",
        ),
        (
            _slot(0, 50, people=(DANA,)),
            _slot(-600, 840, people=(DANA,), kind=LEAVE),
            "Dana Ruiz is on leave through Mon 5 Oct.",
        ),
        (
            _slot(0, 50, people=(DANA,)),
            _slot(-600, 120, people=(DANA,), kind=LEAVE, label="surgery"),
            "Dana Ruiz is on leave until 12:00 on Mon 5 Oct.",
        ),
        (
            _slot(0, 50, people=(DANA,)),
            _slot(-600, None, people=(DANA,), kind=LEAVE),
            "Dana Ruiz is on leave with no return date yet.",
        ),
    ],
)
def test_the_sentence_names_what_and_until_when(mine: Slot, other: Slot, sentence: str) -> None:
    assert _sentences([mine], [other]) == [sentence]


def test_what_only_touches_or_is_elsewhere_is_not_in_the_way() -> None:
    mine = _slot(0, 50, "Harbor", people=(DANA,))
    others = [
        _slot(50, 100, "Harbor", people=(DANA,)),
        _slot(-50, 0, "Harbor", people=(DANA,)),
        _slot(0, 50, "Garden", people=(LEE,)),
        _slot(0, 50, None),
    ]
    assert find_clashes([mine], others, zone=ZONE) == []


def test_a_moved_session_is_not_in_its_own_way() -> None:
    stored = _slot(0, 50, "Harbor", people=(DANA,), key="s1")
    moved = _slot(20, 70, "Harbor", people=(DANA,), key="s1")
    assert find_clashes([moved], [stored], zone=ZONE) == []
    assert len(find_clashes([_slot(20, 70, "Harbor")], [stored], zone=ZONE)) == 1


def test_candidates_clash_among_themselves_and_the_later_is_told() -> None:
    found = find_clashes(
        [_slot(30, 80, "Harbor", label="Art"), _slot(0, 50, "Harbor", people=(DANA, DANA))],
        [],
        zone=ZONE,
    )
    assert found == [
        Clash(
            1,
            Kind.ROOM,
            "Harbor Room is also wanted for Art on this list, from 10:30 until 11:20.",
            "Harbor",
            with_index=0,
        )
    ]


def test_an_id_of_a_room_and_of_a_person_are_different_things() -> None:
    assert find_clashes([_slot(0, 50, "x")], [_slot(0, 50, people=(("x", "X"),))], zone=ZONE) == []


def test_clearance_is_asked_for_the_local_day() -> None:
    evening = Slot(
        datetime(2026, 10, 6, 1, tzinfo=UTC), datetime(2026, 10, 6, 2, tzinfo=UTC), people=(DANA,)
    )
    why = "Boundary setting ran out on 4 Oct 2026."
    found = find_clashes(
        [evening],
        [],
        zone=ZONE,
        not_cleared={("d", date(2026, 10, 5)): why, ("d", date(2026, 10, 6)): "no"},
    )
    assert [(c.kind, c.sentence, c.resource_id) for c in found] == [(Kind.NOT_CLEARED, why, "d")]


def test_everything_is_told_in_a_steady_order() -> None:
    mine = _slot(0, 50, "Harbor", people=(LEE, DANA))
    busy = [
        _slot(-9999, None, people=(DANA,), kind=LEAVE),
        _slot(0, 50, "Garden", people=(LEE,), label="Art"),
        _slot(40, 50, "Harbor", label="Late"),
        _slot(0, 10, "Harbor", label="Early"),
    ]
    found = find_clashes([_slot(500, 550, "Harbor"), mine], busy, zone=ZONE)
    assert [(c.index, c.kind) for c in found] == [
        (1, Kind.ROOM),
        (1, Kind.ROOM),
        (1, Kind.FACILITATOR),
        (1, Kind.LEAVE),
    ]
    assert ["Early" in found[0].sentence, "Late" in found[1].sentence] == [True, True]
    assert found == find_clashes([_slot(500, 550, "Harbor"), mine], busy[::-1], zone=ZONE)


@pytest.mark.parametrize(
    ("start", "end", "kind"), [(0, 0, "session"), (5, 0, "session"), (0, None, "session")]
)
def test_a_slot_without_length_is_a_fault(start: int, end: int | None, kind: str) -> None:
    with pytest.raises(ValueError, match="end"):
        _slot(start, end, kind=kind)


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(Refused, match="not known"):
        find_clashes([], [], zone="Moon")


@st.composite
def _slots(draw: st.DrawFn) -> Slot:
    start = draw(st.integers(0, 30))
    people = draw(st.sets(st.sampled_from("pqr"), max_size=3))
    return _slot(
        start,
        start + draw(st.integers(1, 12)),
        draw(st.none() | st.sampled_from("ABC")),
        people=tuple((p, p) for p in sorted(people)),
        key=draw(st.none() | st.integers(0, 3)),
    )


@given(st.lists(_slots(), max_size=10), st.lists(_slots(), max_size=10))
def test_the_sweep_finds_what_comparing_all_pairs_finds(
    candidates: list[Slot], busy: list[Slot]
) -> None:
    wanted = []
    everything = [*candidates, *busy]
    for later in range(len(everything)):
        for earlier in range(later):
            if earlier >= len(candidates):
                continue
            one, two = everything[earlier], everything[later]
            if one.key is not None and one.key == two.key:
                continue
            if one.starts_at < two.ends_at and two.starts_at < one.ends_at:
                told, other = (earlier, None) if later >= len(candidates) else (later, earlier)
                shared = {p for p, _ in one.people} & {p for p, _ in two.people}
                wanted += [(told, other, p) for p in shared]
                if one.room_id is not None and one.room_id == two.room_id:
                    wanted.append((told, other, one.room_id))
    found = find_clashes(candidates, busy, zone=ZONE)
    key = lambda item: tuple(map(str, item))  # noqa: E731
    assert sorted(((c.index, c.with_index, c.resource_id) for c in found), key=key) == sorted(
        wanted, key=key
    )


def test_many_slots_that_overlap_only_among_the_busy_take_little_time() -> None:
    busy = [_slot(n % 7, 5000, people=(DANA,), kind=LEAVE) for n in range(20_000)]
    started = stopwatch.perf_counter()
    assert find_clashes([_slot(6000, 6050, people=(DANA,))], busy, zone=ZONE) == []
    assert stopwatch.perf_counter() - started < 5  # comparing every pair takes minutes


# --- capacity -------------------------------------------------------------------------------------
def _days(start: int, end: int | None) -> Period[date]:
    first = date(2026, 1, 1)
    return Period(
        first + timedelta(days=start), None if end is None else first + timedelta(days=end)
    )


def test_the_first_full_day_is_named() -> None:
    stand = [_days(0, 10), _days(5, None), _days(8, 9)]
    wanted = _days(2, 20)
    assert first_date_over_capacity(stand, 3, wanted) == date(2026, 1, 9)
    assert first_date_over_capacity(stand, 2, wanted) == date(2026, 1, 6)
    assert first_date_over_capacity(stand, 1, wanted) == date(2026, 1, 3)
    assert first_date_over_capacity(stand, 4, wanted) is None
    assert first_date_over_capacity([], 0, wanted) == wanted.start
    assert most_at_once(stand, wanted) == 3
    assert most_at_once(stand, _days(-9, 0)) == 0


def test_whoever_leaves_on_a_day_makes_room_on_that_day() -> None:
    assert first_date_over_capacity([_days(0, 5)], 1, _days(5, 9)) is None


@given(
    st.lists(st.tuples(st.integers(0, 20), st.none() | st.integers(0, 10)), max_size=12),
    st.integers(0, 5),
    st.integers(0, 20),
    st.none() | st.integers(0, 15),
)
def test_capacity_agrees_with_counting_each_day(
    spans: list[tuple[int, int | None]], capacity: int, start: int, length: int | None
) -> None:
    stand = [_days(s, None if n is None else s + n) for s, n in spans]
    wanted = _days(start, None if length is None else start + length)
    counts = {
        on: sum(on in period for period in stand)
        for on in (date(2026, 1, 1) + timedelta(days=n) for n in range(45))
        if on in wanted
    }
    full = [on for on, number in counts.items() if number >= capacity]
    assert first_date_over_capacity(stand, capacity, wanted) == (full[0] if full else None)
    assert most_at_once(stand, wanted) == max(counts.values(), default=0)
