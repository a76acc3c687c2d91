"""The kiosk of a session: whether a device is one, how it stands, who is who at it."""

import hmac
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from participants.models import Participant
from participants.names import display_name, spoken, spoken_ways
from phpsupport.lib import wording
from sessions.models import Attendance, Enrollment, GroupSession, Kiosk, KioskTry, SessionState
from sessions.queries.attendance import enrolled_on

FAILURES: Final = 5
WITHIN: Final = timedelta(minutes=5)
TAKES: Final = (SessionState.SCHEDULED, SessionState.HELD)


def live_kiosk(device_hash: str, *, at: datetime) -> Kiosk | None:
    """The kiosk that this device is at the instant `at`. One query."""
    return (
        Kiosk.objects.filter(
            device_hash=device_hash, closed_at=None, taken_at__lte=at, expires_at__gt=at,
            session__state__in=TAKES, session__ends_at__gt=at,
        )
        .exclude(device_hash="")
        .select_related("session__program__site", "program__site", "opened_by")
        .first()
    )  # fmt: skip


def paused_until(kiosk: Kiosk, *, at: datetime) -> datetime | None:
    """Until when the kiosk rests after too many failures in a short time; None if it does not."""
    failed = list(
        KioskTry.objects.filter(kiosk=kiosk, succeeded=False, at__gt=at - WITHIN)
        .order_by("-at")
        .values_list("at", flat=True)[:FAILURES]
    )
    return failed[-1] + WITHIN if len(failed) == FAILURES else None


# --- who is who ---------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Claim:
    """What somebody typed to say who they are."""

    name: str
    letter: str
    born: date | None


def person_at(session: GroupSession, claim: Claim) -> UUID | None:
    """The one person on the roster whom the claim fits; None for nobody, and for two alike.

    Every row of the roster is decrypted and compared in constant time, whatever was typed, so that
    neither the number of queries nor the time tells what was wrong. One query.
    """
    said = spoken(claim.name, claim.letter).encode()
    born = claim.born.isoformat().encode() if claim.born else b"nothing"
    fitting = []
    for person in expected(session):
        on_file = person.date_of_birth.isoformat() if person.date_of_birth else "not on file"
        same_day = hmac.compare_digest(born, on_file.encode())
        ways = spoken_ways(person.first_name, person.last_name, person.preferred_name)
        same_name = sum(hmac.compare_digest(said, way.encode()) for way in ways) > 0
        if same_day & same_name:
            fitting.append(person.pk)
    return fitting[0] if len(fitting) == 1 else None


def expected(session: GroupSession) -> list[Participant]:
    """Who has a place that day, with the date of birth. One query."""
    return [
        row.participant
        for row in Enrollment.objects.filter(
            enrolled_on(session.local_date), series_id=session.series_id
        )
        .select_related("participant")
        .only(
            "participant__first_name", "participant__last_name", "participant__preferred_name",
            "participant__date_of_birth",
        )
    ]  # fmt: skip


# --- for those who lead --------------------------------------------------------------------------------
@dataclass(frozen=True)
class KioskPage:
    """How the kiosk of a session stands."""

    kiosk: Kiosk | None
    # "none", "code", "taken", "paused"
    state: str
    until: str
    signed_in: int
    failed: int
    cannot: tuple[str, ...]


def kiosk_page(session: GroupSession, *, at: datetime) -> KioskPage:
    """The open kiosk, if there is one, and who cannot use it. Five queries."""
    zone = ZoneInfo(session.program.zone)
    kiosk = open_kiosk(session, at=at)
    signed_in = Attendance.objects.filter(session=session, at_kiosk=True).count()
    cannot = tuple(
        display_name(p.first_name, p.last_name, p.preferred_name)
        for p in expected(session)
        if p.date_of_birth is None
    )
    if kiosk is None:
        return KioskPage(None, "none", "", signed_in, 0, cannot)
    paused = paused_until(kiosk, at=at)
    failed = KioskTry.objects.filter(kiosk=kiosk, succeeded=False).count()
    state = "paused" if paused else "taken" if kiosk.taken_at else "code"
    until = paused or (kiosk.expires_at if kiosk.taken_at else kiosk.code_until)
    return KioskPage(
        kiosk, state, wording.clock_time(until.astimezone(zone)), signed_in, failed, cannot
    )


def open_kiosk(session: GroupSession, *, at: datetime) -> Kiosk | None:
    """The kiosk that a code can still open, or that a device is. One query."""
    kiosk = Kiosk.objects.filter(session=session, closed_at=None, expires_at__gt=at).first()
    if kiosk is None or (kiosk.taken_at is None and kiosk.code_until <= at):
        return None
    return kiosk
