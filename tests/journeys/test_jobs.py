"""Beat and a worker as processes of their own, a real broker, a real mail server that catches."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db.models import QuerySet

from facilitators.tasks import queue_check_ins
from participants.actions.contacts import revoke_channel_consent
from phpsupport.access.roles import Role
from phpsupport.lib import clock
from phpsupport.outbox.models import OutboxMessage, State
from phpsupport.outbox.tasks import deliver_due
from phpsupport.programs.models import Organization, Site
from sessions.actions.schedule import cancel_session
from sessions.models import GroupSession
from sessions.tasks import queue_reminders
from tests.factories import (
    enroll,
    make_facilitator,
    make_group,
    make_participant,
    make_program,
    make_room,
    make_series,
    make_session,
    make_staff,
)
from tests.jobs import Postbox, Received, wait_until
from tests.journeys.people import daytime_zone

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.jobs]
SOON = timedelta(hours=1)  # until the reminder is due; beat plans it before
TELLTALE = (
    "hearing voices", "group", "lighthouse", "room", "harbor", "program", "willowbrook", "peer",
    "php", "recovery", "support", "facilitat", "hospital", "session", "treatment", "check-in",
    "supervis",
)  # fmt: skip


class World:
    """A session tomorrow at this time, names that must not leave the house, and who is told."""

    def __init__(self) -> None:
        organization = Organization.objects.create(name="Willowbrook Health")
        site = Site.objects.create(
            organization=organization, name="Willowbrook", time_zone=daytime_zone(),
            phone="(555) 555-0100",
        )  # fmt: skip
        self.program = make_program("Harbor Recovery PHP", site=site)
        self.supervisor = make_staff(
            self.program, Role.SUPERVISOR, first_name="Maya", last_name="Lindqvist"
        )
        self.leader = make_facilitator(
            self.program, supervisor=self.supervisor, first_name="Ana", last_name="Solís",
            stage="active",
        )  # fmt: skip
        type(self.leader.user).objects.filter(pk=self.leader.user_id).update(wants_reminders=True)
        now = clock.now().astimezone(ZoneInfo(self.program.zone))
        # By the clock on the wall, which a change in between leaves as it is.
        self.starts: datetime = now + SOON + timedelta(days=1)
        day = self.starts.date()
        series = make_series(
            self.program, facilitator=self.leader, from_on=day, until_on=day,
            group=make_group(self.program, "Hearing Voices Circle"),
            room=make_room(self.program, "Lighthouse Room"),
        )  # fmt: skip
        people = {
            name: make_participant(
                self.program, first_name=name, last_name=last, email=f"{name.lower()}@mail.example",
                admitted_on=now.date(),
            )
            for name, last in (("Bea", "Kowalski"), ("Cleo", "Byrne"), ("Dov", "Amsel"))
        }  # fmt: skip
        self.bea, self.cleo, self.dov = people.values()
        self.dov.channel_consents.all().delete()  # never asked
        for person in people.values():
            enroll(series, person)
        # The last row: until it stands, beat finds nothing to remind of.
        self.session: GroupSession = make_session(
            series, day, starts_at=self.starts, ends_at=self.starts + timedelta(minutes=50)
        )

    @property
    def reminders_of_the_day_before(self) -> QuerySet[OutboxMessage]:
        return OutboxMessage.objects.filter(kind="session_reminder", facts__hours=24)

    @property
    def in_words(self) -> str:
        hour = self.starts.hour % 12 or 12
        return f"tomorrow at {hour}:{self.starts:%M} {'AM' if self.starts.hour < 12 else 'PM'}"


@pytest.fixture
def world(jobs: None) -> World:
    """Made while beat and the worker run already."""
    return World()


def said_by(letter: Received) -> str:
    """Everything that somebody sees who looks at a mailbox: names of sender, subject, both bodies."""
    return " ".join((str(letter.mail["From"]), letter.subject, letter.text, letter.html)).lower()


def test_a_reminder_and_a_check_in_arrive_once_and_give_nothing_away(
    world: World, smtp: Postbox
) -> None:
    # Planned by beat before it is due; one person takes the consent back in the meantime.
    reminders = world.reminders_of_the_day_before
    assert wait_until(lambda: reminders.count() == 2)
    assert {row.recipient_id for row in reminders} == {world.bea.pk, world.cleo.pk}
    assert not reminders.exclude(state=State.WAITING).exists()
    revoke_channel_consent(
        participant=world.cleo, channel="email", by=world.supervisor, at=clock.now()
    )
    OutboxMessage.objects.filter(kind__startswith="session_reminder").update(due_at=clock.now())

    letters = {(x.to[0], x.subject): x for x in smtp.wait_for(3)}
    mine = world.leader.user.email
    assert set(letters) == {
        ("bea@mail.example", "Appointment reminder"),
        (mine, "Appointment reminder"),
        (mine, "You have a short form to fill in"),
    }
    everybody = {"maya", "lindqvist", "bea", "kowalski", "cleo", "byrne", "dov", "amsel", "solís"}
    for (_, subject), letter in letters.items():
        if subject == "Appointment reminder":
            sentence = f"You have an appointment {world.in_words}."
            assert sentence in letter.text
            assert sentence in letter.html
            assert "(555) 555-0100" in letter.text
        else:
            assert "It takes two minutes." in letter.text
            assert "It takes two minutes." in letter.html
        said = said_by(letter)
        words = said.replace("(", " ").replace(".", " ").replace(",", " ").split()
        assert [telltale for telltale in TELLTALE if telltale in said] == []
        assert everybody.isdisjoint(words)
        assert "ana" not in words or letter.to == [mine]

    # Asked again when it was due, whoever took the consent back gets nothing.
    assert wait_until(lambda: reminders.get(recipient_id=world.cleo.pk).state == State.WITHHELD)
    assert reminders.get(recipient_id=world.cleo.pk).why == "no-consent"

    # Beat ticked many times by now; two more ticks of everything send nothing more.
    rows = OutboxMessage.objects.count()
    for _ in range(2):
        queue_reminders()
        queue_check_ins()
        deliver_due()
    assert OutboxMessage.objects.count() == rows
    assert not OutboxMessage.objects.filter(state=State.WAITING, due_at__lte=clock.now()).exists()
    assert len(smtp.messages) == 3


def test_a_cancelled_session_is_told_and_no_longer_reminded_of(world: World, smtp: Postbox) -> None:
    reminders = OutboxMessage.objects.filter(kind="session_reminder")
    assert wait_until(lambda: reminders.count() == 4)
    cancel_session(
        session=world.session, reason="Hearing Voices: fire drill", by=None, at=clock.now()
    )
    assert wait_until(lambda: not reminders.exclude(state=State.WITHHELD).exists())
    assert wait_until(lambda: {x.to[0] for x in smtp.messages} >= {
        "bea@mail.example", "cleo@mail.example", world.leader.user.email
    })  # fmt: skip
    letters = [x for x in smtp.messages if "@mail.example" in x.to[0]]
    assert {x.subject for x in letters} == {"About your appointment"}
    for letter in letters:
        assert f"Your appointment {world.in_words} is cancelled." in letter.text
        assert [telltale for telltale in TELLTALE if telltale in said_by(letter)] == []
        assert "fire drill" not in said_by(letter)
