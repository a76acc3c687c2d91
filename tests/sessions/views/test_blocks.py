"""The pages of text blocks, and the menu on the page of notes."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from phpsupport.access.roles import Role
from phpsupport.users.models import User
from sessions.models import TextBlock
from tests.factories import make_facilitator, make_program, make_staff
from tests.sessions.worlds import World, make_world

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def world() -> World:
    return make_world(1)


def block(world: World, owner: User | None, **more: Any) -> TextBlock:
    made: TextBlock = world.program.text_blocks.create(
        **{"owner": owner, "field": "own_words", "label": "Said", "words": "Said: “…”"} | more
    )
    return made


def page(name: str, *args: Any) -> str:
    return reverse(f"sessions:{name}", args=args)


def form(**more: str) -> dict[str, str]:
    return {"field": "own_words", "label": "Said", "words": "Said: “…”"} | more


def test_a_facilitator_keeps_their_own(world: World) -> None:
    client = signed_in(world.leader)
    assert client.post(page("block-new"), form()).status_code == 302
    made = TextBlock.objects.get()
    assert made.owner == world.leader
    opened = client.get(page("block-edit", made.pk)).context["form"]["version"].value()
    client.post(page("block-edit", made.pk), form(words="Told us: “…”", version=opened))
    made.refresh_from_db()
    assert made.words == "Told us: “…”"
    client.post(page("block-retire", made.pk))
    made.refresh_from_db()
    assert made.retired_at is not None
    assert "Taken out (1)" in client.get(page("blocks")).content.decode()
    client.post(page("block-retire", made.pk), {"again": "1"})
    made.refresh_from_db()
    assert made.retired_at is None


def test_the_programs_are_kept_by_those_who_may(world: World) -> None:
    theirs = block(world, None)
    facilitator = signed_in(world.leader)
    assert facilitator.get(page("block-edit", theirs.pk)).status_code == 403
    assert facilitator.post(page("block-retire", theirs.pk)).status_code == 403
    assert facilitator.post(page("block-new") + "?of=program", form()).status_code == 403
    assert facilitator.post(page("blocks-begin"), {"of": "program"}).status_code == 403
    lead = signed_in(make_staff(world.program, Role.PROGRAM_LEAD))
    assert lead.post(page("block-new"), form(label="Told")).status_code == 302
    assert not TextBlock.objects.exclude(owner=None).exists()


def test_nobody_finds_somebody_elses(world: World) -> None:
    mine = block(world, world.leader)
    for other in (
        make_facilitator(world.program).user,
        world.supervisor,
        make_staff(make_program(), Role.SUPERVISOR),
    ):
        client = signed_in(other)
        assert client.get(page("block-edit", mine.pk)).status_code == 404
        assert client.post(page("block-retire", mine.pk)).status_code == 404
        assert mine.words not in client.get(page("blocks")).content.decode()
    scheduler = signed_in(make_staff(world.program, Role.SCHEDULER))
    assert scheduler.get(page("blocks")).status_code == 403


def test_a_name_is_asked_about_once(world: World) -> None:
    client = signed_in(world.leader)
    first = client.post(page("block-new"), form(words="Marisol said …"))
    body = first.content.decode()
    assert "may be the name of somebody" in body
    assert 'type="checkbox" name="not_a_name"' in body
    assert not TextBlock.objects.exists()
    client.post(page("block-new"), form(words="Marisol said …", not_a_name="on"))
    assert TextBlock.objects.count() == 1


def test_a_change_meanwhile_shows_both_and_saves_the_second_time(world: World) -> None:
    kept = block(world, None)
    client = signed_in(world.supervisor)
    address = page("block-edit", kept.pk)
    opened = client.get(address).context["form"]["version"].value()
    TextBlock.objects.get(pk=kept.pk)
    client.post(address, form(words="Theirs.", version=opened))
    answer = client.post(address, form(words="Mine.", version=opened))
    body = answer.content.decode()
    assert "Theirs." in body
    assert "Mine." in body
    again = answer.context["form"]["version"].value()
    assert client.post(address, form(words="Mine.", version=again)).status_code == 302
    kept.refresh_from_db()
    assert kept.words == "Mine."


def test_the_set_to_begin_with_is_one_click(world: World) -> None:
    client = signed_in(world.leader)
    assert "Add a set to begin with" in client.get(page("blocks")).content.decode()
    client.post(page("blocks-begin"), {"of": "own"})
    assert TextBlock.objects.filter(owner=world.leader).exists()
    assert "Add a set to begin with" not in client.get(page("blocks")).content.decode()


def test_the_page_of_notes_has_ones_own_and_the_programs(world: World) -> None:
    from django.utils import timezone

    world.mark("present")
    block(world, world.leader, words="Mine.")
    block(world, None, words="The program's.")
    block(world, world.supervisor, words="Somebody's.")
    block(world, None, words="Taken out.", retired_at=timezone.now())
    body = signed_in(world.leader).get(page("note", world.session.pk)).content.decode()
    for words, there in (
        ("Mine.", 1), ("The program&#x27;s.", 1), ("Somebody&#x27;s.", 0), ("Taken out.", 0)
    ):  # fmt: skip
        assert body.count(f'data-words="{words}"') == there, words


def test_the_list_costs_the_same_for_one_and_three(
    world: World, django_assert_num_queries: Any
) -> None:
    client = signed_in(world.leader)
    block(world, world.leader)
    client.get(page("blocks"))
    with django_assert_num_queries(4):
        client.get(page("blocks"))
    for n in range(2):
        block(world, None, label=f"Told {n}")
    with django_assert_num_queries(4):
        client.get(page("blocks"))
