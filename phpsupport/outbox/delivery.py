"""Planning and sending messages."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import models, transaction

from phpsupport.outbox import kinds
from phpsupport.outbox.models import OutboxMessage, State

log = logging.getLogger(__name__)

BATCH = 100
LEASE = timedelta(minutes=5)
MAX_ATTEMPTS = 8


@dataclass(frozen=True)
class Planned:
    """A message to be queued; `key` makes it unique for ever."""

    kind: str
    key: str
    recipient_id: UUID
    due_at: datetime
    program_id: UUID | None = None
    subject_id: UUID | None = None
    expires_at: datetime | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def enqueue(messages: Iterable[Planned], *, at: datetime) -> int:
    """Queue messages in the caller's transaction; one whose key exists already is left alone.

    Returns how many keys were handed in. The worker is nudged after the commit.
    """
    rows = [
        OutboxMessage(
            dedupe_key=m.key,
            kind=m.kind,
            program_id=m.program_id,
            recipient_id=m.recipient_id,
            subject_id=m.subject_id,
            facts=m.facts,
            due_at=m.due_at,
            expires_at=m.expires_at,
            created_at=at,
        )
        for m in messages
    ]
    if rows:
        OutboxMessage.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)
        transaction.on_commit(_nudge, robust=True)
    return len(rows)


def _nudge() -> None:
    from phpsupport.outbox.tasks import deliver_due

    # The broker may be away; the next tick of the beat finds the row all the same.
    try:
        deliver_due.apply_async(retry=False, ignore_result=True)
    except Exception:
        log.warning("could not nudge the worker; the next tick delivers")


def cancel(*, subject_id: UUID, why: str) -> int:
    """Withhold what is still waiting about a subject, for example a cancelled session."""
    return OutboxMessage.objects.filter(subject_id=subject_id, state=State.WAITING).update(
        state=State.WITHHELD, why=why
    )


def claim(*, at: datetime, limit: int = BATCH) -> list[OutboxMessage]:
    """Take up to `limit` due messages under a lease; two workers never take the same one.

    A message whose lease ran out (its worker died) is taken again.
    """
    due = models.Q(state=State.WAITING, due_at__lte=at) | models.Q(
        state=State.SENDING, lease_until__lt=at
    )
    with transaction.atomic():
        batch = list(
            OutboxMessage.objects.select_for_update(skip_locked=True)
            .filter(due)
            .order_by("due_at")[:limit]
        )
        for message in batch:
            message.state, message.attempts = State.SENDING, message.attempts + 1
            message.lease_until = at + LEASE
        OutboxMessage.objects.filter(pk__in=[m.pk for m in batch]).update(
            state=State.SENDING, lease_until=at + LEASE, attempts=models.F("attempts") + 1
        )
    return batch


def deliver(*, at: datetime, limit: int = BATCH) -> int:
    """Send what is due over one SMTP connection; returns how many were sent.

    Whether a message may still go is asked again here. A delivery that fails is tried again
    after 1, 2, 4 … minutes, eight times in all.
    """
    batch = claim(at=at, limit=limit)
    if not batch:
        return 0
    connection = get_connection()
    sent = 0
    try:
        for message in batch:
            sent += _deliver_one(message, connection, at)
    finally:
        connection.close()
    return sent


def _deliver_one(message: OutboxMessage, connection: Any, at: datetime) -> bool:
    finish = partial(_finish, message)
    if message.expires_at and message.expires_at <= at:
        return finish(State.WITHHELD, why="too-late")
    try:
        letter = kinds.compose(message, at)
    except kinds.Withhold as reason:
        return finish(State.WITHHELD, why=str(reason)[:120])
    except kinds.Postpone as wait:
        return finish(State.WAITING, due_at=wait.until, why="postponed")
    mail = EmailMultiAlternatives(
        letter.subject,
        letter.text,
        to=[letter.to],
        connection=connection,
        headers={"Message-ID": f"<{message.pk}@outbox>", "Auto-Submitted": "auto-generated"},
    )
    if letter.html:
        mail.attach_alternative(letter.html, "text/html")
    try:
        mail.send()
    except Exception as fault:
        # Only the kind of fault: its text may quote the address.
        log.warning("message %s not delivered: %s", message.pk, type(fault).__name__)
        connection.close()
        if message.attempts >= MAX_ATTEMPTS:
            return finish(State.FAILED, why=type(fault).__name__)
        return finish(
            State.WAITING,
            due_at=at + timedelta(minutes=2 ** (message.attempts - 1)),
            why=type(fault).__name__,
        )
    return finish(State.SENT, sent_at=at)


def _finish(message: OutboxMessage, state: State, **changes: Any) -> bool:
    OutboxMessage.objects.filter(pk=message.pk, state=State.SENDING).update(
        state=state, lease_until=None, **changes
    )
    return state == State.SENT
