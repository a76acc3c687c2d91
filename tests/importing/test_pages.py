"""Importing in the browser: who may, what is shown, what is saved, what is forgotten."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import uuid4

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from participants.models import Participant
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.importing import patterns
from phpsupport.importing.readers import MAX_BYTES
from phpsupport.programs.models import Closure
from sessions.models import Attendance, Room
from tests.factories import make_facilitator, make_program, make_staff
from tests.importing.sets import NOW, sample_files

pytestmark = pytest.mark.django_db
START = "/import/"


@pytest.fixture
def program():
    return make_program("Riverbend")


@pytest.fixture
def lead(program):
    return make_staff(program, Role.PROGRAM_LEAD)


@pytest.fixture
def scheduler(program):
    return make_staff(program, Role.SCHEDULER)


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(NOW, tick=False):
        yield


def upload(client, *files):
    return client.post(
        START, {"uploads": [SimpleUploadedFile(name, content) for name, content in files]}
    )


def digest_in(response):
    return response.context["digest"]


def test_the_first_page_says_how_to_begin(client, scheduler, django_assert_max_num_queries):
    client.force_login(scheduler)
    client.get(START)
    with django_assert_max_num_queries(12):
        page = client.get(reverse("importing:start"))
    assert page.status_code == 200
    for words in (b"Choose your files", b"attendance.csv", b"Empty workbook"):
        assert words in page.content


@pytest.mark.parametrize("role", [r for r in Role if r not in (Role.SCHEDULER, Role.PROGRAM_LEAD)])
def test_others_may_not(client, program, role):
    client.force_login(make_staff(program, role))
    for name in ("start", "template-csv", "template-xlsx", "sample"):
        assert client.get(reverse(f"importing:{name}")).status_code == 403
    for name in ("check", "report"):
        assert client.get(reverse(f"importing:{name}", args=[uuid4()])).status_code == 403
    for name in ("confirm", "discard"):
        assert client.post(reverse(f"importing:{name}", args=[uuid4()])).status_code == 403


def test_a_stranger_is_sent_to_sign_in(client):
    assert client.get(START).status_code == 302


def test_get_saves_nothing(client, lead):
    client.force_login(lead)
    for name in ("confirm", "discard"):
        assert client.get(reverse(f"importing:{name}", args=[uuid4()])).status_code == 405


def test_check_shows_everything_and_saves_nothing(client, lead):
    client.force_login(lead)
    sent = upload(client, *sample_files())
    assert sent.status_code == 302
    page = client.get(sent.url)
    assert page.status_code == 200
    assert page.context["total"].new == 48
    assert b"Everything can be saved." in page.content
    assert not Participant.objects.exists()
    one = client.get(sent.url + "?file=rooms.csv&state=new")
    assert [line.key for line in one.context["lines"]] == ["Willow", "Heron", "Video"]


def test_confirm_saves_what_was_shown_and_forgets_the_files(client, lead, program):
    client.force_login(lead)
    sent = upload(client, *sample_files())
    page = client.get(sent.url)
    done = client.post(sent.url + "confirm/", {"digest": digest_in(page)}, follow=True)
    assert b"Saved: 48 rows new." in done.content
    assert Participant.objects.count() == 6
    assert Attendance.objects.count() == 10
    assert set(Attendance.objects.values_list("marked_by", flat=True)) == {lead.pk}
    event = AuditEvent.objects.get(action="import.done")
    assert (event.actor_id, event.program_id, event.detail["new"]) == (lead.pk, program.pk, 48)
    # A second click finds it done, and so does whoever comes back within the hour.
    again = client.post(sent.url + "confirm/", {"digest": digest_in(page)}, follow=True)
    assert b"Saved: 48 rows new." in again.content
    assert Participant.objects.count() == 6
    for name in ("check", "report"):
        page = client.get(
            reverse(f"importing:{name}", args=[again.context["settled"].pk]), follow=True
        )
        assert b"Saved: 48 rows new." in page.content
    stored = "".join(str(s.get_decoded()) + s.session_data for s in Session.objects.all())
    assert "Saved" not in stored
    # What is saved is not forgotten by a press on the other button.
    late = client.post(sent.url + "discard/", follow=True)
    assert b"Saved: 48 rows new." in late.content


@pytest.mark.django_db(transaction=True)
def test_two_presses_at_the_same_moment_save_once_and_are_told_the_same(client, lead):
    client.force_login(lead)
    sent = upload(client, *sample_files())
    digest = digest_in(client.get(sent.url))
    together = Barrier(3)

    def press(_):
        hand = Client()
        hand.cookies = client.cookies
        together.wait(20)
        try:
            return hand.post(sent.url + "confirm/", {"digest": digest}, follow=True)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(press, range(3)))
    assert [a.status_code for a in answers] == [200, 200, 200]
    assert all(b"Saved: 48 rows new." in a.content for a in answers)
    assert not any(b"changed since" in a.content for a in answers)
    assert AuditEvent.objects.filter(action="import.done").count() == 1


def test_sent_again_there_is_nothing_to_save(client, lead):
    client.force_login(lead)
    sent = upload(client, *sample_files())
    client.post(sent.url + "confirm/", {"digest": digest_in(client.get(sent.url))})
    page = client.get(upload(client, *sample_files()).url)
    assert (page.context["total"].new, page.context["total"].same) == (0, 48)
    assert b"There is nothing to save." in page.content
    assert b"confirm/" not in page.content


def test_what_changed_in_between_is_shown_first(client, lead, program):
    client.force_login(lead)
    sent = upload(client, ("rooms.csv", b"room,seats\nWillow,8\n"))
    page = client.get(sent.url)
    Room.objects.create(site=program.site, name="Willow", seats=4)
    after = client.post(sent.url + "confirm/", {"digest": digest_in(page)}, follow=True)
    assert b"Nothing was saved; look at the new check" in after.content
    assert after.context["total"].changed == 1
    assert Room.objects.get().seats == 4
    client.post(sent.url + "confirm/", {"digest": digest_in(after)})
    assert Room.objects.get().seats == 8


def test_wrong_rows_cannot_be_confirmed(client, lead):
    client.force_login(lead)
    sent = upload(client, ("rooms.csv", b"room,seats\nWillow,8\nHeron,none\n"))
    page = client.get(sent.url)
    assert b"This cannot be saved yet." in page.content
    assert b"line 3" in page.content
    assert b"confirm/" not in page.content
    client.post(sent.url + "confirm/", {"digest": digest_in(page)})
    assert not Room.objects.exists()


def test_files_are_kept_encrypted_for_one_person_and_one_hour(client, lead, program):
    client.force_login(lead)
    sent = upload(client, *sample_files())
    stored = "".join(str(s.get_decoded()) + s.session_data for s in Session.objects.all())
    assert "Fairweather" not in stored
    assert "RB501" not in stored
    other = make_staff(program, Role.PROGRAM_LEAD)
    client.force_login(other)
    assert client.get(sent.url).status_code == 404
    assert client.post(sent.url + "confirm/", {"digest": "x"}).status_code == 404
    client.force_login(lead)
    with time_machine.travel(NOW + timedelta(minutes=61), tick=False):
        assert client.get(sent.url).status_code in (302, 404)


def test_another_program_does_not_open_them(client, lead):
    client.force_login(lead)
    sent = upload(client, ("rooms.csv", b"room,seats\nWillow,8\n"))
    lead_elsewhere = make_program("Elsewhere")
    from tests.factories import give_role

    give_role(lead, lead_elsewhere, Role.PROGRAM_LEAD)
    client.post(reverse("access:switch-program"), {"program": str(lead_elsewhere.pk)})
    assert client.post(sent.url + "confirm/", {"digest": "x"}).status_code in (302, 404)
    assert not Room.objects.exists()


def test_an_unknown_check_is_not_there(client, lead):
    client.force_login(lead)
    for name in ("check", "report"):
        assert client.get(reverse(f"importing:{name}", args=[uuid4()])).status_code == 404
    # Nor does the address of somebody's session open anything.
    key = Session.objects.order_by("expire_date").first().session_key
    assert client.get(f"{START}{key}/").status_code == 404


def test_discard_forgets(client, lead):
    client.force_login(lead)
    sent = upload(client, ("rooms.csv", b"room,seats\nWillow,8\n"))
    done = client.post(sent.url + "discard/", follow=True)
    assert b"Nothing was saved." in done.content
    assert b"The files are forgotten." in client.get(sent.url).content
    client.post(sent.url + "confirm/", {"digest": "x"})
    assert not Room.objects.exists()


def test_no_file_and_too_large(client, lead):
    client.force_login(lead)
    page = client.post(START, {})
    assert b"Choose at least one file." in page.content
    page = upload(client, ("rooms.csv", b"x" * (MAX_BYTES + 1)))
    assert b"is larger than 5 MB" in page.content
    page = upload(client, *[(f"r{n}.csv", b"a") for n in range(21)])
    assert b"at most 20 files" in page.content


def test_an_empty_file_is_told(client, lead):
    client.force_login(lead)
    page = client.get(upload(client, ("rooms.csv", b"")).url)
    assert b"The file is empty." in page.content


def test_nothing_of_a_cell_runs(client, lead):
    client.force_login(lead)
    rows = b'room,seats\n<script>alert(1)</script>,x\n"=1+1",3\n'
    sent = upload(client, ("rooms.csv", rows))
    page = client.get(sent.url)
    assert b"<script>alert" not in page.content
    table = client.get(sent.url + "check.csv").content.decode("utf-8-sig")
    assert not any(
        cell.startswith(("=", "+", "-", "@"))
        for row in __import__("csv").reader(io.StringIO(table))
        for cell in row
    )


def test_a_scheduler_cannot_bring_in_rights(client, scheduler):
    client.force_login(scheduler)
    page = client.get(upload(client, *sample_files()).url)
    told = {(f.file, f.line, f.column) for _, found in page.context["faults"] for f in found}
    assert told == {("staff.csv", n, "role") for n in (2, 6, 7)}
    rows = b"staff_id,first_name,role,email\nR90,Tove,facilitator,tove@riverbend.example\n"
    page = client.get(upload(client, ("staff.csv", rows)).url)
    assert page.context["can_be_saved"]


def test_nobody_changes_their_own_role(client, lead):
    client.force_login(lead)
    rows = f"staff_id,first_name,role,email\nR90,Tove,supervisor,{lead.email}\n".encode()
    page = client.get(upload(client, ("staff.csv", rows)).url)
    assert b"Ask somebody else to change your own roles." in page.content


def test_downloads(client, scheduler):
    client.force_login(scheduler)
    book = client.get(reverse("importing:template-xlsx"))
    assert load_workbook(io.BytesIO(book.content)).sheetnames[0] == "staff"
    for name in ("template-csv", "sample"):
        found = client.get(reverse(f"importing:{name}"))
        assert found["Content-Disposition"].startswith("attachment")
        assert found.content.startswith(b"PK")
    sent = upload(client, ("program.xlsx", patterns.shipped("template", "program.xlsx")))
    assert b"There is nothing to save." in client.get(sent.url).content


def test_the_check_makes_a_fixed_number_of_queries(client, lead, django_assert_max_num_queries):
    client.force_login(lead)
    for rows in (1, 60):
        text = "date,reason\n" + "".join(
            f"2027-{1 + n // 28:02}-{1 + n % 28:02},Closed\n" for n in range(rows)
        )
        sent = upload(client, ("closures.csv", text.encode()))
        with django_assert_max_num_queries(8):
            client.get(sent.url)
    assert not Closure.objects.exists()


def test_two_leads_of_other_programs_do_not_meet(client, lead):
    """A staff number of another program is nobody here."""
    other = make_facilitator(make_program("Elsewhere"))
    client.force_login(lead)
    rows = f"staff_id,requirement,completed_on\n{other.staff_id},Active listening,2026-01-05\n"
    page = client.get(upload(client, ("training.csv", rows.encode())).url)
    assert b"Nobody has the number" in page.content
