"""What holds for every request and every answer."""

from collections.abc import Callable, Iterator

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from phpsupport.lib.fragments import is_fragment, refused_in_place

Next = Callable[[HttpRequest], HttpResponse]


class AnswerMiddleware:
    """Pages are kept by no cache and may use nothing of the device.

    An answer that says itself how long it may be kept is left as it is.
    """

    POLICY = ", ".join(
        f"{feature}=()"
        for feature in ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")
    )

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store, private")
        response.headers.setdefault("Permissions-Policy", self.POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if getattr(request, "signed_out", False):
            # Also pages kept in memory for going back. Not "storage": there what somebody else on
            # this device could not save yet is kept encrypted; one's own is taken out by script.
            response.headers["Clear-Site-Data"] = '"cache"'
        return response


class BadInputMiddleware:
    """NUL cannot be stored in PostgreSQL: an address, query or cookie with one is refused in words.

    It stands before the session is looked up. Forms strip NUL themselves.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if any("\x00" in text for text in self.texts(request)):
            if is_fragment(request):
                sentence = "The server could not read what came. Load the page again."
                return refused_in_place(request, sentence, status=400)
            return render(request, "400.html", status=400)
        return self.get_response(request)

    def texts(self, request: HttpRequest) -> Iterator[str]:
        yield request.path
        for name, values in request.GET.lists():
            yield name
            yield from values
        yield from request.COOKIES.values()
