"""The week's data: beside the same rows by psycopg alone, and beside django-scheduler's own listing."""

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

    found = ours()
    assert len(found) == len(by_psycopg()) == number
    what = f"the week, {number} weekly series with {YEARS} years behind"
    pair(f"{what} ÷ psycopg alone", ours, by_psycopg, at_most=at_most)
    listing = by_django_scheduler(program)
    assert sorted(listing()) == [(e.starts_at, e.ends_at) for e in found]
    faster(f"{what}: django-scheduler ÷ ours", ours, listing, at_least=at_least, rounds=rounds)
    assert found[0].on == TODAY
