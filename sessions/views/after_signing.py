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
from sessions.forms.note import AddendumForm, VoidForm
from sessions.models import GroupNote, ProgressNote

NOTES: dict[str, type[GroupNote] | type[ProgressNote]] = {
    "group": GroupNote,
    "progress": ProgressNote,
}
BESIDE = (Role.FACILITATOR, Role.SUPERVISOR, Role.PROGRAM_LEAD)


def _note(request: HttpRequest, kind: str, pk: UUID) -> GroupNote | ProgressNote:
    found: Any = load(request, NOTES[kind].objects.select_related("session", "author"), pk)
    return found  # type: ignore[no-any-return]


def _back(request: HttpRequest, note: GroupNote | ProgressNote) -> str:
    page = "sessions:notes-of-session" if note.author_id == request.user.pk else "sessions:review"
    return reverse(page, args=[note.session_id])


@allow(*BESIDE, methods=("GET", "POST"))
def addendum(request: HttpRequest, kind: str, pk: UUID) -> HttpResponse:
    """Add dated words beside a signed note."""
    note = _note(request, kind, pk)
    require(policies.can_add_to_note(request.user, note))  # type: ignore[arg-type]
    back = _back(request, note)
    form = AddendumForm(request.POST or None, cancel=back)
    if request.method == "POST" and form.is_valid():
        try:
            add_addendum(note=note, **form.cleaned_data, by=request.user, at=clock.now())  # type: ignore[arg-type]
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "Your words stand beside the note.")
            return redirect(f"{back}#note-{note.pk}")
    return _entry_page(request, note, form, back, "Add to a signed note", kind)


@allow(*BESIDE, methods=("GET", "POST"))
def void(request: HttpRequest, kind: str, pk: UUID) -> HttpResponse:
    """Declare a note void; its words begin the draft of a new one."""
    note = _note(request, kind, pk)
    require(policies.can_void_note(request.user, note))  # type: ignore[arg-type]
    back = _back(request, note)
    form = VoidForm(request.POST or None, cancel=back)
    if request.method == "POST" and form.is_valid():
        try:
            void_note(note=note, **form.cleaned_data, by=request.user, at=clock.now())  # type: ignore[arg-type]
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(
                request, "The note is void. Its words wait as a draft for the one that replaces it."
            )
            return redirect(f"{back}#note-{note.pk}")
    return _entry_page(request, note, form, back, "Declare a note void", kind)


def _entry_page(
    request: HttpRequest, note: Any, form: Any, back: str, title: str, kind: str
) -> HttpResponse:
    context = {"note": note, "form": form, "back": back, "title": title, "voids": "void" in title}
    return render(
        request, "sessions/facilitator/entry.html", context, status=422 if form.errors else 200
    )
