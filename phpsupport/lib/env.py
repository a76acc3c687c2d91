"""Reading the environment, with errors that name what is missing and show an example."""

import base64
import binascii
import os
from collections.abc import Iterable
from email.utils import parseaddr
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}


def text(name: str, *, default: str | None = None, example: str) -> str:
    """The value of `name`; without a default its absence stops the start with an example."""
    value = os.environ.get(name) or default
    if value is None:
        raise ImproperlyConfigured(
            f"the setting {name} is missing. Set it, for example {name}={example}"
        )
    return value


def secret(name: str, *, example: str, shortest: int = 32) -> str:
    """Random characters, enough of them."""
    value = text(name, example=example)
    if len(value) < shortest:
        raise ImproperlyConfigured(
            f"the setting {name} has {len(value)} characters and needs at least {shortest} random "
            f"ones, for example {name}={example}"
        )
    return value


def choice(name: str, *, default: str, choices: Iterable[str]) -> str:
    """One of a few words."""
    value, known = os.environ.get(name) or default, [*choices]
    if value not in known:
        raise ImproperlyConfigured(
            f"the setting {name} is {value!r}. Choose among {', '.join(known)}, "
            f"for example {name}={default}"
        )
    return value


def flag(name: str, *, default: bool) -> bool:
    """A yes-or-no setting."""
    value = os.environ.get(name)
    if value is None:
        return default
    if value.lower() in TRUE:
        return True
    if value.lower() in FALSE:
        return False
    raise ImproperlyConfigured(
        f"the setting {name} is {value!r}. Say yes or no, for example {name}=yes"
    )


def number(name: str, *, default: int) -> int:
    """A whole number, 0 or more."""
    value = os.environ.get(name)
    if not value:
        return default
    if not (value.isascii() and value.isdigit()):
        raise ImproperlyConfigured(
            f"the setting {name} is {value!r}, not a whole number. For example {name}={default}"
        )
    return int(value)


def words(name: str, *, default: Iterable[str] = ()) -> list[str]:
    """A list parted by commas."""
    value = os.environ.get(name)
    return [word.strip() for word in value.split(",") if word.strip()] if value else list(default)


def keys(name: str, *, optional: bool = False) -> dict[str, bytes]:
    """A key ring `id:base64,id:base64`, newest first; each key is 32 bytes. May be empty if `optional`."""
    example = "2026a:" + base64.b64encode(bytes(range(32))).decode()
    ring: dict[str, bytes] = {}
    if optional and not os.environ.get(name):
        return ring
    for part in text(name, example=example).split(","):
        key_id, _, encoded = part.strip().partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if not key_id or key_id in ring or len(key) != 32:
            raise ImproperlyConfigured(
                f"the setting {name} needs keys of 32 bytes as id:base64, newest first, each id once, "
                f"for example {name}={example}"
            )
        ring[key_id] = key
    return ring


def key(name: str) -> bytes:
    """One key of 32 bytes in base64."""
    example = base64.b64encode(bytes(range(32))).decode()
    try:
        value = base64.b64decode(text(name, example=example), validate=True)
    except (binascii.Error, ValueError):
        value = b""
    if len(value) != 32:
        raise ImproperlyConfigured(
            f"the setting {name} needs 32 bytes in base64, for example {name}={example}"
        )
    return value


def _split(name: str, value: str, schemes: Iterable[str], what: str, example: str) -> SplitResult:
    """The parts of an address of one of `schemes`."""
    try:
        url = urlsplit(value)
        fine = url.scheme in schemes and (url.port is None or url.port > 0)
    except ValueError:  # a port that is no number, a bracket too many
        fine = False
    if not fine:
        raise ImproperlyConfigured(
            f"the setting {name} must be {what}, for example {name}={example}"
        )
    return url


def site(name: str, *, default: str) -> str:
    """The address under which people open the application: scheme, host, perhaps a port."""
    example = "https://peers.example"
    value = text(name, default=default, example=example).rstrip("/")
    what = "the address people open, without a path"
    url = _split(name, value, ("http", "https"), what, example)
    if not url.hostname or value != f"{url.scheme}://{url.netloc}" or "@" in url.netloc:
        raise ImproperlyConfigured(
            f"the setting {name} must be {what}, for example {name}={example}"
        )
    return value


def broker(name: str) -> str:
    """The address of Redis or Valkey."""
    example = "redis://localhost:6379/0"
    value = text(name, example=example)
    _split(name, value, ("redis", "rediss"), "a Redis address", example)
    return value


def sender(name: str, *, default: str, example: str) -> str:
    """A name and an address as they stand in a letter's From."""
    value = text(name, default=default, example=example)
    address = parseaddr(value)[1]
    if not address.partition("@")[0] or not address.partition("@")[2] or "\n" in value:
        raise ImproperlyConfigured(
            f"the setting {name} must hold an e-mail address, for example {name}={example}"
        )
    return value


def database(name: str, *, default: str | None = None) -> dict[str, object]:
    """A PostgreSQL address as Django wants it; a socket directory goes into `?host=`."""
    example = "postgresql://phpsupport_app:password@db.example:5432/phpsupport"
    value, what = text(name, default=default, example=example), "a PostgreSQL address"
    url = _split(name, value, ("postgres", "postgresql"), what, example)
    if not url.username or len(url.path) < 2:
        raise ImproperlyConfigured(
            f"the setting {name} must name a user and a database, for example {name}={example}"
        )
    options = dict(parse_qsl(url.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(url.path.lstrip("/")),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": options.pop("host", None) or url.hostname or "",
        "PORT": str(options.pop("port", None) or url.port or ""),
        "OPTIONS": options,
    }


def mail(name: str) -> dict[str, object]:
    """An SMTP address: `smtp://user:password@host:port`, `smtp+tls://` or `smtps://`."""
    example = "smtp+tls://user:password@mail.example:587"
    value, what = text(name, example=example), "an SMTP address"
    url = _split(name, value, ("smtp", "smtp+tls", "smtps"), what, example)
    if not url.hostname:
        raise ImproperlyConfigured(
            f"the setting {name} must be an SMTP address, for example {name}={example}"
        )
    return {
        "EMAIL_HOST": url.hostname,
        "EMAIL_PORT": url.port or {"smtp": 25, "smtp+tls": 587, "smtps": 465}[url.scheme],
        "EMAIL_HOST_USER": unquote(url.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(url.password or ""),
        "EMAIL_USE_TLS": url.scheme == "smtp+tls",
        "EMAIL_USE_SSL": url.scheme == "smtps",
    }
