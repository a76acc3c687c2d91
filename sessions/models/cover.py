"""Cover: somebody cannot lead a session, others are asked, the first to accept has it."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from facilitators.models import Facilitator
from phpsupport.access.grants import GrantedQuerySet
from phpsupport.lib.history import tracked
from phpsupport.lib.models import Row
from phpsupport.programs.models import Program
from sessions.models.schedule import GroupSession, Part


class CoverState(models.TextChoices):
    OPEN = "open", "Looking for somebody"
    FILLED = "filled", "Covered"
    WITHDRAWN = "withdrawn", "No longer needed"


@tracked()
class CoverRequest(Row):
    """ "I need cover" for one session. No reason is asked; who asked stays responsible until
    somebody accepts."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="cover_requests")
    session = models.ForeignKey(GroupSession, models.PROTECT, related_name="cover_requests")
    facilitator = models.ForeignKey(
        Facilitator, models.PROTECT, related_name="cover_requests", help_text="Who needs cover."
    )
    part = models.CharField(max_length=4, choices=Part, default=Part.LEAD)
    # When the session began at that time: moved since, it is another question.
    starts_at = models.DateTimeField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    escalate_at = models.DateTimeField()
    escalated_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=CoverState, default=CoverState.OPEN)
    filled_by = models.ForeignKey(
        Facilitator, models.PROTECT, null=True, related_name="covers", help_text="Who accepted."
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = GrantedQuerySet.as_manager()

    class Meta:
        ordering = ["asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["session", "facilitator"],
                condition=Q(state="open"),
                name="one_open_cover_request",
            ),
            models.CheckConstraint(
                condition=Q(state="filled", filled_by__isnull=False)
                | (~Q(state="filled") & Q(filled_by=None)),
                name="filled_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(state="open", ended_at=None)
                | (~Q(state="open") & Q(ended_at__isnull=False)),
                name="cover_ends_once",
            ),
        ]

    def __str__(self) -> str:
        return f"Cover request {self.pk}"


class CoverAnswer(models.TextChoices):
    NONE = "", "Not answered"
    ACCEPTED = "accepted", "Accepted"
    DECLINED = "declined", "Cannot"


@tracked()
class CoverAsk(Row):
    """One facilitator who was asked to cover."""

    request = models.ForeignKey(CoverRequest, models.PROTECT, related_name="asks")
    facilitator = models.ForeignKey(Facilitator, models.PROTECT, related_name="cover_asks")
    asked_at = models.DateTimeField()
    answer = models.CharField(max_length=8, choices=CoverAnswer, blank=True, default="")
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = GrantedQuerySet.as_manager()

    class Meta:
        ordering = ["asked_at"]
        constraints = [
            models.UniqueConstraint(fields=["request", "facilitator"], name="asked_once"),
            # The first acceptance has it; a second cannot be stored.
            models.UniqueConstraint(
                fields=["request"], condition=Q(answer="accepted"), name="accepted_once"
            ),
        ]

    def __str__(self) -> str:
        return f"Asked {self.facilitator_id}"

    def program_ids(self) -> list:  # type: ignore[type-arg]
        return [self.request.program_id]
