"""What facilitators say to their assignments: accept, decline, propose another time.

An answer changes nobody's duty: who declines stays responsible until somebody who plans acts.
"""

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django.db import transaction

from facilitators.models import Facilitator
from phpsupport.audit.trail import record
from phpsupport.lib.clock import local_date
from phpsupport.lib.errors import Refused
from phpsupport.outbox.delivery import Planned, enqueue
from phpsupport.users.models import User
from sessions.actions.asking import ask_those_who_plan
from sessions.actions.following import tell_asked
from sessions.actions.schedule import move_session
from sessions.models import (
    Answer,
    GroupSeries,
    GroupSession,
    Proposal,
    SeriesFacilitator,
    SessionFacilitator,
    SessionState,
)
from sessions.queries.moving import ends_next_day, over_midnight
from sessions.queries.series import times_of

ANSWERED = "assignment_answered"
SETTLED = "proposal_settled"
Thing = GroupSeries | GroupSession
Assignment = SeriesFacilitator | SessionFacilitator


@transaction.atomic
def answer_assignment(*, thing: Thing, answer: str, by: User, at: datetime) -> Assignment:
    """Accept or decline a series or one session; the same answer twice changes nothing.

    Those who plan are told when somebody declines.
    """
    if answer not in (Answer.ACCEPTED, Answer.DECLINED):
        raise Refused("Choose whether you accept or decline.", code="required")
    thing, row = _locked(thing, by, at)
    if row.answer == answer:
        return row
    _drop_open(thing, row.facilitator, by=by, at=at)
    _store(row, answer, at)
    record(f"assignment.{answer}", by=by, at=at, obj=thing, facilitator=str(row.facilitator_id))
    if answer == Answer.DECLINED:
        _tell_planners(thing, row.facilitator, by=by, at=at)
    return row


@transaction.atomic
def propose_time(
    *,
    thing: Thing,
    on: date,
    starts: time,
    ends: time,
    by: User,
    at: datetime,
    words: str = "",
) -> Proposal:
    """Propose another time; a later proposal takes the place of an open one.

    Where it runs past midnight now, an end before the start is on the next day.
    """
    thing, row = _locked(thing, by, at)
    if ends <= starts and not (ends_next_day(starts, ends) and _over_midnight(thing)):
        raise Refused("The end must come after the start.", field="ends", code="backwards")
    if on < local_date(at, thing.program.zone):
        raise Refused("That day is over. Choose a later one.", field="on", code="past")
    of = _of(thing)
    there = Proposal.objects.filter(**of, facilitator=row.facilitator, settled_at=None).first()
    said: dict[str, Any] = {"on": on, "starts": starts, "ends": ends, "words": words.strip()}
    if there and row.answer == Answer.PROPOSED and said == {k: getattr(there, k) for k in said}:
        return there
    _drop_open(thing, row.facilitator, by=by, at=at)
    made = Proposal.objects.create(
        program_id=thing.program_id, facilitator=row.facilitator, made_at=at, **of, **said
    )
    _store(row, Answer.PROPOSED, at)
    record("assignment.proposed", by=by, at=at, obj=thing, proposal=str(made.pk))
    _tell_planners(thing, row.facilitator, by=by, at=at)
    return made


@transaction.atomic
def keep_as_is(*, proposal: Proposal, by: User, at: datetime) -> Proposal:
    """The time stays; the facilitator is asked again whether they can."""
    proposal = _open(proposal)
    if proposal.settled_at:
        return proposal
    _settle(proposal, taken=False, by=by, at=at)
    row = _assignment(proposal)
    if row is not None:
        row.answer, row.answered_at = Answer.NONE, None
        if isinstance(row, SessionFacilitator):
            row.asked_at = at
        row.save()
        tell_asked(proposal.program, [proposal.facilitator.user_id], at=at)
    return proposal


@transaction.atomic
def take_proposal(
    *,
    proposal: Proposal,
    by: User,
    at: datetime,
    accept_not_cleared: bool = False,
    override_reason: str = "",
) -> Proposal:
    """Move the session to the proposed time in one step; refuses what stands in the way.

    The pattern of a series is changed on its own page: here the proposal is only marked as taken.
    """
    proposal = _open(proposal)
    if proposal.settled_at:
        raise Refused("This proposal is settled already. Look at the session.", code="settled")
    if proposal.session is not None:
        if not (proposal.on and proposal.starts and proposal.ends):
            raise Refused("This proposal names no time. Move the session by hand.", code="no_time")
        more = {"override_reason": override_reason} if override_reason else {}
        move_session(
            session=proposal.session, on=proposal.on, starts=proposal.starts, ends=proposal.ends,
            room=proposal.session.room, by=by, at=at, accept_not_cleared=accept_not_cleared, **more,
        )  # fmt: skip
    _settle(proposal, taken=True, by=by, at=at)
    row = _assignment(proposal)
    if row is not None:
        _store(row, Answer.ACCEPTED, at)
    enqueue(
        [
            Planned(
                SETTLED,
                key=f"{SETTLED}:{proposal.pk}",
                recipient_id=proposal.facilitator.user_id,
                due_at=at,
                program_id=proposal.program_id,
                subject_id=proposal.pk,
            )
        ],
        at=at,
    )
    return proposal


# --- parts ----------------------------------------------------------------------------------------
def _of(thing: Thing) -> dict[str, Any]:
    return {"series": thing} if isinstance(thing, GroupSeries) else {"session": thing}


def _over_midnight(thing: Thing) -> bool:
    if isinstance(thing, GroupSession):
        return over_midnight(thing)
    return any(times.ends_next_day for times in times_of(thing))


def _locked(thing: Thing, by: User, at: datetime) -> tuple[Thing, Assignment]:
    """The series or session and the person's own assignment to it, held until the end."""
    model: Any = type(thing)
    held = (
        model.objects.select_for_update(no_key=True, of=("self",))
        .select_related("program__site")
        .get(pk=thing.pk)
    )
    if isinstance(held, GroupSession):
        if held.state == SessionState.CANCELLED:
            raise Refused("This session was cancelled. Nothing is needed of you.", code="closed")
        if held.state != SessionState.SCHEDULED or held.starts_at <= at:
            raise Refused("This session has begun. Talk with a scheduler.", code="closed")
    elif held.ended_at or held.until_on < local_date(at, held.program.zone):
        raise Refused("This series is over. Nothing is needed of you.", code="closed")
    rows: Any = held.assignments.select_for_update(of=("self",)).select_related("facilitator__user")
    row = rows.filter(facilitator__user=by).first()
    over = isinstance(row, SeriesFacilitator) and row.until_on is not None
    if over and row.until_on < local_date(at, held.program.zone):
        raise Refused("Somebody else leads it by now. Nothing is needed of you.", code="closed")
    if row is None or not getattr(row, "active", True):
        raise Refused("Only those who lead it can answer.", code="not_yours")
    return held, row


def _store(row: Assignment, answer: str, at: datetime) -> None:
    row.answer, row.answered_at = answer, at
    row.save(update_fields=["answer", "answered_at"])


def _drop_open(thing: Thing, facilitator: Facilitator, *, by: User, at: datetime) -> None:
    Proposal.objects.filter(**_of(thing), facilitator=facilitator, settled_at=None).update(
        taken=False, settled_at=at, settled_by=by
    )


def _open(proposal: Proposal) -> Proposal:
    """The proposal, held; what it is about is held first, as everywhere."""
    model: Any = GroupSession if proposal.session_id else GroupSeries
    pk = proposal.session_id or proposal.series_id
    model.objects.select_for_update(no_key=True, of=("self",)).get(pk=pk)
    return (
        Proposal.objects.select_for_update(of=("self",))
        .select_related(
            "program__site", "facilitator__user", "session__room", "session__series", "series"
        )
        .get(pk=proposal.pk)
    )


def _settle(proposal: Proposal, *, taken: bool, by: User, at: datetime) -> None:
    proposal.taken, proposal.settled_at, proposal.settled_by = taken, at, by
    proposal.save(update_fields=["taken", "settled_at", "settled_by"])
    record(
        "proposal.taken" if taken else "proposal.kept", by=by, at=at, obj=proposal,
        facilitator=str(proposal.facilitator_id),
    )  # fmt: skip


def _assignment(proposal: Proposal) -> Assignment | None:
    of: Any = proposal.session or proposal.series
    found: Assignment | None = of.assignments.filter(facilitator=proposal.facilitator).first()
    return found


def _tell_planners(thing: Thing, who: Facilitator, *, by: User, at: datetime) -> None:
    about: UUID = thing.pk
    ask_those_who_plan(
        ANSWERED, program=thing.program, about=about, at=at, but=by.pk,
        facts={"facilitator": str(who.pk)},
    )  # fmt: skip
