"""What was changed in the schedule, by whom, and what it takes to undo it; what a person decided
against a rule, or about a session that a closure or somebody's leave touches."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from facilitators.models import Facilitator, Leave
from phpsupport.access.grants import GrantedQuerySet
from phpsupport.lib.fields import EncryptedTextField
from phpsupport.lib.history import tracked
from phpsupport.lib.models import AppendOnly, Row
from phpsupport.programs.models import Program
from sessions.models.schedule import GroupSeries, GroupSession


@tracked()
class ScheduleBatch(Row):
    """One act on the schedule, from a single move to a whole series: undone as a whole or not."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="schedule_batches")
    series = models.ForeignKey(GroupSeries, models.PROTECT, null=True, related_name="batches")
    kind = models.CharField(max_length=30)
    summary = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    # Not stored: how many messages undoing it just now sent on their way.
    told_again = 0

    objects = GrantedQuerySet.as_manager()

    class Meta:
        ordering = ["-at"]
        indexes = [models.Index(fields=["program", "-at"], name="latest_batches")]

    def __str__(self) -> str:
        return f"{self.kind} {self.at}"


class BatchRow(AppendOnly):
    """One row that a batch made, changed or took away: its values before and after.

    `before` is null for a row that the batch made, `after` for one that it took away.
    """

    batch = models.ForeignKey(ScheduleBatch, models.PROTECT, related_name="rows")
    table = models.CharField(max_length=40)
    row_id = models.UUIDField()
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "table", "row_id"], name="once_per_batch"),
            models.CheckConstraint(
                condition=Q(before__isnull=False) | Q(after__isnull=False), name="row_of_a_batch"
            ),
        ]
        indexes = [models.Index(fields=["row_id"], name="batches_of_a_row")]

    def __str__(self) -> str:
        return f"{self.table} {self.row_id}"


class RuleOverride(AppendOnly):
    """A rule of the program that somebody with the right to do so set aside for one session.

    It stays visible on the session. The sentence says what was in the way then; it may name people.
    """

    program = models.ForeignKey(Program, models.PROTECT, related_name="rule_overrides")
    session = models.ForeignKey(GroupSession, models.PROTECT, related_name="overrides")
    rule = models.CharField(max_length=30)
    sentence = EncryptedTextField()
    reason = EncryptedTextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = GrantedQuerySet.as_manager()

    class Meta:
        ordering = ["at"]

    def __str__(self) -> str:
        return f"{self.rule} set aside for {self.session_id}"


class Choice(models.TextChoices):
    CANCEL = "cancel", "Cancel it"
    MOVE = "move", "Move it"
    COVER = "cover", "Somebody else leads it"
    KEEP = "keep", "Keep it as it is"


class Resolution(AppendOnly):
    """What was decided about one session that a closed day or somebody's leave touches."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="resolutions")
    session = models.ForeignKey(GroupSession, models.PROTECT, related_name="resolutions")
    # Either the day on which the program is closed, or the leave.
    closed_on = models.DateField(null=True)
    leave = models.ForeignKey(Leave, models.PROTECT, null=True, related_name="resolutions")
    choice = models.CharField(max_length=6, choices=Choice)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = GrantedQuerySet.as_manager()

    class Meta:
        ordering = ["at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(leave=None, closed_on__isnull=False)
                | Q(leave__isnull=False, closed_on=None),
                name="resolution_of_one_thing",
            )
        ]

    def __str__(self) -> str:
        return f"{self.choice} {self.session_id}"


@tracked()
class Proposal(Row):
    """Another time that a facilitator proposes for a session or for a whole series."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="proposals")
    facilitator = models.ForeignKey(Facilitator, models.PROTECT, related_name="proposals")
    series = models.ForeignKey(GroupSeries, models.PROTECT, null=True, related_name="proposals")
    session = models.ForeignKey(GroupSession, models.PROTECT, null=True, related_name="proposals")
    on = models.DateField("day", null=True, blank=True)
    starts = models.TimeField(null=True, blank=True)
    ends = models.TimeField(null=True, blank=True)
    words = EncryptedTextField("in a few words", blank=True, default="")
    made_at = models.DateTimeField()
    taken = models.BooleanField(null=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    objects = GrantedQuerySet.as_manager()

    class Meta:
        ordering = ["made_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(series=None, session__isnull=False)
                | Q(series__isnull=False, session=None),
                name="proposal_for_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(taken=None, settled_at=None)
                | Q(taken__isnull=False, settled_at__isnull=False),
                name="proposal_settled_whole",
            ),
            models.UniqueConstraint(
                fields=["facilitator", "series", "session"],
                condition=Q(settled_at=None),
                nulls_distinct=False,
                name="one_open_proposal",
            ),
        ]

    def __str__(self) -> str:
        return f"Proposal {self.pk}"
