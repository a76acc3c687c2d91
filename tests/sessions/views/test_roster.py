"""The pages of rosters: enrolling several at once, offers, and a participant's own answer."""

import re
from datetime import UTC, date, datetime, time, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from facilitators.models import ConflictOfInterest
from participants.models import EpisodeOfCare
from phpsupport.access.roles import Role
from phpsupport.programs.models import PolicyProfile
from sessions.actions.attendance import Mark, mark_attendance
from sessions.actions.enrollment import enroll
from sessions.actions.leaving import leave_series
from sessions.actions.offers import accept_offer
from sessions.minutes import minutes_attended
from sessions.models import (
    Attendance,
    Enrollment,
    GroupSeries,
    RuleOverride,
    Status,
    WaitlistEntry,
)
from sessions.queries.attendance import roster
from tests.factories import enroll as place
from tests.factories import (
    make_facilitator,
    make_group,
    make_participant,
    make_program,
    make_series,
    make_session,
    make_staff,
)
from tests.sessions.worlds import AFTER, DURING, make_world

NOW = datetime(2026, 11, 18, 15, 20, tzinfo=UTC)  # a Wednesday, 10:20 in New York
TODAY = date(2026, 11, 18)
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


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def running(program, name, **more):
    series = make_series(program, group=make_group(program, name), **more)
    make_session(series, FRIDAY)
    return series


def url(name, row):
    return reverse(f"sessions:{name}", args=[row.pk])


def hidden(page):
    """What the look page would send as it stands."""
    form = page.split('<form class="narrow')[1]
    data = {}
    for tag in re.findall(r"<input[^>]*>", form):
        kind, name, value = (
            (re.search(rf'\b{key}="([^"]*)"', tag) or [None, ""])[1]
            for key in ("type", "name", "value")
        )
        if name == "csrfmiddlewaretoken" or (kind == "checkbox" and " checked" not in tag):
            continue
        data.setdefault(name, []).append(value)
    return {**data, "act": "save"}


# --- several people in one group -----------------------------------------------------------------------
def test_with_nothing_in_the_way_they_are_enrolled_at_once(client, program, scheduler):
    series = running(program, "Circle")
    people = [make_participant(program, first_name=n) for n in ("Ada", "Bea")]
    asked = {"chosen": [p.pk for p in people], "from_on": "2026-11-18"}
    for _ in range(2):  # a second click is answered like the first
        answer = client.post(url("enroll", series), asked, follow=True)
        assert answer.redirect_chain[-1][0] == url("series", series)
        page = answer.content.decode()
        assert "Circle: has a place from Wed 18 Nov." in page
    assert Enrollment.objects.filter(until_on=None).count() == 2


def test_who_would_wait_is_shown_before_and_the_others_get_their_place(client, program, scheduler):
    series = running(program, "Circle", capacity=2)
    people = [
        make_participant(program, first_name=n, last_name="Katz")
        for n in ("Ada", "Bea", "Cleo", "Dov")
    ]
    asked = {"chosen": [p.pk for p in people], "from_on": "2026-11-18"}
    page = client.post(url("enroll", series), asked).content.decode()
    assert "Full (2 places): waits, next in line." in page
    assert "Full (2 places): waits, number 2 in line." in page
    assert "Nothing is saved yet." in page
    assert not Enrollment.objects.exists()
    page = client.post(url("enroll", series), hidden(page), follow=True).content.decode()
    assert "2 people have a place: Ada Katz and Bea Katz." in page
    assert "Waiting in line: Cleo Katz and Dov Katz." in page


def test_one_who_cannot_is_left_out_and_the_others_are_enrolled(client, program, scheduler):
    series = running(program, "Circle")
    here, later = make_participant(program), make_participant(program, admitted_on=FRIDAY)
    asked = {"chosen": [here.pk, later.pk], "from_on": "2026-11-18"}
    page = client.post(url("enroll", series), asked).content.decode()
    assert "stay begins on Fri 20 Nov 2026" in page
    sent = hidden(page)
    assert sent["out"] == [str(later.pk)]
    # Without leaving them out nothing is saved, and nothing typed is lost.
    page = client.post(url("enroll", series), {**sent, "out": []})
    assert page.status_code == 422
    assert "Nothing was saved." in page.content.decode()
    assert hidden(page.content.decode())["chosen"] == sent["chosen"]
    assert not Enrollment.objects.exists()
    client.post(url("enroll", series), sent)
    assert Enrollment.objects.get().participant == here
    page = client.post(url("enroll", series), {**sent, "out": [str(here.pk), str(later.pk)]})
    assert "Everything is left out." in page.content.decode()


def test_back_keeps_what_was_chosen(client, program, scheduler):
    series = running(program, "Circle", capacity=1)
    people = [make_participant(program) for _ in range(2)]
    asked = {"chosen": [people[1].pk], "from_on": "2026-11-25", "until_on": "2026-12-02"}
    page = client.post(url("enroll", series), {**asked, "act": "back"}).content.decode()
    assert re.search(rf'value="{people[1].pk}" checked', page)
    assert not re.search(rf'value="{people[0].pk}" checked', page)
    assert 'value="2026-12-02"' in page


@pytest.mark.parametrize("fault", [
    {"chosen": []}, {"from_on": "31/31"}, {"until_on": "2026-01-01"}, {"chosen": ["x\x00"]},
    {"leaves_at": "25:00"}, {"leaves_at": "12:50"},
])  # fmt: skip
def test_a_faulty_form_says_so_and_keeps_the_rest(client, program, scheduler, fault):
    series, person = running(program, "Circle"), make_participant(program)
    asked = {"chosen": [person.pk], "from_on": "2026-11-25", **fault}
    page = client.post(url("enroll", series), asked)
    assert page.status_code == 200
    assert "field-error" in page.content.decode() or "errors" in page.content.decode() or (
        "last day comes before" in page.content.decode()
    )  # fmt: skip
    assert not Enrollment.objects.exists()


def test_what_changed_meanwhile_is_shown_again(client, program, scheduler):
    series = running(program, "Circle")
    people = [make_participant(program, level="IOP") for _ in range(2)]
    GroupSeries.objects.update(starts=time(12), ends=time(13, 30))
    asked = {"chosen": [p.pk for p in people], "from_on": "2026-11-18"}
    sent = hidden(client.post(url("enroll", series), asked).content.decode())
    place(running(program, "Other"), people[0])
    page = client.post(url("enroll", series), sent)
    assert page.status_code == 422
    assert "Something changed while you looked." in page.content.decode()
    assert not Enrollment.objects.filter(series=series).exists()


def test_leaving_early_is_suggested_and_can_be_changed(client, program, scheduler):
    series = running(program, "Lunch Circle", starts=time(12), ends=time(13, 30))
    iop, php = make_participant(program, level="IOP"), make_participant(program)
    asked = {"chosen": [iop.pk, php.pk], "from_on": "2026-11-18"}
    sent = hidden(client.post(url("enroll", series), asked).content.decode())
    assert (sent[f"leaves-{iop.pk}"], sent[f"leaves-{php.pk}"]) == (["12:50"], [""])
    page = client.post(url("enroll", series), {**sent, f"leaves-{iop.pk}": "99"})
    assert "One of the times is not a time of day." in page.content.decode()
    assert 'value="99"' in page.content.decode()
    page = client.post(url("enroll", series), {**sent, f"leaves-{php.pk}": "13:40"})
    assert "choose a time of leaving inside it" in page.content.decode()
    client.post(url("enroll", series), {**sent, f"leaves-{php.pk}": "13:15"})
    assert dict(Enrollment.objects.values_list("participant", "leaves_at")) == {
        iop.pk: time(12, 50), php.pk: time(13, 15),
    }  # fmt: skip
    page = client.get(url("series", series)).content.decode()
    assert "leaves 12:50" in page
    found = Enrollment.objects.get(participant=iop)
    client.post(url("enrollment-leaving", found), {"leaves_at": ""})
    found.refresh_from_db()
    assert found.leaves_at is None


def test_kept_apart_is_refused_to_a_scheduler_and_asks_the_lead_for_a_reason(
    client, program, scheduler
):
    dana = make_facilitator(program, first_name="Dana")
    series = running(program, "Circle", facilitator=dana)
    person = make_participant(program, first_name="Bea", last_name="Katz")
    ConflictOfInterest.objects.create(
        program=program, facilitator=dana, participant=person, relation="kin",
        declared_by=dana.user, declared_at=NOW,
    )  # fmt: skip
    asked = {"chosen": [person.pk], "from_on": "2026-11-18"}
    page = client.post(url("enroll", series), asked).content.decode()
    main = page.split("<main id")[1]
    assert "are kept apart. Choose another group, or ask a program lead." in main
    assert "amily" not in main
    assert 'value="save"' not in main
    client.post(url("enroll", series), {**asked, "act": "save", "reason": "Because.", "seen": ""})
    assert not Enrollment.objects.exists()
    lead = signed_in(make_staff(program, Role.PROGRAM_LEAD))
    sent = hidden(lead.post(url("enroll", series), asked).content.decode())
    page = lead.post(url("enroll", series), sent).content.decode()
    assert "Say why it is right all the same" in page
    lead.post(url("enroll", series), {**sent, "reason": "Both asked for it."})
    assert Enrollment.objects.get().participant == person
    assert RuleOverride.objects.get().reason == "Both asked for it."


# --- one person in several groups ----------------------------------------------------------------------
def test_overlaps_are_marked_before_enrolling_in_several(client, program, scheduler):
    one = running(program, "One")
    two = running(program, "Two", starts=time(10, 30), ends=time(11, 20))
    person = make_participant(program)
    asked = {"chosen": [one.pk, two.pk], "from_on": "2026-11-18"}
    page = client.post(url("participant-enroll", person), asked).content.decode()
    assert "Two and One meet at the same time: Fri 20 Nov, 10:30–10:50" in page
    assert not Enrollment.objects.exists()
    sent = hidden(page)
    assert sent["out"] == [str(two.pk)]
    client.post(url("participant-enroll", person), sent)
    assert [e.series for e in Enrollment.objects.all()] == [one]


def test_unticked_both_are_saved(client, program, scheduler):
    one = running(program, "One")
    two = running(program, "Two", starts=time(10, 30), ends=time(11, 20))
    person = make_participant(program)
    asked = {"chosen": [one.pk, two.pk], "from_on": "2026-11-18"}
    sent = hidden(client.post(url("participant-enroll", person), asked).content.decode())
    for _ in range(2):
        answer = client.post(url("participant-enroll", person), {**sent, "out": []})
        assert answer.status_code == 302
    assert Enrollment.objects.count() == 2


def test_alumni_groups_stand_apart_and_retired_ones_are_gone(client, program, scheduler):
    running(program, "Circle")
    make_series(program, group=make_group(program, "Evening", kind="alumni"))
    make_series(program, group=make_group(program, "Gone", retired_on=TODAY))
    person = make_participant(program)
    page = client.get(url("participant-enroll", person)).content.decode()
    assert page.index("Groups of the program") < page.index("Circle") < page.index("Alumni groups")
    assert page.index("Alumni groups") < page.index("Evening")
    assert "Gone" not in page


def test_an_alumni_group_offers_only_those_who_finished(client, program, scheduler):
    evening = make_series(program, group=make_group(program, "Evening", kind="alumni"))
    make_participant(program, first_name="Here")
    gone = make_participant(program, first_name="Finished")
    EpisodeOfCare.objects.filter(participant=gone).update(discharged_on=date(2026, 11, 2))
    page = client.get(url("enroll", evening)).content.decode()
    assert "Finished" in page
    assert "Here " not in page
    PolicyProfile.objects.create(
        program=program, effective_from=date(2026, 1, 1), rules={"alumni_mixed": "warn"}, set_at=NOW
    )
    assert "Here " in client.get(url("enroll", evening)).content.decode()


# --- the number of queries ---------------------------------------------------------------------------------
def test_the_pages_ask_as_often_for_three_as_for_one(
    client, program, scheduler, django_assert_num_queries
):
    series = running(program, "Circle", capacity=1, facilitator=make_facilitator(program))
    others = [
        running(program, f"Other {n}", starts=time(14 + n), ends=time(14 + n, 50)) for n in range(3)
    ]
    place(series, make_participant(program))
    people = [make_participant(program) for _ in range(3)]
    one = {"chosen": [people[0].pk], "from_on": "2026-11-18"}
    many = {"chosen": [p.pk for p in people], "from_on": "2026-11-18"}
    client.get(url("enroll", series))
    with django_assert_num_queries(6):  # one notes whom the list names
        assert client.get(url("enroll", series)).status_code == 200
    for asked in (one, many):
        with django_assert_num_queries(12):
            assert (
                "waits, next in line" in client.post(url("enroll", series), asked).content.decode()
            )
    for _ in range(3):
        make_participant(program)
    with django_assert_num_queries(6):
        client.get(url("enroll", series))
    with django_assert_num_queries(7):
        assert client.get(url("participant-enroll", people[0])).status_code == 200
    for chosen in (others[:1], others):
        asked = {"chosen": [series.pk, *(s.pk for s in chosen)], "from_on": "2026-11-18"}
        with django_assert_num_queries(14):
            client.post(url("participant-enroll", people[0]), asked)


# --- offers -----------------------------------------------------------------------------------------------
def kept(program, user=None, **more):
    """A group whose one place becomes free for somebody who waits, with a second behind them."""
    by = make_staff(program, Role.SCHEDULER)
    series = running(program, "Quiet Circle", capacity=1, **more)
    own = {"from_on": date(2026, 11, 16), "by": by, "at": NOW - timedelta(days=2)}
    leaves = enroll(series=series, participant=make_participant(program), **own).enrollment
    first = make_participant(program, first_name="Bea", last_name="Katz", user=user)
    entry = enroll(series=series, participant=first, **own).waiting
    behind = enroll(series=series, participant=make_participant(program), **own).waiting
    leave_series(enrollment=leaves, last_on=TODAY, by=by, at=NOW - timedelta(hours=20, minutes=5))
    entry.refresh_from_db()
    assert entry.offer_until
    return entry, behind


def test_the_roster_says_how_long_a_place_is_kept(client, program, scheduler):
    entry, behind = kept(program)
    page = client.get(url("series", entry.series)).content.decode()
    assert "A place is kept until Thu 19 Nov, 14:15" not in page
    assert "A place is kept until Thu 19 Nov, 10:15" not in page
    assert re.search(r"A place is kept until Wed 18 Nov, 14:15, for 3 more hours\.", page)
    assert "1 kept" in page
    client.post(url("offer-answer", entry), {"act": "nonsense"})
    entry.refresh_from_db()
    assert entry.outcome == "waiting"
    page = client.post(url("offer-answer", entry), {"act": "take"}, follow=True).content.decode()
    assert "Bea Katz has a place from Thu 19 Nov." in page
    behind.refresh_from_db()
    assert behind.offer_until is None


def test_declined_on_their_behalf_the_next_is_asked(client, program, scheduler):
    entry, behind = kept(program)
    page = client.post(url("offer-answer", entry), {"act": "decline"}, follow=True).content.decode()
    assert "Bea Katz no longer waits. 1 place is kept for who is first in line." in page
    behind.refresh_from_db()
    assert behind.offer_until == NOW + timedelta(hours=24)


def test_the_list_of_groups_counts_what_is_kept(client, program, scheduler):
    entry, _ = kept(program)
    assert (
        "0 of 1"
        not in client.get(url("participant-enroll", make_participant(program))).content.decode()
    )
    Enrollment.objects.all().delete()
    WaitlistEntry.objects.filter(pk=entry.pk).update(offered_from=TODAY)
    page = client.get(url("participant-enroll", make_participant(program))).content.decode()
    assert "1 of 1 · full: waits" in page
    page = client.get(url("participant-groups", entry.participant)).content.decode()
    assert "A place is kept until Wed 18 Nov, 14:15" in page


@pytest.mark.parametrize("name", ["offer-answer", "enrollment-leaving", "enroll"])
@pytest.mark.parametrize(
    ("role", "status"), [(Role.SUPERVISOR, 403), (Role.CLINICIAN, 403), (Role.FACILITATOR, 403)]
)
def test_only_planners_answer_for_others(program, name, role, status):
    entry, _ = kept(program)
    row = {"offer-answer": entry, "enroll": entry.series}.get(name) or Enrollment.objects.first()
    client = signed_in(make_staff(program, role))
    assert client.post(url(name, row), {"act": "take"}).status_code == status
    stranger = signed_in(make_staff(make_program(), Role.SCHEDULER))
    assert stranger.post(url(name, row), {"act": "take"}).status_code == 404
    entry.refresh_from_db()
    assert entry.outcome == "waiting"


# --- a participant's own answer ---------------------------------------------------------------------------
@pytest.fixture
def own(program):
    user = make_staff(program, Role.PARTICIPANT, first_name="Bea")
    entry, behind = kept(program, user=user)
    return signed_in(user), entry, behind


def test_the_portal_says_until_when_and_takes_it_once(own):
    client, entry, _ = own
    page = client.get(reverse("home:portal")).content.decode()
    assert "A place is kept for you until Wed 18 Nov, 2:15 PM" in page
    assert "Quiet Circle" in page
    for _ in range(2):
        page = client.post(url("my-offer", entry), {"act": "take"}, follow=True).content.decode()
        assert "You have a place in Quiet Circle from Thu 19 Nov." in page
    assert "A place is kept" not in page
    assert Enrollment.objects.filter(participant=entry.participant).count() == 1


def test_not_now_leaves_the_line(own):
    client, entry, behind = own
    page = client.post(url("my-offer", entry), {"act": "decline"}, follow=True).content.decode()
    assert "That is fine." in page
    behind.refresh_from_db()
    assert behind.offer_until
    page = client.post(url("my-offer", entry), {"act": "take"}, follow=True).content.decode()
    assert "no longer free" in page
    assert not Enrollment.objects.filter(participant=entry.participant).exists()


def test_too_late_is_told_kindly(own):
    client, entry, _ = own
    with time_machine.travel(entry.offer_until, tick=False):
        client.force_login(entry.participant.user)
        assert "A place is kept" not in client.get(reverse("home:portal")).content.decode()
        page = client.post(url("my-offer", entry), {"act": "take"}, follow=True).content.decode()
    assert "This place is no longer free. Tell anybody on the staff" in page


def test_kept_apart_is_never_said_to_the_participant(own):
    client, entry, _ = own
    dana = make_facilitator(entry.program)
    entry.series.assignments.create(facilitator=dana)
    ConflictOfInterest.objects.create(
        program=entry.program, facilitator=dana, participant=entry.participant, relation="kin",
        declared_by=dana.user, declared_at=NOW,
    )  # fmt: skip
    page = client.post(url("my-offer", entry), {"act": "take"}, follow=True).content.decode()
    assert "cannot be taken here" in page
    assert "apart" not in page.split("<main id")[1]


def test_nobody_answers_for_somebody_else(own, program):
    _, entry, _ = own
    other = make_staff(program, Role.PARTICIPANT)
    make_participant(program, user=other)
    client = signed_in(other)
    assert client.post(url("my-offer", entry), {"act": "take"}).status_code == 404
    assert client.get(url("my-offer", entry)).status_code == 405
    assert client.post(url("offer-answer", entry), {"act": "take"}).status_code == 403
    assert "A place is kept" not in client.get(reverse("home:portal")).content.decode()


def test_the_portal_asks_as_often_with_three_as_with_one(own, program, django_assert_num_queries):
    client, entry, _ = own
    client.get(reverse("home:portal"))
    with django_assert_num_queries(8):
        client.get(reverse("home:portal"))
    for n in range(2):
        WaitlistEntry.objects.create(
            program=program, series=running(program, f"More {n}"), participant=entry.participant,
            episode=entry.episode, position=1, wanted_from=TODAY, queued_at=NOW, offered_at=NOW,
            offer_until=NOW + timedelta(days=1), offered_from=TODAY,
        )  # fmt: skip
    with django_assert_num_queries(8):
        assert client.get(reverse("home:portal")).content.decode().count("A place is kept") == 3


# --- attendance -------------------------------------------------------------------------------------------
def test_a_planned_leaving_is_filled_in_and_never_counts_as_left_early():
    with time_machine.travel(DURING, tick=False):
        world = make_world(2)
        Enrollment.objects.filter(participant=world.people[0]).update(leaves_at=time(10, 30))
        client = signed_in(world.leader)
        page = client.get(url("attendance", world.session)).content.decode()
        assert "leaves 10:30" in page
        fields = dict(re.findall(r'name="p-([^"]+)-departed"[^>]*value="([^"]*)"', page))
        assert fields == {str(world.people[0].pk): "10:30", str(world.people[1].pk): ""}
        sent = {"version": "0"} | {
            f"p-{p.pk}-{what}": value
            for p in world.people
            for what, value in (("status", "present"), ("departed", fields[str(p.pk)]))
        }
        client.post(url("attendance", world.session), sent)
    marks = dict(Attendance.objects.values_list("participant", "departed"))
    assert marks == {world.people[0].pk: time(10, 30), world.people[1].pk: None}
    assert set(Attendance.objects.values_list("status", flat=True)) == {Status.PRESENT}
    first = next(p for p in roster(world.session) if p.participant_id == world.people[0].pk)
    assert first.mark == "Present, left 10:30"
    starts, ends = world.session.starts_at, world.session.ends_at
    assert minutes_attended(starts, ends, None, starts + timedelta(minutes=30)) == 30


def test_the_minutes_of_a_planned_leaving_stand_in_the_note():
    with time_machine.travel(AFTER, tick=False):
        world = make_world(2)
        Enrollment.objects.filter(participant=world.people[0]).update(leaves_at=time(10, 30))
        mark_attendance(
            session=world.session, version=0, by=world.leader, at=DURING,
            marks=[
                Mark(world.people[0].pk, Status.PRESENT, departed=time(10, 30)),
                Mark(world.people[1].pk, Status.PRESENT),
            ],
        )  # fmt: skip
        world.session.refresh_from_db()
        world.write("“I rang my sister.”", "“A good day.”")
        world.sign()
    minutes = world.session.progressnotes.values_list("participant", "minutes")
    assert dict(minutes) == {world.people[0].pk: 30, world.people[1].pk: 50}


def test_a_session_that_moved_past_the_leaving_does_not_fill_it_in():
    world = make_world(1)
    Enrollment.objects.update(leaves_at=time(9, 30))
    world.session.refresh_from_db()
    assert roster(world.session)[0].leaves_at is None


def test_a_walk_in_over_the_places_or_kept_apart_is_warned_about_and_can_be_kept():
    with time_machine.travel(DURING, tick=False):
        world = make_world(1, capacity=1)
        guest = make_participant(world.program, first_name="Ida", last_name="Holt")
        ConflictOfInterest.objects.create(
            program=world.program, facilitator=world.facilitator, participant=guest,
            relation="friend", declared_by=world.leader, declared_at=DURING,
        )  # fmt: skip
        client = signed_in(world.leader)
        here = url("attendance", world.session)
        page = client.post(here, {"version": "0", "add": str(guest.pk)}).content.decode()
        assert "With Ida H. there are 2 of 1 place." in page
        assert "Ida H. and somebody who leads this session are kept apart." in page
        assert "riend" not in page.split("<main id")[1]
        sent = {
            "version": "0", f"p-{guest.pk}-status": "present", f"p-{guest.pk}-walk_in": "1",
        }  # fmt: skip
        client.post(here, sent)
        page = client.get(here).content.decode()
    assert Attendance.objects.get().walk_in
    assert "kept apart" not in page


def test_taking_it_counts_for_planners_too(client, program, scheduler):
    entry, _ = kept(program)
    accept_offer(entry=entry, by=scheduler, at=NOW)
    page = client.get(url("series", entry.series)).content.decode()
    assert "Bea Katz" in page
    assert "is kept until" not in page
