"""Text that the database never sees in clear: AES-256-GCM under a ring of keys, and keyed digests.

A token is ASCII text of three parts:

    enc1:<key id>:<base64url of 12 random bytes + ciphertext + 16 bytes of tag>

`enc1` names the format and stands inside the authenticated data, as do the key id and the
*context*: the column the value belongs to, such as "participants.contact.phone". A token that is
altered, or moved to another column, does not decrypt. (Moved to another row of the same column it
does: the row's key is not bound, since history rows repeat a value under another key.)

An empty text stays an empty text, so that NULL, '' and a value are three different things and the
database can still require a text. How long a text is, and whether it is empty, is not hidden.

Keys come from `settings.FIELD_KEYS` (key id -> 32 bytes, the newest first). The newest encrypts;
every key of the ring decrypts. `manage.py rotate_field_keys` brings all rows to the newest.

No message of this module contains a value or a key.
"""

import base64
import binascii
import hashlib
import hmac
import os
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import phonenumbers
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

FORMAT: Final = "enc1"
SEPARATOR: Final = ":"
KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12  # the size GCM is made for (NIST SP 800-38D, 5.2.1.1)
TAG_BYTES: Final = 16
DIGEST_LENGTH: Final = 64  # characters: SHA-256 in hex
KEY_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,32}\Z")
DIGEST_FORMAT: Final = b"phpsupport digest 1"
DEFAULT_REGION: Final = "US"  # for telephone numbers written without a country


class EncryptionError(Exception):
    """A stored value cannot be read. Never answered with an empty value."""


class UnknownKey(EncryptionError):
    """The token names a key that is not in the ring. `key_id` is the id that is wanted."""

    def __init__(self, key_id: str, context: str, known: tuple[str, ...]) -> None:
        self.key_id = key_id
        self.context = context
        super().__init__(
            f"{context} is encrypted with the key {key_id!r}, which is not in FIELD_KEYS "
            f"(it holds {', '.join(known)}). Put that key back, after the newest: "
            f"FIELD_KEYS=...,{key_id}:<its 32 bytes in base64>. It may go only when "
            f"`manage.py rotate_field_keys` has finished."
        )


class Undecipherable(EncryptionError):
    """The stored text is no token, was altered or moved from another column, or its key differs."""


@dataclass(frozen=True)
class KeyRing:
    """Keys by id, the newest first. Encrypts with the newest and decrypts with any."""

    keys: Mapping[str, bytes] = field(repr=False)

    def __post_init__(self) -> None:
        if not self.keys:
            raise ImproperlyConfigured(
                f"the setting FIELD_KEYS is empty. Set it, for example FIELD_KEYS={new_key()}"
            )
        for key_id, key in self.keys.items():
            if not KEY_ID.match(key_id):
                raise ImproperlyConfigured(
                    f"the setting FIELD_KEYS has a key named {key_id!r}. A name has 1 to 32 "
                    f"letters, digits, '-' or '_', for example FIELD_KEYS={new_key()}"
                )
            if len(key) != KEY_BYTES:
                raise ImproperlyConfigured(
                    f"the key {key_id!r} of FIELD_KEYS has {len(key)} bytes and needs "
                    f"{KEY_BYTES}, for example FIELD_KEYS={new_key(key_id)}"
                )

    @cached_property
    def newest(self) -> str:
        """The id of the key that encrypts."""
        return next(iter(self.keys))

    @cached_property
    def prefix(self) -> str:
        """What every token of the newest key begins with."""
        return SEPARATOR.join((FORMAT, self.newest, ""))

    @cached_property
    def _ciphers(self) -> dict[str, AESGCM]:
        return {key_id: AESGCM(key) for key_id, key in self.keys.items()}

    def encrypt(self, text: str, context: str) -> str:
        """The token of `text` for the column `context`. '' stays ''. Two calls never agree."""
        if text == "":
            return ""
        try:
            plain = text.encode("utf-8")
        except UnicodeEncodeError:
            raise ValueError(f"a text for {context} holds half a character (a surrogate)") from None
        nonce = os.urandom(NONCE_BYTES)
        associated = _associated(self.newest, context)
        sealed = self._ciphers[self.newest].encrypt(nonce, plain, associated)
        return self.prefix + base64.urlsafe_b64encode(nonce + sealed).decode("ascii")

    def decrypt(self, token: str, context: str) -> str:
        """The text of `token`, which must have been encrypted for the same `context`.

        Raises `UnknownKey` when the key is not in the ring and `Undecipherable` for anything else
        that is not exactly such a token.
        """
        if token == "":
            return ""
        key_id, sealed = _parts(token, context)
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise UnknownKey(key_id, context, tuple(self.keys))
        try:
            text = cipher.decrypt(
                sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _associated(key_id, context)
            )
        except InvalidTag:
            raise Undecipherable(
                f"a value of {context} does not decrypt with the key {key_id!r}: it was altered, "
                f"copied from another column, or FIELD_KEYS holds other bytes under that name"
            ) from None
        return text.decode("utf-8")

    def is_newest(self, token: str) -> bool:
        """Whether `token` needs no rotation ('' never does)."""
        return token == "" or token.startswith(self.prefix)

    def reencrypt(self, token: str, context: str) -> str:
        """`token` under the newest key; the same token when it is already."""
        if self.is_newest(token):
            return token
        return self.encrypt(self.decrypt(token, context), context)


def _associated(key_id: str, context: str) -> bytes:
    if not context:
        raise ValueError("encryption needs the context: the column the value belongs to")
    return SEPARATOR.join((FORMAT, key_id, context)).encode("utf-8")


def _parts(token: str, context: str) -> tuple[str, bytes]:
    form, _, rest = token.partition(SEPARATOR)
    key_id, _, encoded = rest.partition(SEPARATOR)
    if form == FORMAT and KEY_ID.match(key_id):
        try:
            sealed = base64.b64decode(encoded, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            sealed = b""
        # The decoder ignores the spare bits of the last character: one token has one text.
        if base64.urlsafe_b64encode(sealed).decode("ascii") != encoded:
            sealed = b""
        if len(sealed) > NONCE_BYTES + TAG_BYTES:
            return key_id, sealed
    raise Undecipherable(
        f"a value of {context} is not encrypted (no {FORMAT} token). It was written past the "
        f"application or cut short; it is not shown"
    )


def key_id_of(token: str, context: str = "a value") -> str | None:
    """The id of the key under which `token` stands; None for ''. Raises `Undecipherable`."""
    return _parts(token, context)[0] if token else None


def new_key(key_id: str = "2026a") -> str:
    """A fresh random key as FIELD_KEYS takes it: `id:base64`."""
    return f"{key_id}:{base64.b64encode(os.urandom(KEY_BYTES)).decode('ascii')}"


# --- the ring of the settings ---------------------------------------------------------------------
_ring: KeyRing | None = None


def ring() -> KeyRing:
    """The ring of `settings.FIELD_KEYS`. Raises `ImproperlyConfigured` with an example."""
    global _ring
    if _ring is None:
        _ring = KeyRing(dict(getattr(settings, "FIELD_KEYS", {})))
    return _ring


def _forget_ring(*, setting: str, **_: object) -> None:
    global _ring
    if setting == "FIELD_KEYS":
        _ring = None


setting_changed.connect(_forget_ring, dispatch_uid="phpsupport.lib.encryption.ring")


def encrypt(text: str, context: str) -> str:
    """`KeyRing.encrypt` with the ring of the settings."""
    return ring().encrypt(text, context)


def decrypt(token: str, context: str) -> str:
    """`KeyRing.decrypt` with the ring of the settings."""
    return ring().decrypt(token, context)


def reencrypt(token: str, context: str) -> str:
    """`KeyRing.reencrypt` with the ring of the settings."""
    return ring().reencrypt(token, context)


# --- tokens that do not stand in an encrypted field -------------------------------------------
# name -> rotate(dry_run) -> number of values that stood (or stand) under an older key
ROTATORS: dict[str, Callable[[bool], int]] = {}


def register_rotator(name: str, rotate: Callable[[bool], int]) -> None:
    """Let `rotate_field_keys` reach tokens that are kept elsewhere, such as inside a JSON column.

    `rotate(dry_run)` re-encrypts them in its own transaction and returns how many were older than
    the newest key; with `dry_run` it only counts. It must be safe to repeat. Register in `ready()`.
    """
    ROTATORS[name] = rotate


# --- digests for exact look-up ----------------------------------------------------------------
def normal_text(value: str) -> str:
    """One spelling for texts that people see as the same: NFKC, inner blanks single, casefolded."""
    return " ".join(unicodedata.normalize("NFKC", value).split()).casefold()


def normal_email(value: str) -> str:
    """An e-mail address for comparing: no blanks around, lower case in both parts.

    The part before the @ may in theory distinguish case (RFC 5321, 2.4); no provider in use does.
    """
    return unicodedata.normalize("NFKC", value).strip().casefold()


def normal_phone(value: str, region: str = DEFAULT_REGION) -> str:
    """A telephone number for comparing, in E.164 where it can be read as one, else its digits."""
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return "".join(str(unicodedata.digit(c)) for c in value if c.isdigit())
    form = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return f"{form};ext={number.extension}" if number.extension else form


NORMAL_FORMS: Final[Mapping[str, Callable[[str], str]]] = {
    "email": normal_email,
    "phone": normal_phone,
}


def digest(value: str | None, purpose: str) -> str:
    """A keyed fingerprint of `value` for exact look-up: 64 hex characters, or '' for nothing.

    The value is first brought to one form: e-mail for purpose "email", telephone number for
    "phone", plain text otherwise. Equal values under one `purpose` have equal digests; digests of
    different purposes cannot be compared. Without `settings.DIGEST_KEY` nothing can be guessed
    from a digest, which is why no plain hash is used: telephone numbers are few enough to try all.
    """
    if not purpose:
        raise ValueError("digest needs a purpose, for example 'email'")
    normal = NORMAL_FORMS.get(purpose, normal_text)(value) if value else ""
    if not normal:
        return ""
    key = getattr(settings, "DIGEST_KEY", b"")
    if len(key) < KEY_BYTES:
        example = base64.b64encode(os.urandom(KEY_BYTES)).decode("ascii")
        raise ImproperlyConfigured(
            f"the setting DIGEST_KEY is missing or short. Set 32 bytes, "
            f"for example DIGEST_KEY={example}"
        )
    message = b"\0".join((DIGEST_FORMAT, purpose.encode("utf-8"), normal.encode("utf-8")))
    return hmac.new(key, message, hashlib.sha256).hexdigest()
