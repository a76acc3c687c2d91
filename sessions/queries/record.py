"""One participant's own part: attendance as a strip, notes in time. Nobody else is in it."""

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from participants import names
from participants.models import Participant
from phpsupport.lib import wording
from phpsupport.users.models import User
from sessions.models import Attendance, ProgressNote, SessionState, Status
from sessions.queries.attendance import Person
from sessions.queries.notes import Sheet, sheets
from sessions.screening import Named

STRIP = 40
NOTES = 60

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
class Record:
    """The page."""

    name: str
    pronouns: str
    strip: list[dict[str, Any]]
    came: int
    marked: int
    notes: list[Sheet]
    more: bool


def record_of(*, participant: Participant, user: User, zone: str, own: bool) -> Record:
    """What this person may read about the participant. Five queries. `own` is the participant's
    own view: notes that stand, without the comments between facilitator and supervisor."""
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
    found = list(
        rows.select_related("author", "session__series__group").order_by(
            "-session__starts_at", "-signed_at"
        )[: NOTES + 1]
    )
    name = names.display_name(
        participant.first_name, participant.last_name, participant.preferred_name
    )
    person = Person(
        participant.pk, name, "", (), Named(participant.pk, name, participant.first_name), False
    )
    read = sheets(found[:NOTES], zone=zone, names={participant.pk: person}, comments=not own)
    for note, sheet in zip(found, read, strict=False):
        sheet.title = note.session.series.group.name
        sheet.facts = f"{_when(note.session, place)} · {sheet.facts}"
    return Record(
        name=name,
        pronouns=participant.pronouns,
        strip=[_day(mark, place) for mark in reversed(marks)],
        came=sum(mark.status in (Status.PRESENT, Status.LATE, Status.LEFT_EARLY) for mark in marks),
        marked=len(marks),
        notes=read,
        more=len(found) > NOTES,
    )


def _when(session: Any, place: ZoneInfo) -> str:
    return wording.day_and_span(
        session.starts_at.astimezone(place), session.ends_at.astimezone(place)
    )


def _day(mark: Attendance, place: ZoneInfo) -> dict[str, Any]:
    status = Status(mark.status)
    kind, icon = MARKS[status]
    words = f"{_when(mark.session, place)}, {mark.session.series.group.name}: {status.label}"
    return {"kind": kind, "icon": icon, "letter": LETTERS.get(status, ""), "words": words}
