"""Taking a room and people's time so that no two do it at once.

1. `lock_slots` takes advisory locks on the room and the people, always in the same order, so that
   two who want the same wait for each other and can never wait in a ring.
2. Under the locks the rows are read and what is in the way is told in words.
3. The exclusion constraints are the last guard; `GUARDS` has a sentence for each.
4. `once_more` repeats an action that the database stopped to solve a deadlock.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial, wraps
from hashlib import blake2b
from typing import Any, Final, TypeVar
from uuid import UUID

from django.db import OperationalError, connection, transaction

from facilitators.models import Facilitator
from phpsupport.lib import wording
from phpsupport.lib.errors import Refused
from sessions.models import GroupSession, SessionFacilitator, SessionState
from sessions.queries.slots import Obstacle, Wanted, obstacles

T = TypeVar("T")
BUSY: Final = "Somebody else is changing the same part of the schedule. Try again in a moment."
COLLISIONS: Final = frozenset({"40P01", "40001", "55P03"})  # deadlock, serialization, lock timeout
GUARDS: Final = {
    "room_once_at_a_time": partial(
        Refused,
        "The room was taken by somebody else a moment ago. Look at the dates again.",
        field="room",
        code="taken",
    ),
    "facilitator_once_at_a_time": partial(
        Refused,
        "One of the facilitators was booked by somebody else a moment ago. Look at the dates again.",
        field="lead",
        code="taken",
    ),
    "one_session_per_start": partial(
        Refused,
        "This series has a session at that time already.",
        field="starts",
        code="taken",
    ),
}
TOLD_AT_MOST: Final = 3


class Clashes(Refused):
    """What was asked clashes; `found` holds every obstacle, `dates` their days, the sentence the
    first of them."""

    def __init__(
        self, sentence: str, found: Sequence[Obstacle], wanted: Sequence[Wanted], *, code: str
    ) -> None:
        super().__init__(sentence, code=code)
        self.found = tuple(found)
        self.dates = tuple(dict.fromkeys(wanted[o.index].local_date for o in found))


def once_more(action: Callable[..., T]) -> Callable[..., T]:
    """Run an action in one transaction, and once more when the database broke a deadlock with it."""

    @wraps(action)
    def run(**asked: Any) -> T:
        alone = not connection.in_atomic_block
        for last in (not alone, True):
            try:
                with transaction.atomic():
                    return action(**asked)
            except OperationalError as fault:
                if getattr(fault.__cause__, "sqlstate", None) not in COLLISIONS:
                    raise
                if last:
                    raise Refused(BUSY, code="busy") from fault
        raise AssertionError("the loop returns or raises")

    return run


def lock_slots(room_ids: Iterable[UUID], person_ids: Iterable[UUID]) -> None:
    """Hold these rooms and people until the transaction ends. One query."""
    names = {f"room:{pk}" for pk in room_ids} | {f"person:{pk}" for pk in person_ids}
    keys = sorted(
        int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), signed=True)
        for name in names
    )
    if keys:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(pg_advisory_xact_lock(key)) FROM unnest(%s::bigint[]) AS key", [keys]
            )


def refuse_obstacles(
    wanted: Sequence[Wanted], *, program_id: UUID, zone: str, accept_not_cleared: bool
) -> list[Obstacle]:
    """Raise `Clashes` when something blocks, or warns and was not accepted; else the warnings."""
    found = obstacles(wanted, program_id=program_id, zone=zone)
    blocking = [o for o in found if o.blocks]
    if blocking:
        raise Clashes(told(blocking, wanted), blocking, wanted, code="clash")
    if found and not accept_not_cleared:
        raise Clashes(
            f"{told(found, wanted)} Choose somebody else, or confirm that this is how it should be.",
            found,
            wanted,
            code="not_cleared",
        )
    return found


def told(found: Sequence[Obstacle], wanted: Sequence[Wanted]) -> str:
    """The first few obstacles with their days, and how many more there are."""
    many = len(wanted) > 1
    said = []
    for obstacle in found[:TOLD_AT_MOST]:
        day = f"{wording.day(wanted[obstacle.index].local_date)}: " if many else ""
        said.append(f"{day}{obstacle.sentence}")
    rest = len(found) - TOLD_AT_MOST
    if rest > 0:
        said.append(f"{wording.count(rest, 'more date')} in the same way.")
    return " ".join(said)


def people_of(
    lead: Facilitator | None, co: Iterable[Facilitator], program_id: UUID
) -> tuple[tuple[Facilitator, str], ...]:
    """Lead and co-facilitators with their parts; refuses one person twice and strangers."""
    people = [(lead, "lead")] if lead else []
    people += [(person, "co") for person in co]
    seen: set[UUID] = set()
    for person, part in people:
        if person.program_id != program_id:
            raise Refused("Choose facilitators of this program.", field=part, code="stranger")
        if person.user_id in seen:
            raise Refused(
                f"{person.user.name} is named twice. Leave one of the two out.",
                field="co",
                code="twice",
            )
        seen.add(person.user_id)
    return tuple(people)


def store_people(
    sessions: Iterable[tuple[GroupSession, Iterable[tuple[Facilitator, str]]]],
) -> None:
    """Write who leads which session. One query."""
    SessionFacilitator.objects.bulk_create(
        SessionFacilitator(
            session=session,
            facilitator=person,
            person_id=person.user_id,
            part=part,
            starts_at=session.starts_at,
            ends_at=session.ends_at,
            active=session.state in (SessionState.SCHEDULED, SessionState.HELD),
        )
        for session, people in sessions
        for person, part in people
    )
