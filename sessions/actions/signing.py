"""Signing the notes of a session: words and signature become rows that are written once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from facilitators.clearance import credential_on
from facilitators.models import CertificationKind, Stage
from facilitators.queries.clearance import ClearanceFile
from participants.models import Goal
from phpsupport.audit.trail import record_each
from phpsupport.lib.errors import Refused
from phpsupport.outbox.delivery import enqueue
from phpsupport.users.models import User
from sessions import due, policies
from sessions.actions import before_signing as before
from sessions.actions.attendance import refuse
from sessions.actions.before_signing import findings_in
from sessions.actions.beside import add_beside
from sessions.messages import about_waiting
from sessions.minutes import instant_of, minutes_attended
from sessions.models import (
    EXPLAINED,
    GroupNote,
    GroupNoteDraft,
    GroupSession,
    ProgressNote,
    ProgressNoteDraft,
    SessionState,
)
from sessions.queries.attendance import Person
from sessions.queries.desk import GROUP, Desk, Part, desk
from sessions.queries.due import closed_days
from sessions.queries.nearby import nearby
from sessions.queries.notes import Note, live
from sessions.sealing import seal_note

__all__ = ["Signed", "findings_in", "sign_notes"]


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
    attendance: int | None = None,
) -> Signed:
    """Sign the group's part and people's parts: `seen` names them (None is the group's) with the
    version of each draft that the person read, `attendance` is the version of the session's
    attendance that stood beside them. All or none.

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
    before.can_be_signed_now(session, started_at, ended_at, at)
    there = desk(session)
    chosen = before.chosen(there, seen)
    if attendance not in (None, session.attendance_version):
        raise Refused(
            "Attendance changed since you opened this page. Read it again, then sign.",
            code="changed",
        )
    group = chosen.pop(GROUP, None)
    before.ready(group, chosen)
    file, leads = before.standing(session, by)
    findings = findings_in(
        there,
        group=group is not None,
        parts=[key for key in chosen if key],
        among=nearby(session, there.people),
    )
    reasons = before.explanations(findings, explained or {})

    facts = _facts(session, file, leads=leads, by=by, at=at)
    signed = Signed(
        _group_note(session, there, group, started_at, ended_at, facts) if group else None,
        _progress_notes(session, chosen, started_at, ended_at, facts),
    )
    for note in signed.notes:
        seal_note(note)
    if signed.group:
        signed.group.save()
        GroupNoteDraft.objects.filter(session=session).delete()
    ProgressNote.objects.bulk_create(signed.parts)
    ProgressNoteDraft.objects.filter(session=session, participant_id__in=list(chosen)).delete()
    _keep_explanations(signed, reasons, by=by, at=at)
    if session.state == SessionState.SCHEDULED:
        session.state = SessionState.HELD
        session.save(update_fields=["state"])
    record_each("note.signed", by=by, at=at, objs=signed.notes)
    if signed.needs_cosignature:
        enqueue(about_waiting(signed.notes, at=at), at=at)
    return signed


def _facts(
    session: GroupSession, file: ClearanceFile, *, leads: bool, by: User, at: datetime
) -> dict[str, Any]:
    """What every note of one signature says."""
    policy = file.rules.policy_on(session.local_date)
    closed = closed_days(session.program_id, since=session.local_date)
    return {
        "program_id": session.program_id,
        "session_id": session.pk,
        "author": by,
        "signed_at": at,
        "due_at": due.due_at(session.ends_at, session.program.zone, policy, closed),
        "credential": credential_in_words(file, session, leads),
        "needs_cosignature": _needs_cosignature(file, session, policy["cosign_for"]),
    }


def _group_note(
    session: GroupSession,
    there: Desk,
    part: Part,
    started_at: datetime,
    ended_at: datetime,
    facts: Mapping[str, Any],
) -> GroupNote:
    return GroupNote(
        **facts,
        **part.words,
        started_at=started_at,
        ended_at=ended_at,
        present=sum(1 for person in there.people if person.came),
        expected=len(there.people),
        replaces=_void_before(GroupNote, session=session).first(),
    )


def _progress_notes(
    session: GroupSession,
    parts: Mapping[UUID | None, Part],
    started_at: datetime,
    ended_at: datetime,
    facts: Mapping[str, Any],
) -> list[ProgressNote]:
    people = {key: part.person for key, part in parts.items() if key and part.person}
    voided = {
        note.participant_id: note
        for note in _void_before(ProgressNote, session=session, participant_id__in=list(people))
    }
    wording = _goals_in_words(parts)
    return [
        ProgressNote(
            **facts,
            **parts[participant_id].words,
            goal_words=wording.get(participant_id, ""),
            participant_id=participant_id,
            status=person.status,
            minutes=minutes_of(session, person, started_at, ended_at),
            replaces=voided.get(participant_id),
        )
        for participant_id, person in people.items()
    ]


def _goals_in_words(parts: Mapping[UUID | None, Part]) -> dict[UUID | None, str]:
    """The goals that the parts speak of, as they are worded now; each is that person's own."""
    linked = {key: part.words["goal_id"] for key, part in parts.items() if part.words["goal_id"]}
    if not linked:
        return {}
    goals = Goal.objects.in_bulk([*linked.values()])
    for participant_id, goal_id in linked.items():
        if goal_id not in goals or goals[goal_id].participant_id != participant_id:
            raise Refused(
                "A goal that was chosen here is somebody else's. Choose it anew.", code="goal"
            )
    return {participant_id: goals[goal_id].words for participant_id, goal_id in linked.items()}


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
        instant_of(clock, session.starts_at, session.ends_at, zone) if clock else None
        for clock in (person.arrived, person.departed)
    )
    return minutes_attended(started_at, ended_at, arrived, departed)


def _keep_explanations(
    signed: Signed, reasons: Mapping[str, str], *, by: User, at: datetime
) -> None:
    of_part: dict[str, Note] = {str(note.participant_id): note for note in signed.parts}
    if signed.group:
        of_part["group"] = signed.group
    # One word that may name two people is explained once.
    beside = [(of_part[key.partition(":")[0]], EXPLAINED, words) for key, words in reasons.items()]
    add_beside(dict.fromkeys(beside), by=by, at=at)


def _void_before(model: type[Any], **which: Any) -> Any:
    """The void note that a new one stands in for."""
    return model.objects.filter(replaced_by=None, notevoids__isnull=False, **which)
