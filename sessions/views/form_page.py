"""A page of the schedule with one form."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from phpsupport.access.asked import Asked


def form_page(
    request: Asked, form: Any, title: str, *, back: tuple[str, str], **words: Any
) -> HttpResponse:
    """The form with its title and the way back.

    `words` are what the template knows besides: subtitle, intro, stop, retire, retired,
    and where it is seen first what the form comes to: act, preview, rest.
    """
    return render(
        request,
        "sessions/planner/form.html",
        {
            "form": form,
            "title": title,
            "back": back,
            **words,
        },
    )
