"""Notes waiting, on the supervisor's board."""

from datetime import timedelta
from typing import Any

import pytest

from sessions.actions.review import cosign_note
from sessions.queries.board import notes_waiting
from tests.factories import make_facilitator, make_group
from tests.sessions.worlds import AFTER, make_world

pytestmark = pytest.mark.django_db


def test_waiting_notes_are_counted_in_one_query(django_assert_num_queries: Any) -> None:
    world = make_world(2)
    notes = world.signed().notes
    quiet = make_facilitator(world.program)
    more = make_world(2, program=world.program, group=make_group(world.program))
    more.signed()
    ids = [world.facilitator.pk, quiet.pk, more.facilitator.pk]
    with django_assert_num_queries(1):
        found = notes_waiting(world.supervisor, world.program, ids, AFTER)
    assert {pk: pill.words for pk, pill in found.items()} == {
        world.facilitator.pk: "3 notes", quiet.pk: "none waiting", more.facilitator.pk: "3 notes",
    }  # fmt: skip
    late = AFTER + timedelta(days=3)
    pill = notes_waiting(world.supervisor, world.program, ids, late)[world.facilitator.pk]
    assert (pill.words, pill.kind, pill.days_overdue) == ("3 notes since Wed 4 Mar", "stop", 2)
    for note in notes:
        cosign_note(note=note, by=world.supervisor, at=AFTER)
    found = notes_waiting(world.supervisor, world.program, ids, AFTER)
    assert found[world.facilitator.pk].words == "none waiting"
