"""The worker's side of the outbox."""

import time

from celery import shared_task

from phpsupport.lib import clock
from phpsupport.outbox.delivery import deliver_round

# Well under the task's time limit, a slow last round included.
LONGEST_SECONDS = 60


@shared_task
def deliver_due() -> None:
    """Send everything due; a full batch is followed by another look."""
    until = time.monotonic() + LONGEST_SECONDS
    while deliver_round(at=clock.now()).more and time.monotonic() < until:
        pass
