"""Editing a schedule in every order: what was held never changes, nothing is left over, no room or
person is booked twice, a refusal leaves no trace, and undoing puts back every row.

A machine of Hypothesis tries sequences of acts. They are the same in every run.
"""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from phpsupport.access.roles import Role
from phpsupport.lib import clock
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import Closure
from sessions.actions.adding import add_date
from sessions.actions.batches import undo_batch
from sessions.actions.schedule import cancel_session, cancel_sessions, move_session, staff_session
from sessions.actions.series import create_series, edit_series, end_series, replace_facilitator
from sessions.models import (
    Attendance,
    BatchRow,
    GroupNoteDraft,
    GroupSeries,
    GroupSession,
    ScheduleBatch,
    SessionFacilitator,
    SessionState,
)
from sessions.queries.batches import KEPT
from sessions.queries.editing import Edit
from sessions.recurrence import Times
from tests.factories import (
    enroll,
    make_facilitator,
    make_group,
    make_participant,
    make_program,
    make_room,
    make_staff,
)

pytestmark = pytest.mark.django_db
FIRST = date(2026, 10, 12)  # a Monday; the clocks go back on 1 November
TAKES_TIME = (SessionState.SCHEDULED, SessionState.HELD)
HOURS = st.sampled_from(
    [
        (time(9), time(9, 50)), (time(10), time(10, 50)), (time(13), time(14, 15)),
        (time(23), time(0, 15)),
    ]
)  # fmt: skip
# What an edit changes of the pattern; often nothing.
BECOMES = st.just({}) | st.fixed_dictionaries(
    {},
    optional={
        "hours": HOURS,
        "weekdays": st.sampled_from([[0], [1], [0, 2], [4]]),
        "often": st.sampled_from([(1, []), (2, []), (1, [2, 4]), (1, [-1])]),
        "more_times": st.sampled_from([[], [Times(frozenset([3]), time(16), time(16, 50))]]),
        "on_closure": st.sampled_from(["skip", "shift", "keep"]),
        "longer": st.sampled_from([7, -7]),
    },
)
# What a series is when it is planned.
PATTERNS: list[dict[str, Any]] = [
    {"weekdays": [0]},
    {"weekdays": [0, 3], "leave_out": {FIRST + timedelta(days=7)}},
    {"weekdays": [0], "more_times": [Times(frozenset([2]), time(14), time(14, 50))]},
    {"weekdays": [0], "starts": time(23), "ends": time(0, 15), "ends_next_day": True},
    {"weekdays": [0, 2], "nth_of_month": [2, -1]},
    {"weekdays": [0], "on_closure": "shift", "leave_out": {FIRST + timedelta(days=21)}},
]
ORDER = st.integers(0, 50)
# Never by key: keys are made up anew in every run.
IN_ORDER = ("starts_at", "series__group__name", "state", "state_reason", "ends_at", "room__name")

DOUBLE = """
SELECT count(*) FROM group_sessions_groupsession a JOIN group_sessions_groupsession b
  ON a.id < b.id AND a.room_id = b.room_id AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at
WHERE a.state IN ('scheduled', 'held') AND b.state IN ('scheduled', 'held')
"""
TWICE = """
SELECT count(*) FROM group_sessions_sessionfacilitator a JOIN group_sessions_sessionfacilitator b
  ON a.id < b.id AND a.person_id = b.person_id
 AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at
WHERE a.active AND b.active
"""


def everything() -> dict[Any, dict[Any, dict[str, Any]]]:
    """Every row of the schedule by table, without what the database counts by itself."""
    return {
        model: {
            row["id"]: {k: v for k, v in row.items() if k not in ("sequence", "changed_at")}
            for row in model.objects.values()
        }
        for model in KEPT
    }


# How often each act went through, so that the machine cannot pass by doing nothing.
DONE: Counter[str] = Counter()


class Schedule(RuleBasedStateMachine):
    """Two groups with two facilitators and two rooms, and a planner who cannot rest."""

    def __init__(self) -> None:
        super().__init__()
        self.whole = transaction.atomic()
        self.whole.__enter__()
        self.now = datetime(2026, 10, 9, 12, tzinfo=UTC)
        self.program = make_program()
        self.by = make_staff(self.program, Role.SCHEDULER)
        self.people = [make_facilitator(self.program) for _ in range(2)]
        self.rooms = [make_room(self.program, f"Room {n}") for n in range(2)]
        self.groups = [make_group(self.program, f"Group {n}") for n in range(2)]
        self.person = make_participant(self.program)
        self.history: set[Any] = set()
        self.recorded: Any = []
        self.tried: Counter[str] = Counter()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.whole.__exit__(None, None, None)

    @initialize(
        one=st.sampled_from(PATTERNS), other=st.sampled_from(PATTERNS),
        closed=st.sampled_from([None, 14, 14]),
    )  # fmt: skip
    def plan(self, one, other, closed):  # type: ignore[no-untyped-def]
        if closed:
            day = FIRST + timedelta(days=closed)
            Closure.objects.create(program=self.program, date=day, reason="Holiday")
        self.series = [self._series(0, one), self._series(1, other)]
        # The other series can be undone as a whole.
        enroll(self.series[0], self.person)
        DONE["closed"] += bool(closed)

    def _series(self, n: int, asked: dict[str, Any]) -> GroupSeries:
        return create_series(**{
            "group": self.groups[n], "room": self.rooms[n],
            "starts": time(10), "ends": time(10, 50), "zone": self.program.zone,
            "from_on": FIRST, "until_on": FIRST + timedelta(days=28), "capacity": 8,
            "lead": self.people[n], "by": self.by, "at": self.now, "accept": True, **asked,
        })  # fmt: skip

    # --- helped ---------------------------------------------------------------------------------
    def act(self, name: str, do: Any) -> Any:
        """Do something at its own instant; a refusal leaves everything as it was."""
        self.now += timedelta(seconds=1)
        self.tried[name] += 1
        before = everything()
        try:
            with transaction.atomic():
                done = do()
        except Refused:
            assert everything() == before
            DONE["refused"] += 1
            return None
        DONE[name] += 1
        return done

    def calm(self, name: str, most: int) -> bool:
        """Whether that act was not tried too often already: it leaves little to try others on."""
        return self.tried[name] < most

    def session(self, number: int) -> GroupSession:
        rows = list(GroupSession.objects.order_by(*IN_ORDER))
        return rows[number % len(rows)]

    def one(self, number: int) -> GroupSeries:
        there = list(GroupSeries.objects.order_by("group__name"))
        return there[number % len(there)]

    # --- acts -----------------------------------------------------------------------------------
    @rule(
        which=ORDER, number=ORDER, scope=st.sampled_from(["all", "all", "following", "this"]),
        becomes=BECOMES, room=st.sampled_from([None, None, 0, 1]),
        lead=st.sampled_from([None, None, 0, 1]), reset=st.booleans(),
    )  # fmt: skip
    def edit(self, which, number, scope, becomes, room, lead, reset):  # type: ignore[no-untyped-def]
        series = self.one(which)
        kept = {} if reset or scope == "this" else self._exceptions(series)
        own = list(series.sessions.order_by(*IN_ORDER))
        chosen = own[number % len(own)] if own else None
        becomes = dict(becomes)
        starts, ends = becomes.pop("hours", (None, None))
        weeks, nth = becomes.pop("often", (None, None))
        longer = timedelta(days=becomes.pop("longer", 0))
        edit = Edit(
            starts=starts, ends=ends, every_weeks=weeks, nth_of_month=nth, **becomes,
            until_on=series.until_on + longer if longer else None,
            room=None if room is None else self.rooms[room],
            people=None if lead is None else ((self.people[lead], "lead"),),
        )  # fmt: skip
        dates = self._dates(series)
        done = self.act(
            "edit",
            lambda: edit_series(
                series=series, edit=edit, scope=scope, session=chosen, reset_exceptions=reset,
                by=self.by, at=self.now, accept=True,
            )
        )  # fmt: skip
        if done:
            now = {s["id"]: s for s in GroupSession.objects.filter(pk__in=kept).values()}
            assert now == kept, "an exception changed without being reset"
        # Whoever changes only the room or the lead moves nothing, and nothing comes or goes.
        if done and edit == Edit(room=edit.room, people=edit.people) and not reset:
            assert scope == "this" or self._dates(series) == dates
            DONE["edit_place"] += 1

    def _dates(self, series: GroupSeries) -> list[Any]:
        rows = series.sessions.exclude(state=SessionState.CANCELLED).order_by("pk")
        return list(rows.values_list("pk", "local_date", "starts_at", "ends_at"))

    def _exceptions(self, series: GroupSeries) -> dict[Any, Any]:
        rows = series.sessions.filter(moved=True, state=SessionState.SCHEDULED)
        return {row["id"]: row for row in rows.values()}

    @rule(number=ORDER, hours=HOURS, days=st.integers(0, 3), room=st.integers(0, 1))
    def move(self, number, hours, days, room):  # type: ignore[no-untyped-def]
        session = self.session(number)
        self.act(
            "move",
            lambda: move_session(
                session=session, on=session.local_date + timedelta(days=days), starts=hours[0],
                ends=hours[1], room=self.rooms[room], by=self.by, at=self.now, accept=True,
            )
        )  # fmt: skip

    @rule(number=ORDER, lead=st.sampled_from([None, 0, 1]))
    def staff(self, number, lead):  # type: ignore[no-untyped-def]
        person = None if lead is None else self.people[lead]
        self.act(
            "staff",
            lambda: staff_session(
                session=self.session(number), lead=person, by=self.by, at=self.now, accept=True
            ),
        )

    @precondition(lambda self: self.calm("cancel", 2))
    @rule(number=ORDER)
    def cancel(self, number):  # type: ignore[no-untyped-def]
        self.act(
            "cancel",
            lambda: cancel_session(
                session=self.session(number), reason="Snow", by=self.by, at=self.now
            ),
        )

    @precondition(lambda self: self.calm("cancel_several", 1))
    @rule(numbers=st.sets(ORDER, min_size=2, max_size=4))
    def cancel_several(self, numbers):  # type: ignore[no-untyped-def]
        chosen = {s.pk: s for s in map(self.session, sorted(numbers))}
        self.act(
            "cancel_several",
            lambda: cancel_sessions(
                sessions=chosen.values(), reason="Snow", by=self.by, at=self.now
            ),
        )

    @rule(which=ORDER, lead=st.integers(0, 1), days=st.integers(0, 21))
    def hand_over(self, which, lead, days):  # type: ignore[no-untyped-def]
        series = self.one(which)
        usual = series.assignments.staying().select_related("facilitator").first()
        others = [f for f in self.people if usual is None or f.pk != usual.facilitator_id]
        new = others[lead % len(others)]
        from_on, today = FIRST + timedelta(days=days), clock.local_date(self.now, series.zone)
        # Whoever would have no day of the series left goes at once.
        later = from_on > max(today, series.from_on)
        there = {row.pk for row in series.assignments.on(today)} if later else set()
        done = self.act(
            "hand_over",
            lambda: replace_facilitator(
                series=series, old=usual.facilitator if usual else None, new=new,
                from_on=from_on, by=self.by, at=self.now, accept=True,
            ),
        )  # fmt: skip
        if done is None:
            return
        led = {row.facilitator_id for row in series.assignments.on(from_on)}
        assert new.pk in led
        assert usual is None or usual.facilitator_id not in led
        assert there <= {row.pk for row in series.assignments.on(today)}, "gone before their day"
        DONE["hand_over_later"] += bool(there)

    @precondition(lambda self: self.calm("add", 3))
    @rule(which=ORDER, hours=HOURS, days=st.integers(0, 30), room=st.integers(0, 1))
    def add(self, which, hours, days, room):  # type: ignore[no-untyped-def]
        self.act(
            "add",
            lambda: add_date(
                series=self.one(which), on=FIRST + timedelta(days=days), starts=hours[0],
                ends=hours[1], room=self.rooms[room], by=self.by, at=self.now, accept=True,
            ),
        )  # fmt: skip

    @precondition(lambda self: self.calm("end", 1))
    @rule(which=ORDER, weeks=st.integers(2, 4))
    def end(self, which, weeks):  # type: ignore[no-untyped-def]
        last_on = FIRST + timedelta(days=7 * weeks)
        self.act(
            "end",
            lambda: end_series(series=self.one(which), last_on=last_on, by=self.by, at=self.now),
        )

    @rule(newest=st.booleans(), number=ORDER)
    def undo(self, newest, number):  # type: ignore[no-untyped-def]
        batches = list(ScheduleBatch.objects.filter(undone_at=None).order_by("-at", "pk"))
        if batches:
            self._undo(batches[0 if newest else number % len(batches)])

    @precondition(lambda self: GroupSeries.objects.count() > 1 and self.calm("plan_anew", 1))
    @rule(asked=st.sampled_from(PATTERNS))
    def plan_anew(self, asked):  # type: ignore[no-untyped-def]
        """The second series is taken back as a whole while it can be, and planned otherwise."""
        self.tried["plan_anew"] += 1
        batch = ScheduleBatch.objects.get(kind="created", series=self.series[1])
        self._undo(batch)
        if not GroupSeries.objects.filter(pk=self.series[1].pk).exists():
            self.series[1] = self._series(1, asked)
            DONE["plan_anew"] += 1

    def _undo(self, batch: ScheduleBatch) -> None:
        before = everything()
        if self.act("undo", lambda: undo_batch(batch=batch, by=self.by, at=self.now)) is None:
            return
        for row in BatchRow.objects.filter(batch=batch):
            model = next(m for m in KEPT if m._meta.label_lower == row.table)
            before[model].pop(row.row_id, None)
            if row.before is not None:
                stored = model.objects.get(pk=row.row_id)
                for name, value in row.before.items():
                    field = model._meta.get_field(name)
                    assert getattr(stored, name) == (
                        value if value is None else field.to_python(value)
                    ), f"{row.table}.{name}"
            else:
                assert not model.objects.filter(pk=row.row_id).exists()
        now = everything()
        for row in BatchRow.objects.filter(batch=batch):
            model = next(m for m in KEPT if m._meta.label_lower == row.table)
            now[model].pop(row.row_id, None)
        assert now == before, "undoing changed a row that was not its own"
        assert undo_batch(batch=batch, by=self.by, at=self.now).undone_at == self.now

    # --- what comes on record -------------------------------------------------------------------
    @rule(number=ORDER)
    def record(self, number):  # type: ignore[no-untyped-def]
        session = self.session(number)
        # By turns, so that each kind of record is met in every run.
        what = min(("note", "attendance", "held", "not_held"), key=DONE.__getitem__)
        if session.state == SessionState.CANCELLED or session.pk in self.history:
            return
        if what in ("held", "not_held"):
            GroupSession.objects.filter(pk=session.pk).update(state=what)
            active = what == "held"
            SessionFacilitator.objects.filter(session=session).update(active=active)
        elif what == "note":
            GroupNoteDraft.objects.create(
                program=self.program, session=session, author=self.by, saved_at=self.now
            )
        else:
            Attendance.objects.create(
                program=self.program, session=session, participant=self.person,
                status="excused", marked_at=self.now,
            )  # fmt: skip
        self.history.add(session.pk)
        self.recorded = self._whole()
        DONE[what] += 1

    def _whole(self) -> Any:
        """Every byte of what is on record."""
        return [
            list(model.objects.filter(**{f"{name}__in": self.history}).order_by("pk").values())
            for model, name in (
                (GroupSession, "pk"),
                (SessionFacilitator, "session"),
                (Attendance, "session"),
                (GroupNoteDraft, "session"),
            )
        ]

    @precondition(lambda self: self.now < datetime(2026, 11, 6, tzinfo=UTC))
    @rule(days=st.integers(1, 4))
    def wait(self, days):  # type: ignore[no-untyped-def]
        self.now += timedelta(days=days)

    # --- what always holds ----------------------------------------------------------------------
    @invariant()
    def history_stays(self) -> None:
        if self.history:
            assert self._whole() == self.recorded, "what is on record changed"

    @invariant()
    def nothing_is_left_over(self) -> None:
        for row in SessionFacilitator.objects.select_related("session"):
            session = row.session
            assert (row.starts_at, row.ends_at) == (session.starts_at, session.ends_at)
            assert row.active == (session.state in TAKES_TIME)
        assert GroupSession.objects.exclude(series__in=self.series).count() == 0
        for series in GroupSeries.objects.all():
            late = series.sessions.filter(
                state=SessionState.SCHEDULED, local_date__gt=series.until_on, moved=False,
                starts_at__gt=self.now,
            )  # fmt: skip
            assert not late.exclude(pk__in=self.history).exists()

    @invariant()
    def nobody_and_no_room_is_booked_twice(self) -> None:
        with connection.cursor() as cursor:
            for question in (DOUBLE, TWICE):
                cursor.execute(question)
                assert cursor.fetchone() == (0,)


EXAMPLES, STEPS = 10, 18
ACTS = (
    "edit", "move", "staff", "cancel", "cancel_several", "hand_over", "end", "undo", "held", "note",
    "attendance", "refused", "add", "closed", "edit_place", "hand_over_later", "plan_anew",
)  # fmt: skip


def test_the_schedule_holds_in_every_order():
    DONE.clear()
    run_state_machine_as_test(
        Schedule,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, derandomize=True, deadline=None,
            database=None, suppress_health_check=list(HealthCheck), print_blob=False,
            phases=[Phase.generate],
        ),
    )  # fmt: skip
    assert not [name for name in ACTS if not DONE[name]], DONE
