"""Marking who came: the whole group in one write."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from phpsupport.audit.trail import record
from phpsupport.lib import wording
from phpsupport.lib.errors import Refused
from phpsupport.users.models import User
from sessions import policies
from sessions.actions.beside import add_beside
from sessions.models import (
    CAME,
    AbsenceReason,
    Attendance,
    GroupSession,
    ProgressNote,
    SessionState,
    Status,
)
from sessions.queries.attendance import Person, can_walk_in, roster

OPENS_BEFORE = timedelta(minutes=15)


@dataclass(frozen=True)
class Mark:
    """What is to be kept about one person; `take_off` removes a walk-in added by mistake."""

    participant_id: UUID
    status: str
    arrived: time | None = None
    departed: time | None = None
    reason: str = ""
    walk_in: bool = False
    take_off: bool = False


class Stale(Refused):
    """Somebody else marked attendance in the meantime; `now` is what stands there."""

    def __init__(self, now: Sequence[Person]) -> None:
        super().__init__(
            "Somebody else marked attendance while you had this page open. Nothing was "
            "overwritten: look at the people named below and save again.",
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
) -> Marked:
    """Keep the marks of a session, all or none. People without a mark stay unmarked.

    `version` is the session's `attendance_version` that the person saw: if it has risen since,
    nothing is written (`Stale`), unless the same marks stand there already. `why` is asked when
    the mark of somebody changes whose note is signed; it is kept beside the note.
    `at_kiosk` says that the person signed in there; `by` is then who opened it.
    """
    refuse(policies.can_mark_attendance(by, session))
    session = (
        GroupSession.objects.select_for_update(of=("self",))
        .select_related("series__group", "program__site")
        .get(pk=session.pk)
    )
    open_for_marks(session, at)
    people = {person.participant_id: person for person in roster(session)}
    marks = [mark for mark in marks if mark.status or mark.take_off]
    if len({mark.participant_id for mark in marks}) < len(marks):
        raise Refused("One person is marked twice. Keep one of the marks.", code="twice")
    changed = [mark for mark in marks if _differs(mark, people.get(mark.participant_id))]
    unmarked = sum(
        1 for p in people.values()
        if not p.status and p.participant_id not in {m.participant_id for m in marks}
    )  # fmt: skip
    if not changed:
        return Marked(session, 0, unmarked)
    if version != session.attendance_version:
        raise Stale(list(people.values()))
    _known(session, changed, people)
    for mark in changed:
        _sound(mark, people.get(mark.participant_id), session)
    _correct_signed(session, changed, people, why=why, by=by, at=at)
    gone = [mark.participant_id for mark in changed if mark.take_off]
    if gone:
        Attendance.objects.filter(session=session, participant_id__in=gone).delete()
    Attendance.objects.bulk_create(
        [
            Attendance(
                program_id=session.program_id,
                session=session,
                participant_id=mark.participant_id,
                status=mark.status,
                arrived=mark.arrived,
                departed=mark.departed,
                reason=mark.reason,
                walk_in=mark.participant_id not in people or people[mark.participant_id].walk_in,
                at_kiosk=at_kiosk,
                marked_by=by,
                marked_at=at,
            )
            for mark in changed
            if not mark.take_off
        ],
        update_conflicts=True,
        unique_fields=["session", "participant"],
        update_fields=[
            "status",
            "arrived",
            "departed",
            "reason",
            "at_kiosk",
            "marked_by",
            "marked_at",
        ],
    )
    session.attendance_version += 1
    if session.state == SessionState.SCHEDULED and any(m.status in CAME for m in changed):
        session.state = SessionState.HELD
    session.save(update_fields=["attendance_version", "state"])
    source: dict[str, Any] = {"at_kiosk": True} if at_kiosk else {}
    record("attendance.marked", by=by, at=at, obj=session, people=len(changed), **source)
    return Marked(session, len(changed), unmarked)


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


def _differs(mark: Mark, person: Person | None) -> bool:
    if person is None or not person.status:
        return not mark.take_off
    if mark.take_off:
        return True
    there = (person.status, person.arrived, person.departed, person.reason)
    return there != (mark.status, mark.arrived, mark.departed, mark.reason)


def _known(session: GroupSession, marks: Sequence[Mark], people: dict[UUID, Person]) -> None:
    """Everybody is on the roster or may walk in."""
    new = {mark.participant_id: mark for mark in marks if mark.participant_id not in people}
    if any(not mark.walk_in for mark in new.values()):
        raise Refused(
            "Somebody here is no longer on the roster. Load the page again.", code="not-on-roster"
        )
    allowed = set(can_walk_in(session).filter(pk__in=new).values_list("pk", flat=True))
    if allowed != set(new):
        raise Refused(
            "Somebody you added is not in the program that day. Ask a scheduler.", code="walk-in"
        )
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


def _sound(mark: Mark, person: Person | None, session: GroupSession) -> None:
    """One mark makes sense in itself."""
    if mark.take_off:
        return
    who = person.name if person else "The person added"
    field = f"p-{mark.participant_id}"
    if mark.status not in Status:
        raise Refused(f"{who}: choose one of the marks shown.", field=field, code="status")
    if mark.reason and mark.reason not in AbsenceReason:
        raise Refused(f"{who}: choose a reason from the list.", field=field, code="reason")
    if mark.status not in CAME:
        if mark.arrived or mark.departed:
            raise Refused(
                f"{who} did not come, so there is no time to keep. Clear it.",
                field=field,
                code="times",
            )
        return
    if mark.reason:
        raise Refused(
            f"{who} came, so there is no reason to keep. Clear it.", field=field, code="reason"
        )
    zone = ZoneInfo(session.program.zone)
    starts, ends = (i.astimezone(zone).time() for i in (session.starts_at, session.ends_at))
    if mark.arrived and mark.departed and mark.departed <= mark.arrived:
        raise Refused(
            f"{who} left before coming. Correct one of the times.", field=field, code="times"
        )
    if mark.arrived and mark.arrived >= ends:
        raise Refused(
            f"{who} came at {wording.clock_time(mark.arrived)}, but the session ended at "
            f"{wording.clock_time(ends)}. Correct the time.",
            field=field,
            code="times",
        )
    if mark.departed and mark.departed <= starts:
        raise Refused(
            f"{who} left at {wording.clock_time(mark.departed)}, but the session began at "
            f"{wording.clock_time(starts)}. Correct the time.",
            field=field,
            code="times",
        )


def _correct_signed(
    session: GroupSession,
    marks: Sequence[Mark],
    people: dict[UUID, Person],
    *,
    why: str,
    by: User,
    at: datetime,
) -> None:
    """Where a note is signed, the correction and its reason stand beside the note."""
    notes = ProgressNote.objects.filter(
        session=session,
        participant_id__in=[m.participant_id for m in marks],
        replaced_by=None,
        notevoids=None,
    ).only("pk", "participant_id", "program_id", "digest", "signed_at")
    signed = {note.participant_id: note for note in notes}
    if not signed:
        return
    named = wording.listing(sorted(people[p].name for p in signed))
    if any(mark.take_off and mark.participant_id in signed for mark in marks):
        raise Refused(
            f"The note about {named} is signed. Void it before taking them off.", code="signed"
        )
    if not why.strip():
        raise Refused(
            f"The note about {named} is signed. Say why the mark changes; it is kept beside the note.",
            field="why",
            code="why",
        )
    rows = []
    for mark in marks:
        if mark.participant_id not in signed:
            continue
        before = people[mark.participant_id]
        after = Person(
            **{
                **before.__dict__, "status": mark.status, "arrived": mark.arrived,
                "departed": mark.departed,
            }
        )  # fmt: skip
        words = f"{before.mark or 'Not marked'} became {after.mark}. {why.strip()}"
        rows.append((signed[mark.participant_id], "Attendance corrected", words))
    add_beside(rows, by=by, at=at)
