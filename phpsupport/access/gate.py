"""The gate before every page: who may open it, and which row."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from phpsupport.access.roles import STAFF, Role
from phpsupport.access.scope import scope_of
from phpsupport.audit.trail import record
from phpsupport.lib import clock
from phpsupport.lib.fragments import is_fragment, refused_in_place

View = Callable[..., HttpResponse]
M = TypeVar("M", bound=models.Model)

NOT_HERE = (
    "There is nothing here that you can open. It may have moved, or belong to another program."
)
SIGNED_OFF = "You were signed off. Sign in on a new tab, then try again."


def allow(*roles: Role, methods: Iterable[str] = ("GET",)) -> Callable[[View], View]:
    """Open a view to people holding one of `roles` in the current program, for `methods` only.

    Signed out: to sign-in and back. Signed in without the role: 403 that says who can.
    """
    allowed = frozenset(roles)

    def wrap(view: View) -> View:
        @wraps(view)
        def gated(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return to_sign_in(request)
            request.allowed_roles = allowed  # type: ignore[attr-defined]
            if not scope_of(request.user).programs(*allowed):
                raise PermissionDenied(who_can(allowed))
            here = request.program  # type: ignore[attr-defined]
            if here is None or not scope_of(request.user).has(here.pk, *allowed):
                request.program = program_with(request, allowed)  # type: ignore[attr-defined]
            return view(request, *args, **kwargs)

        gated = never_cache(require_http_methods([*methods])(gated))
        gated.allowed_roles = allowed  # type: ignore[attr-defined]
        gated.allowed_methods = frozenset(methods)  # type: ignore[attr-defined]
        return gated

    return wrap


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the sign-in page and from there back to the page one was on.

    Back from a form that was sent means to the page that held it; its own address may only take
    what is sent. A part of a page is a 401 with a sentence: the page stays, with all that was
    typed in it, until its owner has signed in on another tab.
    """
    if is_fragment(request):
        return refused_in_place(request, SIGNED_OFF, status=401)
    back = request.get_full_path()
    if request.method not in {"GET", "HEAD"}:
        came_from = request.headers.get("Referer") or ""
        ours = url_has_allowed_host_and_scheme(came_from, allowed_hosts={request.get_host()})
        back = urlsplit(came_from)._replace(scheme="", netloc="").geturl() if ours else "/"
    return redirect_to_login(back or "/")


def program_with(request: HttpRequest, roles: frozenset[Role]) -> Any:
    """The first program, by name, in which the person holds one of `roles`."""
    open_here = scope_of(request.user).programs(*roles)  # type: ignore[arg-type]
    return next(p for p in request.programs if p.pk in open_here)  # type: ignore[attr-defined]


def public(*, methods: Iterable[str] = ("GET",)) -> Callable[[View], View]:
    """Open a view to anybody, signed in or not."""

    def wrap(view: View) -> View:
        opened = require_http_methods([*methods])(view)
        opened.allowed_roles = None  # type: ignore[attr-defined]
        opened.allowed_methods = frozenset(methods)  # type: ignore[attr-defined]
        return opened

    return wrap


def signed_in(*, methods: Iterable[str] = ("GET",)) -> Callable[[View], View]:
    """Open a view to everybody with an account, whatever their role."""

    def wrap(view: View) -> View:
        @wraps(view)
        def gated(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return to_sign_in(request)
            return view(request, *args, **kwargs)

        gated = never_cache(require_http_methods([*methods])(gated))
        gated.allowed_roles = frozenset(Role)  # type: ignore[attr-defined]
        gated.allowed_methods = frozenset(methods)  # type: ignore[attr-defined]
        return gated

    return wrap


def who_can(roles: Iterable[Role]) -> str:
    """A sentence naming the roles that may."""
    names = sorted(role.label.lower() for role in roles)
    if len(names) > 1:
        names = [", ".join(names[:-1]) + " or " + names[-1]]
    return f"This page is for the {names[0]} of the program. Ask your program lead if that should be you."


def load(
    request: HttpRequest, source: type[M] | models.QuerySet[M], pk: UUID | str, *, read: bool = True
) -> M:
    """The row `pk` if this person may see it, with the read noted in the trail; else 404.

    A row that is visible but only by a role that the view does not allow is a 403. The row's
    program becomes the request's program, so the frame shows where one is.
    """
    rows = source._default_manager.all() if isinstance(source, type) else source
    try:
        found = rows.visible_to(request.user).filter(pk=pk).first()  # type: ignore[attr-defined]
    except (ValidationError, ValueError):  # not a key at all
        found = None
    if found is None:
        raise Http404(NOT_HERE)
    programs = programs_of(found)
    allowed = request.allowed_roles  # type: ignore[attr-defined]
    scope = scope_of(request.user)  # type: ignore[arg-type]
    here = [p for p in programs if scope.has(p, *allowed)]
    if not here:
        raise PermissionDenied(who_can(allowed))
    if request.program is None or request.program.pk not in here:  # type: ignore[attr-defined]
        request.program = next(p for p in request.programs if p.pk in here)  # type: ignore[attr-defined]
    if read and getattr(found, "reads_are_recorded", False):
        record(
            f"{found._meta.model_name}.read",
            by=request.user,  # type: ignore[arg-type]
            at=clock.now(),
            obj=found,
            program_id=here[0],
        )
    return found


def programs_of(row: models.Model) -> list[UUID]:
    """The programs a row belongs to: its own, or what its `program_ids()` says."""
    if hasattr(row, "program_ids"):
        return list(row.program_ids())
    return [row.program_id]  # type: ignore[attr-defined]


def require(refusal: str | None) -> None:
    """Turn a policy's refusal into a 403 that says why; None passes."""
    if refusal:
        raise PermissionDenied(refusal)


__all__ = ["STAFF", "allow", "load", "public", "require", "signed_in", "who_can"]
