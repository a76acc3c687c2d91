"""From an invitation to a colleague's first page, and to the day on which the role ends."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from phpsupport.access.models import Invitation
from phpsupport.access.roles import Role
from phpsupport.users.models import User
from tests.factories import make_program, make_staff
from tests.jobs import Postbox
from tests.journeys.people import enter, fill_in_sign_in

SECRET = "a-quiet-lighthouse-7"


@pytest.mark.jobs
def test_invited_by_mail_in_at_work_and_out_again(
    site: str, desk: Any, phone: Any, open_page: Any, axe: Any, settings: Any, smtp: Postbox,
    worker: Any,
) -> None:  # fmt: skip
    settings.BASE_URL = site
    program = make_program("Harbor Recovery PHP")
    lead = make_staff(program, Role.PROGRAM_LEAD, first_name="Ruth", last_name="Okafor")
    enter(desk, lead)
    desk.get_by_role("link", name="People and roles").first.click()
    desk.get_by_role("link", name="Invite somebody").click()
    expect(desk.get_by_label("Administrator")).to_have_count(0)  # a lead makes no administrators
    desk.get_by_label(re.compile("E-?mail")).fill("noa@post.example")
    desk.get_by_label("First name").fill("Noa")
    desk.get_by_role("button", name="Send the invitation").click()
    expect(desk.get_by_text("Choose at least one.")).to_be_visible()
    expect(desk.get_by_label("First name")).to_have_value("Noa")
    desk.get_by_label("Last name").fill("Berg")
    desk.get_by_label("Scheduler").check()
    axe(desk)
    desk.get_by_role("button", name="Send the invitation").click()
    expect(desk.get_by_text("The invitation is on its way.")).to_be_visible()
    row = desk.get_by_role("row").filter(has_text="Noa Berg")
    expect(row).to_contain_text("invited")
    axe(desk)

    # A neutral letter with a link that works once.
    letter = smtp.wait_for(1)[0]
    assert letter.to == ["noa@post.example"]
    said = f"{letter.mail['From']} {letter.subject} {letter.text} {letter.html}"
    for telltale in ("harbor", "recovery", "php", "schedul", "program", "ruth", "okafor"):
        assert telltale not in re.sub(r"https?://\S+", "", said).lower()
    link = re.search(r"http://\S+", letter.text)
    assert link
    phone.goto(link[0])
    expect(phone.get_by_role("heading", name="Welcome, Noa")).to_be_visible()
    axe(phone)
    phone.get_by_label("Choose a password").fill("noa")
    phone.get_by_label("The same password again").fill("noa")
    phone.get_by_role("button", name="Open my account").click()
    expect(phone.get_by_text("too short").first).to_be_visible()
    phone.get_by_label("Choose a password").fill(SECRET)
    phone.get_by_label("The same password again").fill(SECRET)
    phone.get_by_role("button", name="Open my account").click()
    expect(phone.get_by_role("link", name="Today").first).to_be_visible()
    expect(phone).to_have_url(re.compile("/groups/today/$"))
    axe(phone)

    other = open_page()
    other.goto(link[0])
    expect(other.get_by_role("heading", name="This link no longer works")).to_be_visible()
    axe(other)
    other.get_by_role("link", name="Sign in").click()
    fill_in_sign_in(other, "noa@post.example", SECRET)
    expect(other.get_by_role("link", name="New series").first).to_be_visible()
    assert Invitation.objects.get().accepted_at

    # The role ends: the next click opens nothing any more, in each window.
    desk.reload()
    expect(row).to_contain_text("in use")
    row.get_by_role("link", name="End the role Scheduler of Noa Berg").click()
    desk.get_by_role("button", name="End the role").click()
    expect(desk.get_by_text("Noa Berg is no longer scheduler here.")).to_be_visible()
    expect(row).to_have_count(0)
    with other.expect_navigation() as shut:
        other.get_by_role("link", name="New series").first.click()
    assert shut.value.status in (403, 404)
    expect(other.get_by_role("link", name="New series")).to_have_count(0)
    axe(other)
    phone.goto("/")
    expect(phone.get_by_role("link", name="Today")).to_have_count(0)
    axe(phone)
    assert User.objects.get(email="noa@post.example").is_active
