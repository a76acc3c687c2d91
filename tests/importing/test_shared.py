"""The sets of a program's own files, where they are beside the project."""

import csv
import io
from collections import Counter

import pytest
import time_machine
from django.core.management import CommandError, call_command

from facilitators.models import Certification, Facilitator, TrainingRecord
from participants.models import EpisodeOfCare, Participant
from phpsupport.devservices import PROJECT
from phpsupport.importing.actions import check_files
from phpsupport.outbox.models import OutboxMessage
from phpsupport.programs.models import Closure
from phpsupport.users.models import User
from sessions.models import (
    Attendance,
    Enrollment,
    GroupSession,
    Room,
    SessionState,
    SupportGroup,
    WaitlistEntry,
)
from tests.factories import make_program
from tests.importing.sets import NOW, everything

SHARED = PROJECT.parent / "shared" / "data"
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not SHARED.is_dir(), reason="the shared sets are not here"),
]


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(NOW, tick=False):
        yield


def run(folder, **options):
    out = io.StringIO()
    call_command("import_program", str(SHARED / folder), program="Harbor", stdout=out, **options)
    return out.getvalue()


def rows_of(folder, name):
    text = (SHARED / folder / f"{name}.csv").read_text()
    return list(csv.DictReader(io.StringIO(text)))


def test_harbor_gives_the_counts_in_its_files_and_again_changes_nothing():
    make_program("Harbor")
    told = run("harbor")
    assert "Imported: 1357 new, 0 changed." in told
    files = {name: rows_of("harbor", name) for name in (
        "staff", "training", "participants", "rooms", "closures", "groups", "enrollments", "attendance"
    )}  # fmt: skip
    assert User.objects.count() == len(files["staff"])
    assert Facilitator.objects.count() == sum(r["role"] == "facilitator" for r in files["staff"])
    assert TrainingRecord.objects.count() + Certification.objects.count() == len(files["training"])
    assert Participant.objects.count() == len(files["participants"])
    assert EpisodeOfCare.objects.count() == len(files["participants"])
    assert Room.objects.count() == len(files["rooms"])
    assert Closure.objects.count() == len(files["closures"])
    assert SupportGroup.objects.count() == len(files["groups"])
    assert Enrollment.objects.count() + WaitlistEntry.objects.count() == len(files["enrollments"])
    assert WaitlistEntry.objects.count() > 0
    assert Counter(Attendance.objects.values_list("status", flat=True)) == Counter(
        r["status"] for r in files["attendance"]
    )
    ended = [r for r in files["participants"] if "" < r["discharged_on"] <= "2026-11-23"]
    planned = [r for r in files["participants"] if r["discharged_on"] > "2026-11-23"]
    assert EpisodeOfCare.objects.exclude(discharged_on=None).count() == len(ended)
    assert EpisodeOfCare.objects.exclude(planned_discharge_on=None).count() == len(planned)
    held = {(r["date"], r["group"]) for r in files["attendance"]}
    assert GroupSession.objects.filter(state=SessionState.HELD).count() == len(held)
    assert not OutboxMessage.objects.exists()

    before = everything()
    assert "Everything is on record already. Nothing changed." in run("harbor")
    assert everything() == before


MESSY = {
    ("staff.csv", 9, "last_name"): "not UTF-8 (byte 0xE1)",
    ("training.csv", 3, "completed_on"): "leaves out the year",
    ("training.csv", 55, "staff_id"): "Nobody has the number S999",
    ("training.csv", 56, "requirement"): "Juggling",
    ("training.csv", 56, "hours"): "-3 hours",
    ("training.csv", 56, "expires_on"): "runs out before",
    ("participants.csv", 4, "admitted_on"): "“10/11-04” is not a date",
    ("participants.csv", 10, "(whole row)"): "repeats line 9",
    ("participants.csv", 50, "first_name"): "is a formula",
    ("participants.csv", 50, "date_of_birth"): "February 1990 has no day 30",
    ("participants.csv", 50, "email"): "not an e-mail address",
    ("participants.csv", 50, "phone"): "not a phone number",
    ("participants.csv", 50, "ok_to_text"): "neither yes nor no",
    ("participants.csv", 51, "admitted_on"): "no month 13",
    ("participants.csv", 51, "level_of_care"): "Write PHP or IOP",
    ("participants.csv", 52, "record_number"): "another person on line 2",
    ("groups.csv", 10, "room"): "Harbor Room is also wanted for Morning Check-in Circle",
    ("groups.csv", 11, "ends"): "does not come after the start",
    ("groups.csv", 12, "room"): "no room called “Attic”",
    ("groups.csv", 12, "facilitator_id"): "Nobody has the number S777",
    ("groups.csv", 12, "capacity"): "0 cannot be",
    ("groups.csv", 12, "until"): "comes before the first",
    ("groups.csv", 12, "time_zone"): "America/Nowhere",
    ("groups.csv", 13, "starts"): "2:30 does not exist on Sun 14 Mar 2027",
}


def test_harbor_messy_tells_each_planted_fault_and_saves_nothing():
    program = make_program("Harbor")
    before = everything()
    files = [(p.name, p.read_bytes()) for p in sorted((SHARED / "harbor-messy").iterdir())]
    report = check_files(program=program, files=files, by=None, at=NOW)
    found = {(f.file, f.line, f.column): f.sentence for f in report.faults}
    assert found.keys() == MESSY.keys()
    for place, words in MESSY.items():
        assert words in found[place], place
    warned = {(f.file, f.line, f.column) for f in report.warnings}
    assert {("participants.csv", 6, "(whole row)"), ("participants.csv", 51, "last_name")} <= warned
    with pytest.raises(CommandError) as no:
        run("harbor-messy")
    assert no.value.returncode == 1
    assert everything() == before


def test_the_workbook_says_the_same_as_the_table(tmp_path):
    program = make_program("Harbor")
    for folder in ("harbor", "harbor-messy"):
        told = []
        for suffix in (".csv", ".xlsx"):
            name = f"participants{suffix}"
            files = [(name, (SHARED / folder / name).read_bytes())]
            report = check_files(program=program, files=files, by=None, at=NOW)
            told.append([(f.line, f.column, f.sentence) for f in report.findings])
        assert told[0] == told[1]
