"""Marking by hand in a browser: keys alone, few taps, two at once, a correction days later."""

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from phpsupport.access.roles import Role
from sessions.models import Attendance
from sessions.presence import short_name
from tests.factories import make_staff
from tests.journeys.test_attendance_and_notes import address, yesterday
from tests.sessions.worlds import World

pytestmark = pytest.mark.django_db(transaction=True)

FOCUSED = "document.activeElement"


def open_sheet(page: Page, world: World) -> None:
    page.goto(address(world, "attendance"))
    expect(page.get_by_role("link", name="Attendance", exact=True).first).to_be_visible()
    expect(page.locator("[data-count]")).to_be_visible()


def row(page: Page, world: World, number: int) -> Locator:
    return page.locator(f"#p-{world.people[number].pk}")


def stored(world: World) -> list[str]:
    """The marks of the world's people in order, '' where nobody marked them."""
    found = dict(Attendance.objects.values_list("participant_id", "status"))
    return [found.get(person.pk, "") for person in world.people]


def on_the_sheet(page: Page) -> dict[str, str]:
    """What is stored, by the row, in the order of the page."""
    found = {f"p-{key}": s for key, s in Attendance.objects.values_list("participant_id", "status")}
    rows = page.locator(".person").evaluate_all("(rows) => rows.map((row) => row.id)")
    return {key: found.get(key, "") for key in rows}


def focused(page: Page) -> tuple[str, str]:
    """The row and the mark on which the keyboard stands."""
    row, mark = page.evaluate(f"[{FOCUSED}.closest('.person')?.id ?? '', {FOCUSED}.value ?? '']")
    return row, mark


def tab_to(page: Page, selector: str) -> None:
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate(f"(wanted) => {FOCUSED}.matches(wanted)", selector):
            return
    pytest.fail(f"the keyboard does not come to {selector}")


def test_a_sheet_is_marked_and_saved_without_a_mouse(desk: Page, sign_in: Any, axe: Any) -> None:
    world = yesterday(6)
    sign_in(desk, world.leader)
    open_sheet(desk, world)
    rows = list(on_the_sheet(desk))
    tab_to(desk, "[data-marks] input")
    assert focused(desk)[0] == rows[0]

    for number, letter in enumerate("plfe"):
        desk.keyboard.press(letter)
        assert focused(desk)[0] == rows[number + 1], f"{letter} goes on to the next person"
    desk.keyboard.press("D")  # a capital does the same
    expect(desk.locator("[data-count]")).to_have_text("5 marked")
    expect(desk.locator("[data-unmarked]")).to_contain_text("1 person is not marked")
    assert focused(desk)[0] == rows[5]

    # Up and down change nobody's mark, left and right change the mark of the one.
    desk.keyboard.press("ArrowUp")
    assert focused(desk) == (rows[4], "declined")
    desk.keyboard.press("ArrowUp")
    assert focused(desk) == (rows[3], "excused")
    desk.keyboard.press("ArrowDown")
    assert focused(desk) == (rows[4], "declined")
    desk.keyboard.press("ArrowLeft")
    assert focused(desk) == (rows[4], "excused")
    desk.keyboard.press("ArrowRight")
    desk.keyboard.press("ArrowRight")
    assert focused(desk) == (rows[4], "absent")
    desk.keyboard.press("ArrowLeft")
    expect(desk.locator("[data-count]")).to_have_text("5 marked")

    desk.keyboard.press("Enter")
    expect(desk.get_by_text("Attendance saved. 1 person is not marked yet.")).to_be_visible()
    assert list(on_the_sheet(desk).values()) == [
        "present", "late", "left_early", "excused", "declined", "",
    ]  # fmt: skip
    axe(desk)

    tab_to(desk, f"#{rows[5]} [data-marks] input")
    desk.keyboard.press("a")
    assert focused(desk) == (rows[5], "absent"), "after the last one nobody follows"
    tab_to(desk, ".dock button")
    desk.keyboard.press("Enter")
    expect(desk.get_by_text("Attendance saved.", exact=True)).to_be_visible()
    assert list(on_the_sheet(desk).values())[4:] == ["declined", "absent"]


def test_on_a_phone_all_but_one_are_marked_with_one_tap(
    phone: Page, sign_in: Any, axe: Any
) -> None:
    world = yesterday(8)
    taps: list[str] = []
    phone.expose_function("tapped", lambda on: taps.append(on))
    phone.add_init_script(
        "addEventListener('pointerdown', (event) => event.isTrusted && tapped(event.target.tagName), true)"
    )
    sign_in(phone, world.leader)
    open_sheet(phone, world)
    axe(phone)
    phone.get_by_role("button", name="All present").tap()
    expect(phone.locator("[data-count]")).to_have_text("8 marked")
    expect(phone.locator("[data-unmarked]")).to_be_hidden()
    assert stored(world) == [""] * 8, "nothing is kept before it is saved"
    row(phone, world, 2).get_by_label("Excused", exact=True).tap()
    row(phone, world, 2).get_by_label("Reason").select_option("transport")
    phone.get_by_role("button", name="Save", exact=True).tap()
    expect(phone.get_by_text("Attendance saved.")).to_be_visible()
    assert stored(world) == ["present", "present", "excused", *["present"] * 5]
    assert Attendance.objects.get(status="excused").reason == "transport"
    assert len(taps) == 3, "one for all, one for the exception, one to save"
    assert len(taps) <= 2 * len(world.people)
    axe(phone)


def test_two_who_mark_at_once_see_each_other_and_both_marks(
    desk: Page, open_page: Any, sign_in: Any, axe: Any
) -> None:
    world = yesterday()
    scheduler = make_staff(world.program, Role.SCHEDULER, first_name="Inés", last_name="Vega")
    other = open_page(width=390, height=844)
    sign_in(desk, world.leader)
    sign_in(other, scheduler)
    for page in (desk, other):
        page.goto(address(world, "attendance"))
        expect(page.locator("[data-count]")).to_have_text("0 marked")
    here = desk.locator("[data-present]")
    expect(here).to_have_text(f"{short_name(scheduler)} is marking here too", timeout=30_000)
    expect(other.locator("[data-present]")).to_have_text(
        f"{short_name(world.leader)} is marking here too", timeout=30_000
    )

    theirs, mine = ("Present", "Late", "Present"), ("Absent", None, "Excused")
    for number, (their, my) in enumerate(zip(theirs, mine, strict=True)):
        row(other, world, number).get_by_label(their, exact=True).check()
        if my:
            row(desk, world, number).get_by_label(my, exact=True).check()
    other.get_by_role("button", name="Save", exact=True).click()
    expect(other.get_by_text("Attendance saved.")).to_be_visible()

    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_text("Nothing was overwritten")).to_be_visible()
    assert stored(world) == ["present", "late", "present"]
    for number in (0, 2):
        expect(row(desk, world, number)).to_contain_text("Somebody else says: Present, marked at")
        expect(row(desk, world, number)).to_contain_text(scheduler.name)
        chosen = row(desk, world, number).get_by_label(str(mine[number]), exact=True)
        expect(chosen).to_be_checked()
    expect(row(desk, world, 1)).to_contain_text("Meanwhile: Late, marked at")
    expect(row(desk, world, 1).get_by_label("Late", exact=True)).to_be_checked()
    take = desk.get_by_role("button", name="Take theirs")
    expect(take).to_have_count(2)
    expect(take.first).to_be_focused()
    axe(desk)

    # The one on top is taken by the keyboard, which goes on to the next that is asked.
    first, second = (str(take.nth(n).get_attribute("value")) for n in (0, 1))
    desk.keyboard.press("Enter")
    expect(take).to_have_count(1)
    expect(take).to_be_focused()
    taken, kept = desk.locator(f"#p-{first}"), desk.locator(f"#p-{second}")
    expect(taken.get_by_label("Present", exact=True)).to_be_checked()
    expect(taken.get_by_label("Why it changes")).to_be_hidden()

    # The other mark would change one that stands, a day later: not without a word.
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_text("Say why the mark changes").first).to_be_visible()
    assert stored(world) == ["present", "late", "present"]
    expect(taken).not_to_contain_text("Somebody else says")
    expect(kept).to_contain_text("Somebody else says: Present")
    kept.get_by_label("Why it changes").fill("Rang in the morning")
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_text("Attendance saved.")).to_be_visible()
    now = {
        str(mark.participant_id): (mark.status, mark.marked_by, mark.why)
        for mark in Attendance.objects.select_related("marked_by")
    }
    own = {str(person.pk): status for person, status in zip(world.people, mine, strict=True)}
    assert now == {
        str(world.people[1].pk): ("late", scheduler, ""),
        first: ("present", scheduler, ""),
        second: (str(own[second]).lower(), world.leader, "Rang in the morning"),
    }
    axe(desk)


def test_a_late_correction_asks_why_and_shows_its_history(
    desk: Page, sign_in: Any, axe: Any
) -> None:
    world = yesterday(2)
    world.mark("present", "present", at=world.session.starts_at + timedelta(minutes=10))
    sign_in(desk, world.leader)
    open_sheet(desk, world)
    person = row(desk, world, 0)
    why = person.get_by_label("Why it changes")
    expect(why).to_be_hidden()
    person.get_by_label("Late", exact=True).check()
    expect(why).to_be_visible()
    person.get_by_label("Came at").fill("10:07")
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_text(re.compile("was marked before.+Say why")).first).to_be_visible()
    expect(desk.get_by_label("Why marks change")).to_be_focused()
    expect(person.get_by_label("Late", exact=True)).to_be_checked()
    expect(person.get_by_label("Came at")).to_have_value("10:07")
    assert stored(world) == ["present", "present"]
    axe(desk)

    why.fill("She came in by the side door")
    why.press("Enter")
    expect(desk.get_by_text("Attendance saved.")).to_be_visible()
    assert stored(world) == ["late", "present"]
    expect(row(desk, world, 1).get_by_text("Corrected")).to_have_count(0)
    person.locator("summary", has_text="Corrected").click()
    lines = person.locator(".row-history li")
    expect(lines).to_have_count(2)
    expect(lines.first).to_be_visible()
    before = re.compile(rf"^Was Present, marked .+ by {re.escape(world.leader.name)}\.$")
    expect(lines.first).to_have_text(before)
    expect(lines.last).to_contain_text("Corrected to Late 10:07")
    expect(lines.last).to_contain_text("She came in by the side door")
    axe(desk)


@pytest.mark.parametrize("change", ["the time", "taken off"])
def test_a_reason_is_asked_beside_whatever_changes(desk: Page, sign_in: Any, change: str) -> None:
    world = yesterday(1)
    world.mark("late", at=world.session.starts_at + timedelta(minutes=10))
    world.series.enrollments.all().delete()  # who came without being expected
    sign_in(desk, world.leader)
    open_sheet(desk, world)
    person = row(desk, world, 0)
    why = person.get_by_label("Why it changes")
    expect(why).to_be_hidden()
    if change == "the time":
        person.get_by_label("Came at").fill("10:07")
        person.get_by_label("Left at").focus()
    else:
        person.get_by_label("Added by mistake").check()
    expect(why).to_be_visible()
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_text("Say why the mark changes").first).to_be_visible()
    expect(why).to_be_visible()
