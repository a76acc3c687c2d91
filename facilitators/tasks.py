"""What beat queues for the peer workforce."""

from celery import shared_task

from facilitators.actions import check_ins
from phpsupport.lib import clock


@shared_task
def queue_check_ins() -> None:
    """Ask, remind and escalate where it is due; the row decides, however often this runs."""
    check_ins.queue_check_ins(at=clock.now())
