"""The round trip that proves that beat, broker and worker work together."""

from celery import shared_task

from phpsupport.health import heartbeat
from phpsupport.lib import clock


@shared_task(expires=60)
def round_trip() -> None:
    """Queued by beat, run by a worker."""
    heartbeat.beats("jobs", at=clock.now())
