"""The list, the record, the matrix and the board as people open them."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from facilitators.models import Leave, TrainingRecord
from phpsupport.access.roles import Role
from phpsupport.lib import clock
from tests.factories import (
    make_facilitator,
    make_program,
    make_requirements,
    make_staff,
)

pytestmark = pytest.mark.django_db

PAGES_OF_ALL = [
    ("facilitators:list", Role.SCHEDULER),
    ("facilitators:matrix", Role.SCHEDULER),
    ("facilitators:matrix", Role.SUPERVISOR),
    ("facilitators:board", Role.SUPERVISOR),
    ("facilitators:board", Role.PROGRAM_LEAD),
    ("facilitators:requirements", Role.PROGRAM_LEAD),
]


@pytest.mark.parametrize(("name", "role"), PAGES_OF_ALL)
def test_page_takes_as_many_queries_for_one_as_for_three(
    client, django_assert_max_num_queries, name, role
):
    program = make_program()
    user = make_staff(program, role)
    supervisor = user if role == Role.SUPERVISOR else None
    client.force_login(user)
    make_facilitator(program, supervisor=supervisor)
    client.get(reverse(name))  # the session is written once a minute
    with django_assert_max_num_queries(12) as one:
        assert client.get(reverse(name)).status_code == 200
    for cleared in (True, False):
        made = make_facilitator(program, supervisor=supervisor, cleared=cleared)
        Leave.objects.create(
            facilitator=made, from_on=date(2026, 1, 1), until_on=date(2026, 1, 5)
        )
    with django_assert_max_num_queries(12) as three:
        assert client.get(reverse(name)).status_code == 200
    assert len(three) == len(one)


def test_record_takes_as_many_queries_with_more_on_it(client, django_assert_max_num_queries):
    program = make_program()
    client.force_login(make_staff(program, Role.SUPERVISOR))
    facilitator = make_facilitator(program)
    address = reverse("facilitators:detail", args=[facilitator.pk])
    client.get(address)
    with django_assert_max_num_queries(12) as one:
        assert client.get(address).status_code == 200
    for requirement in make_requirements(program, 5):
        TrainingRecord.objects.create(
            facilitator=facilitator, requirement=requirement, completed_on=date(2025, 3, 1)
        )
    with django_assert_max_num_queries(12) as more:
        assert client.get(address).status_code == 200
    assert len(more) == len(one)
