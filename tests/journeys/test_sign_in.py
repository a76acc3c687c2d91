"""Signing in as people do: a passkey on a phone, a password on a desk, and leaving at once."""

from collections.abc import Callable
from typing import Any

from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from phpsupport.access.roles import Role
from tests import factories as make
from tests.browser import page_faults
from tests.jobs import wait_until


def give_key(page: Page) -> Any:
    """An authenticator in the page's browser, as a phone with a fingerprint has one."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
                "hasUserVerification": True, "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )  # fmt: skip
    return devtools


def with_password(page: Page, email: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(make.PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_a_passkey_is_added_and_signs_in_alone(
    site: str, desk: Page, axe: Callable[..., None]
) -> None:
    user = make.make_staff(make.make_program(), Role.PRIVACY_OFFICER)
    give_key(desk)
    with_password(desk, user.email)
    expect(desk.get_by_role("heading", name="Trail")).to_be_visible()

    desk.goto("/accounts/2fa/webauthn/add/")
    if desk.get_by_label("Password").count():  # asks once more who it is
        desk.get_by_label("Password").fill(make.PASSWORD)
        desk.locator("main form button[type=submit], main form .btn.main").first.click()
    desk.get_by_label("A name for it").fill("My phone")
    desk.get_by_label("Sign in with it alone").check()
    desk.get_by_role("button", name="Add it").click()
    expect(desk).not_to_have_url(f"{site}/accounts/2fa/webauthn/add/")
    assert user.authenticator_set.filter(type="webauthn").count() == 1

    desk.get_by_text("Your menu").locator("xpath=..").click()
    desk.get_by_role("button", name="Sign out").click()
    expect(desk.get_by_role("button", name="Sign in with a passkey")).to_be_visible()
    axe(desk)
    desk.get_by_role("button", name="Sign in with a passkey").click()
    expect(desk.get_by_role("heading", name="Trail")).to_be_visible()


def test_a_wrong_password_is_told_and_the_address_stays(site: str, phone: Page) -> None:
    user = make.make_staff(make.make_program(), Role.SCHEDULER)
    phone.goto("/accounts/login/")
    phone.get_by_label("E-mail").fill(user.email)
    phone.get_by_label("Password").fill("not the password")
    phone.get_by_role("button", name="Sign in", exact=True).click()
    expect(phone.get_by_text("The address or the password is not right.")).to_be_visible()
    expect(phone.get_by_label("E-mail")).to_have_value(user.email)


def test_the_quick_exit_leaves_and_signs_out(
    site: str, phone: Page, sign_in: Callable[..., None]
) -> None:
    program = make.make_program()
    ana = make.make_staff(program, Role.PARTICIPANT)
    make.make_participant(program, user=ana)
    sign_in(phone, ana)
    (hers,) = Session.objects.values_list("pk", flat=True)
    away = "https://www.weather.gov/"
    phone.route(f"{away}**", lambda route: route.fulfill(body="<title>Weather</title>"))
    page_faults(phone).expect(away)
    phone.goto("/me/")
    phone.get_by_role("link", name="Leave this site").click()
    phone.wait_for_url(away)
    # The sign-out travels on its own while the page is gone already.
    assert wait_until(lambda: not Session.objects.filter(pk=hers).exists())
    phone.goto(f"{site}/me/")
    expect(phone).to_have_url(f"{site}/accounts/login/?next=/me/")


def test_the_trail_reads_well_on_a_phone(
    site: str, phone: Page, sign_in: Callable[..., None], axe: Callable[..., None]
) -> None:
    officer = make.make_staff(make.make_program(), Role.PRIVACY_OFFICER)
    sign_in(phone, officer)
    phone.goto("/office/trail/")
    expect(phone.get_by_text("Signed in").first).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    axe(phone)
