"""What reaches a mailbox: neutral words, an address that tells nothing, nothing out of date."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from facilitators.actions import check_ins, concerns, supervision
from facilitators.models import BoundaryConcern, CheckIn, Leave, NamedInConcern
from phpsupport.access.roles import Role
from phpsupport.lib import clock
from phpsupport.outbox.delivery import deliver
from phpsupport.outbox.kinds import Withhold, compose
from phpsupport.outbox.models import OutboxMessage, State
from tests.factories import make_facilitator, make_program, make_staff

MORNING = datetime(2026, 11, 23, 13, 30, tzinfo=UTC)

# Neither what the program is, nor what the message is about, nor who is in it.
FORBIDDEN = (
    "php", "hospital", "program", "recovery", "peer", "group", "session", "facilitator",
    "supervis", "participant", "patient", "client", "boundar", "concern", "violation", "crossing",
    "check-in", "support", "wellness", "training", "clear", "gift", "scarf", "Harbor", "Ana",
    "Maya", "Solís", "Lindqvist", "urgent", "incident", "report",
)  # fmt: skip


class World:
    def __init__(self):
        self.program = make_program("Harbor Day Program")
        self.supervisor = make_staff(
            self.program, Role.SUPERVISOR, first_name="Maya", last_name="Lindqvist"
        )
        self.lead = make_staff(self.program, Role.PROGRAM_LEAD, first_name="Ruth")
        self.facilitator = make_facilitator(
            self.program, supervisor=self.supervisor, first_name="Ana", last_name="Solís"
        )

    def check_in(self):
        check_ins.queue_check_ins(at=MORNING)
        return CheckIn.objects.get()

    def concern(self, **fields):
        return concerns.report_concern(
            program=self.program, by=self.lead, at=MORNING, concern_class="crossing",
            category="gift_received", narrative="A scarf.", facilitator=self.facilitator, **fields,
        )  # fmt: skip

    def every_message(self):
        """One of every kind."""
        asked = self.check_in()
        check_ins.queue_check_ins(at=MORNING + timedelta(days=5))
        check_ins.answer_check_in(
            check_in=asked, by=self.facilitator.user, at=MORNING, workload=1, wants_support=True
        )
        concern = self.concern()
        concern = concerns.triage_concern(
            concern=concern, by=self.supervisor, at=MORNING, severity=1, concern_class="question",
            category="gift_received", reviewer=self.supervisor,
        )  # fmt: skip
        concern = concerns.start_review(concern=concern, by=self.supervisor, at=MORNING)
        concerns.close_concern(
            concern=concern, by=self.supervisor, at=MORNING, words="Fine.", answer="Keep it."
        )
        later = MORNING + timedelta(days=3)
        planned = supervision.plan_supervision(
            facilitator=self.facilitator, supervisor=self.supervisor, starts_at=later,
            by=self.supervisor, at=MORNING,
        )  # fmt: skip
        supervision.cancel_supervision(supervision=planned, by=self.supervisor, at=MORNING)
        held = supervision.plan_supervision(
            facilitator=self.facilitator, supervisor=self.supervisor, by=self.supervisor,
            starts_at=MORNING - timedelta(hours=2), at=MORNING,
        )  # fmt: skip
        held = supervision.write_supervision(
            supervision=held, by=self.supervisor, at=MORNING, minutes=30, mode="individual",
            discussed="Much.",
        )  # fmt: skip
        supervision.sign_supervision(supervision=held, by=self.supervisor, at=MORNING)


KINDS = {
    "check-in.asked", "check-in.reminder", "check-in.escalated", "check-in.support",
    "concern.awaits", "concern.answered",
    "supervision.planned", "supervision.cancelled", "supervision.to-sign",
}  # fmt: skip


@pytest.fixture
def world(db):
    return World()


@pytest.mark.django_db
def test_every_kind_of_message_is_neutral(world, settings):
    settings.BASE_URL = "https://desk.example"
    world.every_message()
    BoundaryConcern.objects.update(state="reported", closed_at=None)
    assert set(OutboxMessage.objects.values_list("kind", flat=True)) == KINDS
    for message in OutboxMessage.objects.all():
        if message.kind in ("check-in.asked", "check-in.reminder", "check-in.escalated"):
            CheckIn.objects.update(answered_at=None)
        if message.kind == "supervision.planned":
            supervision.Supervision.objects.filter(pk=message.subject_id).update(cancelled_at=None)
        letter = compose(message, MORNING)
        # The person's own first name is the greeting; the rest must tell nothing.
        greeting = re.compile(r"Hello \w+,")
        for part in (letter.subject, letter.text, letter.html):
            words = greeting.sub("", part).replace("https://desk.example/", "")
            told = [word for word in FORBIDDEN if word.lower() in words.lower()]
            assert not told, (message.kind, told, words)
            assert str(message.subject_id) not in part
        assert greeting.search(letter.text)
        assert set(re.findall(r"https?://[^\s\"<]+", letter.text + letter.html)) == {
            "https://desk.example/"
        }


@pytest.mark.django_db
def test_an_appointment_says_its_wall_clock_time(world):
    supervision.plan_supervision(
        facilitator=world.facilitator, supervisor=world.supervisor, by=world.supervisor,
        starts_at=datetime(2026, 11, 24, 17, 30, tzinfo=UTC), at=MORNING,
    )  # fmt: skip
    letter = compose(OutboxMessage.objects.get(), MORNING)
    assert "You have an appointment on Tue 24 Nov at 12:30 PM." in letter.text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("answered", "answered"),
        ("ended", "ended-or-away"),
        ("on leave", "ended-or-away"),
        ("account closed", "ended-or-away"),
    ],
)
def test_a_check_in_is_withheld_when_it_is_out_of_date(world, what, code):
    check_in = world.check_in()
    who = world.facilitator
    if what == "answered":
        CheckIn.objects.filter(pk=check_in.pk).update(answered_at=MORNING)
    elif what == "ended":
        who.stage = "ended"
        who.save()
    elif what == "on leave":
        day = MORNING.date()
        Leave.objects.create(facilitator=who, from_on=day, until_on=day)
    else:
        who.user.is_active = False
        who.user.save()
    with pytest.raises(Withhold, match=code):
        compose(OutboxMessage.objects.get(), MORNING)


@pytest.mark.django_db
def test_a_concern_is_not_announced_to_who_was_named_or_when_looked_at(world):
    concern = world.concern()
    message = OutboxMessage.objects.get()
    BoundaryConcern.objects.filter(pk=concern.pk).update(state="triaged")
    with pytest.raises(Withhold, match="looked-at"):
        compose(message, MORNING)
    NamedInConcern.objects.create(concern=concern, user=world.supervisor)
    with pytest.raises(Withhold, match="not-theirs"):
        compose(message, MORNING)


@pytest.mark.django_db
def test_a_message_that_may_not_go_is_not_sent(world, mailoutbox):
    world.check_in()
    world.facilitator.stage = "ended"
    world.facilitator.save()
    assert deliver(at=MORNING + timedelta(minutes=1)) == 0
    assert OutboxMessage.objects.get().state == State.WITHHELD
    assert not mailoutbox


@pytest.mark.django_db(transaction=True)
def test_a_check_in_arrives_over_smtp(smtp):
    world = World()
    check_ins.queue_check_ins(at=MORNING)
    assert deliver(at=clock.now()) == 1
    letter = smtp.wait_for(1)[0]
    assert letter.to == [world.facilitator.user.email]
    assert letter.subject == "You have a short form to fill in"
    assert "It takes two minutes." in letter.text
    assert "It takes two minutes." in letter.html
    assert OutboxMessage.objects.get().state == State.SENT
    assert deliver(at=clock.now()) == 0
