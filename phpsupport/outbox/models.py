"""Messages that are to go out. The row is the truth; the queue only nudges."""

from django.db import models
from django.db.models import Q

from phpsupport.access.grants import GrantedQuerySet
from phpsupport.lib.models import Row


class Channel(models.TextChoices):
    EMAIL = "email", "E-mail"


class State(models.TextChoices):
    WAITING = "waiting", "Waiting"
    SENDING = "sending", "Being sent"
    SENT = "sent", "Sent"
    WITHHELD = "withheld", "Not sent"
    FAILED = "failed", "Could not be delivered"


class OutboxMessage(Row):
    """One message to one person. Its words are made when it is sent and are never stored."""

    dedupe_key = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=40)
    channel = models.CharField(max_length=10, choices=Channel, default=Channel.EMAIL)
    program_id = models.UUIDField(null=True)
    # A user or a participant; which of the two is the kind's affair.
    recipient_id = models.UUIDField()
    subject_id = models.UUIDField(null=True)
    facts = models.JSONField(default=dict)
    due_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    why = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    objects = GrantedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state=State.SENT, sent_at__isnull=False) | ~Q(state=State.SENT),
                name="sent_has_a_time",
            )
        ]
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(state__in=["waiting", "sending"]), name="outbox_due"
            ),
            models.Index(fields=["subject_id", "created_at"], name="outbox_by_subject"),
            models.Index(fields=["recipient_id", "created_at"], name="outbox_by_recipient"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"
