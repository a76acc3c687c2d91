"""Sessions laid out for the eye: nothing lost, nothing over another, rows in their order."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from sessions.queries import grid
from sessions.queries.entries import Entry
from sessions.queries.grid import Eye

ZONE = ZoneInfo("America/New_York")
DAY = date(2026, 11, 18)  # a Wednesday
ME = UUID(int=7)
SPACE = UUID(int=99)


def entry(starts: time, minutes: int = 50, *, on: date = DAY, **more: Any) -> Entry:
    name = more.pop("group", "Morning Check-in")
    begins = datetime.combine(on, starts, ZONE)
    ends = begins + timedelta(minutes=minutes)
    people = [
        {"id": str(uuid5(SPACE, who)), "person": str(uuid5(SPACE, f"{who}!")), "part": "lead",
         "first": who, "preferred": "", "last": "", "answer": "", "shares_time": False, "flagged": False}
        for who in more.pop("led_by", ("Ana",))
    ]  # fmt: skip
    room = more.pop("room", "Harbor")
    facts: dict[str, Any] = {
        "id": uuid5(SPACE, f"{name}{begins}{room}"), "series_id": SPACE, "group_id": uuid5(SPACE, name),
        "group": name, "kind": "open", "room_id": uuid5(SPACE, room), "room": room, "on": on,
        "starts_at": begins.astimezone(UTC), "ends_at": ends.astimezone(UTC), "state": "scheduled",
        "reason": "", "moved": False, "shares_room": False, "capacity": 12, "item": "",
        "enrolled": 9, "unmarked": 9, "waiting": 0, "marked": 0, "came": 0, "noted": False,
        "overridden": False, "people": people, "starts": begins, "ends": ends,
    }  # fmt: skip
    return Entry(**(facts | more))


def eye(at: datetime | None = None, closed: dict[date, str] | None = None) -> Eye:
    return Eye(ME, at or datetime.combine(DAY, time(10, 20), ZONE), closed or {})


# --- lanes --------------------------------------------------------------------------------------------
@given(
    st.lists(
        st.tuples(
            st.integers(0, 22 * 12), st.integers(1, 24), st.sampled_from(("A", "B", "C", "D"))
        ),
        max_size=14,
    )
)
def test_sessions_that_share_a_time_stand_beside_each_other(
    slots: list[tuple[int, int, str]],
) -> None:
    found = [
        entry(time(start // 12, start % 12 * 5), span * 5, group=name, room=str(n))
        for n, (start, span, name) in enumerate(slots)
    ]
    placed = grid.columns(found)
    assert sorted(e.id for e, _, _ in placed) == sorted(e.id for e in found)
    for e, column, of in placed:
        assert 1 <= column <= of
        for other, beside, share in placed:
            together = e.starts_at < other.ends_at and other.starts_at < e.ends_at
            if other is not e and together:
                assert beside != column
                assert share == of


def test_seven_at_one_time_all_have_a_place_of_their_own() -> None:
    found = [entry(time(10), room=str(n)) for n in range(7)]
    lane = grid.by_day([DAY], found, eye()).lanes[0]
    assert len({s.place for s in lane.slots}) == 7
    assert lane.beside == 7


def test_the_axis_grows_with_what_is_early_and_late() -> None:
    assert grid.hours_of([]) == (grid.EARLIEST, grid.LATEST)
    assert grid.hours_of([entry(time(7, 30)), entry(time(19, 30))]) == (7, 21)
    late = entry(time(23, 30), 60)  # past midnight it is cut, not lost
    assert grid.hours_of([late]) == (grid.EARLIEST, 24)
    assert len(grid.by_day([DAY], [late], eye()).lanes[0].slots) == 1


def test_the_present_moment_is_a_line_only_on_its_day_and_within_the_hours() -> None:
    days = [DAY - grid.DAY, DAY]
    assert [lane.now_row for lane in grid.by_day(days, [], eye()).lanes] == [None, 16]
    night = eye(datetime.combine(DAY, time(22), ZONE))
    assert grid.by_day([DAY], [], night).lanes[0].now_row is None


def test_a_closed_day_says_why() -> None:
    lanes = grid.by_day([DAY], [], eye(closed={DAY: "Staff day"})).lanes
    assert lanes[0].closed == "Staff day"


# --- rooms and people ---------------------------------------------------------------------------------
def test_what_nobody_leads_stands_first_and_is_not_lost() -> None:
    found = [entry(time(10), led_by=()), entry(time(11), led_by=("Zoë",)), entry(time(12))]
    names = {str(uuid5(SPACE, who)): who for who in ("Ana", "Bo", "Zoë")}
    listed = grid.resources(found, names, grid.people_of, only_used=False)
    assert [name for _, name in listed] == ["Nobody yet", "Ana", "Bo", "Zoë"]
    used = grid.resources(found, names, grid.people_of, only_used=True)
    assert [name for _, name in used] == ["Nobody yet", "Ana", "Zoë"]


def test_a_session_of_two_people_stands_in_both_rows_of_the_table() -> None:
    found = [entry(time(10), led_by=("Ana", "Bo"))]
    listed = grid.resources(found, {}, grid.people_of, only_used=True)
    lanes, rows = grid.table([DAY, DAY + grid.DAY], found, listed, grid.people_of, eye())
    assert [lane.note for lane in lanes] == ["18", "19"]
    assert [[len(cell.slots) for cell in row.cells] for row in rows] == [[1, 0], [1, 0]]
    assert {row.note for row in rows} == {"1 session"}


def test_a_room_without_sessions_says_that_it_is_free() -> None:
    _, rows = grid.table([DAY], [], [("r", "Garden")], grid.rooms_of, eye())
    assert (rows[0].name, rows[0].note) == ("Garden", "free all week")


def test_cancelled_sessions_are_no_load() -> None:
    assert grid.load([entry(time(10), state="cancelled"), entry(time(11))]) == "1 session"
    assert grid.load([]) == ""


# --- month and list -----------------------------------------------------------------------------------
def test_a_month_has_whole_weeks_and_names_as_many_as_there_is_room_for() -> None:
    first, since, until = date(2026, 11, 1), date(2026, 10, 26), date(2026, 12, 7)
    found = [entry(time(9 + n), room=str(n)) for n in range(grid.IN_A_MONTHS_CELL + 3)]
    weeks = grid.month(first, since, until, found, eye())
    assert [len(week) for week in weeks] == [5] * 5
    lanes = {lane.iso: lane for week in weeks for lane in week}
    assert lanes["2026-12-01"].other
    assert not lanes["2026-11-18"].other
    busy = lanes["2026-11-18"]
    assert (len(busy.slots), busy.more) == (grid.IN_A_MONTHS_CELL - 1, 4)
    assert busy.number == "8 sessions"
    days = [date.fromisoformat(lane.iso) for week in weeks for lane in week]
    assert all(a < b for a, b in pairwise(days))


def test_a_month_shows_a_weekend_only_where_something_takes_place_on_one() -> None:
    first, since, until = date(2026, 11, 1), date(2026, 10, 26), date(2026, 12, 7)
    saturday = entry(time(10), on=date(2026, 11, 21))
    assert {len(w) for w in grid.month(first, since, until, [saturday], eye())} == {6}


def test_a_week_is_in_the_month_when_a_day_of_the_month_is_shown_in_it() -> None:
    """November 2026 begins on a Sunday."""
    first, since, until = date(2026, 11, 1), date(2026, 10, 26), date(2026, 12, 7)
    weeks = grid.month(first, since, until, [], eye())
    assert weeks[0][0].iso == "2026-11-02"
    sunday = entry(time(10), on=date(2026, 11, 1))
    weeks = grid.month(first, since, until, [sunday], eye())
    assert (weeks[0][0].iso, weeks[0][-1].iso) == ("2026-10-26", "2026-11-01")


def test_the_list_leaves_out_empty_days_but_not_today_nor_a_closed_one() -> None:
    days = [DAY - grid.DAY, DAY, DAY + grid.DAY, DAY + 2 * grid.DAY]
    found = [entry(time(10), on=days[3])]
    lanes = grid.day_list(days, found, eye(closed={days[2]: "Thanksgiving"}))
    assert [lane.name for lane in lanes] == ["Wed 18 Nov", "Thu 19 Nov", "Fri 20 Nov"]
    assert [bool(lane.slots) for lane in lanes] == [False, False, True]


def test_only_what_lies_ahead_can_still_be_changed() -> None:
    assert eye().placed(entry(time(14))).open
    assert not eye().placed(entry(time(9), past=True)).open
    assert not eye().placed(entry(time(14), state="cancelled")).open
