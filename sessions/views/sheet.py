"""The sign-in sheet of a session, for the printer and as a PDF."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render

from phpsupport.access.asked import Asked
from phpsupport.access.gate import allow, require
from phpsupport.access.roles import Role
from phpsupport.audit.trail import record
from phpsupport.lib import clock
from sessions import policies
from sessions.models import GroupSession
from sessions.queries.attendance import heading
from sessions.queries.sheet import sheet_of
from sessions.sheet_file import sheet_file
from sessions.views.led import session_of

AT_THE_DOOR = (Role.FACILITATOR, Role.SCHEDULER, Role.PROGRAM_LEAD)


def _session(request: Asked, pk: UUID) -> GroupSession:
    found = session_of(request, pk)
    require(policies.can_mark_attendance(request.user, found))
    record("sheet.opened", by=request.user, at=clock.now(), obj=found)
    return found


@allow(*AT_THE_DOOR)
def sheet(request: Asked, pk: UUID) -> HttpResponse:
    """Lines to sign on paper: preferred name and last initial, nothing about anybody."""
    session = _session(request, pk)
    found = sheet_of(session)
    return render(
        request,
        "sessions/sheet/sheet.html",
        {
            "session": session,
            "head": heading(session),
            "sheet": found,
            "blank": range(found.blank),
        },
    )


@allow(*AT_THE_DOOR)
def sheet_pdf(request: Asked, pk: UUID) -> HttpResponse:
    """The same as a file with a name that tells nothing."""
    session = _session(request, pk)
    answer = HttpResponse(sheet_file(sheet_of(session)), content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="sign-in-{session.local_date}.pdf"'
    return answer
