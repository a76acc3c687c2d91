"""The supervisor's review queue: read, then cosign or return with a comment."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core import signing
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from phpsupport.access.gate import NOT_HERE, allow, load, require
from phpsupport.access.roles import Role
from phpsupport.audit.trail import record_each
from phpsupport.lib import clock, wording
from phpsupport.lib.errors import Refused
from phpsupport.users.confirming import confirm_identity
from sessions import policies
from sessions.actions.review import cosign_note, return_note
from sessions.forms.note import ReturnForm
from sessions.models import GroupNote, GroupSession, ProgressNote
from sessions.queries.attendance import heading, with_heading
from sessions.queries.review import answerable, notes_to_review, review_queue

READ = "notes.read"
REVIEWERS = (Role.SUPERVISOR, Role.PROGRAM_LEAD)


@allow(*REVIEWERS)
def queue(request: HttpRequest) -> HttpResponse:
    """What waits, by when it was due."""
    rows = review_queue(user=request.user, program=request.program, at=clock.now())  # type: ignore[arg-type,attr-defined]
    context = {
        "rows": rows,
        "notes": sum(row.notes for row in rows),
        "late": sum(r.late for r in rows),
    }
    return render(request, "sessions/review/queue.html", context)


@allow(*REVIEWERS, methods=("GET", "POST"))
def review(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Read one session's notes and cosign them: each, or all that were read on this page."""
    session = load(request, with_heading(GroupSession.objects.all()), pk)
    sheets, notes = notes_to_review(user=request.user, session=session, zone=session.program.zone)  # type: ignore[arg-type]
    if not notes:
        raise Http404(NOT_HERE)
    fault = ""
    if request.method == "POST":
        try:
            said = _cosign(request, notes)
        except Refused as refusal:
            fault = refusal.sentence
        else:
            messages.success(request, said)
            waits = review_queue(user=request.user, program=request.program, at=clock.now())  # type: ignore[arg-type,attr-defined]
            here = any(row.session_id == session.pk for row in waits)
            return redirect("sessions:review", pk=pk) if here else redirect("sessions:review-queue")
    else:
        record_each("note.read", by=request.user, at=clock.now(), objs=notes)  # type: ignore[arg-type]
    waiting = [sheet for sheet in sheets if sheet.state == "waiting"]
    context = {
        "session": session,
        "head": heading(session),
        "group_notes": [sheet for sheet in sheets if sheet.kind == "group"],
        "part_notes": [sheet for sheet in sheets if sheet.kind == "progress"],
        "waiting": len(waiting),
        "authors": wording.listing(sorted({sheet.author for sheet in sheets})),
        "read": signing.dumps(
            {"by": str(request.user.pk), "notes": {str(s.id): s.addenda for s in waiting}},
            salt=READ,
        ),
        "fault": fault,
    }
    return render(request, "sessions/review/review.html", context, status=422 if fault else 200)


def _cosign(request: HttpRequest, notes: list[Any]) -> str:
    """Cosign the chosen notes, all of which this person had before their eyes."""
    try:
        read = signing.loads(request.POST.get("read", ""), salt=READ, max_age=12 * 3600)
    except signing.BadSignature:
        raise Refused("Open the notes again and read them before cosigning.") from None
    shown = dict(read["notes"]) if read["by"] == str(request.user.pk) else {}
    one = request.POST.get("one")
    asked = [one] if one else request.POST.getlist("note")
    chosen = [note for note in notes if str(note.pk) in asked]
    if not chosen:
        raise Refused("Choose the notes that you cosign.")
    if any(str(note.pk) not in shown for note in chosen):
        raise Refused("A note was added meanwhile. Read it before cosigning.")
    confirm_identity(request, request.POST.get("secret", ""))
    with transaction.atomic():
        for note in chosen:
            cosign_note(
                note=note,
                by=request.user,  # type: ignore[arg-type]
                at=clock.now(),
                addenda=shown[str(note.pk)],
            )
    return f"{wording.count(len(chosen), 'note is', 'notes are')} cosigned."


@allow(*REVIEWERS, methods=("GET", "POST"))
def return_to_author(request: HttpRequest, kind: str, pk: UUID) -> HttpResponse:
    """Return one note with a comment."""
    model: Any = GroupNote if kind == "group" else ProgressNote
    note = load(request, model.objects.select_related("author", "session"), pk)
    require(policies.can_cosign_note(request.user, note))  # type: ignore[arg-type]
    if not answerable(request.user, model).filter(pk=pk).exists():  # type: ignore[arg-type]
        raise Http404(NOT_HERE)
    form = ReturnForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            return_note(note=note, **form.cleaned_data, by=request.user, at=clock.now())  # type: ignore[arg-type]
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, f"Returned to {note.author.name} with your comment.")
            return redirect("sessions:review", pk=note.session_id)
    context = {"note": note, "form": form}
    return render(
        request, "sessions/review/return.html", context, status=422 if form.errors else 200
    )
