"""What beat asks of sessions."""

from celery import shared_task

from phpsupport.lib import clock
from sessions.actions import reminders


@shared_task
def queue_reminders() -> None:
    """Queue the reminders that fall due soon."""
    reminders.queue_reminders(at=clock.now())
