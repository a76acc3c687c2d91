"""How often a group of groups.csv meets: its pattern and its dates, with what is wrong in words."""

from typing import Any, Final

from phpsupport.importing.planning.desk import Desk, same
from phpsupport.importing.readers import Row
from phpsupport.lib import wording
from phpsupport.lib.errors import Refused
from sessions.models import GroupSeries
from sessions.queries.series import times_of
from sessions.recurrence import Occurrence, Pattern, Verdict, occurrences

DATES_TOLD: Final = 3
COLUMN_OF: Final = {"from_on": "from", "until_on": "until", "zone": "time_zone"}
NEEDED: Final = ("weekdays", "starts", "ends", "from", "until")
# Columns that need not be there: a file without them means every week at one time.
HOW_OFTEN: Final = ("every_weeks", "nth_of_month", "more_times")


def dates_of(desk: Desk, row: Row) -> tuple[Pattern | None, list[Occurrence]]:
    """The pattern of a row and its dates; a time that does not exist is a fault, never moved."""
    values = row.values
    if not all(name in values for name in NEEDED) or row.bad.intersection(HOW_OFTEN):
        return None, []
    try:
        pattern = Pattern(
            values["weekdays"], values["starts"], values["ends"], values["from"], values["until"],
            values.get("time_zone", desk.program.zone), **_how_often(desk, row),
        )  # fmt: skip
    except Refused as no:
        field = no.field or "group"
        sentence = no.sentence
        if field == "ends" and values["ends"] <= values["starts"]:
            sentence = (
                f"The end ({wording.clock_time(values['ends'])}) does not come after the start "
                f"({wording.clock_time(values['starts'])}). Write a later end."
            )
        desk.fault(row, COLUMN_OF.get(field, field), sentence)
        if field in {"starts", "ends"} and values["until"] < values["from"]:
            desk.fault(row, "until", "The last day comes before the first. Write a later last day.")
        return None, []
    dates = occurrences(pattern, desk.closures)
    for gap in [o for o in dates if o.verdict is Verdict.GAP][:DATES_TOLD]:
        fact = gap.reason.split(". ")[0]
        words = f"{fact}. Write another time, or days without that one."
        desk.fault(row, _column_of(pattern, gap), words)
    for twice in [o for o in dates if o.takes_place and o.reason][:DATES_TOLD]:
        desk.warn(row, _column_of(pattern, twice), twice.reason)
    if not any(o.takes_place for o in dates) and not row.wrong:
        why = "Every date is closed." if dates else "No such weekday falls into these days."
        desk.fault(row, "until", f"{why} Write a later last day.")
    return pattern, dates


def _how_often(desk: Desk, row: Row) -> dict[str, Any]:
    """What the row says; what it does not say is as it stands for a group that meets already."""
    told: dict[str, Any] = {name: row.values[name] for name in HOW_OFTEN if name in row.values}
    run = desk.groups.get(same(row.values.get("group", "")))
    stored = next((s for s in run.series if s.from_on == row.values["from"]), None) if run else None
    if stored is None:
        return told
    if not told.keys() & {"every_weeks", "nth_of_month"}:
        told |= {"every_weeks": stored.every_weeks, "nth_of_month": stored.nth_of_month}
    return {"more_times": times_of(stored)[1:], **told}


def _column_of(pattern: Pattern, date: Occurrence) -> str:
    own = (pattern.starts, pattern.ends) == (date.starts, date.ends)
    return "starts" if own else "more_times"


def how_often_differs(pattern: Pattern, stored: GroupSeries) -> list[tuple[str, Any, Any]]:
    """Column, what the row means, what is on record; the order of times does not matter."""
    as_it_stands = sorted(stored.nth_of_month, key=lambda n: n % 9)
    return [
        ("every_weeks", pattern.every_weeks, stored.every_weeks),
        ("nth_of_month", list(pattern.nth_of_month), as_it_stands),
        ("more_times", set(pattern.more_times), set(times_of(stored)[1:])),
    ]
