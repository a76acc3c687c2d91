"""A part of a page that the page asked for by itself, and what stands in its place when it fails.

The browser puts a refusal where the part would have been (`htmx-config` in components/head.html),
so it is a part itself, never a page. What it cannot put there, static/js/fragments.js says beside it.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def is_fragment(request: HttpRequest) -> bool:
    """Whether only a part of a page was asked for; also before any middleware has said so."""
    return request.headers.get("HX-Request") == "true"


def refused_in_place(request: HttpRequest, sentence: str, *, status: int) -> HttpResponse:
    """One whole sentence instead of the part that was asked for."""
    return render(request, "components/refused.html", {"sentence": sentence}, status=status)
