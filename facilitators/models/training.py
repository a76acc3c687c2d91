"""What a facilitator must have learned, and what they hold. Clearance is computed from these."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from facilitators.models.facilitator import Facilitator
from phpsupport.access.grants import GrantedQuerySet
from phpsupport.access.roles import Role
from phpsupport.lib.history import tracked
from phpsupport.lib.models import Row
from phpsupport.programs.models import Program


@tracked()
class TrainingRequirement(Row):
    """A training that a role must hold in this program, and for how long it counts."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="training_requirements")
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=20, choices=Role, default=Role.FACILITATOR)
    validity_months = models.PositiveSmallIntegerField(
        "counts for (months)", null=True, blank=True, help_text="Leave empty if it never runs out."
    )
    required = models.BooleanField("needed to lead a session", default=True)
    position = models.PositiveSmallIntegerField(default=0)
    retired_on = models.DateField(null=True, blank=True)

    objects = GrantedQuerySet.as_manager()

    class Meta:
        ordering = ["position", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "role", "name"],
                name="one_requirement_per_name",
                violation_error_message="There is a requirement of that name for this role.",
            )
        ]

    def __str__(self) -> str:
        return self.name


@tracked()
class TrainingRecord(Row):
    """A training completed."""

    facilitator = models.ForeignKey(Facilitator, models.PROTECT, related_name="training_records")
    requirement = models.ForeignKey(TrainingRequirement, models.PROTECT, related_name="records")
    completed_on = models.DateField()
    expires_on = models.DateField("counts through", null=True, blank=True)
    hours = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)
    provider = models.CharField(max_length=120, blank=True)
    certificate_number = models.CharField(max_length=60, blank=True)
    verified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    verified_at = models.DateTimeField(null=True, blank=True)
    revoked_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["-completed_on"]
        constraints = [
            models.UniqueConstraint(
                fields=["facilitator", "requirement", "completed_on"],
                name="one_record_per_completion",
                violation_error_message="This training is on record for that day already.",
            ),
            models.CheckConstraint(
                condition=Q(expires_on=None) | Q(expires_on__gte=F("completed_on")),
                name="training_expires_after_completion",
                violation_error_message="It cannot run out before it was completed.",
            ),
            models.CheckConstraint(
                condition=Q(hours=None) | Q(hours__gt=0),
                name="training_hours_positive",
                violation_error_message="Hours must be more than zero.",
            ),
        ]

    def __str__(self) -> str:
        return f"Training record {self.pk}"


class CertificationKind(models.TextChoices):
    INITIAL = "initial", "Initial certification"
    FULL = "full", "Full certification"


@tracked()
class Certification(Row):
    """A peer specialist's credential from a board."""

    facilitator = models.ForeignKey(Facilitator, models.PROTECT, related_name="certifications")
    kind = models.CharField(
        max_length=10, choices=CertificationKind, default=CertificationKind.FULL
    )
    number = models.CharField(max_length=60)
    board = models.CharField(max_length=120, blank=True)
    issued_on = models.DateField()
    expires_on = models.DateField("valid through")
    revoked_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["-issued_on"]
        constraints = [
            models.UniqueConstraint(
                fields=["facilitator", "number", "issued_on"], name="one_certification_per_issue"
            ),
            models.CheckConstraint(
                condition=Q(expires_on__gte=F("issued_on")),
                name="certification_forwards",
                violation_error_message="It cannot run out before it was issued.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number}"


@tracked()
class ClearanceOverride(Row):
    """A supervisor's decision, with its reason, that somebody may lead although something is missing."""

    facilitator = models.ForeignKey(Facilitator, models.PROTECT, related_name="clearance_overrides")
    from_on = models.DateField("from")
    until_on = models.DateField("through")
    reason = models.CharField(max_length=300)
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    given_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-from_on"]
        constraints = [
            models.CheckConstraint(
                condition=Q(until_on__gte=F("from_on")),
                name="override_forwards",
                violation_error_message="The last day cannot be before the first.",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="override_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"Override {self.pk}"
