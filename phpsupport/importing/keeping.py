"""Uploaded files between the check and the confirmation: encrypted, for an hour, for one person.

Once they are saved or forgotten the same row says so for the rest of its hour, without the files.
They lie in a row of the session table that belongs to no signed-in session: it is shared by all web
servers, survives an emptied cache, and is swept with expired sessions. Its key is random and means
nothing elsewhere; the content opens only to the person who sent it, in the program it was sent for.
"""

import base64
import binascii
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session

from phpsupport.importing.report import Report
from phpsupport.lib.encryption import EncryptionError, decrypt, encrypt
from phpsupport.programs.models import Program
from phpsupport.users.models import User

LASTS: Final = timedelta(hours=1)
CONTEXT: Final = "importing.upload"
Files = Sequence[tuple[str, bytes]]


@dataclass(frozen=True)
class Kept:
    """Files that wait for their confirmation, and the report that was shown."""

    pk: UUID
    files: tuple[tuple[str, bytes], ...]
    report: Report


@dataclass(frozen=True)
class Settled:
    """What became of files that waited: a second press is told the same."""

    pk: UUID
    sentence: str
    saved: bool


def keep(
    *,
    files: Files,
    report: Report,
    program: Program,
    user: User,
    at: datetime,
    pk: UUID | None = None,
) -> UUID:
    """Keep files and report for an hour; `pk` renews what is kept already."""
    pk = pk or uuid4()
    told = {
        "report": report.as_data(),
        "files": [[name, base64.b64encode(content).decode()] for name, content in files],
    }
    _write(pk, told, program=program, user=user, at=at)
    return pk


def settle(
    *, pk: UUID, sentence: str, saved: bool, program: Program, user: User, at: datetime
) -> None:
    """Let the files go and keep only what became of them."""
    _write(pk, {"sentence": sentence, "saved": saved}, program=program, user=user, at=at)


def _write(pk: UUID, told: dict[str, Any], *, program: Program, user: User, at: datetime) -> None:
    told = {"user": str(user.pk), "program": str(program.pk), **told}
    packed = zlib.compress(json.dumps(told).encode(), level=1)
    token = encrypt(base64.b64encode(packed).decode(), CONTEXT)
    Session.objects.update_or_create(
        session_key=pk.hex,
        defaults={
            "session_data": SessionStore().encode({"upload": token}),
            "expire_date": at + LASTS,
        },
    )


def find(
    *, pk: UUID, program: Program, user: User, at: datetime, lock: bool = False
) -> Kept | Settled | None:
    """What is kept under `pk` if it is this person's, of this program, and not over.

    With `lock`, inside a transaction, nobody else saves or forgets it until the end.
    """
    rows = Session.objects.select_for_update() if lock else Session.objects.all()
    row = rows.filter(session_key=pk.hex, expire_date__gt=at).first()
    token = SessionStore().decode(row.session_data).get("upload") if row else None
    if not isinstance(token, str):
        return None
    try:
        packed = base64.b64decode(decrypt(token, CONTEXT))
        told = json.loads(zlib.decompress(packed))
    except (EncryptionError, binascii.Error, zlib.error, ValueError):
        return None
    if (told["user"], told["program"]) != (str(user.pk), str(program.pk)):
        return None
    if "sentence" in told:
        return Settled(pk, told["sentence"], told["saved"])
    files = tuple((name, base64.b64decode(content)) for name, content in told["files"])
    return Kept(pk, files, Report.from_data(told["report"]))


def drop(pk: UUID) -> None:
    """Forget the files. A key that is not of an upload is left alone."""
    row = Session.objects.filter(session_key=pk.hex).first()
    if row and "upload" in SessionStore().decode(row.session_data):
        row.delete()
