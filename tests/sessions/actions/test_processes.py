"""Eight processes race for the same slots: one has each, nobody meets a deadlock."""

from collections import Counter

import pytest

from sessions.models import GroupSession, SessionFacilitator
from tests.racing import deadlocks, race
from tests.sessions.races import (
    HANDS,
    double_bookings,
    judging,
    moving_house,
    planning,
    swapping,
)

ROUNDS = 4

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_of_eight_has_each_slot_and_the_others_are_told_who():
    act, before = planning(), deadlocks()
    found = race(HANDS, ROUNDS, act)
    for turn in range(ROUNDS):
        said = Counter(o.said for o in found if o.round == turn)
        assert said == {"done": 1, "refused: clash": HANDS - 1}
    assert GroupSession.objects.count() == 4 * ROUNDS
    assert SessionFacilitator.objects.count() == 8 * ROUNDS
    assert double_bookings() == 0
    assert deadlocks() == before


def test_the_same_two_sessions_changed_in_either_order_never_meet_a_deadlock():
    act, before = swapping(), deadlocks()
    found = race(HANDS, ROUNDS, act)
    assert len(found) == HANDS * ROUNDS
    # Whoever comes second has the old picture: the change may already be made.
    known = {"done", "refused: unchanged", "refused: clash"}
    assert [o for o in found if o.said not in known] == []
    assert any(o.said == "done" for o in found)
    assert double_bookings() == 0
    assert deadlocks() == before


def test_judging_anew_never_meets_a_deadlock_with_an_edit_of_the_same_sessions():
    act, before = judging(), deadlocks()
    found = race(HANDS, ROUNDS, act)
    assert [o for o in found if o.said not in ("done", "refused: unchanged")] == []
    assert {o.hand for o in found if o.said == "done"} >= {0, 2, 4, 6}
    assert any(o.said == "done" for o in found if o.hand % 2)
    assert deadlocks() == before
    led = SessionFacilitator.objects.select_related("session")
    assert all(row.starts_at == row.session.starts_at for row in led)


def test_nobody_who_waited_for_a_series_in_another_room_meets_a_fault():
    act, before = moving_house(), deadlocks()
    found = race(HANDS, 2, act)
    assert [o for o in found if o.said not in ("done", "refused: unchanged")] == []
    assert len(set(GroupSession.objects.values_list("room", "series__room"))) == 1
    assert double_bookings() == 0
    assert deadlocks() == before
