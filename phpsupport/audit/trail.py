"""Writing to the trail."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models

from phpsupport.audit.context import request_id
from phpsupport.audit.models import AuditEvent
from phpsupport.users.models import User


def event(
    action: str,
    by: User | None,
    at: datetime,
    obj: models.Model | None,
    program_id: UUID | None,
    detail: dict[str, Any],
) -> AuditEvent:
    """One act as a row that is still to be stored, for an act that stores all in one statement."""
    return AuditEvent(
        at=at,
        actor_id=by.pk if by else None,
        program_id=program_id or getattr(obj, "program_id", None),
        action=action,
        object_type=obj._meta.label_lower if obj is not None else "",
        object_id=obj.pk if obj is not None else None,
        request_id=request_id.get(),
        detail=detail,
    )


def record(
    action: str,
    *,
    by: User | None,
    at: datetime,
    obj: models.Model | None = None,
    program_id: UUID | None = None,
    **detail: Any,
) -> None:
    """Note one act, for example `record("note.signed", by=user, at=now, obj=note)`.

    `by` is None for the program's own jobs. `detail` holds ids, codes and counts: never a name,
    never words from a record. Call it inside the transaction of the act.
    """
    event(action, by, at, obj, program_id, detail).save()


def record_each(
    action: str,
    *,
    by: User | None,
    at: datetime,
    objs: Iterable[models.Model],
    program_id: UUID | None = None,
) -> None:
    """Note the same act on many rows in one statement."""
    AuditEvent.objects.bulk_create([event(action, by, at, obj, program_id, {}) for obj in objs])
