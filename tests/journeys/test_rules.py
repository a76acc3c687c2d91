"""Two people with the rules of the program open: neither undoes what the other set."""

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from phpsupport.access.roles import Role
from phpsupport.lib import clock
from phpsupport.programs.models import policy_in_force
from tests.factories import make_program, make_staff
from tests.journeys.people import enter


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_two_set_rules_one_after_the_other(desk: Any, phone: Any, axe: Any) -> None:
    program = make_program()
    first = make_staff(program, Role.PROGRAM_LEAD, first_name="Gloria", last_name="Ferreira")
    second = make_staff(program, Role.ADMINISTRATOR, first_name="Ines", last_name="Moreau")
    today = clock.local_date(clock.now(), program.zone)
    later = today + timedelta(days=20)
    for page, user in ((desk, first), (phone, second)):
        enter(page, user)
        page.goto("/office/rules/")

    desk.get_by_label("Largest group").fill("10")
    desk.get_by_label("Why").fill("Our contract")
    desk.get_by_label("From", exact=True).fill(later.isoformat())
    desk.get_by_role("button", name="Set these rules").click()
    expect(desk.get_by_text("What you changed holds from")).to_be_visible()
    expect(desk.get_by_text("Largest group: 12 → 10")).to_be_visible()
    axe(desk)

    hours = phone.get_by_label("Remind people this many hours before a session")
    hours.fill("48")
    phone.get_by_role("button", name="Set these rules").click()
    expect(phone.get_by_text("Somebody set rules since you opened this page.")).to_be_visible()
    expect(hours).to_have_value("48")
    axe(phone)
    phone.get_by_role("button", name="Set these rules").click()
    expect(phone.get_by_text("What you changed holds from")).to_be_visible()
    assert policy_in_force(program.pk, later)["group_cap"] == 10
    assert policy_in_force(program.pk, later)["reminder_hours"] == [48]

    phone.get_by_role("link", name="The rules as they will be from").click()
    expect(phone.get_by_text("The rules of a later day")).to_be_visible()
    expect(phone.get_by_label("Largest group")).to_have_value("10")
    axe(phone)
