"""The week, and the day, the month and the list: for everybody who works with the groups."""

from dataclasses import replace
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers

from phpsupport.access.asked import Asked, now_and_today
from phpsupport.access.gate import allow
from phpsupport.access.scope import scope_of
from sessions.grants import PLANNERS, STAFF_WHO_SEE_THE_WEEK
from sessions.queries import week as queries
from sessions.queries.poster import posters
from sessions.queries.wish import Wish

PARTS = ("view", "date", "week", "by", "group", "facilitator", "room", "arrange")
VIEWS = (("day", "Day"), ("week", "Week"), ("month", "Month"), ("list", "List"))
WAYS = (("time", "By time"), ("room", "By room"), ("facilitator", "By facilitator"))
NOBODY = UUID(int=0)  # stands in an address until the script knows which session
# By time is the order of a month and of a list.
ORDERED = ("day", "week")


def wish_of(request: Asked) -> Wish:
    """What the address asks for; on a phone the list is where nothing else is asked."""
    asked = {name: request.GET.get(name, "")[:40] for name in PARTS}
    _, today = now_and_today(request)
    return Wish.read(asked, today=today, resting="list" if _on_a_phone(request) else "week")


def _on_a_phone(request: Asked) -> bool:
    told = request.headers.get("Sec-CH-UA-Mobile", "")
    return told == "?1" if told else "Mobi" in request.headers.get("User-Agent", "")


class Address:
    """Addresses of the same view with something changed; every one of them can be passed on."""

    def __init__(self, request: Asked, wish: Wish) -> None:
        self.kept = {
            name: value
            for name in PARTS
            if name not in ("week", "date") and (value := request.GET.get(name, "")[:40])
        }
        if "date" in request.GET or "week" in request.GET:
            self.kept["date"] = wish.on.isoformat()

    def __call__(self, **changes: str) -> str:
        kept = {k: v for k, v in (self.kept | changes).items() if v}
        return reverse("sessions:week") + (f"?{urlencode(kept)}" if kept else "")


@allow(*STAFF_WHO_SEE_THE_WEEK)
def week(request: Asked) -> HttpResponse:
    """A day, a week, a month or a list of the program, by time, by room or by facilitator."""
    if "print" in request.GET:
        return _print(request)
    now, _ = now_and_today(request)
    wish = wish_of(request)
    scope, program = scope_of(request.user), request.program
    may_plan = scope.has(program.pk, *PLANNERS)
    can_arrange = may_plan and wish.view != "list"
    if wish.arrange and not can_arrange:
        wish = replace(wish, arrange=False)
    found = queries.week(user=request.user, program=program, wish=wish, at=now)
    address = Address(request, wish)
    before, after = wish.beside
    answer = render(
        request,
        "sessions/week/week.html",
        {
            "week": found,
            "wish": wish,
            "views": [
                {"label": label, "url": address(view=view), "current": view == wish.view}
                for view, label in VIEWS
            ],
            "ways": [
                {
                    "label": label,
                    "url": address(by="" if by == "time" else by),
                    "current": by == wish.by,
                }
                for by, label in WAYS
            ]
            if wish.view in ORDERED
            else [],
            "earlier": address(date=before.isoformat()),
            "later": address(date=after.isoformat()),
            "this_week": address(date=""),
            "plain": address(group="", facilitator="", room=""),
            "day_address": address(view="day", date=""),
            "arrange_address": address(arrange="" if wish.arrange else "1", view=wish.view),
            "print_address": address(print="week", date=wish.on.isoformat(), arrange=""),
            "can_arrange": can_arrange,
            "nobody": NOBODY,
            "offset": _offset(now, program.zone),
            "width": found.width,
            "beside": max((lane.beside for lane in found.lanes), default=1),
            "may_plan": may_plan,
        },
    )
    patch_vary_headers(answer, ["User-Agent", "Sec-CH-UA-Mobile"])
    return answer


def _offset(now: datetime, zone: str) -> str:
    """How far the site's clock is from UTC: "-05:00"."""
    offset = f"{now.astimezone(ZoneInfo(zone)):%z}"
    return f"{offset[:3]}:{offset[3:]}"


def _print(request: Asked) -> HttpResponse:
    """A week for the wall: one page for each program, without anybody's name but the staff's."""
    now, _ = now_and_today(request)
    scope, wish = scope_of(request.user), wish_of(request)
    places = [request.program]
    if request.GET["print"] == "all":
        places = [p for p in scope.places if scope.has(p.pk, *STAFF_WHO_SEE_THE_WEEK)]
    address = Address(request, wish)
    on = wish.on.isoformat()
    return render(
        request,
        "sessions/week/print.html",
        {
            "posters": posters(programs=places, on=wish.on, at=now),
            "back_address": address(date=on),
            "all_address": address(print="all", date=on) if len(scope.places) > 1 else "",
            "one": len(places) == 1,
        },
    )
