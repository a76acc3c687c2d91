"""Places in a series: enrolling up to the cap, the line and its offers, and ending a place.

Every change locks the row of the series first, so that the cap holds however many people enroll
at the same moment. Stays are locked before series, and several of each in the order of their keys.
A place that is offered to somebody in line is kept for them and counts as taken.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import Max, Q

from participants.models import EpisodeOfCare, Participant
from phpsupport.audit.trail import record, record_each
from phpsupport.lib import clock, wording
from phpsupport.lib.errors import Refused
from phpsupport.lib.periods import Period, local_day
from phpsupport.outbox.delivery import Planned, cancel, enqueue
from phpsupport.programs.models import policy_in_force
from phpsupport.users.models import User
from sessions.actions.booking import once_more
from sessions.conflicts import first_date_over_capacity
from sessions.line import falls_inside, first_free, kept_until
from sessions.messages import PLACE_KEPT
from sessions.models import (
    Enrollment,
    GroupSeries,
    GroupSession,
    RuleOverride,
    SessionState,
    WaitlistEntry,
    WaitOutcome,
)
from sessions.queries.placing import (
    Key,
    Verdict,
    days_of,
    judge,
    kept_apart,
    kept_days,
    last_of,
    may_override,
    shown,
    stay_for,
    suggested_leaving,
    who_overrides,
)

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Placed:
    """What enrolling gave: a place, or a position in the line, with a sentence about it."""

    series: GroupSeries
    participant: Participant
    enrollment: Enrollment | None
    waiting: WaitlistEntry | None
    sentence: str


@dataclass
class Filled:
    """What became of free places: given at once, or kept for somebody who is asked."""

    places: list[Enrollment] = field(default_factory=list)
    offers: list[WaitlistEntry] = field(default_factory=list)
    lapsed: int = 0

    def add(self, other: "Filled") -> None:
        """Count what another series came to as well."""
        self.places += other.places
        self.offers += other.offers
        self.lapsed += other.lapsed


class Doubtful(Refused):
    """Something speaks against it that a person may decide; `verdicts` are all that were asked."""

    def __init__(self, sentence: str, verdicts: Sequence[Verdict], *, code: str) -> None:
        super().__init__(sentence, code=code)
        self.verdicts = tuple(verdicts)


# --- getting in -----------------------------------------------------------------------------------
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
    _hold_stays([p.pk for p in people])
    locked = _lock([s.pk for s in series])
    # Whoever waits comes first, should a place have become free meanwhile.
    for one in locked.values():
        _fill(one, by, at)
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


def _hold_stays(participant_ids: Iterable[UUID]) -> None:
    """Let a discharge of these people come before or after, never in between."""
    stays = EpisodeOfCare.objects.select_for_update(no_key=True)
    list(stays.filter(participant_id__in=set(participant_ids)).order_by("pk").values_list("pk"))


def _lock(ids: Iterable[UUID]) -> dict[UUID, GroupSeries]:
    rows = GroupSeries.objects.select_for_update(no_key=True, of=("self",)).select_related("group")
    return {s.pk: s for s in rows.filter(pk__in=set(ids)).order_by("pk")}


def _place(verdict: Verdict, by: User | None, at: datetime) -> Placed:
    series, person, name = verdict.series, verdict.participant, verdict.series.group.name
    if isinstance(verdict.stands, Enrollment):
        since = wording.day(verdict.stands.from_on)
        return Placed(series, person, verdict.stands, None, f"{name}: has a place from {since}.")
    if verdict.stands is not None:
        return Placed(series, person, None, verdict.stands, f"{name}: waits in line already.")
    ids: dict[str, Any] = {"participant_id": str(person.pk), "series_id": str(series.pk)}
    if not verdict.place:
        place = _give_place(
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


def _give_place(
    series: GroupSeries,
    participant: Participant,
    episode: EpisodeOfCare | None,
    first: date,
    last: date | None,
    leaves_at: time | None,
) -> Enrollment:
    try:
        with transaction.atomic():
            return Enrollment.objects.create(
                program_id=series.program_id,
                series=series,
                participant=participant,
                episode=episode,
                from_on=first,
                until_on=last,
                leaves_at=leaves_at,
            )
    except IntegrityError:
        raise Refused(
            f"This person has a place in {series.group.name} in those days already.", code="twice"
        ) from None


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


# --- moving up ------------------------------------------------------------------------------------
@once_more
def promote_waiting(*, series: GroupSeries, by: User | None, at: datetime) -> Filled:
    """Offer or give free places to those who wait, in their order."""
    return _fill(_lock([series.pk])[series.pk], by, at)


def end_offers(*, at: datetime) -> Filled:
    """Let the offers that nobody answered in time lapse, and ask who is next. Safe to repeat."""
    due = WaitlistEntry.objects.filter(outcome=WaitOutcome.WAITING, offer_until__lte=at)
    filled = Filled()
    for pk in sorted(set(due.values_list("series_id", flat=True))):
        filled.add(promote_waiting(series=GroupSeries(pk=pk), by=None, at=at))
    return filled


def _fill(series: GroupSeries, by: User | None, at: datetime) -> Filled:
    """Under the lock: unanswered offers lapse, standing ones keep their place if it is still
    there, and what is free goes to the first whose days fit: asked, or given where the program
    keeps no place."""
    filled = Filled()
    line = list(_line(series).select_related("participant").order_by("position"))
    if not line:
        return filled
    today = clock.local_date(at, series.zone)
    policy = policy_in_force(series.program_id, today)
    stays = _stays_of([e.participant_id for e in line], series.program_id, today)
    for entry in line:
        if entry.offer_until is not None and entry.offer_until <= at:
            _leave_line(entry, at, WaitOutcome.LAPSED)
            record("offer.lapsed", by=None, at=at, obj=entry, **_ids(entry))
            filled.lapsed += 1
    taken = _periods(series)
    free: list[tuple[WaitlistEntry, EpisodeOfCare | None, date, date | None]] = []
    for entry in line:
        if entry.outcome != WaitOutcome.WAITING:
            continue
        first = max(entry.offered_from or entry.wanted_from, today)
        try:
            _still_running(series, first, entry.wanted_until)
            stay, last = stay_for(
                series, entry.participant, first, entry.wanted_until,
                stays.get(entry.participant_id, []), policy,
            )  # fmt: skip
            _still_running(series, first, last)
        except Refused:
            _leave_line(entry, at)
            record("waitlist.left", by=by, at=at, obj=entry, **_ids(entry))
            continue
        if entry.offer_until is None:
            free.append((entry, stay, first, last))
        elif _fits(series, taken, first, last):
            taken.append(Period.days(first, last))
        else:  # the group has become smaller since
            _take_back(entry)
            record("offer.withdrawn", by=by, at=at, obj=entry, **_ids(entry))
            free.append((entry, stay, max(entry.wanted_from, today), last))
    free.sort(key=lambda f: f[0].position)
    apart: set[Key] | None = None
    for entry, stay, first, last in free:
        start = first_free(taken, series.capacity, first, last_of(series, last))
        if start is None:
            continue
        if apart is None:
            waiting = [e.participant_id for e, *_ in free]
            blocks = policy["rule_interest"] == "block"
            apart = kept_apart([series.pk], waiting, at=at) if blocks else set()
        if (series.pk, entry.participant_id) in apart:
            continue
        taken.append(Period.days(start, last))
        if policy["offer_hours"]:
            _offer(series, entry, start, last, policy["offer_hours"], by, at)
            filled.offers.append(entry)
        else:
            early = suggested_leaving(series, stay, policy)
            filled.places.append(_move_up(series, entry, stay, start, last, early, by, at))
    return filled


def _still_running(series: GroupSeries, first: date, last: date | None) -> None:
    if first > series.until_on or (last is not None and first > last):
        raise Refused("These days are over.", code="over")


def _fits(
    series: GroupSeries, taken: Sequence[Period[date]], first: date, last: date | None
) -> bool:
    return first_date_over_capacity(taken, series.capacity, days_of(series, first, last)) is None


def _stays_of(
    participant_ids: Iterable[UUID], program_id: UUID, on: date
) -> dict[UUID, list[EpisodeOfCare]]:
    found: dict[UUID, list[EpisodeOfCare]] = {}
    rows = EpisodeOfCare.objects.filter(
        participant_id__in=list(participant_ids), program_id=program_id
    )
    for stay in rows.with_level(on).order_by("admitted_on"):
        found.setdefault(stay.participant_id, []).append(stay)
    return found


def _ids(entry: WaitlistEntry) -> dict[str, Any]:
    return {"series_id": str(entry.series_id), "participant_id": str(entry.participant_id)}


def _move_up(
    series: GroupSeries,
    entry: WaitlistEntry,
    stay: EpisodeOfCare | None,
    first: date,
    last: date | None,
    leaves_at: time | None,
    by: User | None,
    at: datetime,
) -> Enrollment:
    place = _give_place(series, entry.participant, stay, first, last, leaves_at)
    entry.outcome, entry.ended_at = WaitOutcome.ENROLLED, at
    entry.save(update_fields=["outcome", "ended_at"])
    record("enrollment.promoted", by=by, at=at, obj=place, waitlist_id=str(entry.pk), **_ids(entry))
    return place


def _leave_line(
    entry: WaitlistEntry, at: datetime, outcome: WaitOutcome = WaitOutcome.LEFT
) -> None:
    entry.outcome, entry.ended_at = outcome, at
    entry.save(update_fields=["outcome", "ended_at"])
    if entry.offer_until is not None:
        cancel(subject_id=entry.pk, why="offer-ended")


# --- offers ---------------------------------------------------------------------------------------
def _offer(
    series: GroupSeries,
    entry: WaitlistEntry,
    start: date,
    last: date | None,
    hours: int,
    by: User | None,
    at: datetime,
) -> None:
    """Keep a place for somebody and tell them: a neutral message, and their own page."""
    until = kept_until(at, series.zone, hours)
    over = local_day(last_of(series, last), series.zone).end
    if over is not None:
        until = min(until, over)
    entry.offered_at, entry.offer_until, entry.offered_from = at, until, start
    entry.save(update_fields=["offered_at", "offer_until", "offered_from"])
    record("offer.made", by=by, at=at, obj=entry, **_ids(entry))
    told = Planned(
        PLACE_KEPT, key=f"{PLACE_KEPT}:{entry.pk}:{at.isoformat()}",
        recipient_id=entry.participant_id, subject_id=entry.pk, program_id=series.program_id,
        due_at=at, expires_at=until, facts={"until": until.isoformat()},
    )  # fmt: skip
    enqueue([told], at=at)


def _take_back(entry: WaitlistEntry) -> None:
    entry.offered_at = entry.offer_until = entry.offered_from = None
    entry.save(update_fields=["offered_at", "offer_until", "offered_from"])
    cancel(subject_id=entry.pk, why="offer-ended")


@once_more
def accept_offer(*, entry: WaitlistEntry, by: User | None, at: datetime) -> Enrollment:
    """Take the place that is kept. Taking it twice gives the same place; too late is refused."""
    _hold_stays([entry.participant_id])
    series = _lock([entry.series_id])[entry.series_id]
    entry = WaitlistEntry.objects.select_related("participant").get(pk=entry.pk)
    name = series.group.name
    if entry.outcome == WaitOutcome.ENROLLED:
        place = _places(series).filter(participant=entry.participant).order_by("-from_on").first()
        if place is not None:
            return place
    if entry.outcome == WaitOutcome.LAPSED or (
        entry.outcome == WaitOutcome.WAITING and entry.offer_until and entry.offer_until <= at
    ):
        until = entry.offer_until.astimezone(ZoneInfo(series.zone))  # type: ignore[union-attr]
        raise Refused(
            f"The place in {name} was kept until {wording.day(until)}, "
            f"{wording.clock_time(until)}. It has gone to the next in line.",
            code="lapsed",
        )
    if entry.outcome != WaitOutcome.WAITING:
        raise Refused(f"They no longer wait for {name}. Enroll them again.", code="left")
    if entry.offer_until is None:
        raise Refused(f"No place in {name} is kept for them now.", code="no-offer")
    today = clock.local_date(at, series.zone)
    policy = policy_in_force(series.program_id, today)
    first = max(entry.offered_from or today, today)
    stays = _stays_of([entry.participant_id], series.program_id, today)
    stay, last = stay_for(
        series, entry.participant, first, entry.wanted_until,
        stays.get(entry.participant_id, []), policy,
    )  # fmt: skip
    _still_running(series, first, last)
    if policy["rule_interest"] == "block" and kept_apart(
        [series.pk], [entry.participant_id], at=at
    ):
        raise Refused(
            f"{shown(entry.participant)} and somebody who leads {name} are kept apart. "
            f"Choose another group, or ask {who_overrides(policy)}.",
            code="apart",
        )
    others = _line(series).exclude(pk=entry.pk)
    kept = [days for other in others if (days := kept_days(other, at))]
    if not _fits(series, _periods(series) + kept, first, last):
        raise Refused(
            f"{name} has become smaller since, and the place is gone. They stay first in line.",
            code="full",
        )
    early = suggested_leaving(series, stay, policy)
    place = _move_up(series, entry, stay, first, last, early, by, at)
    cancel(subject_id=entry.pk, why="offer-ended")
    return place


@once_more
def decline_offer(*, entry: WaitlistEntry, by: User | None, at: datetime) -> Filled:
    """Not now: the wait ends, and who is next is asked."""
    series = _lock([entry.series_id])[entry.series_id]
    entry = WaitlistEntry.objects.get(pk=entry.pk)
    if entry.outcome != WaitOutcome.WAITING or entry.offer_until is None:
        return Filled()
    _leave_line(entry, at)
    record("offer.declined", by=by, at=at, obj=entry, **_ids(entry))
    return _fill(series, by, at)


# --- getting out ----------------------------------------------------------------------------------
@once_more
def leave_series(*, enrollment: Enrollment, last_on: date, by: User | None, at: datetime) -> Filled:
    """End a place after `last_on` (or take it back when it never began); free places go on."""
    series = _lock([enrollment.series_id])[enrollment.series_id]
    place = Enrollment.objects.filter(pk=enrollment.pk).first()
    if place is None or (place.until_on is not None and place.until_on == last_on):
        return Filled()
    if place.until_on is not None and place.until_on < last_on:
        raise Refused(
            f"This place ends on {wording.day(place.until_on, year=True)} already.",
            field="last_on",
        )
    today = clock.local_date(at, series.zone)
    if last_on < today - ONE_DAY and last_on < place.from_on - ONE_DAY:
        raise Refused("Choose a day on or after the first day of the place.", field="last_on")
    _end_place(place, last_on)
    record(
        "enrollment.ended", by=by, at=at, obj=place, series_id=str(series.pk),
        participant_id=str(place.participant_id),
    )  # fmt: skip
    return _fill(series, by, at)


@once_more
def plan_leaving(
    *, enrollment: Enrollment, leaves_at: time | None, by: User | None, at: datetime
) -> Enrollment:
    """Plan that somebody leaves before the end of each session, or no longer does."""
    series = _lock([enrollment.series_id])[enrollment.series_id]
    place = Enrollment.objects.filter(pk=enrollment.pk).first()
    today = clock.local_date(at, series.zone)
    if place is None or (place.until_on is not None and place.until_on < today):
        raise Refused("This place has ended. Enroll the person again.", code="ended")
    if leaves_at is not None and not falls_inside(leaves_at, series.starts, series.ends):
        raise Refused(
            f"The group runs {wording.span(series.starts, series.ends)}: choose a time inside it, "
            "or leave it empty.",
            field="leaves_at",
            code="leaves_at",
        )
    if place.leaves_at != leaves_at:
        place.leaves_at = leaves_at
        place.save(update_fields=["leaves_at"])
        record("enrollment.leaving", by=by, at=at, obj=place, series_id=str(series.pk),
               participant_id=str(place.participant_id))  # fmt: skip
    return place


def _end_place(place: Enrollment, last_on: date) -> None:
    if place.from_on > last_on:
        Enrollment.objects.filter(pk=place.pk).delete()
    else:
        place.until_on = last_on
        place.save(update_fields=["until_on"])


@once_more
def leave_waitlist(*, entry: WaitlistEntry, by: User | None, at: datetime) -> None:
    """Stop waiting; a place that was kept goes to who is next."""
    series = _lock([entry.series_id])[entry.series_id]
    entry = WaitlistEntry.objects.get(pk=entry.pk)
    if entry.outcome != WaitOutcome.WAITING:
        return
    _leave_line(entry, at)
    record("waitlist.left", by=by, at=at, obj=entry, **_ids(entry))
    _fill(series, by, at)


def end_places_of_series(
    *, series: GroupSeries, last_on: date, by: User | None, at: datetime
) -> None:
    """End every place, the line and its offers, as a series ends. The caller holds its lock."""
    places = list(_places(series).filter(Q(until_on=None) | Q(until_on__gt=last_on)))
    _end_places(places, last_on)
    _end_waiting(list(_line(series)), at)
    record_each("enrollment.ended", by=by, at=at, objs=places)


def _end_waiting(entries: Sequence[WaitlistEntry], at: datetime) -> None:
    WaitlistEntry.objects.filter(pk__in=[e.pk for e in entries]).update(
        outcome=WaitOutcome.LEFT, ended_at=at
    )
    for entry in entries:
        if entry.offer_until is not None:
            cancel(subject_id=entry.pk, why="offer-ended")


def _end_places(places: Iterable[Enrollment], last_on: date) -> None:
    places = list(places)
    never = [p.pk for p in places if p.from_on > last_on]
    begun = [p.pk for p in places if p.from_on <= last_on]
    Enrollment.objects.filter(pk__in=never).delete()
    Enrollment.objects.filter(pk__in=begun).update(until_on=last_on)


@once_more
def end_places_of_stay(
    *, episode: EpisodeOfCare, on: date, by: User | None, at: datetime
) -> Filled:
    """After a discharge: places end with the day `on`, waiting and offers stop, others move up.

    Places in alumni groups belong to no stay and remain.
    """
    places = Enrollment.objects.filter(Q(until_on=None) | Q(until_on__gt=on), episode=episode)
    waiting = WaitlistEntry.objects.filter(episode=episode, outcome=WaitOutcome.WAITING)
    concerned = {*places.values_list("series_id", flat=True)} | {
        *waiting.values_list("series_id", flat=True)
    }
    locked = _lock(concerned)
    ending = list(places)
    left = list(waiting)
    _end_places(ending, on)
    _end_waiting(left, at)
    record_each("enrollment.ended", by=by, at=at, objs=ending)
    record_each("waitlist.left", by=by, at=at, objs=left)
    filled = Filled()
    for series in locked.values():
        filled.add(_fill(series, by, at))
    return filled


# --- reading under the lock -----------------------------------------------------------------------
def _places(series: GroupSeries):  # type: ignore[no-untyped-def]
    return Enrollment.objects.filter(series=series)


def _line(series: GroupSeries):  # type: ignore[no-untyped-def]
    return WaitlistEntry.objects.filter(series=series, outcome=WaitOutcome.WAITING)


def _periods(series: GroupSeries) -> list[Period[date]]:
    return [
        Period.days(first, last)
        for first, last in _places(series).values_list("from_on", "until_on")
    ]
