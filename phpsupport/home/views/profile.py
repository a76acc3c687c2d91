"""One's own profile."""

from copy import copy

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from phpsupport.access.gate import signed_in
from phpsupport.audit.trail import record
from phpsupport.lib import clock
from phpsupport.users.forms import ProfileForm
from phpsupport.users.models import Theme


@signed_in(methods=("GET", "POST"))
def profile(request: HttpRequest) -> HttpResponse:
    """Change how one is called and how pages look."""
    # A copy: the frame keeps saying what is saved while the form holds what was typed.
    form = ProfileForm(request.POST or None, instance=copy(request.user))
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            user = form.save()
            record("profile.changed", by=user, at=clock.now(), obj=user, fields=form.changed_data)
        messages.success(request, "Your profile is saved.")
        return redirect("users:profile")
    return render(request, "home/profile.html", {"form": form})


@signed_in(methods=("POST",))
def theme(request: HttpRequest) -> HttpResponse:
    """Remember light or dark; anything else means as the device does."""
    chosen = request.POST.get("theme", "")
    request.user.theme = chosen if chosen in Theme.values else ""  # type: ignore[union-attr]
    request.user.save(update_fields=["theme"])  # type: ignore[call-arg]
    return HttpResponse(status=204)
