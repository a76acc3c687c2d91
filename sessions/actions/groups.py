"""The catalogue of support groups."""

from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction

from phpsupport.audit.trail import record
from phpsupport.lib import wording
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions.models import GroupKind, GroupSeries, SupportGroup

TAKEN = Refused(
    "There is a group of that name already. Choose another name.", field="name", code="taken"
)


@transaction.atomic
def create_group(
    *,
    program: Program,
    name: str,
    capacity: int,
    by: User | None,
    at: datetime,
    kind: str = GroupKind.OPEN,
    description: str = "",
    calendar_label: str = "Group",
    language: str = "English",
    progress_notes: bool = True,
    counts_toward_program_hours: bool = False,
    billing_code: str = "",
) -> SupportGroup:
    """Add a group to the catalogue of a program."""
    group = SupportGroup(
        program=program,
        name=name.strip(),
        capacity=capacity,
        kind=kind,
        description=description,
        calendar_label=calendar_label,
        language=language,
        progress_notes=progress_notes,
        counts_toward_program_hours=counts_toward_program_hours,
        billing_code=billing_code,
    )
    _store(group)
    record("group.created", by=by, at=at, obj=group)
    return group


@transaction.atomic
def edit_group(
    *, group: SupportGroup, by: User | None, at: datetime, **changes: Any
) -> SupportGroup:
    """Change what the catalogue says. Series that run keep their own number of places."""
    group = SupportGroup.objects.select_for_update(no_key=True).get(pk=group.pk)
    changed = sorted(name for name, value in changes.items() if getattr(group, name) != value)
    if not changed:
        return group
    for name in changed:
        setattr(group, name, changes[name])
    _store(group)
    record("group.edited", by=by, at=at, obj=group, changed=changed)
    return group


def _store(group: SupportGroup) -> None:
    group.calendar_label = group.calendar_label.strip() or "Group"
    if not group.name:
        raise Refused("Enter a name.", field="name", code="required")
    if not 1 <= group.capacity <= 200:
        raise Refused("A group has from 1 to 200 places.", field="capacity")
    if group.kind not in GroupKind:
        raise Refused("Choose a kind from the list.", field="kind")
    try:
        with transaction.atomic():
            group.save()
    except IntegrityError:
        raise TAKEN from None


@transaction.atomic
def retire_group(*, group: SupportGroup, on: date, by: User | None, at: datetime) -> SupportGroup:
    """Take a group out of the catalogue. Its history stays; series that still run end first."""
    group = SupportGroup.objects.select_for_update(no_key=True).get(pk=group.pk)
    if group.retired_on is not None:
        return group
    running = GroupSeries.objects.filter(group=group, until_on__gte=on).count()
    if running:
        raise Refused(
            f"{wording.count(running, 'series still runs', 'series still run')}. "
            "End what runs first, then retire the group.",
            code="running",
        )
    group.retired_on = on
    group.save(update_fields=["retired_on"])
    record("group.retired", by=by, at=at, obj=group)
    return group


@transaction.atomic
def offer_group_again(*, group: SupportGroup, by: User | None, at: datetime) -> SupportGroup:
    """Put a retired group back into the catalogue."""
    group = SupportGroup.objects.select_for_update(no_key=True).get(pk=group.pk)
    if group.retired_on is None:
        return group
    group.retired_on = None
    group.save(update_fields=["retired_on"])
    record("group.offered_again", by=by, at=at, obj=group)
    return group
