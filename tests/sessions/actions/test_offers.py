"""A free place is kept for the first in line: asked, taken, declined, lapsed, withdrawn."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
import time_machine

from facilitators.models import ConflictOfInterest
from participants.actions.stays import discharge_participant, readmit_participant
from participants.models import EpisodeOfCare
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.lib.errors import Refused
from phpsupport.outbox import kinds
from phpsupport.outbox.models import OutboxMessage
from phpsupport.programs.models import PolicyProfile
from sessions.actions.enrollment import enroll
from sessions.actions.leaving import leave_series, leave_waitlist
from sessions.actions.offers import Filled, accept_offer, decline_offer, end_offers, promote_waiting
from sessions.actions.series import end_series
from sessions.models import Enrollment, GroupSeries, WaitlistEntry, WaitOutcome
from sessions.tasks import end_offers as tick
from tests.factories import (
    make_facilitator,
    make_group,
    make_participant,
    make_program,
    make_series,
    make_staff,
)

AT = datetime(2026, 3, 2, 15, tzinfo=UTC)  # Monday, 10:00 in New York
MARCH = date(2026, 3, 2)
TOMORROW = AT + timedelta(hours=24)
pytestmark = pytest.mark.django_db


class Line:
    """A group with one place that is taken, and two who wait."""

    def __init__(self, **rules):
        self.program = make_program()
        if rules:
            PolicyProfile.objects.create(
                program=self.program, effective_from=date(2026, 1, 1), rules=rules, set_at=AT
            )
        self.by = make_staff(self.program, Role.SCHEDULER)
        self.series = make_series(self.program, capacity=1)
        self.place = self.ask().enrollment
        self.first, self.second = self.ask().waiting, self.ask().waiting

    def ask(self, person=None, **more):
        person = person or make_participant(self.program, email="someone@mail.example")
        return enroll(
            series=more.pop("series", self.series), participant=person, by=self.by,
            **{"from_on": MARCH, "at": AT, **more},
        )  # fmt: skip

    def free(self, last_on=MARCH, at=AT):
        return leave_series(enrollment=self.place, last_on=last_on, by=self.by, at=at)

    def own(self, at=AT):
        return {"by": self.by, "at": at}

    def look(self):
        self.first.refresh_from_db()
        self.second.refresh_from_db()
        return self.first.outcome, self.second.outcome


@pytest.fixture
def line(db):
    return Line()


# --- asked -----------------------------------------------------------------------------------------
def test_a_free_place_is_kept_for_the_first_and_counts_as_taken(line):
    assert line.free().offers == [line.first]
    line.first.refresh_from_db()
    assert (line.first.offered_at, line.first.offer_until) == (AT, TOMORROW)
    assert line.first.offered_from == date(2026, 3, 3)
    assert line.ask().waiting, "nobody else gets the place meanwhile"
    assert line.ask(until_on=MARCH).waiting, "today it is still taken by who leaves"
    assert Enrollment.objects.count() == 1
    assert AuditEvent.objects.filter(action="offer.made").count() == 1
    assert line.free() == Filled(), "a second click asks nobody twice"


def test_no_offer_where_a_free_place_goes_by_itself():
    line = Line(offer_hours=0)
    assert [p.participant for p in line.free().places] == [line.first.participant]
    assert line.look() == ("enrolled", "waiting")
    assert not OutboxMessage.objects.exists()


def test_a_program_says_how_long():
    line = Line(offer_hours=2)
    line.free()
    line.first.refresh_from_db()
    assert line.first.offer_until == AT + timedelta(hours=2)


@pytest.mark.parametrize(
    ("at", "until"),
    [
        (datetime(2026, 3, 3, 2, 30, tzinfo=UTC), datetime(2026, 3, 3, 16, tzinfo=UTC)),  # 21:30
        (datetime(2026, 3, 3, 12, tzinfo=UTC), datetime(2026, 3, 3, 16, tzinfo=UTC)),  # 7:00
        # 21:30 before the night in which the clocks go forward: three hours after 8:00.
        (datetime(2026, 3, 8, 2, 30, tzinfo=UTC), datetime(2026, 3, 8, 15, tzinfo=UTC)),
    ],
)
def test_at_night_the_hours_begin_when_the_message_can_go(at, until):
    line = Line(offer_hours=3)
    assert line.free(last_on=MARCH, at=at).offers == [line.first]
    line.first.refresh_from_db()
    assert line.first.offer_until == until
    # Nobody in line is passed over before they can have read it.
    morning = at.replace(hour=12, minute=30) if at.hour < 12 else at
    assert not end_offers(at=morning).lapsed
    assert line.look() == ("waiting", "waiting")


def test_an_offer_never_outlasts_the_series(line):
    GroupSeries.objects.update(until_on=date(2026, 3, 3))
    line.free(at=datetime(2026, 3, 3, 16, tzinfo=UTC), last_on=MARCH)
    line.first.refresh_from_db()
    assert line.first.offer_until == datetime(2026, 3, 4, 5, tzinfo=UTC)  # midnight in New York


def test_who_is_first_is_told_neutrally_and_only_while_it_stands(line):
    line.free()
    message = OutboxMessage.objects.get()
    assert (message.recipient_id, message.expires_at) == (line.first.participant_id, TOMORROW)
    letter = kinds.compose(message, AT)
    assert "An appointment time is kept for you until tomorrow at 10:00 AM." in letter.text
    for word in (line.series.group.name, line.program.name, "group", "place", "recovery"):
        assert word not in letter.text + letter.subject
    with pytest.raises(kinds.Postpone) as wait:
        kinds.compose(message, datetime(2026, 3, 3, 3, tzinfo=UTC))  # 22:00 in New York
    assert wait.value.until.hour == 8
    with pytest.raises(kinds.Withhold, match="too-late"):
        kinds.compose(message, TOMORROW)
    decline_offer(entry=line.first, **line.own())
    message.refresh_from_db()
    assert (message.state, message.why) == ("withheld", "offer-ended")
    with pytest.raises(kinds.Withhold, match="no-longer-kept"):
        kinds.compose(message, AT)


def test_nobody_is_written_to_without_consent(line):
    line.first.participant.channel_consents.update(revoked_at=AT)
    line.free()
    with pytest.raises(kinds.Withhold, match="no-consent"):
        kinds.compose(OutboxMessage.objects.get(), AT)


# --- taken, declined --------------------------------------------------------------------------------
def test_taking_it_gives_the_place_once(line):
    line.free()
    place = accept_offer(entry=line.first, **line.own())
    assert (place.participant, place.from_on) == (line.first.participant, date(2026, 3, 3))
    assert place.episode == line.first.participant.episodes.get()
    assert accept_offer(entry=line.first, **line.own()) == place
    assert line.look() == ("enrolled", "waiting")
    assert AuditEvent.objects.filter(action="enrollment.promoted").count() == 1
    assert decline_offer(entry=line.first, **line.own()) == Filled()
    assert Enrollment.objects.count() == 2


def test_a_place_taken_later_begins_that_day(line):
    line.free(at=AT, last_on=MARCH)
    later = datetime(2026, 3, 3, 14, 59, tzinfo=UTC)
    assert accept_offer(entry=line.first, **line.own(later)).from_on == date(2026, 3, 3)


def test_declining_asks_who_is_next(line):
    line.free()
    assert decline_offer(entry=line.first, **line.own()).offers == [line.second]
    assert line.look() == ("left", "waiting")
    assert decline_offer(entry=line.first, **line.own()) == Filled()
    with pytest.raises(Refused, match="no longer wait"):
        accept_offer(entry=line.first, **line.own())


def test_leaving_the_line_frees_what_was_kept(line):
    line.free()
    leave_waitlist(entry=line.first, **line.own())
    line.second.refresh_from_db()
    assert line.second.offer_until == TOMORROW


def test_nothing_is_kept_for_who_was_not_asked(line):
    with pytest.raises(Refused, match=r"No place in .* is kept"):
        accept_offer(entry=line.second, **line.own())
    assert decline_offer(entry=line.second, **line.own()) == Filled()
    assert line.look() == ("waiting", "waiting")


# --- in time, too late --------------------------------------------------------------------------------
def test_the_last_second_counts_and_the_moment_itself_does_not(line):
    line.free()
    with pytest.raises(Refused, match=r"kept until Tue 3 Mar, 10:00\. It has gone to the next"):
        accept_offer(entry=line.first, **line.own(TOMORROW))
    assert accept_offer(entry=line.first, **line.own(TOMORROW - timedelta(seconds=1)))


def test_unanswered_it_lapses_and_the_next_is_asked_whoever_ticks(line):
    line.free()
    assert end_offers(at=TOMORROW - timedelta(seconds=1)) == Filled()
    filled = end_offers(at=TOMORROW)
    assert (filled.lapsed, filled.offers) == (1, [line.second])
    assert end_offers(at=TOMORROW) == Filled(), "a second beat finds nothing"
    assert line.look() == ("lapsed", "waiting")
    line.first.refresh_from_db()
    assert line.first.ended_at == TOMORROW
    assert line.second.offer_until == TOMORROW + timedelta(hours=24)
    assert OutboxMessage.objects.filter(state="waiting").count() == 1
    with pytest.raises(Refused, match="gone to the next in line"):
        accept_offer(entry=line.first, **line.own(TOMORROW))
    assert end_offers(at=TOMORROW + timedelta(days=1)).lapsed == 1
    assert line.look() == ("lapsed", "lapsed")


def test_the_beat_ends_offers(line):
    line.free()
    with time_machine.travel(TOMORROW, tick=False):
        tick()
    assert line.look() == ("lapsed", "waiting")


def test_a_newcomer_does_not_overtake_before_the_tick(line):
    line.free()
    newcomer = line.ask(at=TOMORROW, from_on=date(2026, 3, 4))
    assert newcomer.waiting
    line.second.refresh_from_db()
    assert line.second.offer_until == TOMORROW + timedelta(hours=24)
    assert line.look() == ("lapsed", "waiting")


def test_an_offer_over_the_clock_change_lasts_by_the_wall(line):
    line.free(at=datetime(2026, 3, 7, 19, tzinfo=UTC), last_on=date(2026, 3, 6))
    line.first.refresh_from_db()
    assert line.first.offer_until == datetime(2026, 3, 8, 18, tzinfo=UTC)


# --- withdrawn --------------------------------------------------------------------------------------
def discharge(line, entry, on=MARCH, at=AT):
    discharge_participant(
        episode=entry.participant.episodes.get(), on=on, reason="completed", by=line.by, at=at
    )


def test_a_discharge_withdraws_the_offer_and_asks_the_next(line):
    line.free()
    discharge(line, line.first)
    assert line.look() == ("left", "waiting")
    assert line.second.offer_until == TOMORROW
    assert OutboxMessage.objects.filter(why="offer-ended").count() == 1
    with pytest.raises(Refused, match="no longer wait"):
        accept_offer(entry=line.first, **line.own())


def test_coming_back_restores_nothing(line):
    line.free()
    place = accept_offer(entry=line.first, **line.own())
    person = place.participant
    discharge(line, line.first, on=date(2026, 3, 4), at=AT + timedelta(days=2))
    place.refresh_from_db()
    assert place.until_on == date(2026, 3, 4)
    readmit_participant(
        participant=person, program=line.program, admitted_on=date(2026, 3, 20), level="PHP",
        by=line.by, at=datetime(2026, 3, 20, 14, tzinfo=UTC),
    )  # fmt: skip
    assert person.episodes.count() == 2
    assert not Enrollment.objects.filter(
        participant=person, from_on__gt=MARCH + timedelta(5)
    ).exists()
    assert not WaitlistEntry.objects.filter(participant=person, outcome="waiting").exists()
    place.refresh_from_db()
    assert place.until_on == date(2026, 3, 4)


def test_the_end_of_the_series_withdraws_what_is_kept(line):
    line.free()
    end_series(series=line.series, last_on=date(2026, 3, 10), by=line.by, at=AT)
    assert line.look() == ("left", "left")
    assert not OutboxMessage.objects.filter(kind="place_kept", state="waiting").exists()


def test_a_group_that_became_smaller_takes_the_offer_back_and_keeps_the_order(line):
    PolicyProfile.objects.all().delete()
    GroupSeries.objects.update(capacity=2)
    promote_waiting(series=line.series, **line.own())
    line.first.refresh_from_db()
    assert line.first.offer_until
    GroupSeries.objects.update(capacity=1)
    with pytest.raises(Refused, match="has become smaller"):
        accept_offer(entry=line.first, **line.own())
    promote_waiting(series=line.series, **line.own())
    assert line.look() == ("waiting", "waiting")
    assert line.first.offer_until is None
    assert AuditEvent.objects.filter(action="offer.withdrawn").count() == 1


def test_a_sealed_chart_takes_nothing(line):
    line.free()
    person = line.first.participant
    person.sealed_at = AT
    person.save()
    with pytest.raises(Refused, match="chart is closed"):
        accept_offer(entry=line.first, **line.own())


# --- kept apart --------------------------------------------------------------------------------------
def keep_apart(line, person):
    facilitator = make_facilitator(line.program, first_name="Dana")
    line.series.assignments.create(facilitator=facilitator)
    return ConflictOfInterest.objects.create(
        program=line.program, facilitator=facilitator, participant=person, relation="kin",
        declared_by=facilitator.user, declared_at=AT,
    )  # fmt: skip


def test_who_is_kept_apart_from_a_leader_is_passed_over(line):
    found = keep_apart(line, line.first.participant)
    assert line.free().offers == [line.second]
    assert line.look() == ("waiting", "waiting")
    found.ended_at = AT
    found.save()
    decline_offer(entry=line.second, **line.own())
    line.first.refresh_from_db()
    assert line.first.offer_until


def test_declared_after_the_offer_it_is_refused_without_the_relation(line):
    line.free()
    keep_apart(line, line.first.participant)
    with pytest.raises(Refused, match="are kept apart") as no:
        accept_offer(entry=line.first, **line.own())
    assert "amily" not in str(no.value)
    assert "Dana" not in str(no.value)


# --- leaving early, alumni ----------------------------------------------------------------------------
def test_who_moves_up_leaves_as_their_level_of_care_does():
    line = Line()
    GroupSeries.objects.update(starts=time(12), ends=time(13, 30))
    person = make_participant(line.program, level="IOP")
    WaitlistEntry.objects.filter(pk=line.first.pk).update(
        participant=person, episode=person.episodes.get()
    )
    line.free()
    line.first.refresh_from_db()
    assert accept_offer(entry=line.first, **line.own()).leaves_at == time(12, 50)


def test_an_alumna_who_is_back_waits_no_longer_for_the_alumni_group(line):
    alumni = make_series(line.program, capacity=1, group=make_group(line.program, kind="alumni"))

    def finished():
        person = make_participant(line.program)
        EpisodeOfCare.objects.filter(participant=person).update(discharged_on=date(2026, 2, 20))
        return person

    place = line.ask(finished(), series=alumni).enrollment
    waits = line.ask(finished(), series=alumni).waiting
    EpisodeOfCare.objects.create(
        participant=waits.participant, program=line.program, admitted_on=MARCH
    )
    leave_series(enrollment=place, last_on=MARCH, **line.own())
    waits.refresh_from_db()
    assert waits.outcome == WaitOutcome.LEFT
