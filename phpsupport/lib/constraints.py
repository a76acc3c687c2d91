"""A database constraint that fires after all, said as a sentence."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar

from django.db import IntegrityError, transaction

from phpsupport.lib.errors import Refused

T = TypeVar("T")
Refusals = Mapping[str, Callable[[], Refused]]


@contextmanager
def last_guard(refusals: Refusals) -> Iterator[None]:
    """Turn the refusal of a constraint into a person's; what was written in here is undone.

    `refusals` knows the constraints by name; any other is raised as it is.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as fault:
        if refusal := _refusal(fault, refusals):
            raise refusal from fault
        raise


def guarded(refusals: Refusals) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """The same around a whole action, outside its transaction: it needs no savepoint of its own."""

    def around(action: Callable[..., T]) -> Callable[..., T]:
        @wraps(action)
        def run(**asked: Any) -> T:
            try:
                return action(**asked)
            except IntegrityError as fault:
                if refusal := _refusal(fault, refusals):
                    raise refusal from fault
                raise

        return run

    return around


def _refusal(fault: IntegrityError, refusals: Refusals) -> Refused | None:
    name = str(getattr(getattr(fault.__cause__, "diag", None), "constraint_name", ""))
    return refusals[name]() if name in refusals else None
