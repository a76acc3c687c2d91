"""The hand-written statement says what the ORM says, sealed charts are counted nowhere, and what an
entry tells is the site's time."""

import re
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.apps import apps
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, JSONObject

from phpsupport.programs.models import Program
from sessions.models import (
    CAME,
    Attendance,
    CurriculumItem,
    Enrollment,
    GroupKind,
    GroupNote,
    GroupSession,
    Part,
    RuleOverride,
    SessionFacilitator,
    SessionState,
    Status,
    WaitlistEntry,
    WaitOutcome,
)
from sessions.queries.entries import SESSIONS, Entry, entries
from tests import factories as make

MONDAY = date(2026, 11, 23)
AT = datetime(2026, 11, 25, 17, 0, tzinfo=UTC)
STATES = (
    SessionState.SCHEDULED,
    SessionState.HELD,
    SessionState.CANCELLED,
    SessionState.NOT_HELD,
)


# --- what the statement has to say ----------------------------------------------------------------
def _number(rows: Any, key: str) -> Coalesce:
    counted = rows.order_by().values(key).annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def by_the_orm(program: Program, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """The same rows by the ORM, with a name for each column."""
    places = Enrollment.objects.filter(
        Q(until_on=None) | Q(until_on__gte=OuterRef("local_date")),
        series=OuterRef("series"),
        from_on__lte=OuterRef("local_date"),
        participant__sealed_at=None,
    )
    marks = Attendance.objects.filter(session=OuterRef("pk"), participant__sealed_at=None)
    waiting = WaitlistEntry.objects.filter(
        series=OuterRef("series"), outcome=WaitOutcome.WAITING, participant__sealed_at=None
    )
    here = Attendance.objects.filter(
        session=OuterRef(OuterRef("pk")), participant=OuterRef("participant")
    )
    people = (
        SessionFacilitator.objects.filter(session=OuterRef("pk"))
        .order_by("-part", "pk")
        .values(
            row=JSONObject(
                id="facilitator_id",
                person="facilitator__user_id",
                part="part",
                first="facilitator__user__first_name",
                preferred="facilitator__user__preferred_name",
                last="facilitator__user__last_name",
                answer="answer",
                shares_time="shares_time",
                flagged=Q(flagged_at__isnull=False),
            )
        )
    )
    return list(
        GroupSession.objects.filter(program=program, starts_at__gte=since, starts_at__lt=until)
        .order_by("starts_at", "series__group__name", "pk")
        .values(
            "id", "series_id", "room_id", "starts_at", "ends_at", "state", "moved", "shares_room",
            group_id=F("series__group_id"),
            group=F("series__group__name"),
            kind=F("series__group__kind"),
            room_name=F("room__name"),
            on=F("local_date"),
            reason=F("state_reason"),
            capacity=F("series__capacity"),
            title=Coalesce("item__title", Value("")),
            enrolled=_number(places, "series"),
            unmarked=_number(places.filter(~Exists(here)), "series"),
            waiting=_number(waiting, "series"),
            marked=_number(marks, "session"),
            came=_number(marks.filter(status__in=CAME), "session"),
            noted=Exists(GroupNote.objects.filter(session=OuterRef("pk"))),
            overridden=Exists(RuleOverride.objects.filter(session=OuterRef("pk"))),
            people=ArraySubquery(people),
        )
    )  # fmt: skip


def as_read(found: list[Entry]) -> list[dict[str, Any]]:
    names = {"room": "room_name", "item": "title"}
    own = {"starts", "ends", "past", "not_cleared"}
    return [
        {names.get(f.name, f.name): getattr(e, f.name) for f in fields(e) if f.name not in own}
        for e in found
    ]


# --- a program with everything that can be ---------------------------------------------------------
def busy_program(zone: str = make.NEW_YORK) -> Program:
    """Six series over two weeks in which states, rosters, marks and people differ in every way."""
    program = make.make_program(zone=zone)
    place = ZoneInfo(zone)
    staff = [
        make.make_facilitator(program, cleared=False, first_name=first, last_name=last)
        for first, last in (("Ana", 'So"lís'), ("O'Neil", "Ñandú\\n"), ("Kim", "Lee"))
    ]
    staff[2].user.preferred_name = "Kimmy"
    staff[2].user.save()
    people = [make.make_participant(program) for _ in range(7)]
    for sealed in people[5:]:
        sealed.sealed_at = AT
        sealed.save()
    kinds = [GroupKind.OPEN, GroupKind.CURRICULUM, GroupKind.ALUMNI]
    for n in range(6):
        group = make.make_group(program, f"Group {'zZaÄ%_'[n]}", kind=kinds[n % 3])
        items = [
            CurriculumItem.objects.create(group=group, position=k, title=f"Step {k}")
            for k in range(n % 3)
        ]
        series = make.make_series(
            program,
            group=group,
            starts=time(9 + n),
            ends=time(9 + n, 50),
            capacity=n + 1,
            from_on=date(2026, 11, 2),
            until_on=date(2027, 1, 15),
        )
        places(series, people, n)
        for day in range(0, 14, 1 + n % 2):
            on = MONDAY + timedelta(days=day - 3)
            state = STATES[(n + day) % 4]
            starts_at = datetime.combine(on, time(9 + n), place)
            session = GroupSession.objects.create(
                program=program, series=series, room=series.room, local_date=on,
                starts_at=starts_at, ends_at=starts_at + timedelta(minutes=50), state=state,
                state_reason="Snow" if state == SessionState.CANCELLED else "",
                moved=day % 3 == 0, shares_room=day % 5 == 0,
                item=items[day % len(items)] if items else None,
            )  # fmt: skip
            led(session, staff, day, n)
            marks(session, people, day, n)
    return program


def places(series: Any, people: list[Any], n: int) -> None:
    """Places that are open, begin or end on a day of these weeks, or are of a sealed chart."""
    for k, person in enumerate(people[: 7 - n]):
        begins = MONDAY + timedelta(days=k - 2)
        ends = (None, begins, begins + timedelta(days=3), begins + timedelta(days=30))[(k + n) % 4]
        make.enroll(series, person, from_on=begins, until_on=ends)
    for k, person in enumerate([people[0], people[3], people[6]]):
        outcome = (WaitOutcome.WAITING, WaitOutcome.LEFT, WaitOutcome.WAITING)[(k + n) % 3]
        WaitlistEntry.objects.create(
            program=series.program, series=series, participant=person, position=k,
            wanted_from=MONDAY, queued_at=AT, outcome=outcome,
            ended_at=None if outcome == WaitOutcome.WAITING else AT,
        )  # fmt: skip


def led(session: GroupSession, staff: list[Any], day: int, n: int) -> None:
    """Nobody, a lead, or a lead beside others, with and without an answer."""
    answers = ("", "accepted", "declined", "proposed")
    for k in range((day + n) % 4):
        person = staff[(k + n) % 3]
        SessionFacilitator.objects.create(
            session=session, facilitator=person, person=person.user,
            part=Part.LEAD if k == (n % 2) else Part.CO, starts_at=session.starts_at,
            ends_at=session.ends_at, active=session.state in ("scheduled", "held"),
            answer=answers[(k + day) % 4], shares_time=k == 2, flagged_at=AT if k == 1 else None,
        )  # fmt: skip


def marks(session: GroupSession, people: list[Any], day: int, n: int) -> None:
    """Some came, some did not, somebody without a place, somebody whose chart is sealed."""
    if session.state != SessionState.HELD:
        return
    for k, person in enumerate(people):
        if (k + day + n) % 3:
            Attendance.objects.create(
                program=session.program, session=session, participant=person, marked_at=AT,
                status=Status.values[(k + day) % len(Status.values)],
            )  # fmt: skip
    if day % 2:
        GroupNote.objects.create(
            program=session.program, session=session, author=session.program_author,  # type: ignore[attr-defined]
            signed_at=AT, due_at=AT, credential="CPS", digest="0" * 64, started_at=session.starts_at,
            ended_at=session.ends_at, present=1, expected=2,
        )  # fmt: skip
    if day % 3 == 1:
        RuleOverride.objects.create(
            program=session.program, session=session, rule="rule_room", sentence="The room is taken.",
            reason="No other room", by=session.program_author, at=AT,  # type: ignore[attr-defined]
        )  # fmt: skip


@pytest.fixture
def author(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    monkeypatch.setattr(GroupSession, "program_author", make.make_user(), raising=False)


# --- the proofs -----------------------------------------------------------------------------------
@pytest.mark.usefixtures("author")
@pytest.mark.parametrize("zone", [make.NEW_YORK, "Pacific/Honolulu"])
def test_the_statement_says_what_the_orm_says(zone: str) -> None:
    program = busy_program(zone)
    busy_program(zone)  # of another program: never in the answer
    place = ZoneInfo(zone)
    seen: set[str] = set()
    for first, length in ((-3, 14), (0, 7), (2, 1), (200, 7)):
        since = datetime.combine(MONDAY + timedelta(days=first), time(0), place)
        until = since + timedelta(days=length)
        found = entries(program=program, since=since, until=until, at=AT)
        wanted = by_the_orm(program, since, until)
        assert as_read(found) == wanted
        for row in wanted:
            seen |= {name for name, value in row.items() if value}
        for e in found:
            assert (e.starts, e.ends) == (e.starts_at, e.ends_at)
            assert e.starts.tzinfo is e.ends.tzinfo
            assert str(e.starts.tzinfo) == zone
            assert e.starts.date() == e.on
            assert e.past == (e.ends_at <= AT)
            assert e.not_cleared == []
        assert bool(found) == (first < 200)
    # Every column said something somewhere, or its comparison proves nothing.
    assert seen == set(wanted_names())


def wanted_names() -> list[str]:
    names = {"room": "room_name", "item": "title"}
    own = {"starts", "ends", "past", "not_cleared"}
    return [names.get(f.name, f.name) for f in fields(Entry) if f.name not in own]


@pytest.mark.usefixtures("author")
def test_the_span_is_half_open() -> None:
    program = make.make_program()
    series = make.make_series(program)
    for day in (MONDAY, MONDAY + timedelta(days=7)):
        make.make_session(series, day)
    since = datetime(2026, 11, 23, 15, tzinfo=UTC)  # the first one's start
    (found,) = entries(program=program, since=since, until=since + timedelta(days=7), at=AT)
    assert found.on == MONDAY


@pytest.mark.django_db
def test_a_sealed_chart_is_counted_nowhere() -> None:
    program = make.make_program()
    series = make.make_series(program)
    session = make.make_session(series, MONDAY, state=SessionState.HELD)
    person, late = make.make_participant(program), make.make_participant(program)
    make.enroll(series, person)
    Attendance.objects.create(
        program=program, session=session, participant=person, status="present", marked_at=AT
    )
    WaitlistEntry.objects.create(
        program=program, series=series, participant=late, position=1, wanted_from=MONDAY, queued_at=AT
    )  # fmt: skip

    def counted() -> tuple[int, ...]:
        since = session.starts_at
        (e,) = entries(program=program, since=since, until=since + timedelta(days=1), at=AT)
        return (e.enrolled, e.unmarked, e.marked, e.came, e.waiting)

    assert counted() == (1, 0, 1, 1, 1)
    for chart in (person, late):
        chart.sealed_at = AT
        chart.save()
    assert counted() == (0, 0, 0, 0, 0)


@pytest.mark.parametrize("number", [1, 3])
def test_one_query_however_many_sessions(
    number: int, db: None, django_assert_num_queries: Callable[..., Any]
) -> None:
    program = make.make_program()
    for _ in range(number):
        make.make_session(make.make_series(program), MONDAY)
    since = datetime(2026, 11, 23, tzinfo=UTC)
    with django_assert_num_queries(1):
        found = entries(program=program, since=since, until=since + timedelta(days=1), at=AT)
    assert len(found) == number


def test_every_table_and_column_of_the_statement_is_a_models() -> None:
    """A rename of a model or a field fails here by its name, and not on a page."""
    tables = {m._meta.db_table: m for m in apps.get_models(include_auto_created=True)}
    named = dict(re.findall(r"(?:FROM|JOIN) (\w+) (\w+)", SESSIONS))
    assert set(named) <= set(tables)
    aliases: dict[str, set[str]] = {}
    for table, alias in re.findall(r"(?:FROM|JOIN) (\w+) (\w+)", SESSIONS):
        columns = {f.column for f in tables[table]._meta.concrete_fields}
        aliases.setdefault(alias, columns)
        aliases[alias] &= columns
    asked = {
        (alias, column)
        for alias, column in re.findall(r"\b(\w+)\.(\w+)\b", SESSIONS)
        if alias in aliases
    }
    assert len(asked) > 40
    assert [a for a in sorted(asked) if a[1] not in aliases[a[0]]] == []


def test_the_values_in_the_statement_are_the_models() -> None:
    assert re.findall(r"status IN \(([^)]*)\)", SESSIONS) == [", ".join(f"'{s}'" for s in CAME)]
    assert re.findall(r"outcome = '(\w+)'", SESSIONS) == [WaitOutcome.WAITING.value]


# --- what an entry tells --------------------------------------------------------------------------
def entry(**changes: Any) -> Entry:
    starts = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo(make.NEW_YORK))
    values: dict[str, Any] = {
        "id": uuid4(), "series_id": uuid4(), "group_id": uuid4(), "group": "Hope", "kind": "open",
        "room_id": uuid4(), "room": "Oak", "on": MONDAY, "starts_at": starts.astimezone(UTC),
        "ends_at": starts.astimezone(UTC) + timedelta(minutes=50), "state": "scheduled",
        "reason": "", "moved": False, "shares_room": False, "capacity": 12, "item": "",
        "enrolled": 8, "unmarked": 0, "waiting": 0, "marked": 0, "came": 0, "noted": False,
        "overridden": False, "starts": starts, "ends": starts + timedelta(minutes=50),
        "people": [{"part": "lead", "first": "Ana", "preferred": "", "last": "Solís"}],
    }  # fmt: skip
    return Entry(**{**values, **changes})


@pytest.mark.parametrize(
    ("changes", "look", "words"),
    [
        ({}, "open", "8 of 12"),
        ({"waiting": 2}, "open", "8 of 12, 2 waiting"),
        ({"kind": "alumni"}, "alumni", "8 of 12"),
        ({"people": []}, "gap", "needs a facilitator"),
        ({"not_cleared": ["Ana Solís"]}, "gap", "Ana Solís not cleared"),
        ({"state": "cancelled"}, "cancelled", "cancelled"),
        ({"state": "not_held"}, "cancelled", "not held"),
        ({"past": True}, "held", "attendance is missing"),
        ({"past": True, "state": "held", "unmarked": 1}, "held", "attendance is missing"),
        ({"past": True, "state": "held", "came": 7, "marked": 9}, "held", "7 of 9 came"),
        ({"past": True, "state": "held", "came": 7, "marked": 7}, "held", "7 of 8 came"),
    ],
)
def test_an_entry_says_what_is_missing(changes: dict[str, Any], look: str, words: str) -> None:
    found = entry(**changes)
    assert (found.look, found.words) == (look, words)
    assert found.gap == (words == "needs a facilitator")
    assert found.title.startswith(f"Hope · 10:00–10:50 · Oak · {words} · ")


def test_an_entry_says_that_a_rule_is_set_aside() -> None:
    assert entry(overridden=True).title.endswith(" · a rule is set aside")
    assert "set aside" not in entry().title
