"""What `make` hands over to once the packages are there: run, test, lint, bench, typing, reset, manage."""

import base64
import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import IO

from phpsupport.devservices import (
    PROJECT,
    Place,
    ServicesFault,
    die_with_parent,
    free_port,
    port_opens,
    reset,
    services,
)

PACKAGES = ("phpsupport", "participants", "facilitators", "sessions")
COMMANDS = {
    "web": "-m gunicorn -c python:phpsupport.gunicorn_conf phpsupport.wsgi:application",
    "worker": "-m celery -q -A phpsupport.celery worker -c 2 --without-gossip --without-mingle",
    "beat": "-m celery -q -A phpsupport.celery beat",
}
# Replaying migrations makes and drops thousands of model classes: without the garbage collector
# that takes half the time, for some hundred megabytes while it lasts.
MIGRATE = [sys.executable, "-c", "import gc; gc.disable(); import manage; manage.main()", "migrate"]
DEFAULT_PORT = 8000
PORTS_TRIED = 50
PATIENCE_SECONDS = 60
GRACE_SECONDS = 5


def main(arguments: list[str]) -> int:
    command, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    actions = {
        "run": run,
        "test": test,
        "lint": lint,
        "bench": bench,
        "typing": typing,
        "races": races,
        "reset": forget,
        "manage": manage,
    }
    if command not in actions:
        print(f"Say one of: {', '.join(actions)}.", file=sys.stderr)
        return 2
    try:
        return actions[command](rest)
    except ServicesFault as fault:
        print(f"phpsupport: {fault}", file=sys.stderr)
        return 1
    except Stopped:
        return 130


class Stopped(Exception):
    """Somebody pressed Ctrl-C, or the system asked us to end."""


# ---------------------------------------------------------------- run


def run(arguments: list[str]) -> int:
    """Servers, schema, demo, then web, worker, beat and mail together until Ctrl-C."""
    _listen_for_the_end()
    began = time.monotonic()
    with services("run") as servers:
        port = _web_port()
        env = os.environ | _demo_environment(port) | servers
        _prepare(env, own_data="DATABASE_URL" not in os.environ)
        with Household(env) as household:
            if "EMAIL_URL" not in os.environ:
                mail_port = free_port()
                env["EMAIL_URL"] = f"smtp://127.0.0.1:{mail_port}"
                catcher = ["-m", "phpsupport.devmail.catcher", str(mail_port), env["DEV_MAIL_DIR"]]
                household.start("mail", catcher)
            web, *jobs = COMMANDS.items()
            process = household.start(web[0], web[1].split())
            # The pages first: three processes that start at once keep each other waiting.
            port_opens(env["HOST"], port, process, seconds=20)
            for name, words in jobs:
                household.start(name, words.split())
            household.follow()
            _await_health(env, household)
            if not household.somebody_ended():
                _greet(env, time.monotonic() - began)
            return household.watch()


def _demo_environment(port: int) -> dict[str, str]:
    """What a setting is in development and the demo, unless the environment says otherwise."""
    defaults = {
        "PORT": str(port),
        "HOST": "127.0.0.1",
        "BASE_URL": f"http://localhost:{port}",
        "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]",
        "DEMO": "yes",
        "DEBUG": "no",
        "DEV_MAIL_DIR": str(Place("run").mail),
        "PYTHONUNBUFFERED": "1",
        "LOG_LEVEL": "WARNING",
        # Whoever runs the demo as root knows it.
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
        # Commands before the catcher is there write no mail.
        "EMAIL_URL": "smtp://127.0.0.1:9",
        **_kept_secrets(),
    }
    chosen = {name: os.environ.get(name) or value for name, value in defaults.items()}
    chosen["PORT"] = str(port)
    return chosen


def _kept_secrets() -> dict[str, str]:
    """Keys of this checkout's demo: made once, so that what they sealed stays readable."""
    place = Place("run")
    place.make()
    path = place.folder / "secrets.json"
    with contextlib.suppress(FileNotFoundError):
        kept: dict[str, str] = json.loads(path.read_text())
        return kept

    def key() -> str:
        return base64.b64encode(secrets.token_bytes(32)).decode()

    made = {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "FIELD_KEYS": f"demo:{key()}",
        "DIGEST_KEY": key(),
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(made))
    return made


def _web_port() -> int:
    asked = os.environ.get("PORT") or str(DEFAULT_PORT)
    if not asked.isdecimal() or not 0 < int(asked) < 65536:
        raise ServicesFault(f"PORT={asked} is no port. For example: make run PORT=9000")
    wanted = int(asked)
    host = os.environ.get("HOST") or "127.0.0.1"
    for port in range(wanted, min(wanted + PORTS_TRIED, 65536)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
        if port != wanted:
            print(f"Port {wanted} is taken by another program: using {port}.", flush=True)
        return port
    raise ServicesFault(
        f"No free port from {wanted} on. Name another one, for example: make run PORT=9000"
    )


def _prepare(env: dict[str, str], *, own_data: bool) -> None:
    """Schema, static files and the demo program, each only when something changed."""
    place = Place("run")
    code = _fingerprint(PROJECT / package for package in PACKAGES)
    with ThreadPoolExecutor(1) as aside:
        collected = aside.submit(_collect_static, env, place) if env["DEBUG"] == "no" else None
        # What others run is theirs: there the schema is asked every time.
        marked = place.folder / "postgres.migrated"
        if not own_data or not _says(marked, code) or not place.demo_mark.exists():
            _say("bringing the database up to date …")
            _call(env, [*MIGRATE, "--noinput", "--verbosity=0"])
            marked.write_text(code)
        if own_data and not place.demo_mark.exists() and env["DEMO"] == "yes":
            _load_demo(env, place)
        if collected:
            collected.result()


def _load_demo(env: dict[str, str], place: Place) -> None:
    if not (PROJECT / "phpsupport/management/commands/load_demo.py").exists():
        return
    _say("loading the demo program …")
    _django(env, "load_demo")
    place.demo_mark.write_text(time.strftime("%Y-%m-%d %H:%M:%S\n"))


def _collect_static(env: dict[str, str], place: Place) -> None:
    target = Path(env.get("STATIC_ROOT") or PROJECT / ".local" / "static")
    marked = place.folder / "static.collected"
    mark = _fingerprint([PROJECT / "static", PROJECT / "requirements-run.txt"]) + str(target)
    if not (_says(marked, mark) and target.is_dir()):
        _django(env, "collectstatic", "--noinput", "--clear", "--verbosity=0")
        marked.write_text(mark)


def _fingerprint(paths: Iterator[Path] | list[Path]) -> str:
    """Changes with any file's name, size or time of change."""
    seen = sha256()
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and file.suffix != ".pyc":
                about = file.stat()
                seen.update(f"{file} {about.st_size} {about.st_mtime_ns}\n".encode())
    return seen.hexdigest()


def _says(file: Path, text: str) -> bool:
    return file.exists() and file.read_text() == text


def _django(env: dict[str, str], *arguments: str) -> None:
    _call(env, [sys.executable, "manage.py", *arguments])


def _call(env: dict[str, str], command: list[str]) -> None:
    done = subprocess.run(command, cwd=PROJECT, env=env)
    if done.returncode < 0:
        raise Stopped
    if done.returncode:
        raise ServicesFault(f"{' '.join(command[-3:])} failed; the lines above say why.")


def _await_health(env: dict[str, str], household: "Household") -> None:
    """Until everything is alive; after a while say what is not, and go on."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    failing = "the web process"
    while time.monotonic() < deadline and not household.somebody_ended():
        try:
            with urllib.request.urlopen(_address(env, "/health/"), timeout=3):
                return
        except urllib.error.HTTPError as answer:
            with contextlib.suppress(ValueError, KeyError):
                checks = json.load(answer)["checks"]
                failing = ", ".join(name for name, check in checks.items() if not check["ok"])
        except OSError:
            pass
        _rest(0.2)
    if not household.somebody_ended():
        _say(f"not everything is alive yet: {failing}. See {_address(env, '/health/')}")


def _address(env: dict[str, str], path: str) -> str:
    host = "127.0.0.1" if env["HOST"] == "0.0.0.0" else env["HOST"]  # noqa: S104 - compared
    return f"http://{host}:{env['PORT']}{path}"


def _greet(env: dict[str, str], seconds: float) -> None:
    print(f"\nphpsupport is ready after {seconds:.0f} s: {env['BASE_URL']}/", flush=True)
    if (PROJECT / "phpsupport/management/commands/demo_sign_ins.py").exists():
        with contextlib.suppress(ServicesFault):
            _django(env, "demo_sign_ins")
    if env["EMAIL_URL"].startswith("smtp://127.0.0.1"):
        print(f"Mail it sends: {env['BASE_URL']}/dev/mail/")
    print("Ctrl-C stops it; the data stays. `make reset` starts the demo over.\n", flush=True)


class Household:
    """The processes that run together and end together."""

    COLOURS = ("36", "32", "33", "35")

    def __init__(self, env: dict[str, str]) -> None:
        self.env = env
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.said: list[threading.Thread] = []

    def __enter__(self) -> "Household":
        return self

    def start(self, name: str, arguments: list[str]) -> "subprocess.Popen[bytes]":
        """Start one; it gets a session of its own, so that Ctrl-C reaches only us."""
        process = self.processes[name] = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=PROJECT,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGTERM),  # no threads are running yet
        )
        return process

    def follow(self) -> None:
        """Show every line with the name of the one who says it."""
        for number, (name, process) in enumerate(self.processes.items()):
            lead = f"{name:<6} | "
            if sys.stdout.isatty():
                lead = f"\033[{self.COLOURS[number % 4]}m{lead}\033[0m"
            assert process.stdout
            thread = threading.Thread(target=self._repeat, args=(lead, process.stdout), daemon=True)
            thread.start()
            self.said.append(thread)

    @staticmethod
    def _repeat(lead: str, stream: IO[bytes]) -> None:
        for line in stream:
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.write(lead + line.decode(errors="replace"))
                sys.stdout.flush()

    def somebody_ended(self) -> str | None:
        return next((name for name, p in self.processes.items() if p.poll() is not None), None)

    def watch(self) -> int:
        """Until one of them ends by itself, which is a fault."""
        while not (name := self.somebody_ended()):
            _rest(0.5)
        _say(f"{name} ended with {self.processes[name].returncode}: stopping the others")
        return 1

    def __exit__(self, *fault: object) -> None:
        _ignore_further_signals()
        running = [p for p in self.processes.values() if p.poll() is None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        for process in self.processes.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.01, deadline - time.monotonic()))
            # What it had started itself goes with it.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for thread in self.said:
            thread.join(1)
        _say("stopped")


def _listen_for_the_end() -> None:
    # Also where the shell started us with SIGINT ignored, as it does in the background.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _on_signal)


def _ignore_further_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def _on_signal(number: int, frame: object) -> None:
    raise Stopped


def _rest(seconds: float) -> None:
    time.sleep(seconds)


def _say(words: str) -> None:
    print(f"phpsupport: {words}", flush=True)


# ---------------------------------------------------------------- the other commands


def forget(arguments: list[str]) -> int:
    reset("run")
    (Place("run").folder / "postgres.migrated").unlink(missing_ok=True)
    _say("the demo's data is gone; `make run` begins anew")
    return 0


def manage(arguments: list[str]) -> int:
    """Django's command line on the demo's data, whether or not `make run` is on."""
    with services("run") as servers:
        env = os.environ | _demo_environment(int(os.environ.get("PORT") or DEFAULT_PORT)) | servers
        return subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=PROJECT, env=env
        ).returncode


def test(arguments: list[str]) -> int:
    """Everything, on two processes; arguments go to pytest."""
    # Journeys take as long as people do: whoever has done the rest takes over some of them.
    two = ["-n", "2", "--dist", "worksteal"]
    parallel = [] if any(a.startswith("-n") for a in arguments) else two
    return subprocess.run(
        [sys.executable, "-m", "pytest", *parallel, *arguments], cwd=PROJECT
    ).returncode


def bench(arguments: list[str]) -> int:
    """How fast, as ratios within one run, on one process."""
    command = ["tests/bench", "--override-ini=python_files=bench_*.py", "--ds=tests.bench.settings"]
    command.append("-q")
    return subprocess.run(
        [sys.executable, "-m", "pytest", *command, *arguments], cwd=PROJECT
    ).returncode


def races(arguments: list[str]) -> int:
    """A thousand races of save, sign and cosign; the suite runs some dozens of them."""
    command = ["tests/sessions/actions/test_note_races.py", "-q", "-s", *arguments]
    env = {"RACES": "1000"} | os.environ
    return subprocess.run(
        [sys.executable, "-m", "pytest", *command], cwd=PROJECT, env=env
    ).returncode


def typing(arguments: list[str]) -> int:
    """200 people who type notes and are cut off in every way: what is lost, and what is true."""
    env = {"TYPING_RUNS": "200", "TYPING_AT_ONCE": "8"} | os.environ
    return subprocess.run(
        [sys.executable, "-m", "pytest", "tests/typing", "-q", *arguments], cwd=PROJECT, env=env
    ).returncode


def lint(arguments: list[str]) -> int:
    """Every check, two at a time; what fails is shown at the end."""
    bin_folder = Path(sys.executable).parent
    with services("test") as servers:
        env = os.environ | _production_environment() | servers
        checks = {
            "style": ["ruff", "check", "."],
            "format": ["ruff", "format", "--check", "."],
            "types": ["mypy"],
            "templates": ["djlint", "templates", "--lint", "--quiet"],
            "imports": ["lint-imports"],
            "migrations are complete": [
                "python",
                "manage.py",
                "makemigrations",
                "--check",
                "--dry-run",
            ],
            "deploy check": ["python", "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        }

        def check(item: tuple[str, list[str]]) -> tuple[str, int, str]:
            name, (program, *rest) = item
            command = [str(bin_folder / program), *rest]
            done = subprocess.run(
                command,
                cwd=PROJECT,
                env=env,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            print(f"{'ok    ' if done.returncode == 0 else 'FAILED'} {name}", flush=True)
            return name, done.returncode, done.stdout

        with ThreadPoolExecutor(2) as pool:
            results = list(pool.map(check, checks.items()))
    failed = [(name, said) for name, code, said in results if code]
    for name, said in failed:
        print(f"\n--- {name}\n{said.rstrip()}")
    return 1 if failed else 0


def _production_environment() -> dict[str, str]:
    key = base64.b64encode(bytes(range(32))).decode()
    return {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "FIELD_KEYS": f"lint:{key}",
        "DIGEST_KEY": key,
        "EMAIL_URL": "smtp+tls://user:password@mail.example:587",
        "BASE_URL": "https://peers.example",
        "ALLOWED_HOSTS": "peers.example",
        "DEBUG": "no",
        "DEMO": "no",
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
