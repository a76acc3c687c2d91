"""Which request is under way, so that every trail entry of one click carries one id."""

from contextvars import ContextVar
from uuid import UUID

request_id: ContextVar[UUID | None] = ContextVar("request_id", default=None)
