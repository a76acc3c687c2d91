"""Letting go of what was typed about somebody who is no longer on the roster."""

from typing import Any

import pytest

from participants.models import Participant
from phpsupport.audit.models import AuditEvent
from phpsupport.lib.errors import Refused
from sessions.actions.attendance import Mark, mark_attendance
from sessions.actions.drafts import Typed, let_go, save_drafts
from sessions.models import GroupSession, ProgressNoteDraft
from tests.factories import make_facilitator, make_participant, make_program
from tests.sessions.worlds import AFTER, DURING, World, make_world

pytestmark = pytest.mark.django_db


def walks_in(world: World, guest: Participant, *, off: bool = False) -> None:
    session = GroupSession.objects.get(pk=world.session.pk)
    mark = Mark(guest.pk, "present", walk_in=True, take_off=off)
    mark_attendance(
        session=session, marks=[mark], version=session.attendance_version, by=world.leader,
        at=DURING,
    )  # fmt: skip


def types(world: World, guest: Participant, words: str, version: int = 0) -> Any:
    parts = {guest.pk: Typed({"own_words": words}, version)}
    return save_drafts(session=world.session, parts=parts, by=world.leader, at=AFTER)


@pytest.fixture
def world() -> World:
    return make_world(1)


@pytest.fixture
def guest(world: World) -> Participant:
    """Somebody of whom something is written and who was taken off."""
    guest = make_participant(world.program, first_name="Gil", last_name="Ortega")
    walks_in(world, guest)
    types(world, guest, "Meant for another")
    walks_in(world, guest, off=True)
    return guest


def go(world: World, guest: Participant, **more: Any) -> bool:
    asked = {"version": 1, "by": world.leader} | more
    return let_go(session=world.session, participant_id=guest.pk, at=AFTER, **asked)


def test_the_words_are_gone_and_the_trail_says_who(world: World, guest: Participant) -> None:
    assert go(world, guest)
    assert ProgressNoteDraft.objects.get().own_words == ""
    event = AuditEvent.objects.get(action="note.let_go")
    assert (event.actor_id, event.detail) == (world.leader.pk, {})


def test_a_second_click_does_nothing(world: World, guest: Participant) -> None:
    assert go(world, guest)
    assert not go(world, guest)
    assert AuditEvent.objects.filter(action="note.let_go").count() == 1


def test_a_page_still_open_writes_over_nothing_that_comes_after(
    world: World, guest: Participant
) -> None:
    go(world, guest)
    walks_in(world, guest)
    for before in (0, 1):
        assert types(world, guest, "Of an old page", before).stale
    assert types(world, guest, "New", 2).versions == {guest.pk: 3}


@pytest.mark.parametrize("who", ["supervisor", "other", "stranger"])
def test_only_those_who_lead_let_go(world: World, guest: Participant, who: str) -> None:
    by = {
        "supervisor": lambda: world.supervisor,
        "other": lambda: make_facilitator(world.program).user,
        "stranger": lambda: make_facilitator(make_program()).user,
    }[who]()
    with pytest.raises(Refused, match="those who lead"):
        go(world, guest, by=by)
    assert ProgressNoteDraft.objects.get().own_words == "Meant for another"


def test_nothing_goes_about_somebody_on_the_roster(world: World, guest: Participant) -> None:
    walks_in(world, guest)
    with pytest.raises(Refused, match="on the roster again"):
        go(world, guest)
    assert ProgressNoteDraft.objects.get().own_words == "Meant for another"


def test_what_was_not_read_does_not_go(world: World, guest: Participant) -> None:
    walks_in(world, guest)
    types(world, guest, "Other words", 1)
    walks_in(world, guest, off=True)
    with pytest.raises(Refused, match="changed meanwhile"):
        go(world, guest)
    assert ProgressNoteDraft.objects.get().own_words == "Other words"


def test_of_a_sealed_chart_nothing_is_touched(world: World, guest: Participant) -> None:
    guest.sealed_at = AFTER
    guest.save()
    assert not go(world, guest)
    assert ProgressNoteDraft.objects.get().own_words == "Meant for another"
