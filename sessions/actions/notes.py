"""Writing, signing, adding to and voiding the notes of a session."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from facilitators.clearance import credential_on
from facilitators.models import CertificationKind, Stage
from facilitators.queries.clearance import ClearanceFile, files_of
from phpsupport.audit.trail import record, record_each
from phpsupport.lib import wording
from phpsupport.lib.errors import Refused
from phpsupport.outbox.delivery import enqueue
from phpsupport.users.models import User
from sessions import digest, policies
from sessions.actions.attendance import OPENS_BEFORE, refuse
from sessions.messages import about_returned, about_waiting
from sessions.minutes import minutes_attended
from sessions.models import (
    Addendum,
    GroupNote,
    GroupNoteDraft,
    GroupSession,
    NoteVoid,
    ProgressNote,
    ProgressNoteDraft,
    SessionFacilitator,
    SessionState,
)
from sessions.models import Part as Leads
from sessions.queries.attendance import Person
from sessions.queries.notes import (
    EXPLAINED,
    GROUP_TEXTS,
    GROUP_WORDS,
    PART_TEXTS,
    PART_WORDS,
    Desk,
    Note,
    Part,
    desk,
    is_blank,
    live,
    text_in,
    words_of,
)
from sessions.screening import Finding, screen

GROUP = None  # the key of the group's part, where participants' ids are the others
LONGEST_WORDS = 20_000


# --- drafts -------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Typed:
    """One part as typed, and the version of the draft that the person had before them."""

    words: Mapping[str, Any]
    version: int = 0


@dataclass
class Saved:
    """What a save did. `stale` parts were not written: somebody else had saved other words."""

    versions: dict[UUID | None, int] = field(default_factory=dict)
    stale: dict[UUID | None, dict[str, Any]] = field(default_factory=dict)
    signed: list[UUID | None] = field(default_factory=list)
    changed: int = 0

    @property
    def whole(self) -> bool:
        """Whether everything that was typed is kept."""
        return not self.stale and not self.signed


@transaction.atomic
def save_drafts(
    *, session: GroupSession, parts: Mapping[UUID | None, Typed], by: User, at: datetime
) -> Saved:
    """Keep what is being typed. Parts whose draft somebody else changed meanwhile are left as they
    are and reported as `stale` with the words that stand there; nothing is overwritten unseen."""
    refuse(policies.can_write_notes(by, session))
    session = (
        GroupSession.objects.select_for_update(of=("self",))
        .select_related("series__group")
        .get(pk=session.pk)
    )
    if session.state == SessionState.CANCELLED:
        raise Refused("This session was cancelled; there is no note to write.", code="cancelled")
    there = desk(session)
    saved = Saved()
    for key, typed in parts.items():
        part = there.group if key is GROUP else there.by_id.get(key)
        if part is None:
            raise Refused(
                "Somebody here is no longer on the roster. Load the page again.",
                code="not-on-roster",
            )
        _save_one(session, key, part, typed, saved, by=by, at=at)
    return saved


def _save_one(
    session: GroupSession,
    key: UUID | None,
    part: Part,
    typed: Typed,
    saved: Saved,
    *,
    by: User,
    at: datetime,
) -> None:
    names = GROUP_WORDS if key is GROUP else PART_WORDS
    words = {name: typed.words.get(name, part.words[name]) for name in names}
    if words == part.words:
        saved.versions[key] = part.version
    elif part.signed:
        saved.signed.append(key)
    elif typed.version != part.version:
        saved.stale[key] = part.words
        saved.versions[key] = part.version
    elif part.version == 0:
        made: Any = {"program_id": session.program_id, "session": session, "author": by}
        if key is GROUP:
            draft: Any = GroupNoteDraft(**made, **words, saved_at=at)
        else:
            draft = ProgressNoteDraft(**made, **words, saved_at=at, participant_id=key)
        draft.save(force_insert=True)
        record("note.begun", by=by, at=at, obj=draft)
        saved.versions[key] = draft.version
        saved.changed += 1
    else:
        draft = (
            GroupNoteDraft.objects.get(session=session)
            if key is GROUP
            else ProgressNoteDraft.objects.get(session=session, participant_id=key)
        )
        for name, value in words.items():
            setattr(draft, name, value)
        draft.version, draft.author, draft.saved_at = part.version + 1, by, at
        draft.save(update_fields=[*names, "version", "author", "saved_at"])
        saved.versions[key] = draft.version
        saved.changed += 1


# --- signing ------------------------------------------------------------------------------------------
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


# --- after signing ------------------------------------------------------------------------------------
@transaction.atomic
def add_addendum(*, note: Note, reason: str, words: str, by: User, at: datetime) -> Addendum:
    """Add dated words beside a signed note. A note that was returned waits again after it."""
    refuse(policies.can_add_to_note(by, note))
    note = _locked(note)
    reason, words = " ".join(reason.split()), words.strip()
    if not reason:
        raise Refused("Say why you add something.", field="reason")
    if not words:
        raise Refused("Write what you add.", field="words")
    if NoteVoid.objects.filter(**_names(note)).exists():
        raise Refused("This note is void. Write a new one instead.", code="void")
    before = Addendum.objects.filter(**_names(note), by=by).order_by("-at").first()
    if before and (before.reason, before.words) == (reason[:120], words):
        return before
    addendum = Addendum.objects.create(
        **_names(note), by=by, at=at, reason=reason[:120], words=words[:LONGEST_WORDS]
    )
    record("note.addendum", by=by, at=at, obj=note, addendum=str(addendum.pk))
    if note.needs_cosignature and note.author_id == by.pk:
        enqueue(about_waiting([note], at=at), at=at)
    return addendum


@transaction.atomic
def void_note(*, note: Note, reason: str, by: User, at: datetime) -> NoteVoid:
    """Declare a signed note void. Its words stay readable, and begin the draft that replaces it."""
    refuse(policies.can_void_note(by, note))
    note = _locked(note)
    reason = reason.strip()
    if not reason:
        raise Refused("Say why the note is void.", field="reason")
    if NoteVoid.objects.filter(**_names(note)).exists():
        raise Refused("This note is void already.", code="void")
    void = NoteVoid.objects.create(**_names(note), by=by, at=at, reason=reason)
    made: Any = {
        "program_id": note.program_id, "session_id": note.session_id, "author_id": note.author_id,
        "saved_at": at,
    }  # fmt: skip
    if isinstance(note, GroupNote):
        GroupNoteDraft.objects.create(**made, **words_of(note, GROUP_WORDS))
    else:
        ProgressNoteDraft.objects.create(
            **made, participant_id=note.participant_id, **words_of(note, PART_WORDS)
        )
    record("note.void", by=by, at=at, obj=note, void=str(void.pk))
    if note.author_id != by.pk:
        enqueue([about_returned(note, at=at)], at=at)
    return void


def _locked(note: Note) -> Note:
    """The note again, while its session is held: a signed row takes no lock of its own."""
    GroupSession.objects.select_for_update(of=("self",)).get(pk=note.session_id)
    return type(note).objects.get(pk=note.pk)


def _names(note: Note) -> dict[str, Any]:
    return {"group_note" if isinstance(note, GroupNote) else "progress_note": note}
