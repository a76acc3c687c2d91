"""Places and the line of a series, as they are read and written under its lock.

Whoever changes places locks the row of the series first, so that the cap holds however many people
enroll at the same moment. Stays are locked before series, and several of each in the order of their
keys.
"""

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from participants.models import EpisodeOfCare, Participant
from phpsupport.lib.errors import Refused
from phpsupport.lib.periods import Period
from phpsupport.outbox.delivery import cancel
from sessions.models import (
    Enrollment,
    GroupSeries,
    WaitlistEntry,
    WaitOutcome,
)


def hold_stays(participant_ids: Iterable[UUID]) -> None:
    """Let a discharge of these people come before or after, never in between."""
    stays = EpisodeOfCare.objects.select_for_update(no_key=True)
    list(stays.filter(participant_id__in=set(participant_ids)).order_by("pk").values_list("pk"))


def lock_series(ids: Iterable[UUID]) -> dict[UUID, GroupSeries]:
    rows = GroupSeries.objects.select_for_update(no_key=True, of=("self",)).select_related("group")
    return {s.pk: s for s in rows.filter(pk__in=set(ids)).order_by("pk")}


def give_place(
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


def ids_of(entry: WaitlistEntry) -> dict[str, Any]:
    return {"series_id": str(entry.series_id), "participant_id": str(entry.participant_id)}


def leave_line(entry: WaitlistEntry, at: datetime, outcome: WaitOutcome = WaitOutcome.LEFT) -> None:
    entry.outcome, entry.ended_at = outcome, at
    entry.save(update_fields=["outcome", "ended_at"])
    if entry.offer_until is not None:
        cancel(subject_id=entry.pk, why="offer-ended")


def places_in(series: GroupSeries):  # type: ignore[no-untyped-def]
    return Enrollment.objects.filter(series=series)


def line_of(series: GroupSeries):  # type: ignore[no-untyped-def]
    return WaitlistEntry.objects.filter(series=series, outcome=WaitOutcome.WAITING)


def periods_of(series: GroupSeries) -> list[Period[date]]:
    return [
        Period.days(first, last)
        for first, last in places_in(series).values_list("from_on", "until_on")
    ]
