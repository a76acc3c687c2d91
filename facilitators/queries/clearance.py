"""Clearance for whole sets of facilitators and days, in three queries however many they are.

found = clearances([ana.pk, devon.pk], days)      # {(facilitator id, day): Clearance}
file = files_of([ana.pk])[ana.pk]                 # or keep what it is computed from
file.on(day), file.on(day, as_lead=False), file.rules.policy_on(day)
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from json import loads
from typing import Any, Final
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject

from facilitators import clearance as pure
from facilitators.models import (
    Certification,
    ClearanceOverride,
    Facilitator,
    Leave,
    Stage,
    TrainingRecord,
    TrainingRequirement,
)
from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.lib.clock import local_date
from phpsupport.lib.periods import Period
from phpsupport.programs.models import PolicyProfile, Program
from phpsupport.programs.policy import after

# Who may stand beside a lead. Whoever may lead by the program's rules may do so as well.
CO_STAGES: Final = frozenset(
    {Stage.SHADOWING, Stage.CO_FACILITATING, Stage.CERTIFIED, Stage.ACTIVE}
)


@dataclass(frozen=True)
class Training:
    """A training on record."""

    id: UUID
    requirement_id: UUID
    completed_on: date
    expires_on: date | None
    revoked_on: date | None
    verified_at: datetime | None
    verified_by: str
    hours: float | None
    provider: str
    certificate_number: str


@dataclass(frozen=True)
class Credential:
    """A certification on record."""

    id: UUID
    kind: str
    number: str
    board: str
    issued_on: date
    expires_on: date
    revoked_on: date | None


@dataclass(frozen=True)
class Away:
    """Leave that was not cancelled."""

    id: UUID
    from_on: date
    until_on: date


@dataclass(frozen=True)
class Allowed:
    """A supervisor's decision that somebody may lead although something is missing."""

    id: UUID
    from_on: date
    until_on: date
    reason: str
    by_name: str
    withdrawn_on: date | None

    def period(self) -> Period[date] | None:
        """The days on which it counts; None when it was withdrawn before it began."""
        last = self.until_on
        if self.withdrawn_on is not None:
            last = min(last, self.withdrawn_on - timedelta(days=1))
        return Period.days(self.from_on, last) if last >= self.from_on else None


@dataclass
class ProgramRules:
    """A program's requirements and its dated rules."""

    program_id: UUID
    requirements: tuple[TrainingRequirement, ...] = ()
    profiles: tuple[tuple[date, dict[str, Any]], ...] = ()  # what was set, the last word last
    _policies: dict[int, dict[str, Any]] = field(default_factory=dict, repr=False)
    _requirements: dict[date, tuple[pure.Requirement, ...]] = field(
        default_factory=dict, repr=False
    )
    _rules: dict[date, pure.Rules] = field(default_factory=dict, repr=False)

    def policy_on(self, day: date) -> dict[str, Any]:
        """The rules in force on `day`."""
        begun = sum(since <= day for since, _ in self.profiles)
        if begun not in self._policies:
            self._policies[begun] = after(rules for _, rules in self.profiles[:begun])
        return self._policies[begun]

    def asked_on(self, day: date) -> tuple[pure.Requirement, ...]:
        """What is asked of a facilitator on `day`: what had been retired by then is not."""
        if day not in self._requirements:
            self._requirements[day] = tuple(
                pure.Requirement(str(r.pk), r.name, r.validity_months, r.required)
                for r in self.requirements
                if r.retired_on is None or day < r.retired_on
            )
        return self._requirements[day]

    def rules_on(self, day: date) -> pure.Rules:
        """The part of the policy that clearance asks for."""
        if day not in self._rules:
            policy = self.policy_on(day)
            self._rules[day] = pure.Rules(
                soon_days=tuple(policy["soon_days"]),
                lead_stages=frozenset(policy["stages_that_lead"]),
                co_stages=CO_STAGES,
            )
        return self._rules[day]


@dataclass
class ClearanceFile:
    """Everything that clearance of one facilitator is computed from."""

    facilitator: Facilitator
    rules: ProgramRules
    trainings: tuple[Training, ...] = ()
    credentials: tuple[Credential, ...] = ()
    roles: tuple[Period[date], ...] = ()  # when they hold the role of a facilitator here
    leave: tuple[Away, ...] = ()
    overrides: tuple[Allowed, ...] = ()
    _standing: dict[tuple[int, bool], pure.Clearance] = field(
        default_factory=dict, repr=False, compare=False
    )

    @cached_property
    def held(self) -> tuple[pure.Held, ...]:
        return tuple(
            pure.Held(str(t.requirement_id), t.completed_on, t.expires_on, t.revoked_on)
            for t in self.trainings
        )

    @cached_property
    def certified(self) -> tuple[pure.Credential, ...]:
        return tuple(
            pure.Credential(c.kind, c.issued_on, c.expires_on, c.revoked_on)
            for c in self.credentials
        )

    @cached_property
    def away(self) -> tuple[Period[date], ...]:
        return tuple(Period.days(a.from_on, a.until_on) for a in self.leave)

    @cached_property
    def _lifted(self) -> tuple[pure.Override, ...]:
        return tuple(
            pure.Override(o.reason, o.by_name, period)
            for o in self.overrides
            if (period := o.period()) is not None
        )

    def stage_on(self, day: date) -> str:
        """The stage, and "ended" after the last day of work."""
        last = self.facilitator.ended_on
        return Stage.ENDED if last is not None and day > last else self.facilitator.stage

    def on(self, day: date, *, as_lead: bool = True, ask_role: bool = True) -> pure.Clearance:
        """Whether this facilitator may lead (or co-facilitate) on `day`, with the reasons.

        Without `ask_role` whether they hold the role that day is left out.
        """
        return pure.clearance(
            day,
            stage=self.stage_on(day),
            requirements=self.rules.asked_on(day),
            held=self.held,
            credentials=self.certified,
            roles=self.roles if ask_role else None,
            leave=self.away,
            override=next((o for o in self._lifted if day in o.period), None),
            as_lead=as_lead,
            rules=self.rules.rules_on(day),
        )

    @cached_property
    def turns(self) -> list[date]:
        """The days on which the answer can change: between two of them it is the same."""
        found: set[date | None] = {since for since, _ in self.rules.profiles}
        found |= {r.retired_on for r in self.rules.requirements if r.retired_on}
        asked = {
            str(r.pk): pure.Requirement(str(r.pk), r.name, r.validity_months, r.required)
            for r in self.rules.requirements
        }
        for training in self.held:
            requirement = asked.get(training.requirement)
            if requirement:
                found |= {training.completed_on, training.revoked_on}
                found.add(_after(pure.last_valid_day(requirement, training)))
        for credential in self.certified:
            found |= {
                credential.issued_on, credential.revoked_on, _after(credential.expires_on),
            }  # fmt: skip
        for period in (*self.roles, *self.away, *(o.period for o in self._lifted)):
            found |= {period.start, period.end}
        found.add(_after(self.facilitator.ended_on))
        return sorted(day for day in found if day is not None)

    def standing_on(self, day: date, *, as_lead: bool = True) -> pure.Clearance:
        """Like `on`, reckoned once for all days between two turns; what runs out soon, which each
        day tells anew, is left out."""
        place = (bisect_right(self.turns, day), as_lead)
        if place not in self._standing:
            self._standing[place] = replace(self.on(day, as_lead=as_lead), expiring=())
        return replace(self._standing[place], day=day)

    def cells_on(self, day: date) -> list[tuple[pure.Requirement, pure.Cell]]:
        """How each requirement stands on `day`, for the matrix."""
        soon = self.rules.rules_on(day).soon_days
        return [(r, pure.cell(r, self.held, day, soon)) for r in self.rules.asked_on(day)]

    def credential_cell_on(self, day: date) -> pure.Cell:
        """How the certification stands on `day`."""
        return pure.credential_cell(self.certified, day, self.rules.rules_on(day).soon_days)

    def credential_kind_on(self, day: date) -> str:
        """ "full", "initial", or "" without a valid certification."""
        found = pure.credential_on(self.certified, day)
        return found.kind if found else ""


def _after(last: date | None) -> date | None:
    return None if last is None or last == date.max else last + timedelta(days=1)


# --- reading --------------------------------------------------------------------------------------
def clearances(
    facilitator_ids: Iterable[UUID], days: Iterable[date], *, as_lead: bool = True
) -> dict[tuple[UUID, date], pure.Clearance]:
    """Clearance of each facilitator on each day: three queries. An unknown id is left out."""
    wanted = sorted(set(days))
    return {
        (pk, day): file.on(day, as_lead=as_lead)
        for pk, file in files_of(facilitator_ids).items()
        for day in wanted
    }


def files_of(facilitator_ids: Iterable[UUID]) -> dict[UUID, ClearanceFile]:
    """What clearance is computed from, by facilitator: three queries."""
    return load_files(Facilitator.objects.filter(pk__in=set(facilitator_ids)))


def load_files(
    facilitators: QuerySet[Facilitator], *, rules: ProgramRules | None = None
) -> dict[UUID, ClearanceFile]:
    """The same for any queryset, in its order; annotations on it stay on `file.facilitator`.

    One query, and two more for the rules unless those of the one program are given.
    """
    rows = list(
        facilitators.select_related("user", "supervisor", "program__site").annotate(
            _trainings=_TRAININGS,
            _credentials=_CREDENTIALS,
            _roles=_ROLES,
            _leave=_LEAVE,
            _overrides=_OVERRIDES,
        )
    )
    by_program = (
        {rules.program_id: rules} if rules else program_rules({row.program_id for row in rows})
    )
    return {
        row.pk: file_from(
            row,
            {
                "trainings": row._trainings, "credentials": row._credentials,
                "roles": row._roles, "leave": row._leave, "overrides": row._overrides,
            },
            rules=by_program[row.program_id],
            zone=row.program.zone,
        )
        for row in rows
    }  # fmt: skip


def program_rules(program_ids: Iterable[UUID]) -> dict[UUID, ProgramRules]:
    """Requirements and dated rules of programs: two queries."""
    wanted = set(program_ids)
    requirements: dict[UUID, list[TrainingRequirement]] = {}
    for requirement in TrainingRequirement.objects.filter(
        program_id__in=wanted, role=Role.FACILITATOR
    ).order_by("position", "name"):
        requirements.setdefault(requirement.program_id, []).append(requirement)
    profiles: dict[UUID, list[tuple[date, dict[str, Any]]]] = {}
    for program_id, since, rules in (
        PolicyProfile.objects.filter(program_id__in=wanted)
        .in_order()
        .values_list("program_id", "effective_from", "rules")
    ):
        profiles.setdefault(program_id, []).append((since, rules))
    return {
        pk: ProgramRules(pk, tuple(requirements.get(pk, ())), tuple(profiles.get(pk, ())))
        for pk in wanted
    }


def _rows(model: Any, order: tuple[str, ...], **columns: str) -> ArraySubquery:
    rows = model.objects.filter(facilitator=OuterRef("pk")).order_by(*order)
    if model is Leave:
        rows = rows.filter(cancelled_at=None)
    return ArraySubquery(rows.values(row=JSONObject(id="pk", **columns)))


def _person(path: str) -> dict[str, str]:
    return {name: f"{path}__{name}" for name in ("first_name", "preferred_name", "last_name")}


_TRAININGS = _rows(
    TrainingRecord,
    ("-completed_on", "pk"),
    requirement_id="requirement_id",
    completed_on="completed_on",
    expires_on="expires_on",
    revoked_on="revoked_on",
    verified_at="verified_at",
    hours="hours",
    provider="provider",
    certificate_number="certificate_number",
    **_person("verified_by"),
)
_CREDENTIALS = _rows(
    Certification,
    ("-issued_on", "pk"),
    kind="kind",
    number="number",
    board="board",
    issued_on="issued_on",
    expires_on="expires_on",
    revoked_on="revoked_on",
)
_ROLES = ArraySubquery(
    RoleAssignment.objects.filter(
        user=OuterRef("user"), program=OuterRef("program"), role=Role.FACILITATOR
    )
    .order_by("starts_on")
    .values(row=JSONObject(from_on="starts_on", until_on="ends_on"))
)
_LEAVE = _rows(Leave, ("from_on",), from_on="from_on", until_on="until_on")
_OVERRIDES = _rows(
    ClearanceOverride,
    ("-from_on", "pk"),
    from_on="from_on",
    until_on="until_on",
    reason="reason",
    withdrawn_at="withdrawn_at",
    **_person("given_by"),
)


# The same for a statement written by hand, about the facilitator `f`.
FILE_SQL: Final = """
jsonb_build_object(
    'trainings', (
        SELECT COALESCE(jsonb_agg(jsonb_build_object(
            'id', t.id, 'requirement_id', t.requirement_id, 'completed_on', t.completed_on,
            'expires_on', t.expires_on, 'revoked_on', t.revoked_on, 'verified_at', t.verified_at,
            'hours', t.hours, 'provider', t.provider, 'certificate_number', t.certificate_number,
            'first_name', u.first_name, 'preferred_name', u.preferred_name, 'last_name', u.last_name
        ) ORDER BY t.completed_on DESC, t.id), '[]')
        FROM facilitators_trainingrecord t LEFT JOIN users_user u ON u.id = t.verified_by_id
        WHERE t.facilitator_id = f.id
    ),
    'credentials', (
        SELECT COALESCE(jsonb_agg(jsonb_build_object(
            'id', c.id, 'kind', c.kind, 'number', c.number, 'board', c.board,
            'issued_on', c.issued_on, 'expires_on', c.expires_on, 'revoked_on', c.revoked_on
        ) ORDER BY c.issued_on DESC, c.id), '[]')
        FROM facilitators_certification c WHERE c.facilitator_id = f.id
    ),
    'roles', (
        SELECT COALESCE(jsonb_agg(jsonb_build_object(
            'from_on', a.starts_on, 'until_on', a.ends_on
        ) ORDER BY a.starts_on), '[]')
        FROM access_roleassignment a
        WHERE a.user_id = f.user_id AND a.program_id = f.program_id AND a.role = 'facilitator'
    ),
    'leave', (
        SELECT COALESCE(jsonb_agg(jsonb_build_object(
            'id', l.id, 'from_on', l.from_on, 'until_on', l.until_on
        ) ORDER BY l.from_on), '[]')
        FROM facilitators_leave l WHERE l.facilitator_id = f.id AND l.cancelled_at IS NULL
    ),
    'overrides', (
        SELECT COALESCE(jsonb_agg(jsonb_build_object(
            'id', o.id, 'from_on', o.from_on, 'until_on', o.until_on, 'reason', o.reason,
            'withdrawn_at', o.withdrawn_at,
            'first_name', u.first_name, 'preferred_name', u.preferred_name, 'last_name', u.last_name
        ) ORDER BY o.from_on DESC, o.id), '[]')
        FROM facilitators_clearanceoverride o LEFT JOIN users_user u ON u.id = o.given_by_id
        WHERE o.facilitator_id = f.id
    )
)"""


REQUIREMENT_SQL: Final = """
jsonb_build_object(
    'id', r.id, 'name', r.name, 'months', r.validity_months, 'required', r.required,
    'position', r.position, 'retired', r.retired_on
)"""
POLICY_SQL: Final = """
jsonb_build_object(
    'since', policy.effective_from, 'set', policy.set_at, 'rules', policy.rules
)"""
_FILES: Final = f"""
SELECT 'policy', {POLICY_SQL}
FROM programs_policyprofile policy WHERE policy.program_id = %(program)s
UNION ALL
SELECT 'requirement', {REQUIREMENT_SQL}
FROM facilitators_trainingrequirement r
WHERE r.program_id = %(program)s AND r.role = 'facilitator'
UNION ALL
SELECT 'file', {FILE_SQL} || jsonb_build_object(
    'id', f.id, 'user', f.user_id, 'stage', f.stage, 'ended_on', f.ended_on)
FROM facilitators_facilitator f
WHERE f.id = ANY(%(facilitators)s::uuid[]) AND f.program_id = %(program)s
"""  # noqa: S608 (put together from constants)


def files_in(program: Program, facilitator_ids: Iterable[UUID]) -> dict[UUID, ClearanceFile]:
    """What clearance of facilitators of one program is computed from. One query.

    The facilitators of these files have their stage and last day, and nothing else.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FILES, {"program": program.pk, "facilitators": list(facilitator_ids)})
        by_tag: dict[str, list[Any]] = {}
        for tag, data in cursor.fetchall():
            by_tag.setdefault(tag, []).append(loads(data))
    rules = rules_from(program.pk, by_tag.get("policy", ()), by_tag.get("requirement", ()))
    return {
        UUID(data["id"]): file_from(
            Facilitator(
                pk=UUID(data["id"]), program_id=program.pk, user_id=UUID(data["user"]),
                stage=data["stage"], ended_on=_date(data["ended_on"]),
            ),
            data, rules=rules, zone=program.zone,
        )
        for data in by_tag.get("file", ())
    }  # fmt: skip


def rules_from(
    program_id: UUID,
    policies: Iterable[Mapping[str, Any]],
    requirements: Iterable[Mapping[str, Any]],
) -> ProgramRules:
    """A program's rules from their parts as JSON has them."""
    return ProgramRules(
        program_id,
        requirements=tuple(
            TrainingRequirement(
                pk=UUID(r["id"]), program_id=program_id, role=Role.FACILITATOR, name=r["name"],
                validity_months=r["months"], required=r["required"], position=r["position"],
                retired_on=_date(r["retired"]),
            )
            for r in sorted(requirements, key=lambda r: (r["position"], r["name"]))
        ),
        profiles=tuple(
            (date.fromisoformat(p["since"]), p["rules"])
            for p in sorted(policies, key=lambda p: (p["since"], _instant(p["set"])))
        ),
    )  # fmt: skip


def file_from(
    facilitator: Facilitator,
    parts: Mapping[str, Iterable[Mapping[str, Any]]],
    *,
    rules: ProgramRules,
    zone: str,
) -> ClearanceFile:
    """A file from its parts as JSON has them."""
    return ClearanceFile(
        facilitator=facilitator,
        rules=rules,
        trainings=tuple(
            Training(
                id=UUID(t["id"]),
                requirement_id=UUID(t["requirement_id"]),
                completed_on=date.fromisoformat(t["completed_on"]),
                expires_on=_date(t["expires_on"]),
                revoked_on=_date(t["revoked_on"]),
                verified_at=_instant(t["verified_at"]),
                verified_by=_name(t),
                hours=t["hours"],
                provider=t["provider"],
                certificate_number=t["certificate_number"],
            )
            for t in parts["trainings"]
        ),
        credentials=tuple(
            Credential(
                id=UUID(c["id"]),
                kind=c["kind"],
                number=c["number"],
                board=c["board"],
                issued_on=date.fromisoformat(c["issued_on"]),
                expires_on=date.fromisoformat(c["expires_on"]),
                revoked_on=_date(c["revoked_on"]),
            )
            for c in parts["credentials"]
        ),
        roles=tuple(
            Period.days(date.fromisoformat(r["from_on"]), _date(r["until_on"]))
            for r in parts["roles"]
        ),
        leave=tuple(
            Away(
                UUID(a["id"]),
                date.fromisoformat(a["from_on"]),
                date.fromisoformat(a["until_on"]),
            )
            for a in parts["leave"]
        ),
        overrides=tuple(
            Allowed(
                id=UUID(o["id"]),
                from_on=date.fromisoformat(o["from_on"]),
                until_on=date.fromisoformat(o["until_on"]),
                reason=o["reason"],
                by_name=_name(o),
                withdrawn_on=(
                    local_date(at, zone) if (at := _instant(o["withdrawn_at"])) else None
                ),
            )
            for o in parts["overrides"]
        ),
    )


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _name(row: Mapping[str, Any]) -> str:
    first = row["preferred_name"] or row["first_name"] or ""
    return f"{first} {row['last_name'] or ''}".strip()
