"""A facilitator on a phone, standing, between two groups; and on one without scripts.

How notes are kept through a lost connection and between two writers, and the whole way to the
cosignature, is in test_attendance_and_notes.
"""

import re
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from phpsupport.lib import clock, wording
from sessions.models import Addendum, Attendance, GroupNote, GroupNoteDraft, ProgressNote
from tests.factories import PASSWORD, make_program
from tests.journeys.people import daytime_zone, enter, meets_now, unanswered
from tests.sessions.worlds import World, make_world

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}


def running() -> World:
    """A group of three that began twenty minutes ago, in a zone where it is day."""
    world = make_world(3, program=make_program(zone=daytime_zone()))
    meets_now(world.session, began=timedelta(minutes=20))
    return world


def part_of(page: Page, person: Any) -> Any:
    """The part of the page about one person."""
    return page.locator(f"#p-{person.pk}")


def on_the_wall(world: World) -> set[str]:
    """What the site's clock shows now, a minute before and after."""
    now = clock.now().astimezone(ZoneInfo(world.program.zone))
    around = [now + timedelta(minutes=n) for n in (-1, 0, 1)]
    return {f"{at:%H:%M}" for at in around} | {wording.clock_time(at) for at in around}


def test_from_my_day_to_a_signed_note_and_its_addendum(site, open_page, axe):
    world = running()
    marisol, tuan, bea = world.people
    # The phone shows the time of another place; what is filled in is the site's.
    phone = open_page(**PHONE, timezone_id="Pacific/Kiritimati")
    enter(phone, world.leader)
    expect(phone.get_by_role("heading", name="My day")).to_be_visible()
    expect(phone.get_by_text("on now").first).to_be_visible()
    axe(phone)
    phone.get_by_role("link", name="Mark attendance").click()

    # All present, then the exceptions.
    phone.get_by_role("button", name="All present").click()
    expect(phone.get_by_text("3 marked")).to_be_visible()
    part_of(phone, tuan).get_by_label("Late", exact=True).check()
    came = part_of(phone, tuan).get_by_label("Came at")
    expect(came).not_to_have_value("")
    assert came.input_value() in on_the_wall(world)
    part_of(phone, bea).get_by_label("Declined", exact=True).check()
    axe(phone)
    phone.get_by_role("button", name="Save, then notes").click()
    expect(phone.get_by_text("Attendance saved.")).to_be_visible()
    found = dict(Attendance.objects.values_list("participant_id", "status"))
    assert found == {marisol.pk: "present", tuan.pk: "late", bea.pk: "declined"}
    arrived = Attendance.objects.get(participant=tuan).arrived
    assert f"{arrived:%H:%M}" in on_the_wall(world)

    # The group once, then each person; the line says what is true, and a reload loses nothing.
    line = phone.locator("[data-saved]")
    group = phone.get_by_label(re.compile("What the group did"))
    expect(line).to_have_text("Nothing written yet")
    with unanswered(phone):
        group.fill("We planned a first evening at home.")
        expect(line).to_have_text(re.compile("Not saved yet…|Saving…"))
    for person, words in ((marisol, "“Tuấn made me laugh.”"), (tuan, "“A good day.”")):
        part_of(phone, person).get_by_label("In their own words").fill(words)
    expect(line).to_have_text(re.compile(r"^Saved \d+:\d\d$"))
    assert line.inner_text().removeprefix("Saved ").strip() in on_the_wall(world)
    assert GroupNoteDraft.objects.get().what_was_done == "We planned a first evening at home."
    phone.reload()
    expect(group).to_have_value("We planned a first evening at home.")
    expect(part_of(phone, tuan).get_by_label("In their own words")).to_have_value("“A good day.”")
    expect(line).to_have_text(re.compile(r"^Saved \d+:\d\d$"))

    # A group that still runs is not signed; nor is somebody else's name in a part.
    phone.get_by_role("button", name="Check and sign").click()
    expect(phone.get_by_text("1 name to settle").first).to_be_visible()
    axe(phone)
    ended = f"{clock.now().astimezone(ZoneInfo(world.program.zone)):%H:%M}"
    phone.get_by_label("Ended").fill(ended)
    sign(phone, PASSWORD)
    expect(phone.get_by_label("These notes say truly")).to_be_checked()
    expect(phone.get_by_text("1 name to settle").first).to_be_visible()
    expect(phone.get_by_label("Ended")).to_have_value(ended)
    assert not GroupNote.objects.exists()
    phone.get_by_role("link", name="Back to the notes").first.click()
    part_of(phone, marisol).get_by_label("In their own words").fill("“I laughed a lot.”")
    phone.get_by_role("button", name="Check and sign").click()
    expect(phone.get_by_role("heading", name="Check and sign")).to_be_visible()
    expect(phone.get_by_text("to settle")).to_have_count(0)
    sign(phone, PASSWORD)
    expect(phone.get_by_text("Sign when it is over; your text is kept.")).to_be_visible()

    # A second window is left open at the same place; then a wrong password, then the right one.
    twin = phone.context.new_page()
    twin.goto(phone.url)
    phone.get_by_label("Ended").fill(ended)
    sign(phone, "not-my-password")
    expect(phone.get_by_text("That is neither your password nor a current code.")).to_be_visible()
    assert not GroupNote.objects.exists()
    sign(phone, PASSWORD)
    expect(phone.get_by_text("3 notes are signed. Your supervisor has been told.")).to_be_visible()
    axe(phone)
    assert (GroupNote.objects.count(), ProgressNote.objects.count()) == (1, 2)
    note = GroupNote.objects.get()
    assert f"{note.ended_at.astimezone(ZoneInfo(world.program.zone)):%H:%M}" == ended

    twin.get_by_label("Ended").fill(ended)
    sign(twin, PASSWORD)
    expect(twin.get_by_text("These notes are signed already.")).to_be_visible()
    assert (GroupNote.objects.count(), ProgressNote.objects.count()) == (1, 2)

    # Signed words stay; more can be said beside them.
    about = ProgressNote.objects.get(participant=marisol)
    phone.locator(f"#note-{about.pk}").get_by_role("link", name="Add", exact=True).click()
    phone.get_by_label("Why you add something").fill("I forgot something")
    phone.get_by_label("What you add").fill("She will ring her sister on Sunday.")
    phone.get_by_role("button", name="Add to the note").click()
    expect(phone.get_by_text("Your words stand beside the note.")).to_be_visible()
    expect(phone.locator(f"#note-{about.pk}")).to_contain_text(
        "She will ring her sister on Sunday."
    )
    expect(phone.locator(f"#note-{about.pk}")).to_contain_text("“I laughed a lot.”")
    axe(phone)
    assert Addendum.objects.get().progress_note_id == about.pk
    phone.goto(reverse("sessions:note", args=[world.session.pk]))
    expect(phone.get_by_text("The group note is signed.")).to_be_visible()


def sign(page: Page, password: str) -> None:
    """Attest, type the password, press the button."""
    page.get_by_label("These notes say truly").check()
    page.get_by_label("Your password").fill(password)
    page.get_by_role("button", name="Sign", exact=True).click()


def test_everything_also_without_scripts(site, open_page):
    world = running()
    marisol, tuan, bea = world.people
    page = open_page(**PHONE, java_script_enabled=False)
    enter(page, world.leader)
    page.get_by_role("link", name="Mark attendance").click()
    part_of(page, marisol).get_by_label("Present", exact=True).check()
    part_of(page, tuan).get_by_label("Late", exact=True).check()
    late = f"{world.session.starts_at.astimezone(ZoneInfo(world.program.zone)) + timedelta(minutes=7):%H:%M}"
    part_of(page, tuan).get_by_label("Came at").fill(late)
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_text("Attendance saved. 1 person is not marked yet.")).to_be_visible()
    assert f"{Attendance.objects.get(participant=tuan).arrived:%H:%M}" == late
    # Unmarked is not absent.
    assert not Attendance.objects.filter(participant=bea).exists()

    page.get_by_role("button", name="All present").click()
    expect(page.get_by_text("3 marked")).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_text("Attendance saved.")).to_be_visible()
    found = dict(Attendance.objects.values_list("participant_id", "status"))
    assert found == {marisol.pk: "present", tuan.pk: "late", bea.pk: "present"}

    page.get_by_role("link", name="Notes").first.click()
    page.get_by_label(re.compile("What the group did")).fill("A round of good news.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Your notes are saved.")).to_be_visible()
    expect(page.get_by_label(re.compile("What the group did"))).to_have_value(
        "A round of good news."
    )
    at = GroupNoteDraft.objects.get().saved_at.astimezone(ZoneInfo(world.program.zone))
    expect(page.locator("[data-saved]")).to_contain_text(f"Saved {wording.clock_time(at)}")
