"""Signing the notes of a session: words and signature become rows that are written once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from facilitators.clearance import credential_on
from facilitators.models import CertificationKind, Stage
from facilitators.queries.clearance import ClearanceFile, files_of
from phpsupport.audit.trail import record_each
from phpsupport.lib import wording
from phpsupport.lib.errors import Refused
from phpsupport.outbox.delivery import enqueue
from phpsupport.users.models import User
from sessions import digest, policies
from sessions.actions.attendance import OPENS_BEFORE, refuse
from sessions.messages import about_waiting
from sessions.minutes import minutes_attended
from sessions.models import (
    EXPLAINED,
    GROUP_TEXTS,
    PART_TEXTS,
    Addendum,
    GroupNote,
    GroupNoteDraft,
    GroupSession,
    ProgressNote,
    ProgressNoteDraft,
    SessionFacilitator,
    SessionState,
)
from sessions.models import Part as Leads
from sessions.queries.attendance import Person
from sessions.queries.desk import GROUP, Desk, Part, desk, is_blank, text_in
from sessions.queries.notes import Note, live
from sessions.screening import Finding, screen


@dataclass
class Signed:
    """What one signature made."""

    group: GroupNote | None
    parts: list[ProgressNote]

    @property
    def notes(self) -> list[Note]:
        return [*([self.group] if self.group else []), *self.parts]

    @property
    def needs_cosignature(self) -> bool:
        return any(note.needs_cosignature for note in self.notes)

    @property
    def late(self) -> bool:
        return any(note.late for note in self.notes)


@transaction.atomic
def sign_notes(
    *,
    session: GroupSession,
    seen: Mapping[UUID | None, int],
    by: User,
    at: datetime,
    explained: Mapping[str, str] | None = None,
    started_at: datetime | None = None,
    ended_at: datetime | None = None,
) -> Signed:
    """Sign the group's part and people's parts: `seen` names them (None is the group's) with the
    version of each draft that the person read. All or none.

    Refused: what is signed already or changed since it was read, nothing written, attendance
    unmarked, somebody else's name without an explanation (`explained` by the finding's key), and a
    facilitator who was not cleared on the day of the session.
    """
    refuse(policies.can_sign_note(by, session))
    session = (
        GroupSession.objects.select_for_update(of=("self",))
        .select_related("program__site", "series__group")
        .get(pk=session.pk)
    )
    signed_before = None if ended_at else live(GroupNote).filter(session=session).first()
    if signed_before:  # it says already when the session truly began and ended
        started_at, ended_at = signed_before.started_at, signed_before.ended_at
    started_at, ended_at = started_at or session.starts_at, ended_at or session.ends_at
    _can_be_signed_now(session, started_at, ended_at, at)
    there = desk(session)
    chosen = _chosen(there, seen)
    group = chosen.pop(GROUP, None)
    people = {part.person.participant_id: part.person for part in chosen.values() if part.person}
    _ready(group, chosen)
    file, leads = _standing(session, by)
    findings = findings_in(there, group=group is not None, parts=list(people))
    reasons = _explanations(findings, explained or {})

    policy = file.rules.policy_on(session.local_date)
    made: dict[str, Any] = {
        "program_id": session.program_id,
        "session_id": session.pk,
        "author": by,
        "signed_at": at,
        "due_at": session.ends_at + timedelta(hours=policy["note_due_hours"]),
        "credential": credential_in_words(file, session, leads),
        "needs_cosignature": _needs_cosignature(file, session, policy["cosign_for"]),
    }
    signed = Signed(None, [])
    if group:
        came = sum(1 for person in there.people if person.came)
        signed.group = GroupNote(
            **made,
            **group.words,
            started_at=started_at,
            ended_at=ended_at,
            present=came,
            expected=len(there.people),
            replaces=_void_before(GroupNote, session=session).first(),
        )
        signed.group.digest = digest.group_note_digest(signed.group)
        signed.group.save()
    voided = {
        note.participant_id: note
        for note in _void_before(ProgressNote, session=session, participant_id__in=list(people))
    }
    for participant_id, person in people.items():
        note = ProgressNote(
            **made,
            **chosen[participant_id].words,
            participant_id=participant_id,
            status=person.status,
            minutes=minutes_of(session, person, started_at, ended_at),
            replaces=voided.get(participant_id),
        )
        note.digest = digest.progress_note_digest(note)
        signed.parts.append(note)
    ProgressNote.objects.bulk_create(signed.parts)
    _keep_explanations(signed, reasons, by=by, at=at)
    if group:
        GroupNoteDraft.objects.filter(session=session).delete()
    ProgressNoteDraft.objects.filter(session=session, participant_id__in=list(people)).delete()
    if session.state == SessionState.SCHEDULED:
        session.state = SessionState.HELD
        session.save(update_fields=["state"])
    record_each("note.signed", by=by, at=at, objs=signed.notes)
    if made["needs_cosignature"]:
        enqueue(about_waiting(signed.notes, at=at), at=at)
    return signed


def findings_in(there: Desk, *, group: bool, parts: Sequence[UUID]) -> list[Finding]:
    """Names of other people in the parts to be signed."""
    by_id = there.by_id
    return screen(
        text_in(there.group.words, GROUP_TEXTS) if group else "",
        {key: text_in(by_id[key].words, PART_TEXTS) for key in parts},
        [person.named for person in there.people],
    )


def _can_be_signed_now(
    session: GroupSession, started_at: datetime, ended_at: datetime, at: datetime
) -> None:
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


def _chosen(there: Desk, seen: Mapping[UUID | None, int]) -> dict[UUID | None, Part]:
    """The parts to sign, as they were read."""
    by_id = there.by_id
    if not seen:
        raise Refused("There is nothing to sign yet. Write the notes first.", code="nothing")
    chosen: dict[UUID | None, Part] = {}
    for key, version in seen.items():
        part = there.group if key is GROUP else by_id.get(key)
        if part is None:
            raise Refused(
                "Somebody here is no longer on the roster. Load the page again.",
                code="not-on-roster",
            )
        if part.signed:
            raise Refused(
                "These notes are signed already. Add an addendum if something is missing.",
                code="signed",
            )
        if part.version != version:
            raise Refused(
                "The notes changed since you opened this page. Read them again, then sign.",
                code="changed",
            )
        chosen[key] = part
    return chosen


def _ready(group: Part | None, parts: Mapping[UUID | None, Part]) -> None:
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


def _standing(session: GroupSession, by: User) -> tuple[ClearanceFile, bool]:
    """The signer's file and whether they lead; refused without clearance on that day."""
    slot = (
        SessionFacilitator.objects.filter(session=session, person=by, active=True)
        .values_list("facilitator_id", "part")
        .get()
    )
    leads = slot[1] == Leads.LEAD
    file = files_of([slot[0]])[slot[0]]
    found = file.on(session.local_date, as_lead=leads)
    if not found.cleared:
        raise Refused(
            f"You were not cleared on {wording.day(session.local_date)}: {found.sentence} "
            "Your text is kept; talk to your supervisor.",
            code="not-cleared",
        )
    return file, leads


def credential_in_words(file: ClearanceFile, session: GroupSession, leads: bool) -> str:
    """The credential on the day of the session, as it stands on the note."""
    day = session.local_date
    valid = credential_on(file.certified, day)
    if valid is None:
        stage = Stage(file.stage_on(day)).label
        return (
            f"Peer facilitator, {stage.lower()}" if leads else f"Peer facilitator ({stage.lower()})"
        )
    number = next(
        c.number for c in file.credentials
        if (c.kind, c.issued_on, c.expires_on) == (valid.kind, valid.issued_on, valid.expires_on)
    )  # fmt: skip
    return f"{CertificationKind(valid.kind).label} {number}"[:120]


def _needs_cosignature(file: ClearanceFile, session: GroupSession, asked: Sequence[str]) -> bool:
    """Policy names stages and kinds of certification whose notes are cosigned. Without a valid
    certification, that is by a supervisor's leave, a note is cosigned wherever policy asks at all."""
    kind = file.credential_kind_on(session.local_date)
    return file.stage_on(session.local_date) in asked or kind in asked or (not kind and bool(asked))


def minutes_of(
    session: GroupSession, person: Person, started_at: datetime, ended_at: datetime
) -> int:
    """Whole minutes that somebody was there while it truly ran; 0 for who did not come."""
    if not person.came:
        return 0
    zone = ZoneInfo(session.program.zone)
    arrived, departed = (
        datetime.combine(session.local_date, clock, zone) if clock else None
        for clock in (person.arrived, person.departed)
    )
    return minutes_attended(started_at, ended_at, arrived, departed)


def _explanations(findings: Sequence[Finding], explained: Mapping[str, str]) -> dict[str, str]:
    open_ones = [f for f in findings if not explained.get(f.key, "").strip()]
    if open_ones:
        raise Refused(
            f"{wording.listing(sorted({f.found for f in open_ones}))}: other people's names stand "
            "in these notes. Take them out, or say why they must stay.",
            code="names",
        )
    return {f.key: explained[f.key].strip() for f in findings}


def _keep_explanations(
    signed: Signed, reasons: Mapping[str, str], *, by: User, at: datetime
) -> None:
    of_part = {str(note.participant_id): note for note in signed.parts}
    rows = []
    for key, words in reasons.items():
        part = key.partition(":")[0]
        note = {"group_note": signed.group} if part == "group" else {"progress_note": of_part[part]}
        rows.append(Addendum(**note, by=by, at=at, reason=EXPLAINED, words=words))
    Addendum.objects.bulk_create(rows)


def _void_before(model: type[Any], **which: Any) -> Any:
    """The void note that a new one stands in for."""
    return model.objects.filter(replaced_by=None, notevoids__isnull=False, **which)
