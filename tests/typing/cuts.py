"""What cuts somebody off while they type: a database that goes away, a server that fails, a network
that stops, hangs or loses answers, a sign-in that ends, a tab that closes or crashes."""

import contextlib
import os
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection

# Alone and together: what happens to one person within one run.
KINDS: tuple[tuple[str, ...], ...] = (
    ("offline",),
    ("answers lost",),
    ("hanging",),
    ("500",),
    ("500 after saving",),
    ("cookie",),
    ("closed",),
    ("crashed",),
    ("database",),
    ("offline", "closed"),
    ("offline", "crashed"),
    ("500", "closed"),
    ("answers lost", "closed"),
    ("500 after saving", "crashed"),
    ("cookie", "closed"),
    ("database", "closed"),
    ("offline", "cookie"),
    ("database", "cookie"),
)
ENDS_THE_PAGE = {"closed", "crashed"}


class Database:
    """The way to PostgreSQL, which can be cut: what is open breaks, what is new is refused."""

    def __init__(self, folder: Path, there: str) -> None:
        self.path = str(folder / Path(there).name)
        self.there = there
        self.cuts = 0
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self._listen()

    @property
    def down(self) -> bool:
        return self.cuts > 0

    def cut(self) -> None:
        self.cuts += 1
        if self.cuts > 1:
            return
        listener, self._listener = self._listener, None
        if listener:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        with self._lock:
            for end in self._open:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def heal(self) -> None:
        self.cuts -= 1
        if self.cuts == 0:
            self._listen()

    def _listen(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen(50)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            try:
                far.connect(self.there)
            except OSError:
                near.close()
                continue
            with self._lock:
                self._open |= {near, far}
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._open.discard(one)
        one.close()


@contextmanager
def database() -> Iterator[Database]:
    """The server under test reaches the database through us; the test itself goes straight."""
    connection.ensure_connection()
    known = connection.settings_dict
    host, port = known["HOST"], known["PORT"] or "5432"
    with tempfile.TemporaryDirectory(prefix="cut") as folder:
        way = Database(Path(folder), f"{host}/.s.PGSQL.{port}")
        known["HOST"] = folder
        try:
            yield way
        finally:
            known["HOST"] = host
            if not way.down:
                way.cut()


class Server:
    """Sessions whose saving fails in the server, before or after the words are stored."""

    def __init__(self, real: Callable[..., Any]) -> None:
        self.real = real
        self.before: set[UUID] = set()
        self.after: set[UUID] = set()

    def save(self, **given: Any) -> Any:
        if given["session"].pk in self.before:
            raise RuntimeError("the server has a fault")
        saved = self.real(**given)
        if given["session"].pk in self.after:
            raise RuntimeError("the server has a fault, after it saved")
        return saved
