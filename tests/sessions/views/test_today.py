"""Today of those who plan: what it costs, and the places that are kept for somebody who waits."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
import time_machine
from django.urls import reverse

from participants.models import Participant
from phpsupport.access.roles import Role
from phpsupport.programs.models import Closure
from sessions.actions.enrollment import enroll as give_place
from sessions.actions.leaving import leave_series
from sessions.actions.safety import raise_concern
from sessions.models import CoverRequest, WaitlistEntry
from tests.factories import (
    make_facilitator,
    make_group,
    make_participant,
    make_program,
    make_series,
    make_session,
    make_staff,
)

NOW = datetime(2026, 11, 18, 15, 20, tzinfo=UTC)  # a Wednesday, 10:20 in New York
TODAY = date(2026, 11, 18)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(NOW, tick=False):
        yield


class Desk:
    """A program, who plans in it, and groups with one place each."""

    def __init__(self, client):
        self.client = client
        self.program = make_program("Harbor Day Program")
        self.by = make_staff(self.program, Role.SCHEDULER)
        client.force_login(self.by)

    def group(self, name, hour=10):
        leads = make_facilitator(self.program)
        series = make_series(
            self.program, group=make_group(self.program, name), facilitator=leads, capacity=1,
            starts=time(hour), ends=time(hour, 50),
        )  # fmt: skip
        return make_session(series, TODAY + timedelta(days=1)), leads

    def place(self, series, **more):
        person = make_participant(self.program, **more)
        return give_place(series=series, participant=person, from_on=TODAY, by=self.by, at=NOW)

    def offer(self, series, at=NOW):
        """One leaves the full group and another is asked; a third waits."""
        place, waiting = self.place(series).enrollment, self.place(series, first_name="Bea").waiting
        self.place(series)
        leave_series(enrollment=place, last_on=TODAY, by=self.by, at=at)
        waiting.refresh_from_db()
        return waiting

    def page(self):
        return self.client.get(reverse("sessions:today"))

    def asks(self):
        found = self.page().context["today"]
        return {a.title: a for a in found.asks + found.rest}


@pytest.fixture
def desk(client):
    return Desk(client)


def test_today_takes_eleven_queries_however_much_there_is(desk, django_assert_num_queries):
    def everything(n):
        session, leads = desk.group(f"Group {n}", hour=9 + n)
        desk.offer(session.series)
        CoverRequest.objects.create(
            program=desk.program, session=session, facilitator=leads,
            starts_at=session.starts_at, asked_by=leads.user, asked_at=NOW, escalate_at=NOW,
        )  # fmt: skip
        return session

    everything(0)
    Closure.objects.create(program=desk.program, date=TODAY, reason="Snow")
    desk.page()
    with django_assert_num_queries(11):
        desk.page()
    for n in (1, 2):
        session = everything(n)
    with django_assert_num_queries(11):
        page = desk.page()
    assert len([t for t in desk.asks() if "kept" in t]) == 3
    assert "closed: Snow" in page.content.decode()
    lead = make_staff(desk.program, Role.PROGRAM_LEAD)
    begun = make_session(session.series, TODAY - timedelta(days=1))
    raise_concern(session=begun, participant=None, by=lead, at=NOW)
    desk.client.force_login(lead)
    desk.page()
    with django_assert_num_queries(11):  # one reads open safety concerns, there or not
        page = desk.page()
    assert "safety concern" in page.content.decode().lower()


def test_a_place_that_is_kept_says_in_which_group_and_until_when_but_not_for_whom(desk):
    session, _ = desk.group("Morning Check-in")
    entry = desk.offer(session.series)
    ask = desk.asks()["A place is kept in Morning Check-in"]
    assert ask.line == "Offered until Thu 19 Nov, 10:20. The roster says for whom."
    assert ask.when == "plain"
    assert ask.url == reverse("sessions:series", args=[session.series_id]) + "#waiting"
    assert "Bea" not in desk.page().content.decode()
    assert desk.asks()["1 person waits for Morning Check-in"].line == (
        "0 of 1 places taken, 1 kept"
    )
    roster = desk.client.get(ask.url).content.decode()
    assert 'id="waiting"' in roster
    assert "until Thu 19 Nov, 10:20" in roster

    desk.client.force_login(make_staff(make_program(), Role.SCHEDULER))
    assert not desk.asks(), "another program's offers are none of theirs"

    desk.client.force_login(desk.by)
    offer = WaitlistEntry.objects.filter(pk=entry.pk)
    yesterday = NOW - timedelta(days=1)
    offer.update(offered_at=yesterday, offer_until=NOW + timedelta(hours=1))
    assert desk.asks()["A place is kept in Morning Check-in"].when == "soon"
    offer.update(offer_until=NOW)
    assert not [t for t in desk.asks() if "kept" in t], "it has run out"
    offer.update(offer_until=NOW + timedelta(hours=1))
    Participant.objects.filter(pk=entry.participant_id).update(sealed_at=NOW)
    assert not [t for t in desk.asks() if "kept" in t], "a sealed chart is told nowhere"


def test_several_places_of_a_group_are_one_line(desk):
    session, _ = desk.group("Circle")
    desk.offer(session.series)
    WaitlistEntry.objects.filter(offer_until=None).update(
        offered_at=NOW, offer_until=NOW + timedelta(hours=2), offered_from=TODAY
    )
    ask = desk.asks()["2 places are kept in Circle"]
    assert ask.line == "The first until Wed 18 Nov, 12:20. The roster says for whom."
    assert not [t for t in desk.asks() if "wait" in t], "who was asked is not told as waiting too"
