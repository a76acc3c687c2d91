"""A seal: what only who holds a key outside the database can put on a text, or prove.

    row.seal = seal(text, "group note")
    holds(row.seal, text, "group note")

A digest alone proves nothing against somebody who can write to the database: they compute a new
one. A seal is HMAC-SHA-256 under a key of the environment. The first key of `settings.SEAL_KEYS`
seals and every key of it proves; DIGEST_KEY stands at its end. So a program that sets nothing seals
with DIGEST_KEY, and whoever changes a key puts a new one first and leaves the old ones there for as
long as rows stand that were sealed with them: a seal cannot be renewed, its row is written once.
"""

import hashlib
import hmac
from typing import Final

from django.conf import settings

FORMAT: Final = b"phpsupport seal 1"


def seal(text: str, purpose: str) -> str:
    """The seal of `text` under the first key, in hex. Seals of two purposes never agree."""
    return _seal(_keys()[0], text, purpose)


def holds(sealed: str, text: str, purpose: str) -> bool:
    """Whether `sealed` is the seal of `text` under one of the keys."""
    return any(hmac.compare_digest(_seal(key, text, purpose), sealed) for key in _keys())


def _keys() -> list[bytes]:
    return [*settings.SEAL_KEYS.values(), settings.DIGEST_KEY]


def _seal(key: bytes, text: str, purpose: str) -> str:
    own = hmac.digest(key, FORMAT, hashlib.sha256)  # not the key that looks up telephone numbers
    message = b"\0".join((purpose.encode(), text.encode()))
    return hmac.new(own, message, hashlib.sha256).hexdigest()
