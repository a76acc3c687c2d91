"""Nudges: once for each time that falls due, only while something is open, and never at night."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from unittest.mock import ANY

import pytest
from django.core import mail

from phpsupport.access.models import RoleAssignment
from phpsupport.celery import app
from phpsupport.outbox.delivery import deliver
from phpsupport.outbox.models import OutboxMessage
from phpsupport.programs.models import PolicyProfile
from sessions.actions.nudging import queue_nudges
from sessions.actions.outcome import report_outcome
from sessions.models import GroupSession, Status
from sessions.recurrence import wall_clock_after
from tests.factories import make_facilitator, make_session
from tests.sessions.worlds import AFTER, World, make_world

pytestmark = pytest.mark.django_db
ENDS = datetime(2026, 3, 3, 15, 50, tzinfo=UTC)  # 10:50 in New York
DUE = ENDS + timedelta(hours=2)


def due() -> list[datetime]:
    rows = OutboxMessage.objects.filter(kind="work_open").order_by("due_at")
    return list(rows.values_list("due_at", flat=True))


def outcome(at: datetime) -> tuple[str, str]:
    deliver(at=at)
    message = OutboxMessage.objects.filter(kind="work_open").order_by("due_at").first()
    assert message is not None
    return message.state, message.why


def tick(first: datetime, last: datetime, step: timedelta = timedelta(minutes=30)) -> None:
    now = first
    while now <= last:
        queue_nudges(at=now)
        now += step


def test_who_leads_is_nudged_twice_and_no_more() -> None:
    make_world(2)
    tick(ENDS, ENDS + timedelta(days=3))
    assert due() == [DUE, ENDS + timedelta(hours=20)]


def test_the_same_tick_twice_plans_once_and_costs_the_same(django_assert_num_queries: Any) -> None:
    make_world(2)
    with django_assert_num_queries(4):
        queue_nudges(at=DUE)
    queue_nudges(at=DUE)
    assert len(due()) == 1
    for _ in range(3):
        make_world(2)
    with django_assert_num_queries(4):
        queue_nudges(at=DUE + timedelta(minutes=5))
    assert len(due()) == 4


def test_a_tick_with_nothing_due_asks_two_things(django_assert_num_queries: Any) -> None:
    make_world(2)
    with django_assert_num_queries(2):
        assert queue_nudges(at=DUE - timedelta(minutes=1)) == 0


def test_everybody_who_leads_now_is_nudged() -> None:
    world = make_world(1)
    co = make_facilitator(world.program)
    world.session.assignments.update(active=False)
    world.session.assignments.create(
        facilitator=co, person=co.user, part="lead",
        starts_at=world.session.starts_at, ends_at=world.session.ends_at,
    )  # fmt: skip
    queue_nudges(at=DUE)
    assert OutboxMessage.objects.get().recipient_id == co.user.pk


@pytest.mark.parametrize("hours", [[], [5]])
def test_policy_says_when_and_whether(hours: list[int]) -> None:
    world = make_world(1)
    PolicyProfile.objects.create(
        program=world.program, effective_from=date(2026, 1, 1), set_at=ENDS,
        rules={"nudge_hours": hours},
    )  # fmt: skip
    tick(ENDS, ENDS + timedelta(days=2))
    assert due() == [ENDS + timedelta(hours=h) for h in hours]


@pytest.mark.parametrize("state", ["cancelled", "not_held"])
def test_nothing_is_open_where_nothing_took_place(state: str) -> None:
    make_world(1)
    GroupSession.objects.update(state=state)
    tick(ENDS, ENDS + timedelta(days=2))
    assert due() == []


def test_marked_and_signed_is_done() -> None:
    world = make_world(2)
    world.signed()
    queue_nudges(at=DUE)
    assert due() == []


@pytest.mark.parametrize("left", ["a person", "a note", "the group's part", "the outcome"])
def test_what_is_left_open(left: str) -> None:
    world = make_world(2)
    if left == "a person":
        world.mark(Status.ABSENT)
        GroupSession.objects.update(state="held")
    elif left == "a note":
        world.mark(Status.PRESENT, Status.ABSENT)
        world.write(group="We opened with a round.")
        world.sign(seen={None: 1})
    elif left == "the group's part":
        world.mark(Status.PRESENT, Status.ABSENT)
        type(world.series.group).objects.update(progress_notes=False)
    else:
        world.mark(Status.ABSENT, Status.ABSENT)
    queue_nudges(at=DUE)
    assert due() == [DUE]


# --- at the moment of sending -------------------------------------------------------------------------
def queued() -> World:
    world = make_world(2)
    queue_nudges(at=DUE)
    return world


def test_it_says_only_that_something_awaits() -> None:
    world = queued()
    assert outcome(DUE) == ("sent", "")
    (letter,) = mail.outbox
    assert (letter.to, letter.subject) == ([world.leader.email], "Something awaits you")
    said = f"{letter.subject} {letter.body}".casefold()
    for word in ("attendance", "note", "group", "session", "morning", "check-in", "marisol"):
        assert word not in said


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("signed", "done"),
        ("not held", "done"),
        ("cancelled", "done"),
        ("given away", "no-longer-leads"),
        ("left", "no-longer-works"),
        ("closed", "no-account"),
    ],
)
def test_it_is_withheld_when_there_is_no_need(change: str, why: str) -> None:
    world = queued()
    if change == "signed":
        world.signed()
    elif change == "not held":
        report_outcome(
            session=world.session, outcome="not_held", reason="Alarm", by=world.leader, at=AFTER
        )
    elif change == "cancelled":
        GroupSession.objects.update(state="cancelled")
    elif change == "given away":
        world.session.assignments.update(active=False)
    elif change == "left":
        RoleAssignment.objects.filter(user=world.leader).update(ends_on=date(2026, 3, 2))
    else:
        type(world.leader).objects.filter(pk=world.leader.pk).update(is_active=False)
    assert outcome(DUE) == ("withheld", why)
    assert [letter for letter in mail.outbox if letter.to == [world.leader.email]] == []


def test_half_done_is_not_done() -> None:
    world = queued()
    world.mark(Status.PRESENT, Status.PRESENT)
    assert outcome(DUE) == ("sent", "")


def test_quiet_hours_are_those_of_who_is_told() -> None:
    world = queued()
    world.leader.time_zone = "Asia/Tokyo"
    world.leader.save()
    # 17:50 in UTC is 2:50 at night in Tokyo, whose morning begins at 23:00 UTC.
    assert outcome(DUE) == ("waiting", "postponed")
    assert OutboxMessage.objects.get().due_at == datetime(2026, 3, 3, 23, tzinfo=UTC)
    world.signed()
    assert outcome(datetime(2026, 3, 3, 23, tzinfo=UTC)) == ("withheld", "done")


# --- awkward hours --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("day", "starts", "hours", "expected"),
    [
        # the clocks go forward on Sunday 8 March 2026: a day later is 23 hours later
        (date(2026, 3, 7), time(10), 24, datetime(2026, 3, 8, 14, 50, tzinfo=UTC)),
        # and back on Sunday 1 November 2026, the first of a month: 25 hours
        (date(2026, 10, 31), time(10), 24, datetime(2026, 11, 1, 15, 50, tzinfo=UTC)),
        # an evening past midnight UTC on the last day of February
        (date(2026, 2, 28), time(20), 2, datetime(2026, 3, 1, 3, 50, tzinfo=UTC)),
        (date(2026, 2, 28), time(20), 48, datetime(2026, 3, 3, 1, 50, tzinfo=UTC)),
    ],
)
def test_the_clock_on_the_wall(day: date, starts: time, hours: int, expected: datetime) -> None:
    world = make_world(
        1, starts=starts, ends=starts.replace(minute=50), from_on=day, until_on=day
    )  # fmt: skip
    GroupSession.objects.update(state="cancelled")
    session = make_session(world.series, day)
    PolicyProfile.objects.create(
        program=world.program, effective_from=date(2026, 1, 1), set_at=ENDS,
        rules={"nudge_hours": [hours]},
    )  # fmt: skip
    tick(session.ends_at, session.ends_at + timedelta(days=4), timedelta(minutes=5))
    assert due() == [expected]


def test_hours_after_are_asked_of_an_instant() -> None:
    with pytest.raises(ValueError, match="aware"):
        wall_clock_after(datetime(2026, 3, 3, 10), "America/New_York", 2)


def test_a_scheduler_that_stood_still_makes_up_for_it() -> None:
    make_world(1)
    queue_nudges(at=DUE + timedelta(hours=11))
    assert due() == [DUE]
    queue_nudges(at=ENDS + timedelta(hours=33))
    assert due() == [DUE]


def test_beat_asks_every_five_minutes_and_drops_what_nobody_took() -> None:
    entry = app.conf.beat_schedule["nudges"]
    assert entry == {"task": "sessions.tasks.queue_nudges", "schedule": 300.0, "options": ANY}
    assert 0 < entry["options"]["expires"] <= entry["schedule"]
