"""Groups of a file that meet in other ways than every week at one time."""

import csv
import io
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from phpsupport.importing import patterns
from phpsupport.importing.actions import check_files, import_files
from phpsupport.importing.report import State
from sessions.models import Attendance, GroupSeries, GroupSession
from sessions.queries.series import pattern_in_words
from tests.factories import make_program
from tests.importing.sets import NOW, everything, sample_files

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("America/New_York")
NEW = ("every_weeks", "nth_of_month", "more_times")


@pytest.fixture
def program():
    return make_program("Riverbend")


def groups(change=lambda row: None, *, columns=None):
    """The sample's groups, each row changed, with these columns only."""
    rows = list(csv.DictReader(io.StringIO(patterns.shipped("sample", "groups.csv").decode())))
    for row in rows:
        change(row)
    out = io.StringIO()
    names = [n for n in rows[0] if columns is None or n in columns]
    writer = csv.DictWriter(out, names, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def old_columns():
    return [c.name for c in patterns.TABLES[5].columns if c.name not in NEW]


def bring_in(program, **replaced):
    files = sample_files(**replaced)
    return import_files(program=program, files=files, by=None, at=NOW)


def places(report):
    return {(f.line, f.column) for f in report.faults}


def dates(name, **which):
    rows = GroupSession.objects.filter(series__group__name=name, **which).order_by("starts_at")
    return [(s.local_date, s.starts_at.astimezone(ZONE).strftime("%H:%M")) for s in rows]


def test_every_other_week_at_two_times_and_by_the_month(program):
    report = bring_in(program)
    assert not report.faults
    words = {s.group.name: pattern_in_words(s) for s in GroupSeries.objects.select_related("group")}
    assert words["Making Things"] == (
        "Every 2 weeks on Wednesdays, 11:00–11:50, and Fridays, 13:00–13:50"
    )
    assert words["Family Evening"] == "The 2nd and last Tuesday of the month, 18:00–19:00"
    assert dates("Making Things")[:4] == [
        (date(2026, 9, 16), "11:00"), (date(2026, 9, 18), "13:00"),
        (date(2026, 9, 30), "11:00"), (date(2026, 10, 2), "13:00"),
    ]  # fmt: skip
    assert dates("Family Evening")[:4] == [
        (date(2026, 9, 8), "18:00"), (date(2026, 9, 29), "18:00"),
        (date(2026, 10, 13), "18:00"), (date(2026, 10, 27), "18:00"),
    ]  # fmt: skip
    assert {at for _, at in dates("Family Evening")} == {"18:00"}, "winter and summer alike"
    before = everything()
    again = bring_in(program)
    assert (again.total.new, again.total.changed) == (0, 0)
    assert everything() == before


def test_a_file_without_the_columns_means_every_week(program):
    report = bring_in(program, groups=groups(columns=old_columns()))
    assert not report.faults
    words = [pattern_in_words(s) for s in GroupSeries.objects.all()]
    assert "Wednesdays, 11:00–11:50" in words
    assert "Tuesdays, 18:00–19:00" in words


def test_a_file_without_the_columns_changes_nothing_that_stands(program):
    bring_in(program)
    old = sample_files(groups=groups(columns=old_columns()))
    again = check_files(program=program, files=old, by=None, at=NOW)
    assert not again.faults
    assert {r.state for r in again.rows if r.file == "groups.csv"} == {State.SAME}


def test_what_differs_from_the_dates_that_stand_is_told_by_column(program):
    bring_in(program)

    def other(row):
        if row["group"] == "Making Things":
            row["every_weeks"], row["more_times"] = "3", "Fri 14:00-14:50"
        elif row["group"] == "Family Evening":
            row["nth_of_month"] = "1st"
        elif row["group"] == "Open Morning":
            row["nth_of_month"] = "2nd"
        elif row["group"] == "Small Steps":
            row["every_weeks"] = "1"

    report = bring_in(program, groups=groups(other))
    assert places(report) == {
        (2, "nth_of_month"), (5, "every_weeks"), (5, "more_times"), (6, "nth_of_month"),
    }  # fmt: skip
    assert all("meets already" in f.sentence for f in report.faults)


def test_the_same_times_in_another_order_or_manner_are_the_same(program):
    def two(text):
        def change(row):
            if row["group"] == "Making Things":
                row["more_times"] = text

        return groups(change)

    bring_in(program, groups=two("Fri 13:00-13:50;Thu,Sat 15:00-15:50"))
    report = bring_in(program, groups=two("sat thursday 15:00 – 15:50; friday 13:00–13:50;"))
    assert not report.faults
    assert (report.total.new, report.total.changed) == (0, 0)


ATTENDANCE = "date,starts,group,record_number,status,arrived,departed,reason\n"


def attended(*lines):
    return sample_files(attendance=ATTENDANCE + "".join(f"{line}\n" for line in lines))


def test_attendance_is_of_each_time_at_which_a_group_meets(program):
    bring_in(program)
    rows = attended(
        "2026-09-16,11:00,Making Things,RB502,present,,,",
        "2026-09-18,13:00,Making Things,RB502,late,13:50,,",
    )
    report = import_files(program=program, files=rows, by=None, at=NOW)
    assert not report.faults
    marks = Attendance.objects.filter(session__series__group__name="Making Things")
    assert sorted(m.session.local_date for m in marks) == [date(2026, 9, 16), date(2026, 9, 18)]
    again = check_files(program=program, files=rows, by=None, at=NOW)
    assert (again.total.new, again.total.changed) == (0, 0)


def test_attendance_at_the_time_of_another_day_is_a_fault(program):
    bring_in(program)
    rows = attended(
        "2026-09-18,11:00,Making Things,RB502,present,,,",
        "2026-09-18,13:00,Making Things,RB503,late,13:51,,",
    )
    report = check_files(program=program, files=rows, by=None, at=NOW)
    told = {(f.line, f.column): f.sentence for f in report.faults}
    assert told == {
        (2, "starts"): "The group began at 13:00 on that day. Correct the time.",
        (3, "arrived"): "The session ended at 13:50. Correct the time.",
    }


def test_past_attendance_goes_by_the_hour_at_which_it_was_held(program):
    """A series that meets at another hour now met at the old one then."""
    bring_in(program)
    GroupSeries.objects.filter(group__name="Making Things").update(
        starts=time(15), ends=time(15, 50)
    )
    rows = [
        file
        for file in attended("2026-09-16,11:00,Making Things,RB502,present,,,")
        if file[0] == "attendance.csv"
    ]
    assert not check_files(program=program, files=rows, by=None, at=NOW).faults


def test_minutes_of_a_session_past_midnight_go_by_its_own_days(program):
    bring_in(program)
    held = GroupSession.objects.get(
        series__group__name="Making Things", local_date=date(2026, 9, 16)
    )
    late = datetime(2026, 9, 17, 3, 30, tzinfo=UTC)  # 23:30 on the 16th, by the clock there
    GroupSession.objects.filter(pk=held.pk).update(
        starts_at=late, ends_at=late + timedelta(minutes=50), moved=True
    )
    rows = attended(
        "2026-09-16,23:30,Making Things,RB502,late,23:40,00:10,",
        "2026-09-16,23:30,Making Things,RB503,late,00:25,,",
        "2026-09-16,23:30,Making Things,RB504,late,00:10,23:40,",
    )
    report = check_files(program=program, files=rows, by=None, at=NOW)
    assert {(f.line, f.column) for f in report.faults} == {(3, "arrived"), (4, "departed")}
