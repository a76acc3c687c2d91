"""Nothing typed is lost: people type while they are cut off in every way.

    make typing                      200 runs, eight at once, with the figures
    TYPING_SEED=7 make typing        another course of events

The suite runs a short form. At most five seconds of typing may be lost, and never may the line say
"Saved" while the database holds other words than the fields.
"""

import logging
import os
import random
import re
import time
from typing import Any

import pytest
from django.test import Client

from phpsupport.devservices import PROJECT
from phpsupport.health import heartbeat
from sessions.views import saving
from tests.sessions.worlds import make_world
from tests.typing import cuts
from tests.typing.person import Figures, Person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(3600)]

SHORT = 6
RUNS = int(os.environ.get("TYPING_RUNS", SHORT))
SEED = int(os.environ.get("TYPING_SEED", "20261123"))
AT_ONCE = int(os.environ.get("TYPING_AT_ONCE", "6"))
MOST_LOST = 5.0  # seconds of typing


def test_at_most_five_seconds_are_lost_and_saved_is_true(
    browser: Any, site: str, monkeypatch: Any, caplog: Any, capsys: Any
) -> None:
    for noisy in ("django.request", "django.server"):  # what fails here fails on purpose
        caplog.set_level(logging.CRITICAL, logger=noisy)
    kinds = list(cuts.KINDS)
    random.Random(SEED).shuffle(kinds)
    figures = Figures()
    server = cuts.Server(saving.save_typed)
    monkeypatch.setattr(saving, "save_typed", server.save)
    began = time.monotonic()
    with cuts.database() as database:
        for first in range(0, RUNS, AT_ONCE):
            heartbeat.store().flushdb()  # many sign-ins from one address
            people = []
            for number in range(first, min(RUNS, first + AT_ONCE)):
                world = make_world(2)
                world.mark("present", "present")
                context = browser.new_context(base_url=site, viewport={"width": 390, "height": 844})
                sign_in(context, site, world.leader)
                kind = kinds[number % len(kinds)]
                people.append(Person(number, SEED, world, context, kind, database, server, figures))
            for person in people:
                person.open()
            for person in people:
                person.begin()
            while not all(person.done for person in people):
                for person in people:
                    person.tick()
            if RUNS > SHORT:
                with capsys.disabled():
                    print(f"{time.monotonic() - began:4.0f} s  {figures.so_far}", flush=True)  # noqa: T201
    with capsys.disabled():
        print(f"\nseed {SEED}: {figures}\n{time.monotonic() - began:.0f} s")  # noqa: T201
    assert not figures.false_saved, "\n".join(figures.false_saved)
    assert not figures.unsaved, "\n".join(figures.unsaved)
    assert figures.worst <= MOST_LOST
    assert figures.runs == RUNS
    assert len(figures.asked_for_nothing) <= RUNS // 20, "one's own words are told from others'"
    assert figures.looks >= RUNS, "the line was hardly ever held against the database"


def test_a_line_that_lies_is_seen(browser: Any, site: str) -> None:
    """The same run on a page that says "Saved" as soon as somebody types."""
    code = (PROJECT / "static/js/note.js").read_text()
    honest = 'say("waiting", "Not saved yet…")'
    assert honest in code
    lying = code.replace(honest, 'say("saved", "Saved 0:00")')
    world = make_world(2)
    world.mark("present", "present")
    context = browser.new_context(base_url=site)
    context.route(
        re.compile(r"/js/note\.js"),
        lambda route: route.fulfill(body=lying, content_type="text/javascript"),
    )
    sign_in(context, site, world.leader)
    figures = Figures()
    server = cuts.Server(saving.save_typed)
    with cuts.database() as database:
        person = Person(0, SEED, world, context, ("500",), database, server, figures)
        person.open()
        person.begin()
        until = time.monotonic() + 20
        while not figures.false_saved and not person.done and time.monotonic() < until:
            person.tick()
        if not person.done:
            person.end()
    assert figures.false_saved


def sign_in(context: Any, site: str, user: Any) -> None:
    client = Client()
    client.force_login(user)
    cookie = client.cookies["sessionid"]
    context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": site}])
