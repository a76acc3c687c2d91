"""Keeping what is being typed about a session."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from phpsupport.audit.trail import record
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
from sessions.queries.desk import GROUP, Part, desk


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


@transaction.atomic
def save_drafts(
    *, session: GroupSession, parts: Mapping[UUID | None, Typed], by: User, at: datetime
) -> Saved:
    """Keep what is being typed. Parts whose draft somebody else changed meanwhile are left as they
    are and reported as `stale` with the words that stand there; nothing is overwritten unseen."""
    refuse(policies.can_write_notes(by, session))
    session = (
        GroupSession.objects.select_for_update(of=("self",))
        .select_related("series__group")
        .get(pk=session.pk)
    )
    if session.state == SessionState.CANCELLED:
        raise Refused("This session was cancelled; there is no note to write.", code="cancelled")
    there = desk(session)
    saved = Saved()
    for key, typed in parts.items():
        part = there.group if key is GROUP else there.by_id.get(key)
        if part is None:
            raise Refused(
                "Somebody here is no longer on the roster. Load the page again.",
                code="not-on-roster",
            )
        _save_one(session, key, part, typed, saved, by=by, at=at)
    return saved


def _save_one(
    session: GroupSession,
    key: UUID | None,
    part: Part,
    typed: Typed,
    saved: Saved,
    *,
    by: User,
    at: datetime,
) -> None:
    names = GROUP_WORDS if key is GROUP else PART_WORDS
    words = {name: typed.words.get(name, part.words[name]) for name in names}
    if words == part.words:
        saved.versions[key] = part.version
    elif part.signed:
        saved.signed.append(key)
    elif typed.version != part.version:
        saved.stale[key] = part.words
        saved.versions[key] = part.version
    elif part.version == 0:
        made: Any = {"program_id": session.program_id, "session": session, "author": by}
        if key is GROUP:
            draft: Any = GroupNoteDraft(**made, **words, saved_at=at)
        else:
            draft = ProgressNoteDraft(**made, **words, saved_at=at, participant_id=key)
        draft.save(force_insert=True)
        record("note.begun", by=by, at=at, obj=draft)
        saved.versions[key] = draft.version
        saved.changed += 1
    else:
        draft = (
            GroupNoteDraft.objects.get(session=session)
            if key is GROUP
            else ProgressNoteDraft.objects.get(session=session, participant_id=key)
        )
        for name, value in words.items():
            setattr(draft, name, value)
        draft.version, draft.author, draft.saved_at = part.version + 1, by, at
        draft.save(update_fields=[*names, "version", "author", "saved_at"])
        saved.versions[key] = draft.version
        saved.changed += 1
