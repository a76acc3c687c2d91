"""A scheduler brings a program's files in, in a real browser."""

from collections.abc import Iterator

import pytest
import time_machine
from playwright.sync_api import expect

from participants.models import Participant
from phpsupport.access.roles import Role
from phpsupport.importing.patterns import SAMPLES
from tests.factories import make_program, make_staff
from tests.importing.sets import NOW


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    """The sample stands around this day."""
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_choose_check_save(site, desk, phone, sign_in, axe, scheme, tmp_path):
    program = make_program("Riverbend")
    lead = make_staff(program, Role.SCHEDULER, Role.PROGRAM_LEAD)
    sample = sorted((SAMPLES / "sample").glob("*.csv"))
    wrong = tmp_path / "rooms.csv"
    wrong.write_text("room,seats\nWillow,plenty\n")

    sign_in(phone, lead)
    phone.goto("/import/")
    axe(phone)
    phone.get_by_label("Files").set_input_files(str(wrong))
    phone.get_by_role("button", name="Check the files").click()
    expect(phone.get_by_text("This cannot be saved yet.")).to_be_visible()
    expect(phone.get_by_text("“plenty” is not a whole number").first).to_be_visible()
    expect(phone.get_by_role("button", name="Save")).to_have_count(0)
    axe(phone)

    sign_in(desk, lead)
    desk.goto("/import/")
    desk.get_by_label("Files").set_input_files([str(path) for path in sample])
    desk.get_by_role("button", name="Check the files").click()
    expect(desk.get_by_text("Everything can be saved.")).to_be_visible()
    axe(desk)
    assert not Participant.objects.exists()
    desk.get_by_role("button", name="Save 48 rows").click()
    expect(desk.get_by_text("Saved: 48 rows new.")).to_be_visible()
    assert Participant.objects.count() == 6
