"""Servers and settings for a test run, ready before Django reads its settings.

A plain `python -m pytest tests/…` needs nothing else. Runs at the same time share the servers, each
with its own database and its own numbered store in Valkey.
"""

import atexit
import base64
import fcntl
import os
from collections.abc import Generator
from contextlib import ExitStack
from typing import IO, Any

import pytest

from phpsupport.devservices import Place, services

STORES = 256

_held = ExitStack()
atexit.register(_held.close)  # a run that ends before it began ends here
_store: IO[str] | None = None


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Generator[None, Any, Any]:
    """Before any plugin asks for Django's settings."""
    if "DATABASE_URL" not in os.environ or "REDIS_URL" not in os.environ:
        os.environ.update(_held.enter_context(services("test")))
        os.environ["PHPSUPPORT_TEST_SERVERS"] = "local"
    if os.environ.get("PHPSUPPORT_TEST_SERVERS") == "local":
        os.environ["REDIS_URL"] = _own_store(os.environ["REDIS_URL"])
    for name, value in {
        "SECRET_KEY": "a key for the tests alone, never for people's data",
        "FIELD_KEYS": "test:" + base64.b64encode(b"field key of the tests, 32 bytes").decode(),
        "DIGEST_KEY": base64.b64encode(b"digest key of tests, of 32 bytes").decode(),
        "EMAIL_URL": "smtp://127.0.0.1:9",  # nobody listens; the smtp fixture does
        "BASE_URL": "http://localhost",
        "ALLOWED_HOSTS": "localhost,127.0.0.1,testserver",
        "DATABASE_MAX_AGE": "0",  # no connection outlives its request and keeps the database busy
        "DEBUG": "yes",
        "DEMO": "yes",
    }.items():
        os.environ.setdefault(name, value)
    return (yield)


def pytest_unconfigure() -> None:
    _held.close()


def _own_store(url: str) -> str:
    """The address of a numbered store nobody else uses while this process lives."""
    global _store
    folder = Place("test").folder / "stores"
    folder.mkdir(exist_ok=True)
    base = url.rpartition("/")[0]
    for number in range(1, STORES):
        lock = open(folder / f"{number}.lock", "a+")  # noqa: SIM115 - held until the process ends
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        _store = lock
        return f"{base}/{number}"
    raise pytest.UsageError("Every numbered store of the local Valkey is in use by a test run.")
