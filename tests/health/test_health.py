"""/health/ is 200 only when everything is alive, and answers soon whatever is wrong."""

import socket
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from phpsupport.health import checks, heartbeat
from phpsupport.lib import clock
from tests.jobs import wait_until

LIMIT_SECONDS = checks.LIMIT_SECONDS
PARTS = {"database", "broker", "worker", "beat", "jobs"}


def _everything_beats(at: datetime | None = None) -> None:
    for part in checks.BEATING:
        heartbeat.beats(part, at=at or clock.now())


def test_whatever_is_wrong_the_answer_comes_within_two_seconds():
    assert LIMIT_SECONDS + heartbeat.SLOWEST_ANSWER / 2 <= 2


@pytest.fixture(autouse=True)
def _patient(monkeypatch):
    """A busy machine is nothing that these tests look at."""
    monkeypatch.setattr(checks, "LIMIT_SECONDS", 30)


@pytest.fixture
def another_broker(settings):
    """Points the signs of life elsewhere and back."""

    def point(url: str) -> None:
        settings.REDIS_URL = url
        heartbeat.store.cache_clear()

    yield point
    heartbeat.store.cache_clear()


@pytest.mark.django_db
def test_all_alive_is_200_and_names_every_part(client):
    _everything_beats()
    answer = client.get(reverse("health:health"))
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    assert set(answer.json()["checks"]) == PARTS
    assert all(check["ok"] for check in answer.json()["checks"].values())
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
@pytest.mark.parametrize("silent", sorted(checks.BEATING))
def test_a_silent_part_is_503_and_named(client, silent):
    _everything_beats()
    heartbeat.beats(silent, at=clock.now() - timedelta(seconds=checks.STALE_SECONDS + 1))
    answer = client.get(reverse("health:health"))
    assert answer.status_code == 503
    failing = [name for name, check in answer.json()["checks"].items() if not check["ok"]]
    assert failing == [silent]


@pytest.mark.django_db
def test_never_a_sign_of_life_is_503(client):
    answer = client.get(reverse("health:health"))
    assert answer.status_code == 503
    assert not answer.json()["checks"]["beat"]["ok"]


@pytest.mark.django_db
def test_a_broker_that_is_away_is_named_without_its_address(client, another_broker):
    another_broker("redis://:secret@127.0.0.1:1/0")
    answer = client.get(reverse("health:health"))
    assert answer.status_code == 503
    assert not answer.json()["checks"]["broker"]["ok"]
    assert answer.json()["checks"]["database"]["ok"]
    assert "secret" not in answer.content.decode()


@pytest.mark.django_db
def test_a_broker_that_never_answers_does_not_hold_the_page(client, another_broker, monkeypatch):
    monkeypatch.setattr(checks, "LIMIT_SECONDS", 0.3)
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        another_broker(f"redis://127.0.0.1:{deaf.getsockname()[1]}/0")
        began = time.monotonic()
        answer = client.get(reverse("health:health"))
        assert time.monotonic() - began < 20
    assert answer.status_code == 503


@pytest.mark.django_db
def test_a_database_that_never_answers_does_not_hold_the_page(client, monkeypatch):
    wait = threading.Event()
    monkeypatch.setattr(checks, "LIMIT_SECONDS", 0.3)
    monkeypatch.setattr(checks, "_database", lambda parameters: wait.wait(60))
    _everything_beats()
    began = time.monotonic()
    answer = client.get(reverse("health:health"))
    assert time.monotonic() - began < 20
    wait.set()
    assert answer.json()["checks"]["database"] == {"ok": False, "detail": "no answer in time"}


def test_a_heartbeat_without_a_broker_is_no_reason_to_stop(another_broker):
    another_broker("redis://127.0.0.1:1/0")
    heartbeat.beats("beat", at=datetime(2026, 3, 4, tzinfo=UTC))


@pytest.mark.jobs
def test_a_real_worker_and_beat_make_it_well(client, jobs):
    assert wait_until(lambda: client.get(reverse("health:health")).status_code == 200)
