"""The list, the record, the matrix and the board as people open them."""

import csv
import io
from datetime import date

import pytest
from django.urls import reverse

from facilitators.models import Facilitator, Leave, TrainingRecord
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.lib import clock
from tests.factories import (
    give_role,
    make_facilitator,
    make_program,
    make_requirements,
    make_staff,
)

pytestmark = pytest.mark.django_db

PAGES_OF_ALL = [
    ("facilitators:list", Role.SCHEDULER),
    ("facilitators:matrix", Role.SCHEDULER),
    ("facilitators:matrix", Role.SUPERVISOR),
    ("facilitators:board", Role.SUPERVISOR),
    ("facilitators:board", Role.PROGRAM_LEAD),
    ("facilitators:requirements", Role.PROGRAM_LEAD),
]


@pytest.mark.parametrize(("name", "role"), PAGES_OF_ALL)
def test_page_takes_as_many_queries_for_one_as_for_three(
    client, django_assert_max_num_queries, name, role
):
    program = make_program()
    user = make_staff(program, role)
    supervisor = user if role == Role.SUPERVISOR else None
    client.force_login(user)
    make_facilitator(program, supervisor=supervisor)
    client.get(reverse(name))  # the session is written once a minute
    with django_assert_max_num_queries(12) as one:
        assert client.get(reverse(name)).status_code == 200
    for cleared in (True, False):
        made = make_facilitator(program, supervisor=supervisor, cleared=cleared)
        Leave.objects.create(facilitator=made, from_on=date(2026, 1, 1), until_on=date(2026, 1, 5))
    with django_assert_max_num_queries(12) as three:
        assert client.get(reverse(name)).status_code == 200
    assert len(three) == len(one)


def test_record_takes_as_many_queries_with_more_on_it(client, django_assert_max_num_queries):
    program = make_program()
    client.force_login(make_staff(program, Role.SUPERVISOR))
    facilitator = make_facilitator(program)
    address = reverse("facilitators:detail", args=[facilitator.pk])
    client.get(address)
    with django_assert_max_num_queries(12) as one:
        assert client.get(address).status_code == 200
    for requirement in make_requirements(program, 5):
        TrainingRecord.objects.create(
            facilitator=facilitator, requirement=requirement, completed_on=date(2025, 3, 1)
        )
    with django_assert_max_num_queries(12) as more:
        assert client.get(address).status_code == 200
    assert len(more) == len(one)


# --- who may open what ----------------------------------------------------------------------------
EVERY_PAGE = [
    ("detail", "get", {Role.SCHEDULER, Role.SUPERVISOR, Role.PROGRAM_LEAD}),
    ("edit", "get", {Role.SCHEDULER, Role.PROGRAM_LEAD}),
    ("supervisor", "get", {Role.SCHEDULER, Role.PROGRAM_LEAD}),
    ("stage", "get", {Role.SUPERVISOR, Role.PROGRAM_LEAD}),
    ("availability", "get", {Role.SCHEDULER, Role.SUPERVISOR, Role.PROGRAM_LEAD}),
    ("leave-add", "get", {Role.SCHEDULER, Role.SUPERVISOR, Role.PROGRAM_LEAD}),
    ("training-add", "get", {Role.SUPERVISOR, Role.PROGRAM_LEAD}),
    ("certification-add", "get", {Role.SUPERVISOR, Role.PROGRAM_LEAD}),
    ("override", "get", {Role.SUPERVISOR, Role.PROGRAM_LEAD}),
]


@pytest.mark.parametrize(("name", "method", "roles"), EVERY_PAGE)
def test_a_page_opens_to_its_roles_in_the_program_and_to_nobody_elses(client, name, method, roles):
    facilitator = make_facilitator(make_program())
    address = reverse(f"facilitators:{name}", args=[facilitator.pk])
    for role in Role:
        client.force_login(make_staff(facilitator.program, role))
        answer = client.get(address)
        expected = {200} if role in roles else {403, 404}
        assert answer.status_code in expected, role
        client.force_login(make_staff(make_program(), role))
        assert client.get(address).status_code in {403, 404}, role
    client.logout()
    assert client.get(address).status_code == 302


@pytest.mark.parametrize("name", ["detail", "availability", "leave-add"])
def test_a_facilitator_opens_their_own_and_not_a_colleagues(client, name):
    program = make_program()
    mine, colleagues = make_facilitator(program), make_facilitator(program)
    client.force_login(mine.user)
    assert client.get(reverse(f"facilitators:{name}", args=[mine.pk])).status_code == 200
    assert client.get(reverse(f"facilitators:{name}", args=[colleagues.pk])).status_code == 404
    # As a clinician beside they see colleagues' rows, but the record is not for clinicians.
    give_role(mine.user, program, Role.CLINICIAN)
    assert client.get(reverse(f"facilitators:{name}", args=[colleagues.pk])).status_code == 403


@pytest.mark.parametrize("name", ["stage", "training-add", "certification-add", "override"])
def test_nobody_judges_themselves(client, name):
    program = make_program()
    supervisor = make_staff(program, Role.SUPERVISOR)
    own = make_facilitator(program, user=supervisor)
    client.force_login(supervisor)
    assert client.get(reverse(f"facilitators:{name}", args=[own.pk])).status_code == 403


def test_a_row_of_another_facilitator_is_not_found_under_this_one(client):
    program = make_program()
    client.force_login(make_staff(program, Role.SUPERVISOR))
    first, second = make_facilitator(program), make_facilitator(program)
    training = second.training_records.first()
    for name, row in [("training-verify", training), ("training-revoke", training)]:
        address = reverse(f"facilitators:{name}", args=[first.pk, row.pk])
        assert client.post(address).status_code == 404
    training.refresh_from_db()
    assert (training.verified_at, training.revoked_on) == (None, None)


# --- acts -----------------------------------------------------------------------------------------
def test_verifying_takes_a_post_and_a_second_click_is_told(client):
    program = make_program()
    supervisor = make_staff(program, Role.SUPERVISOR, first_name="Ruth", last_name="Adeyemi")
    client.force_login(supervisor)
    facilitator = make_facilitator(program)
    training = facilitator.training_records.first()
    address = reverse("facilitators:training-verify", args=[facilitator.pk, training.pk])
    assert client.get(address).status_code == 405
    answer = client.post(address, follow=True)
    assert "The certificate is verified." in answer.content.decode()
    answer = client.post(address, follow=True)
    assert "Ruth Adeyemi verified this training on" in answer.content.decode()


def test_adding_keeps_what_was_typed_and_says_what_is_wrong_beside_the_field(client):
    program = make_program()
    client.force_login(make_staff(program, Role.SCHEDULER))
    taken = make_facilitator(program)
    typed = {
        "first_name": "Ana",
        "last_name": "Solís",
        "email": "ana@staff.example",
        "staff_id": taken.staff_id,
        "stage": "active",
        "languages": "English; Spanish",
    }
    answer = client.post(reverse("facilitators:add"), typed)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Another facilitator has that staff number." in page
    assert 'value="English; Spanish"' in page
    answer = client.post(reverse("facilitators:add"), {**typed, "staff_id": "S-new"})
    made = Facilitator.objects.get(staff_id="S-new")
    assert answer.url == reverse("facilitators:detail", args=[made.pk])
    assert made.languages == ["English", "Spanish"]


def test_leave_without_a_last_day_is_one_day_and_is_cancelled_by_post(client):
    facilitator = make_facilitator(make_program())
    client.force_login(facilitator.user)
    address = reverse("facilitators:leave-add", args=[facilitator.pk])
    client.post(address, {"from_on": "2030-03-04", "until_on": ""})
    row = Leave.objects.get()
    assert (row.from_on, row.until_on) == (date(2030, 3, 4), date(2030, 3, 4))
    answer = client.post(address, {"from_on": "2030-03-04", "until_on": ""})
    assert answer.status_code == 422
    assert "There is leave on Mon 4 Mar 2030 already." in answer.content.decode()
    cancel = reverse("facilitators:leave-cancel", args=[facilitator.pk, row.pk])
    client.get(cancel)
    row.refresh_from_db()
    assert row.cancelled_at is None
    client.post(cancel)
    row.refresh_from_db()
    assert row.cancelled_at is not None


def test_hours_need_both_ends_and_come_back_as_typed(client):
    facilitator = make_facilitator(make_program())
    client.force_login(facilitator.user)
    address = reverse("facilitators:availability", args=[facilitator.pk])
    answer = client.post(address, {"monday_0_starts": "09:00"})
    assert answer.status_code == 422
    assert "Enter until when." in answer.content.decode()
    typed = {
        "monday_0_starts": "09:00",
        "monday_0_ends": "12:00",
        "monday_1_starts": "11:00",
        "monday_1_ends": "15:00",
    }
    answer = client.post(address, typed)
    assert "Monday: 9:00–12:00 and 11:00–15:00 overlap." in answer.content.decode()
    client.post(address, {**typed, "monday_1_starts": "13:00"})
    assert facilitator.availability.count() == 2
    assert 'value="13:00"' in client.get(address).content.decode()


# --- the list -------------------------------------------------------------------------------------
def names(client, **wanted):
    answer = client.get(reverse("facilitators:list"), wanted)
    assert answer.status_code == 200
    return [row.name.split()[0] for row in answer.context["people"].rows]


def test_filters_choose_and_odd_values_do_no_harm(client):
    program = make_program()
    supervisor = make_staff(program, Role.SUPERVISOR)
    client.force_login(make_staff(program, Role.SCHEDULER))
    make_facilitator(program, first_name="Ana", supervisor=supervisor)
    devon = make_facilitator(program, first_name="Devon", cleared=False)
    devon.languages = ["Spanish"]
    devon.save()
    make_facilitator(program, first_name="Mo", stage="ended")
    make_facilitator(make_program(), first_name="Elsewhere")
    assert names(client) == ["Ana", "Devon"]
    assert names(client, q="dev") == ["Devon"]
    assert names(client, clearance="no") == ["Devon"]
    assert names(client, clearance="yes") == ["Ana"]
    assert names(client, language="Spanish") == ["Devon"]
    assert names(client, supervisor=str(supervisor.pk)) == ["Ana"]
    assert names(client, supervisor="none") == ["Devon"]
    assert names(client, stage="ended") == ["Mo"]
    assert names(client, q="nobody at all") == []
    assert names(client, stage="no-such", clearance="'--", q="ana") == ["Ana"]


# --- clearance on a chosen day --------------------------------------------------------------------
def test_the_record_says_why_in_words_on_a_chosen_day(client):
    program = make_program()
    client.force_login(make_staff(program, Role.SUPERVISOR))
    facilitator = make_facilitator(program, through=date(2030, 6, 30))
    address = reverse("facilitators:detail", args=[facilitator.pk])
    page = client.get(address, {"on": "2030-07-01"}).content.decode()
    assert "The certification counts only through 30 Jun 2030." in page
    assert "Mon 1 Jul 2030" in page
    later = client.get(address, {"on": "2030-06-30"}).context["record"].later
    assert (later.pill.words, later.reasons) == ("Cleared", [])
    for odd in ("yesterday", "2030-02-30", "0000-00-00"):
        answer = client.get(address, {"on": odd})
        assert "Enter a day that exists" in answer.content.decode()
    for edge in ("0001-01-01", "9999-12-31"):
        assert client.get(address, {"on": edge}).status_code == 200


# --- the matrix -----------------------------------------------------------------------------------
def test_cells_are_worded_and_lead_on(client):
    program = make_program()
    client.force_login(make_staff(program, Role.SUPERVISOR))
    first, second = make_requirements(program, 2)
    facilitator = make_facilitator(program, through=date(2030, 6, 30))
    facilitator.training_records.filter(requirement=second).delete()
    facilitator.training_records.update(verified_at=clock.now())

    def cells(on):
        answer = client.get(reverse("facilitators:matrix"), {"on": on})
        row = answer.context["matrix"].rows[0]
        return [row.cleared, *row.cells]

    cleared, certification, held, missing = cells("2030-01-01")
    assert (cleared.kind, cleared.words, cleared.second) == ("stop", "Not cleared", "1 reason")
    assert (certification.words, certification.second) == ("until Jun 2030", "full")
    assert (held.kind, held.words, held.second) == ("good", "until Jun 2030", "verified")
    assert (missing.kind, missing.words) == ("stop", "missing")
    assert missing.url.endswith(f"/training/add/?requirement={second.pk}")
    assert held.url.endswith(f"#t-{first.pk}")
    _, _, held, _ = cells("2030-06-16")
    assert (held.kind, held.words, held.second) == ("wait", "14 days left", "until 30 Jun")
    _, _, held, _ = cells("2030-06-30")
    assert (held.kind, held.words) == ("wait", "runs out today")
    _, _, held, _ = cells("2030-07-01")
    assert (held.kind, held.words) == ("stop", "ran out 30 Jun 2030")


def test_a_scheduler_sees_the_matrix_without_the_way_to_record(client):
    program = make_program()
    client.force_login(make_staff(program, Role.SCHEDULER))
    make_facilitator(program, cleared=False)
    page = client.get(reverse("facilitators:matrix")).content.decode()
    assert "missing" in page
    assert "/training/add/" not in page


def test_the_export_runs_no_formula_and_shows_whole_dates(client):
    program = make_program()
    client.force_login(make_staff(program, Role.SCHEDULER))
    make_facilitator(
        program, first_name='=HYPERLINK("http://x")', last_name="", through=date(2030, 6, 30)
    )
    program.training_requirements.filter(position=1).update(name="@SUM(1,2)")
    answer = client.get(reverse("facilitators:matrix-export"), {"on": "2030-01-01"})
    assert answer["Content-Type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0][2:] == [
        "Cleared on 2030-01-01", "Certification", "Active listening", "'@SUM(1,2)",
    ]  # fmt: skip
    assert rows[1][0].startswith("'=HYPERLINK")
    assert rows[1][4] == "until 30 Jun 2030 – to verify"
    assert all(not value.startswith(("=", "+", "-", "@")) for row in rows for value in row)
    assert AuditEvent.objects.filter(action="training.exported").count() == 1


# --- requirements ---------------------------------------------------------------------------------
def test_requirements_are_set_by_supervisors_and_leads_only(client):
    program = make_program()
    scheduler, lead = make_staff(program, Role.SCHEDULER), make_staff(program, Role.PROGRAM_LEAD)
    client.force_login(scheduler)
    assert "Add one" not in client.get(reverse("facilitators:requirements")).content.decode()
    assert client.post(reverse("facilitators:requirements-seed")).status_code == 403
    client.force_login(lead)
    page = client.get(reverse("facilitators:requirements")).content.decode()
    assert "No training is asked yet" in page
    client.post(reverse("facilitators:requirements-seed"))
    assert program.training_requirements.count() == 9
    answer = client.post(
        reverse("facilitators:requirement-add"), {"name": "documentation", "validity_months": "x"}
    )
    assert answer.status_code == 422
    answer = client.post(reverse("facilitators:requirement-add"), {"name": "documentation"})
    assert "There is a requirement of that name already." in answer.content.decode()
    row = program.training_requirements.get(name="Documentation")
    address = reverse("facilitators:requirement-retire", args=[row.pk])
    client.get(address)
    row.refresh_from_db()
    assert row.retired_on is None
    client.post(address)
    row.refresh_from_db()
    assert row.retired_on is not None
    client.force_login(make_staff(make_program(), Role.PROGRAM_LEAD))
    assert client.post(address).status_code == 404
