"""The calendar's file over HTTP, and the page where its address is made."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from icalendar import Calendar

from phpsupport.access.roles import Role
from phpsupport.programs.models import Program
from sessions.actions.feeds import make_feed
from sessions.models import CalendarFeed, GroupSession, SessionState
from sessions.views import feed as feed_views
from tests import factories as make

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 12, 20, tzinfo=UTC)
MINE = reverse("sessions:my-calendar")


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def program() -> Program:
    return make.make_program()


@pytest.fixture
def person(program: Program) -> Any:
    user = make.make_staff(program, Role.PARTICIPANT, first_name="Marisol")
    participant = make.make_participant(program, user=user)
    series = make.make_series(program, facilitator=make.make_facilitator(program), weekdays=(1,))
    make.enroll(series, participant)
    make.make_session(series, date(2026, 3, 3))
    return user


def address(user: Any) -> str:
    _, token = make_feed(by=user, at=NOW)
    return reverse("outside:calendar", args=[token])


# --- the file ---------------------------------------------------------------------------------------
def test_the_file_comes_without_cookie_or_session(client: Client, person: Any) -> None:
    answer = client.get(address(person))
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer["Content-Disposition"] == 'inline; filename="calendar.ics"'
    assert answer["Cache-Control"] == "private, no-cache"
    assert "noindex" in answer["X-Robots-Tag"]
    assert not answer.cookies
    assert "Vary" not in answer
    assert len(Calendar.from_ical(answer.content).walk("VEVENT")) == 1


def test_whoever_is_signed_in_makes_no_difference(client: Client, person: Any) -> None:
    plain = client.get(address(person))
    client.force_login(make.make_staff(make.make_program(), Role.ADMINISTRATOR))
    answer = client.get(plain.request["PATH_INFO"])
    assert answer.content == plain.content
    assert not answer.cookies
    assert not answer.wsgi_request.user.is_authenticated


def test_the_etag_is_the_contents_and_answers_304(client: Client, person: Any) -> None:
    url = address(person)
    first = client.get(url)
    assert first["ETag"] == f'"{hashlib.sha256(first.content).hexdigest()}"'
    known = client.get(url, headers={"If-None-Match": f'"other", {first["ETag"]}'})
    assert (known.status_code, known.content, known["ETag"]) == (304, b"", first["ETag"])
    assert client.get(url, headers={"If-None-Match": "*"}).status_code == 304
    assert client.get(url, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_day_later_nothing_changed_and_after_a_move_it_did(client: Client, person: Any) -> None:
    url = address(person)
    first = client.get(url)
    with time_machine.travel(NOW + timedelta(days=1), tick=False):
        assert client.get(url)["ETag"] == first["ETag"]
    GroupSession.objects.update(state=SessionState.CANCELLED)
    after = client.get(url, headers={"If-None-Match": first["ETag"]})
    assert after.status_code == 200
    assert b"STATUS:CANCELLED" in after.content
    assert (b"SEQUENCE:0" in first.content, b"SEQUENCE:1" in after.content) == (True, True)


def test_head_says_the_same_without_the_file(client: Client, person: Any) -> None:
    url = address(person)
    answer = client.head(url)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["ETag"] == client.get(url)["ETag"]


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_it_is_only_read(client: Client, person: Any, method: str) -> None:
    assert getattr(client, method)(address(person)).status_code == 405


def test_an_unknown_address_and_a_stopped_one_look_the_same(client: Client, person: Any) -> None:
    url = address(person)
    unknown = client.get(reverse("outside:calendar", args=["x" * 43]))
    client.force_login(person)
    client.post(reverse("sessions:my-calendar-stop"))
    stopped = client.get(url)
    assert (stopped.status_code, stopped.content) == (404, b"Not found.") == (
        unknown.status_code, unknown.content,
    )  # fmt: skip
    assert dict(stopped.headers) == dict(unknown.headers)
    assert stopped["Content-Type"] == "text/plain; charset=utf-8"


def test_too_many_requests_from_one_address_wait(client: Client, person: Any) -> None:
    url = address(person)
    for _ in range(feed_views.READS_A_MINUTE):
        client.get(reverse("outside:calendar", args=["made-up"]))
    answer = client.get(url)
    assert (answer.status_code, answer["Retry-After"]) == (429, "60")
    assert client.get(url, REMOTE_ADDR="203.0.113.9").status_code == 200
    with time_machine.travel(NOW + timedelta(minutes=1), tick=False):
        assert client.get(url).status_code == 200


def test_the_whole_answer_takes_four_queries(
    client: Client, person: Any, django_assert_num_queries: Any
) -> None:
    url = address(person)
    with django_assert_num_queries(4):  # feed, roles, sessions, when it was read
        client.get(url)
    with django_assert_num_queries(3):
        client.get(url)


# --- its page ---------------------------------------------------------------------------------------
def test_making_shows_the_address_once(client: Client, person: Any) -> None:
    client.force_login(person)
    assert "You get a secret address" in client.get(MINE).content.decode()
    page = client.post(MINE, {"secret": make.PASSWORD})
    shown = page.context["address"]
    assert shown in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert client.get(urlsplit(shown).path).status_code == 200
    again = client.get(MINE)
    assert shown not in again.content.decode()
    assert again.context["address"] == ""
    assert not [v for v in client.session.values() if shown in str(v)]


def test_a_new_address_stops_the_old_one_at_the_next_request(client: Client, person: Any) -> None:
    url = address(person)
    assert client.get(url).status_code == 200
    client.force_login(person)
    client.post(MINE, {"secret": make.PASSWORD})
    assert client.get(url).status_code == 404


@pytest.mark.parametrize("secret", ["", "not-my-password", "123456"])
def test_who_cannot_say_who_they_are_gets_no_address(
    client: Client, person: Any, secret: str
) -> None:
    url = address(person)
    client.force_login(person)
    page = client.post(MINE, {"secret": secret})
    assert page.status_code == 422
    assert page.context["address"] == ""
    assert "signed" not in str(page.context["form"].errors)
    assert client.get(url).status_code == 200
    assert CalendarFeed.objects.count() == 1


def test_only_ones_own_feed_is_stopped(client: Client, person: Any, program: Program) -> None:
    url = address(person)
    other = make.make_facilitator(program).user
    client.force_login(other)
    page = client.get(MINE)
    assert page.context["feed"] is None
    client.post(reverse("sessions:my-calendar-stop"))
    assert client.get(url).status_code == 200


def test_the_menu_leads_there_only_for_those_who_have_a_calendar(
    client: Client, person: Any, program: Program
) -> None:
    client.force_login(person)
    assert MINE in client.get(reverse("home:portal")).content.decode()
    client.force_login(make.make_staff(program, Role.SCHEDULER))
    assert MINE not in client.get(reverse("users:profile")).content.decode()


def test_the_page_takes_the_same_queries_with_and_without_an_address(
    client: Client, person: Any, django_assert_num_queries: Any
) -> None:
    client.force_login(person)
    client.get(MINE)
    for _ in range(2):
        with django_assert_num_queries(6):
            client.get(MINE)
        address(person)
