"""What comes after a signature: dated words beside the note, and declaring it void."""

from collections.abc import Mapping
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
from sessions.actions.naming import settled_beside, with_reasons
from sessions.messages import about_returned, about_waiting
from sessions.models import (
    EXPLAINED,
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
def add_addendum(
    *,
    note: Note,
    reason: str,
    words: str,
    by: User,
    at: datetime,
    explained: Mapping[str, str] | None = None,
) -> Addendum:
    """Add dated words beside a signed note. A note that was returned waits again after its author's.

    Somebody else's name in them is taken out, or explained (`explained` by the finding's key); the
    explanation stands beside the note, too.
    """
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
    own = [a for a in there.addenda if a.by_id == by.pk and not a.automatic]
    if own and (own[-1].reason, own[-1].words) == (reason, words):
        return own[-1]  # a second click
    why = settled_beside(note, f"{reason}\n{words}", explained, field="words", at=at)
    addendum = add_beside([(note, reason, words)], by=by, at=at, automatic=False)[0]
    add_beside([(note, EXPLAINED, stays) for stays in why], by=by, at=at)
    if note.needs_cosignature and note.author_id == by.pk:
        enqueue(about_waiting([note], at=at), at=at)
    return addendum


@transaction.atomic
def void_note(
    *,
    note: Note,
    reason: str,
    by: User,
    at: datetime,
    explained: Mapping[str, str] | None = None,
) -> NoteVoid:
    """Declare a signed note void. Its words stay readable to who may write beside it, and begin the
    draft that replaces it. Why a name stays in the reason (`explained` by the finding's key) stands
    at its end."""
    refuse(policies.can_void_note(by, note))
    reason = reason.strip()
    if not reason:
        raise Refused("Say why the note is void.", field="reason")
    note = locked(note)
    there = beside([note])[note.pk]
    if there.void:
        raise Refused("This note is void already.", code="void")
    reason = with_reasons(reason, settled_beside(note, reason, explained, field="reason", at=at))
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
