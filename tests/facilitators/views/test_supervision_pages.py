"""Supervision and the answers to check-ins as people open them."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from facilitators.actions import check_ins, supervision
from facilitators.models import BoundaryConcern, CheckIn, Supervision
from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.lib import clock
from tests.factories import make_facilitator, make_program, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    class World:
        program = make_program()
        supervisor = make_staff(program, Role.SUPERVISOR, first_name="Maya")
        lead = make_staff(program, Role.PROGRAM_LEAD)
        facilitator = make_facilitator(program, supervisor=supervisor, first_name="Ana")

        def plan(self, hours=-1, facilitator=None, **fields):
            now = clock.now()
            return supervision.plan_supervision(
                facilitator=facilitator or self.facilitator, supervisor=self.supervisor,
                starts_at=now + timedelta(hours=hours), by=self.supervisor, at=now, **fields,
            )  # fmt: skip

        def written(self, hours=-1, **words):
            return supervision.write_supervision(
                supervision=self.plan(hours), by=self.supervisor, at=clock.now(), minutes=30,
                mode="individual", **{"discussed": "Two heavy groups."} | words,
            )  # fmt: skip

        def signed_by_supervisor(self):
            written = self.written()
            return supervision.sign_supervision(
                supervision=written, by=self.supervisor, at=clock.now()
            )

        def answered(self, **words):
            check_in = CheckIn.objects.create(
                facilitator=self.facilitator, due_on=clock.now().date(), asked_at=clock.now()
            )
            return check_ins.answer_check_in(
                check_in=check_in, by=self.facilitator.user, at=clock.now(), workload=2, **words
            )

    return World()


def at(name, row=None):
    return reverse(f"facilitators:{name}", args=[row.pk] if row else [])


RECORD = {"minutes": "40", "mode": "remote", "discussed": "We talked about endings."}


def test_lists_take_as_many_queries_for_one_as_for_three(
    client, world, django_assert_max_num_queries
):
    for person in (world.supervisor, world.lead):
        client.force_login(person)
        world.plan(hours=48 + len(str(person)))
        client.get(at("supervision"))
        with django_assert_max_num_queries(12) as one:
            client.get(at("supervision"))
        for hours in (100, 200):
            more = make_facilitator(world.program, supervisor=world.supervisor)
            world.plan(hours=hours, facilitator=more)
        world.answered(wants_support=True)
        CheckIn.objects.all().delete()
        with django_assert_max_num_queries(12) as three:
            client.get(at("supervision"))
        assert len(three) == len(one)


def test_a_supervisor_sees_their_own_people_and_the_lead_all(client, world):
    make_facilitator(world.program, first_name="Linh")
    client.force_login(world.supervisor)
    assert "Linh" not in client.get(at("supervision")).content.decode()
    client.force_login(world.lead)
    said = client.get(at("supervision")).content.decode()
    assert "Linh" in said
    assert "Ana" in said


def test_who_is_overdue_comes_first_and_in_words(client, world):
    fresh = make_facilitator(
        world.program, supervisor=world.supervisor, first_name="Linh", hired_on=clock.now().date()
    )
    world.facilitator.hired_on = clock.now().date() - timedelta(days=40)
    world.facilitator.save()
    client.force_login(world.supervisor)
    found = client.get(at("supervision")).context["supervision"]
    assert [row.facilitator_id for row in found.due] == [world.facilitator.pk, fresh.pk]
    assert found.due[0].words.endswith("overdue")
    assert found.overdue == 1


def test_without_a_day_of_hiring_supervision_falls_due_from_the_first_day_of_the_role(
    client, world
):
    assert world.facilitator.hired_on is None
    RoleAssignment.objects.filter(user=world.facilitator.user).update(
        starts_on=clock.now().date() - timedelta(days=60)
    )
    client.force_login(world.supervisor)
    found = client.get(at("supervision")).context["supervision"]
    assert found.due[0].words.endswith("overdue")
    assert "overdue" in client.get(reverse("facilitators:board")).content.decode()
    client.force_login(world.facilitator.user)
    assert "overdue" in client.get(reverse("facilitators:my-practice")).content.decode()


def test_the_list_of_one_facilitator_shows_their_check_ins(client, world):
    other = make_facilitator(world.program, supervisor=world.supervisor, first_name="Linh")
    answered = world.answered(hard="Thursday")
    client.force_login(world.supervisor)
    said = client.get(at("supervision"), {"facilitator": world.facilitator.pk}).content.decode()
    assert at("check-in-answer", answered) in said
    assert other.user.name not in said
    for odd in ("x", uuid4()):
        assert client.get(at("supervision"), {"facilitator": odd}).status_code == 200


@pytest.mark.parametrize("role", [Role.SCHEDULER, Role.CLINICIAN, Role.FACILITATOR])
def test_the_list_and_planning_are_not_for_others(client, world, role):
    client.force_login(make_staff(world.program, role))
    assert client.get(at("supervision")).status_code == 403
    assert client.get(at("supervision-new")).status_code == 403


def test_an_empty_list_says_how_to_begin(client, world):
    client.force_login(make_staff(world.program, Role.SUPERVISOR))
    assert "Nobody to supervise yet" in client.get(at("supervision")).content.decode()


# --- plan -----------------------------------------------------------------------------------------
def plan_answers(facilitator, on="2027-03-15", starts="10:00"):
    return {
        "facilitator": str(facilitator.pk),
        "on": on,
        "starts": starts,
        "minutes": "30",
        "mode": "individual",
    }


def test_planning_takes_the_sites_wall_clock(client, world):
    client.force_login(world.supervisor)
    client.post(at("supervision-new"), plan_answers(world.facilitator))
    # Daylight saving began the day before: 10:00 is 14:00 UTC.
    assert Supervision.objects.get().starts_at.isoformat() == "2027-03-15T14:00:00+00:00"


def test_a_time_that_does_not_exist_is_refused_beside_its_field(client, world):
    client.force_login(world.supervisor)
    answer = client.post(
        at("supervision-new"), plan_answers(world.facilitator, on="2027-03-14", starts="02:30")
    )
    assert "this time does not exist" in str(answer.context["form"].errors["starts"])
    assert not Supervision.objects.exists()


@pytest.mark.parametrize("on", ["9999-12-31", "0001-01-01"])
def test_a_slip_in_the_year_is_said_beside_the_field(client, world, on):
    client.force_login(world.supervisor)
    late = "23:30" if on > "2" else "00:00"
    answer = client.post(at("supervision-new"), plan_answers(world.facilitator, on=on, starts=late))
    assert "Check the year." in answer.context["form"].errors["on"][0]
    supervised = world.plan()
    words = RECORD | {"next_on": on, "next_starts": late}
    answer = client.post(at("supervision-detail", supervised), words)
    assert "Check the year." in answer.context["form"].errors["next_on"][0]


def test_nobody_elses_facilitator_can_be_chosen(client, world):
    client.force_login(world.supervisor)
    for other in (make_facilitator(world.program), make_facilitator(make_program())):
        client.post(at("supervision-new"), plan_answers(other))
    assert not Supervision.objects.exists()


# --- one supervision ------------------------------------------------------------------------------
def test_writing_and_signing_in_one_go(client, world):
    planned = world.plan()
    client.force_login(world.supervisor)
    client.post(at("supervision-detail", planned), RECORD | {"sign": "1"})
    planned.refresh_from_db()
    assert (planned.discussed, planned.minutes) == ("We talked about endings.", 40)
    assert planned.supervisor_signed_at is not None


def test_a_faulty_record_keeps_what_was_typed(client, world):
    client.force_login(world.supervisor)
    answer = client.post(
        at("supervision-detail", world.plan()),
        RECORD | {"minutes": "3", "next_on": "2027-01-05"},
    )
    said = answer.content.decode()
    assert "We talked about endings." in said
    assert "Enter a time for the next supervision too." in said


def test_the_facilitator_sees_no_draft_and_signs_what_was_signed(client, world):
    written = world.written()
    client.force_login(world.facilitator.user)
    assert "heavy groups" not in client.get(at("supervision-detail", written)).content.decode()
    supervision.sign_supervision(supervision=written, by=world.supervisor, at=clock.now())
    page = client.get(at("supervision-detail", written))
    assert "heavy groups" in page.content.decode()
    client.post(at("supervision-sign", written), {"seen": page.context["page"].seen})
    written.refresh_from_db()
    assert written.facilitator_signed_at is not None


def test_a_stale_page_does_not_sign(client, world):
    signed = world.signed_by_supervisor()
    client.force_login(world.facilitator.user)
    for seen in ("2020-01-01T00:00:00+00:00", "2020-99-99T00:00:00+00:00"):
        client.post(at("supervision-sign", signed), {"seen": seen})
    signed.refresh_from_db()
    assert signed.facilitator_signed_at is None


def test_the_second_signature_is_told_in_words(client, world):
    signed = world.signed_by_supervisor()
    client.force_login(world.supervisor)
    answer = client.post(at("supervision-sign", signed), follow=True)
    assert "signed this already" in answer.content.decode()


def test_the_lead_reads_but_does_not_write_or_sign(client, world):
    written = world.written()
    client.force_login(world.lead)
    assert "heavy groups" in client.get(at("supervision-detail", written)).content.decode()
    assert client.post(at("supervision-detail", written), RECORD).status_code == 403
    assert client.post(at("supervision-sign", written)).status_code == 403


def test_for_others_it_is_not_there(client, world):
    written = world.written()
    for person in (
        make_staff(world.program, Role.SUPERVISOR),
        make_staff(make_program(), Role.SUPERVISOR, Role.PROGRAM_LEAD),
        make_facilitator(world.program).user,
    ):
        client.force_login(person)
        assert client.get(at("supervision-detail", written)).status_code == 404
        assert client.post(at("supervision-sign", written)).status_code == 404
    client.force_login(world.facilitator.user)
    assert client.post(at("supervision-detail", written), RECORD).status_code == 403


def test_cancelling_asks_first(client, world):
    planned = world.plan(hours=30)
    client.force_login(world.supervisor)
    assert "will not take place" in client.get(at("supervision-cancel", planned)).content.decode()
    planned.refresh_from_db()
    assert planned.cancelled_at is None
    client.post(at("supervision-cancel", planned))
    planned.refresh_from_db()
    assert planned.cancelled_at is not None
    client.force_login(world.facilitator.user)
    assert client.post(at("supervision-cancel", planned)).status_code == 403


def test_the_agenda_comes_from_what_happened_and_what_one_may_see(client, world):
    world.written(hours=-200, agreed="Ask for a co-facilitator.")
    world.answered(wants_support=True, hard="A long day")
    make_facilitator(world.program, supervisor=world.supervisor)
    seen = {"facilitator": world.facilitator, "program": world.program, "reported_at": clock.now()}
    rest = {"narrative": "x", "due_at": clock.now(), "source": "staff", "concern_class": "question"}
    BoundaryConcern.objects.create(**seen, **rest, category="transport", reported_by=world.lead)
    hidden = BoundaryConcern.objects.create(
        **seen, **rest, category="financial", reported_by=world.lead
    )
    hidden.named.create(user=world.supervisor)
    client.force_login(world.supervisor)
    said = client.get(at("supervision-detail", world.plan())).content.decode()
    assert "Ask for a co-facilitator." in said
    assert "Would like support or cover." in said
    assert "Boundary: Transport" in said
    assert "Financial" not in said
    assert "A long day" not in said  # read where its reading is noted


# --- answers --------------------------------------------------------------------------------------
def test_an_answer_is_read_and_marked_as_seen_to(client, world):
    answered = world.answered(wants_support=True, hard="A long day")
    client.force_login(world.supervisor)
    assert "would like support" in client.get(at("supervision")).content.decode()
    assert "A long day" in client.get(at("check-in-answer", answered)).content.decode()
    client.post(at("check-in-seen", answered))
    answered.refresh_from_db()
    assert answered.support_seen_at is not None
    assert "would like support" not in client.get(at("supervision")).content.decode()


def test_an_answer_is_there_for_its_supervisor_only(client, world):
    answered = world.answered(wants_support=True)
    for person in (
        make_staff(world.program, Role.SUPERVISOR),
        make_staff(make_program(), Role.SUPERVISOR),
        world.lead,  # it was not escalated
    ):
        client.force_login(person)
        assert client.get(at("check-in-answer", answered)).status_code == 404
        assert client.post(at("check-in-seen", answered)).status_code == 404
    client.force_login(world.facilitator.user)
    assert client.get(at("check-in-answer", answered)).status_code == 403
