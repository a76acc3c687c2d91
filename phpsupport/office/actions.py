"""What is decided in the office, with its entry in the trail, all or nothing."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from facilitators.signals import clearance_changed
from phpsupport.access import actions as access
from phpsupport.access.models import Invitation, RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.audit.trail import record
from phpsupport.lib import clock
from phpsupport.lib.deadlocks import once_more
from phpsupport.lib.errors import Refused
from phpsupport.programs import actions as programs
from phpsupport.programs.models import Closure, PolicyProfile, Program
from phpsupport.programs.policy import RULES
from phpsupport.users.models import User


@transaction.atomic
def close_day(*, program: Program, date: date, reason: str, by: User, at: datetime) -> Closure:
    """Mark a day as closed."""
    closure = programs.close_day(program=program, day=date, reason=reason)
    record("day.closed", by=by, at=at, obj=closure)
    return closure


@transaction.atomic
def reopen_day(*, closure: Closure, by: User, at: datetime) -> None:
    """Take a closed day back."""
    record("day.reopened", by=by, at=at, obj=closure)
    programs.reopen_day(closure=closure, at=at)


@once_more
def set_policy(
    *,
    program: Program,
    effective_from: date,
    rules: dict[str, Any],
    seen: str,
    note: str,
    by: User,
    at: datetime,
) -> PolicyProfile:
    """Set some of the program's rules from a day on; the trail names them."""
    profile, new = programs.set_policy(
        program=program, effective_from=effective_from, rules=rules, seen=seen, note=note, by=by,
        at=at,
    )  # fmt: skip
    if new:
        changed = [rule.key for rule in RULES if rule.key in rules]
        record("policy.set", by=by, at=at, obj=profile, changed=changed)
        # Who may lead follows from the rules as well, and how long before something is told.
        clearance_changed.send(Program, program=program, facilitator_ids=None, at=at)
    return profile


@transaction.atomic
def give_roles(
    *, person: User, program: Program, roles: Iterable[str], by: User, at: datetime
) -> None:
    """More roles for somebody: all of them, or none when one is refused."""
    for role in roles:
        access.give_role(user=person, program=program, role=Role(role), by=by, at=at)


@dataclass(frozen=True)
class Newcomer:
    """Somebody of the first people of a program."""

    email: str
    first_name: str
    last_name: str
    roles: frozenset[Role]


@transaction.atomic
def invite_first_people(
    *, program: Program, people: Collection[Newcomer], at: datetime
) -> dict[str, Invitation | None]:
    """Give the first people of a program their roles and invite them, in nobody's name.

    A role is given in this way only while nobody who came in holds it: from then on the program
    gives it itself. What was done, by address; None where the account is in use already. Whoever
    holds the roles keeps them and is left out, unless their invitation ran out before they came.
    """
    Program.objects.select_for_update(no_key=True).get(pk=program.pk)
    today = clock.local_date(at, program.zone)
    there = list(
        RoleAssignment.objects.in_force(today).filter(program=program).select_related("user")
    )
    taken = {a.role for a in there if a.user.is_active and a.user.joined_at is not None}
    held = {(a.user.email, a.role) for a in there}
    asked = {
        invitation.user.email
        for invitation in Invitation.objects.filter(program=program).select_related("user")
        if invitation.is_open(at)
    }
    joined = {a.user.email for a in there if a.user.joined_at is not None}
    done: dict[str, Invitation | None] = {}
    for person in people:
        missing = sorted(role for role in person.roles if (person.email, role) not in held)
        for role in missing:
            if role in taken:
                raise Refused(
                    f"Somebody is {role.label.lower()} of {program} already. Further ones are "
                    "invited by an administrator, under People and roles."
                )
        if missing or person.email not in joined | asked:
            done[person.email] = access.invite(
                email=person.email, first_name=person.first_name, last_name=person.last_name,
                roles=person.roles, program=program, by=None, at=at,
            )  # fmt: skip
    return done
