"""Reading the letters that the catcher kept."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from django.conf import settings

SHOWN = 100


@dataclass(frozen=True)
class Letter:
    name: str
    received_at: datetime
    sender: str
    to: str
    subject: str
    text: str
    html: str


def folder() -> Path | None:
    """Where letters are kept; None outside development and the demo."""
    if not (settings.DEBUG or settings.DEMO) or not settings.DEV_MAIL_DIR:
        return None
    return Path(settings.DEV_MAIL_DIR)


def letters(kept_in: Path) -> list[Letter]:
    """The newest letters first."""
    files = sorted(kept_in.glob("*.eml"), reverse=True)[:SHOWN]
    return [_read(file) for file in files]


def letter(kept_in: Path, name: str) -> Letter | None:
    """One letter by its name, if it is there."""
    file = kept_in / f"{name}.eml"
    return _read(file) if file.is_file() else None


def _read(file: Path) -> Letter:
    mail = message_from_bytes(file.read_bytes(), policy=policy.default)
    nanoseconds = int(file.stem.partition("-")[0])
    return Letter(
        name=file.stem,
        received_at=datetime.fromtimestamp(nanoseconds / 1_000_000_000, UTC),
        sender=str(mail["From"] or ""),
        to=str(mail["X-Envelope-To"] or mail["To"] or ""),
        subject=str(mail["Subject"] or "(no subject)"),
        text=_body(mail, "plain"),
        html=_body(mail, "html"),
    )


def _body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part else ""
