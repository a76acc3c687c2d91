"""Check-ins: asked by the program's cadence, reminded, escalated, answered, followed up."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from facilitators.cadence import is_daytime
from facilitators.models import CheckIn, Facilitator, Leave, Stage
from facilitators.policies import can_answer_check_in, can_see_to_support
from facilitators.queries.concerns import REVIEWING, staff_holding
from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.audit.trail import record, record_each
from phpsupport.lib import clock
from phpsupport.lib.errors import Refused
from phpsupport.outbox import delivery
from phpsupport.outbox.delivery import Planned, enqueue
from phpsupport.programs.models import Program, policy_in_force
from phpsupport.users.models import User

ASKED = "check-in.asked"
REMINDER = "check-in.reminder"
ESCALATED = "check-in.escalated"
SUPPORT = "check-in.support"
STAGES_ASKED = (
    Stage.TRAINING,
    Stage.SHADOWING,
    Stage.CO_FACILITATING,
    Stage.CERTIFIED,
    Stage.ACTIVE,
)


def at_work(program: Program, today: date) -> QuerySet[Facilitator]:
    """The facilitators of a program who work there on a day: not ended, not on leave."""
    away = Leave.objects.filter(
        facilitator=OuterRef("pk"), cancelled_at=None, from_on__lte=today, until_on__gte=today
    )
    role = RoleAssignment.objects.in_force(today).filter(
        program=program, role=Role.FACILITATOR, user=OuterRef("user")
    )
    return Facilitator.objects.filter(
        ~Exists(away),
        Exists(role),
        Q(hired_on=None) | Q(hired_on__lte=today),
        Q(ended_on=None) | Q(ended_on__gte=today),
        program=program,
        stage__in=STAGES_ASKED,
        user__is_active=True,
    )


# --- the job --------------------------------------------------------------------------------------
def queue_check_ins(*, at: datetime) -> int:
    """Ask, remind and escalate wherever it is daytime; how many check-ins were asked.

    Run it as often as you like, also twice at one time: the rows decide.
    """
    return sum(
        queue_check_ins_of(program=program, at=at)
        for program in Program.objects.select_related("site").order_by("pk")
        if is_daytime(at, program.zone)
    )


@transaction.atomic
def queue_check_ins_of(*, program: Program, at: datetime) -> int:
    """The same for one program, in one transaction."""
    today = clock.local_date(at, program.zone)
    rules = policy_in_force(program.pk, today)
    asked = _ask(program, today, int(rules["check_in_days"]), at)
    _remind(program, today, int(rules["check_in_remind_days"]), at)
    _escalate(program, today, int(rules["check_in_escalate_days"]), at)
    return asked


def _due(facilitators: QuerySet[Facilitator], today: date, every: int) -> QuerySet[Facilitator]:
    open_now = CheckIn.objects.filter(facilitator=OuterRef("pk"), answered_at=None)
    return facilitators.annotate(last=Max("check_ins__due_on")).filter(
        ~Exists(open_now), Q(last=None) | Q(last__lte=today - timedelta(days=every))
    )


def _ask(program: Program, today: date, every: int, at: datetime) -> int:
    due = list(_due(at_work(program, today), today, every).values_list("pk", flat=True))
    if not due:
        return 0
    # Held until the end; whoever comes at the same time waits for nothing and leaves them alone.
    held = list(
        Facilitator.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(pk__in=due)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    # Looked at again now that they are held: another run may have asked them in between.
    still = _due(Facilitator.objects.filter(pk__in=held), today, every)
    new = [
        CheckIn(facilitator=facilitator, due_on=today, asked_at=at)
        for facilitator in still.select_related("user")
    ]
    CheckIn.objects.bulk_create(new)
    _record(ASKED, new, program, at)
    _plan(ASKED, new, at)
    return len(new)


def _waiting(program: Program, today: date, after_days: int) -> QuerySet[CheckIn]:
    return (
        CheckIn.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(
            answered_at=None,
            due_on__lte=today - timedelta(days=after_days),
            facilitator__in=at_work(program, today),
        )
        .select_related("facilitator")
        .order_by("pk")
    )


def _remind(program: Program, today: date, after_days: int, at: datetime) -> None:
    late = list(_waiting(program, today, after_days).filter(reminded_at=None))
    CheckIn.objects.filter(pk__in=[c.pk for c in late]).update(reminded_at=at)
    _record(REMINDER, late, program, at)
    _plan(REMINDER, late, at)


def _escalate(program: Program, today: date, after_days: int, at: datetime) -> None:
    late = list(_waiting(program, today, after_days).filter(escalated_at=None))
    if not late:
        return
    CheckIn.objects.filter(pk__in=[c.pk for c in late]).update(escalated_at=at)
    _record(ESCALATED, late, program, at)
    leads = list(staff_holding(program, today, Role.PROGRAM_LEAD))
    for check_in in late:
        _tell(
            ESCALATED,
            check_in,
            [lead for lead in leads if lead.pk != check_in.facilitator.user_id],
            at,
        )


def _record(what: str, check_ins: list[CheckIn], program: Program, at: datetime) -> None:
    record_each(what, by=None, at=at, objs=check_ins, program_id=program.pk)


def _plan(kind: str, check_ins: Iterable[CheckIn], at: datetime) -> None:
    enqueue(
        [
            Planned(
                kind=kind,
                key=f"{kind}:{check_in.pk}",
                recipient_id=check_in.facilitator.user_id,
                due_at=at,
                program_id=check_in.facilitator.program_id,
                subject_id=check_in.pk,
            )
            for check_in in check_ins
        ],
        at=at,
    )


def _tell(kind: str, check_in: CheckIn, people: Iterable[User], at: datetime) -> None:
    enqueue(
        [
            Planned(
                kind=kind,
                key=f"{kind}:{check_in.pk}:{person.pk}",
                recipient_id=person.pk,
                due_at=at,
                program_id=check_in.facilitator.program_id,
                subject_id=check_in.pk,
            )
            for person in people
        ],
        at=at,
    )


# --- the answer -----------------------------------------------------------------------------------
@transaction.atomic
def answer_check_in(
    *,
    check_in: CheckIn,
    by: User,
    at: datetime,
    workload: int,
    hard: str = "",
    boundary_question: str = "",
    asked_non_peer_work: bool = False,
    wants_support: bool = False,
) -> CheckIn:
    """Answer once; a wish for support or a boundary question reaches the supervisor at once."""
    check_in = _locked(check_in)
    _allowed(can_answer_check_in(by, check_in))
    if check_in.answered_at is not None:
        raise Refused("You have answered this check-in already. Thank you.", code="answered")
    check_in.answered_at = at
    check_in.workload = workload
    check_in.hard = hard.strip()
    check_in.boundary_question = boundary_question.strip()
    check_in.asked_non_peer_work = asked_non_peer_work
    check_in.wants_support = wants_support
    check_in.save()
    _note("answered", check_in, by, at)
    delivery.cancel(subject_id=check_in.pk, why="answered")
    if wants_support or check_in.boundary_question:
        _tell(SUPPORT, check_in, _who_supports(check_in, at), at)
    return check_in


def _who_supports(check_in: CheckIn, at: datetime) -> list[User]:
    """The supervisor; where there is none at work, the program leads."""
    facilitator = check_in.facilitator
    today = clock.local_date(at, facilitator.program.zone)
    if facilitator.supervisor_id:
        working = staff_holding(facilitator.program, today, *REVIEWING)
        found = list(working.filter(pk=facilitator.supervisor_id))
        if found:
            return found
    leads = staff_holding(facilitator.program, today, Role.PROGRAM_LEAD)
    return list(leads.exclude(pk=facilitator.user_id))


@transaction.atomic
def mark_support_seen(*, check_in: CheckIn, by: User, at: datetime) -> CheckIn:
    """Somebody has talked with the person; a second click changes nothing."""
    check_in = _locked(check_in)
    _allowed(can_see_to_support(by, check_in))
    if check_in.answered_at is None:
        raise Refused("This check-in has not been answered yet.")
    if check_in.support_seen_at is None:
        check_in.support_seen_at = at
        check_in.save(update_fields=["support_seen_at"])
        _note("support-seen", check_in, by, at)
    return check_in


def _locked(check_in: CheckIn) -> CheckIn:
    return (
        CheckIn.objects.select_for_update(of=("self",))
        .select_related("facilitator__program__site", "facilitator__user")
        .get(pk=check_in.pk)
    )


def _allowed(refusal: str | None) -> None:
    if refusal:
        raise Refused(refusal, code="not_yours")


def _note(what: str, check_in: CheckIn, by: User, at: datetime, **detail: Any) -> None:
    record(
        f"check-in.{what}",
        by=by,
        at=at,
        obj=check_in,
        program_id=check_in.facilitator.program_id,
        **detail,
    )
