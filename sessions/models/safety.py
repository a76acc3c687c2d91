"""A safety concern: raised with one tap, told at once, acknowledged by a person or passed on."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from participants.models import Participant
from phpsupport.access.grants import GrantedQuerySet
from phpsupport.lib.fields import EncryptedTextField
from phpsupport.lib.history import tracked
from phpsupport.lib.models import AppendOnly, Row
from phpsupport.programs.models import Program
from sessions.models.schedule import GroupSession


class ClosedAs(models.TextChoices):
    DONE = "done", "Something was done"
    MISTAKE = "mistake", "Raised by mistake"


@tracked()
class SafetyConcern(Row):
    """Somebody worries about somebody, or about the group (`participant` is None), at a session.

    What happened is a row of its trail; here stands only where it is now.
    """

    reads_are_recorded = True

    program = models.ForeignKey(Program, models.PROTECT, related_name="safety_concerns")
    session = models.ForeignKey(GroupSession, models.PROTECT, related_name="safety_concerns")
    participant = models.ForeignKey(
        Participant, models.PROTECT, null=True, related_name="safety_concerns"
    )
    raised_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    raised_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    # When the next people are told, or all once more, unless somebody acknowledges before.
    escalates_at = models.DateTimeField(null=True, blank=True)
    # How many times it was passed on.
    level = models.PositiveSmallIntegerField(default=0)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_as = models.CharField(max_length=8, choices=ClosedAs, blank=True)

    objects = GrantedQuerySet.as_manager()

    class Meta:
        ordering = ["-raised_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(closed_at=None, closed_as="")
                | Q(closed_at__isnull=False, closed_as=ClosedAs.DONE, acknowledged_at__isnull=False)
                | Q(closed_at__isnull=False, closed_as=ClosedAs.MISTAKE, acknowledged_at=None),
                name="safety_done_only_after_somebody_saw_it",
            ),
            models.CheckConstraint(
                condition=Q(escalates_at__isnull=False)
                | Q(acknowledged_at__isnull=False)
                | Q(closed_at__isnull=False),
                name="safety_comes_up_until_answered",
            ),
        ]
        indexes = [
            models.Index(
                fields=["escalates_at"],
                condition=Q(acknowledged_at=None, escalates_at__isnull=False),
                name="safety_to_escalate",
            ),
            models.Index(fields=["session", "raised_at"], name="safety_of_session"),
        ]

    def __str__(self) -> str:
        return f"Safety concern {self.pk}"


@tracked()
class SafetyAlert(Row):
    """One person who must be told of a safety concern, and when they said that they know."""

    concern = models.ForeignKey(SafetyConcern, models.PROTECT, related_name="alerts")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    level = models.PositiveSmallIntegerField(default=0)
    told_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["told_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["concern", "person"], name="told_once")]

    def __str__(self) -> str:
        return f"Safety alert {self.pk}"


class SafetyAct(models.TextChoices):
    RAISED = "raised", "Raised"
    TOLD = "told", "Told"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    ESCALATED = "escalated", "Nobody answered in time: passed on"
    NOBODY_LEFT = "nobody_left", "Nobody is left to pass it on to"
    ADDED = "added", "Added"
    CLOSED = "closed", "Closed"


class SafetyEntry(AppendOnly):
    """One line of a safety concern's trail."""

    concern = models.ForeignKey(SafetyConcern, models.PROTECT, related_name="entries")
    at = models.DateTimeField()
    act = models.CharField(max_length=12, choices=SafetyAct)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    # Whom it was told or passed on to.
    to = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    words = EncryptedTextField(blank=True, default="")

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(act__in=SafetyAct.values), name="safety_act_known")
        ]

    def __str__(self) -> str:
        return f"Safety entry {self.pk}"
