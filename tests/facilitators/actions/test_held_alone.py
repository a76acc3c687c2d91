"""Who waited for a row sees it as it is then, with whoever came to stand in it meanwhile."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Event
from time import sleep

import pytest
from django.db import connection, transaction

from facilitators.actions import concerns
from facilitators.actions.training import record_training, verify_training
from phpsupport.access.roles import Role
from phpsupport.lib.errors import Refused
from tests.factories import make_facilitator, make_program, make_requirements, make_staff

pytestmark = pytest.mark.django_db(transaction=True)
NOON = datetime(2026, 3, 4, 17, tzinfo=UTC)


def one_waits_for_the_other(first: Callable[[], object], second: Callable[[], object]) -> str:
    """`first` holds its rows until `second` waits for them; what `second` was told then."""
    held = Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                first()
                held.set()
                _until_somebody_waits()
        finally:
            held.set()
            connection.close()

    def wait() -> str:
        held.wait(20)
        try:
            second()
        except Refused as refusal:
            return refusal.sentence
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(2) as pool:
        holding, told = pool.submit(hold), pool.submit(wait)
        holding.result()
        return told.result()


def _until_somebody_waits() -> None:
    for _ in range(1000):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks"
                " WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            if cursor.fetchone()[0]:
                return
        sleep(0.02)
    raise AssertionError("nobody waits")


def test_a_training_that_was_verified_meanwhile() -> None:
    program = make_program()
    ruth = make_staff(program, Role.SUPERVISOR, first_name="Ruth", last_name="Adeyemi")
    other = make_staff(program, Role.SUPERVISOR)
    training = record_training(
        facilitator=make_facilitator(program, cleared=False),
        requirement=make_requirements(program, 1)[0],
        completed_on=NOON.date(),
        by=other,
        at=NOON,
    )
    told = one_waits_for_the_other(
        lambda: verify_training(training=training, by=ruth, at=NOON),
        lambda: verify_training(training=training, by=other, at=NOON),
    )
    assert told == "Ruth Adeyemi verified this training on Wed 4 Mar already."


def test_a_concern_that_was_handed_over_meanwhile() -> None:
    program = make_program()
    maya = make_staff(program, Role.SUPERVISOR, first_name="Maya")
    tom = make_staff(program, Role.SUPERVISOR, first_name="Tom", last_name="Hill")
    lead = make_staff(program, Role.PROGRAM_LEAD)
    about = {"concern_class": "crossing", "category": "financial"}
    concern = concerns.report_concern(
        program=program, facilitator=make_facilitator(program, supervisor=maya),
        narrative="Lent somebody ten dollars.", by=tom, at=NOON, **about,
    )  # fmt: skip
    concerns.triage_concern(concern=concern, by=lead, at=NOON, severity=2, reviewer=maya, **about)
    told = one_waits_for_the_other(
        lambda: concerns.hand_over_concern(concern=concern, by=lead, at=NOON, reviewer=tom),
        lambda: concerns.start_review(concern=concern, by=maya, at=NOON),
    )
    assert told == "This is for Tom Hill, who reviews it. Hand it over if that must change."
