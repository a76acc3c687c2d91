"""How somebody took part: chosen, and taken back, with a finger, with keys and without script."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from phpsupport.lib import clock
from sessions.models import ProgressNoteDraft
from tests.journeys.people import unanswered
from tests.journeys.test_attendance_and_notes import address, yesterday
from tests.sessions.worlds import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> World:
    world = yesterday(1)
    world.mark("present", at=clock.now())
    return world


def chosen() -> str:
    return ProgressNoteDraft.objects.get().participation


def test_a_choice_is_taken_back(phone: Any, sign_in: Any, axe: Any, world: World) -> None:
    sign_in(phone, world.leader)
    phone.goto(address(world, "note"))
    ways = phone.get_by_role("group", name="Taking part")
    quiet, leave = ways.get_by_label("By listening"), ways.get_by_label("Leave it open")
    line = phone.locator("[data-saved]")
    expect(leave).to_be_checked()

    quiet.tap()
    expect(line).to_have_attribute("data-state", "saved")
    assert chosen() == "quiet"
    axe(phone)
    with unanswered(phone):
        leave.tap()
        expect(line).to_have_attribute("data-state", re.compile("waiting|saving"))
    expect(line).to_have_attribute("data-state", "saved")
    assert chosen() == ""

    leave.focus()
    phone.keyboard.press("ArrowRight")
    expect(ways.get_by_label("Actively")).to_be_checked()
    expect(line).to_have_attribute("data-state", "saved")
    phone.keyboard.press("ArrowLeft")
    expect(leave).to_be_checked()
    expect(leave).to_be_focused()
    expect(line).to_have_attribute("data-state", "saved")
    phone.reload()
    expect(leave).to_be_checked()
    assert chosen() == ""


def test_a_choice_is_taken_back_without_script(
    open_page: Callable[..., Any], sign_in: Any, world: World
) -> None:
    page = open_page(width=390, height=844, java_script_enabled=False)
    sign_in(page, world.leader)
    for way, stored in (("Now and then", "some"), ("Leave it open", "")):
        page.goto(address(world, "note"))
        page.get_by_label(way, exact=True).check()
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_label(way, exact=True)).to_be_checked()
        assert chosen() == stored
