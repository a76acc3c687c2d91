"""Finding signed notes among those that one may read."""

from django.http import HttpResponse
from django.shortcuts import render

from facilitators.models import Facilitator
from phpsupport.access.asked import Asked
from phpsupport.access.gate import allow
from phpsupport.access.roles import Role
from phpsupport.audit.trail import record, record_each
from phpsupport.lib import clock
from sessions.forms.search import NoteSearchForm
from sessions.models import SupportGroup
from sessions.queries.note_search import (
    DECRYPTED_AT_MOST,
    SHOWN_AT_MOST,
    Narrowed,
    Search,
    search_notes,
)

READERS = (Role.FACILITATOR, Role.SUPERVISOR, Role.CLINICIAN, Role.PROGRAM_LEAD)


@allow(*READERS, methods=("GET", "POST"))
def note_search(request: Asked) -> HttpResponse:
    """A GET shows the form, narrowed as its address says; the search itself is a POST, so that no
    word of it stands in an address. The trail notes that somebody searched and which notes were
    shown, never the words."""
    groups = SupportGroup.objects.visible_to(request.user).filter(program=request.program)
    writers = Facilitator.objects.filter(program=request.program).select_related("user")
    form = NoteSearchForm(
        request.POST if request.method == "POST" else None,
        groups=list(groups.order_by("name").values_list("pk", "name")),
        authors=sorted(((f.user_id, f.user.name) for f in writers), key=lambda pair: pair[1]),
        initial={
            name: request.GET[name]
            for name in ("group", "author", "since", "until", "participant")
            if name in request.GET
        },
    )
    found: Search | None = None
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        words = given.pop("words")
        narrowed = Narrowed(**given)
        found = search_notes(
            user=request.user, program=request.program, narrowed=narrowed, words=words
        )
        at = clock.now()
        shown = [hit.note for hit in found.notes if not hit.sheet.closed]
        record(
            "note.searched",
            by=request.user,
            at=at,
            program_id=request.program.pk,
            narrowed=narrowed.by,
            words=bool(words),
            looked=found.looked,
            found=found.found,
        )
        record_each("note.read", by=request.user, at=at, objs=shown)
    return render(
        request,
        "sessions/search/notes.html",
        {"form": form, "search": found, "most": DECRYPTED_AT_MOST, "shown": SHOWN_AT_MOST},
    )
