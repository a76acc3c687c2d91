"""One participant's own part: attendance by week, goals with what was written about each, notes in
time, what was handed over. Nobody else is in it."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Value

from participants import names
from participants.models import Participant
from participants.queries.goals import GoalLine, goals_of
from phpsupport.lib import wording
from phpsupport.users.models import User
from sessions.models import (
    CAME,
    Attendance,
    GroupNote,
    HandOverPart,
    ProgressNote,
    SessionState,
    Status,
)
from sessions.policies import answered_for
from sessions.queries.attendance import Person
from sessions.queries.notes import Sheet, beside, opened, sheets
from sessions.queries.own_words import (
    goals_without_names,
    safety_without_names,
    screen_of,
    take_out,
)
from sessions.queries.safety_on_record import OnRecord
from sessions.screening import Named

STRIP: Final = 40
NOTES: Final = 25
# Of each goal the newest notes are told.
ABOUT_A_GOAL: Final = 3
LINKED_AT_MOST: Final = 120
NEWEST: Final = ("-session__local_date", "-session__starts_at", "-signed_at")
EXCERPT: Final = 160

MARKS = {
    Status.PRESENT: ("good", "check-lg"),
    Status.LATE: ("wait", "clock"),
    Status.LEFT_EARLY: ("wait", "arrow-right"),
    Status.EXCUSED: ("calm", ""),
    Status.DECLINED: ("calm", ""),
    Status.ABSENT: ("stop", "x-lg"),
}
LETTERS = {Status.EXCUSED: "E", Status.DECLINED: "D"}


@dataclass(frozen=True)
class Week:
    """The marks of one week, oldest first."""

    name: str
    days: list[dict[str, Any]]
    said: str


@dataclass(frozen=True)
class About:
    """A goal, and the newest of what was written about it."""

    goal: GoalLine
    notes: list[tuple[str, str, str]]  # where it stands, its day and group, its beginning
    more: int


@dataclass(frozen=True)
class Handed:
    """What one facilitator told the next about this person."""

    hand_over_id: UUID
    who: str
    group: str
    when: str
    words: str


@dataclass
class Month:
    """The notes of one month, newest first."""

    name: str
    notes: list[Sheet] = field(default_factory=list)


@dataclass(frozen=True)
class Record:
    """The page."""

    name: str
    pronouns: str
    weeks: list[Week]
    came: int
    marked: int
    goals: list[About]
    handed: list[Handed]
    notes: list[Sheet]
    safety: list[OnRecord]
    older: str  # the day through which the next page goes; '' on the last
    read: list[Any]  # the rows whose words are shown

    @property
    def months(self) -> list[Month]:
        found: list[Month] = []
        for sheet in self.notes:
            if not found or found[-1].name != sheet.month:
                found.append(Month(sheet.month))
            found[-1].notes.append(sheet)
        return found


def record_of(
    *,
    participant: Participant,
    user: User,
    zone: str,
    own: bool,
    group_parts: bool = False,
    through: date | None = None,
    safety: Sequence[OnRecord] = (),
) -> Record:
    """What this person may read about the participant. Five queries, one more with `group_parts`,
    the nameless part beside each note. `own` is the participant's own view: notes that stand,
    without the comments between facilitator and supervisor. `through` is the newest day shown."""
    place = ZoneInfo(zone)
    marks = list(
        Attendance.objects.visible_to(user)
        .filter(participant=participant)
        .exclude(session__state=SessionState.NOT_HELD)
        .select_related("session__series__group")
        .order_by("-session__starts_at")[:STRIP]
    )
    rows = ProgressNote.objects.visible_to(user).filter(participant=participant)
    if own:
        rows = rows.filter(notevoids=None)
    goals = goals_of(participant=participant, user=user, zone=zone, earlier=False)
    newest, about = _notes(rows, through, [goal.id for goal in goals])
    found, older = _page_of(rows, newest)
    name = names.display_name(
        participant.first_name, participant.last_name, participant.preferred_name
    )
    person = Person(
        participant.pk, name, "", (), Named(participant.pk, name, participant.first_name), False
    )
    groups = _group_parts(found, user) if group_parts else []
    parts = list(
        HandOverPart.objects.visible_to(user)
        .filter(participant=participant)
        .select_related("hand_over__author", "hand_over__series__group")
        .order_by("-hand_over__at")
    )
    there = beside([*found, *groups])
    excerpt: Callable[[str], str] = str
    if own and (found or goals or parts or safety):
        excerpt = screen = screen_of(participant)
        take_out(screen, [(note, there[note.pk]) for note in found], parts)
        goals, safety = goals_without_names(screen, goals), safety_without_names(screen, safety)
    both = sheets(
        [*found, *groups],
        zone=zone,
        answered=set() if own else answered_for(user, [*found, *groups]),
        names={participant.pk: person},
        own=own,
        there=there,
    )
    read, of_group = both[: len(found)], {sheet.session_id: sheet for sheet in both[len(found) :]}
    for note, sheet in zip(found, read, strict=False):
        sheet.title = note.session.series.group.name
        sheet.facts = " · ".join(part for part in (_when(note.session, place), sheet.facts) if part)
        sheet.month = f"{MONTHS[note.session.local_date.month - 1]} {note.session.local_date.year}"
        sheet.group_part = None if sheet.closed else of_group.get(note.session_id)
    shown = opened(found, read)
    seen = {note.session_id for note in shown}
    return Record(
        name=name,
        pronouns=participant.pronouns,
        weeks=_weeks(marks, place),
        came=sum(mark.status in CAME for mark in marks),
        marked=len(marks),
        goals=_about_goals(goals, about, {note.pk for note in found}, excerpt),
        handed=[
            Handed(
                part.hand_over_id,
                part.hand_over.author.name,
                part.hand_over.series.group.name,
                wording.date_in_full(part.hand_over.at.astimezone(place).date()),
                part.words,
            )
            for part in parts
        ],
        notes=read,
        safety=list(safety),
        older=older.isoformat() if older else "",
        read=[*shown, *(group for group in groups if group.session_id in seen), *parts],
    )


MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def _notes(
    rows: Any, through: date | None, goals: list[UUID]
) -> tuple[list[ProgressNote], list[ProgressNote]]:
    """The newest notes through a day, one more than a page holds; and the newest about these goals,
    of whatever day. One query."""
    rows = rows.select_related("author", "session__series__group").order_by(*NEWEST)
    page = rows.filter(session__local_date__lte=through) if through else rows
    told = rows.filter(goal_id__in=goals, notevoids=None)
    page, told = page.annotate(told=Value(False)), told.annotate(told=Value(True))
    both = page[: NOTES + 1].union(told[:LINKED_AT_MOST], all=True)
    notes = sorted(both, key=_moment, reverse=True)
    return [note for note in notes if not note.told], [note for note in notes if note.told]


def _moment(note: ProgressNote) -> tuple[date, datetime, datetime]:
    return note.session.local_date, note.session.starts_at, note.signed_at


def _page_of(rows: Any, newest: list[ProgressNote]) -> tuple[list[ProgressNote], date | None]:
    """Of the newest notes those of whole days, and the day on which the next page begins."""
    if len(newest) <= NOTES:
        return newest, None
    last = newest[-1].session.local_date
    shown = [note for note in newest if note.session.local_date > last]
    if shown:
        return shown, last
    # More in one day than a page holds: that day is a page.
    whole = rows.filter(session__local_date=last).select_related("author", "session__series__group")
    return list(whole.order_by(*NEWEST)), last - timedelta(days=1)


def _group_parts(notes: list[ProgressNote], user: User) -> list[GroupNote]:
    sessions = {note.session_id for note in notes}
    return list(
        GroupNote.objects.visible_to(user)
        .filter(session_id__in=sessions, notevoids=None, replaced_by=None)
        .select_related("author")
    )


def _about_goals(
    goals: list[GoalLine],
    notes: list[ProgressNote],
    here: set[UUID],
    excerpt: Callable[[str], str],
) -> list[About]:
    """The goals with the newest of what was written about each, as `excerpt` gives it."""
    linked: dict[UUID, list[ProgressNote]] = defaultdict(list)
    for note in notes:
        linked[note.goal_id].append(note)  # type: ignore[index]
    return [
        About(
            goal,
            [
                (
                    ("" if note.pk in here else f"?through={note.session.local_date.isoformat()}")
                    + f"#note-{note.pk}",
                    f"{wording.day(note.session.local_date)} · {note.session.series.group.name}",
                    _beginning(excerpt(note.own_words or note.response or note.follow_up)),
                )
                for note in linked[goal.id][:ABOUT_A_GOAL]
            ],
            max(0, len(linked[goal.id]) - ABOUT_A_GOAL),
        )
        for goal in goals
    ]


def _beginning(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= EXCERPT else words[:EXCERPT].rsplit(" ", 1)[0] + " …"


def _weeks(marks: list[Attendance], place: ZoneInfo) -> list[Week]:
    """Marks grouped by week, the newest week first and its days in their order."""
    by_week: dict[date, list[Attendance]] = defaultdict(list)
    for mark in reversed(marks):
        day = mark.session.local_date
        by_week[day - timedelta(days=day.weekday())].append(mark)
    return [
        Week(
            f"Week of {wording.date_in_full(monday)}",
            [_day(mark, place) for mark in days],
            f"{sum(mark.status in CAME for mark in days)} of {len(days)}",
        )
        for monday, days in sorted(by_week.items(), reverse=True)
    ]


def _when(session: Any, place: ZoneInfo) -> str:
    return wording.day_and_span(
        session.starts_at.astimezone(place), session.ends_at.astimezone(place)
    )


def _day(mark: Attendance, place: ZoneInfo) -> dict[str, Any]:
    status = Status(mark.status)
    kind, icon = MARKS[status]
    words = f"{_when(mark.session, place)}, {mark.session.series.group.name}: {status.label}"
    return {"kind": kind, "icon": icon, "letter": LETTERS.get(status, ""), "words": words}
