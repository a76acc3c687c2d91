"""Signing in again in place: the page stays as it is, with all that was typed in it.

The page carries a signed token of whom it belongs to (`phpsupport.users.device`). Only that person
can sign in here, through the same steps, limits and refusals as at the sign-in page; anybody else
goes there. Nothing here tells whether an account exists: the token does not come without one.
"""

from uuid import UUID

from allauth.account.adapter import get_adapter
from allauth.account.stages import LoginStageController
from allauth.core import ratelimit
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.stages import AuthenticateStage
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from phpsupport.access.gate import public
from phpsupport.access.middleware import PROGRAM_KEY
from phpsupport.access.scope import scope_of
from phpsupport.lib import clock
from phpsupport.users.device import device_keys, owner_of
from phpsupport.users.models import User
from phpsupport.users.sign_in_forms import SignInForm

LOAD_AGAIN = "This page has been open for too long. Sign in on a new page; what you typed stays here until then."
NOT_RIGHT = "This is not your password. Try again."
CLOSED = "You cannot sign in with this account now. Ask your program lead."


@sensitive_post_parameters("password", "code")
@never_cache
@public(methods=("GET", "POST"))
def again(request: HttpRequest) -> HttpResponse:
    """GET: who is signed in, seen from the page's owner, and a fresh token for its forms. POST: the
    owner's password, then the code of their second step where they have one."""
    request.asked_by_the_page = True  # type: ignore[attr-defined]
    owner = owner_of(request.headers.get("X-Page-Owner", ""))
    if owner is None:
        return JsonResponse({"state": "too-old", "sentence": LOAD_AGAIN}, status=409)
    owner_id, program_id = owner
    if request.method == "GET" or request.user.is_authenticated:
        return _state(request, owner_id, program_id)
    if not ratelimit.consume(request, action="login"):
        return _refused(get_adapter().error_messages["too_many_login_attempts"], 429)
    if "code" in request.POST:
        return _second_step(request, owner_id, program_id)
    return _password(request, owner_id, program_id)


def _state(request: HttpRequest, owner_id: UUID, program_id: str) -> HttpResponse:
    user = request.user
    if not user.is_authenticated:
        return JsonResponse({"state": "nobody", "token": get_token(request)})
    if user.pk != owner_id:
        return JsonResponse({"state": "other", "name": user.name})
    return _signed_in(request, program_id)


def _signed_in(request: HttpRequest, program_id: str) -> HttpResponse:
    """`here`: the page's program is the one that is worked in, so its forms may have the token."""
    said = {
        "state": "you",
        "token": get_token(request),
        "keys": device_keys(request.user, at=clock.now()),  # type: ignore[arg-type]
        "here": request.session.get(PROGRAM_KEY, "") == program_id,
    }
    return JsonResponse(said)


def _password(request: HttpRequest, owner_id: UUID, program_id: str) -> HttpResponse:
    owner = User.objects.filter(pk=owner_id).first()
    sent = {"login": owner.email if owner else "", "password": request.POST.get("password", "")}
    form = SignInForm(sent, request=request)
    if not form.is_valid() or form.user.pk != owner_id:
        said = next((error for error in form.non_field_errors()), "")
        too_often = said == get_adapter().error_messages["too_many_login_attempts"]
        return _refused(said, 429) if too_often else _refused(NOT_RIGHT, 422)
    form.login(request)
    return _how_far(request, owner_id, program_id)


def _second_step(request: HttpRequest, owner_id: UUID, program_id: str) -> HttpResponse:
    stage = LoginStageController.enter(request, AuthenticateStage.key)
    if stage is None or stage.login.user is None or stage.login.user.pk != owner_id:
        return JsonResponse({"state": "nobody", "token": get_token(request)})
    form = AuthenticateForm({"code": request.POST["code"]}, user=stage.login.user)
    if not form.is_valid():
        return _refused(form.errors["code"][0], 422)
    form.save()
    stage.exit()
    return _how_far(request, owner_id, program_id)


def _how_far(request: HttpRequest, owner_id: UUID, program_id: str) -> HttpResponse:
    """After a step: signed in, one more step to go, or an account that is closed."""
    if not request.user.is_authenticated:
        if LoginStageController.enter(request, AuthenticateStage.key):
            return JsonResponse({"state": "code", "token": get_token(request)})
        return _refused(CLOSED, 422)
    if any(str(place.pk) == program_id for place in scope_of(request.user).places):  # type: ignore[arg-type]
        request.session[PROGRAM_KEY] = program_id
    list(messages.get_messages(request))  # "You were signed off": the page has said so itself
    request.asked_by_the_page = False  # type: ignore[attr-defined]
    return _signed_in(request, program_id)


def _refused(sentence: str, status: int) -> HttpResponse:
    return JsonResponse({"state": "refused", "sentence": str(sentence)}, status=status)
