"""Who else has a page of a session open. Kept in Valkey for half a minute: ids only, never stored,
and nothing depends on it; when Valkey is away nobody seems to be here."""

import logging
from datetime import datetime
from functools import cache
from typing import Final
from uuid import UUID

import redis
from django.conf import settings

from phpsupport.users.models import User
from sessions.models import GroupSession

log = logging.getLogger(__name__)

SECONDS: Final = 30  # a page asks every ten seconds: three missed and the person has gone
SLOWEST_ANSWER: Final = 0.5
PAGES: Final = frozenset({"attendance", "note"})


@cache
def _store() -> "redis.Redis":
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=SLOWEST_ANSWER,
        socket_connect_timeout=SLOWEST_ANSWER,
    )


def here(session: GroupSession, user: User, page: str, *, at: datetime) -> list[str]:
    """Note that `user` has this page open, and name the others who have: ["Linh T."]."""
    key, now = _key(session, page), at.timestamp()
    try:
        step = _store().pipeline()
        step.zadd(key, {str(user.pk): now})
        step.zremrangebyscore(key, "-inf", now - SECONDS)
        step.zrange(key, 0, -1)
        step.expire(key, SECONDS)
        members = step.execute()[2]
    except redis.RedisError as fault:
        log.warning("who is here is not known: %s", type(fault).__name__)
        return []
    return _names([UUID(member.decode()) for member in members if member.decode() != str(user.pk)])


def gone(session: GroupSession, user: User, page: str) -> None:
    """Note that `user` has left the page; without it they are forgotten within half a minute."""
    try:
        _store().zrem(_key(session, page), str(user.pk))
    except redis.RedisError as fault:
        log.warning("who is here is not known: %s", type(fault).__name__)


def _key(session: GroupSession, page: str) -> str:
    return f"phpsupport:here:{page}:{session.pk}"


def _names(ids: list[UUID]) -> list[str]:
    if not ids:
        return []
    people = User.objects.filter(pk__in=ids).order_by("first_name", "pk")
    return [short_name(user) for user in people]


def short_name(user: User) -> str:
    """ "Linh T.": as colleagues call each other across the room."""
    first = user.preferred_name or user.first_name
    return f"{first} {user.last_name[:1]}.".strip() if user.last_name else first
