"""The checks behind /health/, limited in time so that the answer comes within two seconds."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime

import psycopg
from django.db import connection

from phpsupport.health import heartbeat

log = logging.getLogger(__name__)

LIMIT_SECONDS = 1.5
STALE_SECONDS = 90
BEATING = {
    "worker": "the worker's own sign of life",
    "beat": "the scheduler's tick",
    "jobs": "a task that beat queued and a worker ran",
}

_threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix="health")


@dataclass(frozen=True)
class Result:
    ok: bool
    detail: str
    seconds_ago: float | None = None

    def as_json(self) -> dict[str, object]:
        fields = {"ok": self.ok, "detail": self.detail, "seconds_ago": self.seconds_ago}
        return {name: value for name, value in fields.items() if value is not None}


def run(*, at: datetime) -> dict[str, Result]:
    """Every check's result by name; one that does not answer in time counts as failed."""
    parameters = connection.get_connection_params()
    checks: dict[str, Callable[[], Result]] = {
        "database": lambda: _database(parameters),
        "broker": _broker,
    }
    for part in BEATING:
        checks[part] = lambda part=part: _beating(part, at)  # type: ignore[misc]
    asked = {name: _threads.submit(_guarded, name, check) for name, check in checks.items()}
    done, _ = wait(asked.values(), timeout=LIMIT_SECONDS)
    return {
        name: answer.result() if answer in done else Result(False, "no answer in time")
        for name, answer in asked.items()
    }


def _guarded(name: str, check: Callable[[], Result]) -> Result:
    try:
        return check()
    except Exception as fault:
        # Anybody may read this page: only the kind of fault, never its text.
        log.warning("health: %s failed with %s", name, type(fault).__name__)
        return Result(False, "does not answer")


def _database(parameters: dict[str, object]) -> Result:
    given = {**parameters, "connect_timeout": 2, "autocommit": True}
    given["options"] = f"{given.get('options') or ''} -c statement_timeout=1000".strip()
    with psycopg.connect(**given) as fresh:  # type: ignore[arg-type]
        fresh.execute("SELECT 1 FROM django_migrations LIMIT 1")
    return Result(True, "answers")


def _broker() -> Result:
    heartbeat.store().ping()
    return Result(True, "answers")


def _beating(part: str, at: datetime) -> Result:
    last = heartbeat.last(part)
    if last is None:
        return Result(False, f"no sign within the hour of {BEATING[part]}")
    age = max(0.0, round((at - last).total_seconds(), 1))
    return Result(age <= STALE_SECONDS, BEATING[part], seconds_ago=age)
