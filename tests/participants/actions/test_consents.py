"""Consents to disclose: taken, ended, taken back; which holds, and what it covers."""

from datetime import timedelta
from typing import Any

import pytest

from participants import consenting
from participants.actions.consents import end_consent, revoke_consent, take_consent
from participants.models import Consent, Participant
from phpsupport.access.roles import Role
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from tests.factories import make_participant, make_program, make_staff
from tests.participants.worlds import AT, TODAY

pytestmark = pytest.mark.django_db


@pytest.fixture
def program() -> Program:
    return make_program()


@pytest.fixture
def person(program: Program) -> Participant:
    return make_participant(program)


@pytest.fixture
def clinician(program: Program) -> User:
    return make_staff(program, Role.CLINICIAN)


def take(person: Participant, program: Program, by: User, **more: Any) -> Consent:
    said: dict[str, Any] = {
        "recipient": "A clinic", "covers": ["notes"], "purpose": "Care", "signed_on": TODAY,
        "expires_on": TODAY + timedelta(days=30), "expires_when": "the end of the stay",
    } | more  # fmt: skip
    return take_consent(participant=person, program=program, by=by, at=AT, **said)


def test_the_same_once_more_is_one(person: Participant, program: Program, clinician: User) -> None:
    assert take(person, program, clinician) == take(person, program, clinician)
    assert Consent.objects.count() == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"recipient": " "}, {"purpose": ""}, {"covers": []}, {"covers": ["everything"]},
        {"signed_on": TODAY + timedelta(days=1)}, {"expires_on": TODAY - timedelta(days=1)},
        {"expires_on": None, "expires_when": ""},
    ],
)  # fmt: skip
def test_what_is_missing_is_asked_for(
    person: Participant, program: Program, clinician: User, fault: dict[str, Any]
) -> None:
    with pytest.raises(Refused):
        take(person, program, clinician, **fault)


@pytest.mark.parametrize("role", [Role.SCHEDULER, Role.FACILITATOR, Role.SUPERVISOR], ids=str)
def test_others_keep_none(person: Participant, program: Program, role: Role) -> None:
    with pytest.raises(Refused):
        take(person, program, make_staff(program, role))


def test_it_ends_in_three_ways_and_is_covered_by_its_parts(
    person: Participant, program: Program, clinician: User
) -> None:
    given = take(person, program, clinician)
    assert consenting.state_of(given, TODAY + timedelta(days=30)) == "live"
    assert consenting.state_of(given, TODAY + timedelta(days=31)) == "expired"
    assert consenting.missing(given, ["goals", "notes"]) == ["goals"]
    assert end_consent(consent=given, by=clinician, at=AT)
    assert not end_consent(consent=given, by=clinician, at=AT)
    given.refresh_from_db()
    assert consenting.state_of(given, TODAY) == "ended"
    whole = take(person, program, clinician, covers=["whole", "notes"])
    assert consenting.missing(whole, ["goals", "notes"]) == []


def test_the_participant_takes_it_back_themself_and_nobody_else_does(
    person: Participant, program: Program, clinician: User
) -> None:
    given = take(person, program, clinician)
    with pytest.raises(Refused):
        revoke_consent(consent=given, by=make_staff(program, Role.PARTICIPANT), at=AT)
    person.user = make_staff(program, Role.PARTICIPANT)
    person.save()
    given = Consent.objects.select_related("participant").get()
    assert revoke_consent(consent=given, by=person.user, at=AT)
    assert not revoke_consent(consent=given, by=clinician, at=AT)
    given.refresh_from_db()
    assert (given.revoked_by, consenting.state_of(given, TODAY)) == (person.user, "revoked")
