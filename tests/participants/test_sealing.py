"""Whoever comes to work here: their own former chart is closed, and nobody works here while in care."""

from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from participants.models import EpisodeOfCare, Participant
from phpsupport.access.actions import give_role, invite
from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.lib import clock
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def program() -> Program:
    return make.make_program()


@pytest.fixture
def lead(program: Program) -> User:
    return make.make_staff(program, Role.PROGRAM_LEAD)


def chart(program: Program, user: User, *, left: date | None = None) -> Participant:
    person = make.make_participant(program)
    Participant.objects.filter(pk=person.pk).update(user=user)
    EpisodeOfCare.objects.filter(participant=person).update(discharged_on=left)
    return person


def works(user: User) -> bool:
    return RoleAssignment.objects.filter(user=user).exclude(role=Role.PARTICIPANT).exists()


def test_a_former_chart_is_sealed_with_the_first_role_of_staff(
    program: Program, lead: User, client: Client
) -> None:
    user = make.make_user()
    make.give_role(user, program, Role.PARTICIPANT)
    person = chart(program, user, left=clock.now().date() - timedelta(days=9))
    client.force_login(lead)
    client.post(reverse("office:give-roles", args=[user.pk]), {"roles": ["scheduler"]})
    assert works(user)
    person.refresh_from_db()
    assert person.sealed_at is not None
    for reader in (lead, User.objects.get(pk=user.pk)):
        assert not Participant.objects.visible_to(reader).filter(pk=person.pk).exists()


def test_nobody_in_care_is_given_a_role_of_staff_and_the_refusal_tells_nothing(
    program: Program, lead: User
) -> None:
    user = make.make_user()
    chart(program, user)
    for role in (Role.CLINICIAN, Role.FACILITATOR):
        with pytest.raises(Refused) as refused:
            invite(
                email=user.email, first_name="Kim", last_name="", roles=[role], program=program,
                by=lead, at=clock.now(),
            )  # fmt: skip
        assert "care" not in refused.value.sentence
        assert "chart" not in refused.value.sentence
    assert not works(user)
    give_role(user=user, program=program, role=Role.PARTICIPANT, by=None, at=clock.now())


def test_a_chart_in_another_organization_is_its_own_affair(program: Program, lead: User) -> None:
    user = make.make_user()
    person = chart(make.make_program(), user)
    give_role(user=user, program=program, role=Role.CLINICIAN, by=lead, at=clock.now())
    assert works(user)
    person.refresh_from_db()
    assert person.sealed_at is None
