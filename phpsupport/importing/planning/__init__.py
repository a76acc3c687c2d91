"""What an import would do, worked out in the order in which things stand on each other."""

from datetime import datetime

from phpsupport.importing.planning.desk import Desk
from phpsupport.importing.planning.participants import plan_participants
from phpsupport.importing.planning.roster import plan_attendance, plan_enrollments
from phpsupport.importing.planning.schedule import plan_closures, plan_groups, plan_rooms
from phpsupport.importing.planning.staff import plan_staff, plan_training
from phpsupport.importing.readers import Reading
from phpsupport.importing.report import Report, build
from phpsupport.programs.models import Program
from phpsupport.users.models import User

STEPS = (
    plan_staff,
    plan_training,
    plan_participants,
    plan_rooms,
    plan_closures,
    plan_groups,
    plan_enrollments,
    plan_attendance,
)


def plan(
    program: Program, reading: Reading, *, by: User | None, at: datetime
) -> tuple[Desk, Report]:
    """The plan and its report; nothing is written. `program` comes with its site."""
    desk = Desk(program, reading, by=by, at=at)
    for step in STEPS:
        step(desk)
    report = build(
        [(sheet.file, sheet.table.kind) for sheet in reading.sheets],
        desk.row_reports(),
        desk.findings,
        desk.notes,
    )
    return desk, report


__all__ = ["Desk", "plan"]
