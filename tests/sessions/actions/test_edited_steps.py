"""The steps of a curriculum when its series is edited: in order on the coming dates, and back."""

from datetime import date, time, timedelta

import pytest

from sessions.actions.batches import undo_batch
from sessions.actions.curriculum import retire_step
from sessions.actions.schedule import cancel_session, move_session
from sessions.models import Attendance, CurriculumItem, SupportGroup
from sessions.queries.editing import Edit, plan_edit
from tests.sessions.actions.test_edit_series import AT, MONDAYS, World, everything

pytestmark = pytest.mark.django_db
LETTERS = "ABCDEF"
WEEK = timedelta(days=7)


class Taught(World):
    """Eight Mondays with the steps A to F, and then A and B again."""

    def __init__(self, kind="curriculum"):
        super().__init__()
        SupportGroup.objects.filter(pk=self.group.pk).update(kind=kind)
        self.group.refresh_from_db()
        self.items = [
            CurriculumItem.objects.create(group=self.group, position=n, title=letter)
            for n, letter in enumerate(LETTERS)
        ]
        for n, s in enumerate(self.series.sessions.order_by("starts_at")):
            s.item = self.items[n % 6] if kind != "closed" or n < 6 else None
            s.save()
        self.series.refresh_from_db()

    def steps(self, state="scheduled"):
        """The steps of the sessions in their order, "-" for none."""
        rows = self.series.sessions.filter(state=state).order_by("starts_at")
        return "".join(s.item.title if s.item else "-" for s in rows.select_related("item"))

    def plan(self, scope="all", **asked):
        self.series.refresh_from_db()
        return plan_edit(series=self.series, edit=Edit(**asked), scope=scope, at=AT)


@pytest.fixture
def world(db):
    return Taught()


def test_another_time_leaves_every_step_where_it_is(world):
    world.edit(weekdays=[3], until_on=MONDAYS[-1] + timedelta(days=6))
    assert world.steps() == "ABCDEFAB"
    plan = world.plan(weekdays=[2])
    assert (plan.steps.anew, plan.steps.changed) == (False, ())


def test_dates_in_between_take_the_steps_in_order_and_undo_gives_them_back(world):
    before = everything()
    plan = world.plan(weekdays=[0, 2], until_on=MONDAYS[3] - timedelta(days=1))
    assert "".join(line.title for line in plan.steps.lines) == "ABCDEF"
    assert plan.steps.sentence == (
        "The steps of the curriculum are placed anew: 2 dates take another one."
    )
    assert plan.summary.endswith(", steps anew")
    batch = world.edit(weekdays=[0, 2], until_on=MONDAYS[3] - timedelta(days=1))
    assert world.steps() == "ABCDEF"
    assert world.steps("cancelled") == "-----", "a step on a date that fell away is not lost"
    undo_batch(batch=batch, by=world.by, at=AT + timedelta(hours=1))
    assert world.steps() == "ABCDEFAB"
    assert everything() == before


def test_dates_that_fall_away_in_between_leave_no_gap(world):
    plan = world.plan(every_weeks=2)
    assert [(line.title, line.other) for line in plan.steps.lines] == [
        ("A", False), ("B", True), ("C", True), ("D", True),
    ]  # fmt: skip
    world.edit(every_weeks=2)
    assert world.steps() == "ABCD"


def test_what_is_on_record_and_what_comes_before_keeps_its_step(world):
    done = world.session(1)
    Attendance.objects.create(
        program=world.program, session=done, participant=world.person, status="present",
        marked_at=AT,
    )  # fmt: skip
    world.edit("following", from_on=MONDAYS[3], every_weeks=2)
    # Mondays 4, 6 and 8 fall away; the third stays, and the fifth goes on after it.
    assert world.steps() == "ABCDE"
    assert [on for on, _ in world.when()] == [*MONDAYS[:3], MONDAYS[4], MONDAYS[6]]


def test_new_dates_at_the_end_go_on_and_come_around(world):
    world.edit(until_on=MONDAYS[-1] + 6 * WEEK)
    assert world.steps() == "ABCDEFABCDEFAB"
    world.edit(until_on=MONDAYS[-1] + WEEK)
    assert world.steps() == "ABCDEFABC"
    world.edit(until_on=MONDAYS[-1] + 2 * WEEK)
    assert world.steps() == "ABCDEFABCD"


def test_a_closed_group_meets_each_step_once_and_says_what_no_date_is_left_for():
    world = Taught("closed")
    plan = world.plan(every_weeks=2)
    assert plan.steps.left_words == "No date is left for E and F."
    assert world.plan(until_on=MONDAYS[4]).steps.left_words == "No date is left for F."
    world.edit(weekdays=[0, 2])
    assert world.steps().rstrip("-") == LETTERS
    world.edit(until_on=MONDAYS[-1] + 3 * WEEK)
    assert world.steps().rstrip("-") == LETTERS


def test_a_series_that_has_run_out_goes_on_after_its_last_step(world):
    after = AT.replace(month=11, day=24)  # the day after the last Monday
    for s in world.series.sessions.all():
        s.state = "held"
        s.save()
    world.edit(until_on=MONDAYS[-1] + 2 * WEEK, at=after)
    assert world.steps() == "CD"


def test_where_every_date_is_another_one_the_first_step_to_come_stays_the_first(world):
    world.edit("following", from_on=MONDAYS[2], nth_of_month=[1], until_on=date(2027, 4, 30))
    assert world.steps() == "ABCDEFAB"[: len(world.when())]


def test_a_step_that_is_retired_is_not_placed_again(world):
    retire_step(step=world.items[0], on=date(2026, 9, 1), by=world.by, at=AT)
    world.edit(until_on=MONDAYS[-1] - WEEK)
    assert world.steps() == "ABCDEFA", "it stays until the steps are placed anew"
    world.edit(every_weeks=2)
    assert world.steps() == "BCDE"


def test_dates_before_the_curriculum_begins_stay_without(world):
    world.series.sessions.filter(local_date__lt=MONDAYS[2]).update(item=None)
    world.edit(weekdays=[0, 2], until_on=MONDAYS[5] - timedelta(days=1))
    assert world.steps() == "----CDEFAB"


def test_a_series_without_steps_gets_none(world):
    world.series.sessions.update(item=None)
    world.edit(weekdays=[0, 2])
    assert set(world.steps()) == {"-"}


def test_a_session_moved_by_hand_and_one_that_was_cancelled_by_a_person(world):
    cancel_session(session=world.session(2), reason="Snow", by=world.by, at=AT)
    move_session(
        session=world.session(3), on=MONDAYS[3], starts=time(13), ends=time(13, 50),
        room=world.harbor, by=world.by, at=AT,
    )  # fmt: skip
    world.edit(until_on=MONDAYS[-1] + WEEK)
    assert world.steps() == "ABDEFABC", "nothing shifts where dates only follow"
    world.edit(weekdays=[0, 4], until_on=MONDAYS[4] - timedelta(days=1))
    assert world.steps() == "ABCDEFA"
    assert world.steps("cancelled")[0] == "C", "what a person cancelled stays as it was"
