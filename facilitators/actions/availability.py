"""The hours in which a facilitator can take groups, and days away."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from django.db import IntegrityError, transaction

from facilitators.models import Availability, Facilitator, Leave, Stage
from facilitators.signals import leave_changed
from phpsupport.audit.trail import record
from phpsupport.lib import clock, wording
from phpsupport.lib.errors import Refused
from phpsupport.lib.ranges import Weekday
from phpsupport.users.models import User

LONGEST_LEAVE = timedelta(days=366)


def _locked(facilitator: Facilitator) -> Facilitator:
    return (
        Facilitator.objects.select_for_update(of=("self",), no_key=True)
        .select_related("program__site", "user")
        .get(pk=facilitator.pk)
    )


@transaction.atomic
def set_availability(
    *,
    facilitator: Facilitator,
    hours: Iterable[tuple[int, time, time]],
    by: User,
    at: datetime,
) -> bool:
    """Replace the weekly hours by (weekday, from, until); none at all means no limits.

    True when something changed. Refuses hours that end before they start or overlap.
    """
    row = _locked(facilitator)
    wanted = sorted((Weekday(day), starts, ends) for day, starts, ends in hours)
    for day, starts, ends in wanted:
        if ends <= starts:
            raise Refused(f"{day.label}: the end must come after the start.", code="backwards")
    for (day, starts, ends), (next_day, next_starts, next_ends) in pairwise(wanted):
        if day == next_day and next_starts < ends:
            raise Refused(
                f"{day.label}: {wording.span(starts, ends)} and "
                f"{wording.span(next_starts, next_ends)} overlap. Join them into one.",
                code="overlap",
            )
    old = {(a.weekday, a.starts, a.ends): a for a in Availability.objects.filter(facilitator=row)}
    new = {(int(day), starts, ends) for day, starts, ends in wanted}
    gone = [a.pk for key, a in old.items() if key not in new]
    added = [
        Availability(facilitator=row, weekday=day, starts=starts, ends=ends)
        for day, starts, ends in sorted(new - old.keys())
    ]
    if not gone and not added:
        return False
    Availability.objects.filter(pk__in=gone).delete()
    Availability.objects.bulk_create(added)
    record(
        "facilitator.availability_set", by=by, at=at, obj=row, added=len(added), removed=len(gone)
    )
    return True


@transaction.atomic
def add_leave(
    *, facilitator: Facilitator, from_on: date, until_on: date, by: User, at: datetime
) -> Leave:
    """Days away, the last one included. No reason is asked. Overlapping leave is refused."""
    row = _locked(facilitator)
    if row.stage == Stage.ENDED:
        raise Refused("This person no longer works here, so there is no leave to record.")
    if until_on < from_on:
        raise Refused("The last day cannot be before the first.", field="until_on")
    if until_on - from_on > LONGEST_LEAVE:
        raise Refused(
            "Leave is recorded for a year at most. For longer, choose the stage “On leave”.",
            field="until_on",
        )
    if clash := _overlapping(row, from_on, until_on):
        raise clash
    try:
        with transaction.atomic():
            leave = Leave.objects.create(facilitator=row, from_on=from_on, until_on=until_on)
    except IntegrityError as fault:  # written at the same moment, past the lock
        raise (_overlapping(row, from_on, until_on) or fault) from fault
    record("leave.added", by=by, at=at, obj=leave, program_id=row.program_id)
    leave_changed.send(Leave, leave=leave, by=by, at=at)
    return leave


def _overlapping(facilitator: Facilitator, from_on: date, until_on: date) -> Refused | None:
    there = Leave.objects.filter(
        facilitator=facilitator, cancelled_at=None, from_on__lte=until_on, until_on__gte=from_on
    ).first()
    if there is None:
        return None
    days = f"from {wording.day(there.from_on, year=True)} through " + wording.day(
        there.until_on, year=True
    )
    if there.from_on == there.until_on:
        days = f"on {wording.day(there.from_on, year=True)}"
    return Refused(
        f"There is leave {days} already. Choose other days, or cancel that leave first.",
        field="from_on",
        code="overlap",
    )


@transaction.atomic
def cancel_leave(*, leave: Leave, by: User, at: datetime) -> Leave:
    """Cancel leave to come. Leave that has begun ends with yesterday; leave that is over stays."""
    row = (
        Leave.objects.select_for_update(of=("self",))
        .select_related("facilitator__program__site")
        .get(pk=leave.pk)
    )
    today = clock.local_date(at, row.facilitator.program.zone)
    if row.cancelled_at is not None:
        raise Refused("This leave was cancelled already.", code="same")
    if row.until_on < today:
        raise Refused("This leave is over; it stays on record.", code="over")
    if row.from_on < today:
        row.until_on = today - timedelta(days=1)
        row.save(update_fields=["until_on"])
    else:
        row.cancelled_at = at
        row.save(update_fields=["cancelled_at"])
    record("leave.cancelled", by=by, at=at, obj=row, program_id=row.facilitator.program_id)
    leave_changed.send(Leave, leave=row, by=by, at=at)
    return row
