"""When something goes wrong, in words: a page of its own, or a sentence where a part would be."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import defaults

from phpsupport.access.gate import NOT_HERE, to_sign_in
from phpsupport.lib.fragments import is_fragment, refused_in_place

NOT_READ = "The server could not read what came. Load the page again and try once more."
NOT_OPEN = (
    "Your role does not allow this step. If you need it for your work, ask your program lead."
)
NOT_SAVED = "You were signed off before you sent that, so nothing of it was saved. Sign in and enter it again."
TOO_OLD = "This page was open too long, so nothing was saved. Load it again and send it once more."


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_fragment(request):
        return refused_in_place(request, NOT_READ, status=400)
    return defaults.bad_request(request, exception)


def not_open(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_fragment(request):
        return refused_in_place(request, str(exception) or NOT_OPEN, status=403)
    return defaults.permission_denied(request, exception)


def not_here(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_fragment(request):
        return refused_in_place(request, NOT_HERE, status=404)
    return defaults.page_not_found(request, exception)


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form whose protection mark no longer fits, most often after signing in anew.

    Who was signed off while the form lay open goes to the sign-in page and back to the form. Where
    script runs the page has asked before it sent anything (static/js/hold.js). What comes here all
    the same proves by nothing from whom it is: it is not kept, and that is said.
    """
    if not request.user.is_authenticated and not request.path.startswith("/accounts/"):
        # A form, not what a page sends by itself.
        if "text/html" in request.headers.get("Accept", ""):
            messages.warning(request, NOT_SAVED)
        return to_sign_in(request)
    if is_fragment(request):
        return refused_in_place(request, TOO_OLD, status=403)
    return render(request, "form_expired.html", status=403)
