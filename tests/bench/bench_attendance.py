"""The attendance of a group: beside one bulk insert of the same rows."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import transaction

from facilitators.models import Facilitator
from sessions.actions.attendance import Mark, mark_attendance
from sessions.models import Attendance
from tests import factories as make

TODAY = date(2026, 11, 23)


@pytest.mark.django_db
@pytest.mark.timeout(900)
def test_attendance_of_twelve(pair: Callable[..., float]) -> None:
    program = make.make_program()
    facilitator: Facilitator = make.make_facilitator(program)
    series = make.make_series(program, facilitator=facilitator, from_on=TODAY - timedelta(days=30))
    session = make.make_session(series, TODAY - timedelta(days=7))
    people = [make.make_participant(program) for _ in range(12)]
    for person in people:
        make.enroll(series, person)
    at = datetime(2026, 11, 23, 12, tzinfo=UTC)

    def ours() -> None:
        with transaction.atomic():
            mark_attendance(
                session=session, marks=[Mark(p.pk, "present") for p in people], version=0,
                by=facilitator.user, at=at,
            )  # fmt: skip
            transaction.set_rollback(True)

    def bulk() -> None:
        with transaction.atomic():
            Attendance.objects.bulk_create(
                [
                    Attendance(
                        program=program,
                        session=session,
                        participant=p,
                        status="present",
                        marked_at=at,
                    )
                    for p in people
                ]
            )
            transaction.set_rollback(True)

    pair("attendance of 12: locked, checked, versioned, in the trail ÷ bulk insert", ours, bulk)
