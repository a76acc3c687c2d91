"""Reading what is signed: a session's notes for who led it, a participant's own part."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from participants.models import Participant
from phpsupport.access.gate import allow, load, require
from phpsupport.access.roles import Role
from phpsupport.audit.trail import record_each
from phpsupport.lib import clock
from sessions import policies
from sessions.models import CAME, Attendance, GroupNote, GroupSession, ProgressNote
from sessions.queries.attendance import heading, in_order, person_of, with_heading
from sessions.queries.notes import sheets
from sessions.queries.record import record_of
from sessions.queries.safety import concerns_on_record, with_safety


@allow(Role.FACILITATOR)
def notes_of_session(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The signed notes of a session, for those who led it."""
    mine = with_heading(GroupSession.objects.all(), reader=request.user)  # type: ignore[arg-type]
    session = load(request, mine, pk)
    require(policies.can_write_notes(request.user, session))  # type: ignore[arg-type]
    parts = list(
        ProgressNote.objects.filter(session=session, participant__sealed_at=None).select_related(
            "author", "participant"
        )
    )
    came = Attendance.objects.filter(
        session=session, status__in=CAME, participant__sealed_at=None
    ).select_related("participant")
    people = in_order(
        person_of(person, on=session.local_date)
        for person in {*(note.participant for note in parts), *(mark.participant for mark in came)}
    )
    found: list[GroupNote | ProgressNote] = [
        *GroupNote.objects.filter(session=session).select_related("author"),
        *parts,
    ]
    read = sheets(found, zone=session.program.zone, names={p.participant_id: p for p in people})
    read.sort(key=lambda s: (s.kind != "group", s.title, s.signed_at))
    record_each("note.read", by=request.user, at=clock.now(), objs=found)  # type: ignore[arg-type]
    written = {note.participant_id for note in parts}
    context = {
        "session": session,
        "head": heading(session),
        "sheets": read,
        "own": request.user.pk,
        "open_parts": [p.name for p in people if p.participant_id not in written]
        if session.series.group.progress_notes
        else [],
        "group_open": not any(s.kind == "group" and s.state != "void" for s in read),
    }
    return render(request, "sessions/reader/notes.html", context)


@allow(Role.CLINICIAN, Role.FACILITATOR, Role.PARTICIPANT)
def participant_record(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A participant's own part: attendance and notes in time."""
    participant = load(request, with_safety(Participant.objects.all()), pk)
    require(policies.can_read_record(request.user, participant, clock.now()))  # type: ignore[arg-type]
    own = participant.user_id == request.user.pk
    zone = request.program.zone  # type: ignore[attr-defined]
    record = record_of(participant=participant, user=request.user, zone=zone, own=own)  # type: ignore[arg-type]
    safety = concerns_on_record(participant, request.user, at=clock.now())  # type: ignore[arg-type]
    if safety:
        read = [found.concern for found in safety]
        record_each("safetyconcern.read", by=request.user, at=clock.now(), objs=read)  # type: ignore[arg-type]
    context = {"participant": participant, "record": record, "own": own, "on_record": safety}
    return render(request, "sessions/reader/record.html", context)
