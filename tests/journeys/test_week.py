"""The week as a working surface: by hand and by keyboard, with a clash, with a way back; on a phone."""

import re
from datetime import date, time, timedelta
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from phpsupport.access.roles import Role
from phpsupport.lib import clock, wording
from phpsupport.programs.models import Closure
from sessions.actions.schedule import move_session, staff_session
from sessions.models import GroupSession, SessionFacilitator
from tests.browser import page_faults
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
from tests.journeys.people import tab_to, wall_clock


class World:
    """A week to come: two sessions on Tuesday in the same room, and one that nobody leads."""

    def __init__(self) -> None:
        today = clock.local_date(clock.now(), NEW_YORK)
        self.monday = today + timedelta(days=21 - today.weekday())
        self.tuesday, self.wednesday = (self.monday + timedelta(days=n) for n in (1, 2))
        self.program = make_program("Harbor Day Program")
        self.scheduler = make_staff(
            self.program, Role.SCHEDULER, first_name="Priya", last_name="Nair"
        )
        through = {"on": today - timedelta(days=100), "through": today + timedelta(days=900)}
        self.ana = make_facilitator(
            self.program, first_name="Ana", last_name="Solís", **through
        )  # fmt: skip
        self.bo = make_facilitator(self.program, first_name="Bo", last_name="Li", **through)
        self.harbor = make_room(self.program, "Harbor Room")
        self.garden = make_room(self.program, "Garden Room")
        self.circle = self.plan("Morning Circle", time(10), self.tuesday, self.ana)
        self.voices = self.plan("Hearing Voices", time(13), self.tuesday, self.bo)
        self.gap = self.plan("Grupo de Apoyo", time(14), self.wednesday, None)
        enroll(self.voices.series, make_participant(self.program, first_name="Bea"))
        Closure.objects.create(
            program=self.program, date=self.monday + timedelta(days=3), reason="Staff learning day"
        )

    def plan(self, name: str, starts: time, day: date, lead: Any) -> GroupSession:
        series = make_series(
            self.program, facilitator=lead, group=make_group(self.program, name), room=self.harbor,
            weekdays=(day.weekday(),), starts=starts, ends=starts.replace(minute=50), from_on=day,
            until_on=day + timedelta(days=70), capacity=12,
        )  # fmt: skip
        return make_session(series, day)

    def address(self, **more: str) -> str:
        asked = "".join(f"&{name}={value}" for name, value in more.items())
        return f"{reverse('sessions:week')}?date={self.monday.isoformat()}{asked}"

    def stands(self, session: GroupSession) -> tuple[date, str, str, str]:
        session.refresh_from_db()
        return (
            session.local_date,
            wall_clock(session.starts_at, NEW_YORK),
            wall_clock(session.ends_at, NEW_YORK),
            session.room.name,
        )

    def leads(self, session: GroupSession) -> list[str]:
        rows = SessionFacilitator.objects.filter(session=session, active=True)
        return [row.facilitator.user.name for row in rows.select_related("facilitator__user")]


@pytest.fixture
def world(transactional_db: None) -> World:
    return World()


def block(page: Page, session: GroupSession) -> Any:
    """The session on the surface."""
    return page.locator(f'.ec-event[data-session="{session.pk}"]')


def open_surface(page: Page, world: World, **more: str) -> None:
    page.goto(world.address(arrange="1", **more))
    for session in (world.circle, world.voices, world.gap):
        expect(block(page, session).first).to_be_visible()


def box_of(place: Any) -> dict[str, float]:
    """Where something is, once it is in sight."""
    place.scroll_into_view_if_needed()
    found = place.bounding_box()
    assert found
    return dict(found)


def drag(page: Page, place: Any, *, across: float = 0, down: float = 0) -> None:
    """Take hold of a session above its lower edge and carry it."""
    box = box_of(place)
    x, y = box["x"] + box["width"] / 2, box["y"] + 10
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + across / 2, y + down / 2, steps=4)
    page.mouse.move(x + across, y + down, steps=6)
    page.mouse.up()


def answer(page: Page) -> Any:
    """The dialog that says what an act comes to."""
    return page.get_by_role("dialog", name="What this comes to")


def test_a_drag_into_a_taken_room_is_refused_by_name(site, desk, sign_in, axe, world):
    sign_in(desk, world.scheduler)
    desk.goto(world.address())
    desk.get_by_role("link", name="Arrange").click()
    expect(block(desk, world.voices)).to_be_visible()
    was = box_of(block(desk, world.voices))
    drag(desk, block(desk, world.voices), down=box_of(block(desk, world.circle))["y"] - was["y"])
    said = answer(desk)
    expect(said.get_by_text("Harbor Room is taken by Morning Circle until 10:50.")).to_be_visible()
    expect(said.get_by_role("button", name="Move it")).to_have_count(0)
    axe(desk)
    said.get_by_role("button", name="Leave it as it was").click()

    # It went back to where it was, and nothing was changed.
    expect(said).to_be_hidden()
    expect(block(desk, world.voices)).to_contain_text("13:00–13:50")
    assert abs(box_of(block(desk, world.voices))["y"] - was["y"]) < 2
    assert world.stands(world.voices) == (world.tuesday, "13:00", "13:50", "Harbor Room")


def test_the_same_move_by_keyboard_alone(site, desk, sign_in, world):
    sign_in(desk, world.scheduler)
    open_surface(desk, world)
    for _ in range(80):
        desk.keyboard.press("Tab")
        if desk.evaluate("document.activeElement.dataset.session || ''") == str(world.voices.pk):
            break
    expect(block(desk, world.voices)).to_be_focused()
    desk.keyboard.press("Enter")
    said = answer(desk)
    expect(said.get_by_text("Hearing Voices", exact=True)).to_be_visible()
    tab_to(desk, "starts")
    desk.keyboard.type("1000AM")
    tab_to(desk, "ends")
    desk.keyboard.type("1050AM")
    tab_to(desk, "See what changes")
    desk.keyboard.press("Enter")
    expect(said.get_by_text("Harbor Room is taken by Morning Circle until 10:50.")).to_be_visible()
    expect(said.get_by_role("button", name="Move it")).to_have_count(0)

    # Another room is free. The same keys go on to it.
    tab_to(desk, "room")
    desk.keyboard.type("Gard")
    expect(said.get_by_text("Nothing is in the way.")).to_be_visible()
    expect(said.get_by_text("1 participant and Bo Li get 2 neutral messages.")).to_be_visible()
    tab_to(desk, "Move it")
    desk.keyboard.press("Enter")
    expect(desk.locator("#messages")).to_contain_text("moved to")
    expect(said).to_be_hidden()
    expect(block(desk, world.voices)).to_contain_text("10:00–10:50 · Garden Room")
    assert world.stands(world.voices) == (world.tuesday, "10:00", "10:50", "Garden Room")


def test_a_move_that_is_fine_and_its_undo(site, desk, sign_in, axe, world):
    sign_in(desk, world.scheduler)
    open_surface(desk, world)
    across = box_of(block(desk, world.gap))["x"] - box_of(block(desk, world.voices))["x"]
    drag(desk, block(desk, world.voices), across=across)
    said = answer(desk)
    expect(said.get_by_text("Nothing is in the way.")).to_be_visible()
    expect(said).to_contain_text(f"{wording.day(world.wednesday)}, 13:00–13:50")
    with desk.expect_response(lambda answer: reverse("sessions:week-events") in answer.url):
        said.get_by_role("button", name="Move it").click()
    done = desk.locator("#messages")
    expect(done).to_contain_text("moved to")
    axe(desk)
    assert world.stands(world.voices) == (world.wednesday, "13:00", "13:50", "Harbor Room")

    done.get_by_role("button", name="Undo").click()
    expect(desk.locator("#messages")).to_contain_text("undone")
    assert world.stands(world.voices) == (world.tuesday, "13:00", "13:50", "Harbor Room")


def test_what_a_colleague_changed_meanwhile_is_not_written_over(site, desk, sign_in, axe, world):
    sign_in(desk, world.scheduler)
    open_surface(desk, world)
    block(desk, world.voices).focus()
    desk.keyboard.press("Enter")
    said = answer(desk)
    said.get_by_label("Starts").fill("15:00")
    said.get_by_label("Ends").fill("15:50")
    said.get_by_label("Ends").blur()
    expect(said.get_by_text("Nothing is in the way.")).to_be_visible()
    expect(said).to_contain_text("15:00–15:50")

    # Somebody else leads it by now. It is shown anew, with what was typed.
    staff_session(session=world.voices, lead=world.ana, by=world.scheduler, at=clock.now())
    said.get_by_role("button", name="Move it").click()
    expect(said.get_by_text("This was changed meanwhile.")).to_be_visible()
    expect(said.get_by_label("Starts")).to_have_value("15:00")
    expect(said.locator("[data-act-told]")).to_be_focused()
    axe(desk)
    assert world.stands(world.voices) == (world.tuesday, "13:00", "13:50", "Harbor Room")

    # And once more while a field is asked about: the dialog follows, the typed field stays.
    move_session(
        session=world.voices, on=world.tuesday, starts=time(13), ends=time(13, 50),
        room=world.garden, by=world.scheduler, at=clock.now(),
    )  # fmt: skip
    said.get_by_text("Day, time, room and people").click()
    said.get_by_label("Ends").fill("16:00")
    said.get_by_label("Ends").blur()
    expect(said.get_by_label("Room")).to_have_value(str(world.garden.pk))
    expect(said.get_by_text("This was changed meanwhile.")).to_be_visible()
    expect(said).to_contain_text("15:00–16:00")
    said.get_by_role("button", name="Move it").click()
    expect(desk.locator("#messages")).to_contain_text("moved to")
    expect(said).to_be_hidden()
    assert world.stands(world.voices) == (world.tuesday, "15:00", "16:00", "Garden Room")
    assert world.leads(world.voices) == ["Ana Solís"]


def test_a_pull_at_the_lower_edge_makes_it_longer(site, desk, sign_in, world):
    sign_in(desk, world.scheduler)
    open_surface(desk, world)
    box = box_of(block(desk, world.voices))
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] - 3
    desk.mouse.move(x, y)
    desk.mouse.down()
    desk.mouse.move(x, y + 30, steps=5)
    desk.mouse.up()
    said = answer(desk)
    expect(said).to_contain_text(f"{wording.day(world.tuesday)}, 13:00–14:")
    # Escape is no: nothing changes.
    desk.keyboard.press("Escape")
    expect(said).to_be_hidden()
    expect(block(desk, world.voices)).to_contain_text("13:00–13:50")
    assert world.stands(world.voices) == (world.tuesday, "13:00", "13:50", "Harbor Room")


def test_a_facilitator_is_taken_to_a_session(site, desk, sign_in, world):
    sign_in(desk, world.scheduler)
    open_surface(desk, world, view="week", by="room")
    expect(block(desk, world.gap)).to_contain_text("needs a facilitator")
    desk.locator(f'[data-hand="{world.ana.pk}"]').hover()
    desk.mouse.down()
    to = box_of(block(desk, world.gap))
    desk.mouse.move(to["x"] + 40, to["y"] + 20, steps=6)
    expect(block(desk, world.gap)).to_have_class(re.compile("is-target"))
    desk.mouse.up()
    said = answer(desk)
    expect(said).to_contain_text("led by Ana Solís")
    said.get_by_role("button", name="Save it").click()
    expect(desk.locator("#messages")).to_contain_text("is led by Ana Solís")
    expect(block(desk, world.gap)).not_to_contain_text("needs a facilitator")
    assert world.leads(world.gap) == ["Ana Solís"]

    # By keyboard: take hold, then choose the session.
    bo = desk.locator(f'[data-hand="{world.bo.pk}"]')
    bo.focus()
    desk.keyboard.press("Enter")
    expect(bo).to_have_attribute("aria-pressed", "true")
    block(desk, world.gap).focus()
    desk.keyboard.press("Enter")
    expect(said).to_contain_text("led by Bo Li")
    said.get_by_role("button", name="Close", exact=True).click()
    assert world.leads(world.gap) == ["Ana Solís"]


def test_a_free_place_leads_to_a_new_series_there(site, desk, sign_in, world):
    sign_in(desk, world.scheduler)
    open_surface(desk, world)
    across = box_of(block(desk, world.gap))["x"]
    # Wednesday at ten: at the height of Tuesday's circle, one column on.
    desk.mouse.click(across + 30, box_of(block(desk, world.circle))["y"] + 4)
    expect(desk.get_by_role("heading", name="New series", level=1)).to_be_visible()
    expect(desk.get_by_label("Starts").first).to_have_value("10:00")
    expect(desk.get_by_label("Ends").first).to_have_value("10:50")
    expect(desk.get_by_label("Wed").first).to_be_checked()
    expect(desk.get_by_label("First day")).to_have_value(world.wednesday.isoformat())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_view_of_the_surface(scheme, site, desk, sign_in, axe, world):
    sign_in(desk, world.scheduler)
    for more in (
        {"view": "week"}, {"view": "week", "by": "room"}, {"view": "week", "by": "facilitator"},
        {"view": "month"},
    ):  # fmt: skip
        open_surface(desk, world, **more)
        axe(desk)
    desk.goto(world.address(arrange="1", view="day", by="facilitator", date=str(world.tuesday)))
    expect(block(desk, world.circle)).to_be_visible()
    axe(desk)


def test_on_a_phone_the_week_is_a_list(site, open_page, sign_in, axe, world):
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 Safari/604.1"
    phone = open_page(width=390, height=844, has_touch=True, is_mobile=True, user_agent=agent)
    sign_in(phone, world.scheduler)
    phone.goto(world.address())
    expect(phone.get_by_role("heading", name=wording.day(world.tuesday))).to_be_visible()
    expect(phone.get_by_text("Staff learning day").first).to_be_visible()
    expect(phone.get_by_text("needs a facilitator")).to_be_visible()
    expect(phone.get_by_role("link", name="Arrange")).to_have_count(0)
    axe(phone)
    phone.goto(world.address(view="week", arrange="1"))
    expect(phone.get_by_text("Arranging by hand needs a wider window.")).to_be_visible()
    expect(phone.get_by_role("link", name="Hearing Voices")).to_be_visible()
    wide = phone.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0
    axe(phone)


def test_the_week_on_paper_is_one_landscape_page_a_program(site, desk, sign_in, axe, world):
    sign_in(desk, world.scheduler)
    desk.goto(world.address())
    desk.get_by_role("link", name="Print").click()
    expect(desk.get_by_role("heading", name="Harbor Day Program")).to_be_visible()
    expect(desk.get_by_role("button", name="Print")).to_be_visible()
    axe(desk)
    for paper in ("A4", "Letter"):
        printed = desk.pdf(format=paper, prefer_css_page_size=True)
        pages = re.findall(rb"/Type\s*/Page\b", printed)
        (size,) = set(re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", printed))
        assert len(pages) == 1
        assert float(size[0]) > float(size[1])


def test_what_the_surface_cannot_do_is_said_as_it_is(site, desk, sign_in, axe, world):
    sign_in(desk, world.scheduler)
    page_faults(desk).expect("Failed to load resource", "500 from")
    events, move = f"**{reverse('sessions:week-events')}*", "**/week/move/**"
    desk.route(events, lambda route: route.abort("connectionfailed"))
    desk.goto(world.address(arrange="1"))
    said = desk.locator("main .part-fault")
    expect(said).to_contain_text("There is no connection, so this part could not be loaded.")
    axe(desk, without=".ec")  # its faults are the component's own
    desk.unroute(events)
    desk.get_by_role("button", name="Try again").click()
    expect(block(desk, world.voices)).to_be_visible()
    expect(said).to_have_count(0)

    # A session that is gone: in the server's words. A fault: nothing is claimed.
    told = desk.locator("#messages")
    desk.route(move, lambda route: route.fulfill(status=500, body="no"))
    block(desk, world.voices).focus()
    desk.keyboard.press("Enter")
    expect(told).to_contain_text("Something went wrong on our side.")
    desk.unroute(move)
    GroupSession.objects.filter(pk=world.gap.pk).update(program=make_program("Elsewhere"))
    block(desk, world.gap).focus()
    desk.keyboard.press("Enter")
    expect(told).to_contain_text("There is nothing here that you can open.")

    # The answer to an act was lost on the way: it may be done, or not.
    block(desk, world.voices).focus()
    desk.keyboard.press("Enter")
    answer(desk).get_by_label("Room").select_option("Garden Room")
    done = answer(desk).get_by_role("button", name=re.compile("(Move|Save) it"))
    expect(done).to_be_visible()
    desk.route(move, lambda route: (route.fetch(), route.abort("connectionreset"))[1])
    done.click()
    expect(told).to_contain_text("The answer did not arrive, so it is not certain")
    assert world.stands(world.voices)[3] == "Garden Room"
