"""The pages of cover and answers: what they show, refuse and cost."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from facilitators.models import Leave
from phpsupport.access.roles import Role
from sessions.actions.answers import answer_assignment, propose_time
from sessions.actions.cover import accept_cover
from sessions.actions.schedule import cancel_session
from sessions.models import (
    Answer,
    Attendance,
    CoverAsk,
    CoverRequest,
    CoverState,
    Part,
    Proposal,
    ScheduleBatch,
    SessionFacilitator,
)
from tests.factories import (
    make_facilitator,
    make_participant,
    make_program,
    make_room,
    make_series,
    make_session,
    make_staff,
)
from tests.sessions.actions.test_cover import AT, DAY, World

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _that_wednesday():
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def world():
    return World()


def window(user):
    client = Client()
    client.force_login(user)
    return client


def address(name, *args):
    return reverse(f"sessions:{name}", args=args)


def said(response):
    """The page after the redirect."""
    return response.content.decode()


# --- asking for it --------------------------------------------------------------------------------
def test_from_my_day_to_somebody_who_has_it(world):
    ana, tuan, planner = (window(u) for u in (world.ana.user, world.tuan.user, world.planner))
    page = said(ana.get(address("my-day")))
    assert address("session-cover", world.session.pk) in page
    assert address("cover-ask") in page
    there = address("session-cover", world.session.pk)
    assert "No reason is asked" in said(ana.get(there))
    page = said(ana.post(there, follow=True))
    assert "Cover is asked for. The session stays yours until somebody accepts" in page
    assert "looking for cover" in page
    request = CoverRequest.objects.get()
    assert "Morning Check-in needs cover" in said(planner.get(address("today")))
    there = address("cover-request", request.pk)
    page = said(planner.post(there, {"facilitators": [world.tuan.pk]}, follow=True))
    assert "1 person is asked." in page
    ask = CoverAsk.objects.get()
    assert "Could you cover for Ana Solís?" in said(tuan.get(address("my-day")))
    assert "1 question of the schedule for your answer" in said(tuan.get(reverse("home:waiting")))
    page = said(tuan.post(address("cover-answer", ask.pk), {"answer": "accept"}, follow=True))
    assert "It is yours: Morning Check-in, Tue 3 Mar, 10:00–10:50. Thank you." in page
    assert "Tuấn Nguyễn has it. You need not come." in said(ana.get(address("my-day")))


def test_several_sessions_of_a_span_of_days(world):
    more = [make_session(world.series, DAY + timedelta(days=7 * n)) for n in (1, 2)]
    ana = window(world.ana.user)
    there = address("cover-ask") + f"?since={DAY}&until={DAY + timedelta(days=7)}"
    page = said(ana.get(there))
    assert str(more[0].pk) in page
    assert str(more[1].pk) not in page
    chosen = {"sessions": [str(world.session.pk), str(more[0].pk)]}
    assert "They stay yours until somebody accepts" in said(ana.post(there, chosen, follow=True))
    assert CoverRequest.objects.count() == 2
    answer = ana.post(there, {})
    assert answer.status_code == 422
    assert "Choose at least one session." in said(answer)
    backwards = said(ana.get(address("cover-ask") + "?since=2026-03-09&until=2026-03-01"))
    assert "The last day cannot be before the first." in backwards


def test_somebody_elses_sessions_cannot_be_slipped_in(world):
    other = make_session(make_series(world.program, facilitator=world.tuan), DAY)
    ana = window(world.ana.user)
    assert ana.post(address("cover-ask"), {"sessions": [str(other.pk)]}).status_code == 422
    assert ana.post(address("session-cover", other.pk)).status_code == 403
    assert not CoverRequest.objects.exists()


def ticked(page, value):
    """Whether the box of that value is ticked."""
    (box,) = re.findall(f'<input[^>]*value="{value}"[^>]*>', page)
    return "checked" in box


def test_what_was_chosen_is_still_chosen_after_a_refusal(world):
    one, other = (make_session(world.series, DAY + timedelta(days=7 * n)) for n in (1, 2))
    ana = window(world.ana.user)
    there = address("cover-ask") + f"?since={DAY}&until={DAY + timedelta(days=21)}"
    chosen = {"sessions": [str(world.session.pk), str(one.pk)]}
    # Cancelled while she chose: she is told, and only that one is gone.
    cancel_session(session=one, reason="Snow.", by=world.planner, at=AT)
    answer = ana.post(there, chosen)
    assert answer.status_code == 422
    page = said(answer)
    assert "One of these sessions was changed meanwhile." in page
    assert ticked(page, world.session.pk)
    assert not ticked(page, other.pk)
    # Still there, but somebody marked attendance.
    Attendance.objects.create(
        program=world.program, session=other, participant=make_participant(world.program),
        status="excused", marked_at=AT,
    )  # fmt: skip
    answer = ana.post(there, {"sessions": [str(world.session.pk), str(other.pk)]})
    assert answer.status_code == 422
    page = said(answer)
    assert "Attendance or a note is on record" in page
    assert ticked(page, world.session.pk)
    assert ticked(page, other.pk)
    assert not CoverRequest.objects.exists()


def test_who_was_chosen_to_be_asked_is_still_chosen_after_a_refusal(world):
    request = world.needed()
    carl = make_facilitator(world.program, first_name="Carl", last_name="Ek")
    planner, there = window(world.planner), address("cover-request", request.pk)
    Leave.objects.create(facilitator=carl, from_on=DAY, until_on=DAY)  # while they chose
    answer = planner.post(there, {"facilitators": [str(world.tuan.pk), str(carl.pk)]})
    assert answer.status_code == 422
    page = said(answer)
    assert "Carl Ek is on leave" in page
    assert "Choose somebody else." in page
    assert ticked(page, world.tuan.pk)
    assert not ticked(page, world.bea.pk)
    assert not CoverAsk.objects.exists()
    slipped_in = {"facilitators": [str(make_facilitator(make_program()).pk), "no key"]}
    assert planner.post(there, slipped_in).status_code == 422


def test_a_planner_asks_on_somebodys_behalf(world):
    planner = window(world.planner)
    there = address("cover-for", world.ana.pk)
    page = said(planner.post(there, {"sessions": [str(world.session.pk)]}, follow=True))
    assert "Choose now whom to ask." in page
    SessionFacilitator.objects.create(
        session=world.session, facilitator=world.bea, person=world.bea.user, part=Part.CO,
        starts_at=world.session.starts_at, ends_at=world.session.ends_at,
    )  # fmt: skip
    there = address("session-cover", world.session.pk)
    assert planner.post(there).status_code == 422
    answer = planner.post(there, {"facilitator": str(world.bea.pk)})
    made = CoverRequest.objects.get(facilitator=world.bea)
    assert answer["Location"] == address("cover-request", made.pk)


def test_a_planner_who_leads_groups_asks_for_themselves(world):
    make = make_facilitator(world.program, user=make_staff(world.program, Role.SCHEDULER))
    session = make_session(make_series(world.program, facilitator=make), DAY)
    answer = window(make.user).post(address("session-cover", session.pk))
    assert answer["Location"] == address("my-day")


def test_a_session_that_is_over_says_so(world):
    cancel_session(session=world.session, reason="Snow.", by=world.planner, at=AT)
    page = said(window(world.planner).get(address("session-cover", world.session.pk)))
    assert "This session was cancelled." in page
    assert "Find cover for" not in page


# --- answering ------------------------------------------------------------------------------------
def test_who_comes_second_is_told_kindly(world):
    first, second = world.ask(world.needed(), world.tuan, world.bea)
    accept_cover(ask=first, by=world.tuan.user, at=AT)
    bea = window(world.bea.user)
    there = address("cover-answer", second.pk)
    page = said(bea.post(there, {"answer": "accept"}, follow=True))
    assert "Tuấn has it already. Thank you." in page
    assert "Could you cover" not in page
    assert "Tuấn has it already. Thank you." in said(bea.get(there))
    assert "You have it. Thank you." in said(window(world.tuan.user).get(address("cover-answer", first.pk)))  # fmt: skip


def test_cover_that_is_taken_back_is_said_to_both(world):
    world.series.assignments.update(answer=Answer.ACCEPTED, answered_at=AT)
    ask = world.ask(world.needed(), world.tuan)[0]
    accept_cover(ask=ask, by=world.tuan.user, at=AT)
    ana, tuan, planner = (window(u) for u in (world.ana.user, world.tuan.user, world.planner))
    batch = ScheduleBatch.objects.get()
    page = said(planner.post(address("batch-undo", batch.pk), follow=True))
    assert "Who had been told is told again." in page
    page = said(ana.get(address("my-day")))
    assert "You need not come." not in page
    assert "Cover for it was taken back. It is yours: you lead." in page
    assert "1 question of the schedule for your answer" in said(ana.get(reverse("home:waiting")))
    page = said(tuan.get(address("my-day")))
    assert "Cover was taken back. You need not come." in page
    page = said(tuan.get(address("cover-answer", ask.pk)))
    assert "You have it." not in page
    assert "Cover is no longer needed." in page
    page = said(planner.get(address("cover")))
    assert "Tuấn Nguyễn has it" not in page
    page = said(planner.get(address("cover-request", ask.request_id)))
    assert "It is covered." not in page
    assert "had it" in page
    page = said(tuan.post(address("cover-answer", ask.pk), {"answer": "accept"}, follow=True))
    assert "It is yours" not in page
    # She says yes to it, and nothing is open any more.
    page = said(ana.post(address("session-answer", world.session.pk), {"answer": "accepted"}, follow=True))  # fmt: skip
    assert "taken back" not in page


def test_a_bare_post_answers_nothing(world):
    ask = world.ask(world.needed(), world.tuan)[0]
    window(world.tuan.user).post(address("cover-answer", ask.pk), {"answer": "perhaps"})
    ask.refresh_from_db()
    assert ask.answer == ""


def test_who_cannot_says_so_with_one_tap_and_may_think_again(world):
    ask = world.ask(world.needed(), world.tuan)[0]
    tuan = window(world.tuan.user)
    there = address("cover-answer", ask.pk)
    tuan.post(there, {"answer": "decline"})
    page = said(tuan.get(there))
    assert "If that has changed you can still take it." in page
    tuan.post(there, {"answer": "accept"})
    assert CoverRequest.objects.get().state == CoverState.FILLED


def test_it_is_withdrawn_by_who_asked_and_by_nobody_else(world):
    request = world.needed()
    world.ask(request, world.tuan)
    there = address("cover-withdraw", request.pk)
    assert window(world.tuan.user).post(there).status_code == 403
    page = said(window(world.ana.user).post(there, follow=True))
    assert "Nobody is asked any more: you lead it." in page


# --- assignments ----------------------------------------------------------------------------------
def test_a_no_shows_where_it_is_acted_on(world):
    ana, planner = window(world.ana.user), window(world.planner)
    page = said(ana.post(address("session-answer", world.session.pk), {"answer": "declined"}, follow=True))  # fmt: skip
    assert "It stays yours until a scheduler has found somebody" in page
    assert address("session-cover", world.session.pk) in page
    for there in (
        address("today"), address("cover"), address("session", world.session.pk),
        address("series", world.series.pk),
    ):  # fmt: skip
        assert "Ana Solís declined Morning Check-in" in said(planner.get(there)), there
    assert "1 assignment declined" in said(planner.get(reverse("home:waiting")))


def test_an_answer_that_is_none_is_refused_kindly(world):
    ana = window(world.ana.user)
    page = said(ana.post(address("series-answer", world.series.pk), {"answer": "?"}, follow=True))
    assert "Choose whether you accept or decline." in page


def test_a_proposal_is_shown_with_what_it_would_come_to(world):
    ana, planner = window(world.ana.user), window(world.planner)
    there = address("session-propose", world.session.pk)
    assert 'value="10:00"' in said(ana.get(there))
    bad = ana.post(there, {"on": str(DAY), "starts": "15:00", "ends": "14:00"})
    assert bad.status_code == 422
    ana.post(there, {"on": str(DAY), "starts": "15:00", "ends": "15:50", "words": "Quieter."})
    made = Proposal.objects.get()
    there = address("proposal", made.pk)
    page = said(planner.get(there))
    assert "Tue 3 Mar, 15:00–15:50" in page
    assert "Nothing is in the way." in page
    room = world.session.room
    make_session(make_series(world.program, room=room, starts=made.starts, ends=made.ends), DAY)
    page = said(planner.get(there))
    assert "is taken by" in page
    assert "Move it to that time" not in page
    answer = planner.post(there, {"act": "take"})
    assert answer.status_code == 422
    world.session.refresh_from_db()
    assert world.session.starts_at.hour == 15
    page = said(planner.post(there, {"act": "keep"}, follow=True))
    assert "It stays as it is. Ana Solís is asked again." in page


def test_a_proposal_for_a_series_leads_to_the_series(world):
    made = propose_time(
        thing=world.series, on=DAY, starts=world.series.ends, ends=world.series.ends.replace(hour=12),
        by=world.ana.user, at=AT,
    )  # fmt: skip
    planner = window(world.planner)
    page = said(planner.get(address("proposal", made.pk)))
    assert "Tuesdays, 10:50–12:50, from Tue 3 Mar on" in page
    assert address("series", world.series.pk) in page
    page = said(planner.post(address("proposal", made.pk), {"act": "take"}, follow=True))
    assert "Ana Solís is told that their time was taken." in page


# --- what a page costs ----------------------------------------------------------------------------
COSTS = {
    "my-day": 11, "cover": 5, "cover-request": 9, "cover-ask": 5, "cover-answer": 4, "today": 11,
    "proposal": 8, "waiting": 9,
}  # fmt: skip


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize("name", COSTS)
def test_what_a_page_costs_does_not_grow(world, name, number, django_assert_num_queries):
    made = []
    for n in range(number):
        day = DAY + timedelta(days=7 * n)
        lead = make_facilitator(world.program)
        room = make_room(world.program)
        series = make_series(world.program, facilitator=lead, room=room, weekdays=(1,))
        one = make_session(series, day)
        two = make_session(series, day + timedelta(days=1))
        request = world.needed(sessions=[one], facilitator=lead, by=lead.user)
        made.append((request, *world.ask(request, world.tuan, world.bea)))
        answer_assignment(thing=two, answer=Answer.DECLINED, by=lead.user, at=AT)
        propose_time(
            thing=series, on=day, starts=series.starts, ends=series.ends, by=lead.user, at=AT
        )
    other = make_session(world.series, DAY + timedelta(days=1))
    proposal = propose_time(
        thing=other, on=DAY, starts=world.series.starts.replace(hour=16),
        ends=world.series.ends.replace(hour=16), by=world.ana.user, at=AT,
    )  # fmt: skip
    there = {
        "cover-request": lambda: address("cover-request", made[0][0].pk),
        "cover-answer": lambda: address("cover-answer", made[0][1].pk),
        "proposal": lambda: address("proposal", proposal.pk),
        "waiting": lambda: reverse("home:waiting"),
    }.get(name, lambda: address(name))()
    plans = name in ("cover", "cover-request", "today", "proposal")
    who = world.planner if plans else world.tuan.user
    client = window(who)
    client.get(there)  # the first one of a sign-in notes that it was used
    with django_assert_num_queries(COSTS[name]):
        assert client.get(there).status_code == 200
