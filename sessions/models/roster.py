"""Who belongs to a series, who waits, and who came."""

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q

from participants.models import EpisodeOfCare, Participant
from phpsupport.access.grants import GrantedQuerySet
from phpsupport.lib.fields import EncryptedTextField
from phpsupport.lib.history import tracked
from phpsupport.lib.models import Row
from phpsupport.lib.ranges import DaySpan
from phpsupport.programs.models import Program
from sessions.models.schedule import GroupSeries, GroupSession


@tracked()
class Enrollment(Row):
    """A participant's place in a series from a day to a day; the last day counts."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="enrollments")
    series = models.ForeignKey(GroupSeries, models.PROTECT, related_name="enrollments")
    participant = models.ForeignKey(Participant, models.PROTECT, related_name="enrollments")
    episode = models.ForeignKey(
        EpisodeOfCare, models.PROTECT, null=True, related_name="enrollments"
    )
    from_on = models.DateField("from")
    until_on = models.DateField("through", null=True, blank=True)
    # Intensive outpatient participants often leave before the end: planned, not "left early".
    leaves_at = models.TimeField("leaves at", null=True, blank=True)

    objects = GrantedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(until_on=None) | Q(until_on__gte=F("from_on")),
                name="enrollment_forwards",
                violation_error_message="The last day cannot be before the first.",
            ),
            ExclusionConstraint(
                name="one_place_at_a_time",
                expressions=[
                    ("series", RangeOperators.EQUAL),
                    ("participant", RangeOperators.EQUAL),
                    (DaySpan("from_on", "until_on"), RangeOperators.OVERLAPS),
                ],
                violation_error_message="This participant has a place in those days already.",
            ),
        ]
        indexes = [models.Index(fields=["series", "from_on"], name="roster_by_series")]

    def __str__(self) -> str:
        return f"Enrollment {self.pk}"


class WaitOutcome(models.TextChoices):
    WAITING = "waiting", "Waiting"
    ENROLLED = "enrolled", "Got a place"
    LAPSED = "lapsed", "Did not answer an offer"
    LEFT = "left", "No longer waiting"


@tracked()
class WaitlistEntry(Row):
    """Somebody waiting for a place, served in the order they came.

    While an offer stands (`offer_until`), the place is kept for them from `offered_from` on.
    """

    program = models.ForeignKey(Program, models.PROTECT, related_name="waitlist")
    series = models.ForeignKey(GroupSeries, models.PROTECT, related_name="waitlist")
    participant = models.ForeignKey(Participant, models.PROTECT, related_name="waiting_for")
    episode = models.ForeignKey(EpisodeOfCare, models.PROTECT, null=True, related_name="+")
    # The order of the line: rises by one per series, so that a tie cannot happen.
    position = models.PositiveIntegerField()
    wanted_from = models.DateField()
    wanted_until = models.DateField(null=True, blank=True)
    queued_at = models.DateTimeField()
    offered_at = models.DateTimeField(null=True, blank=True)
    offer_until = models.DateTimeField(null=True, blank=True)
    offered_from = models.DateField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=WaitOutcome, default=WaitOutcome.WAITING)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = GrantedQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["series", "position"], name="one_place_in_line"),
            models.CheckConstraint(
                condition=Q(offered_at=None, offer_until=None, offered_from=None)
                | Q(
                    offered_at__isnull=False,
                    offer_until__gt=F("offered_at"),
                    offered_from__isnull=False,
                ),
                name="offer_is_whole",
            ),
            models.UniqueConstraint(
                fields=["series", "participant"],
                condition=Q(outcome="waiting"),
                name="waits_once",
                violation_error_message="This participant is waiting for that group already.",
            ),
        ]

    def __str__(self) -> str:
        return f"Waitlist entry {self.pk}"


class Status(models.TextChoices):
    """Attendance of one person. No row means expected and not yet marked, never absent."""

    PRESENT = "present", "Present"
    LATE = "late", "Late"
    LEFT_EARLY = "left_early", "Left early"
    EXCUSED = "excused", "Excused"
    DECLINED = "declined", "Declined today"
    ABSENT = "absent", "Absent"


CAME = (Status.PRESENT, Status.LATE, Status.LEFT_EARLY)


class AbsenceReason(models.TextChoices):
    PHYSICAL = "physical", "Physical symptoms"
    PSYCHIATRIC = "psychiatric", "Psychiatric symptoms"
    MEDICAL = "medical", "Medical appointment"
    TRANSPORT = "transport", "Transport"
    CHILDCARE = "childcare", "Childcare"
    WORK_OR_LEGAL = "work_or_legal", "Work or legal"
    DECLINED = "declined", "Declined"
    UNKNOWN = "unknown", "Unknown"


@tracked()
class Attendance(Row):
    """Whether one participant came to one session."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="attendances")
    session = models.ForeignKey(GroupSession, models.PROTECT, related_name="attendances")
    participant = models.ForeignKey(Participant, models.PROTECT, related_name="attendances")
    status = models.CharField(max_length=10, choices=Status)
    arrived = models.TimeField("came at", null=True, blank=True)
    departed = models.TimeField("left at", null=True, blank=True)
    reason = models.CharField(max_length=15, choices=AbsenceReason, blank=True)
    walk_in = models.BooleanField(default=False)
    # The person signed in at the kiosk; `marked_by` is who opened it.
    at_kiosk = models.BooleanField(default=False)
    marked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    marked_at = models.DateTimeField()
    # Why it was corrected later; the value before stands in the history of the row.
    why = EncryptedTextField(blank=True, default="")

    objects = GrantedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session", "participant"], name="one_attendance_per_person_and_session"
            ),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="attendance_known"),
            models.CheckConstraint(
                condition=Q(status__in=CAME) | Q(arrived=None, departed=None),
                name="times_only_if_they_came",
            ),
        ]
        indexes = [
            models.Index(fields=["participant", "session"], name="attendance_by_participant")
        ]

    def __str__(self) -> str:
        return f"Attendance {self.pk}"
