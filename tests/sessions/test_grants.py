"""Which participants come with a roster."""

from datetime import date, timedelta

import pytest

from participants.models import EpisodeOfCare, Participant
from phpsupport.lib import clock
from sessions.models import Attendance, Status
from tests import factories as make

pytestmark = pytest.mark.django_db


def test_who_left_before_a_facilitator_came_is_none_of_theirs() -> None:
    program = make.make_program()
    today = clock.local_date(clock.now(), program.zone)
    newcomer = make.make_facilitator(program)
    series = make.make_series(program, facilitator=newcomer, from_on=date(2026, 1, 5))
    gone, here, coming = (make.make_participant(program) for _ in range(3))
    make.enroll(series, gone, until_on=today - timedelta(days=3))
    make.enroll(series, here, until_on=today)
    make.enroll(series, coming, from_on=today + timedelta(days=9))
    seen = Participant.objects.visible_to(newcomer.user)
    assert set(seen) == {here, coming}
    assert not EpisodeOfCare.objects.visible_to(newcomer.user).filter(participant=gone).exists()
    # Who came to a session that they led stays in sight, for the note and its addendum.
    session = make.make_session(series, today - timedelta(days=7))
    Attendance.objects.create(
        program=program,
        session=session,
        participant=gone,
        status=Status.PRESENT,
        marked_at=clock.now(),
    )
    newcomer.user.__dict__.pop("_scope", None)
    assert gone in Participant.objects.visible_to(newcomer.user)
