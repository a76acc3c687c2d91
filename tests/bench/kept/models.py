"""The columns of a session and of attendance, with the history of django-simple-history."""

from django.conf import settings
from django.db import models
from simple_history.models import HistoricalRecords

from participants.models import Participant
from phpsupport.lib.models import Row
from phpsupport.programs.models import Program
from sessions.models import GroupSeries, Room, SessionState, Status


class KeptSession(Row):
    program = models.ForeignKey(Program, models.PROTECT, related_name="+")
    series = models.ForeignKey(GroupSeries, models.PROTECT, related_name="+")
    room = models.ForeignKey(Room, models.PROTECT, related_name="+")
    local_date = models.DateField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=SessionState, default=SessionState.SCHEDULED)
    state_reason = models.CharField(max_length=200, blank=True)
    moved = models.BooleanField(default=False)
    shares_room = models.BooleanField(default=False)
    attendance_version = models.PositiveIntegerField(default=0)
    history = HistoricalRecords()

    def __str__(self) -> str:
        return f"Session {self.pk}"


class KeptAttendance(Row):
    program = models.ForeignKey(Program, models.PROTECT, related_name="+")
    session = models.ForeignKey(KeptSession, models.PROTECT, related_name="attendances")
    participant = models.ForeignKey(Participant, models.PROTECT, related_name="+")
    status = models.CharField(max_length=10, choices=Status)
    arrived = models.TimeField(null=True)
    departed = models.TimeField(null=True)
    reason = models.CharField(max_length=15, blank=True)
    walk_in = models.BooleanField(default=False)
    at_kiosk = models.BooleanField(default=False)
    marked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    marked_at = models.DateTimeField()
    why = models.TextField(blank=True, default="")
    history = HistoricalRecords()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["session", "participant"], name="kept_once")]

    def __str__(self) -> str:
        return f"Attendance {self.pk}"
