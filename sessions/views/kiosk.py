"""The kiosk: opened and closed by those who lead, and the tablet at the door itself."""

from typing import Any
from uuid import UUID

import segno
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from phpsupport.access.asked import Asked
from phpsupport.access.gate import allow, public, require
from phpsupport.access.roles import Role
from phpsupport.lib import clock
from phpsupport.lib.errors import Refused
from phpsupport.lib.origin import origin_of
from phpsupport.programs.crisis import crisis_line
from sessions import policies
from sessions.actions.kiosk import Outcome, close_kiosk, open_kiosk, sign_in, take_kiosk
from sessions.device import device_hash_of, remember
from sessions.forms.kiosk import CodeForm, WhoForm
from sessions.models import GroupSession, Kiosk
from sessions.queries.attendance import heading
from sessions.queries.kiosk import kiosk_page, live_kiosk, paused_until
from sessions.views.led import session_of

AT_THE_DOOR = (Role.FACILITATOR, Role.SCHEDULER, Role.PROGRAM_LEAD)


# --- those who lead -------------------------------------------------------------------------------------
def _session(request: Asked, pk: UUID) -> GroupSession:
    found = session_of(request, pk)
    require(policies.can_mark_attendance(request.user, found))
    return found


@allow(*AT_THE_DOOR, methods=("GET", "POST"))
@sensitive_variables("code")
def session_kiosk(request: Asked, pk: UUID) -> HttpResponse:
    """How the kiosk of a session stands. A POST opens it and shows the code, once: the code is in
    this one answer and nowhere else, so there is no redirect."""
    session = _session(request, pk)
    at = clock.now()
    code, refusal = "", ""
    if request.method == "POST":
        try:
            _, code = open_kiosk(session=session, by=request.user, at=at)
        except Refused as no:
            refusal = no.sentence
    address = settings.BASE_URL.rstrip("/") + reverse("outside:kiosk")
    return render(
        request,
        "sessions/kiosk/session.html",
        {
            "session": session,
            "head": heading(session),
            "page": kiosk_page(session, at=at),
            "code": f"{code[:4]} {code[4:]}".strip(),
            "refusal": refusal,
            "address": address,
            "address_words": address.partition("://")[2],
            "qr": segno.make(address, error="m").svg_data_uri(border=2, dark="#000", light="#fff"),
            "over": session.ends_at <= at,
        },
        status=422 if refusal else 200,
    )


@allow(*AT_THE_DOOR, methods=("POST",))
def session_kiosk_close(request: Asked, pk: UUID) -> HttpResponse:
    """Close the kiosk; the tablet shows nothing more from its next touch on."""
    session = _session(request, pk)
    try:
        if close_kiosk(session=session, by=request.user, at=clock.now()):
            messages.success(request, "The kiosk is closed. The tablet signs nobody in any more.")
    except Refused as no:
        messages.error(request, no.sentence)
    return redirect("sessions:session-kiosk", pk)


# --- the tablet -------------------------------------------------------------------------------------------
@public(methods=("GET", "POST"))
@never_cache
@sensitive_post_parameters()
def kiosk(request: HttpRequest) -> HttpResponse:
    """Where people say who they are; on a device that is no kiosk, where the code is entered.

    Every POST is answered by a redirect, so that nothing that was typed can be sent once more by
    reloading or by going back.
    """
    at = clock.now()
    device = device_hash_of(request)
    here = live_kiosk(device, at=at) if device else None
    if request.method == "POST":
        return _who(request, device) if "who" in request.POST else _code(request)
    if here is None:
        return _code_page(request, CodeForm())
    return _who_page(request, here, WhoForm())


@public()
@never_cache
def again(request: HttpRequest) -> HttpResponse:
    """The form once more, empty, and the one sentence for whatever was wrong."""
    device = device_hash_of(request)
    here = live_kiosk(device, at=clock.now()) if device else None
    if here is None:
        return redirect("outside:kiosk")
    return _who_page(request, here, WhoForm(), refused=True)


@public()
@never_cache
def done(request: HttpRequest) -> HttpResponse:
    """Thanks, without a name; after five seconds the form is back for the next person."""
    device = device_hash_of(request)
    here = live_kiosk(device, at=clock.now()) if device else None
    if here is None:
        return redirect("outside:kiosk")
    return _tablet(request, "sessions/kiosk/done.html", {"kiosk": here}, back_after=5)


def _who(request: HttpRequest, device: str) -> HttpResponse:
    form = WhoForm(request.POST)
    form.is_valid()  # what does not fit is one more thing that nobody is found by
    match sign_in(device_hash=device, claim=form.claim(), at=clock.now()):
        case Outcome.SIGNED_IN:
            return redirect("outside:kiosk-done")
        case Outcome.NOT_FOUND:
            return redirect("outside:kiosk-again")
    return redirect("outside:kiosk")  # paused or closed: the page says so


def _code(request: HttpRequest) -> HttpResponse:
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _code_page(request, form, status=422)
    origin = origin_of(request)
    try:
        taken = take_kiosk(code=form.cleaned_data["code"], origin=origin, at=clock.now())
    except Refused as no:
        form.refuse(no)
        return _code_page(request, form, status=422)
    if taken is None:
        form.add_error(
            "code",
            "This code does not open anything. It may be used or have run out: ask for a new one.",
        )
        return _code_page(request, form, status=422)
    here, word = taken
    logout(request)  # whoever was signed in here is not any more
    answer = redirect("outside:kiosk")
    remember(answer, word, until=here.expires_at)
    return answer


def _code_page(request: HttpRequest, form: CodeForm, status: int = 200) -> HttpResponse:
    form.forget_what_was_typed()
    context = {"form": form, "signed_in": request.user.is_authenticated}
    return _tablet(request, "sessions/kiosk/code.html", context, status=status)


def _who_page(
    request: HttpRequest, here: Kiosk, form: WhoForm, *, refused: bool = False
) -> HttpResponse:
    at = clock.now()
    if paused_until(here, at=at):
        return _tablet(request, "sessions/kiosk/paused.html", {"kiosk": here}, back_after=30)
    context = {"kiosk": here, "form": form, "refused": refused}
    return _tablet(request, "sessions/kiosk/who.html", context)


def _tablet(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    *,
    status: int = 200,
    back_after: int = 0,
) -> HttpResponse:
    """A page of the tablet; after so many seconds it leads back by itself, also without scripts."""
    here: Kiosk | None = context.get("kiosk")
    line = {"crisis": crisis_line(here.program, at=clock.now())} if here else {}
    answer = render(request, template, {**context, **line}, status=status)
    if back_after:
        answer["Refresh"] = f"{back_after}; url={reverse('outside:kiosk')}"
    return answer
