"""The session that a page is about."""

from uuid import UUID

from phpsupport.access.asked import Asked
from phpsupport.access.gate import load
from sessions.models import GroupSession
from sessions.queries.attendance import with_heading


def session_of(request: Asked, pk: UUID) -> GroupSession:
    """Through the gate, with what its head shows and whether the reader leads it."""
    return load(request, with_heading(GroupSession.objects.all(), reader=request.user), pk)
