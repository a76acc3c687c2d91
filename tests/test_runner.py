"""`make run`: everything together, on a port that is free, and nothing left behind."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
import uuid
from pathlib import Path

import pytest

from phpsupport import runner
from phpsupport.devservices import PROJECT, ServicesFault, free_port
from tests import databases
from tests.jobs import of_this_test, wait_until


@pytest.fixture
def local(monkeypatch, tmp_path) -> Path:
    monkeypatch.setenv("PHPSUPPORT_LOCAL", str(tmp_path))
    return tmp_path


def test_a_taken_port_is_named_and_the_next_one_used(monkeypatch, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("PORT", str(port))
        chosen = runner._web_port()
    assert port < chosen <= port + runner.PORTS_TRIED
    assert f"Port {port} is taken" in capsys.readouterr().out


def test_a_free_port_is_taken_as_asked(monkeypatch, capsys):
    port = free_port()
    monkeypatch.setenv("PORT", str(port))
    assert runner._web_port() == port
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("port", ["abc", "0", "70000"])
def test_a_port_that_is_none_is_refused_in_words(monkeypatch, port):
    monkeypatch.setenv("PORT", port)
    with pytest.raises(ServicesFault, match="make run PORT=9000"):
        runner._web_port()


def test_the_demos_keys_are_made_once_and_are_its_owners_alone(local):
    first = runner._kept_secrets()
    assert runner._kept_secrets() == first
    assert (local / "run/secrets.json").stat().st_mode & 0o077 == 0
    assert first["FIELD_KEYS"].startswith("demo:")


def test_the_environment_wins_over_the_demos_settings(local, monkeypatch):
    monkeypatch.setenv("DEBUG", "yes")
    monkeypatch.delenv("BASE_URL")
    env = runner._demo_environment(8123)
    assert (env["DEBUG"], env["DEMO"], env["PORT"]) == ("yes", "yes", "8123")
    assert env["BASE_URL"] == "http://localhost:8123"


STUBBORN = (
    "import pathlib, signal, sys, time; signal.signal(15, signal.SIG_IGN); print('here', flush=True); "
    "pathlib.Path(sys.argv[1]).touch(); time.sleep(600)"
)
BRIEF = (
    "import pathlib, sys, time; print('tick', flush=True)\n"
    "while not pathlib.Path(sys.argv[1]).exists(): time.sleep(0.05)"
)


def test_the_household_ends_together_even_who_does_not_listen(capfd, monkeypatch, tmp_path):
    ready = str(tmp_path / "ready")
    monkeypatch.setattr(runner, "GRACE_SECONDS", 0.5)
    kept = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        with runner.Household(os.environ | {"PYTHONUNBUFFERED": "1"}) as household:
            household.start("web", ["-c", STUBBORN, ready])
            household.start("beat", ["-c", BRIEF, ready])
            household.follow()
            assert household.watch() == 1
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
    assert all(process.poll() is not None for process in household.processes.values())
    said = capfd.readouterr().out
    assert "web    | here" in said
    assert "beat   | tick" in said
    assert "beat ended with 0" in said


# ---------------------------------------------------------------- the whole thing


def _marked(mark: str) -> list[str]:
    """The command lines of the processes that carry a mark in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def _answer(port: int, path: str) -> str | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as page:
            return str(page.read().decode())
    except OSError:
        return None


@pytest.mark.jobs
@pytest.mark.parametrize(("ending", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_everything_runs_together_and_nothing_is_left(transactional_db, local, ending, code):
    mark = f"mark-{uuid.uuid4()}"
    wanted = free_port()
    with socket.socket() as another:
        another.bind(("127.0.0.1", wanted))
        another.listen()
        env = {name: value for name, value in os.environ.items() if name != "EMAIL_URL"} | {
            "DATABASE_URL": of_this_test(os.environ["DATABASE_URL"]),
            "DATABASE_OWNER_URL": of_this_test(databases.owner_url()),
            "PORT": str(wanted),
            "MARK": mark,
            "DEBUG": "no",
            "STATIC_ROOT": str(local / "static"),
            "BASE_URL": "",
        }
        with (local / "log").open("wb") as log:
            started = subprocess.Popen(
                [sys.executable, "-m", "phpsupport.runner", "run"],
                cwd=PROJECT,
                env=env,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

        def said() -> str:
            return (local / "log").read_text()

        try:
            assert wait_until(lambda: "is ready after" in said(), seconds=400), said()
            port = int(said().partition(": using ")[2].partition(".")[0])
            assert port != wanted
            assert wait_until(lambda: '"ok"' in (_answer(port, "/health/") or "")), said()
            assert wait_until(lambda: _answer(port, "/accounts/login/")), said()
            assert wait_until(lambda: _answer(port, "/dev/mail/")), said()
        finally:
            if started.poll() is None:
                started.send_signal(ending)
    assert started.wait(60) == code, said()
    assert wait_until(lambda: not _marked(mark), seconds=40), _marked(mark)
    assert "Traceback" not in said()
