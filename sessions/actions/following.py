"""What follows when a session is cancelled, moved or given to somebody else.

Cover that was looked for at another time ends, and so does a proposal that is overtaken; whoever
had answered for another time is asked again.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from phpsupport.audit.trail import record_each
from phpsupport.lib.clock import local_date
from phpsupport.outbox.delivery import Planned, enqueue
from phpsupport.programs.models import Program, policy_in_force
from phpsupport.users.models import User
from sessions.models import (
    Answer,
    CoverRequest,
    CoverState,
    Proposal,
    SeriesFacilitator,
    SessionFacilitator,
    SessionState,
)

ASSIGNMENT_ASKS = "assignment_asks"
# So many sessions of one series are asked about one by one; more are one question, the series'.
SINGLY = 3


def follow_changes(
    *,
    program: Program,
    sessions: Iterable[UUID],
    by: User | None,
    at: datetime,
    was: Mapping[UUID, datetime] | None = None,
) -> None:
    """Put in order what hangs on sessions that were changed in this transaction.

    `was` gives the former start of those that have another time now. Three queries where nothing
    follows, a few more where times changed.
    """
    changed = set(sessions)
    if not changed:
        return
    end_overtaken(CoverRequest.objects.filter(session_id__in=changed), by=by, at=at)
    _drop_proposals(changed, by=by, at=at)
    if was:
        _ask_again(program, was, at=at)


def overtaken(at: datetime) -> Q:
    """Open requests whose session is cancelled, has begun, has another time or other people."""
    there = SessionFacilitator.objects.filter(
        session=OuterRef("session"), facilitator=OuterRef("facilitator"), active=True
    )
    return (
        ~Q(session__state=SessionState.SCHEDULED)
        | ~Q(session__starts_at=F("starts_at"))
        | Q(session__starts_at__lte=at)
        | Q(~Exists(there))
    )


def end_overtaken(
    requests: QuerySet[CoverRequest], *, by: User | None, at: datetime, skip_locked: bool = False
) -> int:
    """Close those of the requests that nobody needs any more; how many."""
    rows = list(
        requests.select_for_update(of=("self",), skip_locked=skip_locked)
        .filter(overtaken(at), state=CoverState.OPEN)
        .order_by("pk")
    )
    if rows:
        CoverRequest.objects.filter(pk__in=[row.pk for row in rows], state=CoverState.OPEN).update(
            state=CoverState.WITHDRAWN, ended_at=at
        )
        record_each("cover.overtaken", by=by, at=at, objs=rows)
    return len(rows)


def _drop_proposals(sessions: set[UUID], *, by: User | None, at: datetime) -> None:
    there = SessionFacilitator.objects.filter(
        session=OuterRef("session"), facilitator=OuterRef("facilitator"), active=True
    )
    Proposal.objects.filter(
        ~Q(session__state=SessionState.SCHEDULED) | ~Exists(there),
        session_id__in=sessions,
        settled_at=None,
    ).update(taken=False, settled_at=at, settled_by=by)


def _ask_again(program: Program, was: Mapping[UUID, datetime], *, at: datetime) -> None:
    rules = policy_in_force(program.pk, local_date(at, program.zone))
    far = timedelta(minutes=int(rules["ask_again_minutes"]))
    to_series = SeriesFacilitator.objects.on(OuterRef("session__local_date")).filter(
        series=OuterRef("session__series"), facilitator=OuterRef("facilitator")
    )
    rows = (
        SessionFacilitator.objects.filter(
            session_id__in=was, session__state=SessionState.SCHEDULED, active=True
        )
        .select_related("session")
        .annotate(
            usually=Subquery(to_series.values("answer")[:1]),
            usual=Subquery(to_series.values("pk")[:1]),
        )
    )
    again = [
        row
        for row in rows
        if (row.answer or row.usually) and abs(row.starts_at - was[row.session_id]) > far
    ]
    if not again:
        return
    by_series = Counter((row.session.series_id, row.facilitator_id) for row in again)
    whole = [
        row
        for row in again
        if row.usual and by_series[row.session.series_id, row.facilitator_id] > SINGLY
    ]
    single = {row.pk for row in again} - {row.pk for row in whole}
    nothing: dict[str, Any] = {"answer": Answer.NONE, "answered_at": None}
    SessionFacilitator.objects.filter(pk__in=single).update(**nothing, asked_at=at)
    if whole:
        SessionFacilitator.objects.filter(pk__in=[row.pk for row in whole]).update(
            **nothing, asked_at=None
        )
        SeriesFacilitator.objects.filter(pk__in={row.usual for row in whole}).update(**nothing)
    tell_asked(program, {row.person_id for row in again}, at=at)


def tell_asked(program: Program, people: Iterable[UUID], *, at: datetime) -> None:
    """Let facilitators know that the schedule asks for their answer; one message for each."""
    enqueue(
        [
            Planned(
                ASSIGNMENT_ASKS,
                key=f"{ASSIGNMENT_ASKS}:{person}:{program.pk}:{at.isoformat()}",
                recipient_id=person,
                due_at=at,
                program_id=program.pk,
            )
            for person in sorted(people)
        ],
        at=at,
    )
