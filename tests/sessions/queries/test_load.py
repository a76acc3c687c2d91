"""The column of the supervisor's board that the schedule fills."""

from datetime import UTC, date, datetime

import pytest

from facilitators.queries.board import from_above
from sessions.actions.schedule import cancel_session
from tests.factories import make_facilitator, make_program, make_series, make_session

AT = datetime(2026, 11, 18, 15, tzinfo=UTC)


@pytest.mark.django_db
def test_the_board_counts_the_sessions_of_this_week(django_assert_num_queries):
    program = make_program()
    ana, bea = make_facilitator(program), make_facilitator(program)
    series = make_series(program, facilitator=ana)
    for day in (15, 16, 20, 21, 23):  # Sunday before, Monday, Friday, Saturday, Monday after
        make_session(series, date(2026, 11, day))
    last = series.sessions.get(local_date=date(2026, 11, 21))
    cancel_session(session=last, reason="Snow", by=None, at=AT)
    with django_assert_num_queries(1):
        found = from_above("load", None, program, [ana.pk, bea.pk], AT)
    assert {pk: pill.words for pk, pill in found.items()} == {
        ana.pk: "2 sessions",
        bea.pk: "0 sessions",
    }
