"""One participant's record, as it leaves the program: only their own, nobody else's name in it."""

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

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
    during = Q(program=program)
    if since:
        during &= Q(local_date__gte=since)
    if until:
        during &= Q(local_date__lte=until)
    # What belongs to no session may name who was there on any day.
    bound = during if _OF_SESSIONS.issuperset(parts) else Q()
    screen = _Screen(_roster(participant, program, bound), participant.pk)
    days = Q(session__in=GroupSession.objects.filter(during).values("pk"))
    found = Contents(
        {
            "name": full_name(participant.first_name, participant.last_name),
            "record_number": participant.record_number,
            "date_of_birth": participant.date_of_birth and participant.date_of_birth.isoformat(),
        }
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


def _on_the_rosters(sessions: list[tuple[UUID, UUID, date]]) -> set[UUID]:
    """Who was marked in these sessions, or had a place in them on their day."""
    days: dict[UUID, list[date]] = defaultdict(list)
    for _, series, day in sorted(sessions, key=lambda session: session[2]):
        days[series].append(day)
    places = Enrollment.objects.filter(series_id__in=days).values_list(
        "participant_id", "series_id", "from_on", "until_on"
    )
    marked = Attendance.objects.filter(session_id__in=[pk for pk, _, _ in sessions])
    found = set(marked.values_list("participant_id", flat=True))
    for participant, series, first, last in places:
        held = days[series]
        after = bisect_left(held, first)
        if after < len(held) and (last is None or held[after] <= last):
            found.add(participant)
    return found


def _roster(participant: Participant, program: Program, during: Q) -> Roster:
    """Everybody who may be named: by all their names who was on the roster of one of the person's
    sessions of these days, by the full name whoever else was in the program since the first of them.
    Who leads and what groups are called stays."""
    own = list(_sessions(participant, during).values_list("pk", "series_id", "local_date"))
    sessions = [pk for pk, _, _ in own]
    shared = _on_the_rosters(own)
    stays = Q(program=program, discharged_on=None)
    if own:
        stays |= Q(program=program, discharged_on__gte=min(day for _, _, day in own))
    others = EpisodeOfCare.objects.filter(stays).values("participant_id")
    people = Participant.objects.filter(Q(pk__in=shared) | Q(pk__in=others))
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
    groups = GroupSession.objects.filter(pk__in=sessions).values_list(
        "series__group__name", flat=True
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


def _notes(
    person: Participant, program: Program, days: Q, screen: _Screen, found: Contents
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
    person: Participant, program: Program, days: Q, screen: _Screen, found: Contents
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
    person: Participant, program: Program, days: Q, screen: _Screen, found: Contents
) -> list[dict[str, Any]]:
    return [
        {
            "words": screen(goal.words),
            "named_on": goal.named_on.isoformat(),
            "state": goal.state,
            "state_on": goal.state_on.isoformat(),
        }
        for goal in Goal.objects.filter(participant=person)
    ]


def _safety(
    person: Participant, program: Program, days: Q, screen: _Screen, found: Contents
) -> list[dict[str, Any]]:
    """What is settled; not what is still being acted on, and no tap by mistake."""
    settled = SafetyConcern.objects.filter(days, participant=person, closed_as=ClosedAs.DONE)
    rows = settled.select_related("raised_by", "session__series__group")
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
    person: Participant, program: Program, days: Q, screen: _Screen, found: Contents
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
