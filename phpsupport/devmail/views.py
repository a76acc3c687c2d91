"""The mailbox of the demo: every letter the application sent, whoever it was for."""

from csp.decorators import csp_replace
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin

from phpsupport.access.gate import public
from phpsupport.devmail import mailbox


@public()
@never_cache
def box(request: HttpRequest) -> HttpResponse:
    """All caught letters, newest first."""
    kept_in = mailbox.folder()
    if kept_in is None:
        raise Http404
    return render(request, "devmail/box.html", {"letters": mailbox.letters(kept_in)})


@public()
@never_cache
def letter(request: HttpRequest, name: str) -> HttpResponse:
    """One letter: its text, and its HTML in a frame that may do nothing."""
    return render(request, "devmail/letter.html", {"letter": _found(name)})


@public()  # type: ignore[arg-type]
@never_cache
@xframe_options_sameorigin
@csp_replace(  # type: ignore[arg-type]
    {
        "default-src": ["'none'"],
        "img-src": ["data:"],
        "style-src": ["'unsafe-inline'"],  # letters carry their style inline
        "frame-ancestors": ["'self'"],
        "sandbox": [""],
    }
)
def letter_html(request: HttpRequest, name: str) -> HttpResponse:
    """The HTML of a letter as it came, without script, forms or outside hosts."""
    return HttpResponse(_found(name).html)


def _found(name: str) -> mailbox.Letter:
    kept_in = mailbox.folder()
    found = mailbox.letter(kept_in, name) if kept_in else None
    if found is None:
        raise Http404
    return found
