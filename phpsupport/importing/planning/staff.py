"""staff.csv and training.csv against the program's people."""

from collections import defaultdict
from datetime import date
from uuid import UUID

from facilitators.models import (
    Certification,
    CertificationKind,
    Facilitator,
    Stage,
    TrainingRecord,
    TrainingRequirement,
)
from facilitators.taxonomy import TRAINING_AREAS
from participants.models import Participant
from phpsupport.access.actions import roles_to_give
from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.importing.planning.desk import Desk, Person, same, told
from phpsupport.importing.readers import Row
from phpsupport.importing.report import State, shown
from phpsupport.lib import wording
from phpsupport.users.models import User

VALIDITY_MONTHS = 12  # of a training area that an import adds; the program checks it
CERTIFICATIONS = {
    "peer specialist certification": CertificationKind.FULL,
    "initial peer specialist certification": CertificationKind.INITIAL,
}
FIELDS = {
    name: name
    for name in ("phone", "employment", "alumni_of_program", "max_groups_per_day", "hired_on")
}
LONG_NAMES = {"max_groups_per_day": "groups a day", "alumni_of_program": "alumni of the program"}


def plan_staff(desk: Desk) -> None:
    rows = desk.rows("staff")
    facilitators = {
        f.staff_id: f
        for f in Facilitator.objects.filter(program=desk.program).select_related("user")
    }
    of_user = {f.user_id: f for f in facilitators.values()}
    emails = {row.values["email"].lower() for row in rows if "email" in row.values}
    users = {u.email: u for u in User.objects.filter(email__in=emails)}
    known = [u.pk for u in users.values()] + [f.user_id for f in facilitators.values()]
    elsewhere: set[UUID] = set()
    for given in RoleAssignment.objects.filter(user_id__in=known):
        if given.program_id == desk.program.pk:
            desk.assignments[given.user_id].append(given)
        else:
            elsewhere.add(given.user_id)
    charts = Participant.objects.filter(
        user_id__in=known, organization_id=desk.program.site.organization_id, sealed_at=None
    )
    in_care = set(charts.values_list("user_id", flat=True))
    for staff_id, facilitator in facilitators.items():
        desk.people[staff_id] = Person(
            None, facilitator.user, facilitator, _holds(desk, facilitator.user, Role.SUPERVISOR)
        )
    by_id: dict[str, Row] = {}
    by_email: dict[str, Row] = {}
    for row in rows:
        staff_id = row.cells.get("staff_id", "")
        if staff_id and desk.twice(
            row, by_id, staff_id, "staff_id", f"The number {shown(staff_id)}"
        ):
            continue
        _plan_person(desk, row, facilitators, of_user, users, by_email, elsewhere, in_care)
    _plan_supervisors(desk, rows)


def _holds(desk: Desk, user: User, role: Role) -> bool:
    return any(
        a.role == role and (a.ends_on is None or a.ends_on >= desk.today)
        for a in desk.assignments[user.pk]
    )


def _plan_person(
    desk: Desk, row: Row, facilitators: dict[str, Facilitator], of_user: dict[UUID, Facilitator],
    users: dict[str, User], by_email: dict[str, Row], elsewhere: set[UUID], in_care: set[UUID],
) -> None:  # fmt: skip
    staff_id, roles = row.cells["staff_id"], row.get("role", ())
    person = Person(row, supervises=Role.SUPERVISOR in roles)
    desk.people[staff_id] = person
    email = row.get("email", "").lower()
    if email:
        before = by_email.setdefault(email, row)
        if before is not row:
            desk.fault(
                row, "email",
                f"The address is on line {before.line} already. Everybody signs in with an "
                "address of their own.",
            )  # fmt: skip
    if row.wrong:
        return
    facilitator = person.facilitator = facilitators.get(staff_id)
    user = users.get(email)
    if facilitator and facilitator.user.email != email:
        desk.fault(
            row, "email",
            f"{shown(staff_id)} signs in with another address. People change their own address, "
            "in their profile.",
        )  # fmt: skip
        return
    if user and not facilitator and user.pk in of_user:
        desk.fault(
            row, "staff_id",
            f"This address belongs to the number {of_user[user.pk].staff_id}. Write that number.",
        )  # fmt: skip
        return
    if user and not user.is_active:
        desk.fault(row, "email", "This account is closed. Ask your administrator to open it.")
        return
    if user and user.pk in in_care:  # the fault does not say so: whoever imports may not know
        desk.fault(
            row, "email",
            "This account cannot be given a role of staff by a file. Add the person under "
            "Facilitators, or under People and roles.",
        )  # fmt: skip
        return
    state, changes = State.SAME, []
    if user is None:
        user = User(
            email=email, first_name=row.values["first_name"], last_name=row.get("last_name", ""),
            password="!",  # noqa: S106 - no password: nobody can sign in before an invitation
        )  # fmt: skip
        desk.add(user)
        state = State.NEW
    else:
        names = told(row, first_name="first_name", last_name="last_name")
        if user.joined_at is None and user.pk not in elsewhere:
            changes += [name.replace("_", " ") for name in desk.change(user, **names)]
        elif any(getattr(user, name) != value for name, value in names.items()):
            desk.warn(
                row, "first_name",
                f"The account says {user.name}. People change their own name, so it stays.",
            )  # fmt: skip
    person.user = user
    changes += _plan_roles(desk, row, user, roles)
    if Role.FACILITATOR in roles or facilitator:
        if facilitator is None:
            facilitator = Facilitator(
                program=desk.program, user=user, staff_id=staff_id, stage=Stage.ACTIVE,
                languages=list(row.get("languages", ())), **told(row, **FIELDS),
            )  # fmt: skip
            desk.add(facilitator)
            state = State.NEW
        elif facilitator.stage == Stage.ENDED:
            desk.warn(
                row, "staff_id",
                f"The work of {user.name} here has ended, so nothing of it changes. Bring the "
                "person back under Facilitators.",
            )  # fmt: skip
        else:
            values = told(row, **FIELDS)
            if "languages" in row.values:
                values["languages"] = list(row.values["languages"])
            changed = desk.change(facilitator, **values)
            changes += [LONG_NAMES.get(name, name.replace("_", " ")) for name in changed]
        person.facilitator = facilitator
    if row.wrong:
        return
    desk.state(row, State.CHANGED if state == State.SAME and changes else state, changes)


def _plan_roles(desk: Desk, row: Row, user: User, roles: tuple[Role, ...]) -> list[str]:
    given = []
    for role in roles:
        mine = [a for a in desk.assignments[user.pk] if a.role == role]
        if any(a.ends_on is None or a.ends_on >= desk.today for a in mine):
            continue
        if mine:
            ended = max(a.ends_on for a in mine if a.ends_on)
            desk.warn(
                row, "role",
                f"The role of {role.label.lower()} was taken away on {wording.day(ended, year=True)} "
                "and is not given back by an import. Give it under People and roles.",
            )  # fmt: skip
            continue
        if desk.by is not None:
            # Roles are rights: whoever may not give one cannot bring it in by a file either.
            may = roles_to_give(desk.by, desk.program) | {Role.FACILITATOR}
            if user.pk == desk.by.pk:
                desk.fault(row, "role", "This is you. Ask somebody else to change your own roles.")
                continue
            if role not in may:
                desk.fault(
                    row, "role",
                    f"Only a program lead can bring in a {role.label.lower()}. Ask your program "
                    "lead to import this file, or to add the person under People and roles first.",
                )  # fmt: skip
                continue
        assignment = RoleAssignment(
            user=user, program=desk.program, role=role, granted_by=desk.by,
            starts_on=max(desk.today, row.get("hired_on", desk.today)),
        )  # fmt: skip
        desk.add(assignment)
        desk.assignments[user.pk].append(assignment)
        given.append(f"as {role.label.lower()}")
    return given


def _plan_supervisors(desk: Desk, rows: list[Row]) -> None:
    for row in rows:
        wanted = row.get("supervisor_id")
        if not wanted:
            continue
        person = desk.people.get(row.cells["staff_id"])
        supervisor = desk.people.get(wanted)
        if supervisor is None:
            desk.fault(
                row, "supervisor_id",
                f"Nobody has the number {shown(wanted)}. Add the supervisor as a row of the file.",
            )  # fmt: skip
            continue
        if wanted == row.cells["staff_id"]:
            desk.fault(row, "supervisor_id", "Nobody supervises themselves. Name somebody else.")
            continue
        if not supervisor.supervises:
            if not (supervisor.row and "role" in supervisor.row.bad):
                desk.fault(
                    row, "supervisor_id",
                    f"{shown(wanted)} is not a supervisor. Name a supervisor, or correct that role.",
                )  # fmt: skip
            continue
        if row.wrong or person is None or supervisor.user is None:
            continue
        if person.facilitator is None:
            desk.warn(row, "supervisor_id", "A supervisor is kept for facilitators only.")
            continue
        if person.facilitator.stage == Stage.ENDED:
            continue
        if desk.change(person.facilitator, supervisor_id=supervisor.user.pk):
            _, state, changes = desk.states[id(row)]
            if state != State.NEW:
                desk.state(row, State.CHANGED, [*changes, "supervisor"])


def plan_training(desk: Desk) -> None:
    rows = desk.rows("training")
    if not rows:
        return
    requirements = {
        same(r.name): r
        for r in TrainingRequirement.objects.filter(program=desk.program, role=Role.FACILITATOR)
    }
    areas = {same(name): (place, name) for place, (_, name) in enumerate(TRAINING_AREAS)}
    people = [p.facilitator.pk for p in desk.people.values() if p.facilitator]
    records = {
        (r.facilitator_id, r.requirement_id, r.completed_on): r
        for r in TrainingRecord.objects.filter(facilitator_id__in=people)
    }
    certificates: dict[tuple[UUID, object], list[Certification]] = defaultdict(list)
    for kept in Certification.objects.filter(facilitator_id__in=people):
        certificates[kept.facilitator_id, kept.issued_on].append(kept)
    first: dict[object, Row] = {}
    for row in rows:
        staff_id = row.get("staff_id", "")
        person = desk.people.get(staff_id)
        if staff_id and person is None:
            desk.fault(
                row, "staff_id",
                f"Nobody has the number {shown(staff_id)}. Add the person to staff.csv, or correct "
                "the number.",
            )  # fmt: skip
        elif person and person.facilitator is None and not person.wrong:
            desk.fault(
                row, "staff_id",
                f"{shown(staff_id)} is not a facilitator. Training is kept for facilitators.",
            )  # fmt: skip
        name = row.get("requirement", "")
        kind = CERTIFICATIONS.get(same(name))
        requirement = requirements.get(same(name))
        if name and kind is None and requirement is None:
            if same(name) in areas:
                place, name = areas[same(name)]
                requirement = requirements[same(name)] = TrainingRequirement(
                    program=desk.program, name=name, role=Role.FACILITATOR,
                    validity_months=VALIDITY_MONTHS, position=place,
                )  # fmt: skip
                desk.add(requirement)
            else:
                names = [r.name for r in requirements.values()] + [n for _, n in TRAINING_AREAS]
                desk.fault(
                    row, "requirement",
                    f"The program asks for no training called “{shown(name)}”. Write one of "
                    f"{wording.listing(sorted(set(names)), last='or')}, Peer specialist "
                    "certification, or add it under Training first.",
                )  # fmt: skip
        completed, expires = row.get("completed_on"), row.get("expires_on")
        if completed and completed > desk.today:
            desk.fault(
                row,
                "completed_on",
                "This day has not come yet. Import a training once it is completed.",
            )
        if completed and expires and expires < completed:
            desk.fault(
                row, "expires_on",
                f"It runs out before it was completed ({completed.isoformat()}). Correct one of the "
                "two dates.",
            )  # fmt: skip
        if kind is not None:
            for column, words in (
                ("certificate_number", "its number"),
                ("expires_on", "the last day it is valid"),
            ):
                if column not in row.values and column not in row.bad:
                    desk.fault(row, column, f"A certification needs {words}. Fill this cell.")
        if staff_id and name and completed and desk.twice(
            row, first, (staff_id, same(name), completed), "requirement",
            f"This training of {shown(staff_id)} on {completed.isoformat()}",
        ):  # fmt: skip
            continue
        if row.wrong or person is None or person.facilitator is None:
            continue
        if kind is not None:
            _plan_certificate(desk, row, person.facilitator, kind, certificates)
        elif requirement is not None:
            _plan_record(desk, row, person.facilitator, requirement, records)


def _plan_certificate(
    desk: Desk, row: Row, facilitator: Facilitator, kind: CertificationKind,
    stored: dict[tuple[UUID, object], list[Certification]],
) -> None:  # fmt: skip
    values = told(row, number="certificate_number", board="provider", expires_on="expires_on")
    mine = stored.get((facilitator.pk, row.values["completed_on"]), [])
    kept = next((c for c in mine if c.number == values["number"]), mine[0] if mine else None)
    if kept is None:
        desk.add(Certification(
            facilitator=facilitator, kind=kind, issued_on=row.values["completed_on"], **values
        ))  # fmt: skip
        return
    if kept.revoked_on:
        desk.warn(
            row, "requirement", "This certification was revoked. It stays as it is on record."
        )
        desk.state(row, State.SAME)
        return
    changed = desk.change(kept, **values)
    desk.state(
        row, State.CHANGED if changed else State.SAME, [c.replace("_", " ") for c in changed]
    )


def _plan_record(
    desk: Desk, row: Row, facilitator: Facilitator, requirement: TrainingRequirement,
    stored: dict[tuple[UUID, UUID, date], TrainingRecord],
) -> None:  # fmt: skip
    values = told(
        row, hours="hours", expires_on="expires_on", provider="provider",
        certificate_number="certificate_number",
    )  # fmt: skip
    kept = stored.get((facilitator.pk, requirement.pk, row.values["completed_on"]))
    if kept is None:
        desk.add(TrainingRecord(
            facilitator=facilitator, requirement=requirement,
            completed_on=row.values["completed_on"], **values,
        ))  # fmt: skip
        return
    differs = [name for name, value in values.items() if getattr(kept, name) != value]
    if differs and (kept.verified_at or kept.revoked_on):
        what = "verified" if kept.verified_at else "revoked"
        desk.fault(
            row, differs[0],
            f"This training was {what} with other details. Change it under Training, or write what "
            "is on record.",
        )  # fmt: skip
        return
    changed = desk.change(kept, **values)
    desk.state(
        row, State.CHANGED if changed else State.SAME, [c.replace("_", " ") for c in changed]
    )
