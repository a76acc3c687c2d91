"""Who on a roster is to be kept apart from who leads, and what somebody already decided."""

from datetime import UTC, date, datetime, timedelta

import pytest

from facilitators.models import ConflictOfInterest, Relation
from phpsupport.access.roles import Role
from sessions.models import GroupSession, RuleOverride
from sessions.queries.apart import among_leaders, kept_apart, of_interest
from tests.factories import (
    enroll,
    make_facilitator,
    make_participant,
    make_program,
    make_series,
    make_session,
    make_staff,
)

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 15, tzinfo=UTC)
FRIDAY = date(2026, 3, 6)


class World:
    """A coming session of a group, its facilitator and two people on the roster."""

    def __init__(self):
        self.program = make_program()
        self.facilitator = make_facilitator(self.program)
        series = make_series(self.program, facilitator=self.facilitator)
        self.people = [make_participant(self.program) for _ in range(2)]
        for person in self.people:
            enroll(series, person)
        self.session = make_session(series, FRIDAY)
        self.lead = make_staff(self.program, Role.PROGRAM_LEAD)

    def declare(self, person, at):
        return ConflictOfInterest.objects.create(
            program=self.program, facilitator=self.facilitator, participant=person,
            relation=Relation.FRIEND, declared_by=self.lead, declared_at=at,
        )  # fmt: skip

    def set_aside(self, at):
        RuleOverride.objects.create(
            program=self.program, session=self.session, rule="rule_interest", at=at, by=self.lead,
            sentence="Keep apart.", reason="Both asked for it.",
        )  # fmt: skip

    def marked(self):
        return (
            kept_apart(self.program, at=AT).exists(),
            GroupSession.objects.filter(among_leaders(), pk=self.session.pk).exists(),
        )


def test_what_was_set_aside_is_decided():
    world = World()
    pair = world.declare(world.people[0], AT)
    assert world.marked() == (True, True)
    assert of_interest(pair, at=AT).exists()
    world.set_aside(AT + timedelta(hours=1))
    assert world.marked() == (False, False)
    assert not of_interest(pair, at=AT).exists()


def test_a_pair_declared_since_is_not():
    world = World()
    world.declare(world.people[0], AT)
    world.set_aside(AT + timedelta(hours=1))
    later = world.declare(world.people[1], AT + timedelta(days=1))
    assert world.marked() == (True, True)
    assert of_interest(later, at=AT).exists()
    world.set_aside(AT + timedelta(days=2))
    assert world.marked() == (False, False)
