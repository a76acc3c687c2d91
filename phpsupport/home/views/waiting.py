"""What waits for you: the page behind the bell."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from phpsupport.access.gate import allow
from phpsupport.access.roles import STAFF
from phpsupport.home.waiting import waiting as what_waits
from phpsupport.lib import clock


@allow(*STAFF)
def waiting(request: HttpRequest) -> HttpResponse:
    """Counts and ways to what is due, by the person's roles in the current program."""
    program = request.program  # type: ignore[attr-defined]
    parts = what_waits(user=request.user, program=program, at=clock.now())  # type: ignore[arg-type]
    return render(request, "home/waiting.html", {"parts": parts})
