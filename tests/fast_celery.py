"""The application's Celery with a beat that need not be waited for."""

from phpsupport.celery import app

for entry in app.conf.beat_schedule.values():
    entry["schedule"] = 1.0
    # A worker that is slower than beat does not run what was queued long ago.
    entry["options"] = {**entry.get("options", {}), "expires": 3}
