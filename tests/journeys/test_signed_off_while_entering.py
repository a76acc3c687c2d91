"""What was marked or typed when the sign-in has expired, or somebody else has signed in."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.urls import reverse
from playwright.sync_api import Locator, Page, expect

from facilitators.actions.supervision import plan_supervision
from facilitators.models import Supervision
from phpsupport.access.roles import Role
from phpsupport.lib import clock
from sessions.models import Attendance, SupportGroup
from tests.browser import page_faults
from tests.factories import PASSWORD, give_role, make_facilitator, make_program, make_staff
from tests.journeys.test_attendance_and_notes import address, yesterday
from tests.journeys.test_attendance_by_hand import row, stored
from tests.sessions.worlds import World

pytestmark = pytest.mark.django_db(transaction=True)

WRITTEN = {
    "What did you talk about?": "How endings feel, with 4417 in mind.",
    "Strengths you noticed": "Lets silence be.",
    "Boundaries": "Nothing that worries us.",
    "Workload and role": "Three groups are enough.",
    "Wellness": "Sleeps better.",
    "Agreed actions": "Reads the guide on endings by Friday.",
}


def sign_off() -> None:
    """All sessions end on the server, as after twelve hours."""
    Session.objects.all().delete()


def leave_idle() -> None:
    """Nothing has happened for sixteen minutes."""
    for found in Session.objects.all():
        kept = SessionStore(found.session_key)
        kept["seen"] = (clock.now() - timedelta(minutes=16)).isoformat()
        kept.save()


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Sign in to go on")


def sign_in_here(page: Page, password: str = PASSWORD) -> None:
    dialog(page).get_by_label("Your password").fill(password)
    dialog(page).get_by_role("button", name="Sign in").click()


def field(page: Page, label: str) -> Locator:
    return page.get_by_role("textbox", name=label)


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()


def mark(page: Page, world: World) -> None:
    """Open the sheet and mark three people."""
    page.goto(address(world, "attendance"))
    expect(page.locator("[data-count]")).to_have_text("0 marked")
    for number, words in enumerate(("Present", "Excused", "Absent")):
        row(page, world, number).get_by_label(words, exact=True).check()
    row(page, world, 1).get_by_label("Reason").select_option("transport")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_marks_of_a_whole_group_survive(phone: Page, sign_in: Any, axe: Any, scheme: str) -> None:
    world = yesterday()
    sign_in(phone, world.leader)
    mark(phone, world)
    sign_off()
    save(phone)
    expect(dialog(phone)).to_be_visible()
    axe(phone)
    assert stored(world) == [""] * 3

    # Neither the keyboard nor a tap beside it takes it away.
    phone.keyboard.press("Escape")
    phone.keyboard.press("Escape")
    phone.touchscreen.tap(10, 10)
    expect(dialog(phone).get_by_label("Your password")).to_be_focused()

    page_faults(phone).expect("422")
    sign_in_here(phone, "not it")
    expect(dialog(phone).get_by_text("This is not your password. Try again.")).to_be_visible()
    sign_in_here(phone)
    expect(phone.get_by_text("Attendance saved.")).to_be_visible()
    expect(dialog(phone)).to_have_count(0)
    assert stored(world) == ["present", "excused", "absent"]
    assert Attendance.objects.get(status="excused").reason == "transport"


def test_the_sheet_itself_notices_and_marks_go_on(desk: Page, sign_in: Any) -> None:
    world = yesterday()
    sign_in(desk, world.leader)
    mark(desk, world)
    leave_idle()
    desk.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # who else is here?
    expect(dialog(desk)).to_be_visible()
    sign_in_here(desk)
    expect(dialog(desk)).to_have_count(0)
    assert stored(world) == [""] * 3, "nothing is sent before somebody says so"
    row(desk, world, 2).get_by_label("Late", exact=True).check()
    desk.get_by_role("button", name="Save, then notes").click()
    expect(desk.get_by_role("button", name="Check and sign")).to_be_visible()
    assert stored(world) == ["present", "excused", "late"]


class Talk:
    """A supervision that took place and waits to be written down."""

    def __init__(self) -> None:
        program = make_program()
        today = clock.local_date(clock.now(), program.zone)
        self.maya = make_staff(program, Role.SUPERVISOR, first_name="Maya", last_name="Lindqvist")
        self.bea = make_staff(program, Role.SUPERVISOR, first_name="Bea", last_name="Long")
        ana = make_facilitator(
            program, supervisor=self.maya, stage="active",
            on=today - timedelta(days=100), through=today + timedelta(days=900),
        )  # fmt: skip
        now = clock.now()
        self.planned = plan_supervision(
            facilitator=ana, supervisor=self.maya, by=self.maya,
            starts_at=now - timedelta(hours=1), at=now,
        )  # fmt: skip

    def write(self, page: Page) -> None:
        """Fill in all six fields."""
        page.goto(reverse("facilitators:supervision-detail", args=[self.planned.pk]))
        for label, words in WRITTEN.items():
            field(page, label).fill(words)

    def stored(self) -> list[str]:
        held = Supervision.objects.get()
        names = "discussed strengths boundary_review workload wellness agreed"
        return [getattr(held, name) for name in names.split()]


def test_a_record_written_for_long_survives_with_the_second_step(
    desk: Page, sign_in: Any, axe: Any
) -> None:
    talk = Talk()
    TOTP.activate(talk.maya, "JBSWY3DPEHPK3PXP")
    code = RecoveryCodes.activate(talk.maya).get_unused_codes()[0]
    sign_in(desk, talk.maya)
    talk.write(desk)
    leave_idle()
    save(desk)
    sign_in_here(desk)
    asked = dialog(desk).get_by_label("The code from your authenticator app")
    expect(asked).to_be_focused()
    axe(desk)
    assert talk.stored() == [""] * 6
    asked.fill(code)
    dialog(desk).get_by_role("button", name="Sign in").click()
    expect(desk.get_by_role("heading", name="Sign it")).to_be_visible()
    assert talk.stored() == list(WRITTEN.values())


def test_nothing_is_sent_in_somebody_elses_name(desk: Page, sign_in: Any, axe: Any) -> None:
    talk = Talk()
    sign_in(desk, talk.maya)
    talk.write(desk)
    sign_off()
    save(desk)
    expect(dialog(desk)).to_be_visible()
    sign_in(desk, talk.bea)  # on another tab
    theirs = desk.get_by_role("heading", name="Bea Long signed in on this device")
    expect(theirs).to_be_visible()
    expect(field(desk, "What did you talk about?")).to_have_count(0)
    expect(desk.get_by_text("What was entered here was not sent.")).to_be_visible()
    axe(desk)
    assert talk.stored() == [""] * 6

    sign_in(desk, talk.maya)
    desk.evaluate("dispatchEvent(new Event('focus'))")
    expect(theirs).to_have_count(0)
    assert talk.stored() == [""] * 6, "it waits until its writer sends it"
    save(desk)
    expect(desk.get_by_role("heading", name="Sign it")).to_be_visible()
    assert talk.stored() == list(WRITTEN.values())
    assert Supervision.objects.get().supervisor == talk.maya


def test_another_tab_of_somebody_else_covers_the_page_and_keeps_it(
    desk: Page, sign_in: Any
) -> None:
    talk = Talk()
    sign_in(desk, talk.maya)
    talk.write(desk)
    sign_in(desk, talk.bea)
    other = desk.context.new_page()
    other.goto(reverse("facilitators:supervision"))
    desk.bring_to_front()
    expect(desk.get_by_role("heading", name="Bea Long signed in on this device")).to_be_visible()
    sign_in(desk, talk.maya)
    desk.evaluate("dispatchEvent(new Event('focus'))")
    expect(field(desk, "Wellness")).to_have_value(WRITTEN["Wellness"])
    save(desk)
    expect(desk.get_by_role("heading", name="Sign it")).to_be_visible()
    assert talk.stored() == list(WRITTEN.values())


def test_what_was_entered_for_one_program_does_not_land_in_another(
    desk: Page, sign_in: Any
) -> None:
    first, second = make_program("Anchor House"), make_program("Bridge House")
    user = make_staff(first, Role.SCHEDULER)
    give_role(user, second, Role.SCHEDULER)
    sign_in(desk, user)
    desk.goto(reverse("sessions:group-new"))
    desk.get_by_label("Name", exact=True).fill("Morning walk")

    def change(name: str) -> None:
        other = desk.context.new_page()
        other.goto(reverse("sessions:groups"))
        other.locator("details.place summary").click()
        other.get_by_role("button", name=name).click()
        expect(other.locator("details.place summary")).to_contain_text(name)
        other.close()

    change("Bridge House")
    desk.get_by_role("button", name="Save the group").click()
    expect(
        desk.get_by_text("You work in another program now, so nothing was sent.")
    ).to_be_visible()
    expect(desk.get_by_label("Name", exact=True)).to_have_value("Morning walk")
    assert not SupportGroup.objects.exists()
    change("Anchor House")
    desk.get_by_role("button", name="Try again").click()
    expect(desk.get_by_role("heading", name="Morning walk")).to_be_visible()
    assert SupportGroup.objects.get().program == first


def test_without_a_connection_it_stays_and_says_so(phone: Page, sign_in: Any, axe: Any) -> None:
    world = yesterday()
    sign_in(phone, world.leader)
    mark(phone, world)
    page_faults(phone).expect("ERR_INTERNET_DISCONNECTED")
    phone.context.set_offline(True)
    save(phone)
    expect(phone.get_by_text("There is no connection, so nothing was sent.")).to_be_visible()
    axe(phone)
    phone.context.set_offline(False)
    save(phone)
    expect(phone.get_by_text("Attendance saved.")).to_be_visible()
    assert stored(world) == ["present", "excused", "absent"]


def test_a_server_that_cannot_say_is_no_reason_to_wait(desk: Page, sign_in: Any) -> None:
    world = yesterday()
    sign_in(desk, world.leader)
    mark(desk, world)
    page_faults(desk).expect("429")
    desk.route("**/accounts/again/", lambda route: route.fulfill(status=429, body="busy"))
    save(desk)
    expect(desk.get_by_text("Attendance saved.")).to_be_visible()
    assert stored(world) == ["present", "excused", "absent"]
