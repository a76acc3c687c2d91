"""Supervision: planned, written, signed by both, and then it stays."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from facilitators.actions import supervision as act
from facilitators.models import Stage, Supervision
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.lib.errors import Refused
from phpsupport.outbox.models import OutboxMessage, State
from tests.factories import make_facilitator, make_program, make_staff

MONDAY = datetime(2026, 11, 23, 15, tzinfo=UTC)
TEXTS = {"minutes": 45, "mode": "individual", "discussed": "Two heavy groups.", "agreed": "Rest."}


@pytest.fixture
def world(db):
    class World:
        program = make_program()
        supervisor = make_staff(program, Role.SUPERVISOR)
        lead = make_staff(program, Role.PROGRAM_LEAD)
        facilitator = make_facilitator(program, supervisor=supervisor)

        def plan(self, starts_at=MONDAY - timedelta(hours=1), **fields):
            given = {
                "facilitator": self.facilitator,
                "supervisor": self.supervisor,
                "starts_at": starts_at,
                "by": self.supervisor,
                "at": MONDAY - timedelta(days=3),
            }
            return act.plan_supervision(**given | fields)

        def written(self, **fields):
            return act.write_supervision(
                supervision=self.plan(), by=self.supervisor, at=MONDAY, **TEXTS | fields
            )

        def sign(self, supervision, by, **fields):
            return act.sign_supervision(supervision=supervision, by=by, at=MONDAY, **fields)

        def signed(self):
            first = self.sign(self.written(), self.supervisor)
            return self.sign(first, self.facilitator.user)

    return World()


def test_planning_twice_is_one_and_tells_the_facilitator_once(world):
    first, second = world.plan(), world.plan()
    assert first.pk == second.pk
    assert list(OutboxMessage.objects.values_list("recipient_id", "kind")) == [
        (world.facilitator.user_id, "supervision.planned")
    ]


def test_a_second_one_at_the_same_time_is_refused(world):
    world.plan()
    with pytest.raises(Refused, match="at that time already"):
        world.plan(starts_at=MONDAY - timedelta(minutes=45))
    world.plan(starts_at=MONDAY - timedelta(minutes=30))  # the first is over


def test_who_ended_who_supervises_themselves_and_who_is_no_supervisor(world):
    with pytest.raises(Refused, match="nobody supervises themselves"):
        world.plan(supervisor=world.facilitator.user)
    with pytest.raises(Refused, match="given by a supervisor"):
        world.plan(supervisor=make_staff(world.program, Role.SCHEDULER))
    world.facilitator.stage = Stage.ENDED
    world.facilitator.save()
    with pytest.raises(Refused, match="no longer works"):
        world.plan()


def test_only_its_supervisor_writes_it_and_not_before_the_day(world):
    supervision = world.plan(starts_at=MONDAY + timedelta(days=1))
    with pytest.raises(Refused, match="lies ahead"):
        act.write_supervision(supervision=supervision, by=world.supervisor, at=MONDAY, **TEXTS)
    for stranger in (world.lead, world.facilitator.user):
        with pytest.raises(Refused, match="Only the supervisor"):
            act.write_supervision(supervision=world.plan(), by=stranger, at=MONDAY, **TEXTS)


def test_writing_keeps_what_was_said_and_plans_the_next(world):
    later = MONDAY + timedelta(days=30)
    supervision = world.written(competencies=["crises", "support"], next_at=later)
    supervision.refresh_from_db()
    assert supervision.held
    assert supervision.discussed == "Two heavy groups."
    assert supervision.competencies == ["support", "crises"]
    assert Supervision.objects.filter(starts_at=later, held=False).count() == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"discussed": " "}, "discussed"),
        ({"competencies": ["juggling"]}, "competencies"),
        ({"next_at": MONDAY - timedelta(days=1)}, "next_at"),
    ],
)
def test_what_cannot_be_written(world, wrong, field):
    with pytest.raises(Refused) as refusal:
        world.written(**wrong)
    assert refusal.value.field == field
    assert not Supervision.objects.filter(held=True).exists()


def test_both_sign_supervisor_first(world):
    supervision = world.written()
    with pytest.raises(Refused, match="supervisor signs first"):
        world.sign(supervision, world.facilitator.user)
    world.sign(supervision, world.supervisor)
    with pytest.raises(Refused, match="signed this already"):
        world.sign(supervision, world.supervisor)
    world.sign(supervision, world.facilitator.user)
    supervision.refresh_from_db()
    assert supervision.facilitator_signed_at == MONDAY
    for person in (world.supervisor, world.facilitator.user):
        with pytest.raises(Refused, match="Both have signed"):
            world.sign(supervision, person)
    assert AuditEvent.objects.filter(action="supervision.signed").count() == 2


def test_a_stranger_does_not_sign_and_nothing_unwritten_is_signed(world):
    with pytest.raises(Refused, match="signed by its supervisor and its facilitator"):
        world.sign(world.written(), world.lead)
    with pytest.raises(Refused, match="Write this supervision down first"):
        world.sign(world.plan(starts_at=MONDAY - timedelta(days=2)), world.supervisor)


def test_changing_it_takes_the_supervisors_signature_back(world):
    supervision = world.sign(world.written(), world.supervisor)
    again = act.write_supervision(
        supervision=supervision, by=world.supervisor, at=MONDAY, **TEXTS | {"agreed": "Other."}
    )
    assert again.supervisor_signed_at is None


def test_the_facilitator_signs_only_what_they_saw(world):
    supervision = world.sign(world.written(), world.supervisor)
    seen = supervision.supervisor_signed_at
    act.write_supervision(
        supervision=supervision, by=world.supervisor, at=MONDAY, **TEXTS | {"agreed": "Other."}
    )
    act.sign_supervision(
        supervision=supervision, by=world.supervisor, at=MONDAY + timedelta(minutes=1)
    )
    with pytest.raises(Refused, match="changed while you read"):
        world.sign(supervision, world.facilitator.user, seen=seen)


def test_after_both_signed_the_action_and_the_database_refuse(world):
    supervision = world.signed()
    with pytest.raises(Refused, match="stays as it is"):
        act.write_supervision(supervision=supervision, by=world.supervisor, at=MONDAY, **TEXTS)
    for refused in (
        lambda: Supervision.objects.filter(pk=supervision.pk).update(minutes=5),
        lambda: Supervision.objects.filter(pk=supervision.pk).update(facilitator_signed_at=None),
        lambda: Supervision.objects.filter(pk=supervision.pk).delete(),
        lambda: _sql("UPDATE facilitators_supervision SET discussed = ''"),
    ):
        with pytest.raises(DatabaseError, match="signed by both"), transaction.atomic():
            refused()


def test_what_one_has_signed_can_still_be_changed_in_the_database(world):
    world.sign(world.written(), world.supervisor)
    assert Supervision.objects.update(minutes=50) == 1


def _sql(text):
    with connection.cursor() as cursor:
        cursor.execute(text)


def test_cancelling_tells_once_and_withholds_the_plan(world):
    supervision = world.plan(starts_at=MONDAY + timedelta(days=2))
    for _ in range(2):
        act.cancel_supervision(supervision=supervision, by=world.supervisor, at=MONDAY)
    kinds = dict(OutboxMessage.objects.values_list("kind", "state"))
    assert kinds == {
        "supervision.planned": State.WITHHELD,
        "supervision.cancelled": State.WAITING,
    }
    with pytest.raises(Refused, match="was cancelled"):
        act.write_supervision(supervision=supervision, by=world.supervisor, at=MONDAY, **TEXTS)


def test_what_was_held_is_not_cancelled_and_not_by_just_anybody(world):
    with pytest.raises(Refused, match="cannot be cancelled"):
        act.cancel_supervision(supervision=world.written(), by=world.supervisor, at=MONDAY)
    planned = world.plan(starts_at=MONDAY + timedelta(days=2))
    stranger = make_staff(make_program(), Role.PROGRAM_LEAD)
    for person in (world.facilitator.user, stranger):
        with pytest.raises(Refused):
            act.cancel_supervision(supervision=planned, by=person, at=MONDAY)
    act.cancel_supervision(supervision=planned, by=world.lead, at=MONDAY)


def test_supervision_is_seen_by_those_two_and_the_lead(world):
    supervision = world.written()
    other = make_staff(world.program, Role.SUPERVISOR)
    elsewhere = make_staff(make_program(), Role.PROGRAM_LEAD, Role.SUPERVISOR)
    scheduler = make_staff(world.program, Role.SCHEDULER)
    colleague = make_facilitator(world.program).user
    for person in (world.supervisor, world.lead, world.facilitator.user):
        assert Supervision.objects.visible_to(person).get() == supervision
    for person in (other, elsewhere, scheduler, colleague):
        assert not Supervision.objects.visible_to(person).exists()


def test_a_role_that_ended_no_longer_opens_it(world):
    world.written()
    world.supervisor.role_assignments.update(ends_on=date(2026, 1, 1))
    world.supervisor.__dict__.pop("_scope", None)
    assert not Supervision.objects.visible_to(world.supervisor).exists()
