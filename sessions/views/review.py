"""The supervisor's review queue: read, then cosign or return with a comment."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core import signing
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from phpsupport.access.gate import NOT_HERE, allow, load, require
from phpsupport.access.roles import Role
from phpsupport.audit.trail import record_each
from phpsupport.lib import clock, wording
from phpsupport.lib.errors import Refused
from phpsupport.users.confirming import confirm_identity
from sessions import policies
from sessions.actions.naming import among_beside
from sessions.actions.review import cosign_note, return_note
from sessions.forms.beside import ReturnForm
from sessions.models import GroupNote, GroupSession, ProgressNote
from sessions.queries.attendance import heading, with_heading
from sessions.queries.review import (
    Waiting,
    answerable,
    following,
    notes_to_review,
    review_queue,
)

READ = "notes.read"
READ_SECONDS = 12 * 3600
REVIEWERS = (Role.SUPERVISOR, Role.PROGRAM_LEAD)


def _queue(request: HttpRequest) -> list[Waiting]:
    return review_queue(user=request.user, program=request.program, at=clock.now())  # type: ignore[arg-type,attr-defined]


def _author(request: HttpRequest) -> UUID | None:
    """The author whose notes were asked for; None for everybody's."""
    try:
        return UUID(request.GET.get("author", ""))
    except ValueError:
        return None


@allow(*REVIEWERS)
def queue(request: HttpRequest) -> HttpResponse:
    """What waits, by when it was due; of one author where asked."""
    waits, author = _queue(request), _author(request)
    rows = [row for row in waits if author in (None, row.author_id)]
    context = {
        "rows": rows,
        "notes": sum(row.notes for row in rows),
        "late": sum(bool(row.late) for row in rows),
        "authors": sorted({(row.author, row.author_id) for row in waits}),
        "author": author,
    }
    return render(request, "sessions/review/queue.html", context)


@allow(*REVIEWERS, methods=("GET", "POST"))
def review(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Read one session's notes and cosign those that were ticked, each on its own."""
    session = load(request, with_heading(GroupSession.objects.all()), pk)
    author = _author(request)
    sheets, notes = notes_to_review(
        user=request.user,  # type: ignore[arg-type]
        session=session,
        zone=session.program.zone,
        author=author,
    )
    if not notes:
        raise Http404(NOT_HERE)
    fault: Refused | None = None
    if request.method == "POST":
        before = _queue(request)
        try:
            said = _cosign(request, notes)
        except Refused as refusal:
            fault = refusal
        else:
            messages.success(request, said)
            return redirect(_onward(request, before, session.pk, author or notes[0].author_id))
    else:
        record_each("note.read", by=request.user, at=clock.now(), objs=notes)  # type: ignore[arg-type]
    waiting = [sheet for sheet in sheets if sheet.state == "waiting"]
    after = following(_queue(request), (session.pk, author or notes[0].author_id))
    context = {
        "session": session,
        "head": heading(session),
        "group_notes": [sheet for sheet in sheets if sheet.kind == "group"],
        "part_notes": [sheet for sheet in sheets if sheet.kind == "progress"],
        "waiting": len(waiting),
        "authors": wording.listing(sorted({sheet.author for sheet in sheets})),
        "read": _read_token(request, {sheet.id: sheet.addenda for sheet in waiting}),
        "ticked": {UUID(key) for key in request.POST.getlist("note") if _is_key(key)},
        "fault": fault,
        "after": after,
    }
    return render(request, "sessions/review/review.html", context, status=422 if fault else 200)


def _onward(request: HttpRequest, before: list[Waiting], session: UUID, author: UUID) -> str:
    """Where reading goes on: here while something waits, then what was next, then the queue."""
    here, waits = (session, author), _queue(request)
    keys = {row.key for row in waits}
    if here in keys:
        return _address(*here)
    left = [row for row in before if row.key in keys or row.key == here]
    row = following(left, here)
    return _address(*row.key) if row else reverse("sessions:review-queue")


def _address(session: UUID, author: UUID) -> str:
    return f"{reverse('sessions:review', args=[session])}?author={author}"


# --- what was read ----------------------------------------------------------------------------------
def _read_token(request: HttpRequest, addenda: dict[UUID, int]) -> str:
    """Which notes were on the page, with how many addenda, signed for this person."""
    notes = {str(pk): number for pk, number in addenda.items()}
    return signing.dumps({"by": str(request.user.pk), "notes": notes}, salt=READ)


def _read(request: HttpRequest) -> dict[str, int]:
    """The notes of the token that came back; refused where it is not theirs or too old."""
    try:
        read = signing.loads(request.POST.get("read", ""), salt=READ, max_age=READ_SECONDS)
    except signing.BadSignature:
        raise Refused("Open the notes again and read them before you answer.") from None
    return dict(read["notes"]) if read["by"] == str(request.user.pk) else {}


def _is_key(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _cosign(request: HttpRequest, notes: list[Any]) -> str:
    """Cosign the ticked notes, all of which this person had before their eyes."""
    shown = _read(request)
    asked = request.POST.getlist("note")
    chosen = [note for note in notes if str(note.pk) in asked]
    if not chosen:
        raise Refused("Tick the notes that you read and cosign.", code="none")
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
    return f"{wording.count(len(chosen), 'note is', 'notes are')} cosigned and locked."


@allow(*REVIEWERS, methods=("GET", "POST"))
def return_to_author(request: HttpRequest, kind: str, pk: UUID) -> HttpResponse:
    """Return one note with a comment: sent from where it was read, or from this page."""
    model: Any = GroupNote if kind == "group" else ProgressNote
    with_what = ("author", "session__series__group", "session__program__site")
    note = load(request, model.objects.select_related(*with_what), pk)
    require(policies.can_cosign_note(request.user, note))  # type: ignore[arg-type]
    if not answerable(request.user, model).filter(pk=pk).exists():  # type: ignore[arg-type]
        raise Http404(NOT_HERE)
    sent = request.POST.copy() if request.method == "POST" else None
    form = ReturnForm(
        sent,
        cancel=_address(note.session_id, note.author_id),
        note=note,
        among=None if sent is None else among_beside(note.session, clock.now()),
    )
    if sent is not None and form.is_valid():
        before = _queue(request)
        try:
            shown = _read(request) if request.POST.get("read") else {}
            return_note(
                note=note,
                **form.written,
                by=request.user,  # type: ignore[arg-type]
                at=clock.now(),
                addenda=shown.get(str(note.pk)),
            )
        except Refused as refusal:
            form.refuse(refusal)
            if refusal.code != "named":  # once it was read, it can be sent again from here
                sent["read"] = ""
        else:
            messages.success(request, f"Returned to {note.author.name} with your comment.")
            return redirect(_onward(request, before, note.session_id, note.author_id))
    context = {"note": note, "form": form, "back": form.cancel}
    return render(
        request, "sessions/review/return.html", context, status=422 if form.errors else 200
    )
