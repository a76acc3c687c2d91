"""Shapes that many models share."""

import uuid
from typing import Any

from django.db import models


class Row(models.Model):
    """A stored row with a UUID key, so that an address or a log line tells nothing but the row."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)

    class Meta:
        abstract = True


class AppendOnly(Row):
    """A row that is written once. The application's role may only read and add such rows.

    Two locks hold it: `grant_application_privileges` gives the application neither UPDATE, DELETE
    nor TRUNCATE on the table, and a trigger refuses them to everybody, the owner included.
    """

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        kwargs["force_insert"] = True
        super().save(*args, **kwargs)
