"""A facilitator asks, answers and signs on a phone; a supervisor looks at it at a desk."""

from datetime import timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from facilitators.actions import supervision
from facilitators.cadence import is_daytime
from facilitators.models import BoundaryConcern, CheckIn, Supervision
from phpsupport.access.roles import Role
from phpsupport.lib import clock
from tests.factories import make_facilitator, make_program, make_staff

AROUND_THE_WORLD = ("America/New_York", "Asia/Tokyo", "Europe/Berlin", "Pacific/Honolulu")


@pytest.fixture
def world(transactional_db):
    class World:
        program = make_program("Harbor Day Program")
        supervisor = make_staff(program, Role.SUPERVISOR, first_name="Maya", last_name="Lindqvist")
        lead = make_staff(program, Role.PROGRAM_LEAD, first_name="Ruth", last_name="Okafor")
        facilitator = make_facilitator(
            program, supervisor=supervisor, first_name="Ana", last_name="Solís"
        )

    return World()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_from_a_question_on_a_phone_to_its_answer(site, desk, phone, sign_in, axe, world):
    sign_in(phone, world.facilitator.user)
    phone.goto(reverse("facilitators:my-practice"))
    axe(phone)
    phone.get_by_role("link", name="Ask or report").first.click()
    phone.get_by_label("What is it about?").select_option("gift_received")
    phone.get_by_label("What happened, or what do you ask?").fill("May I keep the scarf?")
    phone.get_by_role("button", name="Send").click()
    expect(phone.get_by_text("Thank you for speaking up.")).to_be_visible()
    expect(phone.get_by_text("we are looking at it")).to_be_visible()
    axe(phone)

    sign_in(desk, world.supervisor)
    desk.goto(reverse("facilitators:concerns"))
    axe(desk)
    desk.get_by_role("link", name="Gift received").click()
    expect(desk.get_by_role("button", name="Give it to the reviewer")).to_be_visible()
    axe(desk)
    desk.get_by_role("group", name="How serious is it?").get_by_label("1 – slight").check()
    desk.get_by_role("button", name="Give it to the reviewer").click()
    desk.get_by_role("link", name="Gift received").first.click()
    desk.get_by_role("button", name="Begin the review").click()
    desk.get_by_text("Close it").click()
    desk.get_by_label("How it ended").fill("Talked through.")
    desk.get_by_label("What whoever reported it may read").fill("A small gift is fine. Keep it.")
    desk.get_by_role("button", name="Close the concern").click()
    expect(desk.get_by_text("The concern is closed.")).to_be_visible()
    axe(desk)

    phone.reload()
    phone.get_by_role("link", name="Gift received").click()
    expect(phone.get_by_text("A small gift is fine. Keep it.")).to_be_visible()
    assert "Talked through." not in phone.content()
    axe(phone)


def test_a_grave_concern_needs_a_second_person(site, desk, open_page, sign_in, world):
    sign_in(desk, world.supervisor)
    desk.goto(reverse("facilitators:concern-report"))
    desk.get_by_label("A violation – something that is always wrong").check()
    desk.get_by_label("What is it about?").select_option("financial")
    desk.get_by_label("Whose boundary?").select_option("Ana Solís")
    desk.get_by_label("What happened, or what do you ask?").fill("Money was lent.")
    desk.get_by_role("button", name="Send").click()
    expect(desk.get_by_text("Thank you for speaking up.")).to_be_visible()
    desk.goto(reverse("facilitators:concerns"))
    desk.get_by_role("link", name="Financial").click()
    desk.get_by_label("3 – serious").check()
    desk.get_by_label("Second reviewer").select_option("Ruth Okafor")
    desk.get_by_role("button", name="Give it to the reviewer").click()
    desk.get_by_role("link", name="Financial").first.click()
    desk.get_by_role("button", name="Begin the review").click()
    desk.get_by_label("What will be done, by whom, by when").fill("A refresher by Friday.")
    desk.get_by_role("button", name="Agree these actions").click()
    expect(desk.get_by_text("Actions are agreed.")).to_be_visible()
    expect(desk.get_by_role("button", name="Close the concern")).to_have_count(0)

    other = open_page()
    sign_in(other, world.lead)
    other.goto(reverse("facilitators:concerns"))
    other.get_by_role("link", name="Financial").click()
    other.get_by_label("I agree: it can be closed").check()
    other.get_by_role("button", name="Send").click()
    expect(other.get_by_text("The reviewer is told.")).to_be_visible()

    desk.reload()
    desk.get_by_label("How it ended").fill("The refresher was held.")
    desk.get_by_role("button", name="Close the concern").click()
    expect(desk.get_by_text("The concern is closed.")).to_be_visible()
    assert BoundaryConcern.objects.get().state == "closed"


def test_non_peer_work_takes_two_clicks(site, phone, sign_in, world):
    sign_in(phone, world.facilitator.user)
    phone.goto(reverse("facilitators:my-practice"))
    phone.get_by_text("I was asked to do non-peer work").click()
    phone.get_by_role("button", name="Office work").click()
    expect(phone.get_by_text("Noted, thank you.")).to_be_visible()
    assert BoundaryConcern.objects.get().category == "clerical_drift"


def test_a_supervision_is_written_at_a_desk_and_signed_on_a_phone(
    site, desk, phone, sign_in, axe, world
):
    now = clock.now()
    supervision.plan_supervision(
        facilitator=world.facilitator, supervisor=world.supervisor, by=world.supervisor,
        starts_at=now - timedelta(minutes=40), at=now - timedelta(days=1),
    )  # fmt: skip
    sign_in(desk, world.supervisor)
    desk.goto(reverse("facilitators:supervision"))
    axe(desk)
    desk.get_by_role("link", name="Open supervision with Ana Solís").click()
    expect(desk.get_by_role("button", name="Save and sign")).to_be_visible()
    axe(desk)
    desk.get_by_label("What did you talk about?").fill("How endings feel.")
    desk.get_by_label("Helps manage crises").check()
    desk.get_by_role("button", name="Save and sign").click()
    expect(desk.get_by_text("Saved and signed.")).to_be_visible()

    sign_in(phone, world.facilitator.user)
    phone.goto(reverse("facilitators:my-practice"))
    phone.get_by_role("link", name="A supervision to read and sign").click()
    expect(phone.get_by_text("How endings feel.")).to_be_visible()
    axe(phone)
    phone.get_by_role("button", name="I have read it and sign").click()
    expect(phone.get_by_text("Signed. Thank you.")).to_be_visible()
    assert Supervision.objects.get().facilitator_signed_at is not None


def test_beat_and_worker_send_a_check_in_that_is_answered_on_a_phone(
    site, phone, desk, sign_in, axe, smtp, jobs
):
    zone = next(zone for zone in AROUND_THE_WORLD if is_daytime(clock.now(), zone))
    program = make_program(zone=zone)
    supervisor = make_staff(program, Role.SUPERVISOR)
    facilitator = make_facilitator(program, supervisor=supervisor, first_name="Ana")
    letter = smtp.wait_for(1)[0]
    assert letter.to == [facilitator.user.email]
    assert letter.subject == "You have a short form to fill in"

    sign_in(phone, facilitator.user)
    phone.goto(reverse("facilitators:my-practice"))
    phone.get_by_role("link", name="You have a short form to fill in").click()
    expect(phone.get_by_label("A bit much")).to_be_visible()
    axe(phone)
    phone.get_by_label("A bit much").check()
    phone.get_by_label("I would like support or cover").check()
    phone.get_by_role("button", name="Send").click()
    expect(phone.get_by_text("Thank you. Your supervisor can read it now.")).to_be_visible()

    told = smtp.wait_for(2)[1]
    assert told.to == [supervisor.email]
    assert told.subject == "Something awaits you"
    sign_in(desk, supervisor)
    desk.goto(reverse("facilitators:supervision"))
    desk.get_by_role("link", name="would like support or cover").click()
    expect(desk.get_by_role("button", name="We have talked")).to_be_visible()
    axe(desk)
    desk.get_by_role("button", name="We have talked").click()
    expect(desk.get_by_text("Marked as seen to.")).to_be_visible()
    assert CheckIn.objects.get().support_seen_at is not None
