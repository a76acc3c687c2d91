"""Every request gets an id, and the database's row history learns who acts."""

from collections.abc import Callable
from uuid import uuid4

import pghistory
from django.http import HttpRequest, HttpResponse

from phpsupport.audit.context import request_id


class AuditMiddleware:
    """Ties the trail and the row history of one request together."""

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
