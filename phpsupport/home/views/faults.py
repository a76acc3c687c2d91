"""When something goes wrong, in words."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from phpsupport.access.gate import to_sign_in


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form whose protection mark no longer fits, most often after signing in anew.

    Who was signed off while the form lay open goes to the sign-in page and back to the form.
    """
    if not request.user.is_authenticated and not request.path.startswith("/accounts/"):
        return to_sign_in(request)
    return render(request, "form_expired.html", status=403)
