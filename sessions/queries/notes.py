"""Signed notes as they are read, and what stands beside them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from phpsupport.lib import wording
from phpsupport.lib.mixed import mixed
from sessions import due
from sessions.models import (
    EXPLAINED,
    GROUP_TEXTS,
    PART_TEXTS,
    Addendum,
    Cosignature,
    CosignatureDecision,
    GroupNote,
    NoteVoid,
    Participation,
    ProgressNote,
    Status,
)
from sessions.queries.attendance import Person

Note = GroupNote | ProgressNote


def live(model: type[Any]) -> QuerySet[Any]:
    """Notes that stand: signed, neither void nor replaced."""
    return model.objects.filter(replaced_by=None, notevoids=None)


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
    late: str  # how long after it was due it was signed; '' in time
    state: str  # one of STATES
    entries: list[Entry] = field(default_factory=list)
    facts: str = ""
    addenda: int = 0
    can_add: bool = False  # whether the reader may write beside it, or declare it void
    closed: bool = False  # void, and not the reader's: only that it is
    month: str = ""  # on a participant's record
    group_part: "Sheet | None" = None  # the nameless part, for the care team

    @property
    def state_kind(self) -> str:
        return STATES[self.state][1]

    @property
    def late_words(self) -> str:
        return f"signed {self.late} late" if self.late else ""

    @property
    def state_words(self) -> str:
        return STATES[self.state][0]


# Where a note stands: the words for it everywhere, and their kind.
STATES: Final[Mapping[str, tuple[str, str]]] = {
    "waiting": ("waiting for a cosignature", "wait"),
    "returned": ("returned", "stop"),
    "cosigned": ("cosigned and locked", "good"),
    "final": ("locked", "good"),
    "void": ("void", "plain"),
}


@dataclass
class Beside:
    """What stands beside one note."""

    addenda: list[Addendum] = field(default_factory=list)
    answers: list[Cosignature] = field(default_factory=list)
    void: NoteVoid | None = None

    def after(self, note: Note, at: datetime) -> datetime:
        """`at`, or the first moment after all that stands here. Who waited for the lock comes later
        than who had it, whatever their clocks said: a cosignature is over the addenda before it."""
        entries: list[Any] = [*self.addenda, *self.answers, *([self.void] if self.void else [])]
        last = max((entry.at for entry in entries), default=None)
        if last is None:
            return max(at, note.signed_at)
        return max(at, last + timedelta(microseconds=1))


_ENTRY: Final = (
    "id", "group_note_id", "progress_note_id", "at", "seal",
    "by_id", "by__first_name", "by__last_name", "by__preferred_name",
    "reason", "words", "automatic", "decision", "comment", "digest",
)  # fmt: skip


def beside(notes: Iterable[Note]) -> dict[UUID, Beside]:
    """Addenda, cosignatures and voids of notes, in time. One query."""
    ids = [note.pk for note in notes]
    either = Q(group_note_id__in=ids) | Q(progress_note_id__in=ids)
    kinds: tuple[Any, ...] = (Addendum, Cosignature, NoteVoid)
    rows = (kind.objects.filter(either).order_by() for kind in kinds)
    found: dict[UUID, Beside] = defaultdict(Beside)
    for entry in sorted(mixed(_ENTRY, *rows), key=lambda entry: (entry.at, entry.pk)):
        there = found[_of(entry)]
        if isinstance(entry, Addendum):
            there.addenda.append(entry)
        elif isinstance(entry, Cosignature):
            there.answers.append(entry)
        else:
            there.void = entry
    return found


def _of(entry: Any) -> UUID:
    pk: UUID = entry.group_note_id or entry.progress_note_id
    return pk


def state_of(note: Note, there: Beside) -> str:
    """Where a note stands: one of STATES."""
    if there.void:
        return "void"
    if not note.needs_cosignature:
        return "final"
    if any(a.decision == CosignatureDecision.GIVEN for a in there.answers):
        return "cosigned"
    returned = max((a.at for a in there.answers), default=None)
    if returned and not any(a.at > returned and _is_an_answer(note, a) for a in there.addenda):
        return "returned"
    return "waiting"


# --- what answers a comment: the author's own words, here of a row and there of all ----------------
def _is_an_answer(note: Note, addendum: Addendum) -> bool:
    return addendum.by_id == note.author_id and not addendum.automatic


def _answer_since(model: type[Any]) -> QuerySet[Addendum]:
    """For rows beside notes of this kind: what their author wrote after them."""
    name = _named(model)
    return Addendum.objects.filter(
        **{name: OuterRef(name), "by": F(f"{name}__author")}, at__gt=OuterRef("at"), automatic=False
    )


def needs_an_answer(model: type[Any]) -> QuerySet[Any]:
    """Notes that wait for a cosignature: not given, not void, not returned without an answer."""
    returned = _answers(model, CosignatureDecision.RETURNED)
    open_return = returned.exclude(Exists(_answer_since(model)))
    given = _answers(model, CosignatureDecision.GIVEN)
    return live(model).filter(~Exists(given), ~Exists(open_return), needs_cosignature=True)


def returned_notes(model: type[Any]) -> QuerySet[Any]:
    """Notes returned with a comment that their author has not answered yet."""
    returned = _answers(model, CosignatureDecision.RETURNED)
    open_return = returned.exclude(Exists(_answer_since(model)))
    given = _answers(model, CosignatureDecision.GIVEN)
    return live(model).filter(Exists(open_return), ~Exists(given))


def next_returned(*, session_id: UUID, author_id: UUID) -> tuple[str, UUID] | None:
    """Kind and id of the first note of a session that came back to its author. Two queries."""
    of_author = {"session_id": session_id, "author_id": author_id}
    for kind, model in (("group", GroupNote), ("progress", ProgressNote)):
        rows = returned_notes(model).filter(**of_author).order_by("pk")
        for pk in rows.values_list("pk", flat=True)[:1]:
            return kind, pk
    return None


def _answers(model: type[Any], decision: str) -> QuerySet[Cosignature]:
    return Cosignature.objects.filter(**{_named(model): OuterRef("pk")}, decision=decision)


def _named(model: type[Any]) -> str:
    return "group_note" if model is GroupNote else "progress_note"


def sheets(
    notes: Sequence[Note],
    *,
    zone: str,
    answered: Collection[UUID],
    names: Mapping[UUID, Person] | None = None,
    own: bool = False,
    there: Mapping[UUID, Beside] | None = None,
) -> list[Sheet]:
    """Notes as they are read; load them with author. One query, none where it is known what is
    `there` beside them. `names` gives each progress note its person.

    Of the notes that the reader answers for (`answered`, see `policies.answered_for`) all is shown.
    Other readers see no comment with which one came back, and of a void one only that it is: it may
    be about somebody else. `own` are those of the participant who reads: without what explains
    another name.
    """
    if not notes:
        return []
    there = beside(notes) if there is None else there
    place = ZoneInfo(zone)
    return [
        _sheet(note, there[note.pk], place, names or {}, inside=note.pk in answered, own=own)
        for note in notes
    ]


def opened(notes: Iterable[Note], read: Iterable[Sheet]) -> list[Note]:
    """Those of the notes whose words are on the sheets."""
    closed = {sheet.id for sheet in read if sheet.closed}
    return [note for note in notes if note.pk not in closed]


def _sheet(
    note: Note,
    there: Beside,
    place: ZoneInfo,
    names: Mapping[UUID, Person],
    *,
    inside: bool,
    own: bool,
) -> Sheet:
    def when(at: datetime) -> str:
        local = at.astimezone(place)
        return f"{wording.day(local)}, {wording.clock_time(local)}"

    state = state_of(note, there)
    if there.void and not inside:
        return _closed(note, names, void=when(there.void.at), signed=when(note.signed_at))
    entries = []
    for answer in there.answers:
        given = answer.decision == CosignatureDecision.GIVEN
        if given or inside:
            what = "Cosigned" if given else "Returned with a comment"
            entry = Entry(what, answer.by.name, when(answer.at), answer.comment)
            entries.append((answer.at, entry))
    for addendum in there.addenda:
        if addendum.reason == EXPLAINED and own:
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
    kind, title = _kind_and_title(note, names)
    if isinstance(note, GroupNote):
        mark = ""
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
        mark = Status(note.status).label
        labels = ("goal_words", *PART_TEXTS)
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
        due=due.in_words(note.due_at, str(place)),
        late=due.apart(note.signed_at - note.due_at) if note.late else "",
        state=state,
        entries=[entry for _, entry in entries],
        facts=facts,
        addenda=len(there.addenda),
        can_add=inside and not there.void,
    )


def _closed(note: Note, names: Mapping[UUID, Person], *, void: str, signed: str) -> Sheet:
    """Of a void note: that it is, since when, and who signed it."""
    kind, title = _kind_and_title(note, names)
    return Sheet(
        id=note.pk,
        kind=kind,
        session_id=note.session_id,
        title=title,
        mark="",
        parts=[],
        ticks=[],
        author_id=note.author_id,
        author=note.author.name,
        credential=note.credential,
        signed=signed,
        signed_at=note.signed_at,
        due="",
        late="",
        state="void",
        entries=[Entry("Declared void", "", void)],
        closed=True,
    )


def _kind_and_title(note: Note, names: Mapping[UUID, Person]) -> tuple[str, str]:
    if isinstance(note, GroupNote):
        return "group", "Group note"
    person = names.get(note.participant_id)
    return "progress", person.name if person else ""
