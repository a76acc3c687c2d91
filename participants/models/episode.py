"""The stay: admitted, level of care, care team, discharged."""

from datetime import date

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery

from participants.models.participant import Participant
from phpsupport.access.grants import GrantedQuerySet
from phpsupport.lib.history import tracked
from phpsupport.lib.models import Row
from phpsupport.lib.ranges import DaySpan
from phpsupport.programs.models import Program


class LevelOfCare(models.TextChoices):
    PHP = "PHP", "Partial hospitalization (PHP)"
    IOP = "IOP", "Intensive outpatient (IOP)"


class Referral(models.TextChoices):
    INPATIENT = "inpatient", "Inpatient unit"
    EMERGENCY = "emergency", "Emergency department"
    OUTPATIENT = "outpatient", "Outpatient clinic"
    SELF = "self", "Self"
    OTHER = "other", "Other"


class DischargeReason(models.TextChoices):
    COMPLETED = "completed", "Completed the program"
    STEP_DOWN = "step_down", "Moved to less intensive care"
    STEP_UP = "step_up", "Moved to more intensive care"
    CHOSE_TO_LEAVE = "chose_to_leave", "Chose to leave"
    MOVED = "moved", "Moved to another site"
    OTHER = "other", "Other"


class EpisodeQuerySet(GrantedQuerySet):
    """Stays, open or past."""

    def open_on(self, day: date) -> "EpisodeQuerySet":
        """Those that hold on `day`: admitted by then and not yet discharged; the day of discharge counts."""
        return self.filter(Q(discharged_on=None) | Q(discharged_on__gte=day), admitted_on__lte=day)

    def with_level(self, day: date) -> "EpisodeQuerySet":
        """Annotate `level`, the level of care on `day`."""
        newest = LevelOfCareChange.objects.filter(episode=OuterRef("pk"), from_on__lte=day)
        return self.annotate(level=Subquery(newest.order_by("-from_on").values("level")[:1]))


@tracked()
class EpisodeOfCare(Row):
    """One stay from admission to discharge. Coming back later is a new episode."""

    participant = models.ForeignKey(Participant, models.PROTECT, related_name="episodes")
    program = models.ForeignKey(Program, models.PROTECT, related_name="episodes")
    admitted_on = models.DateField()
    planned_discharge_on = models.DateField(null=True, blank=True)
    discharged_on = models.DateField(null=True, blank=True)
    discharge_reason = models.CharField(max_length=20, choices=DischargeReason, blank=True)
    track = models.CharField(max_length=60, blank=True)
    referred_from = models.CharField(max_length=20, choices=Referral, blank=True)

    objects = EpisodeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["participant"],
                condition=Q(discharged_on=None),
                name="one_open_episode",
                violation_error_message="This participant has an open episode of care already.",
            ),
            models.CheckConstraint(
                condition=Q(discharged_on=None) | Q(discharged_on__gte=F("admitted_on")),
                name="discharged_after_admission",
                violation_error_message="The discharge cannot be before the admission.",
            ),
            models.CheckConstraint(
                condition=Q(planned_discharge_on=None)
                | Q(planned_discharge_on__gte=F("admitted_on")),
                name="planned_after_admission",
                violation_error_message="The planned discharge cannot be before the admission.",
            ),
            ExclusionConstraint(
                name="episodes_apart",
                expressions=[
                    ("participant", RangeOperators.EQUAL),
                    (DaySpan("admitted_on", "discharged_on"), RangeOperators.OVERLAPS),
                ],
                violation_error_message="This participant has another episode of care in those days.",
            ),
        ]
        indexes = [models.Index(fields=["program", "discharged_on"], name="episode_census")]

    def __str__(self) -> str:
        return f"Episode {self.pk}"


@tracked()
class LevelOfCareChange(Row):
    """The level of care from a day on, within one episode."""

    episode = models.ForeignKey(EpisodeOfCare, models.PROTECT, related_name="levels")
    level = models.CharField(max_length=3, choices=LevelOfCare)
    from_on = models.DateField()

    class Meta:
        ordering = ["from_on"]
        constraints = [
            models.UniqueConstraint(
                fields=["episode", "from_on"],
                name="one_level_per_day",
                violation_error_message="The level of care already changes on that day.",
            ),
            models.CheckConstraint(condition=Q(level__in=LevelOfCare.values), name="level_known"),
        ]

    def __str__(self) -> str:
        return f"{self.level} from {self.from_on}"


@tracked()
class CareTeamMembership(Row):
    """Who treats whom, from when to when."""

    episode = models.ForeignKey(EpisodeOfCare, models.PROTECT, related_name="care_team")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="care_teams")
    from_on = models.DateField()
    until_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="care_team_once_at_a_time",
                expressions=[
                    ("episode", RangeOperators.EQUAL),
                    ("user", RangeOperators.EQUAL),
                    (DaySpan("from_on", "until_on"), RangeOperators.OVERLAPS),
                ],
                violation_error_message="This person is on the care team in those days already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} treats in {self.episode_id}"
