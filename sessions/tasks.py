"""What beat asks of sessions."""

from celery import shared_task

from phpsupport.lib import clock
from sessions.actions import rejudging, reminders


@shared_task
def queue_reminders() -> None:
    """Queue the reminders that fall due soon."""
    reminders.queue_reminders(at=clock.now())


@shared_task
def rejudge_sessions() -> None:
    """Judge coming sessions anew: certificates and trainings run out by the day."""
    rejudging.rejudge_every_program(at=clock.now())
