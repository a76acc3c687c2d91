"""PostgreSQL and Valkey from wheels, for development, the demo and the tests without own servers.

    with services("run") as env: ...   # the demo's data, kept between starts
    with services("test") as env: ...  # shared by the test runs of this moment, never the demo's

A small keeper process runs the two servers. Whoever uses them holds a shared lock on a file; once
nobody does, however they ended, the keeper stops the servers and itself. The servers die with the
keeper (parent-death signal), and the next start recovers from whatever was left behind.
"""

import ctypes
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

PROJECT = Path(__file__).resolve().parent.parent
PURPOSES = ("run", "test")
DATABASE = "phpsupport"
OWNER = "phpsupport_owner"
APPLICATION = "phpsupport_app"

START_SECONDS = 90
STOP_SECONDS = 15
ANOTHER_KEEPER = 75
PR_SET_PDEATHSIG = 1


class ServicesFault(RuntimeError):
    """The servers cannot be had; the sentence says why and what to do."""


# ---------------------------------------------------------------- for those who use the servers


@contextmanager
def services(purpose: str) -> Iterator[dict[str, str]]:
    """Running servers, as environment variables; what the environment says already, stays."""
    given = {k: os.environ[k] for k in ("DATABASE_URL", "REDIS_URL") if os.environ.get(k)}
    if len(given) == 2:
        if os.environ.get("DATABASE_OWNER_URL"):
            given["DATABASE_OWNER_URL"] = os.environ["DATABASE_OWNER_URL"]
        yield given
        return
    place = Place(purpose)
    lock = place.hold_as_client()
    try:
        env = _environment(_join(place))
        if "DATABASE_URL" in given:
            del env["DATABASE_OWNER_URL"]
        yield env | given
    finally:
        lock.close()
        place.await_end()


def reset(purpose: str) -> None:
    """Forget the data of one purpose. Refused while somebody uses it."""
    place = Place(purpose)
    place.make()
    with open(place.clients_lock, "a+") as lock:
        if not place.await_end() or not locked(lock, fcntl.LOCK_EX):
            raise ServicesFault("It is running: stop it first (Ctrl-C where it runs), then reset.")
        for folder in (*place.data_candidates(), place.mail):
            shutil.rmtree(folder, ignore_errors=True)
        place.demo_mark.unlink(missing_ok=True)


class Place:
    """Where one purpose of this checkout keeps its files."""

    def __init__(self, purpose: str) -> None:
        if purpose not in PURPOSES:
            raise ValueError(f"purpose must be one of {PURPOSES}, not {purpose!r}")
        self.purpose = purpose
        self.root = Path(os.environ.get("PHPSUPPORT_LOCAL") or PROJECT / ".local")
        self.folder = self.root / purpose
        self.keeper_lock = self.folder / "keeper.lock"
        self.clients_lock = self.folder / "clients.lock"
        self.state = self.folder / "services.json"
        self.mail = self.folder / "mail"
        self.demo_mark = self.folder / "demo.loaded"

    def make(self) -> None:
        try:
            for folder in (self.root, self.folder):
                folder.mkdir(parents=True, exist_ok=True)
                if os.getuid() == 0:
                    folder.chmod(0o755)  # the database's user has to walk through it
            (self.folder / "clients.lock").touch()
        except OSError as fault:
            raise ServicesFault(
                f"{self.folder} cannot be written ({fault.strerror}). Give it to this user, remove "
                "it, or set PHPSUPPORT_LOCAL to a folder for the local data."
            ) from fault

    def data_candidates(self) -> list[Path]:
        """The database's folders, best first: in the project, or where another user can read."""
        mark = sha256(str(self.folder.resolve()).encode()).hexdigest()[:16]
        return [self.folder / "postgres", Path("/var/lib/phpsupport-local") / mark]

    def hold_as_client(self) -> IO[str]:
        self.make()
        lock = open(self.clients_lock, "a+")  # noqa: SIM115 - held until the caller closes it
        fcntl.flock(lock, fcntl.LOCK_SH)  # waits while a keeper is stopping
        return lock

    def keeper_is_alive(self) -> bool:
        try:
            with open(self.keeper_lock) as lock:
                return not locked(lock, fcntl.LOCK_SH)
        except FileNotFoundError:
            return False

    def await_end(self) -> bool:
        """Wait for the keeper to end; False where others still use its servers."""
        deadline = time.monotonic() + STOP_SECONDS
        while self.keeper_is_alive() and time.monotonic() < deadline:
            with open(self.clients_lock, "a+") as lock:
                # Neither lock can be had while the keeper is stopping; only the shared one while
                # another client is there.
                if not locked(lock, fcntl.LOCK_EX) and locked(lock, fcntl.LOCK_SH):
                    break
            time.sleep(0.1)
        return not self.keeper_is_alive()


def locked(file: IO[Any], how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _join(place: Place) -> dict[str, str]:
    spawned: subprocess.Popen[bytes] | None = None
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if place.keeper_is_alive():
            state = read_state(place)
            if state and _answers(state):
                return state
        elif spawned is None or spawned.poll() == ANOTHER_KEEPER:
            spawned = _spawn_keeper(place)
        elif spawned.poll() is not None:
            break
        time.sleep(0.03)
    raise ServicesFault(
        "The local database or broker did not start. The last lines of "
        f"{place.folder}/keeper.log:\n" + tail(place.folder / "keeper.log")
    )


def _spawn_keeper(place: Place) -> subprocess.Popen[bytes]:
    log = place.folder / "keeper.log"
    with open(log, "ab") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "phpsupport.devkeeper", place.purpose],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=PROJECT,
            env=os.environ | {"PHPSUPPORT_LOCAL": str(place.root)},
            start_new_session=True,
        )


def read_state(place: Place) -> dict[str, str] | None:
    try:
        state: dict[str, str] = json.loads(place.state.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return state


def _answers(state: dict[str, str]) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(f"{state['socket_folder']}/.s.PGSQL.5432")
    except OSError:
        return False
    return True


def _environment(state: dict[str, str]) -> dict[str, str]:
    def url(user: str) -> str:
        return f"postgresql://{user}@/{DATABASE}?host={quote(state['socket_folder'])}"

    return {
        "DATABASE_URL": url(APPLICATION),
        "DATABASE_OWNER_URL": url(OWNER),
        "REDIS_URL": state["redis_url"],
    }


def tail(path: Path, lines: int = 15) -> str:
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return "(no log)"


# ---------------------------------------------------------------- processes and ports


def die_with_parent(number: signal.Signals) -> Any:
    """A function for the new child: receive this signal when the parent's thread ends (Linux)."""
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def in_child() -> None:
        library.prctl(PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:  # it ended before we asked
            os._exit(1)

    return in_child


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def port_opens(host: str, port: int, child: subprocess.Popen[bytes], seconds: float = 10) -> bool:
    """Wait until something listens there while `child` lives."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and child.poll() is None:
        with socket.socket() as probe:
            probe.settimeout(0.5)
            if probe.connect_ex((host, port)) == 0:
                time.sleep(0.02)
                return child.poll() is None
        time.sleep(0.02)
    return False
