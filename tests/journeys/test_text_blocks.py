"""Words at hand while writing: with a finger, and with keys alone."""

from typing import Any

import pytest
from playwright.sync_api import expect

from phpsupport.lib import clock
from sessions.actions.blocks import add_starters
from sessions.models import GroupNoteDraft
from tests.journeys.test_attendance_and_notes import address, yesterday

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_text_block_goes_in_where_one_writes(phone: Any, sign_in: Any, axe: Any) -> None:
    world = yesterday(2)
    world.mark("present", "present", at=clock.now())
    add_starters(program=world.program, owner=world.leader, by=world.leader, at=clock.now())
    sign_in(phone, world.leader)
    phone.goto(address(world, "note"))

    group = phone.get_by_label("What the group did", exact=True)
    group.fill("Before.")
    phone.get_by_role("button", name="Text blocks for What the group did").tap()
    axe(phone)
    phone.get_by_role("menuitem", name="Opening").tap()
    whole = "Before. We opened with the agreement and a round of one word each."
    expect(group).to_have_value(whole)
    expect(phone.locator("[data-saved]")).to_have_attribute("data-state", "saved")
    assert GroupNoteDraft.objects.get().what_was_done == whole

    part = phone.locator(f"#p-{world.people[0].pk}")
    button = part.get_by_role("button", name="Text blocks for In their own words")
    button.focus()
    phone.keyboard.press("Enter")
    expect(phone.get_by_role("menuitem", name="Said")).to_be_focused()
    phone.keyboard.press("Escape")
    expect(button).to_be_focused()
    phone.keyboard.press("Enter")
    phone.keyboard.press("ArrowDown")
    phone.keyboard.press("ArrowUp")
    phone.keyboard.press("Enter")
    phone.keyboard.type("I rang my sister.")
    words = part.get_by_label("In their own words", exact=True)
    expect(words).to_have_value("Said: “I rang my sister.”")

    names = phone.locator(".people .note-part").evaluate_all("all => all.map((one) => one.id)")
    here = names.index(f"p-{world.people[0].pk}")
    way = "ArrowDown" if here == 0 else "ArrowUp"
    phone.keyboard.press(f"Alt+{way}")
    beside = phone.locator(f"#{names[1 - here]}")
    expect(beside.get_by_label("In their own words", exact=True)).to_be_focused()
