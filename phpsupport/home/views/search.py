"""Search over what the person may see."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from phpsupport.access.gate import allow
from phpsupport.access.roles import STAFF
from phpsupport.audit.trail import record
from phpsupport.home.queries import search as find
from phpsupport.lib import clock


@allow(*STAFF, methods=("GET", "POST"))
def search(request: HttpRequest) -> HttpResponse:
    """Results for what is sent as `q`: a name does not stand in an address, where browsers and
    proxies keep it. The trail notes that a search was made and how much it found, never its words."""
    words = request.POST.get("q", "")
    program = request.program  # type: ignore[attr-defined]
    found = find(user=request.user, words=words, program=program)  # type: ignore[arg-type]
    if words.strip():
        record(
            "search",
            by=request.user,  # type: ignore[arg-type]
            at=clock.now(),
            program_id=program.pk,
            found=len(found),
        )
    return render(request, "home/search.html", {"found": found, "words": words})
