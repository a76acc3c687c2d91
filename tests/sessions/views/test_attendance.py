"""The attendance sheet where somebody has to choose: who is alike, who marked otherwise, and why."""

from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client

from participants.models import Participant
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.users.models import User
from sessions.models import Attendance, Status
from tests.factories import make_participant, make_staff
from tests.sessions.views.test_facilitator import page, sheet, signed_in
from tests.sessions.worlds import AFTER, DURING, World, make_world

pytestmark = pytest.mark.django_db
LATER = AFTER + timedelta(hours=3)  # a mark that changes needs a reason by then
TICK = "I looked: this is the right person to add"


@pytest.fixture(autouse=True)
def _that_tuesday() -> Iterator[None]:
    with time_machine.travel(AFTER, tick=False):
        yield


def row(answer: Any, person: Participant) -> str:
    """The part of the page about one person."""
    _, found, rest = unescape(answer.content.decode()).partition(f'id="p-{person.pk}"')
    assert found, f"{person} is not on the page"
    part: str = rest.partition("</li><li class=")[0].partition("\n<li class=")[0]
    return part.partition('<section class="walk-in')[0]


def checked(answer: Any, person: Participant) -> str:
    """The mark chosen on the page for somebody."""
    return next(r.value.status for r in answer.context["rows"] if r.key == f"p-{person.pk}")


def stored(world: World) -> list[str]:
    found = dict(Attendance.objects.values_list("participant_id", "status"))
    return [found.get(person.pk, "") for person in world.people]


def save(client: Client, world: World, data: dict[str, str]) -> Any:
    return client.post(page(world, "attendance"), data)


def test_the_trail_knows_who_was_found_beyond_the_roster_and_no_word_of_the_search() -> None:
    world = make_world()
    client = signed_in(world.leader)
    guest = make_participant(world.program, first_name="Gil", last_name="Amado")
    answer = save(client, world, sheet(world) | {"find": "1", "q": "gil amado"})
    assert [person.participant_id for person in answer.context["found"].others] == [guest.pk]
    looked = AuditEvent.objects.get(action="walk_ins.searched")
    assert (looked.actor_id, looked.object_id) == (world.leader.pk, world.session.pk)
    assert looked.detail == {"people": [str(guest.pk)]}


# --- a walk-in who is alike -----------------------------------------------------------------------------
def with_guest(
    world: World, first: str, last: str, *statuses: str
) -> tuple[Participant, dict[str, str]]:
    """Somebody to walk in, and the sheet on which they were added."""
    guest = make_participant(world.program, first_name=first, last_name=last)
    key = f"p-{guest.pk}"
    return guest, sheet(world, *statuses) | {f"{key}-status": "present", f"{key}-walk_in": "1"}


def test_somebody_alike_is_added_only_after_a_second_look() -> None:
    world = make_world(2)
    client = signed_in(world.leader)
    guest, data = with_guest(world, "Tuan", "Nguyen", "late", "present")
    data[f"p-{world.people[0].pk}-arrived"] = "10:07"
    shown = save(client, world, sheet(world, "late", "present", add=str(guest.pk)))
    assert "Tuấn N. is on the roster already." in row(shown, guest)
    assert TICK in row(shown, guest)
    assert TICK not in row(shown, world.people[1])

    answer = save(client, world, data)
    assert answer.status_code == 422
    assert not Attendance.objects.exists(), "all or none"
    assert "say so beside their name and save again" in row(answer, guest)
    assert TICK in row(answer, guest)
    assert " checked" not in row(answer, guest).partition('class="look-twice"')[2]
    assert checked(answer, world.people[0]) == "late"
    assert 'value="10:07"' in row(answer, world.people[0])

    data[f"p-{guest.pk}-sure"] = "1"
    assert save(client, world, data).status_code == 302
    assert stored(world) == ["late", "present"]
    assert Attendance.objects.get(participant=guest).walk_in
    assert TICK not in client.get(page(world, "attendance")).content.decode(), "asked once"


def test_the_tick_stays_while_something_else_is_mended() -> None:
    world = make_world(2)
    guest, data = with_guest(world, "Tuan", "Nguyen", "late", "present")
    data |= {f"p-{guest.pk}-sure": "1", f"p-{world.people[0].pk}-arrived": "11:30"}
    answer = save(signed_in(world.leader), world, data)
    assert answer.status_code == 422
    assert " checked" in row(answer, guest).partition('class="look-twice"')[2]
    assert not Attendance.objects.exists()


def test_two_records_of_much_the_same_name_are_told_apart_by_number() -> None:
    world = make_world(1)
    twin = make_participant(world.program, first_name="Gil", last_name="Ortega")
    guest, data = with_guest(world, "Gil", "Ortega", "present")
    answer = save(signed_in(world.leader), world, data)
    assert answer.status_code == 422
    for number in (twin.record_number, guest.record_number):
        assert number in row(answer, guest)
    assert stored(world) == [""]


def test_nobody_is_asked_twice_about_somebody_unlike() -> None:
    world = make_world(1)
    guest, data = with_guest(world, "Gil", "Ortega", "present")
    client = signed_in(world.leader)
    shown = save(client, world, sheet(world, "present", add=str(guest.pk)))
    assert TICK not in row(shown, guest)
    assert save(client, world, data).status_code == 302


# --- two at once ----------------------------------------------------------------------------------------
def meanwhile() -> tuple[World, User, Client, dict[str, str]]:
    """The leader chose absent and late for the first and the third; a scheduler saved otherwise."""
    world = make_world(3)
    other = make_staff(world.program, Role.SCHEDULER, first_name="Inés")
    data = sheet(world, "absent", "", "late")
    world.mark(Status.PRESENT, Status.EXCUSED, Status.PRESENT, by=other)
    return world, other, signed_in(world.leader), data


def test_marks_taken_over_and_marks_in_question_say_whose_they_are() -> None:
    world, other, client, data = meanwhile()
    answer = save(client, world, data)
    assert answer.status_code == 409
    first, second, third = world.people
    at = f"marked at 10:20 by {other.name}"
    assert f"Meanwhile: Excused, {at}." in row(answer, second)
    assert checked(answer, second) == "excused"
    for person, mine in ((first, "absent"), (third, "late")):
        assert f"Somebody else says: Present, {at}." in row(answer, person)
        assert checked(answer, person) == mine, "what was chosen here stays chosen"
    assert answer.content.decode().count(" autofocus") == 1
    assert stored(world) == ["present", "excused", "present"]


def test_the_next_fault_still_says_who_marked_otherwise() -> None:
    world, other, client, data = meanwhile()
    first, _, third = world.people
    data |= {f"p-{p.pk}-both": "1" for p in (first, third)}
    data |= {f"p-{p.pk}-was": "present|||" for p in (first, third)}
    data |= {"version": "1", f"p-{third.pk}-arrived": "11:30"}
    answer = save(client, world, data)
    assert answer.status_code == 422
    assert "the session ended at 10:50" in row(answer, third)
    said = f"Somebody else says: Present, marked at 10:20 by {other.name}"
    for person in (first, third):
        assert said in row(answer, person)
    assert stored(world) == ["present", "excused", "present"]


def test_theirs_is_taken_without_script_and_kept() -> None:
    world, other, client, data = meanwhile()
    first, second, third = world.people
    data |= {f"p-{p.pk}-both": "1" for p in (first, third)}
    data |= {"version": "1", f"p-{second.pk}-status": "excused"}
    shown = save(client, world, data | {"theirs": str(first.pk)})
    assert checked(shown, first) == "present"
    assert "Somebody else says" not in row(shown, first)
    assert "Somebody else says" in row(shown, third)
    assert stored(world) == ["present", "excused", "present"], "choosing is not saving"
    del data[f"p-{first.pk}-both"]
    assert save(client, world, data | {f"p-{first.pk}-status": "present"}).status_code == 302
    assert stored(world) == ["present", "excused", "late"]
    by = dict(Attendance.objects.values_list("participant_id", "marked_by"))
    assert by == {first.pk: other.pk, second.pk: other.pk, third.pk: world.leader.pk}


def test_where_nobody_chose_otherwise_saving_again_keeps_both() -> None:
    world = make_world(2)
    other = make_staff(world.program, Role.SCHEDULER)
    data = sheet(world, "", "late")
    world.mark(Status.PRESENT, by=other)
    client = signed_in(world.leader)
    answer = save(client, world, data)
    assert answer.status_code == 409
    assert "Their marks are shown, yours are kept" in answer.content.decode()
    assert f"Meanwhile: Present, marked at 10:20 by {other.name}." in row(answer, world.people[0])
    again = data | {"version": "1", f"p-{world.people[0].pk}-status": "present"}
    assert save(client, world, again).status_code == 302
    assert stored(world) == ["present", "late"]


# --- why a mark changes ---------------------------------------------------------------------------------
def test_a_late_change_without_a_reason_is_refused_and_stays_typed() -> None:
    world = make_world(2)
    world.mark(Status.PRESENT, at=DURING)
    client = signed_in(world.leader)
    person, fresh = world.people
    with time_machine.travel(LATER, tick=False):
        assert "Why marks change" in client.get(page(world, "attendance")).content.decode()
        data = sheet(world, "late", "excused") | {"version": "1"}
        data |= {f"p-{person.pk}-arrived": "10:07", f"p-{fresh.pk}-reason": "transport"}
        answer = save(client, world, data)
        assert answer.status_code == 422
        body = unescape(answer.content.decode())
        assert "Marisol R. was marked before, and the session is long over. Say why" in body
        assert 'aria-invalid="true"' in body
        assert stored(world) == ["present", ""]
        assert checked(answer, person) == "late"
        assert 'value="10:07"' in row(answer, person)
        assert '<option value="transport" selected>' in row(answer, fresh)
        assert "data-row-why>" in row(answer, person), "asked beside the mark that changes"
        assert "data-row-why" not in row(answer, fresh), "a first mark needs no reason"

        data[f"p-{person.pk}-why"] = "The side door was locked"
        assert save(client, world, data).status_code == 302
        assert stored(world) == ["late", "excused"]
        why = dict(Attendance.objects.values_list("participant_id", "why"))
        assert why == {person.pk: "The side door was locked", fresh.pk: ""}
        shown = row(client.get(page(world, "attendance")), person)
    assert "Was Present, marked Tue 3 Mar, 10:20" in shown
    assert "Corrected to Late 10:07" in shown
    assert "The side door was locked" in shown


def test_taking_somebody_off_late_asks_beside_them() -> None:
    world = make_world(1)
    world.mark(Status.PRESENT, at=DURING)
    world.series.enrollments.update(until_on=world.session.local_date - timedelta(days=1))
    person = world.people[0]
    data = sheet(world, "present") | {"version": "1", f"p-{person.pk}-take_off": "1"}
    with time_machine.travel(LATER, tick=False):
        answer = save(signed_in(world.leader), world, data)
        assert answer.status_code == 422
        assert "data-row-why>" in row(answer, person)
        assert stored(world) == ["present"]
        data["why"] = "Came on Wednesday"
        assert save(signed_in(world.leader), world, data).status_code == 302
    assert stored(world) == [""]


@pytest.mark.parametrize("step", ["a fault", "find"])
def test_a_reason_beside_one_person_stays_where_a_signed_note_asked_for_it(step: str) -> None:
    """Soon after the session only the signed note asks, so the page does not by itself."""
    world = make_world(3)
    world.signed()
    client = signed_in(world.leader)
    person = world.people[0]
    data = sheet(world, "absent", "late") | {"version": "1"}
    asked = save(client, world, data)
    assert asked.status_code == 422
    assert "The note about Marisol R. is signed." in asked.content.decode()
    assert "data-row-why>" in row(asked, person)
    data[f"p-{person.pk}-why"] = "On the wrong line"
    if step == "find":
        answer = save(client, world, data | {"find": "1", "q": "gil"})
    else:
        answer = save(client, world, data | {f"p-{world.people[1].pk}-arrived": "11:30"})
        assert answer.status_code == 422
    assert 'value="On the wrong line"' in row(answer, person)
    assert stored(world)[0] == "present"
    assert save(client, world, data).status_code == 302
    assert Attendance.objects.get(participant=person).why == "On the wrong line"
