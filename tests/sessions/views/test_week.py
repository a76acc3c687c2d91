"""The week's views, its data for the surface, and acts by hand: shown first, then done, then undone."""

import json
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from phpsupport.access.roles import Role
from phpsupport.programs.models import Closure, Program
from sessions.models import GroupSession, ScheduleBatch, SessionFacilitator, SessionState
from tests.factories import (
    enroll,
    give_role,
    make_facilitator,
    make_group,
    make_participant,
    make_program,
    make_room,
    make_series,
    make_session,
    make_staff,
)
from tests.sessions.looking import kept, look, say_yes

NOW = datetime(2026, 11, 18, 15, 20, tzinfo=UTC)  # a Wednesday, 10:20 in New York
FRIDAY = date(2026, 11, 20)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def program(db):
    return make_program("Harbor Day Program")


@pytest.fixture
def scheduler(program, client):
    user = make_staff(program, Role.SCHEDULER)
    client.force_login(user)
    return user


def add(program: Program, n: int = 0, on: date = FRIDAY, **more: Any) -> GroupSession:
    """A session at 10, 11, …, led by somebody, with a roster of one."""
    lead = more.pop("lead", None) or make_facilitator(program, first_name=f"Lead{n}", last_name="A")
    more.setdefault("starts", time(10 + n))
    more.setdefault("ends", time(10 + n, 50))
    run = make_series(program, facilitator=lead, **more)
    session = make_session(run, on)
    enroll(run, make_participant(program))
    return session


def week(client: Client, **asked: str) -> Any:
    return client.get(reverse("sessions:week"), asked)


def events(client: Client, **asked: str) -> Any:
    asked = {"start": "2026-11-16", "end": "2026-11-21", **asked}
    return client.get(reverse("sessions:week-events"), asked)


def by_hand(client: Client, session: GroupSession, **sent: Any) -> Any:
    return client.post(reverse("sessions:week-move", args=[session.pk]), sent)


def yes_by_hand(client: Client, session: GroupSession, shown: Any, **sent: Any) -> Any:
    """The answer to the yes in the dialog that `shown` is; `sent` are its fields and answers."""
    return by_hand(client, session, **kept(shown), **sent, confirm="1")


# --- queries ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("asked", "queries"),
    [
        ({"view": "day", "date": "2026-11-20"}, 8),
        ({"view": "day", "date": "2026-11-20", "by": "room"}, 9),
        ({"view": "week"}, 8),
        ({"view": "week", "by": "room"}, 9),
        ({"view": "week", "by": "facilitator"}, 9),
        ({"view": "month"}, 8),
        ({"view": "list"}, 8),
        ({"view": "week", "arrange": "1"}, 9),
        ({"view": "week", "by": "facilitator", "arrange": "1"}, 9),
        ({"print": "week"}, 5),
    ],
)
def test_each_view_takes_as_many_queries_for_one_as_for_three(
    client, program, scheduler, asked, queries, django_assert_num_queries
):
    add(program)
    week(client, **asked)
    with django_assert_num_queries(queries):
        assert week(client, **asked).status_code == 200
    for n in (1, 2):
        add(program, n)
    with django_assert_num_queries(queries):
        week(client, **asked)


@pytest.mark.parametrize(("by", "queries"), [("time", 8), ("room", 9), ("facilitator", 9)])
def test_the_surfaces_data_takes_as_many_queries_for_one_as_for_three(
    client, program, scheduler, by, queries, django_assert_num_queries
):
    add(program)
    events(client, by=by)
    with django_assert_num_queries(queries):
        assert len(events(client, by=by).json()["events"]) == 1
    for n in (1, 2):
        add(program, n)
    with django_assert_num_queries(queries):
        assert len(events(client, by=by).json()["events"]) == 3


# --- views --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "asked",
    [
        {"view": view, "by": by, "arrange": arrange}
        for view in ("day", "week", "month", "list")
        for by in ("time", "room", "facilitator")
        for arrange in ("", "1")
    ],
    ids=lambda asked: "-".join(asked.values()),
)
def test_every_view_stands_with_sessions_and_without(client, program, scheduler, asked):
    assert week(client, **asked).status_code == 200
    add(program, on=date(2026, 11, 18))
    Closure.objects.create(program=program, date=date(2026, 11, 19), reason="Staff day")
    page = week(client, **asked)
    assert page.status_code == 200
    assert "10:00" in page.content.decode()


def test_a_day_by_room_has_a_lane_for_each_room_also_a_free_one(client, program, scheduler):
    add(program, room=make_room(program, "Harbor"))
    make_room(program, "Nook")
    found = week(client, view="day", date="2026-11-20", by="room").context["week"]
    assert [(lane.name, lane.note) for lane in found.grid.lanes] == [
        ("Harbor", "1 session"), ("Nook", ""),
    ]  # fmt: skip


def test_filters_stand_in_the_address_and_in_every_link(client, program, scheduler):
    mine = add(program, room=make_room(program, "Harbor"))
    add(program, 1, room=make_room(program, "Nook"))
    asked = {"view": "day", "date": "2026-11-20", "room": str(mine.room_id), "by": "room"}
    page = week(client, **asked)
    assert [lane.name for lane in page.context["week"].lanes] == ["Harbor"]
    for link in (page.context["later"], page.context["views"][1]["url"]):
        assert f"room={mine.room_id}" in link
        assert "by=room" in link
    assert "room=" not in page.context["plain"]


def test_a_filter_that_nothing_matches_says_so(client, program, scheduler):
    add(program)
    page = week(client, group="00000000-0000-0000-0000-000000000001")
    assert "Nothing matches in these days" in page.content.decode()


def test_a_phone_gets_the_list_unless_it_asks_for_more(client, program, scheduler):
    phone = {"User-Agent": "Mozilla/5.0 (iPhone) Mobile/15E148 Safari/604.1"}
    at = reverse("sessions:week")
    assert client.get(at, headers=phone).context["wish"].view == "list"
    assert client.get(at + "?view=week", headers=phone).context["wish"].view == "week"
    assert client.get(at, headers={"Sec-CH-UA-Mobile": "?1"}).context["wish"].view == "list"
    assert client.get(at, headers={"Sec-CH-UA-Mobile": "?0"} | phone).context["wish"].view == "week"
    assert client.get(at).context["wish"].view == "week"
    assert "User-Agent" in client.get(at)["Vary"]


def test_the_hours_of_a_month_are_the_sites(client, program, scheduler):
    add(program, starts=time(19, 30), ends=time(20, 20))
    page = week(client, view="month").content.decode()
    assert "19:30" in page
    assert "0:30" not in page


@pytest.mark.parametrize("role", [Role.FACILITATOR, Role.SUPERVISOR, Role.CLINICIAN])
def test_who_does_not_plan_sees_the_week_and_cannot_arrange_it(client, program, role):
    session = add(program)
    user = make_facilitator(program).user if role is Role.FACILITATOR else make_staff(program, role)
    client.force_login(user)
    page = week(client, arrange="1")
    assert not page.context["wish"].arrange
    assert "data-arrange" not in page.content.decode()
    assert session.series.group.name in page.content.decode()
    assert [e["editable"] for e in events(client).json()["events"]] == [False]
    assert by_hand(client, session, on="2026-11-19").status_code == 403


def test_somebody_elses_session_is_not_there(client, program, scheduler):
    elsewhere = add(make_program())
    assert by_hand(client, elsewhere, on="2026-11-19").status_code == 404
    assert not events(client).json()["events"]


# --- the surface's data -------------------------------------------------------------------------------
def test_the_surface_shows_the_clock_on_the_wall(client, program, scheduler):
    session = add(program, starts=time(19, 30), ends=time(20, 20))
    found = events(client, by="room").json()
    (one,) = found["events"]
    assert (one["start"], one["end"]) == ("2026-11-20T19:30", "2026-11-20T20:20")
    assert one["resourceIds"] == [str(session.room_id)]
    assert one["editable"]
    assert {r["id"] for r in found["resources"]} == {str(session.room_id)}


def test_what_is_over_or_cancelled_cannot_be_taken_hold_of(client, program, scheduler):
    add(program, on=date(2026, 11, 17))
    gone = add(program, 1)
    GroupSession.objects.filter(pk=gone.pk).update(state=SessionState.CANCELLED)
    assert [e["editable"] for e in events(client).json()["events"]] == [False, False]


def test_what_nobody_leads_has_a_column_of_its_own(client, program, scheduler):
    make_session(make_series(program), FRIDAY)
    found = events(client, by="facilitator").json()
    assert found["events"][0]["resourceIds"] == ["nobody"]
    assert found["resources"][0] == {"id": "nobody", "title": "Nobody yet"}


@pytest.mark.parametrize(
    "asked",
    [
        {"start": "", "end": ""}, {"start": "2026-11-20", "end": "2026-11-20"},
        {"start": "2026-11-20", "end": "2026-11-19"}, {"start": "2026-01-01", "end": "2026-12-31"},
        {"start": "x", "end": "2026-11-20"},
    ],
)  # fmt: skip
def test_days_that_cannot_be_are_no_question(client, program, scheduler, asked):
    assert events(client, **asked).status_code == 400


# --- by hand ------------------------------------------------------------------------------------------
def test_what_a_hand_did_is_shown_and_nothing_done(client, program, scheduler):
    session = add(program)
    page = by_hand(client, session, on="2026-11-19", starts="10:00", ends="10:50").content.decode()
    assert "Thu 19 Nov, 10:00–10:50" in page
    assert "Nothing is in the way." in page
    assert "1 participant and Lead0 A get 2 neutral messages." in page
    assert "Move it" in page
    session.refresh_from_db()
    assert session.local_date == FRIDAY
    assert not ScheduleBatch.objects.exists()


def test_with_a_yes_it_is_done_as_one_batch_and_can_be_undone(client, program, scheduler):
    session = add(program)
    sent = {"on": "2026-11-19", "starts": "13:00", "ends": "13:40"}
    answer = yes_by_hand(client, session, by_hand(client, session, **sent), **sent).json()
    session.refresh_from_db()
    assert session.local_date == date(2026, 11, 19)
    assert session.ends_at - session.starts_at == timedelta(minutes=40)
    batch = ScheduleBatch.objects.get()
    assert answer["batch"] == str(batch.pk)
    assert (batch.kind, batch.by) == ("moved", scheduler)
    undo = reverse("sessions:batch-undo", args=[batch.pk])
    assert undo in answer["html"]
    client.post(undo)
    session.refresh_from_db()
    assert session.local_date == FRIDAY

    # The same once more, and a second click on it.
    shown = by_hand(client, session, **sent)
    assert yes_by_hand(client, session, shown, **sent)["Content-Type"] == "application/json"
    again = yes_by_hand(client, session, shown, **sent).content.decode()
    assert "Nothing would change" in again
    assert "Something changed" not in again
    assert ScheduleBatch.objects.count() == 2


def test_a_clash_is_named_and_not_even_a_yes_goes_through(client, program, scheduler):
    room = make_room(program, "Harbor Room")
    add(program, room=room, group=make_group(program, "Morning Circle"))
    session = add(program, 3, room=room)
    for more in ({}, {"confirm": "1"}, {"confirm": "1", "accept": "1", "override_reason": "Mine"}):
        page = by_hand(client, session, starts="10:00", ends="10:50", **more)
        assert "Harbor Room is taken by Morning Circle until 10:50." in page.content.decode()
        assert 'name="confirm"' not in page.content.decode()
    session.refresh_from_db()
    assert session.room_id == room.pk
    assert not ScheduleBatch.objects.exists()


def test_a_lead_may_set_a_block_aside_with_a_reason(client, program):
    lead = make_staff(program, Role.PROGRAM_LEAD)
    client.force_login(lead)
    room = make_room(program, "Harbor Room")
    add(program, room=room)
    session = add(program, 3, room=room)
    moved = {"starts": "10:00", "ends": "10:50"}
    page = by_hand(client, session, **moved)
    assert "Why this is set aside" in page.content.decode()
    page = yes_by_hand(client, session, page, **moved)
    assert "Why this is set aside" in page.content.decode()
    reason = "Two halves of a hall"
    answer = yes_by_hand(client, session, page, **moved, override_reason=reason)
    assert json.loads(answer.content)["batch"]
    assert session.overrides.get().reason == "Two halves of a hall"


def test_a_warning_asks_for_a_yes(client, program, scheduler):
    session = add(program)
    unsure = make_facilitator(program, cleared=False, first_name="Ana", last_name="Solís")
    page = by_hand(client, session, person=str(unsure.pk)).content.decode()
    assert "Ana Solís is not cleared" in page
    assert 'name="accept"' in page
    assert "Save it" in page
    sent = {"lead": str(unsure.pk)}
    shown = yes_by_hand(client, session, by_hand(client, session, **sent), **sent)
    assert 'name="accept"' in shown.content.decode()
    assert yes_by_hand(client, session, shown, **sent, accept="1").json()["batch"]
    assert [a.facilitator_id for a in session.assignments.all()] == [unsure.pk]


def test_a_person_taken_to_a_session_leads_it_instead(client, program, scheduler):
    session, bo = add(program), make_facilitator(program, first_name="Bo", last_name="Li")
    old = session.assignments.get().facilitator
    co = make_facilitator(program, first_name="Cy", last_name="Co")
    SessionFacilitator.objects.create(
        session=session, facilitator=co, person=co.user, part="co", starts_at=session.starts_at,
        ends_at=session.ends_at,
    )  # fmt: skip
    form = by_hand(client, session, person=str(bo.pk)).context["form"]
    assert (form.cleaned_data["lead"], list(form.cleaned_data["co"])) == (bo, [co])
    form = by_hand(client, session, person=str(bo.pk), instead_of=str(co.pk)).context["form"]
    assert (form.cleaned_data["lead"], list(form.cleaned_data["co"])) == (old, [bo])
    form = by_hand(client, session, person="", instead_of=str(old.pk)).context["form"]
    assert (form.cleaned_data["lead"], list(form.cleaned_data["co"])) == (None, [co])


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"on": "2026-11-17"}, "That time is over."),
        ({"starts": "12:00", "ends": "11:00"}, "The end must come after the start."),
        ({"on": "2026-11-19"}, "closed"),
        ({"on": "no day"}, "Day: "),
        ({"on": ""}, "Day: "),
        ({"starts": "", "on": "2026-11-20"}, "Starts: "),
        ({"room": ""}, "Room: "),
        ({"room": "00000000-0000-0000-0000-000000000001"}, "Room: "),
        ({"person": "00000000-0000-0000-0000-000000000001"}, "Leads: "),
    ],
)
def test_what_cannot_be_is_said_and_not_done(client, program, scheduler, sent, said):
    Closure.objects.create(program=program, date=date(2026, 11, 19), reason="Staff day")
    session = add(program)
    for more in ({}, {"confirm": "1"}):
        page = by_hand(client, session, **sent, **more)
        assert page.status_code == 200
        assert said in page.content.decode()
    assert not ScheduleBatch.objects.exists()


def test_history_does_not_move(client, program, scheduler):
    session = add(program, on=date(2026, 11, 17))
    page = by_hand(client, session, on="2026-11-20", confirm="1").content.decode()
    assert "This session has begun." in page
    assert 'name="confirm"' not in page


def test_an_hour_that_does_not_exist_is_said(client, program, scheduler):
    session = add(program, on=date(2027, 3, 12), until_on=date(2027, 12, 31))
    page = by_hand(client, session, on="2027-03-14", starts="02:30", ends="03:20").content.decode()
    assert "Nothing is in the way." not in page
    assert "clocks" in page


# --- the pages that do the same without script --------------------------------------------------------
def test_the_pages_show_first_and_do_then(client, program, scheduler):
    session = add(program)
    at = reverse("sessions:session-move", args=[session.pk])
    page = client.get(at).content.decode()
    assert "See what changes" in page
    assert "Move it" not in page
    sent = {"on": "2026-11-19", "starts": "10:00", "ends": "10:50", "room": str(session.room_id)}
    # Whoever says yes to what was not shown is shown it.
    assert "Move it" in client.post(at, sent | {"confirm": "1"}).content.decode()
    shown = look(client, at, sent)
    page = shown.content.decode()
    assert "Thu 19 Nov, 10:00–10:50" in page
    assert "Move it" in page
    # Enter in a field presses the first button: seeing, never doing.
    assert page.index('name="see"') < page.index('name="confirm"')
    assert not ScheduleBatch.objects.exists()
    assert say_yes(client, at, sent, shown).status_code == 302
    assert ScheduleBatch.objects.get().kind == "moved"
    # The second of two clicks finds it done.
    assert say_yes(client, at, sent, shown).status_code == 302
    assert ScheduleBatch.objects.count() == 1

    at = reverse("sessions:session-staff", args=[session.pk])
    page = client.post(at, {"lead": "", "see": "1"}).content.decode()
    assert "nobody leads it" in page
    at = reverse("sessions:session-cancel", args=[session.pk])
    page = client.post(at, {"reason": "Fire drill", "see": "1"}).content.decode()
    assert "Cancelled" in page
    assert "Cancel the session" in page
    assert ScheduleBatch.objects.count() == 1


# --- on paper -----------------------------------------------------------------------------------------
def test_the_week_on_paper_names_staff_rooms_and_closed_days_and_no_participant(
    client, program, scheduler
):
    session = add(program, room=make_room(program, "Harbor"), group=make_group(program, "Circle"))
    person = session.series.enrollments.get().participant
    add(program, 1, group=make_group(program, "Alumni Evening", kind="alumni"))
    gone = add(program, 2)
    GroupSession.objects.filter(pk=gone.pk).update(state=SessionState.CANCELLED)
    make_session(make_series(program, starts=time(15), ends=time(15, 50)), FRIDAY)
    Closure.objects.create(program=program, date=date(2026, 11, 19), reason="Staff day")
    page = week(client, print="week").content.decode()
    for words in (
        "Week of 16 November 2026", "10:00–10:50 · Harbor · Lead0 A", "Closed: Staff day",
        "alumni group", "cancelled", "facilitator to be named",
    ):  # fmt: skip
        assert words in page, words
    assert person.last_name not in page
    assert "1 of 12" not in page
    (poster,) = week(client, print="week").context["posters"]
    assert poster.size == "roomy"


def test_each_program_has_a_page_of_its_own(client, program, scheduler):
    other = make_program("Lakeside")
    give_role(scheduler, other, Role.SCHEDULER)
    make_program("Not theirs")
    add(program)
    add(other, 1)
    found = week(client, print="all").context["posters"]
    assert [p.program for p in found] == ["Harbor Day Program", "Lakeside"]
    assert [p.program for p in week(client, print="week").context["posters"]] != found


def test_a_crowded_week_is_set_in_smaller_type(client, program, scheduler):
    for n in range(40):
        lead = make_facilitator(program, first_name="Maximiliana", last_name="Featherstonehaugh")
        starts = time(8 + n // 4, n % 4 * 10)
        make_session(
            make_series(
                program, facilitator=lead, starts=starts, ends=starts.replace(minute=59),
                group=make_group(program, f"Wellness Recovery Action Planning {n}"),
            ),
            FRIDAY,
        )  # fmt: skip
    assert week(client, print="week").context["posters"][0].size == "closest"


def test_a_closed_day_on_which_nothing_takes_place_is_still_a_column(client, program, scheduler):
    Closure.objects.create(program=program, date=date(2026, 11, 19), reason="Staff day")
    (poster,) = week(client, print="week").context["posters"]
    assert [c.closed for c in poster.columns] == ["", "", "", "Staff day", ""]
    assert "No groups meet in this week." in week(client, print="week").content.decode()
