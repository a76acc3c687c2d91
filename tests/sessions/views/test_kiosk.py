"""The tablet at the door and the page of those who lead, over HTTP."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from sessions.models import Attendance, Kiosk, KioskTry
from tests import factories as make
from tests.sessions.worlds import World, make_world

pytestmark = pytest.mark.django_db
OPENS = datetime(2026, 3, 3, 14, 50, tzinfo=UTC)
KIOSK, DONE, AGAIN = (reverse(f"outside:kiosk{part}") for part in ("", "-done", "-again"))
BORN = {"month": "5", "day": "17", "year": "1980"}
MARISOL = {"who": "1", "name": "Marisol", "letter": "R", **BORN}


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(OPENS, tick=False) as traveller:
        yield traveller


@pytest.fixture
def world() -> World:
    world = make_world(3)
    world.people[0].date_of_birth = date(1980, 5, 17)
    world.people[0].save()
    return world


def page_of(world: World) -> str:
    return reverse("sessions:session-kiosk", args=[world.session.pk])


def code_of(world: World, client: Client | None = None) -> str:
    client = client or Client()
    client.force_login(world.leader)
    shown = client.post(page_of(world)).content.decode()
    found = re.search(r"\b(\d{4} \d{4})\b", shown)
    assert found
    return found[1]


@pytest.fixture
def tablet(world: World) -> Client:
    """A device that took the code."""
    tablet = Client()
    assert tablet.post(KIOSK, {"code": code_of(world)}).status_code == 302
    return tablet


# --- those who lead -------------------------------------------------------------------------------------
def test_the_code_is_in_one_answer_only(client: Client, world: World) -> None:
    code = code_of(world, client)
    again = client.get(page_of(world)).content.decode()
    assert code not in again
    assert "waits for the tablet" in again
    assert "Bea K." in again  # no date of birth on file
    assert "Marisol" not in again


def test_the_picture_holds_the_address_and_no_code(client: Client, world: World) -> None:
    client.force_login(world.leader)
    shown = client.post(page_of(world))
    assert shown.context["address"].endswith("/kiosk/")
    assert shown.context["qr"].startswith("data:image/svg+xml")
    before = shown.context["qr"]
    Kiosk.objects.update(closed_at=OPENS)
    assert client.post(page_of(world)).context["qr"] == before


def test_a_refusal_says_why(client: Client, world: World, tablet: Client) -> None:
    client.force_login(world.leader)
    answer = client.post(page_of(world))
    assert answer.status_code == 422
    assert "A tablet signs people in already." in answer.content.decode()
    assert client.get(reverse("sessions:session", args=[world.session.pk])).status_code == 200


def test_closing_sends_the_tablet_back_to_the_code(
    client: Client, world: World, tablet: Client
) -> None:
    assert "I am here" in tablet.get(KIOSK).content.decode()
    client.force_login(world.leader)
    client.post(reverse("sessions:session-kiosk-close", args=[world.session.pk]))
    answer = tablet.get(KIOSK)
    assert "Enter the code" in answer.content.decode()
    assert answer.cookies["kiosk"].value == ""


def test_the_page_takes_the_same_queries_for_one_and_three(
    client: Client, world: World, django_assert_num_queries: Any
) -> None:
    client.force_login(world.leader)
    client.get(page_of(world))
    for people in (3, 1):
        with django_assert_num_queries(8):
            client.get(page_of(world))
        for person in world.people[:2]:
            person.enrollments.update(until_on=date(2026, 1, 6))
        assert people


# --- the tablet -------------------------------------------------------------------------------------------
def test_the_device_holds_a_cookie_that_no_script_reads(world: World) -> None:
    tablet = Client()
    cookie = tablet.post(KIOSK, {"code": code_of(world)}).cookies["kiosk"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert cookie.value.partition(":")[0] not in str(list(Kiosk.objects.values()))


def test_somebody_signs_in_and_no_name_is_shown(world: World, tablet: Client) -> None:
    answer = tablet.post(KIOSK, MARISOL)
    assert (answer.status_code, answer["Location"]) == (302, DONE)
    thanks = tablet.get(DONE)
    shown = thanks.content.decode()
    assert "You are signed in." in shown
    assert thanks["Refresh"] == f"5; url={KIOSK}"
    for name in ("Marisol", "Rivera", "Dana", "Morning", "phpsupport", world.session.room.name):
        assert name not in shown
        assert name not in tablet.get(KIOSK).content.decode()
    assert Attendance.objects.get().marked_by == world.leader


@pytest.mark.parametrize(
    "typed",
    [
        {"name": "Zoe"}, {"name": ""}, {"letter": "S"}, {"day": "18"}, {"year": "80"}, {"month": "13"},
        {"month": "x"}, {"year": ""}, {"name": "Bea", "letter": "K"}, {"name": "x" * 200},
        {"name": "\x00"}, {"year": "99999"},
    ],
    ids=str,
)  # fmt: skip
def test_every_failure_is_the_same_answer(
    world: World, tablet: Client, typed: dict[str, str]
) -> None:
    answer = tablet.post(KIOSK, {**MARISOL, **typed})
    assert (answer.status_code, answer["Location"], answer.content) == (302, AGAIN, b"")
    shown = tablet.get(AGAIN).content.decode()
    assert "That did not work." in shown
    assert not re.search(r'value="(?!1")[^"]+"', re.sub(r'name="csrf\w+" value="\w+"', "", shown))
    assert not Attendance.objects.exists()


def test_nothing_typed_is_kept_by_browser_or_page(world: World, tablet: Client) -> None:
    for url in (KIOSK, AGAIN, DONE):
        answer = tablet.get(url)
        assert "no-store" in answer["Cache-Control"]
        assert 'autocomplete="on"' not in answer.content.decode()
    fields = re.findall(r"<input (?![^>]*hidden)[^>]*>", tablet.get(KIOSK).content.decode())
    assert len(fields) == 5
    assert all('autocomplete="off"' in field for field in fields)


def test_the_tablet_rests_after_five_failures(world: World, tablet: Client) -> None:
    for _ in range(4):
        assert tablet.post(KIOSK, {**MARISOL, "day": "1"})["Location"] == AGAIN
    assert tablet.post(KIOSK, {**MARISOL, "day": "1"})["Location"] == KIOSK
    for url in (KIOSK, AGAIN):
        shown = tablet.get(url).content.decode()
        assert "rests for a few minutes" in shown
        assert "<form" not in shown
    assert tablet.post(KIOSK, MARISOL)["Location"] == KIOSK
    assert not Attendance.objects.exists()


def test_the_crisis_line_stands_on_every_page_of_the_tablet(world: World, tablet: Client) -> None:
    type(world.program.site).objects.update(phone="207-555-0142")
    for url in (KIOSK, AGAIN, DONE):
        assert "207-555-0142" in tablet.get(url).content.decode()
    assert "988" in Client().get(KIOSK).content.decode()


def test_a_second_device_with_the_same_code_is_refused(world: World) -> None:
    code = code_of(world)
    Client().post(KIOSK, {"code": code})
    other = Client()
    answer = other.post(KIOSK, {"code": code})
    assert answer.status_code == 422
    assert "This code does not open anything." in answer.content.decode()
    assert code not in answer.content.decode()
    assert "Enter the code" in other.get(KIOSK).content.decode()


def test_a_code_that_ran_out_says_the_same(world: World, _now: Any) -> None:
    code = code_of(world)
    wrong = Client().post(KIOSK, {"code": "0000 0000"}).content
    _now.move_to(OPENS + timedelta(minutes=10))
    token = re.compile(rb'value="\w{64}"')
    late = Client().post(KIOSK, {"code": code}).content
    assert token.sub(b"", late) == token.sub(b"", wrong)


def test_too_many_codes_wait(world: World) -> None:
    code = code_of(world)
    for _ in range(10):
        Client().post(KIOSK, {"code": "0000 0000"})
    assert "Wait ten minutes" in Client().post(KIOSK, {"code": code}).content.decode()
    other = Client(REMOTE_ADDR="203.0.113.7")
    assert other.post(KIOSK, {"code": code}).status_code == 302
    assert "203.0.113" not in str(list(KioskTry.objects.values()))


def test_made_up_and_altered_cookies_are_no_kiosk(world: World, tablet: Client) -> None:
    mine = tablet.cookies["kiosk"].value
    for word in ("made-up", f"x{mine}", mine.partition(":")[0], ""):
        stranger = Client()
        stranger.cookies["kiosk"] = word
        assert "Enter the code" in stranger.get(KIOSK).content.decode()
        assert stranger.post(KIOSK, MARISOL)["Location"] == KIOSK
    assert not Attendance.objects.exists()
    assert not KioskTry.objects.filter(kiosk__isnull=False).exists()


# --- nobody is signed in on a tablet ------------------------------------------------------------------------
def test_entering_the_code_signs_off_whoever_was_signed_in(world: World) -> None:
    browser = Client()
    code = code_of(world, browser)
    assert "signs them out" in browser.get(KIOSK).content.decode()
    browser.post(KIOSK, {"code": code})
    assert "_auth_user_id" not in browser.session
    assert AuditEvent.objects.filter(action="signed.out").exists()


def test_a_tablet_opens_nothing_else(world: World, tablet: Client) -> None:
    for url in ("/", "/accounts/login/", page_of(world), reverse("sessions:week"), "/nowhere/"):
        answer = tablet.get(url)
        assert (answer.status_code, answer["Location"]) == (302, KIOSK), url
    assert tablet.post("/accounts/login/", {"login": world.leader.email})["Location"] == KIOSK


def test_a_sign_in_that_comes_into_its_browser_is_forgotten(world: World, tablet: Client) -> None:
    tablet.force_login(world.leader)
    assert tablet.get(page_of(world))["Location"] == KIOSK
    assert "_auth_user_id" not in tablet.session
    tablet.force_login(world.leader)
    assert tablet.post(KIOSK, MARISOL)["Location"] == DONE
    assert "_auth_user_id" not in tablet.session


def test_after_the_kiosk_closed_the_device_is_any_device(world: World, tablet: Client) -> None:
    Kiosk.objects.update(closed_at=OPENS)
    answer = tablet.get("/accounts/login/")
    assert answer.status_code == 200
    assert answer.cookies["kiosk"].value == ""


def test_other_browsers_pay_nothing_for_it(
    client: Client, world: World, django_assert_num_queries: Any
) -> None:
    client.force_login(make.make_staff(world.program, Role.SCHEDULER))
    client.get(reverse("users:profile"))
    with django_assert_num_queries(3):
        client.get(reverse("users:profile"))


def test_without_its_token_nothing_is_taken(world: World, tablet: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies["kiosk"] = tablet.cookies["kiosk"].value
    away = strict.post(KIOSK, MARISOL)
    assert away["Location"].startswith("/accounts/login/")
    assert strict.get(away["Location"])["Location"] == KIOSK
    assert not Attendance.objects.exists()
