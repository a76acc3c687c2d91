"""The pages of schedulers, program leads, clinicians and privacy officers."""

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from participants.actions.care_team import assign_care_team
from participants.actions.contacts import give_consent, revoke_channel_consent, set_contact
from participants.actions.stays import discharge_participant
from participants.models import CareTeamMembership, EpisodeOfCare, Participant
from participants.signals import discharge_preview
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.programs.models import Program
from tests.factories import (
    enroll,
    give_role,
    make_facilitator,
    make_group,
    make_participant,
    make_program,
    make_series,
    make_staff,
)
from tests.participants.worlds import AT, TODAY, stay_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def program() -> Program:
    return make_program("Harbor Day Program")


def signed_in(program: Program, *roles: Role) -> Client:
    client = Client()
    client.force_login(make_staff(program, *roles))
    return client


def address(name: str, participant: Participant | None = None, *more: Any) -> str:
    args = [participant.pk, *more] if participant else []
    return reverse(f"participants:{name}", args=args)


ADMISSION = {
    "first_name": "Marisol",
    "last_name": "Rivera",
    "record_number": "H9001",
    "language": "Spanish",
    "admitted_on": "2026-03-10",
    "level": "PHP",
}


# --- the census -------------------------------------------------------------------------------
def names_in(response: Any) -> list[str]:
    return [row.name for row in response.context["census"].rows]


def test_the_census_shows_who_is_here_and_records_one_read(program: Program) -> None:
    here = make_participant(program, first_name="Ana", last_name="Solís", email="a@b.example")
    gone = make_participant(program, last_name="Gone")
    discharge_participant(
        episode=stay_of(gone), on=date(2026, 3, 6), reason="completed", by=None, at=AT
    )
    make_participant(make_program(), last_name="Elsewhere")
    client = signed_in(program, Role.SCHEDULER)
    response = client.get(address("census"))
    assert names_in(response) == ["Solís, Ana"]
    assert response.context["census"].counts["discharged"] == 1
    (event,) = AuditEvent.objects.filter(action="census.read")
    assert event.detail["people"] == [str(here.pk)]
    assert "Solís" not in str(event.detail)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("level=IOP", ["Zed, Bo"]),
        ("track=Mood", ["Solís, Ana"]),
        ("language=Spanish", ["Solís, Ana"]),
        ("only=interpreter", ["Solís, Ana"]),
        ("only=first_week", ["Zed, Bo"]),
        ("only=no_email_consent", ["Zed, Bo"]),
        ("status=coming", ["Later, Lou"]),
        ("status=planned", ["Zed, Bo"]),
        ("sort=-name", ["Zed, Bo", "Solís, Ana"]),
        ("sort=-admitted", ["Zed, Bo", "Solís, Ana"]),
        ("status=nonsense&sort=upside-down&page=x&level=%27", ["Solís, Ana", "Zed, Bo"]),
    ],
)
def test_the_census_is_narrowed_and_sorted(program: Program, query: str, found: list[str]) -> None:
    ana = make_participant(
        program, first_name="Ana", last_name="Solís", email="a@b.example", language="Spanish",
        interpreter_needed=True, admitted_on=date(2026, 2, 2),
    )  # fmt: skip
    EpisodeOfCare.objects.filter(participant=ana).update(track="Mood")
    bo = make_participant(
        program, first_name="Bo", last_name="Zed", record_number="H7700", level="IOP",
        admitted_on=date(2026, 3, 4), email="b@b.example",
    )  # fmt: skip
    EpisodeOfCare.objects.filter(participant=bo).update(planned_discharge_on=date(2026, 3, 20))
    revoke_channel_consent(participant=bo, channel="email", by=None, at=AT)
    make_participant(program, first_name="Lou", last_name="Later", admitted_on=date(2026, 3, 16))
    response = signed_in(program, Role.CLINICIAN).get(f"{address('census')}?{query}")
    assert response.status_code == 200
    assert names_in(response) == found


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("sol an", ["Solís, Ana"]),
        ("H77", ["Zed, Bo"]),
        ("x" * 5000, []),
        ("a\0n", ["Solís, Ana"]),
        ("", ["Solís, Ana", "Zed, Bo"]),
    ],
)
def test_names_are_sent_and_stand_in_no_address(
    program: Program, words: str, found: list[str]
) -> None:
    make_participant(program, first_name="Ana", last_name="Solís", record_number="H100")
    make_participant(program, first_name="Bo", last_name="Zed", record_number="H7700")
    client = signed_in(program, Role.SCHEDULER)
    response = client.post(address("census") + "?sort=name", {"q": words})
    assert names_in(response) == found
    assert f"q={words}" not in response.text.replace("+", " ") or not words
    # In an address they are not looked at.
    assert len(names_in(client.get(address("census") + "?q=sol"))) == 2


def test_the_first_week_ends_with_its_seventh_day(program: Program) -> None:
    make_participant(program, last_name="Seventh", admitted_on=TODAY - timedelta(days=6))
    make_participant(program, last_name="Eighth", admitted_on=TODAY - timedelta(days=7))
    response = signed_in(program, Role.SCHEDULER).get(address("census") + "?only=first_week")
    assert [row.state for row in response.context["census"].rows] == ["day 7"]


def test_the_day_is_the_day_at_the_site(program: Program) -> None:
    """Half past midnight UTC on 1 April is still 31 March in New York."""
    make_participant(program, admitted_on=date(2026, 3, 31))
    make_participant(program, last_name="Tomorrow", admitted_on=date(2026, 4, 1))
    with time_machine.travel("2026-04-01T00:30:00Z", tick=False):
        response = signed_in(program, Role.SCHEDULER).get(address("census"))
    assert [row.state for row in response.context["census"].rows] == ["day 1"]


def test_names_stand_in_the_order_in_which_people_look_for_them(program: Program) -> None:
    for first, last in (("Zoe", "Zed"), ("Ana", "Álvarez"), ("Bo", "de la Cruz"), ("Minh", "")):
        make_participant(program, first_name=first, last_name=last)
    client = signed_in(program, Role.SCHEDULER)
    named = ["Álvarez, Ana", "de la Cruz, Bo", "Minh", "Zed, Zoe"]
    assert names_in(client.get(address("census"))) == named
    assert names_in(client.get(address("census") + "?sort=-name")) == named[::-1]
    # Nobody has a day of discharge: those without one stand last, by name.
    assert names_in(client.get(address("census") + "?sort=-leaving")) == named


def test_a_long_census_has_pages(program: Program) -> None:
    for n in range(52):
        make_participant(program, last_name=f"Person {n:02}")
    client = signed_in(program, Role.SCHEDULER)
    assert len(names_in(client.get(address("census")))) == 50
    second = client.get(address("census") + "?page=2&status=in")
    assert names_in(second) == ["Person 50, Jo", "Person 51, Jo"]
    assert len(names_in(client.get(address("census") + "?page=99"))) == 2


def test_somebody_with_two_stays_is_listed_once(program: Program) -> None:
    person = make_participant(program, admitted_on=date(2026, 1, 5))
    discharge_participant(
        episode=stay_of(person), on=date(2026, 2, 1), reason="completed", by=None, at=AT
    )
    EpisodeOfCare.objects.create(participant=person, program=program, admitted_on=date(2026, 3, 2))
    client = signed_in(program, Role.SCHEDULER)
    assert len(names_in(client.get(address("census") + "?status=all"))) == 1
    assert names_in(client.get(address("census") + "?status=discharged")) == []


def test_the_census_of_a_sealed_chart_is_the_privacy_officers(program: Program) -> None:
    make_participant(program, last_name="Sealed", sealed_at=AT)
    assert names_in(signed_in(program, Role.SCHEDULER).get(address("census"))) == []
    assert len(names_in(signed_in(program, Role.PRIVACY_OFFICER).get(address("census")))) == 1


@pytest.mark.parametrize("role", [Role.FACILITATOR, Role.SUPERVISOR, Role.PARTICIPANT])
def test_the_census_is_not_for(program: Program, role: Role) -> None:
    assert signed_in(program, role).get(address("census")).status_code == 403


def test_an_empty_census_says_how_to_begin(program: Program) -> None:
    page = signed_in(program, Role.SCHEDULER).get(address("census")).content.decode()
    assert "Admit the first participant" in page
    page = signed_in(program, Role.CLINICIAN).get(address("census")).content.decode()
    assert "Admit the first participant" not in page


def queries_of(client: Client, url: str) -> int:
    client.get(url)  # the first visit writes the session
    with CaptureQueriesContext(connection) as seen:
        assert client.get(url).status_code == 200
    return len(seen)


def test_pages_make_the_same_queries_for_one_and_three(program: Program) -> None:
    clinician = make_staff(program, Role.CLINICIAN, Role.SCHEDULER)
    client = Client()
    client.force_login(clinician)

    def somebody() -> Participant:
        person = make_participant(program, email="x@y.example")
        assign_care_team(episode=stay_of(person), user=clinician, from_on=TODAY, by=None, at=AT)
        return person

    first = somebody()
    urls = [address("census"), address("my-people"), address("detail", first)]
    once = [queries_of(client, url) for url in urls]
    somebody(), somebody()
    for n in range(2):  # more on the page itself, too
        other = make_staff(program, Role.CLINICIAN, first_name=f"Lee{n}")
        assign_care_team(episode=stay_of(first), user=other, from_on=TODAY, by=None, at=AT)
    assert [queries_of(client, url) for url in urls] == once
    assert max(once) <= 12, once


# --- the page ---------------------------------------------------------------------------------
def test_the_page_of_a_participant_and_its_read(program: Program) -> None:
    person = make_participant(
        program, first_name="Ana", email="ana@mail.example", date_of_birth=date(1980, 5, 6)
    )
    for role in (Role.SCHEDULER, Role.PROGRAM_LEAD, Role.CLINICIAN, Role.PRIVACY_OFFICER):
        page = signed_in(program, role).get(address("detail", person)).content.decode()
        assert "ana@mail.example" in page
        assert "6 May 1980" in page
    assert AuditEvent.objects.filter(action="participant.read", object_id=person.pk).count() == 4


def test_those_who_run_groups_see_what_they_need_and_no_more(program: Program) -> None:
    supervisor = make_staff(program, Role.SUPERVISOR)
    facilitator = make_facilitator(program, supervisor=supervisor)
    person = make_participant(
        program, first_name="Ana", last_name="Rivera", record_number="H4711",
        email="ana@mail.example", date_of_birth=date(1980, 5, 6), access_needs="A seat by the door",
    )  # fmt: skip
    EpisodeOfCare.objects.filter(participant=person).update(referred_from="inpatient")
    enroll(make_series(program, facilitator=facilitator), person)
    for user in (facilitator.user, supervisor):
        client = Client()
        client.force_login(user)
        response = client.get(address("detail", person))
        page = response.content.decode()
        assert "Ana R." in page
        assert "A seat by the door" in page
        for hidden in ("Rivera", "H4711", "ana@mail.example", "1980", "npatient"):
            assert hidden not in page
    assert AuditEvent.objects.filter(action="participant.read", object_id=person.pk).count() == 2


def test_slots_are_filled_only_where_the_app_above_lets_one_in(program: Program) -> None:
    clinician = make_staff(program, Role.CLINICIAN)
    facilitator = make_facilitator(program)
    person = make_participant(program)
    enroll(make_series(program, facilitator=facilitator), person)
    groups = reverse("sessions:participant-groups", args=[person.pk])
    record = reverse("sessions:participant-record", args=[person.pk])

    def slots(user: Any) -> tuple[bool, bool]:
        client = Client()
        client.force_login(user)
        page = client.get(address("detail", person)).content.decode()
        for url in (groups, record):
            if url in page:
                assert client.get(url).status_code == 200
        return groups in page, record in page

    assert slots(make_staff(program, Role.SCHEDULER)) == (True, False)
    assert slots(make_staff(program, Role.PRIVACY_OFFICER)) == (False, False)
    assert slots(facilitator.user) == (False, True)
    assert slots(clinician) == (True, False)
    assign_care_team(episode=stay_of(person), user=clinician, from_on=TODAY, by=None, at=AT)
    assert slots(clinician) == (True, True)


def test_a_facilitator_sees_nobody_elses_people(program: Program) -> None:
    person = make_participant(program)
    assert signed_in(program, Role.FACILITATOR).get(address("detail", person)).status_code == 404


PERSON_PAGES = ["detail", "edit", "contacts", "consents", "level", "discharge", "reopen", "readmit",
                "move", "care-team"]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "method"),
    [("detail", "get"), *((name, how) for name in PERSON_PAGES[1:] for how in ("get", "post"))],
)
def test_pages_of_other_programs_strangers_and_sealed_charts_are_not_there(
    program: Program, name: str, method: str
) -> None:
    person = make_participant(program)
    sealed = make_participant(program, sealed_at=AT)
    stranger = getattr(signed_in(make_program(), Role.SCHEDULER, Role.CLINICIAN), method)
    assert stranger(address(name, person)).status_code == 404
    insider = getattr(signed_in(program, Role.SCHEDULER, Role.CLINICIAN), method)
    assert insider(address(name, sealed)).status_code == 404
    nobody = Client().get(address(name, person))
    assert nobody.status_code == 302
    assert "/accounts/login/" in nobody["Location"]


@pytest.mark.parametrize("name", [n for n in PERSON_PAGES if n not in ("detail", "care-team")])
@pytest.mark.parametrize(
    "role", [Role.CLINICIAN, Role.PRIVACY_OFFICER, Role.FACILITATOR, Role.PARTICIPANT]
)
def test_writing_is_for_planners(program: Program, name: str, role: Role) -> None:
    person = make_participant(program)
    assert signed_in(program, role).post(address(name, person)).status_code == 403


def test_the_former_program_no_longer_writes(program: Program) -> None:
    """The person went to a sister program: the old one still sees the old stay, and only that."""
    sister = make_program(site=program.site)
    person = make_participant(program)
    discharge_participant(
        episode=stay_of(person), on=date(2026, 3, 6), reason="moved", by=None, at=AT
    )
    EpisodeOfCare.objects.create(participant=person, program=sister, admitted_on=TODAY)
    theirs = make_staff(sister, Role.SCHEDULER, first_name="Noa", last_name="Lind")
    for kind, value in (("email", "new@mail.example"), ("phone", "(207) 555-0142")):
        set_contact(participant=person, kind=kind, value=value, by=theirs, at=AT)
    give_consent(participant=person, channel="email", by=theirs, at=AT)
    client = signed_in(program, Role.SCHEDULER)
    page = client.get(address("detail", person))
    assert [s.program for s in page.context["page"].stays] == [program.name]
    for told in ("new@mail.example", "555-0142", "Noa Lind", "Consent to"):
        assert told not in page.text
    assert (
        "new@mail.example" in signed_in(sister, Role.SCHEDULER).get(address("detail", person)).text
    )
    for name in ("edit", "contacts", "consents", "readmit"):
        assert client.get(address(name, person)).status_code == 403
    for name in ("level", "discharge"):
        assert client.post(address(name, person)).status_code == 302
    assert stay_of(person).discharged_on is None


# --- writing ----------------------------------------------------------------------------------
def test_admitting_through_the_form(program: Program) -> None:
    client = signed_in(program, Role.SCHEDULER)
    given = ADMISSION | {"email": "m@r.example", "phone": "(555) 555-0199", "ok_to_email": "on"}
    response = client.post(address("admit"), given)
    person = Participant.objects.get(record_number="H9001")
    assert response["Location"] == address("detail", person)
    assert {c.kind: c.value for c in person.contacts.all()} == {
        "email": "m@r.example",
        "phone": "+15555550199",
    }
    assert [c.channel for c in person.channel_consents.all()] == ["email"]
    assert stay_of(person).program == program


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"first_name": " "}, "first_name"),
        ({"date_of_birth": "2027-01-01"}, "date_of_birth"),
        ({"date_of_birth": "1899-01-01"}, "date_of_birth"),
        ({"date_of_birth": "2026-02-30"}, "date_of_birth"),
        ({"phone": "12"}, "phone"),
        ({"phone": "five five five"}, "phone"),
        ({"email": "nonsense"}, "email"),
        ({"ok_to_email": "on"}, "email"),
        ({"ok_to_text": "on"}, "phone"),
        ({"planned_discharge_on": "2026-03-01"}, "planned_discharge_on"),
        ({"admitted_on": "2062-03-10"}, "admitted_on"),
        ({"level": "XXX"}, "level"),
        ({"record_number": "H1"}, "record_number"),
    ],
)
def test_a_slip_is_told_beside_its_field_and_what_was_typed_stays(
    program: Program, wrong: dict[str, str], field: str
) -> None:
    make_participant(program, record_number="H1")
    client = signed_in(program, Role.SCHEDULER)
    response = client.post(address("admit"), ADMISSION | wrong)
    assert response.status_code == 200
    assert list(response.context["form"].errors) == [field]
    assert 'value="Rivera"' in response.content.decode()
    assert Participant.objects.count() == 1


def test_names_of_all_kinds(program: Program) -> None:
    client = signed_in(program, Role.SCHEDULER)
    for n, first in enumerate(("Nguyễn Thị Minh", "D’Angelo", "Ωmega", "李明", "=SUM(A1)")):
        client.post(
            address("admit"),
            ADMISSION | {"first_name": first, "last_name": "", "record_number": f"N{n}"},
        )
        person = Participant.objects.get(record_number=f"N{n}")
        assert (person.first_name, person.last_name) == (first, "")
    assert client.get(address("census")).status_code == 200


def test_the_same_name_and_birth_is_asked_about_before_a_second_person_is_made(
    program: Program,
) -> None:
    old = make_participant(
        program, first_name="marisol", last_name="RIVERA", date_of_birth=date(1990, 4, 5)
    )
    client = signed_in(program, Role.SCHEDULER)
    given = ADMISSION | {"date_of_birth": "1990-04-05"}
    response = client.post(address("admit"), given)
    assert address("detail", old) in response.content.decode()
    assert not Participant.objects.filter(record_number="H9001").exists()
    again = client.post(address("admit"), given | {"different_person": "on"})
    assert again.status_code == 302
    assert Participant.objects.filter(last_name__iexact="rivera").count() == 2


def test_the_edit_form_keeps_names_and_asks_for_no_more(program: Program) -> None:
    person = make_participant(program, first_name="Ana", date_of_birth=date(1980, 5, 6))
    client = signed_in(program, Role.PROGRAM_LEAD)
    given = {
        "first_name": "Ana María", "last_name": "", "record_number": person.record_number,
        "date_of_birth": "1980-05-06", "language": "Spanish", "interpreter_needed": "on",
    }  # fmt: skip
    assert client.post(address("edit", person), given).status_code == 302
    person.refresh_from_db()
    assert (person.first_name, person.last_name, person.interpreter_needed) == (
        "Ana María",
        "",
        True,
    )
    make_participant(program, record_number="TAKEN")
    refused = client.post(address("edit", person), given | {"record_number": "TAKEN"})
    assert "record_number" in refused.context["form"].errors


def test_contacts_and_consents_through_their_pages(program: Program) -> None:
    person = make_participant(program)
    client = signed_in(program, Role.SCHEDULER)
    client.post(address("consents", person), {"channel": "email", "act": "give"})
    assert not person.channel_consents.exists()  # no address yet
    client.post(address("contacts", person), {"email": "a@b.example", "phone": "+44 20 7946 0018"})
    assert {c.value for c in person.contacts.all()} == {"a@b.example", "+442079460018"}
    for act, live in (("give", 1), ("give", 1), ("revoke", 0), ("revoke", 0)):
        client.post(address("consents", person), {"channel": "email", "act": act})
        assert person.channel_consents.filter(revoked_at=None).count() == live
    client.post(address("consents", person), {"channel": "pigeon", "act": "give"})
    assert person.channel_consents.count() == 1
    page = client.get(address("consents", person)).content.decode()
    assert "Given Tue 10 Mar 2026, 11:00" in page


def test_discharge_shows_what_it_ends_and_a_second_click_is_told_kindly(program: Program) -> None:
    def groups(sender: object, episode: EpisodeOfCare, on: date, **_: Any) -> list[str]:
        return [f"The place in Morning Check-in ends with {on:%d %m}."]

    person = make_participant(program)
    stay = stay_of(person)
    client = signed_in(program, Role.SCHEDULER)
    discharge_preview.connect(groups)
    try:
        page = client.get(address("discharge", person)).content.decode()
        assert "Morning Check-in ends with 10 03" in page
        fragment = client.get(
            address("discharge", person) + "?on=2026-03-20", headers={"HX-Request": "true"}
        ).content.decode()
    finally:
        discharge_preview.disconnect(groups)
    assert "Morning Check-in ends with 20 03" in fragment
    assert "<html" not in fragment
    given = {"episode": str(stay.pk), "on": "2026-03-10", "reason": "completed"}
    for _ in range(2):
        response = client.post(address("discharge", person), given, follow=True)
        assert response.status_code == 200
    assert "Nothing was changed" in response.content.decode()
    stay.refresh_from_db()
    assert stay.discharged_on == TODAY


def test_discharge_names_the_groups_it_ends_and_ends_them(program: Program) -> None:
    person, other = make_participant(program), make_participant(program)
    group = make_group(program, "Morning Check-in")
    place = enroll(make_series(program, group=group), person, until_on=date(2026, 12, 31))
    enroll(make_series(program, group=make_group(program, "Art")), other)
    client = signed_in(program, Role.SCHEDULER)
    page = client.get(address("discharge", person)).content.decode()
    assert "The place in Morning Check-in ends." in page
    assert "Art" not in page
    given = {"episode": str(stay_of(person).pk), "on": "2026-03-10", "reason": "completed"}
    client.post(address("discharge", person), given)
    place.refresh_from_db()
    assert place.until_on == TODAY


def test_a_day_ahead_is_planned_and_can_be_taken_back(program: Program) -> None:
    person = make_participant(program)
    stay = stay_of(person)
    client = signed_in(program, Role.SCHEDULER)
    client.post(address("discharge", person), {"episode": str(stay.pk), "on": "2026-03-20"})
    stay.refresh_from_db()
    assert (stay.discharged_on, stay.planned_discharge_on) == (None, date(2026, 3, 20))
    client.post(address("discharge", person), {"episode": str(stay.pk), "take_back": "1"})
    stay.refresh_from_db()
    assert stay.planned_discharge_on is None


def test_a_page_left_open_does_not_end_the_next_stay(program: Program) -> None:
    person = make_participant(program, admitted_on=date(2026, 1, 5))
    old = stay_of(person)
    discharge_participant(episode=old, on=date(2026, 3, 6), reason="completed", by=None, at=AT)
    new = EpisodeOfCare.objects.create(participant=person, program=program, admitted_on=TODAY)
    client = signed_in(program, Role.SCHEDULER)
    response = client.post(
        address("discharge", person),
        {"episode": str(old.pk), "on": "2026-03-10", "reason": "completed"},
    )
    assert "The stay has changed" in response.content.decode()
    new.refresh_from_db()
    assert new.discharged_on is None


def test_readmission_through_the_form(program: Program) -> None:
    person = make_participant(program)
    discharge_participant(episode=stay_of(person), on=TODAY, reason="completed", by=None, at=AT)
    client = signed_in(program, Role.SCHEDULER)
    form = client.get(address("readmit", person)).context["form"]
    assert form["admitted_on"].initial == date(2026, 3, 11)
    given = {"admitted_on": "2026-03-10", "level": "IOP"}
    refused = client.post(address("readmit", person), given)
    assert "Wed 11 Mar" in refused.context["form"].errors["admitted_on"][0]
    given["admitted_on"] = "2026-03-11"
    assert client.post(address("readmit", person), given).status_code == 302
    again = client.post(address("readmit", person), given, follow=True)
    assert "has an open stay already" in again.content.decode()
    assert person.episodes.count() == 2


def test_taking_a_discharge_back_through_its_page(program: Program) -> None:
    person = make_participant(program)
    stay = stay_of(person)
    client = signed_in(program, Role.SCHEDULER)
    told = client.get(address("reopen", person), follow=True)
    assert "no discharge to take back" in told.content.decode()
    discharge_participant(episode=stay, on=TODAY, reason="completed", by=None, at=AT)
    assert address("reopen", person) in client.get(address("detail", person)).content.decode()
    assert client.get(address("reopen", person)).status_code == 200
    assert stay_of(person).discharged_on == TODAY
    client.post(address("reopen", person), {"episode": str(person.pk)})
    assert stay_of(person).discharged_on == TODAY
    for _ in range(2):
        assert client.post(address("reopen", person), {"episode": str(stay.pk)}).status_code == 302
    assert stay_of(person).discharged_on is None


def test_moving_between_programs(program: Program) -> None:
    sister, foreign = make_program("Sister", site=program.site), make_program("Foreign")
    user = make_staff(program, Role.SCHEDULER)
    give_role(user, sister, Role.PROGRAM_LEAD)
    give_role(user, foreign, Role.SCHEDULER)
    client = Client()
    client.force_login(user)
    person = make_participant(program)
    given = {
        "episode": str(stay_of(person).pk), "program": str(sister.pk), "last_on": "2026-03-10",
        "first_on": "2026-03-11", "level": "IOP",
    }  # fmt: skip
    refused = client.post(address("move", person), given | {"program": str(foreign.pk)})
    assert "program" in refused.context["form"].errors
    assert client.post(address("move", person), given).status_code == 302
    assert stay_of(person).program == sister


def test_the_care_team_page(program: Program) -> None:
    person = make_participant(program)
    clinician = make_staff(program, Role.CLINICIAN)
    client = Client()
    client.force_login(clinician)
    given = {
        "episode": str(stay_of(person).pk), "user": str(clinician.pk), "from_on": "2026-03-10",
    }  # fmt: skip
    assert client.post(address("care-team", person), given).status_code == 302
    assert [p.called for p in client.get(address("my-people")).context["people"]]
    member = CareTeamMembership.objects.get()
    other = make_participant(program)
    wrong = client.post(address("care-team-end", other, member.pk))
    assert wrong.status_code == 404
    client.post(address("care-team-end", person, member.pk))
    member.refresh_from_db()
    assert member.until_on == TODAY


def test_a_level_changes_through_its_form(program: Program) -> None:
    person = make_participant(program)
    client = signed_in(program, Role.SCHEDULER)
    given = {"episode": str(stay_of(person).pk), "level": "IOP", "from_on": "2026-03-10"}
    assert client.post(address("level", person), given).status_code == 302
    assert client.get(address("detail", person)).context["page"].current.level == "IOP"


@pytest.mark.parametrize("name", ["admit", *PERSON_PAGES[1:]])
def test_forms_open(program: Program, name: str) -> None:
    person = make_participant(program)
    if name in ("readmit", "reopen"):
        discharge_participant(episode=stay_of(person), on=TODAY, reason="completed", by=None, at=AT)
    client = signed_in(program, Role.SCHEDULER)
    url = address("admit") if name == "admit" else address(name, person)
    assert client.get(url).status_code == 200
