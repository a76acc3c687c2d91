"""Who a participant is, how they may be reached, and what the columns hold."""

from datetime import date, timedelta

import pytest
from django.db import connection

from participants.actions.contacts import give_consent, revoke_channel_consent, set_contact
from participants.actions.people import update_participant
from participants.models import Participant
from participants.queries.reach import address_with_consent
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import Program
from tests.factories import make_participant, make_program, make_staff
from tests.participants.worlds import AT, TODAY

pytestmark = pytest.mark.django_db


@pytest.fixture
def program() -> Program:
    return make_program()


def test_a_change_keeps_what_stays_and_notes_which_fields(program: Program) -> None:
    person = make_participant(program, first_name="Ana", pronouns="she/her")
    user = make_staff(program, Role.SCHEDULER)
    for _ in range(2):
        update_participant(
            participant=person, by=user, at=AT, today=TODAY,
            first_name=" Ana  María ", pronouns="she/her", access_needs="Stairs are hard",
        )  # fmt: skip
    person.refresh_from_db()
    assert (person.first_name, person.access_needs) == ("Ana María", "Stairs are hard")
    (event,) = AuditEvent.objects.filter(action="participant.updated")
    assert event.detail == {"fields": ["access_needs", "first_name"]}


def test_a_change_that_cannot_be_is_refused(program: Program) -> None:
    person = make_participant(program, first_name="Ana", last_name="")
    other = make_participant(program)
    for changes, field in (
        ({"first_name": " "}, "first_name"),
        ({"record_number": other.record_number}, "record_number"),
        ({"date_of_birth": TODAY + timedelta(days=1)}, "date_of_birth"),
        ({"date_of_birth": date(1900, 1, 1)}, "date_of_birth"),
    ):
        with pytest.raises(Refused) as refused:
            update_participant(participant=person, by=None, at=AT, today=TODAY, **changes)
        assert refused.value.field == field
    with pytest.raises(TypeError):
        update_participant(participant=person, by=None, at=AT, today=TODAY, sealed_at=None)
    sealed = make_participant(program, sealed_at=AT)
    with pytest.raises(Refused):
        update_participant(participant=sealed, by=None, at=AT, today=TODAY, pronouns="they/them")


def test_a_consent_needs_an_address_is_given_once_and_taken_back_at_once(program: Program) -> None:
    person = make_participant(program)
    with pytest.raises(Refused) as refused:
        give_consent(participant=person, channel="email", by=None, at=AT)
    assert refused.value.code == "no_address"
    set_contact(participant=person, kind="email", value="a@b.example", by=None, at=AT)
    first = give_consent(participant=person, channel="email", by=None, at=AT)
    assert give_consent(participant=person, channel="email", by=None, at=AT) == first
    assert address_with_consent(person.pk) == "a@b.example"
    assert address_with_consent(person.pk, "text") is None
    assert revoke_channel_consent(participant=person, channel="email", by=None, at=AT)
    assert not revoke_channel_consent(participant=person, channel="email", by=None, at=AT)
    assert address_with_consent(person.pk) is None
    assert give_consent(participant=person, channel="email", by=None, at=AT) != first
    assert [e.action for e in AuditEvent.objects.order_by("pk").filter(action__startswith="consent")]\
        .count("consent.given") == 2  # fmt: skip


def test_without_the_address_the_consent_ends_and_with_another_it_stays(program: Program) -> None:
    person = make_participant(program, email="old@b.example")
    set_contact(participant=person, kind="email", value="new@b.example", by=None, at=AT)
    assert address_with_consent(person.pk) == "new@b.example"
    set_contact(participant=person, kind="email", value=" ", by=None, at=AT)
    assert not person.channel_consents.filter(revoked_at=None).exists()
    set_contact(participant=person, kind="email", value="new@b.example", by=None, at=AT)
    assert address_with_consent(person.pk) is None


def test_a_sealed_chart_is_never_written_to(program: Program) -> None:
    person = make_participant(program, email="a@b.example")
    Participant.objects.filter(pk=person.pk).update(sealed_at=AT)
    assert address_with_consent(person.pk) is None


SECRETS = ("1980-05-06", "secret@mail.example", "5555550147", "A seat by the door", "Knows Spanish")


def test_the_columns_and_their_history_hold_no_plain_text(program: Program) -> None:
    person = make_participant(
        program, date_of_birth=date(1980, 5, 6), access_needs="A seat by the door",
        facilitator_wishes="Knows Spanish",
    )  # fmt: skip
    set_contact(participant=person, kind="email", value="secret@mail.example", by=None, at=AT)
    set_contact(participant=person, kind="phone", value="(555) 555-0147", by=None, at=AT)
    update_participant(
        participant=person, by=None, at=AT, today=TODAY, access_needs="A seat by the door, please"
    )
    for table in ("participant", "contactpoint", "participantevent", "contactpointevent"):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT t::text FROM participants_{table} t")
            rows = [row[0] for row in cursor.fetchall()]
        assert rows, table
        for secret in SECRETS:
            assert not any(secret in row for row in rows), (table, secret)
    person.refresh_from_db()
    assert person.date_of_birth == date(1980, 5, 6)
