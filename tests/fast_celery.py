"""The application's Celery with a beat that need not be waited for."""

from phpsupport.celery import app

for entry in app.conf.beat_schedule.values():
    entry["schedule"] = 1.0
