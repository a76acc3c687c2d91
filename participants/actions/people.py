"""Who a participant is, and how they wish to be met."""

from datetime import date, datetime
from typing import Any, Final

from django.db import transaction

from participants.actions.guards import lock_person
from participants.models import Participant
from participants.names import clean_name
from phpsupport.audit.trail import record
from phpsupport.lib.constraints import last_guard
from phpsupport.lib.errors import Refused
from phpsupport.users.models import User

NAMES: Final = ("first_name", "last_name", "preferred_name")
# What a participant may change about themselves.
PREFERENCES: Final = (
    "preferred_name",
    "pronouns",
    "language",
    "interpreter_needed",
    "access_needs",
    "facilitator_wishes",
)
CHANGEABLE: Final = frozenset(
    {*NAMES, *PREFERENCES, "also_called", "record_number", "date_of_birth"}
)
OLDEST_YEARS: Final = 120


def record_number_taken() -> Refused:
    return Refused(
        "Another participant has that record number. Check the number, or look the person up in "
        "the list of participants.",
        field="record_number",
        code="record_number",
    )


@transaction.atomic
def update_participant(
    *, participant: Participant, by: User | None, at: datetime, today: date, **changes: Any
) -> Participant:
    """Change who the person is or how they wish to be met; what stays the same is left alone."""
    unknown = changes.keys() - CHANGEABLE
    if unknown:
        raise TypeError(f"update_participant cannot change {', '.join(sorted(unknown))}")
    person = lock_person(participant)
    wanted = cleaned(changes, today)
    changed = [name for name, value in wanted.items() if getattr(person, name) != value]
    if not changed:
        return person
    for name in changed:
        setattr(person, name, wanted[name])
    if not (person.first_name or person.last_name):
        raise Refused("Enter a name.", field="first_name", code="unnamed")
    with last_guard({"one_participant_per_record_number": record_number_taken}):
        person.save(update_fields=changed)
    record("participant.updated", by=by, at=at, obj=person, fields=sorted(changed))
    return person


def cleaned(changes: dict[str, Any], today: date) -> dict[str, Any]:
    """The values as they are kept; Refused for a birth date that cannot be."""
    kept = dict(changes)
    for name in NAMES:
        if name in kept:
            kept[name] = clean_name(kept[name])
    if "also_called" in kept:
        called = (clean_name(name) for name in kept["also_called"].replace(";", ",").split(","))
        kept["also_called"] = ", ".join(dict.fromkeys(name for name in called if name))
    for name in ("record_number", "pronouns", "language"):
        if name in kept:
            kept[name] = " ".join(kept[name].split())
    if "record_number" in kept and not kept["record_number"]:
        raise Refused("Enter the record number.", field="record_number", code="record_number")
    if "language" in kept:
        kept["language"] = kept["language"] or "English"
    born = kept.get("date_of_birth")
    if born and born > today:
        raise Refused(
            "The date of birth lies in the future. Check the year.",
            field="date_of_birth",
            code="future_birth",
        )
    if born and today.year - born.year > OLDEST_YEARS:
        raise Refused(
            f"The date of birth is more than {OLDEST_YEARS} years ago. Check the year.",
            field="date_of_birth",
            code="old_birth",
        )
    return kept
