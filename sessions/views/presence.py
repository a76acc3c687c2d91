"""Who else has a page of a session open."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse

from phpsupport.access.gate import allow, load, require
from phpsupport.access.roles import Role
from phpsupport.lib import clock
from sessions import policies
from sessions.models import GroupSession
from sessions.presence import PAGES, here
from sessions.queries.attendance import with_heading

MAY = {"attendance": policies.can_mark_attendance, "note": policies.can_write_notes}


@allow(Role.FACILITATOR, Role.SCHEDULER, Role.PROGRAM_LEAD, methods=("POST",))
def presence(request: HttpRequest, pk: UUID, page: str) -> HttpResponse:
    """Say that the page is open and hear who else has it open. The page asks by itself, so this
    does not count as somebody doing something: the idle are signed off all the same."""
    request.asked_by_the_page = True  # type: ignore[attr-defined]
    if page not in PAGES:
        raise Http404
    user = request.user
    session = load(request, with_heading(GroupSession.objects.all(), reader=user), pk, read=False)  # type: ignore[arg-type]
    require(MAY[page](user, session))  # type: ignore[arg-type]
    return JsonResponse({"present": here(session, user, page, at=clock.now())})  # type: ignore[arg-type]
