"""The kiosk of a session: opened with a code, taken by one device, closed; signing in at it.

Whatever is locked is locked in one order: the session, then its kiosk.
"""

import secrets
from datetime import datetime, time, timedelta
from enum import Enum
from typing import Final
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from phpsupport.audit.trail import record
from phpsupport.lib.encryption import digest
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import policy_in_force
from phpsupport.users.models import User
from sessions import policies
from sessions.actions.attendance import Mark, mark_attendance, open_for_marks, refuse
from sessions.device import new_device
from sessions.models import Attendance, GroupSession, Kiosk, KioskTry, Status
from sessions.queries.attendance import planned_leaving
from sessions.queries.kiosk import TAKES, Claim, live_kiosk, paused_until, person_at

CODE_DIGITS: Final = 8
CODES_TRIED: Final = 10
CODES_WITHIN: Final = timedelta(minutes=10)
OF_A_CODE: Final = "kiosk code"


class Outcome(Enum):
    """What became of an attempt at the kiosk."""

    SIGNED_IN = "signed in"
    NOT_FOUND = "not found"
    PAUSED = "paused"
    CLOSED = "closed"


def _lock(session: GroupSession) -> GroupSession:
    rows = GroupSession.objects.select_for_update(of=("self",))
    return rows.select_related("program__site", "series__group").get(pk=session.pk)


# --- those who lead -------------------------------------------------------------------------------------
@transaction.atomic
def open_kiosk(*, session: GroupSession, by: User, at: datetime) -> tuple[Kiosk, str]:
    """A kiosk for a session, with the code that lets one device be it. The code is kept nowhere.

    A code that nobody used yet is replaced. Refused while a device signs people in already.
    """
    refuse(policies.can_mark_attendance(by, session))
    session = _lock(session)
    open_for_marks(session, at)
    if session.ends_at <= at:
        raise Refused("This session is over. Mark attendance yourself.", code="over")
    for before in Kiosk.objects.select_for_update().filter(session=session, closed_at=None):
        if before.taken_at is not None and before.expires_at > at:
            raise Refused(
                "A tablet signs people in already. Close the kiosk first, then open it anew.",
                code="taken",
            )
        _close(before, at)
    rules = policy_in_force(session.program_id, session.local_date)
    ends = min(session.ends_at, at + timedelta(minutes=rules["kiosk_minutes"]))
    code = _new_code()
    kiosk = Kiosk.objects.create(
        program_id=session.program_id,
        session=session,
        code_hash=digest(code, OF_A_CODE),
        opened_by=by,
        opened_at=at,
        code_until=min(ends, at + timedelta(minutes=rules["kiosk_code_minutes"])),
        expires_at=ends,
    )
    record("kiosk.opened", by=by, at=at, obj=kiosk, session_id=str(session.pk))
    return kiosk, code


def _new_code() -> str:
    while True:
        code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
        if not Kiosk.objects.filter(code_hash=digest(code, OF_A_CODE)).exists():
            return code


@transaction.atomic
def close_kiosk(*, session: GroupSession, by: User, at: datetime) -> bool:
    """Close the kiosk of a session; whether one was open. Twice changes nothing."""
    refuse(policies.can_mark_attendance(by, session))
    _lock(session)
    kiosk = Kiosk.objects.select_for_update().filter(session=session, closed_at=None).first()
    if kiosk is None:
        return False
    _close(kiosk, at)
    record("kiosk.closed", by=by, at=at, obj=kiosk, session_id=str(session.pk))
    return True


def _close(kiosk: Kiosk, at: datetime) -> None:
    kiosk.closed_at = at
    kiosk.save(update_fields=["closed_at"])


# --- the device -------------------------------------------------------------------------------------------
@transaction.atomic
def take_kiosk(*, code: str, origin: str, at: datetime) -> tuple[Kiosk, str] | None:
    """Let a device be the kiosk of a code, with the word that it is to hold.

    None for a code that is wrong, run out, used or closed, told apart by nothing. `origin` is the
    digest of the device's address: ten wrong codes in ten minutes, and none from there is looked at.
    """
    with connection.cursor() as cursor:  # attempts from one address come one after the other
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [origin])
    tried = KioskTry.objects.filter(origin=origin, succeeded=False, at__gt=at - CODES_WITHIN)
    if tried.count() >= CODES_TRIED:
        raise Refused(
            "Too many codes were tried here. Wait ten minutes, then ask for a new code.",
            code="too-many",
        )
    digits = "".join(c for c in code if c.isascii() and c.isdigit())
    waiting = Kiosk.objects.filter(
        code_hash=digest(digits, OF_A_CODE) or "-",
        device_hash="",
        closed_at=None,
        code_until__gt=at,
        session__state__in=TAKES,
        session__ends_at__gt=at,
    )
    found = waiting.select_related("session").first()
    kiosk = None
    if found:
        _lock(found.session)
        kiosk = waiting.select_for_update(of=("self",)).first()
    if kiosk is None:
        KioskTry.objects.create(origin=origin, at=at, succeeded=False)
        return None
    word, kiosk.device_hash = new_device()
    kiosk.taken_at = at
    kiosk.save(update_fields=["device_hash", "taken_at"])
    # By nobody: the device is signed in as no one.
    record("kiosk.taken", by=None, at=at, obj=kiosk, session_id=str(kiosk.session_id))
    return kiosk, word


# --- the person ---------------------------------------------------------------------------------------------
@transaction.atomic
def sign_in(*, device_hash: str, claim: Claim, at: datetime) -> Outcome:
    """Mark present whoever says truly who they are, as those who opened the kiosk would.

    What somebody marked before stands. Too many failures in a short time and the kiosk rests.
    """
    found = live_kiosk(device_hash, at=at)
    if found is None:
        return Outcome.CLOSED
    session = _lock(found.session)
    kiosk = (
        Kiosk.objects.select_for_update(of=("self",)).select_related("opened_by").get(pk=found.pk)
    )
    if kiosk.closed_at is not None or session.state not in TAKES:
        return Outcome.CLOSED
    if policies.can_mark_attendance(kiosk.opened_by, session):  # their role ended meanwhile
        _close(kiosk, at)
        return Outcome.CLOSED
    if paused_until(kiosk, at=at):
        return Outcome.PAUSED
    person = person_at(session, claim)
    KioskTry.objects.create(kiosk=kiosk, at=at, succeeded=person is not None)
    if person is None:
        if paused_until(kiosk, at=at):
            record("kiosk.paused", by=None, at=at, obj=kiosk, session_id=str(session.pk))
            return Outcome.PAUSED
        return Outcome.NOT_FOUND
    if not Attendance.objects.filter(session=session, participant=person).exists():
        came, leaves = _arrival(session, at), planned_leaving(session, person)
        departed = leaves if leaves and came and came < leaves else None
        mark_attendance(
            session=session,
            marks=[Mark(person, Status.PRESENT, arrived=came, departed=departed)],
            version=session.attendance_version,
            by=kiosk.opened_by,
            at=at,
            at_kiosk=True,
        )
    return Outcome.SIGNED_IN


def _arrival(session: GroupSession, at: datetime) -> time | None:
    """What the clock on the wall shows; nothing where a time of day alone would be misread,
    because the session goes past midnight."""
    zone = ZoneInfo(session.program.zone)
    local = at.astimezone(zone)
    if session.ends_at.astimezone(zone).date() != local.date():
        return None
    return local.time().replace(second=0, microsecond=0)
