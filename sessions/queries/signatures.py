"""Proving signatures: every digest computed anew from the words that stand in the database."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from phpsupport.lib.encryption import EncryptionError
from sessions import digest
from sessions.models import Cosignature, GroupNote, ProgressNote

AT_ONCE = 500


@dataclass
class Proof:
    """How many rows of each kind were checked, and which do not hold."""

    counted: dict[str, int] = field(default_factory=dict)
    wrong: list[tuple[str, UUID]] = field(default_factory=list)


def verify() -> Proof:
    """Check every signed note and every cosignature, in batches."""
    proof = Proof()
    _check(proof, "group note", GroupNote, digest.group_note_digest)
    _check(proof, "progress note", ProgressNote, digest.progress_note_digest)
    _check(proof, "cosignature", Cosignature, _cosignature)
    return proof


def _check(proof: Proof, name: str, model: Any, recomputed: Callable[[Any], str]) -> None:
    proof.counted[name] = 0
    for row in _rows(model):
        proof.counted[name] += 1
        try:
            holds = recomputed(row) == row.digest
        except EncryptionError:
            holds = False
        if not holds:
            proof.wrong.append((name, row.pk))


def _rows(model: Any) -> Iterator[Any]:
    rows = model.objects.order_by("pk")
    if model is Cosignature:
        rows = rows.select_related("group_note", "progress_note").prefetch_related(
            "group_note__addendums", "progress_note__addendums"
        )
    last: UUID | None = None
    while batch := list((rows.filter(pk__gt=last) if last else rows)[:AT_ONCE]):
        yield from batch
        last = batch[-1].pk


def _cosignature(answer: Cosignature) -> str:
    note = answer.group_note or answer.progress_note
    addenda = sorted(
        (a for a in note.addendums.all() if a.at <= answer.at),  # type: ignore[union-attr]
        key=lambda a: (a.at, a.pk),
    )
    return digest.cosignature_digest(answer, note.digest, addenda)  # type: ignore[union-attr]
