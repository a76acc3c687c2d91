"""A room has hours in which it can be used; none on record means all day."""

from datetime import time
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.lib import clock
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import Program
from sessions.actions.rooms import create_room, edit_room
from sessions.models import Room
from tests.factories import make_program, make_room, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def program(client: Client) -> Program:
    program = make_program()
    client.force_login(make_staff(program, Role.SCHEDULER))
    return program


def filled(**more: Any) -> dict[str, Any]:
    return {"name": "Harbor", "seats": 12, "kind": "room", "notes": ""} | more


def test_the_hours_are_kept_and_shown(program: Program, client: Client) -> None:
    new = reverse("sessions:room-new")
    assert client.post(new, filled(opens="08:00", closes="17:30")).status_code == 302
    room = Room.objects.get()
    assert (room.opens, room.closes) == (time(8), time(17, 30))
    assert "8:00–17:30" in client.get(reverse("sessions:rooms")).content.decode()
    edit = reverse("sessions:room-edit", args=[room.pk])
    assert 'value="08:00' in client.get(edit).content.decode()
    assert client.post(edit, filled(opens="", closes="")).status_code == 302
    room.refresh_from_db()
    assert (room.opens, room.closes) == (None, None)
    event = AuditEvent.objects.get(action="room.edited")
    assert event.detail["changed"] == ["closes", "opens"]


@pytest.mark.parametrize(
    ("opens", "closes", "field", "said"),
    [
        ("08:00", "", "closes", "Give both hours"),
        ("", "17:00", "opens", "Give both hours"),
        ("17:00", "08:00", "closes", "close after it opens"),
        ("08:00", "08:00", "closes", "close after it opens"),
        ("25:00", "17:00", "opens", "time"),
    ],
)
def test_half_hours_are_refused_beside_the_field(
    program: Program, client: Client, opens: str, closes: str, field: str, said: str
) -> None:
    page = client.post(reverse("sessions:room-new"), filled(opens=opens, closes=closes))
    assert said in " ".join(page.context["form"].errors[field])
    assert not Room.objects.exists()


def test_the_action_refuses_them_as_well(program: Program) -> None:
    room = make_room(program)
    asked: dict[str, Any] = {"program": program, "by": None, "at": clock.now()}
    with pytest.raises(Refused, match="Give both hours"):
        create_room(name="X", seats=2, opens=time(8), **asked)
    with pytest.raises(Refused, match="close after it opens"):
        edit_room(room=room, opens=time(9), closes=time(8), **asked)
    room.refresh_from_db()
    assert room.opens is None
