"""Bytes that no honest form sends."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


class BadInputMiddleware:
    """NUL cannot be stored in PostgreSQL: an address or query with one is refused in words."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path or any(
            "\x00" in v for values in request.GET.lists() for v in values[1]
        ):
            return render(request, "400.html", status=400)
        return self.get_response(request)
