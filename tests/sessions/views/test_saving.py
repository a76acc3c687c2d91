"""Saving notes while they are typed: what is kept, what is refused, and what is said of each part."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from phpsupport.access.roles import Role
from phpsupport.users.device import owner_token
from phpsupport.users.models import User
from sessions.models import GroupNoteDraft, GroupSession, ProgressNoteDraft, SessionState
from tests import factories as make
from tests.sessions.worlds import World, make_world

pytestmark = pytest.mark.django_db
# Session, person, roles; the session twice (asked for, locked); the desk's four; one write; and the
# transaction's beginning and end.
QUERIES = 12


@pytest.fixture
def world() -> World:
    world = make_world(3)
    world.mark("present", "present", "present")
    return world


def save(
    world: World, parts: dict[str, dict[str, Any]], by: User | None = None, **more: Any
) -> Any:
    """Send parts as the page does: `{"group": {"version": 0, "what_was_done": "…"}}`."""
    by = by or world.leader
    client = more.get("client") or Client()
    if "client" not in more:
        client.force_login(by)
    owner = more.get("owner", owner_token(by, world.program.pk))
    sent = {f"{key}-{name}": value for key, part in parts.items() for name, value in part.items()}
    url = reverse("sessions:note-save", args=[world.session.pk])
    return client.post(url, sent, headers={"X-Page-Owner": owner})


def group(words: str, version: int = 0) -> dict[str, dict[str, Any]]:
    return {"group": {"version": version, "what_was_done": words}}


def part(world: World, number: int, words: str, version: int = 0) -> dict[str, dict[str, Any]]:
    return {f"p-{world.people[number].pk}": {"version": version, "own_words": words}}


def test_what_was_sent_is_kept_and_nothing_else_touched(world: World) -> None:
    world.write("First of all", group="As it was")
    answer = save(world, part(world, 1, "Typed"))
    assert answer.status_code == 200
    said = answer.json()
    assert said["versions"] == {f"p-{world.people[1].pk}": 1}
    assert said["at"]
    assert (said["stale"], said["signed"], said["faulty"], said["gone"]) == ({}, {}, {}, [])
    assert GroupNoteDraft.objects.get().version == 1
    kept = dict(ProgressNoteDraft.objects.values_list("participant_id", "own_words"))
    assert kept == {world.people[0].pk: "First of all", world.people[1].pk: "Typed"}


def test_a_second_click_changes_nothing(world: World) -> None:
    save(world, group("Once"))
    again = save(world, group("Once"))
    assert (again.status_code, again.json()["versions"]) == (200, {"group": 1})
    assert GroupNoteDraft.objects.get().version == 1


def test_a_stale_part_is_left_alone_and_the_others_are_kept(world: World) -> None:
    world.write(group="We sang and then cooked")
    answer = save(world, group("We danced and then cooked") | part(world, 0, "Kept"))
    assert answer.status_code == 409
    said = answer.json()
    assert said["versions"] == {"group": 1, f"p-{world.people[0].pk}": 1}
    assert said["stored"]["group"]["what_was_done"] == "We sang and then cooked"
    both = said["stale"]["group"]
    assert "<mark>danced</mark>" in both
    assert "<mark>sang</mark>" in both
    assert "and then cooked" in both
    assert GroupNoteDraft.objects.get().what_was_done == "We sang and then cooked"
    assert ProgressNoteDraft.objects.get().own_words == "Kept"
    decided = save(world, group("We danced and then cooked", version=1))
    assert (decided.status_code, decided.json()["versions"]) == (200, {"group": 2})


def test_both_texts_are_written_as_text(world: World) -> None:
    world.write(group="<b>theirs</b>")
    both = save(world, group("<script>mine</script>")).json()["stale"]["group"]
    assert "<script" not in both
    assert "<b>" not in both


def test_a_signed_part_is_not_written_and_an_addendum_offered(world: World) -> None:
    world.write("Said", "Said too")
    world.sign()
    answer = save(world, part(world, 0, "Said otherwise", version=1) | part(world, 2, "Kept"))
    assert answer.status_code == 409
    said = answer.json()
    assert "/addendum/" in said["signed"][f"p-{world.people[0].pk}"]
    assert ProgressNoteDraft.objects.get().own_words == "Kept"


def test_a_faulty_part_is_named_and_the_others_are_kept(world: World) -> None:
    answer = save(world, part(world, 0, "x" * 5001) | group("Kept"))
    assert answer.status_code == 409
    faults = answer.json()["faulty"][f"p-{world.people[0].pk}"]["own_words"]
    assert "5000" in faults[0]
    assert GroupNoteDraft.objects.get().what_was_done == "Kept"
    assert not ProgressNoteDraft.objects.exists()


def test_somebody_who_is_not_on_the_roster_is_never_called_saved(world: World) -> None:
    stranger = f"p-{make.make_participant(world.program).pk}"
    answer = save(world, {stranger: {"version": 0, "own_words": "Where?"}} | group("Kept"))
    assert answer.status_code == 409
    assert answer.json()["gone"] == [stranger]
    assert stranger not in answer.json()["versions"]
    assert GroupNoteDraft.objects.exists()
    assert not ProgressNoteDraft.objects.exists()


def test_a_page_of_somebody_else_saves_nothing(world: World) -> None:
    other = make.make_staff(world.program, Role.FACILITATOR)
    for owner in ("", "made:up", owner_token(other, world.program.pk)):
        answer = save(world, group("Whose?"), owner=owner)
        assert (answer.status_code, answer.json()) == (409, {"code": "not-yours"})
    assert not GroupNoteDraft.objects.exists()


def test_who_does_not_lead_the_session_saves_nothing(world: World) -> None:
    for role in (Role.SCHEDULER, Role.SUPERVISOR, Role.FACILITATOR):
        assert save(world, group("No"), make.make_staff(world.program, role)).status_code == 403
    stranger = make.make_staff(make.make_program(), Role.FACILITATOR)
    assert save(world, group("No"), stranger).status_code == 404
    signed_out = save(world, group("No"), client=Client())
    assert signed_out.status_code == 302
    assert not GroupNoteDraft.objects.exists()


def test_a_cancelled_session_takes_no_notes(world: World) -> None:
    GroupSession.objects.filter(pk=world.session.pk).update(state=SessionState.CANCELLED)
    answer = save(world, group("Too late"))
    assert answer.status_code == 422
    assert "cancelled" in answer.json()["refused"]


def test_as_many_queries_for_three_parts_as_for_one(world: World) -> None:
    client = Client()
    client.force_login(world.leader)
    client.get("/accounts/profile/")

    def asked(words: str, version: int, *people: int) -> int:
        parts: dict[str, dict[str, Any]] = {}
        for number in people:
            parts |= part(world, number, f"{words} {number}", version)
        with CaptureQueriesContext(connection) as queries:
            assert save(world, parts, client=client).status_code == 200
        return len(queries)

    world.write("One", "Two", "Three", group="")
    assert asked("More", 1, 0) == asked("More", 1, 1, 2) == asked("Again", 2, 0, 1, 2) == QUERIES


def test_the_first_save_of_all_parts_writes_the_groups_and_the_trail_too(world: World) -> None:
    client = Client()
    client.force_login(world.leader)
    client.get("/accounts/profile/")
    parts = (
        group("We sang.") | part(world, 0, "One") | part(world, 1, "Two") | part(world, 2, "Three")
    )
    with CaptureQueriesContext(connection) as queries:
        assert save(world, parts, client=client).status_code == 200
    assert len(queries) == QUERIES + 2
