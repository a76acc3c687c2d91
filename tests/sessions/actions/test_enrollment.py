"""Places, the cap, the waitlist and what a discharge ends."""

from datetime import UTC, date, datetime

import pytest

from participants.models import EpisodeOfCare
from participants.signals import episode_discharged
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import PolicyProfile
from sessions.actions.enrollment import (
    Filled,
    enroll,
    enroll_in_several,
    leave_series,
    leave_waitlist,
    promote_waiting,
)
from sessions.models import Enrollment, WaitlistEntry, WaitOutcome
from tests.factories import (
    make_group,
    make_participant,
    make_program,
    make_series,
    make_staff,
)

AT = datetime(2026, 3, 2, 15, tzinfo=UTC)
MARCH = date(2026, 3, 2)
pytestmark = pytest.mark.django_db


class World:
    def __init__(self):
        self.program = make_program()
        self.by = make_staff(self.program, Role.SCHEDULER)
        self.series = make_series(self.program, capacity=1)

    def rules(self, **rules):
        PolicyProfile.objects.create(
            program=self.program, effective_from=date(2026, 1, 1), rules=rules, set_at=AT
        )

    def person(self, **fields):
        return make_participant(self.program, **fields)

    def enroll(self, person=None, *, from_on=MARCH, until_on=None, series=None, at=AT):
        return enroll(
            series=series or self.series, participant=person or self.person(), from_on=from_on,
            until_on=until_on, by=self.by, at=at,
        )  # fmt: skip


@pytest.fixture
def world(db):
    return World()


@pytest.fixture
def by_itself(world):
    """A program that keeps no place: a free one goes to the first in line by itself."""
    world.rules(offer_hours=0)
    return world


def test_a_place_belongs_to_the_stay(world):
    person = world.person()
    placed = world.enroll(person)
    assert placed.enrollment.episode == person.episodes.get()
    assert placed.waiting is None
    assert AuditEvent.objects.filter(action="enrollment.created").count() == 1


def test_beyond_the_cap_people_wait_in_order_and_are_told(world):
    world.enroll()
    first, second = world.enroll(), world.enroll()
    assert [p.waiting.position for p in (first, second)] == [1, 2]
    assert "next in line" in first.sentence
    assert "number 2 in line" in second.sentence


def test_a_wish_that_fits_before_it_is_full_gets_a_place(world):
    world.enroll(from_on=date(2026, 4, 1))
    assert world.enroll(until_on=date(2026, 3, 31)).enrollment
    late = world.enroll(from_on=date(2026, 3, 10), until_on=date(2026, 4, 2))
    assert late.waiting


def test_a_second_click_changes_nothing_and_other_days_are_refused(world):
    person = world.person()
    first, again = world.enroll(person), world.enroll(person)
    assert again.enrollment == first.enrollment
    with pytest.raises(Refused, match="has a place in"):
        world.enroll(person, until_on=date(2026, 5, 1))
    waits = world.person()
    first, again = world.enroll(waits), world.enroll(waits)
    assert again.waiting == first.waiting
    assert "waits in line already" in again.sentence
    with pytest.raises(Refused, match="is waiting for"):
        world.enroll(waits, until_on=date(2026, 5, 1))
    assert (Enrollment.objects.count(), WaitlistEntry.objects.count()) == (1, 1)
    assert AuditEvent.objects.filter(action="enrollment.created").count() == 1


def test_no_open_stay_is_refused(world):
    with pytest.raises(Refused, match="no open stay"):
        world.enroll(world.person(admitted=False))
    gone = world.person()
    EpisodeOfCare.objects.filter(participant=gone).update(discharged_on=date(2026, 2, 27))
    with pytest.raises(Refused, match="no open stay"):
        world.enroll(gone)
    with pytest.raises(Refused, match="stay begins on Mon 9 Mar 2026"):
        world.enroll(world.person(admitted_on=date(2026, 3, 9)))
    elsewhere = make_participant(make_program())
    with pytest.raises(Refused, match="no open stay"):
        world.enroll(elsewhere)


def test_a_place_ends_with_a_known_discharge(world):
    person = world.person()
    EpisodeOfCare.objects.filter(participant=person).update(discharged_on=date(2026, 3, 20))
    assert world.enroll(person).enrollment.until_on == date(2026, 3, 20)


def test_an_alumni_group_takes_those_who_were_here(world):
    alumni = make_series(world.program, group=make_group(world.program, kind="alumni"))
    gone = world.person()
    EpisodeOfCare.objects.filter(participant=gone).update(discharged_on=date(2026, 2, 27))
    assert world.enroll(gone, series=alumni).enrollment.episode is None
    with pytest.raises(Refused, match="took part in the program"):
        world.enroll(world.person(admitted=False), series=alumni)


def test_a_series_that_ended_is_refused(world):
    with pytest.raises(Refused, match="ended on Thu 31 Dec 2026"):
        world.enroll(from_on=date(2027, 1, 1))


# --- moving up --------------------------------------------------------------------------------------
def test_a_free_place_goes_to_the_first_in_line(world, by_itself):
    place = world.enroll().enrollment
    first, second = world.person(), world.person()
    world.enroll(first)
    world.enroll(second)
    moved_up = leave_series(enrollment=place, last_on=date(2026, 3, 9), by=world.by, at=AT)
    assert [(p.participant, p.from_on) for p in moved_up.places] == [(first, date(2026, 3, 10))]
    assert list(WaitlistEntry.objects.values_list("outcome", flat=True)) == ["enrolled", "waiting"]
    assert AuditEvent.objects.filter(action="enrollment.promoted").count() == 1


def test_the_first_whose_wish_fits_moves_up(world, by_itself):
    place = world.enroll(until_on=None).enrollment
    world.enroll(from_on=date(2026, 6, 1))
    early, summer = world.person(), world.person()
    world.enroll(summer)  # wants to stay to the end: full again in June
    world.enroll(early, until_on=date(2026, 4, 30))
    moved_up = leave_series(enrollment=place, last_on=date(2026, 3, 9), by=world.by, at=AT)
    # The one who asked for June stands first and takes it; then only the short wish fits.
    assert [p.participant for p in moved_up.places][1:] == [early]


def test_whoever_waits_comes_before_a_newcomer(world, by_itself):
    place = world.enroll().enrollment
    waits = world.person()
    world.enroll(waits)
    Enrollment.objects.filter(pk=place.pk).update(until_on=date(2026, 3, 9))
    newcomer = world.enroll(from_on=date(2026, 3, 10))
    assert newcomer.waiting
    assert Enrollment.objects.get(participant=waits).from_on == date(2026, 3, 10)


def test_who_was_discharged_meanwhile_is_passed_over(world, by_itself):
    place = world.enroll().enrollment
    gone, stays = world.person(), world.person()
    world.enroll(gone)
    world.enroll(stays)
    EpisodeOfCare.objects.filter(participant=gone).update(discharged_on=date(2026, 3, 2))
    at = datetime(2026, 3, 10, 15, tzinfo=UTC)
    moved_up = leave_series(enrollment=place, last_on=date(2026, 3, 9), by=world.by, at=at)
    assert [p.participant for p in moved_up.places] == [stays]
    assert WaitlistEntry.objects.get(participant=gone).outcome == WaitOutcome.LEFT


def test_a_place_that_never_began_is_taken_back(world):
    place = world.enroll(from_on=date(2026, 3, 20)).enrollment
    leave_series(enrollment=place, last_on=date(2026, 3, 9), by=world.by, at=AT)
    assert not Enrollment.objects.exists()


def test_ending_twice_changes_nothing_and_later_is_refused(world):
    place = world.enroll().enrollment
    for _ in range(2):
        leave_series(enrollment=place, last_on=date(2026, 3, 9), by=world.by, at=AT)
    assert AuditEvent.objects.filter(action="enrollment.ended").count() == 1
    with pytest.raises(Refused, match="ends on Mon 9 Mar 2026 already"):
        leave_series(enrollment=place, last_on=date(2026, 3, 12), by=world.by, at=AT)


def test_leaving_the_line(world):
    world.enroll()
    entry = world.enroll().waiting
    leave_waitlist(entry=entry, by=world.by, at=AT)
    leave_waitlist(entry=entry, by=world.by, at=AT)
    assert promote_waiting(series=world.series, by=world.by, at=AT) == Filled()
    assert AuditEvent.objects.filter(action="waitlist.left").count() == 1


# --- several, and discharge -------------------------------------------------------------------------
def test_several_at_once_are_all_or_none(world):
    person, other = world.person(), make_series(world.program)
    world.enroll(person, series=other, until_on=date(2026, 6, 1))
    with pytest.raises(Refused, match="has a place in .* already"):
        enroll_in_several(
            series=[world.series, other], participant=person, from_on=MARCH, by=world.by, at=AT
        )
    assert not Enrollment.objects.filter(series=world.series).exists()
    third = make_series(world.program)
    placed = enroll_in_several(
        series=[world.series, third], participant=person, from_on=MARCH, by=world.by, at=AT
    )
    assert len(placed) == 2
    with pytest.raises(Refused, match="at least one group"):
        enroll_in_several(series=[], participant=person, from_on=MARCH, by=world.by, at=AT)


def test_a_discharge_ends_places_after_the_day_and_frees_them(world, by_itself):
    person, waits = world.person(), world.person()
    place = world.enroll(person).enrollment
    world.enroll(waits)
    full = make_series(world.program, capacity=1)
    world.enroll(series=full)
    waiting = world.enroll(person, series=full).waiting
    future = world.enroll(
        person, series=make_series(world.program), from_on=date(2026, 5, 1)
    ).enrollment
    episode = person.episodes.get()
    episode.discharged_on = date(2026, 3, 6)
    episode.save()
    episode_discharged.send(EpisodeOfCare, episode=episode, on=date(2026, 3, 6), by=world.by, at=AT)
    place.refresh_from_db()
    waiting.refresh_from_db()
    assert place.until_on == date(2026, 3, 6)
    assert waiting.outcome == WaitOutcome.LEFT
    assert not Enrollment.objects.filter(pk=future.pk).exists()
    assert Enrollment.objects.get(participant=waits).from_on == date(2026, 3, 7)


def test_a_discharge_leaves_the_alumni_group(world):
    alumni = make_series(world.program, group=make_group(world.program, kind="alumni"))
    person = world.person(admitted_on=date(2026, 3, 4))
    EpisodeOfCare.objects.create(
        participant=person, program=world.program, admitted_on=date(2025, 3, 2),
        discharged_on=date(2025, 3, 20),
    )
    place = world.enroll(person, series=alumni).enrollment  # two days before coming back
    episode_discharged.send(
        EpisodeOfCare, episode=person.episodes.get(discharged_on=None), on=date(2026, 3, 6), by=world.by, at=AT
    )
    place.refresh_from_db()
    assert place.until_on is None
