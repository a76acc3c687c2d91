"""One cell of text to one value, or a sentence that says what to do. Pure: no clock, no rows."""

import re
from collections.abc import Callable, Mapping
from datetime import date, time
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from participants.names import clean_name
from participants.reaching import clean_email, clean_phone
from phpsupport.importing.report import RUNS, shown
from phpsupport.lib import wording
from phpsupport.lib.errors import Refused
from sessions.recurrence import LAST, Times

FIRST_YEAR, LAST_YEAR = 1900, 2100
MONTHS: Final = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
ISO: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})\Z")
WITH_MIDNIGHT: Final = re.compile(r"(\d{4}-\d{2}-\d{2})[ T]00:00(?::00(?:\.0+)?)?\Z")
THREE_NUMBERS: Final = re.compile(r"(\d{1,4})([/.\- ])(\d{1,2})\2(\d{1,4})\Z")
TWO_NUMBERS: Final = re.compile(r"(\d{1,2})[/.\-](\d{1,2})\Z")
CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})(?::00)?\Z")
HALF_DAY: Final = re.compile(r"(\d{1,2})(?::(\d{2}))?\s*([ap])\.?m\.?\Z", re.IGNORECASE)
WEEKDAYS: Final = {
    name[:length]: place
    for place, name in enumerate(
        ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
    )
    for length in range(3, len(name) + 1)
}
NTH_WORDS: Final = {
    word: n
    for n, words in {
        1: ("1st", "1", "first"), 2: ("2nd", "2", "second"), 3: ("3rd", "3", "third"),
        4: ("4th", "4", "fourth"), LAST: ("last",),
    }.items()
    for word in words
}  # fmt: skip
DAYS_AND_TIMES: Final = re.compile(r"([^\d:]*)(\d[^-–]*)[-–]\s*(\d.*)")
YES_NO: Final = {"yes": True, "y": True, "true": True, "no": False, "n": False, "false": False}

Parse = Callable[[str], Any]


class Bad(Exception):
    """The cell cannot be read; the text says why and what to write instead."""


def line(longest: int) -> Parse:
    """A line of text, at most `longest` characters, that no spreadsheet would run."""

    def parse(text: str) -> str:
        refuse_formula(text)
        return _short(" ".join(text.split()), longest)

    return parse


def name(longest: int = 80) -> Parse:
    """Somebody's or something's name."""

    def parse(text: str) -> str:
        refuse_formula(text)
        return _short(clean_name(text), longest)

    return parse


def _short(text: str, longest: int) -> str:
    if len(text) > longest:
        raise Bad(f"This is {len(text)} characters long. Shorten it to {longest}.")
    if any(0xD800 <= ord(c) <= 0xDFFF for c in text):
        raise Bad("This holds half a character. Type it again.")
    return text


def refuse_formula(text: str) -> None:
    """A text that begins as a formula is refused: a spreadsheet would run it when it is exported."""
    if text.startswith(RUNS):
        kind = "a formula" if text.startswith("=") else "the start of a formula"
        raise Bad(
            f"“{shown(text)}” is {kind}, not words. Write the plain words, beginning with a letter "
            "or a number."
        )


def identifier(longest: int = 30) -> Parse:
    """A record or staff number."""
    parse_line = line(longest)

    def parse(text: str) -> str:
        return str(parse_line(text))

    return parse


def email(text: str) -> str:
    try:
        return clean_email(_short(text, 254))
    except Refused:
        raise Bad(
            f"“{shown(text)}” is not an e-mail address. Write it as in name@example.org."
        ) from None


def phone(text: str) -> str:
    if text.startswith(("=", "-", "@")):
        refuse_formula(text)
    try:
        return clean_phone(_short(text, 40))
    except Refused:
        raise Bad(
            f"“{shown(text)}” is not a phone number. Write it with its area code, as in "
            "(207) 555-0100."
        ) from None


def yes_no(text: str) -> bool:
    try:
        return YES_NO[text.lower()]
    except KeyError:
        raise Bad(f"“{shown(text)}” is neither yes nor no. Write yes or no.") from None


def choice(words: Mapping[str, str], what: str) -> Parse:
    """One of `words` (as people write it → value); capitals do not matter."""
    first: dict[str, str] = {}
    for word, value in words.items():
        first.setdefault(value, word)
    known = wording.listing(list(first.values()), last="or")
    found = {word.lower(): value for word, value in words.items()}

    def parse(text: str) -> str:
        try:
            return found[" ".join(text.lower().split())]
        except KeyError:
            raise Bad(f"“{shown(text)}” is not {what} we know. Write {known}.") from None

    return parse


def several(one: Parse) -> Parse:
    """Values separated by semicolons; each once, in order."""

    def parse(text: str) -> tuple[Any, ...]:
        parts = [part.strip() for part in text.split(";")]
        return tuple(dict.fromkeys(one(part) for part in parts if part))

    return parse


def whole(least: int, most: int, what: str) -> Parse:
    """A whole number from `least` to `most`."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"-?\d{1,9}", text, re.ASCII):
            raise Bad(f"“{shown(text)}” is not a whole number. Write {what} in digits.")
        number = int(text)
        if not least <= number <= most:
            raise Bad(f"{number} cannot be. Write {what} from {least} to {most}.")
        return number

    return parse


def hours(text: str) -> Decimal:
    try:
        number = Decimal(text)
        fine = number.is_finite()
    except InvalidOperation:
        fine = False
    if not fine or not re.fullmatch(r"-?\d{0,9}(\.\d{0,9})?", text, re.ASCII):
        raise Bad(f"“{shown(text)}” is not a number of hours. Write it as in 2 or 1.5.")
    if number <= 0:
        raise Bad(f"{shown(text)} hours cannot be. Write a number above zero, or leave it empty.")
    if number >= 10_000 or number != number.quantize(Decimal("0.01")):
        raise Bad(f"“{shown(text)}” is too large or too fine. Write hours as in 2 or 1.25.")
    return number.quantize(Decimal("0.01"))


def weekdays(text: str) -> frozenset[int]:
    found = set()
    for part in filter(None, (p.strip() for p in re.split("[;,]", text))):
        if part.lower() not in WEEKDAYS:
            raise Bad(
                f"“{shown(part)}” is not a weekday. Write Mon, Tue, Wed, Thu, Fri, Sat or Sun, "
                "separated by semicolons."
            )
        found.add(WEEKDAYS[part.lower()])
    if not found:
        raise Bad("Write at least one weekday, such as Mon;Wed.")
    return frozenset(found)


def nth_of_month(text: str) -> tuple[int, ...]:
    """ "2nd;last": which of the weekdays in a month."""
    found = set()
    for part in filter(None, (p.strip() for p in re.split("[;,]", text))):
        if part.lower() not in NTH_WORDS:
            raise Bad(
                f"“{shown(part)}” is no week of a month. Write 1st, 2nd, 3rd, 4th or last, several "
                "separated by semicolons."
            )
        found.add(NTH_WORDS[part.lower()])
    if not found:
        raise Bad("Write 1st, 2nd, 3rd, 4th or last, or leave it empty for every week.")
    return tuple(sorted(found))


def more_times(text: str) -> tuple[Times, ...]:
    """ "Tue Thu 14:00-14:50;Sat 09:30-10:20": weekdays, start and end of each further time."""
    found = []
    for part in filter(None, (p.strip() for p in text.split(";"))):
        known = DAYS_AND_TIMES.fullmatch(part)
        if known is None:
            raise Bad(
                f"“{shown(part)}” is not a weekday with its times. Write it as in Thu 14:00-14:50, "
                "several separated by semicolons."
            )
        days = weekdays(";".join(known[1].replace(",", " ").split()))
        starts, ends = clock(known[2].strip()), clock(known[3].strip())
        if ends <= starts:
            raise Bad(
                f"The end ({wording.clock_time(ends)}) does not come after the start "
                f"({wording.clock_time(starts)}). Write a later end."
            )
        found.append(Times(days, starts, ends))
    if not found:
        raise Bad("Write weekdays with their times, as in Thu 14:00-14:50, or leave it empty.")
    return tuple(found)


def clock(text: str) -> time:
    """A time of day on the 24-hour clock."""
    found = CLOCK.fullmatch(text)
    if found and int(found[1]) < 24 and int(found[2]) < 60:
        return time(int(found[1]), int(found[2]))
    half = HALF_DAY.fullmatch(text)
    if half and 1 <= int(half[1]) <= 12 and int(half[2] or 0) < 60:
        hour = int(half[1]) % 12 + (12 if half[3].lower() == "p" else 0)
        raise Bad(
            f"“{shown(text)}” is on the 12-hour clock. Write {hour:02}:{int(half[2] or 0):02}."
        )
    raise Bad(f"“{shown(text)}” is not a time of day. Write it as in 09:00 or 14:30.")


def day(text: str) -> date:
    """A date as year-month-day; nothing else is guessed at."""
    midnight = WITH_MIDNIGHT.fullmatch(text)
    found = ISO.fullmatch(midnight[1] if midnight else text)
    if found and found[0].isascii():
        year, month, on = int(found[1]), int(found[2]), int(found[3])
        return _real(year, month, on)
    raise Bad(_unclear(text))


def _real(year: int, month: int, on: int) -> date:
    if not 1 <= month <= 12:
        raise Bad(f"There is no month {month}. Write the date as year-month-day, as in 2026-11-04.")
    try:
        made = date(year, month, on)
    except ValueError:
        raise Bad(
            f"{MONTHS[month - 1]} {year} has no day {on}. Write the day that is meant."
        ) from None
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Bad(
            f"The year {year} cannot be right. Write one between {FIRST_YEAR} and {LAST_YEAR}."
        )
    return made


def _unclear(text: str) -> str:
    """Why this is no date, with what could be meant, each written the right way."""
    told = f"“{shown(text)}”"
    three = THREE_NUMBERS.fullmatch(text)
    if three and text.isascii():
        first, second, third = int(three[1]), int(three[3]), int(three[4])
        if len(three[1]) == 4:
            orders = [(first, second, third)]
        elif len(three[4]) in (2, 4):
            # Only for the example in the sentence: nothing is stored from such a date.
            year = third if third > 99 else third + (2000 if third <= 40 else 1900)
            orders = [(year, first, second), (year, second, first)]
        else:
            orders = []
        meant = list(dict.fromkeys(iso for order in orders if (iso := _iso(*order))))
        if len(meant) > 1:
            return (
                f"{told} can be read in two ways: month first or day first. Write "
                f"{wording.listing(meant, last='or')}."
            )
        if meant:
            return f"{told} is not written as year-month-day. Write {meant[0]}."
    elif TWO_NUMBERS.fullmatch(text) and text.isascii():
        return f"{told} leaves out the year. Write the whole date, as in 2026-11-04."
    return f"{told} is not a date. Write it as year-month-day, as in 2026-11-04."


def _iso(year: int, month: int, on: int) -> str:
    try:
        return date(year, month, on).isoformat()
    except ValueError:
        return ""
