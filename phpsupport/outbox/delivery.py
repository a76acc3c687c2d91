"""Planning and sending messages."""

import logging
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Any
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import models, transaction

from phpsupport.outbox import kinds
from phpsupport.outbox.models import OutboxMessage, State

log = logging.getLogger(__name__)

DELIVER = "phpsupport.outbox.tasks.deliver_due"  # by name: the task stands above this module
BATCH = 100
LEASE = timedelta(minutes=5)
# A slow mail server must not hold a batch longer than its lease, or another worker takes it, too.
# One letter takes a minute at worst: six answers of EMAIL_TIMEOUT seconds.
PATIENCE = timedelta(minutes=2)
MAX_ATTEMPTS = 8
SERVER_AWAY = timedelta(minutes=1)


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

    Returns how many keys were handed in. The worker is nudged after the commit when one is due.
    """
    rows = rows_of(messages, at=at)
    if rows:
        OutboxMessage.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)
    return len(rows)


def rows_of(messages: Iterable[Planned], *, at: datetime) -> list[OutboxMessage]:
    """The rows of messages, for a caller that stores them in a statement of its own: their keys
    must be new. The worker is nudged after the commit when one is due."""
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
    if any(row.due_at <= at for row in rows):
        transaction.on_commit(_nudge, robust=True)
    return rows


def _nudge() -> None:
    # The broker may be away; the next tick of the beat finds the row all the same.
    try:
        current_app.send_task(DELIVER, retry=False, ignore_result=True)
    except Exception:
        log.warning("could not nudge the worker; the next tick delivers")


def cancel(*, subject_id: UUID, why: str) -> int:
    """Withhold what is still waiting about a subject, for example a cancelled session."""
    return OutboxMessage.objects.filter(subject_id=subject_id, state=State.WAITING).update(
        state=State.WITHHELD, why=why
    )


def withhold(subject_ids: Collection[UUID], *, why: str) -> int:
    """The same about many subjects at once. One query, or none for nobody."""
    if not subject_ids:
        return 0
    return OutboxMessage.objects.filter(
        subject_id__in=list(subject_ids), state=State.WAITING
    ).update(state=State.WITHHELD, why=why)


def let_wait_again(
    times: Mapping[UUID, datetime],
    *,
    kinds: Collection[str],
    whys: Collection[str],
    due_after: datetime | None = None,
) -> int:
    """Take back what withheld messages about these subjects, where they were planned for the time
    that the subject has now (`starts_at` of their facts). Two queries.

    With `due_after` only those that are due later.
    """
    if not times:
        return 0
    withheld = OutboxMessage.objects.filter(
        subject_id__in=list(times), state=State.WITHHELD, kind__in=list(kinds), why__in=list(whys)
    )
    if due_after is not None:
        withheld = withheld.filter(due_at__gt=due_after)
    again = [
        pk
        for pk, subject, facts in withheld.values_list("pk", "subject_id", "facts")
        if subject
        and facts.get("starts_at")
        and datetime.fromisoformat(facts["starts_at"]) == times[subject]
    ]
    if not again:
        return 0
    return OutboxMessage.objects.filter(pk__in=again, state=State.WITHHELD).update(
        state=State.WAITING, why=""
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


@dataclass(frozen=True)
class Round:
    """What one round of delivery came to; `more` says that another look is worth it at once."""

    sent: int = 0
    more: bool = False


def deliver(*, at: datetime, limit: int = BATCH) -> int:
    """Send what is due over one SMTP connection; returns how many were sent. See `deliver_round`."""
    return deliver_round(at=at, limit=limit).sent


def deliver_round(*, at: datetime, limit: int = BATCH) -> Round:
    """Claim one batch and send it over one SMTP connection.

    Whether a message may still go is asked again here. A delivery that fails is tried again
    after 1, 2, 4 … minutes, eight times in all. While the mail server does not answer at all,
    nothing counts as tried: the whole batch waits a minute. What could not be begun within the
    lease goes back untouched.
    """
    batch = claim(at=at, limit=limit)
    connection = get_connection()
    until, sent = time.monotonic() + PATIENCE.total_seconds(), 0
    try:
        for place, message in enumerate(batch):
            if time.monotonic() >= until:
                _give_back(batch[place:], due_at=at)
                return Round(sent)
            try:
                sent += _deliver_one(message, connection, at)
            except ServerAway as fault:
                log.error("the mail server does not answer: %s", fault)
                _give_back(batch[place:], due_at=at + SERVER_AWAY)
                return Round(sent)
    finally:
        connection.close()
    return Round(sent, more=len(batch) == limit)


class ServerAway(Exception):
    """No conversation with the mail server could be begun; no message is at fault."""


def _deliver_one(message: OutboxMessage, connection: Any, at: datetime) -> bool:
    if message.expires_at and message.expires_at <= at:
        return _finish(message, State.WITHHELD, why="too-late")
    if message.attempts > MAX_ATTEMPTS:  # its workers died over it
        return _finish(message, State.FAILED, why="gave-up")
    try:
        letter = kinds.compose(message, at)
    except kinds.Withhold as reason:
        return _finish(message, State.WITHHELD, why=str(reason)[:120])
    except kinds.Postpone as wait:
        later = max(wait.until, at + timedelta(minutes=1))
        return _finish(
            message, State.WAITING, due_at=later, attempts=message.attempts - 1, why="postponed"
        )
    except Exception as fault:
        # One letter that cannot be made must not hold up those behind it.
        return _failed(message, at, fault)
    mail = EmailMultiAlternatives(
        letter.subject,
        letter.text,
        to=[letter.to],
        connection=connection,
        headers={
            "Message-ID": f"<{message.pk}@{_own_domain()}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    if letter.html:
        mail.attach_alternative(letter.html, "text/html")
    try:
        connection.open()
    except Exception as fault:
        raise ServerAway(type(fault).__name__) from None
    try:
        mail.send()
    except Exception as fault:
        connection.close()
        return _failed(message, at, fault)
    return _finish(message, State.SENT, sent_at=at)


def _own_domain() -> str:
    """The sender's domain; a second delivery after a lost lease carries the same Message-ID."""
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"


def _failed(message: OutboxMessage, at: datetime, fault: Exception) -> bool:
    kind = type(fault).__name__
    # Only the kind of fault: its text may quote the address.
    log.warning("message %s not delivered: %s", message.pk, kind)
    if message.attempts >= MAX_ATTEMPTS:
        return _finish(message, State.FAILED, why=kind)
    later = at + timedelta(minutes=2 ** (message.attempts - 1))
    return _finish(message, State.WAITING, due_at=later, why=kind)


def _give_back(messages: list[OutboxMessage], *, due_at: datetime) -> None:
    """Let messages wait that nobody tried to send; the try is not counted."""
    ours = OutboxMessage.objects.filter(
        pk__in=[m.pk for m in messages],
        state=State.SENDING,
        lease_until__in={m.lease_until for m in messages},
    )
    ours.update(
        state=State.WAITING, lease_until=None, due_at=due_at, attempts=models.F("attempts") - 1
    )


def _finish(message: OutboxMessage, state: State, **changes: Any) -> bool:
    """Write what became of a message, unless another worker holds it by now."""
    OutboxMessage.objects.filter(
        pk=message.pk, state=State.SENDING, lease_until=message.lease_until
    ).update(state=state, lease_until=None, **changes)
    return state == State.SENT
