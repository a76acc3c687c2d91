"""Repeating an action that the database stopped to solve a deadlock."""

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any, Final, TypeVar

from django.db import OperationalError, connection, transaction

from phpsupport.lib.errors import Refused

T = TypeVar("T")
BUSY: Final = "Somebody else is changing the same part of the schedule. Try again in a moment."
COLLISIONS: Final = frozenset({"40P01", "40001", "55P03"})  # deadlock, serialization, lock timeout

_within: ContextVar[bool] = ContextVar("within", default=False)


def once_more(action: Callable[..., T]) -> Callable[..., T]:
    """Run an action in one transaction, and once more when the database broke a deadlock with it.

    An action that is part of another one is repeated with it, not by itself.
    """

    @wraps(action)
    def run(**asked: Any) -> T:
        if _within.get():
            with transaction.atomic():
                return action(**asked)
        alone = not connection.in_atomic_block
        mark = _within.set(True)
        try:
            for last in (not alone, True):
                try:
                    with transaction.atomic():
                        return action(**asked)
                except OperationalError as fault:
                    if getattr(fault.__cause__, "sqlstate", None) not in COLLISIONS:
                        raise
                    if last:
                        raise Refused(BUSY, code="busy") from fault
        finally:
            _within.reset(mark)
        raise AssertionError("the loop returns or raises")

    return run
