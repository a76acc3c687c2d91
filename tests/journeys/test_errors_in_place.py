"""A part of a page that does not come: in words beside it or in its place, and nothing typed is lost."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from playwright.sync_api import Locator, Page, Route, expect

from participants.models import EpisodeOfCare
from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import Role
from sessions.models import GroupSeries
from tests.browser import page_faults
from tests.factories import PASSWORD, enroll, give_role, make_program
from tests.journeys.people import fill_in_sign_in
from tests.journeys.test_scheduler import World, fill_in

SIGN_IN = "Sign in on a new tab"


@pytest.fixture
def world(transactional_db: None) -> World:
    return World()


@dataclass
class Part:
    """One place where a page asks for a part of itself."""

    page: str
    asks: str  # the address of the part
    begin: Callable[[Page], None]
    ask: Callable[[Page], None]
    came: str  # what stands there once it came


NAMES = ("plan", "edit", "discharge", "groups")


def part_of(world: World, name: str) -> Part:
    if name == "plan":

        def typed(page: Page) -> None:
            fill_in(page, world, room="Harbor Room")
            expect(page.locator(".dates li").first).to_be_visible()

        return Part(
            reverse("sessions:series-new"), reverse("sessions:series-preview"), typed,
            lambda page: page.get_by_label("Room").select_option("Garden Room"),
            "4 dates are fine",
        )  # fmt: skip
    series = GroupSeries.objects.filter(group=world.group).first() or world.plan()
    person = world.people[0]
    if name == "edit":
        return Part(
            reverse("sessions:series-edit", args=[series.pk]),
            reverse("sessions:series-edit-preview", args=[series.pk]),
            lambda page: None,
            lambda page: page.get_by_label("Room").select_option("Harbor Room"),
            "in the way",
        )
    if name == "discharge":
        address = reverse("participants:discharge", args=[person.pk])
        later = (world.days[0] + timedelta(days=1)).isoformat()
        return Part(
            address, address, lambda page: None, lambda page: _say(page, "Last day", later),
            "Nothing ends yet",
        )  # fmt: skip
    enroll(series, person)
    return Part(
        reverse("participants:detail", args=[person.pk]),
        reverse("sessions:participant-groups", args=[person.pk]),
        lambda page: None, lambda page: page.reload(), "Hearing Voices",
    )  # fmt: skip


def _say(page: Page, label: str, value: str) -> None:
    page.get_by_label(label).fill(value)
    page.get_by_label(label).blur()


def fault(page: Page) -> Locator:
    return page.locator("main .part-fault")


def again(page: Page) -> Locator:
    return page.get_by_role("button", name="Try again")


def only_parts(act: Callable[[Route], None]) -> Callable[[Route], None]:
    """Act on what a page asks for by itself; let pages through."""
    return lambda route: act(route) if "hx-request" in route.request.headers else route.continue_()


def expect_faults(page: Page) -> None:
    page_faults(page).expect(
        "Failed to load resource", "Response Status Error", "htmx:", "500 from"
    )


@pytest.mark.parametrize("name", NAMES)
def test_what_was_lost_on_the_way_is_asked_for_again(
    site: str, desk: Page, sign_in: Callable, axe: Callable, world: World, name: str
) -> None:
    part = part_of(world, name)
    sign_in(desk, world.scheduler)
    expect_faults(desk)
    desk.goto(part.page)
    part.begin(desk)
    address = f"**{part.asks}*"
    desk.route(address, only_parts(lambda route: route.fulfill(status=500, body="<html>no</html>")))
    part.ask(desk)
    expect(fault(desk)).to_contain_text("Something went wrong on our side")
    axe(desk)

    # The same once more, now without a connection: one sentence, and the button keeps the focus.
    desk.unroute(address)
    desk.route(address, only_parts(lambda route: route.abort("connectionfailed")))
    again(desk).focus()
    desk.keyboard.press("Enter")
    expect(fault(desk)).to_contain_text("There is no connection")
    expect(fault(desk)).to_have_count(1)
    expect(again(desk)).to_be_focused()

    # What is not a part never gets into one.
    desk.unroute(address)
    desk.route(address, only_parts(lambda route: route.fulfill(body="<!doctype html><html>a page")))
    again(desk).click()
    expect(fault(desk)).to_contain_text("Load the page again")

    desk.unroute(address)
    again(desk).click()
    expect(fault(desk)).to_have_count(0)
    expect(desk.get_by_text(part.came).first).to_be_visible()
    # The focus goes on from the part that came.
    assert desk.evaluate("document.activeElement.tabIndex") == -1
    assert desk.evaluate("document.activeElement !== document.body")


@pytest.mark.parametrize("name", NAMES)
def test_who_was_signed_off_signs_in_on_another_tab_and_goes_on(
    site: str, desk: Page, sign_in: Callable, world: World, name: str
) -> None:
    part = part_of(world, name)
    sign_in(desk, world.scheduler)
    expect_faults(desk)
    desk.goto(part.page)
    part.begin(desk)
    if name == "groups":
        # Signed off between the page and its part.
        desk.route(
            f"**{part.asks}*", lambda route: (Session.objects.all().delete(), route.continue_())[1]
        )
        part.ask(desk)
    else:
        Session.objects.all().delete()
        part.ask(desk)
    expect(fault(desk)).to_contain_text("You were signed off. Sign in on a new tab")
    again(desk).click()
    expect(fault(desk)).to_contain_text("You are still signed off.")
    desk.unroute(f"**{part.asks}*")

    with desk.expect_popup() as opened:
        desk.get_by_role("link", name=SIGN_IN).click()
    tab = opened.value
    fill_in_sign_in(tab, world.scheduler.email, PASSWORD)
    expect(tab.get_by_role("button", name="Sign in", exact=True)).to_have_count(0)
    again(desk).click()
    expect(fault(desk)).to_have_count(0)
    expect(desk.get_by_text(part.came).first).to_be_visible()
    if name == "plan":
        # What was typed is still there, and the form itself goes through.
        before = GroupSeries.objects.count()
        desk.get_by_role("button", name="Save the series").click()
        expect(desk.get_by_text("Planned Hearing Voices")).to_be_visible()
        assert GroupSeries.objects.count() == before + 1


def test_a_refusal_stands_in_the_place_in_the_servers_words(
    site: str, desk: Page, phone: Page, sign_in: Callable, axe: Callable, world: World
) -> None:
    plan, edit, discharge = (part_of(world, name) for name in NAMES[:3])
    for page in (desk, phone):
        sign_in(page, world.scheduler)
        expect_faults(page)

    # 422: a day that does not exist; the next one that does takes the sentence away.
    desk.goto(discharge.page)
    _say(desk, "Last day", "")
    place = desk.locator("#what-ends")
    expect(place).to_have_text("Enter a day that exists, and what it ends is shown here.")
    axe(desk)
    discharge.ask(desk)
    expect(place).to_contain_text(discharge.came)
    expect(fault(desk)).to_have_count(0)

    # 409: the stay was ended on another screen.
    stay = EpisodeOfCare.objects.get(participant=world.people[0])
    stay.discharged_on, stay.discharge_reason = stay.admitted_on, "completed"
    stay.save()
    _say(desk, "Last day", world.days[1].isoformat())
    expect(place).to_contain_text("has no open stay here. Load the page again")
    expect(again(desk)).to_have_count(0)

    # 404 and 403: what one could see on loading the page, and no longer.
    desk.goto(plan.page)
    plan.begin(desk)
    phone.goto(edit.page)
    other = make_program("Elsewhere")
    give_role(world.scheduler, other, Role.SCHEDULER)
    RoleAssignment.objects.filter(program=world.program, user=world.scheduler).delete()
    edit.ask(phone)
    expect(phone.locator("#change-list")).to_contain_text("There is nothing here that you can open")
    axe(phone)
    RoleAssignment.objects.filter(user=world.scheduler).delete()
    plan.ask(desk)
    dates = desk.locator("#dates")
    expect(dates).to_contain_text("This page is for the program lead or scheduler of the program.")
    expect(desk.get_by_role("button", name="that are fine")).to_have_count(0)
    expect(desk.get_by_role("button", name="Check the dates")).to_be_visible()


def test_somebody_elses_sign_in_does_not_go_on_in_ones_own_page(
    site: str, desk: Page, sign_in: Callable, world: World
) -> None:
    part = part_of(world, "discharge")
    sign_in(desk, world.scheduler)
    expect_faults(desk)
    desk.goto(part.page)
    Session.objects.all().delete()
    part.ask(desk)
    expect(fault(desk)).to_contain_text("You were signed off")
    sign_in(desk, world.lead.user)
    again(desk).click()
    expect(fault(desk)).to_contain_text("Somebody else is signed in on this device now.")
    sign_in(desk, world.scheduler)
    again(desk).click()
    expect(fault(desk)).to_have_count(0)
    expect(desk.get_by_text(part.came).first).to_be_visible()
