"""Nobody is shown a link that closes in their face: every link of every page opens for its reader."""

import re
from collections import Counter
from datetime import UTC, datetime
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest
import time_machine
from django.test import Client
from django.urls import Resolver404, resolve

from phpsupport.demo import world as demo
from phpsupport.demo.people import PARTICIPANT_SIGN_IN, STAFF
from phpsupport.lib import clock
from phpsupport.users.models import User

# Each kind of page in two of its states, for each of the demo's people who sees something of their own.
VISITS_PER_ADDRESS = 2
LIKE_OTHERS = {"jo", "marcus", "theo"}
ELSEWHERE = re.compile(r"^(mailto:|tel:|https?:|#|$)")


class Links(HTMLParser):
    """The addresses that a page offers for reading."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        for name in ("href", "hx-get"):
            address = given.get(name) or ""
            if tag != "link" and address and not ELSEWHERE.match(address):
                self.found.append(address)


def address_of(url: str) -> str | None:
    """The name of the view behind a URL; None for files."""
    try:
        return resolve(urlsplit(url).path).view_name
    except Resolver404:
        return None if url.startswith("/static/") else "nowhere"


def walk(client: Client) -> tuple[list[str], int]:
    """Follow links from the landing page; what does not open, and how many pages were seen."""
    waiting, seen, visits = ["/"], {"/"}, Counter[str]()
    closed: list[str] = []
    came_from = {"/": "the start"}
    while waiting:
        url = waiting.pop(0)
        response = client.get(url, follow=True)
        if response.status_code != 200:
            closed.append(f"{response.status_code} {url} linked on {came_from[url]}")
            continue
        if "text/html" not in response.headers.get("Content-Type", ""):
            continue
        reader = Links()
        reader.feed(response.text)
        for link in reader.found:
            target = urldefrag(urljoin(url, link)).url
            name = address_of(target)
            if target in seen or name is None:
                continue
            seen.add(target)
            visits[name] += 1
            if visits[name] <= VISITS_PER_ADDRESS:
                came_from[target] = url
                waiting.append(target)
    return closed, len(came_from)


@pytest.mark.django_db
@pytest.mark.timeout(900)
def test_no_link_closes_in_ones_face() -> None:
    with time_machine.travel(datetime(2026, 11, 23, 18, tzinfo=UTC), tick=False):
        _walk_as_everybody()


def _walk_as_everybody() -> None:
    demo.build(clock.now())
    closed: list[str] = []
    people = [staff.email for staff in STAFF if staff.key not in LIKE_OTHERS]
    for email in [*people, PARTICIPANT_SIGN_IN[0]]:
        client = Client()
        client.force_login(User.objects.get(email=email))
        refused, pages = walk(client)
        closed += [f"{email}: {line}" for line in refused]
        assert pages > 3, f"{email} found nothing to open"
    assert not closed, "\n".join(closed)
