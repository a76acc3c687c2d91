"""A scheduler at a desk: a series across a clock change, its sessions, its roster and its line."""

from datetime import date, time, timedelta
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from phpsupport.access.roles import Role
from phpsupport.lib import clock, wording
from phpsupport.programs.models import Closure
from sessions.models import Enrollment, GroupSeries, GroupSession, SessionState, WaitlistEntry
from tests.factories import (
    NEW_YORK,
    make_facilitator,
    make_group,
    make_participant,
    make_program,
    make_room,
    make_series,
    make_session,
    make_staff,
)
from tests.journeys.people import clock_change, enter, tab_to, wall_clock


class World:
    """A program with two rooms, a facilitator and a group that has the better room once."""

    def __init__(self) -> None:
        today = clock.local_date(clock.now(), NEW_YORK)
        self.change = clock_change(NEW_YORK, today + timedelta(days=20))
        first = self.change - timedelta(days=12)  # a change is on a Sunday, this a Tuesday
        self.days = [first + timedelta(weeks=n) for n in range(5)]
        self.program = make_program("Harbor Day Program")
        self.scheduler = make_staff(
            self.program, Role.SCHEDULER, first_name="Priya", last_name="Nair"
        )
        self.lead = make_facilitator(
            self.program, first_name="Ana", last_name="Solís", on=today - timedelta(days=100),
            through=today + timedelta(days=900),
        )  # fmt: skip
        self.group = make_group(self.program, "Hearing Voices", capacity=2)
        self.harbor = make_room(self.program, "Harbor Room")
        self.garden = make_room(self.program, "Garden Room")
        other = make_series(
            self.program, group=make_group(self.program, "Morning Circle"), room=self.harbor,
            weekdays=(1,), starts=time(13, 30), ends=time(14, 20),
        )  # fmt: skip
        make_session(other, self.days[4])
        Closure.objects.create(program=self.program, date=self.days[3], reason="Staff learning day")
        self.people = [
            make_participant(
                self.program, first_name=name, last_name="Doe", email=f"{name}@x.example"
            )
            for name in ("Bea", "Cleo", "Dov", "Ezra")
        ]

    def plan(self) -> GroupSeries:
        """The series itself, for what comes after planning it."""
        series = make_series(
            self.program, facilitator=self.lead, group=self.group, room=self.garden, weekdays=(1,),
            starts=time(14), ends=time(14, 50), from_on=self.days[0], until_on=self.days[4],
            capacity=2,
        )  # fmt: skip
        for day in self.days:
            make_session(series, day)
        return series


@pytest.fixture
def world(transactional_db: None) -> World:
    return World()


def line_of(page: Page, day: date) -> Any:
    """The line of one date in the list beside the form."""
    return page.locator(".dates li").filter(has_text=wording.day(day))


def fill_in(page: Page, world: World, *, room: str) -> None:
    """The form of a new series, field by field."""
    page.get_by_label("Group", exact=True).select_option("Hearing Voices")
    page.locator("[name=weekdays][value='1']").check()
    page.get_by_label("Starts", exact=True).fill("14:00")
    page.get_by_label("Ends", exact=True).fill("14:50")
    page.get_by_label("First day").fill(world.days[0].isoformat())
    page.get_by_label("Last day").fill(world.days[4].isoformat())
    page.get_by_label("Places").fill("2")
    page.get_by_label("Leads").select_option("Ana Solís")
    expect(page.get_by_text("Still to choose: room.")).to_be_visible()
    page.get_by_label("Room").select_option(room)


def test_planning_a_series_across_a_clock_change(site, desk, axe, world):
    enter(desk, world.scheduler)
    expect(desk.get_by_role("link", name="New series").first).to_be_visible()
    desk.get_by_role("link", name="New series").first.click()
    fill_in(desk, world, room="Harbor Room")

    # Every date with its verdict, before anything is saved.
    expect(desk.locator(".dates li")).to_have_count(5)
    expect(
        desk.get_by_text("3 dates are fine, 1 has something in the way and 1 is left out.")
    ).to_be_visible()
    expect(line_of(desk, world.days[0])).to_contain_text("Fine")
    way = "forward" if world.change.month < 7 else "back"
    told = f"The clocks went {way} since the date before: still 14:00."
    expect(line_of(desk, world.days[2])).to_contain_text(told)
    expect(line_of(desk, world.days[3])).to_contain_text("Staff learning day")
    expect(line_of(desk, world.days[4])).to_contain_text("Room taken")
    expect(line_of(desk, world.days[4])).to_contain_text(
        "Harbor Room is taken by Morning Circle until 14:20."
    )
    expect(desk.get_by_role("button", name="Save the series")).to_have_count(0)
    axe(desk)
    assert GroupSeries.objects.count() == 1

    # Another room has no clash. Two clicks on the button make one series.
    desk.get_by_label("Room").select_option("Garden Room")
    expect(desk.get_by_text("4 dates are fine and 1 is left out.")).to_be_visible()
    twin = desk.context.new_page()
    twin.goto(desk.url)
    fill_in(twin, world, room="Garden Room")
    expect(twin.get_by_role("button", name="Save the series")).to_be_visible()
    desk.get_by_role("button", name="Save the series").dblclick()
    expect(
        desk.get_by_text("Planned Hearing Voices: Tuesdays, 14:00–14:50, 4 sessions.")
    ).to_be_visible()
    axe(desk)
    series = GroupSeries.objects.get(group=world.group)
    sessions = list(series.sessions.order_by("starts_at"))
    assert [s.local_date for s in sessions] == [*world.days[:3], world.days[4]]
    assert {wall_clock(s.starts_at, NEW_YORK) for s in sessions} == {"14:00"}
    assert len({s.starts_at.time() for s in sessions}) == 2  # in UTC an hour apart
    assert {s.room_id for s in sessions} == {world.garden.pk}

    # The same once more from a window that was left open: refused in words, nothing twice.
    twin.get_by_role("button", name="Save the series").click()
    expect(twin.get_by_text("Nothing was saved.")).to_contain_text(
        "Garden Room is taken by Hearing Voices until 14:50"
    )
    expect(twin.get_by_label("First day")).to_have_value(world.days[0].isoformat())
    assert GroupSeries.objects.filter(group=world.group).count() == 1


def test_moving_and_cancelling_a_session_of_it(site, desk, axe, world):
    series = world.plan()
    enter(desk, world.scheduler)
    desk.goto(reverse("sessions:series", args=[series.pk]))

    line_of(desk, world.days[1]).get_by_role("link").click()
    desk.get_by_role("link", name="Move").click()
    thursday = world.days[1] + timedelta(days=2)
    desk.get_by_label("Day").fill(world.days[4].isoformat())
    desk.get_by_label("Starts").fill("13:40")
    desk.get_by_label("Ends").fill("14:30")
    desk.get_by_label("Room").select_option("Harbor Room")
    desk.get_by_role("button", name="See what changes").click()
    expect(desk.get_by_text("Harbor Room is taken by Morning Circle until 14:20.")).to_be_visible()
    expect(desk.get_by_role("button", name="Move it")).to_have_count(0)
    axe(desk)
    desk.get_by_label("Day").fill(thursday.isoformat())
    desk.get_by_role("button", name="See what changes").click()
    expect(desk.get_by_text("Nothing is in the way.")).to_be_visible()
    desk.get_by_role("button", name="Move it").click()
    expect(desk.get_by_text("The session is moved.")).to_be_visible()
    expect(desk.locator(".subtitle")).to_have_text(
        f"{wording.day(thursday)}, 13:40–14:30 · Harbor Room"
    )

    desk.goto(reverse("sessions:series", args=[series.pk]))
    line_of(desk, world.days[2]).get_by_role("link").click()
    desk.get_by_role("link", name="Cancel it").click()
    expect(desk.get_by_text("The room and those who lead are free again.")).to_be_visible()
    desk.get_by_role("button", name="See what changes").click()
    expect(desk.get_by_text("Fill this in.").first).to_be_visible()
    desk.get_by_label("Reason").fill("Fire drill")
    desk.get_by_role("button", name="See what changes").click()
    desk.get_by_role("button", name="Cancel the session").click()
    expect(desk.get_by_text("The session is cancelled and people are told.")).to_be_visible()
    expect(desk.get_by_text("Fire drill").first).to_be_visible()
    axe(desk)

    moved = GroupSession.objects.get(local_date=thursday)
    assert (moved.series_id, wall_clock(moved.starts_at, NEW_YORK)) == (series.pk, "13:40")
    cancelled = GroupSession.objects.get(series=series, local_date=world.days[2])
    assert (cancelled.state, cancelled.state_reason) == (SessionState.CANCELLED, "Fire drill")


def test_filling_the_roster_and_the_line_behind_it(site, desk, axe, world):
    series = world.plan()
    enter(desk, world.scheduler)
    desk.goto(reverse("sessions:series", args=[series.pk]))
    expect(desk.get_by_text("Nobody is enrolled")).to_be_visible()

    desk.get_by_role("link", name="Enroll people").click()
    for name in ("Bea Doe", "Cleo Doe", "Dov Doe", "Ezra Doe"):
        desk.get_by_role("checkbox", name=name).check()
    axe(desk)
    desk.get_by_role("button", name="Enroll").click()
    expect(desk.get_by_text("Nothing is saved yet.")).to_be_visible()
    expect(desk.get_by_text("Full (2 places): waits, next in line.")).to_be_visible()
    expect(desk.get_by_text("Full (2 places): waits, number 2 in line.")).to_be_visible()
    axe(desk)
    desk.get_by_role("button", name="Enroll", exact=True).click()
    expect(desk.get_by_text("2 people have a place: Bea Doe and Cleo Doe.").first).to_be_visible()
    expect(desk.get_by_text("Waiting in line: Dov Doe and Ezra Doe.").first).to_be_visible()
    waiting = desk.get_by_role("heading", name="Waiting").locator("xpath=ancestor::section")
    expect(waiting.get_by_role("listitem")).to_contain_text(["Dov Doe", "Ezra Doe"])
    axe(desk)
    assert Enrollment.objects.count() == 2
    assert list(
        WaitlistEntry.objects.order_by("position").values_list("participant__first_name", flat=True)
    ) == ["Dov", "Ezra"]

    # A place that ends is kept for whoever waits first, until they say.
    desk.get_by_role("link", name="End the place of Bea Doe").click()
    expect(desk.get_by_text("the place is kept for them for 24 hours.")).to_be_visible()
    desk.get_by_label("Last day in the group").fill(world.days[1].isoformat())
    desk.get_by_role("button", name="End the place").click()
    expect(
        desk.get_by_text("Bea Doe's place ends. 1 place is kept for who is first in line.")
    ).to_be_visible()
    expect(waiting.get_by_text("A place is kept until")).to_be_visible()
    desk.get_by_role("button", name="Takes it – Dov Doe").click()
    expect(desk.get_by_text("Dov Doe has a place from")).to_be_visible()
    roster = desk.get_by_role("heading", name="Roster").locator("xpath=ancestor::section")
    expect(roster.get_by_role("link", name="Dov Doe", exact=True)).to_be_visible()
    expect(waiting.get_by_role("listitem")).to_have_count(1)
    axe(desk)
    given = Enrollment.objects.get(participant=world.people[2])
    assert given.from_on == world.days[1] + timedelta(days=1)
    assert Enrollment.objects.get(participant=world.people[0]).until_on == world.days[1]


def test_a_series_by_keyboard_alone(site, desk, world):
    enter(desk, world.scheduler)
    desk.goto(reverse("sessions:series-new"))
    keys = desk.keyboard
    keys.press("Tab")
    expect(desk.locator(":focus")).to_have_text("Skip to the page")
    keys.press("Enter")
    tab_to(desk, "group")
    keys.type("Hear")
    tab_to(desk, "weekdays")  # Monday
    tab_to(desk, "weekdays")  # Tuesday
    keys.press("Space")
    for name, typed in (
        ("starts", "0200PM"),
        ("ends", "0250PM"),
        ("from_on", f"{world.days[0]:%m%d%Y}"),
        ("until_on", f"{world.days[2]:%m%d%Y}"),
    ):
        tab_to(desk, name)
        keys.type(typed)
    tab_to(desk, "room")
    keys.type("Gard")
    tab_to(desk, "lead")
    keys.type("Ana")
    expect(desk.get_by_text("3 dates are fine.")).to_be_visible()
    tab_to(desk, "Save the series")
    outline = desk.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"  # the focus is seen
    keys.press("Enter")
    expect(
        desk.get_by_text("Planned Hearing Voices: Tuesdays, 14:00–14:50, 3 sessions.")
    ).to_be_visible()
    assert GroupSeries.objects.get(group=world.group).sessions.count() == 3
