"""A participant's own preferences."""

from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from participants.models import Participant
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.programs.models import Program
from tests.factories import make_participant, make_program, make_staff
from tests.participants.worlds import AT

pytestmark = pytest.mark.django_db
PAGE, CONSENT = "participants:my-preferences", "participants:my-consent"
ANSWERS = {"preferred_name": "Mari", "language": "Spanish", "access_needs": "Breaks"}


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def program() -> Program:
    return make_program()


def own_client(program: Program, **fields: Any) -> tuple[Client, Participant]:
    user = make_staff(program, Role.PARTICIPANT)
    person = make_participant(
        program, user=user, first_name="Marisol", last_name="Rivera", **fields
    )
    client = Client()
    client.force_login(user)
    return client, person


def test_the_page_holds_the_own_answers_a_way_out_and_the_crisis_line(program: Program) -> None:
    client, person = own_client(program, email="marisol@mail.example", pronouns="she/her")
    other = make_participant(program, first_name="Somebody", last_name="Else")
    page = client.get(reverse(PAGE)).content.decode()
    assert 'value="she/her"' in page
    assert "m•••@mail.example" in page
    assert "marisol@mail.example" not in page
    assert "data-quick-exit" in page
    assert "988" in page
    assert other.first_name not in page
    assert AuditEvent.objects.filter(action="participant.read", object_id=person.pk).count() == 1


def test_answers_are_kept_and_nothing_else_can_be_changed(program: Program) -> None:
    client, person = own_client(program)
    number = person.record_number
    given = ANSWERS | {"record_number": "X", "first_name": "Other", "date_of_birth": "1990-01-01"}
    assert client.post(reverse(PAGE), given).status_code == 302
    person.refresh_from_db()
    assert (person.preferred_name, person.language, person.access_needs) == (
        "Mari", "Spanish", "Breaks",
    )  # fmt: skip
    assert (person.first_name, person.record_number, person.date_of_birth) == (
        "Marisol", number, None,
    )  # fmt: skip


def test_too_long_an_answer_is_told_and_kept(program: Program) -> None:
    client, person = own_client(program)
    response = client.post(reverse(PAGE), ANSWERS | {"pronouns": "x" * 41})
    assert "pronouns" in response.context["form"].errors
    assert "x" * 41 in response.content.decode()
    person.refresh_from_db()
    assert person.language == "English"


def test_consents_are_given_and_taken_back_by_the_person(program: Program) -> None:
    client, person = own_client(program, email="m@mail.example")
    client.post(reverse(CONSENT), {"channel": "email", "act": "revoke"})
    assert not person.channel_consents.filter(revoked_at=None).exists()
    client.post(reverse(CONSENT), {"channel": "email", "act": "give"})
    assert person.channel_consents.get(revoked_at=None).given_to == person.user
    refused = client.post(reverse(CONSENT), {"channel": "text", "act": "give"}, follow=True)
    assert "front desk" in refused.content.decode()
    assert client.get(reverse(CONSENT)).status_code == 405


def test_the_page_is_the_participants_only(program: Program) -> None:
    client = Client()
    client.force_login(make_staff(program, Role.SCHEDULER))
    assert client.get(reverse(PAGE)).status_code == 403
    assert client.post(reverse(CONSENT)).status_code == 403
    # The role without a record of one's own: nothing is there.
    client.force_login(make_staff(program, Role.PARTICIPANT))
    assert client.get(reverse(PAGE)).status_code == 404
    assert Client().get(reverse(PAGE)).status_code == 302


def test_a_former_chart_stays_closed_to_its_person(program: Program) -> None:
    client, _ = own_client(program, sealed_at=AT)
    assert client.get(reverse(PAGE)).status_code == 404
    assert client.post(reverse(PAGE), ANSWERS).status_code == 404


def test_a_privacy_officer_does_not_open_their_own_former_chart(program: Program) -> None:
    officer = make_staff(program, Role.PRIVACY_OFFICER)
    own = make_participant(program, user=officer, sealed_at=AT)
    other = make_participant(program, sealed_at=AT)
    client = Client()
    client.force_login(officer)
    address = "participants:detail"
    assert client.get(reverse(address, args=[own.pk])).status_code == 404
    assert client.get(reverse(address, args=[other.pk])).status_code == 200
    census = client.get(reverse("participants:census")).context["census"]
    assert [row.participant_id for row in census.rows] == [other.pk]


def test_participants_see_nobody_elses_page(program: Program) -> None:
    client, person = own_client(program)
    other = make_participant(program)
    for one in (person, other):
        for name in ("detail", "edit", "consents"):
            assert client.get(reverse(f"participants:{name}", args=[one.pk])).status_code == 403
