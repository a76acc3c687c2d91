"""The bytes that a signature stands for. Pure: values in, text and SHA-256 out.

A note's text is the JSON of its facts and words as [name, value] pairs in the order written here,
without blanks, in UTF-8, with the name of the format first. Instants are in UTC with microseconds,
as the database keeps them. A form never changes; what a later one adds gets another number, which
the note carries, and notes of the earlier forms are proved by theirs.

Form 1: facts and words. Form 2: also whether a cosignature is asked for, and, in a progress note,
the goal it speaks of with its wording on that day.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

NEWEST: Final = 2
_GROUP_NOTE_1: Final = (
    "id", "program_id", "session_id", "author_id", "signed_at", "due_at", "credential",
    "started_at", "ended_at", "present", "expected", "topic", "what_was_done", "materials", "next_time",
    "confidentiality_reminder", "safety_concern", "replaces_id",
)  # fmt: skip
_PROGRESS_NOTE_1: Final = (
    "id", "program_id", "session_id", "participant_id", "author_id", "signed_at", "due_at",
    "credential", "status", "minutes", "participation", "own_words", "response", "follow_up",
    "written_together", "replaces_id",
)  # fmt: skip
GROUP_NOTE: Final[Mapping[int, tuple[str, ...]]] = {
    1: _GROUP_NOTE_1,
    2: (*_GROUP_NOTE_1, "needs_cosignature"),
}
PROGRESS_NOTE: Final[Mapping[int, tuple[str, ...]]] = {
    1: _PROGRESS_NOTE_1,
    2: (*_PROGRESS_NOTE_1, "goal_id", "goal_words", "needs_cosignature"),
}
ADDENDUM: Final = ("id", "by_id", "at", "reason", "words")
COSIGNATURE: Final = ("by_id", "at", "decision", "comment")
VOID: Final = ("id", "by_id", "at", "reason")


class UnknownForm(ValueError):
    """A note names a form that was never written."""


def text_of(form: str, pairs: Iterable[tuple[str, Any]]) -> str:
    """The canonical text of `pairs` under the name of their format."""
    body = [["format", form], *([name, _plain(value)] for name, value in pairs)]
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def digest_of(text: str) -> str:
    """SHA-256 of `text`, in hex."""
    return sha256(text.encode()).hexdigest()


def group_note_digest(note: Any) -> str:
    """What a group note's `digest` must be."""
    return _note_digest("group-note", GROUP_NOTE, note)


def progress_note_digest(note: Any) -> str:
    """What a progress note's `digest` must be."""
    return _note_digest("progress-note", PROGRESS_NOTE, note)


def _note_digest(kind: str, forms: Mapping[int, tuple[str, ...]], note: Any) -> str:
    if note.form not in forms:
        raise UnknownForm(f"there is no form {note.form} of a {kind}")
    return digest_of(text_of(f"{kind}-{note.form}", _named(note, forms[note.form])))


def cosignature_digest(answer: Any, note_digest: str, addenda: Sequence[Any]) -> str:
    """What a cosignature's `digest` must be: the answer over the note and its addenda until then."""
    pairs = [("note", note_digest), *_named(answer, COSIGNATURE)]
    for addendum in addenda:
        pairs += [(f"addendum.{name}", value) for name, value in _named(addendum, ADDENDUM)]
    return digest_of(text_of("cosignature-1", pairs))


# --- what a seal is over: who has the key says that exactly this stood here ---------------------------
def note_text(note: Any) -> str:
    """A signed note's form and digest."""
    return text_of("note-seal-1", _named(note, ("id", "form", "digest")))


def cosignature_text(answer: Any, note_digest: str) -> str:
    """A cosignature, by its id and digest."""
    return text_of("cosignature-seal-1", [("note", note_digest), *_named(answer, ("id", "digest"))])


def addendum_text(addendum: Any, note_digest: str) -> str:
    """An addendum's words and facts, and the note beside which it stands."""
    pairs = [("note", note_digest), *_named(addendum, ADDENDUM)]
    if addendum.automatic:
        return text_of("addendum-seal-2", [*pairs, ("automatic", True)])
    return text_of("addendum-seal-1", pairs)


def void_text(void: Any, note_digest: str) -> str:
    """The void of a note and its reason."""
    return text_of("void-seal-1", [("note", note_digest), *_named(void, VOID)])


def _named(row: Any, names: Iterable[str]) -> list[tuple[str, Any]]:
    return [(name, getattr(row, name)) for name in names]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if value is None or isinstance(value, bool | int):
        return value
    return str(value)
