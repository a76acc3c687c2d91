"""The worker's side of the outbox."""

from celery import shared_task

from phpsupport.lib import clock
from phpsupport.outbox.delivery import BATCH, deliver


@shared_task
def deliver_due() -> None:
    """Send everything due; full batches are followed by another look."""
    while deliver(at=clock.now(), limit=BATCH) == BATCH:
        pass
