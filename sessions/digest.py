"""The bytes that a signature stands for. Pure: values in, text and SHA-256 out.

A note's text is the JSON of its facts and words as [name, value] pairs in the order written here,
without blanks, in UTF-8, with the name of the format first. Instants are in UTC with microseconds,
as the database keeps them. The order never changes; a later format gets another name.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

GROUP_NOTE: Final = (
    "id", "program_id", "session_id", "author_id", "signed_at", "due_at", "credential",
    "started_at", "ended_at", "present", "expected", "topic", "what_was_done", "materials", "next_time",
    "confidentiality_reminder", "safety_concern", "replaces_id",
)  # fmt: skip
PROGRESS_NOTE: Final = (
    "id", "program_id", "session_id", "participant_id", "author_id", "signed_at", "due_at",
    "credential", "status", "minutes", "participation", "own_words", "response", "follow_up",
    "written_together", "replaces_id",
)  # fmt: skip
ADDENDUM: Final = ("id", "by_id", "at", "reason", "words")
COSIGNATURE: Final = ("by_id", "at", "decision", "comment")


def text_of(form: str, pairs: Iterable[tuple[str, Any]]) -> str:
    """The canonical text of `pairs` under the name of their format."""
    body = [["format", form], *([name, _plain(value)] for name, value in pairs)]
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def digest_of(text: str) -> str:
    """SHA-256 of `text`, in hex."""
    return sha256(text.encode()).hexdigest()


def group_note_digest(note: Any) -> str:
    """What a group note's `digest` must be."""
    return digest_of(text_of("group-note-1", _named(note, GROUP_NOTE)))


def progress_note_digest(note: Any) -> str:
    """What a progress note's `digest` must be."""
    return digest_of(text_of("progress-note-1", _named(note, PROGRESS_NOTE)))


def cosignature_digest(answer: Any, note_digest: str, addenda: Sequence[Any]) -> str:
    """What a cosignature's `digest` must be: the answer over the note and its addenda until then."""
    pairs = [("note", note_digest), *_named(answer, COSIGNATURE)]
    for addendum in addenda:
        pairs += [(f"addendum.{name}", value) for name, value in _named(addendum, ADDENDUM)]
    return digest_of(text_of("cosignature-1", pairs))


def _named(row: Any, names: Iterable[str]) -> list[tuple[str, Any]]:
    return [(name, getattr(row, name)) for name in names]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if value is None or isinstance(value, bool | int):
        return value
    return str(value)
