"""Every request gets an id, and the database's row history learns who acts."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pghistory
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse

from phpsupport.audit.context import request_id
from phpsupport.audit.trail import record
from phpsupport.lib import clock


class AuditMiddleware:
    """Ties the trail and the row history of one request together, and notes what was refused."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        this = uuid4()
        token = request_id.set(this)
        try:
            if request.method in {"GET", "HEAD", "OPTIONS"}:
                return self.get_response(request)
            who = str(request.user.pk) if request.user.is_authenticated else None
            with pghistory.context(user=who, request=str(this)):
                return self.get_response(request)
        finally:
            request_id.reset(token)

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """A page refused to somebody signed in, or a row that is not theirs, is an entry, too.

        Whether the row exists is not told apart: the entry holds the address's name and id.
        """
        if not isinstance(exception, PermissionDenied | Http404):
            return
        if not request.user.is_authenticated or request.resolver_match is None:
            return
        asked = request.resolver_match.kwargs.get("pk")
        program = getattr(request, "program", None)
        detail: dict[str, Any] = {
            "page": request.resolver_match.view_name,
            "answer": 403 if isinstance(exception, PermissionDenied) else 404,
        }
        if isinstance(asked, UUID):
            detail["asked"] = str(asked)
        record(
            "access.refused",
            by=request.user,
            at=clock.now(),
            program_id=program.pk if program else None,
            **detail,
        )
