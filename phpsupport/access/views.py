"""Choosing a program, and coming in by an invitation."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from phpsupport.access.actions import accept_invitation, open_invitation
from phpsupport.access.forms import AcceptForm
from phpsupport.access.gate import NOT_HERE, public, signed_in
from phpsupport.access.middleware import work_in
from phpsupport.lib import clock
from phpsupport.users.models import User


@signed_in(methods=("POST",))
def switch_program(request: HttpRequest) -> HttpResponse:
    """Work in another of one's programs from now on."""
    try:
        chosen = UUID(request.POST.get("program", ""))
    except ValueError:
        raise Http404(NOT_HERE) from None
    program = next((p for p in request.programs if p.pk == chosen), None)  # type: ignore[attr-defined]
    if program is None:
        raise Http404(NOT_HERE)
    work_in(request, program)
    return redirect("home:today")


@public(methods=("GET", "POST"))
@never_cache
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """Set a password and come in. A link that no longer works says so, without saying why."""
    invitation = open_invitation(token, at=clock.now())
    if invitation is None:
        return render(request, "access/invitation_over.html", status=404)
    form = AcceptForm(request.POST or None, user=invitation.user)

    def act(password: str, **_: str) -> User:
        return accept_invitation(invitation=invitation, password=password, at=clock.now())

    if form.carry_out(act):
        user: User = form.outcome
        login(request, user, backend="allauth.account.auth_backends.AuthenticationBackend")
        messages.success(request, f"Welcome, {user.first_name}. Your account is ready.")
        return redirect("home:today")
    return render(request, "access/accept.html", {"form": form, "invitation": invitation})
