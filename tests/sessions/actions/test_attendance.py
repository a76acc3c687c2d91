"""Attendance: one write for the group, never over somebody else's."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from threading import Barrier, Event
from time import sleep
from typing import Any

import pghistory
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from participants.models import EpisodeOfCare
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.audit.models import AuditEvent
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import PolicyProfile
from sessions.actions.attendance import Mark, Stale, mark_attendance
from sessions.actions.leaving import leave_series
from sessions.actions.outcome import report_outcome
from sessions.models import Addendum, Attendance, Enrollment, GroupSession, SessionState, Status
from sessions.queries.attendance import roster, with_heading
from sessions.queries.corrections import corrections
from sessions.queries.marking import lock
from sessions.queries.walk_ins import Found, find_walk_ins
from tests.factories import enroll, make_facilitator, make_participant, make_program, make_staff
from tests.sessions.worlds import AFTER, DAY, DURING, make_world

pytestmark = pytest.mark.django_db


def history() -> Any:
    """Every row of attendance as it once stood."""
    return Attendance.pgh_event_model.objects.order_by("pgh_id")  # type: ignore[attr-defined]


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


def statements(seen: Any) -> list[str]:
    """What was sent beside the transaction's own words."""
    own = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")
    return [q["sql"] for q in seen.captured_queries if not q["sql"].startswith(own)]


@pytest.mark.parametrize("marked", [0, 6, 12])
def test_twelve_are_marked_with_history_and_trail_in_two_statements(marked: int) -> None:
    world = make_world(12)
    if marked:
        world.mark(*[Status.LATE] * marked)
    session = with_heading(GroupSession.objects.all(), reader=world.leader).get()
    scope_of(world.leader)
    marks = [
        Mark(person.pk, "present", arrived=time(10, number))
        for number, person in enumerate(world.people)
    ]
    with CaptureQueriesContext(connection) as seen:
        mark_attendance(
            session=session, marks=marks, version=session.attendance_version, by=world.leader,
            at=DURING,
        )  # fmt: skip
    read, write = statements(seen)
    assert read.lstrip().startswith("SELECT")
    assert "FOR NO KEY UPDATE" in read
    for table in ("group_sessions_attendance", "group_sessions_groupsession", "audit_auditevent"):
        assert table in write
    assert set(Attendance.objects.values_list("status", flat=True)) == {"present"}
    assert history().count() == 12 + marked
    assert AuditEvent.objects.filter(action="attendance.marked").count() == 1 + bool(marked)


def test_nothing_new_is_one_statement() -> None:
    world = make_world(3)
    session = world.mark(*[Status.PRESENT] * 3)
    scope_of(world.leader)
    with CaptureQueriesContext(connection) as seen:
        mark_attendance(
            session=session, marks=[Mark(p.pk, "present") for p in world.people], version=0,
            by=world.leader, at=DURING,
        )  # fmt: skip
    assert len(statements(seen)) == 1


def test_who_acted_stands_in_the_history() -> None:
    world = make_world(2)
    with pghistory.context(user=str(world.leader.pk)):
        world.mark(Status.PRESENT, Status.LATE)
    for model in (Attendance, GroupSession):
        rows = model.pgh_event_model.objects.filter(pgh_context__isnull=False)  # type: ignore[attr-defined]
        found = rows.values_list("pgh_context__user", flat=True)
        assert set(found) == {str(world.leader.pk)}


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


# --- a walk-in who may be somebody who is here ---------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "also"),
    [(("Tuan", "Nguyen"), ""), (("Nguyễn", "Tuấn"), ""), (("Tuanh", "Nguyen"), ""),
     (("Thomas", "Nguyen"), "Tom, Tuan")],
)  # fmt: skip
def test_somebody_alike_needs_a_second_look(name: tuple[str, str], also: str) -> None:
    world = make_world(2)
    guest = make_participant(world.program, first_name=name[0], last_name=name[1])
    type(guest).objects.filter(pk=guest.pk).update(also_called=also)
    mark = Mark(guest.pk, "present", walk_in=True)
    asked: dict[str, Any] = {
        "session": world.session, "version": 0, "by": world.leader, "at": DURING
    }  # fmt: skip
    said = refused("alike", marks=[mark], **asked)
    assert said.startswith("Tuấn N. is on the roster already.")
    assert not Attendance.objects.exists()
    mark_attendance(marks=[replace(mark, sure=True)], **asked)
    assert Attendance.objects.get().walk_in
    # Once added, nobody asks again.
    asked["version"] = 1
    mark_attendance(marks=[replace(mark, status="late")], **asked)
    assert Attendance.objects.get().status == "late"


def test_two_records_that_look_like_one_person_are_compared() -> None:
    world = make_world(1)
    one, other = (
        make_participant(world.program, first_name=name, last_name="Ortega") for name in ("Gil", "Gíl")
    )  # fmt: skip
    said = refused(
        "alike", session=world.session, version=0, by=world.leader, at=DURING,
        marks=[Mark(one.pk, "present", walk_in=True)],
    )  # fmt: skip
    assert one.record_number in said
    assert other.record_number in said


def test_who_walks_in_is_found_by_how_they_are_called() -> None:
    world = make_world(2)
    guest = make_participant(world.program, first_name="Guadalupe", last_name="Ortega")
    type(guest).objects.filter(pk=guest.pk).update(also_called="Lupe, Lupita")
    people = roster(world.session)
    for words in ("lupita", "Guadelupe", "ortega guadalupe", guest.record_number.lower()):
        assert [p.name for p in find_walk_ins(world.session, words, people).others] == [
            "Guadalupe O."
        ]
    found = find_walk_ins(world.session, "tuan", people)
    assert ([p.name for p in found.here], found.others) == (["Tuấn N."], [])
    assert find_walk_ins(world.session, "x", people) == Found([], [])


# --- corrections --------------------------------------------------------------------------------------
LATER = datetime(2026, 3, 3, 17, 50, tzinfo=UTC)  # two hours after the end


def test_a_correction_keeps_the_old_value() -> None:
    world = make_world(1)
    world.mark(Status.PRESENT)
    world.mark(Status.ABSENT)
    assert list(history().values_list("status", flat=True)) == ["present", "absent"]


def test_a_later_correction_says_why() -> None:
    world = make_world(3)
    world.mark(Status.PRESENT, Status.LATE)
    world.mark(Status.LATE, Status.LATE, at=LATER - timedelta(seconds=1))
    asked = {"session": world.session, "version": 2, "by": world.leader, "at": LATER}
    marks = [Mark(person.pk, "absent") for person in world.people]
    said = refused("why", marks=marks, **asked)
    assert said.startswith("Marisol R. and Tuấn N. were marked before")
    assert "present" in set(history().values_list("status", flat=True))
    marks[0] = replace(marks[0], why=" Wrong  line ")
    mark_attendance(marks=marks, why="Checked with the front desk", **asked)
    found = {row.participant_id: row.why for row in Attendance.objects.all()}
    assert [found[person.pk] for person in world.people] == [
        "Wrong  line", "Checked with the front desk", "",
    ]  # fmt: skip
    assert AuditEvent.objects.filter(detail__icontains="front desk").count() == 0


def test_a_first_mark_is_never_a_correction() -> None:
    world = make_world(1)
    world.mark(Status.PRESENT, at=LATER + timedelta(days=20))
    assert Attendance.objects.get().status == "present"


def test_the_policy_of_that_day_says_from_when_on_a_reason_is_asked() -> None:
    world = make_world(1)
    for since, hours in ((DAY, 0), (DAY + timedelta(days=1), 300)):
        PolicyProfile.objects.create(
            program=world.program, effective_from=since, set_at=AFTER,
            rules={"correction_hours": hours},
        )  # fmt: skip
    PolicyProfile.objects.create(  # of the same day, about something else
        program=world.program, effective_from=DAY, set_at=LATER, rules={"group_cap": 8}
    )
    world.mark(Status.PRESENT)
    asked = {"session": world.session, "marks": [Mark(world.people[0].pk, "late")], "version": 1}
    mark = {**asked, "by": world.leader}
    refused("why", at=world.session.ends_at, **mark)
    mark_attendance(at=world.session.ends_at - timedelta(seconds=1), **mark)


def test_the_reason_is_not_readable_in_the_database() -> None:
    world = make_world(1)
    world.mark(Status.PRESENT)
    world.mark(Status.ABSENT, at=LATER, why="Marked on the wrong line.")
    with connection.cursor() as cursor:
        for table in ("attendance", "attendanceevent"):
            cursor.execute(f"SELECT string_agg(why, ' ') FROM group_sessions_{table}")
            assert "wrong" not in cursor.fetchone()[0]
    assert Attendance.objects.get().why == "Marked on the wrong line."


def test_taking_off_later_says_why_and_the_history_keeps_it() -> None:
    world = make_world(1)
    guest = make_participant(world.program, first_name="Gil", last_name="Ortega")
    said: dict[str, Any] = {"session": world.session, "by": world.leader}
    mark = Mark(guest.pk, "present", walk_in=True)
    mark_attendance(marks=[mark], version=0, at=DURING, **said)
    off = replace(mark, take_off=True)
    refused("why", marks=[off], version=1, at=LATER, **said)
    mark_attendance(marks=[replace(off, why="Came on Wednesday")], version=1, at=LATER, **said)
    assert not Attendance.objects.exists()
    assert history().order_by("pgh_id").last().why == "Came on Wednesday"  # type: ignore[union-attr]


def test_the_sheet_tells_what_stood_before_in_one_query(django_assert_num_queries: Any) -> None:
    world = make_world(3)
    world.mark(Status.PRESENT, Status.LATE, Status.PRESENT)
    world.mark(Status.ABSENT, at=LATER, why="Marked on the wrong line.")
    session = with_heading(GroupSession.objects.all()).get()
    with django_assert_num_queries(1):
        found = corrections(session)
    who = world.leader.name
    assert found == {
        world.people[0].pk: [
            f"Was Present, marked Tue 3 Mar, 10:20 by {who}.",
            f"Corrected to Absent, Tue 3 Mar, 12:50 by {who}: Marked on the wrong line.",
        ]
    }


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
def at_once(hands: int, act: Any) -> list[str]:
    """What became of so many threads that begin together: "done" or the code of the refusal."""
    ready = Barrier(hands)

    def one(hand: int) -> str:
        try:
            ready.wait(20)
            act(hand)
        except Refused as no:
            return no.code
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(hands) as pool:
        return sorted(pool.map(one, range(hands)))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("marked_before", [False, True])
def test_of_eight_editors_at_once_one_saves(marked_before: bool) -> None:
    world = make_world(3)
    version = world.mark(Status.EXCUSED).attendance_version if marked_before else 0
    chosen = ["present", "late", "declined", "absent"] * 2

    def mark(hand: int) -> None:
        marks = [
            Mark(p.pk, chosen[hand], reason="unknown" if chosen[hand] == "absent" else "")
            for p in world.people[: 1 + hand % 3]
        ]
        mark_attendance(
            session=world.session, marks=marks, version=version, by=world.leader, at=DURING
        )

    said = at_once(8, mark)
    # Two hands may want the very same; the second of them finds it done.
    assert set(said) <= {"done", "stale"}
    assert said.count("stale") >= 6
    world.session.refresh_from_db()
    assert world.session.attendance_version == version + 1
    assert len(set(Attendance.objects.values_list("status", flat=True))) in (1, 2)
    assert AuditEvent.objects.filter(action="attendance.marked").count() == version + 1


@pytest.mark.django_db(transaction=True)
def test_who_waited_reads_what_the_other_wrote() -> None:
    """The statement that waits for the lock began before the other wrote: it reads again."""
    world = make_world(2)
    holder, waits = Event(), Event()
    seen: dict[str, Any] = {}

    def first() -> None:
        with transaction.atomic():
            lock(world.session, world.leader)
            holder.set()
            waits.wait(20)
            wait_for_the_lock()
            session = world.session
            mark_attendance(
                session=session, marks=[Mark(world.people[0].pk, "late", arrived=time(10, 7))],
                version=0, by=world.leader, at=DURING,
            )  # fmt: skip
        connection.close()

    def second() -> None:
        holder.wait(20)
        waits.set()
        with transaction.atomic():
            sheet = lock(world.session, world.leader)
            stands = sheet.people[world.people[0].pk]
            seen.update(version=sheet.version, state=sheet.state, mark=stands.mark)
        connection.close()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(first), pool.submit(second)]:
            done.result()
    assert seen == {"version": 1, "state": "held", "mark": "Late 10:07"}


def wait_for_the_lock() -> None:
    """Until another connection waits for the row that this one holds."""
    for _ in range(400):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()"
            )
            if cursor.fetchone()[0]:
                return
        sleep(0.02)
    raise AssertionError("nobody waits")


@pytest.mark.django_db(transaction=True)
def test_marking_while_somebody_leaves_the_roster() -> None:
    """Either the mark comes first and stands, or the person is gone and nobody is marked: never a
    mark that nobody could have made."""
    world = make_world(8)
    by = make_staff(world.program, Role.SCHEDULER)
    places = list(Enrollment.objects.filter(series=world.series).order_by("pk"))

    def act(hand: int) -> None:
        if hand % 2:
            leave_series(enrollment=places[hand], last_on=DAY - timedelta(days=1), by=by, at=DURING)
            return
        gone = [p.participant_id for p in places[1::2]]
        mark_attendance(
            session=world.session, marks=[Mark(key, "present") for key in gone], version=0,
            by=world.leader, at=DURING,
        )  # fmt: skip

    said = at_once(8, act)
    assert set(said) <= {"done", "stale", "not-on-roster"}
    on_sheet = {person.participant_id for person in roster(world.session)}
    assert set(Attendance.objects.values_list("participant_id", flat=True)) <= on_sheet
    world.session.refresh_from_db()
    assert world.session.attendance_version == bool(Attendance.objects.count())


@pytest.mark.django_db(transaction=True)
def test_marking_while_it_is_reported_not_held() -> None:
    world = make_world(2)

    def act(hand: int) -> None:
        if hand % 2:
            report_outcome(
                session=world.session, outcome="not_held", reason="Alarm", by=world.leader,
                at=AFTER,
            )  # fmt: skip
        else:
            mark_attendance(
                session=world.session, marks=[Mark(world.people[0].pk, "absent")], version=0,
                by=world.leader, at=DURING,
            )  # fmt: skip

    at_once(8, act)
    world.session.refresh_from_db()
    assert (world.session.state == SessionState.NOT_HELD) != Attendance.objects.exists()
