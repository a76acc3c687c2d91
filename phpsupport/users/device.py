"""What a page may keep on a device, and whose page it is.

A page that is being typed in belongs to somebody: `owner_token` says to whom, so that nothing is
saved under another name when somebody else signs in on the same device. What has not reached the
server yet is kept on the device encrypted; the key comes with the page and only to its owner. It is
derived for each person and each day from a secret of the server, so that a key that leaks opens
what stood there on that day; a page gets yesterday's, too.
"""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core import signing

from phpsupport.users.models import User

FORMAT: Final = b"phpsupport device 1"
SALT: Final = "phpsupport.page.owner"
PAGE_LASTS: Final = timedelta(days=3)  # a page that lies open longer is loaded anew
DAY: Final = 86_400


def owner_token(user: User, program_id: UUID | str | None) -> str:
    """Whose page it is and in which program, signed."""
    return signing.dumps([str(user.pk), str(program_id or "")], salt=SALT)


def owner_of(token: str) -> tuple[UUID, str] | None:
    """The person and program a page belongs to; None where the token is not ours or too old."""
    try:
        user_id, program_id = signing.loads(token, salt=SALT, max_age=PAGE_LASTS)
        return UUID(user_id), program_id
    except (signing.BadSignature, ValueError, TypeError):
        return None


def opaque(user: User, purpose: str) -> str:
    """A name that says nothing: for what this person's pages keep, or hear, on the device."""
    message = b"\0".join((b"name", str(user.pk).encode(), purpose.encode()))
    return _base64(hmac.new(_secret(), message, hashlib.sha256).digest()[:15])


def device_keys(user: User, *, at: datetime) -> dict[int, str]:
    """Day -> the key of that day in base64: today's first, then yesterday's."""
    today = int(at.timestamp()) // DAY
    return {day: _base64(_key(user, day)) for day in (today, today - 1)}


def _key(user: User, day: int) -> bytes:
    info = b"\0".join((b"key", str(user.pk).encode(), str(day).encode()))
    return HKDF(algorithm=SHA256(), length=32, salt=FORMAT, info=info).derive(settings.DIGEST_KEY)


def _secret() -> bytes:
    return hmac.digest(settings.DIGEST_KEY, FORMAT, hashlib.sha256)


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
