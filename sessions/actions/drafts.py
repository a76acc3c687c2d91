"""Keeping what is being typed about a session."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from phpsupport.audit.trail import record, record_each
from phpsupport.lib.errors import Refused
from phpsupport.users.models import User
from sessions import policies
from sessions.actions.attendance import refuse
from sessions.models import (
    GROUP_WORDS,
    PART_WORDS,
    GroupNoteDraft,
    GroupSession,
    ProgressNoteDraft,
    SessionState,
)
from sessions.queries.desk import GROUP, Desk, Part, desk, unwritten

GONE = "Somebody here is no longer on the roster. Load the page again."


@dataclass(frozen=True)
class Typed:
    """One part as typed, and the version of the draft that the person had before them."""

    words: Mapping[str, Any]
    version: int = 0


@dataclass
class Saved:
    """What a save did. `stale` parts were not written: somebody else had saved other words."""

    versions: dict[UUID | None, int] = field(default_factory=dict)
    stale: dict[UUID | None, dict[str, Any]] = field(default_factory=dict)
    signed: list[UUID | None] = field(default_factory=list)
    changed: int = 0

    @property
    def whole(self) -> bool:
        """Whether everything that was typed is kept."""
        return not self.stale and not self.signed


def save_drafts(
    *, session: GroupSession, parts: Mapping[UUID | None, Typed], by: User, at: datetime
) -> Saved:
    """Keep these parts, all of which must be of people on the roster. See `save_typed`."""

    def all_here(there: Desk) -> Mapping[UUID | None, Typed]:
        if any(key is not GROUP and key not in there.by_id for key in parts):
            raise Refused(GONE, code="not-on-roster")
        return parts

    return save_typed(session=session, read=all_here, by=by, at=at)


@transaction.atomic
def save_typed(
    *,
    session: GroupSession,
    read: Callable[[Desk], Mapping[UUID | None, Typed]],
    by: User,
    at: datetime,
) -> Saved:
    """Keep what is being typed, as `read` makes it out against what stands now. Parts whose draft
    somebody else changed meanwhile are left as they are and reported as `stale` with the words that
    stand there; nothing is overwritten unseen."""
    refuse(policies.can_write_notes(by, session))
    session = _held(session)
    if session.state == SessionState.CANCELLED:
        raise Refused("This session was cancelled; there is no note to write.", code="cancelled")
    there = desk(session)
    saved = Saved()
    drafts: dict[Any, list[Any]] = {GroupNoteDraft: [], ProgressNoteDraft: []}
    begun = []
    for key, typed in read(there).items():
        part = there.group if key is GROUP else there.by_id[key]
        draft = _draft(session, key, part, typed, saved, by=by, at=at)
        if draft is not None:
            drafts[type(draft)].append(draft)
            if draft.version == 1:
                begun.append(draft)
    for model, rows in drafts.items():
        _store(model, rows)
    if begun:
        record_each("note.begun", by=by, at=at, objs=begun)
    return saved


@transaction.atomic
def let_go(
    *, session: GroupSession, participant_id: UUID, version: int, by: User, at: datetime
) -> bool:
    """Take away for good what was typed about somebody who is no longer on the roster, as it was
    read (`version`). False where it is gone already, so that a second click does no harm. The draft
    stays, empty and one version on, so that no page still open writes over what comes after."""
    refuse(policies.can_write_notes(by, session))
    there = desk(_held(session))
    if participant_id in there.by_id:
        raise Refused("They are on the roster again, with what was typed.", code="on-roster")
    if participant_id not in {part.id for part in there.away}:
        return False
    draft = ProgressNoteDraft.objects.get(session=session, participant_id=participant_id)
    if draft.version != version:
        raise Refused("These words changed meanwhile. Read them again.", code="changed")
    for name, nothing in unwritten(PART_WORDS).items():
        setattr(draft, name, nothing)
    draft.version, draft.author, draft.saved_at = version + 1, by, at
    draft.save()
    record("note.let_go", by=by, at=at, obj=draft)
    return True


def _held(session: GroupSession) -> GroupSession:
    return (
        GroupSession.objects.select_for_update(of=("self",))
        .select_related("series__group", "item")
        .get(pk=session.pk)
    )


def _draft(
    session: GroupSession,
    key: UUID | None,
    part: Part,
    typed: Typed,
    saved: Saved,
    *,
    by: User,
    at: datetime,
) -> GroupNoteDraft | ProgressNoteDraft | None:
    """The draft to store for one part, or None where nothing is to be written."""
    words = part.words_with(typed.words)
    if words == part.words:
        saved.versions[key] = part.version
        return None
    if part.signed:
        saved.signed.append(key)
        return None
    if typed.version != part.version:
        saved.stale[key] = part.words
        saved.versions[key] = part.version
        return None
    version = part.version + 1
    saved.versions[key] = version
    saved.changed += 1
    more: dict[str, Any] = {**words, "author": by, "saved_at": at, "version": version}
    if key is GROUP:
        return GroupNoteDraft(program_id=session.program_id, session=session, **more)
    return ProgressNoteDraft(
        program_id=session.program_id, session=session, participant_id=key, **more
    )


def _store(model: Any, rows: list[Any]) -> None:
    """New drafts and newer versions of drafts in one statement; the session's lock is held."""
    if not rows:
        return
    unique = ["session"] if model is GroupNoteDraft else ["session", "participant"]
    names = GROUP_WORDS if model is GroupNoteDraft else PART_WORDS
    written = [model._meta.get_field(name).name for name in names]  # `goal` for `goal_id`
    model.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=unique,
        update_fields=[*written, "version", "author", "saved_at"],
    )
