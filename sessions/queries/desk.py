"""What is written about one session so far: the desk of who writes its notes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import BooleanField, ExpressionWrapper, Q

from participants.models import Goal, GoalState, Participant
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
from sessions.queries.attendance import Person, in_order, person_of, roster
from sessions.queries.notes import live
from sessions.queries.safety import was_raised_at

GROUP: Final = None  # the key of the group's part, where participants' ids are the others
_UNWRITTEN: Final = {
    "confidentiality_reminder": False,
    "safety_concern": False,
    "written_together": False,
    "goal_id": None,
}


def words_of(row: Any, names: Iterable[str]) -> dict[str, Any]:
    """The words of a draft or note by name."""
    return {name: getattr(row, name) for name in names}


def text_in(words: Mapping[str, Any], names: Iterable[str]) -> str:
    """All prose of one part, for looking through it."""
    return "\n".join(str(words[name]) for name in names if words.get(name))


def unwritten(names: Iterable[str]) -> dict[str, Any]:
    """The words of a part in which nothing stands, as an empty form says them."""
    return {name: _UNWRITTEN.get(name, "") for name in names}


def is_blank(words: Mapping[str, Any]) -> bool:
    """Whether nothing was written or chosen."""
    return not any(str(v).strip() if isinstance(v, str) else v for v in words.values())


@dataclass(frozen=True)
class GoalLine:
    """One goal of a person, in their own words; `ended` says how it ended, '' while it is open."""

    id: UUID
    words: str
    ended: str = ""

    @property
    def key(self) -> str:
        """As a form has it."""
        return str(self.id)


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
    topic: str = ""  # the step of the curriculum, which the group's part begins with
    goals: list[GoalLine] = field(default_factory=list)  # all of the person's, also ended ones
    last: LastTime | None = None
    before: LastTime | None = None  # their last note, also where it says nothing of what comes next

    @property
    def id(self) -> UUID | None:
        return self.person.participant_id if self.person else GROUP

    @property
    def key(self) -> str:
        return f"p-{self.id}" if self.id else "group"

    def words_with(self, typed: Mapping[str, Any]) -> dict[str, Any]:
        """All its words as they would be with those that were typed."""
        return {name: typed.get(name, stands) for name, stands in self.words.items()}

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
    # Drafts about people who are no longer on the roster: to be read, kept elsewhere or let go.
    away: list[Part] = field(default_factory=list)
    plan: GroupNote | None = None  # the group's last note, where it says what was planned
    with_parts: bool = True  # informal contact has the group note alone

    @property
    def by_id(self) -> dict[UUID, Part]:
        return {part.person.participant_id: part for part in self.parts if part.person}

    @property
    def last_plan(self) -> str:
        return self.plan.next_time if self.plan else ""

    @property
    def last_plan_on(self) -> str:
        return wording.day(self.plan.session.local_date) if self.plan else ""

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
    def last_read(self) -> list[GroupNote | ProgressNote]:
        """The signed notes of before from which something is shown."""
        plan = [self.plan] if self.plan and not self.group.signed else []
        return [*plan, *(part.last.note for part in self.parts if part.last)]

    @property
    def all_signed(self) -> bool:
        return self.group.signed and all(p.signed for p in self.came)


def desk(session: GroupSession, *, reader: User | None = None) -> Desk:
    """Roster, drafts, goals and what is signed already; with `reader` also what was to come next for
    the group and for each person, as far as the reader may read it. Four queries, and one more where
    drafts are about people no longer on the roster; load the session with its group."""
    people = roster(session)
    ids = [person.participant_id for person in people]
    drafts, signed, last = _parts(session, ids, reader)
    left = _left(session, people, drafts)
    goals: dict[UUID, list[GoalLine]] = {pk: [] for pk in [*ids, *left]}
    for goal in Goal.objects.filter(participant_id__in=[*goals]):
        ended = "" if goal.state == GoalState.OPEN else GoalState(goal.state).label.lower()
        goals[goal.participant_id].append(GoalLine(goal.pk, goal.words, ended))
    draft, here, plan, raised = _group(session, reader)
    group = _part(None, here or draft, GROUP_WORDS, signed=here is not None)
    if here is None:  # nobody ticks it: the note will say whether a safety concern was raised
        group.words["safety_concern"] = raised
    if session.item:
        group.topic = session.item.title
    parts = []
    for person in people:
        pk = person.participant_id
        note = signed.get(pk)
        part = _part(person, note or drafts.get(pk), PART_WORDS, signed=note is not None)
        part.goals, part.before = goals[pk], last.get(pk)
        part.last = part.before if part.before and part.before.words else None
        parts.append(part)
    away = []
    for pk, person in left.items():
        part = _part(person, drafts[pk], PART_WORDS, signed=False)
        part.goals = goals[pk]
        away.append(part)
    return Desk(
        people=people,
        group=group,
        parts=parts,
        away=away,
        plan=plan if plan and plan.next_time else None,
        with_parts=session.series.group.progress_notes,
    )


def _left(
    session: GroupSession, people: Sequence[Person], drafts: Mapping[UUID, ProgressNoteDraft]
) -> dict[UUID, Person]:
    """Of whom something is written and who is no longer on the roster, such as a walk-in who was
    taken off. A former chart of somebody who works here now stays closed. One query, or none."""
    here = {person.participant_id for person in people}
    gone = [
        pk for pk, draft in drafts.items()
        if pk not in here and not is_blank(words_of(draft, PART_WORDS))
    ]  # fmt: skip
    if not gone:
        return {}
    left = Participant.objects.filter(pk__in=gone, sealed_at=None)
    # Among those who are here, so that two people of one name are told apart.
    everybody = [*people, *(person_of(person, on=session.local_date) for person in left)]
    return {p.participant_id: p for p in in_order(everybody) if p.participant_id not in here}


def _group(
    session: GroupSession, reader: User | None
) -> tuple[GroupNoteDraft | None, GroupNote | None, GroupNote | None, bool]:
    """The draft and the note of this session's group, for a reader the last note before, as far as
    they may read it, and whether a safety concern was raised. One query."""
    rows = [
        GroupNoteDraft.objects.filter(session=session),
        live(GroupNote).filter(session=session),
        was_raised_at(session.pk).order_by(),
    ]
    if reader is not None:
        readable = GroupNote.objects.visible_to(reader).filter(
            session__series_id=session.series_id, session__starts_at__lt=session.starts_at
        )
        before = live(GroupNote).filter(pk__in=readable.values("pk"))
        rows.append(before.order_by("-session__starts_at")[:1])
    draft = here = last = None
    raised = False
    for row in mixed(
        ("id", "program_id", *GROUP_WORDS, "version", "saved_at", "session_id",
         "session__local_date"),
        *rows,
    ):  # fmt: skip
        if isinstance(row, SafetyConcern):
            raised = True
        elif isinstance(row, GroupNoteDraft):
            draft = row
        elif row.session_id == session.pk:
            here = row
        else:
            last = row
    return draft, here, last, raised


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
        return Part(person, unwritten(names))
    return Part(
        person,
        words_of(row, names),
        version=0 if signed else row.version,
        saved_at=None if signed else row.saved_at,
        signed=signed,
    )
