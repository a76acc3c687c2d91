"""Which participants come with a roster."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from participants.models import EpisodeOfCare, Goal, Participant
from phpsupport.access.roles import Role
from phpsupport.lib import clock
from phpsupport.users.models import User
from sessions.models import Attendance, Enrollment, SeriesFacilitator, Status
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


# --- the days of who leads ------------------------------------------------------------------------
FIRST = date(2026, 4, 6)  # a Monday, from which on somebody else leads


def who_sees(series, person):  # type: ignore[no-untyped-def]
    """Of what of a person in the group each of those who lead it sees something."""

    def seen(user) -> set[str]:  # type: ignore[no-untyped-def]
        user = User.objects.get(pk=user.pk)
        found = {
            "person": Participant.objects.filter(pk=person.pk),
            "stay": EpisodeOfCare.objects.filter(participant=person),
            "goal": Goal.objects.filter(participant=person),
            "place": Enrollment.objects.filter(series=series),
        }
        return {name for name, rows in found.items() if rows.visible_to(user).exists()}

    return {
        row.facilitator.user.first_name: seen(row.facilitator.user)
        for row in series.assignments.all()
    }


@pytest.mark.parametrize(
    ("day", "ana", "bea"),
    [
        (FIRST - timedelta(days=36), True, False),
        (FIRST - timedelta(days=15), True, False),
        (FIRST - timedelta(days=14), True, True),
        (FIRST - timedelta(days=1), True, True),
        (FIRST, False, True),
    ],
)
def test_a_roster_is_seen_on_the_days_of_who_leads(day: date, ana: bool, bea: bool) -> None:
    """From two weeks before the first day to the last, by the clock at the site."""
    program = make.make_program()
    series = make.make_series(program, facilitator=make.make_facilitator(program, first_name="Ana"))
    series.assignments.update(until_on=FIRST - timedelta(days=1))
    SeriesFacilitator.objects.create(
        series=series, facilitator=make.make_facilitator(program, first_name="Bea"), from_on=FIRST
    )
    make.make_session(series, date(2026, 1, 5)).assignments.filter(
        facilitator__user__first_name="Bea"
    ).delete()
    person = make.make_participant(program)
    make.make_goal(person, make.make_staff(program, Role.CLINICIAN))
    make.enroll(series, person)
    everything = {"person", "stay", "goal", "place"}
    # Late in the evening at the site, where the next day has begun in UTC.
    with time_machine.travel(datetime.combine(day, time(23), ZoneInfo(program.zone)), tick=False):
        assert who_sees(series, person) == {
            "Ana": everything if ana else set(),
            "Bea": everything if bea else set(),
        }


def test_nor_does_a_supervisor_see_the_roster_of_whom_the_series_is_no_more() -> None:
    program = make.make_program()
    supervisor = make.make_staff(program, Role.SUPERVISOR)
    series = make.make_series(
        program, facilitator=make.make_facilitator(program, supervisor=supervisor)
    )
    person = make.make_participant(program)
    make.enroll(series, person)
    today = clock.local_date(clock.now(), program.zone)
    for last, seen in ((None, True), (today, True), (today - timedelta(days=1), False)):
        series.assignments.update(until_on=last)
        supervisor.__dict__.pop("_scope", None)
        assert Participant.objects.visible_to(supervisor).exists() is seen
