"""When a consent to disclose holds, and what it covers. Pure.

42 CFR 2.31: a consent ends on its day, at its event or when it is taken back, whichever comes
first. What leaves the program must be covered by one that holds on that day at the site.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any, Final, Protocol

from participants.models import WHOLE_RECORD, RecordPart
from phpsupport.lib import wording

# The words of a consent that are read before it is signed and stand in every list of consents.
MAY_TAKE_BACK: Final = (
    "It can be taken back at any time, in any way: in person, by phone, in writing or in the "
    "portal. From then on nothing more goes out. What went out before stays out."
)


class Allowed(Protocol):
    """What a consent says, as far as it matters here."""

    covers: Any
    signed_on: date
    expires_on: date | None
    expires_when: str
    ended_at: Any
    revoked_at: Any


def state_of(consent: Allowed, today: date) -> str:
    """ "live", "revoked", "ended" (its event came about), "expired" or "early" (signed for later)."""
    if consent.revoked_at:
        return "revoked"
    if consent.ended_at:
        return "ended"
    if consent.expires_on and consent.expires_on < today:
        return "expired"
    return "early" if consent.signed_on > today else "live"


def missing(consent: Allowed, parts: Iterable[str]) -> list[str]:
    """Those of `parts` that the consent does not cover, in the order of RecordPart."""
    wanted = set(parts)
    if WHOLE_RECORD in consent.covers:
        return []
    return [part.value for part in RecordPart if part in wanted and part not in consent.covers]


def in_words(codes: Iterable[str]) -> str:
    """Parts of a record as people say them: "Peer support notes, attendance"."""
    given = set(codes)
    if WHOLE_RECORD in given:
        return "The whole peer support record"
    said = [str(part.label) for part in RecordPart if part in given]
    return ", ".join([*said[:1], *(label[0].lower() + label[1:] for label in said[1:])])


def until_in_words(consent: Allowed) -> str:
    """ "through Tue 4 Mar 2026 or until …"."""
    ends = []
    if consent.expires_on:
        ends.append(f"through {wording.day(consent.expires_on, year=True)}")
    if consent.expires_when:
        ends.append(f"until: {consent.expires_when}")
    return ", or ".join(ends)
