"""A supervisor allows it all the same."""

from datetime import UTC, date, datetime

import pytest

from facilitators.actions.clearance import give_clearance_override, withdraw_clearance_override
from facilitators.models import ClearanceOverride, Stage
from facilitators.queries.clearance import clearances
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.lib.errors import Refused
from tests.factories import make_facilitator, make_program, make_staff

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 4, 17, tzinfo=UTC)
TODAY = date(2026, 3, 4)
SUNDAY = date(2026, 3, 8)


@pytest.fixture
def facilitator():
    return make_facilitator(make_program(), cleared=False)


@pytest.fixture
def supervisor(facilitator):
    return make_staff(facilitator.program, Role.SUPERVISOR)


def allow(facilitator, by, **more):
    facts = {"from_on": TODAY, "until_on": SUNDAY, "reason": "Retakes it on Friday"}
    return give_clearance_override(facilitator=facilitator, by=by, at=NOON, **{**facts, **more})


def cleared_on(facilitator, *days):
    found = clearances([facilitator.pk], days)
    return [found[facilitator.pk, day].cleared for day in days]


def test_it_counts_from_the_first_through_the_last_day(facilitator, supervisor):
    allow(facilitator, supervisor)
    days = (date(2026, 3, 3), TODAY, SUNDAY, date(2026, 3, 9))
    assert cleared_on(facilitator, *days) == [False, True, True, False]
    assert AuditEvent.objects.filter(action="clearance.override_given").count() == 1


def test_a_second_click_is_refused(facilitator, supervisor):
    allow(facilitator, supervisor)
    with pytest.raises(Refused, match="already") as refusal:
        allow(facilitator, supervisor)
    assert refusal.value.code == "overlap"
    assert ClearanceOverride.objects.count() == 1


def test_nobody_decides_about_themselves(facilitator, supervisor):
    with pytest.raises(Refused, match="their own clearance"):
        allow(facilitator, facilitator.user)
    row = allow(facilitator, supervisor)
    with pytest.raises(Refused, match="their own clearance"):
        withdraw_clearance_override(override=row, by=facilitator.user, at=NOON)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"reason": " \n"}, "reason"),
        ({"from_on": date(2026, 3, 3)}, "from_on"),
        ({"until_on": date(2026, 3, 3)}, "until_on"),
        ({"until_on": date(9999, 12, 31)}, "until_on"),
    ],
)
def test_without_reason_or_with_impossible_days_it_is_refused(facilitator, supervisor, more, field):
    with pytest.raises(Refused) as refusal:
        allow(facilitator, supervisor, **more)
    assert refusal.value.field == field


def test_who_has_ended_cannot_be_allowed(facilitator, supervisor):
    facilitator.stage = Stage.ENDED
    facilitator.save()
    with pytest.raises(Refused, match="no longer works here"):
        allow(facilitator, supervisor)


def test_withdrawing_keeps_the_days_before(facilitator, supervisor):
    row = allow(facilitator, supervisor)
    friday = datetime(2026, 3, 7, 2, tzinfo=UTC)  # 21:00 on Friday the 6th in New York
    withdraw_clearance_override(override=row, by=supervisor, at=friday)
    days = (date(2026, 3, 5), date(2026, 3, 6), date(2026, 3, 7))
    assert cleared_on(facilitator, *days) == [True, False, False]
    with pytest.raises(Refused, match="withdrawn already"):
        withdraw_clearance_override(override=row, by=supervisor, at=friday)


def test_what_is_over_stays(facilitator, supervisor):
    row = allow(facilitator, supervisor)
    with pytest.raises(Refused, match="over"):
        withdraw_clearance_override(
            override=row, by=supervisor, at=datetime(2026, 3, 10, tzinfo=UTC)
        )
