"""A database constraint that fires after all, said as a sentence."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from phpsupport.lib.errors import Refused


@contextmanager
def last_guard(refusals: Mapping[str, Callable[[], Refused]]) -> Iterator[None]:
    """Turn the refusal of a constraint into a person's; what was written in here is undone.

    `refusals` knows the constraints by name; any other is raised as it is.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as fault:
        name = str(getattr(getattr(fault.__cause__, "diag", None), "constraint_name", ""))
        if name in refusals:
            raise refusals[name]() from fault
        raise
