"""Signing in: by password, code and passkey; no open door; nothing told to strangers."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.conf import settings
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from phpsupport.access.roles import Role
from phpsupport.lib import clock
from phpsupport.outbox.delivery import deliver
from phpsupport.outbox.models import OutboxMessage
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from tests import factories as make

SIGN_IN = "/accounts/login/"


@pytest.fixture
def program(db: None) -> Program:
    return make.make_program("Harbor Day Program")


@pytest.fixture
def user(program: Program) -> User:
    return make.make_staff(program, Role.SCHEDULER, email="ana@staff.example")


def sign_in(client: Client, email: str, password: str = make.PASSWORD) -> Any:
    return client.post(SIGN_IN, {"login": email, "password": password})


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


# --- with a password -----------------------------------------------------------------------------
def test_with_the_right_password_in_any_spelling_of_the_address(user: User, client: Client) -> None:
    assert sign_in(client, " ANA@Staff.Example ")["Location"] == "/"
    assert client.get("/accounts/profile/").status_code == 200


def test_wrong_password_unknown_address_and_an_open_invitation_look_the_same(user: User) -> None:
    User.objects.create_user("invited@staff.example", None, first_name="Io")

    def said(email: str) -> str:
        page = sign_in(Client(), email, "not-the-password").content.decode()
        return re.sub(r'(name="csrfmiddlewaretoken" value|name="login" value)="[^"]*"', "", page)

    unknown = said("nobody@staff.example")
    assert "The address or the password is not right." in unknown
    assert said("ana@staff.example") == unknown
    assert said("invited@staff.example") == unknown


def test_the_password_is_kept_as_argon2(user: User, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    user.set_password(make.PASSWORD)
    assert user.password.startswith("argon2$argon2id$")
    assert user.check_password(make.PASSWORD)


def test_too_many_tries_answer_with_our_page(user: User) -> None:
    for _ in range(12):
        answer = sign_in(Client(), user.email, "wrong-wrong-wrong")
    page = answer.content.decode()
    assert "Too many tries went wrong" in page or "A little slower, please" in page
    client = Client()
    for _ in range(60):
        answer = client.post("/accounts/password/reset/", {"email": "x@y.example"})
        if answer.status_code == 429:
            break
    assert answer.status_code == 429
    assert "A little slower, please" in answer.content.decode()
    assert "default-src 'self'" in answer["Content-Security-Policy"]


def test_the_door_is_closed_to_those_who_were_not_invited(db: None, client: Client) -> None:
    page = client.get("/accounts/signup/").content.decode()
    assert "by invitation" in page
    form = {"email": "new@x.example", "password1": make.PASSWORD, "password2": make.PASSWORD}
    client.post("/accounts/signup/", form)
    assert not User.objects.exists()


def test_the_frame_names_the_field_as_we_write_it(db: None, client: Client) -> None:
    for url in (SIGN_IN, "/accounts/password/reset/"):
        page = client.get(url).content.decode()
        assert re.search(r"<label[^>]*>\s*E-mail\s*<", page), url


# --- a forgotten password ---------------------------------------------------------------------------
def test_asking_for_a_new_password_tells_nothing_about_the_address(user: User) -> None:
    def said(email: str) -> tuple[int, str, str]:
        client = Client()
        answer = client.post("/accounts/password/reset/", {"email": email})
        page = client.get(answer["Location"]).content.decode()
        return answer.status_code, answer["Location"], page.replace(email, "")

    assert said(user.email) == said("nobody@staff.example")
    # Nor by how long the answer takes: the same is done for both, and the letter goes out later.
    assert mail.outbox == []
    assert OutboxMessage.objects.filter(kind="new_password").count() == 2
    deliver(at=clock.now())
    assert [m.to for m in mail.outbox] == [[user.email]]


def test_asking_costs_the_same_for_every_address(user: User) -> None:
    def asked(email: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            Client().post("/accounts/password/reset/", {"email": email})
        return len(seen)

    assert asked(user.email) == asked("nobody@staff.example")


def test_a_letter_that_waited_too_long_does_not_go(user: User, client: Client) -> None:
    client.post("/accounts/password/reset/", {"email": user.email})
    deliver(at=clock.now() + timedelta(hours=1))
    assert mail.outbox == []


def test_the_letter_is_neutral_and_its_link_works_once(user: User, client: Client) -> None:
    client.post("/accounts/password/reset/", {"email": user.email})
    deliver(at=clock.now())
    (letter,) = mail.outbox
    words = f"{letter.subject} {letter.body} {letter.from_email}".lower()
    for telling in ("harbor", "peer", "recovery", "program", "php", "scheduler", "group"):
        assert telling not in words.replace("phpsupport.example", ""), words
    link = re.search(r"https?://[^/]+(/\S+)", letter.body)
    assert link
    form = client.get(link[1], follow=True)
    url = form.redirect_chain[-1][0]
    new = "seven-quiet-rivers"
    done = client.post(url, {"password1": new, "password2": new})
    assert done.status_code == 302
    assert sign_in(Client(), user.email, new).status_code == 302
    again = Client().get(link[1], follow=True).content.decode()
    assert 'name="password1"' not in again


# --- the second step ----------------------------------------------------------------------------------
@pytest.fixture
def half_minute() -> Iterator[None]:
    """A code is good for one half minute: it does not end between reading and sending it."""
    with time_machine.travel(clock.now(), tick=False):
        yield


@pytest.fixture
def factor(user: User, half_minute: None) -> tuple[str, list[str]]:
    """TOTP set up through the pages: the secret shown and the recovery codes."""
    client = Client()
    sign_in(client, user.email)
    page = client.get(reverse("mfa_activate_totp"), follow=True)
    if page.redirect_chain:  # asks for the password once more
        client.post(page.redirect_chain[-1][0], {"password": make.PASSWORD})
        page = client.get(reverse("mfa_activate_totp"))
    secret = page.context["form"].secret
    done = client.post(reverse("mfa_activate_totp"), {"code": code_of(secret)}, follow=True)
    assert done.status_code == 200
    codes = client.get(reverse("mfa_view_recovery_codes")).context["unused_codes"]
    return secret, codes


def test_its_secrets_are_kept_encrypted(factor: tuple[str, list[str]]) -> None:
    secret, codes = factor
    with connection.cursor() as cursor:
        cursor.execute("SELECT type, data::text FROM mfa_authenticator ORDER BY type")
        kept = dict(cursor.fetchall())
    assert set(kept) == {"totp", "recovery_codes"}
    assert secret not in kept["totp"]
    assert "test" in kept["totp"], "under the newest key of the ring"
    assert codes
    assert not [c for c in codes if c in kept["recovery_codes"]]
    seed = Authenticator.objects.get(type="recovery_codes").wrap()
    assert seed.get_unused_codes() == codes


def test_signing_in_asks_for_the_code(user: User, factor: tuple[str, list[str]]) -> None:
    secret, codes = factor
    client = Client()
    step = sign_in(client, user.email)
    assert step["Location"].startswith("/accounts/2fa/authenticate/")
    assert client.get("/accounts/profile/").status_code == 302, "not in yet"
    wrong = client.post(step["Location"], {"code": "000000"}).content.decode()
    assert "This code is not right" in wrong
    from django.core.cache import cache

    cache.clear()  # the code that set it up counts as used for its half minute
    assert client.post(step["Location"], {"code": code_of(secret)}).status_code == 302
    assert client.get("/accounts/profile/").status_code == 200

    other = Client()
    step = sign_in(other, user.email)
    assert other.post(step["Location"], {"code": codes[0]}).status_code == 302
    third = Client()
    step = sign_in(third, user.email)
    again = third.post(step["Location"], {"code": codes[0]})
    assert again.status_code == 200, "a recovery code works once"


def test_staff_with_a_second_step_pass_where_it_is_compulsory(
    user: User, factor: tuple[str, list[str]], settings: Any
) -> None:
    settings.MFA_REQUIRED = True
    client = Client()
    client.force_login(user)
    assert client.get("/office/closed-days/").status_code == 200


def test_the_cookie_is_out_of_reach(user: User, client: Client) -> None:
    answer = sign_in(client, user.email)
    cookie = answer.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["expires"] == "", "gone when the browser closes"
    assert "csrftoken" not in answer.cookies


# --- another address ----------------------------------------------------------------------------------
def test_the_address_changes_once_the_new_one_is_confirmed(user: User) -> None:
    client = Client()
    sign_in(client, user.email)
    client.post("/accounts/reauthenticate/", {"password": make.PASSWORD})
    for typed in ("mistyped@staff.example", "new@staff.example"):
        client.post("/accounts/email/", {"email": typed, "action_add": ""})
        user.refresh_from_db()
        assert user.email == "ana@staff.example"
    assert sign_in(Client(), "ana@staff.example").status_code == 302
    client.post("/accounts/email/", {"email": "ana@staff.example", "action_remove": ""})
    user.refresh_from_db()
    assert user.email == "ana@staff.example"
    first, last = (
        re.findall(r"https?://[^/]+(/accounts/confirm-email/\S+)", str(letter.body))[0]
        for letter in mail.outbox
    )
    client.post(first)
    user.refresh_from_db()
    assert user.email == "ana@staff.example"
    client.post(last)
    user.refresh_from_db()
    assert user.email == "new@staff.example"
    assert sign_in(Client(), "new@staff.example").status_code == 302
    assert sign_in(Client(), "ana@staff.example").status_code == 200


def test_nobody_takes_the_address_of_somebody_else(user: User, program: Program) -> None:
    """Not even where its owner opens the link that was sent there, and nothing tells that it is one."""
    other = make.make_staff(program, Role.SCHEDULER, email="kim@staff.example")
    client = Client()
    sign_in(client, other.email)
    client.post("/accounts/reauthenticate/", {"password": make.PASSWORD})

    def changed(email: str) -> tuple[int, str]:
        answer = client.post("/accounts/email/", {"email": email, "action_add": ""}, follow=True)
        return answer.status_code, re.sub(r"\w{64}", "", answer.text.replace(email, ""))

    changed("first@staff.example")
    assert changed("nobody@staff.example") == changed(user.email)
    assert sign_in(Client(), user.email).status_code == 302
    letter = [letter for letter in mail.outbox if letter.to == [user.email]][-1]
    (link,) = re.findall(r"https?://[^/]+(/accounts/confirm-email/\S+)", str(letter.body))
    browser = Client(raise_request_exception=False)
    assert browser.post(link).status_code in {200, 302, 404}
    assert set(User.objects.values_list("email", flat=True)) == {user.email, "kim@staff.example"}
    mail.outbox.clear()
    Client().post("/accounts/password/reset/", {"email": user.email})
    deliver(at=clock.now())
    assert [letter.to for letter in mail.outbox] == [[user.email]]
