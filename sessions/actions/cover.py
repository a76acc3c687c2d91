"""Cover: asked for without a reason, offered to others, and the first to accept has it.

Who asked stays responsible until then. Locks are always taken in one order: the session, the
request, the ask.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction

from facilitators.models import Facilitator
from phpsupport.audit.trail import record, record_each
from phpsupport.lib.clock import local_date
from phpsupport.lib.constraints import last_guard
from phpsupport.lib.errors import Refused
from phpsupport.outbox.delivery import Planned, enqueue
from phpsupport.programs.models import Program, policy_in_force
from phpsupport.users.models import User
from sessions import policies
from sessions.actions.asking import planners_of
from sessions.actions.booking import lock_slots, once_more
from sessions.actions.changing import Target, apply
from sessions.actions.following import end_overtaken, overtaken
from sessions.actions.schedule import named
from sessions.models import (
    Answer,
    CoverAnswer,
    CoverAsk,
    CoverRequest,
    CoverState,
    GroupSession,
    SessionFacilitator,
)
from sessions.queries.consequence import why_history
from sessions.queries.cover import candidates, ranking
from sessions.queries.series import hold_sessions, with_records

ASKED = "cover_asked"
NEEDED = "cover_needed"
ESCALATED = "cover_escalated"
ALL = "all"


def escalate_at(asked_at: datetime, starts_at: datetime, rules: dict[str, Any]) -> datetime:
    """When those who plan are told that nobody has accepted: after the policy's hours, and always
    the last hours before the start. Elapsed hours, whatever the clocks on the wall do."""
    asked, starts = asked_at.astimezone(UTC), starts_at.astimezone(UTC)
    after = asked + timedelta(hours=int(rules["cover_escalate_hours"]))
    before = starts - timedelta(hours=int(rules["cover_last_hours"]))
    return max(asked, min(after, before))


# --- asking for it --------------------------------------------------------------------------------
@once_more
def ask_for_cover(
    *, sessions: Sequence[GroupSession], facilitator: Facilitator, by: User, at: datetime
) -> list[CoverRequest]:
    """Somebody needs cover for these sessions; a second click changes nothing.

    Those who plan are told, or by the program's rule everybody who can is asked at once.
    """
    _allowed(policies.can_ask_for_cover(by, facilitator))
    if not sessions:
        raise Refused("Choose at least one session.", code="required")
    locked = _locked_sessions({s.pk for s in sessions})
    leads = {
        row.session_id: row
        for row in SessionFacilitator.objects.filter(
            session__in=locked, facilitator=facilitator, active=True
        )
    }
    for session in locked:
        if sentence := why_history(session, at):
            raise Refused(f"{session.series.group.name}: {sentence}", code="history")
        if session.pk not in leads:
            raise Refused(
                f"{facilitator.user.name} does not lead {session.series.group.name} that day,"
                " so it needs no cover.",
                code="not_leading",
            )
    end_overtaken(CoverRequest.objects.filter(session__in=locked), by=by, at=at)
    there = CoverRequest.objects.filter(
        session__in=locked, facilitator=facilitator, state=CoverState.OPEN
    )
    known = {row.session_id: row for row in there}
    program = facilitator.program
    rules = policy_in_force(program.pk, local_date(at, program.zone))
    new = [
        CoverRequest(
            program=program, session=session, facilitator=facilitator, part=leads[session.pk].part,
            starts_at=session.starts_at, asked_by=by, asked_at=at,
            escalate_at=escalate_at(at, session.starts_at, rules),
        )
        for session in locked
        if session.pk not in known
    ]  # fmt: skip
    CoverRequest.objects.bulk_create(new)
    record_each("cover.asked", by=by, at=at, objs=new)
    if rules["cover_asks"] == ALL:
        for request in new:
            able = ranking(request, at=at).able
            _ask(request, [r.candidate.id for r in able], by=None, at=at)  # type: ignore[misc]
    if new:
        _tell(NEEDED, new, [p for p in planners_of(program, at) if p != by.pk], at=at)
    return [known.get(session.pk) or _of(new, session) for session in locked]


def why_not_now(session: GroupSession, at: datetime) -> str:
    """Why no cover can be asked for, or ''. Load the session in any way; one query."""
    row = with_records(GroupSession.objects.filter(pk=session.pk)).first()
    return (row and why_history(row, at)) or ""


def _of(requests: Iterable[CoverRequest], session: GroupSession) -> CoverRequest:
    return next(r for r in requests if r.session_id == session.pk)


@once_more
def withdraw_cover(*, request: CoverRequest, by: User, at: datetime) -> CoverRequest:
    """It is no longer needed; whoever asked leads the session after all."""
    request = _locked(request)
    _allowed(policies.can_ask_for_cover(by, request.facilitator))
    if request.state == CoverState.FILLED:
        raise Refused(_has_it(request), code="filled")
    if request.state == CoverState.OPEN:
        request.state, request.ended_at = CoverState.WITHDRAWN, at
        request.save(update_fields=["state", "ended_at"])
        record("cover.withdrawn", by=by, at=at, obj=request)
    return request


# --- asking others --------------------------------------------------------------------------------
@once_more
def ask_candidates(
    *, request: CoverRequest, facilitators: Collection[Facilitator], by: User, at: datetime
) -> list[CoverAsk]:
    """Ask one, several or all; whoever was asked already is left alone. Refuses who cannot."""
    request = _locked(request)
    _refuse_closed(request, at)
    wanted = {f.pk for f in facilitators}
    if not wanted:
        raise Refused("Choose at least one person to ask.", code="required")
    found = {c.id: c for c in candidates(request, at=at, only=wanted)}
    if set(found) != wanted:
        raise Refused("Choose facilitators of this program.", code="stranger")
    blocked = [sentence for c in found.values() for sentence in c.blocked[:1]]
    if blocked:
        raise Refused(f"{blocked[0]} Choose somebody else.", code="blocked")
    return _ask(request, wanted, by=by, at=at)


def _ask(
    request: CoverRequest, facilitators: Collection[UUID], *, by: User | None, at: datetime
) -> list[CoverAsk]:
    there = set(request.asks.values_list("facilitator_id", flat=True))
    new = [
        CoverAsk(request=request, facilitator_id=pk, asked_at=at)
        for pk in sorted(facilitators)
        if pk not in there
    ]
    CoverAsk.objects.bulk_create(new)
    if new:
        record("cover.offered", by=by, at=at, obj=request, to=[str(a.facilitator_id) for a in new])
        people = Facilitator.objects.filter(pk__in=[a.facilitator_id for a in new])
        _tell(ASKED, [request], people.values_list("user_id", flat=True), at=at)
    return new


# --- answering ------------------------------------------------------------------------------------
@once_more
def accept_cover(*, ask: CoverAsk, by: User, at: datetime) -> CoverRequest:
    """Take the session over: the first has it, the others are told kindly, and so is who needed it.

    Whether the person may and can is judged again under the locks, and that they are cleared, there
    and free whatever the program's rules say.
    """
    ask, request = _locked_ask(ask, by)
    if request.state == CoverState.FILLED and request.filled_by_id == ask.facilitator_id:
        return request
    _refuse_closed(request, at)
    there = request.session.assignments.values_list("person_id", flat=True)
    # What `apply` will hold: nobody books them elsewhere while it is asked whether they are free.
    lock_slots(
        {request.session.room_id},
        {*there, ask.facilitator.user_id} - {request.facilitator.user_id},
    )
    mine = candidates(request, at=at, only={ask.facilitator_id})
    if not mine or mine[0].blocked:
        why = mine[0].blocked[0] if mine else "You do not work in this program at present."
        if mine and mine[0].apart:  # the sentence would tell them who goes to the group
            why = "You cannot take this one."
        raise Refused(f"{why} Somebody else has to take it. Thank you.", code="blocked")
    ask.answer, ask.answered_at = CoverAnswer.ACCEPTED, at
    with last_guard({"accepted_once": partial(Refused, TAKEN, code="filled")}):
        ask.save(update_fields=["answer", "answered_at"])
    request.state, request.ended_at = CoverState.FILLED, at
    request.filled_by = ask.facilitator
    request.save(update_fields=["state", "ended_at", "filled_by"])
    _hand_over(request, to=ask.facilitator, by=by, at=at)
    record(
        "cover.accepted", by=by, at=at, obj=request, session=str(request.session_id),
        facilitator=str(ask.facilitator_id),
    )  # fmt: skip
    return request


@once_more
def decline_cover(*, ask: CoverAsk, by: User, at: datetime) -> CoverAsk:
    """They cannot; no reason is asked. As long as it is open they may still accept."""
    ask, request = _locked_ask(ask, by)
    if ask.answer == CoverAnswer.ACCEPTED and request.state == CoverState.FILLED:
        raise Refused(
            "You have taken it over already. Ask for cover if you cannot lead it.", code="accepted"
        )
    if ask.answer == CoverAnswer.NONE and request.state == CoverState.OPEN:
        ask.answer, ask.answered_at = CoverAnswer.DECLINED, at
        ask.save(update_fields=["answer", "answered_at"])
        record("cover.declined", by=by, at=at, obj=request)
        if not request.asks.filter(answer=CoverAnswer.NONE).exists():
            # Nobody is left who could still say yes: those who plan need not wait for the hour.
            _tell(NEEDED, [request], planners_of(request.program, at), at=at)
    return ask


def _hand_over(request: CoverRequest, *, to: Facilitator, by: User, at: datetime) -> None:
    """Rewrite who leads the session; the part stays as it was."""
    rows = list(
        SessionFacilitator.objects.filter(session_id=request.session_id)
        .select_related("facilitator__user")
        .order_by("-part", "pk")
    )
    people = tuple(
        (to if row.facilitator_id == request.facilitator_id else row.facilitator, row.part)
        for row in rows
    )
    session, was = request.session, request.facilitator.user.name
    apply(
        program=request.program,
        kind="covered",
        summary=f"{named(session)} is covered by {to.user.name} for {was}",
        targets=[Target(session, people=people, moved=True)],
        by=by,
        at=at,
        accept=True,
    )
    SessionFacilitator.objects.filter(session_id=request.session_id, facilitator=to).update(
        answer=Answer.ACCEPTED, answered_at=at
    )


# --- the tick -------------------------------------------------------------------------------------
@transaction.atomic
def tend_cover(*, at: datetime) -> int:
    """Close what is overtaken and tell once of what nobody accepted; how many were told of.

    Run it as often as you like, also twice at one time: the rows decide.
    """
    end_overtaken(CoverRequest.objects.all(), by=None, at=at, skip_locked=True)
    due = list(
        CoverRequest.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(~overtaken(at), state=CoverState.OPEN, escalated_at=None, escalate_at__lte=at)
        .select_related("program__site")
        .order_by("pk")
    )
    CoverRequest.objects.filter(pk__in=[r.pk for r in due]).update(escalated_at=at)
    record_each("cover.escalated", by=None, at=at, objs=due)
    planners: dict[UUID, list[UUID]] = {}
    for request in due:
        if request.program_id not in planners:
            planners[request.program_id] = planners_of(request.program, at)
        _tell(ESCALATED, [request], planners[request.program_id], at=at, key=str(request.pk))
    return len(due)


# --- parts ----------------------------------------------------------------------------------------
TAKEN = "Somebody else has it already. Thank you."


def _has_it(request: CoverRequest) -> str:
    who = request.filled_by.user if request.filled_by else None
    return f"{who.preferred_name or who.first_name} has it already. Thank you." if who else TAKEN


def _refuse_closed(request: CoverRequest, at: datetime) -> None:
    if request.state == CoverState.FILLED:
        raise Refused(_has_it(request), code="filled")
    if request.state == CoverState.WITHDRAWN:
        raise Refused("Cover is no longer needed for this session. Thank you.", code="closed")
    if sentence := why_history(request.session, at):
        raise Refused(sentence, code="history")
    if CoverRequest.objects.filter(overtaken(at), pk=request.pk).exists():
        raise Refused(
            "The session was changed since cover was asked for. Nothing is needed of you now.",
            code="closed",
        )


def _locked_sessions(keys: Collection[UUID]) -> list[GroupSession]:
    hold_sessions(keys)
    rows = GroupSession.objects.select_related("series__group", "room", "program__site")
    return sorted(with_records(rows).filter(pk__in=keys), key=lambda s: (s.starts_at, s.pk))


def _locked(request: CoverRequest) -> CoverRequest:
    session = _locked_sessions([request.session_id])[0]
    found = (
        CoverRequest.objects.select_for_update(of=("self",))
        .select_related("facilitator__user", "facilitator__program__site", "filled_by__user")
        .get(pk=request.pk)
    )
    found.session, found.program = session, session.program
    return found


def _locked_ask(ask: CoverAsk, by: User) -> tuple[CoverAsk, CoverRequest]:
    request = _locked(CoverRequest.objects.get(pk=ask.request_id))
    found = (
        CoverAsk.objects.select_for_update(of=("self",))
        .select_related("facilitator__user")
        .get(pk=ask.pk)
    )
    if found.facilitator.user_id != by.pk:
        raise Refused("Only who was asked can answer.", code="not_yours")
    return found, request


def _allowed(refusal: str | None) -> None:
    if refusal:
        raise Refused(refusal, code="not_yours")


def _tell(
    kind: str,
    requests: Sequence[CoverRequest],
    people: Iterable[UUID],
    *,
    at: datetime,
    key: str = "",
) -> None:
    """One neutral message for each person, however many sessions it is about."""
    program: Program = requests[0].program
    last = max(r.starts_at for r in requests)
    enqueue(
        [
            Planned(
                kind,
                key=f"{kind}:{person}:{key or at.isoformat()}",
                recipient_id=person,
                due_at=at,
                program_id=program.pk,
                subject_id=requests[0].pk,
                expires_at=last,
                facts={"requests": [str(r.pk) for r in requests]},
            )
            for person in people
        ],
        at=at,
    )
