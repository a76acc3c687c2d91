"""Settings: what is missing or malformed stops the start by name; every answer is well dressed."""

import base64
import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from phpsupport.access.roles import Role
from phpsupport.checks import two_database_roles
from phpsupport.devservices import PROJECT
from phpsupport.lib import env
from tests import factories as make

KEY = base64.b64encode(bytes(range(32))).decode()
GOOD = {
    "SECRET_KEY": "fifty random characters, or so it seems to the tests",
    "FIELD_KEYS": f"2026a:{KEY}",
    "DIGEST_KEY": KEY,
    "BASE_URL": "https://peers.example",
    "DATABASE_URL": "postgresql://app:word@db.example:5432/phpsupport",
    "DATABASE_OWNER_URL": "postgresql://owner:word@db.example:5432/phpsupport",
    "REDIS_URL": "redis://cache.example:6379/0",
    "EMAIL_URL": "smtp+tls://user:word@mail.example:587",
}
OURS = {
    *GOOD, "DEBUG", "DEMO", "ALLOWED_HOSTS", "DATABASE_ROLE", "DATABASE_MAX_AGE", "MAIL_FROM",
    "LOG_LEVEL", "MFA_REQUIRED", "TRUSTED_PROXIES", "STATIC_ROOT", "DEV_MAIL_DIR",
}  # fmt: skip


def start(code: str = "", **changes: str | None) -> subprocess.CompletedProcess[str]:
    """The settings read in a process of their own, with production's environment but for changes."""
    around = {k: v for k, v in os.environ.items() if k not in OURS}
    given_ = {k: v for k, v in (GOOD | changes).items() if v is not None}
    return subprocess.run(
        [sys.executable, "-c", f"from phpsupport import settings\n{code}"],
        cwd=PROJECT, env=around | given_, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


# --- starting --------------------------------------------------------------------------------------
REQUIRED = ["SECRET_KEY", "FIELD_KEYS", "DIGEST_KEY", "DATABASE_URL", "REDIS_URL", "EMAIL_URL"]
WRONG = [
    ("SECRET_KEY", "short"),
    ("FIELD_KEYS", "2026a"),
    ("FIELD_KEYS", "2026a:c2hvcnQ="),
    ("FIELD_KEYS", f"a:{KEY},a:{KEY}"),
    ("DIGEST_KEY", "not base64!"),
    ("DATABASE_URL", "mysql://a@b/c"),
    ("DATABASE_URL", "postgresql://app@db.example:port/x"),
    ("DATABASE_URL", "postgresql://db.example/x"),
    ("DATABASE_URL", "postgresql://app@db.example/"),
    ("DATABASE_ROLE", "root"),
    ("REDIS_URL", "cache.example:6379"),
    ("EMAIL_URL", "mail.example"),
    ("EMAIL_URL", "smtp://mail.example:mail"),
    ("BASE_URL", "peers.example"),
    ("BASE_URL", "https://peers.example/app"),
    ("BASE_URL", "https://"),
    ("BASE_URL", "http://peers.example"),
    ("MAIL_FROM", "Appointments"),
    ("DEBUG", "perhaps"),
    ("TRUSTED_PROXIES", "-1"),
    ("DATABASE_MAX_AGE", "long"),
    ("LOG_LEVEL", "LOUD"),
]


def read_anew(monkeypatch: pytest.MonkeyPatch, **changes: str | None) -> dict[str, Any]:
    """The settings file run once more, in this process, as production would."""
    for name in OURS:
        monkeypatch.delenv(name, raising=False)
    for name, value in (GOOD | changes).items():
        if value is not None:
            monkeypatch.setenv(name, value)
    file = PROJECT / "phpsupport" / "settings.py"
    names: dict[str, Any] = {"__file__": str(file), "__name__": "read_anew"}
    exec(compile(file.read_text(), file, "exec"), names)  # noqa: S102 - our own file
    return names


@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_setting_is_named_with_an_example(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"{name} is missing.*for example {name}=."):
        read_anew(monkeypatch, **{name: None})


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_malformed_setting_is_named_with_an_example(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ImproperlyConfigured, match=rf"(?i)the setting {name} .*example {name}=."):
        read_anew(monkeypatch, **{name: value})


def test_the_start_itself_stops_with_the_sentence() -> None:
    stopped = start(SECRET_KEY=None)
    assert stopped.returncode != 0
    last = stopped.stderr.strip().splitlines()[-1]
    assert "the setting SECRET_KEY is missing. Set it, for example SECRET_KEY=" in last
    assert start().returncode == 0


def test_production_is_guarded_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    read = read_anew(monkeypatch)
    assert (read["DEBUG"], read["DEMO"], read["MFA_REQUIRED"]) == (False, False, True)
    for name in ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT"):
        assert read[name] is True, name
    assert read["SECURE_HSTS_SECONDS"] >= 31_536_000
    assert read["ALLOWED_HOSTS"][0] == "peers.example"
    assert read["CSRF_TRUSTED_ORIGINS"] == ["https://peers.example"]
    assert read["DATABASES"]["default"]["USER"] == "app"
    assert read["DEV_MAIL_DIR"] == ""


def test_a_slash_too_many_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_anew(monkeypatch, BASE_URL="https://peers.example/")["BASE_URL"] == (
        "https://peers.example"
    )


def test_a_socket_directory_may_name_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", "postgresql://app@/phpsupport?host=/run/pg")
    assert env.database("X")["HOST"] == "/run/pg"


def test_one_role_for_all_is_warned_about(settings: Any) -> None:
    settings.APPLICATION_ROLE, settings.OWNER_ROLE = "app", "owner"
    assert two_database_roles() == []
    settings.OWNER_ROLE = "app"
    (warning,) = two_database_roles()
    assert warning.id == "phpsupport.W001"
    assert "DATABASE_OWNER_URL" in str(warning.hint)


def test_the_configuration_has_no_faults() -> None:
    call_command("check", fail_level="WARNING")


# --- every answer -------------------------------------------------------------------------------------
PAGES = ["/accounts/login/", "/", "/nowhere/", "/me/", "/office/trail/", "/health/", "/%00/"]


@pytest.fixture
def client_in(db: None) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(make.make_staff(make.make_program(), Role.SCHEDULER, Role.PROGRAM_LEAD))
    return client


@pytest.mark.parametrize(
    "page", [*PAGES, "/accounts/profile/", "/accounts/2fa/", "/office/people/"]
)
@pytest.mark.parametrize("signed_in", [True, False])
def test_every_answer_is_guarded(page: str, signed_in: bool, client_in: Client) -> None:
    answer = (client_in if signed_in else Client(raise_request_exception=False)).get(page)
    policy = answer["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in answer["Permissions-Policy"]
    assert "no-store" in answer["Cache-Control"]
    assert "private" in answer["Cache-Control"]


@pytest.mark.parametrize("fragment", [True, False])
@pytest.mark.parametrize(
    ("page", "status", "words"),
    [
        ("/nowhere/", 404, "There is nothing here"),
        ("/office/trail/", 403, "for the privacy officer of the program"),
        ("/office/people/?q=%00", 400, "could not read what came"),
    ],
)
def test_faults_are_told_in_words(
    client_in: Client, settings: Any, page: str, status: int, words: str, fragment: bool
) -> None:
    settings.DEBUG = False
    answer = client_in.get(page, headers={"HX-Request": "true"} if fragment else {})
    assert answer.status_code == status
    told = answer.content.decode()
    assert words in told
    assert ("<html" in told) is not fragment


def test_a_fault_of_ours_shows_no_detail(
    client_in: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DEBUG = False
    monkeypatch.setattr(
        "phpsupport.office.queries.people",
        lambda **k: (_ for _ in ()).throw(RuntimeError("Ana S.")),
    )
    answer = client_in.get("/office/people/")
    assert answer.status_code == 500
    page = answer.content.decode()
    assert "Something went wrong on our side" in page
    assert "988" in page
    assert "Ana S." not in page
    assert answer["Content-Security-Policy"]


@pytest.mark.parametrize("name", ["sessionid", "other"])
def test_a_cookie_with_nul_is_refused_before_it_reaches_the_database(db: None, name: str) -> None:
    client = Client(raise_request_exception=False)
    answer = client.get("/", headers={"Cookie": rf'{name}="\000\000\000\000\000\000\000\000x"'})
    assert answer.status_code == 400
    assert "could not read what came" in answer.content.decode()


FORMS: dict[str, tuple[str, ...]] = {
    "/accounts/login/": ("login", "password"),
    "/accounts/password/reset/": ("email",),
    "/accounts/profile/": ("first_name", "last_name", "time_zone", "theme"),
    "/accounts/theme/": ("theme",),
    "/accounts/program/": ("program",),
    "/office/closed-days/": ("date", "reason"),
    "/office/rules/": ("effective_from", "note", "reminder_hours", "group_cap", "quiet_from"),
    "/office/people/invite/": ("email", "first_name", "last_name", "roles"),
}
NASTY = st.one_of(
    st.text(max_size=60),
    st.sampled_from(["\x00", "a\x00b@x.example", "\ud800", "9" * 400, "0001-01-01", "9999-12-31"]),
    st.sampled_from(["2027-01-01\x00", "-1", "1e999", "²", "=1+1", "\u202eabc", "24:00"]),
)


@pytest.mark.parametrize("page", FORMS)
@hypothesis_settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_form_breaks_over_what_is_typed(
    page: str, data: st.DataObject, client_in: Client
) -> None:
    client = Client(raise_request_exception=False)
    client.cookies = client_in.cookies
    form = {name: data.draw(NASTY, name).encode("utf-8", "replace") for name in FORMS[page]}
    assert client.post(page, form).status_code < 500
    query = {"q": data.draw(NASTY, "query").encode("utf-8", "replace").decode()}
    for address in ("/search/", "/office/trail/", "/participants/"):
        assert client.get(address, query | {"action": query["q"]}).status_code < 500
    for address in ("/search/", "/participants/"):
        assert client.post(address, query).status_code < 500


def test_no_session_or_message_leaves_by_cookie() -> None:
    assert settings.SESSION_ENGINE.endswith(".db")
    assert settings.MESSAGE_STORAGE.endswith("SessionStorage")
    assert settings.CSRF_USE_SESSIONS
