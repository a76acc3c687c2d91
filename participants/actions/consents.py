"""Consents to disclose: taken, ended by their event, taken back. None is ever deleted."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Final

from django.db import transaction
from django.db.models import Max

from participants.actions.guards import lock_person
from participants.consenting import state_of
from participants.models import WHOLE_RECORD, Consent, Participant, RecordPart
from participants.policies import refuse_consents, refuse_taking_back
from phpsupport.audit.trail import record
from phpsupport.lib.clock import local_date
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import Program
from phpsupport.users.models import User

KNOWN: Final = frozenset({*RecordPart.values, WHOLE_RECORD})


@transaction.atomic
def take_consent(
    *,
    participant: Participant,
    program: Program,
    recipient: str,
    covers: Collection[str],
    purpose: str,
    signed_on: date,
    by: User,
    at: datetime,
    what: str = "",
    expires_on: date | None = None,
    expires_when: str = "",
) -> Consent:
    """Note a consent that the participant signed. The same once more is the one that stands."""
    if refusal := refuse_consents(by, program.pk):
        raise Refused(refusal)
    person = lock_person(participant)
    if not person.episodes.filter(program=program).exists():
        raise Refused("This person has no stay in the program.", code="no_stay")
    today = local_date(at, program.zone)
    said = {
        "recipient": " ".join(recipient.split()),
        "what": what.strip(),
        "purpose": " ".join(purpose.split()),
        "covers": _parts(covers),
        "signed_on": signed_on,
        "expires_on": expires_on,
        "expires_when": " ".join(expires_when.split())[:200],
    }
    if not said["recipient"]:
        raise Refused("Say to whom.", field="recipient")
    if not said["purpose"]:
        raise Refused("Say what it is for.", field="purpose")
    if signed_on > today:
        raise Refused("The day of the signature lies ahead. Check it.", field="signed_on")
    if not (expires_on or said["expires_when"]):
        raise Refused("Say on which day, or at which event, the consent ends.", field="expires_on")
    if expires_on and expires_on < today:
        raise Refused("This day is past. A consent ends today or later.", field="expires_on")
    for stands in person.consents.filter(program=program, revoked_at=None, ended_at=None):
        if all(getattr(stands, name) == value for name, value in said.items()):
            return stands
    taken = Consent.objects.create(participant=person, program=program, taken_by=by, **said)
    record(
        "consent.taken", by=by, at=at, obj=taken, participant=str(person.pk), covers=taken.covers
    )
    return taken


@transaction.atomic
def revoke_consent(*, consent: Consent, by: User, at: datetime) -> bool:
    """Take a consent back, at once; returns whether it stood until now.

    By staff on the person's word, or by the participant themself. A file that is being made under
    it holds its row: it is made before or not at all.
    """
    if refusal := refuse_taking_back(by, consent):
        raise Refused(refusal)
    held = Consent.objects.select_for_update(no_key=True).get(pk=consent.pk)
    if held.revoked_at:
        return False
    held.revoked_at, held.revoked_by = _not_before_a_file(held, at), by
    held.save(update_fields=["revoked_at", "revoked_by"])
    record("consent.revoked", by=by, at=at, obj=held, participant=str(held.participant_id))
    return True


@transaction.atomic
def end_consent(*, consent: Consent, by: User, at: datetime) -> bool:
    """The event until which a consent holds came about; returns whether it stood until now."""
    if refusal := refuse_consents(by, consent.program_id):
        raise Refused(refusal)
    held = (
        Consent.objects.select_for_update(no_key=True, of=("self",))
        .select_related("program__site")
        .get(pk=consent.pk)
    )
    if not held.expires_when:
        raise Refused("This consent ends on a day, not at an event. It can be taken back.")
    if state_of(held, local_date(at, held.program.zone)) != "live":
        return False
    held.ended_at = _not_before_a_file(held, at)
    held.save(update_fields=["ended_at"])
    record("consent.ended", by=by, at=at, obj=held, participant=str(held.participant_id))
    return True


def _not_before_a_file(held: Consent, at: datetime) -> datetime:
    """When a consent that is held here ceases: a file that was asked for a moment later, and made
    while this waited for it, went out while the consent stood, and the register says so."""
    last: datetime | None = held.disclosures.aggregate(last=Max("at"))["last"]
    return max(at, last) if last else at


def _parts(covers: Collection[str]) -> list[str]:
    given = set(covers)
    if not given or not given <= KNOWN:
        raise Refused("Choose what of the record may be given.", field="covers")
    if WHOLE_RECORD in given:
        return [WHOLE_RECORD]
    return [part.value for part in RecordPart if part in given]
