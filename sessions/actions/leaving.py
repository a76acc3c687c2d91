"""Ending a place or a wait, by wish, with a series or after a discharge; others move up."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta

from django.db.models import Q

from participants.models import EpisodeOfCare
from phpsupport.audit.trail import record, record_each
from phpsupport.lib import clock, wording
from phpsupport.lib.errors import Refused
from phpsupport.outbox.delivery import cancel
from phpsupport.users.models import User
from sessions.actions.booking import once_more
from sessions.actions.offers import Filled, fill_places
from sessions.actions.places import ids_of, leave_line, line_of, lock_series, places_in
from sessions.line import falls_inside
from sessions.models import (
    Enrollment,
    GroupSeries,
    WaitlistEntry,
    WaitOutcome,
)

ONE_DAY = timedelta(days=1)


@once_more
def leave_series(*, enrollment: Enrollment, last_on: date, by: User | None, at: datetime) -> Filled:
    """End a place after `last_on` (or take it back when it never began); free places go on."""
    series = lock_series([enrollment.series_id])[enrollment.series_id]
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
    return fill_places(series, by, at)


@once_more
def plan_leaving(
    *, enrollment: Enrollment, leaves_at: time | None, by: User | None, at: datetime
) -> Enrollment:
    """Plan that somebody leaves before the end of each session, or no longer does."""
    series = lock_series([enrollment.series_id])[enrollment.series_id]
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
    series = lock_series([entry.series_id])[entry.series_id]
    entry = WaitlistEntry.objects.get(pk=entry.pk)
    if entry.outcome != WaitOutcome.WAITING:
        return
    leave_line(entry, at)
    record("waitlist.left", by=by, at=at, obj=entry, **ids_of(entry))
    fill_places(series, by, at)


def end_places_of_series(
    *, series: GroupSeries, last_on: date, by: User | None, at: datetime
) -> None:
    """End every place, the line and its offers, as a series ends. The caller holds its lock."""
    places = list(places_in(series).filter(Q(until_on=None) | Q(until_on__gt=last_on)))
    _end_places(places, last_on)
    _end_waiting(list(line_of(series)), at)
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
    locked = lock_series(concerned)
    ending = list(places)
    left = list(waiting)
    _end_places(ending, on)
    _end_waiting(left, at)
    record_each("enrollment.ended", by=by, at=at, objs=ending)
    record_each("waitlist.left", by=by, at=at, objs=left)
    filled = Filled()
    for series in locked.values():
        filled.add(fill_places(series, by, at))
    return filled
