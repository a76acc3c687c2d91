"""Who else has a page of a session open."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
import time_machine
from django.test import Client
from django.urls import reverse

from phpsupport.access.roles import Role
from sessions import presence
from sessions.models import GroupSession
from tests import factories as make
from tests.sessions.worlds import World, make_world

NOON = datetime(2026, 3, 4, 17, tzinfo=UTC)


@pytest.fixture
def world(db: None) -> World:
    return make_world(1)


def url(session: GroupSession, page: str = "attendance") -> str:
    return reverse("sessions:presence", args=[session.pk, page])


def test_each_sees_the_other_and_not_themselves(world: World) -> None:
    scheduler = make.make_staff(world.program, Role.SCHEDULER)
    first, second = Client(), Client()
    first.force_login(world.leader)
    second.force_login(scheduler)
    assert first.post(url(world.session)).json() == {"present": []}
    assert second.post(url(world.session)).json() == {
        "present": [presence.short_name(world.leader)]
    }
    assert first.post(url(world.session)).json() == {"present": [presence.short_name(scheduler)]}
    assert first.post(url(world.session, "note")).json() == {"present": []}, "another page"


def test_who_left_or_went_silent_is_gone(world: World) -> None:
    other = make.make_staff(world.program, Role.SCHEDULER)

    def seen(after: int) -> list[str]:
        return presence.here(
            world.session, world.leader, "attendance", at=NOON + timedelta(seconds=after)
        )

    presence.here(world.session, other, "attendance", at=NOON)
    assert seen(presence.SECONDS - 1)
    assert not seen(presence.SECONDS + 1)
    presence.here(world.session, other, "attendance", at=NOON + timedelta(seconds=40))
    assert seen(41)
    presence.gone(world.session, other, "attendance")
    assert not seen(42)


def test_without_the_store_nobody_seems_here(world: World, monkeypatch: Any) -> None:
    nobody_listens = redis.Redis(port=9, socket_connect_timeout=0.2)
    monkeypatch.setattr(presence, "_store", lambda: nobody_listens)
    assert presence.here(world.session, world.leader, "note", at=NOON) == []
    presence.gone(world.session, world.leader, "note")


def test_only_who_may_write_there_is_told(world: World, client: Client) -> None:
    client.force_login(make.make_staff(world.program, Role.SCHEDULER))
    assert client.post(url(world.session, "note")).status_code == 403
    assert client.post(url(world.session, "elsewhere")).status_code == 404
    client.force_login(make.make_staff(make.make_program(), Role.SCHEDULER))
    assert client.post(url(world.session)).status_code == 404
    client.logout()
    assert client.post(url(world.session)).status_code == 302
    client.force_login(world.leader)
    assert client.get(url(world.session)).status_code == 405


def test_asking_keeps_nobody_signed_in_and_writes_no_session(
    world: World, django_assert_num_queries: Any
) -> None:
    client = Client()
    client.force_login(world.leader)
    with time_machine.travel(NOON, tick=False) as clock:
        client.get("/accounts/profile/")
        for _ in range(3):
            clock.shift(timedelta(minutes=5))
            assert client.post(url(world.session)).status_code == 200
        with django_assert_num_queries(4):  # session, person, roles, the group session
            client.post(url(world.session))
        clock.shift(timedelta(seconds=1))
        assert client.post(url(world.session)).status_code == 302
