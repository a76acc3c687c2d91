"""Proving signatures: every digest and seal computed anew from what stands in the database.

A digest shows that words changed. A seal shows that they were written by whoever holds the key,
also where somebody computed a new digest. The trail shows what was signed and is gone. All is read
in batches by key, so that a run needs the same memory for a hundred notes and for three million.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Min, Model, OuterRef, Prefetch, Q, QuerySet, Subquery

from phpsupport.audit.models import AuditEvent
from phpsupport.lib.encryption import EncryptionError
from sessions import digest, sealing
from sessions.models import (
    GROUP_TEXTS,
    PART_TEXTS,
    Addendum,
    Cosignature,
    CosignatureDecision,
    GroupNote,
    NoteVoid,
    ProgressNote,
)

AT_ONCE: Final = 500
NOTES: Final[dict[str, Any]] = {"group note": GroupNote, "progress note": ProgressNote}
ENTRIES: Final[dict[str, Any]] = {
    "addendum": Addendum, "cosignature": Cosignature, "void": NoteVoid,
}  # fmt: skip

UNREADABLE: Final = "its words cannot be deciphered"
UNKNOWN_FORM: Final = "it names a form that does not exist"
CHANGED: Final = "the text is not the one that was signed"
NOT_OURS: Final = "its seal is not one of ours"
UNSEALED: Final = "it has no seal, though it came after the first that was sealed"
OUT_OF_ORDER: Final = "its time does not fit what stands beside it"
NOT_IN_TRAIL: Final = "the trail does not know that it was signed"
GONE: Final = "the trail says that it was signed, and it is gone"


@dataclass(frozen=True)
class Scope:
    """What is proved: everything, or from an instant on, or of one program."""

    since: datetime | None = None
    program_id: UUID | None = None


@dataclass
class Proof:
    """How many rows of each kind were checked, how many have no seal, and what does not hold."""

    counted: Counter[str] = field(default_factory=Counter)
    unsealed: Counter[str] = field(default_factory=Counter)
    wrong: list[tuple[str, UUID, str]] = field(default_factory=list)


def verify(scope: Scope | None = None) -> Proof:
    """Check every signed note, everything beside it, and what the trail says of both."""
    scope = scope or Scope()
    proof = Proof()
    begun = _first_seal()
    for kind, model in NOTES.items():
        _check_notes(proof, kind, model, scope, begun)
    for kind, model in ENTRIES.items():
        _check_entries(proof, kind, model, scope, begun)
    for event in TRACES:
        _check_trail(proof, event, scope)
    return proof


# --- rows --------------------------------------------------------------------------------------------
def _check_notes(proof: Proof, kind: str, model: Any, scope: Scope, begun: datetime | None) -> None:
    voids = NoteVoid.objects.filter(**{kind.replace(" ", "_"): OuterRef("replaces")})
    rows = model.objects.annotate(voided_at=Subquery(voids.values("at")[:1]))
    if scope.since:
        rows = rows.filter(signed_at__gte=scope.since)
    if scope.program_id:
        rows = rows.filter(program_id=scope.program_id)
    for ids, read in _batches(rows):
        told = set(
            AuditEvent.objects.filter(
                action="note.signed", object_type=model._meta.label_lower, object_id__in=ids
            ).values_list("object_id", flat=True)
        )
        proof.counted[kind] += len(ids)
        proof.wrong += [(kind, pk, NOT_IN_TRAIL) for pk in ids if pk not in told]
        for pk in ids:
            note = read.get(pk)
            if note is None:
                proof.wrong.append((kind, pk, UNREADABLE))
                continue
            proof.unsealed[kind] += not note.seal
            proof.wrong += [(kind, pk, why) for why in _faults_of_note(note, begun)]


def _faults_of_note(note: Any, begun: datetime | None) -> Iterator[str]:
    try:
        if sealing.digest_of_note(note) != note.digest:
            yield CHANGED
    except digest.UnknownForm:
        yield UNKNOWN_FORM
    yield from _faults_of_seal(note.seal, lambda: sealing.note_holds(note), note.signed_at, begun)
    too_early = note.signed_at < getattr(note, "ended_at", note.signed_at)
    if too_early or (
        note.replaces_id and not (note.voided_at and note.voided_at <= note.signed_at)
    ):
        yield OUT_OF_ORDER


def _check_entries(
    proof: Proof, kind: str, model: Any, scope: Scope, begun: datetime | None
) -> None:
    rows = model.objects.select_related(*_OF_NOTES).defer(*_NOT_ASKED)
    if model is Cosignature:
        rows = rows.prefetch_related(
            *(f"{note}__addendums" for note in _OF_NOTES),
            *(
                Prefetch(f"{n}__cosignatures", Cosignature.objects.defer("comment"))
                for n in _OF_NOTES
            ),
            *(Prefetch(f"{n}__notevoids", NoteVoid.objects.defer("reason")) for n in _OF_NOTES),
        )
    if scope.since:
        rows = rows.filter(at__gte=scope.since)
    if scope.program_id:
        of_program = Q(group_note__program_id=scope.program_id)
        rows = rows.filter(of_program | Q(progress_note__program_id=scope.program_id))
    for ids, read in _batches(rows):
        proof.counted[kind] += len(ids)
        for pk in ids:
            entry = read.get(pk)
            if entry is None:
                proof.wrong.append((kind, pk, UNREADABLE))
                continue
            proof.unsealed[kind] += not entry.seal
            proof.wrong += [(kind, pk, why) for why in _faults_of_entry(entry, begun)]


# An entry is proved by the digest of its note, whatever became of the note's words.
_OF_NOTES: Final = ("group_note", "progress_note")
_NOT_ASKED: Final = (
    *(f"group_note__{name}" for name in GROUP_TEXTS),
    *(f"progress_note__{name}" for name in (*PART_TEXTS, "goal_words")),
)


def _faults_of_entry(entry: Any, begun: datetime | None) -> Iterator[str]:
    note = entry.group_note or entry.progress_note
    if isinstance(entry, Cosignature):
        beside = note.addendums.all()
        addenda = sorted((a for a in beside if a.at <= entry.at), key=lambda a: (a.at, a.pk))
        if digest.cosignature_digest(entry, note.digest, addenda) != entry.digest:
            yield CHANGED
        if _too_late_for_an_answer(entry, note):
            yield OUT_OF_ORDER
    yield from _faults_of_seal(
        entry.seal, lambda: sealing.entry_holds(entry, note), entry.at, begun
    )
    if entry.at < note.signed_at:
        yield OUT_OF_ORDER


def _too_late_for_an_answer(answer: Cosignature, note: Any) -> bool:
    """Nothing is cosigned or returned once it is void, nor returned once it is cosigned."""
    if any(void.at < answer.at for void in note.notevoids.all()):
        return True
    given = (a.at for a in note.cosignatures.all() if a.decision == CosignatureDecision.GIVEN)
    return any(at < answer.at for at in given)


def _faults_of_seal(
    seal: str, holds: Callable[[], bool], at: datetime, begun: datetime | None
) -> Iterator[str]:
    if seal:
        if not holds():
            yield NOT_OURS
    elif begun and at >= begun:
        yield UNSEALED


def _first_seal() -> datetime | None:
    """When the first note was sealed: what has no seal came before."""
    firsts = (
        model.objects.exclude(seal="").aggregate(first=Min("signed_at"))["first"]
        for model in NOTES.values()
    )
    return min((first for first in firsts if first), default=None)


def _batches(rows: QuerySet[Any]) -> Iterator[tuple[list[UUID], dict[UUID, Any]]]:
    """All rows in the order of their keys, some at a time: the keys, and those that can be read."""
    last: UUID | None = None
    keys = rows.select_related(None).prefetch_related(None).order_by("pk")
    while True:
        ahead = keys.filter(pk__gt=last) if last else keys
        ids = list(ahead.values_list("pk", flat=True)[:AT_ONCE])
        if not ids:
            return
        yield ids, _read(rows, ids)
        last = ids[-1]


def _read(rows: QuerySet[Any], ids: Iterable[UUID]) -> dict[UUID, Any]:
    """Rows by key; where one cannot be deciphered, each alone."""
    ids = list(ids)
    try:
        return {row.pk: row for row in rows.filter(pk__in=ids)}
    except EncryptionError:
        if len(ids) == 1:
            return {}
        middle = len(ids) // 2
        return _read(rows, ids[:middle]) | _read(rows, ids[middle:])


# --- the trail ---------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Trace:
    """What an event of the trail says to be there: the note itself, or a row beside it by its key."""

    action: str
    kind: str = ""  # of ENTRIES; '' for the note
    key: str = ""  # under which the event holds the row's id

    def stored(self, event: AuditEvent) -> tuple[str, type[Model], UUID] | None:
        if not self.kind:
            for kind, model in NOTES.items():
                if model._meta.label_lower == event.object_type and event.object_id:
                    return kind, model, event.object_id
            return None
        named = event.detail.get(self.key)
        return (self.kind, ENTRIES[self.kind], UUID(named)) if named else None


TRACES: Final = (
    Trace("note.signed"),
    Trace("note.addendum", "addendum", "addendum"),
    Trace("note.cosigned", "cosignature", "cosignature"),
    Trace("note.returned", "cosignature", "cosignature"),
    Trace("note.void", "void", "void"),
)


def _check_trail(proof: Proof, trace: Trace, scope: Scope) -> None:
    events = AuditEvent.objects.filter(action=trace.action)
    if scope.since:
        events = events.filter(at__gte=scope.since)
    if scope.program_id:
        events = events.filter(program_id=scope.program_id)
    for _, read in _batches(events):
        asked: dict[tuple[str, type[Model]], set[UUID]] = {}
        for event in read.values():
            if found := trace.stored(event):
                asked.setdefault(found[:2], set()).add(found[2])
                proof.counted["event of the trail"] += 1
        for (kind, model), ids in asked.items():
            there = model._default_manager.filter(pk__in=ids).values_list("pk", flat=True)
            proof.wrong += [(kind, pk, GONE) for pk in sorted(ids - set(there))]
