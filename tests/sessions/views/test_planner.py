"""The planner's pages: who opens them, what they say, how many queries they take."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
import time_machine
from django.urls import reverse

from participants.models import EpisodeOfCare
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.programs.models import Closure
from sessions.actions.enrollment import enroll as give_place
from sessions.models import (
    Attendance,
    Enrollment,
    GroupSeries,
    GroupSession,
    Room,
    SessionFacilitator,
    SessionState,
    SupportGroup,
    WaitlistEntry,
)
from tests.factories import (
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

NOW = datetime(2026, 11, 18, 15, 20, tzinfo=UTC)  # a Wednesday, 10:20 in New York
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


def add_session(program, n=0, on=date(2026, 11, 20), **series):
    """A led session with a roster of one, on Friday."""
    leads = make_facilitator(program, first_name=f"Lead{n}")
    run = make_series(
        program, facilitator=leads, starts=time(10 + n), ends=time(10 + n, 50), **series
    )
    session = make_session(run, on)
    enroll(run, make_participant(program))
    return session


PAGES = ["sessions:today", "sessions:week", "sessions:groups", "sessions:rooms"]


@pytest.mark.parametrize(
    "name", [*PAGES, "sessions:group-new", "sessions:room-new", "sessions:series-new"]
)
def test_an_empty_program_says_how_to_begin(client, scheduler, name):
    assert client.get(reverse(name)).status_code == 200


@pytest.mark.parametrize("url", [
    "sessions:week", "sessions:groups", "sessions:rooms",
    "sessions:week|?by=room", "sessions:week|?by=facilitator",
])  # fmt: skip
def test_the_number_of_queries_is_fixed(
    client, program, scheduler, url, django_assert_max_num_queries
):
    name, _, query = url.partition("|")
    address = reverse(name) + query
    add_session(program)
    client.get(address)
    with django_assert_max_num_queries(12) as one:
        assert client.get(address).status_code == 200
    for n in (1, 2):
        add_session(program, n)
    with django_assert_max_num_queries(12) as three:
        client.get(address)
    assert len(one) == len(three)


def test_a_roster_takes_as_many_queries_for_one_as_for_three(
    client, program, scheduler, django_assert_max_num_queries
):
    session = add_session(program)
    for name, pk in (("sessions:series", session.series_id), ("sessions:session", session.pk)):
        client.get(reverse(name, args=[pk]))
        with django_assert_max_num_queries(12) as one:
            assert client.get(reverse(name, args=[pk])).status_code == 200
        for _ in range(2):
            enroll(session.series, make_participant(program))
        make_session(
            session.series, session.local_date + timedelta(days=7 * Enrollment.objects.count())
        )
        with django_assert_max_num_queries(12) as three:
            client.get(reverse(name, args=[pk]))
        assert len(one) == len(three)


# --- the week ---------------------------------------------------------------------------------------
def test_the_week_says_what_is_missing_in_words(client, program, scheduler):
    gap = make_series(program, group=make_group(program, "Grupo de Apoyo"))
    make_session(gap, date(2026, 11, 20))
    unsure = make_facilitator(program, cleared=False, first_name="Ana", last_name="Solís")
    make_session(
        make_series(program, facilitator=unsure, starts=time(14), ends=time(14, 50)),
        date(2026, 11, 19),
    )
    Closure.objects.create(program=program, date=date(2026, 11, 26), reason="Thanksgiving")
    page = client.get(reverse("sessions:week")).content.decode()
    assert "needs a facilitator" in page
    assert "Ana Solís not cleared" in page
    assert "1 without a facilitator" in page
    assert "closed Thu 26 next week" in page
    assert "18 · today" in page


def test_an_evening_session_stands_on_its_local_day(client, program, scheduler):
    series = make_series(
        program, starts=time(19, 30), ends=time(20, 20),
        group=make_group(program, "Alumni Evening", kind="alumni"),
    )  # fmt: skip
    session = make_session(series, date(2026, 11, 19))
    assert session.starts_at.astimezone(UTC).date() == date(2026, 11, 20)
    found = client.get(reverse("sessions:week")).context["week"]
    assert [len(lane.slots) for lane in found.lanes] == [0, 0, 0, 1, 0]


def test_a_week_of_the_address_and_a_strange_one(client, program, scheduler):
    found = client.get(reverse("sessions:week") + "?week=2026-W49").context["week"]
    assert found.heading == "Week of 30 November"
    for strange in ("2026-W99", "nonsense", "9999-W01", "2026-W00"):
        found = client.get(reverse("sessions:week"), {"week": strange}).context["week"]
        assert found.this


def test_a_facilitator_sees_the_week_but_nobodys_clearance(client, program):
    leads = make_facilitator(program, cleared=False, first_name="Ana", last_name="Solís")
    other = make_facilitator(program)
    make_session(make_series(program, facilitator=leads), date(2026, 11, 20))
    client.force_login(other.user)
    page = client.get(reverse("sessions:week")).content.decode()
    assert "Ana Solís" in page
    assert "not cleared" not in page


def test_another_programs_sessions_are_not_in_the_week(client, program, scheduler):
    elsewhere = make_program()
    make_session(
        make_series(elsewhere, group=make_group(elsewhere, "Elsewhere")), date(2026, 11, 20)
    )
    assert "Elsewhere" not in client.get(reverse("sessions:week")).content.decode()


def test_the_way_back_from_a_session_leads_to_its_week(client, program, scheduler):
    session = add_session(program, on=date(2027, 2, 26))
    page = client.get(reverse("sessions:session", args=[session.pk])).content.decode()
    assert "?week=2027-W8" in page
    found = client.get(reverse("sessions:week") + "?week=2027-W8").context["week"]
    assert found.heading == "Week of 22 February 2027"


# --- today ------------------------------------------------------------------------------------------
def test_today_names_what_needs_a_person(client, program, scheduler):
    make_session(make_series(program, group=make_group(program, "Grupo")), date(2026, 11, 19))
    past = add_session(program, 1, on=date(2026, 11, 17))
    newcomer = make_participant(
        program, admitted_on=date(2026, 11, 16), first_name="Bea", last_name="Katz"
    )
    twice = make_participant(program, first_name="Cal", last_name="Dorn")
    for n, person in ((2, newcomer), (3, twice), (4, twice)):
        session = make_session(past.series, date(2026, 11, 18) - timedelta(days=n))
        session.state = SessionState.HELD
        session.save()
        Attendance.objects.create(
            program=program, session=session, participant=person, status="absent", marked_at=NOW
        )
    page = client.get(reverse("sessions:today")).content.decode()
    assert "Thu 10:00 has no facilitator" in page
    assert "without attendance" in page
    assert "Bea K. missed a session in the first week" in page
    assert "Cal D. missed twice in a row" in page


def test_declined_and_excused_are_no_misses(client, program, scheduler):
    series = make_series(program)
    person = make_participant(program, first_name="Dee", last_name="Ames")
    for n, status in ((1, "declined"), (2, "excused")):
        Attendance.objects.create(
            program=program, session=make_session(series, date(2026, 11, 18) - timedelta(days=n)),
            participant=person, status=status, marked_at=NOW,
        )  # fmt: skip
    assert "Dee A." not in client.get(reverse("sessions:today")).content.decode()


def test_somebody_who_came_back_is_named_once(client, program, scheduler):
    person = make_participant(
        program, first_name="Eli", last_name="Fox", admitted_on=date(2026, 1, 5)
    )
    EpisodeOfCare.objects.update(discharged_on=date(2026, 2, 1))
    EpisodeOfCare.objects.create(
        participant=person, program=program, admitted_on=date(2026, 11, 16)
    )
    series = make_series(program)
    for n in (1, 2):
        Attendance.objects.create(
            program=program, session=make_session(series, date(2026, 11, 18) - timedelta(days=n)),
            participant=person, status="absent", marked_at=NOW,
        )  # fmt: skip
    asks = client.get(reverse("sessions:today")).context["today"].asks
    assert [a.title for a in asks if "Eli" in a.title] == ["Eli F. missed twice in a row"]


def absent(program, series, person, *days):
    for day in days:
        Attendance.objects.create(
            program=program, session=make_session(series, day), participant=person,
            status="absent", marked_at=NOW,
        )  # fmt: skip


def came_back(program, on, **name):
    """Somebody whose stay before ended on 13 November."""
    person = make_participant(program, admitted_on=date(2026, 10, 5), **name)
    EpisodeOfCare.objects.filter(participant=person).update(discharged_on=date(2026, 11, 13))
    EpisodeOfCare.objects.create(participant=person, program=program, admitted_on=on)
    return person


def titles(client):
    found = client.get(reverse("sessions:today")).context["today"]
    return [a.title for a in (*found.asks, *found.rest) if "missed" in a.title]


def test_what_was_missed_in_an_earlier_stay_is_none_of_this_one(client, program, scheduler):
    series, monday = make_series(program), date(2026, 11, 16)
    eli = came_back(program, monday, first_name="Eli", last_name="Fox")
    flo = came_back(program, monday, first_name="Flo", last_name="Gray")
    absent(program, series, eli, date(2026, 11, 12), date(2026, 11, 13))
    absent(program, series, flo, date(2026, 11, 11))
    assert titles(client) == []
    # One miss on the first day: in the first week, and not the second in a row.
    absent(program, series, flo, monday)
    assert titles(client) == ["Flo G. missed a session in the first week"]
    absent(program, series, flo, date(2026, 11, 17))
    assert titles(client) == ["Flo G. missed twice in a row"]


def test_whom_today_names_stands_in_the_trail(client, program, scheduler):
    series = make_series(program)
    read = AuditEvent.objects.filter(action="misses.read")
    first, *rest = [
        make_participant(program, first_name=f"P{n}", last_name="Quill") for n in range(5)
    ]
    client.get(reverse("sessions:today"))
    assert not read.exists()  # nobody was named
    absent(program, series, first, date(2026, 11, 16), date(2026, 11, 17))
    page = client.get(reverse("sessions:today")).content.decode()
    assert "P0 Q. missed twice in a row" in page
    event = read.get()
    assert (event.actor_id, event.program_id) == (scheduler.pk, program.pk)
    assert event.detail == {"people": [str(first.pk)]}
    for person in rest:
        Attendance.objects.bulk_create(
            Attendance(
                program=program, session=session, participant=person, status="absent",
                marked_at=NOW,
            )
            for session in GroupSession.objects.filter(series=series)
        )  # fmt: skip
    page = client.get(reverse("sessions:today")).content.decode()
    assert "5 people missed twice in a row" in page
    named = {str(p.pk) for n, p in enumerate([first, *rest]) if f"P{n} Q." in page}
    assert len(named) == 3
    assert set(read.exclude(pk=event.pk).get().detail["people"]) == named


def test_reading_a_roster_stands_in_the_trail(client, program):
    session = add_session(program)
    series = session.series
    here = Enrollment.objects.get(series=series).participant
    gone, waits, _ = (make_participant(program, last_name="Quill") for _ in range(3))
    place = enroll(series, gone)
    type(place).objects.filter(pk=place.pk).update(until_on=date(2026, 11, 17))
    WaitlistEntry.objects.create(
        program=program, series=series, participant=waits, position=1, queued_at=NOW,
        wanted_from=NOW.date(),
    )  # fmt: skip
    everybody = {str(p.pk) for p in (here, gone, waits)}
    read = AuditEvent.objects.filter(action="roster.read")
    address = reverse("sessions:series", args=[series.pk])
    for role in (Role.SCHEDULER, Role.PROGRAM_LEAD, Role.SUPERVISOR):
        reader = make_staff(program, role)
        client.force_login(reader)
        client.get(address)
        event = read.get(actor_id=reader.pk)
        assert (event.object_id, event.program_id) == (series.pk, program.pk)
        assert event.detail.keys() == {"people"}
        assert set(event.detail["people"]) == everybody
        assert len(event.detail["people"]) == 3
    # Who treats some of them is shown those, and the trail says whom.
    reader = make_staff(program, Role.CLINICIAN)
    client.force_login(reader)
    roster = client.get(address).context["roster"]
    assert read.get(actor_id=reader.pk).detail["people"] == roster.participant_ids
    # A stranger reads nothing.
    client.force_login(make_staff(make_program(), Role.SCHEDULER))
    assert client.get(address).status_code == 404
    assert read.count() == 4


def test_whom_one_could_enroll_stands_in_the_trail(client, program, scheduler):
    session = add_session(program)
    outside = [make_participant(program, last_name="Quill") for _ in range(2)]
    make_participant(make_program(), last_name="Elsewhere")
    address = reverse("sessions:enroll", args=[session.series_id])
    client.get(address)
    read = AuditEvent.objects.filter(action="newcomers.read")
    event = read.get()
    assert (event.actor_id, event.object_id) == (scheduler.pk, session.series_id)
    assert set(event.detail["people"]) == {str(p.pk) for p in outside}
    client.post(address, {"chosen": [], "from_on": "2026-11-18"})  # the list once more
    assert read.count() == 2
    client.force_login(make_staff(program, Role.SUPERVISOR))
    assert client.get(address).status_code == 403
    assert read.count() == 2


def test_rooms_show_now_and_next(client, program, scheduler):
    room = make_room(program, "Harbor")
    make_session(
        make_series(program, room=room, group=make_group(program, "Now")), date(2026, 11, 18)
    )
    make_session(
        make_series(
            program,
            room=room,
            starts=time(11),
            ends=time(11, 50),
            group=make_group(program, "Next"),
        ),
        date(2026, 11, 18),
    )
    make_room(program, "Nook")
    found = client.get(reverse("sessions:today")).context["today"]
    assert [(lane.name, lane.now.group, lane.next.group) for lane in found.lanes] == [
        ("Harbor", "Now", "Next")
    ]
    assert found.free == "Nook"


# --- catalogue and rooms ----------------------------------------------------------------------------
GROUP = {"name": "Circle", "kind": "open", "language": "English", "capacity": "12"}


def test_a_group_is_added_edited_and_retired(client, program, scheduler):
    client.post(reverse("sessions:group-new"), GROUP)
    group = SupportGroup.objects.get()
    assert (group.program, group.counts_toward_program_hours, group.billing_code) == (
        program,
        False,
        "",
    )
    client.post(reverse("sessions:group-edit", args=[group.pk]), {**GROUP, "capacity": "9"})
    client.post(reverse("sessions:group-retire", args=[group.pk]))
    group.refresh_from_db()
    assert (group.capacity, group.retired_on) == (9, date(2026, 11, 18))


def test_a_second_group_of_that_name_is_refused_and_the_words_stay(client, program, scheduler):
    make_group(program, "Circle")
    page = client.post(reverse("sessions:group-new"), {**GROUP, "description": "Kept words"})
    assert "There is a group of that name already" in page.content.decode()
    assert "Kept words" in page.content.decode()


def test_a_running_group_and_a_booked_room_do_not_retire(client, program, scheduler):
    session = add_session(program)
    client.post(reverse("sessions:group-retire", args=[session.series.group_id]))
    client.post(reverse("sessions:room-retire", args=[session.room_id]))
    assert SupportGroup.objects.get().retired_on is None
    assert Room.objects.get().retired_on is None


# --- a new series -----------------------------------------------------------------------------------
@pytest.fixture
def asked(program):
    leads = make_facilitator(program, first_name="Ana", last_name="Solís")
    return {
        "group": make_group(program, "Morning Circle").pk,
        "weekdays": ["0"],
        "starts": "10:00",
        "ends": "10:50",
        "from_on": "2026-11-23",
        "until_on": "2026-12-21",
        "room": make_room(program, "Harbor").pk,
        "capacity": "12",
        "lead": leads.pk,
    }


def test_the_preview_saves_nothing_and_says_every_date(client, program, scheduler, asked):
    Closure.objects.create(program=program, date=date(2026, 11, 30), reason="Repairs")
    for answer in (
        client.post(reverse("sessions:series-new"), {**asked, "act": "preview"}),
        client.get(reverse("sessions:series-preview"), asked),
    ):
        page = answer.content.decode()
        assert "4 dates are fine and 1 is left out." in page
        assert "Repairs." in page
        assert "Mon 21 Dec 2026" in page
    assert not GroupSeries.objects.exists()


def test_a_clock_change_is_told_in_words(client, scheduler, asked):
    asked |= {"from_on": "2027-03-01", "until_on": "2027-03-22"}
    page = client.get(reverse("sessions:series-preview"), asked).content.decode()
    assert "The clocks went forward since the date before: still 10:00." in page
    sunday = asked | {"weekdays": ["6"], "starts": "02:30", "ends": "03:20"}
    page = client.get(reverse("sessions:series-preview"), sunday).content.decode()
    assert "2:30 does not exist on Sun 14 Mar 2027" in page


def test_a_clash_is_named_cannot_be_saved_and_can_be_left_out(client, program, scheduler, asked):
    other = make_series(
        program, room=Room.objects.get(), group=make_group(program, "Wellness"), starts=time(10, 20),
        ends=time(11),
    )  # fmt: skip
    make_session(other, date(2026, 12, 7))
    page = client.get(reverse("sessions:series-preview"), asked).content.decode()
    assert "Harbor is taken by Wellness from 10:20 until 11:00." in page
    assert 'value="save"' not in page
    page = client.post(reverse("sessions:series-new"), {**asked, "act": "save"}).content.decode()
    assert "Nothing was saved." in page
    assert GroupSeries.objects.count() == 1
    answer = client.post(
        reverse("sessions:series-new"), {**asked, "act": "rest", "marked": ["2026-12-07"]}
    )
    made = GroupSeries.objects.exclude(pk=other.pk).get()
    batch = made.batches.get()
    assert answer.url == f"{reverse('sessions:series', args=[made.pk])}?done={batch.pk}"
    assert made.sessions.count() == 4


def test_not_cleared_is_saved_only_on_a_yes(client, program, scheduler, asked):
    asked["lead"] = make_facilitator(program, cleared=False, first_name="Bea").pk
    client.post(reverse("sessions:series-new"), {**asked, "act": "save"})
    assert not GroupSeries.objects.exists()
    client.post(reverse("sessions:series-new"), {**asked, "act": "anyway"})
    assert GroupSeries.objects.get().sessions.count() == 5


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"until_on": "2026-11-01"}, "Choose a later last day"),
        ({"ends": "09:00"}, "comes before the start"),
        ({"weekdays": []}, "Choose at least one day"),
        ({"room": "00000000-0000-0000-0000-000000000000"}, "Choose one from the list"),
        ({"starts": "ten\0"}, "Enter a time of day"),
        ({"capacity": "0"}, "1 or more"),
    ],
)
def test_bad_input_is_a_sentence_beside_the_field(client, scheduler, asked, changed, words):
    answer = client.post(reverse("sessions:series-new"), {**asked, **changed, "act": "save"})
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert not GroupSeries.objects.exists()


# --- a session --------------------------------------------------------------------------------------
def test_a_session_is_moved_staffed_and_cancelled(client, program, scheduler):
    session = add_session(program)
    room = make_room(program, "Nook")
    look_and_do(
        client,
        reverse("sessions:session-move", args=[session.pk]),
        {"on": "2026-11-19", "starts": "13:00", "ends": "13:50", "room": room.pk},
    )
    session.refresh_from_db()
    assert (session.local_date, session.room) == (date(2026, 11, 19), room)
    other = make_facilitator(program)
    staff = reverse("sessions:session-staff", args=[session.pk])
    twice = client.post(staff, {"lead": other.pk, "co": other.pk})
    assert "leads already. Leave them out here" in twice.content.decode()
    look_and_do(client, staff, {"lead": other.pk})
    assert session.assignments.get().facilitator == other
    cancel = reverse("sessions:session-cancel", args=[session.pk])
    look_and_do(client, cancel, {"reason": "Water damage"})
    session.refresh_from_db()
    assert session.state == SessionState.CANCELLED
    page = client.get(reverse("sessions:session", args=[session.pk])).content.decode()
    assert "Water damage" in page


def test_a_get_changes_nothing(client, program, scheduler):
    session = add_session(program)
    before = GroupSession.objects.values().get()
    for name in ("session-move", "session-staff", "session-cancel"):
        assert client.get(reverse(f"sessions:{name}", args=[session.pk])).status_code == 200
    assert GroupSession.objects.values().get() == before
    for name in ("group-retire", "room-retire", "waitlist-leave"):
        assert client.get(reverse(f"sessions:{name}", args=[session.pk])).status_code == 405


def test_a_facilitator_sees_names_only_of_their_own_session(client, program):
    session = add_session(program)
    Enrollment.objects.update(participant=make_participant(program, first_name="Quillon"))
    name = "Quillon"
    client.force_login(make_facilitator(program).user)
    page = client.get(reverse("sessions:session", args=[session.pk]))
    assert "shown to those who lead the session" in page.content.decode()
    assert name not in page.content.decode()
    client.force_login(SessionFacilitator.objects.get().person)
    page = client.get(reverse("sessions:session", args=[session.pk]))
    assert name in page.content.decode()


def test_a_stranger_finds_nothing(client, program):
    session = add_session(program)
    client.force_login(make_staff(make_program(), Role.SCHEDULER))
    for name, pk in (
        ("session", session.pk), ("session-move", session.pk), ("series", session.series_id),
        ("series-end", session.series_id), ("group", session.series.group_id),
        ("room-edit", session.room_id), ("enrollment-end", Enrollment.objects.get().pk),
        ("participant-enroll", Enrollment.objects.get().participant_id),
    ):  # fmt: skip
        assert client.get(reverse(f"sessions:{name}", args=[pk])).status_code == 404


def test_handing_over_leaves_busy_dates_as_they_are(client, program, scheduler):
    session = add_session(program)
    make_session(session.series, date(2026, 11, 27))
    ana, bea = session.assignments.get().facilitator, make_facilitator(program, first_name="Bea")
    make_session(make_series(program, facilitator=bea), date(2026, 11, 27))
    url = reverse("sessions:series-hand-over", args=[session.series_id])
    asked = {"old": ana.pk, "new": bea.pk, "from_on": "2026-11-18"}
    page = look(client, url, asked).content.decode()
    assert "This is in the way." in page
    assert 'name="blocked" value="2026-11-27"' in page
    assert 'name="confirm"' not in page
    rest = client.post(url, {**asked, "rest": "1", "blocked": ["2026-11-27"]})
    assert "You chose to leave it as it is." in rest.content.decode()
    assert not SessionFacilitator.objects.filter(facilitator=bea, session=session).exists()
    say_yes(client, url, asked, rest)
    leads = session.series.sessions.order_by("starts_at").values_list(
        "assignments__facilitator", flat=True
    )
    assert list(leads) == [bea.pk, ana.pk]


# --- rosters ----------------------------------------------------------------------------------------
def test_the_participants_groups_come_as_a_part_or_a_page(client, program, scheduler):
    session = add_session(program)
    person = Enrollment.objects.get().participant
    give_place(
        series=session.series,
        participant=make_participant(program),
        from_on=NOW.date(),
        by=scheduler,
        at=NOW,
    )
    url = reverse("sessions:participant-groups", args=[person.pk])
    part = client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert session.series.group.name in part
    assert "<html" not in part
    assert "<html" in client.get(url).content.decode()
