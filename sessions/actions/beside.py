"""Storing what stands beside signed notes: sealed, in order, and in the trail. For acts that hold
the session: a signed row takes no lock of its own."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from phpsupport.audit.models import AuditEvent
from phpsupport.audit.trail import event
from phpsupport.users.models import User
from sessions.models import Addendum, GroupNote, GroupSession
from sessions.queries.notes import Note, beside
from sessions.sealing import seal_entry


def add_beside(
    rows: Iterable[tuple[Note, str, str]], *, by: User, at: datetime, automatic: bool = True
) -> list[Addendum]:
    """Store an addendum for each (note, reason, words); `automatic` are those that come with another
    act. Three statements, none for no rows."""
    asked = list(rows)
    if not asked:
        return []
    made, told = [], []
    there = beside(note for note, _, _ in asked)
    for note, reason, words in asked:
        moment = there[note.pk].after(note, at)
        addendum = Addendum(
            **names(note), by=by, at=moment, reason=reason, words=words, automatic=automatic
        )
        seal_entry(addendum, note)
        made.append(addendum)
        detail = {"addendum": str(addendum.pk)}
        told.append(event("note.addendum", by, at, note, None, detail))
    Addendum.objects.bulk_create(made)
    AuditEvent.objects.bulk_create(told)
    return made


def names(note: Note) -> dict[str, Any]:
    """How a row beside `note` names it."""
    return {"group_note" if isinstance(note, GroupNote) else "progress_note": note}


def locked(note: Note) -> Note:
    """The note with its session, group and site, read while the session is held."""
    GroupSession.objects.select_for_update(of=("self",)).get(pk=note.session_id)
    beside_it = ("session__program__site", "session__series__group")
    return type(note).objects.select_related(*beside_it).get(pk=note.pk)
