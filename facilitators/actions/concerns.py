"""Boundary concerns: reported, looked at, reviewed, acted on, closed. Every step is kept."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction

from facilitators.cadence import business_day_after, due_by_end_of
from facilitators.models import (
    BoundaryConcern,
    ConcernClass,
    ConcernSource,
    ConcernState,
    ConcernStep,
    Facilitator,
    NamedInConcern,
)
from facilitators.policies import handles_concern
from facilitators.queries.concerns import (
    LEARNING,
    reviewers_for,
    shut_out,
    staff_holding,
)
from phpsupport.access.roles import STAFF, Role
from phpsupport.access.scope import scope_of
from phpsupport.audit.trail import record
from phpsupport.lib import clock
from phpsupport.lib.errors import Refused
from phpsupport.lib.rows import held
from phpsupport.outbox.delivery import Planned, enqueue
from phpsupport.programs.models import Closure, Program, policy_in_force
from phpsupport.users.models import User

OPEN = frozenset(ConcernState) - {ConcernState.CLOSED}
AWAITS = "concern.awaits"
ANSWERED = "concern.answered"


# --- report ---------------------------------------------------------------------------------------
@transaction.atomic
def report_concern(
    *,
    program: Program,
    by: User,
    at: datetime,
    concern_class: str,
    category: str,
    narrative: str,
    facilitator: Facilitator | None = None,
    named: Collection[User] = (),
    occurred_on: date | None = None,
    told_by_participant: bool = False,
    key: UUID | None = None,
) -> BoundaryConcern:
    """Ask about a boundary or report a concern, and tell those who must look at it.

    `key` makes a second click harmless: the concern that it made is given back. Load `program`
    with its site.
    """
    key = key or uuid4()
    there = BoundaryConcern.objects.filter(pk=key).first()
    if there is not None and there.reported_by_id == by.pk:
        return there
    if there is not None:
        key = uuid4()
    if not narrative.strip():
        raise Refused("Write in a sentence or two what happened or what you ask.", "narrative")
    today = clock.local_date(at, program.zone)
    if occurred_on and occurred_on > today:
        raise Refused(
            "The day it happened lies ahead. Correct it or leave it empty.", "occurred_on"
        )
    if facilitator is not None and facilitator.program_id != program.pk:
        raise Refused("Choose a facilitator of this program.", "facilitator")
    named_ids = {person.pk for person in named}
    known = staff_holding(program, today, *STAFF).filter(pk__in=named_ids)
    if named_ids != set(known.values_list("pk", flat=True)):
        raise Refused("Choose people who work in this program.", "named")
    concern = BoundaryConcern(
        pk=key,
        program=program,
        facilitator=facilitator,
        reported_by=by,
        reported_at=at,
        occurred_on=occurred_on,
        concern_class=concern_class,
        category=category,
        source=_source(program, by, facilitator, told_by_participant, today),
        narrative=narrative.strip(),
        due_at=triage_due_at(program, at),
    )
    try:
        with transaction.atomic():
            concern.save(force_insert=True)
    except IntegrityError:  # the same click, twice at one time
        return BoundaryConcern.objects.get(pk=key, reported_by=by)
    NamedInConcern.objects.bulk_create(
        NamedInConcern(concern=concern, user_id=pk) for pk in sorted(named_ids)
    )
    _step(concern, "reported", by=by, at=at)
    to = _route(concern, today)
    if not to:
        record("concern.unrouted", by=None, at=at, obj=concern)
    _tell(to, concern, at=at, about="triage")
    return concern


def triage_due_at(program: Program, at: datetime) -> datetime:
    """By when a concern reported at `at` is to be looked at: the end of the policy's business day."""
    today = clock.local_date(at, program.zone)
    days = int(policy_in_force(program.pk, today)["triage_business_days"])
    closed = set(
        Closure.objects.filter(
            program=program, date__gt=today, date__lte=today + timedelta(days=days * 2 + 60)
        ).values_list("date", flat=True)
    )
    return due_by_end_of(business_day_after(today, days, closed), program.zone)


def _source(
    program: Program,
    by: User,
    facilitator: Facilitator | None,
    told_by_participant: bool,
    today: date,
) -> ConcernSource:
    if told_by_participant:
        return ConcernSource.PARTICIPANT
    if facilitator is not None and facilitator.user_id == by.pk:
        return ConcernSource.SELF
    if staff_holding(program, today, Role.SUPERVISOR).filter(pk=by.pk).exists():
        return ConcernSource.SUPERVISOR
    return ConcernSource.STAFF


def _route(concern: BoundaryConcern, today: date) -> list[User]:
    """Who looks at it first: the facilitator's supervisor, else the program leads, else another
    supervisor or, when all of them are named, a privacy officer, who is then the reviewer. Nobody
    named or tied is ever among them."""
    free = reviewers_for(concern, today)
    if concern.facilitator is not None and concern.facilitator.supervisor_id:
        own = free.filter(pk=concern.facilitator.supervisor_id)
        if own:
            return list(own)
    leads = staff_holding(concern.program, today, Role.PROGRAM_LEAD)
    found = list(free.filter(pk__in=leads.values("pk")))
    if found:
        return found
    supervisors = staff_holding(concern.program, today, Role.SUPERVISOR)
    other = free.filter(pk__in=supervisors.values("pk")).first() or free.first()
    if other is None:
        return []
    concern.reviewer = other
    concern.save(update_fields=["reviewer"])
    return [other]


# --- look at it -----------------------------------------------------------------------------------
@transaction.atomic
def triage_concern(
    *,
    concern: BoundaryConcern,
    by: User,
    at: datetime,
    severity: int,
    concern_class: str,
    category: str,
    reviewer: User,
    second_reviewer: User | None = None,
    words: str = "",
) -> BoundaryConcern:
    """Judge a reported concern and give it to a reviewer."""
    concern = _locked(concern, by, at, ConcernState.REPORTED)
    _judge(concern, at, severity, concern_class, category)
    concern.reviewer = _candidate(concern, reviewer, at, "reviewer")
    if second_reviewer is not None:
        concern.second_reviewer = _another(concern, second_reviewer, at)
    concern.state = ConcernState.TRIAGED
    concern.save()
    _step(concern, "triaged", by=by, at=at, words=words)
    _tell([reviewer], concern, at=at, about="review", but=by)
    return concern


@transaction.atomic
def reassess_concern(
    *,
    concern: BoundaryConcern,
    by: User,
    at: datetime,
    severity: int,
    concern_class: str,
    category: str,
    words: str,
) -> BoundaryConcern:
    """Judge a concern anew when more is known; what the second reviewer agreed to is asked again."""
    concern = _locked(concern, by, at, *(OPEN - {ConcernState.REPORTED}))
    _only_reviewer(concern, by)
    _needs(words, "Say what changed your judgement.")
    _judge(concern, at, severity, concern_class, category)
    concern.second_agreed_at = None
    concern.save()
    _step(concern, "reassessed", by=by, at=at, words=words)
    return concern


@transaction.atomic
def hand_over_concern(
    *, concern: BoundaryConcern, by: User, at: datetime, reviewer: User, words: str = ""
) -> BoundaryConcern:
    """Give a concern to another reviewer."""
    concern = _locked(concern, by, at, *(OPEN - {ConcernState.REPORTED}))
    if concern.reviewer_id == reviewer.pk:
        return concern
    _reviewer_or_lead(concern, by)
    if concern.second_reviewer_id == reviewer.pk:
        concern.second_reviewer = None
        concern.second_agreed_at = None
    concern.reviewer = _candidate(concern, reviewer, at, "reviewer")
    concern.save()
    said = f"Now with {reviewer.name}. {words}".strip()
    _step(concern, "handed_over", by=by, at=at, words=said)
    _tell([reviewer], concern, at=at, about="review", but=by)
    return concern


# --- review it ------------------------------------------------------------------------------------
@transaction.atomic
def start_review(
    *, concern: BoundaryConcern, by: User, at: datetime, words: str = ""
) -> BoundaryConcern:
    """The reviewer begins."""
    concern = _locked(concern, by, at, ConcernState.TRIAGED)
    _only_reviewer(concern, by)
    return _move(concern, ConcernState.UNDER_REVIEW, "review_started", by, at, words)


@transaction.atomic
def add_to_concern(
    *, concern: BoundaryConcern, by: User, at: datetime, words: str
) -> BoundaryConcern:
    """Add what was learned or said, without moving it on."""
    concern = _locked(concern, by, at, *OPEN)
    _needs(words, "Write what you want to add.")
    _step(concern, "note", by=by, at=at, words=words)
    return concern


@transaction.atomic
def agree_actions(
    *, concern: BoundaryConcern, by: User, at: datetime, words: str
) -> BoundaryConcern:
    """The reviewer writes what will be done, by whom and by when."""
    concern = _locked(concern, by, at, ConcernState.UNDER_REVIEW)
    _only_reviewer(concern, by)
    _needs(words, "Write what will be done, by whom and by when.")
    concern = _move(concern, ConcernState.ACTIONS, "actions", by, at, words)
    if concern.needs_second_reviewer and concern.second_reviewer is not None:
        _tell([concern.second_reviewer], concern, at=at, about="second")
    return concern


@transaction.atomic
def ask_second_reviewer(
    *, concern: BoundaryConcern, by: User, at: datetime, second_reviewer: User
) -> BoundaryConcern:
    """Ask another person to agree before a grave concern is closed."""
    concern = _locked(concern, by, at, *(OPEN - {ConcernState.REPORTED}))
    if concern.second_reviewer_id == second_reviewer.pk:
        return concern
    _reviewer_or_lead(concern, by)
    concern.second_reviewer = _another(concern, second_reviewer, at)
    concern.second_agreed_at = None
    concern.save()
    _step(concern, "second_asked", by=by, at=at, words=f"{second_reviewer.name} is asked.")
    if concern.state == ConcernState.ACTIONS:
        _tell([second_reviewer], concern, at=at, about="second", but=by)
    return concern


@transaction.atomic
def give_second_opinion(
    *, concern: BoundaryConcern, by: User, at: datetime, agrees: bool, words: str = ""
) -> BoundaryConcern:
    """The second reviewer agrees, or sends the concern back to review and says why."""
    concern = _locked(concern, by, at, ConcernState.ACTIONS)
    if concern.second_reviewer_id != by.pk:
        raise Refused("Only the second reviewer can agree or send it back.")
    if concern.second_agreed_at is not None:
        raise Refused("You agreed to this already. The reviewer can close it now.")
    if agrees:
        concern.second_agreed_at = at
        concern.save()
        _step(concern, "second_agreed", by=by, at=at, words=words)
    else:
        _needs(words, "Say what is still missing.")
        _move(concern, ConcernState.UNDER_REVIEW, "second_sent_back", by, at, words)
    if concern.reviewer is not None:
        _tell([concern.reviewer], concern, at=at, about="review")
    return concern


# --- close it, open it again ----------------------------------------------------------------------
@transaction.atomic
def close_concern(
    *, concern: BoundaryConcern, by: User, at: datetime, words: str, answer: str = ""
) -> BoundaryConcern:
    """Close a concern; `answer` is told to whoever reported it.

    A question or an unplanned contact may be closed out of the review. A violation, or what is as
    grave as the policy says, needs a second reviewer who agreed.
    """
    concern = _locked(concern, by, at, ConcernState.UNDER_REVIEW, ConcernState.ACTIONS)
    _only_reviewer(concern, by)
    if concern.state == ConcernState.UNDER_REVIEW and concern.concern_class not in LEARNING:
        raise Refused(WRONG_STATE[ConcernState.UNDER_REVIEW], code="state")
    if concern.needs_second_reviewer:
        if concern.second_reviewer_id is None:
            raise Refused(
                "This needs a second reviewer who agrees. Ask one, then close it.",
                code="second_reviewer",
            )
        if concern.second_agreed_at is None:
            raise Refused(
                f"{concern.second_reviewer.name} has not agreed yet. "  # type: ignore[union-attr]
                "Close it once they have, or ask another second reviewer.",
                code="second_reviewer",
            )
    _needs(words, "Write how it ended, in a sentence or two.")
    if answer.strip():
        _step(concern, "answer", by=by, at=at, words=answer)
    concern.closed_at = at
    concern = _move(concern, ConcernState.CLOSED, "closed", by, at, words)
    _tell([concern.reported_by], concern, at=at, about="closed", but=by, kind=ANSWERED)
    return concern


@transaction.atomic
def reopen_concern(
    *, concern: BoundaryConcern, by: User, at: datetime, reason: str
) -> BoundaryConcern:
    """Open a closed concern again; it goes back to review and needs its second reviewer anew."""
    concern = _locked(concern, by, at, ConcernState.CLOSED)
    _needs(reason, "Say why it must be looked at again.", "reason")
    concern.closed_at = None
    concern.second_agreed_at = None
    concern = _move(concern, ConcernState.UNDER_REVIEW, "reopened", by, at, reason)
    if concern.reviewer is not None:
        _tell([concern.reviewer], concern, at=at, about="review", but=by)
    return concern


# --- what they share ------------------------------------------------------------------------------
WRONG_STATE = {
    ConcernState.REPORTED: "Nobody has looked at this concern yet. Look at it first.",
    ConcernState.TRIAGED: "The review has not begun. Begin it first.",
    ConcernState.UNDER_REVIEW: "This concern is under review. Agree what will be done first.",
    ConcernState.ACTIONS: "What will be done is agreed already. Add to it, or close the concern.",
    ConcernState.CLOSED: "This concern is closed. Open it again first.",
}


def _locked(
    concern: BoundaryConcern, by: User, at: datetime, *states: ConcernState
) -> BoundaryConcern:
    """The concern as it is now, held until the end, if `by` may act on it in this state."""
    beside = ("program__site", "facilitator", "reviewer", "second_reviewer", "reported_by")
    now = held(BoundaryConcern.objects.select_related(*beside), concern.pk)
    if not handles_concern(by, now, shut_out(now)):
        raise Refused("This concern is looked at by somebody else.", code="not_yours")
    if now.state not in states:
        if now.state == ConcernState.TRIAGED and ConcernState.REPORTED in states:
            raise Refused("Somebody has looked at this concern already.", code="state")
        raise Refused(WRONG_STATE[ConcernState(now.state)], code="state")
    return now


def _only_reviewer(concern: BoundaryConcern, by: User) -> None:
    if concern.reviewer_id != by.pk:
        name = concern.reviewer.name if concern.reviewer else "its reviewer"
        raise Refused(f"This is for {name}, who reviews it. Hand it over if that must change.")


def _reviewer_or_lead(concern: BoundaryConcern, by: User) -> None:
    if not scope_of(by).has(concern.program_id, Role.PROGRAM_LEAD):
        _only_reviewer(concern, by)


def _judge(
    concern: BoundaryConcern, at: datetime, severity: int, concern_class: str, category: str
) -> None:
    today = clock.local_date(at, concern.program.zone)
    from_severity = int(policy_in_force(concern.program_id, today)["second_reviewer_severity"])
    concern.severity, concern.concern_class, concern.category = severity, concern_class, category
    concern.needs_second_reviewer = (
        concern_class == ConcernClass.VIOLATION or severity >= from_severity
    )


def _candidate(concern: BoundaryConcern, person: User, at: datetime, field: str) -> User:
    today = clock.local_date(at, concern.program.zone)
    if not reviewers_for(concern, today).filter(pk=person.pk).exists():
        raise Refused(
            "Choose a supervisor or program lead who is not named in it and not supervised by "
            "somebody who is.",
            field,
            code="reviewer",
        )
    return person


def _another(concern: BoundaryConcern, person: User, at: datetime) -> User:
    if person.pk == concern.reviewer_id:
        raise Refused("The second reviewer must be another person.", "second_reviewer")
    return _candidate(concern, person, at, "second_reviewer")


def _needs(words: str, sentence: str, field: str = "words") -> None:
    if not words.strip():
        raise Refused(sentence, field)


def _move(
    concern: BoundaryConcern, to: ConcernState, what: str, by: User, at: datetime, words: str
) -> BoundaryConcern:
    concern.state = to
    concern.save()
    _step(concern, what, by=by, at=at, words=words)
    return concern


def _step(concern: BoundaryConcern, what: str, *, by: User, at: datetime, words: str = "") -> None:
    ConcernStep(
        concern=concern, by=by, at=at, to_state=concern.state, what=what, words=words.strip()
    ).save()
    record(
        f"concern.{what}",
        by=by,
        at=at,
        obj=concern,
        state=str(concern.state),
        reviewer=str(concern.reviewer_id or ""),
        second_reviewer=str(concern.second_reviewer_id or ""),
    )


def _tell(
    people: list[User],
    concern: BoundaryConcern,
    *,
    at: datetime,
    about: str,
    but: User | None = None,
    kind: str = AWAITS,
) -> None:
    """A neutral message to each: something awaits you. One for each turn of the concern."""
    steps = ConcernStep.objects.filter(concern=concern).count()
    enqueue(
        [
            Planned(
                kind=kind,
                key=f"{kind}:{concern.pk}:{about}:{steps}:{person.pk}",
                recipient_id=person.pk,
                due_at=at,
                program_id=concern.program_id,
                subject_id=concern.pk,
                facts={"about": about},
            )
            for person in people
            if but is None or person.pk != but.pk
        ],
        at=at,
    )
