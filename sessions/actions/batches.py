"""Undoing one act on the schedule: its batch goes back as a whole, or not at all.

A batch can be undone while every row of it is still as the act left it, nothing is on record for
its sessions, none of them has begun, and what it gave up is still free.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import PROTECT, ProtectedError

from participants.models import EpisodeOfCare
from phpsupport.audit.trail import record, record_each
from phpsupport.lib import wording
from phpsupport.lib.constraints import last_guard
from phpsupport.lib.errors import Refused
from phpsupport.lib.periods import Period
from phpsupport.lib.rows import write_rows
from phpsupport.outbox.delivery import enqueue, withhold
from phpsupport.outbox.models import OutboxMessage, State
from phpsupport.users.models import User
from sessions.actions.booking import GUARDS, lock_slots, once_more
from sessions.actions.following import follow_changes
from sessions.actions.telling import (
    UNDONE,
    WHY,
    let_news_wait_again,
    let_reminders_wait_again,
    who_heard_of_turns,
    who_was_told,
)
from sessions.conflicts import first_date_over_capacity
from sessions.models import (
    CoverRequest,
    CoverState,
    Enrollment,
    GroupSeries,
    GroupSession,
    ScheduleBatch,
    SessionFacilitator,
    SessionState,
    WaitlistEntry,
    WaitOutcome,
)
from sessions.queries.batches import KEPT, Kept, read_batches
from sessions.queries.consequence import (
    CANCELLED,
    MOVED,
    ON_AGAIN,
    News,
    Turn,
    messages_for,
    turn_messages,
)
from sessions.queries.slots import Wanted, obstacles

TAKEN_BACK: Final = "Taken back"
NAMED_AT_MOST: Final = 3


@once_more
def undo_batch(*, batch: ScheduleBatch, by: User | None, at: datetime) -> ScheduleBatch:
    """Put every row of the batch back as it was. A second click does nothing.

    Who was told of the change is told again, once, where a session comes back or moves back, or
    they come or go; messages that were withheld wait again. `told_again` of the batch says how many
    messages that are.
    """
    batch = (
        ScheduleBatch.objects.select_for_update(no_key=True, of=("self",))
        .select_related("program__site")
        .get(pk=batch.pk)
    )
    if batch.undone_at is not None:
        return batch
    _hold(batch)
    kept = read_batches([batch])[batch.pk]
    if why := kept.why_not(at):
        raise Refused(why, code="cannot-undo")
    _still_here(kept, batch)
    _still_free(kept, batch)
    told = who_was_told(kept.session_ids, at=batch.at)
    knew = _who_knew(kept, batch)
    stays = _cannot_vanish(kept.made(GroupSession))
    with last_guard(GUARDS):
        _put_back(kept, stays)
    turns = [t for t in kept.turns_back(at) if t.person_id in knew - {by.pk if by else None}]
    _follow(kept, batch, stays, turns, by=by, at=at)
    batch.told_again = _tell(kept, told, stays, at=at)
    batch.told_again += enqueue(turn_messages(turns, program_id=batch.program_id, at=at), at=at)
    if batch.series_id and not GroupSeries.objects.filter(pk=batch.series_id).exists():
        batch.series = None
    batch.undone_at, batch.undone_by = at, by
    batch.save(update_fields=["undone_at", "undone_by", "series"])
    record("schedule.undone", by=by, at=at, obj=batch, kind=batch.kind)
    record_each(
        "session.undone", by=by, at=at,
        objs=[s for s in kept.now_of(GroupSession) if s.pk not in kept.made(GroupSession)],
    )  # fmt: skip
    return batch


# --- holding what it is about ---------------------------------------------------------------------
def _hold(batch: ScheduleBatch) -> None:
    """Lock stays, then series, then sessions, each in the order of their keys, as others do."""
    tables: dict[str, set[UUID]] = defaultdict(set)
    series: set[UUID] = {batch.series_id} if batch.series_id else set()
    sessions: set[UUID] = set()
    stays: set[UUID] = set()
    for table, row_id, before, after in batch.rows.values_list(
        "table", "row_id", "before", "after"
    ):
        tables[table].add(row_id)
        values = before or after or {}
        if "series_id" in values:
            series.add(UUID(str(values["series_id"])))
        if "session_id" in values:
            sessions.add(UUID(str(values["session_id"])))
        if before and before.get("episode_id"):
            stays.add(UUID(str(before["episode_id"])))
    series |= tables[GroupSeries._meta.label_lower]
    sessions |= tables[GroupSession._meta.label_lower]
    rows: Any = EpisodeOfCare.objects.select_for_update(no_key=True).filter(pk__in=stays)
    list(rows.order_by("pk").values_list("pk"))
    held = GroupSeries.objects.select_for_update(no_key=True).filter(pk__in=series)
    list(held.order_by("pk").values_list("pk"))
    rows = GroupSession.objects.select_for_update(no_key=True).filter(pk__in=sessions)
    list(rows.order_by("pk").values_list("pk"))


# --- what speaks against it -----------------------------------------------------------------------
def _still_here(kept: Kept, batch: ScheduleBatch) -> None:
    """People whose places come back are still in their stay and have come no other way since, and
    the group has room for them."""
    back = [Enrollment(pk=pk, **values) for pk, values in kept.back(Enrollment).items()]
    _came_anew(back, kept)
    if not back:
        return
    stays = dict(
        EpisodeOfCare.objects.filter(
            pk__in={place.episode_id for place in back if place.episode_id}
        ).values_list("pk", "discharged_on")
    )
    gone = [
        place
        for place in back
        if place.episode_id
        and (left := stays.get(place.episode_id)) is not None
        and (place.until_on is None or place.until_on > left)
    ]
    if gone:
        people = wording.count(len(gone), "person", "people")
        raise Refused(
            f"{people} with a place in it went home since, so it cannot be undone. Plan the group "
            "anew.",
            code="cannot-undo",
        )
    ids = {place.pk for place in back}
    for series in kept.series_after_undo():
        others = Enrollment.objects.filter(series_id=series.pk).exclude(pk__in=ids)
        periods = [Period.days(*row) for row in others.values_list("from_on", "until_on")]
        for place in (p for p in back if p.series_id == series.pk):
            wanted = Period.days(
                place.from_on, min(place.until_on or series.until_on, series.until_on)
            )
            if first_date_over_capacity(periods, series.capacity, wanted):
                raise Refused(
                    "The places that people had in it were given to others since, so it cannot "
                    "be undone.",
                    code="cannot-undo",
                )
            periods.append(Period.days(place.from_on, place.until_on))


def _came_anew(back: Sequence[Enrollment], kept: Kept) -> None:
    """Refuse where somebody would have two places at once, wait twice, or wait beside a place."""
    line = [
        WaitlistEntry(pk=pk, **values)
        for pk, values in kept.back(WaitlistEntry).items()
        if values["outcome"] == WaitOutcome.WAITING
    ]
    wanted = [(p.series_id, p.participant_id, Period.days(p.from_on, p.until_on)) for p in back]
    wanted += [
        (e.series_id, e.participant_id, Period.days(e.wanted_from, e.wanted_until)) for e in line
    ]
    if not wanted:
        return
    theirs = {
        "series_id__in": {series for series, _, _ in wanted},
        "participant_id__in": {person for _, person, _ in wanted},
    }
    places = Enrollment.objects.filter(**theirs).exclude(pk__in=[p.pk for p in back])
    waits = WaitlistEntry.objects.filter(**theirs, outcome=WaitOutcome.WAITING)
    since = [
        *((p.series_id, p.participant_id, Period.days(p.from_on, p.until_on)) for p in places),
        *(
            (e.series_id, e.participant_id, None)
            for e in waits.exclude(pk__in=[e.pk for e in line])
        ),
    ]
    for series, person, days in since:
        if any(
            (series, person) == (s, p) and (days is None or days.overlaps(d)) for s, p, d in wanted
        ):
            raise Refused(
                "Somebody who comes back with it has a place or waits in it anew, so it cannot be "
                "undone. End that first, or plan the group anew.",
                code="cannot-undo",
            )


def _still_free(kept: Kept, batch: ScheduleBatch) -> None:
    """Rooms and people are free where sessions come back to."""
    places = kept.places_back()
    if not places:
        return
    wanted: list[Wanted] = [p.wanted for p in places]
    lock_slots({w.room.pk for w in wanted}, {f.user_id for w in wanted for f, _ in w.people})
    going = set(kept.made(GroupSession)) | {w.key for w in wanted if w.key}
    found = [
        o
        for o in obstacles(
            wanted, program_id=batch.program_id, zone=batch.program.zone, without=going, silent=True
        )
        if (o.rule == "rule_room" and not places[o.index].shares_room)
        or (o.rule == "rule_facilitator" and o.resource not in places[o.index].share_time)
    ]
    if not found:
        return
    said = [
        f"{wording.day(wanted[o.index].local_date)}: {o.sentence or 'That time is taken.'}"
        for o in found[:NAMED_AT_MOST]
    ]
    if len(found) > NAMED_AT_MOST:
        said.append(f"{wording.count(len(found) - NAMED_AT_MOST, 'more date')} in the same way.")
    raise Refused(f"It cannot be undone, the place is taken. {' '.join(said)}", code="taken")


def _cannot_vanish(made: Collection[UUID]) -> set[UUID]:
    """Made sessions that something points to for good, or that people heard of: they stay, as
    cancelled."""
    if not made:
        return set()
    stays: set[UUID] = set()
    for relation in GroupSession._meta.related_objects:
        if relation.on_delete is PROTECT:  # type: ignore[attr-defined]
            name = relation.field.attname  # type: ignore[attr-defined]
            rows: Any = relation.related_model._base_manager  # type: ignore[union-attr]
            stays |= set(rows.filter(**{f"{name}__in": list(made)}).values_list(name, flat=True))
    heard = OutboxMessage.objects.filter(
        subject_id__in=list(made), state__in=[State.SENDING, State.SENT]
    )
    return stays | {pk for pk in heard.values_list("subject_id", flat=True) if pk}


# --- putting back ---------------------------------------------------------------------------------
def _put_back(kept: Kept, stays: set[UUID]) -> None:
    """What was made goes, what was changed is as it was, what was taken away comes back."""
    for model in reversed(KEPT):
        going = set(kept.made(model))
        if model is GroupSession:
            going -= stays
        if model is SessionFacilitator and stays:
            of_those = kept.of_sessions(stays)
            SessionFacilitator.objects.filter(pk__in=of_those).update(active=False)
            going -= of_those
        if model is GroupSeries and going:
            _forget_series(going, bool(stays))
        elif going:
            model.objects.filter(pk__in=going).delete()
    if stays:
        GroupSession.objects.filter(pk__in=stays).update(
            state=SessionState.CANCELLED, state_reason=TAKEN_BACK
        )
    for model in KEPT:
        _rewrite(model, kept.changed(model))
    for model in KEPT:
        model.objects.bulk_create(
            [model(pk=pk, **values) for pk, values in kept.gone(model).items()]
        )


def _forget_series(made: set[UUID], stays: bool) -> None:
    if stays:
        raise Refused(
            "People heard of its sessions already, so it stays. End the series instead.",
            code="cannot-undo",
        )
    ScheduleBatch.objects.filter(series_id__in=made).update(series=None)
    try:
        GroupSeries.objects.filter(pk__in=made).delete()
    except ProtectedError:
        raise Refused(
            "People have places in it, or wait for one, so it stays. End the series instead.",
            code="cannot-undo",
        ) from None


def _rewrite(model: type[Any], rows: Sequence[Any]) -> None:
    if model is GroupSeries:
        for row in rows:
            row.save()
        return
    names = [
        c.name
        for c in model._meta.concrete_fields
        if not c.primary_key and c.name not in ("sequence", "changed_at", "attendance_version")
    ]
    write_rows(rows, names)


# --- what follows ---------------------------------------------------------------------------------
def _who_knew(kept: Kept, batch: ScheduleBatch) -> set[UUID]:
    """Accounts that know who came and went by it: who heard of it, who did it, and both sides of
    cover, who read on their day that it was found. Three queries at most; ask before the rows are
    put back."""
    people = kept.people()
    if not people:
        return set()
    heard = who_heard_of_turns(people, program_id=batch.program_id, at=batch.at)
    found = CoverRequest.objects.filter(
        session_id__in=kept.session_ids, state=CoverState.FILLED
    ).values_list("facilitator__user_id", "filled_by__user_id")
    return {pk for pk in heard.union({batch.by_id}, *found) if pk is not None}


def _follow(
    kept: Kept,
    batch: ScheduleBatch,
    stays: set[UUID],
    turns: Sequence[Turn],
    *,
    by: User | None,
    at: datetime,
) -> None:
    here = {pk for pk in kept.session_ids if pk not in kept.made(GroupSession) or pk in stays}
    follow_changes(
        program=batch.program,
        sessions=here,
        by=by,
        at=at,
        was={m.session.pk: m.was for m in kept.moved_back()},
        turns=turns,
    )


def _tell(kept: Kept, told: dict[UUID, set[UUID]], stays: set[UUID], *, at: datetime) -> int:
    """Tell who had been told; how many messages go."""
    news = [
        News(ON_AGAIN, s, s.local_date, s.starts_at, s.starts_at, frozenset())
        for s in kept.on_again()
    ]
    moved = kept.moved_back()
    news += [
        News(MOVED, m.session, m.session.local_date, m.was, m.session.starts_at, frozenset())
        for m in moved
    ]
    for s in kept.now_of(GroupSession):
        if s.pk in stays:
            news.append(News(CANCELLED, s, s.local_date, s.starts_at, s.starts_at, frozenset()))
    if stays:
        heard = OutboxMessage.objects.filter(
            subject_id__in=stays, state__in=[State.SENDING, State.SENT]
        ).values_list("subject_id", "recipient_id")
        for pk, person in heard:
            if pk:
                told.setdefault(pk, set()).add(person)
    withhold({m.session.pk for m in moved}, why=WHY[MOVED])
    withhold(set(kept.made(GroupSession)), why=UNDONE)
    back = [n.session for n in news if n.kind != CANCELLED]
    let_reminders_wait_again(back, at=at)
    let_news_wait_again(n.session for n in news if n.kind == MOVED)
    heard_of = [n for n in news if n.session.pk in told]
    return enqueue(messages_for(heard_of, at=at, expected=told), at=at)
