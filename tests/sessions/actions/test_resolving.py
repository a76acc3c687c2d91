"""Each session that a closed day or somebody's leave touches is asked about; nothing is dropped."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from facilitators.models import Leave
from phpsupport.access.roles import Role
from phpsupport.lib.errors import Refused
from phpsupport.outbox.models import OutboxMessage
from phpsupport.programs.models import Closure
from sessions.actions.batches import undo_batch
from sessions.actions.resolving import Decision, resolve_closure, resolve_leave
from sessions.models import (
    Choice,
    CoverRequest,
    GroupSession,
    OnClosure,
    Resolution,
    SessionState,
)
from sessions.queries.touched import still_open, undecided_in_leave, undecided_on_closed_days
from tests.factories import (
    enroll,
    make_facilitator,
    make_group,
    make_participant,
    make_program,
    make_room,
    make_series,
    make_session,
    make_staff,
)
from tests.sessions.worlds import AFTER, DAY

pytestmark = pytest.mark.django_db
COMING = DAY + timedelta(days=7)  # the Tuesday after


@pytest.fixture
def place() -> Any:
    """Three groups on one coming Tuesday, all led by Dana; Ana is free. Rows by short names."""

    class Place:
        program = make_program()
        by = make_staff(program, Role.SCHEDULER, first_name="Priya")
        dana = make_facilitator(program, first_name="Dana")
        ana = make_facilitator(program, first_name="Ana")
        sessions: list[GroupSession] = []

        def leave(self) -> Leave:
            return Leave.objects.create(facilitator=self.dana, from_on=COMING, until_on=COMING)

        def closure(self) -> Closure:
            return Closure.objects.create(program=self.program, date=COMING, reason="Snow")

    found = Place()
    found.sessions = []
    for n, name in enumerate(("Morning Check-in", "Steady Steps", "Evening Circle")):
        series = make_series(
            found.program, facilitator=found.dana, group=make_group(found.program, name),
            room=make_room(found.program), weekdays=(1,),
            starts=time(9 + n * 2), ends=time(9 + n * 2, 50),
        )  # fmt: skip
        enroll(series, make_participant(found.program))
        found.sessions.append(make_session(series, COMING))
    return found


def state(session: GroupSession) -> str:
    return GroupSession.objects.get(pk=session.pk).state


def leads(session: GroupSession) -> set[Any]:
    return set(session.assignments.filter(active=True).values_list("facilitator_id", flat=True))


def test_a_leave_with_three_sessions_resolved_three_ways(place):
    one, two, three = place.sessions
    leave = place.leave()
    assert undecided_in_leave(place.program, at=AFTER).count() == 3
    batch = resolve_leave(
        leave=leave, by=place.by, at=AFTER,
        decisions=[
            Decision(one, Choice.COVER, instead=place.ana),
            Decision(two, Choice.CANCEL),
            Decision(
                three, Choice.MOVE, on=COMING + timedelta(days=1),
                starts=time(13), ends=time(13, 50),
            ),
        ],
    )  # fmt: skip
    assert leads(one) == {place.ana.pk}
    assert state(two) == SessionState.CANCELLED
    three.refresh_from_db()
    assert (three.local_date, three.moved) == (COMING + timedelta(days=1), True)
    assert still_open(place.program, at=AFTER) == []
    assert sorted(Resolution.objects.values_list("choice", flat=True)) == [
        "cancel",
        "cover",
        "move",
    ]
    kinds = set(OutboxMessage.objects.values_list("kind", flat=True))
    assert {"session_cancelled", "session_moved"} <= kinds

    # One act: undone as a whole, and then everything asks again.
    assert batch is not None
    undo_batch(batch=batch, by=place.by, at=AFTER)
    assert leads(one) == {place.dana.pk}
    assert state(two) == SessionState.SCHEDULED
    assert undecided_in_leave(place.program, at=AFTER).count() == 3


def test_what_is_kept_on_purpose_asks_no_more(place):
    leave = place.leave()
    resolve_leave(
        leave=leave, decisions=[Decision(place.sessions[0], Choice.KEEP)], by=place.by, at=AFTER
    )
    assert undecided_in_leave(place.program, at=AFTER).count() == 2
    assert leads(place.sessions[0]) == {place.dana.pk}


def test_cover_without_a_name_asks_for_cover_and_changes_nothing_yet(place):
    leave = place.leave()
    batch = resolve_leave(
        leave=leave, decisions=[Decision(s, Choice.COVER) for s in place.sessions],
        by=place.by, at=AFTER,
    )  # fmt: skip
    assert batch is None
    assert CoverRequest.objects.filter(state="open").count() == 3
    assert leads(place.sessions[0]) == {place.dana.pk}
    assert still_open(place.program, at=AFTER) == []


def test_all_or_none_when_one_of_them_clashes(place):
    one, two, _ = place.sessions
    with pytest.raises(Refused, match="Ana"):
        resolve_leave(
            leave=place.leave(), by=place.by, at=AFTER,
            decisions=[
                Decision(two, Choice.CANCEL),
                Decision(one, Choice.COVER, instead=busy(place, one)),
            ],
        )  # fmt: skip
    assert state(two) == SessionState.SCHEDULED
    assert not Resolution.objects.exists()


def busy(place: Any, session: GroupSession) -> Any:
    """Ana, who leads another group at that time."""
    start = session.series.starts
    series = make_series(
        place.program, facilitator=place.ana, group=make_group(place.program, "Elsewhere"),
        room=make_room(place.program), weekdays=(1,), starts=start, ends=start.replace(minute=50),
    )  # fmt: skip
    make_session(series, COMING)
    return place.ana


def test_a_closed_day_is_cancelled_moved_or_kept(place):
    one, two, three = place.sessions
    closure = place.closure()
    [asked] = still_open(place.program, at=AFTER)
    assert (asked.sessions, asked.url_name, asked.pk) == (3, "sessions:closure", closure.pk)
    resolve_closure(
        closure=closure, by=place.by, at=AFTER,
        decisions=[
            Decision(one, Choice.CANCEL),
            Decision(two, Choice.MOVE, on=COMING + timedelta(days=1), starts=time(9), ends=time(10)),
            Decision(three, Choice.KEEP),
        ],
    )  # fmt: skip
    assert GroupSession.objects.get(pk=one.pk).state_reason == "Closed: Snow"
    assert state(three) == SessionState.SCHEDULED
    assert still_open(place.program, at=AFTER) == []


def test_nobody_stands_in_for_a_closed_house(place):
    with pytest.raises(Refused, match="Choose one of what is offered"):
        resolve_closure(
            closure=place.closure(), decisions=[Decision(place.sessions[0], Choice.COVER)],
            by=place.by, at=AFTER,
        )  # fmt: skip


def test_a_series_that_meets_on_closed_days_by_choice_asks_nothing(place):
    place.closure()
    place.sessions[0].series.__class__.objects.update(on_closure=OnClosure.KEEP)
    assert not undecided_on_closed_days(place.program, at=AFTER).exists()


def test_the_second_click_finds_nothing_to_change(place):
    leave, one = place.leave(), place.sessions[0]
    resolve_leave(leave=leave, decisions=[Decision(one, Choice.CANCEL)], by=place.by, at=AFTER)
    with pytest.raises(Refused, match="changed meanwhile"):
        resolve_leave(leave=leave, decisions=[Decision(one, Choice.CANCEL)], by=place.by, at=AFTER)


def test_moving_asks_for_the_day_and_onto_another_closed_day_is_refused(place):
    closure, one = place.closure(), place.sessions[0]
    with pytest.raises(Refused, match="enter the day"):
        resolve_closure(
            closure=closure, decisions=[Decision(one, Choice.MOVE)], by=place.by, at=AFTER
        )
    Closure.objects.create(
        program=place.program, date=COMING + timedelta(days=1), reason="Still snow"
    )
    with pytest.raises(Refused, match="Still snow"):
        resolve_closure(
            closure=closure, by=place.by, at=AFTER,
            decisions=[
                Decision(
                    one, Choice.MOVE, on=COMING + timedelta(days=1), starts=time(9), ends=time(10)
                )
            ],
        )  # fmt: skip


def test_an_hour_that_the_clocks_skip_is_refused(place):
    closure = Closure.objects.create(program=place.program, date=COMING, reason="Snow")
    with pytest.raises(Refused, match="does not exist"):
        resolve_closure(
            closure=closure, by=place.by, at=AFTER,
            decisions=[
                Decision(
                    place.sessions[0], Choice.MOVE, on=date(2026, 3, 8),
                    starts=time(2, 30), ends=time(3, 30),
                )
            ],
        )  # fmt: skip


def test_cancelled_leave_asks_nothing(place):
    leave = place.leave()
    leave.cancelled_at = AFTER
    leave.save()
    assert still_open(place.program, at=AFTER) == []
    with pytest.raises(Refused, match="changed meanwhile"):
        resolve_leave(
            leave=leave, decisions=[Decision(place.sessions[0], Choice.CANCEL)],
            by=place.by, at=AFTER,
        )  # fmt: skip


def test_a_session_past_midnight_is_moved_to_another_night(place):
    night = place.sessions[2]
    starts = datetime(2026, 3, 11, 3, 30, tzinfo=UTC)  # Tue 23:30 in New York
    ends = starts + timedelta(minutes=50)
    GroupSession.objects.filter(pk=night.pk).update(starts_at=starts, ends_at=ends)
    night.assignments.update(starts_at=starts, ends_at=ends)
    night.refresh_from_db()
    move = Decision(
        night, Choice.MOVE, on=COMING + timedelta(days=1), starts=time(23, 40), ends=time(0, 30)
    )
    resolve_closure(closure=place.closure(), decisions=[move], by=place.by, at=AFTER)
    night.refresh_from_db()
    assert night.starts_at == starts + timedelta(days=1, minutes=10)
    assert night.ends_at - night.starts_at == timedelta(minutes=50)
