"""The pages that ask what becomes of sessions on a closed day, in leave, and without clearance."""

from datetime import time, timedelta
from typing import Any

import pytest
from django.urls import reverse

from facilitators.models import Facilitator, Leave
from phpsupport.access.roles import Role
from phpsupport.lib import clock, wording
from phpsupport.programs.models import Closure, Program
from sessions.actions.batches import undo_batch
from sessions.actions.rejudging import rejudge
from sessions.models import GroupSession, Resolution, ScheduleBatch, SessionState
from tests.factories import (
    NEW_YORK,
    enroll,
    make_facilitator,
    make_group,
    make_participant,
    make_program,
    make_room,
    make_series,
    make_session,
    make_staff,
)
from tests.sessions.looking import look, look_and_do, say_yes

pytestmark = pytest.mark.django_db


class Place:
    """Dana leads groups on one day next week; as many as are asked for."""

    def __init__(self) -> None:
        today = clock.local_date(clock.now(), NEW_YORK)
        self.day = today + timedelta(days=8 - today.weekday())
        self.program: Program = make_program()
        self.scheduler = make_staff(self.program, Role.SCHEDULER, first_name="Priya")
        self.dana: Facilitator = make_facilitator(
            self.program, first_name="Dana", on=today - timedelta(days=100),
            through=today + timedelta(days=300),
        )  # fmt: skip
        self.hours = iter(range(8, 20))

    def add(self) -> GroupSession:
        hour = next(self.hours)
        series = make_series(
            self.program, facilitator=self.dana, room=make_room(self.program),
            group=make_group(self.program, f"Group {hour}"), weekdays=(1,),
            starts=time(hour), ends=time(hour, 50),
        )  # fmt: skip
        return make_session(series, self.day)

    def leave(self) -> Leave:
        return Leave.objects.create(facilitator=self.dana, from_on=self.day, until_on=self.day)

    def closure(self) -> Closure:
        return Closure.objects.create(program=self.program, date=self.day, reason="Snow")


@pytest.fixture
def place(client: Any) -> Place:
    made = Place()
    client.force_login(made.scheduler)
    return made


@pytest.mark.parametrize("page", ["closure", "leave", "not-cleared"])
def test_as_many_queries_for_one_session_as_for_three(
    client, place, page, django_assert_max_num_queries
):
    address = _address(place, page)
    place.add()
    _lapse(place, page)
    client.get(address)
    with django_assert_max_num_queries(12) as one:
        assert client.get(address).status_code == 200
    place.add()
    place.add()
    _lapse(place, page)
    with django_assert_max_num_queries(12) as three:
        answer = client.get(address)
    assert "Group 10" in answer.content.decode()
    assert len(one) == len(three)


def _address(place: Place, page: str) -> str:
    if page == "not-cleared":
        return reverse("sessions:not-cleared")
    row = place.closure() if page == "closure" else place.leave()
    return reverse(f"sessions:{page}", args=[row.pk])


def _lapse(place: Place, page: str) -> None:
    if page == "not-cleared":
        place.dana.certifications.update(expires_on=place.day - timedelta(days=30))
        rejudge(program=place.program, at=clock.now())


def test_what_is_left_for_later_stays_as_it_is(client, place):
    one, two = place.add(), place.add()
    address = reverse("sessions:closure", args=[place.closure().pk])
    chosen = {f"{one.pk}-choice": "keep", f"{two.pk}-choice": ""}
    shown = look(client, address, chosen)
    assert "Group 8, Tue" in shown.content.decode()
    assert "stays as it is." in shown.content.decode()
    assert not Resolution.objects.exists()
    answer = client.get(say_yes(client, address, chosen, shown).url)
    assert "1 session is settled. 1 session still waits." in answer.content.decode()
    assert [r.session_id for r in Resolution.objects.all()] == [one.pk]
    assert set(GroupSession.objects.values_list("state", flat=True)) == {SessionState.SCHEDULED}


def test_nothing_chosen_is_said_and_nothing_changes(client, place):
    one = place.add()
    address = reverse("sessions:closure", args=[place.closure().pk])
    answer = client.post(address, {f"{one.pk}-choice": ""})
    assert "Choose for at least one session" in answer.content.decode()


def test_a_move_without_times_is_told_beside_the_field_and_the_rest_is_kept(client, place):
    one, two = place.add(), place.add()
    address = reverse("sessions:closure", args=[place.closure().pk])
    answer = client.post(
        address, {f"{one.pk}-choice": "move", f"{one.pk}-on": "", f"{two.pk}-choice": "cancel"}
    )
    page = answer.content.decode()
    assert page.count("Enter the day and both times.") == 3
    assert answer.context["asks"][1]["choice"].value() == "cancel"
    assert not Resolution.objects.exists()


def test_a_clash_is_told_by_name_and_nothing_is_lost(client, place):
    one, two = place.add(), place.add()
    address = reverse("sessions:closure", args=[place.closure().pk])
    later = place.day + timedelta(days=1)
    series = make_series(
        place.program, group=make_group(place.program, "Choir"), room=one.room,
        weekdays=(2,), starts=time(9), ends=time(10),
    )  # fmt: skip
    make_session(series, later)
    answer = client.post(
        address,
        {
            f"{one.pk}-choice": "move", f"{one.pk}-on": later.isoformat(),
            f"{one.pk}-starts": "09:00", f"{one.pk}-ends": "09:50",
            f"{one.pk}-room": one.room_id, f"{two.pk}-choice": "cancel",
        },
    )  # fmt: skip
    assert "is taken by Choir" in answer.content.decode()
    two.refresh_from_db()
    assert two.state == SessionState.SCHEDULED
    assert answer.context["asks"][0]["starts"].value() == "09:00"


def test_leave_that_a_planner_adds_leads_to_its_sessions(client, place):
    place.add()
    answer = client.post(
        reverse("facilitators:leave-add", args=[place.dana.pk]),
        {"from_on": place.day.isoformat(), "until_on": place.day.isoformat()},
    )
    leave = Leave.objects.get()
    assert answer.url == reverse("sessions:leave", args=[leave.pk])


def test_leave_that_a_facilitator_adds_says_that_who_plans_was_told(client, place):
    place.add()
    client.force_login(place.dana.user)
    answer = client.post(
        reverse("facilitators:leave-add", args=[place.dana.pk]),
        {"from_on": place.day.isoformat(), "until_on": place.day.isoformat()},
        follow=True,
    )
    assert "1 session falls into it: who plans was told." in answer.content.decode()
    leave = Leave.objects.get()
    assert client.get(reverse("sessions:leave", args=[leave.pk])).status_code == 403


def test_another_programs_planner_finds_nothing(client, place):
    place.add()
    stranger = make_staff(make_program("Elsewhere"), Role.SCHEDULER, first_name="Sam")
    client.force_login(stranger)
    assert client.get(reverse("sessions:closure", args=[place.closure().pk])).status_code == 404
    assert client.get(reverse("sessions:leave", args=[place.leave().pk])).status_code == 404


def test_everybody_cleared_is_said(client, place):
    place.add()
    assert "Everybody is cleared" in client.get(reverse("sessions:not-cleared")).content.decode()


# --- what it comes to is seen first -----------------------------------------------------------------
def decided(*choices: tuple[GroupSession, str], **more: Any) -> dict[str, Any]:
    """What a page of decisions sends."""
    return {f"{session.pk}-choice": choice for session, choice in choices} | more


def test_nothing_is_cancelled_unless_somebody_chose_it(client, place):
    one = place.add()
    address = reverse("sessions:closure", args=[place.closure().pk])
    page = client.get(address)
    assert page.context["asks"][0]["choice"].value() == ""
    assert "Save what was decided" not in page.content.decode()
    look_and_do(client, address, decided((one, "cancel")))
    undo_batch(batch=ScheduleBatch.objects.get(), by=place.scheduler, at=clock.now())
    assert client.get(address).context["asks"][0]["choice"].value() == ""


def test_what_was_decided_is_listed_by_name_before_it_is_done(client, place):
    one, two, three = place.add(), place.add(), place.add()
    address = reverse("sessions:leave", args=[place.leave().pk])
    chosen = decided((one, "cancel"), (two, "cover"), (three, "keep"))
    shown = look(client, address, chosen)
    page = shown.content.decode()
    assert "What this comes to" in page
    for words in (
        " · Group 8", "Cancelled", f"Group 9, {wording.day(place.day)}, 9:00–9:50: cover is asked for.",
        f"Group 10, {wording.day(place.day)}, 10:00–10:50: stays as it is.", "1 neutral message",
    ):  # fmt: skip
        assert words in page, words
    assert not Resolution.objects.exists()
    assert say_yes(client, address, chosen, shown).status_code == 302
    again = say_yes(client, address, chosen, shown)  # the second of two clicks
    assert "Something changed since you looked." in again.content.decode()
    assert ScheduleBatch.objects.count() == 1
    assert Resolution.objects.count() == 3


def test_a_yes_to_something_else_is_shown_anew(client, place):
    one, two = place.add(), place.add()
    address = reverse("sessions:closure", args=[place.closure().pk])
    chosen = decided((one, "cancel"), (two, "keep"))
    shown = look(client, address, chosen)
    enroll(one.series, make_participant(place.program))  # one more is told
    answer = say_yes(client, address, chosen, shown)
    assert "Something changed since you looked." in answer.content.decode()
    other = say_yes(client, address, decided((one, "keep"), (two, "keep")), answer)
    assert "Something changed since you looked." in other.content.decode()
    assert not Resolution.objects.exists()
    assert say_yes(client, address, chosen, answer).status_code == 302


def test_as_many_queries_to_look_at_two_decisions_as_at_four(
    client, place, django_assert_max_num_queries
):
    instead = make_facilitator(
        place.program, first_name="Ana", on=place.day - timedelta(days=100),
        through=place.day + timedelta(days=300),
    )  # fmt: skip
    address = reverse("sessions:leave", args=[place.leave().pk])
    sessions = [place.add() for _ in range(4)]

    def sent(*some):
        later = (place.day + timedelta(days=1)).isoformat()
        typed = {"see": "1"}
        for session, choice in zip(some, ("cover", "move", "cover", "move"), strict=False):
            hour = session.series.starts
            typed |= {
                f"{session.pk}-choice": choice, f"{session.pk}-instead": instead.pk,
                f"{session.pk}-on": later, f"{session.pk}-starts": hour.isoformat(),
                f"{session.pk}-ends": hour.replace(minute=50).isoformat(),
                f"{session.pk}-room": session.room_id,
            }  # fmt: skip
        return typed

    client.post(address, sent(*sessions[:2]))
    with django_assert_max_num_queries(24) as two:
        assert (
            "1 session moves and 1 gets"
            in client.post(address, sent(*sessions[:2])).content.decode()
        )
    with django_assert_max_num_queries(24) as four:
        page = client.post(address, sent(*sessions)).content.decode()
    assert "2 sessions move and 2 get other people." in page
    assert len(two) == len(four)
