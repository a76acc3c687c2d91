"""What beat asks of accounts."""

from celery import shared_task

from phpsupport.lib import clock
from phpsupport.users import sweeping


@shared_task
def sweep_sessions() -> None:
    """Sweep away sign-ins that are over, and uploads that nobody confirmed."""
    sweeping.sweep_sessions(at=clock.now())
