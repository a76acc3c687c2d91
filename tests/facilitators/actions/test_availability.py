"""Hours and days away."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time

import pytest
from django.db import IntegrityError, connection, transaction

from facilitators.actions.availability import add_leave, cancel_leave, set_availability
from facilitators.models import Availability, Leave, Stage
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.lib.errors import Refused
from tests.factories import make_facilitator, make_program, make_staff

NOON = datetime(2026, 3, 4, 17, tzinfo=UTC)


def leave(facilitator, first, last, *, at=NOON):
    return add_leave(
        facilitator=facilitator, from_on=first, until_on=last, by=facilitator.user, at=at
    )


@pytest.fixture
def facilitator(db):
    return make_facilitator(make_program())


def test_leave_that_shares_one_day_is_refused_by_name(facilitator):
    leave(facilitator, date(2026, 3, 9), date(2026, 3, 13))
    with pytest.raises(
        Refused, match="from Mon 9 Mar 2026 through Fri 13 Mar 2026 already"
    ) as refusal:
        leave(facilitator, date(2026, 3, 13), date(2026, 3, 20))
    assert refusal.value.field == "from_on"
    leave(facilitator, date(2026, 3, 14), date(2026, 3, 14))
    assert Leave.objects.count() == 2


def test_anothers_leave_and_cancelled_leave_do_not_matter(facilitator):
    other = make_facilitator(facilitator.program)
    leave(other, date(2026, 3, 9), date(2026, 3, 13))
    cancelled = leave(facilitator, date(2026, 3, 9), date(2026, 3, 13))
    cancel_leave(leave=cancelled, by=facilitator.user, at=NOON)
    leave(facilitator, date(2026, 3, 9), date(2026, 3, 13))
    assert Leave.objects.filter(facilitator=facilitator, cancelled_at=None).count() == 1


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        (date(2026, 3, 9), date(2026, 3, 8), "until_on"),
        (date(2026, 3, 9), date(9999, 12, 31), "until_on"),
    ],
)
def test_impossible_days_are_refused(facilitator, first, last, field):
    with pytest.raises(Refused) as refusal:
        leave(facilitator, first, last)
    assert refusal.value.field == field


def test_who_has_ended_takes_no_leave(facilitator):
    facilitator.stage = Stage.ENDED
    facilitator.save()
    with pytest.raises(Refused, match="no longer works here"):
        leave(facilitator, date(2026, 3, 9), date(2026, 3, 9))


def test_leave_to_come_is_cancelled_once(facilitator):
    row = leave(facilitator, date(2026, 3, 9), date(2026, 3, 13))
    assert cancel_leave(leave=row, by=facilitator.user, at=NOON).cancelled_at == NOON
    with pytest.raises(Refused, match="cancelled already"):
        cancel_leave(leave=row, by=facilitator.user, at=NOON)
    assert AuditEvent.objects.filter(action="leave.cancelled").count() == 1


def test_leave_that_has_begun_keeps_the_days_before(facilitator):
    row = leave(facilitator, date(2026, 3, 2), date(2026, 3, 6))
    after = cancel_leave(leave=row, by=facilitator.user, at=NOON)
    assert (after.cancelled_at, after.until_on) == (None, date(2026, 3, 3))
    with pytest.raises(Refused, match="over"):
        cancel_leave(leave=row, by=facilitator.user, at=NOON)


def test_past_midnight_in_utc_the_last_day_is_still_today(facilitator):
    row = leave(facilitator, date(2026, 3, 4), date(2026, 3, 4))
    late = datetime(2026, 3, 5, 2, tzinfo=UTC)  # 21:00 on the 4th in New York
    assert cancel_leave(leave=row, by=facilitator.user, at=late).cancelled_at == late


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_is_recorded_and_one_refused_in_words():
    facilitator = make_facilitator(make_program())

    def attempt(_):
        try:
            leave(facilitator, date(2026, 3, 9), date(2026, 3, 13))
        except Refused as refusal:
            return refusal.code
        finally:
            connection.close()
        return "recorded"

    with ThreadPoolExecutor(6) as pool:
        said = sorted(pool.map(attempt, range(6)))
    assert said == ["overlap"] * 5 + ["recorded"]
    assert Leave.objects.count() == 1


def test_the_database_is_the_last_guard(facilitator):
    leave(facilitator, date(2026, 3, 9), date(2026, 3, 13))
    with pytest.raises(IntegrityError, match="leave_once_at_a_time"), transaction.atomic():
        Leave.objects.create(
            facilitator=facilitator, from_on=date(2026, 3, 13), until_on=date(2026, 3, 13)
        )


# --- hours ----------------------------------------------------------------------------------------
def hours(facilitator, *spans):
    return set_availability(facilitator=facilitator, hours=spans, by=facilitator.user, at=NOON)


def test_hours_are_replaced_and_saying_them_again_changes_nothing(facilitator):
    morning, noon = (0, time(9), time(12)), (0, time(12), time(15))
    assert hours(facilitator, morning, noon)
    kept = Availability.objects.get(starts=time(9)).pk
    assert not hours(facilitator, noon, morning)
    assert hours(facilitator, morning)
    assert [row.pk for row in Availability.objects.all()] == [kept]
    assert hours(facilitator)
    assert not Availability.objects.exists()
    assert AuditEvent.objects.filter(action="facilitator.availability_set").count() == 3


@pytest.mark.parametrize(
    "spans",
    [
        [(0, time(12), time(9))],
        [(0, time(9), time(9))],
        [(1, time(9), time(12)), (1, time(11, 59), time(13))],
    ],
)
def test_hours_that_cannot_be_are_refused(facilitator, spans):
    with pytest.raises(Refused):
        hours(facilitator, *spans)
    assert not Availability.objects.exists()


def test_a_scheduler_may_set_them_too(facilitator):
    scheduler = make_staff(facilitator.program, Role.SCHEDULER)
    assert set_availability(
        facilitator=facilitator, hours=[(4, time(17), time(20))], by=scheduler, at=NOON
    )
    assert AuditEvent.objects.get(action="facilitator.availability_set").actor_id == scheduler.pk
