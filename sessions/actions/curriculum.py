"""The steps of a group's curriculum, and placing them anew on the dates of a series."""

from datetime import date, datetime

from django.db import transaction
from django.db.models import Max

from phpsupport.audit.trail import record
from phpsupport.lib import wording
from phpsupport.lib.errors import Refused
from phpsupport.lib.rows import write_rows
from phpsupport.users.models import User
from sessions.actions.ledger import Ledger
from sessions.models import CurriculumItem, GroupSeries, GroupSession, SupportGroup
from sessions.queries.curriculum import replaced

PLACED = "steps-placed"


@transaction.atomic
def add_step(
    *, group: SupportGroup, title: str, by: User | None, at: datetime, materials: str = ""
) -> CurriculumItem:
    """Add a step at the end of a group's curriculum."""
    group = SupportGroup.objects.select_for_update(no_key=True).get(pk=group.pk)
    last = group.curriculum.aggregate(last=Max("position"))["last"]
    step = CurriculumItem.objects.create(
        group=group,
        position=1 if last is None else last + 1,
        title=_title(title),
        materials=materials.strip(),
    )
    record("curriculum.step_added", by=by, at=at, obj=step, program_id=group.program_id)
    return step


@transaction.atomic
def edit_step(
    *, step: CurriculumItem, title: str, by: User | None, at: datetime, materials: str = ""
) -> CurriculumItem:
    """Name a step otherwise; sessions on which it stands say the new name."""
    step = _locked(step)
    wanted = (_title(title), materials.strip())
    if (step.title, step.materials) == wanted:
        return step
    step.title, step.materials = wanted
    step.save(update_fields=["title", "materials"])
    record("curriculum.step_edited", by=by, at=at, obj=step, program_id=step.group.program_id)
    return step


@transaction.atomic
def move_step(*, step: CurriculumItem, up: bool, by: User | None, at: datetime) -> bool:
    """Let a step change places with its neighbour; False at the end of the line."""
    step = _locked(step)
    others = step.group.curriculum.filter(retired_on=None)
    if up:
        other = others.filter(position__lt=step.position).order_by("-position").first()
    else:
        other = others.filter(position__gt=step.position).order_by("position").first()
    if other is None or step.retired_on is not None:
        return False
    step.position, other.position = other.position, step.position
    write_rows([step, other], ["position"])
    record("curriculum.step_moved", by=by, at=at, obj=step, program_id=step.group.program_id)
    return True


@transaction.atomic
def retire_step(*, step: CurriculumItem, on: date, by: User | None, at: datetime) -> CurriculumItem:
    """Take a step out of the curriculum. Sessions on which it stands keep it until placed anew."""
    step = _locked(step)
    if step.retired_on is None:
        step.retired_on = on
        step.save(update_fields=["retired_on"])
        record("curriculum.step_retired", by=by, at=at, obj=step, program_id=step.group.program_id)
    return step


@transaction.atomic
def use_step_again(*, step: CurriculumItem, by: User | None, at: datetime) -> CurriculumItem:
    """Put a retired step back, in the place where it was."""
    step = _locked(step)
    if step.retired_on is not None:
        step.retired_on = None
        step.save(update_fields=["retired_on"])
        record(
            "curriculum.step_used_again", by=by, at=at, obj=step, program_id=step.group.program_id
        )
    return step


@transaction.atomic
def place_steps(
    *,
    series: GroupSeries,
    from_on: date,
    first_item: CurriculumItem,
    by: User | None,
    at: datetime,
) -> int:
    """Place the steps anew on the coming sessions of a series from a day on; returns how many change.

    Sessions that began, or have attendance or notes, keep theirs, and so do cancelled ones. One
    batch, which can be undone.
    """
    series = (
        GroupSeries.objects.select_for_update(no_key=True, of=("self",))
        .select_related("group")
        .get(pk=series.pk)
    )
    if first_item.group_id != series.group_id or first_item.retired_on is not None:
        raise Refused(f"Choose a step of {series.group.name}.", field="first_item")
    locked = GroupSession.objects.select_for_update(no_key=True).filter(series=series)
    list(locked.order_by("pk").values_list("pk", flat=True))
    placing = replaced(series, from_on=from_on, first_item=first_item, at=at)
    if not placing:
        raise Refused("No session that is still open follows on that day.", field="from_on")
    changed = [session for session, step in placing if session.item_id != (step and step.pk)]
    if not changed:
        raise Refused("The steps stand like that already.", code="unchanged")
    ledger = Ledger()
    ledger.look(changed)
    for session, step in placing:
        session.item = step
    write_rows(changed, ["item"])
    ledger.close(
        program=series.program_id,
        kind=PLACED,
        summary=(
            f"Placed the steps of {series.group.name} anew on "
            f"{wording.count(len(changed), 'session')}, from {wording.day(from_on)} on"
        ),
        series=series,
        by=by,
        at=at,
    )
    record("series.steps_placed", by=by, at=at, obj=series, sessions=len(changed))
    return len(changed)


def _locked(step: CurriculumItem) -> CurriculumItem:
    """The step, the whole curriculum held: two who reorder wait for each other."""
    SupportGroup.objects.select_for_update(no_key=True).get(pk=step.group_id)
    return CurriculumItem.objects.select_related("group").get(pk=step.pk)


def _title(text: str) -> str:
    title = " ".join(text.split())
    if not title:
        raise Refused("Enter what the step is called.", field="title", code="required")
    return title
