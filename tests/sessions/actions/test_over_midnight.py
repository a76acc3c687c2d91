"""A group that runs past midnight at the site: times of day after it belong to the next day."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

import pytest
import time_machine

from phpsupport.lib.errors import Refused
from sessions.actions.attendance import Mark, mark_attendance
from sessions.models import GroupNote, GroupSession, ProgressNote, SessionFacilitator, Status
from sessions.sealing import digest_of_note
from tests.factories import PASSWORD
from tests.sessions.views.test_facilitator import page, signed_in
from tests.sessions.worlds import World, make_world

pytestmark = pytest.mark.django_db
STARTS = datetime(2026, 3, 4, 4, 30, tzinfo=UTC)  # Tue 23:30 in New York
ENDS = STARTS + timedelta(minutes=50)  # Wed 0:20


@pytest.fixture(autouse=True)
def _afterwards() -> Iterator[None]:
    with time_machine.travel(ENDS + timedelta(minutes=10), tick=False):
        yield


@pytest.fixture
def world() -> World:
    world = make_world()
    GroupSession.objects.update(starts_at=STARTS, ends_at=ENDS)
    SessionFacilitator.objects.update(starts_at=STARTS, ends_at=ENDS)
    world.session.refresh_from_db()
    return world


def mark(world: World, *times: tuple[time | None, time | None]) -> None:
    mark_attendance(
        session=world.session,
        marks=[
            Mark(person.pk, Status.LATE, arrived=came, departed=left)
            for person, (came, left) in zip(world.people, times, strict=False)
        ],
        version=world.session.attendance_version,
        by=world.leader,
        at=ENDS,
    )
    world.session.refresh_from_db()


def test_who_came_before_and_who_left_after_midnight(world: World) -> None:
    mark(world, (time(23, 40), time(0, 10)), (time(0, 5), None), (time(23, 15), time(23, 50)))
    world.write("“One.”", "“Two.”", "“Three.”", at=ENDS)
    client = signed_in(world.leader)
    form = client.get(page(world, "note-sign"))
    data = {name: form.context["form"].initial[name] for name in ("started", "ended")}
    data |= {"seen": form.context["seen"], "secret": PASSWORD, "attest": "on"}
    answer = client.post(page(world, "note-sign"), data)
    assert answer.status_code == 302, answer.context["form"].errors
    minutes = {note.participant_id: note.minutes for note in ProgressNote.objects.all()}
    assert [minutes[person.pk] for person in world.people] == [30, 15, 20]
    note = GroupNote.objects.get()
    assert (note.started_at, note.ended_at) == (STARTS, ENDS)
    assert note.digest == digest_of_note(note)


@pytest.mark.parametrize(
    ("came", "left"),
    [(time(0, 20), None), (None, time(23, 30)), (time(0, 5), time(23, 50))],
)
def test_times_outside_of_it_are_still_refused(
    world: World, came: time | None, left: time | None
) -> None:
    with pytest.raises(Refused) as refused:
        mark(world, (came, left))
    assert refused.value.code == "times"
