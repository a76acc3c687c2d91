"""Whether a facilitator may lead on a given day, and why not. Pure: values in, sentences out.

Source: the program's rules on the peer workforce. A facilitator may lead a session only if the
credential and every required training is valid ON THE DAY of the session. What expires warns
beforehand; what has expired flags and never deletes; a supervisor may override with a reason.

Decisions:

* `expires_on` is the last day on which a record is valid: it runs out at the end of that day.
  A record completed on 31 Jan with a validity of one month is valid through the last day of Feb.
* A date of expiry on the record (from the certificate) goes before the validity of the requirement.
* A revoked record is not valid from the day of the revocation on.
* Of several records for one requirement the one that is valid longest counts.
* Who does not hold the role of a peer facilitator in the program on the day does not lead: they
  could not even open the session. Several spans of the role may follow one another.
* Leave, the want of the role and a stage at which nobody leads are not lifted by an override; a
  missing, expired or revoked training or credential, and a stage on the way to certification, are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from dateutil.relativedelta import relativedelta

from phpsupport.lib import wording
from phpsupport.lib.periods import Period

SOON_DAYS: Final = (90, 60, 30, 14, 7)  # days before expiry at which people are warned


class Stage(StrEnum):
    """Where a facilitator stands on the way (the pipeline of the peer workforce)."""

    NOMINATED = "nominated"
    INVITED = "invited"
    INTERESTED = "interested"
    SCREENED = "screened"
    TRAINING = "training"
    SHADOWING = "shadowing"
    CO_FACILITATING = "co_facilitating"
    CERTIFIED = "certified"
    ACTIVE = "active"
    ON_LEAVE = "on_leave"
    ENDED = "ended"


class Code(StrEnum):
    """Why somebody is not cleared; stable words for code and tests."""

    STAGE = "stage"
    ENDED = "ended"
    ROLE = "role"
    LEAVE = "leave"
    CREDENTIAL_MISSING = "credential_missing"
    CREDENTIAL_EXPIRED = "credential_expired"
    CREDENTIAL_REVOKED = "credential_revoked"
    TRAINING_MISSING = "training_missing"
    TRAINING_EXPIRED = "training_expired"
    TRAINING_REVOKED = "training_revoked"


# Nobody leads at these, whatever a supervisor says.
NEVER_LIFTED: Final = frozenset({Code.ENDED, Code.ROLE, Code.LEAVE})


class State(StrEnum):
    """The state of one cell of the training matrix."""

    MISSING = "missing"
    CURRENT = "current"
    SOON = "soon"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True)
class Requirement:
    """A training area that facilitators hold. `validity_months` None means it does not run out."""

    key: str
    name: str
    validity_months: int | None = None
    required: bool = True


@dataclass(frozen=True)
class Held:
    """A training that was completed. `requirement` is the requirement's key."""

    requirement: str
    completed_on: date
    expires_on: date | None = None
    revoked_on: date | None = None


@dataclass(frozen=True)
class Credential:
    """A certification. `kind` is "initial" or "full"; without `expires_on` it does not run out."""

    kind: str
    issued_on: date
    expires_on: date | None = None
    revoked_on: date | None = None


@dataclass(frozen=True)
class Override:
    """A supervisor's word that somebody may lead in spite of a gap, for a period of days."""

    reason: str
    by_name: str
    period: Period[date]

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ValueError("an override needs a reason")


@dataclass(frozen=True)
class Rules:
    """What a program sets itself (from its policy profile).

    `co_stages` are the stages at which somebody may co-facilitate but not lead. The two flags say
    what a co-facilitator needs.
    """

    soon_days: tuple[int, ...] = SOON_DAYS
    lead_stages: frozenset[str] = frozenset({Stage.CERTIFIED, Stage.ACTIVE})
    co_stages: frozenset[str] = frozenset({Stage.SHADOWING, Stage.CO_FACILITATING})
    co_needs_credential: bool = False
    co_needs_training: bool = True


@dataclass(frozen=True)
class Reason:
    """One thing that stands against leading. `about` is the requirement's key or ''."""

    code: Code
    sentence: str
    about: str = ""


@dataclass(frozen=True)
class Expiring:
    """Something valid that runs out soon: its last valid day, days until then, threshold met."""

    name: str
    on: date
    days: int
    threshold: int


@dataclass(frozen=True)
class Clearance:
    """The answer for one day. With an override in force `reasons` still says what it lifts."""

    day: date
    cleared: bool
    reasons: tuple[Reason, ...] = ()
    expiring: tuple[Expiring, ...] = ()
    overridden_by: Override | None = None

    @property
    def sentence(self) -> str:
        """All reasons in one text; "Cleared." where there is none."""
        words = " ".join(reason.sentence for reason in self.reasons)
        if self.overridden_by:
            by = self.overridden_by
            return f"{words} {by.by_name} allows it: {by.reason.strip().rstrip('.')}."
        return words or "Cleared."


@dataclass(frozen=True)
class Cell:
    """One cell of the training matrix. `on` is the last valid day, or the day of revocation."""

    state: State
    sentence: str
    on: date | None = None
    days: int | None = None

    @property
    def is_valid(self) -> bool:
        """Whether the training counts on the day."""
        return self.state in (State.CURRENT, State.SOON)


# --- one record -----------------------------------------------------------------------------------
def last_valid_day(requirement: Requirement, record: Held) -> date | None:
    """The last day on which `record` can be valid; None when it does not run out."""
    if record.expires_on is not None:
        return record.expires_on
    if requirement.validity_months is None:
        return None
    try:
        return record.completed_on + relativedelta(months=requirement.validity_months)
    except (ValueError, OverflowError):  # past the last date there is
        return date.max


def _valid(since: date, until: date | None, revoked_on: date | None, day: date) -> bool:
    return (
        since <= day
        and (until is None or day <= until)
        and (revoked_on is None or day < revoked_on)
    )


@dataclass(frozen=True)
class _Term:
    """A training or credential as a span of days."""

    since: date
    until: date | None
    revoked_on: date | None

    def valid_on(self, day: date) -> bool:
        return _valid(self.since, self.until, self.revoked_on, day)

    @property
    def rank(self) -> tuple[date, date]:
        return (self.until or date.max, self.since)


def _terms(requirement: Requirement, held: Iterable[Held]) -> list[_Term]:
    return [
        _Term(record.completed_on, last_valid_day(requirement, record), record.revoked_on)
        for record in held
        if record.requirement == requirement.key
    ]


def _judge(name: str, terms: Sequence[_Term], day: date, soon_days: Iterable[int]) -> Cell:
    valid = [term for term in terms if term.valid_on(day)]
    if valid:
        until = max(valid, key=lambda term: term.rank).until
        if until is None:
            return Cell(State.CURRENT, f"{name} is current and does not run out.")
        days = (until - day).days
        if days <= max(soon_days, default=-1):
            left = "today" if days == 0 else f"in {wording.count(days, 'day')}"
            words = f"{name} runs out {left}, at the end of {wording.date_in_full(until)}."
            return Cell(State.SOON, words, until, days)
        words = f"{name} is current through {wording.date_in_full(until)}."
        return Cell(State.CURRENT, words, until, days)
    begun = [term for term in terms if term.since <= day]
    if not begun:
        if terms:
            first = min(term.since for term in terms)
            words = f"{name} starts only on {wording.date_in_full(first)}."
            return Cell(State.MISSING, words, first)
        return Cell(State.MISSING, f"{name} is missing.")
    # The most recent word about it: a later certificate that ran out goes before an earlier
    # revocation, and a revocation before the expiry it cut short.
    # Of two alike, the revoked one speaks: it says more than having run out.
    last = max(begun, key=lambda term: (term.since, term.rank, term.revoked_on or date.min))
    if last.revoked_on is not None and last.revoked_on <= day:
        words = f"{name} was revoked on {wording.date_in_full(last.revoked_on)}."
        return Cell(State.REVOKED, words, last.revoked_on)
    ended = max((t for t in begun if t.until and t.until < day), key=lambda t: t.rank)
    words = f"{name} counts only through {wording.date_in_full(ended.until or day)}."
    return Cell(State.EXPIRED, words, ended.until, ((ended.until or day) - day).days)


def cell(
    requirement: Requirement,
    held: Iterable[Held],
    day: date,
    soon_days: Iterable[int] = SOON_DAYS,
) -> Cell:
    """How `requirement` stands on `day`, for the training matrix; other records are ignored."""
    return _judge(requirement.name, _terms(requirement, held), day, tuple(soon_days))


def credential_cell(
    credentials: Iterable[Credential], day: date, soon_days: Iterable[int] = SOON_DAYS
) -> Cell:
    """How the certification stands on `day`, in the same words."""
    terms = [_Term(c.issued_on, c.expires_on, c.revoked_on) for c in credentials]
    return _judge("The certification", terms, day, tuple(soon_days))


def credential_on(credentials: Iterable[Credential], day: date) -> Credential | None:
    """The credential that counts on `day` (for the note's header); None when none is valid."""
    valid = [c for c in credentials if _valid(c.issued_on, c.expires_on, c.revoked_on, day)]
    # A full certification goes before an initial one, then the one that lasts longest.
    return max(
        valid,
        key=lambda c: (c.kind == "full", c.expires_on or date.max, c.issued_on),
        default=None,
    )


# --- the whole question ---------------------------------------------------------------------------
_TRAINING_CODES: Final = {
    State.MISSING: Code.TRAINING_MISSING,
    State.EXPIRED: Code.TRAINING_EXPIRED,
    State.REVOKED: Code.TRAINING_REVOKED,
}
_CREDENTIAL_CODES: Final = {
    State.MISSING: Code.CREDENTIAL_MISSING,
    State.EXPIRED: Code.CREDENTIAL_EXPIRED,
    State.REVOKED: Code.CREDENTIAL_REVOKED,
}


def clearance(
    day: date,
    *,
    stage: str,
    requirements: Iterable[Requirement],
    held: Iterable[Held],
    credentials: Iterable[Credential],
    roles: Iterable[Period[date]] | None = None,
    leave: Iterable[Period[date]] = (),
    override: Override | None = None,
    as_lead: bool = True,
    rules: Rules | None = None,
) -> Clearance:
    """Whether somebody may lead (or, with `as_lead` False, co-facilitate) on `day`, and why not.

    `roles` are the days on which they hold the role of a peer facilitator here; None does not ask.
    Reasons come in the order stage, role, leave, certification, trainings as given. `expiring`
    names what is valid on `day` and runs out within the widest of `rules.soon_days`, the soonest
    first; nothing of it takes clearance away. Adding a valid record never takes clearance away.
    """
    rules = rules or Rules()
    held = list(held)
    reasons: list[Reason] = [
        *_stage_reasons(stage, as_lead=as_lead, rules=rules),
        # The end of somebody's work takes the role along and says enough.
        *(_role_reasons(roles, day) if roles is not None and stage != Stage.ENDED else ()),
        *_leave_reasons(leave, day),
    ]
    expiring: list[Expiring] = []

    def weigh(found: Cell, name: str, about: str, codes: dict[State, Code], needed: bool) -> None:
        if found.state in codes:
            if needed:
                reasons.append(Reason(codes[found.state], found.sentence, about))
        elif found.state is State.SOON and found.on is not None and found.days is not None:
            reached = min(days for days in rules.soon_days if days >= found.days)
            expiring.append(Expiring(name, found.on, found.days, reached))

    weigh(
        credential_cell(credentials, day, rules.soon_days),
        "Certification",
        "",
        _CREDENTIAL_CODES,
        as_lead or rules.co_needs_credential,
    )
    for requirement in requirements:
        if requirement.required:
            weigh(
                cell(requirement, held, day, rules.soon_days),
                requirement.name,
                requirement.key,
                _TRAINING_CODES,
                as_lead or rules.co_needs_training,
            )
    in_force = (
        override
        if override is not None
        and override.period.contains(day)
        and reasons
        and not any(reason.code in NEVER_LIFTED for reason in reasons)
        else None
    )
    return Clearance(
        day=day,
        cleared=not reasons or in_force is not None,
        reasons=tuple(reasons),
        expiring=tuple(sorted(expiring, key=lambda item: (item.on, item.name))),
        overridden_by=in_force,
    )


def _stage_reasons(stage: str, *, as_lead: bool, rules: Rules) -> list[Reason]:
    if stage in rules.lead_stages or (stage in rules.co_stages and not as_lead):
        return []
    if stage == Stage.ENDED:
        return [Reason(Code.ENDED, "No longer works with the program.")]
    if stage == Stage.ON_LEAVE:
        return [Reason(Code.LEAVE, "Is on leave.")]
    words = stage.replace("_", "-")
    if stage in rules.co_stages:
        return [Reason(Code.STAGE, f"Is still {words}: may co-facilitate but not lead yet.")]
    act = "lead" if as_lead else "co-facilitate"
    if stage == Stage.TRAINING:
        return [Reason(Code.STAGE, f"Is still in training and may not {act} yet.")]
    return [Reason(Code.STAGE, f"Is at the stage “{words}” and may not {act} yet.")]


def _role_reasons(roles: Iterable[Period[date]], day: date) -> list[Reason]:
    spans = list(roles)
    if any(span.contains(day) for span in spans):
        return []
    over = [last for span in spans if (last := span.last_day) is not None and last < day]
    if over:
        words = f"The role of peer facilitator ended on {wording.date_in_full(max(over))}."
    elif spans:
        first = min(span.start for span in spans)
        words = f"Is a peer facilitator here only from {wording.date_in_full(first)} on."
    else:
        words = "Does not hold the role of peer facilitator here."
    return [Reason(Code.ROLE, words)]


def _leave_reasons(leave: Iterable[Period[date]], day: date) -> list[Reason]:
    for period in leave:
        if period.contains(day):
            last = period.last_day
            until = f" through {wording.date_in_full(last)}" if last else ""
            return [Reason(Code.LEAVE, f"Is on leave{until}.")]
    return []
