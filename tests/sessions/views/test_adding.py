"""Adding a date to a series: what it comes to is shown first."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from phpsupport.access.roles import Role
from phpsupport.lib import clock
from sessions.models import GroupSeries, GroupSession, ScheduleBatch
from tests.factories import make_facilitator, make_program, make_room, make_series, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def series(client) -> GroupSeries:
    program = make_program()
    client.force_login(make_staff(program, Role.SCHEDULER))
    return make_series(
        program, facilitator=make_facilitator(program, first_name="Ana", last_name="Solís"),
        room=make_room(program, "Harbor"), until_on=date(2036, 1, 1),
    )  # fmt: skip


def asked(series: GroupSeries, **more: str) -> dict[str, str]:
    tomorrow = clock.local_date(clock.now(), series.zone) + timedelta(days=3)
    said = {"on": tomorrow.isoformat(), "starts": "14:00", "ends": "14:50"}
    return {**said, "room": str(series.room_id), **more}


def confirmed(client, series: GroupSeries, **more: str):
    """Look first, then say yes to what was shown."""
    here = reverse("sessions:series-add-date", args=[series.pk])
    shown = client.post(here, asked(series, see="1", **more)).context["preview"].what.seen
    return client.post(here, asked(series, confirm="1", seen=shown, **more), follow=True)


def test_it_is_looked_at_first_then_added_and_can_be_undone(client, series):
    here = reverse("sessions:series-add-date", args=[series.pk])
    link = client.get(reverse("sessions:series", args=[series.pk])).content.decode()
    assert f'href="{here}"' in link
    seen = client.post(here, asked(series, see="1")).content.decode()
    assert "Nothing is in the way." in seen
    assert "Ana Solís gets 1 neutral message." in seen
    assert not GroupSession.objects.exists()
    done = confirmed(client, series)
    batch = ScheduleBatch.objects.get(kind="added")
    assert done.redirect_chain[-1][0].endswith(f"?done={batch.pk}")
    assert "The date is added." in done.content.decode()
    client.post(reverse("sessions:batch-undo", args=[batch.pk]))
    assert not GroupSession.objects.exists()


def test_what_is_in_the_way_is_shown_and_nothing_is_saved(client, series):
    confirmed(client, series)
    other = make_series(
        series.program, facilitator=make_facilitator(series.program), room=series.room,
        until_on=date(2036, 1, 1),
    )  # fmt: skip
    there = reverse("sessions:series-add-date", args=[other.pk])
    page = client.post(there, asked(other, confirm="1", starts="14:30", ends="15:00"))
    assert "Harbor is taken" in page.content.decode()
    assert GroupSession.objects.count() == 1


def test_a_yes_counts_for_what_was_shown(client, series):
    here = reverse("sessions:series-add-date", args=[series.pk])
    shown = client.post(here, asked(series, see="1")).context["preview"].what.seen
    other = make_series(
        series.program, facilitator=make_facilitator(series.program), room=series.room,
        until_on=date(2036, 1, 1),
    )  # fmt: skip
    confirmed(client, other)  # somebody takes the room meanwhile
    late = client.post(here, asked(series, confirm="1", seen=shown))
    assert late.status_code == 200
    assert "Harbor is taken" in late.content.decode()
    assert not series.sessions.exists()


def test_a_day_that_cannot_be_stands_beside_its_field(client, series):
    here = reverse("sessions:series-add-date", args=[series.pk])
    page = client.post(here, asked(series, see="1", on="2036-01-02"))
    assert "Choose a day to come on which the series runs" in page.content.decode()
    assert page.context["preview"] is None
    assert client.post(here, {"see": "1"}).status_code == 200


def test_getting_the_page_changes_nothing_and_others_do_not_find_it(client, series):
    here = reverse("sessions:series-add-date", args=[series.pk])
    assert client.get(here, asked(series, confirm="1")).status_code == 200
    assert not GroupSession.objects.exists()
    client.force_login(make_staff(make_program(), Role.SCHEDULER))
    assert client.get(here).status_code == 404
    client.force_login(make_staff(series.program, Role.SUPERVISOR))
    assert client.get(here).status_code == 403
