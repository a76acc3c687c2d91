"""Planning series that do not meet every week: on a phone, without a script, and their curriculum."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from phpsupport.lib import wording
from sessions.models import CurriculumItem, GroupSeries, SessionState
from sessions.recurrence import LAST
from tests.factories import make_facilitator, make_group
from tests.journeys.people import enter
from tests.journeys.test_scheduler import World, fill_in, line_of


@pytest.fixture
def world(transactional_db: None) -> World:
    return World()


def steps_of(world: World) -> list[CurriculumItem]:
    return [
        CurriculumItem.objects.create(group=world.group, position=n, title=title)
        for n, title in enumerate(("Hope", "Choice", "People"))
    ]


def test_a_monthly_series_on_a_phone(site: str, phone: Page, axe: Callable, world: World) -> None:
    steps_of(world)
    make_facilitator(world.program, first_name="Devon", last_name="Hale")
    make_group(world.program, "Quiet Hour")
    enter(phone, world.scheduler)
    phone.goto(reverse("sessions:series-new"))
    # Only what the choice needs is asked.
    expect(phone.get_by_label("Which of the month")).to_be_hidden()
    fill_in(phone, world, room="Garden Room")
    phone.get_by_label("By the month").check()
    expect(phone.get_by_label("Every how many weeks")).to_be_hidden()
    phone.get_by_label("2nd", exact=True).check()
    phone.get_by_label("last", exact=True).check()
    expect(phone.get_by_text("The 2nd and last Tuesday of the month, 14:00–14:50")).to_be_visible()
    phone.get_by_label("for a number of sessions").check()
    expect(phone.get_by_label("Last day")).to_be_hidden()
    phone.get_by_role("spinbutton", name="Number of sessions").fill("3")
    phone.get_by_role("spinbutton", name="Number of sessions").blur()
    expect(phone.get_by_text("3 dates are fine")).to_be_visible()

    # One more time is asked for in its place, with the words that stand there already.
    phone.get_by_text("Other times in the same weeks").click()
    phone.get_by_label("The 2nd time begins").fill("16:00")
    phone.get_by_role("button", name="Add another time").click()
    expect(phone.get_by_role("group", name="3rd time", exact=True)).to_be_focused()
    expect(phone.get_by_label("The 2nd time begins")).to_have_value("16:00")
    phone.get_by_label("The 2nd time begins").fill("")
    phone.get_by_label("The 2nd time begins").blur()
    expect(phone.get_by_text("3 dates are fine")).to_be_visible()

    # Whoever leads is not offered as co-facilitator, and comes back when somebody else leads.
    expect(phone.get_by_label("Ana Solís")).to_be_hidden()
    phone.get_by_label("Leads").select_option("Devon Hale")
    expect(phone.get_by_label("Ana Solís")).to_be_visible()
    expect(phone.get_by_label("Devon Hale")).to_be_hidden()

    # Steps are offered for a group that has them.
    expect(phone.get_by_label("The curriculum begins with")).to_be_visible()
    phone.get_by_label("Group", exact=True).select_option("Quiet Hour")
    expect(phone.get_by_label("The curriculum begins with")).to_be_hidden()
    phone.get_by_label("Group", exact=True).select_option("Hearing Voices")
    phone.get_by_label("The curriculum begins with").select_option("Choice")
    expect(phone.locator(".dates li").first).to_contain_text("Choice")
    expect(phone.locator("#dates.htmx-request")).to_have_count(0)
    axe(phone)
    phone.get_by_role("button", name="Save the series").click()
    expect(phone.get_by_text("Planned Hearing Voices: The 2nd and last Tuesday")).to_be_visible()
    made = GroupSeries.objects.get(group=world.group)
    assert made.nth_of_month == [2, LAST]
    taken = made.sessions.order_by("starts_at").values_list("item__title", flat=True)
    assert list(taken) == ["Choice", "People", "Hope"]


def test_the_same_form_without_a_script(
    site: str, open_page: Callable[..., Page], world: World
) -> None:
    page = open_page(width=1440, height=900, java_script_enabled=False)
    enter(page, world.scheduler)
    page.goto(reverse("sessions:series-new"))
    page.get_by_label("Group", exact=True).select_option("Hearing Voices")
    page.get_by_label("Every few weeks").check()
    page.get_by_label("Every how many weeks").fill("2")
    page.locator("[name=weekdays][value='1']").check()
    page.get_by_label("Starts", exact=True).fill("14:00")
    page.get_by_label("Ends", exact=True).fill("14:50")
    page.get_by_label("First day").fill(world.days[0].isoformat())
    page.get_by_label("Last day").fill(world.days[4].isoformat())
    page.get_by_label("Room").select_option("Garden Room")
    page.get_by_label("Leads").select_option("Ana Solís")
    page.get_by_label("Ana Solís").check()
    page.get_by_text("Other times in the same weeks").click()
    page.get_by_role("button", name="Add another time").click()
    expect(page.get_by_label("The 3rd time begins")).to_be_visible()
    page.get_by_label("Starts", exact=True).press("Enter")  # looks at the dates, and adds no time
    expect(page.get_by_text("Ana Solís leads already.").last).to_be_visible()
    page.get_by_label("Ana Solís").uncheck()
    page.get_by_role("button", name="Check the dates").click()
    expect(page.get_by_text("3 dates are fine.")).to_be_visible()
    line_of(page, world.days[2]).get_by_role("checkbox").check()
    page.get_by_role("button", name="Save the series").click()
    done = page.get_by_text("Planned Hearing Voices: Every 2 weeks on Tuesdays, 14:00–14:50")
    expect(done).to_be_visible()
    assert GroupSeries.objects.filter(group=world.group).count() == 1
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("That is undone: Planned Hearing Voices")).to_be_visible()
    assert not GroupSeries.objects.filter(group=world.group).exists()


def test_a_series_is_handed_over_and_ended_without_a_script(
    site: str, open_page: Callable[..., Page], axe: Callable, world: World
) -> None:
    series = world.plan()
    make_facilitator(
        world.program, first_name="Devon", last_name="Hale", on=world.days[0] - timedelta(days=200),
        through=world.days[4] + timedelta(days=200),
    )  # fmt: skip
    page = open_page(width=1440, height=900, java_script_enabled=False)
    enter(page, world.scheduler)
    page.goto(reverse("sessions:series", args=[series.pk]))
    page.get_by_role("link", name="Change who leads").click()
    page.get_by_label("Leads from then on").select_option("Devon Hale")
    expect(page.get_by_role("button", name="Hand over")).to_have_count(0)
    page.get_by_label("From", exact=True).press("Enter")  # looks, and hands nothing over
    seen = page.get_by_role("region", name="What this comes to")
    expect(seen).to_contain_text("5 sessions get other people.")
    expect(seen).to_contain_text("Devon Hale leads Hearing Voices from")
    page.get_by_role("button", name="Hand over").click()
    expect(page.get_by_text("5 sessions changed.", exact=True)).to_be_visible()

    page.get_by_role("link", name="End the series").click()
    page.get_by_label("Last day").fill(world.days[2].isoformat())
    expect(page.get_by_role("button", name="End the series")).to_have_count(0)
    page.get_by_role("button", name="See what changes").click()
    expect(seen).to_contain_text("2 sessions are cancelled.")
    expect(seen).to_contain_text(wording.day(world.days[4]))
    assert not series.sessions.filter(state=SessionState.CANCELLED).exists()
    page.get_by_role("button", name="End the series").click()
    expect(page.get_by_text("The series ends. 2 sessions are cancelled")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("That is undone")).to_be_visible()
    assert not series.sessions.filter(state=SessionState.CANCELLED).exists()


def test_a_curriculum_is_put_in_order_by_keyboard_and_shifted(
    site: str, desk: Page, axe: Callable, world: World
) -> None:
    steps = steps_of(world)
    series = world.plan()
    for session, step in zip(series.sessions.order_by("starts_at"), steps, strict=False):
        session.item = step
        session.save()
    enter(desk, world.scheduler)
    desk.goto(reverse("sessions:curriculum", args=[world.group.pk]))
    desk.get_by_role("button", name="Move Hope down").focus()
    desk.keyboard.press("Enter")
    expect(desk.locator(".steps-list li").nth(1)).to_contain_text("Hope")
    # The same button has the focus again, so that one can go on.
    expect(desk.get_by_role("button", name="Move Hope down")).to_be_focused()
    desk.keyboard.press("Enter")
    expect(desk.locator(".steps-list li").nth(2)).to_contain_text("Hope")
    expect(desk.get_by_role("button", name="Move Hope up")).to_be_focused()
    axe(desk)

    lost = series.sessions.get(local_date=world.days[1])
    lost.state = SessionState.CANCELLED
    lost.save()
    desk.goto(reverse("sessions:series", args=[series.pk]))
    desk.get_by_role("link", name="Shift the curriculum").click()
    expect(desk.get_by_role("button", name="Place the steps")).to_be_visible()
    axe(desk)
    desk.get_by_role("button", name="Place the steps").click()
    expect(
        desk.get_by_text("Placed the steps of Hearing Voices anew on 3 sessions")
    ).to_be_visible()
    expect(line_of(desk, world.days[2]).first).to_contain_text("Choice")
    expect(desk.get_by_role("link", name="Shift the curriculum")).to_have_count(0)
