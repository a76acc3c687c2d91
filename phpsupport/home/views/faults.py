"""When something goes wrong, in words."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form whose protection mark no longer fits, most often after signing in anew."""
    return render(request, "form_expired.html", status=403)
