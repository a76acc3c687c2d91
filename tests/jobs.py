"""Fixtures for real mail and real jobs.

    def test_reminder(smtp, jobs):          # a worker and beat as processes of their own
        ...
        letter = smtp.wait_for(1)[0]
        assert letter.to == ["ana@harbor.example"]

    def test_delivery(smtp, worker): ...    # a worker in this process, on the real broker

Both need rows that are committed: they come with transactional_db.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

from phpsupport.devservices import PROJECT, die_with_parent, free_port

PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Received:
    """A letter as the SMTP server got it."""

    sender: str
    to: list[str]
    mail: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.mail["Subject"])

    @property
    def text(self) -> str:
        return self._body("plain")

    @property
    def html(self) -> str:
        return self._body("html")

    def _body(self, kind: str) -> str:
        part = self.mail.get_body(preferencelist=(kind,))
        return str(part.get_content()) if part else ""


class Postbox:
    """A catching SMTP server; `refuse` answers instead of accepting, for example "451 later"."""

    def __init__(self) -> None:
        self.messages: list[Received] = []
        self.refuse: str | None = None
        self.port = free_port()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.refuse:
            return self.refuse
        mail = message_from_bytes(envelope.original_content, policy=policy.default)
        self.messages.append(Received(envelope.mail_from, list(envelope.rcpt_tos), mail))
        return "250 OK"

    def wait_for(self, count: int, *, seconds: float = PATIENCE_SECONDS) -> list[Received]:
        """The letters once there are at least `count` of them."""
        wait_until(lambda: len(self.messages) >= count, seconds=seconds)
        assert len(self.messages) >= count, f"{len(self.messages)} of {count} letters came"
        return self.messages


def wait_until(true: Callable[[], Any], *, seconds: float = PATIENCE_SECONDS) -> bool:
    """Whether something became true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def smtp(settings: Any) -> Iterator[Postbox]:
    """A real SMTP conversation with a server that keeps what it is told."""
    from aiosmtpd.controller import Controller

    box = Postbox()
    controller = Controller(box, hostname="127.0.0.1", port=box.port, ready_timeout=60)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", box.port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    yield box
    controller.stop()


@pytest.fixture
def worker(transactional_db: None) -> Iterator[Any]:
    """A worker in a thread of this process, taking tasks from the real broker."""
    from celery.contrib.testing.worker import start_worker
    from django.db import connections

    from phpsupport.celery import app

    # The pool runs the tasks in the worker's own thread.
    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=20) as started:
        yield started
    connections.close_all()


@pytest.fixture
def jobs(transactional_db: None, smtp: Postbox, tmp_path: Path) -> Iterator[None]:
    """A worker and beat as real processes on this test's database; beat ticks every second."""
    from phpsupport.health import checks
    from phpsupport.lib import clock

    env = os.environ | {
        "DATABASE_URL": of_this_test(os.environ["DATABASE_URL"]),
        "EMAIL_URL": f"smtp://127.0.0.1:{smtp.port}",
    }
    celery = [sys.executable, "-m", "celery", "-q", "-A", "tests.fast_celery"]
    quiet = ["--without-gossip", "--without-mingle"]
    with (
        _process([*celery, "worker", "-c", "1", *quiet], env, tmp_path / "worker.log"),
        _process([*celery, "beat"], env, tmp_path / "beat.log"),
    ):

        def alive() -> bool:
            results = checks.run(at=clock.now())
            return all(results[part].ok for part in checks.BEATING)

        if not wait_until(alive):
            logs = [(tmp_path / f"{name}.log").read_text()[-2000:] for name in ("worker", "beat")]
            pytest.fail("worker and beat did not start:\n" + "\n".join(logs))
        yield


def of_this_test(url: str) -> str:
    from django.db import connection

    return urlunsplit(urlsplit(url)._replace(path=f"/{connection.settings_dict['NAME']}"))


@contextmanager
def _process(command: list[str], env: dict[str, str], log: Path) -> Iterator[None]:
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env=env,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGTERM),
        )
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
