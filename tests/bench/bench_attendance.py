"""The attendance of twelve, with its history and trail: beside the same write without them, and
beside django-simple-history's bulk helpers.

Every measured call ends with what a commit checks (foreign keys) and is then undone, so that each
begins with the same rows.
"""

import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from phpsupport.audit.trail import record
from phpsupport.lib.writing import OneStatement
from phpsupport.programs.models import policy_in_force
from phpsupport.users.models import User
from sessions.actions import attendance
from sessions.actions.attendance import Mark, mark_attendance, open_for_marks
from sessions.models import Attendance, GroupSession, ProgressNote, Status
from sessions.policies import can_mark_attendance
from sessions.queries.attendance import roster
from tests import factories as make
from tests.bench.conftest import keep, measured
from tests.bench.kept.models import KeptAttendance, KeptSession

TODAY = date(2026, 11, 23)
AT = datetime(2026, 11, 16, 20, tzinfo=UTC)
FIELDS = ("status", "arrived", "departed", "reason", "marked_by", "marked_at", "why")


@dataclass
class World:
    """A session of twelve in our tables and in the twin's."""

    by: User
    session: GroupSession
    twin: KeptSession
    people: list[Any]


def a_world(*, marked: int) -> World:
    """With so many of the twelve marked before."""
    program = make.make_program()
    facilitator = make.make_facilitator(program)
    series = make.make_series(program, facilitator=facilitator, from_on=TODAY - timedelta(days=30))
    session = make.make_session(series, TODAY - timedelta(days=7))
    people = [make.make_participant(program) for _ in range(12)]
    for person in people:
        make.enroll(series, person)
    names = [f.attname for f in KeptSession._meta.concrete_fields]
    twin = KeptSession.objects.create(**{name: getattr(session, name) for name in names})
    world = World(facilitator.user, session, twin, people)
    if marked:
        first = replace(world, people=people[:marked])
        with transaction.atomic():
            ours(first, "absent")
            theirs(first, "absent")
        session.refresh_from_db()
        twin.refresh_from_db()
    return world


def ours(world: World, status: str) -> None:
    # Without its own transaction: the one around it takes that part, for both alike.
    mark_attendance.__wrapped__(  # type: ignore[attr-defined]
        session=world.session,
        marks=[Mark(p.pk, status) for p in world.people],
        version=world.session.attendance_version,
        by=world.by,
        at=AT,
        why="Another sheet",
    )


def theirs(world: World, status: str) -> None:
    """The same checks and the same rows, as its documentation has one write them."""
    assert can_mark_attendance(world.by, world.session) is None
    twin = KeptSession.objects.select_for_update().get(pk=world.twin.pk)
    open_for_marks(world.session, AT)
    assert twin.attendance_version == world.twin.attendance_version
    people = {person.participant_id for person in roster(world.session)}
    assert not ProgressNote.objects.filter(session=world.session).exists()
    assert "correction_hours" in policy_in_force(world.session.program_id, TODAY)
    there = {a.participant_id: a for a in KeptAttendance.objects.filter(session=twin)}
    new, changed = [], []
    for person in world.people:
        assert person.pk in people
        mark = there.get(person.pk)
        if mark is None:
            mark = KeptAttendance(program_id=twin.program_id, session=twin, participant=person)
            new.append(mark)
        elif mark.status != status:
            changed.append(mark)
        mark.status, mark.marked_by, mark.marked_at = status, world.by, AT
    told: dict[str, Any] = {"default_user": world.by, "default_date": AT}
    if new:
        bulk_create_with_history(new, KeptAttendance, **told)
    if changed:
        bulk_update_with_history(changed, KeptAttendance, FIELDS, **told)
    twin.attendance_version += 1
    twin.state = "held"
    bulk_update_with_history([twin], KeptSession, ["attendance_version", "state"], **told)
    record("attendance.marked", by=world.by, at=AT, obj=world.session, people=len(new + changed))


def undone(work: Callable[[World, str], None], world: World) -> Callable[[], None]:
    def act() -> None:
        with transaction.atomic():
            work(world, Status.PRESENT)
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            transaction.set_rollback(True)

    return act


class NoTrail(OneStatement):
    """The act's own statement without its part of the trail."""

    def rows(self, name: str, *args: Any, **more: Any) -> None:
        if name != "trail":
            super().rows(name, *args, **more)


@contextmanager
def unaudited(owner: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No trail, and the triggers that keep the history of rows are off; all else is the same."""
    tables = [model._meta.db_table for model in (Attendance, GroupSession)]
    found = owner.execute(
        "SELECT tgrelid::regclass::text, quote_ident(tgname) FROM pg_trigger "
        "WHERE tgrelid = ANY(%s::regclass[]) AND NOT tgisinternal "
        "AND tgname ~ '^pgtrigger_(insert|update|delete)_'",
        [tables],
    ).fetchall()
    assert len(found) == 3 * len(tables), found
    with monkeypatch.context() as patched:
        patched.setattr(attendance, "OneStatement", NoTrail)
        for table, trigger in found:
            owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
        try:
            yield
        finally:
            for table, trigger in found:
                owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}")


WARM = (
    8  # the database plans a trigger's statements anew after its switch, and then some times more
)
WHAT = {0: "attendance of twelve", 6: "six of twelve marked before", 12: "twelve corrected"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(900)
@pytest.mark.parametrize("marked", WHAT)
def test_audit_costs_little(marked: int, as_owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    act = undone(ours, a_world(marked=marked))
    rounds = []
    for turn in range(31):
        # Each way begins every other round: a busy moment hits both alike.
        times = {}
        for audited in (True, False) if turn % 2 else (False, True):
            with nullcontext() if audited else unaudited(as_owner, monkeypatch):
                for _ in range(WARM):
                    act()
                times[audited] = measured(act, 10)
        if turn:
            rounds.append((times[True], times[False]))
    ratio = statistics.median(a / b for a, b in rounds)
    with_it, without = (statistics.median(column) for column in zip(*rounds, strict=True))
    keep(f"{WHAT[marked]}, history and trail ÷ without", with_it, without, ratio, "at most 1.25")
    assert ratio <= 1.25


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(900)
@pytest.mark.parametrize("marked", WHAT)
def test_beside_simple_history(marked: int, faster: Callable[..., float]) -> None:
    world = a_world(marked=marked)
    faster(
        f"{WHAT[marked]}: django-simple-history ÷ ours",
        undone(ours, world), undone(theirs, world), at_least=4, rounds=31,
    )  # fmt: skip
