"""Row history kept by the database itself, so that bulk and raw writes cannot escape it."""

from collections.abc import Callable
from typing import TypeVar

import pghistory
import pgtrigger
from django.db import models

M = TypeVar("M", bound=type[models.Model])


def tracked(*, exclude: list[str] | None = None) -> Callable[[M], M]:
    """Keep every inserted, changed and deleted row of a model in an append-only table beside it.

    The triggers fire once per statement. Who acted, and in which request, comes along as JSON
    from `pghistory.context`.
    """
    return pghistory.track(
        pghistory.InsertEvent(level=pgtrigger.Statement),
        pghistory.UpdateEvent(level=pgtrigger.Statement),
        pghistory.DeleteEvent(level=pgtrigger.Statement),
        exclude=exclude,
        append_only=True,
        context_field=pghistory.ContextJSONField(),
    )
