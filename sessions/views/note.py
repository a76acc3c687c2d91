"""Writing the notes of a session."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from phpsupport.access.asked import Asked
from phpsupport.access.gate import allow, require
from phpsupport.access.roles import Role
from phpsupport.audit.trail import record_each
from phpsupport.lib import clock, wording
from phpsupport.lib.errors import Refused
from sessions import policies
from sessions.actions.drafts import Saved, save_drafts
from sessions.forms.note import form_of, read_parts
from sessions.models import (
    GROUP_TEXTS,
    PART_TEXTS,
    GroupNoteDraft,
    GroupSession,
    ProgressNoteDraft,
)
from sessions.queries.attendance import (
    heading,
)
from sessions.queries.blocks import FIELDS, blocks_at_hand
from sessions.queries.desk import Desk, Part, desk
from sessions.queries.safety import of_session
from sessions.views.led import session_of


@allow(Role.FACILITATOR, methods=("GET", "POST"))
def note(request: Asked, pk: UUID) -> HttpResponse:
    """Write the group's part and each person's. The script saves what is typed (see `saving`);
    the button sends the form."""
    session = session_of(request, pk)
    require(policies.can_write_notes(request.user, session))
    there = desk(session, reader=request.user)
    record_each("note.read", by=request.user, at=clock.now(), objs=there.last_read)
    if request.method == "GET":
        return _note_page(request, session, there)
    typed, faulty = read_parts(there, request.POST)
    try:
        saved = save_drafts(session=session, parts=typed, by=request.user, at=clock.now())
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return _note_page(request, session, there, data=request.POST, status=422)
    if saved.whole and not faulty:
        if "sign" in request.POST:
            return redirect("sessions:note-sign", pk=session.pk)
        messages.success(request, "Your notes are saved.")
        return redirect("sessions:note", pk=session.pk)
    return _note_page(
        request,
        session,
        desk(session, reader=request.user),
        data=request.POST,
        saved=saved,
        status=422 if faulty else 409,
    )


def _note_page(
    request: Asked,
    session: GroupSession,
    there: Desk,
    *,
    data: Mapping[str, Any] | None = None,
    saved: Saved | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page; after a conflict with what was typed in the fields and the stored words beside."""
    stale = saved.stale if saved else {}
    typed: Any = None
    if data is not None:
        typed = dict(data.items())
        for part in (there.group, *there.parts):
            key = part.person.participant_id if part.person else None
            if f"{part.key}-version" in typed:
                typed[f"{part.key}-version"] = str(part.version)
            if key in stale:
                part.theirs = part.words

    def shown(part: Part) -> dict[str, Any]:
        sent = typed if typed is not None and f"{part.key}-version" in typed else None
        form = form_of(part, sent)
        if sent is not None:
            form.is_valid()
        return {"part": part, "form": form, "person": part.person, "theirs": _theirs(part)}

    at_hand = blocks_at_hand(session.program, request.user)
    of_field = [(name, [b for b in at_hand if b.field == name]) for name in FIELDS]
    at = there.saved_at
    local = at.astimezone(ZoneInfo(session.program.zone)) if at else None
    context = {
        "session": session,
        "head": heading(session),
        "desk": there,
        "group": shown(there.group),
        "came": [shown(part) for part in there.came],
        "others": [shown(part) for part in there.others],
        "unmarked": there.unmarked,
        "blocks_by_field": [(name, lines) for name, lines in of_field if lines],
        "with_blocks": {name for name, lines in of_field if lines},
        "safety": of_session(session, request.user, clock.now()),
        "saved_at": wording.clock_time(local) if local else "",
        "conflict": bool(stale),
        "signed_meanwhile": bool(saved and saved.signed),
    }
    return render(request, "sessions/facilitator/note.html", context, status=status)


def _theirs(part: Part) -> list[tuple[str, str]]:
    """What somebody else saved in the meantime, with its labels."""
    model = ProgressNoteDraft if part.person else GroupNoteDraft
    texts = PART_TEXTS if part.person else GROUP_TEXTS
    words = part.theirs or {}
    return [
        (str(model._meta.get_field(name).verbose_name), words[name])  # type: ignore[union-attr]
        for name in texts
        if words.get(name)
    ]
