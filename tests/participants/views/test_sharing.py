"""The register of what left the program, and a participant's own page about it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from participants.actions.consents import take_consent
from participants.models import Consent, Disclosure, Participant
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from tests.factories import make_participant, make_program, make_staff
from tests.participants.worlds import AT, TODAY

pytestmark = pytest.mark.django_db
SHARING, REGISTER, MINE = (
    f"participants:{name}" for name in ("sharing", "disclosures", "my-sharing")
)


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def program() -> Program:
    return make_program("Harbor Day Program")


@pytest.fixture
def lead(program: Program) -> User:
    return make_staff(program, Role.PROGRAM_LEAD, first_name="Rosa", last_name="Lind")


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def oneself(program: Program, **fields: Any) -> Participant:
    user = make_staff(program, Role.PARTICIPANT)
    names = {"first_name": "Marisol", "last_name": "Rivera"}
    return make_participant(program, user=user, **names | fields)


def given(person: Participant, program: Program, by: User, to: str = "Dr. Vale") -> Consent:
    return take_consent(
        participant=person, program=program, recipient=to, covers=["notes"],
        purpose="Care after discharge", signed_on=TODAY, expires_when="the end of my stay",
        by=by, at=AT,
    )  # fmt: skip


def went_out(consent: Consent, by: User, **more: Any) -> Disclosure:
    said: dict[str, Any] = {
        "participant": consent.participant, "program": consent.program, "basis": "consent",
        "consent": consent, "recipient": consent.recipient, "purpose": consent.purpose,
        "what": "Peer support notes (2 notes), all days", "notice": "Not to be passed on.",
        "at": AT, "by": by, "file_digest": "a1" * 32, "file_kind": "pdf",
    } | more  # fmt: skip
    return Disclosure.objects.create(**said)


def to_themself(person: Participant, program: Program, **more: Any) -> Disclosure:
    assert person.user is not None
    return Disclosure.objects.create(
        participant=person, program=program, basis="participant", by=person.user, at=AT,
        recipient="the participant themself", what="Goals, all days", file_digest="b2" * 32,
        file_kind="json", **more,
    )  # fmt: skip


def test_the_register_says_what_left_the_program(program: Program, lead: User) -> None:
    person = oneself(program)
    consent = given(person, program, lead)
    went_out(consent, lead)
    to_themself(person, program)
    elsewhere = make_program()
    other = make_staff(elsewhere, Role.PROGRAM_LEAD)
    went_out(given(make_participant(elsewhere), elsewhere, other, "Nobody's"), other)
    page = client_of(lead).get(reverse(REGISTER))
    lines = page.context["register"].lines
    assert {(d.name, d.recipient, d.purpose, d.by, d.file_kind) for d in lines} == {
        ("Marisol Rivera", "Dr. Vale", "Care after discharge", "Rosa Lind", "PDF"),
        ("Marisol Rivera", "", "", "themself", "JSON"),
    }
    text = page.content.decode()
    for words in (
        "Dr. Vale", "Peer support notes (2 notes), all days", "Care after discharge",
        "Tue 10 Mar 2026, 11:00", "With the participant&#x27;s consent", "to themself", "a1" * 32,
        reverse(SHARING, args=[person.pk]),
    ):  # fmt: skip
        assert words in text, words
    assert "Nobody&#x27;s" not in text
    assert AuditEvent.objects.filter(action="disclosures.read", actor_id=lead.pk).count() == 1


def test_the_register_is_of_the_days_that_are_asked_for(program: Program, lead: User) -> None:
    consent = given(make_participant(program), program, lead)
    midnight = AT - timedelta(hours=11)  # as Tue 10 Mar begins in New York
    for at in (midnight - timedelta(seconds=1), midnight, midnight + timedelta(days=1)):
        went_out(consent, lead, at=at)
    client = client_of(lead)
    of_the_day = client.get(reverse(REGISTER), {"since": TODAY, "until": TODAY})
    assert [d.when for d in of_the_day.context["register"].lines] == ["Tue 10 Mar 2026, 0:00"]
    ahead = client.get(reverse(REGISTER), {"since": TODAY + timedelta(days=9)}).content.decode()
    assert "Nothing in these days" in ahead


def test_an_empty_register_says_where_files_are_made(program: Program, lead: User) -> None:
    assert "Nothing has left the program yet" in client_of(lead).get(reverse(REGISTER)).content.decode()  # fmt: skip


@pytest.mark.parametrize("role", [r for r in Role if r not in (Role.PROGRAM_LEAD, Role.PRIVACY_OFFICER)], ids=str)  # fmt: skip
def test_the_register_is_not_for(program: Program, role: Role) -> None:
    assert client_of(make_staff(program, role)).get(reverse(REGISTER)).status_code == 403


def test_the_register_hides_sealed_charts_from_the_lead(program: Program, lead: User) -> None:
    person = make_participant(program)
    went_out(given(person, program, lead), lead)
    person.sealed_at = AT
    person.save()
    officer = make_staff(program, Role.PRIVACY_OFFICER)
    seen = [
        len(client_of(user).get(reverse(REGISTER)).context["register"].lines)
        for user in (lead, officer)
    ]
    assert seen == [0, 1]


def test_participants_see_who_received_what_of_theirs(program: Program, lead: User) -> None:
    person = oneself(program)
    consent = given(person, program, lead)
    went_out(consent, lead)
    to_themself(person, program)
    other = given(oneself(program, last_name="Else"), program, lead, "Clinic Other")
    went_out(other, lead)
    assert person.user is not None
    page = client_of(person.user).get(reverse(MINE))
    assert [c.recipient for c in page.context["consents"]] == ["Dr. Vale"]
    assert {d.recipient for d in page.context["register"].lines} == {"Dr. Vale", ""}
    text = page.content.decode()
    for words in (
        "Care after discharge", "the end of my stay", "Tue 10 Mar 2026, 11:00", "PDF made by Rosa",
        "JSON made by you", "data-quick-exit", reverse("sessions:record-export", args=[person.pk]),
        reverse("participants:consent-revoke", args=[consent.pk]),
    ):  # fmt: skip
        assert words in text, words
    assert "Clinic Other" not in text
    assert "a1" * 32 not in text


def test_nothing_given_says_so(program: Program) -> None:
    person = oneself(program)
    assert person.user is not None
    text = client_of(person.user).get(reverse(MINE)).content.decode()
    assert "You have not said yes to anybody" in text
    assert "Nobody received anything" in text


def test_strangers_find_neither_page(program: Program, lead: User) -> None:
    person = oneself(program)
    stranger = make_staff(program, Role.PARTICIPANT)  # of whom there is no record
    assert client_of(stranger).get(reverse(MINE)).status_code == 404
    assert client_of(lead).get(reverse(MINE)).status_code == 403
    page = reverse(SHARING, args=[person.pk])
    assert client_of(stranger).get(page).status_code == 403
    elsewhere = make_staff(make_program(), Role.PROGRAM_LEAD)
    assert client_of(elsewhere).get(page).status_code == 404
    for url in (page, reverse(MINE), reverse(REGISTER)):
        assert "/accounts/login/" in Client().get(url)["Location"]


def queries_of(client: Client, url: str) -> int:
    client.get(url)  # the first visit writes the session
    with CaptureQueriesContext(connection) as seen:
        assert client.get(url).status_code == 200
    return len(seen)


@pytest.mark.parametrize("which", ["sharing", "register", "mine"])
def test_pages_make_the_same_queries_for_one_and_three(
    program: Program, lead: User, which: str
) -> None:
    person = oneself(program)
    assert person.user is not None
    url = {
        "sharing": reverse(SHARING, args=[person.pk]),
        "register": reverse(REGISTER),
        "mine": reverse(MINE),
    }[which]
    client = client_of(person.user if which == "mine" else lead)
    somebody: Callable[[], Participant] = lambda: (  # noqa: E731
        make_participant(program) if which == "register" else person
    )

    def more(n: int) -> None:
        by = make_staff(program, Role.CLINICIAN, first_name=f"Lee{n}")
        went_out(given(somebody(), program, by, f"Clinic {n}"), by)

    more(1)
    once = queries_of(client, url)
    more(2), more(3)
    assert queries_of(client, url) == once
    assert once <= 12
