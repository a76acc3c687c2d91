"""Signing in again in place: only the page's owner, by all the steps of the ordinary sign-in."""

from typing import Any

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.test import Client

from phpsupport.access.middleware import PROGRAM_KEY
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.programs.models import Program
from phpsupport.users.device import device_keys, owner_of, owner_token
from phpsupport.users.models import User
from tests import factories as make

pytestmark = pytest.mark.django_db
URL = "/accounts/again/"


@pytest.fixture
def program() -> Program:
    return make.make_program()


@pytest.fixture
def user(program: Program) -> User:
    return make.make_staff(program, Role.FACILITATOR)


def ask(client: Client, owner: str) -> Any:
    return client.get(URL, headers={"X-Page-Owner": owner})


def tell(client: Client, owner: str, **sent: str) -> Any:
    return client.post(URL, sent, headers={"X-Page-Owner": owner})


def who_is_in(client: Client) -> str | None:
    return client.session.get("_auth_user_id")


def test_the_owner_signs_in_and_keeps_the_program(program: Program, user: User) -> None:
    second = make.make_program()
    make.give_role(user, second, Role.FACILITATOR)
    client, owner = Client(enforce_csrf_checks=True), owner_token(user, second.pk)
    said = ask(client, owner).json()
    assert said["state"] == "nobody"
    refused = client.post(URL, {"password": make.PASSWORD}, headers={"X-Page-Owner": owner})
    assert refused.status_code == 403, "a forged request signs nobody in"
    headers = {"X-Page-Owner": owner, "X-CSRFToken": said["token"]}
    answer = client.post(URL, {"password": make.PASSWORD}, headers=headers)
    assert answer.json()["state"] == "you"
    assert who_is_in(client) == str(user.pk)
    assert client.session[PROGRAM_KEY] == str(second.pk)
    assert AuditEvent.objects.filter(action="signed.in", actor_id=user.pk).exists()
    assert "You were signed off because" not in client.get("/accounts/profile/").content.decode()


def test_a_wrong_password_is_refused_and_tries_are_counted(program: Program, user: User) -> None:
    client, owner = Client(), owner_token(user, program.pk)
    answers = [tell(client, owner, password="not this one") for _ in range(12)]
    assert answers[0].status_code == 422
    assert answers[0].json()["sentence"] == "This is not your password. Try again."
    assert answers[-1].status_code == 429
    assert "Too many tries" in answers[-1].json()["sentence"]
    assert tell(client, owner, password=make.PASSWORD).status_code == 429
    assert who_is_in(client) is None


def test_nobody_else_can_sign_in_here(program: Program, user: User) -> None:
    other = make.make_user(password="another-quiet-tide")
    client = Client()
    answer = tell(
        client, owner_token(user, program.pk), password="another-quiet-tide", login=other.email
    )
    assert answer.status_code == 422
    assert who_is_in(client) is None


def test_somebody_else_who_is_signed_in_stays_it(program: Program, user: User) -> None:
    client, other = Client(), make.make_user(first_name="Bea", last_name="Long")
    client.force_login(other)
    for answer in (
        ask(client, owner_token(user, program.pk)),
        tell(client, owner_token(user, program.pk), password=make.PASSWORD),
    ):
        assert answer.json() == {"state": "other", "name": "Bea Long"}
    assert who_is_in(client) == str(other.pk)


def test_without_a_page_of_ours_nothing_is_told(program: Program, user: User) -> None:
    for owner in ("", "nonsense", owner_token(user, program.pk)[:-2], str(user.pk)):
        assert ask(Client(), owner).json()["state"] == "too-old"
        assert tell(Client(), owner, password=make.PASSWORD).status_code == 409


def test_a_closed_account_stays_closed(program: Program, user: User) -> None:
    owner = owner_token(user, program.pk)
    user.is_active = False
    user.save()
    client = Client()
    answer = tell(client, owner, password=make.PASSWORD)
    assert answer.status_code == 422
    assert who_is_in(client) is None
    gone = owner_token(User(email="x@y.example"), None)
    assert tell(Client(), gone, password=make.PASSWORD).status_code == 422


def test_the_second_step_is_not_skipped(program: Program, user: User) -> None:
    secret = "JBSWY3DPEHPK3PXP"
    TOTP.activate(user, secret)
    codes = RecoveryCodes.activate(user).get_unused_codes()
    client, owner = Client(), owner_token(user, program.pk)
    assert tell(client, owner, code="123456").json()["state"] == "nobody", (
        "no code before the password"
    )
    assert tell(client, owner, password=make.PASSWORD).json()["state"] == "code"
    assert who_is_in(client) is None
    wrong = tell(client, owner, code="000000")
    assert (wrong.status_code, wrong.json()["state"]) == (422, "refused")
    assert who_is_in(client) is None
    other = owner_token(make.make_user(), program.pk)
    assert tell(client, other, code=codes[0]).json()["state"] == "nobody"
    assert tell(client, owner, code=codes[0]).json()["state"] == "you"
    assert who_is_in(client) == str(user.pk)


def test_whether_the_pages_program_is_still_the_one_worked_in(program: Program, user: User) -> None:
    second = make.make_program()
    make.give_role(user, second, Role.FACILITATOR)
    client = Client()
    client.force_login(user)
    client.post("/accounts/program/", {"program": str(second.pk)})
    assert ask(client, owner_token(user, second.pk)).json()["here"] is True
    assert ask(client, owner_token(user, program.pk)).json()["here"] is False
    assert ask(client, owner_token(user, None)).json()["here"] is False
    nowhere = make.make_user()
    client.force_login(nowhere)
    assert ask(client, owner_token(nowhere, None)).json()["here"] is True


def test_a_page_says_which_program_is_worked_in_whatever_it_shows(
    program: Program, user: User
) -> None:
    second = make.make_program()
    make.give_role(user, second, Role.SCHEDULER)
    room = make.make_room(second)
    client = Client()
    client.force_login(user)
    client.post("/accounts/program/", {"program": str(program.pk)})
    page = client.get(f"/groups/rooms/{room.pk}/").content.decode()
    token = page.split('data-owner="')[1].split('"')[0]
    assert owner_of(token) == (user.pk, str(program.pk))


def test_asking_again_keeps_nobody_signed_in(program: Program, user: User) -> None:
    client = Client()
    client.force_login(user)
    client.get("/accounts/profile/")
    seen = client.session["seen"]
    ask(client, owner_token(user, program.pk))
    assert client.session["seen"] == seen


def test_keys_for_the_device_are_each_persons_own_and_change_by_the_day(user: User) -> None:
    from datetime import UTC, datetime, timedelta

    noon = datetime(2026, 3, 4, 17, tzinfo=UTC)
    other = make.make_user()
    mine, theirs = device_keys(user, at=noon), device_keys(other, at=noon)
    tomorrow = device_keys(user, at=noon + timedelta(days=1))
    assert len({*mine.values(), *theirs.values()}) == 4
    assert next(iter(mine.items())) == list(tomorrow.items())[1], "yesterday's comes along"
    assert owner_of(owner_token(user, None)) == (user.pk, "")


def test_signing_out_empties_the_browsers_cache(user: User) -> None:
    client = Client()
    client.force_login(user)
    assert "Clear-Site-Data" not in client.get("/accounts/profile/").headers
    assert client.post("/accounts/logout/").headers["Clear-Site-Data"] == '"cache"'
