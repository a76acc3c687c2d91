"""What follows when a session is cancelled, moved or given to somebody else.

Cover that was looked for at another time ends, and so does cover that was taken back and a proposal
that is overtaken; whoever had answered for another time, or comes back, is asked again.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
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
from sessions.queries.consequence import ASSIGNMENT_ASKS, Turn
from sessions.queries.cover import holds

# So many sessions of one series are asked about one by one; more are one question, the series'.
SINGLY = 3


def follow_changes(
    *,
    program: Program,
    sessions: Iterable[UUID],
    by: User | None,
    at: datetime,
    was: Mapping[UUID, datetime] | None = None,
    turns: Iterable[Turn] = (),
) -> None:
    """Put in order what hangs on sessions that were changed in this transaction.

    `was` gives the former start of those that have another time now, `turns` say who comes onto
    them. Three queries where nothing follows, a few more where times or people changed.
    """
    changed = set(sessions)
    if not changed:
        return
    end_overtaken(CoverRequest.objects.filter(session_id__in=changed), by=by, at=at)
    _drop_proposals(changed, by=by, at=at)
    came = {(t.session_id, t.person_id) for t in turns if t.comes}
    if was or came:
        _ask_again(program, was or {}, came, at=at)


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


def taken_back(at: datetime) -> Q:
    """Cover that was found and does not hold any more: who needed it leads again, or who took it
    does not."""
    return Q(
        ~holds(),
        state=CoverState.FILLED,
        session__state=SessionState.SCHEDULED,
        session__starts_at__gt=at,
    )


def end_overtaken(
    requests: QuerySet[CoverRequest], *, by: User | None, at: datetime, skip_locked: bool = False
) -> int:
    """Close those of the requests that nobody needs any more, and those whose cover was taken back;
    how many."""
    rows = list(
        requests.select_for_update(of=("self",), skip_locked=skip_locked)
        .filter(overtaken(at) & Q(state=CoverState.OPEN) | taken_back(at))
        .order_by("pk")
    )
    if rows:
        CoverRequest.objects.filter(pk__in=[row.pk for row in rows]).update(
            state=CoverState.WITHDRAWN, ended_at=at, filled_by=None
        )
    for action, state in (
        ("cover.overtaken", CoverState.OPEN), ("cover.taken_back", CoverState.FILLED),
    ):  # fmt: skip
        if found := [row for row in rows if row.state == state]:
            record_each(action, by=by, at=at, objs=found)
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


def _ask_again(
    program: Program,
    was: Mapping[UUID, datetime],
    came: Collection[tuple[UUID, UUID]],
    *,
    at: datetime,
) -> None:
    """Whose session has quite another time, and who came (session and account) although they
    answered before, is asked anew: about the session, or the series where there are many."""
    rules = policy_in_force(program.pk, local_date(at, program.zone)) if was else {}
    far = timedelta(minutes=int(rules.get("ask_again_minutes", 0)))
    to_series = SeriesFacilitator.objects.on(OuterRef("session__local_date")).filter(
        series=OuterRef("session__series"), facilitator=OuterRef("facilitator")
    )
    rows: list[Any] = list(
        SessionFacilitator.objects.filter(
            session_id__in={*was, *(session for session, _ in came)},
            session__state=SessionState.SCHEDULED,
            active=True,
        )
        .select_related("session")
        .annotate(
            usually=Subquery(to_series.values("answer")[:1]),
            usual=Subquery(to_series.values("pk")[:1]),
        )
    )
    moved = [
        row
        for row in rows
        if row.session_id in was
        and (row.answer or row.usually)
        and abs(row.starts_at - was[row.session_id]) > far
    ]
    # Where they do not lead the series, the session asks by itself.
    back = [
        row for row in rows if (row.session_id, row.person_id) in came and (row.answer or row.usual)
    ]
    again = list({row.pk: row for row in [*moved, *back]}.values())
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
    tell_asked(program, {row.person_id for row in moved}, at=at)


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
