"""One participant's record, as it leaves the program: only their own, nobody else's name in it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from django.db.models import (
    BooleanField,
    Exists,
    ExpressionWrapper,
    OuterRef,
    Q,
    QuerySet,
    Value,
)
from django.db.models.functions import Coalesce

from participants.models import EpisodeOfCare, Goal, Participant, RecordPart
from participants.names import display_name, full_name
from phpsupport.programs.models import Program
from sessions.models import (
    EXPLAINED,
    Attendance,
    ClosedAs,
    CosignatureDecision,
    Enrollment,
    GroupSession,
    HandOverPart,
    ProgressNote,
    SafetyConcern,
    SafetyEntry,
    SessionFacilitator,
    SessionState,
)
from sessions.queries.notes import beside, state_of
from sessions.screening import Named, Roster, hits_in
from sessions.screening.words import composed

ANOTHER: Final = "[another person]"
_OF_SESSIONS: Final = {RecordPart.NOTES, RecordPart.ATTENDANCE, RecordPart.SAFETY}
_NAMES: Final = ("first_name", "last_name", "preferred_name", "also_called")


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


class Screen:
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
    screen = Screen(_roster(participant, program, bound), participant.pk)
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


def _sessions(participant: Participant, during: Q) -> QuerySet[GroupSession]:
    """Those of these days that the person was in or had a place in."""
    own = [
        Exists(model.objects.filter(participant=participant, session=OuterRef("pk")))
        for model in (Attendance, ProgressNote, SafetyConcern)
    ]
    place = Enrollment.objects.filter(
        Q(until_on=None) | Q(until_on__gte=OuterRef("local_date")),
        participant=participant, series=OuterRef("series"), from_on__lte=OuterRef("local_date"),
    )  # fmt: skip
    return GroupSession.objects.filter(during, own[0] | own[1] | own[2] | Exists(place))


def _roster(participant: Participant, program: Program, during: Q) -> Roster:
    """Everybody who may be named: by all their names who was on the roster of one of the person's
    sessions of these days, by the full name whoever else was in the program since the first of them.
    Who leads and what groups are called stays. Two queries."""
    own = list(
        _sessions(participant, during).values_list("pk", "local_date", "series__group__name")
    )
    sessions = GroupSession.objects.filter(pk__in=[pk for pk, _, _ in own])
    since = min((day for _, day, _ in own), default=None)
    named, leads = [], []
    for leader, met, pk, first, last, preferred, also in _people(program, sessions, since):
        if leader:
            leads += [first, last, preferred]
            continue
        shown = display_name(first, last, preferred)
        near = not met and pk != participant.pk
        if last or not near:
            named.append(Named(pk, shown, first, last, preferred, also, near=near))
    if participant.pk not in {person.participant_id for person in named}:
        given = [getattr(participant, name) for name in _NAMES]
        named.append(Named(participant.pk, "", *given))
    taken = {word for person in named for word in (person.first, person.last, person.preferred)}
    fine = [name for name in leads if name and name not in taken]
    return Roster.of(named, [*fine, *{group for _, _, group in own}])


def _people(
    program: Program, sessions: QuerySet[GroupSession], since: date | None
) -> Iterable[tuple[bool, bool, UUID, str, str, str, str]]:
    """Who led these sessions (True first), who was on their rosters (True second), and who else was
    in the program since that day."""
    leads = SessionFacilitator.objects.filter(
        session__in=sessions, person__participant=None
    ).values_list(
        Value(True), Value(False), "person_id", *(f"person__{name}" for name in _NAMES[:3]), Value("")
    )  # fmt: skip
    stays = Q(program=program, discharged_on=None)
    if since:
        stays |= Q(program=program, discharged_on__gte=since)
    others = EpisodeOfCare.objects.filter(stays).values("participant_id")
    people = Participant.objects.annotate(met=_on_the_rosters(sessions))
    return (
        people.filter(Q(met=True) | Q(pk__in=others))
        .values_list(Value(False), "met", "pk", *_NAMES)
        .union(leads)
    )


def _on_the_rosters(sessions: QuerySet[GroupSession]) -> ExpressionWrapper:
    """Whether a participant was marked in these sessions, or had a place in them on their day."""
    marked = Attendance.objects.filter(session__in=sessions)
    held = sessions.filter(series=OuterRef("series"), local_date__gte=OuterRef("from_on"))
    until = Coalesce(OuterRef("until_on"), Value(date.max))
    placed = Enrollment.objects.filter(Exists(held.filter(local_date__lte=until)))
    either = Q(pk__in=marked.values("participant_id")) | Q(pk__in=placed.values("participant_id"))
    return ExpressionWrapper(either, output_field=BooleanField())


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
