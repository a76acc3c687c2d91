"""The week's data: beside the same rows by a plain query, by psycopg alone, and beside django-scheduler's own listing."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from schedule.models import Calendar, Event, Rule
from schedule.periods import Week

from phpsupport.programs.models import Program
from sessions.models import GroupSeries
from sessions.queries.entries import SESSIONS, entries
from tests.bench.worlds import NEW_YORK, NOW, SINCE, TODAY, UNTIL, YEARS, weekly

# The same rows as somebody writes them down who only wants the week: no trick, one look for each
# number. It leaves out what our entries say besides (unmarked, steps, answers, rules set aside).
WEEK = """
SELECT s.id, s.series_id, g.id, g.name, g.kind, r.id, r.name, s.local_date, s.starts_at, s.ends_at,
       s.state, s.state_reason, s.moved, se.capacity,
       (SELECT count(*) FROM group_sessions_enrollment e JOIN participants_participant p ON p.id = e.participant_id
        WHERE e.series_id = s.series_id AND e.from_on <= s.local_date AND p.sealed_at IS NULL
          AND (e.until_on IS NULL OR e.until_on >= s.local_date)),
       (SELECT count(*) FROM group_sessions_waitlistentry w WHERE w.series_id = s.series_id AND w.outcome = 'waiting'),
       (SELECT count(*) FROM group_sessions_attendance a WHERE a.session_id = s.id),
       (SELECT count(*) FROM group_sessions_attendance a
        WHERE a.session_id = s.id AND a.status IN ('present', 'late', 'left_early')),
       EXISTS (SELECT 1 FROM group_sessions_groupnote n WHERE n.session_id = s.id),
       (SELECT jsonb_agg(jsonb_build_object('id', f.facilitator_id, 'part', f.part, 'first', u.first_name,
                                            'last', u.last_name) ORDER BY f.part DESC)
        FROM group_sessions_sessionfacilitator f JOIN users_user u ON u.id = f.person_id
        WHERE f.session_id = s.id AND f.active)
FROM group_sessions_groupsession s
JOIN group_sessions_groupseries se ON se.id = s.series_id
JOIN group_sessions_supportgroup g ON g.id = se.group_id
JOIN group_sessions_room r ON r.id = s.room_id
WHERE s.program_id = %s AND s.starts_at >= %s AND s.starts_at < %s
ORDER BY s.starts_at, g.name, s.id
"""


def by_django_scheduler(program: Program) -> Callable[[], list[tuple[datetime, datetime]]]:
    """The same series as events with a weekly rule; returns what lists their occurrences."""
    calendar = Calendar.objects.create(name="The program", slug=str(program.pk))
    rule = Rule.objects.create(name="weekly", description="every week", frequency="WEEKLY")
    events = []
    for series in GroupSeries.objects.filter(program=program).select_related("group"):
        day = series.from_on + timedelta(days=series.weekdays[0])
        events.append(
            Event(
                calendar=calendar, rule=rule, title=series.group.name,
                start=datetime.combine(day, series.starts, NEW_YORK),
                end=datetime.combine(day, series.ends, NEW_YORK),
                end_recurring_period=datetime.combine(series.until_on, series.ends, NEW_YORK),
            )
        )  # fmt: skip
    Event.objects.bulk_create(events)

    def listing() -> list[tuple[datetime, datetime]]:
        # As its own calendar pages ask for them: events with rule and stored exceptions.
        found = calendar.event_set.prefetch_related("occurrence_set", "rule")
        week = Week(found, SINCE, tzinfo=NEW_YORK)
        return [(o.start, o.end) for o in week.occurrences]

    return listing


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("number", "at_most", "at_least", "rounds"),
    [(25, 2.8, 10, 15), (200, 1.7, 25, 7), (1000, None, None, 3)],
)
def test_the_week(
    number: int,
    at_most: float | None,
    at_least: float | None,
    rounds: int,
    pair: Callable[..., float],
    faster: Callable[..., float],
) -> None:
    program = weekly(number)
    asked = {"program": program.pk, "since": SINCE, "until": UNTIL}

    def ours() -> list[object]:
        return entries(program=program, since=SINCE, until=UNTIL, at=NOW)

    def by_psycopg() -> list[tuple[object, ...]]:
        with connection.connection.cursor() as cursor:
            return cursor.execute(SESSIONS, asked).fetchall()

    def by_hand() -> list[tuple[object, ...]]:
        with connection.connection.cursor() as cursor:
            return cursor.execute(WEEK, [program.pk, SINCE, UNTIL]).fetchall()

    found = ours()
    assert [e.id for e in found] == [row[0] for row in by_hand()]
    assert len(found) == len(by_psycopg()) == number
    what = f"the week, {number} weekly series with {YEARS} years behind"
    pair(f"{what} ÷ a plain query by hand", ours, by_hand, at_most=at_most)
    pair(f"{what} ÷ its own statement by psycopg", ours, by_psycopg)
    listing = by_django_scheduler(program)
    assert sorted(listing()) == [(e.starts_at, e.ends_at) for e in found]
    faster(f"{what}: django-scheduler ÷ ours", ours, listing, at_least=at_least, rounds=rounds)
    assert found[0].on == TODAY
