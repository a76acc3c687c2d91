"""What comes beside a signed note."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from phpsupport.access.gate import allow, load, require
from phpsupport.access.roles import Role
from phpsupport.lib import clock
from phpsupport.lib.errors import Refused
from sessions import policies
from sessions.actions.addenda import add_addendum, void_note
from sessions.actions.naming import among_beside
from sessions.forms.beside import AddendumForm, VoidForm
from sessions.models import GroupNote, ProgressNote
from sessions.queries.attendance import person_of
from sessions.queries.notes import Sheet, next_returned, sheets
from sessions.screening import Roster

NOTES: dict[str, type[GroupNote] | type[ProgressNote]] = {
    "group": GroupNote,
    "progress": ProgressNote,
}
BESIDE = (Role.FACILITATOR, Role.SUPERVISOR, Role.PROGRAM_LEAD)


def _note(request: HttpRequest, kind: str, pk: UUID) -> GroupNote | ProgressNote:
    with_what = ["session__series__group", "session__program__site", "author"]
    rows = NOTES[kind].objects.select_related(
        *with_what, *(["participant"] if kind == "progress" else [])
    )
    found: Any = load(request, rows, pk)
    return found  # type: ignore[no-any-return]


def _sheet(note: GroupNote | ProgressNote) -> Sheet:
    """The note as whoever may write beside it reads it."""
    names = {}
    if isinstance(note, ProgressNote):
        names[note.participant_id] = person_of(note.participant, on=note.session.local_date)
    return sheets([note], zone=note.session.program.zone, names=names, answered=[note.pk])[0]


def _back(request: HttpRequest, note: GroupNote | ProgressNote) -> str:
    page = "sessions:notes-of-session" if note.author_id == request.user.pk else "sessions:review"
    return reverse(page, args=[note.session_id])


def _among(request: HttpRequest, note: GroupNote | ProgressNote) -> Roster | None:
    """Who may be named in what was sent; None where nothing was."""
    return among_beside(note.session, clock.now()) if request.method == "POST" else None


@allow(*BESIDE, methods=("GET", "POST"))
def addendum(request: HttpRequest, kind: str, pk: UUID) -> HttpResponse:
    """Add dated words beside a signed note, or answer the comment with which it came back."""
    note = _note(request, kind, pk)
    require(policies.can_add_to_note(request.user, note))  # type: ignore[arg-type]
    sheet = _sheet(note)
    answers = sheet.state == "returned" and note.author_id == request.user.pk
    back = reverse("sessions:my-day") if answers else _back(request, note)
    form = AddendumForm(
        request.POST or None, cancel=back, answers=answers, note=note, among=_among(request, note)
    )
    if request.method == "POST" and form.is_valid():
        try:
            add_addendum(note=note, **form.written, by=request.user, at=clock.now())  # type: ignore[arg-type]
        except Refused as refusal:
            form.refuse(refusal)
        else:
            if answers:
                return _answered(request, note)
            messages.success(request, "Your words stand beside the note.")
            return redirect(f"{back}#note-{note.pk}")
    title = "Answer the comment" if answers else "Add to a signed note"
    context = {"note": note, "sheet": sheet, "form": form, "back": back, "title": title}
    return _page(request, context | {"answers": answers})


def _answered(request: HttpRequest, note: GroupNote | ProgressNote) -> HttpResponse:
    """On to the next note of this session that came back, or to the day."""
    messages.success(
        request, "Your answer stands beside the note, which waits for your supervisor again."
    )
    following = next_returned(session_id=note.session_id, author_id=note.author_id)
    if following:
        return redirect("sessions:addendum", *following)
    return redirect("sessions:my-day")


@allow(*BESIDE, methods=("GET", "POST"))
def void(request: HttpRequest, kind: str, pk: UUID) -> HttpResponse:
    """Declare a note void; its words begin the draft of a new one."""
    note = _note(request, kind, pk)
    require(policies.can_void_note(request.user, note))  # type: ignore[arg-type]
    sheet, back = _sheet(note), _back(request, note)
    among = _among(request, note)
    form = VoidForm(request.POST or None, cancel=back, note=note, among=among)
    if request.method == "POST" and form.is_valid():
        try:
            void_note(note=note, **form.written, by=request.user, at=clock.now())  # type: ignore[arg-type]
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(
                request, "The note is void. Its words wait as a draft for the one that replaces it."
            )
            return redirect(f"{back}#note-{note.pk}")
    context = {"note": note, "sheet": sheet, "form": form, "back": back, "voids": True}
    return _page(request, context | {"title": "Declare a note void"})


def _page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    status = 422 if context["form"].errors else 200
    return render(request, "sessions/facilitator/entry.html", context, status=status)
