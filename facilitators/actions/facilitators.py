"""Facilitators come, move along, get a supervisor, and go."""

from collections.abc import Collection
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Q

from facilitators.models import Certification, Employment, Facilitator, Stage
from facilitators.signals import clearance_changed
from participants.actions.sealing import seal_former_chart
from phpsupport.access.actions import account_for
from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.audit.trail import record
from phpsupport.lib import clock, wording
from phpsupport.lib.deadlocks import once_more
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import Program, policy_in_force
from phpsupport.users.models import User


@transaction.atomic
def add_facilitator(
    *,
    program: Program,
    email: str,
    first_name: str,
    last_name: str,
    staff_id: str,
    by: User,
    at: datetime,
    stage: str = Stage.NOMINATED,
    supervisor: User | None = None,
    languages: Collection[str] = (),
    phone: str = "",
    employment: str = "",
    alumni_of_program: bool = False,
    max_groups_per_day: int | None = None,
    hired_on: date | None = None,
) -> Facilitator:
    """Put somebody on record as a facilitator, with an account (without a password) and the role.

    An account with that address is used as it is; its names stay. A former chart of the person
    in this organization is sealed; somebody who is in care here cannot start.
    """
    today = clock.local_date(at, program.zone)
    if email.strip().lower() == by.email:
        raise Refused("Ask somebody else to add you.", field="email")
    if stage == Stage.ENDED:
        raise Refused("Choose a stage at which they work with the program.", field="stage")
    Program.objects.select_for_update(no_key=True).get(pk=program.pk)
    user = account_for(email=email, first_name=first_name, last_name=last_name)
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if not user.is_active:
        raise Refused("This account is closed. Ask your administrator to open it.", field="email")
    if Facilitator.objects.filter(program=program, user=user).exists():
        raise Refused(
            f"{user.name} is a facilitator of the program already. Open their record instead.",
            field="email",
        )
    _check_staff_id(program, staff_id)
    seal_former_chart(user=user, program=program, by=by, at=at)
    facilitator = Facilitator(
        program=program,
        user=user,
        staff_id=staff_id.strip(),
        stage=Stage(stage),
        languages=_tidy(languages),
        phone=phone.strip(),
        employment=Employment(employment).value if employment else "",
        alumni_of_program=alumni_of_program,
        max_groups_per_day=max_groups_per_day,
        hired_on=hired_on,
    )
    if supervisor is not None:
        _check_supervisor(facilitator, supervisor, today)
        facilitator.supervisor = supervisor
    facilitator.save(force_insert=True)
    _give_role(facilitator, today, by=by, at=at)
    record("facilitator.added", by=by, at=at, obj=facilitator, stage=facilitator.stage)
    return facilitator


@transaction.atomic
def update_facilitator(
    *,
    facilitator: Facilitator,
    staff_id: str,
    by: User,
    at: datetime,
    languages: Collection[str] = (),
    phone: str = "",
    employment: str = "",
    alumni_of_program: bool = False,
    max_groups_per_day: int | None = None,
    hired_on: date | None = None,
) -> Facilitator:
    """Change the facts of the record; stage and supervisor have their own actions.

    Saying the same again changes nothing.
    """
    row = _locked(facilitator)
    _check_staff_id(row.program, staff_id, but=row)
    new = {
        "staff_id": staff_id.strip(),
        "languages": _tidy(languages),
        "phone": phone.strip(),
        "employment": Employment(employment).value if employment else "",
        "alumni_of_program": alumni_of_program,
        "max_groups_per_day": max_groups_per_day,
        "hired_on": hired_on,
    }
    if row.ended_on and hired_on and hired_on > row.ended_on:
        raise Refused("The first day cannot come after the last one.", field="hired_on")
    changed = sorted(name for name, value in new.items() if getattr(row, name) != value)
    if changed:
        for name in changed:
            setattr(row, name, new[name])
        row.save(update_fields=changed)
        record("facilitator.changed", by=by, at=at, obj=row, fields=changed)
    return row


@once_more
def change_stage(*, facilitator: Facilitator, stage: str, by: User, at: datetime) -> Facilitator:
    """Move somebody along the way, or end their work here; ending takes the role away at once.

    Nobody moves themselves. "Certified" needs a certification that is valid today.
    """
    row = _locked(facilitator)
    new = Stage(stage)
    today = clock.local_date(at, row.program.zone)
    if row.user_id == by.pk:
        raise Refused("Ask somebody else to change your own stage.", field="stage")
    if row.stage == new:
        raise Refused(
            f"{row.user.name} is at the stage “{new.label}” already.", field="stage", code="same"
        )
    if new == Stage.CERTIFIED and not _certified_on(row, today):
        raise Refused(
            "Record a certification that is valid today first, then choose this stage.",
            field="stage",
        )
    before = row.stage
    row.stage = new
    row.ended_on = today if new == Stage.ENDED else None
    row.save(update_fields=["stage", "ended_on"])
    if new == Stage.ENDED:
        _end_role(row, today, by=by, at=at)
    elif before == Stage.ENDED:
        _give_role(row, today, by=by, at=at)
    record("facilitator.stage_changed", by=by, at=at, obj=row, before=before, after=new.value)
    clearance_changed.send(Facilitator, program=row.program, facilitator_ids=[row.pk], at=at)
    return row


@transaction.atomic
def assign_supervisor(
    *, facilitator: Facilitator, supervisor: User | None, by: User, at: datetime
) -> Facilitator:
    """Give the facilitator a supervisor, or none; the same one again changes nothing.

    The supervisor holds the role in this program today and has room by the program's rules.
    """
    row = _locked(facilitator)
    if row.supervisor_id == (supervisor.pk if supervisor else None):
        return row
    if row.stage == Stage.ENDED:
        raise Refused("This person no longer works here and needs no supervisor.")
    if supervisor is not None:
        _check_supervisor(row, supervisor, clock.local_date(at, row.program.zone))
    before = row.supervisor_id
    row.supervisor = supervisor
    row.save(update_fields=["supervisor"])
    record(
        "facilitator.supervisor_assigned",
        by=by,
        at=at,
        obj=row,
        before=str(before) if before else None,
        after=str(supervisor.pk) if supervisor else None,
    )
    return row


# --- the rules ------------------------------------------------------------------------------------
def _locked(facilitator: Facilitator) -> Facilitator:
    return (
        Facilitator.objects.select_for_update(of=("self",), no_key=True)
        .select_related("program__site", "user")
        .get(pk=facilitator.pk)
    )


def _tidy(languages: Collection[str]) -> list[str]:
    """Without blanks and doubles, in the order given."""
    return list(dict.fromkeys(" ".join(word.split()) for word in languages if word.strip()))


def _check_staff_id(program: Program, staff_id: str, but: Facilitator | None = None) -> None:
    # Two who take the same number at once meet at this row.
    Program.objects.select_for_update(no_key=True).get(pk=program.pk)
    taken = Facilitator.objects.filter(program=program, staff_id=staff_id.strip())
    if not staff_id.strip():
        raise Refused("Enter the staff number.", field="staff_id")
    if any(pk != (but.pk if but else None) for pk in taken.values_list("pk", flat=True)):
        raise Refused("Another facilitator has that staff number.", field="staff_id")


def _check_supervisor(facilitator: Facilitator, supervisor: User, today: date) -> None:
    if supervisor.pk == facilitator.user_id:
        raise Refused("Choose somebody else: nobody supervises themselves.", field="supervisor")
    # Two who fill the last place meet at this row.
    supervisor = User.objects.select_for_update(no_key=True).get(pk=supervisor.pk)
    holds = RoleAssignment.objects.in_force(today).filter(
        user=supervisor, program_id=facilitator.program_id, role=Role.SUPERVISOR
    )
    if not supervisor.is_active or not holds.exists():
        raise Refused(
            f"{supervisor.name} is not a supervisor of this program. "
            "Give them the role first, or choose another one.",
            field="supervisor",
        )
    most = policy_in_force(facilitator.program_id, today)["facilitators_per_supervisor"]
    supervised = Facilitator.objects.filter(
        program_id=facilitator.program_id, supervisor=supervisor
    ).exclude(stage=Stage.ENDED)
    if supervised.exclude(pk=facilitator.pk).count() >= most:
        raise Refused(
            f"{supervisor.name} supervises {wording.count(most, 'facilitator')} already, the most "
            "that the program's rules allow. Choose another supervisor.",
            field="supervisor",
            code="full",
        )


def _certified_on(facilitator: Facilitator, today: date) -> bool:
    return Certification.objects.filter(
        Q(revoked_on=None) | Q(revoked_on__gt=today),
        facilitator=facilitator,
        issued_on__lte=today,
        expires_on__gte=today,
    ).exists()


def _give_role(facilitator: Facilitator, today: date, *, by: User, at: datetime) -> None:
    mine = RoleAssignment.objects.filter(
        user_id=facilitator.user_id, program_id=facilitator.program_id, role=Role.FACILITATOR
    )
    if mine.in_force(today).exists():
        return
    later = mine.filter(starts_on__gt=today).order_by("starts_on").first()
    given = RoleAssignment.objects.create(
        user_id=facilitator.user_id,
        program_id=facilitator.program_id,
        role=Role.FACILITATOR,
        starts_on=today,
        ends_on=later.starts_on - timedelta(days=1) if later else None,
        granted_by=by,
    )
    user = str(facilitator.user_id)
    record("role.given", by=by, at=at, obj=given, user=user, role=Role.FACILITATOR.value)


def _end_role(facilitator: Facilitator, today: date, *, by: User, at: datetime) -> None:
    """From this minute on; a role that began today never held."""
    mine = RoleAssignment.objects.filter(
        Q(ends_on=None) | Q(ends_on__gte=today),
        user_id=facilitator.user_id,
        program_id=facilitator.program_id,
        role=Role.FACILITATOR,
    )
    for held in mine.select_for_update():
        record(
            "role.ended",
            by=by,
            at=at,
            obj=held,
            user=str(facilitator.user_id),
            role=Role.FACILITATOR.value,
        )
        if held.starts_on >= today:
            held.delete()
        else:
            held.ends_on = today - timedelta(days=1)
            held.save(update_fields=["ends_on"])
