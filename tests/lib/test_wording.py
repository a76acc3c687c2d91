"""Dates and counts as people say them."""

from datetime import date, datetime, time

from phpsupport.lib import wording


def test_dates_and_times() -> None:
    assert wording.day(date(2025, 3, 4)) == "Tue 4 Mar"
    assert wording.day(date(2025, 3, 4), year=True) == "Tue 4 Mar 2025"
    assert wording.date_in_full(date(2026, 11, 22)) == "22 Nov 2026"
    assert wording.span(time(9, 5), time(14, 50)) == "9:05–14:50"
    start = datetime(2025, 3, 4, 23, 30)
    assert wording.day_and_span(start, start.replace(minute=59)) == "Tue 4 Mar, 23:30–23:59"
    assert (
        wording.day_and_span(start, datetime(2025, 3, 5, 0, 20))
        == "Tue 4 Mar, 23:30 – Wed 5 Mar, 0:20"
    )


def test_lists_and_counts() -> None:
    assert [wording.listing(list("abc")[:n]) for n in range(4)] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert wording.listing(["a", "b"], "or") == "a or b"
    assert wording.count(1, "person", "people") == "1 person"
    assert wording.count(0, "person", "people") == "0 people"
    assert wording.count(2, "day") == "2 days"
