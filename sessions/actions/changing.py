"""Changing stored sessions: one move or a whole term, always as one batch that can be undone.

Whoever changes sessions says what each is to become (`Target`) and what is to be made (`Fresh`).
The sessions are locked in the order of their keys, then rooms and people in theirs; history is
refused; the program's rules are asked; all rows are written at once, so that two sessions may
change places; people are told; and the batch keeps every row as it was.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from phpsupport.audit.trail import record, record_each
from phpsupport.lib import wording
from phpsupport.lib.constraints import last_guard
from phpsupport.lib.errors import Refused
from phpsupport.lib.rows import write_rows
from phpsupport.outbox.delivery import enqueue
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions.actions.booking import (
    GUARDS,
    keep_overrides,
    lock_slots,
    once_more,
    refuse_obstacles,
    refuse_strangers,
    room_is_shared,
    sharing,
    store_people,
    time_is_shared,
)
from sessions.actions.following import follow_changes
from sessions.actions.ledger import Ledger
from sessions.actions.telling import tell
from sessions.models import (
    GroupSeries,
    GroupSession,
    ScheduleBatch,
    SessionFacilitator,
    SessionState,
)
from sessions.queries.consequence import (
    Change,
    Fresh,
    Target,
    expected_at,
    new_obstacles,
    news_of,
    read_changes,
    staying,
    turn_messages,
    turns_of,
    wanted_by,
)
from sessions.queries.shown import digest_of, refuse_unseen
from sessions.queries.slots import Obstacle

__all__ = ["Fresh", "Target", "apply", "carry_out"]

NAMED_AT_MOST: Final = 3
OF_A_SESSION: Final = (
    "local_date", "starts_at", "ends_at", "room", "state", "state_reason", "moved", "shares_room",
)  # fmt: skip


@once_more
def apply(
    *,
    program: Program,
    kind: str,
    summary: str,
    targets: Iterable[Target],
    fresh: Iterable[Fresh] = (),
    series: GroupSeries | None = None,
    by: User | None,
    at: datetime,
    accept: bool = False,
    override_reason: str = "",
    seen: str | None = None,
    beside: Iterable[object] = (),
) -> ScheduleBatch:
    """Carry out a change of the schedule; returns its batch.

    Refuses what is history, what cannot be, what the program's rules block (`Clashes`, until
    `override_reason` sets it aside) and what they warn of (until `accept` says yes), and what is
    not as it was shown, where `seen` is the digest of that. Refuses with the code "unchanged"
    where nothing would change.
    """
    done = carry_out(
        program=program, targets=targets, fresh=fresh, by=by, at=at, accept=accept,
        override_reason=override_reason, seen=seen, beside=beside,
    )  # fmt: skip
    if not done.any:
        raise Refused("Nothing would change: it is like that already.", code="unchanged")
    return done.ledger.close(
        program=program, kind=kind, summary=summary, series=series, by=by, at=at
    )


@dataclass
class Done:
    """What a change did; its ledger is still open."""

    ledger: Ledger
    changes: list[Change] = field(default_factory=list)
    flagged: list[Change] = field(default_factory=list)
    made: list[GroupSession] = field(default_factory=list)

    @property
    def any(self) -> bool:
        return bool(self.changes or self.flagged or self.made)


def carry_out(
    *,
    program: Program,
    targets: Iterable[Target],
    fresh: Iterable[Fresh] = (),
    by: User | None,
    at: datetime,
    accept: bool = False,
    override_reason: str = "",
    ledger: Ledger | None = None,
    on_closure: str | None = None,
    seen: str | None = None,
    beside: Iterable[object] = (),
) -> Done:
    """The same without the batch, for an act that changes more: it closes the ledger itself, and
    `beside` is what it changes besides.

    Call it in a transaction of `once_more`, with rows of series locked before.
    """
    fresh, beside = list(fresh), list(beside)
    found = read_changes(targets, at=at, lock=True)
    changes = [c for c in found if c.changes]
    flagged = [c for c in found if c.flagged and not c.changes and not c.history]
    done = Done(ledger or Ledger(), changes, flagged)
    if not done.any and not fresh:
        if beside:
            refuse_unseen(seen, digest_of(beside=beside))
        return done
    _refuse_history(changes)
    for c in changes:
        if c.placed and not c.cancelled:
            _refuse_place(c, at)
        refuse_strangers(c.after.people, c.session.program_id)
    judged = staying(changes)
    wanted = wanted_by(judged, fresh, on_closure=on_closure)
    lock_slots({w.room.pk for w in wanted}, {f.user_id for w in wanted for f, _ in w.people})
    gone = {c.session.pk for c in changes}

    def concerns(obstacles: list[Obstacle]) -> list[Obstacle]:
        return new_obstacles(obstacles, judged)

    obstacles = refuse_obstacles(
        wanted, program_id=program.pk, zone=program.zone, by=by, at=at, accept=accept,
        override_reason=override_reason, without=gone, concerns=concerns,
    )  # fmt: skip
    if seen is not None:
        news = news_of(changes)
        said = [o for o in obstacles if o.level != "ignore"]
        now = digest_of(
            changes=changes, fresh=fresh, wanted=wanted, obstacles=said, news=news,
            expected=expected_at(news), beside=beside,
        )  # fmt: skip
        refuse_unseen(seen, now)
    done.ledger.look(c.session for c in [*changes, *flagged])
    done.ledger.look(row for c in changes for row in c.rows)
    with last_guard(GUARDS):
        _write(done, judged, fresh, obstacles)
    keep_overrides(
        obstacles, [*(c.session for c in judged), *done.made], reason=override_reason, by=by, at=at
    )
    turns = turns_of(changes, but=by)
    follow_changes(
        program=program,
        sessions=gone,
        by=by,
        at=at,
        was={c.session.pk: c.before.starts_at for c in changes if c.retimed},
        turns=turns,
    )
    tell(news_of(changes), at=at)
    enqueue(turn_messages(turns, program_id=program.pk, at=at), at=at)
    _record(done, by=by, at=at)
    return done


# --- what cannot be -------------------------------------------------------------------------------
def _refuse_history(changes: Sequence[Change]) -> None:
    fixed = [c for c in changes if c.history]
    if not fixed:
        return
    if len(changes) == 1:
        raise Refused(fixed[0].history, code="history")
    said = [f"{wording.day(c.before.local_date)}: {c.history}" for c in fixed[:NAMED_AT_MOST]]
    if len(fixed) > NAMED_AT_MOST:
        said.append(f"{wording.count(len(fixed) - NAMED_AT_MOST, 'more date')} in the same way.")
    raise Refused(" ".join(said), code="history")


def _refuse_place(c: Change, at: datetime) -> None:
    room, on = c.after.room, c.after.local_date
    if c.retimed and c.after.starts_at <= at:
        raise Refused("That time is over. Choose a later one.", field="on", code="past")
    if c.after.ends_at <= c.after.starts_at:
        raise Refused("The end must come after the start.", field="ends", code="backwards")
    if room.pk != c.before.room.pk:
        if room.site_id != c.session.program.site_id:
            raise Refused("Choose a room of this site.", field="room", code="stranger")
        if room.retired_on and room.retired_on <= on:
            raise Refused(f"{room.name} is no longer in use. Choose another room.", field="room")


# --- writing --------------------------------------------------------------------------------------
def _write(
    done: Done, judged: Sequence[Change], fresh: Sequence[Fresh], obstacles: Sequence[Obstacle]
) -> None:
    """All rows in their new place: whoever leaves first, then times, then whoever comes."""
    obstacles = sharing(obstacles)
    shared = {c.session.pk: time_is_shared(obstacles, index) for index, c in enumerate(judged)}
    shares_room = {c.session.pk: room_is_shared(obstacles, index) for index, c in enumerate(judged)}
    leaving: list[UUID] = []
    staying_on: list[SessionFacilitator] = []
    coming: list[tuple[GroupSession, list[tuple[object, str]]]] = []
    for c in [*done.changes, *done.flagged]:
        _set(c, shares_room)
        if not c.changes:
            continue
        there = {row.facilitator_id: row for row in c.rows}
        after = c.after.parts
        leaving += [row.pk for pk, row in there.items() if pk not in after]
        for pk, row in there.items():
            if pk not in after:
                continue
            if c.retimed or c.cancelled or row.part != after[pk]:
                row.part = after[pk]
                row.starts_at, row.ends_at = c.after.slot
                row.active = not c.cancelled
                if c.retimed:
                    row.shares_time = row.person_id in shared.get(c.session.pk, ())
                staying_on.append(row)
        new = [(f, part) for f, part in c.after.people if f.pk not in there]
        if new:
            coming.append((c.session, new))  # type: ignore[arg-type]
    if leaving:
        SessionFacilitator.objects.filter(pk__in=leaving).delete()
    write_rows([c.session for c in [*done.changes, *done.flagged]], OF_A_SESSION)
    write_rows(staying_on, ("part", "starts_at", "ends_at", "active", "shares_time"))
    for number, f in enumerate(fresh, start=len(judged)):
        session = GroupSession(
            program_id=f.series.program_id,
            series=f.series,
            room=f.room,
            local_date=f.local_date,
            starts_at=f.starts_at,
            ends_at=f.ends_at,
            item=f.item,
            moved=f.by_hand,
            shares_room=room_is_shared(obstacles, number),
        )
        done.made.append(session)
        shared[session.pk] = time_is_shared(obstacles, number)
        coming.append((session, list(f.people)))  # type: ignore[arg-type]
    if done.made:
        GroupSession.objects.bulk_create(done.made)
        done.ledger.made(done.made)
    if any(people for _, people in coming):
        done.ledger.made(store_people(coming, shared=shared))  # type: ignore[arg-type]


def _set(c: Change, shares_room: dict[UUID, bool]) -> None:
    session = c.session
    session.moved = c.moved
    if c.cancelled:
        session.state, session.state_reason = SessionState.CANCELLED, c.cancel_for
        return
    session.local_date, session.room = c.after.local_date, c.after.room
    session.starts_at, session.ends_at = c.after.slot
    if c.placed:
        session.shares_room = shares_room[session.pk]


def _record(done: Done, *, by: User | None, at: datetime) -> None:
    for action, rows in (
        ("session.cancelled", [c.session for c in done.changes if c.cancelled]),
        ("session.moved", [c.session for c in done.changes if c.placed and not c.cancelled]),
        ("session.added", done.made),
    ):
        if rows:
            record_each(action, by=by, at=at, objs=rows)
    staffed = [c for c in done.changes if c.staffed]
    if len(staffed) > 1:
        record_each("session.staffed", by=by, at=at, objs=[c.session for c in staffed])
    for c in staffed if len(staffed) == 1 else ():
        lead = next((pk for pk, part in c.after.parts.items() if part == "lead"), None)
        record(
            "session.staffed", by=by, at=at, obj=c.session, lead=str(lead) if lead else None,
            co=[str(pk) for pk, part in c.after.parts.items() if part == "co"],
        )  # fmt: skip
