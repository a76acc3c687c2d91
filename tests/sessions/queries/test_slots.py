"""What speaks against sessions that somebody wants, read in one statement however many they are."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from facilitators.models import ConflictOfInterest, Facilitator, Leave, Relation, Stage
from facilitators.queries.clearance import files_of
from phpsupport.programs.models import Closure, PolicyProfile, Program
from sessions.conflicts import Rule
from sessions.models import GroupSeries, Room, SessionFacilitator, SessionState
from sessions.queries.facts import Wanted, read_facts
from sessions.queries.slots import Obstacle, obstacles
from tests import factories as make

MONDAY = date(2026, 10, 5)
pytestmark = pytest.mark.django_db


@pytest.fixture
def program() -> Program:
    return make.make_program()


@pytest.fixture
def room(program: Program) -> Room:
    return make.make_room(program, "Harbor")


def set_rules(program: Program, **rules: Any) -> None:
    PolicyProfile.objects.update_or_create(
        program=program, effective_from=date(2026, 1, 1),
        defaults={"rules": rules, "set_at": timezone.now()},
    )  # fmt: skip


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), ZoneInfo(make.NEW_YORK))


def want(
    room: Room,
    *people: Facilitator,
    day: date = MONDAY,
    hour: int = 10,
    part: str = "lead",
    **more: Any,
) -> Wanted:
    starts = more.pop("starts_at", at(day, hour))
    ends = more.pop("ends_at", starts + timedelta(minutes=50))
    return Wanted(
        day,
        starts,
        ends,
        room,
        tuple((p, part) for p in people),
        more.pop("label", "Wanted"),
        **more,
    )


def ask(program: Program, *wanted: Wanted, **more: Any) -> list[Obstacle]:
    return obstacles(wanted, program_id=program.pk, zone=program.zone, **more)


def told(program: Program, *wanted: Wanted, **more: Any) -> list[tuple[str, str]]:
    return [(o.kind.value, o.sentence) for o in ask(program, *wanted, **more)]


# --- one query ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("levels", ["block", "warn", "ignore"])
@pytest.mark.parametrize("number", [1, 3, 52])
def test_one_query_for_however_many_sessions_and_whatever_rules(
    program: Program, room: Room, number: int, levels: str, django_assert_num_queries: Any
) -> None:
    set_rules(program, **{f"rule_{rule}": levels for rule in Rule})
    ana, devon = (make.make_facilitator(program, max_groups_per_day=1) for _ in range(2))
    series = make.make_series(program, room=room, facilitator=ana)
    make.enroll(series, make.make_participant(program))
    for n in range(3):
        make.make_session(series, MONDAY + timedelta(days=7 * n))
    wanted = [
        want(
            room,
            ana,
            devon,
            day=MONDAY + timedelta(days=7 * n),
            series_id=series.pk,
            language="Korean",
        )
        for n in range(number)
    ]
    with django_assert_num_queries(1):
        found = ask(program, *wanted)
    assert bool(found) == (levels != "ignore")


def test_nothing_wanted_asks_nothing(program: Program, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert ask(program) == []


# --- rooms and people -----------------------------------------------------------------------------------
def test_a_taken_room_and_a_busy_person_are_told_by_name(program: Program, room: Room) -> None:
    ana = make.make_facilitator(program, first_name="Ana", last_name="Solís")
    circle = make.make_series(
        program, facilitator=ana, room=room, group=make.make_group(program, "Morning Circle")
    )
    session = make.make_session(circle, MONDAY)
    clash = [
        ("room", "Harbor is taken by Morning Circle until 10:50."),
        ("facilitator", "Ana Solís is busy with Morning Circle until 10:50."),
    ]
    assert told(program, want(room, ana)) == clash
    [taken, busy] = ask(program, want(room, ana))
    assert (taken.blocks, taken.rule, taken.resource) == (True, "rule_room", room.pk)
    assert (busy.blocks, busy.rule, busy.resource) == (True, "rule_facilitator", ana.user_id)
    assert told(program, want(room, ana), without=[session.pk]) == []
    session.state = SessionState.CANCELLED
    session.save()
    SessionFacilitator.objects.update(active=False)
    assert told(program, want(room, ana)) == []


def test_another_programs_sessions_stay_nameless(program: Program, room: Room) -> None:
    other = make.make_program("Bay Program", site=program.site)
    ana = make.make_facilitator(program, first_name="Ana", last_name="Solís")
    there = make.make_facilitator(other, user=ana.user)
    secret = make.make_series(
        other, facilitator=there, room=room, group=make.make_group(other, "Sobriety First")
    )
    make.make_session(secret, MONDAY)
    assert told(program, want(room, ana)) == [
        ("room", "Harbor is taken by a group of Bay Program until 10:50."),
        ("facilitator", "Ana Solís is busy with a group of Bay Program until 10:50."),
    ]


def test_time_between_two_groups_in_a_room_is_the_programs(program: Program, room: Room) -> None:
    make.make_session(
        make.make_series(program, room=room, group=make.make_group(program, "Circle")), MONDAY
    )
    close = want(room, starts_at=at(MONDAY, 10, 53))
    assert [o.kind for o in ask(program, close)] == [Rule.TURNAROUND]
    set_rules(program, turnaround_minutes=60)
    [found] = ask(program, want(room, starts_at=at(MONDAY, 11, 49)))
    assert "59 minutes after Circle, which ends at 10:50; 60 minutes are wanted" in found.sentence
    set_rules(program, turnaround_minutes=3)
    assert ask(program, close) == []


def test_leave_is_told_as_leave(program: Program, room: Room) -> None:
    ana = make.make_facilitator(program, first_name="Ana", last_name="Solís")
    away = Leave.objects.create(
        facilitator=ana, from_on=MONDAY, until_on=MONDAY + timedelta(days=1)
    )
    assert told(program, want(room, ana)) == [("leave", "Ana Solís is on leave through Tue 6 Oct.")]
    assert told(program, want(room, ana, day=MONDAY + timedelta(days=2))) == []
    away.cancelled_at = timezone.now()
    away.save()
    assert told(program, want(room, ana)) == []


# --- clearance ------------------------------------------------------------------------------------------
def test_clearance_is_judged_for_each_date_of_a_series(program: Program, room: Room) -> None:
    ana = make.make_facilitator(
        program, first_name="Ana", last_name="Solís", through=date(2026, 10, 12)
    )
    weekly = [want(room, ana, day=MONDAY + timedelta(days=7 * n)) for n in range(4)]
    found = ask(program, *weekly)
    assert [(o.index, o.kind, o.level) for o in found] == [
        (2, Rule.CLEARANCE, "warn"),
        (3, Rule.CLEARANCE, "warn"),
    ]
    assert found[0].sentence.startswith(
        "Ana Solís is not cleared: The certification counts only through 12 Oct 2026."
    )
    set_rules(program, rule_clearance="block")
    assert all(o.blocks and not o.final for o in ask(program, *weekly))
    set_rules(program, rule_clearance="ignore")
    assert ask(program, *weekly) == []


def test_nobody_waves_through_who_no_longer_works_here(program: Program, room: Room) -> None:
    ana = make.make_facilitator(program)
    set_rules(program, rule_clearance="ignore")
    # What the row says now counts, not what somebody loaded before.
    Facilitator.objects.filter(pk=ana.pk).update(stage=Stage.ENDED, ended_on=MONDAY)
    [found] = ask(program, want(room, ana, day=MONDAY + timedelta(days=1)))
    assert (found.kind, found.blocks, found.final) == (Rule.CLEARANCE, True, True)
    assert "No longer works with the program" in found.sentence


def test_the_files_are_those_of_the_page_about_clearance(program: Program, room: Room) -> None:
    """The statement written by hand reads what the ORM reads."""
    ana = make.make_facilitator(program, max_groups_per_day=3)
    boss = make.make_user(first_name="Rosa", last_name="Lind")
    record = ana.training_records.first()
    assert record is not None
    record.verified_by, record.verified_at, record.hours = boss, timezone.now(), 12.5
    record.save()
    ana.clearance_overrides.create(
        from_on=MONDAY, until_on=MONDAY, reason="Stands in", given_by=boss, given_at=timezone.now(),
        withdrawn_at=timezone.now(),
    )  # fmt: skip
    Leave.objects.create(facilitator=ana, from_on=MONDAY, until_on=MONDAY)
    set_rules(program, soon_days=[5])
    facts = read_facts([want(room, ana)], program_id=program.pk, zone=program.zone)
    assert facts.files == files_of([ana.pk])
    assert facts.names == {ana.user_id: ana.user.name}


# --- participants ----------------------------------------------------------------------------------------
@pytest.fixture
def circle(program: Program) -> GroupSeries:
    return make.make_series(program, group=make.make_group(program, "Morning Circle"))


def test_participants_in_two_groups_at_once_are_named(
    program: Program, room: Room, circle: GroupSeries
) -> None:
    art = make.make_series(program, group=make.make_group(program, "Art"), room=room)
    marisol = make.make_participant(program, first_name="Marisol", last_name="Vega")
    for series in (circle, art):
        make.enroll(series, marisol)
    make.enroll(art, make.make_participant(program))
    make.make_session(circle, MONDAY)
    mine = want(room, series_id=art.pk)
    assert told(program, mine) == [("participant", "Marisol V. is in Morning Circle until 10:50.")]
    assert ask(program, mine)[0].level == "warn"
    assert told(program, want(room, series_id=art.pk, hour=12)) == []
    assert told(program, want(room, hour=10)) == []  # a new series has no roster yet
    circle.enrollments.update(until_on=MONDAY - timedelta(days=1))
    assert told(program, mine) == []


def test_who_leaves_early_is_free_afterwards_and_who_is_sealed_is_nowhere(
    program: Program, room: Room, circle: GroupSeries
) -> None:
    art = make.make_series(program, group=make.make_group(program, "Art"), room=room)
    marisol = make.make_participant(program, first_name="Marisol", last_name="Vega")
    make.enroll(circle, marisol, leaves_at=time(10, 30))
    make.enroll(art, marisol)
    make.make_session(circle, MONDAY)
    late = want(room, series_id=art.pk, starts_at=at(MONDAY, 10, 30))
    assert told(program, late) == []
    overlap = want(room, series_id=art.pk, starts_at=at(MONDAY, 10, 20))
    assert told(program, overlap) == [
        ("participant", "Marisol V. is in Morning Circle until 10:30.")
    ]
    marisol.sealed_at = timezone.now()
    marisol.save()
    assert told(program, overlap) == []


def test_two_wanted_sessions_with_one_roster_are_in_each_others_way(
    program: Program, room: Room, circle: GroupSeries
) -> None:
    art = make.make_series(program, group=make.make_group(program, "Art"), room=room)
    marisol = make.make_participant(program, first_name="Marisol", last_name="Vega")
    for series in (circle, art):
        make.enroll(series, marisol)
    one = make.make_session(circle, MONDAY)
    moved = [
        want(circle.room, hour=14, series_id=circle.pk, key=one.pk, label="Morning Circle"),
        want(room, hour=14, series_id=art.pk),
    ]
    assert told(program, *moved) == [
        ("participant", "Marisol V. is also in Morning Circle until 14:50.")
    ]
    # The hour that it leaves is free.
    assert told(program, moved[0], want(room, hour=10, series_id=art.pk)) == []


# --- keeping apart ---------------------------------------------------------------------------------------
def test_two_who_are_to_be_kept_apart_are_told_without_the_relation(
    program: Program, room: Room, circle: GroupSeries
) -> None:
    ana = make.make_facilitator(program, first_name="Ana", last_name="Solís")
    marisol = make.make_participant(program, first_name="Marisol", last_name="Vega")
    make.enroll(circle, marisol)
    declared = ConflictOfInterest.objects.create(
        program=program, facilitator=ana, participant=marisol, relation=Relation.SPONSOR,
        declared_by=ana.user, declared_at=timezone.now(),
    )  # fmt: skip
    mine = want(room, ana, series_id=circle.pk)
    [found] = ask(program, mine)
    assert (found.kind, found.blocks) == (Rule.INTEREST, True)
    assert found.sentence == "Keep apart: Ana Solís and somebody on this roster."
    assert ask(program, want(room, ana)) == []  # not on this roster
    assert ask(program, want(room, make.make_facilitator(program), series_id=circle.pk)) == []
    before = want(room, ana, series_id=circle.pk, day=date(2025, 10, 6))
    assert Rule.INTEREST not in {o.kind for o in ask(program, before)}  # not on it that day
    set_rules(program, rule_interest="warn")
    assert [o.level for o in ask(program, mine)] == ["warn"]
    declared.ended_at = timezone.now()
    declared.save()
    assert ask(program, mine) == []


# --- hours, languages, closed days -------------------------------------------------------------------------
def test_the_load_of_a_day_counts_the_persons_other_programs(program: Program, room: Room) -> None:
    other = make.make_program(site=program.site)
    ana = make.make_facilitator(program, max_groups_per_day=1, first_name="Ana", last_name="Solís")
    there = make.make_facilitator(other, user=ana.user)
    make.make_session(make.make_series(other, facilitator=there), MONDAY)
    assert told(program, want(room, ana, hour=15)) == [
        ("load_day", "Ana Solís would have 2 groups that day; 1 is agreed.")
    ]


def test_hours_rows_and_rest_look_beyond_the_wanted_day(program: Program, room: Room) -> None:
    ana = make.make_facilitator(program)
    series = make.make_series(program, facilitator=ana, starts=time(20), ends=time(22))
    make.make_session(series, MONDAY)
    set_rules(program, hours_week=2)
    early = want(room, ana, day=MONDAY + timedelta(days=1), hour=8)
    assert {o.kind for o in ask(program, early)} == {Rule.REST, Rule.HOURS_WEEK}
    last = want(room, ana, day=MONDAY + timedelta(days=6), hour=8)
    assert {o.kind for o in ask(program, last)} == {Rule.HOURS_WEEK}
    # From Sunday night to Monday morning is another week, but the same rest.
    make.make_session(series, MONDAY + timedelta(days=6))
    next_week = want(room, ana, day=MONDAY + timedelta(days=7), hour=8)
    assert {o.kind for o in ask(program, next_week)} == {Rule.REST}


def test_the_language_of_the_group_is_asked_of_who_leads(program: Program, room: Room) -> None:
    ana = make.make_facilitator(program, first_name="Ana", last_name="Solís")
    assert told(program, want(room, ana, language="Spanish")) == [
        ("language", "This group is held in Spanish; Ana Solís speaks English.")
    ]
    assert told(program, want(room, ana, language="English")) == []


def test_closed_days_and_the_hours_of_a_room(program: Program, room: Room) -> None:
    Closure.objects.create(program=program, date=MONDAY, reason="Founders' Day")
    room.opens, room.closes = time(11), time(17)
    room.save()
    assert told(program, want(room)) == [
        ("closed", "The program is closed on Mon 5 Oct: Founders' Day."),
        ("room_hours", "Harbor can be used from 11:00 to 17:00 only."),
    ]
    assert told(program, want(room, hour=12, keeps_closed_days=True)) == []


# --- what stands already -------------------------------------------------------------------------------------
def test_a_change_of_people_does_not_bring_up_the_room_again(program: Program, room: Room) -> None:
    series = make.make_series(program, room=room)
    make.make_session(series, MONDAY)
    guest = make.make_series(program, room=room)
    shared = make.make_session(guest, MONDAY, shares_room=True)
    ana = make.make_facilitator(program)
    stays = want(room, ana, key=shared.pk)
    assert ask(program, stays) == []
    # Whoever stores it again is told without a word that the room stays shared.
    [silent] = ask(program, stays, silent=True)
    assert (silent.kind, silent.level, silent.blocks) == (Rule.ROOM, "ignore", False)
    later = want(room, ana, key=shared.pk, starts_at=at(MONDAY, 10, 5))
    assert [o.kind for o in ask(program, later)] == [Rule.ROOM]


def test_who_leads_already_is_not_judged_again_unless_the_part_changes(
    program: Program, room: Room
) -> None:
    devon = make.make_facilitator(program, cleared=False)
    series = make.make_series(program, room=room, facilitator=devon)
    session = make.make_session(series, MONDAY)
    assert ask(program, want(make.make_room(program), devon, key=session.pk)) == []
    assert [o.kind for o in ask(program, want(room, devon, key=session.pk, part="co"))] == [
        Rule.CLEARANCE
    ]
    assert [o.kind for o in ask(program, want(room, devon, key=session.pk, hour=12))] == [
        Rule.CLEARANCE
    ]


def test_what_is_ignored_is_known_to_whoever_stores_it(program: Program, room: Room) -> None:
    set_rules(program, rule_room="ignore", rule_facilitator="ignore")
    ana = make.make_facilitator(program)
    make.make_session(make.make_series(program, room=room, facilitator=ana), MONDAY)
    assert ask(program, want(room, ana)) == []
    silent = ask(program, want(room, ana), silent=True)
    assert {(o.index, o.kind, o.resource, o.level) for o in silent} == {
        (0, Rule.ROOM, room.pk, "ignore"),
        (0, Rule.FACILITATOR, ana.user_id, "ignore"),
    }
    set_rules(program, rule_room="warn")
    found = ask(program, want(room, ana), silent=True)
    assert [(o.kind, o.level) for o in found] == [
        (Rule.ROOM, "warn"),
        (Rule.FACILITATOR, "block"),
    ]


# --- awkward hours -------------------------------------------------------------------------------------------
def test_a_session_across_midnight_in_utc_stands_on_its_local_day() -> None:
    program = make.make_program(zone="Pacific/Honolulu")
    room = make.make_room(program, "Surf")
    evening = datetime(2026, 10, 6, 3, tzinfo=UTC)  # 17:00 on Mon 5 Oct
    Closure.objects.create(program=program, date=MONDAY, reason="Founders' Day")
    mine = Wanted(MONDAY, evening, evening + timedelta(minutes=50), room, (), "Wanted")
    assert [o.sentence for o in ask(program, mine)] == [
        "The program is closed on Mon 5 Oct: Founders' Day."
    ]
