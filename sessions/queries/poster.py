"""The week for the wall: when which group meets, where and who leads. No participant, no number."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from phpsupport.lib import wording
from phpsupport.programs.models import Program
from sessions.models import GroupKind
from sessions.queries.entries import Entry, entries
from sessions.queries.series_preview import closures_between
from sessions.queries.week import MONTHS, WEEKDAYS, midnight
from sessions.queries.wish import WEEK, monday

# What stands on a page, in points: the height that A4 leaves for the rows, the width that Letter
# leaves for the days, and for each size of type (see poster.css) the height of a line, the space
# around a cell's words and the width of a letter. The smallest size takes what is more.
HEIGHT, WIDTH = 415, 680
SIZES = (("roomy", 12.0, 4.6, 5.4), ("close", 10.1, 2.9, 4.5), ("closest", 0, 0, 0))


@dataclass(frozen=True)
class Line:
    """One session on paper."""

    group: str
    kind: str
    times: str
    room: str
    leads: str

    def lines(self, letters: int) -> int:
        """Roughly how many lines of text it takes in a column of that many letters."""
        place = f"{self.times} · {self.room} · {self.leads}"
        return sum(-(-len(words) // letters) for words in (self.group, place))


@dataclass(frozen=True)
class Column:
    """One day of the head."""

    name: str
    note: str
    closed: str


@dataclass(frozen=True)
class Row:
    """What begins at one time, day by day."""

    time: str
    cells: list[tuple[Column, list[Line]]]


@dataclass
class Poster:
    """One page: a program's week."""

    key: str
    program: str
    site: str
    heading: str
    zone: str
    columns: list[Column]
    rows: list[Row] = field(default_factory=list)
    alumni: bool = False
    cancelled: bool = False
    closed: list[str] = field(default_factory=list)

    @property
    def size(self) -> str:
        """The largest size of type with which the page holds everything."""
        return next(name for name, *type_ in SIZES if not type_[0] or self._fits(*type_))

    def _fits(self, line: float, pad: float, letter: float) -> bool:
        letters = int((WIDTH / len(self.columns) - 2 * pad) // letter)
        height = sum(
            max(
                sum(x.lines(letters) * line + 2 * pad for x in found) if found else line + 2 * pad
                for _, found in row.cells
            )
            for row in self.rows
        )
        return height <= HEIGHT


def posters(*, programs: Sequence[Program], on: date, at: datetime) -> list[Poster]:
    """A page for each program. Two queries a program."""
    return [_poster(program, monday(on), at) for program in programs]


def _poster(program: Program, first: date, at: datetime) -> Poster:
    found = entries(
        program=program, since=midnight(first, program), until=midnight(first + WEEK, program),
        at=at,
    )  # fmt: skip
    closed = closures_between(program.pk, first, first + WEEK - timedelta(days=1))
    last = max((e.on.weekday() for e in found), default=4)
    days = [first + timedelta(days=n) for n in range(max(last, 4) + 1)]
    columns = [
        Column(WEEKDAYS[d.weekday()], f"{d.day} {wording.MONTHS[d.month - 1]}", closed.get(d, ""))
        for d in days
    ]
    page = Poster(
        key=f"p{program.pk}",
        program=program.name,
        site=program.site.name,
        heading=f"Week of {first.day} {MONTHS[first.month - 1]} {first.year}",
        zone=datetime.combine(first, datetime.min.time(), ZoneInfo(program.zone)).tzname() or "",
        columns=columns,
        closed=[f"{wording.day(d)}: {closed[d]}" for d in days if d in closed],
    )
    for starts in sorted({e.starts.time() for e in found}):
        cells = [
            (column, [_line(e) for e in found if e.on == day and e.starts.time() == starts])
            for day, column in zip(days, columns, strict=True)
        ]
        page.rows.append(Row(wording.clock_time(starts), cells))
    page.alumni = any(x.kind == "alumni" for r in page.rows for _, xs in r.cells for x in xs)
    page.cancelled = any(x.kind == "cancelled" for r in page.rows for _, xs in r.cells for x in xs)
    return page


def _line(e: Entry) -> Line:
    if e.look == "cancelled":
        kind = "cancelled"
    else:
        kind = "alumni" if e.kind == GroupKind.ALUMNI else "plain"
    return Line(e.group, kind, e.times, e.room, e.leads or "facilitator to be named")
