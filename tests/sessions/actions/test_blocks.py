"""Text blocks: who keeps which, what may stand in them, two who write at once."""

from typing import Any

import pytest

from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.lib.errors import Refused
from sessions.actions import blocks as actions
from sessions.models import TextBlock
from tests.factories import make_facilitator, make_program, make_staff
from tests.racing import race
from tests.sessions.worlds import DURING, World, make_world

WORDS = "We opened with a round."


@pytest.fixture
def world() -> World:
    return make_world(2)


def add(world: World, *, own: bool = True, by: Any = None, **more: Any) -> TextBlock:
    by = by or (world.leader if own else world.supervisor)
    words: dict[str, Any] = {"field": "what_was_done", "label": "Opening", "words": WORDS}
    return actions.add_block(
        program=world.program, owner=by if own else None, by=by, at=DURING, **(words | more)
    )


def edit(block: TextBlock, by: Any, **more: Any) -> TextBlock:
    words: dict[str, Any] = {"field": block.field, "label": block.label, "words": block.words}
    words["version"] = actions.version_of(block)
    return actions.edit_block(block=block, by=by, at=DURING, **(words | more))


@pytest.mark.django_db
def test_the_same_again_is_the_same_block(world: World) -> None:
    assert add(world) == add(world)
    assert AuditEvent.objects.filter(action="block.added").count() == 1


@pytest.mark.django_db
def test_one_name_stands_once_in_a_menu(world: World) -> None:
    add(world)
    with pytest.raises(Refused) as no:
        add(world, label="OPENING", words="Otherwise.")
    assert no.value.code == "taken"
    add(world, own=False, words="The program's.")  # beside one's own
    add(world, field="next_time", words="Otherwise.")


@pytest.mark.django_db
@pytest.mark.parametrize("own", [True, False])
def test_nobody_else_keeps_it(world: World, own: bool) -> None:
    block = add(world, own=own)
    others = [make_facilitator(world.program).user, make_staff(make_program(), Role.SUPERVISOR)]
    others.append(world.supervisor if own else world.leader)
    for other in others:
        for act in (
            lambda by: edit(block, by, words="Mine now."),
            lambda by: actions.retire_block(block=block, by=by, at=DURING),
            lambda by: actions.use_block_again(block=block, by=by, at=DURING),
        ):
            with pytest.raises(Refused) as no:
                act(other)
            assert no.value.code == "not-yours"
    block.refresh_from_db()
    assert (block.words, block.retired_at) == (WORDS, None)


@pytest.mark.django_db
@pytest.mark.parametrize("words", ["Marisol opened.", "A round, as Tuan asked."])
def test_nobodys_name_goes_into_many_notes(world: World, words: str) -> None:
    with pytest.raises(Refused) as no:
        add(world, words=words)
    assert no.value.code == "name"
    assert "Rivera" not in no.value.sentence
    assert not TextBlock.objects.exists()
    assert add(world, words=words, not_a_name=True).words == words


@pytest.mark.django_db
def test_a_change_meanwhile_is_not_overwritten(world: World) -> None:
    block = add(world, own=False)
    opened_with = actions.version_of(block)
    edit(block, world.supervisor, words="Theirs.")
    with pytest.raises(Refused) as no:
        edit(block, world.supervisor, words="Mine.", version=opened_with)
    assert no.value.code == "changed"
    assert "Theirs." in no.value.sentence
    assert TextBlock.objects.get().words == "Theirs."


@pytest.mark.django_db
def test_taken_out_and_used_again(world: World) -> None:
    block = add(world)
    for _ in range(2):
        actions.retire_block(block=block, by=world.leader, at=DURING)
    assert AuditEvent.objects.filter(action="block.retired").count() == 1
    newer = add(world, words="Otherwise.")
    with pytest.raises(Refused) as no:
        actions.use_block_again(block=block, by=world.leader, at=DURING)
    assert no.value.code == "taken"
    actions.retire_block(block=newer, by=world.leader, at=DURING)
    assert actions.use_block_again(block=block, by=world.leader, at=DURING).retired_at is None


@pytest.mark.django_db
def test_the_set_to_begin_with_comes_once(world: World) -> None:
    more: dict[str, Any] = {"program": world.program, "by": world.leader, "at": DURING}
    assert actions.add_starters(owner=world.leader, **more) == len(actions.STARTERS)
    assert actions.add_starters(owner=world.leader, **more) == 0
    with pytest.raises(Refused):
        actions.add_starters(owner=None, **more)


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_make_one() -> None:
    world = make_world(1)
    outcomes = race(2, 4, lambda _, turn: str(add(world, label=f"Opening {turn}").pk))
    for turn in range(4):
        assert len({o.said for o in outcomes if o.round == turn}) == 1, outcomes
    assert TextBlock.objects.count() == 4
