"""What comes after a signature: dated words beside the note, and declaring it void."""

from datetime import datetime
from typing import Any

from django.db import transaction

from phpsupport.audit.trail import record
from phpsupport.lib.errors import Refused
from phpsupport.outbox.delivery import enqueue
from phpsupport.users.models import User
from sessions import policies
from sessions.actions.attendance import refuse
from sessions.messages import about_returned, about_waiting
from sessions.models import (
    GROUP_WORDS,
    PART_WORDS,
    Addendum,
    GroupNote,
    GroupNoteDraft,
    GroupSession,
    NoteVoid,
    ProgressNoteDraft,
)
from sessions.queries.desk import words_of
from sessions.queries.notes import Note

LONGEST_WORDS = 20_000


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
