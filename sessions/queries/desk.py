"""What is written about one session so far: the desk of who writes its notes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import BooleanField, ExpressionWrapper, Q

from participants.models import Goal, GoalState
from phpsupport.lib import wording
from phpsupport.lib.mixed import mixed
from phpsupport.users.models import User
from sessions.models import (
    GROUP_WORDS,
    PART_WORDS,
    GroupNote,
    GroupNoteDraft,
    GroupSession,
    ProgressNote,
    ProgressNoteDraft,
    SafetyConcern,
)
from sessions.queries.attendance import Person, roster
from sessions.queries.notes import live
from sessions.queries.safety import was_raised_at

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


@dataclass(frozen=True)
class GoalLine:
    """One goal of a person, in their own words; `ended` says how it ended, '' while it is open."""

    id: UUID
    words: str
    ended: str = ""


@dataclass(frozen=True)
class LastTime:
    """What was to come next for one person, from the last note of theirs that the reader may read."""

    note: ProgressNote
    words: str
    when: str


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
    goals: list[GoalLine] = field(default_factory=list)  # all of the person's, also ended ones
    last: LastTime | None = None
    before: LastTime | None = None  # their last note, also where it says nothing of what comes next

    @property
    def key(self) -> str:
        return f"p-{self.person.participant_id}" if self.person else "group"

    @property
    def blank(self) -> bool:
        return is_blank(self.words)

    @property
    def goal(self) -> GoalLine | None:
        """The goal that this part is linked to."""
        return next((goal for goal in self.goals if goal.id == self.words.get("goal_id")), None)

    @property
    def state(self) -> str:
        """How far it is: empty, begun, done (what one would want to read is there) or signed."""
        if self.signed:
            return "signed"
        if self.blank:
            return "empty"
        if self.person is None:
            return "done" if self.words["what_was_done"] else "begun"
        said = self.words["own_words"] or self.words["response"]
        return "done" if said and self.words["participation"] else "begun"


@dataclass
class Desk:
    """Everything about the notes of one session that a writer needs."""

    people: list[Person]
    group: Part
    parts: list[Part]
    last_plan: str = ""
    last_plan_on: str = ""
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
    def last_read(self) -> list[ProgressNote]:
        """The signed notes of before from which something is shown."""
        return [part.last.note for part in self.parts if part.last]

    @property
    def all_signed(self) -> bool:
        return self.group.signed and all(p.signed for p in self.came)


def desk(session: GroupSession, *, reader: User | None = None) -> Desk:
    """Roster, drafts, goals and what is signed already; with `reader` also what was to come next
    for each person. Four queries; load the session with its group."""
    people = roster(session)
    ids = [person.participant_id for person in people]
    drafts, signed, last = _parts(session, ids, reader)
    goals: dict[UUID, list[GoalLine]] = {pk: [] for pk in ids}
    for goal in Goal.objects.filter(participant_id__in=ids):
        ended = "" if goal.state == GoalState.OPEN else GoalState(goal.state).label.lower()
        goals[goal.participant_id].append(GoalLine(goal.pk, goal.words, ended))
    draft, here, before, raised = _group(session)
    group = _part(None, here or draft, GROUP_WORDS, signed=here is not None)
    if here is None:  # nobody ticks it: the note will say whether a safety concern was raised
        group.words["safety_concern"] = raised
    if session.item and here is None and draft is None:
        group.topic = session.item.title
    parts = []
    for person in people:
        pk = person.participant_id
        note = signed.get(pk)
        part = _part(person, note or drafts.get(pk), PART_WORDS, signed=note is not None)
        part.goals, part.before = goals[pk], last.get(pk)
        part.last = part.before if part.before and part.before.words else None
        parts.append(part)
    return Desk(
        people=people,
        group=group,
        parts=parts,
        last_plan=before.next_time if before else "",
        last_plan_on=wording.day(before.session.local_date) if before else "",
        with_parts=session.series.group.progress_notes,
    )


def _group(
    session: GroupSession,
) -> tuple[GroupNoteDraft | None, GroupNote | None, GroupNote | None, bool]:
    """The draft and the note of this session's group, the last note before, and whether a safety
    concern was raised. One query."""
    notes = live(GroupNote).filter(
        session__series_id=session.series_id, session__starts_at__lte=session.starts_at
    )
    rows = mixed(
        (*GROUP_WORDS, "version", "saved_at", "session_id", "session__local_date"),
        GroupNoteDraft.objects.filter(session=session),
        notes.order_by("-session__starts_at")[:2],
        was_raised_at(session.pk).order_by(),
    )
    draft = here = before = None
    raised = False
    for row in rows:
        if isinstance(row, SafetyConcern):
            raised = True
        elif isinstance(row, GroupNoteDraft):
            draft = row
        elif row.session_id == session.pk:
            here = row
        else:
            before = row
    return draft, here, before, raised


def _parts(
    session: GroupSession, ids: Sequence[UUID], reader: User | None
) -> tuple[dict[UUID, ProgressNoteDraft], dict[UUID, ProgressNote], dict[UUID, LastTime]]:
    """The parts of this session, as drafts and signed, and for a reader the last one before of each
    person in this series, as far as the reader may read it. One query."""
    here = Q(session=session)
    which = here
    if reader is not None:
        before = ProgressNote.objects.visible_to(reader).filter(
            session__series_id=session.series_id,
            session__starts_at__lt=session.starts_at,
            participant_id__in=ids,
        )
        which |= Q(pk__in=before.values("pk"))
    notes = (
        live(ProgressNote)
        .filter(which)
        .annotate(here=ExpressionWrapper(here, output_field=BooleanField()))
        .order_by("participant_id", "here", "-session__starts_at")
        .distinct("participant_id", "here")
    )
    rows = mixed(
        ("id", "program_id", "participant_id", *PART_WORDS, "version", "saved_at", "here",
         "session_id", "session__local_date"),
        ProgressNoteDraft.objects.filter(session=session),
        notes,
    )  # fmt: skip
    drafts: dict[UUID, ProgressNoteDraft] = {}
    signed: dict[UUID, ProgressNote] = {}
    last: dict[UUID, LastTime] = {}
    for row in rows:
        if isinstance(row, ProgressNoteDraft):
            drafts[row.participant_id] = row
        elif row.here:
            signed[row.participant_id] = row
        else:
            when = wording.day(row.session.local_date)
            last[row.participant_id] = LastTime(row, row.follow_up, when)
    return drafts, signed, last


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
