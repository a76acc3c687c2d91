"""Reading the notes of a session once more, settling what was found, and signing."""

from uuid import UUID

from django.contrib import messages
from django.core import signing
from django.http import HttpResponse
from django.shortcuts import redirect, render

from phpsupport.access.asked import Asked
from phpsupport.access.gate import allow, require
from phpsupport.access.roles import Role
from phpsupport.lib import clock, wording
from phpsupport.lib.errors import Refused
from phpsupport.users.confirming import confirm_identity
from sessions import policies
from sessions.actions.signing import sign_notes
from sessions.forms.signing import SignForm
from sessions.queries.attendance import (
    heading,
)
from sessions.queries.checking import check
from sessions.queries.desk import desk
from sessions.views.led import session_of

SEEN = "notes.seen"
GROUP_KEY, ATTENDANCE_KEY = "group", "attendance"


@allow(Role.FACILITATOR, methods=("GET", "POST"))
def note_sign(request: Asked, pk: UUID) -> HttpResponse:
    """Read everything once more, settle what was found, and sign."""
    session = session_of(request, pk)
    require(policies.can_sign_note(request.user, session))
    there = desk(session, reader=request.user)
    checked = check(session, there)
    seen = {str(key) if key else GROUP_KEY: version for key, version in checked.seen.items()}
    head = heading(session)
    form = SignForm(
        request.POST or None,
        initial={"started": head.starts, "ended": head.ends},
        doubts=checked.doubts,
        group=checked.group is not None,
    )
    if request.method == "POST" and form.is_valid():
        try:
            read = signing.loads(request.POST.get("seen", ""), salt=SEEN)
            attendance = read.pop(ATTENDANCE_KEY)
            confirm_identity(request, form.cleaned_data["secret"])
            signed = sign_notes(
                session=session,
                seen={None if key == GROUP_KEY else UUID(key): v for key, v in read.items()},
                explained=form.explained,
                attendance=attendance,
                by=request.user,
                at=clock.now(),
                **form.times(session),
            )
        except (signing.BadSignature, KeyError):
            messages.error(
                request, "The notes changed since you opened this page. Read them again."
            )
            return redirect("sessions:note-sign", pk=session.pk)
        except Refused as refusal:
            if refusal.code == "signed":
                messages.warning(request, refusal.sentence)
                return redirect("sessions:notes-of-session", pk=session.pk)
            if refusal.code == "changed":
                messages.warning(request, refusal.sentence)
                return redirect("sessions:note-sign", pk=session.pk)
            form.refuse(refusal)
        else:
            said = wording.count(len(signed.notes), "note is", "notes are")
            then = " Your supervisor has been told." if signed.needs_cosignature else ""
            late = " They count as late." if signed.late else ""
            messages.success(request, f"{said[0].upper()}{said[1:]} signed.{then}{late}")
            return redirect("sessions:notes-of-session", pk=session.pk)
    checked.explained_in({doubt.key: form[name] for name, doubt in form.doubts.items()})
    context = {
        "session": session,
        "head": head,
        "form": form,
        "desk": there,
        "check": checked,
        "seen": signing.dumps({**seen, ATTENDANCE_KEY: session.attendance_version}, salt=SEEN),
        "nothing": not seen,
    }
    return render(
        request, "sessions/facilitator/sign.html", context, status=422 if form.errors else 200
    )
