"""Marking who came: the whole group in one write.

The session's row is locked and the sheet is read in one statement (`queries/marking.py`); marks,
version and trail are stored in a second. Only walk-ins, take-offs and signed notes cost more.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from phpsupport.audit.trail import event
from phpsupport.lib import wording
from phpsupport.lib.errors import Refused
from phpsupport.lib.writing import OneStatement
from phpsupport.users.models import User
from sessions import policies
from sessions.actions.beside import add_beside
from sessions.actions.naming import among_beside, doubts_beside, settled
from sessions.minutes import instant_of
from sessions.models import (
    CAME,
    EXPLAINED,
    AbsenceReason,
    Attendance,
    GroupSession,
    ProgressNote,
    SessionState,
    Status,
)
from sessions.queries.attendance import Person, mark_in_words, roster
from sessions.queries.marking import Locked, Stands, lock
from sessions.queries.walk_ins import everybody, look_twice

OPENS_BEFORE = timedelta(minutes=15)
NAMED_AT_MOST = 3
STATUSES = frozenset(Status.values)
CHANGES = (
    "status", "arrived", "departed", "reason", "at_kiosk", "marked_by", "marked_at", "why",
)  # fmt: skip


@dataclass(frozen=True)
class Mark:
    """What is to be kept about one person; `take_off` removes a walk-in added by mistake.

    `why` is the reason of a correction, `sure` says of a walk-in whose name is like another's that
    somebody looked.
    """

    participant_id: UUID
    status: str
    arrived: time | None = None
    departed: time | None = None
    reason: str = ""
    walk_in: bool = False
    take_off: bool = False
    why: str = ""
    sure: bool = False

    @property
    def field(self) -> str:
        return f"p-{self.participant_id}"


class Stale(Refused):
    """Somebody else marked attendance in the meantime; `now` is what stands there."""

    def __init__(self, now: Sequence[Person]) -> None:
        super().__init__(
            "Somebody else marked attendance while you had this page open. Nothing was "
            "overwritten: look at those marked below and save again.",
            code="stale",
        )
        self.now = now


@dataclass(frozen=True)
class Marked:
    """What one write did."""

    session: GroupSession
    changed: int
    unmarked: int


@transaction.atomic
def mark_attendance(
    *,
    session: GroupSession,
    marks: Iterable[Mark],
    version: int,
    by: User,
    at: datetime,
    why: str = "",
    at_kiosk: bool = False,
    explained: Mapping[str, str] | None = None,
) -> Marked:
    """Keep the marks of a session, all or none. People without a mark stay unmarked.

    `version` is the session's `attendance_version` that the person saw: if it has risen since,
    nothing is written (`Stale`), unless the same marks stand there already. A mark that changes
    needs a reason where a note is signed (it is kept beside the note as well) and from the
    policy's `correction_hours` after the session on: the mark's own or, for all of them, `why`.
    A reason that stands beside a note names nobody else, or says why (`explained` by the finding's
    key). `at_kiosk` says that the person signed in there; `by` is then who opened it.
    """
    sheet = lock(session, by)
    session = _as_locked(session, sheet, by)
    refuse(policies.can_mark_attendance(by, session))
    open_for_marks(session, at)
    people = sheet.people
    marks = [mark for mark in marks if mark.status or mark.take_off]
    named = {mark.participant_id for mark in marks}
    if len(named) < len(marks):
        raise Refused("One person is marked twice. Keep one of the marks.", code="twice")
    unmarked = sum(not stands.status and key not in named for key, stands in people.items())
    changed = [mark for mark in marks if _differs(mark, people.get(mark.participant_id))]
    if not changed:
        return Marked(session, 0, unmarked)
    if version != sheet.version:
        raise Stale(roster(session))
    _known(session, changed, people)
    for mark in changed:
        _sound(mark, people.get(mark.participant_id), session)
    signed = _signed(session, changed) if sheet.noted else {}
    changed = _with_reasons(changed, sheet, signed, why=why, at=at)
    _beside_signed(session, signed, changed, people, explained or {}, by=by, at=at)
    _take_off(session, changed)
    session.attendance_version += 1
    if session.state == SessionState.SCHEDULED and any(m.status in CAME for m in changed):
        session.state = SessionState.HELD
    detail: dict[str, Any] = {"people": len(changed)}
    if at_kiosk:
        detail["at_kiosk"] = True
    one = OneStatement()
    _keep(one, [mark for mark in changed if not mark.take_off], session, people, by, at, at_kiosk)
    one.change(
        "raised",
        GroupSession,
        session.pk,
        {"attendance_version": session.attendance_version, "state": session.state},
    )
    one.rows("trail", [event("attendance.marked", by, at, session, session.program_id, detail)])
    one.run(counting="raised")
    return Marked(session, len(changed), unmarked)


# What is the same for all of them stands in `same`, the rest as one list of records.
_MARKS = """
json_to_recordset(%s::json) AS mark(participant_id uuid, status text, arrived time, departed time,
  reason text, walk_in boolean, why text),
(SELECT %s::uuid, %s::uuid, %s::uuid, %s::timestamptz, %s::boolean)
  AS same(program_id, session_id, marked_by_id, marked_at, at_kiosk)
"""
_COLUMNS = {
    "id": "gen_random_uuid()",
    **{
        name: f"mark.{name}"
        for name in ("participant_id", "status", "arrived", "departed", "reason", "walk_in", "why")
    },
    **{
        name: f"same.{name}"
        for name in ("program_id", "session_id", "marked_by_id", "marked_at", "at_kiosk")
    },
}


def _keep(
    one: OneStatement,
    marks: Sequence[Mark],
    session: GroupSession,
    people: Mapping[UUID, Stands],
    by: User,
    at: datetime,
    at_kiosk: bool,
) -> None:
    """The marks as part of the statement; who walked in stays somebody who walked in."""
    sealed = Attendance._meta.get_field("why").get_db_prep_save
    if not marks:
        return
    rows = [
        {
            "participant_id": mark.participant_id,
            "status": mark.status,
            "arrived": mark.arrived,
            "departed": mark.departed,
            "reason": mark.reason,
            "walk_in": mark.participant_id not in people or people[mark.participant_id].walk_in,
            "why": sealed(mark.why, connection),
        }
        for mark in marks
    ]
    one.select(
        "marks",
        Attendance,
        _COLUMNS,
        _MARKS,
        [json.dumps(rows, default=str), session.program_id, session.pk, by.pk, at, at_kiosk],
        unique=("session", "participant"),
        update=CHANGES,
    )


def _as_locked(session: GroupSession, sheet: Locked, by: User) -> GroupSession:
    """The session as its locked row says, whatever the caller read before."""
    now = copy(session)
    for field, value in (
        ("state", SessionState(sheet.state)),
        ("attendance_version", sheet.version),
        ("series_id", sheet.series_id),
        ("local_date", sheet.local_date),
        ("starts_at", sheet.starts_at),
        ("ends_at", sheet.ends_at),
        ("led_by", by.pk if sheet.leads else None),
    ):
        setattr(now, field, value)
    return now


def refuse(sentence: str | None) -> None:
    """Turn a policy's sentence into a refusal."""
    if sentence:
        raise Refused(sentence, code="not-allowed")


def open_for_marks(session: GroupSession, at: datetime) -> None:
    """Refuse where nobody can be marked: cancelled, not held, or long before it begins."""
    if session.state == SessionState.CANCELLED:
        raise Refused("This session was cancelled, so nobody is marked.", code="cancelled")
    if session.state == SessionState.NOT_HELD:
        raise Refused(
            "This session is recorded as not held, so nobody is marked. "
            "If it took place after all, change that first.",
            code="not-held",
        )
    opens = session.starts_at - OPENS_BEFORE
    if at < opens:
        local = opens.astimezone(ZoneInfo(session.program.zone))
        raise Refused(
            f"Attendance opens on {wording.day(local)} at {wording.clock_time(local)}, "
            "15 minutes before the session.",
            code="too-early",
        )


def _differs(mark: Mark, there: Stands | None) -> bool:
    if there is None or not there.status:
        return not mark.take_off
    if mark.take_off:
        return True
    stands = (there.status, there.arrived, there.departed, there.reason)
    return stands != (mark.status, mark.arrived, mark.departed, mark.reason)


def _known(session: GroupSession, marks: Sequence[Mark], people: Mapping[UUID, Stands]) -> None:
    """Everybody is on the roster or may walk in, and is no second of somebody who is here."""
    new = [mark for mark in marks if mark.participant_id not in people]
    if any(not mark.walk_in for mark in new):
        raise Refused(
            "Somebody here is no longer on the roster. Load the page again.", code="not-on-roster"
        )
    if new:
        _may_walk_in(session, new, people)
    for mark in marks:
        there = people.get(mark.participant_id)
        if mark.walk_in and there and there.enrolled:
            raise Refused(
                f"{there.name} is on the roster already. Mark them there.", code="on-roster"
            )
        if mark.take_off and there and there.enrolled:
            raise Refused(
                f"{there.name} is on the roster and cannot be taken off here.", code="on-roster"
            )


def _may_walk_in(session: GroupSession, new: Sequence[Mark], people: Mapping[UUID, Stands]) -> None:
    program = everybody(session)
    if any(mark.participant_id not in program for mark in new):
        raise Refused(
            "Somebody you added is not in the program that day. Ask a scheduler.", code="walk-in"
        )
    for mark in new:
        doubts = look_twice(
            program[mark.participant_id], list(people.values()), program.values()
        )  # fmt: skip
        if doubts and not mark.sure:
            raise Refused(
                f"{doubts[0]} If the person who walked in is somebody else, say so beside their "
                "name and save again.",
                field=mark.field,
                code="alike",
            )


def _sound(mark: Mark, there: Stands | None, session: GroupSession) -> None:
    """One mark makes sense in itself."""
    fault = None if mark.take_off else _fault(mark, session)
    if fault is not None:
        code, sentence = fault
        who = there.name if there else "The person added"
        raise Refused(sentence.format(who=who), field=mark.field, code=code)


def _fault(mark: Mark, session: GroupSession) -> tuple[str, str] | None:
    if mark.status not in STATUSES:
        return "status", "{who}: choose one of the marks shown."
    if mark.reason and mark.reason not in AbsenceReason:
        return "reason", "{who}: choose a reason from the list."
    came = mark.status in CAME
    if came and mark.reason:
        return "reason", "{who} came, so there is no reason to keep. Clear it."
    if not mark.arrived and not mark.departed:
        return None
    if not came:
        return "times", "{who} did not come, so there is no time to keep. Clear it."
    zone = ZoneInfo(session.program.zone)
    starts_at, ends_at = session.starts_at, session.ends_at
    came_at, left_at = (
        instant_of(clock, starts_at, ends_at, zone) if clock else None
        for clock in (mark.arrived, mark.departed)
    )
    if came_at and left_at and left_at <= came_at:
        return "times", "{who} left before coming. Correct one of the times."
    starts, ends = (wording.clock_time(i.astimezone(zone)) for i in (starts_at, ends_at))
    if came_at and came_at >= ends_at:
        said = wording.clock_time(came_at)
        return (
            "times",
            f"{{who}} came at {said}, but the session ended at {ends}. Correct the time.",
        )
    if left_at and left_at <= starts_at:
        said = wording.clock_time(left_at)
        return "times", f"{{who}} left at {said}, but the session began at {starts}. Correct the time."  # fmt: skip
    return None


# --- corrections --------------------------------------------------------------------------------------
def _signed(session: GroupSession, marks: Sequence[Mark]) -> dict[UUID, ProgressNote]:
    """The notes that stand about those whose marks change."""
    notes = ProgressNote.objects.filter(
        session=session,
        participant_id__in=[mark.participant_id for mark in marks],
        replaced_by=None,
        notevoids=None,
    )
    return {note.participant_id: note for note in notes}


def _with_reasons(
    marks: Sequence[Mark],
    sheet: Locked,
    signed: Mapping[UUID, ProgressNote],
    *,
    why: str,
    at: datetime,
) -> list[Mark]:
    """The marks with the reason of each that changes; refused where one is needed and none given.
    A first mark is no correction."""
    found, beside_note, late = [], [], []
    for mark in marks:
        before = sheet.people.get(mark.participant_id)
        first = before is None or not before.status
        reason = "" if first else mark.why.strip() or why.strip()
        if mark.participant_id in signed and not reason:
            beside_note.append(mark)
        elif not first and not reason and at >= sheet.corrected_from:
            late.append(mark)
        found.append(mark if mark.why == reason else replace(mark, why=reason))
    if beside_note:
        raise Refused(
            f"The note about {_names(beside_note, sheet)} is signed. Say why the mark changes; it "
            "is kept beside the note.",
            field="why",
            code="why",
        )
    if late:
        were = "was" if len(late) == 1 else "were"
        raise Refused(
            f"{_names(late, sheet)} {were} marked before, and the session is long over. Say why "
            "the mark changes; the one before is kept, too.",
            field="why",
            code="why",
        )
    return found


def _names(marks: Sequence[Mark], sheet: Locked) -> str:
    names = sorted(sheet.people[mark.participant_id].name for mark in marks)
    return wording.listing(names) if len(names) <= NAMED_AT_MOST else f"{len(names)} people"


def _beside_signed(
    session: GroupSession,
    signed: Mapping[UUID, ProgressNote],
    marks: Sequence[Mark],
    people: Mapping[UUID, Stands],
    explained: Mapping[str, str],
    *,
    by: User,
    at: datetime,
) -> None:
    """Where a note is signed, the correction and its reason stand beside the note."""
    corrected = [mark for mark in marks if mark.participant_id in signed]
    if off := [people[mark.participant_id].name for mark in corrected if mark.take_off]:
        raise Refused(
            f"The note about {wording.listing(sorted(off))} is signed. Void it before taking them "
            "off.",
            code="signed",
        )
    if not corrected:
        return
    among = among_beside(session, at)
    doubts = {
        mark.participant_id: doubts_beside(signed[mark.participant_id], mark.why, among)
        for mark in corrected
    }
    where = "in the reason, which is kept beside a note"
    settled(
        [one for found in doubts.values() for one in found], explained, field="why", where=where
    )
    said = []
    for mark in corrected:
        note = signed[mark.participant_id]
        before = people[mark.participant_id].mark or "Not marked"
        after = mark_in_words(mark.status, mark.arrived, mark.departed)
        said.append((note, "Attendance corrected", f"{before} became {after}. {mark.why}"))
        stays = settled(doubts[mark.participant_id], explained, field="why")
        said += [(note, EXPLAINED, reason) for reason in stays]
    add_beside(said, by=by, at=at)


def _take_off(session: GroupSession, marks: Sequence[Mark]) -> None:
    """The rows go; their history, with the reason where there is one, stays."""
    gone = [mark for mark in marks if mark.take_off]
    for mark in gone:
        rows = Attendance.objects.filter(session=session, participant_id=mark.participant_id)
        if mark.why:
            rows.update(why=mark.why)
        rows.delete()
