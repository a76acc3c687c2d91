"""What the rules of the schedule ask about sessions that somebody wants: read in one statement.

Busy rooms and people, rosters, files of clearance, declared conflicts of interest, closed days and
the dated rules come as rows with a tag. However many sessions are wanted, it is one query.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from json import loads
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from facilitators.models import Facilitator
from facilitators.queries.clearance import (
    FILE_SQL,
    POLICY_SQL,
    REQUIREMENT_SQL,
    ClearanceFile,
    ProgramRules,
    file_from,
    rules_from,
)
from participants.names import display_name
from sessions.models import Room

ONE_DAY: Final = timedelta(days=1)
TWO_DAYS: Final = timedelta(days=2)
WEEK: Final = timedelta(days=7)


@dataclass(frozen=True)
class Wanted:
    """One session as somebody wants it.

    `key` is its id where it is stored already. `series_id` and `language` are those of its series
    and group: with them the roster and the language are judged as well. `keeps_closed_days` is for
    a series that meets on closed days all the same.
    """

    local_date: date
    starts_at: datetime
    ends_at: datetime
    room: Room
    people: tuple[tuple[Facilitator, str], ...]
    label: str
    key: UUID | None = None
    series_id: UUID | None = None
    language: str = ""
    keeps_closed_days: bool = False


@dataclass(frozen=True)
class Taken:
    """A stored session that takes a room or a person, or that participants of a roster go to."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    label: str
    room_id: UUID | None = None
    person_id: UUID | None = None
    series_id: UUID | None = None
    day: date | None = None


@dataclass(frozen=True)
class Stands:
    """How a wanted session stands now: its place, and by person their part."""

    starts_at: datetime
    ends_at: datetime
    room_id: UUID
    shares_room: bool
    parts: Mapping[UUID, str]
    shares_time: frozenset[UUID]


@dataclass(frozen=True)
class Place:
    """A participant's place in a series."""

    series_id: UUID
    participant_id: UUID
    name: str
    from_on: date
    until_on: date | None
    leaves: time | None

    def on(self, day: date) -> bool:
        return self.from_on <= day and (self.until_on is None or day <= self.until_on)


@dataclass
class Facts:
    """Everything that was read."""

    rules: ProgramRules
    taken: list[Taken] = field(default_factory=list)
    stands: dict[UUID, Stands] = field(default_factory=dict)
    places: dict[UUID, list[Place]] = field(default_factory=dict)  # by series
    files: dict[UUID, ClearanceFile] = field(default_factory=dict)  # by facilitator
    names: dict[UUID, str] = field(default_factory=dict)  # by person
    languages: dict[UUID, tuple[str, ...]] = field(default_factory=dict)
    most_a_day: dict[UUID, int] = field(default_factory=dict)
    apart: set[tuple[UUID, UUID]] = field(default_factory=set)
    closed: dict[date, str] = field(default_factory=dict)


# A session lasts less than a day; the bounds let an index be used.
READ: Final = f"""
WITH wanted AS MATERIALIZED (
    SELECT * FROM unnest(
        %(starts)s::timestamptz[], %(ends)s::timestamptz[], %(rooms)s::uuid[], %(series)s::uuid[],
        %(days)s::date[]
    ) AS w(starts_at, ends_at, room_id, series_id, day)
),
guests AS MATERIALIZED (
    SELECT DISTINCT e.participant_id
    FROM group_sessions_enrollment e
    JOIN wanted w ON w.series_id = e.series_id
        AND e.from_on <= w.day AND (e.until_on IS NULL OR e.until_on >= w.day)
    JOIN participants_participant p ON p.id = e.participant_id
    WHERE p.sealed_at IS NULL
),
places AS MATERIALIZED (
    SELECT e.series_id, e.participant_id, e.from_on, e.until_on, e.leaves_at
    FROM group_sessions_enrollment e
    JOIN guests USING (participant_id)
    WHERE e.from_on <= %(last)s AND (e.until_on IS NULL OR e.until_on >= %(first)s)
),
taken(what, id, about) AS (
    SELECT 'room', near.id, near.room_id
    FROM group_sessions_groupsession near
    JOIN wanted w ON near.room_id = w.room_id
        AND near.starts_at < w.ends_at + interval '1 hour'
        AND near.ends_at > w.starts_at - interval '1 hour'
    WHERE near.room_id = ANY(%(rooms)s::uuid[])
        AND near.starts_at > %(early)s AND near.starts_at < %(late)s
        AND near.state IN ('scheduled', 'held')
    UNION
    SELECT 'person', a.session_id, a.person_id
    FROM unnest(%(since)s::timestamptz[], %(until)s::timestamptz[]) AS weeks(since, until)
    JOIN group_sessions_sessionfacilitator a
        ON a.starts_at < weeks.until AND a.ends_at > weeks.since
    WHERE a.person_id = ANY(%(people)s::uuid[])
        AND a.starts_at > %(early)s AND a.starts_at < %(late)s AND a.active
    UNION
    SELECT 'guests', beside.id, beside.series_id
    FROM group_sessions_groupsession beside
    JOIN wanted w ON beside.starts_at < w.ends_at AND beside.ends_at > w.starts_at
    WHERE beside.series_id IN (SELECT places.series_id FROM places)
        AND beside.starts_at > %(early)s AND beside.starts_at < %(late)s
        AND beside.state IN ('scheduled', 'held')
)
SELECT taken.what, s.id, taken.about, s.starts_at, s.ends_at,
    CASE WHEN s.program_id = %(program)s THEN offered.name ELSE 'a group of ' || program.name END,
    CASE WHEN taken.what = 'guests' THEN to_jsonb(s.local_date) END
FROM taken
JOIN group_sessions_groupsession s ON s.id = taken.id
JOIN group_sessions_groupseries series ON series.id = s.series_id
JOIN group_sessions_supportgroup offered ON offered.id = series.group_id
JOIN programs_program program ON program.id = s.program_id
WHERE NOT s.id = ANY(%(gone)s::uuid[])
UNION ALL
SELECT 'stands', s.id, s.room_id, s.starts_at, s.ends_at, '', jsonb_build_object(
    'shares', s.shares_room, 'people', (
        SELECT COALESCE(jsonb_agg(jsonb_build_array(a.person_id, a.part, a.shares_time)), '[]')
        FROM group_sessions_sessionfacilitator a WHERE a.session_id = s.id
    ))
FROM group_sessions_groupsession s
WHERE s.id = ANY(%(keys)s::uuid[]) AND s.state = 'scheduled'
UNION ALL
SELECT 'place', places.series_id, places.participant_id, NULL, NULL, '', jsonb_build_object(
    'first', p.first_name, 'last', p.last_name, 'preferred', p.preferred_name,
    'from', places.from_on, 'until', places.until_on, 'leaves', places.leaves_at)
FROM places JOIN participants_participant p ON p.id = places.participant_id
UNION ALL
SELECT 'apart', f.user_id, c.participant_id, NULL, NULL, '', NULL
FROM facilitators_conflictofinterest c
JOIN facilitators_facilitator f ON f.id = c.facilitator_id
JOIN guests ON guests.participant_id = c.participant_id
WHERE c.ended_at IS NULL AND f.user_id = ANY(%(people)s::uuid[])
UNION ALL
SELECT 'closed', NULL, NULL, NULL, NULL, closed.reason, to_jsonb(closed.date)
FROM programs_closure closed
WHERE closed.program_id = %(program)s AND closed.date = ANY(%(days)s::date[])
UNION ALL
SELECT 'policy', NULL, NULL, NULL, NULL, '', {POLICY_SQL}
FROM programs_policyprofile policy WHERE policy.program_id = %(program)s
UNION ALL
SELECT 'requirement', NULL, NULL, NULL, NULL, '', {REQUIREMENT_SQL}
FROM facilitators_trainingrequirement r
WHERE r.program_id = %(program)s AND r.role = 'facilitator'
UNION ALL
SELECT 'file', f.id, f.user_id, NULL, NULL, '', {FILE_SQL} || jsonb_build_object(
    'stage', f.stage, 'ended_on', f.ended_on, 'spoken', f.languages, 'most', f.max_groups_per_day,
    'first', u.first_name, 'preferred', u.preferred_name, 'last', u.last_name)
FROM facilitators_facilitator f JOIN users_user u ON u.id = f.user_id
WHERE f.id = ANY(%(facilitators)s::uuid[])
"""  # noqa: S608 (put together from constants)


def read_facts(
    wanted: Sequence[Wanted], *, program_id: UUID, zone: str, without: Collection[UUID] = ()
) -> Facts:
    """What the rules ask about the wanted sessions. One query.

    The stored sessions whose place they take do not count as taken, nor do those `without`.
    """
    people = {f.pk: f for w in wanted for f, _ in w.people}
    keys = [w.key for w in wanted if w.key]
    days = [w.local_date for w in wanted]
    weeks = _weeks(days, ZoneInfo(zone))
    asked: dict[str, Any] = {
        "program": program_id,
        "starts": [w.starts_at for w in wanted],
        "ends": [w.ends_at for w in wanted],
        "rooms": [w.room.pk for w in wanted],
        "series": [w.series_id for w in wanted],
        "days": days,
        "first": min(days) - ONE_DAY,
        "last": max(days) + ONE_DAY,
        "early": weeks[0][0] - TWO_DAYS,
        "late": weeks[-1][1],
        "since": [since for since, _ in weeks],
        "until": [until for _, until in weeks],
        "people": list({f.user_id for f in people.values()}),
        "facilitators": list(people),
        "keys": keys,
        "gone": [*keys, *without],
    }
    with connection.cursor() as cursor:
        cursor.execute(READ, asked)
        rows = cursor.fetchall()
    return _facts(rows, program_id, people, zone)


def _weeks(days: Iterable[date], zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    """The weeks around the days with a day on either side, those that touch in one."""
    spans: list[tuple[date, date]] = []
    for monday in sorted({day - day.weekday() * ONE_DAY for day in days}):
        if spans and monday - ONE_DAY <= spans[-1][1]:
            spans[-1] = (spans[-1][0], monday + WEEK + ONE_DAY)
        else:
            spans.append((monday - ONE_DAY, monday + WEEK + ONE_DAY))
    return [
        (datetime.combine(since, time.min, zone), datetime.combine(until, time.min, zone))
        for since, until in spans
    ]


def _facts(
    rows: Iterable[tuple[Any, ...]], program_id: UUID, people: Mapping[UUID, Facilitator], zone: str
) -> Facts:
    by_tag: dict[str, list[tuple[Any, ...]]] = {}
    for tag, *row, data in rows:
        by_tag.setdefault(tag, []).append((*row, loads(data) if data else None))

    def of(tag: str) -> list[tuple[Any, ...]]:
        return by_tag.get(tag, [])

    rules = rules_from(
        program_id, (row[-1] for row in of("policy")), (row[-1] for row in of("requirement"))
    )
    facts = Facts(
        rules,
        apart={(person, participant) for person, participant, *_ in of("apart")},
        closed={date.fromisoformat(row[5]): row[4] for row in of("closed")},
    )
    for tag, column in (("room", "room_id"), ("person", "person_id"), ("guests", "series_id")):
        for pk, about, starts_at, ends_at, label, day in of(tag):
            facts.taken.append(
                Taken(pk, starts_at, ends_at, label, **{column: about}, day=_date(day))
            )
    for pk, room, starts_at, ends_at, _, data in of("stands"):
        facts.stands[pk] = Stands(
            starts_at, ends_at, room, data["shares"],
            {UUID(person): part for person, part, _ in data["people"]},
            frozenset(UUID(person) for person, _, shares in data["people"] if shares),
        )  # fmt: skip
    for series_id, participant_id, _, _, _, data in of("place"):
        facts.places.setdefault(series_id, []).append(
            Place(
                series_id, participant_id,
                display_name(data["first"], data["last"], data["preferred"]),
                date.fromisoformat(data["from"]), _date(data["until"]),
                time.fromisoformat(data["leaves"]) if data["leaves"] else None,
            )
        )  # fmt: skip
    for pk, person, _, _, _, data in of("file"):
        facilitator = copy(people[pk])
        facilitator.stage, facilitator.ended_on = data["stage"], _date(data["ended_on"])
        facts.files[pk] = file_from(facilitator, data, rules=rules, zone=zone)
        facts.names[person] = person_name(data)
        facts.languages[person] = tuple(data["spoken"])
        if data["most"] is not None:
            facts.most_a_day[person] = data["most"]
    return facts


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def person_name(row: Mapping[str, str]) -> str:
    """The name of an account from its parts, as `User.name` gives it."""
    return f"{row['preferred'] or row['first']} {row['last']}".strip()
