"""Closing days and setting the program's rules. The caller writes the trail."""

from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction

from phpsupport.lib import clock
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import Closure, PolicyProfile, Program
from phpsupport.programs.policy import validate_rules
from phpsupport.users.models import User


def close_day(*, program: Program, day: date, reason: str) -> Closure:
    """Mark a day as closed. Refuses a day that is closed already."""
    try:
        with transaction.atomic():
            return Closure.objects.create(program=program, date=day, reason=reason)
    except IntegrityError as fault:
        if "one_closure_per_day" not in str(fault):
            raise
        raise Refused("The program is already closed on that day.", field="date") from None


def reopen_day(*, closure: Closure, at: datetime) -> None:
    """Take a closed day back while it lies ahead."""
    if closure.date < clock.local_date(at, closure.program.zone):
        raise Refused("That day is over. What was closed stays on record.")
    closure.delete()


def set_policy(
    *,
    program: Program,
    effective_from: date,
    rules: dict[str, Any],
    note: str,
    by: User,
    at: datetime,
) -> PolicyProfile:
    """Set the program's rules from a day on. Past rules stay as they were.

    A profile that begins on the same day is replaced; the row history keeps the one before.
    """
    validate_rules(rules)
    today = clock.local_date(at, program.zone)
    if effective_from < today:
        raise Refused(
            "Rules cannot begin in the past. Choose today or a later day.", field="effective_from"
        )
    profile, _ = PolicyProfile.objects.update_or_create(
        program=program,
        effective_from=effective_from,
        defaults={"rules": rules, "note": note, "set_by": by, "set_at": at},
    )
    return profile
