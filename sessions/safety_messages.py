"""The words of the messages about safety concerns.

Neutral by rule: that something urgent awaits somebody, and the address of the front page. Never a
name, the group, the program or what it is about. They go at once, at night too: quiet hours are for
what can wait, and these go to staff whom the program's rule names. Whether one may still go is
asked when it is sent.
"""

from datetime import datetime
from typing import Final

from django.conf import settings
from django.template.loader import render_to_string

from phpsupport.outbox.kinds import Letter, Withhold, kind, subject_of
from phpsupport.outbox.models import OutboxMessage, State
from phpsupport.users.models import User
from sessions.actions.safety import AWAITS, PASSED_ON, SETTLED, STILL
from sessions.models import ClosedAs, SafetyConcern

URGENT: Final = "Something urgent awaits you"


def _letter(person: User, sentence: str) -> Letter:
    words = {
        "sentence": f"{sentence}. Sign in to see it.",
        "address": settings.BASE_URL.rstrip("/") + "/",
    }
    return Letter(
        to=person.email,
        subject=sentence,
        text=render_to_string("email/sessions/letter.txt", words),
        html=render_to_string("email/sessions/letter.html", words),
    )


def _told(message: OutboxMessage) -> tuple[User, SafetyConcern]:
    """Who is told and the concern, as long as they may see it."""
    person = User.objects.filter(pk=message.recipient_id, is_active=True).first()
    if person is None:
        raise Withhold("no-account")
    concern = SafetyConcern.objects.visible_to(person).filter(pk=subject_of(message)).first()
    if concern is None:
        raise Withhold("not-theirs")
    return person, concern


def _unanswered(message: OutboxMessage) -> User:
    """The person, as long as it is open and they have not said that they know."""
    person, concern = _told(message)
    if concern.closed_at is not None:
        raise Withhold("closed")
    if concern.alerts.filter(person=person, acknowledged_at__isnull=False).exists():
        raise Withhold("acknowledged")
    return person


@kind(AWAITS)
def safety_awaits(message: OutboxMessage, at: datetime) -> Letter:
    """To who must be told."""
    return _letter(_unanswered(message), URGENT)


@kind(PASSED_ON)
def safety_passed_on(message: OutboxMessage, at: datetime) -> Letter:
    """To who was told before: it went on to somebody else."""
    return _letter(_unanswered(message), "Something urgent was passed on")


@kind(STILL)
def safety_still_awaits(message: OutboxMessage, at: datetime) -> Letter:
    """To everybody who was told, when nobody is left, hour by hour: as long as nobody at all has
    answered."""
    person, concern = _told(message)
    if concern.closed_at is not None or concern.acknowledged_at is not None:
        raise Withhold("acknowledged")
    return _letter(person, "Something urgent still awaits you")


@kind(SETTLED)
def safety_settled(message: OutboxMessage, at: datetime) -> Letter:
    """To who had a message already: it was a mistake, nothing is needed of them."""
    person, concern = _told(message)
    if concern.closed_as != ClosedAs.MISTAKE:
        raise Withhold("open")
    had = OutboxMessage.objects.filter(
        kind=AWAITS, subject_id=concern.pk, recipient_id=person.pk, state=State.SENT
    )
    if not had.exists():
        raise Withhold("not-told")
    return _letter(person, "Something urgent is settled")
