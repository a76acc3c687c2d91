"""Where no supervisor is at work, a call for support can be read by the program lead."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from django.urls import reverse

from facilitators.actions.check_ins import answer_check_in
from facilitators.models import CheckIn
from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.outbox.models import OutboxMessage
from tests.factories import make_facilitator, make_program, make_staff

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 3, 16, tzinfo=UTC)


def asks_for_support(facilitator):
    check_in = CheckIn.objects.create(
        facilitator=facilitator, due_on=date(2026, 3, 2), asked_at=NOW
    )
    return answer_check_in(
        check_in=check_in, by=facilitator.user, at=NOW, workload=3, wants_support=True
    )


@pytest.mark.parametrize("had_one", [False, True])
@time_machine.travel(NOW, tick=False)
def test_the_lead_who_is_told_can_read_it(client, had_one):
    program = make_program()
    lead, gone = make_staff(program, Role.PROGRAM_LEAD), make_staff(program, Role.SUPERVISOR)
    RoleAssignment.objects.filter(user=gone).update(ends_on=date(2026, 3, 1))
    check_in = asks_for_support(make_facilitator(program, supervisor=gone if had_one else None))
    assert set(OutboxMessage.objects.values_list("recipient_id", flat=True)) == {lead.pk}
    client.force_login(lead)
    page = client.get(reverse("facilitators:check-in-answer", args=[check_in.pk]))
    assert page.status_code == 200


@time_machine.travel(NOW, tick=False)
def test_with_a_supervisor_at_work_it_stays_between_the_two():
    program = make_program()
    lead, supervisor = (make_staff(program, r) for r in (Role.PROGRAM_LEAD, Role.SUPERVISOR))
    elsewhere = make_staff(make_program(), Role.PROGRAM_LEAD)
    check_in = asks_for_support(make_facilitator(program, supervisor=supervisor))
    alone = asks_for_support(make_facilitator(program))
    assert list(CheckIn.objects.visible_to(supervisor)) == [check_in]
    assert list(CheckIn.objects.visible_to(lead)) == [alone]
    assert not CheckIn.objects.visible_to(elsewhere).exists()
