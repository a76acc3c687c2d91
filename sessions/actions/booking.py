"""Taking a room and people's time so that no two do it at once.

1. `lock_slots` takes advisory locks on the room and the people, always in the same order, so that
   two who want the same wait for each other and can never wait in a ring.
2. Under the locks the rows are read and what is in the way is told in words.
3. The exclusion constraints are the last guard; `GUARDS` has a sentence for each.
4. `once_more` repeats an action that the database stopped to solve a deadlock.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from hashlib import blake2b
from typing import Final
from uuid import UUID

from django.db import connection

from facilitators.models import Facilitator
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.lib import clock, wording
from phpsupport.lib.deadlocks import once_more as once_more
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import policy_in_force
from phpsupport.users.models import User
from sessions.conflicts import Rule
from sessions.models import GroupSession, RuleOverride, SessionFacilitator, SessionState
from sessions.queries.slots import Obstacle, Wanted, obstacles

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
        self,
        sentence: str,
        found: Sequence[Obstacle],
        wanted: Sequence[Wanted],
        *,
        code: str,
        can_override: bool = False,
    ) -> None:
        super().__init__(sentence, code=code)
        self.found = tuple(found)
        self.wanted = tuple(wanted)
        self.dates = tuple(dict.fromkeys(wanted[o.index].local_date for o in found))
        # Whether the person who asked may set aside what blocks, with a reason.
        self.can_override = can_override

    @property
    def warned(self) -> bool:
        """Whether a yes is asked for as well."""
        return any(not o.blocks for o in self.found)


def lock_keys(room_ids: Iterable[UUID], person_ids: Iterable[UUID]) -> list[int]:
    """The advisory locks of rooms and people, in the one order in which they are taken."""
    names = {f"room:{pk}" for pk in room_ids} | {f"person:{pk}" for pk in person_ids}
    return sorted(
        int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), signed=True)
        for name in names
    )


def lock_slots(room_ids: Iterable[UUID], person_ids: Iterable[UUID]) -> None:
    """Hold these rooms and people until the transaction ends. One query."""
    keys = lock_keys(room_ids, person_ids)
    if keys:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(pg_advisory_xact_lock(key)) FROM unnest(%s::bigint[]) AS key", [keys]
            )


def refuse_obstacles(
    wanted: Sequence[Wanted],
    *,
    program_id: UUID,
    zone: str,
    by: User | None = None,
    at: datetime | None = None,
    accept: bool = False,
    accept_not_cleared: bool = False,
    override_reason: str = "",
    without: Collection[UUID] = (),
    concerns: Callable[[list[Obstacle]], list[Obstacle]] = list,
) -> list[Obstacle]:
    """Raise `Clashes` when something blocks, or warns and was not accepted; else what was found.

    What blocks may be set aside by the roles that the program's policy names, with a reason: the
    caller then writes `keep_overrides`. `without` are stored sessions that are about to go,
    `concerns` says which of the obstacles the act brings about.
    """
    found = concerns(
        obstacles(wanted, program_id=program_id, zone=zone, without=without, silent=True)
    )
    said = [o for o in found if o.level != "ignore"]
    blocking = [o for o in found if o.blocks]
    if blocking:
        final = any(o.final for o in blocking)
        may = not final and may_override(by, program_id=program_id, at=at, zone=zone)
        if not (may and override_reason.strip()):
            sentence = told(blocking, wanted)
            if override_reason.strip():
                sentence += " Your role may not set this aside." if not final else ""
            raise Clashes(
                sentence, said if may else blocking, wanted, code="clash", can_override=may
            )
    warnings = [o for o in said if not o.blocks]
    if warnings and not (accept or accept_not_cleared):
        raise Clashes(
            f"{told(warnings, wanted)} Choose otherwise, or confirm that this is how it should be.",
            said,
            wanted,
            code="not_cleared",
            can_override=bool(blocking),
        )
    return found


def may_override(by: User | None, *, program_id: UUID, at: datetime | None, zone: str) -> bool:
    """Whether this person holds a role that may set a blocked rule aside. One query, or two."""
    if by is None or at is None:
        return False
    roles = policy_in_force(program_id, clock.local_date(at, zone))["override_by"]
    return scope_of(by).has(program_id, *(Role(role) for role in roles))


def sharing(found: Iterable[Obstacle]) -> list[Obstacle]:
    """Those that say of a room or a person that it is shared: usually none of very many."""
    return [o for o in found if o.kind in (Rule.ROOM, Rule.FACILITATOR)]


def room_is_shared(found: Iterable[Obstacle], index: int) -> bool:
    """Whether the room of that wanted session is taken, and that was let pass."""
    return any(o.index == index and o.rule == "rule_room" for o in found)


def time_is_shared(found: Iterable[Obstacle], index: int) -> set[UUID]:
    """The people of that wanted session who are busy, where that was let pass."""
    return {
        o.resource
        for o in found
        if o.index == index and o.rule == "rule_facilitator" and o.resource
    }


def keep_overrides(
    found: Iterable[Obstacle],
    sessions: Sequence[GroupSession],
    *,
    reason: str,
    by: User | None,
    at: datetime,
) -> None:
    """Write what was set aside beside its session; `sessions` are in the order of the wanted ones.

    No query where nothing was.
    """
    RuleOverride.objects.bulk_create(
        RuleOverride(
            program_id=sessions[o.index].program_id,
            session=sessions[o.index],
            rule=o.rule,
            sentence=o.sentence,
            reason=reason.strip(),
            by=by,
            at=at,
        )
        for o in found
        if o.blocks
    )


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
    refuse_strangers(people, program_id)
    return tuple(people)


def refuse_strangers(people: Iterable[tuple[Facilitator, str]], program_id: UUID) -> None:
    """Nobody leads in a program that is not theirs, and nobody is named twice."""
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


def store_people(
    sessions: Iterable[tuple[GroupSession, Iterable[tuple[Facilitator, str]]]],
    *,
    shared: Mapping[UUID, Collection[UUID]] | None = None,
) -> list[SessionFacilitator]:
    """Write who leads which session; `shared` are the accounts that are booked twice, by session.

    One query.
    """
    return SessionFacilitator.objects.bulk_create(
        SessionFacilitator(
            session=session,
            facilitator=person,
            person_id=person.user_id,
            part=part,
            starts_at=session.starts_at,
            ends_at=session.ends_at,
            active=session.state in (SessionState.SCHEDULED, SessionState.HELD),
            shares_time=person.user_id in (shared or {}).get(session.pk, ()),
        )
        for session, people in sessions
        for person, part in people
    )
