"""Messages about cover and answers: neutral, not at night, and only as long as something waits."""

from datetime import UTC, datetime, time, timedelta

import pytest

from phpsupport.outbox.kinds import Letter, Postpone, Withhold, compose
from phpsupport.outbox.models import OutboxMessage
from sessions.actions.answers import answer_assignment, keep_as_is, propose_time, take_proposal
from sessions.actions.cover import (
    accept_cover,
    ask_for_cover,
    decline_cover,
    tend_cover,
    withdraw_cover,
)
from sessions.actions.schedule import cancel_session
from sessions.models import CoverAsk, CoverRequest, SessionFacilitator
from tests.factories import make_session
from tests.sessions.actions.test_cover import AT, DAY, World

KINDS = {
    "cover_needed": "Something in the schedule awaits you",
    "cover_asked": "Something in the schedule asks for your answer",
    "cover_escalated": "Something in the schedule awaits you and cannot wait",
    "assignment_changed": "Something in the schedule has changed for you",
    "assignment_asks": "Something in the schedule asks for your answer",
    "assignment_answered": "Something in the schedule awaits you",
    "proposal_settled": "Something in the schedule has changed for you",
}


class Told(World):
    """A world in which one message of a kind has been planned."""

    def message(self, kind: str) -> OutboxMessage:
        if kind.startswith("cover"):
            request = self.needed()
            self.ask(request, self.tuan)
            if kind == "cover_escalated":
                tend_cover(at=AT + timedelta(hours=24))
        elif kind == "assignment_changed":
            accept_cover(ask=self.ask(self.needed(), self.tuan)[0], by=self.tuan.user, at=AT)
        elif kind == "assignment_answered":
            self.answer("declined")
        else:
            made = propose_time(
                thing=self.session, on=DAY, starts=time(15), ends=time(15, 50), by=self.ana.user,
                at=AT,
            )  # fmt: skip
            settle = take_proposal if kind == "proposal_settled" else keep_as_is
            settle(proposal=made, by=self.planner, at=AT)
        return OutboxMessage.objects.filter(kind=kind).earliest("pk")

    def answer(self, answer: str) -> None:
        answer_assignment(thing=self.session, answer=answer, by=self.ana.user, at=AT)


@pytest.fixture
def world(db):
    return Told()


SECRETS = (
    "Morning", "Check-in", "Ana", "Solís", "Tuấn", "cover", "group", "Room", "peer", "lead",
    "facilitat", "recovery", "PHP", "10:00", "10:50", "3 Mar", "March 3", "Tuesday",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_the_words_are_neutral(world, kind):
    letter = compose(world.message(kind), AT)
    assert isinstance(letter, Letter)
    assert letter.subject == KINDS[kind]
    for part in (letter.subject, letter.text, letter.html):
        words = part.replace("leading", "").replace("header", "")
        assert not [s for s in SECRETS if s in words], part
    assert "Sign in to see it." in letter.text
    assert not [w for w in letter.text.split() if "://" in w and w.rstrip("/").count("/") > 2]


@pytest.mark.parametrize("kind", KINDS)
def test_at_night_it_waits_for_the_morning(world, kind):
    with pytest.raises(Postpone) as wait:
        compose(world.message(kind), datetime(2026, 2, 26, 4, tzinfo=UTC))  # 23:00 in New York
    assert wait.value.until == datetime(2026, 2, 26, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    "kind", ["cover_asked", "cover_escalated", "cover_needed", "assignment_changed"]
)
def test_what_would_come_too_late_goes_at_once(kind, db):
    world = Told(starts=time(7))
    night = world.session.starts_at - timedelta(hours=5)
    assert isinstance(compose(world.message(kind), night), Letter)


@pytest.mark.parametrize("why", ["answered", "withdrawn", "cancelled", "begun", "account"])
@pytest.mark.parametrize("kind", ["cover_asked", "cover_needed", "cover_escalated"])
def test_what_is_settled_is_not_sent(world, kind, why):
    message, at = world.message(kind), AT
    ask = CoverAsk.objects.get()
    if why == "answered":
        act = decline_cover if kind == "cover_asked" else accept_cover
        act(ask=ask, by=world.tuan.user, at=AT)
    elif why == "withdrawn":
        withdraw_cover(request=CoverRequest.objects.get(), by=world.ana.user, at=AT)
    elif why == "cancelled":
        cancel_session(session=world.session, reason="Snow.", by=world.planner, at=AT)
    elif why == "begun":
        at = world.session.starts_at
    else:
        type(world.planner).objects.filter(pk=message.recipient_id).update(is_active=False)
    with pytest.raises(Withhold):
        compose(message, at)


def test_one_of_several_that_is_still_open_is_told(world):
    later = make_session(world.series, DAY + timedelta(days=7))
    made = ask_for_cover(
        sessions=[world.session, later], facilitator=world.ana, by=world.ana.user, at=AT
    )
    message = OutboxMessage.objects.filter(kind="cover_needed").earliest("pk")
    withdraw_cover(request=made[0], by=world.ana.user, at=AT)
    assert isinstance(compose(message, AT), Letter)
    withdraw_cover(request=made[1], by=world.ana.user, at=AT)
    with pytest.raises(Withhold):
        compose(message, AT)


def test_answers_given_in_the_meantime_are_not_asked_for(world):
    message = world.message("assignment_asks")
    world.series.assignments.update(answer="accepted")
    world.answer("accepted")
    with pytest.raises(Withhold):
        compose(message, AT)


def test_a_no_that_was_taken_back_is_not_told(world):
    message = world.message("assignment_answered")
    world.answer("accepted")
    with pytest.raises(Withhold):
        compose(message, AT)
    assert SessionFacilitator.objects.get().answer == "accepted"
