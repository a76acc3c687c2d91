"""What waits for a supervisor's cosignature, by when it was due."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q

from facilitators.models import Facilitator
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.lib import wording
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions import due
from sessions.models import GroupNote, GroupSession, ProgressNote
from sessions.queries.attendance import in_order, person_of
from sessions.queries.notes import Sheet, needs_an_answer, sheets

AT_ONCE = 200


@dataclass(frozen=True)
class Waiting:
    """The notes of one session by one author."""

    session_id: UUID
    author_id: UUID
    title: str
    when: str
    author: str
    notes: int
    due: str
    late: str  # how late they were signed, in words; '' when in time
    waits: str

    @property
    def key(self) -> tuple[UUID, UUID]:
        return self.session_id, self.author_id


def answerable(user: User, model: type[Any]) -> Any:
    """Notes that this person may answer: of those they supervise, or of a program they lead."""
    scope = scope_of(user)
    supervised = Facilitator.objects.filter(
        program=OuterRef("program"), user=OuterRef("author"), supervisor=user
    )
    held, led = scope.programs(Role.SUPERVISOR), scope.programs(Role.PROGRAM_LEAD)
    mine = Q(program_id__in=held) & Exists(supervised)
    return model.objects.visible_to(user).filter(mine | Q(program_id__in=led)).exclude(author=user)


def _waiting(user: User, model: type[Any]) -> Any:
    return answerable(user, model).filter(pk__in=needs_an_answer(model).values("pk"))


def review_queue(*, user: User, program: Program, at: datetime) -> list[Waiting]:
    """Sessions with notes waiting for this person in one program: by when they were due, then by
    how long they wait. One query."""
    group, parts = (
        _waiting(user, model).filter(program=program).order_by().values_list(*_SHOWN, named=True)
        for model in (GroupNote, ProgressNote)
    )
    found: dict[tuple[UUID, UUID], list[Any]] = {}
    for note in group.union(parts, all=True).order_by("due_at", "signed_at")[: AT_ONCE * 12]:
        found.setdefault((note.session_id, note.author_id), []).append(note)
    place = ZoneInfo(program.zone)
    return [_row(notes, at, place) for notes in list(found.values())[:AT_ONCE]]


_SHOWN = (
    "due_at", "signed_at", "session_id", "author_id", "author__first_name", "author__last_name",
    "author__preferred_name", "session__starts_at", "session__ends_at", "session__series__group__name",
)  # fmt: skip


def _row(notes: list[Any], at: datetime, place: ZoneInfo) -> Waiting:
    """One line of the queue; its notes come in order."""
    first = notes[0]
    starts, ends = (t.astimezone(place) for t in (first.session__starts_at, first.session__ends_at))
    author = User(
        first_name=first.author__first_name,
        last_name=first.author__last_name,
        preferred_name=first.author__preferred_name,
    )
    return Waiting(
        session_id=first.session_id,
        author_id=first.author_id,
        title=first.session__series__group__name,
        when=wording.day_and_span(starts, ends),
        author=author.name,
        notes=len(notes),
        due=due.in_words(first.due_at, str(place)),
        late=_how_late(notes),
        waits=due.apart(at - min(note.signed_at for note in notes)),
    )


def _how_late(notes: list[Any]) -> str:
    """ "signed 5 hours late", or "2 of 3 signed up to 5 hours late"."""
    late = [n.signed_at - n.due_at for n in notes if n.signed_at > n.due_at]
    if not late:
        return ""
    if len(late) == len(notes) and max(late) - min(late) < due.ONE_DAY / 24:
        return f"signed {due.apart(max(late))} late"
    return f"{len(late)} of {len(notes)} signed up to {due.apart(max(late))} late"


def following(rows: Sequence[Waiting], key: tuple[UUID, UUID]) -> Waiting | None:
    """What comes after `key` in the queue, around its end; None where nothing else waits."""
    keys = [row.key for row in rows]
    place = keys.index(key) + 1 if key in keys else 0
    return next((row for row in [*rows[place:], *rows[:place]] if row.key != key), None)


def notes_to_review(
    *, user: User, session: GroupSession, zone: str, author: UUID | None = None
) -> tuple[list[Sheet], list[GroupNote | ProgressNote]]:
    """The signed notes of one session that this person may answer, to read; of one author where
    given. Three queries."""
    which: dict[str, Any] = {"session": session} | ({"author": author} if author else {})
    notes: list[Any] = [
        *answerable(user, GroupNote).filter(**which).select_related("author"),
        *answerable(user, ProgressNote)
        .filter(**which, participant__sealed_at=None)
        .select_related("author", "participant"),
    ]
    people = in_order(
        person_of(note.participant, on=session.local_date)
        for note in {n.participant_id: n for n in notes if isinstance(n, ProgressNote)}.values()
    )
    read = sheets(
        notes,
        zone=zone,
        answered={note.pk for note in notes},
        names={person.participant_id: person for person in people},
    )
    order = sorted(
        zip(read, notes, strict=True),
        key=lambda pair: (pair[0].kind != "group", pair[0].title, pair[0].signed_at),
    )
    return [sheet for sheet, _ in order], [note for _, note in order]


def waiting_by_author(program_id: UUID, authors: Iterable[UUID]) -> dict[UUID, int]:
    """How many notes of each author wait for a cosignature. Two queries."""
    counted: Counter[UUID] = Counter()
    for model in (GroupNote, ProgressNote):
        rows = needs_an_answer(model).filter(program_id=program_id, author_id__in=list(authors))
        counted.update(rows.values_list("author_id", flat=True))
    return dict(counted)
