"""What is left to do after a session, whoever leads it."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from sessions.models import (
    CAME,
    Attendance,
    Enrollment,
    GroupNote,
    GroupSession,
    ProgressNote,
    SessionState,
)
from sessions.queries.notes import live


def with_open_work(sessions: QuerySet[GroupSession]) -> QuerySet[GroupSession]:
    """Those of the sessions that ended with somebody unmarked, a note unsigned, or nobody having
    said whether they were held. Nothing is open where one was cancelled or not held."""
    of_session = {"session": OuterRef("pk")}
    marked = Attendance.objects.filter(
        session=OuterRef(OuterRef("pk")), participant=OuterRef("participant")
    )
    unmarked = Enrollment.objects.filter(
        ~Exists(marked),
        Q(until_on=None) | Q(until_on__gte=OuterRef("local_date")),
        series=OuterRef("series_id"),
        from_on__lte=OuterRef("local_date"),
        participant__sealed_at=None,
    )
    came = Attendance.objects.filter(**of_session, status__in=CAME, participant__sealed_at=None)
    signed = live(ProgressNote).filter(
        session=OuterRef("session"), participant=OuterRef("participant")
    )
    unwritten = came.filter(~Exists(signed), session__series__group__progress_notes=True)
    return sessions.filter(
        Q(state=SessionState.SCHEDULED)
        | Q(state=SessionState.HELD)
        & (
            Exists(unmarked)
            | Exists(unwritten)
            | Exists(came) & ~Exists(live(GroupNote).filter(**of_session))
        )
    )
