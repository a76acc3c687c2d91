"""Who may be recognized: who is there, who left lately, others of the program."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db.models import Q

from participants.models import Participant
from sessions.models import Attendance
from sessions.queries.nearby import LATELY, around, nearby, nearby_series
from sessions.screening import Roster
from tests.factories import enroll, make_group, make_participant, make_series, make_session
from tests.sessions.worlds import AFTER, DAY, World, make_world

pytestmark = pytest.mark.django_db
LONG_AGO = DAY - LATELY - timedelta(days=1)
FIRST = date(2025, 1, 6)


def someone(world: World, first: str, *, discharged_on: date | None = None) -> Participant:
    person = make_participant(
        world.program, first_name=first, last_name="Okafor", also_called=f"{first}chen",
        admitted_on=FIRST,
    )  # fmt: skip
    person.episodes.update(discharged_on=discharged_on)
    return person


def kinds(roster: Roster) -> dict[str, str]:
    """How each is looked for."""
    return {
        person.first: "full name" if person.near else "left" if person.left else "there"
        for person in roster.people
    }


def people(world: World) -> None:
    """Who left the series or the program just in time, and who left a day before that."""
    just = DAY - LATELY
    enroll(world.series, someone(world, "Ada"), from_on=FIRST, until_on=just)
    enroll(world.series, someone(world, "Ben", discharged_on=just), from_on=FIRST, until_on=just)
    enroll(world.series, someone(world, "Cleo"), from_on=FIRST, until_on=LONG_AGO)
    enroll(
        world.series,
        someone(world, "Dov", discharged_on=LONG_AGO),
        from_on=FIRST,
        until_on=LONG_AGO,
    )
    someone(world, "Eli", discharged_on=just)
    someone(world, "Fay", discharged_on=LONG_AGO)
    sealed = someone(world, "Gus")
    enroll(world.series, sealed, from_on=FIRST, until_on=just)
    Participant.objects.filter(pk=sealed.pk).update(sealed_at=AFTER)
    back = someone(world, "Hana")
    enroll(world.series, back, from_on=FIRST, until_on=just)
    enroll(world.series, back, from_on=DAY - timedelta(days=1))
    enroll(world.series, someone(world, "Ivo"), from_on=DAY + timedelta(days=1))


EXPECTED = {
    "Marisol": "there", "Tuấn": "there", "Ada": "left", "Ben": "left", "Cleo": "full name",
    "Eli": "full name", "Hana": "there", "Ivo": "full name",
}  # fmt: skip


def test_who_left_lately_is_looked_for_by_all_names(django_assert_num_queries: Any) -> None:
    world = make_world(2)
    people(world)
    with django_assert_num_queries(1):
        found = nearby(world.session)
    assert kinds(found) == EXPECTED
    (ada,) = (person for person in found.people if person.first == "Ada")
    assert ada.also_called == "Adachen"
    assert kinds(nearby(world.session, written_on=DAY + timedelta(days=1)))["Ivo"] == "there"


def test_a_hand_over_looks_for_the_same(django_assert_num_queries: Any) -> None:
    world = make_world(2)
    people(world)
    with django_assert_num_queries(1):
        found = nearby_series(world.series, [], on=DAY, author=world.leader)
    assert kinds(found) == EXPECTED


@pytest.mark.parametrize(
    ("days", "how"), [(0, "there"), (7, "left"), (60, "left"), (61, "full name")]
)
def test_who_walked_in_is_looked_for_as_long(days: int, how: str) -> None:
    world = make_world(1)
    guest, day = someone(world, "Gil"), DAY - timedelta(days=days)
    session = world.session if not days else make_session(world.series, day)
    Attendance.objects.create(
        session=session, program=world.program, participant=guest, status="present", walk_in=True,
        marked_at=AFTER,
    )  # fmt: skip
    assert kinds(nearby(world.session))["Gil"] == how


def test_of_two_of_one_name_in_the_program_whoever_is_there_is_meant() -> None:
    world = make_world(2)
    make_participant(world.program, first_name="Marisol", last_name="Rivera")
    assert [person.near for person in nearby(world.session).people] == [False, False]


def test_a_record_is_looked_through_for_the_same_people(django_assert_num_queries: Any) -> None:
    """What would have been found at any of the person's sessions is taken out of the file."""
    world = make_world(2)
    people(world)
    with django_assert_num_queries(2):
        found = around(world.people[0], [world.program.pk], Q(program=world.program))
    assert kinds(found) == EXPECTED | {"Gus": "left"}


def test_another_series_of_the_same_program_is_only_the_program() -> None:
    world = make_world(2)
    other = make_series(world.program, group=make_group(world.program, "Evening"))
    enroll(other, someone(world, "Ada"), from_on=FIRST, until_on=DAY - timedelta(days=9))
    assert kinds(nearby(world.session))["Ada"] == "full name"
