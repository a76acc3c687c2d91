"""Moving up: what is free goes to who waits, in their order, asked first where the program asks.

A place that is offered to somebody in line is kept for them and counts as taken.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from participants.models import EpisodeOfCare
from phpsupport.audit.trail import record
from phpsupport.lib import clock, wording
from phpsupport.lib.errors import Refused
from phpsupport.lib.periods import Period, local_day
from phpsupport.outbox.delivery import Planned, cancel, enqueue
from phpsupport.programs.models import policy_in_force
from phpsupport.users.models import User
from sessions.actions.booking import once_more
from sessions.actions.places import (
    give_place,
    hold_stays,
    ids_of,
    leave_line,
    line_of,
    lock_series,
    periods_of,
    places_in,
)
from sessions.conflicts import first_date_over_capacity
from sessions.line import first_free, kept_until
from sessions.messages import PLACE_KEPT, quiet_until
from sessions.models import (
    Enrollment,
    GroupSeries,
    WaitlistEntry,
    WaitOutcome,
)
from sessions.queries.placing import (
    Key,
    days_of,
    kept_apart,
    kept_days,
    last_of,
    shown,
    stay_for,
    suggested_leaving,
    who_overrides,
)


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


@once_more
def promote_waiting(*, series: GroupSeries, by: User | None, at: datetime) -> Filled:
    """Offer or give free places to those who wait, in their order."""
    return fill_places(lock_series([series.pk])[series.pk], by, at)


def end_offers(*, at: datetime) -> Filled:
    """Let the offers that nobody answered in time lapse, and ask who is next. Safe to repeat."""
    due = WaitlistEntry.objects.filter(outcome=WaitOutcome.WAITING, offer_until__lte=at)
    filled = Filled()
    for pk in sorted(set(due.values_list("series_id", flat=True))):
        filled.add(promote_waiting(series=GroupSeries(pk=pk), by=None, at=at))
    return filled


def fill_places(series: GroupSeries, by: User | None, at: datetime) -> Filled:
    """Under the lock: unanswered offers lapse, standing ones keep their place if it is still
    there, and what is free goes to the first whose days fit: asked, or given where the program
    keeps no place."""
    filled = Filled()
    line = list(line_of(series).select_related("participant__user").order_by("position"))
    if not line:
        return filled
    today = clock.local_date(at, series.zone)
    policy = policy_in_force(series.program_id, today)
    stays = _stays_of([e.participant_id for e in line], series.program_id, today)
    for entry in line:
        if entry.offer_until is not None and entry.offer_until <= at:
            leave_line(entry, at, WaitOutcome.LAPSED)
            record("offer.lapsed", by=None, at=at, obj=entry, **ids_of(entry))
            filled.lapsed += 1
    taken = periods_of(series)
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
            leave_line(entry, at)
            record("waitlist.left", by=by, at=at, obj=entry, **ids_of(entry))
            continue
        if entry.offer_until is None:
            free.append((entry, stay, first, last))
        elif _fits(series, taken, first, last):
            taken.append(Period.days(first, last))
        else:  # the group has become smaller since
            _take_back(entry)
            record("offer.withdrawn", by=by, at=at, obj=entry, **ids_of(entry))
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
            _offer(series, entry, start, last, policy, by, at)
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
    place = give_place(series, entry.participant, stay, first, last, leaves_at)
    entry.outcome, entry.ended_at = WaitOutcome.ENROLLED, at
    entry.save(update_fields=["outcome", "ended_at"])
    record(
        "enrollment.promoted", by=by, at=at, obj=place, waitlist_id=str(entry.pk), **ids_of(entry)
    )
    return place


def _offer(
    series: GroupSeries,
    entry: WaitlistEntry,
    start: date,
    last: date | None,
    policy: Mapping[str, Any],
    by: User | None,
    at: datetime,
) -> None:
    """Keep a place for somebody and tell them: a neutral message, and their own page.

    The hours begin when they can hear of it, which at night is in the morning: otherwise a line
    would go by in its sleep.
    """
    account = entry.participant.user
    zone = (account.time_zone if account else "") or series.zone
    asked = quiet_until(at, zone, policy) or at
    until = kept_until(asked, series.zone, policy["offer_hours"])
    over = local_day(last_of(series, last), series.zone).end
    if over is not None:
        until = min(until, over)
    entry.offered_at, entry.offer_until, entry.offered_from = at, until, start
    entry.save(update_fields=["offered_at", "offer_until", "offered_from"])
    record("offer.made", by=by, at=at, obj=entry, **ids_of(entry))
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
    hold_stays([entry.participant_id])
    series = lock_series([entry.series_id])[entry.series_id]
    entry = WaitlistEntry.objects.select_related("participant").get(pk=entry.pk)
    name = series.group.name
    if entry.outcome == WaitOutcome.ENROLLED:
        place = places_in(series).filter(participant=entry.participant).order_by("-from_on").first()
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
    others = line_of(series).exclude(pk=entry.pk)
    kept = [days for other in others if (days := kept_days(other, at))]
    if not _fits(series, periods_of(series) + kept, first, last):
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
    series = lock_series([entry.series_id])[entry.series_id]
    entry = WaitlistEntry.objects.get(pk=entry.pk)
    if entry.outcome != WaitOutcome.WAITING or entry.offer_until is None:
        return Filled()
    leave_line(entry, at)
    record("offer.declined", by=by, at=at, obj=entry, **ids_of(entry))
    return fill_places(series, by, at)
