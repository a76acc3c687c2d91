"""Several hands at one time: one concern, one first answer, one passing-on."""

from collections import Counter
from datetime import datetime, timedelta

import pytest

from phpsupport.outbox.models import OutboxMessage
from sessions.actions.safety import acknowledge, pass_on, raise_concern, take_back, tend_safety
from sessions.models import ClosedAs, SafetyAct, SafetyAlert, SafetyConcern, SafetyEntry
from tests.racing import Outcome, race
from tests.sessions.safety import DURING, MINUTES, Safety

pytestmark = pytest.mark.django_db(transaction=True)
HANDS, ROUNDS = 4, 12


def faults(outcomes: list[Outcome]) -> list[str]:
    return [o.said for o in outcomes if o.said.startswith("fault")]


def concerns(world: Safety) -> list[SafetyConcern]:
    """One for each round, raised so far apart that none is another's second tap."""
    return [world.raised(at=DURING + timedelta(hours=n)) for n in range(ROUNDS)]


def test_taps_at_one_instant_are_one_concern():
    world = Safety()
    session, dana, marisol = world.session, world.dana, world.marisol

    def tap(hand: int, turn: int) -> object:
        at = DURING + timedelta(hours=turn)
        return raise_concern(session=session, participant=marisol, by=dana, at=at)

    outcomes = race(HANDS, ROUNDS, tap)
    assert not faults(outcomes)
    assert SafetyConcern.objects.count() == ROUNDS
    assert SafetyEntry.objects.filter(act=SafetyAct.RAISED).count() == ROUNDS
    assert SafetyAlert.objects.count() == 2 * ROUNDS


def test_acknowledging_and_passing_on_at_one_instant():
    """Two beats, two people who say that they know: whoever comes first, the rows agree."""
    world = Safety()
    raised = concerns(world)
    people = {2: world.hanna, 3: world.pat}

    def act(hand: int, turn: int) -> object:
        concern = raised[turn]
        at = concern.raised_at + 15 * MINUTES
        if hand in people:
            return acknowledge(concern=concern, by=people[hand], at=at)
        return tend_safety(at=at)

    outcomes = race(HANDS, ROUNDS, act)
    assert not faults(outcomes)
    assert {o.said for o in outcomes} == {"done"}
    for concern in SafetyConcern.objects.all():
        trail = Counter(concern.entries.values_list("act", flat=True))
        assert concern.acknowledged_at is not None
        assert concern.escalates_at is None  # an acknowledgement ends it, before or after
        assert trail[SafetyAct.ACKNOWLEDGED] == 2
        assert trail[SafetyAct.ESCALATED] == concern.level <= 1
        assert trail[SafetyAct.TOLD] == 2 + concern.level
        assert concern.alerts.count() == 2 + concern.level
        assert concern.alerts.filter(acknowledged_at__isnull=False).count() == 2


def test_two_beats_tell_each_person_once():
    world = Safety()
    raised = concerns(world)
    outcomes = race(
        HANDS, ROUNDS, lambda hand, turn: tend_safety(at=raised[turn].raised_at + 15 * MINUTES)
    )
    assert not faults(outcomes)
    for concern in SafetyConcern.objects.all():
        assert concern.level == 1
        assert concern.entries.filter(act=SafetyAct.ESCALATED).count() == 1
        assert concern.alerts.count() == 3


def test_a_mistake_and_an_answer_at_one_instant():
    """Either it is taken back and nobody acts, or somebody acts and it stays open."""
    world = Safety()
    raised = concerns(world)
    dana, hanna = world.dana, world.hanna

    def act(hand: int, turn: int) -> object:
        at = raised[turn].raised_at + MINUTES
        if hand:
            return acknowledge(concern=raised[turn], by=hanna, at=at)
        return take_back(concern=raised[turn], by=dana, at=at)

    outcomes = race(2, ROUNDS, act)
    assert not faults(outcomes)
    for turn, concern in enumerate(raised):
        concern.refresh_from_db()
        said = Counter(o.said for o in outcomes if o.round == turn)
        assert said["done"] == 1, said
        assert bool(concern.closed_at) != bool(concern.acknowledged_at)


def test_a_mistake_and_another_tap_at_one_instant():
    """Either the other's tap keeps it open, or it is taken back and theirs is one of its own."""
    world = Safety()
    session, dana, marisol, ana = world.session, world.dana, world.marisol, world.another()
    for turn in range(ROUNDS):
        concern = world.raised(at=DURING + timedelta(hours=turn))
        at = concern.raised_at + MINUTES

        def act(hand: int, _: int, concern: SafetyConcern = concern, at: datetime = at) -> object:
            if hand:
                return raise_concern(session=session, participant=marisol, by=ana, at=at)
            return take_back(concern=concern, by=dana, at=at)

        outcomes = race(2, 1, act)
        assert not faults(outcomes)
        taken = outcomes[0].said
        theirs = SafetyEntry.objects.get(act=SafetyAct.RAISED, by=ana, at=at).concern
        assert (theirs.closed_at, theirs.escalates_at is None) == (None, False)
        concern.refresh_from_db()
        if taken == "done":
            assert concern.closed_as == ClosedAs.MISTAKE
            assert theirs.pk != concern.pk
        else:
            assert (taken, theirs.pk) == ("refused: shared", concern.pk)


def test_two_beats_remind_each_person_once():
    world = Safety()
    raised = concerns(world)
    for concern in raised:
        pass_on(pk=concern.pk, at=concern.raised_at + 15 * MINUTES)
    SafetyConcern.objects.update(escalates_at=DURING)
    at = DURING + timedelta(days=2)
    outcomes = race(HANDS, 1, lambda hand, turn: tend_safety(at=at))
    assert not faults(outcomes)
    for concern in SafetyConcern.objects.all():
        assert concern.escalates_at == at + timedelta(hours=1)
        assert concern.entries.filter(act=SafetyAct.NOBODY_LEFT).count() == 1
        still = OutboxMessage.objects.filter(kind="safety_still_awaits", subject_id=concern.pk)
        assert still.count() == 3
