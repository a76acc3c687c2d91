"""Reading what is signed: a session's notes for who led it, a participant's own part."""

from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from participants.models import Participant
from participants.queries.programs import with_programs
from participants.views.slots import address_for
from phpsupport.access.asked import Asked
from phpsupport.access.gate import NOT_HERE, allow, load, require
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.audit.trail import record_each
from phpsupport.lib import clock
from sessions import policies
from sessions.models import CAME, Attendance, GroupNote, GroupSession, NoteVoid, ProgressNote
from sessions.queries.attendance import heading, in_order, person_of, with_heading
from sessions.queries.notes import opened, sheets
from sessions.queries.record import record_of
from sessions.queries.safety_on_record import concerns_on_record, with_safety


@allow(Role.FACILITATOR)
def notes_of_session(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The signed notes of a session, for those who led it."""
    mine = with_heading(GroupSession.objects.all(), reader=request.user)  # type: ignore[arg-type]
    session = load(request, mine, pk)
    require(policies.can_write_notes(request.user, session))  # type: ignore[arg-type]
    # Also what a colleague signed and this reader does not read is written.
    signed = list(_told_apart(ProgressNote, request.user, session).select_related("participant"))
    group_notes = list(_told_apart(GroupNote, request.user, session))
    parts = [note for note in signed if note.theirs]
    came = Attendance.objects.filter(
        session=session, status__in=CAME, participant__sealed_at=None
    ).select_related("participant")
    people = in_order(
        person_of(person, on=session.local_date)
        for person in {*(note.participant for note in parts), *(mark.participant for mark in came)}
    )
    found: list[GroupNote | ProgressNote] = [*(n for n in group_notes if n.theirs), *parts]
    read = sheets(
        found,
        zone=session.program.zone,
        answered=policies.answered_for(request.user, found),  # type: ignore[arg-type]
        names={p.participant_id: p for p in people},
    )
    read.sort(key=lambda s: (s.kind != "group", s.title, s.signed_at))
    shown = opened(found, read)
    record_each("note.read", by=request.user, at=clock.now(), objs=shown)  # type: ignore[arg-type]
    written = {note.participant_id for note in signed}
    context = {
        "session": session,
        "head": heading(session),
        "sheets": read,
        "own": request.user.pk,
        "open_parts": [p.name for p in people if p.participant_id not in written]
        if session.series.group.progress_notes
        else [],
        "group_open": not any(note.stands for note in group_notes),
    }
    return render(request, "sessions/reader/notes.html", context)


def _told_apart(model: type[Any], user: Any, session: GroupSession) -> QuerySet[Any]:
    """The signed notes of a session: `theirs` to read or not, and whether each stands."""
    mine = model.objects.visible_to(user).filter(pk=OuterRef("pk"))
    void = NoteVoid.objects.filter(**{f"{_KEYS[model]}_id": OuterRef("pk")})
    rows = model.objects.filter(session=session).select_related("author")
    return rows.annotate(theirs=Exists(mine), stands=~Exists(void))  # type: ignore[no-any-return]


_KEYS: dict[type[Any], str] = {GroupNote: "group_note", ProgressNote: "progress_note"}


@allow(Role.CLINICIAN, Role.FACILITATOR, Role.PARTICIPANT)
def participant_record(request: Asked, pk: UUID) -> HttpResponse:
    """A participant's own part: goals, attendance, notes in time."""
    at = clock.now()
    rows = with_safety(with_programs(Participant.objects.all()))
    participant = load(request, policies.with_reader(rows, request.user, at), pk, read=False)
    require(policies.can_read_record(request.user, participant))
    own = participant.user_id == request.user.pk
    treats = not own and participant.treated  # type: ignore[attr-defined]
    leads = not own and scope_of(request.user).has(request.program.pk, Role.FACILITATOR)
    through = _day(request.GET.get("through", ""))
    record = record_of(
        participant=participant, user=request.user, zone=request.program.zone, own=own,
        group_parts=treats, through=through,
        safety=concerns_on_record(participant, request.user, at=at),
    )  # fmt: skip
    # What is read is noted in one statement, the page itself first.
    read = [participant, *record.read, *(found.concern for found in record.safety)]
    record_each("record.read", by=request.user, at=at, objs=read, program_id=request.program.pk)
    find = address_for("sessions:note-search", request.user, [request.program.pk])
    context = {
        "participant": participant,
        "record": record,
        "own": own,
        "leads": leads,
        "through": through,
        "on_record": record.safety,
        "goals_url": reverse("participants:goals", args=[pk]) if leads or treats else "",
        "may_read_whole": leads,
        "search_url": f"{find}?participant={pk}" if not own and find else "",
        "export_url": address_for("sessions:record-export", request.user, [request.program.pk], pk),
    }
    return render(request, "sessions/reader/record.html", context)


@allow(Role.PARTICIPANT)
def my_record(request: Asked) -> HttpResponse:
    """To one's own record."""
    own = Participant.objects.visible_to(request.user).filter(user=request.user).first()
    if own is None:
        raise Http404(NOT_HERE)
    return redirect("sessions:participant-record", own.pk)


def _day(said: str) -> date | None:
    try:
        return date.fromisoformat(said)
    except ValueError:
        return None
