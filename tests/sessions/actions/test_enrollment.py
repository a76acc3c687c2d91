"""Places, the cap, the waitlist and what a discharge ends."""

from datetime import UTC, date, datetime, time

import pytest

from facilitators.models import ConflictOfInterest
from participants.models import EpisodeOfCare
from participants.signals import episode_discharged
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import PolicyProfile
from sessions.actions.enrollment import Doubtful, enroll, enroll_in_several, enroll_several
from sessions.actions.leaving import leave_series, leave_waitlist, plan_leaving
from sessions.actions.offers import Filled, promote_waiting
from sessions.models import (
    Enrollment,
    RuleOverride,
    SupportGroup,
    WaitlistEntry,
    WaitOutcome,
)
from sessions.queries.placing import judge
from tests.factories import enroll as factory_enroll
from tests.factories import (
    make_facilitator,
    make_group,
    make_participant,
    make_program,
    make_series,
    make_session,
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
    with pytest.raises(Refused, match=r"has a place in .* already"):
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
        participant=person,
        program=world.program,
        admitted_on=date(2025, 3, 2),
        discharged_on=date(2025, 3, 20),
    )
    place = world.enroll(person, series=alumni).enrollment  # two days before coming back
    episode_discharged.send(
        EpisodeOfCare,
        episode=person.episodes.get(discharged_on=None),
        on=date(2026, 3, 6),
        by=world.by,
        at=AT,
    )
    place.refresh_from_db()
    assert place.until_on is None


# --- what speaks against it -------------------------------------------------------------------------
def overlapping(world, n=2, **more):
    """Series that meet at the same hour on one day."""
    found = []
    for _ in range(n):
        series = make_series(world.program, **more)
        make_session(series, date(2026, 3, 9))
        found.append(series)
    return found


def both(world, person, series, **more):
    return enroll_in_several(
        series=series, participant=person, from_on=MARCH, by=world.by, at=AT, **more
    )


def test_two_groups_at_one_time_ask_for_a_yes(world):
    person, series = world.person(), overlapping(world)
    with pytest.raises(Doubtful, match="meet at the same time: Mon 9 Mar, 10:00–10:50") as no:
        both(world, person, series)
    assert [bool(v.doubts) for v in no.value.verdicts] == [False, True]
    assert not Enrollment.objects.exists()
    assert len(both(world, person, series, accept=True)) == 2


def test_groups_that_meet_at_one_time_only_weeks_later_are_told_as_well(world):
    person = world.person()
    first, second = overlapping(world, until_on=date(2026, 12, 31))
    for series in (first, second):
        make_session(series, date(2026, 7, 6))
        series.sessions.filter(local_date=date(2026, 3, 9)).delete()
    world.enroll(person, series=first)
    with pytest.raises(Doubtful, match="meet at the same time: Mon 6 Jul"):
        world.enroll(person, series=second)
    # A place that is over by then is not in the way.
    assert world.enroll(person, series=second, until_on=date(2026, 7, 5)).enrollment


def test_a_program_may_block_or_ignore_two_groups_at_one_time(world):
    person, series = world.person(), overlapping(world)
    world.rules(rule_participant="block")
    with pytest.raises(Doubtful, match="meet at the same time"):
        both(world, person, series, accept=True)
    PolicyProfile.objects.update(rules={"rule_participant": "ignore"})
    assert len(both(world, person, series)) == 2


def test_a_place_that_ended_or_a_planned_leaving_is_not_in_the_way(world):
    person = world.person()
    early, late = (
        make_series(world.program, starts=time(12, 0), ends=time(13, 30)),
        make_series(world.program, starts=time(13, 0), ends=time(13, 50)),
    )
    for series in (early, late):
        make_session(series, date(2026, 3, 9))
    world.enroll(person, series=early, until_on=date(2026, 3, 6))
    assert world.enroll(person, series=late).enrollment
    Enrollment.objects.all().delete()
    enroll(
        series=early, participant=person, from_on=MARCH, leaves_at=time(12, 50), by=world.by, at=AT
    )
    assert world.enroll(person, series=late).enrollment
    Enrollment.objects.all().delete()
    world.enroll(person, series=early)
    with pytest.raises(Doubtful, match="meet at the same time: Mon 9 Mar, 13:00–13:30"):
        world.enroll(person, series=late)


def test_a_group_of_another_program_is_told_without_its_name(world):
    person, other = world.person(), make_program(site=world.program.site)
    elsewhere = make_series(other, group=make_group(other, "Secret Circle"))
    make_session(elsewhere, date(2026, 3, 9))
    EpisodeOfCare.objects.filter(participant=person).update(program=other)
    factory_enroll(elsewhere, person)
    EpisodeOfCare.objects.filter(participant=person).update(program=world.program)
    (here,) = overlapping(world, 1)
    with pytest.raises(Doubtful, match="a group of another program and Group") as no:
        world.enroll(person, series=here)
    assert "Secret" not in str(no.value)


def keep_apart(world, person, series=None):
    dana = make_facilitator(world.program, first_name="Dana")
    (series or world.series).assignments.create(facilitator=dana)
    ConflictOfInterest.objects.create(
        program=world.program, facilitator=dana, participant=person, relation="sponsor",
        declared_by=dana.user, declared_at=AT,
    )  # fmt: skip


def test_two_who_are_kept_apart_are_refused_without_the_relation(world):
    person = world.person(first_name="Bea", last_name="Katz")
    keep_apart(world, person)
    with pytest.raises(Doubtful, match=r"Bea K\. and somebody who leads .* are kept apart\.") as no:
        enroll(
            series=world.series, participant=person, from_on=MARCH, accept=True,
            override_reason="They agreed.", by=world.by, at=AT,
        )  # fmt: skip
    said = str(no.value)
    assert "Choose another group, or ask a program lead." in said
    assert not any(word in said.lower() for word in ("sponsor", "dana", "katz"))
    assert world.enroll(world.person()).enrollment


def test_somebody_who_stands_in_for_a_session_counts_as_well(world):
    person = world.person()
    dana = make_facilitator(world.program)
    session = make_session(world.series, date(2026, 3, 9))
    session.assignments.create(
        facilitator=dana, person=dana.user, part="co", starts_at=session.starts_at,
        ends_at=session.ends_at,
    )  # fmt: skip
    ConflictOfInterest.objects.create(
        program=world.program, facilitator=dana, participant=person, relation="kin",
        declared_by=dana.user, declared_at=AT,
    )  # fmt: skip
    with pytest.raises(Doubtful, match="kept apart"):
        world.enroll(person)


def test_whom_the_program_lets_sets_it_aside_with_a_reason(world):
    person = world.person()
    keep_apart(world, person)
    session = make_session(world.series, date(2026, 3, 9))
    past = make_session(world.series, date(2026, 2, 23))
    lead = make_staff(world.program, Role.PROGRAM_LEAD)
    asked = {"series": world.series, "participant": person, "from_on": MARCH, "at": AT, "by": lead}
    with pytest.raises(Doubtful, match="Say why it is right all the same"):
        enroll(**asked)
    assert enroll(**asked, override_reason="Both asked for it.").enrollment
    kept = RuleOverride.objects.get()
    assert (kept.session, kept.rule, kept.reason) == (
        session,
        "rule_interest",
        "Both asked for it.",
    )
    assert kept.session != past
    event = AuditEvent.objects.get(action="enrollment.overridden")
    assert "asked" not in str(event.detail)


def test_nobody_waits_in_line_against_a_rule(world):
    person = world.person()
    world.enroll()
    keep_apart(world, person)
    lead = make_staff(world.program, Role.PROGRAM_LEAD)
    with pytest.raises(Doubtful, match="The group is full as well"):
        enroll(
            series=world.series, participant=person, from_on=MARCH, by=lead, at=AT,
            override_reason="Both asked for it.",
        )  # fmt: skip
    assert not WaitlistEntry.objects.exists()


def test_a_program_may_warn_of_it_or_let_it_be(world):
    person = world.person()
    keep_apart(world, person)
    world.rules(rule_interest="warn")
    with pytest.raises(Doubtful, match="or confirm that this is how it should be"):
        world.enroll(person)
    PolicyProfile.objects.update(rules={"rule_interest": "ignore"})
    assert world.enroll(person).enrollment


# --- several people, groups that are over, alumni, leaving early --------------------------------------
def test_several_people_fill_the_places_in_their_order_and_the_others_wait(world):
    people = [world.person() for _ in range(3)]
    asked = {
        "series": world.series, "participants": people, "from_on": MARCH, "by": world.by, "at": AT,
    }  # fmt: skip
    placed = enroll_several(**asked)
    assert [p.participant for p in placed] == people
    assert [bool(p.enrollment) for p in placed] == [True, False, False]
    assert [p.waiting.position for p in placed[1:]] == [1, 2]
    assert [p.sentence.endswith(w) for p, w in zip(placed[1:], (
        "next in line.", "number 2 in line."
    ), strict=True)] == [True, True]  # fmt: skip
    again = enroll_several(**asked)
    assert [p.enrollment or p.waiting for p in again] == [p.enrollment or p.waiting for p in placed]
    assert (Enrollment.objects.count(), WaitlistEntry.objects.count()) == (1, 2)


def test_several_people_are_all_or_none(world):
    here, gone = world.person(), world.person(first_name="Bea", last_name="Katz")
    EpisodeOfCare.objects.filter(participant=gone).update(discharged_on=date(2026, 2, 27))
    with pytest.raises(Doubtful, match=r"Bea K\.: This person has no open stay"):
        enroll_several(
            series=world.series, participants=[here, gone], from_on=MARCH, by=world.by, at=AT
        )
    assert not Enrollment.objects.exists()
    with pytest.raises(Refused, match="at least one person"):
        enroll_several(series=world.series, participants=[], from_on=MARCH, by=world.by, at=AT)


def test_a_group_that_is_no_longer_offered_takes_nobody(world):
    SupportGroup.objects.update(retired_on=MARCH)
    with pytest.raises(Refused, match="no longer offered"):
        world.enroll()
    SupportGroup.objects.update(retired_on=date(2026, 3, 3))
    assert world.enroll().enrollment


def test_a_sealed_chart_is_refused(world):
    with pytest.raises(Refused, match="chart is closed"):
        world.enroll(world.person(sealed_at=AT))


def test_an_alumni_group_is_apart_from_those_of_the_program(world):
    alumni = make_series(world.program, group=make_group(world.program, kind="alumni"))
    here = world.person()
    with pytest.raises(Refused, match="for people who finished"):
        world.enroll(here, series=alumni)
    world.rules(alumni_mixed="warn")
    with pytest.raises(Doubtful, match="have an open stay; this is an alumni group"):
        world.enroll(here, series=alumni)
    PolicyProfile.objects.update(rules={"alumni_mixed": "ignore"})
    assert world.enroll(here, series=alumni).enrollment
    gone = world.person()
    EpisodeOfCare.objects.filter(participant=gone).update(discharged_on=date(2026, 2, 27))
    with pytest.raises(Refused, match="no open stay"):
        world.enroll(gone)


def test_an_alumni_group_takes_them_from_the_day_after_the_discharge(world):
    alumni = make_series(world.program, group=make_group(world.program, kind="alumni"))
    person = world.person()
    EpisodeOfCare.objects.filter(participant=person).update(discharged_on=date(2026, 3, 6))
    with pytest.raises(Refused, match="for people who finished"):
        world.enroll(person, series=alumni, from_on=date(2026, 3, 6))
    assert world.enroll(person, series=alumni, from_on=date(2026, 3, 7)).enrollment


def test_leaving_early_lies_inside_the_group(world):
    person = world.person()
    with pytest.raises(Refused, match="runs 10:00–10:50: choose a time of leaving inside it"):
        enroll(series=world.series, participant=person, from_on=MARCH, leaves_at=time(12, 50),
               by=world.by, at=AT)  # fmt: skip
    placed = enroll(series=world.series, participant=person, from_on=MARCH,
                    leaves_at=time(10, 30), by=world.by, at=AT)  # fmt: skip
    assert placed.enrollment.leaves_at == time(10, 30)
    assert "leaves at 10:30" in placed.sentence
    plan = {"enrollment": placed.enrollment, "by": world.by, "at": AT}
    with pytest.raises(Refused, match="choose a time inside it"):
        plan_leaving(**plan, leaves_at=time(10, 50))
    for _ in range(2):
        assert plan_leaving(**plan, leaves_at=None).leaves_at is None
    assert AuditEvent.objects.filter(action="enrollment.leaving").count() == 1
    Enrollment.objects.update(until_on=MARCH)
    with pytest.raises(Refused, match="place has ended"):
        plan_leaving(
            enrollment=placed.enrollment, by=world.by, at=datetime(2026, 3, 3, 15, tzinfo=UTC),
            leaves_at=time(10, 20),
        )  # fmt: skip


@pytest.mark.parametrize(("level", "ends", "suggested"), [
    ("IOP", time(13, 30), time(12, 50)), ("IOP", time(12, 50), None), ("PHP", time(13, 30), None),
])  # fmt: skip
def test_a_time_of_leaving_is_suggested_from_the_level_of_care(world, level, ends, suggested):
    series = make_series(world.program, starts=time(12), ends=ends)
    (verdict,) = judge(
        series=[series], people=[world.person(level=level)], from_on=MARCH, until_on=None, at=AT
    )
    assert verdict.leaves_at == suggested


def test_judging_asks_as_often_for_three_as_for_one(world, django_assert_num_queries):
    series = overlapping(world, 3)
    people = [world.person() for _ in range(3)]
    keep_apart(world, people[0], series[0])
    for chosen, persons in ((series[:1], people[:1]), (series[:1], people), (series, people[:1])):
        with django_assert_num_queries(7):
            judge(series=chosen, people=persons, from_on=MARCH, until_on=None, at=AT)
