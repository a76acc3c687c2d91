"""The words of the messages about cover and about answers to assignments.

Neutral by rule: that something in the schedule asks for an answer, and the address of the front
page. Never the group, the room, the time, a role or another person. Whether a message may still
go is asked when it is sent.
"""

from datetime import datetime
from typing import Final

from django.conf import settings
from django.template.loader import render_to_string

from phpsupport.lib import clock
from phpsupport.outbox.kinds import Letter, Postpone, Withhold, kind
from phpsupport.outbox.models import OutboxMessage
from phpsupport.programs.models import Program, policy_in_force
from phpsupport.users.models import User
from sessions.actions.answers import ANSWERED, SETTLED
from sessions.actions.cover import ASKED, ESCALATED, NEEDED
from sessions.messages import instant_of, quiet_until
from sessions.models import (
    Answer,
    CoverRequest,
    CoverState,
    Proposal,
    SessionFacilitator,
    SessionState,
)
from sessions.queries.answers import open_matters, open_wishes, waiting_series, waiting_sessions
from sessions.queries.consequence import ASSIGNMENT_ASKS, ASSIGNMENT_CHANGED

ASKS: Final = "Something in the schedule asks for your answer"
CHANGED: Final = "Something in the schedule has changed for you"
AWAITS: Final = "Something in the schedule awaits you"


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


def _person(message: OutboxMessage) -> User:
    person = User.objects.filter(pk=message.recipient_id, is_active=True).first()
    if person is None:
        raise Withhold("no-account")
    return person


def _program(message: OutboxMessage) -> Program:
    if message.program_id is None:
        raise Withhold("gone")
    return Program.objects.select_related("site").get(pk=message.program_id)


def _not_at_night(
    person: User, program: Program, at: datetime, *, unless_before: datetime | None = None
) -> None:
    """In the recipient's quiet hours it waits, unless the session would begin before they end."""
    rules = policy_in_force(program.pk, clock.local_date(at, program.zone))
    until = quiet_until(at, person.time_zone or program.zone, rules)
    if until and (unless_before is None or until < unless_before):
        raise Postpone(until)


def _first(message: OutboxMessage, at: datetime) -> datetime | None:
    """When the first session begins that it is about, where that is said and still to come."""
    starts_at = instant_of(message, "starts_at")
    return starts_at if starts_at and starts_at > at else None


def _requests(message: OutboxMessage) -> list[CoverRequest]:
    keys = message.facts.get("requests", [])
    return list(CoverRequest.objects.filter(pk__in=keys).select_related("session"))


def _still_open(message: OutboxMessage, at: datetime) -> datetime:
    """When the first session begins for which cover is still looked for."""
    starts = [
        r.session.starts_at
        for r in _requests(message)
        if r.state == CoverState.OPEN
        and r.session.state == SessionState.SCHEDULED
        and r.session.starts_at > at
    ]
    if not starts:
        raise Withhold("settled")
    return min(starts)


# --- cover ----------------------------------------------------------------------------------------
@kind(ASKED)
def cover_asked(message: OutboxMessage, at: datetime) -> Letter:
    """To somebody who could cover, as long as their answer is missing."""
    person, program = _person(message), _program(message)
    waiting = open_wishes(person, program, at).filter(
        request__in=[r.pk for r in _requests(message)]
    )
    starts = list(waiting.values_list("request__starts_at", flat=True))
    if not starts:
        raise Withhold("settled")
    _not_at_night(person, program, at, unless_before=min(starts))
    return _letter(person, ASKS)


@kind(NEEDED)
def cover_needed(message: OutboxMessage, at: datetime) -> Letter:
    """To those who plan: somebody needs cover."""
    person, program = _person(message), _program(message)
    _not_at_night(person, program, at, unless_before=_still_open(message, at))
    return _letter(person, AWAITS)


@kind(ESCALATED)
def cover_escalated(message: OutboxMessage, at: datetime) -> Letter:
    """To those who plan: nobody has accepted in time."""
    person, program = _person(message), _program(message)
    _not_at_night(person, program, at, unless_before=_still_open(message, at))
    return _letter(person, f"{AWAITS} and cannot wait")


# --- answers --------------------------------------------------------------------------------------
@kind(ASSIGNMENT_ASKS)
def assignment_asks(message: OutboxMessage, at: datetime) -> Letter:
    """To a facilitator, as long as an answer of theirs is missing."""
    person, program = _person(message), _program(message)
    today = clock.local_date(at, program.zone)
    waits = (
        waiting_sessions(person, program, at).filter(answer=Answer.NONE).exists()
        or waiting_series(person, program, today).filter(answer=Answer.NONE).exists()
    )
    if not waits:
        raise Withhold("answered")
    _not_at_night(person, program, at, unless_before=_first(message, at))
    return _letter(person, ASKS)


@kind(ASSIGNMENT_CHANGED)
def assignment_changed(message: OutboxMessage, at: datetime) -> Letter:
    """To who goes off sessions or has another part in them; not to who is back on all of them."""
    person, program = _person(message), _program(message)
    off = message.facts.get("off", [])
    if off:
        there = SessionFacilitator.objects.filter(session__in=off, person=person, active=True)
        if there.count() == len(off):
            raise Withhold("settled")
    _not_at_night(person, program, at, unless_before=_first(message, at))
    return _letter(person, CHANGED)


@kind(ANSWERED)
def assignment_answered(message: OutboxMessage, at: datetime) -> Letter:
    """To those who plan: somebody declined, or proposes another time."""
    person, program = _person(message), _program(message)
    if all(matter.what == "cover" for matter in open_matters(program, at=at)):
        raise Withhold("settled")
    _not_at_night(person, program, at)
    return _letter(person, AWAITS)


@kind(SETTLED)
def proposal_settled(message: OutboxMessage, at: datetime) -> Letter:
    """To who proposed a time: it was taken."""
    person, program = _person(message), _program(message)
    subject = message.subject_id
    if subject is None or not Proposal.objects.filter(pk=subject, taken=True).exists():
        raise Withhold("gone")
    _not_at_night(person, program, at)
    return _letter(person, CHANGED)
