"""What is written about one session so far: the desk of who writes its notes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sessions.models import (
    GROUP_WORDS,
    PART_WORDS,
    GroupNote,
    GroupNoteDraft,
    GroupSession,
    ProgressNote,
    ProgressNoteDraft,
)
from sessions.queries.attendance import Person, roster
from sessions.queries.notes import live

GROUP: Final = None  # the key of the group's part, where participants' ids are the others


def words_of(row: Any, names: Iterable[str]) -> dict[str, Any]:
    """The words of a draft or note by name."""
    return {name: getattr(row, name) for name in names}


def text_in(words: Mapping[str, Any], names: Iterable[str]) -> str:
    """All prose of one part, for looking through it."""
    return "\n".join(str(words[name]) for name in names if words.get(name))


def is_blank(words: Mapping[str, Any]) -> bool:
    """Whether nothing was written or chosen."""
    return not any(str(v).strip() if isinstance(v, str) else v for v in words.values())


@dataclass
class Part:
    """One part of the page: the group's (person None) or one person's."""

    person: Person | None
    words: dict[str, Any]
    version: int = 0
    saved_at: datetime | None = None
    signed: bool = False
    theirs: dict[str, Any] | None = None  # what somebody else saved in the meantime
    topic: str = ""  # the step of the curriculum, offered while nothing is written yet

    @property
    def key(self) -> str:
        return f"p-{self.person.participant_id}" if self.person else "group"

    @property
    def blank(self) -> bool:
        return is_blank(self.words)


@dataclass
class Desk:
    """Everything about the notes of one session that a writer needs."""

    people: list[Person]
    group: Part
    parts: list[Part]
    last_plan: str = ""
    with_parts: bool = True  # informal contact has the group note alone

    @property
    def by_id(self) -> dict[UUID, Part]:
        return {part.person.participant_id: part for part in self.parts if part.person}

    @property
    def came(self) -> list[Part]:
        """Parts of those who came or about whom something is written."""
        return [
            p for p in self.parts
            if p.person and ((p.person.came and self.with_parts) or not p.blank or p.signed)
        ]  # fmt: skip

    @property
    def others(self) -> list[Part]:
        """Parts of those who did not come and about whom nothing is written."""
        if not self.with_parts:
            return []
        shown = {id(part) for part in self.came}
        return [p for p in self.parts if id(p) not in shown and p.person and p.person.status]

    @property
    def unmarked(self) -> list[Person]:
        return [person for person in self.people if not person.status]

    @property
    def saved_at(self) -> datetime | None:
        times = [p.saved_at for p in (self.group, *self.parts) if p.saved_at and not p.signed]
        return max(times, default=None)

    @property
    def all_signed(self) -> bool:
        return self.group.signed and all(p.signed for p in self.came)


def desk(session: GroupSession) -> Desk:
    """Roster, drafts and what is signed already. Six queries; load the session with its group."""
    people = roster(session)
    group_draft = GroupNoteDraft.objects.filter(session=session).first()
    drafts = {d.participant_id: d for d in ProgressNoteDraft.objects.filter(session=session)}
    signed = {n.participant_id: n for n in live(ProgressNote).filter(session=session)}
    group_notes = list(
        live(GroupNote)
        .filter(session__series_id=session.series_id, session__starts_at__lte=session.starts_at)
        .select_related("session")
        .order_by("-session__starts_at")[:2]
    )
    here = next((n for n in group_notes if n.session_id == session.pk), None)
    before = next((n for n in group_notes if n.session_id != session.pk), None)
    group = _part(None, here or group_draft, GROUP_WORDS, signed=here is not None)
    if session.item and here is None and group_draft is None:
        group.topic = session.item.title
    return Desk(
        people=people,
        group=group,
        parts=[
            _part(
                person,
                signed.get(person.participant_id) or drafts.get(person.participant_id),
                PART_WORDS,
                signed=person.participant_id in signed,
            )
            for person in people
        ],
        last_plan=before.next_time if before else "",
        with_parts=session.series.group.progress_notes,
    )


def _part(person: Person | None, row: Any, names: Sequence[str], *, signed: bool) -> Part:
    if row is None:
        blank = {name: _UNWRITTEN.get(name, "") for name in names}  # what an empty form says
        return Part(person, blank)
    return Part(
        person,
        words_of(row, names),
        version=0 if signed else row.version,
        saved_at=None if signed else row.saved_at,
        signed=signed,
    )


_UNWRITTEN = {
    "confidentiality_reminder": False,
    "safety_concern": False,
    "written_together": False,
    "goal_id": None,
}
