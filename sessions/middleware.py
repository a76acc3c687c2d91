"""What holds outside the signed-in pages: calendars know no cookies, a kiosk knows nobody."""

from collections.abc import Callable

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from phpsupport.lib import clock
from sessions.device import COOKIE, device_hash_of, forget
from sessions.queries.kiosk import live_kiosk

Next = Callable[[HttpRequest], HttpResponse]


class NoCookiesMiddleware:
    """Calendar addresses are read by programs: no session and nobody signed in, even if a browser
    that is signed in opens one. Stands before the session."""

    PLACE = "/calendar/"

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(self.PLACE):
            return self.get_response(request)
        request.COOKIES = {}
        answer = self.get_response(request)
        answer.cookies.clear()
        if answer.has_header("Vary"):
            del answer["Vary"]
        return answer


class KioskMiddleware:
    """A device that is a kiosk opens nothing else, and whoever is signed in there is signed out.

    Stands after the person is known. It costs other browsers nothing: they have no such cookie.
    """

    OPEN = ("/kiosk/", "/static/", "/health/", "/calendar/")

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if COOKIE not in request.COOKIES:
            return self.get_response(request)
        device = device_hash_of(request)
        if device and live_kiosk(device, at=clock.now()):
            if request.user.is_authenticated:
                logout(request)
            if not request.path.startswith(self.OPEN):
                return redirect("outside:kiosk")
            return self.get_response(request)
        answer = self.get_response(request)
        if COOKIE not in answer.cookies:  # not the one that was set just now
            forget(answer)
        return answer
