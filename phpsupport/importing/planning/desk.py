"""Where a plan is made: the program, what was read, what was found, and what would be written."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import models

from facilitators.models import Facilitator
from participants.models import EpisodeOfCare, Participant
from phpsupport.access.models import RoleAssignment
from phpsupport.importing.readers import Reading, Row
from phpsupport.importing.report import WHOLE_ROW, Finding, RowReport, State
from phpsupport.lib import clock
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions.models import GroupSeries, GroupSession, Room, SupportGroup


@dataclass
class Person:
    """Somebody of the staff, from a row or from the database."""

    row: Row | None = None
    user: User | None = None
    facilitator: Facilitator | None = None
    supervises: bool = False

    @property
    def wrong(self) -> bool:
        return self.row is not None and self.row.wrong


@dataclass
class Someone:
    """A participant with their stays, from a row or from the database."""

    row: Row | None = None
    participant: Participant | None = None
    stays: list[EpisodeOfCare] = field(default_factory=list)

    @property
    def wrong(self) -> bool:
        return self.participant is None or (self.row is not None and self.row.wrong)

    @property
    def found(self) -> Participant:
        """The participant of somebody who is not `wrong`."""
        if self.participant is None:
            raise LookupError("nobody is known by that number")
        return self.participant


@dataclass
class Run:
    """A group with its series, and the sessions that are looked up by day."""

    row: Row | None = None
    group: SupportGroup | None = None
    series: list[GroupSeries] = field(default_factory=list)
    new: GroupSeries | None = None
    sessions: dict[date, list[GroupSession]] = field(default_factory=lambda: defaultdict(list))

    @property
    def wrong(self) -> bool:
        return self.group is None or (self.row is not None and self.row.wrong)


def same(name: str) -> str:
    """Names are told apart by their letters, not by capitals."""
    return name.casefold()


class Desk:
    """Collects states, findings and rows to write; nothing is written here."""

    def __init__(
        self, program: Program, reading: Reading, *, by: User | None, at: datetime
    ) -> None:
        self.program, self.reading, self.by, self.at = program, reading, by, at
        self.today = clock.local_date(at, program.zone)
        self.findings: list[Finding] = list(reading.findings)
        self.notes: list[str] = list(reading.notes)
        self.states: dict[int, tuple[Row, State, list[str]]] = {}
        self.create: dict[type[models.Model], list[models.Model]] = defaultdict(list)
        self.update: dict[tuple[type[models.Model], UUID], tuple[models.Model, set[str]]] = {}
        # Stays on record that end: what hangs on them ends by the action of its own app.
        self.discharges: list[tuple[EpisodeOfCare, date]] = []
        # Accounts whose person gets another address: links sent to the one before open nothing.
        self.readdressed: set[UUID] = set()
        self.people: dict[str, Person] = {}
        self.someones: dict[str, Someone] = {}
        self.rooms: dict[str, Room | None] = {}
        self.closures: dict[date, str] = {}
        self.groups: dict[str, Run] = {}
        # Sessions whose attendance this import writes, and series whose roster it knows.
        self.touched: dict[UUID, GroupSession] = {}
        self.waiting: set[tuple[UUID, UUID]] = set()
        self.roster: dict[tuple[UUID, UUID], list[tuple[date, date | None]]] = defaultdict(list)
        self.assignments: dict[UUID, list[RoleAssignment]] = defaultdict(list)

    # -- rows ------------------------------------------------------------------------------------
    def rows(self, kind: str) -> list[Row]:
        found = [row for s in self.reading.sheets if s.table.kind == kind for row in s.rows]
        for row in found:
            self.states.setdefault(id(row), (row, State.NEW, []))
        return found

    def fault(self, row: Row, column: str, sentence: str) -> None:
        row.wrong = True
        self.findings.append(Finding(row.file, row.line, column or WHOLE_ROW, sentence))

    def warn(self, row: Row, column: str, sentence: str) -> None:
        self.findings.append(
            Finding(row.file, row.line, column or WHOLE_ROW, sentence, fault=False)
        )

    def state(self, row: Row, state: State, changes: Iterable[str] = ()) -> None:
        self.states[id(row)] = (row, state, list(changes))

    def twice(self, row: Row, first: dict[Any, Row], key: Any, column: str, what: str) -> bool:
        """Whether `key` stands in an earlier row; told as a repeated row or as another one."""
        before = first.setdefault(key, row)
        if before is row:
            return False
        if {k: v for k, v in row.cells.items() if v} == {
            k: v for k, v in before.cells.items() if v
        }:
            self.fault(row, "", f"This row repeats line {before.line}. Delete one of the two.")
        else:
            self.fault(row, column, f"{what} is on line {before.line} already, with other details. "
                       "Correct the one that is wrong, or delete it.")  # fmt: skip
        return True

    def row_reports(self) -> list[RowReport]:
        return [
            RowReport(
                row.file, row.line, row.key,
                State.WRONG if row.wrong else state,
                () if row.wrong else tuple(changes),
            )
            for row, state, changes in self.states.values()
        ]  # fmt: skip

    # -- what would be written ---------------------------------------------------------------------
    def add(self, made: models.Model) -> None:
        self.create[type(made)].append(made)

    def change(self, stored: models.Model, **values: Any) -> list[str]:
        """Set what differs; returns the names of what changed. A row to create is changed in place."""
        differs = [name for name, value in values.items() if getattr(stored, name) != value]
        for name in differs:
            setattr(stored, name, values[name])
        if differs and not stored._state.adding:
            kept = self.update.setdefault((type(stored), stored.pk), (stored, set()))
            kept[1].update(differs)
        return differs


def told(row: Row, **names: str) -> dict[str, Any]:
    """The values of filled cells under their field names: an empty cell changes nothing."""
    return {field: row.values[column] for field, column in names.items() if column in row.values}
