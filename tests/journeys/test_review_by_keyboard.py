"""A supervisor reads what waits, by keyboard alone, from the queue to its end."""

import os
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from phpsupport.lib import clock
from sessions.actions.review import return_note
from sessions.models import Cosignature, CosignatureDecision
from tests.factories import PASSWORD, enroll, make_group, make_participant, make_program
from tests.journeys.people import daytime_zone, meets_now
from tests.sessions.worlds import AFTER, World, make_world

pytestmark = pytest.mark.django_db(transaction=True)
SHOTS = os.environ.get("REVIEW_SHOTS")


def shot(page: Any, name: str) -> None:
    """A picture for whoever asked for them."""
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=False)


@pytest.fixture
def two_sessions() -> tuple[World, World]:
    """Notes of two facilitators of one supervisor; the second session was signed late."""
    first = make_world(2)
    first.mark("present", "late")
    long = "She said how it was to ring her sister after three years. " * 12
    first.write(long, "“A good day.”", group="We opened with a round and a song.")
    first.sign()
    second = make_world(2, program=first.program, group=make_group(first.program, "Evening Circle"))
    type(second.facilitator).objects.filter(pk=second.facilitator.pk).update(
        supervisor=first.supervisor
    )
    second.signed(at=AFTER + timedelta(hours=30))
    return first, second


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_from_the_queue_to_its_end_by_keyboard(
    site: str, desk: Any, sign_in: Any, axe: Any, two_sessions: Any, scheme: str
) -> None:
    first, _ = two_sessions
    sign_in(desk, first.supervisor)
    desk.goto("/groups/review/")
    expect(desk.get_by_role("row")).to_have_count(3)
    expect(desk.get_by_text("signed 6 hours late")).to_be_visible()
    shot(desk, f"queue-{scheme}")
    axe(desk)
    desk.set_viewport_size({"width": 1440, "height": 300})  # the end of no note is in view
    desk.keyboard.press("n")

    # The first note has the focus, and is ticked once it was in view.
    expect(desk.get_by_role("heading", name="Morning Check-in")).to_be_visible()
    group = desk.locator("[data-sheet]").first
    expect(group).to_be_focused()
    expect(desk.get_by_text("Read to the end to tick it").first).to_be_visible()
    desk.set_viewport_size({"width": 1440, "height": 900})
    expect(group.locator("[data-pick]")).to_be_enabled()
    desk.keyboard.press("x")
    expect(group.locator("[data-pick]")).to_be_checked()
    shot(desk, f"review-{scheme}")
    axe(desk)

    # A note that is not read yet cannot be ticked: x goes to its end.
    desk.keyboard.press("j")
    part = desk.locator("[data-sheet]").nth(1)
    expect(part).to_be_focused()
    expect(part.locator("[data-pick]")).to_be_enabled()
    desk.keyboard.press("r")
    expect(part.locator("textarea")).to_be_focused()
    shot(desk, f"return-{scheme}")
    desk.keyboard.press("Escape")
    expect(part).to_be_focused()
    desk.keyboard.press("r")
    desk.keyboard.type("What happens on Friday?")
    desk.keyboard.press("Tab")
    desk.keyboard.press("Enter")
    expect(desk.get_by_text("Returned to Dana")).to_be_visible()
    assert Cosignature.objects.get().decision == CosignatureDecision.RETURNED

    expect(desk.locator("[data-read-words]")).to_contain_text("0 ticked")
    # What is left here: both by tick, signed with Enter from the note, then the password.
    for place in (0, 2):
        sheet = desk.locator("[data-sheet]").nth(place)
        sheet.focus()
        desk.keyboard.press("x")
        expect(sheet.locator("[data-pick]")).to_be_enabled()
        if not sheet.locator("[data-pick]").is_checked():
            desk.keyboard.press("x")
        expect(sheet.locator("[data-pick]")).to_be_checked()
    expect(desk.locator("[data-read-words]")).to_have_text("2 of 2 read · 2 ticked")
    desk.locator("[data-sheet]").nth(2).focus()
    desk.keyboard.press("Enter")
    expect(desk.get_by_label("Your password")).to_be_focused()
    desk.keyboard.type(PASSWORD)
    desk.keyboard.press("Enter")

    # The next session comes by itself, with the focus on its first note.
    expect(desk.get_by_role("heading", name="Evening Circle")).to_be_visible()
    expect(desk.get_by_text("2 notes are cosigned and locked.")).to_be_visible()
    expect(desk.locator("[data-sheet]").first).to_be_focused()
    desk.keyboard.press("?")
    for word in ("Next note", "Tick the note", "Return the note"):
        expect(desk.get_by_text(word, exact=True)).to_be_visible()
    desk.keyboard.press("Escape")
    for sheet in desk.locator("[data-sheet]").all():
        sheet.locator("[data-pick]").scroll_into_view_if_needed()
        expect(sheet.locator("[data-pick]")).to_be_enabled()
        sheet.locator("[data-pick]").check()
    desk.get_by_label("Your password").fill(PASSWORD)
    desk.get_by_role("button", name="Cosign", exact=True).click()
    expect(desk.get_by_text("Nothing waits for you")).to_be_visible()
    shot(desk, f"empty-{scheme}")


def test_without_a_tick_and_with_a_wrong_password_nothing_is_signed(
    site: str, phone: Any, sign_in: Any, axe: Any, two_sessions: Any
) -> None:
    first, _ = two_sessions
    sign_in(phone, first.supervisor)
    phone.goto("/groups/review/")
    shot(phone, "phone-queue")
    phone.get_by_role("link", name="Morning Check-in").first.click()
    shot(phone, "phone-review")
    phone.get_by_role("button", name="Cosign", exact=True).click()
    expect(phone.locator("[data-read-words]")).to_have_text(
        "Tick the notes that you read and cosign."
    )
    pick = phone.locator("[data-pick]").first
    pick.scroll_into_view_if_needed()
    expect(pick).to_be_enabled()
    pick.check()
    phone.get_by_label("Your password").fill("wrong")
    phone.get_by_role("button", name="Cosign", exact=True).click()
    expect(phone.get_by_text("Nothing was cosigned.")).to_be_visible()
    # What was ticked still is, and the field to mend has the focus.
    expect(phone.locator("[data-pick]").first).to_be_checked()
    expect(phone.get_by_label("Your password")).to_be_focused()
    shot(phone, "phone-fault")
    axe(phone)
    assert not Cosignature.objects.exists()


def test_the_author_answers_a_comment_in_one_step_from_their_day(
    site: str, phone: Any, sign_in: Any, axe: Any
) -> None:
    world = make_world(2, program=make_program(zone=daytime_zone()))
    meets_now(world.session, began=timedelta(hours=2))
    now = clock.now()
    world.mark("present", "late", at=now)
    world.write("“I rang my sister.”", "“A good day.”", at=now)
    notes = world.sign(at=now).parts
    for note in notes:
        return_note(note=note, comment="What comes next?", by=world.supervisor, at=clock.now())
    sign_in(phone, world.leader)
    phone.goto("/groups/my-day/")
    phone.get_by_role("link", name="Answer the comment").click()
    expect(phone.get_by_text("What comes next?")).to_be_visible()
    answer = phone.get_by_label("Your answer")
    expect(answer).to_be_focused()
    shot(phone, "phone-answer")
    axe(phone)
    answer.fill("A call on Friday.")
    phone.get_by_role("button", name="Answer").click()
    # The second one that came back follows at once, then the day.
    expect(phone.get_by_text("Your answer stands beside the note")).to_be_visible()
    phone.get_by_label("Your answer").fill("A walk on Friday.")
    phone.get_by_role("button", name="Answer").click()
    expect(phone.get_by_role("heading", name="My day")).to_be_visible()
    expect(phone.get_by_text("waits for your supervisor again")).to_be_visible()
    expect(phone.get_by_role("link", name="Answer the comment")).to_have_count(0)


@pytest.mark.parametrize("size", ["desk", "phone"])
def test_a_name_in_a_comment_is_explained_and_more_can_be_said_beside_the_note(
    site: str, request: Any, sign_in: Any, axe: Any, two_sessions: Any, size: str
) -> None:
    first, _ = two_sessions
    other = make_participant(first.program, first_name="Bea", last_name="Kowalski")
    enroll(first.series, other)
    page = request.getfixturevalue(size)
    sign_in(page, first.supervisor)
    page.goto(f"/groups/review/{first.session.pk}/?author={first.leader.pk}")
    note = page.locator("[data-sheet]").nth(1)
    note.locator("summary", has_text="Return").click()
    note.get_by_label("What is missing?").fill("Was that Bea, or her sister?")
    shot(page, f"{size}-return")
    note.get_by_role("button", name="Return to Dana").click()

    why = page.get_by_label("“Bea” may be Bea K. Why does it stay?")
    expect(why).to_be_visible()
    expect(page.get_by_label("What is missing?")).to_have_value("Was that Bea, or her sister?")
    shot(page, f"{size}-named")
    axe(page)
    assert not Cosignature.objects.exists()
    why.fill("A friend of hers has that name.")
    page.get_by_role("button", name="Return", exact=True).click()
    expect(page.get_by_text("Returned to Dana")).to_be_visible()
    assert Cosignature.objects.get().decision == CosignatureDecision.RETURNED

    note.get_by_role("link", name="Add", exact=True).click()
    page.get_by_label("Why you add something").fill("We talked")
    page.get_by_label("What you add").fill("We talked about it on Tuesday.")
    page.get_by_role("button", name="Add to the note").click()
    expect(page.get_by_text("Your words stand beside the note.")).to_be_visible()
    note = page.locator("[data-sheet]").nth(1)
    expect(note).to_contain_text("We talked about it on Tuesday.")
    # What the supervisor adds is no answer: it still waits for its author.
    expect(note.locator(".tags")).to_contain_text("returned")
    shot(page, f"{size}-added")
    axe(page)
    note.get_by_role("link", name="Declare void").click()
    page.get_by_label("Why is it void?").fill("Another session.")
    shot(page, f"{size}-void")
    page.get_by_role("button", name="Declare void").click()
    expect(page.get_by_text("The note is void.")).to_be_visible()
    expect(page.locator(".is-void").get_by_role("link", name="Add", exact=True)).to_have_count(0)
