"""Cover, from the phone that asks to the one that has it, and an answer that proposes another time."""

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from phpsupport.access.roles import Role
from phpsupport.lib import clock
from sessions.models import Answer, CoverRequest, CoverState, GroupSession, Proposal
from tests.factories import (
    make_facilitator,
    make_group,
    make_program,
    make_series,
    make_session,
    make_staff,
)
from tests.journeys.people import daytime_zone, enter

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}


class World:
    def __init__(self) -> None:
        self.program = make_program(zone=daytime_zone())
        today = clock.local_date(clock.now(), self.program.zone)
        self.planner = make_staff(self.program, Role.SCHEDULER)
        since: dict[str, Any] = {
            "on": today - timedelta(days=30), "through": today + timedelta(days=300),
        }  # fmt: skip
        self.ana, self.tuan, self.bea = (
            make_facilitator(self.program, first_name=first, last_name=last, **since)
            for first, last in (("Ana", "Solís"), ("Tuấn", "Nguyễn"), ("Bea", "Kowal"))
        )
        self.away = make_facilitator(self.program, first_name="Cleo", cleared=False)
        day = today + timedelta(days=3)
        series = make_series(
            self.program, facilitator=self.ana, weekdays=(day.weekday(),),
            group=make_group(self.program, "Morning Check-in"),
            from_on=today - timedelta(days=30), until_on=today + timedelta(days=90),
        )  # fmt: skip
        series.assignments.update(answer=Answer.ACCEPTED, answered_at=clock.now())
        self.session: GroupSession = make_session(series, day)


def led_by(world: World) -> str:
    return str(world.session.assignments.get().facilitator.user.first_name)


def test_cover_is_asked_on_a_phone_and_the_first_of_two_has_it(
    site: str, open_page: Any, axe: Any
) -> None:
    world = World()
    phone: Page = open_page(**PHONE)
    enter(phone, world.ana.user)
    phone.get_by_role("link", name="I need cover").first.click()
    expect(phone.get_by_text("No reason is asked.")).to_be_visible()
    axe(phone)
    phone.get_by_role("button", name="I need cover").click()
    expect(phone.get_by_text("Cover is asked for.")).to_be_visible()
    expect(phone.get_by_text("looking for cover")).to_be_visible()
    axe(phone)

    desk: Page = open_page()
    enter(desk, world.planner)
    desk.get_by_role("link", name="Morning Check-in needs cover").click()
    expect(desk.get_by_role("heading", name="Cover for Ana Solís")).to_be_visible()
    able = desk.get_by_role("listitem").filter(has=desk.get_by_role("checkbox"))
    expect(able).to_have_count(2)
    desk.get_by_text("1 cannot").click()
    expect(desk.get_by_text("is not cleared").first).to_be_visible()
    axe(desk)
    desk.get_by_role("button", name="Ask all 2").click()
    expect(desk.get_by_text("2 people are asked.")).to_be_visible()

    # Both have the question before them; both press at the same moment.
    phones: dict[str, Page] = {}
    for who in (world.tuan, world.bea):
        page: Page = open_page(**PHONE)
        enter(page, who.user)
        expect(page.get_by_text("Could you cover for Ana Solís?")).to_be_visible()
        phones[who.user.first_name] = page
    axe(page)
    for page in phones.values():
        page.get_by_role("button", name=re.compile("I take it")).click(no_wait_after=True)
    for page in phones.values():
        expect(page.get_by_text(re.compile("It is yours|has it already"))).to_be_visible()

    request = CoverRequest.objects.get()
    assert request.state == CoverState.FILLED
    winner = led_by(world)
    loser = ({"Tuấn", "Bea"} - {winner}).pop()
    expect(phones[winner].get_by_text("It is yours: Morning Check-in")).to_be_visible()
    expect(phones[loser].get_by_text(f"{winner} has it already. Thank you.")).to_be_visible()
    expect(phones[loser].get_by_text("Asks for your answer")).to_have_count(0)
    axe(phones[loser])

    # Who needed it reads who has it, and nothing is asked of the one who plans.
    phone.reload()
    expect(
        phone.get_by_text(re.compile(f"^{winner} .* has it. You need not come."))
    ).to_be_visible()
    desk.goto("/groups/cover/")
    expect(desk.get_by_text("Nobody needs cover")).to_be_visible()
    expect(desk.get_by_text(re.compile(f"{winner} .* has it"))).to_be_visible()
    axe(desk)

    # It is taken back: it is hers again, and both read so.
    desk.goto("/groups/changes/")
    desk.get_by_role("button", name="Undo").click()
    expect(desk.get_by_text("Who had been told is told again.")).to_be_visible()
    phone.reload()
    expect(phone.get_by_text("Cover for it was taken back. It is yours")).to_be_visible()
    expect(phone.get_by_text("You need not come.")).to_have_count(0)
    axe(phone)
    phones[winner].reload()
    expect(phones[winner].get_by_text("Cover was taken back. You need not come.")).to_be_visible()
    axe(phones[winner])
    desk.goto("/groups/cover/")
    expect(desk.get_by_text("Nobody needs cover")).to_be_visible()
    expect(desk.get_by_text(re.compile(f"{winner} .* has it"))).to_have_count(0)


def test_another_time_is_proposed_on_a_phone_and_taken_in_one_step(
    site: str, open_page: Any, axe: Any
) -> None:
    world = World()
    world.session.assignments.update(asked_at=clock.now())
    phone: Page = open_page(**PHONE, java_script_enabled=False)
    enter(phone, world.ana.user)
    phone.get_by_role("link", name=re.compile("Another time")).click()
    phone.get_by_label("From").fill("15:00")
    phone.get_by_label("Until").fill("15:50")
    phone.get_by_role("button", name="Propose this time").click()
    expect(phone.get_by_text("Your time is proposed.")).to_be_visible()
    assert Proposal.objects.get().settled_at is None

    desk: Page = open_page()
    enter(desk, world.planner)
    desk.get_by_role("link", name="Ana Solís proposes another time").click()
    expect(desk.get_by_text("Nothing is in the way.")).to_be_visible()
    axe(desk)
    desk.get_by_role("button", name="Move it to that time").click()
    expect(desk.get_by_text("Moved to the time that Ana Solís proposed.")).to_be_visible()
    before = world.session.starts_at
    world.session.refresh_from_db()
    assert world.session.starts_at == before + timedelta(hours=5)
    phone.reload()
    expect(phone.get_by_text("Asks for your answer")).to_have_count(0)
