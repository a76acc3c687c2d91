"""The cookie that makes a device a kiosk. It holds a random word; only its hash is stored."""

import hashlib
import secrets
from datetime import datetime
from typing import Final

from django.conf import settings
from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse

COOKIE: Final = "kiosk"
_SALT: Final = "sessions.kiosk"


def new_device() -> tuple[str, str]:
    """A random word for a device, and its hash."""
    word = secrets.token_urlsafe(32)
    return word, _hash(word)


def device_hash_of(request: HttpRequest) -> str:
    """The hash of what the device holds; '' without the cookie or with one that is not ours."""
    try:
        word = request.get_signed_cookie(COOKIE, default="", salt=_SALT)
    except BadSignature:
        return ""
    return _hash(word) if word else ""


def remember(answer: HttpResponse, word: str, *, until: datetime) -> None:
    """Let the device hold the word until then."""
    answer.set_signed_cookie(
        COOKIE, word, salt=_SALT, expires=until, httponly=True, samesite="Strict",
        secure=settings.SECURE,
    )  # fmt: skip


def forget(answer: HttpResponse) -> None:
    """Let the device be any device again."""
    answer.delete_cookie(COOKIE, samesite="Strict")


def _hash(word: str) -> str:
    return hashlib.sha256(word.encode()).hexdigest()
