"""What kinds of message there are. Each app registers how its own are made and when not."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from phpsupport.outbox.models import OutboxMessage


@dataclass(frozen=True)
class Letter:
    """The words of one message, made at the moment of sending and kept nowhere."""

    to: str
    subject: str
    text: str
    html: str = ""


class Withhold(Exception):
    """The message must not go any more: the code (no name, no words) says why."""


class Postpone(Exception):
    """The message must wait until an instant, for example for quiet hours to end."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


# Given the message and the present instant: the letter, or Withhold, or Postpone.
Compose = Callable[[OutboxMessage, datetime], Letter]
_kinds: dict[str, Compose] = {}


def kind(name: str) -> Callable[[Compose], Compose]:
    """Register how messages of the kind `name` are made. Consent, cancellation and address are
    checked there, when the message is sent, because they may have changed since it was planned."""

    def register(compose: Compose) -> Compose:
        _kinds[name] = compose
        return compose

    return register


def subject_of(message: OutboxMessage) -> UUID:
    """The key of what a message is about; without one it is withheld."""
    if message.subject_id is None:
        raise Withhold("gone")
    return message.subject_id


def compose(message: OutboxMessage, at: datetime) -> Letter:
    """The letter of a message; an unknown kind is withheld."""
    if message.kind not in _kinds:
        raise Withhold("unknown-kind")
    return _kinds[message.kind](message, at)
