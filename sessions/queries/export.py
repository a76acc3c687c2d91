"""One participant's record, as it leaves the program: only their own, nobody else's name in it."""

from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Any, Final

from django.db.models import (
    Exists,
    OuterRef,
    Q,
)

from participants.models import EpisodeOfCare, Goal, Participant, RecordPart
from participants.names import full_name
from phpsupport.programs.models import Program
from sessions.models import (
    EXPLAINED,
    Attendance,
    ClosedAs,
    CosignatureDecision,
    GroupSession,
    HandOverPart,
    ProgressNote,
    SafetyConcern,
    SafetyEntry,
    SessionState,
)
from sessions.queries.notes import beside, state_of
from sessions.queries.screened import Screen

_OF_SESSIONS: Final = {RecordPart.NOTES, RecordPart.ATTENDANCE, RecordPart.SAFETY}


@dataclass
class Contents:
    """What goes into the file, as JSON can hold it; `replaced` counts names taken out."""

    participant: dict[str, Any]
    own: bool = False  # the participant's own copy
    parts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    replaced: int = 0
    void: int = 0
    read: list[ProgressNote] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """How much there is of each part."""
        return {part: len(rows) for part, rows in self.parts.items()}


def contents_of(
    *,
    participant: Participant,
    program: Program,
    parts: list[str],
    since: date | None,
    until: date | None,
    own: bool = False,
) -> Contents:
    """The chosen parts of the record in that program and those days (of sessions, at the site).

    It asks no grants: whether somebody may is asked before, of `policies.can_export`.
    """
    during = Q(program=program)
    if since:
        during &= Q(local_date__gte=since)
    if until:
        during &= Q(local_date__lte=until)
    # What belongs to no session may name who was there on any day.
    bound = during if _OF_SESSIONS.issuperset(parts) else Q()
    screen = Screen(participant, [program.pk], bound)
    days = Q(session__in=GroupSession.objects.filter(during).values("pk"))
    found = Contents(
        {
            "name": full_name(participant.first_name, participant.last_name),
            "record_number": participant.record_number,
            "date_of_birth": participant.date_of_birth and participant.date_of_birth.isoformat(),
        },
        own=own,
    )
    for part in RecordPart:
        if part in parts:
            found.parts[part.value] = _READERS[part](participant, program, days, screen, found)
    found.replaced = screen.replaced
    return found


def _session(row: Any) -> dict[str, Any]:
    session = row.session
    return {
        "date": session.local_date.isoformat(),
        "starts_at": session.starts_at.isoformat(),
        "ends_at": session.ends_at.isoformat(),
        "group": session.series.group.name,
    }


def _notes(
    person: Participant, program: Program, days: Q, screen: Screen, found: Contents
) -> list[dict[str, Any]]:
    notes = list(
        ProgressNote.objects.filter(days, participant=person)
        .select_related("author", "session__series__group")
        .order_by("session__starts_at", "signed_at", "pk")
    )
    there = beside(notes)
    made = []
    for note in notes:
        state = state_of(note, there[note.pk])
        if state == "void":
            found.void += 1
            continue
        found.read.append(note)
        made.append(
            {
                "id": str(note.pk),
                "session": _session(note),
                "attendance": note.status,
                "minutes": note.minutes,
                "participation": note.participation,
                "own_words": screen(note.own_words),
                "response": screen(note.response),
                "goal": screen(note.goal_words),
                "follow_up": screen(note.follow_up),
                "written_together": note.written_together,
                "state": state,
                "signature": {
                    "by": note.author.name,
                    "credential": note.credential,
                    "at": note.signed_at.isoformat(),
                    "late": note.late,
                    "digest": note.digest,
                    "form": note.form,
                },
                "cosignatures": [
                    {"by": answer.by.name, "at": answer.at.isoformat(), "digest": answer.digest}
                    for answer in there[note.pk].answers
                    if answer.decision == CosignatureDecision.GIVEN
                ],
                "addenda": [
                    {
                        "by": addendum.by.name,
                        "at": addendum.at.isoformat(),
                        "reason": screen(addendum.reason),
                        "words": screen(addendum.words),
                    }
                    for addendum in there[note.pk].addenda
                    if addendum.reason != EXPLAINED
                ],
            }
        )
    return made


def _attendance(
    person: Participant, program: Program, days: Q, screen: Screen, found: Contents
) -> list[dict[str, Any]]:
    rows = Attendance.objects.filter(days, participant=person).exclude(
        session__state=SessionState.NOT_HELD
    )
    return [
        {
            "session": _session(row),
            "status": row.status,
            "arrived": row.arrived and row.arrived.isoformat("minutes"),
            "departed": row.departed and row.departed.isoformat("minutes"),
            "reason": row.reason,
        }
        for row in rows.select_related("session__series__group").order_by("session__starts_at")
    ]


def _goals(
    person: Participant, program: Program, days: Q, screen: Screen, found: Contents
) -> list[dict[str, Any]]:
    """Goals go along with the person: what they named after they left is not this program's."""
    stay = EpisodeOfCare.objects.filter(
        Q(discharged_on=None) | Q(discharged_on__gte=OuterRef("named_on")),
        participant=person, program=program,
    )  # fmt: skip
    goals = Goal.objects.filter(participant=person)
    return [
        {
            "words": screen(goal.words),
            "named_on": goal.named_on.isoformat(),
            "state": goal.state,
            "state_on": goal.state_on.isoformat(),
        }
        for goal in (goals if found.own else goals.filter(Exists(stay)))
    ]


def _safety(
    person: Participant, program: Program, days: Q, screen: Screen, found: Contents
) -> list[dict[str, Any]]:
    """What is settled; not what is still being acted on, and no tap by mistake. Read by its trail,
    which begins with who raised it."""
    settled = SafetyConcern.objects.filter(days, participant=person, closed_as=ClosedAs.DONE)
    trail = (
        SafetyEntry.objects.filter(concern__in=settled)
        .select_related("by", "concern__raised_by", "concern__session__series__group")
        .order_by("concern__raised_at", "concern_id", "at", "pk")
    )
    return [
        {
            "session": _session(concern),
            "raised_at": concern.raised_at.isoformat(),
            "raised_by": concern.raised_by.name,
            "acknowledged_at": concern.acknowledged_at and concern.acknowledged_at.isoformat(),
            "closed_at": concern.closed_at and concern.closed_at.isoformat(),
            "entries": [
                {
                    "at": entry.at.isoformat(),
                    "act": entry.act,
                    "by": entry.by.name if entry.by else None,
                    "words": screen(entry.words),
                }
                for entry in entries
            ],
        }
        for concern, entries in groupby(trail, key=lambda entry: entry.concern)
    ]


def _handed_over(
    person: Participant, program: Program, days: Q, screen: Screen, found: Contents
) -> list[dict[str, Any]]:
    rows = HandOverPart.objects.filter(
        participant=person, hand_over__program=program
    ).select_related("hand_over__author", "hand_over__series__group")
    return [
        {
            "at": row.hand_over.at.isoformat(),
            "group": row.hand_over.series.group.name,
            "by": row.hand_over.author.name,
            "words": screen(row.words),
        }
        for row in rows.order_by("hand_over__at", "pk")
    ]


_READERS: Final = {
    RecordPart.NOTES: _notes,
    RecordPart.ATTENDANCE: _attendance,
    RecordPart.GOALS: _goals,
    RecordPart.SAFETY: _safety,
    RecordPart.HAND_OVER: _handed_over,
}
