"""Messages about safety concerns: neutral, at once and at night too, and only as long as needed."""

from datetime import UTC, datetime, timedelta

import pytest

from phpsupport.outbox.kinds import Letter, Withhold, compose
from phpsupport.outbox.models import OutboxMessage, State
from sessions.actions.safety import acknowledge, add_words, close_concern, take_back, tend_safety
from tests.sessions.safety import AFTER, DURING, MINUTES, Safety, messages

pytestmark = pytest.mark.django_db
KINDS = {
    "safety_awaits": "Something urgent awaits you",
    "safety_passed_on": "Something urgent was passed on",
    "safety_still_awaits": "Something urgent still awaits you",
    "safety_settled": "Something urgent is settled",
}
SECRETS = (
    "Morning", "Check-in", "Dana", "Marisol", "Rivera", "Hanna", "safety", "Safety", "concern",
    "group", "Room", "peer", "recovery", "PHP", "10:", "3 Mar", "March", "Program", "crisis", "988",
)  # fmt: skip
NIGHT = datetime(2026, 3, 4, 8, tzinfo=UTC)  # 3:00 in New York


class Told(Safety):
    """A world in which one message of a kind is planned."""

    def message(self, kind: str) -> OutboxMessage:
        self.concern = self.raised()
        if kind == "safety_settled":
            OutboxMessage.objects.update(state=State.SENT, sent_at=DURING)
            take_back(concern=self.concern, by=self.dana, at=DURING)
        elif kind != "safety_awaits":
            tend_safety(at=DURING + 15 * MINUTES)
            if kind == "safety_still_awaits":
                tend_safety(at=DURING + 30 * MINUTES)
        return messages(kind, recipient_id=self.hanna.pk)[0]


@pytest.fixture
def world(db: None) -> Told:
    return Told()


@pytest.mark.parametrize("kind", KINDS)
def test_the_words_are_neutral_and_go_at_night(world, kind):
    letter = compose(world.message(kind), NIGHT)
    assert isinstance(letter, Letter)
    assert (letter.to, letter.subject) == (world.hanna.email, KINDS[kind])
    for part in (letter.subject, letter.text, letter.html):
        assert not [s for s in SECRETS if s in part], part
    assert f"{KINDS[kind]}. Sign in to see it." in letter.text
    # The link is the front page of the application, nothing deeper.
    assert not [w for w in letter.text.split() if "://" in w and w.rstrip("/").count("/") > 2]


@pytest.mark.parametrize("why", ["acknowledged", "closed", "mistake", "account", "role"])
@pytest.mark.parametrize("kind", ["safety_awaits", "safety_passed_on", "safety_still_awaits"])
def test_what_is_not_needed_any_more_is_not_sent(world, kind, why):
    message, at = world.message(kind), AFTER
    if why == "acknowledged":
        acknowledge(concern=world.concern, by=world.hanna, at=at)
    elif why == "closed":
        close_concern(concern=world.concern, words="Done.", by=world.rosa, at=at)
    elif why == "mistake":
        take_back(concern=world.concern, by=world.dana, at=at)
    elif why == "account":
        world.hanna.is_active = False
        world.hanna.save()
    else:
        world.hanna.role_assignments.update(ends_on=world.session.local_date - timedelta(days=1))
    with pytest.raises(Withhold):
        compose(message, at)


def test_who_must_be_told_is_told_though_somebody_else_acts_already(world):
    message = world.message("safety_awaits")
    acknowledge(concern=world.concern, by=world.pat, at=DURING)
    assert isinstance(compose(message, AFTER), Letter)


def test_that_nobody_is_left_is_told_only_as_long_as_nobody_answers(world):
    message = world.message("safety_still_awaits")
    acknowledge(concern=world.concern, by=world.pat, at=DURING)
    with pytest.raises(Withhold):
        compose(message, AFTER)


def test_only_who_had_a_message_hears_that_it_is_settled(world):
    concern = world.raised()
    OutboxMessage.objects.filter(recipient_id=world.pat.pk).update(state=State.SENT, sent_at=DURING)
    take_back(concern=concern, by=world.dana, at=DURING)
    by_person = {m.recipient_id: m for m in messages("safety_settled")}
    assert isinstance(compose(by_person[world.pat.pk], AFTER), Letter)
    with pytest.raises(Withhold):
        compose(by_person[world.hanna.pk], AFTER)


def test_no_words_go_into_the_outbox(world):
    concern = world.raised()
    add_words(concern=concern, words="unmistakable", by=world.dana, at=DURING)
    assert "unmistakable" not in str(list(OutboxMessage.objects.values()))
