"""The signs of life of worker, beat and the round trip between them, kept in Valkey."""

import logging
from datetime import UTC, datetime
from functools import cache

import redis
from django.conf import settings

log = logging.getLogger(__name__)

KEPT_SECONDS = 3600
SLOWEST_ANSWER = 1.0


@cache
def store() -> "redis.Redis":
    """A client that gives up soon: a page that reports trouble must not wait for it."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=SLOWEST_ANSWER,
        socket_connect_timeout=SLOWEST_ANSWER,
    )


def beats(part: str, *, at: datetime) -> None:
    """Note that `part` was alive at this moment; a broker that is away is no reason to stop."""
    try:
        store().set(_key(part), at.timestamp(), ex=KEPT_SECONDS)
    except redis.RedisError as fault:
        log.warning("no heartbeat of %s: %s", part, type(fault).__name__)


def last(part: str) -> datetime | None:
    """When `part` was last alive, if within the hour."""
    found = store().get(_key(part))
    return datetime.fromtimestamp(float(found), UTC) if found else None  # type: ignore[arg-type]


def _key(part: str) -> str:
    return f"phpsupport:alive:{part}"
