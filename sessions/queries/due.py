"""When the notes of a program's sessions are due, by the rules of each session's own day."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from phpsupport.programs.models import Closure, PolicyProfile, Program
from phpsupport.programs.policy import after
from sessions import due
from sessions.models import GroupSession


@dataclass(frozen=True)
class DueRules:
    """What the due times of one program follow."""

    zone: str
    since: list[date]  # the days on which something changes, and the rules before and after each
    rules: list[dict[str, Any]]
    closed: frozenset[date]

    def on(self, day: date) -> dict[str, Any]:
        """The program's rules on a day."""
        return self.rules[bisect_right(self.since, day)]

    def due_at(self, session: GroupSession) -> datetime:
        """When the notes of a session are due."""
        return due.due_at(session.ends_at, self.zone, self.on(session.local_date), self.closed)


def due_rules(program: Program) -> DueRules:
    """The program's due rules; load it with its site. One query, two where it counts business days."""
    profiles = list(
        PolicyProfile.objects.filter(program=program)
        .in_order()
        .values_list("effective_from", "rules")
    )
    known = [after(rules for _, rules in profiles[:n]) for n in range(len(profiles) + 1)]
    counts_days = any(rules["note_due_by"] == due.BUSINESS_DAYS for rules in known)
    return DueRules(
        zone=program.zone,
        since=[since for since, _ in profiles],
        rules=known,
        closed=closed_days(program.pk) if counts_days else frozenset(),
    )


def closed_days(program_id: UUID, *, since: date = date.min) -> frozenset[date]:
    """The days on which a program is closed. One query."""
    rows = Closure.objects.filter(program_id=program_id, date__gte=since)
    return frozenset(rows.values_list("date", flat=True))
