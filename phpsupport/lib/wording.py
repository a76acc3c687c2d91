"""Dates, times, counts and lists as people say them. Pure; English; no locale of the machine.

All of these take local values: turn an instant into the site's zone before it comes here.
"""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Final

WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS: Final = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip


def day(on: date, *, year: bool = False) -> str:
    """ "Tue 4 Mar", or "Tue 4 Mar 2025" with the year."""
    text = f"{WEEKDAYS[on.weekday()]} {on.day} {MONTHS[on.month - 1]}"
    return f"{text} {on.year}" if year else text


def date_in_full(on: date) -> str:
    """ "22 Nov 2026": a date that may lie far away, without its weekday."""
    return f"{on.day} {MONTHS[on.month - 1]} {on.year}"


def clock_time(at: time | datetime) -> str:
    """ "9:05", "14:50": hours without a leading zero, as in "10:00–10:50"."""
    return f"{at.hour}:{at.minute:02d}"


def span(starts: time | datetime, ends: time | datetime) -> str:
    """ "10:00–10:50", with an en dash."""
    return f"{clock_time(starts)}–{clock_time(ends)}"


def day_and_span(starts: datetime, ends: datetime) -> str:
    """ "Tue 4 Mar, 10:00–10:50"; the second day is named when the end falls on another one."""
    if starts.date() == ends.date():
        return f"{day(starts)}, {span(starts, ends)}"
    return f"{day(starts)}, {clock_time(starts)} – {day(ends)}, {clock_time(ends)}"


def listing(words: Sequence[str], last: str = "and") -> str:
    """ "a", "a and b", "a, b and c"; '' for nothing."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def count(number: int, one: str, many: str | None = None) -> str:
    """ "1 person", "3 people", "0 days" (`many` is `one` + s where it is not given)."""
    return f"{number} {one if number == 1 else many or one + 's'}"
