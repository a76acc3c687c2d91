"""Reading the notes of a session once more, settling what was found, and signing."""

from uuid import UUID

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from phpsupport.access.gate import allow, load, require
from phpsupport.access.roles import Role
from phpsupport.lib import clock, wording
from phpsupport.lib.errors import Refused
from phpsupport.users.confirming import confirm_identity
from sessions import policies
from sessions.actions.signing import findings_in, sign_notes
from sessions.forms.signing import SignForm
from sessions.models import GroupSession
from sessions.queries.attendance import (
    heading,
    with_heading,
)
from sessions.queries.desk import desk

SEEN = "notes.seen"


def _session(request: HttpRequest, pk: UUID) -> GroupSession:
    return load(request, with_heading(GroupSession.objects.all(), reader=request.user), pk)  # type: ignore[arg-type]


@allow(Role.FACILITATOR, methods=("GET", "POST"))
def note_sign(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Read everything once more, settle what was found, and sign."""
    session = _session(request, pk)
    require(policies.can_sign_note(request.user, session))  # type: ignore[arg-type]
    there = desk(session)
    ready = [
        part
        for part in there.came
        if not part.signed and not part.blank and part.person and part.person.status
    ]
    with_group = not there.group.signed and not there.group.blank
    shown = {part.person.participant_id: part.version for part in ready if part.person}
    findings = findings_in(there, group=with_group, parts=list(shown))
    seen: dict[str, int] = {str(key): version for key, version in shown.items()}
    if with_group:
        seen["group"] = there.group.version
    head = heading(session)
    form = SignForm(
        request.POST or None,
        initial={"started": head.starts, "ended": head.ends},
        findings=findings,
        group=with_group,
        cancel=reverse("sessions:note", args=[session.pk]),
    )
    form.cancel_word = "Back to the notes"
    if request.method == "POST" and form.is_valid():
        try:
            read = signing.loads(request.POST.get("seen", ""), salt=SEEN)
            confirm_identity(request, form.cleaned_data["secret"])
            signed = sign_notes(
                session=session,
                seen={None if key == "group" else UUID(key): v for key, v in read.items()},
                explained=form.explained,
                by=request.user,  # type: ignore[arg-type]
                at=clock.now(),
                **form.times(session),
            )
        except signing.BadSignature:
            messages.error(
                request, "The notes changed since you opened this page. Read them again."
            )
            return redirect("sessions:note-sign", pk=session.pk)
        except Refused as refusal:
            if refusal.code in ("signed", "changed"):
                messages.warning(request, refusal.sentence)
                return redirect("sessions:notes-of-session", pk=session.pk)
            form.refuse(refusal)
        else:
            said = wording.count(len(signed.notes), "note is", "notes are")
            then = " Your supervisor has been told." if signed.needs_cosignature else ""
            late = " They count as late." if signed.late else ""
            messages.success(request, f"{said[0].upper()}{said[1:]} signed.{then}{late}")
            return redirect("sessions:notes-of-session", pk=session.pk)
    context = {
        "session": session,
        "head": head,
        "form": form,
        "desk": there,
        "group": there.group if with_group else None,
        "ready": ready,
        "findings": findings,
        "missing": [p.person.name for p in there.came if p.blank and not p.signed and p.person],
        "unmarked": [p.name for p in there.unmarked],
        "unmarked_written": [
            p.person.name for p in there.parts if p.person and not p.person.status and not p.blank
        ],
        "group_missing": not there.group.signed and not with_group,
        "seen": signing.dumps(seen, salt=SEEN),
        "nothing": not seen,
    }
    return render(
        request, "sessions/facilitator/sign.html", context, status=422 if form.errors else 200
    )
