"""Rosters: several enrolled at once with one left out, and a kept place from line to portal."""

from datetime import timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from phpsupport.access.roles import Role
from phpsupport.lib import clock
from sessions.actions.enrollment import enroll
from sessions.actions.leaving import leave_series
from sessions.actions.offers import end_offers
from sessions.models import Enrollment, WaitlistEntry
from tests.factories import (
    make_group,
    make_participant,
    make_program,
    make_series,
    make_session,
    make_staff,
)

NAMES = ("Ada", "Bea", "Cleo", "Dov", "Ezra", "Flor", "Gus", "Hana", "Ida", "Jun")


class World:
    """A full group with two in line, and people enough to need a search."""

    def __init__(self) -> None:
        self.now = clock.now()
        self.program = make_program("Harbor Day Program")
        self.today = clock.local_date(self.now, self.program.zone)
        self.scheduler = make_staff(self.program, Role.SCHEDULER, first_name="Priya")
        runs = {"from_on": self.today - timedelta(days=30), "until_on": self.today + timedelta(60)}
        self.circle = make_series(
            self.program, group=make_group(self.program, "Morning Circle"), **runs
        )
        self.other = make_series(
            self.program, group=make_group(self.program, "Tea and Talk"), **runs
        )
        self.full = make_series(
            self.program, group=make_group(self.program, "Quiet Hour"), capacity=1, **runs
        )
        for series in (self.circle, self.other):
            make_session(series, self.today + timedelta(days=7))
        self.people = {
            name: make_participant(
                self.program, first_name=name, last_name="Doe",
                admitted_on=self.today - timedelta(days=40),
            )
            for name in NAMES
        }  # fmt: skip

    def enroll(self, name, series):
        return enroll(
            series=series, participant=self.people[name], from_on=self.today, by=self.scheduler,
            at=self.now,
        )  # fmt: skip

    def keep_a_place(self) -> WaitlistEntry:
        """Ada leaves the full group, so that Bea is asked, and Cleo stands behind."""
        place = self.enroll("Ada", self.full).enrollment
        entry = self.enroll("Bea", self.full).waiting
        self.enroll("Cleo", self.full)
        leave_series(enrollment=place, last_on=self.today, by=self.scheduler, at=self.now)
        entry.refresh_from_db()
        return entry


@pytest.fixture
def world(db):
    return World()


def test_several_at_once_with_the_one_that_clashes_left_out(site, desk, axe, sign_in, world):
    world.enroll("Cleo", world.other)
    sign_in(desk, world.scheduler)
    desk.goto(reverse("sessions:series", args=[world.circle.pk]))
    desk.get_by_role("link", name="Enroll people").click()
    find = desk.get_by_label("Find a name")
    for name in ("ada", "cleo", "jun"):
        find.fill(name)
        find.press("Enter")
        expect(desk.get_by_role("checkbox", name=f"{name.title()} Doe")).to_be_checked()
    expect(desk.get_by_text("3 chosen.")).to_be_visible()
    axe(desk)
    desk.get_by_role("button", name="Enroll").click()
    expect(
        desk.get_by_text("Tea and Talk and Morning Circle meet at the same time")
    ).to_be_visible()
    expect(desk.get_by_role("checkbox", name="Leave out Cleo Doe")).to_be_checked()
    expect(desk.get_by_role("checkbox", name="Leave out Ada Doe")).not_to_be_checked()
    assert Enrollment.objects.filter(series=world.circle).count() == 0
    axe(desk)
    # Back to change something, with everything still chosen.
    desk.get_by_role("button", name="Change").click()
    expect(desk.get_by_role("checkbox", name="Jun Doe")).to_be_checked()
    desk.get_by_role("button", name="Enroll").click()
    desk.get_by_role("button", name="Enroll, leave out the marked ones").click()
    expect(desk.get_by_text("Jun Doe: Morning Circle: has a place from").first).to_be_visible()
    roster = desk.get_by_role("heading", name="Roster").locator("xpath=ancestor::section")
    expect(roster.get_by_role("link", name="Ada Doe", exact=True)).to_be_visible()
    expect(roster.get_by_role("link", name="Cleo Doe", exact=True)).to_have_count(0)
    assert Enrollment.objects.filter(series=world.circle).count() == 2


def test_a_kept_place_is_taken_on_a_phone(site, phone, axe, sign_in, world):
    person = world.people["Bea"]
    person.user = make_staff(world.program, Role.PARTICIPANT, first_name="Bea")
    person.save()
    entry = world.keep_a_place()
    sign_in(phone, person.user)
    phone.goto(reverse("home:portal"))
    expect(phone.get_by_role("heading", name="A place is kept for you until")).to_be_visible()
    expect(phone.get_by_text("Quiet Hour")).to_be_visible()
    axe(phone)
    phone.get_by_role("button", name="Take it").click()
    expect(phone.get_by_text("You have a place in Quiet Hour from")).to_be_visible()
    expect(phone.get_by_text("A place is kept for you")).to_have_count(0)
    entry.refresh_from_db()
    assert entry.outcome == "enrolled"
    assert Enrollment.objects.get(participant=person).series == world.full


def test_unanswered_the_place_is_kept_for_the_next(site, desk, axe, sign_in, world):
    entry = world.keep_a_place()
    sign_in(desk, world.scheduler)
    here = reverse("sessions:series", args=[world.full.pk])
    desk.goto(here)
    waiting = desk.get_by_role("heading", name="Waiting").locator("xpath=ancestor::section")
    rows = waiting.get_by_role("listitem")
    expect(rows).to_have_count(2)
    expect(rows.first.get_by_text("A place is kept until")).to_be_visible()
    axe(desk)
    # A day goes by without an answer.
    WaitlistEntry.objects.filter(pk=entry.pk).update(
        offered_at=world.now - timedelta(hours=25), offer_until=world.now - timedelta(hours=1)
    )
    end_offers(at=clock.now())
    # The page still shows the old state: what it says then is the truth.
    desk.get_by_role("button", name="Takes it – Bea Doe").click()
    expect(desk.get_by_text("It has gone to the next in line.")).to_be_visible()
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("Cleo Doe")
    expect(rows.first.get_by_text("A place is kept until")).to_be_visible()
    desk.get_by_role("button", name="Takes it – Cleo Doe").click()
    expect(desk.get_by_text("Cleo Doe has a place from")).to_be_visible()
    assert Enrollment.objects.filter(series=world.full, until_on=None).count() == 1
