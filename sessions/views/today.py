"""Today for those who plan: what needs a person, and each room now and next."""

from django.http import HttpResponse
from django.shortcuts import render

from phpsupport.access.asked import Asked
from phpsupport.access.gate import allow
from phpsupport.audit.trail import record
from phpsupport.lib import clock
from sessions.grants import PLANNERS
from sessions.queries import today as queries


@allow(*PLANNERS)
def today(request: Asked) -> HttpResponse:
    """What needs a person, and each room now and next. Whom it names stands in the trail."""
    at, program = clock.now(), request.program
    found = queries.today(user=request.user, program=program, at=at)
    if named := found.participants:
        record(
            "misses.read", by=request.user, at=at, obj=program, program_id=program.pk, people=named
        )
    return render(request, "sessions/planner/today.html", {"today": found})
