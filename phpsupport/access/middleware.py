"""Signing off the idle, asking staff for a second factor, and knowing which program one is in."""

from collections.abc import Callable
from datetime import datetime, timedelta

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CSRF_SESSION_KEY, rotate_token
from django.shortcuts import redirect
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from phpsupport.access.roles import STAFF
from phpsupport.access.scope import scope_of
from phpsupport.lib import clock
from phpsupport.programs.models import Program

Next = Callable[[HttpRequest], HttpResponse]

IDLE = {True: timedelta(minutes=15), False: timedelta(minutes=30)}  # staff, participants
LONGEST = timedelta(hours=12)
PROGRAM_KEY = "program"


class SignOffMiddleware:
    """Sign off after 15 idle minutes for staff (HIPAA automatic logoff) and after 12 hours at most."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and self.expired(request):
            logout(request)
            messages.info(
                request,
                "You were signed off because nothing happened for a while. Sign in to go on.",
            )
        response = self.get_response(request)
        # What a page asks by itself, such as who else is here, does not keep anybody signed in.
        if request.user.is_authenticated and not getattr(request, "asked_by_the_page", False):
            now = clock.now()
            request.session.setdefault("since", now.isoformat())
            seen = request.session.get("seen")
            # One write a minute is enough to tell fifteen idle minutes.
            if not seen or now - datetime.fromisoformat(seen) > timedelta(minutes=1):
                request.session["seen"] = now.isoformat()
        return response

    def expired(self, request: HttpRequest) -> bool:
        now = clock.now()
        seen, since = request.session.get("seen"), request.session.get("since")
        idle = IDLE[bool(scope_of(request.user).programs(*STAFF))]  # type: ignore[arg-type]
        return bool(
            (seen and now - datetime.fromisoformat(seen) > idle)
            or (since and now - datetime.fromisoformat(since) > LONGEST)
        )


class SecondFactorMiddleware:
    """Staff outside the demo set up a second factor before anything else opens."""

    OPEN = ("/accounts/", "/static/", "/health/")

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if (
            settings.MFA_REQUIRED
            and request.user.is_authenticated
            and not request.path.startswith(self.OPEN)
            and scope_of(request.user).programs(*STAFF)
            and not is_mfa_enabled(request.user)
        ):
            if not len(messages.get_messages(request)):  # said once, however often one is sent back
                messages.info(
                    request,
                    "Set up a second step for signing in first. It takes a minute and protects people's records.",
                )
            if request.htmx:  # type: ignore[attr-defined]
                return HttpResponseClientRedirect(reverse("mfa_index"))
            return redirect(reverse("mfa_index"))
        return self.get_response(request)


def work_in(request: HttpRequest, program: Program) -> None:
    """Work in this program from now on.

    Where it was another one, forms that are open in other tabs were drawn for that: from now on
    they are refused, whatever they hold, so that nothing lands in the wrong program.
    """
    before = request.session.get(PROGRAM_KEY)
    request.session[PROGRAM_KEY] = str(program.pk)
    if before not in (None, str(program.pk)):
        rotate_token(request)
        request.session[CSRF_SESSION_KEY] = request.META["CSRF_COOKIE"]  # also for this request


class ProgramMiddleware:
    """`request.programs` are those the person has a role in; `request.program` the chosen one.

    It stays chosen when a role elsewhere is given; when one's roles in it end it is the first of
    the others.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.programs, request.program = (), None  # type: ignore[attr-defined]
        if request.user.is_authenticated:
            places = scope_of(request.user).places  # type: ignore[arg-type]
            chosen = request.session.get(PROGRAM_KEY)
            found = next((p for p in places if str(p.pk) == chosen), None)
            if found is None and places:
                found = places[0]
                work_in(request, found)
            request.programs = places  # type: ignore[attr-defined]
            request.program = found  # type: ignore[attr-defined]
        return self.get_response(request)
