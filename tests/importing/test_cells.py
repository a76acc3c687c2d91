"""One cell: what is read, and what is refused with what to write instead."""

import re
from datetime import date, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phpsupport.importing import cells
from phpsupport.importing.cells import Bad
from phpsupport.importing.columns import TABLES
from phpsupport.importing.report import RUNS, harmless, shown


def test_dates_are_year_month_day():
    assert cells.day("2026-11-04") == date(2026, 11, 4)
    assert cells.day("2028-02-29") == date(2028, 2, 29)
    assert cells.day("2026-11-04 00:00:00") == date(2026, 11, 4)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("11/04/2026", "2026-11-04 or 2026-04-11"),
        ("11/24/2026", "Write 2026-11-24"),
        ("24.11.2026", "Write 2026-11-24"),
        ("04-11-26", "2026-04-11 or 2026-11-04"),
        ("2026/11/04", "Write 2026-11-04"),
        ("2026-1-5", "Write 2026-01-05"),
        ("10/11-04", "is not a date"),
        ("04-18", "leaves out the year"),
        ("2026-02-30", "February 2026 has no day 30"),
        ("2027-02-29", "February 2027 has no day 29"),
        ("2026-13-01", "no month 13"),
        ("0026-11-04", "The year 26"),
        ("46330", "is not a date"),
        ("2026-11-04 09:30", "is not a date"),
        ("٢٠٢٦-١١-٠٤", "is not a date"),
        ("soon", "is not a date"),
    ],
)
def test_other_dates_are_never_guessed_at(text, words):
    with pytest.raises(Bad, match=words):
        cells.day(text)


@pytest.mark.parametrize(
    ("text", "at"), [("10:00", time(10)), ("9:05", time(9, 5)), ("14:30:00", time(14, 30))]
)
def test_times(text, at):
    assert cells.clock(text) == at


@pytest.mark.parametrize(
    ("text", "words"),
    [("2:30 pm", "14:30"), ("12 am", "00:00"), ("24:00", "not a time"), ("10.30", "not a time")],
)
def test_other_times(text, words):
    with pytest.raises(Bad, match=words):
        cells.clock(text)


def test_numbers_and_words():
    assert cells.hours("2.5") == Decimal("2.50")
    assert cells.weekdays("Mon;wed, FRIDAY") == frozenset({0, 2, 4})
    assert cells.yes_no("Yes") is True
    assert cells.phone("+1 207 555 0140") == cells.phone("(207) 555-0140")
    for parse, text in (
        (cells.hours, "-3"), (cells.hours, "0"), (cells.hours, "NaN"), (cells.hours, "1e3"),
        (cells.hours, "two"), (cells.hours, "0.001"),
        (cells.weekdays, "Mon;Funday"), (cells.weekdays, ";"),
        (cells.yes_no, "maybe"), (cells.phone, "555"), (cells.phone, "=1+1"),
        (cells.email, "not-an-email"), (cells.whole(1, 200, "places"), "0"),
        (cells.whole(1, 200, "places"), "²"), (cells.whole(1, 200, "places"), "9" * 400),
    ):  # fmt: skip
        with pytest.raises(Bad):
            parse(text)


def test_how_often_a_group_meets():
    assert cells.nth_of_month("2nd; Last,1") == (-1, 1, 2)
    found = cells.more_times("Tue Thu 14:00-14:50; sat 9:30–10:20;")
    assert [(sorted(t.weekdays), t.words) for t in found] == [
        ([1, 3], "14:00–14:50"), ([5], "9:30–10:20"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("parse", "text", "words"),
    [
        (cells.nth_of_month, "5th", "“5th” is no week of a month"),
        (cells.nth_of_month, ";", "or leave it empty"),
        (cells.more_times, "14:00-14:50", "at least one weekday"),
        (cells.more_times, "Thu 14:00", "Write it as in Thu 14:00-14:50"),
        (cells.more_times, "Thu 2pm-3pm", "12-hour clock. Write 14:00."),
        (cells.more_times, "Thu 14:00-13:00", "does not come after the start"),
        (cells.more_times, "Thu 14:00-14:00", "does not come after the start"),
        (cells.more_times, "Someday 14:00-15:00", "“Someday” is not a weekday"),
        (cells.more_times, " ; ", "or leave it empty"),
    ],
)
def test_other_ways_of_meeting(parse, text, words):
    with pytest.raises(Bad, match=re.escape(words)):
        parse(text)


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_a_formula_is_no_name(start):
    with pytest.raises(Bad, match="formula"):
        cells.name()(f"{start}SUM(A1)")


def test_names_stay_as_they_are():
    for name in ("O'Brien, Jr.", "Nguyễn", "Ana María", "de la Cruz", "Đặng"):
        assert cells.name()(name) == name


@given(st.text(max_size=80))
def test_every_parser_reads_or_refuses(text):
    for table in TABLES:
        for column in table.columns:
            try:
                column.parse(text)
            except Bad as no:
                assert str(no)  # noqa: PT017 - the sentence is what is tested


@pytest.mark.parametrize("text", [" =1+1", "＝1+1", "\n=1+1", "\0@SUM(A1)"])
def test_an_export_never_runs_what_a_spreadsheet_trims_or_widens(text):
    assert harmless(text).startswith("'")


@given(st.text(max_size=300))
def test_what_is_shown_or_exported_never_runs(text):
    assert not harmless(text).startswith(RUNS)
    assert shown(text).isprintable()
    assert len(shown(text)) <= 60
