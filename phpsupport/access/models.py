"""Who holds which role in which program, from when to when, and who was invited."""

from datetime import date, datetime

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import Q

from phpsupport.access.roles import Role
from phpsupport.lib.history import tracked
from phpsupport.lib.models import Row
from phpsupport.lib.ranges import DaySpan
from phpsupport.programs.models import Program


class RoleAssignmentQuerySet(models.QuerySet["RoleAssignment"]):
    def in_force(self, on: date) -> "RoleAssignmentQuerySet":
        """Those that hold on the day `on`; the last day counts."""
        return self.filter(Q(ends_on=None) | Q(ends_on__gte=on), starts_on__lte=on)


@tracked()
class RoleAssignment(Row):
    """A role in a program for a span of days; ending it is how rights are taken away."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="role_assignments"
    )
    program = models.ForeignKey(Program, models.PROTECT, related_name="role_assignments")
    role = models.CharField(max_length=20, choices=Role)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    objects = RoleAssignmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=models.F("starts_on")),
                name="role_ends_after_start",
            ),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="role_known"),
            ExclusionConstraint(
                name="role_once_at_a_time",
                expressions=[
                    ("user", RangeOperators.EQUAL),
                    ("program", RangeOperators.EQUAL),
                    ("role", RangeOperators.EQUAL),
                    (DaySpan("starts_on", "ends_on"), RangeOperators.OVERLAPS),
                ],
                violation_error_message="This person already holds that role in those days.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} in {self.program_id}"


@tracked()
class Invitation(Row):
    """An account waiting for its owner. The signed link in the message is the only way in, once."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="invitations")
    program = models.ForeignKey(Program, models.PROTECT, related_name="invitations")
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-invited_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "program"],
                condition=Q(accepted_at=None, withdrawn_at=None),
                name="one_open_invitation",
                violation_error_message="This person has an open invitation already.",
            )
        ]

    def __str__(self) -> str:
        return f"Invitation {self.pk}"

    def is_open(self, at: datetime) -> bool:
        """Whether the link still works at the instant `at`."""
        return self.accepted_at is None and self.withdrawn_at is None and at < self.expires_at
