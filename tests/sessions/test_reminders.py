"""Reminders: planned once, by the clock on the wall, and asked again before they go."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from participants.models import ChannelConsent, ContactPoint
from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.lib import clock
from phpsupport.outbox.delivery import deliver
from phpsupport.outbox.models import OutboxMessage
from phpsupport.programs.models import PolicyProfile
from sessions.actions.reminders import queue_reminders
from sessions.messages import in_words, quiet_until
from sessions.models import GroupSession
from tests.factories import (
    enroll,
    make_facilitator,
    make_group,
    make_participant,
    make_program,
    make_series,
    make_session,
    make_user,
)
from tests.jobs import wait_until

pytestmark = pytest.mark.django_db
FORBIDDEN = (
    "morning", "check-in", "recovery", "php", "support", "group", "room", "harbor", "peer",
    "facilitat", "partial", "hospital", "program", "ana", "dana", "session",
)  # fmt: skip


def at(year: int, month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


class Planned:
    """One session with one participant who can be reached and one facilitator."""

    def __init__(
        self, day: date, starts: time = time(14), ends: time = time(14, 50), **more: Any
    ) -> None:
        self.program = more.pop("program", None) or make_program("Harbor Recovery PHP")
        self.leader = make_facilitator(self.program, first_name="Dana", stage="active")
        self.leader.user.wants_reminders = more.pop("staff", False)
        self.leader.user.save()
        self.series = make_series(
            self.program, facilitator=self.leader, starts=starts, ends=ends,
            group=make_group(self.program), from_on=day, until_on=day,
        )  # fmt: skip
        self.session = make_session(self.series, day)
        self.person = make_participant(self.program, first_name="Ana", email="ana@mail.example")
        self.place = enroll(self.series, self.person)

    @property
    def due(self) -> list[datetime]:
        rows = OutboxMessage.objects.filter(kind="session_reminder").order_by("due_at")
        return list(rows.values_list("due_at", flat=True))


def run_through(first: datetime, last: datetime, step: timedelta = timedelta(hours=1)) -> None:
    """Beat's ticks, an hour apart."""
    now = first
    while now <= last:
        queue_reminders(at=now)
        now += step


def outcome() -> tuple[str, str]:
    message = OutboxMessage.objects.order_by("due_at").first()
    assert message is not None
    return message.state, message.why


# --- planning -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("day", "starts", "due"),
    [
        # an ordinary Tuesday in New York
        (date(2026, 3, 3), time(14), [at(2026, 3, 2, 19), at(2026, 3, 3, 17)]),
        # the clocks go back on Sunday 1 November 2026: 24 hours by the wall are 25 elapsed
        (date(2026, 11, 1), time(14), [at(2026, 10, 31, 18), at(2026, 11, 1, 17)]),
        (date(2026, 11, 2), time(1), [at(2026, 11, 1, 5), at(2026, 11, 2, 4)]),
        # and forward on Sunday 8 March 2026
        (date(2026, 3, 8), time(14), [at(2026, 3, 7, 19), at(2026, 3, 8, 16)]),
        # an evening past midnight UTC, the first of a month
        (date(2026, 12, 1), time(20, 30), [at(2026, 12, 1, 1, 30), at(2026, 12, 1, 23, 30)]),
    ],
)
def test_due_times_are_wall_clock(day: date, starts: time, due: list[datetime]) -> None:
    planned = Planned(day, starts, time(starts.hour, starts.minute + 20))
    start = planned.session.starts_at
    run_through(start - timedelta(hours=28), start)
    assert planned.due == due


def test_ticks_queue_nothing_twice_and_cost_the_same(django_assert_num_queries: Any) -> None:
    planned = Planned(date(2026, 3, 3))
    now = at(2026, 3, 2, 18, 30)
    with django_assert_num_queries(5) as one:
        queue_reminders(at=now)
    for _ in range(3):
        Planned(date(2026, 3, 3), program=planned.program)
    with django_assert_num_queries(len(one)):
        queue_reminders(at=now)
    queue_reminders(at=now + timedelta(minutes=1))
    assert OutboxMessage.objects.count() == 8


def test_who_joins_late_gets_only_what_is_ahead() -> None:
    planned = Planned(date(2026, 3, 3))
    start = planned.session.starts_at
    planned.place.delete()
    run_through(start - timedelta(hours=28), start - timedelta(hours=20))
    enroll(planned.series, planned.person)
    run_through(start - timedelta(hours=19), start)
    assert planned.due == [start - timedelta(hours=2)]


def test_policy_says_when_and_whether() -> None:
    planned = Planned(date(2026, 3, 3))
    start = planned.session.starts_at
    rules = PolicyProfile.objects.create(
        program=planned.program, effective_from=date(2026, 1, 1), set_at=start,
        rules={"reminder_hours": [48]},
    )  # fmt: skip
    PolicyProfile.objects.create(
        program=planned.program, effective_from=date(2026, 2, 1), set_at=start,
        rules={"group_cap": 8},
    )  # fmt: skip
    run_through(start - timedelta(hours=50), start)
    assert planned.due == [start - timedelta(hours=48)]
    OutboxMessage.objects.all().delete()
    rules.rules = {"reminder_hours": []}
    rules.save()
    run_through(start - timedelta(hours=50), start)
    assert planned.due == []


@pytest.mark.parametrize("missing", ["consent", "address", "place", "session", "sealed"])
def test_nothing_is_planned_for_who_cannot_be_reached(missing: str) -> None:
    planned = Planned(date(2026, 3, 3))
    if missing == "consent":
        ChannelConsent.objects.update(revoked_at=at(2026, 2, 1, 12))
    elif missing == "address":
        ContactPoint.objects.all().delete()
    elif missing == "place":
        planned.series.enrollments.update(until_on=date(2026, 3, 3))
        planned.series.enrollments.update(from_on=date(2026, 3, 1), until_on=date(2026, 3, 2))
    elif missing == "session":
        GroupSession.objects.update(state="cancelled")
    else:
        type(planned.person).objects.update(sealed_at=at(2026, 1, 1, 12))
    assert queue_reminders(at=at(2026, 3, 2, 18)) == 0


def test_who_leads_is_reminded_if_they_want() -> None:
    Planned(date(2026, 3, 3), staff=True)
    queue_reminders(at=at(2026, 3, 2, 18))
    kinds = OutboxMessage.objects.values_list("kind", flat=True)
    assert Counter(kinds) == {"session_reminder": 2, "session_reminder_staff": 2}


def test_whose_work_here_ended_is_not_reminded() -> None:
    planned = Planned(date(2026, 3, 3), staff=True)
    queue_reminders(at=at(2026, 3, 2, 18))
    RoleAssignment.objects.filter(role=Role.FACILITATOR).update(ends_on=date(2026, 3, 2))
    deliver(at=planned.session.starts_at - timedelta(hours=2))
    staff = OutboxMessage.objects.filter(kind="session_reminder_staff")
    assert set(staff.values_list("state", "why")) == {("withheld", "no-longer-works")}


def test_a_rule_holds_from_its_first_day_for_what_falls_due_then() -> None:
    """Though the rows are made the day before."""
    planned = Planned(date(2026, 3, 4))
    start = planned.session.starts_at
    PolicyProfile.objects.create(
        program=planned.program, effective_from=date(2026, 3, 4), set_at=start,
        rules={"reminder_hours": [3]},
    )  # fmt: skip
    run_through(start - timedelta(hours=52), start)
    assert planned.due == [start - timedelta(hours=24), start - timedelta(hours=3)]


@pytest.mark.parametrize("hours", [4, 23])
def test_beat_may_stand_still_for_a_while(hours: int) -> None:
    """The reminder falls due while nothing runs; it goes when somebody looks again."""
    planned = Planned(date(2026, 3, 3), staff=True)
    start = planned.session.starts_at
    due = start - timedelta(hours=24)
    run_through(due - timedelta(hours=30), due - timedelta(minutes=5))
    back = due - timedelta(minutes=5) + timedelta(hours=hours)
    deliver(at=back)
    queue_reminders(at=back)
    sent = OutboxMessage.objects.filter(state="sent")
    assert Counter(sent.values_list("kind", flat=True)) == {
        "session_reminder": 1, "session_reminder_staff": 1,
    }  # fmt: skip
    # One letter is enough where the next reminder is due by then as well.
    assert set(sent.values_list("facts__hours", flat=True)) == {2 if hours == 23 else 24}
    deliver(at=start - timedelta(hours=2))
    assert sent.count() == (2 if hours == 23 else 4)
    assert not OutboxMessage.objects.filter(state="waiting").exists()


def test_what_changed_while_nothing_ran_is_asked_when_it_goes() -> None:
    planned = Planned(date(2026, 3, 3))
    start = planned.session.starts_at
    queue_reminders(at=start - timedelta(hours=25))
    ChannelConsent.objects.update(revoked_at=start - timedelta(hours=23))
    assert deliver(at=start - timedelta(hours=20)) == 0
    assert outcome() == ("withheld", "no-consent")


def test_after_the_start_nothing_comes_late() -> None:
    planned = Planned(date(2026, 3, 3))
    queue_reminders(at=planned.session.starts_at - timedelta(hours=25))
    assert deliver(at=planned.session.starts_at) == 0
    assert set(OutboxMessage.objects.values_list("state", "why")) == {("withheld", "too-late")}


# --- at the moment of sending -------------------------------------------------------------------------
@contextmanager
def queued(planned: Planned) -> Iterator[datetime]:
    """The reminder of the day before is queued and due now; that of the day itself is queued."""
    now = planned.session.starts_at - timedelta(hours=24)
    queue_reminders(at=now)
    assert OutboxMessage.objects.count() == 2
    assert OutboxMessage.objects.filter(due_at__lte=now).count() == 1
    yield now


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("consent", "no-consent"), ("place", "no-longer-enrolled"), ("cancelled", "no-longer-planned"),
        ("moved", "moved"), ("address", "no-address"), ("sealed", "no-longer-enrolled"),
        ("rule", "rule-changed"),
    ],
)  # fmt: skip
def test_what_changed_after_queueing_withholds(change: str, why: str) -> None:
    planned = Planned(date(2026, 3, 3))
    with queued(planned) as now:
        match change:
            case "consent":
                ChannelConsent.objects.update(revoked_at=now)
            case "place":
                planned.series.enrollments.update(until_on=date(2026, 3, 3))
                type(planned.place).objects.update(
                    until_on=date(2026, 3, 2), from_on=date(2026, 3, 1)
                )
            case "cancelled":
                GroupSession.objects.update(state="cancelled")
            case "moved":
                GroupSession.objects.update(
                    starts_at=planned.session.starts_at + timedelta(minutes=10)
                )
            case "address":
                ContactPoint.objects.all().delete()
            case "sealed":
                type(planned.person).objects.update(sealed_at=now)
            case "rule":
                PolicyProfile.objects.create(
                    program=planned.program, effective_from=date(2026, 1, 1), set_at=now,
                    rules={"reminder_hours": [2]},
                )  # fmt: skip
        assert deliver(at=now) == 0
    assert outcome() == ("withheld", why)


def test_a_moved_session_is_reminded_of_anew() -> None:
    planned = Planned(date(2026, 3, 3))
    with queued(planned) as now:
        planned.session.starts_at += timedelta(minutes=30)
        planned.session.ends_at += timedelta(minutes=30)
        planned.session.save()
        queue_reminders(at=now)
    assert OutboxMessage.objects.count() == 4


def test_quiet_hours_postpone_in_the_recipients_zone() -> None:
    planned = Planned(date(2026, 3, 3), time(7, 30), time(8, 20))
    planned.person.user = make_user(time_zone="America/Los_Angeles")
    planned.person.save()
    with queued(planned) as now:  # 7:30 in New York, 4:30 in Los Angeles
        assert deliver(at=now) == 0
    message = OutboxMessage.objects.get(facts__hours=24)
    assert (message.state, message.due_at) == ("waiting", at(2026, 3, 2, 16))


def test_what_is_quiet_until_the_start_is_too_late() -> None:
    planned = Planned(date(2026, 3, 3), time(7, 30), time(8, 20))
    two_hours = planned.session.starts_at - timedelta(hours=2)
    queue_reminders(at=two_hours)
    assert deliver(at=two_hours) == 0
    message = OutboxMessage.objects.get()
    assert message.due_at == at(2026, 3, 3, 13)  # 8:00 in New York, half an hour after the start
    assert deliver(at=message.due_at) == 0
    assert outcome() == ("withheld", "too-late")


@pytest.mark.parametrize(
    ("local", "until"),
    [
        ((20, 59), None), ((21, 0), (2026, 3, 4, 13, 0)), ((7, 59), (2026, 3, 3, 13, 0)),
        ((8, 0), None), ((0, 30), (2026, 3, 3, 13, 0)),
    ],
)  # fmt: skip
def test_quiet_hours_end_in_the_morning(local: tuple[int, int], until: Any) -> None:
    from zoneinfo import ZoneInfo

    now = datetime(2026, 3, 3, *local, tzinfo=ZoneInfo("America/New_York"))
    policy = {"quiet_from": "21:00", "quiet_until": "08:00"}
    expected = datetime(*until, tzinfo=UTC) if until else None
    assert quiet_until(now, "America/New_York", policy) == expected


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (at(2026, 3, 2, 19), "tomorrow at 2:00 PM"),
        (at(2026, 3, 3, 17), "today at 2:00 PM"),
        (at(2026, 3, 3, 4, 59), "tomorrow at 2:00 PM"),  # 23:59 the day before in New York
        (at(2026, 2, 28, 12), "on Tuesday, March 3, at 2:00 PM"),
    ],
)
def test_the_time_is_said_as_at_the_site(now: datetime, words: str) -> None:
    assert in_words(at(2026, 3, 3, 19), "America/New_York", now) == words


def test_noon_and_midnight_are_said_right() -> None:
    now = at(2026, 3, 3, 12)
    assert in_words(at(2026, 3, 3, 17), "America/New_York", now) == "today at 12:00 PM"
    assert in_words(at(2026, 3, 4, 5), "America/New_York", now) == "tomorrow at 12:00 AM"


# --- over SMTP ----------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_a_neutral_letter_arrives_over_smtp(smtp: Any) -> None:
    planned = Planned(date(2026, 3, 3), staff=True)
    type(planned.program.site).objects.update(phone="555-0100")
    now = planned.session.starts_at - timedelta(hours=24)
    queue_reminders(at=now)
    assert deliver(at=now) == 2
    letters = {letter.to[0]: letter for letter in smtp.wait_for(2)}
    for letter in letters.values():
        assert letter.subject == "Appointment reminder"
        assert "You have an appointment tomorrow at 2:00 PM." in letter.text
        assert "You have an appointment tomorrow at 2:00 PM." in letter.html
        assert "555-0100" in letter.text
        said = f"{letter.subject} {letter.mail['From']} {letter.text} {letter.html}".lower()
        assert [word for word in FORBIDDEN if word in said] == []
    assert set(letters) == {"ana@mail.example", planned.leader.user.email}


@pytest.mark.django_db(transaction=True)
def test_moved_and_cancelled_arrive_neutral(smtp: Any) -> None:
    from phpsupport.outbox.delivery import Planned as Message
    from phpsupport.outbox.delivery import enqueue

    planned = Planned(date(2026, 3, 3))
    start, now = planned.session.starts_at, at(2026, 3, 2, 15)
    facts = {"starts_at": start.isoformat(), "was": (start - timedelta(hours=1)).isoformat()}
    said = {"recipient_id": planned.person.pk, "subject_id": planned.session.pk, "due_at": now}
    enqueue([Message("session_moved", "m1", facts=facts, **said)], at=now)
    deliver(at=now)
    GroupSession.objects.update(state="cancelled")
    enqueue(
        [Message("session_cancelled", "c1", facts={"starts_at": start.isoformat()}, **said)], at=now
    )
    enqueue([Message("session_moved", "m2", facts=facts, **said)], at=now)
    deliver(at=now)
    letters = smtp.wait_for(2)
    assert [letter.text.splitlines()[0] for letter in letters] == [
        "Your appointment tomorrow at 1:00 PM is now tomorrow at 2:00 PM.",
        "Your appointment tomorrow at 2:00 PM is cancelled.",
    ]
    assert OutboxMessage.objects.get(dedupe_key="m2").why == "no-longer-planned"


@pytest.mark.django_db(transaction=True)
@pytest.mark.jobs
def test_beat_queues_and_a_worker_delivers(smtp: Any, jobs: None) -> None:
    now = clock.now()
    planned = Planned(now.date())
    PolicyProfile.objects.create(
        program=planned.program, effective_from=date(2020, 1, 1), set_at=now,
        rules={"quiet_from": "00:00", "quiet_until": "00:00", "reminder_hours": [1]},
    )  # fmt: skip
    start = now + timedelta(hours=1, seconds=8)
    type(planned.place).objects.update(from_on=date(2020, 1, 1))
    GroupSession.objects.update(starts_at=start, ends_at=start + timedelta(minutes=50))
    wait_until(lambda: any(m.to == ["ana@mail.example"] for m in smtp.messages))
    letter = next(m for m in smtp.messages if m.to == ["ana@mail.example"])
    assert letter.subject == "Appointment reminder"
    assert OutboxMessage.objects.filter(kind="session_reminder").count() == 1
