"""Who signs on the sheet of a session: names as other people may see them."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from participants.names import display_sort_key, told_apart
from phpsupport.lib import wording
from sessions.models import Enrollment, GroupSession
from sessions.queries.attendance import enrolled_on, heading

WALK_INS: Final = 4


@dataclass(frozen=True)
class Line:
    """One line of the sheet; `leaves` is when the person is to leave, if before the end."""

    name: str
    leaves: str = ""


@dataclass(frozen=True)
class Sheet:
    """A sheet in words: when, where, and the lines; `blank` are for those who walk in."""

    when: str
    room: str
    lines: tuple[Line, ...]
    blank: int = WALK_INS


def sheet_of(session: GroupSession) -> Sheet:
    """The sheet of a session loaded with its heading. One query.

    Two people whose names read the same show more letters of their surname; where even those are
    the same, the end of the record number.
    """
    head = heading(session)
    rows = list(
        Enrollment.objects.filter(enrolled_on(session.local_date), series_id=session.series_id)
        .select_related("participant")
        .only(
            "leaves_at", "participant__first_name", "participant__last_name",
            "participant__preferred_name", "participant__record_number",
        )
    )  # fmt: skip
    rows.sort(key=lambda row: row.participant.record_number)
    names = told_apart([_named(row) for row in rows])
    often = Counter(names)
    lines = []
    for row, name in zip(rows, names, strict=True):
        number = f" …{row.participant.record_number[-2:]}" if often[name] > 1 else ""
        leaves = row.leaves_at if row.leaves_at and row.leaves_at < head.ends else None
        lines.append(Line(name + number, wording.clock_time(leaves) if leaves else ""))
    lines.sort(key=lambda line: display_sort_key(line.name, ""))
    return Sheet(head.when, head.room, tuple(lines))


def _named(row: Enrollment) -> tuple[str, str, str]:
    person = row.participant
    return person.first_name, person.last_name, person.preferred_name
