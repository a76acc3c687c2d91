"""Digest and seal of what is written once: a signed note and what stands beside it."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from phpsupport.lib.sealing import holds, seal
from sessions import digest
from sessions.models import Addendum, Cosignature, GroupNote, NoteVoid, ProgressNote

Note = GroupNote | ProgressNote
Entry = Addendum | Cosignature | NoteVoid

# By model: the purpose of the seal, and the text that it is over.
PURPOSES: Final[dict[type[Any], str]] = {
    GroupNote: "group note",
    ProgressNote: "progress note",
    Addendum: "addendum",
    Cosignature: "cosignature",
    NoteVoid: "void",
}
_TEXTS: Final[dict[type[Any], Callable[[Any, str], str]]] = {
    Addendum: digest.addendum_text,
    Cosignature: digest.cosignature_text,
    NoteVoid: digest.void_text,
}


def digest_of_note(note: Note) -> str:
    """What the note's digest must be. Raises `digest.UnknownForm`."""
    if isinstance(note, GroupNote):
        return digest.group_note_digest(note)
    return digest.progress_note_digest(note)


def seal_note(note: Note) -> None:
    """Give a note that is about to be stored its form, digest and seal."""
    note.form = digest.NEWEST
    note.digest = digest_of_note(note)
    note.seal = seal(digest.note_text(note), PURPOSES[type(note)])


def seal_entry(entry: Entry, note: Note, addenda: Sequence[Addendum] = ()) -> None:
    """Give what is about to stand beside `note` its seal, and a cosignature its digest: `addenda`
    are those that its signer read."""
    if isinstance(entry, Cosignature):
        entry.digest = digest.cosignature_digest(entry, note.digest, addenda)
    entry.seal = seal(_text(entry, note), PURPOSES[type(entry)])


def note_holds(note: Note) -> bool:
    """Whether the note's seal is one of ours."""
    return holds(note.seal, digest.note_text(note), PURPOSES[type(note)])


def entry_holds(entry: Entry, note: Note) -> bool:
    """Whether the seal of what stands beside `note` is one of ours."""
    return holds(entry.seal, _text(entry, note), PURPOSES[type(entry)])


def _text(entry: Entry, note: Note) -> str:
    return _TEXTS[type(entry)](entry, note.digest)
