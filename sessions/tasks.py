"""What beat asks of sessions."""

from celery import shared_task

from phpsupport.lib import clock
from sessions.actions import cover, nudging, offers, rejudging, reminders, safety


@shared_task
def queue_reminders() -> None:
    """Queue the reminders that fall due soon."""
    reminders.queue_reminders(at=clock.now())


@shared_task
def queue_nudges() -> None:
    """Remind those who lead of attendance and notes that are open after a session."""
    nudging.queue_nudges(at=clock.now())


@shared_task
def rejudge_sessions() -> None:
    """Judge coming sessions anew: certificates and trainings run out by the day."""
    rejudging.rejudge_every_program(at=clock.now())


@shared_task
def end_offers() -> None:
    """Let unanswered offers of a place lapse, and ask who is next in line."""
    offers.end_offers(at=clock.now())


@shared_task
def tend_cover() -> None:
    """Close cover that is overtaken, and tell of what nobody accepted in time."""
    cover.tend_cover(at=clock.now())


@shared_task
def tend_safety() -> None:
    """Pass on safety concerns that nobody acknowledged in time."""
    safety.tend_safety(at=clock.now())
