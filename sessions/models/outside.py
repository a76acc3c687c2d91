"""What the schedule shows outside its own pages: calendar feeds and the kiosk."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from phpsupport.access.grants import GrantedQuerySet
from phpsupport.lib.history import tracked
from phpsupport.lib.models import AppendOnly, Row
from phpsupport.programs.models import Program
from sessions.models.schedule import GroupSession


@tracked(exclude=["last_read_at"])
class CalendarFeed(Row):
    """The secret address of one person's calendar. Only a digest of the token is kept."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="calendar_feeds"
    )
    # SHA-256 of the 256-bit token, in hex.
    token_hash = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    last_read_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_for = models.CharField(max_length=40, blank=True)

    objects = GrantedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(revoked_at=None), name="one_live_feed"
            )
        ]

    def __str__(self) -> str:
        return f"Calendar feed {self.pk}"


@tracked()
class Kiosk(Row):
    """A tablet at the door for one session. A short-lived code, used once, makes a device the tablet."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="kiosks")
    session = models.ForeignKey(GroupSession, models.PROTECT, related_name="kiosks")
    # Keyed digest of the code, in hex.
    code_hash = models.CharField(max_length=64, unique=True)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    # Until when the code can be used, and until when the device may sign people in.
    code_until = models.DateTimeField()
    expires_at = models.DateTimeField()
    # SHA-256 of what the device holds that used the code; the code works once.
    device_hash = models.CharField(max_length=64, blank=True)
    taken_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = GrantedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session"], condition=Q(closed_at=None), name="one_open_kiosk"
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("opened_at")), name="kiosk_forwards"
            ),
            models.UniqueConstraint(
                fields=["device_hash"], condition=~Q(device_hash=""), name="one_kiosk_per_device"
            ),
        ]

    def __str__(self) -> str:
        return f"Kiosk {self.pk}"


class KioskTry(AppendOnly):
    """One attempt at a kiosk, for the throttle. It names nobody.

    Without a kiosk it is a code that opened none, counted by the address that it came from.
    """

    kiosk = models.ForeignKey(Kiosk, models.PROTECT, null=True, related_name="tries")
    # Keyed digest of the address; empty where the kiosk is known.
    origin = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()
    succeeded = models.BooleanField()

    class Meta:
        indexes = [
            models.Index(fields=["kiosk", "-at"], name="kiosk_tries"),
            models.Index(fields=["origin", "-at"], name="kiosk_tries_by_origin"),
        ]

    def __str__(self) -> str:
        return f"Try {self.at}"
