"""Making a file of one participant's record: checked, screened, registered, kept nowhere."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from participants.consenting import in_words, missing, state_of, until_in_words
from participants.models import (
    Consent,
    Disclosure,
    DisclosureBasis,
    Participant,
    RecordPart,
)
from phpsupport.audit.trail import record, record_each
from phpsupport.lib import wording
from phpsupport.lib.clock import local_date
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import Program, policy_in_force
from phpsupport.users.models import User
from sessions import policies
from sessions.queries.export import Contents, contents_of
from sessions.record_file import CONTENT_TYPES, FORMAT, VERSION, file_of

# The same page sent twice within this time is one file: it is given again, registered once.
SENT_TWICE: Final = timedelta(minutes=5)
OWN_COPY: Final = "This is your own copy. You decide who sees it."
THEMSELF: Final = "the participant themself"


@dataclass(frozen=True)
class Made:
    """A file, and the row that says that it was made."""

    disclosure: Disclosure
    content: bytes


def refuse_consent(consent: Consent | None, parts: Collection[str], today: date) -> None:
    """Refused unless the consent holds on that day and covers the parts."""
    if consent is None or state_of(consent, today) != "live":
        raise Refused(
            "This consent does not hold any more. Choose another one, or take a new one.",
            code="consent",
        )
    if gaps := missing(consent, parts):
        raise Refused(
            f"The consent does not cover: {in_words(gaps)}. Leave it out, or take a new consent.",
            field="parts",
            code="covers",
        )


@transaction.atomic
def export_record(
    *,
    key: UUID,
    participant: Participant,
    program: Program,
    parts: Collection[str],
    kind: str,
    by: User,
    at: datetime,
    consent: Consent | None = None,
    since: date | None = None,
    until: date | None = None,
    identity_attested: bool = False,
) -> Made:
    """Make the file and register the disclosure. `key` is the page's own: sent twice, it is one.

    Without `consent` the file is for the participant themself. The consent's row is held while the
    file is made, so that one taken back a moment before gives nothing.
    """
    if refusal := policies.can_export(by, participant, program, at):
        raise Refused(refusal)
    own = participant.user_id == by.pk
    if own and consent is not None:
        raise Refused("Your own copy needs no consent.")
    chosen = [part.value for part in RecordPart if part in parts]
    if not chosen or len(chosen) != len(set(parts)) or kind not in CONTENT_TYPES:
        raise Refused("Choose what goes into the file.", field="parts")
    if since and until and until < since:
        raise Refused("The last day comes before the first.", field="until")
    today = local_date(at, program.zone)
    if consent is not None:
        consent = (
            Consent.objects.select_for_update(no_key=True)
            .filter(pk=consent.pk, participant=participant, program=program)
            .first()
        )
        refuse_consent(consent, chosen, today)
    elif not (own or identity_attested):
        raise Refused("Make sure who receives it, and say so.", field="identity", code="identity")
    before = Disclosure.objects.filter(pk=key).first()
    if before is not None and (
        before.by_id != by.pk
        or before.participant_id != participant.pk
        or before.consent_id != (consent.pk if consent else None)
        or at - before.at > SENT_TWICE
    ):
        raise Refused("This file was made before. Open the page anew to make another.", code="made")
    made_at = before.at if before else at
    notice = OWN_COPY
    if consent is not None:
        notice = policy_in_force(program.pk, today)["redisclosure_notice"]
    contents = contents_of(
        participant=participant, program=program, parts=chosen, since=since, until=until, own=own
    )
    file = file_of(
        _record(contents, program, chosen, since, until, consent, notice, by, made_at), kind
    )
    digest = sha256(file).hexdigest()
    if before is not None:
        if before.file_digest != digest:
            raise Refused("The record has changed. Open the page anew.", code="made")
        return Made(before, file)
    made = Disclosure.objects.create(
        pk=key,
        participant=participant,
        program=program,
        basis=DisclosureBasis.CONSENT if consent else DisclosureBasis.PARTICIPANT,
        consent=consent,
        recipient=consent.recipient if consent else THEMSELF,
        what=_what(contents, chosen, since, until),
        purpose=consent.purpose if consent else "",
        notice=notice if consent else "",
        at=at,
        by=by,
        file_digest=digest,
        file_kind=kind,
    )
    record(
        "record.exported", by=by, at=at, obj=made, participant=str(participant.pk), parts=chosen,
        consent=str(consent.pk) if consent else None, names_replaced=contents.replaced,
    )  # fmt: skip
    record_each("note.read", by=by, at=at, objs=contents.read)
    return Made(made, file)


def _record(
    contents: Contents,
    program: Program,
    parts: list[str],
    since: date | None,
    until: date | None,
    consent: Consent | None,
    notice: str,
    by: User,
    at: datetime,
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "made": {
            "at": at.isoformat(timespec="seconds"),
            "by": by.name,
            "program": program.name,
            "time_zone": program.zone,
        },
        "notice": notice,
        "recipient": consent.recipient if consent else THEMSELF,
        "purpose": consent.purpose if consent else "",
        "consent": {
            "signed_on": consent.signed_on.isoformat(),
            "covers": consent.covers,
            "covers_in_words": in_words(consent.covers),
            "what": consent.what,
            "until": until_in_words(consent),
        }
        if consent
        else None,
        "span": {
            "since": since and since.isoformat(),
            "until": until and until.isoformat(),
        },
        "participant": contents.participant,
        "parts": parts,
        "left_out": {"names_replaced": contents.replaced, "void_notes": contents.void},
        **contents.parts,
    }


def _what(contents: Contents, parts: list[str], since: date | None, until: date | None) -> str:
    days = " ".join(
        words
        for words in (
            f"from {wording.date_in_full(since)}" if since else "",
            f"through {wording.date_in_full(until)}" if until else "",
        )
        if words
    )
    many = contents.counts().get(RecordPart.NOTES.value)
    counted = f" ({wording.count(many, 'note')})" if many is not None else ""
    return f"{in_words(parts)}{counted}, {days or 'all days'}"
