"""A safety concern: raised with one tap, told at once, acknowledged by a person or passed on.

The rows say who was told, when it is passed on and who acts; queue and beat only look at them.
Every act takes the concern's row, so that of an acknowledgement and a passing-on at the same
instant one comes first and the other finds it. Every step is a line of the trail that stays.
"""

import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from participants.models import Participant
from phpsupport.audit.trail import record
from phpsupport.lib import clock
from phpsupport.lib.errors import Refused
from phpsupport.outbox import delivery
from phpsupport.outbox.delivery import Planned, enqueue
from phpsupport.programs.models import policy_in_force
from phpsupport.users.models import User
from sessions import policies
from sessions.actions.attendance import OPENS_BEFORE
from sessions.models import (
    ClosedAs,
    GroupSession,
    SafetyAct,
    SafetyAlert,
    SafetyConcern,
    SafetyEntry,
    SessionState,
)
from sessions.queries.attendance import people_of
from sessions.queries.safety_people import LAST, that_day
from sessions.queries.safety_trail import also_worried

log = logging.getLogger(__name__)

# Their words, and whether they may still go, stand in sessions/safety_messages.py.
AWAITS: Final = "safety_awaits"
PASSED_ON: Final = "safety_passed_on"
STILL: Final = "safety_still_awaits"
SETTLED: Final = "safety_settled"
# Two taps within this time are one concern: the same hand once more, or two who lead together.
SAME: Final = timedelta(minutes=10)
TWICE: Final = timedelta(minutes=2)
# Once everybody was told, they hear of it no more often than this.
AGAIN: Final = timedelta(hours=1)
WHOLE = SafetyConcern.objects.select_related(
    "program__site", "session__series__group", "participant", "raised_by"
)


# --- raised ---------------------------------------------------------------------------------------
@transaction.atomic
def raise_concern(
    *, session: GroupSession, participant: Participant | None, by: User, at: datetime
) -> SafetyConcern:
    """Somebody worries about a person, or about the group (`participant` is None).

    Nothing is to be filled in. Whom the program's rule names is told in this transaction. A second
    tap within minutes gives back the same concern. It can be raised after the session as well.
    """
    _allowed(policies.can_raise_concern(by, session))
    session = (
        GroupSession.objects.select_for_update(of=("self",), no_key=True)
        .select_related("program__site", "series__group")
        .get(pk=session.pk)
    )
    _can_be_raised(session, participant, at)
    # Held, so that whoever raised it first does not take it back in the same instant.
    same = (
        SafetyConcern.objects.select_for_update(of=("self",))
        .filter(session=session, participant=participant, closed_at=None, raised_at__gt=at - SAME)
        .order_by("-raised_at")
        .first()
    )
    if same is not None:
        raised = SafetyEntry.objects.filter(concern=same, act=SafetyAct.RAISED)
        if not raised.filter(by=by).exists():
            _entry(same, SafetyAct.RAISED, by=by, at=at)
            record("safety.raised", by=by, at=at, obj=same)
        return same
    concern = SafetyConcern.objects.create(
        program=session.program, session=session, participant=participant, raised_by=by,
        raised_at=at, escalates_at=at,
    )  # fmt: skip
    _entry(concern, SafetyAct.RAISED, by=by, at=at)
    record("safety.raised", by=by, at=at, obj=concern)
    _tell_next(concern, before=[], at=at)
    return concern


def _can_be_raised(session: GroupSession, participant: Participant | None, at: datetime) -> None:
    phone = session.program.site.phone
    call = f"call {phone}" if phone else "call the site"
    if session.state == SessionState.CANCELLED:
        raise Refused(
            f"This session was cancelled. If you worry about somebody, {call} now.",
            code="cancelled",
        )
    if at < session.starts_at - OPENS_BEFORE:
        raise Refused(
            f"This session has not begun yet. If you worry about somebody, {call} now.",
            code="too-early",
        )
    if participant is not None and not people_of(session).filter(pk=participant.pk).exists():
        raise Refused(
            "That person is not on the roster of this session. Raise it for the group, and add"
            " whom you mean.",
            code="not-on-roster",
        )


@transaction.atomic
def take_back(*, concern: SafetyConcern, by: User, at: datetime) -> SafetyConcern:
    """It was a mistake: who raised it closes it, as long as nobody acts on it and nobody else
    raised it as well or added to it. The trail stays."""
    concern = _locked(concern, by)
    if concern.closed_as == ClosedAs.MISTAKE:
        return concern
    if concern.raised_by_id != by.pk:
        raise Refused("Only who raised it can say that it was a mistake.", code="not-yours")
    _refuse_closed(concern)
    if concern.acknowledged_at is not None:
        raise Refused(
            f"{_who_acts(concern)} is acting on it already. Tell them that it was a mistake; they"
            " close it.",
            code="acknowledged",
        )
    other = also_worried(concern.entries.select_related("by"), by)
    if other is not None and other.by is not None:
        raise Refused(
            f"{other.by.name} raised it as well, or added to it, so it stays open until somebody"
            " acts on it. You can add that your own tap was a mistake.",
            code="shared",
        )
    concern.closed_at, concern.closed_as, concern.escalates_at = at, ClosedAs.MISTAKE, None
    concern.save(update_fields=["closed_at", "closed_as", "escalates_at"])
    _entry(concern, SafetyAct.CLOSED, by=by, at=at)
    record("safety.mistake", by=by, at=at, obj=concern)
    delivery.cancel(subject_id=concern.pk, why="mistake")
    _send(SETTLED, concern, _told(concern), at=at)
    return concern


# --- answered -------------------------------------------------------------------------------------
@transaction.atomic
def acknowledge(*, concern: SafetyConcern, by: User, at: datetime) -> SafetyConcern:
    """“I know and I am acting.” The first one ends the passing-on; later ones count as well."""
    concern = _locked(concern, by)
    _allowed(policies.can_acknowledge(by, concern))
    if SafetyAlert.objects.filter(
        concern=concern, person=by, acknowledged_at__isnull=False
    ).exists():
        return concern
    _refuse_closed(concern)
    _acknowledged(concern, by=by, at=at)
    return concern


def _acknowledged(concern: SafetyConcern, *, by: User, at: datetime) -> None:
    SafetyAlert.objects.update_or_create(
        concern=concern,
        person=by,
        defaults={"acknowledged_at": at},
        create_defaults={"acknowledged_at": at, "told_at": at, "level": concern.level},
    )
    if concern.acknowledged_at is None:
        concern.acknowledged_at, concern.escalates_at = at, None
        concern.save(update_fields=["acknowledged_at", "escalates_at"])
    _entry(concern, SafetyAct.ACKNOWLEDGED, by=by, at=at)
    record("safety.acknowledged", by=by, at=at, obj=concern)


@transaction.atomic
def add_words(*, concern: SafetyConcern, words: str, by: User, at: datetime) -> SafetyConcern:
    """What somebody saw or did, at any time, by whoever may see the concern."""
    concern = _locked(concern, by)
    words = words.strip()
    if not words:
        raise Refused("Write in a few words what you saw or did.", field="words", code="required")
    before = SafetyEntry.objects.filter(
        concern=concern, by=by, act=SafetyAct.ADDED, at__gt=at - TWICE
    )
    if any(entry.words == words for entry in before):  # the same press of the button
        return concern
    _entry(concern, SafetyAct.ADDED, by=by, at=at, words=words)
    record("safety.added", by=by, at=at, obj=concern)
    return concern


@transaction.atomic
def close_concern(*, concern: SafetyConcern, words: str, by: User, at: datetime) -> SafetyConcern:
    """Close it with what was done. Who closes it without a word before has acknowledged it."""
    concern = _locked(concern, by)
    _allowed(policies.can_close_concern(by, concern))
    if concern.closed_at is not None:
        if concern.entries.filter(act=SafetyAct.CLOSED, by=by).exists():
            return concern
        _refuse_closed(concern)
    if not words.strip():
        raise Refused("Write in a sentence what was done.", field="words", code="required")
    if concern.acknowledged_at is None:
        _allowed(policies.can_acknowledge(by, concern))
        _acknowledged(concern, by=by, at=at)
    concern.closed_at, concern.closed_as = at, ClosedAs.DONE
    concern.save(update_fields=["closed_at", "closed_as"])
    _entry(concern, SafetyAct.CLOSED, by=by, at=at, words=words.strip())
    record("safety.closed", by=by, at=at, obj=concern)
    delivery.cancel(subject_id=concern.pk, why="closed")
    return concern


# --- passed on ------------------------------------------------------------------------------------
def tend_safety(*, at: datetime) -> int:
    """Pass on what nobody acknowledged in time; how many. Run it as often as you like, also twice
    at one time. One that cannot be passed on does not hold up the others."""
    due = (
        SafetyConcern.objects.filter(acknowledged_at=None, closed_at=None, escalates_at__lte=at)
        # Nobody may see what was raised about a chart that is sealed.
        .exclude(participant__sealed_at__isnull=False)
        .order_by("escalates_at", "pk")
    )
    passed = 0
    for pk in list(due.values_list("pk", flat=True)):
        try:
            passed += pass_on(pk=pk, at=at)
        except Exception as fault:
            log.error("safety concern %s was not passed on: %s", pk, type(fault).__name__)
    return passed


@transaction.atomic
def pass_on(*, pk: UUID, at: datetime) -> bool:
    """Tell the next people, and those before them that it was passed on, or remind them where nobody
    is left; False when it was answered or passed on in the meantime."""
    concern = (
        WHOLE.select_for_update(of=("self",), skip_locked=True)
        .filter(pk=pk, acknowledged_at=None, closed_at=None, escalates_at__lte=at)
        .first()
    )
    if concern is None:
        return False
    _tell_next(concern, before=_told(concern), at=at)
    return True


def _tell_next(concern: SafetyConcern, *, before: list[UUID], at: datetime) -> None:
    """Tell whoever comes next, and those `before` that it was passed on; where nobody is left, tell
    those before once more. Either way it comes up again until somebody answers.

    Who is there is asked each time, at last also for those whom it is told first: somebody may have
    come back from leave, or joined the care team.
    """
    rules, there = _rules(concern, at), that_day(concern, at=at)
    first, then = rules["safety_tell"], rules["safety_then"]
    order = (then, LAST, first) if before else (first, then, LAST)
    people = there.first_of(*order, but=before)
    wait = timedelta(minutes=rules["safety_minutes"])
    if before and not people:
        wait = max(wait, AGAIN)
    concern.level += bool(before and people)
    # Elapsed minutes, whatever the clocks on the wall do.
    concern.escalates_at = at.astimezone(UTC) + wait
    concern.save(update_fields=["escalates_at", "level"])
    if not people:
        _nobody_left(concern, before, at=at)
        return
    if before:
        _entry(concern, SafetyAct.ESCALATED, by=None, at=at)
        record("safety.escalated", by=None, at=at, obj=concern, level=concern.level)
        _send(PASSED_ON, concern, before, at=at)
    _tell(concern, people, at=at)


def _tell(concern: SafetyConcern, people: list[UUID], *, at: datetime) -> None:
    SafetyAlert.objects.bulk_create(
        SafetyAlert(concern=concern, person_id=pk, level=concern.level, told_at=at) for pk in people
    )
    SafetyEntry.objects.bulk_create(
        SafetyEntry(concern=concern, at=at, act=SafetyAct.TOLD, to_id=pk) for pk in people
    )
    record("safety.told", by=None, at=at, obj=concern, to=[str(pk) for pk in people])
    _send(AWAITS, concern, people, at=at)


def _nobody_left(concern: SafetyConcern, before: list[UUID], *, at: datetime) -> None:
    """Nobody is left to tell: everybody who was told is told once more, and that is a line of the
    trail. Where there never was anybody, one line says so, however often it is tried."""
    if not before and concern.entries.filter(act=SafetyAct.NOBODY_LEFT).exists():
        return
    _entry(concern, SafetyAct.NOBODY_LEFT, by=None, at=at)
    record("safety.nobody_left", by=None, at=at, obj=concern)
    hours = (at.astimezone(UTC) - concern.raised_at.astimezone(UTC)) // AGAIN
    # One that could not be sent before the next is due need not come as well.
    _send(STILL, concern, before, turn=f"hour-{hours}", until=concern.escalates_at, at=at)


# --- parts ----------------------------------------------------------------------------------------
def _rules(concern: SafetyConcern, at: datetime) -> dict[str, Any]:
    program = concern.program
    return policy_in_force(program.pk, clock.local_date(at, program.zone))


def _told(concern: SafetyConcern) -> list[UUID]:
    return list(concern.alerts.order_by("person_id").values_list("person_id", flat=True))


def _send(
    kind: str,
    concern: SafetyConcern,
    people: Iterable[UUID],
    *,
    at: datetime,
    turn: str = "",
    until: datetime | None = None,
) -> None:
    """One neutral message for each, due at once: quiet hours are for what can wait. One in each
    `turn`, by default each time that it was passed on."""
    enqueue(
        [
            Planned(
                kind,
                key=f"{kind}:{concern.pk}:{person}:{turn or concern.level}",
                recipient_id=person,
                due_at=at,
                expires_at=until,
                program_id=concern.program_id,
                subject_id=concern.pk,
            )
            for person in people
        ],
        at=at,
    )


def _locked(concern: SafetyConcern, by: User) -> SafetyConcern:
    """The concern as it is now, held until the end, if `by` may see it at all."""
    if not SafetyConcern.objects.visible_to(by).filter(pk=concern.pk).exists():
        raise Refused("This safety concern is not yours to act on.", code="not-yours")
    return WHOLE.select_for_update(of=("self",)).get(pk=concern.pk)


def _refuse_closed(concern: SafetyConcern) -> None:
    if concern.closed_at is not None:
        raise Refused(
            "This safety concern is closed. You can still add what you saw or did; raise a new one"
            " if you worry again.",
            code="closed",
        )


def _who_acts(concern: SafetyConcern) -> str:
    first = (
        concern.alerts.filter(acknowledged_at__isnull=False)
        .select_related("person")
        .order_by("acknowledged_at", "pk")
        .first()
    )
    return first.person.name if first else "Somebody"


def _entry(
    concern: SafetyConcern, act: SafetyAct, *, by: User | None, at: datetime, words: str = ""
) -> None:
    SafetyEntry.objects.create(concern=concern, act=act, by=by, at=at, words=words)


def _allowed(refusal: str | None) -> None:
    if refusal:
        raise Refused(refusal, code="not-yours")
