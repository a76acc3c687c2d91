"""Attendance: one write for the group, never over somebody else's."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection

from participants.models import EpisodeOfCare
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.lib.errors import Refused
from sessions.actions.attendance import Mark, Stale, mark_attendance
from sessions.actions.outcome import report_outcome
from sessions.models import Addendum, Attendance, SessionState, Status
from sessions.queries.attendance import roster
from sessions.queries.walk_ins import find_walk_ins
from tests.factories import enroll, make_facilitator, make_participant, make_program, make_staff
from tests.sessions.worlds import AFTER, DAY, DURING, make_world

pytestmark = pytest.mark.django_db


def refused(code: str, **asked: Any) -> str:
    with pytest.raises(Refused) as fault:
        mark_attendance(**asked)
    assert fault.value.code == code
    return fault.value.sentence


def test_the_group_is_marked_in_one_write() -> None:
    world = make_world(3)
    session = world.mark(Status.PRESENT, Status.LATE, Status.DECLINED)
    assert session.attendance_version == 1
    assert session.state == SessionState.HELD
    found = dict(Attendance.objects.values_list("participant_id", "status"))
    assert found == {
        world.people[0].pk: "present", world.people[1].pk: "late", world.people[2].pk: "declined",
    }  # fmt: skip
    assert AuditEvent.objects.get(action="attendance.marked").detail == {"people": 3}


def test_nobody_marked_is_no_row_and_not_absent() -> None:
    world = make_world(3)
    world.mark(Status.PRESENT)
    assert Attendance.objects.count() == 1
    assert [p.status for p in roster(world.session) if p.status != "present"] == ["", ""]


def test_the_number_of_queries_does_not_grow_with_the_group(
    django_assert_max_num_queries: Any,
) -> None:
    small, large = make_world(2), make_world(12)
    counts = []
    for world in (small, large):
        with django_assert_max_num_queries(20) as seen:
            world.mark(*[Status.PRESENT] * 12)
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_roster_is_who_is_enrolled_that_day() -> None:
    world = make_world(1)
    gone, late, sealed, last_day = (make_participant(world.program) for _ in range(4))
    enroll(world.series, gone, until_on=DAY - timedelta(days=1))
    enroll(world.series, late, from_on=DAY + timedelta(days=1))
    enroll(world.series, last_day, until_on=DAY)
    enroll(world.series, sealed)
    type(sealed).objects.filter(pk=sealed.pk).update(sealed_at=DURING)
    assert {p.participant_id for p in roster(world.session)} == {world.people[0].pk, last_day.pk}


def test_two_people_of_one_name_are_told_apart() -> None:
    world = make_world(1)
    twin = make_participant(world.program, first_name="Marisol", last_name="Reyes")
    enroll(world.series, twin)
    people = roster(world.session)
    assert [p.name for p in people] == ["Marisol R.", "Marisol R."]
    assert {p.hint for p in people} == {world.people[0].record_number, twin.record_number}


def test_a_stale_sheet_overwrites_nothing() -> None:
    world = make_world(2)
    world.mark(Status.PRESENT, version=0)
    with pytest.raises(Stale) as fault:
        world.mark(Status.ABSENT, Status.PRESENT, version=0)
    assert {p.name: p.status for p in fault.value.now} == {"Marisol R.": "present", "Tuấn N.": ""}
    assert list(Attendance.objects.values_list("status", flat=True)) == ["present"]


def test_a_second_click_changes_nothing() -> None:
    world = make_world(2)
    world.mark(Status.PRESENT, Status.LATE, version=0)
    assert world.mark(Status.PRESENT, Status.LATE, version=0).attendance_version == 1
    assert AuditEvent.objects.filter(action="attendance.marked").count() == 1


@pytest.mark.parametrize("who", ["stranger", "other_leader", "supervisor", "clinician", "gone"])
def test_only_those_who_lead_mark(who: str) -> None:
    world = make_world(1)
    by = {
        "stranger": lambda: make_staff(make_program(), Role.FACILITATOR, Role.SCHEDULER),
        "other_leader": lambda: make_facilitator(world.program).user,
        "supervisor": lambda: world.supervisor,
        "clinician": lambda: make_staff(world.program, Role.CLINICIAN),
        "gone": lambda: world.leader,
    }[who]()
    if who == "gone":
        world.session.assignments.update(active=False)
    with pytest.raises(Refused, match="those who lead"):
        world.mark(Status.PRESENT, by=by)
    assert not Attendance.objects.exists()


def test_a_scheduler_enters_a_paper_sheet() -> None:
    world = make_world(1)
    world.mark(Status.PRESENT, by=make_staff(world.program, Role.SCHEDULER))
    assert Attendance.objects.get().status == "present"


@pytest.mark.parametrize("state", ["cancelled", "not_held"])
def test_nobody_is_marked_where_nothing_took_place(state: str) -> None:
    world = make_world(1)
    type(world.session).objects.update(state=state)
    refused(
        state.replace("_", "-"), session=world.session, marks=[Mark(world.people[0].pk, "present")],
        version=0, by=world.leader, at=AFTER,
    )  # fmt: skip


def test_attendance_opens_fifteen_minutes_before() -> None:
    world = make_world(1)
    asked = {
        "session": world.session, "marks": [Mark(world.people[0].pk, "present")], "version": 0,
        "by": world.leader,
    }  # fmt: skip
    opens = world.session.starts_at - timedelta(minutes=15)
    said = refused("too-early", at=opens - timedelta(seconds=1), **asked)
    assert "Tue 3 Mar at 9:45" in said
    mark_attendance(at=opens, **asked)


@pytest.mark.parametrize(
    ("mark", "code"),
    [
        ({"status": "absent", "arrived": time(10, 5)}, "times"),
        ({"status": "late", "reason": "transport"}, "reason"),
        ({"status": "late", "arrived": time(10, 50)}, "times"),
        ({"status": "left_early", "departed": time(10, 0)}, "times"),
        ({"status": "late", "arrived": time(10, 20), "departed": time(10, 10)}, "times"),
        ({"status": "asleep"}, "status"),
        ({"status": "excused", "reason": "tired"}, "reason"),
    ],
)
def test_a_mark_makes_sense_in_itself(mark: dict[str, Any], code: str) -> None:
    world = make_world(1)
    refused(
        code, session=world.session, marks=[Mark(world.people[0].pk, **mark)], version=0,
        by=world.leader, at=AFTER,
    )  # fmt: skip
    assert not Attendance.objects.exists()


def test_one_wrong_mark_writes_none() -> None:
    world = make_world(2)
    marks = [
        Mark(world.people[0].pk, "present"),
        Mark(world.people[1].pk, "late", reason="work_or_legal"),
    ]
    refused("reason", session=world.session, marks=marks, version=0, by=world.leader, at=AFTER)
    assert not Attendance.objects.exists()


def test_a_walk_in_joins_and_can_be_taken_off() -> None:
    world = make_world(1)
    guest = make_participant(world.program, first_name="Gil", last_name="Ortega")
    found = find_walk_ins(world.session, "gil", roster(world.session))
    assert [p.name for p in found.others] == ["Gil O."]
    mark = Mark(guest.pk, "present", walk_in=True)
    said = {"session": world.session, "by": world.leader, "at": DURING}
    mark_attendance(marks=[mark], version=0, **said)
    assert Attendance.objects.get().walk_in
    mark_attendance(marks=[replace(mark, status="late")], version=1, **said)
    assert Attendance.objects.get().walk_in
    mark_attendance(marks=[replace(mark, take_off=True)], version=2, **said)
    assert not Attendance.objects.exists()


def test_a_walk_in_who_is_on_the_roster_is_no_second_row() -> None:
    world = make_world(1)
    refused(
        "on-roster", session=world.session, version=0, by=world.leader, at=DURING,
        marks=[Mark(world.people[0].pk, "present", walk_in=True)],
    )  # fmt: skip


def test_who_is_not_in_the_program_cannot_walk_in() -> None:
    world = make_world(1)
    stranger, former = make_participant(make_program()), make_participant(world.program)
    EpisodeOfCare.objects.filter(participant=former).update(discharged_on=DAY - timedelta(days=1))
    for person in (stranger, former):
        refused(
            "walk-in", session=world.session, version=0, by=world.leader, at=DURING,
            marks=[Mark(person.pk, "present", walk_in=True)],
        )  # fmt: skip
    assert find_walk_ins(world.session, "participant", []).others == []


def test_somebody_unknown_without_the_walk_in_mark_is_refused() -> None:
    world = make_world(1)
    person = make_participant(world.program)
    refused(
        "not-on-roster", session=world.session, marks=[Mark(person.pk, "present")], version=0,
        by=world.leader, at=DURING,
    )  # fmt: skip


def test_a_correction_keeps_the_old_value() -> None:
    world = make_world(1)
    world.mark(Status.PRESENT)
    world.mark(Status.ABSENT)
    with connection.cursor() as cursor:
        cursor.execute("SELECT status FROM group_sessions_attendanceevent ORDER BY pgh_id")
        assert [row[0] for row in cursor.fetchall()] == ["present", "absent"]


def test_after_signing_a_correction_needs_a_reason_which_stands_beside_the_note() -> None:
    world = make_world(2)
    world.signed()
    with pytest.raises(Refused, match="Say why") as fault:
        world.mark(Status.ABSENT, at=AFTER)
    assert fault.value.code == "why"
    world.mark(Status.ABSENT, at=AFTER, why="Marked on the wrong line.")
    addendum = Addendum.objects.get()
    assert addendum.reason == "Attendance corrected"
    assert addendum.words == "Present became Absent. Marked on the wrong line."
    assert addendum.progress_note.participant_id == world.people[0].pk


# --- outcome ------------------------------------------------------------------------------------------
def test_not_held_with_its_reason() -> None:
    world = make_world(1)
    session = report_outcome(
        session=world.session, outcome="not_held", reason="Fire drill", by=world.leader, at=AFTER
    )
    assert (session.state, session.state_reason) == ("not_held", "Fire drill")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"outcome": "not_held"}, "why"),
        ({"outcome": "cancelled"}, "whether"),
        ({"outcome": "held", "at": datetime(2026, 3, 3, 14, 0, tzinfo=UTC)}, "not begun"),
    ],
)
def test_an_outcome_is_refused_in_words(asked: dict[str, Any], words: str) -> None:
    world = make_world(1)
    with pytest.raises(Refused, match=words):
        report_outcome(**{"session": world.session, "by": world.leader, "at": AFTER} | asked)


def test_not_held_has_no_attendance() -> None:
    world = make_world(2)
    world.mark(Status.PRESENT, Status.ABSENT)
    asked = {
        "session": world.session, "outcome": "not_held", "reason": "Alarm", "by": world.leader,
        "at": AFTER,
    }  # fmt: skip
    with pytest.raises(Refused, match="2 people are marked") as fault:
        report_outcome(**asked)
    assert fault.value.field == "clear_marks"
    report_outcome(**asked, clear_marks=True)
    assert not Attendance.objects.exists()


def test_a_session_with_a_signed_note_was_held() -> None:
    world = make_world(2)
    world.signed()
    with pytest.raises(Refused, match="signed"):
        report_outcome(
            session=world.session, outcome="not_held", reason="Alarm", clear_marks=True,
            by=world.leader, at=AFTER,
        )  # fmt: skip


def test_somebody_else_cannot_report() -> None:
    world = make_world(1)
    with pytest.raises(Refused, match="those who lead"):
        report_outcome(session=world.session, outcome="held", by=world.supervisor, at=AFTER)


# --- two editors --------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_of_two_editors_at_once_one_is_refused() -> None:
    world = make_world(1)

    def mark(status: str) -> str:
        try:
            mark_attendance(
                session=world.session, marks=[Mark(world.people[0].pk, status)], version=0,
                by=world.leader, at=DURING,
            )  # fmt: skip
        except Stale:
            return "stale"
        finally:
            connection.close()
        return "saved"

    with ThreadPoolExecutor(2) as pool:
        said = sorted(pool.map(mark, ["present", "absent"]))
    assert said == ["saved", "stale"]
