"""Finding signed notes: metadata narrows in the database, words are looked for in the newest 500.

Words of notes stand encrypted and have no index. What is not decrypted is not searched, and the page
says so.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import CharField, F, QuerySet, Value

from participants.models import Participant
from participants.names import display_name
from phpsupport.lib import wording
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions.finding import matches, snippet, terms_of
from sessions.models import GROUP_TEXTS, PART_TEXTS, GroupNote, ProgressNote
from sessions.policies import answered_for
from sessions.queries.notes import Beside, Note, Sheet, beside, sheets

DECRYPTED_AT_MOST: Final = 500
SHOWN_AT_MOST: Final = 50
_MODELS: Final[dict[str, Any]] = {"group": GroupNote, "progress": ProgressNote}


@dataclass(frozen=True)
class Narrowed:
    """What narrows a search before anything is decrypted."""

    group: UUID | None = None
    author: UUID | None = None
    person: str = ""  # a name or record number
    participant: UUID | None = None
    since: date | None = None
    until: date | None = None

    @property
    def by(self) -> list[str]:
        """By what, for the trail: no values."""
        return [name for name, value in vars(self).items() if value]


@dataclass(frozen=True)
class NoteFound:
    """One note that was found."""

    note: Note
    when: str
    group: str
    person: str
    author: str
    pieces: list[tuple[str, bool]]
    sheet: Sheet


@dataclass(frozen=True)
class Search:
    """What a search gave: `fitting` notes by metadata, `looked` of them decrypted."""

    fitting: int
    looked: int
    found: int
    notes: list[NoteFound] = field(default_factory=list)

    @property
    def cut(self) -> bool:
        """Whether older notes were not looked through."""
        return self.looked < self.fitting


def search_notes(*, user: User, program: Program, narrowed: Narrowed, words: str) -> Search:
    """Notes that the person may read and that hold all of `words`, the newest first. At most five
    queries, however many are found, and one for a supervisor; at most 500 notes are decrypted."""
    asked = {
        kind: _fitting(model, user, program, narrowed)
        for kind, model in _MODELS.items()
        if kind == "progress" or not (narrowed.person or narrowed.participant)
    }
    keys = [
        rows.annotate(
            kind=Value(kind, output_field=CharField()), began=F("session__starts_at")
        ).values_list("pk", "kind", "began")
        for kind, rows in asked.items()
    ]
    union = keys[0].union(*keys[1:], all=True) if len(keys) > 1 else keys[0]
    newest = list(union.order_by("-began", "pk")[: DECRYPTED_AT_MOST + 1])
    fitting = union.count() if len(newest) > DECRYPTED_AT_MOST else len(newest)
    newest = newest[:DECRYPTED_AT_MOST]
    terms = terms_of(words)
    notes = _loaded(newest if terms else newest[:SHOWN_AT_MOST])
    there, answered = beside(notes), answered_for(user, notes)
    texts = {note.pk: _texts(note, there[note.pk], inside=note.pk in answered) for note in notes}
    found = [note for note in notes if not terms or matches("\n".join(texts[note.pk]), terms)]
    shown = found[:SHOWN_AT_MOST]
    read = sheets(shown, zone=program.zone, answered=answered, there=there)
    hits = [
        _hit(note, sheet, texts[note.pk], terms, program)
        for note, sheet in zip(shown, read, strict=True)
    ]
    if not terms:
        return Search(fitting, fitting, fitting, hits)
    return Search(fitting, len(notes), len(found), hits)


def _fitting(model: Any, user: User, program: Program, by: Narrowed) -> QuerySet[Any]:
    rows = model.objects.visible_to(user).filter(program=program)
    if by.group:
        rows = rows.filter(session__series__group_id=by.group)
    if by.author:
        rows = rows.filter(author_id=by.author)
    if by.since:
        rows = rows.filter(session__local_date__gte=by.since)
    if by.until:
        rows = rows.filter(session__local_date__lte=by.until)
    if by.participant:
        rows = rows.filter(participant_id=by.participant)
    if by.person:
        people = Participant.objects.visible_to(user).matching(by.person)
        rows = rows.filter(participant_id__in=people.values("pk"))
    return rows


def _loaded(keys: list[tuple[UUID, str, Any]]) -> list[Note]:
    """The notes of the keys, in their order. Two queries."""
    there: dict[UUID, Note] = {}
    for kind, model in _MODELS.items():
        wanted = [pk for pk, of, _ in keys if of == kind]
        if not wanted:
            continue
        rows = model.objects.filter(pk__in=wanted).select_related(
            "author", "session__series__group"
        )
        if kind == "progress":
            rows = rows.select_related("participant").defer(
                "participant__date_of_birth",
                "participant__access_needs",
                "participant__facilitator_wishes",
            )
        there.update((row.pk, row) for row in rows)
    return [there[pk] for pk, _, _ in keys if pk in there]


def _texts(note: Note, there: Beside, *, inside: bool) -> list[str]:
    """What is looked through: the words of the note and those added to it. What is void is for those
    who answer for it."""
    if there.void and not inside:
        return []
    names = GROUP_TEXTS if isinstance(note, GroupNote) else (*PART_TEXTS, "goal_words")
    texts = [text for name in names if (text := getattr(note, name))]
    return texts + [addendum.words for addendum in there.addenda]


def _hit(
    note: Note, sheet: Sheet, texts: list[str], terms: list[Any], program: Program
) -> NoteFound:
    person = ""
    if isinstance(note, ProgressNote):
        who = note.participant
        person = display_name(who.first_name, who.last_name, who.preferred_name)
    began = note.session.starts_at.astimezone(ZoneInfo(program.zone))
    sheet.title = person or "Group note"
    return NoteFound(
        note=note,
        when=f"{wording.day(began, year=True)}, {wording.clock_time(began)}",
        group=note.session.series.group.name,
        person=person,
        author=note.author.name,
        pieces=snippet(texts, terms) if terms else [(_opening(texts), False)],
        sheet=sheet,
    )


def _opening(texts: list[str]) -> str:
    text = texts[0] if texts else ""
    return text if len(text) <= 160 else text[:160].rsplit(" ", 1)[0] + " …"
