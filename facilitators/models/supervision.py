"""Peer supervision and the short check-ins between. Personnel records, apart from charts."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from facilitators.models.facilitator import Facilitator
from phpsupport.access.grants import GrantedQuerySet
from phpsupport.lib.fields import EncryptedTextField
from phpsupport.lib.history import tracked
from phpsupport.lib.models import Row


class Mode(models.TextChoices):
    INDIVIDUAL = "individual", "One to one"
    GROUP = "group", "Group"
    OBSERVATION = "observation", "Observation"
    REMOTE = "remote", "Telephone or video"
    AD_HOC = "ad_hoc", "Ad hoc"


@tracked()
class Supervision(Row):
    """One supervision: planned for a time, then written down and signed by both."""

    reads_are_recorded = True

    facilitator = models.ForeignKey(Facilitator, models.PROTECT, related_name="supervisions")
    supervisor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="supervisions"
    )
    starts_at = models.DateTimeField()
    minutes = models.PositiveSmallIntegerField(default=30)
    mode = models.CharField(max_length=12, choices=Mode, default=Mode.INDIVIDUAL)
    held = models.BooleanField(default=False)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    competencies = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    discussed = EncryptedTextField(blank=True, default="")
    strengths = EncryptedTextField(blank=True, default="")
    boundary_review = EncryptedTextField(blank=True, default="")
    workload = EncryptedTextField(blank=True, default="")
    wellness = EncryptedTextField(blank=True, default="")
    agreed = EncryptedTextField(blank=True, default="")
    supervisor_signed_at = models.DateTimeField(null=True, blank=True)
    facilitator_signed_at = models.DateTimeField(null=True, blank=True)

    objects = GrantedQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(supervisor_signed_at=None) | Q(held=True),
                name="signed_supervision_was_held",
            ),
            models.CheckConstraint(
                condition=Q(minutes__gte=5, minutes__lte=480),
                name="supervision_minutes",
                violation_error_message="A supervision takes from 5 to 480 minutes.",
            ),
        ]
        indexes = [models.Index(fields=["facilitator", "-starts_at"], name="supervision_latest")]

    def __str__(self) -> str:
        return f"Supervision {self.pk}"

    def program_ids(self) -> list:  # type: ignore[type-arg]
        return [self.facilitator.program_id]


@tracked()
class CheckIn(Row):
    """A short form that a facilitator answers between supervisions."""

    reads_are_recorded = True

    facilitator = models.ForeignKey(Facilitator, models.PROTECT, related_name="check_ins")
    due_on = models.DateField()
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)
    escalated_at = models.DateTimeField(null=True, blank=True)
    workload = models.PositiveSmallIntegerField(
        "How is the workload?",
        null=True,
        blank=True,
        choices=[(1, "Far too much"), (2, "A bit much"), (3, "About right"), (4, "Room for more")],
    )
    hard = EncryptedTextField("Was anything hard?", blank=True, default="")
    boundary_question = EncryptedTextField("Any boundary question?", blank=True, default="")
    asked_non_peer_work = models.BooleanField(
        "I was asked to do work that is not peer work", default=False
    )
    wants_support = models.BooleanField("I would like support or cover", default=False)
    support_seen_at = models.DateTimeField(null=True, blank=True)

    objects = GrantedQuerySet.as_manager()

    class Meta:
        ordering = ["-due_on"]
        constraints = [
            models.UniqueConstraint(fields=["facilitator", "due_on"], name="one_check_in_per_day"),
            models.UniqueConstraint(
                fields=["facilitator"], condition=Q(answered_at=None), name="one_open_check_in"
            ),
        ]

    def __str__(self) -> str:
        return f"Check-in {self.pk}"

    def program_ids(self) -> list:  # type: ignore[type-arg]
        return [self.facilitator.program_id]
