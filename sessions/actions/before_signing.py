"""What is settled before a signature: the session is over, the parts are as they were read, nobody
else is named in them, and whoever signs was cleared on that day."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from facilitators.queries.clearance import ClearanceFile, files_of
from phpsupport.lib import wording
from phpsupport.lib.errors import Refused
from phpsupport.users.models import User
from sessions.actions.attendance import OPENS_BEFORE
from sessions.models import (
    GROUP_TEXTS,
    PART_TEXTS,
    GroupSession,
    SessionFacilitator,
    SessionState,
)
from sessions.models import Part as Leads
from sessions.queries.desk import GROUP, Desk, Part, is_blank, text_in
from sessions.screening import Finding, Roster, screen

SIGNED = "These notes are signed already. Add an addendum if something is missing."
CHANGED = "The notes changed since you opened this page. Read them again, then sign."


def findings_in(
    there: Desk, *, group: bool, parts: Sequence[UUID], among: Roster | None = None
) -> list[Finding]:
    """Names of other people in the parts to be signed: of the roster, or of those `among` whom."""
    by_id = there.by_id
    return screen(
        text_in(there.group.words, GROUP_TEXTS) if group else "",
        {key: text_in(by_id[key].words, PART_TEXTS) for key in parts},
        among or [person.named for person in there.people],
    )


def can_be_signed_now(
    session: GroupSession, started_at: datetime, ended_at: datetime, at: datetime
) -> None:
    """The session took place and is over."""
    if session.state == SessionState.CANCELLED:
        raise Refused("This session was cancelled; there is no note to sign.", code="cancelled")
    if session.state == SessionState.NOT_HELD:
        raise Refused(
            "This session is recorded as not held, so it has no notes. "
            "If it took place after all, change that first.",
            code="not-held",
        )
    if at < session.starts_at - OPENS_BEFORE:
        raise Refused("This session has not begun. Sign when it is over.", code="too-early")
    if ended_at <= started_at:
        raise Refused("The end must come after the start.", field="ended", code="backwards")
    if at < ended_at:
        local = ended_at.astimezone(ZoneInfo(session.program.zone))
        raise Refused(
            f"The session goes on until {wording.clock_time(local)}. Sign when it is over; your "
            "text is kept. If it ended early, correct the end.",
            field="ended",
            code="too-early",
        )


def chosen(there: Desk, seen: Mapping[UUID | None, int]) -> dict[UUID | None, Part]:
    """The parts to sign, as they were read."""
    by_id = there.by_id
    if not seen:
        raise Refused("There is nothing to sign yet. Write the notes first.", code="nothing")
    found: dict[UUID | None, Part] = {}
    for key, version in seen.items():
        part = there.group if key is GROUP else by_id.get(key)
        if part is None:
            raise Refused(
                "Somebody here is no longer on the roster. Load the page again.",
                code="not-on-roster",
            )
        if part.signed:
            raise Refused(SIGNED, code="signed")
        if part.version != version:
            raise Refused(CHANGED, code="changed")
        found[key] = part
    return found


def ready(group: Part | None, parts: Mapping[UUID | None, Part]) -> None:
    """Every part has words and every person a mark."""
    unmarked = [p.person.name for p in parts.values() if p.person and not p.person.status]
    if unmarked:
        raise Refused(
            f"Mark the attendance of {wording.listing(sorted(unmarked))} first.", code="unmarked"
        )
    if group and not str(group.words["what_was_done"]).strip():
        raise Refused("Write what the group did before signing.", field="group", code="missing")
    empty = [p.person.name for p in parts.values() if p.person and is_blank(p.words)]
    if empty:
        raise Refused(
            f"Nothing is written about {wording.listing(sorted(empty))} yet.", code="missing"
        )


def standing(session: GroupSession, by: User) -> tuple[ClearanceFile, bool]:
    """The signer's file and whether they lead; refused without clearance on that day."""
    slot = (
        SessionFacilitator.objects.filter(session=session, person=by, active=True)
        .values_list("facilitator_id", "part")
        .first()
    )
    if slot is None:  # taken off while the lock was waited for
        raise Refused(
            "Notes are signed by those who lead the session, and you no longer do. Your text is kept.",
            code="not-allowed",
        )
    leads = slot[1] == Leads.LEAD
    file = files_of([slot[0]])[slot[0]]
    # That they hold the role now is what brought them here; a group that they led before it was
    # on record, or on a day between two of its spans, is signed by whoever led it.
    found = file.on(session.local_date, as_lead=leads, ask_role=False)
    if not found.cleared:
        raise Refused(
            f"You were not cleared on {wording.day(session.local_date)}: {found.sentence} "
            "Your text is kept; talk to your supervisor.",
            code="not-cleared",
        )
    return file, leads


def explanations(findings: Sequence[Finding], explained: Mapping[str, str]) -> dict[str, str]:
    """Why each name that was found stays, by the finding's key; refused where one is missing."""
    open_ones = [f for f in findings if not explained.get(f.key, "").strip()]
    if open_ones:
        raise Refused(
            f"{wording.listing(sorted({f.found for f in open_ones}))}: other people's names stand "
            "in these notes. Take them out, or say why they must stay.",
            code="names",
        )
    return {f.key: explained[f.key].strip() for f in findings}
