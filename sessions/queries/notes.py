"""What is written about one session: drafts, signed notes, what stands beside them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q, QuerySet

from phpsupport.lib import wording
from sessions.models import (
    Addendum,
    Cosignature,
    CosignatureDecision,
    GroupNote,
    GroupNoteDraft,
    GroupSession,
    NoteVoid,
    Participation,
    ProgressNote,
    ProgressNoteDraft,
    Status,
)
from sessions.queries.attendance import Person, roster

GROUP_WORDS = (
    "topic", "what_was_done", "materials", "next_time", "confidentiality_reminder",
    "safety_concern",
)  # fmt: skip
PART_WORDS = ("participation", "own_words", "response", "follow_up", "written_together")
GROUP_TEXTS = ("topic", "what_was_done", "materials", "next_time")
# The reason of an addendum that speaks of somebody else: not for the participant's own view.
EXPLAINED = "Why another name stands here"
PART_TEXTS = ("own_words", "response", "follow_up")

Note = GroupNote | ProgressNote


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


def live(model: type[Any]) -> QuerySet[Any]:
    """Notes that stand: signed, neither void nor replaced."""
    return model.objects.filter(replaced_by=None, notevoids=None)


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
        blank = {
            name: False if name in _YES_NO else "" for name in names
        }  # what an empty form says
        return Part(person, blank)
    return Part(
        person,
        words_of(row, names),
        version=0 if signed else row.version,
        saved_at=None if signed else row.saved_at,
        signed=signed,
    )


_YES_NO = {"confidentiality_reminder", "safety_concern", "written_together"}


# --- signed notes, for reading ----------------------------------------------------------------------
@dataclass(frozen=True)
class Entry:
    """Something that stands beside a note."""

    what: str
    by: str
    when: str
    words: str = ""


@dataclass
class Sheet:
    """A signed note as it is read, all its values ready."""

    id: UUID
    kind: str  # group or progress
    session_id: UUID
    title: str
    mark: str
    parts: list[tuple[str, str]]
    ticks: list[str]
    author_id: UUID
    author: str
    credential: str
    signed: str
    signed_at: datetime
    due: str
    late: bool
    state: str  # waiting, returned, cosigned, final, void
    state_words: str
    entries: list[Entry] = field(default_factory=list)
    facts: str = ""
    addenda: int = 0

    @property
    def state_kind(self) -> str:
        return _STATE_KINDS[self.state]


_STATE_KINDS = {
    "waiting": "wait",
    "returned": "stop",
    "cosigned": "good",
    "final": "good",
    "void": "plain",
}


@dataclass
class _Beside:
    addenda: list[Addendum] = field(default_factory=list)
    answers: list[Cosignature] = field(default_factory=list)
    void: NoteVoid | None = None


def beside(notes: Iterable[Note]) -> dict[UUID, _Beside]:
    """Addenda, cosignatures and voids of notes. Three queries."""
    ids = [note.pk for note in notes]
    found: dict[UUID, _Beside] = defaultdict(_Beside)
    either = Q(group_note_id__in=ids) | Q(progress_note_id__in=ids)
    for addendum in Addendum.objects.filter(either).select_related("by").order_by("at", "pk"):
        found[_of(addendum)].addenda.append(addendum)
    for answer in Cosignature.objects.filter(either).select_related("by").order_by("at", "pk"):
        found[_of(answer)].answers.append(answer)
    for void in NoteVoid.objects.filter(either).select_related("by"):
        found[_of(void)].void = void
    return found


def _of(entry: Any) -> UUID:
    pk: UUID = entry.group_note_id or entry.progress_note_id
    return pk


def state_of(note: Note, there: _Beside) -> str:
    """Where a note stands: waiting, returned, cosigned, final or void."""
    if there.void:
        return "void"
    if not note.needs_cosignature:
        return "final"
    if any(a.decision == CosignatureDecision.GIVEN for a in there.answers):
        return "cosigned"
    returned = max((a.at for a in there.answers), default=None)
    if returned and not any(a.at > returned for a in there.addenda):
        return "returned"
    return "waiting"


def needs_an_answer(model: type[Any]) -> QuerySet[Any]:
    """Notes that wait for a cosignature: not given, not void, not returned since the last word."""
    returned = _answers(model, CosignatureDecision.RETURNED)
    open_return = returned.exclude(Exists(_later_word(model)))
    given = _answers(model, CosignatureDecision.GIVEN)
    return live(model).filter(~Exists(given), ~Exists(open_return), needs_cosignature=True)


def returned_notes(model: type[Any]) -> QuerySet[Any]:
    """Notes returned with a comment to which nothing was added yet."""
    returned = _answers(model, CosignatureDecision.RETURNED)
    open_return = returned.exclude(Exists(_later_word(model)))
    given = _answers(model, CosignatureDecision.GIVEN)
    return live(model).filter(Exists(open_return), ~Exists(given))


def _answers(model: type[Any], decision: str) -> QuerySet[Cosignature]:
    return Cosignature.objects.filter(**{_named(model): OuterRef("pk")}, decision=decision)


def _later_word(model: type[Any]) -> QuerySet[Addendum]:
    name = _named(model)
    return Addendum.objects.filter(**{name: OuterRef(name)}, at__gt=OuterRef("at"))


def _named(model: type[Any]) -> str:
    return "group_note" if model is GroupNote else "progress_note"


def sheets(
    notes: Sequence[Note],
    *,
    zone: str,
    names: Mapping[UUID, Person] | None = None,
    comments: bool = True,
) -> list[Sheet]:
    """Notes as they are read. Three queries; load them with author. `names` gives each progress
    note its person; `comments` shows what supervisors wrote."""
    if not notes:
        return []
    there = beside(notes)
    place = ZoneInfo(zone)
    return [_sheet(note, there[note.pk], place, names or {}, comments=comments) for note in notes]


def _sheet(
    note: Note, there: _Beside, place: ZoneInfo, names: Mapping[UUID, Person], *, comments: bool
) -> Sheet:
    def when(at: datetime) -> str:
        local = at.astimezone(place)
        return f"{wording.day(local)}, {wording.clock_time(local)}"

    state = state_of(note, there)
    entries = []
    for answer in there.answers:
        given = answer.decision == CosignatureDecision.GIVEN
        if given or comments:
            what = "Cosigned" if given else "Returned with a comment"
            words = answer.comment if comments else ""
            entries.append((answer.at, Entry(what, answer.by.name, when(answer.at), words)))
    for addendum in there.addenda:
        if addendum.reason == EXPLAINED and not comments:
            continue
        what = f"Addendum: {addendum.reason}"
        entries.append(
            (addendum.at, Entry(what, addendum.by.name, when(addendum.at), addendum.words))
        )
    if there.void:
        entries.append(
            (
                there.void.at,
                Entry("Declared void", there.void.by.name, when(there.void.at), there.void.reason),
            )
        )
    entries.sort(key=lambda pair: pair[0])
    said = {
        "waiting": "waits for a cosignature",
        "returned": "returned with a comment",
        "cosigned": "cosigned",
        "final": "signed",
        "void": "void",
    }
    if isinstance(note, GroupNote):
        kind, title, mark = "group", "Group note", ""
        labels: tuple[str, ...] = GROUP_TEXTS
        ticks = [
            words for yes, words in (
                (note.confidentiality_reminder, "Confidentiality reminder given"),
                (note.safety_concern, "Safety concern"),
            ) if yes
        ]  # fmt: skip
        starts, ends = note.started_at.astimezone(place), note.ended_at.astimezone(place)
        facts = f"{wording.span(starts, ends)} · {note.present} of {note.expected} came"
    else:
        person = names.get(note.participant_id)
        kind, title, mark = "progress", person.name if person else "", Status(note.status).label
        labels = PART_TEXTS
        ticks = ["Written together"] if note.written_together else []
        facts = wording.count(note.minutes, "minute")
        if note.participation:
            facts += f" · {Participation(note.participation).label.lower()}"
    return Sheet(
        id=note.pk,
        kind=kind,
        session_id=note.session_id,
        title=title,
        mark=mark,
        parts=[
            (
                str(getattr(type(note)._meta.get_field(name), "verbose_name", name)),
                getattr(note, name),
            )
            for name in labels
            if getattr(note, name)
        ],
        ticks=ticks,
        author_id=note.author_id,
        author=note.author.name,
        credential=note.credential,
        signed=when(note.signed_at),
        signed_at=note.signed_at,
        due=when(note.due_at),
        late=note.late,
        state=state,
        state_words=said[state],
        entries=[entry for _, entry in entries],
        facts=facts,
        addenda=len(there.addenda),
    )
