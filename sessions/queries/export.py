"""One participant's record, as it leaves the program: only their own, nobody else's name in it."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.db.models import Q

from participants.models import Goal, Participant, RecordPart
from participants.names import display_name, full_name
from phpsupport.programs.models import Program
from sessions.models import (
    EXPLAINED,
    Attendance,
    CosignatureDecision,
    Enrollment,
    HandOverPart,
    ProgressNote,
    SafetyConcern,
    SessionFacilitator,
    SessionState,
)
from sessions.queries.notes import beside, state_of
from sessions.screening import Named, Roster, hits_in
from sessions.screening.words import composed

ANOTHER: Final = "[another person]"
_NAMES: Final = ("first_name", "last_name", "preferred_name", "also_called")


@dataclass
class Contents:
    """What goes into the file, as JSON can hold it; `replaced` counts names taken out."""

    participant: dict[str, Any]
    parts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    replaced: int = 0
    void: int = 0
    read: list[ProgressNote] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """How much there is of each part."""
        return {part: len(rows) for part, rows in self.parts.items()}


class _Screen:
    """Takes the names of other participants out of texts and counts them."""

    def __init__(self, roster: Roster, own: UUID) -> None:
        self.roster, self.own, self.replaced = roster, own, 0

    def __call__(self, text: str) -> str:
        text = composed(text)
        done, kept = 0, []
        for hit in sorted(hits_in(text, self.roster, part=self.own), key=lambda h: h.start):
            if hit.start >= done:
                kept += [text[done : hit.start], ANOTHER]
                self.replaced += 1
            done = max(done, hit.end)
        return "".join([*kept, text[done:]])


def contents_of(
    *,
    participant: Participant,
    program: Program,
    parts: list[str],
    since: date | None,
    until: date | None,
) -> Contents:
    """The chosen parts of the record in that program and those days (of sessions, at the site).

    It asks no grants: whether somebody may is asked before, of `policies.can_export`.
    """
    days = Q(session__program=program)
    if since:
        days &= Q(session__local_date__gte=since)
    if until:
        days &= Q(session__local_date__lte=until)
    screen = _Screen(_roster(participant, program), participant.pk)
    found = Contents(
        {
            "name": full_name(participant.first_name, participant.last_name),
            "record_number": participant.record_number,
            "date_of_birth": participant.date_of_birth and participant.date_of_birth.isoformat(),
        }
    )
    for part in RecordPart:
        if part in parts:
            found.parts[part.value] = _READERS[part](participant, days, screen, found)
    found.replaced = screen.replaced
    return found


def _roster(participant: Participant, program: Program) -> Roster:
    """Everybody who may be named: by all their names who was ever in a group with the person, by
    the full name whoever else was ever in the program. Who leads and what groups are called stays."""
    sessions = Attendance.objects.filter(participant=participant).values("session_id")
    series = Enrollment.objects.filter(participant=participant).values("series_id")
    shared = set(
        Attendance.objects.filter(session_id__in=sessions).values_list("participant_id", flat=True)
    ) | set(
        Enrollment.objects.filter(
            Q(series_id__in=series) | Q(series__sessions__in=sessions)
        ).values_list("participant_id", flat=True)
    )
    people = Participant.objects.filter(Q(pk__in=shared) | Q(episodes__program=program)).distinct()
    named = []
    for pk, first, last, preferred, also in people.values_list("pk", *_NAMES):
        shown = display_name(first, last, preferred)
        near = pk not in shared and pk != participant.pk
        if last or not near:
            named.append(Named(pk, shown, first, last, preferred, also, near=near))
    if participant.pk not in {person.participant_id for person in named}:
        given = [getattr(participant, name) for name in _NAMES]
        named.append(Named(participant.pk, "", *given))
    leads = SessionFacilitator.objects.filter(
        session_id__in=sessions, person__participant=None
    ).values_list("person__first_name", "person__last_name", "person__preferred_name")
    groups = Attendance.objects.filter(participant=participant).values_list(
        "session__series__group__name", flat=True
    )
    taken = {word for person in named for word in (person.first, person.last, person.preferred)}
    fine = [name for names in leads.distinct() for name in names if name and name not in taken]
    return Roster.of(named, [*fine, *set(groups)])


def _session(row: Any) -> dict[str, Any]:
    session = row.session
    return {
        "date": session.local_date.isoformat(),
        "starts_at": session.starts_at.isoformat(),
        "ends_at": session.ends_at.isoformat(),
        "group": session.series.group.name,
    }


def _notes(person: Participant, days: Q, screen: _Screen, found: Contents) -> list[dict[str, Any]]:
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
    person: Participant, days: Q, screen: _Screen, found: Contents
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


def _goals(person: Participant, days: Q, screen: _Screen, found: Contents) -> list[dict[str, Any]]:
    return [
        {
            "words": screen(goal.words),
            "named_on": goal.named_on.isoformat(),
            "state": goal.state,
            "state_on": goal.state_on.isoformat(),
        }
        for goal in Goal.objects.filter(participant=person)
    ]


def _safety(person: Participant, days: Q, screen: _Screen, found: Contents) -> list[dict[str, Any]]:
    rows = SafetyConcern.objects.filter(days, participant=person).select_related(
        "raised_by", "session__series__group"
    )
    return [
        {
            "session": _session(row),
            "raised_at": row.raised_at.isoformat(),
            "raised_by": row.raised_by.name,
            "acknowledged_at": row.acknowledged_at and row.acknowledged_at.isoformat(),
            "closed_at": row.closed_at and row.closed_at.isoformat(),
            "entries": [
                {
                    "at": entry.at.isoformat(),
                    "act": entry.act,
                    "by": entry.by.name if entry.by else None,
                    "words": screen(entry.words),
                }
                for entry in row.entries.all()
            ],
        }
        for row in rows.prefetch_related("entries__by").order_by("raised_at", "pk")
    ]


def _handed_over(
    person: Participant, days: Q, screen: _Screen, found: Contents
) -> list[dict[str, Any]]:
    rows = HandOverPart.objects.filter(participant=person).select_related(
        "hand_over__author", "hand_over__series__group"
    )
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
