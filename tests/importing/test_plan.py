"""The sample program and what can be wrong with it, against an empty and a full database."""

from datetime import UTC, date, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from facilitators.models import Certification, CertificationKind, Facilitator, TrainingRecord
from participants.models import ChannelConsent, ContactPoint, EpisodeOfCare, Participant
from phpsupport.access.actions import end_role
from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.importing import actions, patterns
from phpsupport.importing.actions import check_files, import_files
from phpsupport.importing.report import State
from phpsupport.lib.errors import Refused
from phpsupport.outbox.models import OutboxMessage
from phpsupport.programs.models import Closure, Program
from phpsupport.users.models import User
from sessions.models import (
    Attendance,
    Enrollment,
    GroupSeries,
    GroupSession,
    Room,
    SessionState,
    SupportGroup,
    WaitlistEntry,
)
from tests.factories import make_facilitator, make_program, make_series, make_session, make_staff
from tests.importing.sets import NOW, everything, sample_files

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    return make_program("Riverbend")


def text_of(name):
    return patterns.shipped("sample", f"{name}.csv").decode()


def more(name, *lines):
    """The sample's table with lines added."""
    return {name: text_of(name) + "".join(f"{line}\n" for line in lines)}


def check(program, files=None, *, at=NOW, by=None):
    return check_files(program=program, files=files or sample_files(), by=by, at=at)


def bring_in(program, files=None, *, at=NOW, by=None):
    return import_files(program=program, files=files or sample_files(), by=by, at=at)


def faults(report):
    return {(f.file, f.line, f.column): f.sentence for f in report.faults}


def only_fault(report):
    assert len(report.faults) == 1, report.faults
    return report.faults[0]


def states(report, file):
    return {r.key: r.state for r in report.rows if r.file == file}


# --- the whole ------------------------------------------------------------------------------------
def test_the_sample_comes_in_once(program):
    report = bring_in(program)
    assert (report.total.new, report.total.wrong) == (48, 0)
    assert Facilitator.objects.count() == 3
    assert User.objects.filter(password="!").count() == 6
    assert set(RoleAssignment.objects.values_list("role", flat=True)) == {
        "supervisor", "facilitator", "scheduler", "clinician",
    }  # fmt: skip
    tobias = Facilitator.objects.select_related("supervisor").get(staff_id="R11")
    assert (tobias.supervisor.first_name, tobias.languages) == ("Odalys", ["English"])
    assert (TrainingRecord.objects.count(), Certification.objects.count()) == (6, 2)
    assert Certification.objects.get(number="TB-98").kind == CertificationKind.INITIAL
    assert AuditEvent.objects.filter(action="import.done").count() == 1
    assert not OutboxMessage.objects.exists()
    before = everything()
    again = bring_in(program)
    assert (again.total.new, again.total.changed, again.total.same) == (0, 0, 48)
    assert everything() == before
    assert AuditEvent.objects.filter(action="import.done").count() == 1


def test_the_workbook_is_the_same_program(program):
    bring_in(program)
    book = [("program.xlsx", patterns.shipped("sample", "program.xlsx"))]
    report = check(program, book)
    assert (report.total.same, report.total.rows, report.faults) == (48, 48, ())


def test_the_template_is_the_description_of_the_columns():
    for table in patterns.TABLES:
        assert patterns.shipped("template", f"{table.kind}.csv") == patterns.empty_csv(table)


def test_one_fault_stops_everything(program):
    before = everything()
    report = bring_in(program, sample_files(**more("rooms", "Attic,none,room,")))
    assert only_fault(report).line == 5
    assert everything() == before


def test_a_failure_half_way_leaves_nothing(program, monkeypatch):
    before = everything()
    order = actions.ORDER
    monkeypatch.setattr(actions, "ORDER", order[:-1])
    with pytest.raises(RuntimeError):
        bring_in(program)
    monkeypatch.setattr(actions, "ORDER", order)
    assert everything() == before


def test_a_row_that_came_in_at_the_same_moment_is_a_sentence(program, monkeypatch):
    check_first = actions.plan

    def and_then_somebody_else(*args, **kwargs):
        made = check_first(*args, **kwargs)
        Room.objects.create(site=program.site, name="Willow", seats=3)
        return made

    monkeypatch.setattr(actions, "plan", and_then_somebody_else)
    with pytest.raises(Refused, match="Nothing was saved"):
        bring_in(program)
    assert not Participant.objects.exists()


def test_files_may_come_one_after_the_other(program):
    for name, content in [*sample_files()]:
        if name in ("attendance.csv", "enrollments.csv", "training.csv", "groups.csv"):
            continue
        assert not bring_in(program, [(name, content)]).faults
    rest = dict(sample_files())
    for name in ("training.csv", "groups.csv", "enrollments.csv", "attendance.csv"):
        assert not bring_in(program, [(name, rest[name])]).faults
    assert Attendance.objects.count() == 10
    assert check(program).total.same == 48


# --- staff and training ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("line", "column", "words"),
    [
        ("R11,Other,Person,facilitator,x@riverbend.example,,,,,,,", "staff_id", "line 3 already"),
        ("R20,A,B,facilitator,odalys.whitfield@riverbend.example,,,,,,,", "email", "line 2 already"),
        ("R20,A,B,janitor,a@riverbend.example,,,,,,,", "role", "is not a role"),
        ("R20,A,B,program_lead,a@riverbend.example,,,,,,,", "role", "is not a role"),
        ("R20,A,B,facilitator,a@riverbend.example,,,,,,,R20", "supervisor_id", "supervises themselves"),
        ("R20,A,B,facilitator,a@riverbend.example,,,,,,,R11", "supervisor_id", "not a supervisor"),
        ("R20,A,B,facilitator,a@riverbend.example,,,,,,,R99", "supervisor_id", "Nobody has"),
        ("R20,A,B,facilitator,a@riverbend.example,,,,,0,,", "max_groups_per_day", "cannot be"),
    ],
)  # fmt: skip
def test_wrong_staff(program, line, column, words):
    fault = only_fault(check(program, sample_files(**more("staff", line))))
    assert (fault.file, fault.line, fault.column) == ("staff.csv", 8, column)
    assert words in fault.sentence


def test_a_name_of_an_account_in_use_stays_and_an_address_never_moves(program):
    bring_in(program)
    User.objects.filter(first_name="Tobias").update(joined_at=NOW)
    other = text_of("staff").replace("R11,Tobias", "R11,Toby")
    report = check(program, sample_files(staff=other))
    assert report.total.changed == 0
    assert "People change their own name" in report.warnings[0].sentence
    moved = text_of("staff").replace("tobias.lindqvist@", "mallory@")
    assert (
        "signs in with another address"
        in only_fault(check(program, sample_files(staff=moved))).sentence
    )


def test_a_role_that_was_taken_away_does_not_come_back(program):
    bring_in(program, at=NOW - timedelta(days=30))
    lead = make_staff(program, Role.ADMINISTRATOR)
    pernilla = RoleAssignment.objects.get(role=Role.SCHEDULER)
    end_role(assignment=pernilla, by=lead, at=NOW)
    report = bring_in(program)
    assert "not given back by an import" in report.warnings[0].sentence
    assert report.total.changed == 0


def test_changes_of_a_facilitator(program):
    bring_in(program)
    changed = text_of("staff").replace("volunteer,yes,1", "part-time,yes,2")
    report = bring_in(program, sample_files(staff=changed))
    assert [(r.key, r.changes) for r in report.rows if r.state == State.CHANGED] == [
        ("R13", ("employment", "groups a day"))
    ]
    assert Facilitator.objects.get(staff_id="R13").max_groups_per_day == 2


@pytest.mark.parametrize(
    ("line", "column", "words"),
    [
        ("R99,Active listening,2026-01-05,,,,", "staff_id", "Nobody has"),
        ("R14,Active listening,2026-01-05,,,,", "staff_id", "not a facilitator"),
        ("R11,Juggling,2026-01-05,,,,", "requirement", "no training called"),
        ("R11,Documentation,2026-12-05,,,,", "completed_on", "not come yet"),
        ("R11,Documentation,2026-05-05,,2026-05-04,,", "expires_on", "runs out before"),
        ("R11,Peer specialist certification,2026-05-05,,2028-05-04,Board,", "certificate_number", "needs its number"),
        ("R11,Peer specialist certification,2026-05-05,,,Board,X-1", "expires_on", "needs the last day"),
        ("R11,Active listening,2026-03-02,4,,,", "requirement", "line 2 already"),
    ],
)  # fmt: skip
def test_wrong_training(program, line, column, words):
    fault = only_fault(check(program, sample_files(**more("training", line))))
    assert (fault.line, fault.column) == (10, column)
    assert words in fault.sentence


def test_a_verified_training_is_not_rewritten(program):
    bring_in(program)
    TrainingRecord.objects.filter(certificate_number="T-1001").update(verified_at=NOW)
    other = text_of("training").replace("T-1001", "T-9999")
    assert "was verified" in only_fault(check(program, sample_files(training=other))).sentence


# --- participants -------------------------------------------------------------------------------------
def test_discharges_past_and_planned(program):
    bring_in(program)
    stays = {
        s.participant.record_number: s for s in EpisodeOfCare.objects.select_related("participant")
    }
    assert stays["RB501"].discharged_on == date(2026, 9, 25)
    assert stays["RB501"].planned_discharge_on is None
    assert stays["RB505"].discharged_on is None
    assert stays["RB505"].planned_discharge_on == date(2027, 1, 15)
    later = bring_in(program, at=NOW + timedelta(days=60))
    assert states(later, "participants.csv")["RB505"] == State.CHANGED
    assert EpisodeOfCare.objects.get(pk=stays["RB505"].pk).discharged_on == date(2027, 1, 15)


def test_a_discharge_ends_the_places(program):
    bring_in(program)
    went = text_of("participants").replace("2026-09-08,,IOP", "2026-09-08,2026-11-20,IOP")
    report = bring_in(program, sample_files(participants=went, enrollments=None, attendance=None))
    assert not report.faults
    ends = Enrollment.objects.filter(participant__record_number="RB503")
    assert set(ends.values_list("until_on", flat=True)) == {date(2026, 11, 20)}
    # The place is kept for who waited, and the same files again change nothing.
    assert WaitlistEntry.objects.get().offer_until is not None
    again = bring_in(program, sample_files(participants=went, enrollments=None, attendance=None))
    assert (again.total.new, again.total.changed) == (0, 0)
    assert [m.kind for m in OutboxMessage.objects.all()] == ["place_kept"]


def test_a_place_in_an_alumni_group_belongs_to_no_stay(program):
    bring_in(program)
    place = Enrollment.objects.get(series__group__name="Evening Harbor")
    assert (place.episode, place.until_on) == (None, None)


def test_today_at_the_site_decides(program):
    """Late in the evening in New York it is the next day in UTC, but not at the site."""
    late = datetime(2027, 1, 14, 23, 30, tzinfo=ZoneInfo("America/New_York"))
    bring_in(program, at=late.astimezone(UTC))
    assert not EpisodeOfCare.objects.get(participant__record_number="RB505").discharged_on


def test_consents_follow_the_file_until_the_person_says_no(program):
    bring_in(program)
    live = ChannelConsent.objects.filter(participant__record_number="RB502", revoked_at=None)
    assert [c.channel for c in live] == ["email"]
    no = text_of("participants").replace("0161,no,yes", "0161,no,no")
    report = bring_in(program, sample_files(participants=no))
    assert states(report, "participants.csv")["RB502"] == State.CHANGED
    assert not live.all().exists()
    back = bring_in(program)
    assert any("does not renew it" in f.sentence for f in back.warnings)
    assert not live.all().exists()


def test_an_empty_cell_changes_nothing(program):
    bring_in(program)
    row = "record_number,first_name,admitted_on,level_of_care,preferred_name,phone\nRB501,Ignatius,2026-08-31,PHP,,\n"
    report = bring_in(program, [("participants.csv", row.encode())])
    assert report.total.same == 1
    assert ContactPoint.objects.filter(participant__record_number="RB501").count() == 2


@pytest.mark.parametrize(
    ("line", "column", "words"),
    [
        ("RB501,Somebody,Else,,1990-01-01,,,no,,,no,no,2026-09-08,,PHP,,", "record_number", "another person on line 2"),
        ("RB506,Ana María,,,1979-05-22,she/her,Spanish,yes,,,no,no,2026-09-21,,PHP,Trauma,Inpatient unit", "(whole row)", "repeats line 7"),
        ("RB501,Ignatius,Fairweather,,1984-02-19,,,no,,,no,no,2026-09-08,,PHP,,", "record_number", "with other details"),
        ("RB510,A,B,,2030-01-01,,,no,,,no,no,2026-09-08,,PHP,,", "date_of_birth", "not come yet"),
        ("RB510,A,B,,1901-01-01,,,no,,,no,no,2026-09-08,,PHP,,", "date_of_birth", "years ago"),
        ("RB510,A,B,,,,,no,,,no,no,2026-09-08,2026-09-07,PHP,,", "discharged_on", "before the admission"),
        ("RB510,A,B,,,,,no,,,no,no,2028-09-08,,PHP,,", "admitted_on", "far ahead"),
        ("RB510,A,B,,,,,no,,,no,no,2026-09-08,,RTC,,", "level_of_care", "PHP or IOP"),
        ("RB510,A,B,,,,,no,,,no,no,2026-09-08,,PHP,,Mars", "referred_from", "Inpatient unit"),
    ],
)  # fmt: skip
def test_wrong_participants(program, line, column, words):
    report = check(program, sample_files(**more("participants", line)))
    found = faults(report)
    assert any(
        place == ("participants.csv", 8, column) and words in told for place, told in found.items()
    ), found


def test_a_number_on_record_is_not_given_to_another_person(program):
    bring_in(program)
    other = "record_number,first_name,last_name,date_of_birth,admitted_on,level_of_care\nRB501,Mallory,Vane,1990-01-01,2026-11-02,PHP\n"
    fault = only_fault(check(program, [("participants.csv", other.encode())]))
    assert "on record for another person" in fault.sentence
    assert "Ignatius" not in fault.sentence


def test_another_site_of_the_organization_tells_nothing(program):
    """The number of somebody who was never here: no name, no day, nothing of the record comes out."""
    bring_in(program)
    elsewhere = make_program("Upstream", site=program.site)
    row = "record_number,first_name,last_name,admitted_on,level_of_care\nRB502,Mallory,Marsh,2026-11-02,PHP\n"
    fault = only_fault(check(elsewhere, [("participants.csv", row.encode())]))
    assert fault.column == "record_number"
    for word in ("Solveig", "2026-09", "Riverbend"):
        assert word not in fault.sentence
    own = row.replace("Mallory,Marsh", 'Solveig,"Marsh, Jr."')
    fault = only_fault(check(elsewhere, [("participants.csv", own.encode())]))
    assert "another stay in those days" in fault.sentence
    for name in ("enrollments", "attendance"):
        report = check(elsewhere, [(f"{name}.csv", text_of(name).encode())])
        assert any("No participant of the program" in f.sentence for f in report.faults)


def test_a_sealed_chart_stays_closed(program):
    bring_in(program)
    Participant.objects.filter(record_number="RB502").update(sealed_at=NOW)
    found = faults(check(program))
    assert "cannot be used" in found["participants.csv", 3, "record_number"]


# --- groups -------------------------------------------------------------------------------------------
GROUP = (
    "{name},open,{days},{starts},{ends},{room},{lead},,8,English,{since},{until},{zone},"
    "{every},{nth},{times}"
)


def group(**more):
    values = {
        "name": "New Group", "days": "Fri", "starts": "09:00", "ends": "09:50", "room": "Willow",
        "lead": "R11", "since": "2026-09-07", "until": "2026-12-18", "zone": "America/New_York",
        "every": "", "nth": "", "times": "",
    }  # fmt: skip
    return GROUP.format(**{**values, **more})


@pytest.mark.parametrize(
    ("line", "column", "words"),
    [
        (group(days="Mon", starts="10:30", ends="11:20", lead=""), "room", "Willow is also wanted for Open Morning"),
        (group(days="Mon", starts="10:30", ends="11:20", room="Heron"), "facilitator_id", "Tobias Lindqvist is also needed for Open Morning"),
        (group(ends="08:00"), "ends", "does not come after the start"),
        (group(room="Attic"), "room", "no room called “Attic”"),
        (group(lead="R77"), "facilitator_id", "Nobody has the number R77"),
        (group(lead="R14"), "facilitator_id", "not a facilitator"),
        (group(since="2026-12-19", until="2026-12-18"), "until", "before the first"),
        (group(zone="America/Nowhere"), "time_zone", "not known"),
        (group(days="Sun", starts="02:30", ends="03:20", until="2027-03-21"), "starts", "2:30 does not exist on Sun 14 Mar 2027"),
        (group(days="Thu", since="2026-11-26", until="2026-11-26"), "until", "Every date is closed"),
        (group(days="Sun", since="2026-11-23", until="2026-11-24"), "until", "No such weekday"),
        (group(name="open morning"), "group", "line 2 already"),
        (group(every="0"), "every_weeks", "0 cannot be. Write weeks from 1 to 52."),
        (group(every="2", nth="2nd"), "every_weeks", "by weeks or by the month, not by both"),
        (group(nth="5th"), "nth_of_month", "“5th” is no week of a month. Write 1st"),
        (group(times="Thursday"), "more_times", "Write it as in Thu 14:00-14:50"),
        (group(times="Fri 09:30-10:20"), "more_times", "9:00–9:50 and 9:30–10:20 overlap"),
        (group(times="Sun 02:30-03:20", until="2027-03-21"), "more_times", "2:30 does not exist"),
        (group(nth="1st", since="2026-10-08", until="2026-10-30"), "until", "No such weekday"),
        (group(room="Heron", lead="", times="Tue 14:10-15:00"), "room", "Heron is also wanted for Small Steps"),
    ],
)  # fmt: skip
def test_wrong_groups(program, line, column, words):
    fault = only_fault(check(program, sample_files(**more("groups", line))))
    assert (fault.file, fault.line, fault.column) == ("groups.csv", 7, column)
    assert words in fault.sentence


def test_sessions_keep_their_wall_clock_and_leave_closed_days_out(program):
    bring_in(program)
    days = GroupSession.objects.filter(series__group__name="Open Morning")
    zone = ZoneInfo("America/New_York")
    assert {s.starts_at.astimezone(zone).strftime("%H:%M") for s in days} == {"10:00"}
    assert {s.starts_at.hour for s in days} == {14, 15}  # UTC, before and after the change
    assert not days.filter(local_date=date(2026, 9, 7)).exists()
    assert not GroupSession.objects.filter(local_date=date(2026, 11, 26)).exists()


def test_a_booked_room_and_person_are_told_from_the_database(program):
    bring_in(program, sample_files(groups=None, enrollments=None, attendance=None))
    room = Room.objects.get(name="Willow")
    series = make_series(
        program,
        room=room,
        facilitator=Facilitator.objects.get(staff_id="R11"),
        from_on=date(2026, 9, 7),
    )
    make_session(series, date(2026, 9, 14))
    found = faults(check(program))
    assert f"Willow is taken by {series.group.name} until 10:50" in found["groups.csv", 2, "room"]
    assert "Tobias Lindqvist is busy with" in found["groups.csv", 2, "facilitator_id"]


def test_another_program_in_the_room_is_not_named(program):
    bring_in(program, sample_files(groups=None, enrollments=None, attendance=None))
    elsewhere = make_program("Upstream", site=program.site)
    series = make_series(elsewhere, room=Room.objects.get(name="Willow"), from_on=date(2026, 9, 7))
    make_session(series, date(2026, 9, 14))
    fault = faults(check(program))["groups.csv", 2, "room"]
    assert "a session of another program" in fault
    assert series.group.name not in fault


def test_dates_that_stand_are_not_moved_by_a_file(program):
    bring_in(program)
    moved = text_of("groups").replace("10:00,10:50,Willow", "11:00,11:50,Heron")
    found = faults(check(program, sample_files(groups=moved, attendance=None)))
    assert {place[2] for place in found} == {"starts", "ends", "room"}
    wider = text_of("groups").replace("R11,R12,8", "R11,R12,9")
    report = bring_in(program, sample_files(groups=wider))
    assert states(report, "groups.csv")["Open Morning"] == State.CHANGED
    assert GroupSeries.objects.get(group__name="Open Morning").capacity == 9


def test_a_closed_day_tells_of_sessions_that_stay(program):
    bring_in(program)
    report = bring_in(program, sample_files(**more("closures", "2026-12-02,Boiler")))
    assert any("1 session planned on that day will stay" in f.sentence for f in report.warnings)
    assert Closure.objects.count() == 3


# --- places -------------------------------------------------------------------------------------------
def test_more_people_than_places_wait_in_order(program):
    lines = ["RB505,Small Steps,2026-09-14,", "RB506,Small Steps,2026-09-21,2026-12-01"]
    report = bring_in(program, sample_files(**more("enrollments", *lines)))
    assert not report.faults
    told = [f.sentence for f in report.warnings if f.file == "enrollments.csv"]
    assert len(told) == 3
    assert "RB505 goes to the waitlist, place 1 in line" in told[1]
    line = WaitlistEntry.objects.select_related("participant")
    assert [(w.participant.record_number, w.wanted_from) for w in line] == [
        ("RB505", date(2026, 9, 14)), ("RB504", date(2026, 9, 15)), ("RB506", date(2026, 9, 21)),
    ]  # fmt: skip
    assert Enrollment.objects.filter(series__group__name="Small Steps").count() == 2
    assert bring_in(program, sample_files(**more("enrollments", *lines))).total.new == 0


def test_a_crowd_of_the_past_is_kept_and_takes_no_place_of_today(program):
    """A place that ended is a fact; who comes now finds its place free."""
    lines = "record_number,group,from,until\n" + "".join(
        f"{n},Small Steps,2026-09-22,2026-10-20\n" for n in ("RB502", "RB503", "RB505")
    )
    lines += "RB504,Small Steps,2026-09-22,\n"
    report = bring_in(program, sample_files(enrollments=lines, attendance=None))
    assert not report.faults
    assert Enrollment.objects.count() == 4
    assert sum("over its 2 places" in f.sentence for f in report.warnings) == 2


@pytest.mark.parametrize(
    ("line", "column", "words"),
    [
        ("RB999,Open Morning,2026-09-14,", "record_number", "No participant"),
        ("RB505,Nowhere,2026-09-14,", "group", "no group called"),
        ("RB505,Open Morning,2026-09-13,", "from", "admitted on 2026-09-14"),
        ("RB501,Small Steps,2026-10-01,", "from", "discharged on 2026-09-25"),
        ("RB501,Small Steps,2026-09-15,2026-10-01", "until", "discharged on 2026-09-25"),
        ("RB505,Open Morning,2026-10-14,2026-10-13", "until", "before the first"),
        ("RB502,Open Morning,2026-10-14,", "from", "on line 3 already"),
        ("RB502,Open Morning,2026-09-08,", "(whole row)", "repeats line 3"),
        ("RB505,Small Steps,2026-12-20,", "from", "meets from 2026-09-08 to 2026-12-15"),
    ],
)  # fmt: skip
def test_wrong_places(program, line, column, words):
    fault = only_fault(check(program, sample_files(**more("enrollments", line))))
    assert (fault.line, fault.column) == (10, column)
    assert words in fault.sentence


def test_who_got_a_place_since_is_not_put_in_line_again(program):
    bring_in(program)
    entry = WaitlistEntry.objects.get()
    Enrollment.objects.create(
        program=program, series=entry.series, participant=entry.participant, episode=entry.episode,
        from_on=date(2026, 11, 24),
    )  # fmt: skip
    entry.outcome = "enrolled"
    entry.save()
    assert check(program).total.same == 48


# --- attendance ---------------------------------------------------------------------------------------
def test_attendance_makes_a_session_held_and_keeps_who_walked_in(program):
    report = bring_in(program)
    held = GroupSession.objects.filter(state=SessionState.HELD)
    assert held.count() == 4
    assert GroupSession.objects.filter(state=SessionState.SCHEDULED, starts_at__lt=NOW).exists()
    waiting = Attendance.objects.get(
        participant__record_number="RB504", session__local_date="2026-09-15"
    )
    assert waiting.walk_in
    assert any("on the waitlist" in f.sentence for f in report.warnings)
    assert Attendance.objects.get(status="left_early").departed.isoformat() == "10:30:00"


@pytest.mark.parametrize(
    ("line", "column", "words"),
    [
        ("2026-09-16,10:00,Open Morning,RB999,present,,,", "record_number", "No participant"),
        ("2026-09-16,10:00,Choir,RB502,present,,,", "group", "no group called"),
        ("2026-09-16,10:30,Open Morning,RB502,present,,,", "starts", "began at 10:00"),
        ("2026-09-15,10:00,Open Morning,RB502,present,,,", "date", "meets on Mon and Wed"),
        ("2026-09-07,10:00,Open Morning,RB501,present,,,", "date", "closed on Mon 7 Sep 2026: Labor Day"),
        ("2027-04-05,10:00,Open Morning,RB502,present,,,", "date", "not come yet"),
        ("2026-11-25,10:00,Open Morning,RB502,present,,,", "date", "not come yet"),
        ("2026-09-09,10:00,Open Morning,RB504,present,,,", "date", "admitted on 2026-09-14"),
        ("2026-10-05,10:00,Open Morning,RB501,present,,,", "date", "discharged on 2026-09-25"),
        ("2026-09-09,10:00,Open Morning,RB502,late,10:07,,", "(whole row)", "repeats line 3"),
        ("2026-09-09,10:00,Open Morning,RB502,absent,,,", "status", "line 3 already"),
        ("2026-09-16,10:00,Open Morning,RB502,maybe,,,", "status", "present, late"),
        ("2026-09-16,10:00,Open Morning,RB502,absent,10:05,,", "arrived", "did not come"),
        ("2026-09-16,10:00,Open Morning,RB502,present,,,transport", "reason", "did not come"),
        ("2026-09-16,10:00,Open Morning,RB502,late,11:30,,", "arrived", "ended at 10:50"),
        ("2026-09-16,10:00,Open Morning,RB502,late,10:20,10:10,", "departed", "before they came"),
    ],
)  # fmt: skip
def test_wrong_attendance(program, line, column, words):
    report = check(program, sample_files(**more("attendance", line)))
    found = faults(report)
    assert any(
        place == ("attendance.csv", 12, column) and words in told for place, told in found.items()
    ), found


def test_a_session_that_begins_later_today_has_no_attendance(program):
    morning = datetime(2026, 11, 23, 9, tzinfo=ZoneInfo("America/New_York"))
    line = "2026-11-23,10:00,Open Morning,RB502,present,,,"
    files = sample_files(**more("attendance", line))
    assert "not begun" in only_fault(check(program, files, at=morning)).sentence
    assert not check(program, files, at=NOW).faults


def test_a_session_that_did_not_take_place_stays_so(program):
    bring_in(program)
    GroupSession.objects.filter(local_date="2026-09-16").update(state=SessionState.NOT_HELD)
    line = "2026-09-16,10:00,Open Morning,RB502,present,,,"
    fault = only_fault(check(program, sample_files(**more("attendance", line))))
    assert "did not take place" in fault.sentence


def test_a_correction_is_a_change_and_others_notice(program):
    bring_in(program)
    version = GroupSession.objects.get(local_date="2026-09-09").attendance_version
    other = text_of("attendance").replace("RB503,declined,,,", "RB503,excused,,,childcare")
    report = bring_in(program, sample_files(attendance=other))
    assert report.total.changed == 1
    assert GroupSession.objects.get(local_date="2026-09-09").attendance_version == version + 1


def test_a_faulty_row_does_not_drag_others_with_it(program):
    """A wrong participant is told once, not with every place and attendance."""
    wrong = text_of("participants").replace(
        "2026-09-08,,PHP,Trauma,Self", "09/08/26,,PHP,Trauma,Self"
    )
    fault = only_fault(check(program, sample_files(participants=wrong)))
    assert (fault.file, fault.line, fault.column) == ("participants.csv", 3, "admitted_on")


# --- other programs and commands ----------------------------------------------------------------------
def test_the_account_of_a_colleague_elsewhere_is_used_as_it_is(program):
    other = make_facilitator(make_program("Elsewhere"))
    line = f"R20,Other,Name,facilitator,{other.user.email},,,,,,,R10"
    report = bring_in(program, sample_files(**more("staff", line)))
    assert not report.faults
    assert User.objects.filter(email=other.user.email).count() == 1
    assert User.objects.get(email=other.user.email).first_name == other.user.first_name


def test_the_command_by_name(program, tmp_path):
    for name, content in sample_files():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "folder").mkdir()
    out = StringIO()
    with time_machine.travel(NOW, tick=False):
        call_command("import_program", str(tmp_path), "--dry-run", program="riverbend", stdout=out)
    assert "staff.csv line 2: new     R10 (as supervisor)" in out.getvalue()
    assert "Nothing was saved (--dry-run)." in out.getvalue()
    assert not SupportGroup.objects.exists()


@pytest.mark.parametrize(
    ("folder", "name", "words"),
    [
        (".", "Nobody", "Programs are “Riverbend”. To make it: manage.py create_program"),
        ("nowhere", "Riverbend", "There is no folder"),
    ],
)
def test_the_command_says_what_is_missing(program, tmp_path, folder, name, words):
    with pytest.raises(CommandError, match=words) as no:
        call_command("import_program", str(tmp_path / folder), program=name)
    assert no.value.returncode == 2


def test_two_programs_of_one_name_are_told_apart_by_their_site(program, tmp_path):
    other = make_program("Riverbend")
    with pytest.raises(CommandError, match="Add --site"):
        call_command("import_program", str(tmp_path), program="Riverbend")
    with pytest.raises(CommandError, match="is empty"):
        call_command("import_program", str(tmp_path), program="Riverbend", site=other.site.name)


def test_create_program():
    more = {"organization": "Tidewater", "site": "Riverbend", "zone": "America/New_York"}
    for _ in range(2):
        call_command("create_program", "Day program", stdout=StringIO(), **more)
    made = Program.objects.select_related("site__organization").get()
    assert (made.name, made.zone, made.site.organization.name) == (
        "Day program", "America/New_York", "Tidewater",
    )  # fmt: skip
    with pytest.raises(CommandError, match="not known"):
        call_command("create_program", "X", **{**more, "zone": "Nowhere"})
    with pytest.raises(CommandError, match="in the zone America/New_York"):
        call_command("create_program", "X", **{**more, "zone": "America/Chicago"})


# --- anything at all ----------------------------------------------------------------------------------
ODD = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["", "R10", "R11", "RB501", "RB502", "Open Morning", "Willow", "2026-09-14",
                     "2026-13-01", "10:00", "=1", "yes", "0", "-3", "\x00", "﻿"]),
)  # fmt: skip


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_cell_anywhere_gives_a_report(program, data):
    """Cells of the sample replaced at random: never a crash, always file, line, column, sorted."""
    import csv
    import io

    files = []
    for name, content in sample_files():
        table = list(csv.reader(io.StringIO(content.decode())))
        for _ in range(data.draw(st.integers(0, 2))):
            row = table[data.draw(st.integers(1, len(table) - 1))]
            row[data.draw(st.integers(0, len(row) - 1))] = data.draw(ODD)
        out = io.StringIO()
        csv.writer(out).writerows(table)
        files.append((name, out.getvalue().encode(errors="replace")))
    report = check(program, files)
    order = [f.file for f in report.files]
    places = [(order.index(f.file), f.line, f.column) for f in report.findings]
    assert places == sorted(places)
    assert all(f.line >= 1 and f.column and f.sentence for f in report.findings)
    wrong = {(r.file, r.line) for r in report.rows if r.state == State.WRONG}
    assert {(f.file, f.line) for f in report.faults if f.line > 1} <= wrong


@pytest.mark.django_db(transaction=True)
def test_two_imports_at_once_come_in_once():
    """The second waits for the first and finds everything on record."""
    from threading import Thread

    from django.db import connection

    program = make_program("Riverbend")
    totals = []

    def run():
        try:
            totals.append(bring_in(Program.objects.select_related("site").get()).total)
        finally:
            connection.close()

    threads = [Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((t.new, t.same) for t in totals) == [(0, 48), (0, 48), (48, 0)]
    assert Participant.objects.filter(organization=program.site.organization).count() == 6
    assert Attendance.objects.count() == 10
