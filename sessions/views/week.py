"""The week: for everybody who works with the groups."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from phpsupport.access.gate import allow
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.lib import clock
from sessions.grants import PLANNERS, STAFF_WHO_SEE_THE_WEEK
from sessions.queries import week as queries

VIEWS = (("time", "By time"), ("room", "By room"), ("facilitator", "By facilitator"))


@allow(*STAFF_WHO_SEE_THE_WEEK)
def week(request: HttpRequest) -> HttpResponse:
    """One week of the program, by time, by room or by facilitator."""
    program, now = request.program, clock.now()  # type: ignore[attr-defined]
    asked = {
        name: request.GET.get(name, "")[:40] for name in ("week", "by", "group", "facilitator")
    }
    found = queries.week(
        user=request.user,  # type: ignore[arg-type]
        program=program,
        first=queries.monday_of(asked["week"], clock.local_date(now, program.zone)),
        at=now,
        by=asked["by"],
        group=asked["group"],
        facilitator=asked["facilitator"],
    )

    def address(**changes: str) -> str:
        kept = request.GET.copy()
        for name, value in changes.items():
            kept[name] = value
            if not value:
                del kept[name]
        return (
            f"{reverse('sessions:week')}?{kept.urlencode()}" if kept else reverse("sessions:week")
        )

    return render(
        request,
        "sessions/week/week.html",
        {
            "week": found,
            "views": [
                {"label": label, "url": address(by=by), "current": by == found.by}
                for by, label in VIEWS
            ],
            "earlier": address(week=found.earlier),
            "later": address(week=found.later),
            "this_week": address(week=""),
            "plain": address(group="", facilitator=""),
            "may_plan": scope_of(request.user).has(program.pk, *PLANNERS),  # type: ignore[arg-type]
            "is_facilitator": scope_of(request.user).has(program.pk, Role.FACILITATOR),  # type: ignore[arg-type]
        },
    )
