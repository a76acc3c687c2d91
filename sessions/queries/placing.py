"""What enrolling would come to, before anything is saved: a place or the line, and what is in the way.

One function judges for the page and, under the lock, for the action, so that both say the same.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q

from facilitators.queries.interests import pairs
from participants.models import EpisodeOfCare, LevelOfCare, Participant
from participants.names import display_name
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.lib import clock, wording
from phpsupport.lib.errors import Refused
from phpsupport.lib.periods import Period
from phpsupport.programs.models import policy_in_force
from phpsupport.users.models import User
from sessions.conflicts import first_date_over_capacity
from sessions.line import falls_inside
from sessions.models import (
    Enrollment,
    GroupKind,
    GroupSeries,
    GroupSession,
    SeriesFacilitator,
    SessionFacilitator,
    SessionState,
    WaitlistEntry,
    WaitOutcome,
)

Key = tuple[UUID, UUID]  # of a series and a participant


@dataclass(frozen=True)
class Doubt:
    """Something that speaks against a place: `block` is refused, `warn` asks for a yes."""

    rule: str
    level: str
    sentence: str

    @property
    def blocks(self) -> bool:
        return self.level == "block"


@dataclass
class Verdict:
    """What one person's wish for one series would come to."""

    series: GroupSeries
    participant: Participant
    first: date
    last: date | None
    episode: EpisodeOfCare | None = None
    refused: Refused | None = None
    doubts: list[Doubt] = field(default_factory=list)
    stands: Enrollment | WaitlistEntry | None = None  # the same wish was granted before
    place: int = 0  # in line; 0 is a place in the group
    full_on: date | None = None
    leaves_at: time | None = None
    facts: list[str] = field(default_factory=list)

    @property
    def key(self) -> Key:
        return (self.series.pk, self.participant.pk)

    @property
    def fine(self) -> bool:
        return self.refused is None and not self.doubts

    @property
    def blocked(self) -> list[Doubt]:
        return [doubt for doubt in self.doubts if doubt.blocks]

    @property
    def waits_in_words(self) -> str:
        turn = "next in line" if self.place == 1 else f"number {self.place} in line"
        when = "" if self.full_on in (None, self.first) else f" on {wording.day(self.full_on)}"
        return f"Full{when} ({wording.count(self.series.capacity, 'place')}): waits, {turn}."


def may_override(user: User | None, program_id: UUID, policy: Mapping[str, Any]) -> bool:
    """Whether the program lets this person set a blocked rule aside."""
    roles = [Role(name) for name in policy["override_by"]]
    return bool(user and roles and scope_of(user).has(program_id, *roles))


def who_overrides(policy: Mapping[str, Any]) -> str:
    """Whom to ask, in words: "a program lead"."""
    asked = [f"a {Role(name).label.lower()}" for name in policy["override_by"]]
    return wording.listing(asked, "or") or "the program"


def judge(
    *,
    series: Sequence[GroupSeries],
    people: Sequence[Participant],
    from_on: date,
    until_on: date | None,
    at: datetime,
    leaves: Mapping[Key, time | None] | None = None,
    policy: Mapping[str, Any] | None = None,
) -> list[Verdict]:
    """Every wish in the given order, earlier ones first to a free place. All of one program.

    `leaves` says when who leaves early; None suggests it from the level of care. Seven queries,
    however many people or series (six where the rules are given); the series come with their
    group.
    """
    if not series or not people:
        return []
    program_id, zone = series[0].program_id, series[0].zone
    policy = policy or policy_in_force(program_id, clock.local_date(at, zone))
    known = _Known.read(series, people, program_id, from_on, at)
    verdicts = [
        _judge_alone(one, person, known, policy, from_on, until_on, at, leaves)
        for one in series
        for person in people
    ]
    _count_places(verdicts, known)
    open_wishes = [v for v in verdicts if v.refused is None and v.stands is None]
    if policy["rule_participant"] != "ignore":
        _tell_overlaps(open_wishes, known, policy["rule_participant"], at, ZoneInfo(zone))
    if policy["rule_interest"] != "ignore":
        apart = kept_apart([s.pk for s in series], [p.pk for p in people], at=at)
        for verdict in open_wishes:
            if verdict.key in apart:
                verdict.doubts.append(
                    Doubt(
                        "rule_interest", policy["rule_interest"], _apart_in_words(verdict, policy)
                    )
                )
    return verdicts


def _apart_in_words(verdict: Verdict, policy: Mapping[str, Any]) -> str:
    name = shown(verdict.participant)
    return (
        f"{name} and somebody who leads {verdict.series.group.name} are kept apart. "
        f"Choose another group, or ask {who_overrides(policy)}."
    )


def shown(person: Participant) -> str:
    """The name as everybody who plans may read it aloud: with the last initial."""
    return display_name(person.first_name, person.last_name, person.preferred_name)


# --- what is on record ------------------------------------------------------------------------------
@dataclass
class _Known:
    stays: dict[UUID, list[EpisodeOfCare]]
    mine: dict[UUID, list[Enrollment]]
    taken: dict[UUID, list[Period[date]]]
    waiting: dict[Key, WaitlistEntry]
    in_line: dict[UUID, int]

    @classmethod
    def read(
        cls,
        series: Sequence[GroupSeries],
        people: Sequence[Participant],
        program_id: UUID,
        from_on: date,
        at: datetime,
    ) -> "_Known":
        ids, persons = [s.pk for s in series], {p.pk for p in people}
        known = cls(defaultdict(list), defaultdict(list), defaultdict(list), {}, defaultdict(int))
        stays = EpisodeOfCare.objects.filter(participant_id__in=persons, program_id=program_id)
        for stay in stays.with_level(from_on).order_by("admitted_on"):
            known.stays[stay.participant_id].append(stay)
        for row in Enrollment.objects.filter(
            Q(series_id__in=ids) | Q(Q(until_on=None) | Q(until_on__gte=from_on),
                                     participant_id__in=persons)
        ):  # fmt: skip
            if row.participant_id in persons:
                known.mine[row.participant_id].append(row)
            if row.series_id in ids:
                known.taken[row.series_id].append(Period.days(row.from_on, row.until_on))
        for entry in waiting_in(ids):
            known.in_line[entry.series_id] += 1
            if entry.participant_id in persons:
                known.waiting[entry.series_id, entry.participant_id] = entry
            if kept := kept_days(entry, at):
                known.taken[entry.series_id].append(kept)
        return known


def waiting_in(series_ids: Iterable[UUID]):  # type: ignore[no-untyped-def]
    """The line of these series, in its order."""
    return WaitlistEntry.objects.filter(
        series_id__in=list(series_ids), outcome=WaitOutcome.WAITING
    ).order_by("series_id", "position")


def kept_days(entry: WaitlistEntry, at: datetime) -> Period[date] | None:
    """The days that a standing offer keeps; None when there is none."""
    if entry.offer_until is None or entry.offer_until <= at or entry.offered_from is None:
        return None
    last = entry.wanted_until
    return Period.days(entry.offered_from, last if last is None or last >= entry.offered_from else entry.offered_from)  # fmt: skip


# --- one wish by itself -----------------------------------------------------------------------------
def _judge_alone(
    series: GroupSeries,
    person: Participant,
    known: _Known,
    policy: Mapping[str, Any],
    from_on: date,
    until_on: date | None,
    at: datetime,
    leaves: Mapping[Key, time | None] | None,
) -> Verdict:
    verdict = Verdict(series, person, max(from_on, series.from_on), until_on)
    try:
        _days_and_stay(verdict, known.stays[person.pk], policy)
        _not_twice(verdict, known)
        if verdict.stands is None:
            _early_leaving(verdict, policy, leaves)
    except Refused as no:
        verdict.refused = no
    return verdict


def _days_and_stay(
    verdict: Verdict, stays: Sequence[EpisodeOfCare], policy: Mapping[str, Any]
) -> None:
    series, name = verdict.series, verdict.series.group.name
    first, until_on = verdict.first, verdict.last
    if until_on is not None and until_on < first:
        raise Refused("The last day comes before the first. Choose a later one.", field="until_on")
    if first > series.until_on:
        raise Refused(
            f"{name} ended on {wording.day(series.until_on, year=True)}. Choose a group that runs.",
            field="from_on",
            code="ended",
        )
    gone = series.group.retired_on
    if gone is not None and gone <= first:
        raise Refused(
            f"{name} is no longer offered to newcomers. Choose another group.",
            field="series",
            code="retired",
        )
    verdict.episode, verdict.last = stay_for(
        series, verdict.participant, first, until_on, stays, policy
    )
    if series.group.kind == GroupKind.ALUMNI:
        if policy["alumni_mixed"] == "warn" and any(_holds(s, first) for s in stays):
            verdict.doubts.append(
                Doubt("alumni_mixed", "warn", "They have an open stay; this is an alumni group.")
            )
    elif verdict.episode is not None and verdict.last != until_on:
        verdict.facts.append(
            f"Their stay ends on {wording.day(verdict.last)}, and the place with it."  # type: ignore[arg-type]
        )


def _holds(stay: EpisodeOfCare, on: date) -> bool:
    return stay.admitted_on <= on and (stay.discharged_on is None or stay.discharged_on >= on)


def stay_for(
    series: GroupSeries,
    person: Participant,
    first: date,
    until_on: date | None,
    stays: Sequence[EpisodeOfCare],
    policy: Mapping[str, Any],
) -> tuple[EpisodeOfCare | None, date | None]:
    """The stay that the place belongs to and the place's last day; refuses who is not here.

    `stays` are all of the person's in the program, by their first day.
    """
    name = series.group.name
    if person.sealed_at is not None:
        raise Refused("This chart is closed. Ask the privacy officer.", code="sealed")
    here = next((s for s in stays if _holds(s, first)), None)
    if series.group.kind == GroupKind.ALUMNI:
        if not any(s.admitted_on <= first for s in stays):
            raise Refused(
                f"{name} is for people who took part in the program.", field="participant",
                code="stranger",
            )  # fmt: skip
        if here is not None and policy["alumni_mixed"] == "block":
            raise Refused(
                f"{name} is for people who finished, and this person has an open stay. "
                "Choose a group of the program, or a day after the discharge.",
                field="from_on",
                code="alumni",
            )
        return None, until_on
    if here is None:
        soon = next((s for s in stays if s.admitted_on > first), None)
        if soon is not None:
            raise Refused(
                f"This person's stay begins on {wording.day(soon.admitted_on, year=True)}. "
                "Choose that day or a later one.",
                field="from_on",
                code="before_admission",
            )
        raise Refused(
            "This person has no open stay on that day. Admit them first, or choose an alumni group.",
            field="from_on",
            code="no_stay",
        )
    if here.discharged_on is None:
        return here, until_on
    return here, min(until_on or here.discharged_on, here.discharged_on)


def _not_twice(verdict: Verdict, known: _Known) -> None:
    """A wish that was granted before is told as it stands; one that only overlaps it is refused."""
    name, person = verdict.series.group.name, verdict.participant
    wanted = days_of(verdict.series, verdict.first, verdict.last)
    for place in known.mine[person.pk]:
        if place.series_id != verdict.series.pk:
            continue
        if (place.from_on, place.until_on) == (verdict.first, verdict.last):
            verdict.stands = place
            return
        if Period.days(place.from_on, place.until_on).overlaps(wanted):
            raise Refused(
                f"This person has a place in {name} in those days already.",
                field="series",
                code="twice",
            )
    entry = known.waiting.get(verdict.key)
    if entry is None:
        return
    if (entry.wanted_from, entry.wanted_until) == (verdict.first, verdict.last):
        verdict.stands = entry
        return
    raise Refused(f"This person is waiting for {name} already.", field="series", code="waiting")


def days_of(series: GroupSeries, first: date, last: date | None) -> Period[date]:
    """The days of a place as far as the series runs."""
    return Period.days(first, last_of(series, last))


def last_of(series: GroupSeries, last: date | None) -> date:
    """The last day of a place, which is never after the series' own."""
    return min(last or series.until_on, series.until_on)


def _early_leaving(
    verdict: Verdict, policy: Mapping[str, Any], leaves: Mapping[Key, time | None] | None
) -> None:
    series = verdict.series
    if leaves is None:
        verdict.leaves_at = suggested_leaving(series, verdict.episode, policy)
        return
    asked = leaves.get(verdict.key)
    if asked is None:
        return
    if not falls_inside(asked, series.starts, series.ends):
        raise Refused(
            f"{series.group.name} runs {wording.span(series.starts, series.ends)}: choose a time "
            "of leaving inside it, or leave it empty.",
            field="leaves_at",
            code="leaves_at",
        )
    verdict.leaves_at = asked


def suggested_leaving(
    series: GroupSeries, stay: EpisodeOfCare | None, policy: Mapping[str, Any]
) -> time | None:
    """When somebody at that level of care usually leaves, if the group runs past it."""
    usual = time.fromisoformat(policy["iop_leaves_at"])
    if getattr(stay, "level", None) != LevelOfCare.IOP:
        return None
    return usual if falls_inside(usual, series.starts, series.ends) else None


# --- wishes beside each other -----------------------------------------------------------------------
def _count_places(verdicts: Iterable[Verdict], known: _Known) -> None:
    """Give the places in order; who finds none stands in line."""
    for verdict in verdicts:
        if verdict.refused is not None or verdict.stands is not None:
            continue
        series = verdict.series
        wanted = days_of(series, verdict.first, verdict.last)
        verdict.full_on = first_date_over_capacity(known.taken[series.pk], series.capacity, wanted)
        if verdict.full_on is None:
            known.taken[series.pk].append(Period.days(verdict.first, verdict.last))
        else:
            known.in_line[series.pk] += 1
            verdict.place = known.in_line[series.pk]


def _tell_overlaps(
    verdicts: Sequence[Verdict], known: _Known, level: str, at: datetime, zone: ZoneInfo
) -> None:
    """Where somebody would be expected twice at one time; each pair of groups once.

    A group of another program is told without its name. Of two groups wanted at once the later in
    the list is marked.
    """
    if not verdicts:
        return
    wanted = {v.key: v for v in verdicts}
    people = {v.participant.pk for v in verdicts}
    held = {p.series_id for pk in people for p in known.mine[pk]}
    first = min(v.first for v in verdicts)
    rows = GroupSession.objects.filter(
        series_id__in=held | {v.series.pk for v in verdicts},
        local_date__gte=first,
        local_date__lte=max(last_of(v.series, v.last) for v in verdicts),
        ends_at__gt=at,
        state__in=[SessionState.SCHEDULED, SessionState.HELD],
    )
    sessions = list(
        rows.order_by("starts_at", "series__group__name", "pk").values_list(
            "series_id", "series__group__name", "program_id", "local_date", "starts_at", "ends_at"
        )
    )
    program_id = verdicts[0].series.program_id
    rank = {v.series.pk: n for n, v in enumerate(verdicts)}
    for person in people:
        places: dict[UUID, list[tuple[Period[date], time | None]]] = defaultdict(list)
        for p in known.mine[person]:
            places[p.series_id].append((Period.days(p.from_on, p.until_on), p.leaves_at))
        for v in verdicts:
            if v.participant.pk == person:
                places[v.series.pk].append((Period.days(v.first, v.last), v.leaves_at))
        running: list[tuple[UUID, str, datetime]] = []
        seen: set[frozenset[UUID]] = set()
        for series_id, group, owner, on, starts, ends in sessions:
            place = next((p for p in places[series_id] if on in p[0]), None)
            if place is None:
                continue
            name = group if owner == program_id else "a group of another program"
            until = _leaves(starts, ends, place[1], zone)
            running = [r for r in running if r[2] > starts]
            for other_id, other, other_until in running:
                pair = frozenset({series_id, other_id})
                mark = [wanted[s, person] for s in pair if (s, person) in wanted]
                if other_id == series_id or pair in seen or not mark:
                    continue
                seen.add(pair)
                local, last = starts.astimezone(zone), min(until, other_until).astimezone(zone)
                max(mark, key=lambda v: rank[v.series.pk]).doubts.append(
                    Doubt(
                        "rule_participant",
                        level,
                        f"{name} and {other} meet at the same time: "
                        f"{wording.day_and_span(local, last)}, for the first time.",
                    )
                )
            running.append((series_id, name, until))


def _leaves(starts: datetime, ends: datetime, leaves_at: time | None, zone: ZoneInfo) -> datetime:
    """When somebody who leaves early at `leaves_at` goes from a session; its end for others."""
    local = ends.astimezone(zone)
    if leaves_at is None or not falls_inside(
        leaves_at, starts.astimezone(zone).time(), local.time()
    ):
        return ends
    gone = datetime.combine(local.date(), leaves_at, zone)
    return gone if gone < local else gone - timedelta(days=1)


# --- conflicts of interest --------------------------------------------------------------------------
def kept_apart(
    series_ids: Sequence[UUID], participant_ids: Sequence[UUID], *, at: datetime
) -> set[Key]:
    """Which of these people are kept apart from somebody who leads which series, or a session of
    it to come. Two queries."""
    leads: dict[UUID, set[UUID]] = defaultdict(set)
    usual = SeriesFacilitator.objects.filter(
        Q(until_on=None) | Q(until_on__gte=at.date() - timedelta(days=1)),
        series_id__in=list(series_ids),
    )
    coming = SessionFacilitator.objects.filter(
        session__series_id__in=list(series_ids),
        active=True,
        ends_at__gt=at,
    )
    for series_id, facilitator in usual.values_list("series_id", "facilitator_id").union(
        coming.values_list("session__series_id", "facilitator_id")
    ):
        leads[series_id].add(facilitator)
    everybody = {facilitator for found in leads.values() for facilitator in found}
    found = pairs(everybody, set(participant_ids)) if everybody else set()
    return {
        (series_id, participant)
        for series_id, facilitators in leads.items()
        for facilitator, participant in found
        if facilitator in facilitators
    }


def kept_apart_from(session: GroupSession, participant_ids: Sequence[UUID]) -> set[UUID]:
    """Who of these people is kept apart from somebody who leads this session. Two queries."""
    leads = SessionFacilitator.objects.filter(session=session, active=True)
    found = pairs(leads.values_list("facilitator_id", flat=True), participant_ids)
    return {participant for _, participant in found}
