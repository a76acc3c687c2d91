"""Boundary concerns: asked or reported, looked at, resolved, closed. Never deleted."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from facilitators.models.facilitator import Facilitator
from facilitators.taxonomy import BOUNDARY_CATEGORIES
from participants.models import Participant
from phpsupport.access.grants import GrantedQuerySet
from phpsupport.lib.fields import EncryptedTextField
from phpsupport.lib.history import tracked
from phpsupport.lib.models import AppendOnly, Row
from phpsupport.programs.models import Program


class ConcernClass(models.TextChoices):
    """Asking and telling are good practice: the first two are never held against anybody."""

    QUESTION = "question", "A question"
    UNPLANNED_CONTACT = "unplanned_contact", "Unplanned contact"
    CROSSING = "crossing", "Crossing"
    VIOLATION = "violation", "Violation"


class ConcernState(models.TextChoices):
    REPORTED = "reported", "Reported"
    TRIAGED = "triaged", "Looked at"
    UNDER_REVIEW = "under_review", "Under review"
    ACTIONS = "actions", "Actions agreed"
    CLOSED = "closed", "Closed"


class ConcernSource(models.TextChoices):
    SELF = "self", "The facilitator"
    PARTICIPANT = "participant", "A participant"
    STAFF = "staff", "A colleague"
    SUPERVISOR = "supervisor", "A supervisor"
    AUDIT = "audit", "An audit"


@tracked()
class BoundaryConcern(Row):
    """One concern. Nobody named in it can see, route, review or close it."""

    reads_are_recorded = True

    program = models.ForeignKey(Program, models.PROTECT, related_name="boundary_concerns")
    facilitator = models.ForeignKey(
        Facilitator, models.PROTECT, null=True, blank=True, related_name="boundary_concerns",
        help_text="Whose boundary it is about.",
    )  # fmt: skip
    reported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="concerns_reported"
    )
    reported_at = models.DateTimeField()
    occurred_on = models.DateField(null=True, blank=True)
    concern_class = models.CharField(max_length=20, choices=ConcernClass)
    category = models.CharField(max_length=30, choices=BOUNDARY_CATEGORIES)
    source = models.CharField(max_length=12, choices=ConcernSource)
    severity = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        choices=[(1, "1 – slight"), (2, "2 – some"), (3, "3 – serious"), (4, "4 – grave")],
    )
    narrative = EncryptedTextField()
    state = models.CharField(max_length=15, choices=ConcernState, default=ConcernState.REPORTED)
    due_at = models.DateTimeField(help_text="To be looked at by then.")
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    second_reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    needs_second_reviewer = models.BooleanField(default=False)
    second_agreed_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = GrantedQuerySet.as_manager()

    class Meta:
        ordering = ["due_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(second_reviewer=None) | ~Q(second_reviewer=F("reviewer")),
                name="two_reviewers_are_two_people",
                violation_error_message="The second reviewer must be another person.",
            ),
            models.CheckConstraint(
                condition=~Q(state="closed", needs_second_reviewer=True)
                | Q(second_agreed_at__isnull=False),
                name="closing_needs_the_second_reviewer",
            ),
            models.CheckConstraint(
                condition=~Q(state="closed") | Q(closed_at__isnull=False), name="closed_has_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"Boundary concern {self.pk}"


@tracked()
class NamedInConcern(Row):
    """Somebody a concern is about, beside its facilitator. They are shut out of it."""

    concern = models.ForeignKey(BoundaryConcern, models.CASCADE, related_name="named")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="named_in_concerns"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["concern", "user"], name="named_once")]

    def __str__(self) -> str:
        return f"named in {self.concern_id}"


class ConcernStep(AppendOnly):
    """One step in the life of a concern, with what was said. Written once."""

    concern = models.ForeignKey(BoundaryConcern, models.PROTECT, related_name="steps")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    to_state = models.CharField(max_length=15, choices=ConcernState)
    what = models.CharField(max_length=40)
    words = EncryptedTextField(blank=True, default="")

    class Meta:
        ordering = ["at"]

    def __str__(self) -> str:
        return f"{self.what} {self.at}"


class Relation(models.TextChoices):
    KIN = "kin", "Family"
    FRIEND = "friend", "Friend or acquaintance"
    TREATED_TOGETHER = "treated_together", "In treatment together"
    SPONSOR = "sponsor", "Sponsor or sponsored"
    WORK = "work", "Work, school or housing"
    OTHER = "other", "Something else"


@tracked()
class ConflictOfInterest(Row):
    """A declared relationship between a facilitator and a participant. Declaring is good practice.

    The pair is kept off one roster, or warned about, as the program's rules say. What kind of
    relationship it is stays with who declared it and their supervisor.
    """

    reads_are_recorded = True

    program = models.ForeignKey(Program, models.PROTECT, related_name="conflicts_of_interest")
    facilitator = models.ForeignKey(
        Facilitator, models.PROTECT, related_name="conflicts_of_interest"
    )
    participant = models.ForeignKey(Participant, models.PROTECT, related_name="+")
    relation = models.CharField(max_length=20, choices=Relation)
    note = EncryptedTextField("anything to know", blank=True, default="")
    declared_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    declared_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = GrantedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["facilitator", "participant"],
                condition=Q(ended_at=None),
                name="one_conflict_per_pair",
                violation_error_message="This is declared already.",
            )
        ]

    def __str__(self) -> str:
        return f"Conflict of interest {self.pk}"
