"""Peer supervision: planned, held and written down, signed by both."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from facilitators.models import Facilitator, Mode, Stage, Supervision
from facilitators.policies import (
    can_cancel_supervision,
    can_sign_supervision,
    can_write_supervision,
)
from facilitators.queries.concerns import REVIEWING, staff_holding
from facilitators.taxonomy import COMPETENCIES
from phpsupport.audit.trail import record
from phpsupport.lib import clock
from phpsupport.lib.errors import Refused
from phpsupport.outbox import delivery
from phpsupport.outbox.delivery import Planned, enqueue
from phpsupport.users.models import User

PLANNED = "supervision.planned"
CANCELLED = "supervision.cancelled"
TO_SIGN = "supervision.to-sign"
TEXTS = ("discussed", "strengths", "boundary_review", "workload", "wellness", "agreed")


@transaction.atomic
def plan_supervision(
    *,
    facilitator: Facilitator,
    supervisor: User,
    starts_at: datetime,
    by: User,
    at: datetime,
    minutes: int = 30,
    mode: str = Mode.INDIVIDUAL,
) -> Supervision:
    """Plan a supervision, or note one that took place; planning the same twice makes one."""
    facilitator = (
        Facilitator.objects.select_for_update(of=("self",))
        .select_related("program__site", "user")
        .get(pk=facilitator.pk)
    )
    program = facilitator.program
    today = clock.local_date(at, program.zone)
    if facilitator.stage == Stage.ENDED:
        raise Refused(f"{facilitator.user.name} no longer works with the program.", "facilitator")
    if supervisor.pk == facilitator.user_id:
        raise Refused("Choose somebody else: nobody supervises themselves.", "facilitator")
    if not staff_holding(program, today, *REVIEWING).filter(pk=supervisor.pk).exists():
        raise Refused("Supervision is given by a supervisor or the program lead.", "supervisor")
    standing = Supervision.objects.filter(facilitator=facilitator, cancelled_at=None)
    same = standing.filter(supervisor=supervisor, starts_at=starts_at).first()
    if same:
        return same
    ends_at = starts_at + timedelta(minutes=minutes)
    for other in standing.filter(
        held=False, starts_at__lt=ends_at, starts_at__gt=starts_at - timedelta(hours=8)
    ):
        if other.starts_at + timedelta(minutes=other.minutes) > starts_at:
            raise Refused(
                f"{facilitator.user.name} has a supervision at that time already. "
                "Choose another time, or cancel that one first.",
                "starts_at",
            )
    supervision = Supervision.objects.create(
        facilitator=facilitator,
        supervisor=supervisor,
        starts_at=starts_at,
        minutes=minutes,
        mode=mode,
    )
    _note("planned", supervision, by, at)
    if starts_at > at:
        _tell(PLANNED, supervision, facilitator.user, at, expires_at=starts_at)
    return supervision


@transaction.atomic
def write_supervision(
    *,
    supervision: Supervision,
    by: User,
    at: datetime,
    minutes: int,
    mode: str,
    competencies: Collection[str] = (),
    discussed: str = "",
    strengths: str = "",
    boundary_review: str = "",
    workload: str = "",
    wellness: str = "",
    agreed: str = "",
    next_at: datetime | None = None,
) -> Supervision:
    """Write down a supervision that took place, and plan the next one.

    Writing again after the supervisor signed takes that signature back; after both signed nothing
    changes any more.
    """
    supervision = _locked(supervision)
    _allowed(can_write_supervision(by, supervision))
    _standing(supervision)
    zone = supervision.facilitator.program.zone
    if clock.local_date(supervision.starts_at, zone) > clock.local_date(at, zone):
        raise Refused("This supervision lies ahead. Write it down when it has taken place.")
    unknown = set(competencies) - {key for key, _ in COMPETENCIES}
    if unknown:
        raise Refused("Choose competencies from the list.", "competencies")
    if not discussed.strip():
        raise Refused("Write what you talked about, in a few sentences.", "discussed")
    texts = {
        "discussed": discussed,
        "strengths": strengths,
        "boundary_review": boundary_review,
        "workload": workload,
        "wellness": wellness,
        "agreed": agreed,
    }
    for name, text in texts.items():
        setattr(supervision, name, text.strip())
    supervision.minutes, supervision.mode, supervision.held = minutes, mode, True
    supervision.competencies = [key for key, _ in COMPETENCIES if key in competencies]
    supervision.supervisor_signed_at = None
    supervision.save()
    _note("written", supervision, by, at, minutes=minutes, mode=str(mode))
    if next_at is not None:
        if next_at <= at:
            raise Refused("The next supervision must lie ahead.", "next_at")
        plan_supervision(
            facilitator=supervision.facilitator,
            supervisor=supervision.supervisor,
            starts_at=next_at,
            by=by,
            at=at,
        )
    return supervision


@transaction.atomic
def sign_supervision(
    *, supervision: Supervision, by: User, at: datetime, seen: datetime | None = None
) -> Supervision:
    """Sign: the supervisor first, then the facilitator, who signs what they saw.

    `seen` is the supervisor's signature on the text that the facilitator had before them.
    """
    supervision = _locked(supervision)
    _allowed(can_sign_supervision(by, supervision))
    _standing(supervision)
    if by.pk == supervision.supervisor_id:
        if supervision.supervisor_signed_at is not None:
            raise Refused("You have signed this already. It waits for the facilitator.")
        if not supervision.held:
            raise Refused("Write this supervision down first, then sign it.")
        supervision.supervisor_signed_at = at
        supervision.save(update_fields=["supervisor_signed_at"])
        _note("signed", supervision, by, at, part="supervisor")
        _tell(TO_SIGN, supervision, supervision.facilitator.user, at)
        return supervision
    if supervision.supervisor_signed_at is None:
        raise Refused("Your supervisor signs first. You will be told when it is your turn.")
    if seen is not None and seen != supervision.supervisor_signed_at:
        raise Refused("The record was changed while you read it. Read it again, then sign.")
    supervision.facilitator_signed_at = at
    supervision.save(update_fields=["facilitator_signed_at"])
    _note("signed", supervision, by, at, part="facilitator")
    return supervision


@transaction.atomic
def cancel_supervision(*, supervision: Supervision, by: User, at: datetime) -> Supervision:
    """Cancel what did not take place; a second time changes nothing."""
    supervision = _locked(supervision)
    _allowed(can_cancel_supervision(by, supervision))
    if supervision.cancelled_at is not None:
        return supervision
    if supervision.held:
        raise Refused("This supervision took place and is on record. It cannot be cancelled.")
    supervision.cancelled_at = at
    supervision.save(update_fields=["cancelled_at"])
    _note("cancelled", supervision, by, at)
    delivery.cancel(subject_id=supervision.pk, why="cancelled")
    if supervision.starts_at > at:
        _tell(
            CANCELLED,
            supervision,
            supervision.facilitator.user,
            at,
            expires_at=supervision.starts_at,
        )
    return supervision


def _locked(supervision: Supervision) -> Supervision:
    return (
        Supervision.objects.select_for_update(of=("self",))
        .select_related("facilitator__program__site", "facilitator__user", "supervisor")
        .get(pk=supervision.pk)
    )


def _allowed(refusal: str | None) -> None:
    if refusal:
        raise Refused(refusal, code="not_yours")


def _standing(supervision: Supervision) -> None:
    if supervision.cancelled_at is not None:
        raise Refused("This supervision was cancelled. Plan a new one.")
    if supervision.facilitator_signed_at is not None:
        raise Refused("Both have signed. This record stays as it is.", code="signed")


def _note(what: str, supervision: Supervision, by: User, at: datetime, **detail: Any) -> None:
    record(
        f"supervision.{what}",
        by=by,
        at=at,
        obj=supervision,
        program_id=supervision.facilitator.program_id,
        **detail,
    )


def _tell(
    kind: str,
    supervision: Supervision,
    to: User,
    at: datetime,
    expires_at: datetime | None = None,
) -> None:
    # A record that is changed and signed anew asks for the signature anew.
    turn = f":{at.isoformat()}" if kind == TO_SIGN else ""
    enqueue(
        [
            Planned(
                kind=kind,
                key=f"{kind}:{supervision.pk}{turn}",
                recipient_id=to.pk,
                due_at=at,
                program_id=supervision.facilitator.program_id,
                subject_id=supervision.pk,
                expires_at=expires_at,
            )
        ],
        at=at,
    )
