"""The words of the messages to facilitators and their supervisors.

Neutral by rule: what reaches a mailbox tells nobody that somebody works in a program, that there
was a concern, or who it is about. Whether a message may still go is asked when it is sent.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template.loader import render_to_string

from facilitators.actions.check_ins import ASKED, ESCALATED, REMINDER, SUPPORT, at_work
from facilitators.actions.concerns import ANSWERED, AWAITS
from facilitators.actions.supervision import CANCELLED, PLANNED, TO_SIGN
from facilitators.models import BoundaryConcern, CheckIn, ConcernState, Supervision
from phpsupport.lib import clock, wording
from phpsupport.outbox.kinds import Letter, Withhold, kind, subject_of
from phpsupport.outbox.models import OutboxMessage
from phpsupport.users.models import User


def _person(message: OutboxMessage) -> User:
    person = User.objects.filter(pk=message.recipient_id, is_active=True).first()
    if person is None:
        raise Withhold("no-account")
    return person


def _letter(person: User, subject: str, *sentences: str, link: bool = True) -> Letter:
    """Text and simple HTML of the same sentences, with the address of the front page only."""
    words = {
        "name": person.preferred_name or person.first_name,
        "sentences": sentences,
        "address": settings.BASE_URL.rstrip("/") + "/" if link else "",
    }
    return Letter(
        to=person.email,
        subject=subject,
        text=render_to_string("email/facilitators/letter.txt", words),
        html=render_to_string("email/facilitators/letter.html", words),
    )


def _awaits(person: User) -> Letter:
    return _letter(person, "Something awaits you", "Something awaits you. Sign in to see it.")


# --- check-ins ------------------------------------------------------------------------------------
def _open_check_in(message: OutboxMessage, at: datetime) -> CheckIn:
    check_in = (
        CheckIn.objects.select_related("facilitator__program__site")
        .filter(pk=subject_of(message))
        .first()
    )
    if check_in is None:
        raise Withhold("gone")
    if check_in.answered_at is not None:
        raise Withhold("answered")
    facilitator = check_in.facilitator
    today = clock.local_date(at, facilitator.program.zone)
    if not at_work(facilitator.program, today).filter(pk=facilitator.pk).exists():
        raise Withhold("ended-or-away")
    return check_in


@kind(ASKED)
def check_in_asked(message: OutboxMessage, at: datetime) -> Letter:
    _open_check_in(message, at)
    return _letter(
        _person(message),
        "You have a short form to fill in",
        "You have a short form to fill in. It takes two minutes.",
    )


@kind(REMINDER)
def check_in_reminder(message: OutboxMessage, at: datetime) -> Letter:
    _open_check_in(message, at)
    return _letter(
        _person(message),
        "A short form is still open",
        "A short form is still open for you. It takes two minutes.",
    )


@kind(ESCALATED)
def check_in_escalated(message: OutboxMessage, at: datetime) -> Letter:
    person = _person(message)
    check_in = _open_check_in(message, at)
    if not CheckIn.objects.visible_to(person).filter(pk=check_in.pk).exists():
        raise Withhold("not-theirs")
    return _awaits(person)


@kind(SUPPORT)
def check_in_support(message: OutboxMessage, at: datetime) -> Letter:
    person = _person(message)
    waiting = CheckIn.objects.filter(pk=subject_of(message), support_seen_at=None)
    if not waiting.exists():
        raise Withhold("seen")
    return _awaits(person)


# --- boundary concerns ----------------------------------------------------------------------------
@kind(AWAITS)
def concern_awaits(message: OutboxMessage, at: datetime) -> Letter:
    person = _person(message)
    concern = BoundaryConcern.objects.visible_to(person).filter(pk=subject_of(message)).first()
    if concern is None:
        raise Withhold("not-theirs")
    if concern.state == ConcernState.CLOSED:
        raise Withhold("closed")
    if message.facts.get("about") == "triage" and concern.state != ConcernState.REPORTED:
        raise Withhold("looked-at")
    return _awaits(person)


@kind(ANSWERED)
def concern_answered(message: OutboxMessage, at: datetime) -> Letter:
    person = _person(message)
    if not BoundaryConcern.objects.visible_to(person).filter(pk=subject_of(message)).exists():
        raise Withhold("not-theirs")
    return _awaits(person)


# --- supervision ----------------------------------------------------------------------------------
def _supervision(message: OutboxMessage) -> Supervision:
    supervision = (
        Supervision.objects.select_related("facilitator__program__site")
        .filter(pk=subject_of(message))
        .first()
    )
    if supervision is None:
        raise Withhold("gone")
    return supervision


def _when(supervision: Supervision) -> str:
    local = supervision.starts_at.astimezone(ZoneInfo(supervision.facilitator.program.zone))
    hour = f"{(local.hour - 1) % 12 + 1}:{local.minute:02d} {'AM' if local.hour < 12 else 'PM'}"
    return f"{wording.day(local)} at {hour}"


@kind(PLANNED)
def supervision_planned(message: OutboxMessage, at: datetime) -> Letter:
    supervision = _supervision(message)
    if supervision.cancelled_at is not None or supervision.held:
        raise Withhold("cancelled")
    return _letter(
        _person(message),
        "You have an appointment",
        f"You have an appointment on {_when(supervision)}.",
    )


@kind(CANCELLED)
def supervision_cancelled(message: OutboxMessage, at: datetime) -> Letter:
    return _letter(
        _person(message),
        "An appointment was cancelled",
        f"Your appointment on {_when(_supervision(message))} was cancelled.",
    )


@kind(TO_SIGN)
def supervision_to_sign(message: OutboxMessage, at: datetime) -> Letter:
    supervision = _supervision(message)
    if supervision.facilitator_signed_at is not None:
        raise Withhold("signed")
    if supervision.supervisor_signed_at is None:
        raise Withhold("being-changed")
    return _awaits(_person(message))
