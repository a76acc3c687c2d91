"""Bringing files in: worked out again under a lock and written in one transaction, or not at all."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import IntegrityError, OperationalError, connection, models, transaction

from facilitators.models import Certification, Facilitator, TrainingRecord, TrainingRequirement
from participants.actions.stays import discharge_participant
from participants.models import (
    ChannelConsent,
    ContactPoint,
    EpisodeOfCare,
    LevelOfCareChange,
    Participant,
)
from phpsupport.access.actions import withdraw_invitations
from phpsupport.access.models import RoleAssignment
from phpsupport.audit.trail import record
from phpsupport.importing.planning import Desk, plan
from phpsupport.importing.readers import read
from phpsupport.importing.report import Report
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import Closure, Program
from phpsupport.users.models import User
from sessions.actions.booking import lock_slots
from sessions.actions.rejudging import rejudge
from sessions.models import (
    Attendance,
    Enrollment,
    GroupSeries,
    GroupSession,
    Room,
    SeriesFacilitator,
    SessionFacilitator,
    SupportGroup,
    WaitlistEntry,
)

# Rows are written in this order, so that what they refer to is there.
ORDER: Sequence[type[models.Model]] = (
    User, RoleAssignment, Facilitator, TrainingRequirement, TrainingRecord, Certification,
    Participant, ContactPoint, ChannelConsent, EpisodeOfCare, LevelOfCareChange,
    Room, Closure, SupportGroup, GroupSeries, SeriesFacilitator, GroupSession, SessionFacilitator,
    Enrollment, WaitlistEntry, Attendance,
)  # fmt: skip
# Who may lead on a day follows from these.
OF_CLEARANCE = (
    RoleAssignment, Facilitator, TrainingRequirement, TrainingRecord, Certification,
    SessionFacilitator,
)  # fmt: skip
BATCH = 1000
CHANGED_SINCE = (
    "Something in the program changed since these files were checked. Nothing was saved; look at the "
    "new check and confirm again."
)
COLLIDED = (
    "Somebody changed the same part of the program at this moment. Nothing was saved; check the "
    "files again."
)


class Changed(Refused):
    """The plan is not the one that was shown; `report` is what would happen now."""

    def __init__(self, report: Report) -> None:
        super().__init__(CHANGED_SINCE, code="changed")
        self.report = report


def check_files(
    *, program: Program, files: Iterable[tuple[str, bytes]], by: User | None, at: datetime
) -> Report:
    """What an import of these files would do; nothing is written."""
    return plan(program, read(files), by=by, at=at)[1]


def import_files(
    *,
    program: Program,
    files: Iterable[tuple[str, bytes]],
    by: User | None,
    at: datetime,
    expect: str | None = None,
) -> Report:
    """Import the files, all or nothing; with a fault in them the report says so and nothing is saved.

    `expect` is the digest of the report that a person confirmed: another outcome is `Changed`.
    Importing the same again changes nothing.
    """
    reading = read(files)
    try:
        with transaction.atomic():
            Program.objects.select_for_update(no_key=True).get(pk=program.pk)
            _lock_rosters(program)
            desk, report = plan(program, reading, by=by, at=at)
            if expect is not None and report.digest != expect:
                raise Changed(report)
            if not report.can_be_saved:
                return report
            _lock(desk)
            touched = {model for model, _ in desk.update}
            touched |= {model for model, made in desk.create.items() if made}
            _write(desk)
            if touched.intersection(OF_CLEARANCE):
                rejudge(program=program, at=at, tell=False)  # an import sends nothing
            for stay, on in desk.discharges:
                discharge_participant(episode=stay, on=on, by=by, at=at)
            for user_id in sorted(desk.readdressed):
                withdraw_invitations(user_id=user_id, by=by, at=at)
            # What a row refers to is otherwise looked at when the outermost transaction ends,
            # where nobody says in words that it is gone.
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            total = report.total
            record(
                "import.done", by=by, at=at, program_id=program.pk,
                new=total.new, changed=total.changed, same=total.same,
                warnings=len(report.warnings),
                files={f.kind: [f.new, f.changed, f.same] for f in report.files},
            )  # fmt: skip
    except (IntegrityError, OperationalError) as fault:
        raise Refused(COLLIDED, code="collided") from fault
    return report


def _lock_rosters(program: Program) -> None:
    """Nobody gives a place away while places are counted, and no stay ends in between.

    The order is that of discharging and enrolling: people, their stays, then series.
    """
    stays = EpisodeOfCare.objects.filter(program=program)
    people = Participant.objects.select_for_update(no_key=True)
    list(people.filter(pk__in=stays.values("participant_id")).order_by("pk").values_list("pk"))
    held = stays.select_for_update(no_key=True)
    list(held.order_by("pk").values_list("pk"))
    rows = GroupSeries.objects.select_for_update(no_key=True).filter(program=program)
    list(rows.order_by("pk").values_list("pk"))


def _lock(desk: Desk) -> None:
    """Rooms and people in the one order in which everybody locks them."""
    sessions = desk.create[GroupSession]
    assigned = desk.create[SessionFacilitator]
    lock_slots(
        {s.room_id for s in sessions},  # type: ignore[attr-defined]
        {a.person_id for a in assigned},  # type: ignore[attr-defined]
    )


def _write(desk: Desk) -> None:
    for model in ORDER:
        made = desk.create.pop(model, [])
        model._default_manager.bulk_create(made, batch_size=BATCH)  # type: ignore[arg-type]
    left = [model for model, made in desk.create.items() if made]
    if left:
        raise RuntimeError(f"no order is known for {left}")
    by_fields: dict[tuple[type[models.Model], tuple[str, ...]], list[models.Model]] = {}
    for (model, _), (row, fields) in desk.update.items():
        by_fields.setdefault((model, tuple(sorted(fields))), []).append(row)
    for (model, changed), rows in by_fields.items():
        names = [model._meta.get_field(name).name for name in changed]
        model._default_manager.bulk_update(rows, names, batch_size=BATCH)  # type: ignore[arg-type]
