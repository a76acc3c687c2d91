"""What is decided in the office, with its entry in the trail, all or nothing."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.db import transaction

from facilitators.signals import clearance_changed
from phpsupport.access import actions as access
from phpsupport.access.roles import Role
from phpsupport.audit.trail import record
from phpsupport.lib import clock
from phpsupport.lib.deadlocks import once_more
from phpsupport.programs import actions as programs
from phpsupport.programs.models import Closure, PolicyProfile, Program, policy_in_force
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
    note: str,
    by: User,
    at: datetime,
) -> PolicyProfile:
    """Set the program's rules from a day on; the trail names those that differ from today's."""
    before = policy_in_force(program.pk, clock.local_date(at, program.zone))
    profile = programs.set_policy(
        program=program, effective_from=effective_from, rules=rules, note=note, by=by, at=at
    )
    changed = [rule.key for rule in RULES if profile.rules[rule.key] != before[rule.key]]
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
