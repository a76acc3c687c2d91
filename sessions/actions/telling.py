"""Letting people know that a session they were expected at changes: neutral, by the outbox.

Many sessions at once take as many queries as one.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Q

from phpsupport.outbox.delivery import enqueue, let_wait_again, withhold
from phpsupport.outbox.models import OutboxMessage, State
from sessions.models import GroupSession
from sessions.queries.consequence import (
    ASSIGNMENT_ASKS,
    ASSIGNMENT_CHANGED,
    CANCELLED,
    MOVED,
    News,
    messages_for,
)

WHY: Final = {CANCELLED: "session-cancelled", MOVED: "session-moved"}
UNDONE: Final = "undone"
REMINDERS: Final = ("session_reminder", "session_reminder_staff")


def tell(news: Collection[News], *, at: datetime) -> int:
    """Withhold what was planned about these sessions and tell who was expected and who leads.

    Returns how many messages go.
    """
    for kind, why in WHY.items():
        withhold({n.session.pk for n in news if n.kind == kind}, why=why)
    # Moved back to a time for which reminders were planned already: those count again.
    let_reminders_wait_again([n.session for n in news if n.kind == MOVED], at=at)
    return enqueue(messages_for([n for n in news if n.first > at], at=at), at=at)


def let_reminders_wait_again(sessions: Iterable[GroupSession], *, at: datetime) -> None:
    """Reminders of the time that a session has now, not due yet, count again."""
    times = {session.pk: session.starts_at for session in sessions}
    let_wait_again(times, kinds=REMINDERS, whys=WHY.values(), due_after=at)


def let_news_wait_again(sessions: Iterable[GroupSession]) -> None:
    """News of the time that a session has now, withheld before it was sent, counts again."""
    times = {session.pk: session.starts_at for session in sessions}
    let_wait_again(times, kinds=[MOVED], whys=WHY.values())


def who_was_told(sessions: Mapping[UUID, object], *, at: datetime) -> dict[UUID, set[UUID]]:
    """People who were told at that instant that a session changes, by session; what is not sent
    yet is withheld and does not count. Two queries."""
    about = Q(subject_id__in=list(sessions), kind__in=list(WHY), created_at=at)
    OutboxMessage.objects.filter(about, state=State.WAITING).update(
        state=State.WITHHELD, why=UNDONE
    )
    told: dict[UUID, set[UUID]] = {}
    for subject, person in OutboxMessage.objects.filter(
        about, state__in=[State.SENDING, State.SENT]
    ).values_list("subject_id", "recipient_id"):
        if subject:
            told.setdefault(subject, set()).add(person)
    return told


def who_heard_of_turns(people: Collection[UUID], *, program_id: UUID, at: datetime) -> set[UUID]:
    """Those of these accounts who were told at that instant that they come or go; what is not sent
    yet is withheld and does not count. Two queries, or none for nobody."""
    if not people:
        return set()
    about = OutboxMessage.objects.filter(
        recipient_id__in=list(people), created_at=at, program_id=program_id,
        kind__in=[ASSIGNMENT_ASKS, ASSIGNMENT_CHANGED],
    )  # fmt: skip
    about.filter(state=State.WAITING).update(state=State.WITHHELD, why=UNDONE)
    heard = about.filter(state__in=[State.SENDING, State.SENT])
    return set(heard.values_list("recipient_id", flat=True))
