"""Check-ins: asked once however often the job runs, reminded, escalated, answered once."""

from datetime import UTC, date, datetime, timedelta

import pytest

from facilitators.actions import check_ins
from facilitators.actions.check_ins import (
    answer_check_in,
    mark_support_seen,
    queue_check_ins,
)
from facilitators.models import CheckIn, Facilitator, Leave, Stage
from facilitators.tasks import queue_check_ins as task
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.lib.errors import Refused
from phpsupport.outbox.models import OutboxMessage, State
from phpsupport.programs.models import PolicyProfile
from tests.facilitators.actions.test_concerns import at_once
from tests.factories import make_facilitator, make_program, make_staff

MORNING = datetime(2026, 11, 23, 13, 30, tzinfo=UTC)  # 8:30 in New York
TODAY = date(2026, 11, 23)


class World:
    def __init__(self, zone="America/New_York"):
        self.program = make_program(zone=zone)
        self.supervisor = make_staff(self.program, Role.SUPERVISOR)
        self.lead = make_staff(self.program, Role.PROGRAM_LEAD)
        self.facilitator = make_facilitator(self.program, supervisor=self.supervisor)

    def asked(self, at=MORNING):
        queue_check_ins(at=at)
        return CheckIn.objects.get(facilitator=self.facilitator, answered_at=None)

    def answer(self, check_in, **fields):
        given = {"by": self.facilitator.user, "at": MORNING, "workload": 3}
        return answer_check_in(check_in=check_in, **given | fields)


@pytest.fixture
def world(db):
    return World()


def sent(kind):
    return list(OutboxMessage.objects.filter(kind=kind).values_list("recipient_id", flat=True))


# --- asked ----------------------------------------------------------------------------------------
def test_it_is_asked_with_its_message_and_noted(world):
    assert queue_check_ins(at=MORNING) == 1
    check_in = CheckIn.objects.get()
    assert check_in.due_on == TODAY
    message = OutboxMessage.objects.get()
    assert (message.kind, message.subject_id) == ("check-in.asked", check_in.pk)
    assert message.recipient_id == world.facilitator.user_id
    assert AuditEvent.objects.filter(action="check-in.asked", object_id=check_in.pk).exists()


def test_running_it_again_asks_nobody_again(world):
    for minutes in (0, 15, 30):
        queue_check_ins(at=MORNING + timedelta(minutes=minutes))
    task()
    assert CheckIn.objects.count() == 1
    assert OutboxMessage.objects.filter(kind="check-in.asked").count() == 1


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_once_ask_once():
    world = World()
    for _ in range(4):
        make_facilitator(world.program, supervisor=world.supervisor)
    assert at_once(*[lambda: queue_check_ins(at=MORNING)] * 6) == ["done"] * 6
    assert CheckIn.objects.count() == 5
    assert OutboxMessage.objects.filter(kind="check-in.asked").count() == 5


@pytest.mark.django_db(transaction=True)
def test_a_worker_whose_look_is_out_of_date_asks_nobody_again(monkeypatch):
    """Another run commits between this one's first look and its taking hold of the rows."""
    World()
    real, looks = check_ins._due, []

    def overtaken(facilitators, today, every):
        found = real(facilitators, today, every)
        looks.append(1)
        if len(looks) > 1:
            return found
        stale = list(found.values_list("pk", flat=True))
        assert at_once(lambda: queue_check_ins(at=MORNING)) == ["done"]
        return Facilitator.objects.filter(pk__in=stale)

    monkeypatch.setattr(check_ins, "_due", overtaken)
    assert queue_check_ins(at=MORNING) == 0
    assert CheckIn.objects.count() == 1
    assert OutboxMessage.objects.filter(kind="check-in.asked").count() == 1


@pytest.mark.parametrize(
    ("zone", "at", "due_on"),
    [
        (
            "America/New_York",
            datetime(2026, 3, 8, 11, 59, tzinfo=UTC),
            None,
        ),  # 7:59, clocks changed
        ("America/New_York", datetime(2026, 3, 8, 12, 0, tzinfo=UTC), date(2026, 3, 8)),
        ("America/New_York", datetime(2026, 11, 1, 12, 30, tzinfo=UTC), None),  # 7:30, changed back
        ("America/New_York", datetime(2026, 11, 24, 4, 59, tzinfo=UTC), None),  # 23:59
        ("America/New_York", datetime(2026, 11, 24, 5, 1, tzinfo=UTC), None),  # 0:01
        ("Pacific/Auckland", datetime(2026, 11, 23, 19, 0, tzinfo=UTC), date(2026, 11, 24)),
        ("Pacific/Honolulu", datetime(2026, 11, 24, 0, 30, tzinfo=UTC), date(2026, 11, 23)),
    ],
)
@pytest.mark.django_db
def test_it_is_asked_in_the_daytime_of_the_site_on_the_sites_day(zone, at, due_on):
    World(zone)
    queue_check_ins(at=at)
    assert list(CheckIn.objects.values_list("due_on", flat=True)) == ([due_on] if due_on else [])


@pytest.mark.parametrize("why", ["ended", "left", "on leave", "not yet", "no role", "nominated"])
def test_who_is_not_at_work_is_not_asked(world, why):
    who = world.facilitator
    if why == "ended":
        who.stage = Stage.ENDED
    elif why == "left":
        who.ended_on = TODAY - timedelta(days=1)
    elif why == "not yet":
        who.hired_on = TODAY + timedelta(days=1)
    elif why == "nominated":
        who.stage = Stage.NOMINATED
    elif why == "no role":
        who.user.role_assignments.update(ends_on=TODAY - timedelta(days=1))
    else:
        Leave.objects.create(facilitator=who, from_on=TODAY, until_on=TODAY)
    who.save()
    assert queue_check_ins(at=MORNING) == 0


def test_cancelled_leave_does_not_count(world):
    Leave.objects.create(
        facilitator=world.facilitator, from_on=TODAY, until_on=TODAY, cancelled_at=MORNING
    )
    assert queue_check_ins(at=MORNING) == 1


def test_the_next_one_comes_by_the_policys_cadence(world):
    world.answer(world.asked())
    assert queue_check_ins(at=MORNING + timedelta(days=13)) == 0
    assert queue_check_ins(at=MORNING + timedelta(days=14)) == 1


def test_the_cadence_is_policy(world):
    PolicyProfile.objects.create(
        program=world.program, effective_from=date(2026, 1, 1),
        rules={"check_in_days": 7}, set_at=MORNING,
    )  # fmt: skip
    world.answer(world.asked())
    assert queue_check_ins(at=MORNING + timedelta(days=6)) == 0
    assert queue_check_ins(at=MORNING + timedelta(days=7)) == 1


def test_an_open_one_is_not_doubled(world):
    world.asked()
    assert queue_check_ins(at=MORNING + timedelta(days=30)) == 0


# --- reminded, escalated --------------------------------------------------------------------------
def test_it_is_reminded_once_then_escalated_once_to_the_lead(world):
    check_in = world.asked()
    for days in (1, 2, 3, 4, 5):
        queue_check_ins(at=MORNING + timedelta(days=days))
        queue_check_ins(at=MORNING + timedelta(days=days, minutes=15))
    check_in.refresh_from_db()
    assert check_in.reminded_at == MORNING + timedelta(days=2)
    assert check_in.escalated_at == MORNING + timedelta(days=4)
    assert sent("check-in.reminder") == [world.facilitator.user_id]
    assert sent("check-in.escalated") == [world.lead.pk]


def test_only_what_was_escalated_is_shown_to_the_lead(world):
    world.asked()
    assert not CheckIn.objects.visible_to(world.lead).exists()
    queue_check_ins(at=MORNING + timedelta(days=4))
    assert CheckIn.objects.visible_to(world.lead).exists()


def test_what_is_answered_or_asked_of_somebody_away_is_left_alone(world):
    world.answer(world.asked())
    away = make_facilitator(world.program)
    queue_check_ins(at=MORNING)
    Leave.objects.create(
        facilitator=away, from_on=TODAY + timedelta(days=1), until_on=TODAY + timedelta(days=9)
    )
    queue_check_ins(at=MORNING + timedelta(days=5))
    assert not sent("check-in.reminder")
    assert not sent("check-in.escalated")
    queue_check_ins(at=MORNING + timedelta(days=10))  # back at work
    assert sent("check-in.reminder") == [away.user_id]


# --- answered -------------------------------------------------------------------------------------
def test_an_answer_is_kept_and_what_waits_is_withheld(world):
    check_in = world.answer(world.asked(), hard="Thursday.", asked_non_peer_work=True)
    check_in.refresh_from_db()
    assert (check_in.hard, check_in.asked_non_peer_work) == ("Thursday.", True)
    assert OutboxMessage.objects.get(kind="check-in.asked").state == State.WITHHELD
    assert not sent("check-in.support")


def test_the_second_click_is_refused(world):
    check_in = world.asked()
    world.answer(check_in, workload=2)
    with pytest.raises(Refused, match="already"):
        world.answer(check_in, workload=4)
    check_in.refresh_from_db()
    assert check_in.workload == 2


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_are_one_answer():
    world = World()
    check_in = world.asked()
    answers = at_once(*[lambda: world.answer(check_in, wants_support=True)] * 3)
    assert sorted(answers) == ["You have answered this check-in already. Thank you."] * 2 + ["done"]
    assert sent("check-in.support") == [world.supervisor.pk]


def test_nobody_answers_for_somebody_else(world):
    check_in = world.asked()
    for person in (world.supervisor, world.lead, make_facilitator(world.program).user):
        with pytest.raises(Refused, match="by the person who was asked"):
            world.answer(check_in, by=person)


@pytest.mark.parametrize("asks", [{"wants_support": True}, {"boundary_question": "May I?"}])
def test_a_wish_for_support_or_a_boundary_question_reaches_the_supervisor_at_once(world, asks):
    world.answer(world.asked(), **asks)
    message = OutboxMessage.objects.get(kind="check-in.support")
    assert (message.recipient_id, message.due_at) == (world.supervisor.pk, MORNING)


def test_without_a_supervisor_at_work_it_reaches_the_lead(world):
    world.supervisor.role_assignments.update(ends_on=TODAY - timedelta(days=1))
    world.answer(world.asked(), wants_support=True)
    assert sent("check-in.support") == [world.lead.pk]


def test_it_is_seen_to_once_and_by_the_supervisor(world):
    check_in = world.asked()
    with pytest.raises(Refused, match="not been answered"):
        mark_support_seen(check_in=check_in, by=world.supervisor, at=MORNING)
    world.answer(check_in, wants_support=True)
    for person in (world.facilitator.user, make_staff(world.program, Role.SUPERVISOR)):
        with pytest.raises(Refused):
            mark_support_seen(check_in=check_in, by=person, at=MORNING)
    for hours in (1, 2):
        mark_support_seen(
            check_in=check_in, by=world.supervisor, at=MORNING + timedelta(hours=hours)
        )
    check_in.refresh_from_db()
    assert check_in.support_seen_at == MORNING + timedelta(hours=1)
