"""What became of a session: held, or not held and why. It says nothing about who came."""

from datetime import datetime

from django.db import IntegrityError, transaction

from phpsupport.audit.trail import record
from phpsupport.lib import wording
from phpsupport.lib.errors import Refused
from phpsupport.users.models import User
from sessions import policies
from sessions.actions.attendance import OPENS_BEFORE, refuse
from sessions.models import (
    CAME,
    Attendance,
    GroupNote,
    GroupSession,
    ProgressNote,
    SessionState,
)

OUTCOMES = (SessionState.HELD, SessionState.NOT_HELD)


@transaction.atomic
def report_outcome(
    *,
    session: GroupSession,
    outcome: str,
    by: User,
    at: datetime,
    reason: str = "",
    clear_marks: bool = False,
) -> GroupSession:
    """Record that a session was held, or was not held with the reason.

    A session that was not held has no attendance: marks made before are taken away when
    `clear_marks` says so, and stay in the history.
    """
    refuse(policies.can_mark_attendance(by, session))
    session = (
        GroupSession.objects.select_for_update(of=("self",))
        .select_related("program__site")
        .get(pk=session.pk)
    )
    reason = reason.strip()
    if outcome not in OUTCOMES:
        raise Refused("Say whether the session was held.", field="outcome")
    if session.state == SessionState.CANCELLED:
        raise Refused("This session was cancelled; there is nothing to report.", code="cancelled")
    if at < session.starts_at - OPENS_BEFORE:
        raise Refused(
            "This session has not begun. If it will not take place, a scheduler cancels it.",
            code="too-early",
        )
    if outcome == SessionState.NOT_HELD:
        if not reason:
            raise Refused("Say in a few words why it was not held.", field="reason")
        _nothing_signed(session)
        _no_marks(session, clear=clear_marks)
    if (session.state, session.state_reason) == (outcome, reason):
        return session
    session.state = SessionState(outcome)
    session.state_reason = reason if outcome == SessionState.NOT_HELD else ""
    session.attendance_version += 1
    try:
        with transaction.atomic():
            session.save(update_fields=["state", "state_reason", "attendance_version"])
    except IntegrityError:
        raise Refused(
            "The room was given to another session at that time. Ask a scheduler to sort it out.",
            code="room",
        ) from None
    record(f"session.{outcome}", by=by, at=at, obj=session)
    return session


def _nothing_signed(session: GroupSession) -> None:
    for model in (GroupNote, ProgressNote):
        if model.objects.filter(session=session, replaced_by=None, notevoids=None).exists():
            raise Refused(
                "A note of this session is signed, so it was held. Void the note first.",
                code="signed",
            )


def _no_marks(session: GroupSession, *, clear: bool) -> None:
    marks = Attendance.objects.filter(session=session)
    count = marks.count()
    if count and not clear:
        came = marks.filter(status__in=CAME).count()
        words = wording.count(count, "person is", "people are")
        of_them = f", {came} of them as having come" if came else ""
        raise Refused(
            f"{words} marked for this session{of_them}. A session that was not held has no "
            "attendance: tick the box to take the marks away.",
            field="clear_marks",
            code="marked",
        )
    if count:
        marks.delete()
