"""What waits for a supervisor's cosignature, by when it was due."""

from collections import Counter
from collections.abc import Iterable
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
from sessions.models import GroupNote, GroupSession, ProgressNote
from sessions.queries.attendance import in_order, person_of
from sessions.queries.notes import Sheet, needs_an_answer, sheets

AT_ONCE = 200


@dataclass(frozen=True)
class Waiting:
    """The notes of one session by one author."""

    session_id: UUID
    title: str
    when: str
    author: str
    notes: int
    signed: str
    due: str
    late: bool
    days: int


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
    """Sessions with notes waiting for this person in one program. Two queries."""
    place = ZoneInfo(program.zone)
    found: dict[tuple[UUID, UUID], list[Any]] = {}
    for model in (GroupNote, ProgressNote):
        rows = (
            _waiting(user, model)
            .filter(program=program)
            .select_related("author", "session__series__group")
            .only(
                "signed_at", "due_at", "author__first_name", "author__last_name",
                "author__preferred_name", "session__starts_at", "session__ends_at",
                "session__series__group__name",
            )
            .order_by("due_at")[: AT_ONCE * 12]
        )  # fmt: skip
        for note in rows:
            found.setdefault((note.session_id, note.author_id), []).append(note)
    queue = sorted(found.values(), key=lambda notes: min((n.due_at, n.signed_at) for n in notes))
    return [_row(notes, at, place) for notes in queue[:AT_ONCE]]


def _row(notes: list[Any], at: datetime, place: ZoneInfo) -> Waiting:
    first = min(notes, key=lambda n: n.signed_at)
    session = first.session
    starts, ends = session.starts_at.astimezone(place), session.ends_at.astimezone(place)
    signed, due = first.signed_at.astimezone(place), first.due_at.astimezone(place)
    return Waiting(
        session_id=session.pk,
        title=session.series.group.name,
        when=wording.day_and_span(starts, ends),
        author=first.author.name,
        notes=len(notes),
        signed=f"{wording.day(signed)}, {wording.clock_time(signed)}",
        due=f"{wording.day(due)}, {wording.clock_time(due)}",
        late=any(n.late for n in notes),
        days=(at - first.signed_at).days,
    )


def notes_to_review(
    *, user: User, session: GroupSession, zone: str
) -> tuple[list[Sheet], list[GroupNote | ProgressNote]]:
    """The signed notes of one session that this person may answer, to read. Five queries."""
    notes: list[Any] = [
        *answerable(user, GroupNote).filter(session=session).select_related("author"),
        *answerable(user, ProgressNote)
        .filter(session=session, participant__sealed_at=None)
        .select_related("author", "participant"),
    ]
    people = in_order(
        person_of(note.participant, on=session.local_date)
        for note in {n.participant_id: n for n in notes if isinstance(n, ProgressNote)}.values()
    )
    read = sheets(notes, zone=zone, names={person.participant_id: person for person in people})
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
