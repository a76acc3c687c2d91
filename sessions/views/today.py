"""Today for those who plan: what needs a person, and each room now and next."""

from django.http import HttpResponse
from django.shortcuts import render

from phpsupport.access.asked import Asked
from phpsupport.access.gate import allow
from phpsupport.lib import clock
from sessions.grants import PLANNERS
from sessions.queries import today as queries


@allow(*PLANNERS)
def today(request: Asked) -> HttpResponse:
    """What needs a person, and each room now and next."""
    found = queries.today(user=request.user, program=request.program, at=clock.now())
    return render(request, "sessions/planner/today.html", {"today": found})
