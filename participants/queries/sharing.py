"""Consents to disclose, and what was disclosed, as lists show them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from participants.consenting import in_words, state_of, until_in_words
from participants.models import Consent, Disclosure, DisclosureBasis, Participant
from participants.names import full_name
from phpsupport.lib.wording import clock_time, day
from phpsupport.programs.models import Program
from phpsupport.users.models import User

SHOWN_AT_MOST = 200
_KINDS = {
    "live": ("good", "holds"),
    "early": ("calm", "signed for later"),
    "revoked": ("stop", "taken back"),
    "ended": ("plain", "ended"),
    "expired": ("plain", "ended"),
}


@dataclass(frozen=True)
class ConsentLine:
    """One consent: what it says, whether it holds, and why not."""

    id: UUID
    recipient: str
    parts: str
    what: str
    purpose: str
    program: str
    signed: str
    until: str
    state: str
    kind: str
    state_words: str
    why: str
    taken_by: str
    at_event: str

    @property
    def live(self) -> bool:
        """Whether something may go out under it today."""
        return self.state == "live"


@dataclass(frozen=True)
class DisclosureLine:
    """One file that left the program."""

    id: UUID
    participant_id: UUID
    name: str
    when: str
    recipient: str
    what: str
    purpose: str
    basis: str
    by: str
    file_kind: str
    digest: str


@dataclass(frozen=True)
class Register:
    """Disclosures, the newest first; `more` when older ones are not shown."""

    lines: list[DisclosureLine]
    more: bool


def consents_to_disclose(
    participant: Participant, *, seen_by: User, at: datetime
) -> list[ConsentLine]:
    """All consents that the reader may see: those that hold first, then the newest. One query."""
    rows = (
        Consent.objects.visible_to(seen_by)
        .filter(participant=participant)
        .select_related("program__site", "taken_by", "revoked_by")
        .order_by("-signed_on", "pk")
    )
    return sorted((_consent(row, participant, at) for row in rows), key=lambda line: not line.live)


def _consent(row: Consent, participant: Participant, at: datetime) -> ConsentLine:
    zone = row.program.zone
    state = state_of(row, at.astimezone(ZoneInfo(zone)).date())
    kind, words = _KINDS[state]
    return ConsentLine(
        id=row.pk,
        recipient=row.recipient,
        parts=in_words(row.covers),
        what=row.what,
        purpose=row.purpose,
        program=row.program.name,
        signed=day(row.signed_on, year=True),
        until=until_in_words(row),
        state=state,
        kind=kind,
        state_words=words,
        why=_why(row, state, participant, zone),
        taken_by=row.taken_by.name,
        at_event=row.expires_when if state == "live" else "",
    )


def _why(row: Consent, state: str, participant: Participant, zone: str) -> str:
    if state == "revoked":
        by = row.revoked_by
        themself = by is not None and by.pk == participant.user_id
        who = "by themself" if themself else f"on their word, noted by {by.name}" if by else ""
        return f"Taken back {moment(row.revoked_at, zone)} {who}".strip() + "."
    if state == "ended":
        return f"“{row.expires_when}” came about, noted {moment(row.ended_at, zone)}."
    if state == "expired" and row.expires_on:
        return f"It ended after {day(row.expires_on, year=True)}."
    return ""


def moment(at: datetime | None, zone: str) -> str:
    """ "Tue 4 Mar 2026, 10:52" at the site."""
    if at is None:
        return ""
    local = at.astimezone(ZoneInfo(zone))
    return f"{day(local.date(), year=True)}, {clock_time(local)}"


def disclosures_of(participant: Participant, *, seen_by: User) -> Register:
    """Who received what of one person's record. One query."""
    return _register(Disclosure.objects.visible_to(seen_by).filter(participant=participant))


def register_of(
    program: Program, *, seen_by: User, since: date | None = None, until: date | None = None
) -> Register:
    """What left the program in the days from `since` through `until` at the site. One query."""
    zone = ZoneInfo(program.zone)
    rows = Disclosure.objects.visible_to(seen_by).filter(program=program)
    if since:
        rows = rows.filter(at__gte=datetime.combine(since, time(0), zone))
    if until and until < date.max:
        rows = rows.filter(at__lt=datetime.combine(until + timedelta(days=1), time(0), zone))
    return _register(rows)


def _register(rows: QuerySet[Disclosure]) -> Register:
    found = list(
        rows.select_related("participant", "by", "program__site")
        .defer(
            "participant__date_of_birth",
            "participant__access_needs",
            "participant__facilitator_wishes",
        )
        .order_by("-at", "pk")[: SHOWN_AT_MOST + 1]
    )
    return Register(list(_lines(found[:SHOWN_AT_MOST])), len(found) > SHOWN_AT_MOST)


def _lines(rows: Iterable[Disclosure]) -> Iterable[DisclosureLine]:
    for row in rows:
        person = row.participant
        own = row.basis == DisclosureBasis.PARTICIPANT
        yield DisclosureLine(
            id=row.pk,
            participant_id=row.participant_id,
            name=full_name(person.first_name, person.last_name, person.preferred_name),
            when=moment(row.at, row.program.zone),
            recipient="" if own else row.recipient,
            what=row.what,
            purpose=row.purpose,
            basis=str(DisclosureBasis(row.basis).label),
            by="themself" if row.by_id == person.user_id else row.by.name,
            file_kind=row.file_kind.upper(),
            digest=row.file_digest,
        )
