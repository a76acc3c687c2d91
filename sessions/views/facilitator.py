"""The facilitator's own day."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse

from phpsupport.access.gate import allow
from phpsupport.access.roles import Role
from phpsupport.lib import clock
from sessions.queries.answers import asked_of
from sessions.queries.handing_over import handing
from sessions.queries.my_day import my_day as day_of


def _address(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


@allow(Role.FACILITATOR)
def my_day(request: HttpRequest) -> HttpResponse:
    """What asks for an answer, the next group, what is unfinished, the rest of today."""
    asks: Any = {"user": request.user, "program": request.program, "at": clock.now()}  # type: ignore[attr-defined]
    day, hand_overs = day_of(**asks), handing(**asks)
    context = {
        "day": day,
        "open": len(day.tasks) + len(hand_overs.to_write),
        "overdue": day.overdue + sum(leaving.overdue for leaving in hand_overs.to_write),
        "asked": asked_of(**asks),
        "handing": hand_overs,
        "practice": _address("facilitators:my-practice"),
    }
    return render(request, "sessions/facilitator/my_day.html", context)
