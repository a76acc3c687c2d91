"""A supervisor at a desk: notes to cosign, a boundary concern, who may lead, supervision.

A question that is answered, non-peer work and check-ins are in test_concerns_and_check_ins.
"""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from facilitators.models import (
    BoundaryConcern,
    ClearanceOverride,
    ConcernState,
    Facilitator,
    Supervision,
    TrainingRecord,
)
from phpsupport.access.roles import Role
from phpsupport.lib import clock, wording
from sessions.models import Cosignature, ProgressNote
from tests.factories import PASSWORD, make_facilitator, make_program, make_staff
from tests.journeys.people import daytime_zone, enter, meets_now
from tests.sessions.worlds import make_world

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_note_is_cosigned_one_comes_back_and_is_asked_for_again(site, desk, phone, axe):
    world = make_world(3, program=make_program(zone=daytime_zone()))
    meets_now(world.session, began=timedelta(hours=2))
    now = clock.now()
    world.mark("present", "late", at=now)
    world.write("“I rang my sister.”", "“A good day.”", at=now)
    world.sign(at=now)
    marisol, tuan = world.people[:2]

    enter(desk, world.supervisor)
    desk.get_by_role("link", name="Review").first.click()
    expect(desk.get_by_text("3 notes wait for your cosignature")).to_be_visible()
    axe(desk)
    desk.get_by_role("link", name="Read").click()
    expect(desk.get_by_text("“I rang my sister.”")).to_be_visible()

    # Nothing ticked, nothing cosigned; then one, with the password.
    desk.get_by_label("Your password").fill(PASSWORD)
    desk.get_by_role("button", name="Cosign").click()
    expect(desk.get_by_text("Tick the notes that you read and cosign.")).to_be_visible()
    cosign(desk, marisol)
    expect(desk.get_by_text("1 note is cosigned and locked.")).to_be_visible()

    # Another goes back with a comment, on a page of its own.
    note_about(desk, tuan).locator("summary", has_text="Return").click()
    note_about(desk, tuan).get_by_role("link", name="On a page of its own").click()
    desk.get_by_role("button", name="Return").click()
    expect(desk.get_by_text("Fill this in.").first).to_be_visible()
    desk.get_by_label("What is missing?").fill("Please add what you agreed on for next time.")
    desk.get_by_role("button", name="Return").click()
    expect(desk.get_by_text(f"Returned to {world.leader.name} with your comment.")).to_be_visible()
    expect(note_about(desk, tuan)).to_contain_text("Returned with a comment")
    axe(desk)

    enter(phone, world.leader)
    expect(phone.get_by_text("1 note returned with a comment")).to_be_visible()
    phone.get_by_role("link", name="Answer the comment").click()
    expect(phone.get_by_text("Please add what you agreed on for next time.")).to_be_visible()
    phone.get_by_label("Your answer").fill("To try the early group on Monday.")
    phone.get_by_role("button", name="Answer").click()
    expect(phone.get_by_text("waits for your supervisor again")).to_be_visible()

    # It waits again, with the answer beside it.
    desk.goto(reverse("sessions:review-queue"))
    expect(desk.get_by_text("2 notes wait for your cosignature")).to_be_visible()
    desk.get_by_role("link", name="Read").click()
    expect(note_about(desk, tuan)).to_contain_text("To try the early group on Monday.")
    cosign(desk, tuan)
    expect(desk.get_by_text("1 note is cosigned and locked.")).to_be_visible()
    decisions = Cosignature.objects.order_by("at").values_list("decision", flat=True)
    assert list(decisions) == ["given", "returned", "given"]


def note_about(page: Page, person: Any) -> Any:
    """The signed note about one person."""
    return page.locator(f"#note-{ProgressNote.objects.get(participant=person).pk}")


def cosign(page: Page, person: Any) -> None:
    """Tick the note about one person and sign it."""
    note_about(page, person).locator(".note-signed").scroll_into_view_if_needed()
    note_about(page, person).get_by_label("I read this and cosign it").check()
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Cosign").click()


class Team:
    """Two supervisors, a program lead, and a facilitator of the first."""

    def __init__(self) -> None:
        self.program = make_program("Harbor Day Program", zone=daytime_zone())
        self.maya = make_staff(
            self.program, Role.SUPERVISOR, first_name="Maya", last_name="Lindqvist"
        )
        self.martin = make_staff(
            self.program, Role.SUPERVISOR, first_name="Martin", last_name="Fehr"
        )
        self.ruth = make_staff(
            self.program, Role.PROGRAM_LEAD, first_name="Ruth", last_name="Okafor"
        )
        today = clock.local_date(clock.now(), self.program.zone)
        self.ana: Facilitator = make_facilitator(
            self.program, supervisor=self.maya, first_name="Ana", last_name="Solís",
            on=today - timedelta(days=100), through=today + timedelta(days=900), stage="active",
        )  # fmt: skip
        self.today = today


def test_a_concern_goes_its_way_and_no_further_than_it_may(site, desk, phone, open_page, axe):
    team = Team()
    enter(phone, team.ana.user)
    phone.get_by_role("link", name="Ask or report").first.click()
    phone.get_by_label("A crossing – a line was stretched").check()
    phone.get_by_label("What is it about?").select_option("disrespect_by_staff")
    phone.get_by_label("What happened, or what do you ask?").fill("I was asked to tell my story.")
    phone.get_by_label("Whose boundary?").select_option("Ana Solís")
    phone.get_by_text("When, who else, who told you").click()
    phone.get_by_label("Martin Fehr").check()
    phone.get_by_role("button", name="Send").click()
    expect(phone.get_by_text("Thank you for speaking up.")).to_be_visible()
    concern = BoundaryConcern.objects.get()
    address = reverse("facilitators:concern", args=[concern.pk])

    # The supervisor who is named in it does not see that it exists.
    named = open_page()
    enter(named, team.martin)
    named.goto(reverse("facilitators:concerns"))
    expect(named.get_by_text("Nothing is waiting for you")).to_be_visible()
    answer = named.goto(address)
    assert answer
    assert answer.status == 404
    assert "I was asked to tell my story." not in named.content()

    enter(desk, team.maya)
    desk.goto(reverse("facilitators:concerns"))
    desk.get_by_role("row").filter(has_text="Ana Solís").get_by_role("link").first.click()
    expect(desk.get_by_text("I was asked to tell my story.")).to_be_visible()
    expect(
        desk.get_by_label("Who reviews it?").get_by_role("option", name="Martin Fehr")
    ).to_have_count(0)
    axe(desk)
    severity = desk.get_by_role("group", name="How serious is it?").first
    severity.get_by_label("2 –").check()
    desk.get_by_label("Who reviews it?").select_option("Maya Lindqvist")
    desk.get_by_role("button", name="Give it to the reviewer").click()
    expect(desk.get_by_text("It is with its reviewer now.")).to_be_visible()
    desk.goto(address)
    desk.get_by_role("button", name="Begin the review").click()
    expect(desk.get_by_text("The review has begun.")).to_be_visible()
    desk.get_by_label("What will be done, by whom, by when").fill(
        "Ruth talks with Martin by Friday."
    )
    desk.get_by_role("button", name="Agree these actions").click()
    expect(desk.get_by_role("button", name="Close the concern")).to_be_visible()

    # It turns out to be grave, in one window; the other, left open, cannot close it alone.
    second = desk.context.new_page()
    second.goto(address)
    second.get_by_text("Judge it again").first.click()
    again = second.get_by_role("group", name="How serious is it?")
    again.get_by_label("3 –").check()
    second.get_by_label("What changed your judgement?").fill("It was the third time.")
    second.get_by_role("button", name="Judge it again").click()
    expect(second.get_by_text("Your judgement is on record.")).to_be_visible()
    expect(second.get_by_text("Needed before it can be closed")).to_be_visible()
    expect(second.get_by_role("button", name="Close the concern")).to_have_count(0)
    close(desk)
    expect(desk.get_by_text("This needs a second reviewer who agrees.")).to_be_visible()
    axe(desk)
    concern.refresh_from_db()
    assert concern.state == ConcernState.ACTIONS
    desk.get_by_label("Second reviewer").select_option("Ruth Okafor")
    desk.get_by_role("button", name="Ask them").click()
    expect(desk.get_by_text("The second reviewer is told.")).to_be_visible()
    expect(desk.get_by_role("button", name="Close the concern")).to_have_count(0)

    lead = open_page()
    enter(lead, team.ruth)
    lead.goto(address)
    lead.get_by_label("I agree: it can be closed").check()
    lead.get_by_role("button", name="Send").click()
    expect(lead.get_by_text("The reviewer is told.")).to_be_visible()

    desk.reload()
    close(desk)
    expect(desk.get_by_text("The concern is closed.")).to_be_visible()
    axe(desk)
    concern.refresh_from_db()
    assert concern.state == ConcernState.CLOSED
    phone.goto(address)
    expect(phone.get_by_text("Thank you for telling us. It will not happen again.")).to_be_visible()
    assert "They talked." not in phone.content()


def close(page: Page) -> None:
    """Write how it ended and close it."""
    page.get_by_label("How it ended").fill("They talked.")
    page.get_by_label("What whoever reported it may read").fill(
        "Thank you for telling us. It will not happen again."
    )
    page.get_by_role("button", name="Close the concern").click()


def test_from_a_red_cell_to_the_reason_and_a_permission(site, desk, axe):
    team = Team()
    ran_out = team.today - timedelta(days=4)
    requirement = team.program.training_requirements.order_by("position").last()
    assert requirement
    TrainingRecord.objects.filter(facilitator=team.ana, requirement=requirement).update(
        expires_on=ran_out
    )
    enter(desk, team.maya)
    desk.get_by_role("link", name="Training").first.click()
    expect(desk.get_by_text("0 of 1 may lead")).to_be_visible()
    row = desk.get_by_role("row").filter(has_text="Ana Solís")
    red = row.get_by_role("link").filter(has_text=f"ran out {wording.date_in_full(ran_out)}")
    expect(red).to_be_visible()
    axe(desk)

    # The red cell of the training leads to recording it, the one beside the name to the reason.
    red.click()
    expect(desk.get_by_label("Training", exact=True)).to_have_value(str(requirement.pk))
    desk.get_by_role("link", name="Cancel").click()
    expect(desk.locator(f"#t-{requirement.pk}")).to_contain_text("ran out")
    desk.get_by_role("link", name="Training").first.click()
    row.get_by_role("link").filter(has_text="Not cleared").click()
    expect(desk.get_by_role("heading", name="Ana Solís")).to_be_visible()
    reasons = desk.locator("#clearance .reasons").first
    expect(reasons).to_have_text(
        f"{requirement.name} counts only through {wording.date_in_full(ran_out)}."
    )
    expect(desk.locator("#clearance").get_by_text("Not cleared").first).to_be_visible()
    axe(desk)

    # Allowed all the same, for a week and with a reason.
    desk.get_by_role("link", name="Allow with a reason").click()
    desk.get_by_label("Through").fill((team.today + timedelta(days=7)).isoformat())
    desk.get_by_role("button", name="Allow it").click()
    expect(desk.get_by_text("Fill this in.").first).to_be_visible()
    desk.get_by_label("Why").fill("The course is booked for Thursday.")
    desk.get_by_role("button", name="Allow it").click()
    expect(desk.get_by_text("The reason is on record.")).to_be_visible()
    expect(desk.locator("#clearance")).to_contain_text("Maya Lindqvist")
    expect(desk.locator("#clearance")).to_contain_text("The course is booked for Thursday.")
    axe(desk)
    assert ClearanceOverride.objects.get().given_by == team.maya
    desk.get_by_role("link", name="Training").first.click()
    expect(desk.get_by_text("1 of 1 may lead")).to_be_visible()
    expect(row).to_contain_text("by Maya Lindqvist")


def test_a_supervision_is_planned_written_and_signed_by_both(site, desk, phone, axe):
    team = Team()
    earlier = clock.now().astimezone(ZoneInfo(team.program.zone)) - timedelta(minutes=45)
    enter(desk, team.maya)
    desk.goto(reverse("facilitators:supervision"))
    desk.get_by_role("link", name="Plan supervision with Ana Solís").click()
    expect(desk.get_by_label("With whom?")).to_have_value(str(team.ana.pk))
    desk.get_by_label("Day").fill(earlier.date().isoformat())
    desk.get_by_label("Time").fill(f"{earlier:%H:%M}")
    desk.get_by_role("button", name="Plan it").click()
    expect(desk.get_by_text("Planned.").first).to_be_visible()
    desk.get_by_label("What did you talk about?").fill("How endings feel.")
    desk.get_by_label("Strengths you noticed").fill("Lets silence be.")
    axe(desk)
    desk.get_by_role("button", name="Save and sign").click()
    expect(desk.get_by_text("Saved and signed. Ana Solís is asked to sign.")).to_be_visible()

    enter(phone, team.ana.user)
    phone.goto(reverse("facilitators:my-practice"))
    phone.get_by_role("link", name="A supervision to read and sign").click()
    expect(phone.get_by_text("Lets silence be.")).to_be_visible()
    phone.get_by_role("button", name="I have read it and sign").click()
    expect(phone.get_by_text("Signed. Thank you.")).to_be_visible()

    # Both have signed: nothing more is to be changed.
    desk.reload()
    expect(desk.locator(".card-foot").filter(has_text="Signed by")).to_contain_text("Ana Solís")
    expect(desk.get_by_text("Signed by Maya Lindqvist")).to_be_visible()
    expect(desk.get_by_label("What did you talk about?")).to_have_count(0)
    axe(desk)
    held = Supervision.objects.get()
    assert held.supervisor_signed_at
    assert held.facilitator_signed_at
