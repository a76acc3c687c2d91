"""The tablet at the door, the calendar in a phone, and the sheet on paper."""

import re
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import vobject
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, Route, expect

from phpsupport.access.roles import Role
from sessions.models import Attendance, Kiosk
from tests.factories import PASSWORD, make_program, make_staff
from tests.journeys.people import daytime_zone, meets_now
from tests.sessions.worlds import World, make_world

pytestmark = pytest.mark.django_db(transaction=True)
TABLET = {"width": 1024, "height": 768, "has_touch": True}
BORN = date(1980, 5, 17)


@pytest.fixture
def world() -> World:
    world = make_world(3, program=make_program(zone=daytime_zone()))
    meets_now(world.session, began=timedelta(minutes=5))
    for person, born in zip(world.people, (BORN, date(1991, 2, 28)), strict=False):
        person.date_of_birth = born
        person.save()
    return world


def open_it(desk: Page, world: World, sign_in: Any) -> str:
    """The code, as those who lead see it."""
    sign_in(desk, world.leader)
    desk.goto(reverse("sessions:session", args=[world.session.pk]))
    desk.get_by_role("link", name="Kiosk").click()
    desk.get_by_role("button", name="Open the kiosk").click()
    shown = desk.locator(".code-digits")
    expect(shown).to_have_text(re.compile(r"^\d{4} \d{4}$"))
    return shown.inner_text()


def held_still(tablet: Page) -> Page:
    """The page of thanks, without the header that leads on after five seconds."""
    page = tablet.context.new_page()

    def keep(route: Route) -> None:
        answer = route.fetch()
        kept = {name: value for name, value in answer.headers.items() if name != "refresh"}
        route.fulfill(response=answer, headers=kept)

    page.route("**/kiosk/done/", keep)
    page.goto("/kiosk/done/")
    expect(page.get_by_text("You are signed in.")).to_be_visible()
    return page


def say(page: Page, name: str, letter: str, born: date) -> None:
    """Type who one is."""
    page.wait_for_load_state("load")  # the form empties itself when it comes
    page.get_by_label("Your first name").fill(name)
    page.get_by_label("First letter of your last name").fill(letter)
    for part in ("month", "day", "year"):
        page.get_by_label(part.title(), exact=True).fill(str(getattr(born, part)))
    page.get_by_role("button", name="I am here").click()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_people_sign_in_at_the_door_one_by_one(
    site: str, desk: Page, open_page: Any, sign_in: Any, axe: Any, world: World, scripts: bool
) -> None:
    code = open_it(desk, world, sign_in)
    axe(desk)
    tablet = open_page(**TABLET, java_script_enabled=scripts)
    tablet.goto("/kiosk/")
    tablet.get_by_label("Code").fill(code)
    tablet.get_by_role("button", name="Open", exact=True).click()
    expect(tablet.get_by_text("One person at a time.")).to_be_visible()
    if scripts:
        axe(tablet)

    # Somebody mistypes: one sentence, empty fields.
    say(tablet, "Marisol", "R", date(1980, 5, 18))
    expect(tablet.get_by_text("That did not work.")).to_be_visible()
    for label in ("Your first name", "Day", "Year"):
        expect(tablet.get_by_label(label, exact=True)).to_have_value("")
    if scripts:
        axe(tablet)
    assert not Attendance.objects.exists()

    say(tablet, "marisol", "r", BORN)
    expect(tablet.get_by_text("You are signed in.")).to_be_visible()
    expect(tablet.get_by_text("Marisol")).to_have_count(0)
    assert Attendance.objects.get().participant == world.people[0]
    # By itself back to the empty form.
    expect(tablet.get_by_text("One person at a time.")).to_be_visible(timeout=30_000)
    expect(tablet.get_by_label("Your first name")).to_have_value("")

    # Going back shows nobody's words.
    tablet.go_back()
    for field in tablet.locator("form input:not([type=hidden])").all():
        expect(field).to_have_value("")
    if scripts:
        axe(held_still(tablet))
    # The tablet opens nothing else.
    tablet.goto("/accounts/login/")
    expect(tablet).to_have_url(f"{site}/kiosk/")

    # Those who lead see it, correct it, and close the kiosk.
    desk.goto(reverse("sessions:attendance", args=[world.session.pk]))
    expect(desk.get_by_text("at the kiosk")).to_be_visible()
    expect(desk.get_by_text("1 marked")).to_be_visible()
    desk.goto(reverse("sessions:session-kiosk", args=[world.session.pk]))
    axe(desk)
    desk.get_by_role("button", name="Close the kiosk").click()
    expect(desk.get_by_text("The kiosk is closed.")).to_be_visible()
    tablet.goto("/kiosk/")
    expect(tablet.get_by_role("heading", name="Enter the code")).to_be_visible()
    assert not Kiosk.objects.filter(closed_at=None).exists()


def test_what_was_begun_is_forgotten_when_nobody_goes_on(
    open_page: Any, desk: Page, sign_in: Any, world: World
) -> None:
    code = open_it(desk, world, sign_in)
    tablet = open_page(**TABLET)
    tablet.clock.install()
    tablet.goto("/kiosk/")
    tablet.get_by_label("Code").fill(code)
    tablet.get_by_role("button", name="Open", exact=True).click()
    name = tablet.get_by_label("Your first name")
    tablet.wait_for_load_state("load")
    name.fill("Marisol")
    tablet.clock.run_for(30_000)
    expect(name).to_have_value("Marisol")
    tablet.clock.run_for(16_000)
    expect(name).to_have_value("")


def test_a_calendar_from_its_page_into_a_phone(
    site: str, phone: Page, sign_in: Any, axe: Any, world: World
) -> None:
    person = world.people[0]
    person.user = make_staff(world.program, Role.PARTICIPANT, first_name="Marisol")
    person.save()
    sign_in(phone, person.user)
    phone.goto(reverse("home:portal"))
    phone.locator("details.me summary").click()
    phone.get_by_role("link", name="My calendar").click()
    expect(phone.get_by_role("button", name="Make the address")).to_be_visible()
    axe(phone)
    phone.get_by_label(re.compile("Your password")).fill("not-my-password")
    phone.get_by_role("button", name="Make the address").click()
    expect(phone.get_by_text("Nothing was changed; try again.")).to_be_visible()
    phone.get_by_label(re.compile("Your password")).fill(PASSWORD)
    phone.get_by_role("button", name="Make the address").click()
    field = phone.get_by_label("Secret address")
    expect(field).to_have_value(re.compile(r"/calendar/[\w-]{43}\.ics$"))
    axe(phone)
    address = urlsplit(field.input_value()).path
    calendar = Client()
    event = vobject.readOne(calendar.get(address).content.decode()).vevent
    assert event.summary.value == "Appointment"
    assert event.dtstart.value == world.session.starts_at

    # Made anew: the old one stops at its next reading; so does the new one when it is stopped.
    phone.goto(reverse("sessions:my-calendar"))
    phone.get_by_label(re.compile("Your password")).fill(PASSWORD)
    phone.get_by_role("button", name="Make a new address").click()
    expect(field).to_have_value(re.compile(r"\.ics$"))
    newer = urlsplit(field.input_value()).path
    assert [calendar.get(a).status_code for a in (address, newer)] == [404, 200]
    phone.get_by_role("button", name="Stop the address").click()
    expect(phone.get_by_text("The address no longer works.")).to_be_visible()
    axe(phone)
    assert calendar.get(newer).status_code == 404


def test_the_sheet_on_the_screen_and_on_paper(
    site: str, desk: Page, sign_in: Any, axe: Any, world: World
) -> None:
    sign_in(desk, world.leader)
    desk.goto(reverse("sessions:session", args=[world.session.pk]))
    desk.get_by_role("link", name="Sign-in sheet").click()
    expect(desk.get_by_role("rowheader", name="Marisol R.")).to_be_visible()
    expect(desk.get_by_text("Rivera")).to_have_count(0)
    axe(desk)
    desk.emulate_media(media="print")
    expect(desk.get_by_role("link", name="PDF")).to_be_hidden()
    file = desk.request.get(reverse("sessions:sheet-pdf", args=[world.session.pk]))
    assert file.body().startswith(b"%PDF-")
