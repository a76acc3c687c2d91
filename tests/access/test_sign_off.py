"""Signing off the idle, and the second step that staff must set up."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from phpsupport.access.roles import Role
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from tests import factories as make

NOON = datetime(2026, 3, 4, 17, tzinfo=UTC)
PAGE = "/accounts/profile/"


@pytest.fixture
def program(db: None) -> Program:
    return make.make_program()


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(NOON, tick=False) as travelling:
        yield travelling


def is_in(client: Client, page: str = PAGE) -> bool:
    answer = client.get(page)
    assert answer.status_code == 200 or answer["Location"].startswith("/accounts/login/?next=")
    return answer.status_code == 200


@pytest.mark.parametrize(
    ("role", "minutes"), [(Role.SCHEDULER, 15), (Role.PRIVACY_OFFICER, 15), (Role.PARTICIPANT, 30)]
)
def test_the_idle_are_signed_off(program: Program, clock: Any, role: Role, minutes: int) -> None:
    client, user = Client(), make.make_staff(program, role)
    client.force_login(user)
    assert is_in(client)
    clock.shift(timedelta(minutes=minutes))
    assert is_in(client)
    clock.shift(timedelta(minutes=minutes, seconds=1))
    assert not is_in(client)
    assert not is_in(client), "and stay so"
    page = client.get("/accounts/login/").content.decode()
    assert "You were signed off because nothing happened for a while" in page


def test_whoever_keeps_working_stays_for_twelve_hours_at_most(program: Program, clock: Any) -> None:
    client = Client()
    client.force_login(make.make_staff(program, Role.SCHEDULER))
    assert is_in(client)
    for _ in range(72):
        clock.shift(timedelta(minutes=10))
        assert is_in(client)
    clock.shift(timedelta(minutes=1))
    assert not is_in(client)


def test_activity_is_written_once_a_minute(
    program: Program, clock: Any, django_assert_num_queries: Any
) -> None:
    client = Client()
    client.force_login(make.make_staff(program, Role.SCHEDULER))
    is_in(client)
    clock.shift(timedelta(seconds=50))
    with django_assert_num_queries(3) as asked:  # session, person, roles
        is_in(client)
    assert not [q for q in asked.captured_queries if "UPDATE" in q["sql"]]


def test_a_form_sent_after_the_sign_off_leads_to_sign_in_and_changes_nothing(
    program: Program, clock: Any
) -> None:
    client = Client(enforce_csrf_checks=True)
    user = make.make_staff(program, Role.SCHEDULER)
    client.force_login(user)
    page = client.get(PAGE).content.decode()
    token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    clock.shift(timedelta(minutes=16))
    sent = {"csrfmiddlewaretoken": token, "date": "2027-01-01", "reason": "x"}
    headers = {"Referer": "http://testserver/office/closed-days/", "Accept": "text/html,*/*;q=0.8"}
    answer = client.post("/office/closed-days/", sent, headers=headers)
    assert answer["Location"] == "/accounts/login/?next=/office/closed-days/"
    assert not program.closures.exists()
    told = "You were signed off before you sent that, so nothing of it was saved."
    assert told in client.get(answer["Location"]).content.decode()


def test_what_a_page_sends_by_itself_after_the_sign_off_claims_no_loss(
    program: Program, clock: Any
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make.make_staff(program, Role.SCHEDULER))
    assert is_in(client)
    clock.shift(timedelta(minutes=16))
    answer = client.post("/office/closed-days/", {}, headers={"Accept": "application/json"})
    assert "nothing of it was saved" not in client.get(answer["Location"]).content.decode()


# --- the second step -----------------------------------------------------------------------------------
@pytest.fixture
def required(settings: Any) -> None:
    settings.MFA_REQUIRED = True


@pytest.mark.parametrize("role", [Role.SCHEDULER, Role.FACILITATOR, Role.ADMINISTRATOR])
def test_staff_set_it_up_before_anything_opens(
    program: Program, required: None, client: Client, role: Role
) -> None:
    client.force_login(make.make_staff(program, role))
    for page in ("/", "/office/closed-days/", "/search/", "/participants/", "/nowhere/"):
        assert client.get(page)["Location"] == "/accounts/2fa/", page
    assert client.post("/office/closed-days/", {})["Location"] == "/accounts/2fa/"
    fragment = client.get("/", headers={"HX-Request": "true"})
    assert fragment["HX-Redirect"] == "/accounts/2fa/"
    told = client.get("/accounts/2fa/").content.decode()
    assert told.count("Set up a second step for signing in first.") == 1
    for page in ("/accounts/2fa/", "/accounts/profile/", "/accounts/logout/"):
        assert client.get(page).status_code == 200, page
    assert client.get("/health/").status_code in {200, 503}
    assert client.post("/accounts/logout/").status_code == 302


def test_participants_and_strangers_are_not_asked(
    program: Program, required: None, client: Client
) -> None:
    assert client.get("/")["Location"] == "/accounts/login/?next=/"
    client.force_login(make.make_staff(program, Role.PARTICIPANT))
    assert client.get("/me/").status_code == 200


def test_somebody_who_is_staff_anywhere_is_asked(
    program: Program, required: None, client: Client
) -> None:
    user: User = make.make_staff(program, Role.PARTICIPANT)
    make.give_role(user, make.make_program(), Role.FACILITATOR)
    client.force_login(user)
    assert client.get("/me/")["Location"] == "/accounts/2fa/"
