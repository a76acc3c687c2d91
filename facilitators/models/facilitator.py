"""Facilitators: people with lived experience who lead peer groups, and when they can."""

from datetime import date
from typing import Self

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from phpsupport.access.grants import GrantedQuerySet
from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.lib.history import tracked
from phpsupport.lib.models import Row
from phpsupport.lib.ranges import DaySpan, Weekday
from phpsupport.programs.models import Program


class Stage(models.TextChoices):
    """Where somebody stands on the way to being a facilitator (DOMAIN: the peer workforce)."""

    NOMINATED = "nominated", "Nominated"
    INVITED = "invited", "Invited"
    INTERESTED = "interested", "Interested"
    SCREENED = "screened", "Screened"
    TRAINING = "training", "In training"
    SHADOWING = "shadowing", "Shadowing"
    CO_FACILITATING = "co_facilitating", "Co-facilitating"
    CERTIFIED = "certified", "Certified"
    ACTIVE = "active", "Active"
    ON_LEAVE = "on_leave", "On leave"
    ENDED = "ended", "Ended"


class Employment(models.TextChoices):
    FULL_TIME = "full-time", "Full time"
    PART_TIME = "part-time", "Part time"
    VOLUNTEER = "volunteer", "Volunteer"


class FacilitatorQuerySet(GrantedQuerySet):
    def to_plan(self, on: date) -> Self:
        """Whom one can put on the schedule from the day `on`: their work has not ended, and they
        hold the role then or later. Whether on a given day is the question of clearance."""
        role = RoleAssignment.objects.filter(
            Q(ends_on=None) | Q(ends_on__gte=on),
            user=OuterRef("user"), program=OuterRef("program"), role=Role.FACILITATOR,
        )  # fmt: skip
        return self.filter(Exists(role)).exclude(stage=Stage.ENDED)


@tracked()
class Facilitator(Row):
    """A person's work as a peer facilitator in one program."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="facilitators")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="facilitator_in"
    )
    staff_id = models.CharField("staff number", max_length=30)
    stage = models.CharField(max_length=20, choices=Stage, default=Stage.ACTIVE)
    supervisor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="supervises"
    )
    languages = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    employment = models.CharField(max_length=10, choices=Employment, blank=True)
    alumni_of_program = models.BooleanField("took part in such a program once", default=False)
    max_groups_per_day = models.PositiveSmallIntegerField(
        "groups a day, at most", null=True, blank=True
    )
    hired_on = models.DateField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)

    objects = FacilitatorQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["program", "user"],
                name="one_facilitator_per_person",
                violation_error_message="This person is a facilitator of the program already.",
            ),
            models.UniqueConstraint(
                fields=["program", "staff_id"],
                name="one_facilitator_per_staff_id",
                violation_error_message="Another facilitator has that staff number.",
            ),
            models.CheckConstraint(
                condition=Q(supervisor=None) | ~Q(supervisor=F("user")),
                name="nobody_supervises_themselves",
                violation_error_message="Choose somebody else: nobody supervises themselves.",
            ),
        ]

    def __str__(self) -> str:
        return f"Facilitator {self.pk}"


@tracked()
class Availability(Row):
    """Hours in a week in which a facilitator can take groups; none on record means no limits."""

    facilitator = models.ForeignKey(Facilitator, models.CASCADE, related_name="availability")
    weekday = models.PositiveSmallIntegerField(choices=Weekday)
    starts = models.TimeField("from")
    ends = models.TimeField("until")

    class Meta:
        ordering = ["weekday", "starts"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends__gt=F("starts")),
                name="available_forwards",
                violation_error_message="The end must come after the start.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.starts:%H:%M}–{self.ends:%H:%M}"


@tracked()
class Leave(Row):
    """Days away. No reason is asked."""

    facilitator = models.ForeignKey(Facilitator, models.PROTECT, related_name="leave")
    from_on = models.DateField("first day")
    until_on = models.DateField("last day")
    cancelled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["from_on"]
        constraints = [
            models.CheckConstraint(
                condition=Q(until_on__gte=F("from_on")),
                name="leave_forwards",
                violation_error_message="The last day cannot be before the first.",
            ),
            ExclusionConstraint(
                name="leave_once_at_a_time",
                expressions=[
                    ("facilitator", RangeOperators.EQUAL),
                    (DaySpan("from_on", "until_on"), RangeOperators.OVERLAPS),
                ],
                condition=Q(cancelled_at=None),
                violation_error_message="There is leave in those days already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.from_on} to {self.until_on}"
