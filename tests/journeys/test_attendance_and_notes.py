"""A facilitator on a phone between two groups, then the supervisor at a desk."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from phpsupport.lib import clock
from sessions.models import (
    Attendance,
    Cosignature,
    GroupNote,
    GroupNoteDraft,
    GroupSession,
    ProgressNote,
)
from tests.browser import page_faults
from tests.factories import PASSWORD, make_participant
from tests.journeys.people import unanswered, until
from tests.sessions.worlds import World, make_world

pytestmark = pytest.mark.django_db(transaction=True)


def yesterday(people: int = 3) -> World:
    """A group whose notes are due tomorrow."""
    from datetime import datetime, timedelta
    from zoneinfo import ZoneInfo

    world = make_world(people)
    zone = ZoneInfo(world.program.zone)
    day = clock.now().astimezone(zone).date() - timedelta(days=1)
    series = world.series
    times = {
        name: datetime.combine(day, getattr(series, part), zone)
        for name, part in (("starts_at", "starts"), ("ends_at", "ends"))
    }
    world.session.assignments.update(**times)
    GroupSession.objects.filter(pk=world.session.pk).update(local_date=day, **times)
    world.session.refresh_from_db()
    return world


def address(world: World, page: str) -> str:
    return f"/groups/sessions/{world.session.pk}/{page}/"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_attendance_notes_signature_cosignature(
    phone: Any, desk: Any, sign_in: Any, axe: Any, scheme: str
) -> None:
    world = yesterday()
    guest = make_participant(world.program, first_name="Gil", last_name="Ortega")
    marisol, tuan, bea = world.people
    sign_in(phone, world.leader)
    phone.goto("/groups/my-day/")
    axe(phone)
    phone.get_by_role("link", name="Attendance").first.click()

    phone.get_by_role("button", name="All present").click()
    phone.locator(f"#p-{tuan.pk}").get_by_label("Late", exact=True).check()
    phone.locator(f"#p-{tuan.pk}").get_by_label("Came at").fill("10:07")
    phone.locator(f"#p-{bea.pk}").get_by_label("Excused", exact=True).check()
    phone.locator(f"#p-{bea.pk}").get_by_label("Reason").select_option("transport")
    phone.get_by_text("Somebody walked in").click()
    phone.get_by_label("Name or record number").fill("gil")
    phone.get_by_role("button", name="Find").click()
    phone.get_by_role("button", name="Add").click()
    expect(phone.get_by_text("walk-in, not saved yet")).to_be_visible()
    expect(phone.get_by_text("4 marked")).to_be_visible()
    axe(phone)
    phone.get_by_role("button", name="Save, then notes").click()

    expect(phone.get_by_text("Attendance saved.")).to_be_visible()
    found = dict(Attendance.objects.values_list("participant_id", "status"))
    assert found == {marisol.pk: "present", tuan.pk: "late", bea.pk: "excused", guest.pk: "present"}
    phone.get_by_label(re.compile("What the group did")).fill("We planned a first evening at home.")
    for person, words in (
        (marisol, "“I rang my sister.”"),
        (tuan, "“A good day.”"),
        (guest, "“Hello.”"),
    ):
        phone.locator(f"#p-{person.pk}").get_by_label("In their own words").fill(words)
    expect(phone.locator("[data-saved]")).to_have_text(re.compile(r"Saved \d+:\d\d"))
    axe(phone)
    phone.get_by_role("button", name="Check and sign").click()
    expect(phone.get_by_label("These notes say truly")).to_be_visible()
    axe(phone)
    phone.get_by_label("These notes say truly").check()
    phone.get_by_label("Your password").fill(PASSWORD)
    phone.get_by_role("button", name="Sign").click()
    expect(phone.get_by_text("4 notes are signed.")).to_be_visible()
    axe(phone)
    assert (GroupNote.objects.count(), ProgressNote.objects.count()) == (1, 3)

    sign_in(desk, world.supervisor)
    desk.goto("/groups/review/")
    axe(desk)
    desk.get_by_role("link", name="Read").click()
    tick = desk.get_by_label("I read this and cosign it")
    expect(tick).to_have_count(4)
    axe(desk)
    for number in range(4):
        # A note can be ticked once its end was in view.
        end = desk.locator("[data-sheet] .note-signed").nth(number)
        end.evaluate("(line) => line.scrollIntoView({ block: 'center' })")
        tick.nth(number).check()
    desk.get_by_label("Your password").fill(PASSWORD)
    desk.get_by_role("button", name="Cosign").click()
    expect(desk.get_by_text("Nothing waits for you")).to_be_visible()
    assert Cosignature.objects.count() == 4


def test_what_is_typed_is_saved_and_the_line_says_what_is_true(phone: Any, sign_in: Any) -> None:
    world = yesterday(1)
    world.mark("present", at=clock.now())
    sign_in(phone, world.leader)
    phone.goto(address(world, "note"))
    line, text = phone.locator("[data-saved]"), phone.get_by_label(re.compile("What the group did"))
    with unanswered(phone):
        text.fill("First words")
        expect(line).to_have_text(re.compile("Not saved yet…|Saving…"))
    expect(line).to_have_text(re.compile(r"Saved \d+:\d\d"))
    assert GroupNoteDraft.objects.get().what_was_done == "First words"

    page_faults(phone).expect("ERR_INTERNET_DISCONNECTED")
    phone.context.set_offline(True)
    text.fill("Words without a connection")
    expect(line).to_have_text(re.compile("Not saved: no connection"))
    assert GroupNoteDraft.objects.get().what_was_done == "First words"
    phone.context.set_offline(False)
    expect(line).to_have_text(re.compile(r"Saved \d+:\d\d"))
    assert GroupNoteDraft.objects.get().what_was_done == "Words without a connection"

    phone.reload()
    expect(text).to_have_value("Words without a connection")


def test_two_writers_lose_nothing(phone: Any, open_page: Any, sign_in: Any) -> None:
    world = yesterday(1)
    world.mark("present", at=clock.now())
    other = open_page(width=390, height=844)
    for page in (phone, other):
        sign_in(page, world.leader)
        page.goto(address(world, "note"))
        page_faults(page).expect("409")
    label = re.compile("What the group did")
    other.get_by_label(label).fill("Theirs")
    expect(other.locator("[data-saved]")).to_have_text(re.compile("Saved"))
    phone.get_by_label(label).fill("Mine")
    expect(phone.locator("[data-saved]")).to_have_text(re.compile("somebody else changed"))
    both = phone.locator("#group [data-theirs]")
    expect(both.get_by_text("Theirs", exact=True)).to_be_visible()
    expect(both.get_by_text("Mine", exact=True)).to_be_visible()
    expect(phone.get_by_label(label)).to_have_value("Mine")
    assert GroupNoteDraft.objects.get().what_was_done == "Theirs"
    phone.get_by_role("button", name="Keep mine").click()
    expect(phone.locator("[data-saved]")).to_have_text(re.compile(r"Saved \d+:\d\d"))
    expect(both).to_be_empty()
    assert GroupNoteDraft.objects.get().what_was_done == "Mine"


def test_attendance_by_keyboard_alone(desk: Any, sign_in: Any) -> None:
    world = yesterday()
    sign_in(desk, world.leader)
    desk.goto(address(world, "attendance"))
    desk.locator("[data-marks] input").first.focus()
    desk.keyboard.type("pla")
    expect(desk.get_by_text("3 marked")).to_be_visible()
    desk.keyboard.press("Enter")
    expect(desk.get_by_text("Attendance saved.")).to_be_visible()
    names = ["Bea", "Marisol", "Tuấn"]
    found = dict(Attendance.objects.values_list("participant__first_name", "status"))
    assert [found[name] for name in names] == ["present", "late", "absent"]


def test_words_typed_before_the_script_arrives_are_saved(phone: Any, sign_in: Any) -> None:
    world = yesterday(1)
    sign_in(phone, world.leader)
    held: list[Any] = []
    phone.route("**/js/note*.js", lambda route: held.append(route))
    phone.goto(address(world, "note"), wait_until="commit")
    group = phone.get_by_label(re.compile("What the group did"))
    group.fill("We cooked.")
    expect(phone.locator("[data-saved]")).to_have_text("Nothing written yet")
    assert until(phone, lambda: held)
    held[0].continue_()
    expect(phone.locator("[data-saved]")).to_have_text(re.compile(r"Saved \d+:\d\d"))
    assert GroupNoteDraft.objects.get().what_was_done == "We cooked."
