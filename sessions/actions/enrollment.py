"""Enrolling up to the cap: a place, or a position in the line."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.db.models import Max

from participants.models import EpisodeOfCare, Participant
from phpsupport.audit.trail import record
from phpsupport.lib import clock, wording
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import policy_in_force
from phpsupport.users.models import User
from sessions.actions.booking import once_more
from sessions.actions.offers import fill_places
from sessions.actions.places import (
    give_place,
    hold_stays,
    lock_series,
)
from sessions.models import (
    Enrollment,
    GroupSeries,
    GroupSession,
    RuleOverride,
    SessionState,
    WaitlistEntry,
)
from sessions.queries.placing import (
    Key,
    Verdict,
    judge,
    last_of,
    may_override,
    shown,
)


@dataclass(frozen=True)
class Placed:
    """What enrolling gave: a place, or a position in the line, with a sentence about it."""

    series: GroupSeries
    participant: Participant
    enrollment: Enrollment | None
    waiting: WaitlistEntry | None
    sentence: str


class Doubtful(Refused):
    """Something speaks against it that a person may decide; `verdicts` are all that were asked."""

    def __init__(self, sentence: str, verdicts: Sequence[Verdict], *, code: str) -> None:
        super().__init__(sentence, code=code)
        self.verdicts = tuple(verdicts)


def enroll(
    *,
    series: GroupSeries,
    participant: Participant,
    from_on: date,
    by: User | None,
    at: datetime,
    until_on: date | None = None,
    leaves_at: time | None = None,
    accept: bool = False,
    override_reason: str = "",
) -> Placed:
    """Give a place, or the next place in the line when the group is full on one of the days.

    `leaves_at` is a planned leaving before the end. `accept` says yes to what warns; a reason sets
    aside what blocks, for those whom the program lets. The same wish again changes nothing.
    """
    return _enroll_all(
        series=[series], people=[participant], from_on=from_on, until_on=until_on,
        leaves={(series.pk, participant.pk): leaves_at}, accept=accept,
        override_reason=override_reason, by=by, at=at,
    )[0]  # fmt: skip


def enroll_in_several(
    *,
    series: Iterable[GroupSeries],
    participant: Participant,
    from_on: date,
    by: User | None,
    at: datetime,
    until_on: date | None = None,
    leaves: Mapping[Key, time | None] | None = None,
    accept: bool = False,
    override_reason: str = "",
) -> list[Placed]:
    """The same in several series at once: all of them, or none when one refuses."""
    chosen = list(series)
    if not chosen:
        raise Refused("Choose at least one group.", field="series", code="required")
    return _enroll_all(
        series=chosen, people=[participant], from_on=from_on, until_on=until_on,
        leaves=leaves or {}, accept=accept, override_reason=override_reason, by=by, at=at,
    )  # fmt: skip


def enroll_several(
    *,
    series: GroupSeries,
    participants: Iterable[Participant],
    from_on: date,
    by: User | None,
    at: datetime,
    until_on: date | None = None,
    leaves: Mapping[Key, time | None] | None = None,
    accept: bool = False,
    override_reason: str = "",
) -> list[Placed]:
    """Several people in one series, in this order: all of them, or none when one is refused."""
    chosen = list(participants)
    if not chosen:
        raise Refused("Choose at least one person.", field="people", code="required")
    return _enroll_all(
        series=[series], people=chosen, from_on=from_on, until_on=until_on,
        leaves=leaves or {}, accept=accept, override_reason=override_reason, by=by, at=at,
    )  # fmt: skip


@once_more
def _enroll_all(
    *,
    series: Sequence[GroupSeries],
    people: Sequence[Participant],
    from_on: date,
    until_on: date | None,
    leaves: Mapping[Key, time | None],
    accept: bool,
    override_reason: str,
    by: User | None,
    at: datetime,
) -> list[Placed]:
    hold_stays([p.pk for p in people])
    locked = lock_series([s.pk for s in series])
    # Whoever waits comes first, should a place have become free meanwhile.
    for one in locked.values():
        fill_places(one, by, at)
    wanted = [locked[pk] for pk in dict.fromkeys(s.pk for s in series)]
    persons = list({p.pk: p for p in people}.values())
    policy = policy_in_force(wanted[0].program_id, clock.local_date(at, wanted[0].zone))
    verdicts = judge(
        series=wanted, people=persons, from_on=from_on, until_on=until_on, at=at, leaves=leaves,
        policy=policy,
    )  # fmt: skip
    _no_doubt(verdicts, policy, accept=accept, reason=override_reason.strip(), by=by)
    placed = [_place(verdict, by, at) for verdict in verdicts]
    blocked = [v for v in verdicts if v.blocked]
    if blocked:
        _keep_overrides(blocked, override_reason.strip(), by, at)
    return placed


def _no_doubt(
    verdicts: Sequence[Verdict],
    policy: Mapping[str, Any],
    *,
    accept: bool,
    reason: str,
    by: User | None,
) -> None:
    """Refuse what cannot be, what blocks and was not set aside, what warns and was not accepted."""
    several = len(verdicts) > 1
    for verdict in verdicts:
        if verdict.refused is not None:
            if not several:
                raise verdict.refused
            raise Doubtful(
                f"{_whose(verdict, verdicts)}: {verdict.refused.sentence}", verdicts,
                code=verdict.refused.code or "refused",
            )  # fmt: skip
    for verdict in verdicts:
        if not verdict.blocked:
            continue
        sentence = verdict.blocked[0].sentence
        if not may_override(by, verdict.series.program_id, policy):
            raise Doubtful(sentence, verdicts, code="blocked")
        if not reason:
            raise Doubtful(f"{sentence} Say why it is right all the same.", verdicts, code="reason")
        if verdict.place:
            raise Doubtful(
                f"{sentence} The group is full as well: decide when a place is free.", verdicts,
                code="blocked",
            )  # fmt: skip
    warned = [doubt for v in verdicts for doubt in v.doubts if not doubt.blocks]
    if warned and not accept:
        raise Doubtful(
            f"{warned[0].sentence} Choose again, or confirm that this is how it should be.",
            verdicts,
            code="doubtful",
        )


def _whose(verdict: Verdict, verdicts: Sequence[Verdict]) -> str:
    one_series = len({v.series.pk for v in verdicts}) == 1
    return shown(verdict.participant) if one_series else verdict.series.group.name


def _place(verdict: Verdict, by: User | None, at: datetime) -> Placed:
    series, person, name = verdict.series, verdict.participant, verdict.series.group.name
    if isinstance(verdict.stands, Enrollment):
        since = wording.day(verdict.stands.from_on)
        return Placed(series, person, verdict.stands, None, f"{name}: has a place from {since}.")
    if verdict.stands is not None:
        return Placed(series, person, None, verdict.stands, f"{name}: waits in line already.")
    ids: dict[str, Any] = {"participant_id": str(person.pk), "series_id": str(series.pk)}
    if not verdict.place:
        place = give_place(
            series, person, verdict.episode, verdict.first, verdict.last, verdict.leaves_at
        )
        record("enrollment.created", by=by, at=at, obj=place, **ids)
        early = f", leaves at {wording.clock_time(place.leaves_at)}" if place.leaves_at else ""
        return Placed(
            series, person, place, None,
            f"{name}: has a place from {wording.day(verdict.first)}{early}.",
        )  # fmt: skip
    entry = _queue(series, person, verdict.episode, verdict.first, verdict.last, at)
    record("waitlist.joined", by=by, at=at, obj=entry, **ids)
    turn = "next in line" if verdict.place == 1 else f"number {verdict.place} in line"
    when = "" if verdict.full_on in (None, verdict.first) else f" on {wording.day(verdict.full_on)}"  # type: ignore[arg-type]
    return Placed(
        series,
        person,
        None,
        entry,
        f"{name} is full{when} ({wording.count(series.capacity, 'place')}): waiting, {turn}.",
    )


def _keep_overrides(blocked: Sequence[Verdict], reason: str, by: User | None, at: datetime) -> None:
    """The reason stands on each coming session of the place, and the act in the trail."""
    if by is None:
        return
    kept = []
    for verdict in blocked:
        sessions = GroupSession.objects.filter(
            series=verdict.series, state=SessionState.SCHEDULED, starts_at__gt=at,
            local_date__gte=verdict.first,
            local_date__lte=last_of(verdict.series, verdict.last),
        ).values_list("pk", flat=True)  # fmt: skip
        kept += [
            RuleOverride(
                program_id=verdict.series.program_id, session_id=pk, rule=doubt.rule,
                sentence=doubt.sentence, reason=reason, by=by, at=at,
            )
            for pk in sessions
            for doubt in verdict.blocked
        ]  # fmt: skip
        record(
            "enrollment.overridden", by=by, at=at, obj=verdict.series,
            participant_id=str(verdict.participant.pk),
            rules=[doubt.rule for doubt in verdict.blocked],
        )  # fmt: skip
    RuleOverride.objects.bulk_create(kept)


def _queue(
    series: GroupSeries,
    participant: Participant,
    episode: EpisodeOfCare | None,
    first: date,
    last: date | None,
    at: datetime,
) -> WaitlistEntry:
    found = WaitlistEntry.objects.filter(series=series).aggregate(last=Max("position"))
    return WaitlistEntry.objects.create(
        program_id=series.program_id,
        series=series,
        participant=participant,
        episode=episode,
        position=(found["last"] or 0) + 1,
        wanted_from=first,
        wanted_until=last,
        queued_at=at,
    )
