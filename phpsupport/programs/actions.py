"""Closing days and setting the program's rules. The caller writes the trail."""

from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction

from phpsupport.lib import clock
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import Closure, PolicyProfile, Program, fingerprint
from phpsupport.programs.policy import validate_rules
from phpsupport.users.models import User

STALE = (
    "Somebody set rules since you opened this page. What you changed is kept here, everything else "
    "is as it is now. Look it over, then set it again."
)


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
    seen: str,
    note: str,
    by: User,
    at: datetime,
) -> tuple[PolicyProfile, bool]:
    """Set these rules of the program from a day on, and no other; past rules stay as they were.

    `seen` is the fingerprint of what was set when the person looked: refused where somebody set
    something since. The second answer is False where they set the very same a moment ago.
    """
    validate_rules(rules)
    if effective_from < clock.local_date(at, program.zone):
        raise Refused(
            "Rules cannot begin in the past. Choose today or a later day.", field="effective_from"
        )
    if not rules:
        raise Refused("You changed no rule. Change at least one, then set it.", code="nothing")
    with transaction.atomic():
        Program.objects.select_for_update(no_key=True).get(pk=program.pk)
        there = list(PolicyProfile.objects.filter(program=program))
        last = max(there, key=lambda profile: profile.set_at, default=None)
        if last is not None and (last.effective_from, last.rules, last.note, last.set_by_id) == (
            effective_from, rules, note, by.pk,
        ):  # fmt: skip
            return last, False
        if fingerprint(there) != seen:
            raise Refused(STALE, code="stale")
        profile = PolicyProfile.objects.create(
            program=program, effective_from=effective_from, rules=rules, note=note, set_by=by,
            set_at=at,
        )  # fmt: skip
    return profile, True
