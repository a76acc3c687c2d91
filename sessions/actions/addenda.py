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
from sessions.actions.beside import add_beside, locked, names
from sessions.messages import about_returned, about_waiting
from sessions.models import (
    GROUP_WORDS,
    PART_WORDS,
    Addendum,
    GroupNote,
    GroupNoteDraft,
    NoteVoid,
    ProgressNoteDraft,
)
from sessions.queries.desk import words_of
from sessions.queries.notes import Note, beside
from sessions.sealing import seal_entry

LONGEST_REASON = 120
LONGEST_WORDS = 20_000
VERSIONS_APART = 100_000  # more than one draft is ever saved


@transaction.atomic
def add_addendum(*, note: Note, reason: str, words: str, by: User, at: datetime) -> Addendum:
    """Add dated words beside a signed note. A note that was returned waits again after it."""
    refuse(policies.can_add_to_note(by, note))
    reason, words = " ".join(reason.split()), words.strip()
    if not reason:
        raise Refused("Say why you add something.", field="reason")
    if not words:
        raise Refused("Write what you add.", field="words")
    if len(reason) > LONGEST_REASON:
        raise Refused(f"Give the reason in at most {LONGEST_REASON} characters.", field="reason")
    if len(words) > LONGEST_WORDS:
        raise Refused("This is too long for one addendum. Part it in two.", field="words")
    note = locked(note)
    there = beside([note])[note.pk]
    if there.void:
        raise Refused("This note is void. Write a new one instead.", code="void")
    own = [addendum for addendum in there.addenda if addendum.by_id == by.pk]
    if own and (own[-1].reason, own[-1].words) == (reason, words):
        return own[-1]  # a second click
    addendum = add_beside([(note, reason, words)], by=by, at=at)[0]
    if note.needs_cosignature and note.author_id == by.pk:
        enqueue(about_waiting([note], at=at), at=at)
    return addendum


@transaction.atomic
def void_note(*, note: Note, reason: str, by: User, at: datetime) -> NoteVoid:
    """Declare a signed note void. Its words stay readable, and begin the draft that replaces it."""
    refuse(policies.can_void_note(by, note))
    reason = reason.strip()
    if not reason:
        raise Refused("Say why the note is void.", field="reason")
    note = locked(note)
    there = beside([note])[note.pk]
    if there.void:
        raise Refused("This note is void already.", code="void")
    void = NoteVoid(**names(note), by=by, at=there.after(note, at), reason=reason)
    seal_entry(void, note)
    void.save()
    made: Any = {
        "program_id": note.program_id, "session_id": note.session_id, "author_id": note.author_id,
        "saved_at": at, "version": _version_apart(note),
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


def _version_apart(note: Note) -> int:
    """The first version of the draft that follows a void note. It is far from those of the drafts
    before, so that nobody who still has one of these open writes over it unseen."""
    slot = {"session_id": note.session_id}
    if not isinstance(note, GroupNote):
        slot["participant_id"] = note.participant_id
    return VERSIONS_APART * type(note).objects.filter(**slot, notevoids__isnull=False).count() + 1
