"""The desk of who writes notes: the last plan, and drafts about people who left the roster."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from facilitators.models import Facilitator
from phpsupport.audit.models import AuditEvent
from sessions.actions.addenda import void_note
from sessions.actions.attendance import Mark, mark_attendance
from sessions.actions.drafts import Typed, save_drafts
from sessions.models import GroupNote, GroupSession, SeriesFacilitator, Status
from sessions.queries.checking import check
from sessions.queries.desk import desk
from tests.factories import make_facilitator, make_participant, make_session
from tests.sessions.worlds import AFTER, DAY, DURING, World, make_world

pytestmark = pytest.mark.django_db
WEEK = timedelta(days=7)


@pytest.fixture(autouse=True)
def _that_tuesday() -> Iterator[None]:
    with time_machine.travel(AFTER, tick=False):
        yield


# --- the last plan --------------------------------------------------------------------------------------
def planned(world: World, weeks: int, plan: str) -> World:
    """A session that many weeks ago, signed with a plan for the next time."""
    ago = weeks * WEEK
    there = replace(world, session=make_session(world.series, DAY - ago))
    there.mark(Status.PRESENT, at=DURING - ago)
    save_drafts(
        session=there.session, by=world.leader, at=AFTER - ago,
        parts={None: Typed({"what_was_done": "A round.", "next_time": plan})},
    )  # fmt: skip
    there.sign(seen={None: 1}, at=AFTER - ago)
    return there


def plan_of(world: World, reader: Facilitator | None = None) -> tuple[str, str]:
    by = reader or world.facilitator
    session = GroupSession.objects.select_related("series__group", "item").get(pk=world.session.pk)
    there = desk(session, reader=by.user)
    return there.last_plan, there.last_plan_on


def takes_over(world: World, first: date) -> Facilitator:
    """Somebody who leads the series from that day on, and this session."""
    new = make_facilitator(world.program)
    SeriesFacilitator.objects.create(series=world.series, facilitator=new, part="co", from_on=first)
    covers(world, new)
    return new


def covers(world: World, facilitator: Facilitator) -> None:
    world.session.assignments.create(
        facilitator=facilitator, person=facilitator.user, part="co",
        starts_at=world.session.starts_at, ends_at=world.session.ends_at,
    )  # fmt: skip


@pytest.mark.parametrize("written", ["nothing", "a draft", "signed"])
def test_the_last_plan_is_that_of_the_session_before(written: str) -> None:
    world = make_world(1)
    planned(world, 2, "Two weeks ago")
    planned(world, 1, "Last week")
    world.mark(Status.PRESENT)
    if written != "nothing":
        world.write(group="We began.")
    if written == "signed":
        world.sign(seen={None: 1})
    assert plan_of(world) == ("Last week", "Tue 24 Feb")


def test_a_void_note_plans_nothing() -> None:
    world = make_world(1)
    planned(world, 2, "Two weeks ago")
    planned(world, 1, "Last week")
    newest = GroupNote.objects.latest("session__starts_at")
    void_note(note=newest, reason="The wrong group.", by=world.leader, at=AFTER)
    assert plan_of(world)[0] == "Two weeks ago"


def test_a_note_without_a_plan_is_not_passed_over() -> None:
    world = make_world(1)
    planned(world, 2, "Two weeks ago")
    planned(world, 1, "")
    assert plan_of(world) == ("", "")


@pytest.mark.parametrize(("first", "plan"), [(0, ""), (1, "Last week"), (2, "Last week")])
def test_words_from_before_the_first_day_stay_closed(first: int, plan: str) -> None:
    world = make_world(1)
    planned(world, 2, "Two weeks ago")
    planned(world, 1, "Last week")
    assert plan_of(world, takes_over(world, DAY - first * WEEK))[0] == plan


def test_who_began_between_reads_no_plan_of_before() -> None:
    world = make_world(1)
    planned(world, 2, "Two weeks ago")
    assert plan_of(world, takes_over(world, DAY - WEEK)) == ("", "")


def test_who_covers_reads_no_plan() -> None:
    world = make_world(1)
    planned(world, 1, "Last week")
    guest = make_facilitator(world.program)
    covers(world, guest)
    assert plan_of(world, guest) == ("", "")


def opened(world: World) -> str:
    client = Client()
    client.force_login(world.leader)
    return client.get(reverse("sessions:note", args=[world.session.pk])).content.decode()


def test_the_plan_is_a_read_where_it_is_shown() -> None:
    world = make_world(1)
    last = planned(world, 1, "Last week")
    reads = AuditEvent.objects.filter(action="note.read", object_type="group_sessions.groupnote")
    assert "Last plan, Tue 24 Feb: Last week" in opened(world)
    assert [event.object_id for event in reads] == [GroupNote.objects.get(session=last.session).pk]
    world.mark(Status.PRESENT)
    world.write(group="We began.")
    world.sign(seen={None: 1})
    assert "Last plan" not in opened(world)
    assert reads.count() == 1


# --- people who left the roster ---------------------------------------------------------------------------
def left(world: World, words: str, **fields: Any) -> Any:
    """Somebody who walked in, of whom something is written, and who was taken off again."""
    guest = make_participant(world.program, **fields)
    for take_off in (False, True):
        session = GroupSession.objects.get(pk=world.session.pk)
        mark = Mark(guest.pk, "present", walk_in=True, take_off=take_off, sure=True, why="Mistake")
        mark_attendance(
            session=session, marks=[mark], version=session.attendance_version, by=world.leader,
            at=DURING,
        )  # fmt: skip
        if not take_off:
            save_drafts(
                session=session, by=world.leader, at=AFTER,
                parts={guest.pk: Typed({"own_words": words})},
            )  # fmt: skip
    return guest


def away(world: World) -> list[tuple[str, str]]:
    session = GroupSession.objects.select_related("series__group", "item").get(pk=world.session.pk)
    there = desk(session, reader=world.leader)
    assert not {part.id for part in there.away} & there.by_id.keys()
    return [(part.person.name, part.words["own_words"]) for part in there.away if part.person]


def test_what_is_written_about_somebody_taken_off_is_at_hand() -> None:
    world = make_world(1)
    left(world, "Meant for another", first_name="Gil", last_name="Ortega")
    assert away(world) == [("Gil O.", "Meant for another")]


def test_a_place_that_ended_backwards_hides_no_words() -> None:
    world = make_world(2)
    world.write("About her")
    assert away(world) == []
    world.series.enrollments.filter(participant=world.people[0]).update(until_on=DAY - WEEK)
    assert away(world) == [("Marisol R.", "About her")]


def test_a_blank_draft_is_none() -> None:
    world = make_world(1)
    guest = left(world, "Written", first_name="Gil", last_name="Ortega")
    type(world.session.progressnotedrafts.get(participant=guest)).objects.update(own_words="")
    assert away(world) == []


def test_a_sealed_chart_stays_closed() -> None:
    world = make_world(1)
    guest = left(world, "Written", first_name="Gil", last_name="Ortega")
    guest.sealed_at = AFTER
    guest.save()
    assert away(world) == []
    assert "Written" not in opened(world)


def test_two_of_one_name_are_told_apart() -> None:
    world = make_world(1)
    guest = left(world, "Of the other", first_name="Marisol", last_name="Reyes")
    session = GroupSession.objects.select_related("series__group", "item").get(pk=world.session.pk)
    (part,) = desk(session).away
    assert part.person
    assert part.person.hint == guest.record_number


def test_one_query_more_for_one_and_for_three() -> None:
    world = make_world(1)
    session = GroupSession.objects.select_related("series__group", "item").get(pk=world.session.pk)
    counts = []
    for more in (0, 1, 2):
        for number in range(more):
            left(world, "Words", first_name=f"Gil{more}{number}", last_name="Ortega")
        with CaptureQueriesContext(connection) as seen:
            desk(session)
        counts.append(len(seen))
    assert counts == [4, 5, 5]


def test_before_signing_it_is_said_that_these_words_stay() -> None:
    world = make_world(1)
    world.mark(Status.PRESENT)
    world.write("About her")
    left(world, "Meant for another", first_name="Gil", last_name="Ortega")
    session = GroupSession.objects.select_related("series__group", "item").get(pk=world.session.pk)
    found = check(session, desk(session, reader=world.leader))
    (missing,) = [one for one in found.missing if "Gil" in one.title]
    assert missing.title == "What is written about Gil O. cannot be signed."
    assert not missing.stops
    assert [part.part.person.name for part in found.parts if part.part.person] == ["Marisol R."]
