"""The trail: reads through the gate, refusals, signing in and out, and the page that shows it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.audit.trail import record
from phpsupport.lib import clock
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from tests import factories as make

PAGE = "/office/trail/"


@pytest.fixture
def program(db: None) -> Program:
    return make.make_program()


@pytest.fixture
def officer(program: Program) -> User:
    return make.make_staff(program, Role.PRIVACY_OFFICER, first_name="Ola", last_name="Berg")


def entries(action: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action=action).order_by("at"))


def text(client: Client, **query: Any) -> str:
    answer = client.get(PAGE, query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_reading_a_record_is_an_entry_and_a_list_is_not(program: Program, client: Client) -> None:
    user = make.make_staff(program, Role.SCHEDULER)
    participant = make.make_participant(program)
    client.force_login(user)
    client.get(reverse("participants:census"))
    assert entries("participant.read") == []
    client.get(reverse("participants:detail", args=[participant.pk]))
    (entry,) = entries("participant.read")
    assert (entry.actor_id, entry.object_id) == (user.pk, participant.pk)
    assert (entry.program_id, entry.object_type) == (program.pk, "participants.participant")
    assert participant.last_name not in str(entry.detail)


@pytest.mark.parametrize("known", [True, False])
def test_asking_for_what_is_not_yours_is_an_entry(
    program: Program, client: Client, known: bool
) -> None:
    """A foreign row and one that does not exist leave the same entry."""
    user = make.make_staff(program, Role.SCHEDULER)
    foreign = make.make_participant(make.make_program()).pk if known else uuid4()
    client.force_login(user)
    assert client.get(reverse("participants:detail", args=[foreign])).status_code == 404
    (entry,) = entries("access.refused")
    assert (entry.actor_id, entry.program_id) == (user.pk, program.pk)
    assert entry.detail == {"page": "participants:detail", "answer": 404, "asked": str(foreign)}


def test_a_page_of_another_role_is_an_entry(program: Program, client: Client) -> None:
    user = make.make_staff(program, Role.FACILITATOR)
    client.force_login(user)
    assert client.get(PAGE).status_code == 403
    (entry,) = entries("access.refused")
    assert entry.detail == {"page": "office:trail", "answer": 403}


def test_strangers_and_made_up_addresses_leave_no_entry(program: Program, client: Client) -> None:
    client.get(PAGE)
    client.get("/nowhere/")
    client.force_login(make.make_staff(program, Role.SCHEDULER))
    client.get("/nowhere/")
    assert entries("access.refused") == []


def test_signing_in_and_out_stand_in_every_program_of_the_person(
    program: Program, client: Client
) -> None:
    user = make.make_staff(program, Role.SCHEDULER)
    make.give_role(user, other := make.make_program(), Role.CLINICIAN)
    client.post("/accounts/login/", {"login": user.email, "password": make.PASSWORD})
    client.post("/accounts/logout/")
    for action in ("signed.in", "signed.out"):
        assert {e.program_id for e in entries(action)} == {program.pk, other.pk}
        assert {e.actor_id for e in entries(action)} == {user.pk}


# --- the page ---------------------------------------------------------------------------------------
def test_the_page_says_in_plain_words_what_was_done(
    program: Program, officer: User, client: Client
) -> None:
    at = datetime(2026, 3, 5, 3, 30, tzinfo=UTC)  # the evening before in New York
    held = make.give_role(make.make_user(), program, Role.SCHEDULER)
    person = make.make_participant(program)
    record("role.given", by=officer, at=at, obj=held)
    record(
        "participant.read", by=None, at=at + timedelta(hours=9), obj=person, program_id=program.pk
    )
    client.force_login(officer)
    page = text(client)
    assert "Wed 4 Mar 2026" in page
    assert "Thu 5 Mar 2026" in page
    assert "22:30:00" in page
    assert "Role: given" in page
    assert f"role assignment {str(held.pk)[:8]}<" in page
    assert "roleassignment" not in page
    assert f">{str(person.pk)[:8]}<" in page, "the act names the kind of row already"
    assert "The program itself" in page
    assert "Ola Berg" in page


def test_the_filters(program: Program, officer: User, client: Client) -> None:
    other = make.make_staff(program, Role.SCHEDULER, first_name="Una", last_name="Seen")
    person = make.make_participant(program)
    midnight = datetime(2026, 3, 9, 4, tzinfo=UTC)  # in New York, the day after the clock change
    record("policy.set", by=officer, at=midnight, program_id=program.pk)
    record("day.closed", by=other, at=midnight - timedelta(microseconds=1), program_id=program.pk)
    record("participant.read", by=other, at=midnight, obj=person, program_id=program.pk)
    client.force_login(officer)
    for query, there, gone in (
        ({"action": "policy"}, ["Policy: set"], ["Day: closed", "Participant: read"]),
        ({"action": "Participant"}, ["Participant: read"], ["Day: closed"]),
        ({"person": other.pk}, ["Day: closed", "Participant: read"], ["Policy: set"]),
        ({"about": person.pk}, ["Participant: read"], ["Day: closed"]),
        ({"day": "2026-03-09"}, ["Policy: set", "Participant: read"], ["Day: closed"]),
        ({"day": "2026-03-08"}, ["Day: closed"], ["Policy: set"]),
        ({"action": "nothing"}, ["Nothing fits these filters"], ["Day: closed"]),
    ):
        page = text(client, **query)
        for words in there:
            assert words in page, query
        for words in gone:
            assert words not in page, query


@pytest.mark.parametrize(
    "query",
    [
        {"day": "0001-01-01"}, {"day": "9999-12-31"}, {"day": "soon"}, {"about": "me"}, {"person": "x"},
        {"page": "0"}, {"page": "99999999999999999999999"}, {"page": "-1"}, {"action": "%_' --"},
    ],
)  # fmt: skip
def test_unreadable_filters_do_no_harm(
    officer: User, client: Client, query: dict[str, str]
) -> None:
    client.force_login(officer)
    text(client, **query)


def test_another_programs_entries_do_not_show(
    program: Program, officer: User, client: Client
) -> None:
    record("policy.set", by=None, at=clock.now(), program_id=make.make_program().pk)
    client.force_login(officer)
    assert "Policy: set" not in text(client)


def test_the_page_asks_the_same_number_of_questions(
    program: Program, officer: User, client: Client, django_assert_num_queries: Any
) -> None:
    client.force_login(officer)
    text(client)
    numbers = []
    for _ in range(2):
        for _ in range(3):
            user = make.make_staff(program, Role.SCHEDULER)
            record("policy.set", by=user, at=clock.now(), program_id=program.pk)
        with django_assert_num_queries(7) as asked:
            text(client)
        numbers.append(len(asked))
    assert max(numbers) <= 12
