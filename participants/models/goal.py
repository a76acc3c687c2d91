"""What a participant wants for themself, in their own words."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from participants.models.participant import Participant
from phpsupport.access.grants import GrantedQuerySet
from phpsupport.lib.fields import EncryptedTextField
from phpsupport.lib.history import tracked
from phpsupport.lib.models import Row


class GoalState(models.TextChoices):
    OPEN = "open", "Working on it"
    REACHED = "reached", "Reached"
    PAUSED = "paused", "Resting for now"
    LET_GO = "let_go", "Let go"


@tracked()
class Goal(Row):
    """A recovery goal. It is worded and ended by the participant's wish, never by a score."""

    participant = models.ForeignKey(Participant, models.PROTECT, related_name="goals")
    words = EncryptedTextField("In their own words")
    named_on = models.DateField()
    state = models.CharField(max_length=10, choices=GoalState, default=GoalState.OPEN)
    state_on = models.DateField()
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    objects = GrantedQuerySet.as_manager()

    class Meta:
        ordering = ["named_on", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=GoalState.values), name="goal_state_known")
        ]

    def __str__(self) -> str:
        return f"Goal {self.pk}"
