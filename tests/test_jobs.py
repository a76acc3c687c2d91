"""The jobs' plumbing: tasks reach the worker, and beat's table names tasks that exist."""

import pytest
from django.core.mail import send_mail

from phpsupport.celery import app
from phpsupport.health import heartbeat
from phpsupport.health.tasks import round_trip
from tests.jobs import wait_until


@pytest.mark.jobs
def test_a_queued_task_is_run_by_a_worker_on_the_real_broker(worker):
    assert heartbeat.last("jobs") is None
    round_trip.delay()
    assert wait_until(lambda: heartbeat.last("jobs"))


def test_beats_table_names_tasks_that_exist_and_drops_what_waits_too_long():
    app.loader.import_default_modules()
    for name, entry in app.conf.beat_schedule.items():
        task = app.tasks[entry["task"]]
        assert entry.get("options", {}).get("expires") or task.expires, name


def test_mail_goes_over_a_real_smtp_conversation(smtp):
    send_mail("An appointment", "Tomorrow – see you then.", None, ["ana@harbor.example"])
    (letter,) = smtp.wait_for(1)
    assert letter.to == ["ana@harbor.example"]
    assert letter.subject == "An appointment"
    assert "see you then" in letter.text
