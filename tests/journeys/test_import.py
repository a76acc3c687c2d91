"""A scheduler brings in the program's own files: looked at first, then saved whole or not at all."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from playwright.sync_api import FilePayload, Page, expect

from participants.models import Participant
from phpsupport.access.roles import Role
from phpsupport.importing.patterns import SAMPLES
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions.models import Attendance, Enrollment, GroupSession, Room, WaitlistEntry
from tests.factories import make_program, make_staff
from tests.importing.sets import NOW
from tests.journeys.people import enter

FILES = sorted((SAMPLES / "sample").glob("*.csv"))


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    """The sample stands around this day."""
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def program(transactional_db: None) -> Program:
    return make_program("Riverbend")


@pytest.fixture
def scheduler(program: Program) -> User:
    return make_staff(program, Role.SCHEDULER, first_name="Priya", last_name="Nair")


def send(page: Page, *files: Path | FilePayload) -> None:
    """Choose the files and have them checked."""
    page.get_by_label("Files").set_input_files(list(files))  # type: ignore[arg-type]
    page.get_by_role("button", name="Check the files").click()
    expect(page.get_by_role("heading", name="Check your files")).to_be_visible()


def test_the_sample_is_looked_at_saved_once_and_found(
    site, desk, open_page, axe, program, scheduler
):
    enter(desk, scheduler)
    desk.get_by_role("link", name="Import").first.click()
    desk.get_by_role("button", name="Check the files").click()
    expect(desk.get_by_text("Choose at least one file.")).to_be_visible()
    send(desk, *FILES)
    expect(desk.get_by_text("This cannot be saved yet.")).to_be_visible()
    expect(desk.get_by_text("Only a program lead can bring in a supervisor.").first).to_be_visible()
    assert not Participant.objects.exists()

    # Those whom only the program lead may bring in come from the program lead.
    office = open_page()
    enter(office, make_staff(program, Role.PROGRAM_LEAD, first_name="Ruth", last_name="Okafor"))
    office.goto("/import/")
    send(office, *(path for path in FILES if path.stem in ("staff", "training")))
    office.get_by_role("button", name="Save 14 rows").click()
    expect(office.get_by_text("Saved: 14 rows new.")).to_be_visible()

    desk.get_by_role("link", name="Other files").click()
    send(desk, *FILES)

    # A dry run: each row and what would happen to it, nothing saved.
    expect(desk.get_by_text("Everything can be saved.")).to_be_visible()
    axe(desk)
    assert not Participant.objects.exists()
    with desk.expect_navigation():
        desk.get_by_label("File", exact=True).select_option("participants.csv")
    rows = desk.get_by_role("table", name="Every row").or_(desk.locator("#rows table"))
    expect(rows.get_by_role("row").filter(has_text="RB503")).to_contain_text("new")
    expect(rows.get_by_role("row").filter(has_text="Willow")).to_have_count(0)
    assert not Room.objects.exists()

    desk.get_by_role("button", name="Save 34 rows").dblclick()
    expect(desk.get_by_text("Saved: 34 rows new and 14 rows as before.")).to_be_visible()
    axe(desk)
    assert Participant.objects.count() == 6
    assert (Room.objects.count(), Attendance.objects.count()) == (3, 10)
    assert Enrollment.objects.exists()
    assert GroupSession.objects.exists()
    assert WaitlistEntry.objects.exists()  # more people than places: the later ones wait
    desk.reload()
    expect(desk.get_by_text("Saved: 34 rows new and 14 rows as before.")).to_be_visible()

    # There they are.
    desk.get_by_role("link", name="Participants").first.click()
    expect(desk.get_by_text("Peñaloza").first).to_be_visible()
    expect(desk.get_by_text("Kiki").first).to_be_visible()
    axe(desk)
    desk.get_by_role("link", name="Groups").first.click()
    expect(desk.get_by_role("link", name="Open Morning")).to_be_visible()

    # Sent again, there is nothing to do.
    desk.get_by_role("link", name="Import").first.click()
    send(desk, *FILES)
    expect(desk.get_by_text("Everything is on record already.")).to_be_visible()
    expect(desk.get_by_role("button", name="Save")).to_have_count(0)


def file(name: str, text: str) -> FilePayload:
    return {"name": name, "mimeType": "text/csv", "buffer": text.encode()}


MESSY = [
    # a byte-order mark, semicolons, a day that no calendar has, a US date, a name that computes
    file(
        "participants.csv",
        "\ufeffrecord_number;first_name;last_name;admitted_on;level_of_care\n"
        "RB701;Ida;Quist;2026-02-30;PHP\n"
        "RB702;=1+1;Marsh;2026-09-08;PHP\n"
        "RB703;Bo;Lund;11/04/2026;PHP\n"
        "RB704;Una;Fine;2026-09-08;PHP\n",
    ),
    file("rooms.csv", "room,seats\nWillow,8\nHeron,none\n"),
    file("enrollments.csv", "record_number,group,from,until\nRB999,Open Morning,2026-09-08,\n"),
]


def test_a_messy_file_is_explained_line_by_line_and_nothing_is_saved(site, desk, axe, scheduler):
    enter(desk, scheduler)
    desk.goto("/import/")
    send(desk, *MESSY)
    expect(desk.get_by_text("This cannot be saved yet.")).to_be_visible()
    expect(desk.get_by_role("button", name="Save")).to_have_count(0)
    for name, line, column in (
        ("participants.csv", 2, "admitted_on"),
        ("participants.csv", 3, "first_name"),
        ("participants.csv", 4, "admitted_on"),
        ("rooms.csv", 3, "seats"),
        ("enrollments.csv", 2, "record_number"),
    ):
        part = desk.get_by_role("region", name=name, exact=True)
        told = part.get_by_role("listitem").filter(has_text=f"line {line}").filter(has_text=column)
        expect(told).to_be_visible()
    axe(desk)

    # The same as a table to work through; then the files are forgotten.
    with desk.expect_download() as kept:
        desk.get_by_role("link", name="This check as a table").click()
    table = kept.value.path().read_text(encoding="utf-8-sig")
    assert "RB999" in table
    assert '"=1+1' not in table
    desk.get_by_role("button", name="Forget these files").click()
    expect(desk.get_by_text("Nothing was saved.")).to_be_visible()
    assert not Participant.objects.exists()
    assert not Room.objects.exists()
