"""The one place that reads the clock. Views, tasks and commands call it and hand the time down."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils import timezone


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return timezone.now()


def local_date(at: datetime, zone: str) -> date:
    """The calendar day on which the instant `at` falls in `zone`."""
    return at.astimezone(ZoneInfo(zone)).date()
