"""The words of the messages about sessions and their notes.

Neutral by rule: an appointment and its time, never the group, the room, the program, a role or
another person. Whether a message may still go is asked when it is sent: the session, the place on
the roster, the consent, the address and the quiet hours may all have changed since it was planned.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.template.loader import render_to_string

from facilitators.models import ConflictOfInterest, Facilitator, Leave
from participants.models import ChannelConsent, ContactPoint, Participant
from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.lib import clock
from phpsupport.outbox.delivery import Planned
from phpsupport.outbox.kinds import Letter, Postpone, Withhold, kind, subject_of
from phpsupport.outbox.models import OutboxMessage, State
from phpsupport.programs.models import Program, policy_in_force
from phpsupport.users.models import User
from sessions.actions.asking import PLAN_AWAITS
from sessions.models import (
    Enrollment,
    GroupNote,
    GroupSession,
    ProgressNote,
    SessionFacilitator,
    SessionState,
    WaitlistEntry,
    WaitOutcome,
)
from sessions.queries.apart import of_interest
from sessions.queries.attendance import enrolled_on
from sessions.queries.notes import Note, needs_an_answer, returned_notes
from sessions.queries.touched import undecided_in_leave
from sessions.recurrence import wall_clock_before

REMINDER = "session_reminder"
LEADS_REMINDER = "session_reminder_staff"
CANCELLED = "session_cancelled"
MOVED = "session_moved"
ON_AGAIN = "session_on_again"
AWAITS = "note_awaits"
RETURNED = "note_returned"
PLACE_KEPT = "place_kept"


# --- planning -----------------------------------------------------------------------------------------
def about_waiting(notes: Sequence[Note], *, at: datetime) -> list[Planned]:
    """To the author's supervisor, or the program leads where none is at work: a note awaits you."""
    note = notes[0]
    working = RoleAssignment.objects.in_force(_day_of(note, at)).filter(
        program_id=note.program_id, user__is_active=True
    )
    may_answer = working.filter(role__in=[Role.SUPERVISOR, Role.PROGRAM_LEAD])
    to = list(
        Facilitator.objects.filter(
            program_id=note.program_id,
            user_id=note.author_id,
            supervisor__in=may_answer.values("user_id"),
        ).values_list("supervisor_id", flat=True)
    ) or list(
        working.filter(role=Role.PROGRAM_LEAD)
        .exclude(user_id=note.author_id)
        .values_list("user_id", flat=True)
    )
    return [
        Planned(
            AWAITS,
            key=f"{AWAITS}:{note.session_id}:{person}:{at.isoformat()}",
            recipient_id=person,
            subject_id=note.session_id,
            program_id=note.program_id,
            due_at=at,
            facts={"author": str(note.author_id)},
        )
        for person in dict.fromkeys(to)
    ]


def _day_of(note: Note, at: datetime) -> date:
    """The day at the note's site."""
    program = Program.objects.select_related("site").get(pk=note.program_id)
    return clock.local_date(at, program.zone)


def about_returned(note: Note, *, at: datetime) -> Planned:
    """To the author: a note came back."""
    return Planned(
        RETURNED,
        key=f"{RETURNED}:{note.pk}:{at.isoformat()}",
        recipient_id=note.author_id,
        subject_id=note.session_id,
        program_id=note.program_id,
        due_at=at,
        facts={"note": str(note.pk)},
    )


# --- appointments -------------------------------------------------------------------------------------
@kind(REMINDER)
def reminder(message: OutboxMessage, at: datetime) -> Letter:
    """A reminder to a participant who is still enrolled and still wants e-mail."""
    session = _still_planned(message)
    enrolled = Enrollment.objects.filter(
        enrolled_on(session.local_date),
        series_id=session.series_id,
        participant_id=message.recipient_id,
    )
    if not enrolled.exists():
        raise Withhold("no-longer-enrolled")
    person, to = _participant(message.recipient_id)
    _still_makes_sense(message, session, at)
    _not_at_night(session, person.user.time_zone if person.user else "", at)
    return _appointment(to, session, at, "You have an appointment {when}.", "Appointment reminder")


@kind(LEADS_REMINDER)
def reminder_to_who_leads(message: OutboxMessage, at: datetime) -> Letter:
    """A reminder to who leads the session, if they want reminders."""
    session = _still_planned(message)
    person = _user(message.recipient_id)
    if not person.wants_reminders:
        raise Withhold("wants-none")
    leads = SessionFacilitator.objects.filter(session=session, person=person, active=True)
    if not leads.exists():
        raise Withhold("no-longer-leads")
    works = RoleAssignment.objects.in_force(session.local_date).filter(
        user=person, program_id=session.program_id, role=Role.FACILITATOR
    )
    if not works.exists():
        raise Withhold("no-longer-works")
    _still_makes_sense(message, session, at)
    _not_at_night(session, person.time_zone, at)
    return _appointment(
        person.email, session, at, "You have an appointment {when}.", "Appointment reminder"
    )


@kind(CANCELLED)
def cancelled(message: OutboxMessage, at: datetime) -> Letter:
    """The appointment does not take place."""
    session = _session(message)
    if session.state != SessionState.CANCELLED:
        raise Withhold("takes-place")
    to, zone = _whoever(message.recipient_id)
    starts_at = instant_of(message, "starts_at") or session.starts_at
    _not_at_night(session, zone, at, unless_before=starts_at)
    return _appointment(
        to, session, at, "Your appointment {when} is cancelled.", "About your appointment",
        starts_at=starts_at,
    )  # fmt: skip


@kind(MOVED)
def moved(message: OutboxMessage, at: datetime) -> Letter:
    """The appointment has another time."""
    session = _session(message)
    if session.state != SessionState.SCHEDULED:
        raise Withhold("no-longer-planned")
    if instant_of(message, "starts_at") != session.starts_at:
        raise Withhold("moved-again")
    to, zone = _whoever(message.recipient_id)
    before = instant_of(message, "was")
    first = min(before or session.starts_at, session.starts_at)
    _not_at_night(session, zone, at, unless_before=first)
    was = f" {in_words(before, session.program.zone, at)}" if before else ""
    return _appointment(
        to, session, at, f"Your appointment{was} is now {{when}}.", "About your appointment"
    )


@kind(ON_AGAIN)
def on_again(message: OutboxMessage, at: datetime) -> Letter:
    """The appointment was called off and takes place after all."""
    session = _still_planned(message)
    to, zone = _whoever(message.recipient_id)
    _not_at_night(session, zone, at, unless_before=session.starts_at)
    return _appointment(
        to, session, at, "Your appointment {when} takes place after all.", "About your appointment"
    )


# --- places -------------------------------------------------------------------------------------------
@kind(PLACE_KEPT)
def place_kept(message: OutboxMessage, at: datetime) -> Letter:
    """To somebody for whom a time is kept, as long as it is. Quiet hours are theirs."""
    if message.subject_id is None:
        raise Withhold("no-longer-kept")
    found = WaitlistEntry.objects.select_related("program__site").filter(pk=message.subject_id)
    entry = found.first()
    until = instant_of(message, "until")
    if entry is None or entry.outcome != WaitOutcome.WAITING or entry.offer_until != until:
        raise Withhold("no-longer-kept")
    if until is None or until <= at:
        raise Withhold("too-late")
    person, to = _participant(message.recipient_id)
    program = entry.program
    policy = policy_in_force(program.pk, clock.local_date(at, program.zone))
    own = person.user.time_zone if person.user else ""
    if wait := quiet_until(at, own or program.zone, policy):
        raise Postpone(wait)
    when = in_words(until, program.zone, at).replace("on ", "", 1)
    words = {"phone": program.site.phone}
    if person.user is not None and person.user.is_active:
        words = {"address": settings.BASE_URL.rstrip("/") + "/"}
    answer = "Sign in to answer." if "address" in words else "Tell us whether it suits you."
    words["sentence"] = f"An appointment time is kept for you until {when}. {answer}"
    return _letter(to, "About an appointment", words)


# --- notes --------------------------------------------------------------------------------------------
@kind(AWAITS)
def note_awaits(message: OutboxMessage, at: datetime) -> Letter:
    """To a supervisor, as long as something of that author and session waits."""
    of_author = {"session_id": message.subject_id, "author_id": message.facts.get("author")}
    if not any(
        needs_an_answer(model).filter(**of_author).exists() for model in (GroupNote, ProgressNote)
    ):
        raise Withhold("answered")
    return something_waits(_user(message.recipient_id))


@kind(RETURNED)
def note_returned(message: OutboxMessage, at: datetime) -> Letter:
    """To an author, as long as the note waits for them or is void without a new one."""
    pk = message.facts.get("note")
    waits = any(
        returned_notes(model).filter(pk=pk).exists()
        or model.objects.filter(pk=pk, notevoids__isnull=False, replaced_by=None).exists()
        for model in (GroupNote, ProgressNote)
    )
    if not waits:
        raise Withhold("answered")
    return something_waits(_user(message.recipient_id))


# --- the schedule ---------------------------------------------------------------------------------------
@kind(PLAN_AWAITS)
def plan_awaits(message: OutboxMessage, at: datetime) -> Letter:
    """To those who plan, as long as what was told is still so."""
    if not _STILL_SO[message.facts.get("about", "")](message, at):
        raise Withhold("settled")
    return something_waits(_user(message.recipient_id))


def _still_flagged(message: OutboxMessage, at: datetime) -> bool:
    return SessionFacilitator.objects.filter(
        facilitator_id=subject_of(message),
        flagged_at__isnull=False,
        active=True,
        starts_at__gt=at,
        session__state=SessionState.SCHEDULED,
    ).exists()


def _leave_unsettled(message: OutboxMessage, at: datetime) -> bool:
    found = (
        Leave.objects.filter(pk=subject_of(message)).select_related("facilitator__program").first()
    )
    if found is None:
        return False
    open_ = undecided_in_leave(found.facilitator.program, at=at)
    return any(row.leave_id == found.pk for row in open_)  # type: ignore[attr-defined]


def _still_together(message: OutboxMessage, at: datetime) -> bool:
    interest = (
        ConflictOfInterest.objects.select_related("program__site", "facilitator")
        .filter(pk=subject_of(message))
        .first()
    )
    return interest is not None and of_interest(interest, at=at).exists()


_STILL_SO: dict[str, Callable[[OutboxMessage, datetime], bool]] = {
    "clearance": _still_flagged,
    "leave": _leave_unsettled,
    "interest": _still_together,
}


def something_waits(person: User) -> Letter:
    """That something waits, and where: for whatever is open, returned or undecided."""
    words = {
        "sentence": "Something awaits you. Sign in to see it.",
        "address": settings.BASE_URL.rstrip("/") + "/",
    }
    return _letter(person.email, "Something awaits you", words)


# --- what is asked at the moment of sending -----------------------------------------------------------
def _session(message: OutboxMessage) -> GroupSession:
    if message.subject_id is None:
        raise Withhold("no-session")
    found = GroupSession.objects.select_related("program__site").filter(pk=message.subject_id)
    if (session := found.first()) is None:
        raise Withhold("no-session")
    return session


def _still_planned(message: OutboxMessage) -> GroupSession:
    session = _session(message)
    if session.state != SessionState.SCHEDULED:
        raise Withhold("no-longer-planned")
    if instant_of(message, "starts_at") != session.starts_at:
        raise Withhold("moved")
    return session


def _still_makes_sense(message: OutboxMessage, session: GroupSession, at: datetime) -> None:
    """The program still wants a reminder at this distance, and no nearer one is due as well: after
    a time in which nothing was sent, one letter is enough."""
    hours = message.facts.get("hours")
    if hours is None:
        return
    due = wall_clock_before(session.starts_at, session.program.zone, hours)
    rules = policy_in_force(session.program_id, clock.local_date(due, session.program.zone))
    if hours not in rules["reminder_hours"]:
        raise Withhold("rule-changed")
    nearer = OutboxMessage.objects.filter(
        kind=message.kind,
        recipient_id=message.recipient_id,
        subject_id=message.subject_id,
        facts__starts_at=message.facts["starts_at"],
        facts__hours__lt=hours,
        due_at__lte=at,
        state__in=[State.WAITING, State.SENDING, State.SENT],
    )
    if nearer.exists():
        raise Withhold("a-nearer-one-goes")


def _participant(pk: UUID) -> tuple[Participant, str]:
    """A participant who may be written to, and their address."""
    consent = ChannelConsent.objects.filter(
        participant=OuterRef("pk"), channel="email", revoked_at=None
    )
    person = (
        Participant.objects.filter(pk=pk)
        .select_related("user")
        .annotate(reachable=Exists(consent))
        .first()
    )
    if person is None or person.sealed_at:
        raise Withhold("no-such-person")
    if not person.reachable:
        raise Withhold("no-consent")
    contact = ContactPoint.objects.filter(participant=person, kind="email").first()
    if contact is None or not contact.value:
        raise Withhold("no-address")
    return person, contact.value


def _user(pk: UUID) -> User:
    person = User.objects.filter(pk=pk, is_active=True).first()
    if person is None:
        raise Withhold("no-account")
    return person


def _whoever(pk: UUID) -> tuple[str, str]:
    """Address and zone of a participant, or of somebody who works here."""
    if Participant.objects.filter(pk=pk).exists():
        person, to = _participant(pk)
        return to, person.user.time_zone if person.user else ""
    user = _user(pk)
    return user.email, user.time_zone


def _not_at_night(
    session: GroupSession, zone: str, at: datetime, *, unless_before: datetime | None = None
) -> None:
    """Quiet hours are the recipient's; where their zone is not known, the site's.

    What would come too late after them, so that somebody sets out in vain, goes at once
    (`unless_before`).
    """
    policy = policy_in_force(
        session.program_id, at.astimezone(ZoneInfo(session.program.zone)).date()
    )
    until = quiet_until(at, zone or session.program.zone, policy)
    if until and (unless_before is None or until < unless_before or unless_before <= at):
        raise Postpone(until)


def quiet_until(at: datetime, zone: str, policy: Mapping[str, Any]) -> datetime | None:
    """The instant at which the quiet hours around `at` end; None outside them."""
    place = ZoneInfo(zone)
    local = at.astimezone(place)
    begin, end = (time.fromisoformat(policy[key]) for key in ("quiet_from", "quiet_until"))
    now = local.time().replace(tzinfo=None)
    over_midnight = begin > end
    quiet = (now >= begin or now < end) if over_midnight else begin <= now < end
    if not quiet:
        return None
    day = local.date() + timedelta(days=1 if over_midnight and now >= begin else 0)
    return datetime.combine(day, end, place)


def instant_of(message: OutboxMessage, name: str) -> datetime | None:
    """The instant that a message carries under that name, where it does."""
    text = message.facts.get(name)
    return datetime.fromisoformat(text) if text else None


# --- words --------------------------------------------------------------------------------------------
def in_words(starts_at: datetime, zone: str, at: datetime) -> str:
    """ "tomorrow at 2:00 PM", "on Monday, November 2, at 10:00 AM", in the zone of the site."""
    place = ZoneInfo(zone)
    local, today = starts_at.astimezone(place), at.astimezone(place).date()
    clock = f"{local.hour % 12 or 12}:{local:%M} {'AM' if local.hour < 12 else 'PM'}"
    away = (local.date() - today).days
    if away in (0, 1):
        return f"{('today', 'tomorrow')[away]} at {clock}"
    return f"on {local:%A, %B} {local.day}, at {clock}"


def _appointment(
    to: str,
    session: GroupSession,
    at: datetime,
    sentence: str,
    subject: str,
    *,
    starts_at: datetime | None = None,
) -> Letter:
    when = in_words(starts_at or session.starts_at, session.program.zone, at)
    words = {"sentence": sentence.format(when=when), "phone": session.program.site.phone}
    return _letter(to, subject, words)


def _letter(to: str, subject: str, words: dict[str, str]) -> Letter:
    return Letter(
        to=to,
        subject=subject,
        text=render_to_string("email/sessions/letter.txt", words),
        html=render_to_string("email/sessions/letter.html", words),
    )
