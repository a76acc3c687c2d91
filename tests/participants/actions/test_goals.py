"""Goals: who may write them, the words before, and no step twice."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from participants.actions.goals import mark_of, name_goal, reword_goal, step_goal
from participants.goals import refuse_goal
from participants.models import CareTeamMembership, Goal
from participants.queries.goals import goals_of
from phpsupport.access.roles import Role
from phpsupport.lib.errors import Refused
from phpsupport.users.models import User
from sessions.models import GroupKind
from tests.factories import make_facilitator, make_staff
from tests.sessions.worlds import AFTER, DAY, World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _that_tuesday() -> Iterator[None]:
    with time_machine.travel(AFTER, tick=False):
        yield


def oneself(world: World) -> User:
    me = make_staff(world.program, Role.PARTICIPANT)
    world.people[0].user = me
    world.people[0].save()
    return me


def treats(world: World) -> User:
    user = make_staff(world.program, Role.CLINICIAN)
    CareTeamMembership.objects.create(
        episode=world.people[0].episodes.get(), user=user, from_on=date(2026, 1, 5)
    )
    return user


def named(world: World, words: str = "Sleep through one night.", by: User | None = None) -> Goal:
    return name_goal(
        participant=world.people[0], words=words, by=by or world.leader, at=AFTER, today=DAY
    )


@pytest.mark.parametrize(
    ("who", "may"),
    [("oneself", True), ("leader", True), ("care_team", True), ("clinician", False),
     ("other_leader", False), ("supervisor", False), ("scheduler", False)],
)  # fmt: skip
@pytest.mark.parametrize("discharged", [False, True])
def test_who_may(who: str, may: bool, discharged: bool) -> None:
    world = make_world()
    by = {
        "oneself": lambda: oneself(world),
        "leader": lambda: world.leader,
        "care_team": lambda: treats(world),
        "clinician": lambda: make_staff(world.program, Role.CLINICIAN),
        "other_leader": lambda: make_facilitator(world.program).user,
        "supervisor": lambda: world.supervisor,
        "scheduler": lambda: make_staff(world.program, Role.SCHEDULER),
    }[who]()
    if discharged:
        before = DAY - timedelta(days=2)
        world.people[0].episodes.update(discharged_on=before)
        world.series.enrollments.update(until_on=before)
        may = who == "oneself"
    assert (refuse_goal(by, world.people[0], AFTER) is None) is may
    if may:
        assert named(world, by=by).written_by == by
    else:
        with pytest.raises(Refused):
            named(world, by=by)


def test_an_alumnus_in_an_alumni_group_still_has_goals() -> None:
    world = make_world()
    world.series.group.kind = GroupKind.ALUMNI
    world.series.group.save()
    world.people[0].episodes.update(discharged_on=DAY - timedelta(days=30))
    assert refuse_goal(world.leader, world.people[0], AFTER) is None


def test_the_same_words_twice_are_one_goal_and_a_step_twice_is_one() -> None:
    world = make_world()
    goal = named(world)
    assert named(world) == goal
    for _ in range(2):
        step_goal(goal=goal, step="reach", by=world.leader, at=AFTER, today=DAY)
    goal.refresh_from_db()
    assert goal.state == "reached"
    step_goal(goal=goal, step="take_up", by=world.leader, at=AFTER, today=DAY)
    goal.refresh_from_db()
    assert goal.state == "open"


def test_earlier_words_stay_and_a_stale_form_is_refused() -> None:
    world = make_world()
    goal, me = named(world), oneself(world)
    was = mark_of(goal.words)
    reword_goal(goal=goal, words="Sleep five hours.", was=was, by=me, at=AFTER)
    with pytest.raises(Refused) as no:
        reword_goal(goal=goal, words="Sleep well.", was=was, by=world.leader, at=AFTER)
    assert no.value.code == "stale"
    line = goals_of(participant=world.people[0], user=me, zone=world.program.zone)[0]
    assert line.words == "Sleep five hours."
    assert line.said.endswith("written by you")
    assert [words for words, _ in line.earlier] == ["Sleep through one night."]
    assert "Dana" in line.earlier[0][1]


def test_a_sealed_chart_takes_no_goal() -> None:
    world = make_world()
    world.people[0].sealed_at = AFTER
    world.people[0].save()
    with pytest.raises(Refused):
        named(world)


def test_pages() -> None:
    world = make_world()
    goal, me = named(world), oneself(world)
    mine, theirs = Client(), Client()
    mine.force_login(me)
    theirs.force_login(world.leader)
    assert "Sleep through one night." in mine.get(reverse("participants:my-goals")).content.decode()
    staff = reverse("participants:goals", args=[world.people[0].pk])
    assert "Sleep through one night." in theirs.get(staff).content.decode()
    one = reverse("participants:my-goal", args=[goal.pk])
    assert mine.post(one, {"step": "rest"}).status_code == 302
    goal.refresh_from_db()
    assert goal.state == "paused"
    other = make_staff(world.program, Role.PARTICIPANT)
    world.people[1].user = other
    world.people[1].save()
    stranger = Client()
    stranger.force_login(other)
    assert stranger.get(one).status_code == 404
