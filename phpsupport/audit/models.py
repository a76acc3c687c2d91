"""The trail: what was done and what was read, by whom, when. Ids only, no words from records."""

from django.db import models

from phpsupport.lib.models import AppendOnly


class AuditEvent(AppendOnly):
    """One act. Written in the transaction of the act itself, so neither stands without the other."""

    at = models.DateTimeField()
    actor_id = models.UUIDField(null=True)
    program_id = models.UUIDField(null=True)
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=60, blank=True)
    object_id = models.UUIDField(null=True)
    request_id = models.UUIDField(null=True)
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["program_id", "-at"], name="audit_by_program"),
            models.Index(fields=["object_type", "object_id", "-at"], name="audit_by_object"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.action}"
