"""Beat's scheduler: the static table in memory, and a sign of life at every tick."""

from typing import Any

from celery import beat

from phpsupport.health import heartbeat
from phpsupport.lib import clock


class Scheduler(beat.Scheduler):
    """Nothing is kept on disk: what is due is told by rows, not by when beat last ran."""

    max_interval = 15

    def tick(self, *args: Any, **kwargs: Any) -> float:
        heartbeat.beats("beat", at=clock.now())
        wait: float = super().tick(*args, **kwargs)
        return min(wait, self.max_interval)
