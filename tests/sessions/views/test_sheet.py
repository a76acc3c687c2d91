"""The sign-in sheet: who stands on it and how, on the page and in the file."""

import re
from datetime import time
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from sessions.queries.attendance import with_heading
from sessions.queries.sheet import sheet_of
from sessions.sheet_file import sheet_file
from tests import factories as make
from tests.sessions.worlds import World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world(3)


def lines(world: World) -> list[tuple[str, str]]:
    session = with_heading(type(world.session).objects.all()).get()
    return [(line.name, line.leaves) for line in sheet_of(session).lines]


def add(world: World, first: str, last: str, number: str = "", **more: Any) -> None:
    fields = {"record_number": number} if number else {}
    person = make.make_participant(world.program, first_name=first, last_name=last, **fields)
    make.enroll(world.series, person, **more)


def pages(world: World) -> tuple[str, str]:
    return tuple(reverse(f"sessions:{n}", args=[world.session.pk]) for n in ("sheet", "sheet-pdf"))  # type: ignore[return-value]


def test_preferred_name_and_last_initial(world: World) -> None:
    world.people[1].preferred_name = "Tony"
    world.people[1].save()
    assert [name for name, _ in lines(world)] == ["Bea K.", "Marisol R.", "Tony N."]


def test_two_that_read_the_same_show_as_many_letters_as_it_takes(world: World) -> None:
    add(world, "Marisol", "Romero")
    add(world, "Bea", "Kohl")
    assert [name for name, _ in lines(world)] == [
        "Bea Koh.", "Bea Kow.", "Marisol Ri.", "Marisol Ro.", "Tuấn N.",
    ]  # fmt: skip


def test_two_of_one_name_are_told_apart_by_the_end_of_their_numbers(world: World) -> None:
    add(world, "Ann", "Lee", "H1041")
    add(world, "Ann", "Lee", "H1042")
    assert [name for name, _ in lines(world)][:2] == ["Ann Lee. …41", "Ann Lee. …42"]


def test_planned_early_leaving_is_said_where_it_is_early(world: World) -> None:
    add(world, "Early", "Bird", leaves_at=time(10, 30))
    add(world, "Late", "Bird", leaves_at=time(12, 50))
    assert dict(lines(world))["Early B."] == "10:30"
    assert dict(lines(world))["Late B."] == ""


def test_who_has_no_place_that_day_does_not_stand_on_it(world: World) -> None:
    world.people[0].enrollments.update(until_on=world.session.local_date.replace(day=1))
    world.people[2].sealed_at = world.session.starts_at
    world.people[2].save()
    assert [name for name, _ in lines(world)] == ["Tuấn N."]


def test_the_page_and_the_file_tell_nothing_more(client: Client, world: World) -> None:
    client.force_login(world.leader)
    page, file = (client.get(url) for url in pages(world))
    shown = page.content.decode()
    table = shown[shown.index("<table") : shown.index("</table>")]
    assert "<title>Sign-in sheet</title>" in shown
    assert "Marisol R." in table
    assert table.count("<tr>") == 1 + 3 + 4
    for word in ("Rivera", "Morning", "PHP", world.program.name, world.people[0].record_number):
        assert word not in table
    assert file["Content-Type"] == "application/pdf"
    assert file["Content-Disposition"] == 'inline; filename="sign-in-2026-03-03.pdf"'
    assert "no-store" in page["Cache-Control"]
    assert "no-store" in file["Cache-Control"]


def test_the_file_is_tagged_and_says_its_language_and_title(client: Client, world: World) -> None:
    client.force_login(world.leader)
    file = client.get(pages(world)[1]).content
    assert file.startswith(b"%PDF-")
    assert b"/StructTreeRoot" in file or b"/MarkInfo" in file
    assert b"pdfuaid" in file
    assert b"AtkinsonHyperlegibleNext" in file
    assert b"Rivera" not in file


def test_words_are_data_and_never_markup(world: World) -> None:
    add(world, '#panic("x") $', "*Bold*")
    add(world, "王", "محمد")
    session = with_heading(type(world.session).objects.all()).get()
    assert sheet_file(sheet_of(session)).startswith(b"%PDF-")


def test_opening_it_stands_in_the_trail(client: Client, world: World) -> None:
    client.force_login(world.leader)
    for url in pages(world):
        client.get(url)
    told = AuditEvent.objects.filter(action="sheet.opened")
    assert [(e.actor_id, e.object_id) for e in told] == [(world.leader.pk, world.session.pk)] * 2


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.CLINICIAN, Role.FACILITATOR], ids=str)
def test_who_neither_plans_nor_leads_gets_none(client: Client, world: World, role: Role) -> None:
    client.force_login(make.make_staff(world.program, role))
    assert [client.get(url).status_code for url in pages(world)] == [403, 403]


def test_the_same_queries_for_one_and_three(
    client: Client, world: World, django_assert_num_queries: Any
) -> None:
    client.force_login(world.leader)
    client.get(pages(world)[0])
    for _ in range(2):
        with django_assert_num_queries(7):
            client.get(pages(world)[0])
        for person in world.people[:2]:
            person.enrollments.update(until_on=world.session.local_date.replace(day=1))


def test_the_session_leads_to_sheet_and_kiosk_for_those_at_the_door(
    client: Client, world: World
) -> None:
    url = reverse("sessions:session", args=[world.session.pk])
    client.force_login(world.leader)
    assert pages(world)[0] in client.get(url).content.decode()
    client.force_login(make.make_staff(world.program, Role.CLINICIAN))
    assert not re.search("/sheet/|/kiosk/", client.get(url).content.decode())
