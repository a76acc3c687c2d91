"""A safety concern, from one tap on a phone to the desk of whoever acts, over real mail and a real beat."""

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from phpsupport.lib import clock
from sessions.models import ProgressNoteDraft, SafetyConcern, SafetyEntry
from tests.browser import page_faults
from tests.jobs import Postbox, wait_until
from tests.journeys.people import enter, meets_now
from tests.sessions.safety import Safety

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}
URGENT = "Something urgent awaits you"


class World(Safety):
    def __init__(self) -> None:
        super().__init__()
        self.program.site.phone = "(503) 555-0142"
        self.program.site.save()
        meets_now(self.session, began=timedelta(minutes=20))

    @property
    def roster(self) -> str:
        return f"/groups/sessions/{self.session.pk}/attendance/"


def tap(page: Page, name: str) -> None:
    page.get_by_role("button", name=f"Safety concern about {name}").tap()


@pytest.mark.jobs
def test_one_tap_on_a_phone_reaches_a_desk_at_once(
    jobs: None, smtp: Postbox, site: str, open_page: Any, axe: Any
) -> None:
    world = World()
    phone: Page = open_page(**PHONE)
    enter(phone, world.dana)
    phone.goto(world.roster)
    axe(phone)
    # What is marked and not saved yet stays as it is.
    late = phone.get_by_role("radio", name="Late").first
    late.check(force=True)
    tap(phone, "Marisol R.")
    expect(phone.get_by_text(f"Told: {world.hanna.name} and {world.pat.name}.")).to_be_visible()
    expect(late).to_be_checked()
    axe(phone)
    tap(phone, "Marisol R.")
    phone.get_by_label("Add what you saw").fill("She said she wants to disappear.")
    tap(phone, "Marisol R.")  # a tap while words stand there loses none of them
    expect(phone.get_by_label("Add what you saw")).to_have_value("She said she wants to disappear.")
    phone.get_by_role("button", name="Add", exact=True).tap()
    expect(phone.get_by_text(re.compile(r"Added \d"))).to_be_visible()
    assert SafetyConcern.objects.count() == 1

    def urgent() -> dict[str, Any]:
        return {x.to[0]: x for x in smtp.messages if x.subject == URGENT}

    assert wait_until(lambda: len(urgent()) == 2)
    assert set(urgent()) == {world.hanna.email, world.pat.email}
    seen = " ".join(f"{x.mail['From']} {x.text} {x.html}" for x in urgent().values()).lower()
    for telltale in (
        "marisol",
        "rivera",
        "dana",
        "safety",
        "concern",
        "check-in",
        "group",
        "/groups",
    ):
        assert telltale not in seen, telltale

    desk: Page = open_page()
    enter(desk, world.hanna)
    desk.get_by_role("link", name="Safety concern: Marisol Rivera").click()
    expect(desk.get_by_text("Nobody has said yet that they know.")).to_be_visible()
    expect(desk.get_by_text("She said she wants to disappear.")).to_be_visible()
    expect(desk.get_by_text(f"{world.hanna.name}: message sent")).to_be_visible()
    axe(desk)
    desk.get_by_role("button", name="I know and I am acting").click()
    expect(desk.get_by_text(f"{world.hanna.name} knows and is acting.")).to_be_visible()
    axe(desk)
    # Who raised it learns it where they are, without loading anything.
    said = phone.get_by_text(f"{world.hanna.name} knows and is acting.")
    expect(said).to_be_visible(timeout=30_000)
    expect(late).to_be_checked()
    desk.get_by_label("What was done").fill("We sat down together; her sister came.")
    desk.get_by_role("button", name="Close it").click()
    expect(desk.get_by_text("It is closed. Thank you.")).to_be_visible()
    phone.goto("/groups/my-day/")
    expect(phone.get_by_text("You raised a safety concern")).to_have_count(0)


@pytest.mark.jobs
def test_what_nobody_answers_is_passed_on_by_a_tick(
    jobs: None, smtp: Postbox, site: str, open_page: Any
) -> None:
    world = World()
    phone: Page = open_page(**PHONE, java_script_enabled=False)
    enter(phone, world.dana)
    phone.goto(world.roster)
    with phone.context.expect_page() as opened:  # another tab: this one keeps what is typed
        tap(phone, "Marisol R.")
    own = opened.value
    expect(own.get_by_text(f"{world.hanna.name} and {world.pat.name} were told.")).to_be_visible()
    assert wait_until(lambda: sum(x.subject == URGENT for x in smtp.messages) == 2)
    SafetyConcern.objects.update(escalates_at=clock.now())  # fifteen minutes later

    def came(subject: str) -> set[str]:
        return {x.to[0] for x in smtp.messages if x.subject == subject}

    assert wait_until(lambda: world.rosa.email in came(URGENT))
    assert wait_until(lambda: len(came("Something urgent was passed on")) == 2)
    assert came("Something urgent was passed on") == {world.hanna.email, world.pat.email}
    own.reload()
    expect(own.get_by_text("Nobody answered in time: passed on")).to_be_visible()

    desk: Page = open_page()
    enter(desk, world.rosa)
    desk.get_by_role("link", name="Safety concern: Marisol Rivera").click()
    desk.get_by_role("button", name="I know and I am acting").click()
    expect(desk.get_by_text(f"{world.rosa.name} knows and is acting.")).to_be_visible()
    concern = SafetyConcern.objects.get()
    assert (concern.level, concern.escalates_at) == (1, None)
    own.reload()
    expect(own.get_by_text(f"{world.rosa.name} knows and is acting.")).to_be_visible()


def test_without_a_connection_it_says_that_nobody_is_told_and_goes_on_trying(
    site: str, open_page: Any, sign_in: Any, axe: Any
) -> None:
    world = World()
    phone: Page = open_page(**PHONE)
    page_faults(phone).expect("ERR_INTERNET_DISCONNECTED")
    sign_in(phone, world.dana)
    phone.goto(world.roster)
    phone.context.set_offline(True)
    tap(phone, "Tuấn N.")
    expect(phone.get_by_text("Nobody is told yet: no connection.")).to_be_visible()
    expect(phone.get_by_role("link", name="(503) 555-0142")).to_be_visible()
    axe(phone)
    assert not SafetyConcern.objects.exists()
    phone.context.set_offline(False)
    expect(phone.get_by_text(re.compile("^Told: "))).to_be_visible()
    assert SafetyConcern.objects.count() == 1
    phone.context.set_offline(True)
    phone.get_by_label("Add what you saw").fill("He left without a word.")
    phone.get_by_role("button", name="Add", exact=True).tap()
    expect(phone.get_by_text("Your words stay here; try again.")).to_be_visible()
    phone.context.set_offline(False)
    phone.get_by_role("button", name="Add", exact=True).tap()
    expect(phone.get_by_text(re.compile(r"Added \d"))).to_be_visible()
    assert SafetyEntry.objects.filter(act="added").count() == 1
    phone.get_by_role("button", name="That was a mistake").tap()
    expect(phone.get_by_text("Closed: it was a mistake.")).to_be_visible()
    axe(phone)


def test_on_a_connection_that_hangs_it_says_so_in_seconds_and_tries_again(
    site: str, open_page: Any, sign_in: Any, axe: Any
) -> None:
    world = World()
    phone: Page = open_page(**PHONE)
    sign_in(phone, world.dana)
    phone.goto(world.roster)
    address = f"**/groups/sessions/{world.session.pk}/safety/"
    held = []
    # The tap arrives, its answer never does.
    phone.route(address, lambda route: held.append(route.fetch().status))
    tap(phone, "Marisol R.")
    expect(phone.get_by_text("Telling somebody…")).to_be_visible()
    said = phone.get_by_text("It is not certain yet that somebody is told: no answer.")
    expect(said).to_be_visible(timeout=30_000)
    expect(phone.get_by_role("link", name="(503) 555-0142")).to_be_visible()
    axe(phone)
    phone.unroute(address)
    expect(phone.get_by_text(re.compile("^Told: "))).to_be_visible(timeout=30_000)
    assert held[0] == 200
    assert SafetyConcern.objects.count() == 1  # the same concern, tapped once more
    add = f"**/groups/safety/{SafetyConcern.objects.get().pk}/add/"
    phone.route(add, lambda route: held.append(0))
    phone.get_by_label("Add what you saw").fill("He left without a word.")
    phone.get_by_role("button", name="Add", exact=True).tap()
    unsure = "Not certain that it is stored: no answer. Your words stay here; try again."
    expect(phone.get_by_text(unsure)).to_be_visible(timeout=30_000)
    phone.unroute(add)
    phone.get_by_role("button", name="Add", exact=True).tap()
    expect(phone.get_by_text(re.compile(r"Added \d"))).to_be_visible()
    assert SafetyEntry.objects.filter(act="added").count() == 1


def test_a_tap_on_the_page_of_notes_loses_nothing_that_is_being_typed(
    site: str, open_page: Any, sign_in: Any, axe: Any
) -> None:
    world = World()
    world.world.mark("present", "present", at=clock.now())
    phone: Page = open_page(**PHONE)
    sign_in(phone, world.dana)
    phone.goto(f"/groups/sessions/{world.session.pk}/note/")
    words = phone.get_by_label("What the group did")
    words.fill("We breathed together.")
    tap(phone, "Marisol R.")
    expect(phone.get_by_text(f"Told: {world.hanna.name} and {world.pat.name}.")).to_be_visible()
    phone.get_by_label("Add what you saw").fill("She did not look up.")
    expect(phone.get_by_text(re.compile(r"^Saved \d"))).to_be_visible()
    tap(phone, "the group")
    expect(phone.get_by_text(re.compile("^Told: .*Omar"))).to_be_visible()
    expect(words).to_have_value("We breathed together.")
    axe(phone)
    phone.get_by_role("button", name="Add", exact=True).first.tap()
    expect(phone.get_by_text(re.compile(r"Added \d"))).to_be_visible()
    # What somebody saw is a line of the trail, never part of a note.
    entry = SafetyEntry.objects.get(act="added")
    assert entry.words == "She did not look up."
    assert entry.concern.participant_id == world.marisol.pk
    assert not ProgressNoteDraft.objects.exists()
    words.press("End")
    words.type(" Then we sang.")
    expect(phone.locator("[data-saved]")).to_have_attribute("data-state", "saved")
    phone.reload()
    expect(words).to_have_value("We breathed together. Then we sang.")
    expect(phone.get_by_role("link", name="Safety concern: Marisol R.")).to_be_visible()
    expect(phone.get_by_text("The note will say that a safety concern was raised.")).to_be_visible()
