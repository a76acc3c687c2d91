"""One's own calendar outside: its page, and the file that calendar programs read."""

import hashlib
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import http_date, parse_etags
from django.views.decorators.debug import sensitive_variables

from phpsupport.access.asked import Asked
from phpsupport.access.gate import allow, public
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.lib import clock, wording
from phpsupport.lib.errors import Refused
from phpsupport.lib.origin import origin_of
from phpsupport.users.confirming import confirm_identity
from sessions.actions.feeds import WITH_CALENDAR, make_feed, note_reading, revoke_feed
from sessions.forms.feed import AddressForm
from sessions.models import CalendarFeed
from sessions.queries.feed import file_of, live_feed

# Calendar programs of many people may come from one address.
READS_A_MINUTE = 120


# --- the file ---------------------------------------------------------------------------------------
@public(methods=("GET", "HEAD"))
@sensitive_variables("token")
def calendar(request: HttpRequest, token: str) -> HttpResponse:
    """The calendar of whoever holds the address. Any other address is not there, in one way only.

    No cookie is read or set: `NoCookiesMiddleware` sees to that.
    """
    at = clock.now()
    if _too_often(request, at.timestamp()):
        return _plain("Too many requests. Try again in a minute.", 429, **{"Retry-After": "60"})
    live = live_feed(token, at=at)
    if live is None:
        return _plain("Not found.", 404)
    file = file_of(live, at=at)
    note_reading(feed=live.feed, at=at)
    etag = f'"{hashlib.sha256(file.content).hexdigest()}"'
    known = {
        tag.removeprefix("W/") for tag in parse_etags(request.headers.get("If-None-Match", ""))
    }
    if etag in known or "*" in known:
        answer = HttpResponse(status=304)
    else:
        answer = HttpResponse(file.content, content_type="text/calendar; charset=utf-8")
        answer["Content-Disposition"] = 'inline; filename="calendar.ics"'
    answer["ETag"] = etag
    answer["Last-Modified"] = http_date(int(file.changed_at.timestamp()))
    return _private(answer)


def _plain(words: str, status: int, **headers: str) -> HttpResponse:
    return _private(
        HttpResponse(
            words, status=status, content_type="text/plain; charset=utf-8", headers=headers
        )
    )


def _private(answer: HttpResponse) -> HttpResponse:
    answer["Cache-Control"] = "private, no-cache"
    answer["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _too_often(request: HttpRequest, seconds: float) -> bool:
    """Whether this address asked more often than calendar programs do, in this minute."""
    origin = origin_of(request)
    key = f"calendar:{origin}:{int(seconds // 60)}"
    cache.add(key, 0, timeout=120)
    return cache.incr(key) > READS_A_MINUTE


# --- its page ---------------------------------------------------------------------------------------
@allow(*WITH_CALENDAR, methods=("GET", "POST"))
@sensitive_variables("token", "address")
def my_calendar(request: Asked) -> HttpResponse:
    """Whether there is an address, when it was last read; make one, make it anew.

    The new address is in the answer to this one POST and nowhere else, so there is no redirect.
    """
    form = AddressForm(request.POST or None)
    address = ""
    if request.method == "POST" and form.is_valid():
        try:
            confirm_identity(request, form.cleaned_data["secret"])
            _, token = make_feed(by=request.user, at=clock.now())
        except Refused as refusal:
            if refusal.code == "secret":
                refusal = Refused(
                    "That is neither your password nor a current code. Nothing was changed; try again.",
                    field="secret",
                )
            form.refuse(refusal)
        else:
            address = settings.BASE_URL.rstrip("/") + reverse("outside:calendar", args=[token])
            form = AddressForm()
    feed = CalendarFeed.objects.visible_to(request.user).filter(revoked_at=None).first()
    scope = scope_of(request.user)
    return render(
        request,
        "sessions/feed/mine.html",
        {
            "form": form,
            "feed": feed,
            "address": address,
            "subscribe": f"webcal://{address.partition('://')[2]}" if address else "",
            "made": _when(feed.made_at, request) if feed else "",
            "read": _when(feed.last_read_at, request) if feed and feed.last_read_at else "",
            "leads": bool(scope.programs(Role.FACILITATOR)),
            "takes_part": bool(scope.programs(Role.PARTICIPANT)),
        },
        status=422 if form.errors else 200,
    )


def _when(at: datetime, request: Asked) -> str:
    local = at.astimezone(ZoneInfo(request.program.zone))
    return f"{wording.day(local)}, {wording.clock_time(local)}"


@allow(*WITH_CALENDAR, methods=("POST",))
def my_calendar_stop(request: Asked) -> HttpResponse:
    """Let the address stop working."""
    if revoke_feed(by=request.user, at=clock.now()):
        messages.success(
            request,
            "The address no longer works. Calendars that used it get nothing new; delete it there.",
        )
    return redirect("sessions:my-calendar")
