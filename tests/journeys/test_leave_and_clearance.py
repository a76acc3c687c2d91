"""At a desk: leave with three sessions settled three ways, and a certificate that is revoked."""

import re
from datetime import time, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from phpsupport.access.roles import Role
from phpsupport.lib import clock
from sessions.models import GroupSession, SessionFacilitator, SessionState
from sessions.tasks import rejudge_sessions
from tests.factories import (
    NEW_YORK,
    enroll,
    make_facilitator,
    make_group,
    make_participant,
    make_program,
    make_room,
    make_series,
    make_session,
    make_staff,
)
from tests.journeys.people import enter

pytestmark = pytest.mark.django_db(transaction=True)
NAMES = ("Morning Check-in", "Steady Steps", "Evening Circle")


class World:
    """Dana leads three groups on one day in three weeks; Ana is free; Priya plans, Rosa supervises."""

    def __init__(self) -> None:
        today = clock.local_date(clock.now(), NEW_YORK)
        self.day = today + timedelta(days=22 - today.weekday())  # the Tuesday in three weeks
        self.program = make_program("Harbor Day Program")
        self.priya = make_staff(self.program, Role.SCHEDULER, first_name="Priya", last_name="Nair")
        self.rosa = make_staff(
            self.program, Role.SUPERVISOR, first_name="Rosa", last_name="Delgado"
        )
        span = {"on": today - timedelta(days=100), "through": today + timedelta(days=300)}
        self.dana = make_facilitator(
            self.program, first_name="Dana", last_name="Okafor", supervisor=self.rosa, **span
        )
        self.ana = make_facilitator(
            self.program, first_name="Ana", last_name="Solís", supervisor=self.rosa, **span
        )
        self.sessions = []
        for n, name in enumerate(NAMES):
            series = make_series(
                self.program, facilitator=self.dana, group=make_group(self.program, name),
                room=make_room(self.program, f"Room {n + 1}"), weekdays=(1,),
                starts=time(9 + n * 2), ends=time(9 + n * 2, 50),
            )  # fmt: skip
            enroll(series, make_participant(self.program))
            self.sessions.append(make_session(series, self.day))


def test_a_leave_with_three_sessions_settled_three_ways(
    site: Any, open_page: Any, axe: Any
) -> None:
    world = World()
    desk = open_page(width=1440, height=900)
    enter(desk, world.priya)
    desk.goto(f"/facilitators/people/{world.dana.pk}/leave/add/")
    desk.get_by_label("First day").fill(world.day.isoformat())
    desk.get_by_label("Last day").fill(world.day.isoformat())
    desk.get_by_role("button", name=re.compile("leave", re.I)).click()
    expect(desk.get_by_text("Say what becomes of each session.")).to_be_visible()
    axe(desk)

    one, two, three = (desk.locator(f"#s-{s.pk}") for s in world.sessions)
    one.get_by_label("Somebody else leads it").check()
    one.get_by_label("Who leads instead").select_option(label="Ana Solís")
    two.get_by_label("Cancel it").check()
    three.get_by_label("Move it").check()
    later = world.day + timedelta(days=1)
    three.get_by_label("Moves to").fill(later.isoformat())
    expect(desk.get_by_role("button", name="Save what was decided")).to_have_count(0)
    desk.get_by_role("button", name="See what changes").click()
    seen = desk.get_by_role("region", name="What this comes to")
    expect(seen).to_contain_text("1 session moves, 1 gets other people and 1 is cancelled.")
    expect(seen).to_contain_text("led by Ana Solís")
    axe(desk)
    assert GroupSession.objects.filter(state=SessionState.SCHEDULED).count() == 3
    desk.get_by_role("button", name="Save what was decided").click()
    expect(desk.get_by_text("3 sessions are settled.")).to_be_visible()
    axe(desk)

    found = {s.pk: s for s in GroupSession.objects.all()}
    covered, cancelled, moved = (found[s.pk] for s in world.sessions)
    assert [a.facilitator_id for a in covered.assignments.all()] == [world.ana.pk]
    assert cancelled.state == SessionState.CANCELLED
    assert moved.local_date == later

    # Nothing is left on Today; undone, it asks again.
    desk.get_by_role("button", name=re.compile("^Undo")).first.click()
    expect(desk.get_by_text(re.compile("^That is undone"))).to_be_visible()
    desk.goto("/groups/today/")
    expect(desk.get_by_text("Dana Okafor is away: 3 sessions to settle")).to_be_visible()


def test_a_revoked_certificate_flags_the_coming_sessions(
    site: Any, open_page: Any, axe: Any
) -> None:
    world = World()
    certificate = world.dana.certifications.get()
    desk = open_page(width=1440, height=900)
    enter(desk, world.rosa)
    desk.goto(f"/facilitators/people/{world.dana.pk}/certification/{certificate.pk}/revoke/")
    desk.get_by_role("button", name=re.compile("[Rr]evoke")).click()
    expect(desk.get_by_role("heading", name="Dana Okafor").first).to_be_visible()
    marked = SessionFacilitator.objects.filter(flagged_at__isnull=False)
    assert marked.count() == 3

    planner = open_page(width=1440, height=900)
    enter(planner, world.priya)
    planner.goto("/groups/today/")
    planner.get_by_text("1 person is not cleared for later sessions").click()
    expect(planner.get_by_role("heading", name="Dana Okafor")).to_be_visible()
    expect(planner.get_by_text("Morning Check-in · Room 1")).to_be_visible()
    axe(planner)
    planner.goto(f"/groups/week/?week={week_code(world)}")
    expect(planner.get_by_text("not cleared").first).to_be_visible()
    axe(planner)


def test_a_certificate_that_lapsed_flags_the_coming_sessions_at_the_next_tick(
    site: Any, open_page: Any, axe: Any
) -> None:
    """Nobody does anything: a day passes, and the job finds it."""
    world = World()
    yesterday = clock.local_date(clock.now(), NEW_YORK) - timedelta(days=1)
    world.dana.certifications.update(expires_on=yesterday)
    rejudge_sessions()
    assert SessionFacilitator.objects.filter(flagged_at__isnull=False).count() == 3
    planner = open_page(width=1440, height=900)
    enter(planner, world.priya)
    planner.goto("/groups/not-cleared/")
    expect(planner.get_by_text("The certification counts only through")).to_be_visible()
    expect(planner.get_by_role("link", name="Somebody else")).to_have_count(3)
    axe(planner)
    phone = open_page(width=390, height=844)
    enter(phone, world.rosa)
    phone.goto("/waiting/")
    expect(phone.get_by_text("3 sessions to come with somebody not cleared")).to_be_visible()


def week_code(world: World) -> str:
    """The week of the sessions, as its address has it."""
    year, number, _ = world.day.isocalendar()
    return f"{year}-W{number:02d}"
