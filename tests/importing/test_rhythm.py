"""Groups of a file that meet in other ways than every week at one time."""

import csv
import io
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from phpsupport.importing import patterns
from phpsupport.importing.actions import check_files, import_files
from phpsupport.importing.report import State
from sessions.models import GroupSeries, GroupSession
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
