"""A planner changes many dates at once, sees before what will happen, and takes it back."""

from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from phpsupport.access.roles import Role
from phpsupport.lib import clock
from sessions.actions.series import create_series
from sessions.models import Attendance, GroupSession, ScheduleBatch
from tests.factories import (
    NEW_YORK,
    enroll,
    make_facilitator,
    make_group,
    make_participant,
    make_program,
    make_room,
    make_staff,
)


class World:
    """A group on six Mondays, the first in the week after next."""

    def __init__(self) -> None:
        today = clock.local_date(clock.now(), NEW_YORK)
        self.program = make_program("Harbor Day Program")
        self.by = make_staff(self.program, Role.SCHEDULER, first_name="Priya", last_name="Nair")
        lead = make_facilitator(
            self.program, first_name="Ana", last_name="Solís", on=today - timedelta(days=100),
            through=today + timedelta(days=900),
        )  # fmt: skip
        self.monday = today + timedelta(days=14 - today.weekday())
        self.group = make_group(self.program, "Hearing Voices")
        self.series = create_series(
            group=self.group, room=make_room(self.program, "Harbor Room"), weekdays=[0],
            starts=time(10), ends=time(10, 50), zone=self.program.zone, from_on=self.monday,
            until_on=self.monday + timedelta(days=35), capacity=12, lead=lead, by=self.by,
            at=clock.now(), accept=True,
        )  # fmt: skip
        self.person = make_participant(self.program, first_name="Bea", last_name="Kowalski")
        enroll(self.series, self.person, from_on=self.monday)

    def hours(self) -> list[str]:
        zone = ZoneInfo(self.program.zone)
        rows = GroupSession.objects.filter(series=self.series, state="scheduled")
        return [f"{s.starts_at.astimezone(zone):%H:%M}" for s in rows.order_by("starts_at")]


@pytest.fixture
def world(transactional_db):
    return World()


def test_a_bulk_change_is_seen_before_and_undone_after(site, desk, sign_in, axe, world):
    sign_in(desk, world.by)
    desk.goto(f"{site}{reverse('sessions:series', args=[world.series.pk])}")
    desk.get_by_role("link", name="Change", exact=True).click()
    desk.get_by_label("Starts", exact=True).fill("13:00")
    desk.get_by_label("Ends", exact=True).fill("13:50")
    desk.get_by_label("Ends", exact=True).blur()
    shown = desk.locator("#change-list")
    expect(shown.get_by_text("6 sessions move.")).to_be_visible()
    expect(shown).to_contain_text("1 participant and Ana Solís get")
    axe(desk)
    assert world.hours() == ["10:00"] * 6

    shown.get_by_role("button", name="Save the changes").click()
    expect(desk.locator("#messages")).to_contain_text("The series is changed")
    expect(desk.get_by_role("button", name="Undo")).to_be_visible()
    axe(desk)
    assert world.hours() == ["13:00"] * 6

    desk.get_by_role("button", name="Undo").click()
    expect(desk.locator("#messages")).to_contain_text("That is undone")
    expect(desk.get_by_role("button", name="Undo")).to_have_count(0)
    assert world.hours() == ["10:00"] * 6


def test_several_cancelled_are_taken_back_until_something_is_on_record(
    site, desk, sign_in, axe, world
):
    sign_in(desk, world.by)
    through = world.monday + timedelta(days=20)
    desk.goto(f"{site}{reverse('sessions:cancel-several')}?since={world.monday}&until={through}")
    expect(desk.get_by_role("checkbox")).to_have_count(3)
    desk.get_by_role("checkbox").nth(1).uncheck()
    desk.get_by_label("Reason").fill("Water damage")
    desk.get_by_role("button", name="See who is told").click()
    expect(desk.get_by_text("2 sessions are cancelled.")).to_be_visible()
    axe(desk)
    desk.get_by_role("button", name="Cancel 2 sessions").click()
    expect(desk.locator("#messages")).to_contain_text("2 sessions are cancelled")
    axe(desk)
    assert len(world.hours()) == 4

    line = desk.get_by_role("listitem").filter(has_text="2 sessions of")
    line.get_by_role("button", name="Undo").click()
    expect(desk.locator("#messages")).to_contain_text("That is undone")
    assert len(world.hours()) == 6

    # What was planned with the series stays once something is on record.
    Attendance.objects.create(
        program=world.program, session=world.series.sessions.earliest("starts_at"),
        participant=world.person, status="excused", marked_at=clock.now(),
    )  # fmt: skip
    planned = desk.get_by_role("listitem").filter(has_text="Planned by")
    planned.get_by_role("button", name="Undo").click()
    expect(desk.locator("#messages")).to_contain_text("Attendance or a note is on record")
    expect(planned.get_by_role("button", name="Undo")).to_have_count(0)
    assert ScheduleBatch.objects.get(kind="created").undone_at is None
    assert len(world.hours()) == 6
