"""What speaks against sessions, in words, and the same as weighing every pair."""

import time as stopwatch
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise, product
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phpsupport.lib.errors import Refused
from phpsupport.lib.periods import Period
from phpsupport.programs.policy import BY_KEY, DEFAULTS
from sessions.conflicts import (
    LEAVE,
    WORDS,
    Clash,
    Known,
    Level,
    Rule,
    Rules,
    Slot,
    first_date_over_capacity,
    judge,
    most_at_once,
)

ZONE = "America/New_York"
BASE = datetime(2026, 10, 5, 14, tzinfo=UTC)  # Mon 5 Oct, 10:00 in New York
DANA, LEE = ("d", "Dana Ruiz"), ("l", "Lee Park")
DOUBLE = Rules.only(room="block", facilitator="block", leave="block", clearance="warn")
USUAL = Rules.of(DEFAULTS)


def _slot(start: int, end: int | None, room: str | None = None, **more: object) -> Slot:
    return Slot(
        BASE + timedelta(minutes=start),
        None if end is None else BASE + timedelta(minutes=end),
        room_id=room,
        room_label=f"{room} Room" if room else "",
        **more,  # type: ignore[arg-type]
    )


def _at(day: str, starts: str, ends: str, *, zone: str = ZONE, **more: Any) -> Slot:
    """A slot by the clock on the wall; an end before the start is on the next day."""
    place, on = ZoneInfo(zone), date.fromisoformat(day)
    from_, until = time.fromisoformat(starts), time.fromisoformat(ends)
    last = on if until > from_ else on + timedelta(days=1)
    return Slot(datetime.combine(on, from_, place), datetime.combine(last, until, place), **more)


def _found(candidates: list[Slot], busy: list[Slot], **more: Any) -> list[Clash]:
    more.setdefault("rules", DOUBLE)
    return list(judge(candidates, busy, zone=ZONE, **more).clashes)


def _sentences(candidates: list[Slot], busy: list[Slot], **more: Any) -> list[str]:
    return [clash.sentence for clash in _found(candidates, busy, **more)]


def only(rule: Rule, level: str = "warn", **more: Any) -> Rules:
    """One rule in force, the others ignored."""
    return Rules({r: Level(level if r is rule else "ignore") for r in Rule}, **more)


# --- what every rule has ----------------------------------------------------------------------------
def test_every_rule_has_a_level_in_the_policy_and_a_word() -> None:
    assert {f"rule_{rule}" for rule in Rule} == {key for key in BY_KEY if key.startswith("rule_")}
    assert set(WORDS) == set(Rule)
    assert USUAL.levels[Rule.ROOM] is Level.BLOCK
    assert USUAL.rest == timedelta(hours=11)


def _everything() -> tuple[list[Slot], list[Slot], Known]:
    """One candidate against which every rule speaks."""
    mine = _at(
        "2026-10-06", "07:00", "07:50", room_id="h", room_label="Harbor", people=(DANA,),
        label="Mine", guests=(("m", "Marisol V.", None),), language="Korean",
    )  # fmt: skip
    busy = [
        _at("2026-10-06", "07:00", "07:50", room_id="h", label="Art"),
        _at("2026-10-06", "07:52", "08:30", room_id="h", label="Song"),
        _at("2026-10-06", "07:20", "07:50", people=(DANA,), label="Walk"),
        _at("2026-10-06", "00:00", "23:00", people=(DANA,), kind=LEAVE),
        _at("2026-10-06", "07:00", "07:30", guests=(("m", "Marisol V.", None),), label="Yoga"),
        _at("2026-10-05", "21:00", "22:00", people=(DANA,), label="Late"),
        *(
            _at("2026-10-06", f"{h:02}:00", f"{h:02}:55", people=(DANA,), label=f"At {h}")
            for h in range(8, 18)
        ),
        *(
            _at(f"2026-10-{d:02}", "08:00", "13:00", people=(DANA,), label="Long")
            for d in (7, 8, 9)
        ),
    ]
    known = Known(
        not_cleared={(0, "d"): "Dana Ruiz is not cleared: Ethics is missing."},
        apart={("d", "m")},
        languages={"d": ("English", "Spanish")},
        most_a_day={"d": 4},
        room_hours={"h": (time(8), time(17))},
        closed={date(2026, 10, 6): "Founders' Day"},
    )
    return [mine], busy, known


TOLD = {
    Rule.ROOM: "Harbor is taken by Art until 7:50.",
    Rule.TURNAROUND: "Harbor has 2 minutes before Song, which begins at 7:52; 5 minutes are wanted "
    "between two groups.",
    Rule.FACILITATOR: "Dana Ruiz is busy with Walk from 7:20 until 7:50.",
    Rule.LEAVE: "Dana Ruiz is on leave until 23:00 on Tue 6 Oct.",
    Rule.CLEARANCE: "Dana Ruiz is not cleared: Ethics is missing.",
    Rule.INTEREST: "Keep apart: Dana Ruiz and somebody on this roster.",
    Rule.PARTICIPANT: "Marisol V. is in Yoga until 7:30.",
    Rule.LANGUAGE: "This group is held in Korean; Dana Ruiz speaks English and Spanish.",
    Rule.CLOSED: "The program is closed on Tue 6 Oct: Founders' Day.",
    Rule.ROOM_HOURS: "Harbor can be used from 8:00 to 17:00 only.",
    Rule.LOAD_DAY: "Dana Ruiz would have 12 groups that day; 4 are agreed.",
    Rule.HOURS_WEEK: "Dana Ruiz would have 26 hours and 30 minutes of groups that week; 20 hours "
    "are the most.",
    Rule.BACK_TO_BACK: "Dana Ruiz would have 12 groups in a row without a break of 15 minutes; 3 "
    "are the most.",
    Rule.REST: "Dana Ruiz would have 9 hours of rest between Mon 5 Oct, 22:00 and Tue 6 Oct, 7:00; "
    "11 hours are the least.",
}


def test_everything_is_told_by_name_in_the_order_of_the_rules() -> None:
    candidates, busy, known = _everything()
    found = _found(candidates, busy, rules=USUAL, known=known)
    assert {c.rule: c.sentence for c in found} == TOLD
    assert [c.rule for c in found] == list(Rule)
    assert {c.rule: c.level.value for c in found} == {r: DEFAULTS[f"rule_{r}"] for r in Rule}


@pytest.mark.parametrize(("rule", "level"), list(product(Rule, ["block", "warn", "ignore"])))
def test_a_program_says_what_each_rule_does(rule: Rule, level: str) -> None:
    candidates, busy, known = _everything()
    rules = Rules.of({**DEFAULTS, **{f"rule_{r}": "ignore" for r in Rule}, f"rule_{rule}": level})
    found = _found(candidates, busy, rules=rules, known=known)
    assert [(c.rule, c.level, c.blocks, c.sentence) for c in found] == (
        [] if level == "ignore" else [(rule, level, level == "block", TOLD[rule])]
    )


def test_rules_are_those_of_the_sessions_own_day() -> None:
    """A policy that begins on Wednesday is not asked for Tuesday."""
    days = [_at(f"2026-10-{d:02}", "10:00", "11:00", room_id="h") for d in (6, 7)]
    stand = [_at(f"2026-10-{d:02}", "10:00", "11:00", room_id="h") for d in (6, 7)]
    found = _found(
        days,
        stand,
        rules=lambda on: only(Rule.ROOM, "block" if on >= date(2026, 10, 7) else "warn"),
    )
    assert [(c.index, c.level.value) for c in found] == [(0, "warn"), (1, "block")]


def test_who_shares_is_known_even_where_the_rule_is_ignored() -> None:
    mine = _slot(0, 50, "Harbor", people=(DANA, LEE))
    busy = [
        _slot(10, 20, "Harbor"),
        _slot(0, 5, people=(LEE,)),
        _slot(0, 5, people=(DANA,), kind=LEAVE),
    ]
    judged = judge([_slot(500, 550), mine], busy, zone=ZONE, rules=Rules.only())
    assert judged.clashes == ()
    assert judged.shares_room == {1}
    assert judged.shares_time == {(1, "l")}


def test_what_nobody_can_wave_through_blocks_whatever_the_policy() -> None:
    mine = _slot(0, 50, people=(DANA,))
    known = Known(not_cleared={(0, "d"): "No longer works here."}, never={(0, "d")})
    for rules in (only(Rule.CLEARANCE, "warn"), Rules.only()):
        [clash] = _found([mine], [], rules=rules, known=known)
        assert (clash.level, clash.final) == (Level.BLOCK, True)


# --- rooms and people -------------------------------------------------------------------------------
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
    assert _found([mine], others) == []


def test_a_moved_session_is_not_in_its_own_way() -> None:
    stored = _slot(0, 50, "Harbor", people=(DANA,), key="s1")
    moved = _slot(20, 70, "Harbor", people=(DANA,), key="s1")
    assert _found([moved], [stored]) == []
    assert len(_found([_slot(20, 70, "Harbor")], [stored])) == 1


def test_candidates_clash_among_themselves_and_the_later_is_told() -> None:
    found = _found(
        [_slot(30, 80, "Harbor", label="Art"), _slot(0, 50, "Harbor", people=(DANA, DANA))], []
    )
    assert found == [
        Clash(
            1,
            Rule.ROOM,
            Level.BLOCK,
            "Harbor Room is also wanted for Art on this list, from 10:30 until 11:20.",
            "Harbor",
            with_index=0,
        )
    ]


def test_an_id_of_a_room_and_of_a_person_are_different_things() -> None:
    assert _found([_slot(0, 50, "x")], [_slot(0, 50, people=(("x", "X"),))]) == []


def test_everything_comes_in_a_steady_order() -> None:
    mine = _slot(0, 50, "Harbor", people=(LEE, DANA))
    busy = [
        _slot(-9999, None, people=(DANA,), kind=LEAVE),
        _slot(0, 50, "Garden", people=(LEE,), label="Art"),
        _slot(40, 50, "Harbor", label="Late"),
        _slot(0, 10, "Harbor", label="Early"),
    ]
    found = _found([_slot(500, 550, "Harbor"), mine], busy)
    assert [(c.index, c.rule) for c in found] == [
        (1, Rule.ROOM),
        (1, Rule.ROOM),
        (1, Rule.FACILITATOR),
        (1, Rule.LEAVE),
    ]
    assert ["Early" in found[0].sentence, "Late" in found[1].sentence] == [True, True]
    assert found == _found([_slot(500, 550, "Harbor"), mine], busy[::-1])


@pytest.mark.parametrize(
    ("start", "end", "kind"), [(0, 0, "session"), (5, 0, "session"), (0, None, "session")]
)
def test_a_slot_without_length_is_a_fault(start: int, end: int | None, kind: str) -> None:
    with pytest.raises(ValueError, match="end"):
        _slot(start, end, kind=kind)


@pytest.mark.parametrize(
    "times",
    [
        (datetime(2026, 1, 1, 9), datetime(2026, 1, 1, 10, tzinfo=UTC)),
        (datetime(2026, 1, 1, 9, tzinfo=UTC), datetime(2026, 1, 1, 10)),
    ],
)
def test_a_naive_time_is_a_fault(times: tuple[datetime, datetime]) -> None:
    with pytest.raises(ValueError, match="naive"):
        Slot(*times)


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(Refused, match="not known"):
        judge([], [], zone="Moon", rules=DOUBLE)


def test_what_stands_already_is_not_judged_again() -> None:
    """A change of room does not bring up what was decided about people, nor the other way round."""
    candidates, busy, known = _everything()
    known = Known(
        apart=known.apart, languages=known.languages, most_a_day=known.most_a_day,
        room_hours=known.room_hours, closed=known.closed,
    )  # fmt: skip
    [mine] = candidates
    stored = Slot(
        mine.starts_at, mine.ends_at, room_id="h", room_label="Harbor", people=mine.people, key="s"
    )
    same = Slot(
        mine.starts_at, mine.ends_at, room_id="h", room_label="Harbor", people=mine.people,
        guests=mine.guests, language="Korean", key="s",
    )  # fmt: skip

    def told(slot: Slot) -> set[Rule]:
        found = _found([slot], busy, rules=USUAL, known=known, standing={"s": stored})
        return {c.rule for c in found}

    assert told(same) == set()
    elsewhere = Slot(
        same.starts_at, same.ends_at, room_id="g", people=same.people, guests=same.guests,
        language="Korean", key="s",
    )  # fmt: skip
    assert told(elsewhere) == set()
    somebody_else = Slot(
        same.starts_at, same.ends_at, room_id="h", people=(("x", "X"),), guests=same.guests, key="s"
    )
    assert told(somebody_else) == set()
    later = Slot(
        same.starts_at + timedelta(minutes=5), same.ends_at, room_id="h", people=same.people,
        guests=same.guests, language="Korean", key="s",
    )  # fmt: skip
    # The same day: whether it is closed, and who is to be kept apart, was known before.
    assert told(later) == set(Rule) - {Rule.CLOSED, Rule.INTEREST, Rule.LANGUAGE, Rule.CLEARANCE}


def test_a_session_that_stays_is_still_in_the_way_of_one_that_moves() -> None:
    stays = _slot(0, 50, "Harbor", key="a", label="Art", people=(DANA,))
    moves = _slot(0, 50, "Harbor", key="b", label="Song", people=(DANA,))
    standing = {"a": stays, "b": _slot(500, 550, "Harbor", key="b", people=(DANA,))}
    for order in ([stays, moves], [moves, stays]):
        found = _found(order, list(standing.values()), standing=standing)
        assert [(order[c.index].key, c.rule) for c in found] == [
            ("b", Rule.ROOM),
            ("b", Rule.FACILITATOR),
        ]


def test_two_sessions_can_change_places() -> None:
    one, two = _slot(0, 50, "Harbor", key="a"), _slot(60, 110, "Harbor", key="b")
    swapped = [_slot(60, 110, "Harbor", key="a"), _slot(0, 50, "Harbor", key="b")]
    assert _found(swapped, [one, two], standing={"a": one, "b": two}) == []


# --- participants -----------------------------------------------------------------------------------
def _guests(*names: str) -> tuple[tuple[str, str, None], ...]:
    return tuple((name, f"{name}.", None) for name in names)


def test_participants_of_one_pair_are_told_together_and_few_by_name() -> None:
    rules = only(Rule.PARTICIPANT)
    other = _slot(-10, 30, guests=_guests("A", "B", "C", "D", "E"), label="Art")

    def told(*names: str) -> list[str]:
        return _sentences([_slot(0, 50, guests=_guests(*names))], [other], rules=rules)

    assert told("Z") == []
    assert told("B", "A") == ["A. and B. are in Art until 10:30."]
    assert told("C", "B", "A") == ["A., B. and C. are in Art until 10:30."]
    assert told("A", "B", "C", "D", "E") == ["A., B. and 3 more are in Art until 10:30."]


def test_a_planned_early_leaving_frees_the_rest_of_the_time() -> None:
    leaves = BASE + timedelta(minutes=30)
    rules = only(Rule.PARTICIPANT)
    early = _slot(0, 50, guests=(("m", "Marisol V.", leaves),), label="Art")
    assert _found([_slot(30, 80, guests=_guests("m"))], [early], rules=rules) == []
    assert _sentences(
        [_slot(20, 80, guests=(("m", "Marisol V.", None),))], [early], rules=rules
    ) == ["Marisol V. is in Art until 10:30."]
    before = _slot(40, 90, guests=(("m", "Marisol V.", BASE),))  # gone before it begins
    assert _found([before], [_slot(40, 90, guests=_guests("m"))], rules=rules) == []


# --- what adds up -----------------------------------------------------------------------------------
def _day(on: str, *starts: str, minutes: int = 50, **more: Any) -> list[Slot]:
    more.setdefault("people", (DANA,))
    slots = []
    for at in starts:
        from_ = datetime.combine(date.fromisoformat(on), time.fromisoformat(at), ZoneInfo(ZONE))
        slots.append(Slot(from_, from_.astimezone(UTC) + timedelta(minutes=minutes), **more))
    return slots


def test_the_load_of_a_day_is_told_from_the_group_that_is_one_too_many() -> None:
    known = Known(most_a_day={"d": 3})
    rules = only(Rule.LOAD_DAY)
    wanted = _day("2026-10-06", "09:00", "10:00", "11:00", "12:00")
    assert [c.index for c in _found(wanted, [], rules=rules, known=known)] == [3]
    stand = _day("2026-10-06", "08:00", "13:00")
    found = _found(wanted, stand, rules=rules, known=known)
    assert [c.index for c in found] == [1, 2, 3]
    assert found[0].sentence == "Dana Ruiz would have 4 groups that day; 3 are agreed."
    assert _found(wanted, stand, rules=rules) == []  # no number is agreed with her
    assert _found(_day("2026-10-06", "10:00"), _day("2026-10-06", "11:00"), rules=rules, known=Known(
        most_a_day={"d": 1}
    ))[0].sentence == "Dana Ruiz would have 2 groups that day; 1 is agreed."  # fmt: skip


def test_a_day_ends_at_midnight_at_the_site() -> None:
    """23:00 on Tuesday is Wednesday in UTC."""
    known, rules = Known(most_a_day={"d": 1}), only(Rule.LOAD_DAY)
    late = _day("2026-10-06", "23:00")
    assert _found(late, _day("2026-10-07", "09:00"), rules=rules, known=known) == []
    assert len(_found(late, _day("2026-10-06", "09:00"), rules=rules, known=known)) == 1


def test_hours_of_a_week_go_from_monday_to_sunday() -> None:
    rules = only(Rule.HOURS_WEEK, hours_week=2)
    stand = _day("2026-10-05", "09:00", minutes=60)
    sunday, monday = "2026-10-11", "2026-10-12"
    assert _found(_day(sunday, "09:00", minutes=60), stand, rules=rules) == []
    assert _sentences(_day(sunday, "09:00", minutes=61), stand, rules=rules) == [
        "Dana Ruiz would have 2 hours and 1 minute of groups that week; 2 hours are the most."
    ]
    assert _found(_day(monday, "09:00", minutes=90), stand, rules=rules) == []


def test_a_night_with_a_repeated_hour_counts_the_hours_that_pass() -> None:
    """From 0:30 to 3:30 on 1 Nov 2026 in New York is four hours."""
    rules = only(Rule.HOURS_WEEK, hours_week=3)
    night = _at("2026-11-01", "00:30", "03:30", people=(DANA,))
    assert _sentences([night], [], rules=rules) == [
        "Dana Ruiz would have 4 hours of groups that week; 3 hours are the most."
    ]


@pytest.mark.parametrize(
    ("starts", "a_break", "told"),
    [
        (("09:00", "10:00", "11:00"), 15, 0),  # three in a row may be
        (("09:00", "10:00", "11:00", "12:00"), 15, 1),
        (("09:00", "10:00", "11:00", "12:05"), 15, 0),  # a quarter of an hour is a break
        (("09:00", "10:00", "11:00", "12:04"), 15, 1),
        (("09:00", "10:00", "11:00", "12:00"), 10, 0),
        (("09:00", "10:00", "12:00", "13:00"), 15, 0),
    ],
)
def test_groups_in_a_row(starts: tuple[str, ...], a_break: int, told: int) -> None:
    rules = only(Rule.BACK_TO_BACK, a_break=timedelta(minutes=a_break))
    *stand, last = _day("2026-10-06", *starts)
    assert len(_found([last], stand, rules=rules)) == told
    first, *stand = _day("2026-10-06", *starts)
    assert len(_found([first], stand, rules=rules)) == told
    both = _day("2026-10-06", *starts)
    assert [c.index for c in _found(both, [], rules=rules)] == [3] * told


def test_a_group_that_joins_two_rows_is_told_of() -> None:
    rules = only(Rule.BACK_TO_BACK)
    stand = _day("2026-10-06", "09:00", "10:00", "12:00", "13:00")
    [clash] = _found(_day("2026-10-06", "11:00"), stand, rules=rules)
    assert "5 groups in a row" in clash.sentence


@pytest.mark.parametrize(
    ("evening", "morning", "told"),
    [
        # an ordinary night
        (("2026-10-05", "20:00", "21:00"), ("2026-10-06", "08:00", "09:00"), ""),
        (("2026-10-05", "20:00", "21:01"), ("2026-10-06", "08:00", "09:00"), "10 hours and 59 minutes"),
        # the clocks go forward: eleven hours by the clock on the wall are ten
        (("2026-03-07", "20:00", "21:00"), ("2026-03-08", "08:00", "09:00"), "10 hours"),
        (("2026-03-07", "19:00", "20:00"), ("2026-03-08", "08:00", "09:00"), ""),
        # the clocks go back: ten hours by the clock on the wall are eleven
        (("2026-10-31", "21:00", "22:00"), ("2026-11-01", "08:00", "09:00"), ""),
        (("2026-10-31", "21:00", "22:01"), ("2026-11-01", "08:00", "09:00"), "10 hours and 59 minutes"),
        # across midnight: the evening is the day on which it began
        (("2026-10-05", "23:00", "00:30"), ("2026-10-06", "08:00", "09:00"), "7 hours and 30 minutes"),
        # a free day between them
        (("2026-10-05", "23:00", "23:50"), ("2026-10-07", "00:10", "01:00"), ""),
    ],
)  # fmt: skip
def test_rest_is_what_passes_between_evening_and_morning(
    evening: tuple[str, str, str], morning: tuple[str, str, str], told: str
) -> None:
    rules = only(Rule.REST)
    late, early = _at(*evening, people=(DANA,)), _at(*morning, people=(DANA,))
    for candidates, busy in (([late], [early]), ([early], [late]), ([late, early], [])):
        found = _found(candidates, busy, rules=rules)
        assert len(found) == bool(told)
        for clash in found:
            assert f"would have {told} of rest between" in clash.sentence
            assert clash.index == len(candidates) - 1


def test_rest_is_told_of_who_shortens_it() -> None:
    """What stands in the evening already is not held against a session at noon."""
    rules = only(Rule.REST)
    stand = [
        _at("2026-10-05", "21:00", "22:00", people=(DANA,)),
        _at("2026-10-06", "07:00", "08:00", people=(DANA,)),
    ]
    assert (
        _found(_day("2026-10-05", "12:00") + _day("2026-10-06", "12:00"), stand, rules=rules) == []
    )


def test_zero_hours_are_said() -> None:
    late = _at("2026-10-05", "23:00", "00:30", people=(DANA,))
    early = _at("2026-10-06", "00:10", "01:00", people=(DANA,))
    [sentence] = _sentences([early], [late], rules=only(Rule.REST))
    assert "would have 0 hours of rest" in sentence


# --- what one session says by itself ----------------------------------------------------------------
def test_the_languages_of_nobody_are_not_judged() -> None:
    rules = only(Rule.LANGUAGE)

    def told(language: str, *spoken: str) -> int:
        mine = _slot(0, 50, people=(DANA,), language=language)
        return len(_found([mine], [], rules=rules, known=Known(languages={"d": spoken})))

    assert told("Spanish", "English") == 1
    assert told("spanish", "English", "SPANISH") == 0
    assert told("Spanish") == 0  # nothing is on record
    assert told("", "English") == 0


def test_keeping_apart_needs_both_on_one_roster() -> None:
    rules = only(Rule.INTEREST, "block")
    known = Known(apart={("d", "m")})
    both = _slot(0, 50, people=(DANA, LEE), guests=_guests("m", "n"))
    [clash] = _found([both], [], rules=rules, known=known)
    assert clash.resource_id == "d"
    assert "m." not in clash.sentence
    for slot in (
        _slot(0, 50, people=(LEE,), guests=_guests("m")),
        _slot(0, 50, people=(DANA,), guests=_guests("n")),
    ):
        assert _found([slot], [], rules=rules, known=known) == []


def test_a_series_that_meets_on_closed_days_is_not_asked() -> None:
    known = Known(closed={date(2026, 10, 5): "Founders' Day."})
    rules = only(Rule.CLOSED)
    assert _sentences([_slot(0, 50)], [], rules=rules, known=known) == [
        "The program is closed on Mon 5 Oct: Founders' Day."
    ]
    assert _found([_slot(0, 50, meets_on_closed_days=True)], [], rules=rules, known=known) == []


@pytest.mark.parametrize(
    ("starts", "ends", "told"),
    [
        ("08:00", "17:00", False), ("07:59", "08:30", True), ("16:30", "17:01", True),
        ("16:30", "00:00", True), ("23:00", "09:00", True),
    ],
)  # fmt: skip
@pytest.mark.parametrize("day", ["2026-10-05", "2026-03-08", "2026-11-01"])
def test_the_hours_of_a_room_are_by_the_clock_on_the_wall(
    day: str, starts: str, ends: str, told: bool
) -> None:
    known = Known(room_hours={"h": (time(8), time(17))})
    mine = _at(day, starts, ends, room_id="h")
    assert bool(_found([mine], [], rules=only(Rule.ROOM_HOURS), known=known)) == told
    other = _at(day, starts, ends, room_id="g")
    assert _found([other], [], rules=only(Rule.ROOM_HOURS), known=known) == []


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [
        (50, 100, "no time after Art, which ends at 10:50"),
        (54, 100, "4 minutes after Art, which ends at 10:50"),
        (55, 100, ""),
        (-50, -1, "1 minute before Art, which begins at 10:00"),
        (-50, -5, ""),
    ],
)
def test_time_between_two_groups_in_a_room(start: int, end: int, told: str) -> None:
    stored = _slot(0, 50, "Harbor", label="Art")
    found = _sentences([_slot(start, end, "Harbor")], [stored], rules=only(Rule.TURNAROUND))
    assert found == (
        [f"Harbor Room has {told}; 5 minutes are wanted between two groups."] if told else []
    )
    none = only(Rule.TURNAROUND, turnaround=timedelta(0))
    assert _found([_slot(start, end, "Harbor")], [stored], rules=none) == []


# --- the same as weighing every pair ----------------------------------------------------------------
HOUR = timedelta(hours=1)


@st.composite
def _slots(draw: st.DrawFn, *, stored: bool) -> Slot:
    start = draw(st.integers(-20, 90)) * 30 + draw(st.sampled_from([0, 0, 5, 20]))
    people = draw(st.sets(st.sampled_from("pqr"), max_size=2))
    guests = draw(st.sets(st.sampled_from("uvw"), max_size=2))
    leaves = draw(st.none() | st.integers(1, 60))
    leave = stored and draw(st.integers(0, 5)) == 0
    return _slot(
        start,
        None if leave and draw(st.booleans()) else start + draw(st.integers(1, 8)) * 25,
        None if leave else draw(st.none() | st.sampled_from("AB")),
        people=tuple((p, p) for p in sorted(people)),
        guests=() if leave else tuple(
            (g, g, BASE + timedelta(minutes=start + leaves) if leaves else None)
            for g in sorted(guests)
        ),
        kind=LEAVE if leave else "session",
        key=None if leave else draw(st.none() | st.integers(0, 4)),
    )  # fmt: skip


def _end(slot: Slot) -> datetime:
    return slot.ends_at or datetime.max.replace(tzinfo=UTC)


def _local(slot: Slot) -> date:
    return slot.starts_at.astimezone(ZoneInfo(ZONE)).date()


Told = tuple[Rule, int, Any, Any]


def _slowly(  # every pair, every sum anew
    wanted: list[Slot],
    busy: list[Slot],
    standing: dict[Any, Slot],
    rules: Rules,
    most: dict[str, int],
) -> Iterator[Told]:
    moving = {w.key for w in wanted} - {None}
    busy = [b for b in busy if b.key not in moving]

    def kept(i: int) -> Slot | None:
        before = standing.get(wanted[i].key) if wanted[i].key is not None else None
        same = before and (before.starts_at, before.ends_at) == (
            wanted[i].starts_at,
            wanted[i].ends_at,
        )
        return before if same else None

    def new_room(i: int) -> bool:
        before = kept(i)
        return before is None or before.room_id != wanted[i].room_id

    def new_person(i: int, person: str) -> bool:
        before = kept(i)
        return before is None or person not in dict(before.people)

    everything: list[tuple[int | None, Slot]] = [*enumerate(wanted), *((None, b) for b in busy)]
    for i, mine in enumerate(wanted):
        for j, other in everything:
            if j == i or (mine.key is not None and mine.key == other.key):
                continue

            def told(new_to_me: bool, new_to_it: bool, j: int | None = j, i: int = i) -> bool:
                return new_to_me and (j is None or not new_to_it or j < i)

            overlap = mine.starts_at < _end(other) and other.starts_at < _end(mine)
            it_is_new = j is not None and new_room(j)
            same_room = mine.room_id is not None and mine.room_id == other.room_id
            if same_room and told(new_room(i), it_is_new):
                gap = max(mine.starts_at - _end(other), other.starts_at - _end(mine))
                if overlap:
                    yield Rule.ROOM, i, mine.room_id, j if it_is_new else None
                elif gap < rules.turnaround:
                    yield Rule.TURNAROUND, i, mine.room_id, j if it_is_new else None
            for person in dict(mine.people).keys() & dict(other.people).keys():
                it_is_new = j is not None and new_person(j, person)
                if overlap and told(new_person(i, person), it_is_new):
                    rule = Rule.LEAVE if other.kind == LEAVE else Rule.FACILITATOR
                    yield rule, i, person, j if it_is_new else None
            both = []
            for guest, _, leaves in mine.guests:
                for same, _, also in other.guests:
                    my_end = min(_end(mine), leaves or _end(mine))
                    its_end = min(_end(other), also or _end(other))
                    if same == guest and mine.starts_at < its_end and other.starts_at < my_end:
                        both.append(guest)
            it_is_new = j is not None and kept(j) is None
            if both and told(kept(i) is None, it_is_new):
                yield Rule.PARTICIPANT, i, None, j if it_is_new else None
    for person in "pqr":
        here = [(i, s) for i, s in everything if person in dict(s.people) and s.kind != LEAVE]
        base = [s for i, s in here if i is None or not new_person(i, person)]
        planned = [(i, s) for i, s in here if i is not None and new_person(i, person)]
        for place, (i, mine) in enumerate(planned):
            so_far = base + [s for _, s in planned[: place + 1]]
            day = [s for s in so_far if _local(s) == _local(mine)]
            if person in most and len(day) > most[person]:
                yield Rule.LOAD_DAY, i, person, None
            week = [
                s for s in so_far if _local(s).isocalendar()[:2] == _local(mine).isocalendar()[:2]
            ]
            if sum((_end(s) - s.starts_at for s in week), timedelta(0)) > rules.hours_week * HOUR:
                yield Rule.HOURS_WEEK, i, person, None
            row = [mine]
            while True:
                more = [
                    s
                    for s in day
                    if not any(s is r for r in row)
                    and any(
                        s.starts_at - _end(r) < rules.a_break
                        and r.starts_at - _end(s) < rules.a_break
                        for r in row
                    )
                ]
                if not more:
                    break
                row += more
            if len(row) > rules.back_to_back_most:
                yield Rule.BACK_TO_BACK, i, person, None
        fresh = {id(s): i for i, s in planned}
        days = sorted({_local(s) for _, s in here})
        for evening, morning in pairwise(days):
            last = max(_end(s) for _, s in here if _local(s) == evening)
            first = min(s.starts_at for _, s in here if _local(s) == morning)
            if first - last < rules.rest:
                at_fault = [
                    fresh[id(s)]
                    for _, s in here
                    if id(s) in fresh
                    and ((_local(s) == evening and _end(s) == last)
                         or (_local(s) == morning and s.starts_at == first))
                ]  # fmt: skip
                if at_fault:
                    yield Rule.REST, max(at_fault), person, None


@given(
    st.lists(_slots(stored=False), max_size=7),
    st.lists(_slots(stored=True), max_size=7),
    st.dictionaries(st.integers(0, 4), _slots(stored=False), max_size=3),
    st.lists(st.booleans(), min_size=7, max_size=7),
    st.dictionaries(st.sampled_from("pqr"), st.integers(1, 3), max_size=3),
)
def test_the_sweep_finds_what_weighing_every_pair_finds(
    wanted: list[Slot],
    busy: list[Slot],
    stood: dict[int, Slot],
    stays: list[bool],
    most: dict[str, int],
) -> None:
    standing: dict[Any, Slot] = dict(stood)
    # One candidate for each stored session, some of which keep their time.
    unique = {w.key: w for w in wanted if w.key is not None}
    wanted = [w for w in wanted if w.key is None or unique[w.key] is w]
    for slot, same in zip(wanted, stays, strict=False):
        if same and slot.key in standing:
            before = standing[slot.key]
            standing[slot.key] = Slot(
                slot.starts_at, slot.ends_at, before.room_id, "", before.people, key=slot.key
            )
    rules = Rules(
        dict.fromkeys(Rule, Level.WARN), turnaround=timedelta(minutes=15), hours_week=6,
        back_to_back_most=2,
    )  # fmt: skip
    judged = judge(
        wanted, busy, zone=ZONE, rules=rules, known=Known(most_a_day=most), standing=standing
    )
    found = sorted(
        (
            (c.rule, c.index, None if c.rule is Rule.PARTICIPANT else c.resource_id, c.with_index)
            for c in judged.clashes
        ),
        key=str,
    )
    assert found == sorted(_slowly(wanted, busy, standing, rules, most), key=str)
    assert judged.shares_room == {i for rule, i, _, _ in found if rule is Rule.ROOM}
    assert judged.shares_time == {(i, p) for rule, i, p, _ in found if rule is Rule.FACILITATOR}


def test_many_slots_that_overlap_only_among_the_busy_take_little_time() -> None:
    busy = [_slot(n % 7, 5000, people=(DANA,), kind=LEAVE) for n in range(20_000)]
    started = stopwatch.process_time()
    assert _found([_slot(6000, 6050, people=(DANA,))], busy) == []
    assert stopwatch.process_time() - started < 30  # comparing every pair takes minutes


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
