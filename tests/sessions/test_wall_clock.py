"""Every weekly series at every hour keeps its local time over two years, in eight zones.

The dates are counted here by plain arithmetic, and the stored instants are read back by PostgreSQL,
which has its own tables of the zones: neither goes through the code that made them.
"""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from sessions.actions.planning import create_series
from sessions.models import GroupSession
from sessions.queries.entries import entries
from sessions.recurrence import Pattern, Times, Verdict, occurrences
from tests import factories as make

FIRST, LAST = date(2026, 1, 1), date(2027, 12, 31)
DAYS = [FIRST + timedelta(days=n) for n in range(730)]
AT = datetime(2025, 12, 1, 12, tzinfo=UTC)
HOURS, WEEKDAYS = range(24), range(7)
SPRING = {date(2026, 3, 8), date(2027, 3, 14)}  # 2:00 to 2:59 never come
AUTUMN = {date(2026, 11, 1), date(2027, 11, 7)}  # 1:00 to 1:59 come twice
CHANGING = {
    "America/New_York": 5,
    "America/Chicago": 6,
    "America/Denver": 7,
    "America/Los_Angeles": 8,
    "America/Anchorage": 9,
}
FIXED = {"America/Phoenix": 7, "Pacific/Honolulu": 10, "America/Puerto_Rico": 4}
BEHIND = CHANGING | FIXED  # hours behind UTC in winter


def instant(on: date, hour: int, zone: str) -> datetime | None:
    """When the wall clock of `zone` first shows this hour on this day; None when it never does."""
    behind = BEHIND[zone]
    if zone in CHANGING:
        if on in SPRING and hour == 2:
            return None
        since, until = (d for d in sorted(SPRING | AUTUMN) if d.year == on.year)
        summer = since < on < until or (on == since and hour > 2) or (on == until and hour < 2)
        behind -= summer
    return datetime.combine(on, time(hour), UTC) + timedelta(hours=behind)


def test_1344_weekly_series_keep_their_local_time_on_every_date() -> None:
    seen: Counter[str] = Counter()
    for zone in BEHIND:
        place = ZoneInfo(zone)
        for hour in HOURS:
            for weekday in WEEKDAYS:
                pattern = Pattern([weekday], time(hour), time(hour, 50), FIRST, LAST, zone)
                found = occurrences(pattern, {})
                assert [o.local_date for o in found] == [
                    day for day in DAYS if day.weekday() == weekday
                ]
                seen["series"] += 1
                for o in found:
                    seen[o.verdict] += 1
                    right = instant(o.local_date, hour, zone)
                    assert o.starts_at == right
                    assert (o.verdict is Verdict.GAP) == (right is None)
                    if o.starts_at is None or o.ends_at is None:
                        continue
                    local = o.starts_at.astimezone(place)
                    assert (local.date(), local.time()) == (o.local_date, time(hour))
                    assert o.ends_at - o.starts_at == timedelta(minutes=50)
                    seen["past midnight UTC"] += o.starts_at.date() != o.local_date
    assert seen == {
        "series": 1344,
        "fine": 140_140,  # 8 zones, 730 days, 24 hours, less the two lines below
        "gap": 10,  # 5 zones, 2 springs: said, and no session until somebody chooses a time
        "repeated": 10,  # 5 zones, 2 autumns: the first of the two is meant
        # Hours behind UTC times days: 35 of changing and 21 of fixed zones, 476 summer days an hour less.
        "past midnight UTC": (35 + 21) * 730 - 5 * 476,
    }


def stored_series(zone: str) -> Any:
    """A program of that zone whose series meets on every weekday at every hour, as `create_series`
    stores it: 168 weekly times."""
    program = make.make_program(zone=zone)
    create_series(
        group=make.make_group(program),
        room=make.make_room(program),
        weekdays=WEEKDAYS,
        starts=time(0),
        ends=time(0, 50),
        more_times=[Times(frozenset(WEEKDAYS), time(h), time(h, 50)) for h in HOURS if h],
        zone=zone,
        from_on=FIRST,
        until_on=LAST,
        capacity=12,
        by=None,
        at=AT,
    )
    return program


@pytest.mark.django_db
@pytest.mark.parametrize("zone", BEHIND)
def test_stored_sessions_keep_their_local_time_on_every_date(zone: str) -> None:
    program = stored_series(zone)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT local_date, starts_at, starts_at AT TIME ZONE %s, ends_at AT TIME ZONE %s "
            "FROM group_sessions_groupsession WHERE program_id = %s ORDER BY starts_at",
            [zone, zone, program.pk],
        )
        rows = cursor.fetchall()
    wanted = sorted(
        (right, on, hour)
        for on in DAYS
        for hour in HOURS
        if (right := instant(on, hour, zone)) is not None
    )
    assert len(rows) == len(wanted) == 17_520 - 2 * (zone in CHANGING)
    wrong = [
        (on, local_start)
        for (on, starts_at, local_start, local_end), (right, day, hour) in zip(
            rows, wanted, strict=True
        )
        if starts_at != right
        or on != day
        or local_start != datetime.combine(day, time(hour))
        or local_end != datetime.combine(day, time(hour, 50))
    ]
    assert wrong == []
    days_that_change(program)


def days_that_change(program: Any) -> None:
    """A day of the site, be it of 23, 24 or 25 hours, shows exactly the sessions of that date, in
    local time; those past midnight UTC among them."""
    place = ZoneInfo(program.zone)
    for on in (*SPRING, *AUTUMN, date(2026, 1, 1), date(2027, 7, 4)):
        since = datetime.combine(on, time(0), place)
        until = datetime.combine(on + timedelta(days=1), time(0), place)
        found = entries(program=program, since=since, until=until, at=AT)
        assert {e.on for e in found} == {on}
        assert [(e.starts.date(), e.starts.hour) for e in found] == [
            (on, hour) for hour in HOURS if instant(on, hour, program.zone) is not None
        ]
        assert any(e.starts_at.date() != on for e in found)


@pytest.mark.django_db
def test_an_hour_that_does_not_exist_is_left_to_a_person_and_the_rest_is_stored() -> None:
    program = make.make_program()
    series = create_series(
        group=make.make_group(program), room=make.make_room(program), weekdays=[6],
        starts=time(2, 30), ends=time(3, 20), zone=program.zone, from_on=date(2026, 3, 1),
        until_on=date(2026, 3, 15), capacity=12, by=None, at=AT,
    )  # fmt: skip
    assert list(
        GroupSession.objects.filter(series=series).values_list("local_date", flat=True)
    ) == [date(2026, 3, 1), date(2026, 3, 15)]


@pytest.mark.django_db
def test_an_hour_that_comes_twice_is_stored_as_the_first() -> None:
    program = make.make_program()
    series = create_series(
        group=make.make_group(program), room=make.make_room(program), weekdays=[6],
        starts=time(1, 30), ends=time(1, 50), zone=program.zone, from_on=date(2026, 10, 25),
        until_on=date(2026, 11, 8), capacity=12, by=None, at=AT,
    )  # fmt: skip
    assert [
        at.strftime("%d %H:%M")
        for at in GroupSession.objects.filter(series=series).values_list("starts_at", flat=True)
    ] == ["25 05:30", "01 05:30", "08 06:30"]


@pytest.mark.django_db
def test_a_session_over_local_midnight_stands_on_the_day_it_begins() -> None:
    program = make.make_program()
    on = date(2026, 11, 23)
    create_series(
        group=make.make_group(program), room=make.make_room(program), weekdays=[0],
        starts=time(23, 30), ends=time(0, 20), ends_next_day=True, zone=program.zone, from_on=on,
        until_on=on, capacity=12, by=None, at=AT,
    )  # fmt: skip
    place = ZoneInfo(program.zone)
    (found,) = entries(
        program=program,
        since=datetime.combine(on, time(0), place),
        until=datetime.combine(on + timedelta(days=1), time(0), place),
        at=AT,
    )
    assert (found.on, found.starts.time(), found.ends.time()) == (on, time(23, 30), time(0, 20))
    assert found.starts_at == datetime(2026, 11, 24, 4, 30, tzinfo=UTC)
