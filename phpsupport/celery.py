"""The Celery application. What beat queues, and how often, stands here and nowhere else."""

import os
import time

from celery import Celery
from celery.signals import heartbeat_sent, setup_logging, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "phpsupport.settings")

app = Celery("phpsupport")
app.set_default()  # for every thread, so that a web thread queues to this broker
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(["phpsupport.health"])
app.conf.beat_scheduler = "phpsupport.health.beat:Scheduler"
app.conf.beat_schedule = {
    # Ticks read the rows that are due; nothing waits in the broker for long. A tick that finds no
    # worker for a while is dropped rather than run many times over.
    "round-trip": {"task": "phpsupport.health.tasks.round_trip", "schedule": 20.0},
    "deliver": {
        "task": "phpsupport.outbox.tasks.deliver_due",
        "schedule": 30.0,
        "options": {"expires": 60},
    },
    "reminders": {
        "task": "sessions.tasks.queue_reminders",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "offers": {
        "task": "sessions.tasks.end_offers",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "cover": {
        "task": "sessions.tasks.tend_cover",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "nudges": {
        "task": "sessions.tasks.queue_nudges",
        "schedule": 5 * 60.0,
        "options": {"expires": 5 * 60},
    },
    "safety": {
        "task": "sessions.tasks.tend_safety",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "clearance": {
        "task": "sessions.tasks.rejudge_sessions",
        "schedule": 15 * 60.0,
        "options": {"expires": 10 * 60},
    },
    "sweep": {
        "task": "phpsupport.users.tasks.sweep_sessions",
        "schedule": 10 * 60.0,
        "options": {"expires": 10 * 60},
    },
    "check-ins": {
        "task": "facilitators.tasks.queue_check_ins",
        "schedule": 15 * 60.0,
        "options": {"expires": 10 * 60},
    },
}


@setup_logging.connect
def _leave_the_log_alone(**kwargs: object) -> None:
    """The log stays as settings.LOGGING makes it, level and formatter: Celery's own would quote rows."""


_BETWEEN_HEARTBEATS = 10.0
_last_heartbeat = 0.0


@worker_ready.connect
def _first_heartbeat(**kwargs: object) -> None:
    from phpsupport.health.tasks import round_trip

    _worker_is_alive()
    # /health/ need not wait for beat's first tick.
    round_trip.apply_async(retry=False)


@heartbeat_sent.connect
def _worker_is_alive(**kwargs: object) -> None:
    global _last_heartbeat
    if time.monotonic() - _last_heartbeat < _BETWEEN_HEARTBEATS:
        return
    _last_heartbeat = time.monotonic()
    from phpsupport.health import heartbeat
    from phpsupport.lib import clock

    heartbeat.beats("worker", at=clock.now())
