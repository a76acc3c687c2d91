"""A series keeps its local time; what the clocks make of it is said and never done in silence."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phpsupport.lib.errors import Refused
from sessions.recurrence import (
    KEEP,
    LAST,
    SHIFT,
    SKIP,
    Occurrence,
    Pattern,
    Times,
    Verdict,
    find_zone,
    last_day,
    occurrences,
    read_local,
    wall_clock_before,
)

NEW_YORK = "America/New_York"
ZONES = [
    NEW_YORK,
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
    "America/Puerto_Rico",
]
FIXED = {"America/Phoenix", "Pacific/Honolulu", "America/Puerto_Rico"}
SPRING = {date(2026, 3, 8), date(2027, 3, 14)}
AUTUMN = {date(2026, 11, 1), date(2027, 11, 7)}
WEEK = range(7)


def _pattern(**changes: object) -> Pattern:
    values: dict[str, object] = {
        "weekdays": {0},
        "starts": time(10),
        "ends": time(10, 50),
        "from_on": date(2026, 10, 5),
        "until_on": date(2026, 12, 14),
        "zone": NEW_YORK,
    }
    return Pattern(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("hour", range(24))
def test_every_hour_of_every_day_of_two_years_keeps_its_local_time(zone: str, hour: int) -> None:
    found = occurrences(
        _pattern(
            weekdays=WEEK,
            starts=time(hour),
            ends=time(hour, 50),
            from_on=date(2026, 1, 1),
            until_on=date(2027, 12, 31),
            zone=zone,
        ),
        {},
    )
    assert [item.local_date for item in found] == [
        date(2026, 1, 1) + timedelta(days=n) for n in range(730)
    ]
    gaps = {item.local_date for item in found if item.verdict is Verdict.GAP}
    twice = {item.local_date for item in found if item.verdict is Verdict.REPEATED}
    assert gaps == (SPRING if hour == 2 and zone not in FIXED else set())
    assert twice == (AUTUMN if hour == 1 and zone not in FIXED else set())
    place = ZoneInfo(zone)
    for item in found:
        if item.verdict is Verdict.GAP:
            assert item.starts_at is item.ends_at is None
            continue
        assert item.starts_at is not None
        assert item.ends_at is not None
        assert item.starts_at.tzinfo is UTC
        local = item.starts_at.astimezone(place)
        assert (local.date(), local.time()) == (item.local_date, time(hour))
        assert item.ends_at.astimezone(place).time() == time(hour, 50)
        assert item.minutes == 50


def test_the_distance_to_utc_changes_with_the_season() -> None:
    found = occurrences(_pattern(from_on=date(2026, 10, 26), until_on=date(2026, 11, 2)), {})
    assert [item.starts_at for item in found] == [
        datetime(2026, 10, 26, 14, tzinfo=UTC),
        datetime(2026, 11, 2, 15, tzinfo=UTC),
    ]


@given(
    st.sets(st.integers(0, 6), min_size=1),
    st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    st.integers(0, 120),
    st.integers(1, 4),
    st.sets(st.integers(0, 120)),
)
def test_exactly_the_weekdays_of_the_right_weeks_with_closures_marked(
    weekdays: set[int], first: date, length: int, every: int, closed: set[int]
) -> None:
    last = first + timedelta(days=length)
    closures = {first + timedelta(days=n): "Holiday" for n in closed}
    monday = first - timedelta(days=first.weekday())
    expected = [
        on
        for on in (first + timedelta(days=n) for n in range(length + 1))
        if on.weekday() in weekdays and (on - monday).days // 7 % every == 0
    ]
    found = occurrences(
        _pattern(weekdays=weekdays, from_on=first, until_on=last, every_weeks=every), closures
    )
    assert [item.local_date for item in found] == expected
    for item in found:
        assert (item.verdict is Verdict.CLOSED) == (item.local_date in closures)
        assert item.takes_place == (item.local_date not in closures)


def test_the_last_day_is_included_and_one_past_it_is_not() -> None:
    found = occurrences(_pattern(until_on=date(2026, 10, 19)), {})
    assert [item.local_date.day for item in found] == [5, 12, 19]
    assert occurrences(_pattern(from_on=date(2026, 10, 6), until_on=date(2026, 10, 11)), {}) == []


def test_a_closed_date_says_why_and_keeps_its_time() -> None:
    found = occurrences(
        _pattern(until_on=date(2026, 10, 19)),
        {date(2026, 10, 12): "Indigenous Peoples' Day.", date(2026, 10, 19): ""},
    )
    assert [item.reason for item in found] == [
        "",
        "Closed: Indigenous Peoples' Day.",
        "Closed on this day.",
    ]
    assert found[1].starts_at == datetime(2026, 10, 12, 14, tzinfo=UTC)


def _one(on: date, starts: time, ends: time, **changes: object) -> Occurrence:
    (found,) = occurrences(
        _pattern(weekdays=WEEK, from_on=on, until_on=on, starts=starts, ends=ends, **changes), {}
    )
    return found


def test_a_start_that_does_not_exist_is_named_and_gives_no_instants() -> None:
    found = _one(date(2026, 3, 8), time(2, 30), time(3, 20))
    assert (found.verdict, found.starts_at, found.ends_at) == (Verdict.GAP, None, None)
    assert not found.takes_place
    assert found.reason == (
        "2:30 does not exist on Sun 8 Mar 2026: the clocks go forward from 2:00 to 3:00. "
        "Choose another time for this date or leave it out."
    )


def test_an_end_that_does_not_exist_is_a_gap_too() -> None:
    found = _one(date(2026, 3, 8), time(1, 50), time(2, 40))
    assert found.verdict is Verdict.GAP
    assert found.reason.startswith("2:40 does not exist on Sun 8 Mar 2026")


def test_a_gap_on_a_closed_date_is_closed() -> None:
    on = date(2026, 3, 8)
    (found,) = occurrences(
        _pattern(weekdays={6}, from_on=on, until_on=on, starts=time(2), ends=time(2, 50)),
        {on: "Sunday"},
    )
    assert (found.verdict, found.starts_at) == (Verdict.CLOSED, None)


def test_a_repeated_hour_means_the_first_and_says_so() -> None:
    found = _one(date(2026, 11, 1), time(1, 10), time(1, 50))
    assert found.verdict is Verdict.REPEATED
    assert found.takes_place
    assert found.starts_at == datetime(2026, 11, 1, 5, 10, tzinfo=UTC)
    assert found.minutes == 40
    assert found.reason == (
        "1:10 comes twice on Sun 1 Nov 2026, when the clocks go back: the first one is meant."
    )


@pytest.mark.parametrize(
    ("on", "starts", "ends", "minutes", "said"),
    [
        (date(2026, 3, 8), time(1), time(4), 120, 180),
        (date(2026, 11, 1), time(0), time(3), 240, 180),
    ],
)
def test_a_session_over_the_change_says_how_long_it_lasts(
    on: date, starts: time, ends: time, minutes: int, said: int
) -> None:
    found = _one(on, starts, ends)
    assert found.verdict is Verdict.FINE
    assert found.minutes == minutes
    assert f"lasts {minutes} minutes, not {said}." in found.reason


def test_across_midnight_only_when_said() -> None:
    found = _one(date(2026, 6, 1), time(23), time(0, 30), ends_next_day=True)
    assert found.minutes == 90
    assert found.local_date == date(2026, 6, 1)
    assert found.ends_at == datetime(2026, 6, 2, 4, 30, tzinfo=UTC)


def test_an_evening_past_midnight_utc_keeps_its_local_date() -> None:
    found = _one(date(2026, 6, 1), time(20), time(21))
    assert found.local_date == date(2026, 6, 1)
    assert found.starts_at == datetime(2026, 6, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"ends": time(9, 50)}, "ends", "The end (9:50) comes before the start (10:00)."),
        ({"ends": time(10)}, "ends", "ends when it starts, at 10:00"),
        ({"ends": time(11), "ends_next_day": True}, "ends", "over 24 hours"),
        ({"zone": "America/Atlantis"}, "zone", "“America/Atlantis” is not known"),
        ({"zone": "America"}, "zone", "not known"),
        ({"zone": "../../etc/passwd"}, "zone", "not known"),
        ({"zone": ""}, "zone", "America/New_York"),
        ({"zone": "a\0b"}, "zone", "not known"),
        ({"weekdays": set()}, "weekdays", "at least one weekday"),
        ({"weekdays": {7}}, "weekdays", "Monday to Sunday"),
        ({"until_on": date(2026, 10, 4)}, "until_on", "4 Oct 2026"),
        ({"until_on": date(2032, 1, 1)}, "until_on", "five years"),
        ({"until_on": date(9999, 12, 31)}, "until_on", "9999"),
        ({"from_on": date(26, 10, 5)}, "from_on", "The year 26"),
        ({"every_weeks": 0}, "every_weeks", "from 1 to 52"),
        ({"ends_next_day": True, "ends": time(10)}, "ends", "is a whole day"),
        ({"until_on": None}, "until_on", "after how many sessions"),
        ({"count": 3}, "count", "Give one of the two"),
        ({"until_on": None, "count": 0}, "count", "from 1 to 500"),
        ({"until_on": None, "count": 501}, "count", "from 1 to 500"),
        ({"nth_of_month": [5]}, "nth_of_month", "1st to the 4th"),
        ({"nth_of_month": [0]}, "nth_of_month", "or the last"),
        ({"nth_of_month": [2], "every_weeks": 2}, "every_weeks", "not by both"),
        ({"on_closure": "forget"}, "on_closure", "closed days"),
        ({"more_times": [Times(frozenset(), time(9), time(10))]}, "more_times", "one weekday"),
        ({"more_times": [Times(frozenset({1}), time(9), time(8))]}, "more_times", "comes before"),
        (
            {"more_times": [Times(frozenset({0}), time(10, 40), time(11))]},
            "more_times",
            "10:00–10:50 and 10:40–11:00 overlap.",
        ),
        (
            {"more_times": [Times(frozenset({6}), time(23), time(10, 10), ends_next_day=True)]},
            "more_times",
            "23:00–10:10 on the next day and 10:00–10:50 overlap.",
        ),
    ],
)
def test_a_faulty_pattern_is_refused_in_words_beside_its_field(
    changes: dict[str, object], field: str, words: str
) -> None:
    with pytest.raises(Refused) as caught:
        _pattern(**changes)
    assert caught.value.field == field
    assert words in caught.value.sentence


# --- other ends, months, further times, closed days -----------------------------------------------
def _named(pattern: Pattern, on: date) -> bool:
    """Whether the pattern names a day, by arithmetic alone."""
    if on.weekday() not in {d for t in pattern.times for d in t.weekdays}:
        return False
    if pattern.nth_of_month:
        nth = (on.day - 1) // 7 + 1
        last = (on + timedelta(days=7)).month != on.month
        return nth in pattern.nth_of_month or (last and LAST in pattern.nth_of_month)
    monday = pattern.from_on - timedelta(days=pattern.from_on.weekday())
    return (on - monday).days // 7 % pattern.every_weeks == 0


def _by_hand(
    pattern: Pattern, closures: dict[date, str]
) -> list[tuple[datetime, Verdict, date | None]]:
    """The dates of a pattern the slow way, each with the verdict and the day that it replaces."""
    end = pattern.until_on or pattern.from_on + timedelta(days=5 * 366)
    found: list[tuple[datetime, Verdict, date | None]] = []
    shifted: set[date] = set()
    place = ZoneInfo(pattern.zone)

    def exists(at: datetime) -> bool:
        there = at.replace(tzinfo=place).astimezone(UTC).astimezone(place)
        return there.replace(tzinfo=None, fold=0) == at

    def both(times: Times, on: date) -> list[datetime]:
        return [
            datetime.combine(on, times.starts),
            datetime.combine(on + timedelta(days=times.ends_next_day), times.ends),
        ]

    def named_later(day: date) -> bool:
        return pattern.from_on <= day <= end and _named(pattern, day)

    on = pattern.from_on - timedelta(days=1)
    while on < end:
        on += timedelta(days=1)
        if not _named(pattern, on):
            continue
        here = [t for t in pattern.times if on.weekday() in t.weekdays]
        here.sort(key=lambda t: t.starts)
        target: date | None = on
        if on in closures and pattern.on_closure == SKIP:
            target = None
        if on in closures and pattern.on_closure == SHIFT:
            weekends = any(d > 4 for t in pattern.times for d in t.weekdays)
            days = [on + timedelta(days=n) for n in range(1, 15)]
            target = next(
                (
                    d
                    for d in days
                    if d not in closures
                    and not named_later(d)
                    and d not in shifted
                    and (weekends or d.weekday() < 5)
                    and (pattern.until_on is None or d <= pattern.until_on)
                    and all(exists(at) for t in here for at in both(t, d))
                ),
                None,
            )
            if target:
                shifted.add(target)
        for times in here:
            verdict = Verdict.FINE
            if target is None:
                verdict = Verdict.CLOSED
            elif not all(exists(at) for at in both(times, target)):
                verdict = Verdict.GAP
            elif target != on:
                verdict = Verdict.SHIFTED
            elif on in closures:
                verdict = Verdict.KEPT
            elif any(
                at.replace(tzinfo=place).utcoffset() != at.replace(tzinfo=place, fold=1).utcoffset()
                for at in both(times, on)
            ):
                verdict = Verdict.REPEATED
            away = on if target not in (on, None) else None
            found.append((datetime.combine(target or on, times.starts), verdict, away))
            done = sum(v not in (Verdict.CLOSED, Verdict.GAP) for _, v, _ in found)
            if done == pattern.count:
                return sorted(found, key=lambda f: f[0])
    return sorted(found, key=lambda f: f[0])


LENGTHS = st.one_of(st.integers(0, 100), st.none())


@st.composite
def patterns(draw: st.DrawFn) -> Pattern:
    """Patterns of every kind in a zone whose clocks change at two in the night."""
    own = draw(st.sets(st.integers(0, 6), min_size=1))
    starts = draw(st.sampled_from([time(0, 30), time(1, 30), time(2, 30), time(10), time(23, 10)]))
    late = starts == time(23, 10)
    first = draw(st.dates(date(2026, 1, 1), date(2028, 3, 1)))
    length = draw(LENGTHS)
    months = draw(st.sets(st.sampled_from([1, 2, 3, 4, LAST]), max_size=3))
    more = draw(st.sets(st.integers(0, 6), max_size=3))
    return _pattern(
        weekdays=own,
        starts=starts,
        ends=time(0, 20) if late else time(starts.hour + 1, starts.minute),
        ends_next_day=late,
        from_on=first,
        until_on=None if length is None else first + timedelta(days=length),
        count=draw(st.integers(1, 12)) if length is None else None,
        nth_of_month=months,
        every_weeks=1 if months else draw(st.integers(1, 4)),
        more_times=[Times(frozenset(more), time(15), time(15, 50))] if more else [],
        on_closure=draw(st.sampled_from([SKIP, SHIFT, KEEP])),
    )


@given(patterns(), st.sets(st.integers(0, 60)), st.sets(st.sampled_from([*SPRING, *AUTUMN])))
def test_every_kind_of_pattern_is_what_counting_by_hand_gives(
    pattern: Pattern, closed: set[int], special: set[date]
) -> None:
    closures = {pattern.from_on + timedelta(days=n): "Holiday" for n in closed}
    closures |= dict.fromkeys(special, "Clocks")
    found = occurrences(pattern, closures)
    assert [(o.local_start, o.verdict, o.instead_of) for o in found] == _by_hand(pattern, closures)
    place = ZoneInfo(NEW_YORK)
    starts = [o.local_start for o in found if o.takes_place]
    assert len(set(starts)) == len(starts)
    for o in found:
        if o.takes_place:
            assert o.starts_at is not None
            assert o.starts_at.astimezone(place).replace(tzinfo=None, fold=0) == o.local_start
            assert pattern.until_on is None or o.local_date <= pattern.until_on
        assert bool(o.reason) or o.verdict is Verdict.FINE
    if pattern.count:
        assert sum(o.takes_place for o in found) == pattern.count
    assert last_day(pattern, found) == (pattern.until_on or max(d.date() for d in starts))


def _days(**changes: object) -> list[date]:
    return [o.local_date for o in occurrences(_pattern(**changes), {})]


def test_the_second_and_the_last_tuesday_of_each_month() -> None:
    found = _days(
        weekdays={1}, nth_of_month=[LAST, 2], from_on=date(2026, 11, 1), until_on=date(2027, 2, 28)
    )
    assert [(d.month, d.day) for d in found] == [
        (11, 10), (11, 24), (12, 8), (12, 29), (1, 12), (1, 26), (2, 9), (2, 23),
    ]  # fmt: skip


def test_the_fourth_and_the_last_are_one_date_where_there_is_no_fifth() -> None:
    found = _days(
        weekdays={0}, nth_of_month=[4, LAST], from_on=date(2026, 10, 1), until_on=date(2026, 11, 30)
    )
    # October 2026 has four Mondays, November five.
    assert found == [date(2026, 10, 26), date(2026, 11, 23), date(2026, 11, 30)]


def test_a_leap_day_is_the_last_tuesday_of_its_month() -> None:
    found = _days(
        weekdays={1}, nth_of_month=[LAST], from_on=date(2028, 2, 1), until_on=date(2028, 3, 31)
    )
    assert found == [date(2028, 2, 29), date(2028, 3, 28)]


def test_a_month_that_began_before_the_first_day_gives_what_is_left_of_it() -> None:
    found = _days(
        weekdays={0}, nth_of_month=[1, 3], from_on=date(2026, 10, 6), until_on=date(2026, 11, 2)
    )
    assert found == [date(2026, 10, 19), date(2026, 11, 2)]


def test_a_count_counts_the_sessions_and_not_the_closed_days() -> None:
    pattern = _pattern(until_on=None, count=3)
    found = occurrences(pattern, {date(2026, 10, 12): "Repairs"})
    assert [(o.local_date.day, o.takes_place) for o in found] == [
        (5, True), (12, False), (19, True), (26, True),
    ]  # fmt: skip
    assert last_day(pattern, found) == date(2026, 10, 26)


def test_a_count_that_five_years_cannot_hold_is_refused() -> None:
    with pytest.raises(Refused, match="Only 61 sessions would take place") as caught:
        occurrences(_pattern(until_on=None, count=62, nth_of_month=[1]), {})
    assert caught.value.field == "count"


def test_a_closed_day_shifts_past_the_series_own_days_and_other_shifted_ones() -> None:
    """Monday and Tuesday are closed: Monday's session goes to Wednesday, Tuesday's to Thursday."""
    found = occurrences(
        _pattern(weekdays={0, 1}, until_on=date(2026, 10, 19), on_closure=SHIFT),
        {date(2026, 10, 12): "Indigenous Peoples' Day", date(2026, 10, 13): ""},
    )
    assert [(o.local_date.day, o.verdict, o.instead_of) for o in found] == [
        (5, Verdict.FINE, None),
        (6, Verdict.FINE, None),
        (14, Verdict.SHIFTED, date(2026, 10, 12)),
        (15, Verdict.SHIFTED, date(2026, 10, 13)),
        (19, Verdict.FINE, None),
    ]
    assert found[2].reason == (
        "Mon 12 Oct is closed: Indigenous Peoples' Day. It takes place on Wed 14 Oct instead."
    )
    assert found[3].reason == "Tue 13 Oct is closed. It takes place on Thu 15 Oct instead."


def test_a_weekday_series_does_not_shift_into_the_weekend() -> None:
    friday = date(2026, 11, 27)
    asked: dict[str, object] = {"from_on": friday, "until_on": friday + timedelta(days=6)}
    (found,) = occurrences(_pattern(weekdays={4}, on_closure=SHIFT, **asked), {friday: "Rest"})
    assert found.local_date == date(2026, 11, 30)
    found, _ = occurrences(_pattern(weekdays={4, 6}, on_closure=SHIFT, **asked), {friday: "Rest"})
    assert found.local_date == date(2026, 11, 28)


def test_without_an_open_day_soon_or_before_the_end_it_stays_closed() -> None:
    on = date(2026, 10, 12)
    week = {on + timedelta(days=n): "Fire" for n in range(15)}
    for closures, until in ((week, date(2026, 12, 14)), ({on: "Fire"}, on)):
        found = occurrences(_pattern(from_on=on, until_on=until, on_closure=SHIFT), closures)
        assert found[0].verdict is Verdict.CLOSED
        assert found[0].reason == "Closed: Fire. No other open day follows soon enough."


def test_a_closed_day_that_is_kept_says_so() -> None:
    on = date(2026, 10, 12)
    (found,) = occurrences(_pattern(from_on=on, until_on=on, on_closure=KEEP), {on: "Repairs"})
    assert (found.verdict, found.takes_place) == (Verdict.KEPT, True)
    assert found.reason == "Closed: Repairs. It takes place all the same."


def test_several_times_of_one_day_are_told_apart() -> None:
    found = occurrences(
        _pattern(
            more_times=[Times(frozenset({0, 3}), time(14), time(14, 50))],
            until_on=date(2026, 10, 12),
        ),
        {},
    )
    assert [o.local_start for o in found] == [
        datetime(2026, 10, 5, 10),
        datetime(2026, 10, 5, 14),
        datetime(2026, 10, 8, 14),
        datetime(2026, 10, 12, 10),
        datetime(2026, 10, 12, 14),
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "Mondays, 10:00–10:50"),
        ({"weekdays": {0, 3}}, "Mondays and Thursdays, 10:00–10:50"),
        ({"weekdays": range(5)}, "Monday to Friday, 10:00–10:50"),
        (
            {"weekdays": {0, 3}, "every_weeks": 2},
            "Every 2 weeks on Mondays and Thursdays, 10:00–10:50",
        ),
        (
            {"weekdays": range(5), "every_weeks": 2},
            "Every 2 weeks from Monday to Friday, 10:00–10:50",
        ),
        ({"weekdays": WEEK, "every_weeks": 3}, "Every 3 weeks every day, 10:00–10:50"),
        (
            {"weekdays": {1}, "nth_of_month": [2, LAST]},
            "The 2nd and last Tuesday of the month, 10:00–10:50",
        ),
        (
            {"more_times": [Times(frozenset({3}), time(14), time(14, 50))]},
            "Mondays, 10:00–10:50, and Thursdays, 14:00–14:50",
        ),
        (
            {"nth_of_month": [1], "more_times": [Times(frozenset({3}), time(14), time(14, 50))]},
            "The 1st Monday of the month, 10:00–10:50, and the 1st Thursday, 14:00–14:50",
        ),
        (
            {"starts": time(23), "ends": time(0, 30), "ends_next_day": True},
            "Mondays, 23:00–0:30 on the next day",
        ),
    ],
)
def test_a_pattern_is_said_as_people_say_it(changes: dict[str, object], words: str) -> None:
    assert _pattern(**changes).words == words


def test_times_are_kept_and_read_back() -> None:
    for times in (
        Times(frozenset({3, 0}), time(14), time(14, 50)),
        Times(frozenset({4}), time(23), time(0, 30), ends_next_day=True),
    ):
        assert Times.of_stored(times.stored()) == times
    assert Times(frozenset({3, 0}), time(14), time(14, 50)).stored() == {
        "weekdays": [0, 3],
        "starts": "14:00",
        "ends": "14:50",
    }


@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1)),
    st.sampled_from([*ZONES, "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kathmandu"]),
)
def test_a_local_time_is_read_as_the_first_instant_that_shows_it(
    local: datetime, zone: str
) -> None:
    place = find_zone(zone)
    found = read_local(local, place)
    if found.at is None:
        assert found.jump is not None
        left, reached = found.jump
        assert left <= local < reached
        assert read_local(reached, place).at is not None
        before = read_local(left - timedelta(minutes=1), place).at
        assert before is not None
        after = (before + timedelta(minutes=1)).astimezone(place)
        assert after.replace(tzinfo=None) == reached.replace(second=after.second, microsecond=0)
        return
    assert found.at.astimezone(place).replace(tzinfo=None, fold=0) == local
    earlier = found.at - timedelta(hours=1)
    assert earlier.astimezone(place).replace(tzinfo=None, fold=0) != local
    later = (found.at + timedelta(hours=1)).astimezone(place).replace(tzinfo=None, fold=0)
    half = (found.at + timedelta(minutes=30)).astimezone(place).replace(tzinfo=None, fold=0)
    assert found.repeated == (local in (later, half))


@pytest.mark.parametrize(
    ("start", "hours", "wanted"),
    [
        # Clocks went forward on Sunday 8 March at 2:00, and back on Sunday 1 November.
        ("2026-03-08 10:00", 24, "2026-03-07 10:00"),  # 23 hours of elapsed time
        ("2026-11-01 10:00", 24, "2026-10-31 10:00"),  # 25 hours
        ("2026-03-08 10:00", 48, "2026-03-06 10:00"),
        ("2026-03-08 03:30", 2, "2026-03-08 00:30"),  # 2 hours of elapsed time
        ("2026-11-01 03:00", 3, "2026-11-01 01:00"),  # the first 1:00
        ("2026-03-09 10:00", 25, "2026-03-08 09:00"),
        ("2026-03-09 10:00", 0, "2026-03-09 10:00"),
        ("2026-03-09 02:30", 24, "2026-03-08 03:30"),  # 2:30 did not exist on the 8th
    ],
)
def test_hours_before_are_wall_clock_from_a_day_on(start: str, hours: float, wanted: str) -> None:
    place = ZoneInfo(NEW_YORK)
    starts_at = datetime.fromisoformat(start).replace(tzinfo=place)
    found = wall_clock_before(starts_at, NEW_YORK, hours)
    assert found.tzinfo is UTC
    assert found.astimezone(place).strftime("%Y-%m-%d %H:%M") == wanted


def test_under_a_day_is_elapsed_time_even_over_the_repeated_hour() -> None:
    starts_at = datetime(2026, 11, 1, 8, tzinfo=UTC)  # 3:00 in New York
    for hours in (0.5, 2, 3, 23.5):
        assert starts_at - wall_clock_before(starts_at, NEW_YORK, hours) == timedelta(hours=hours)


def test_a_day_before_a_repeated_hour_means_its_wall_clock() -> None:
    second_one_thirty = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    found = wall_clock_before(second_one_thirty, NEW_YORK, 24)
    assert found == datetime(2026, 10, 31, 5, 30, tzinfo=UTC)


def test_a_naive_start_and_a_negative_number_are_faults() -> None:
    with pytest.raises(ValueError, match="naive"):
        wall_clock_before(datetime(2026, 1, 1), NEW_YORK, 24)
    with pytest.raises(ValueError, match="negative"):
        wall_clock_before(datetime(2026, 1, 1, tzinfo=UTC), NEW_YORK, -1)
