"""Fifty windows at one slot: real sockets, a session and a token of its own for each."""

import http.client
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from threading import Barrier
from urllib.parse import urlencode, urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from phpsupport.access.roles import Role
from phpsupport.lib import clock
from phpsupport.users.models import User
from sessions.models import GroupSeries, GroupSession
from tests.factories import (
    make_facilitator,
    make_group,
    make_program,
    make_room,
    make_series,
    make_session,
    make_staff,
)

pytestmark = pytest.mark.django_db(transaction=True)
WINDOWS = 50
KEPT = re.compile(r'<input type="hidden" name="(seen|stood)" value="([^"]*)">')


@dataclass(frozen=True)
class Answer:
    """What came back over the socket."""

    status: int
    location: str
    page: str


class Window:
    """One browser window of one person: a session of its own and the token of the page it shows."""

    def __init__(self, site: str, user: User) -> None:
        client = Client()
        client.force_login(user)
        self.host = urlsplit(site).netloc
        name = settings.SESSION_COOKIE_NAME
        self.headers = {"Cookie": f"{name}={client.cookies[name].value}"}
        self.token = ""

    def open(self, path: str) -> None:
        """Show a page with a form, and stand ready to send it."""
        answer = self._ask(self._connect(), "GET", path)
        assert answer.status == 200
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', answer.page)
        assert found
        self.token = found[1]
        # The tests' server lets ten wait to be connected; a real one more.
        self.line = self._connect()

    def send(self, path: str, form: dict[str, object]) -> Answer:
        """Press the button of the form."""
        return self._ask(self.line, "POST", path, self._body(form))

    def look(self, path: str, form: dict[str, object]) -> dict[str, object]:
        """See first what the form comes to: what the page then sends with the yes."""
        answer = self._ask(self._connect(), "POST", path, self._body({**form, "see": "1"}))
        return {**form, **dict(KEPT.findall(answer.page)), "confirm": "1"}

    def _body(self, form: dict[str, object]) -> str:
        return urlencode({**form, "csrfmiddlewaretoken": self.token}, doseq=True)

    def _connect(self) -> http.client.HTTPConnection:
        line = http.client.HTTPConnection(self.host, timeout=120)
        line.connect()
        return line

    def _ask(
        self, line: http.client.HTTPConnection, method: str, path: str, body: str | None = None
    ) -> Answer:
        headers = dict(self.headers)
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            headers["Origin"] = f"http://{self.host}"
        try:
            line.request(method, path, body, headers)
            response = line.getresponse()
            page = unescape(response.read().decode())
            return Answer(response.status, response.headers.get("Location", ""), page)
        finally:
            line.close()


def all_at_once(
    windows: list[Window], paths: list[str], bodies: list[dict[str, object]]
) -> list[Answer]:
    """Each window has its page open; then all of them press the button at the same moment."""
    ready = Barrier(len(windows))

    def press(window: Window, path: str, body: dict[str, object]) -> Answer:
        ready.wait(60)
        return window.send(path, body)

    for window, path in zip(windows, paths, strict=True):
        window.open(path)
    with ThreadPoolExecutor(len(windows)) as pool:
        return list(pool.map(press, windows, paths, bodies))


def test_fifty_windows_want_one_room_and_one_facilitator(site: str) -> None:
    program = make_program()
    by = make_staff(program, Role.SCHEDULER)
    today = clock.local_date(clock.now(), program.zone)
    monday = today + timedelta(days=14 - today.weekday())
    lead = make_facilitator(
        program, on=today - timedelta(days=9), through=today + timedelta(days=400)
    )
    room = make_room(program, "Harbor Room")
    groups = [make_group(program, f"Group {n:02}") for n in range(WINDOWS)]
    bodies: list[dict[str, object]] = [
        {
            "group": group.pk, "weekdays": ["0"], "starts": "10:00", "ends": "10:50",
            "from_on": monday, "until_on": monday + timedelta(days=21), "room": room.pk,
            "capacity": 12, "lead": lead.pk, "act": "save",
        }
        for group in groups
    ]  # fmt: skip
    windows = [Window(site, by) for _ in range(WINDOWS)]
    answers = all_at_once(windows, [reverse("sessions:series-new")] * WINDOWS, bodies)

    assert sorted(a.status for a in answers) == [200] * (WINDOWS - 1) + [302]
    series = GroupSeries.objects.get()
    assert GroupSession.objects.count() == 4
    won = next(a for a in answers if a.status == 302)
    assert won.location.partition("?")[0] == reverse("sessions:series", args=[series.pk])
    taken = f"Harbor Room is taken by {series.group.name} until 10:50"
    for refused in (a for a in answers if a.status == 200):
        assert "Nothing was saved." in refused.page
        assert taken in refused.page
        assert 'value="10:00"' in refused.page  # what was typed stays


def test_many_sessions_move_into_one_slot_and_one_gets_there(site: str) -> None:
    program = make_program()
    by = make_staff(program, Role.SCHEDULER)
    today = clock.local_date(clock.now(), program.zone)
    day, until = today + timedelta(days=7), today + timedelta(days=400)
    wanted = make_room(program, "Harbor Room")
    sessions = [
        make_session(
            make_series(
                program,
                group=make_group(program, f"Group {n:02}"),
                facilitator=make_facilitator(program, on=today, through=until),
            ),
            day,
        )
        for n in range(16)
    ]
    windows = [Window(site, by) for _ in sessions]
    body: dict[str, object] = {"on": day, "starts": "15:00", "ends": "15:50", "room": wanted.pk}
    paths = [reverse("sessions:session-move", args=[session.pk]) for session in sessions]
    bodies = []
    for window, path in zip(windows, paths, strict=True):
        window.open(path)
        bodies.append(window.look(path, body))  # nothing is in anybody's way yet
    answers = all_at_once(windows, paths, bodies)
    assert sorted(a.status for a in answers) == [200] * 15 + [302]
    there = GroupSession.objects.get(room=wanted)
    taken = f"Harbor Room is taken by {there.series.group.name} until 15:50"
    assert all(taken in a.page for a in answers if a.status == 200)
