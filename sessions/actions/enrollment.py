"""Places in a series: enrolling up to the cap, the waitlist in its order, and ending a place.

Every change locks the row of the series first, so that the cap holds however many people enroll
at the same moment. Several series are locked in the order of their keys.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max, Q

from participants.models import EpisodeOfCare, Participant
from phpsupport.audit.trail import record, record_each
from phpsupport.lib import clock, wording
from phpsupport.lib.errors import Refused
from phpsupport.lib.periods import Period
from phpsupport.users.models import User
from sessions.actions.booking import once_more
from sessions.conflicts import first_date_over_capacity
from sessions.models import Enrollment, GroupKind, GroupSeries, WaitlistEntry, WaitOutcome

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Placed:
    """What enrolling gave: a place, or a position in the line, with a sentence about it."""

    series: GroupSeries
    enrollment: Enrollment | None
    waiting: WaitlistEntry | None
    sentence: str


# --- getting in -----------------------------------------------------------------------------------
@once_more
def enroll(
    *,
    series: GroupSeries,
    participant: Participant,
    from_on: date,
    by: User | None,
    at: datetime,
    until_on: date | None = None,
) -> Placed:
    """Give a place, or the next place in the line when the group is full on one of the days."""
    _hold_stays(participant)
    return _enroll(_lock([series.pk])[series.pk], participant, from_on, until_on, by, at)


@once_more
def enroll_in_several(
    *,
    series: Iterable[GroupSeries],
    participant: Participant,
    from_on: date,
    by: User | None,
    at: datetime,
    until_on: date | None = None,
) -> list[Placed]:
    """The same in several series at once: all of them, or none when one refuses."""
    _hold_stays(participant)
    locked = _lock([s.pk for s in series])
    if not locked:
        raise Refused("Choose at least one group.", field="series", code="required")
    return [_enroll(s, participant, from_on, until_on, by, at) for s in locked.values()]


def _hold_stays(participant: Participant) -> None:
    """Let a discharge of this person come before or after, never in between."""
    stays = EpisodeOfCare.objects.select_for_update(no_key=True).filter(participant=participant)
    list(stays.order_by("pk").values_list("pk"))


def _lock(ids: Iterable[UUID]) -> dict[UUID, GroupSeries]:
    rows = GroupSeries.objects.select_for_update(no_key=True, of=("self",)).select_related("group")
    return {s.pk: s for s in rows.filter(pk__in=set(ids)).order_by("pk")}


def _enroll(
    series: GroupSeries,
    participant: Participant,
    from_on: date,
    until_on: date | None,
    by: User | None,
    at: datetime,
) -> Placed:
    name = series.group.name
    first = max(from_on, series.from_on)
    if until_on is not None and until_on < first:
        raise Refused("The last day comes before the first. Choose a later one.", field="until_on")
    if first > series.until_on:
        raise Refused(
            f"{name} ended on {wording.day(series.until_on, year=True)}. Choose a group that runs.",
            field="from_on",
            code="ended",
        )
    episode, last = _stay(series, participant, first, until_on)
    wanted = _days(series, first, last)
    if _places(series).filter(_overlapping(wanted), participant=participant).exists():
        raise Refused(
            f"This person has a place in {name} in those days already.",
            field="series",
            code="twice",
        )
    if _line(series).filter(participant=participant).exists():
        raise Refused(f"This person is waiting for {name} already.", field="series", code="waiting")
    # Whoever waits comes first, should a place have become free meanwhile.
    _promote(series, by, at)
    full_on = first_date_over_capacity(_periods(series), series.capacity, wanted)
    if full_on is None:
        place = _give_place(series, participant, episode, first, last)
        record(
            "enrollment.created", by=by, at=at, obj=place, participant_id=str(participant.pk),
            series_id=str(series.pk),
        )  # fmt: skip
        return Placed(series, place, None, f"{name}: has a place from {wording.day(first)}.")
    entry = _queue(series, participant, episode, first, last, at)
    ahead = _line(series).filter(position__lt=entry.position).count()
    record(
        "waitlist.joined", by=by, at=at, obj=entry, participant_id=str(participant.pk),
        series_id=str(series.pk),
    )  # fmt: skip
    turn = "next in line" if not ahead else f"number {ahead + 1} in line"
    when = "" if full_on == first else f" on {wording.day(full_on)}"
    return Placed(
        series,
        None,
        entry,
        f"{name} is full{when} ({wording.count(series.capacity, 'place')}): "
        f"waiting, {turn}. A free place goes to them by itself.",
    )


def _stay(
    series: GroupSeries, participant: Participant, first: date, until_on: date | None
) -> tuple[EpisodeOfCare | None, date | None]:
    """The stay that the place belongs to and the place's last day; refuses who is not here."""
    name = series.group.name
    stays = EpisodeOfCare.objects.filter(participant=participant, program_id=series.program_id)
    if participant.sealed_at is not None:
        raise Refused("This chart is closed. Ask the privacy officer.", code="sealed")
    if series.group.kind == GroupKind.ALUMNI:
        if not stays.filter(admitted_on__lte=first).exists():
            raise Refused(
                f"{name} is for people who took part in the program.", field="participant",
                code="stranger",
            )  # fmt: skip
        return None, until_on
    stay = stays.open_on(first).first()
    if stay is None:
        soon = stays.filter(admitted_on__gt=first).order_by("admitted_on").first()
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
    if stay.discharged_on is None:
        return stay, until_on
    return stay, min(until_on or stay.discharged_on, stay.discharged_on)


def _give_place(
    series: GroupSeries,
    participant: Participant,
    episode: EpisodeOfCare | None,
    first: date,
    last: date | None,
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
def promote_waiting(*, series: GroupSeries, by: User | None, at: datetime) -> list[Enrollment]:
    """Give free places to those who wait, in their order; returns the places given."""
    return _promote(_lock([series.pk])[series.pk], by, at)


def _promote(series: GroupSeries, by: User | None, at: datetime) -> list[Enrollment]:
    today = clock.local_date(at, series.zone)
    given: list[Enrollment] = []
    line = list(_line(series).select_related("participant").order_by("position"))
    if not line:
        return given
    taken = _periods(series)
    for entry in line:
        last = entry.wanted_until
        first = max(entry.wanted_from, today)
        if first > series.until_on or (last is not None and first > last):
            _leave_line(entry, at)
            continue
        try:
            episode, last = _stay(series, entry.participant, first, last)
        except Refused:
            _leave_line(entry, at)
            continue
        start = _first_free(series, taken, first, last)
        if start is None:
            continue
        place = _give_place(series, entry.participant, episode, start, last)
        taken.append(Period.days(start, last))
        entry.outcome, entry.ended_at = WaitOutcome.ENROLLED, at
        entry.save(update_fields=["outcome", "ended_at"])
        record(
            "enrollment.promoted", by=by, at=at, obj=place, series_id=str(series.pk),
            participant_id=str(entry.participant_id), waitlist_id=str(entry.pk),
        )  # fmt: skip
        given.append(place)
    return given


def _first_free(
    series: GroupSeries, taken: list[Period[date]], first: date, last: date | None
) -> date | None:
    """The earliest day from which the wish fits to its end; None when it does not fit yet."""
    starts = {first} | {p.end for p in taken if p.end is not None and p.end > first}
    end = min(last or series.until_on, series.until_on)
    for start in sorted(starts):
        if start > end:
            return None
        if first_date_over_capacity(taken, series.capacity, Period.days(start, end)) is None:
            return start
    return None


def _leave_line(entry: WaitlistEntry, at: datetime) -> None:
    entry.outcome, entry.ended_at = WaitOutcome.LEFT, at
    entry.save(update_fields=["outcome", "ended_at"])


# --- getting out ----------------------------------------------------------------------------------
@once_more
def leave_series(
    *, enrollment: Enrollment, last_on: date, by: User | None, at: datetime
) -> list[Enrollment]:
    """End a place after `last_on` (or take it back when it never began); free places go on."""
    series = _lock([enrollment.series_id])[enrollment.series_id]
    place = Enrollment.objects.filter(pk=enrollment.pk).first()
    if place is None or (place.until_on is not None and place.until_on == last_on):
        return []
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
    return _promote(series, by, at)


def _end_place(place: Enrollment, last_on: date) -> None:
    if place.from_on > last_on:
        Enrollment.objects.filter(pk=place.pk).delete()
    else:
        place.until_on = last_on
        place.save(update_fields=["until_on"])


@once_more
def leave_waitlist(*, entry: WaitlistEntry, by: User | None, at: datetime) -> None:
    """Stop waiting."""
    _lock([entry.series_id])
    entry = WaitlistEntry.objects.get(pk=entry.pk)
    if entry.outcome != WaitOutcome.WAITING:
        return
    _leave_line(entry, at)
    record("waitlist.left", by=by, at=at, obj=entry, participant_id=str(entry.participant_id))


def end_places_of_series(
    *, series: GroupSeries, last_on: date, by: User | None, at: datetime
) -> None:
    """End every place and close the waitlist, as a series ends. The caller holds its lock."""
    places = list(_places(series).filter(Q(until_on=None) | Q(until_on__gt=last_on)))
    _end_places(places, last_on)
    WaitlistEntry.objects.filter(series=series, outcome=WaitOutcome.WAITING).update(
        outcome=WaitOutcome.LEFT, ended_at=at
    )
    record_each("enrollment.ended", by=by, at=at, objs=places)


def _end_places(places: Iterable[Enrollment], last_on: date) -> None:
    places = list(places)
    never = [p.pk for p in places if p.from_on > last_on]
    begun = [p.pk for p in places if p.from_on <= last_on]
    Enrollment.objects.filter(pk__in=never).delete()
    Enrollment.objects.filter(pk__in=begun).update(until_on=last_on)


@once_more
def end_places_of_stay(
    *, episode: EpisodeOfCare, on: date, by: User | None, at: datetime
) -> list[Enrollment]:
    """After a discharge: places end with the day `on`, waiting stops, others move up.

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
    waiting.update(outcome=WaitOutcome.LEFT, ended_at=at)
    record_each("enrollment.ended", by=by, at=at, objs=ending)
    record_each("waitlist.left", by=by, at=at, objs=left)
    given: list[Enrollment] = []
    for series in locked.values():
        given += _promote(series, by, at)
    return given


# --- reading under the lock -----------------------------------------------------------------------
def _places(series: GroupSeries):  # type: ignore[no-untyped-def]
    return Enrollment.objects.filter(series=series)


def _line(series: GroupSeries):  # type: ignore[no-untyped-def]
    return WaitlistEntry.objects.filter(series=series, outcome=WaitOutcome.WAITING)


def _days(series: GroupSeries, first: date, last: date | None) -> Period[date]:
    return Period.days(first, min(last or series.until_on, series.until_on))


def _overlapping(wanted: Period[date]) -> Q:
    return Q(Q(until_on=None) | Q(until_on__gte=wanted.start), from_on__lte=wanted.last_day)


def _periods(series: GroupSeries) -> list[Period[date]]:
    return [
        Period.days(first, last)
        for first, last in _places(series).values_list("from_on", "until_on")
    ]
