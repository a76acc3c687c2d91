"""Letting those who plan a program's groups know that something in the schedule needs them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.lib import clock
from phpsupport.outbox.delivery import Planned, enqueue
from phpsupport.programs.models import Program

# The words, and whether it is still so when the message is sent, stand in sessions/messages.py.
PLAN_AWAITS: Final = "plan_awaits"


def planners_of(program: Program, at: datetime) -> list[UUID]:
    """The accounts that plan this program's groups today. One query."""
    return list(
        RoleAssignment.objects.in_force(clock.local_date(at, program.zone))
        .filter(program=program, role__in=[Role.SCHEDULER, Role.PROGRAM_LEAD], user__is_active=True)
        .order_by("user_id")
        .values_list("user_id", flat=True)
        .distinct()
    )


def ask_those_who_plan(
    kind: str,
    *,
    program: Program,
    about: UUID,
    at: datetime,
    also: Iterable[UUID | None] = (),
    but: UUID | None = None,
    facts: dict[str, Any] | None = None,
) -> int:
    """Queue a neutral message to everybody who plans, and to `also`; not to `but`, who did it.

    About the same thing (`about`) nobody hears twice for the same instant.
    """
    people = dict.fromkeys([*planners_of(program, at), *(pk for pk in also if pk)])
    return enqueue(
        [
            Planned(
                kind,
                key=f"{kind}:{about}:{person}:{at.isoformat()}",
                recipient_id=person,
                due_at=at,
                program_id=program.pk,
                subject_id=about,
                facts=facts or {},
            )
            for person in people
            if person != but
        ],
        at=at,
    )
