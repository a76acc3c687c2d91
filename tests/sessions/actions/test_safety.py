"""Raised with one tap, told by policy, acknowledged or passed on; the trail says each step."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction

from facilitators.models import Leave
from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.lib.errors import Refused
from sessions.actions import safety as module
from sessions.actions.safety import (
    acknowledge,
    add_words,
    close_concern,
    pass_on,
    raise_concern,
    take_back,
    tend_safety,
)
from sessions.models import ClosedAs, SafetyAct, SafetyConcern, SafetyEntry
from tests.factories import (
    give_role,
    make_facilitator,
    make_participant,
    make_program,
    make_staff,
)
from tests.sessions.safety import AFTER, DURING, MINUTES, Safety, acts, messages, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None) -> Safety:
    return Safety()


def refused(act: Any, **asked: Any) -> str:
    with pytest.raises(Refused) as no:
        act(**asked)
    assert no.value.sentence.endswith(".")
    return str(no.value.code)


# --- raised ---------------------------------------------------------------------------------------
def test_one_tap_tells_whom_the_rule_names_and_sets_when_it_is_passed_on(world):
    concern = world.raised()
    assert told(concern) == ["Hanna", "Pat"]
    assert concern.escalates_at == DURING + 15 * MINUTES
    assert acts(concern) == ["raised", "told"]
    queued = messages()
    assert {m.recipient_id for m in queued} == {world.hanna.pk, world.pat.pk}
    assert all(m.due_at == DURING and m.subject_id == concern.pk and m.facts == {} for m in queued)
    trail = AuditEvent.objects.filter(action__startswith="safety.", object_id=concern.pk)
    assert [(e.action, e.actor_id) for e in trail.order_by("action")] == [
        ("safety.raised", world.dana.pk), ("safety.told", None),
    ]  # fmt: skip


def test_it_can_be_raised_for_the_group_and_after_the_session(world):
    late = AFTER + timedelta(days=3)
    concern = world.raised(None, at=late)
    assert concern.participant is None
    assert told(concern) == ["Hanna", "Omar", "Pat"]  # every clinician counts as the group's team


def test_a_second_tap_is_the_same_concern(world):
    first = world.raised()
    again = world.raised(at=DURING + 9 * MINUTES)
    assert again.pk == first.pk
    assert len(messages()) == 2
    assert acts(first) == ["raised", "told"]
    assert world.raised(world.tuan).pk != first.pk
    assert world.raised(None).pk not in {first.pk}
    later = world.raised(at=DURING + 10 * MINUTES)
    assert later.pk != first.pk


def test_who_leads_with_them_taps_as_well_and_stands_in_the_trail(world):
    other = world.another()
    first = world.raised()
    assert world.raised(by=other, at=DURING + MINUTES).pk == first.pk
    raised = SafetyEntry.objects.filter(concern=first, act=SafetyAct.RAISED)
    assert {e.by_id for e in raised} == {world.dana.pk, other.pk}
    world.raised(by=other, at=DURING + 2 * MINUTES)
    assert raised.count() == 2


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("stranger", "not-yours"), ("other program", "not-yours"), ("clinician", "not-yours"),
        ("not on the roster", "not-on-roster"), ("sealed", "not-on-roster"),
        ("cancelled", "cancelled"), ("too early", "too-early"),
    ],
)  # fmt: skip
def test_refusals(world, what, code):
    who, person, at = world.dana, world.marisol, DURING
    if what == "stranger":
        who = make_facilitator(world.program).user
    elif what == "other program":
        who = make_staff(make_program(), Role.PROGRAM_LEAD)
    elif what == "clinician":
        who = world.hanna
    elif what == "not on the roster":
        person = make_participant(world.program)
    elif what == "sealed":
        person.sealed_at = DURING
        person.save()
    elif what == "cancelled":
        world.session.state = "cancelled"
        world.session.save()
    else:
        at = world.session.starts_at - 16 * MINUTES
    assert refused(raise_concern, session=world.session, participant=person, by=who, at=at) == code
    assert not SafetyConcern.objects.exists()


def test_schedulers_who_mark_attendance_can_raise_it_too(world):
    assert told(world.raised(by=world.sami)) == ["Hanna", "Pat"]


# --- whom it is told ------------------------------------------------------------------------------
def test_who_is_away_inactive_or_without_the_role_is_left_out(world):
    today = world.session.local_date
    away = make_facilitator(world.program, user=world.hanna)
    Leave.objects.create(facilitator=away, from_on=today, until_on=today)
    assert told(world.raised()) == ["Pat"]
    world.pat.is_active = False
    world.pat.save()
    assert told(world.raised(at=DURING + 20 * MINUTES)) == [
        "Rosa"
    ]  # nobody left: at once to the next


@pytest.mark.parametrize("how", ["ended", "not yet", "other role", "never opened"])
def test_a_role_holds_by_the_day(world, how):
    roles = RoleAssignment.objects.filter(user=world.hanna)
    day = world.session.local_date
    if how == "ended":
        roles.update(ends_on=day - timedelta(days=1))
    elif how == "not yet":
        roles.update(starts_on=day + timedelta(days=1))
    elif how == "other role":
        roles.update(role=Role.SCHEDULER)
    else:
        world.hanna.set_unusable_password()
        world.hanna.save()
    assert told(world.raised()) == ["Pat"]


def test_the_last_day_of_a_role_and_of_a_care_team_counts(world):
    day = world.session.local_date
    RoleAssignment.objects.filter(user=world.hanna).update(ends_on=day)
    world.care.until_on = day
    world.care.save()
    assert told(world.raised()) == ["Hanna", "Pat"]


def test_the_care_team_is_that_of_the_stay_now(world):
    world.care.until_on = world.session.local_date - timedelta(days=1)
    world.care.save()
    assert told(world.raised()) == ["Pat"]


def test_the_rule_names_others(db):
    world = Safety(safety_tell=["scheduler", "clinician"], safety_minutes=5)
    concern = world.raised()
    assert told(concern) == ["Hanna", "Omar", "Sami"]
    assert concern.escalates_at == DURING + 5 * MINUTES


def test_never_the_raiser_alone(world):
    """A supervisor who raises it is not told of their own concern: it goes to the next."""
    give_role(world.pat, world.program, Role.SCHEDULER)
    concern = world.raised(world.tuan, by=world.pat)  # nobody treats him
    assert told(concern) == ["Rosa"]


def test_never_the_person_whom_it_is_about(world):
    world.marisol.user = world.hanna
    world.marisol.save()
    assert told(world.raised()) == ["Pat"]


def nobody_at_work(world: Safety, *, present: bool = False) -> None:
    for person in (world.hanna, world.pat, world.rosa):
        person.is_active = present
        person.save()


def test_truly_nobody_is_no_end_of_it(db):
    """Who comes back an hour or a day later must hear of it: nobody else knows."""
    world = Safety()
    nobody_at_work(world)
    concern = world.raised()
    assert told(concern) == []
    concern.refresh_from_db()
    assert concern.escalates_at == DURING + 15 * MINUTES
    assert tend_safety(at=DURING + 15 * MINUTES) == 1
    assert tend_safety(at=DURING + 30 * MINUTES) == 1
    assert acts(concern) == ["raised", "nobody_left"]  # said once, however often it is tried
    assert messages("safety_still_awaits") == []
    nobody_at_work(world, present=True)
    assert tend_safety(at=DURING + timedelta(days=1)) == 1
    assert told(concern) == ["Hanna", "Pat"]  # those whom the rule names first
    assert acts(concern) == ["raised", "nobody_left", "told"]
    assert messages("safety_passed_on") == []
    concern.refresh_from_db()
    assert concern.level == 0
    assert concern.escalates_at == DURING + timedelta(days=1, minutes=15)


def test_whoever_comes_after_everybody_was_told_is_told_as_well(world):
    """Also those whom the rule names first, not only those whom it is passed on to."""
    away = make_facilitator(world.program, user=world.hanna)
    day = world.session.local_date
    leave = Leave.objects.create(facilitator=away, from_on=day, until_on=day)
    concern = world.raised()
    for minutes in (15, 30):
        tend_safety(at=DURING + minutes * MINUTES)
    assert told(concern) == ["Pat", "Rosa"]
    assert len(messages("safety_still_awaits")) == 2
    leave.delete()
    assert tend_safety(at=DURING + 90 * MINUTES) == 1
    assert told(concern) == ["Pat", "Rosa", "Hanna"]
    assert [m.recipient_id for m in messages()][-1] == world.hanna.pk
    assert tend_safety(at=DURING + 105 * MINUTES) == 1
    assert len(messages("safety_still_awaits")) == 5
    assert acts(concern)[-4:] == ["nobody_left", "told", "escalated", "nobody_left"]


def test_what_stands_unanswered_always_comes_up_again(world):
    concern = world.raised()
    with pytest.raises(IntegrityError), transaction.atomic():
        SafetyConcern.objects.filter(pk=concern.pk).update(escalates_at=None)


def test_nobody_is_reminded_of_what_nobody_may_see(world):
    concern = world.raised()
    world.marisol.sealed_at = DURING
    world.marisol.save()
    assert tend_safety(at=AFTER + timedelta(days=1)) == 0
    assert world.raised(None).pk != concern.pk
    assert tend_safety(at=AFTER + timedelta(days=1)) == 1


# --- answered -------------------------------------------------------------------------------------
def test_the_first_acknowledgement_ends_the_passing_on_and_later_ones_count(world):
    concern = acknowledge(concern=world.raised(), by=world.hanna, at=DURING + MINUTES)
    assert concern.acknowledged_at == DURING + MINUTES
    assert concern.escalates_at is None
    assert tend_safety(at=DURING + timedelta(hours=1)) == 0
    acknowledge(concern=concern, by=world.hanna, at=DURING + 2 * MINUTES)  # the second click
    acknowledge(concern=concern, by=world.pat, at=DURING + 3 * MINUTES)
    concern.refresh_from_db()
    assert concern.acknowledged_at == DURING + MINUTES
    said = SafetyEntry.objects.filter(concern=concern, act=SafetyAct.ACKNOWLEDGED)
    assert [(e.by, e.at) for e in said.order_by("at")] == [
        (world.hanna, DURING + MINUTES), (world.pat, DURING + 3 * MINUTES),
    ]  # fmt: skip


def test_who_may_say_that_they_know(world):
    concern = world.raised()
    for who in (world.dana, world.omar, world.sami, make_facilitator(world.program).user):
        assert refused(acknowledge, concern=concern, by=who, at=DURING) == "not-yours"
    outside = make_staff(make_program(), Role.PROGRAM_LEAD)
    assert refused(acknowledge, concern=concern, by=outside, at=DURING) == "not-yours"
    acknowledge(concern=concern, by=world.rosa, at=DURING)  # not told, but leads the program
    assert told(concern) == ["Hanna", "Pat", "Rosa"]


def test_words_are_added_by_whoever_sees_it_at_any_time_and_once(world):
    concern = world.raised()
    for _ in range(2):
        add_words(
            concern=concern, words=" She said she wants to disappear. ", by=world.dana, at=DURING
        )
    close_concern(concern=concern, words="We made a plan.", by=world.hanna, at=DURING + MINUTES)
    add_words(concern=concern, words="I rang her.", by=world.pat, at=AFTER)
    added = SafetyEntry.objects.filter(concern=concern, act=SafetyAct.ADDED).order_by("at")
    assert [e.words for e in added] == ["She said she wants to disappear.", "I rang her."]
    assert refused(add_words, concern=concern, words="x", by=world.omar, at=AFTER) == "not-yours"
    assert refused(add_words, concern=concern, words="  ", by=world.pat, at=AFTER) == "required"


def test_words_are_nowhere_in_clear(world):
    concern = world.raised()
    add_words(concern=concern, words="unmistakable", by=world.dana, at=DURING)
    with connection.cursor() as cursor:
        cursor.execute("SELECT words FROM group_sessions_safetyentry")
        assert "unmistakable" not in str(cursor.fetchall())
        cursor.execute("SELECT detail::text FROM audit_auditevent")
        assert "unmistakable" not in str(cursor.fetchall())


def test_closing_says_what_was_done_and_that_somebody_knew(world):
    concern = world.raised()
    assert (
        refused(close_concern, concern=concern, words=" ", by=world.hanna, at=AFTER) == "required"
    )
    for who in (world.dana, world.pat, world.omar):
        assert refused(close_concern, concern=concern, words="x", by=who, at=AFTER) == "not-yours"
    closed = close_concern(concern=concern, words="Safe at home.", by=world.hanna, at=AFTER)
    assert (closed.closed_at, closed.closed_as) == (AFTER, ClosedAs.DONE)
    assert closed.acknowledged_at == AFTER
    assert acts(concern) == ["raised", "told", "acknowledged", "closed"]
    close_concern(concern=concern, words="Safe at home.", by=world.hanna, at=AFTER)
    assert SafetyEntry.objects.filter(concern=concern, act=SafetyAct.CLOSED).count() == 1
    assert refused(close_concern, concern=concern, words="x", by=world.rosa, at=AFTER) == "closed"
    assert refused(acknowledge, concern=concern, by=world.pat, at=AFTER) == "closed"


def test_a_supervisor_who_acts_on_it_closes_it(world):
    concern = acknowledge(concern=world.raised(), by=world.pat, at=DURING)
    assert close_concern(concern=concern, words="Talked.", by=world.pat, at=AFTER).closed_at


def test_the_database_knows_no_closing_that_nobody_saw(world):
    concern = world.raised()
    with pytest.raises(IntegrityError), transaction.atomic():
        SafetyConcern.objects.filter(pk=concern.pk).update(closed_at=AFTER, closed_as="done")


# --- a tap by mistake -----------------------------------------------------------------------------
def test_a_mistake_is_closed_as_one_and_stays_on_the_trail(world):
    concern = world.raised()
    assert refused(take_back, concern=concern, by=world.hanna, at=DURING) == "not-yours"
    for _ in range(2):
        concern = take_back(concern=concern, by=world.dana, at=DURING + MINUTES)
    assert (concern.closed_as, concern.escalates_at) == (ClosedAs.MISTAKE, None)
    assert acts(concern) == ["raised", "told", "closed"]
    assert tend_safety(at=AFTER) == 0
    assert {m.state for m in messages()} == {"withheld"}
    assert len(messages("safety_settled")) == 2
    assert world.raised(at=DURING + 2 * MINUTES).pk != concern.pk  # worried again


def test_what_somebody_else_raised_as_well_is_not_taken_back(world):
    """One's own tap was an accident; the other's, for the same person, was not."""
    ana, concern = world.another(), world.raised()
    assert world.raised(by=ana, at=DURING + 2 * MINUTES).pk == concern.pk
    with pytest.raises(Refused, match=r"Ana .* raised it as well.* stays open") as no:
        take_back(concern=concern, by=world.dana, at=DURING + 3 * MINUTES)
    assert no.value.code == "shared"
    assert refused(take_back, concern=concern, by=ana, at=DURING + 3 * MINUTES) == "not-yours"
    concern.refresh_from_db()
    assert (concern.closed_at, concern.escalates_at) == (None, DURING + 15 * MINUTES)
    assert {m.state for m in messages()} == {"waiting"}
    assert messages("safety_settled") == []
    assert tend_safety(at=DURING + 15 * MINUTES) == 1


def test_what_somebody_else_added_to_is_not_taken_back(world):
    concern = world.raised()
    add_words(concern=concern, words="It was my elbow.", by=world.dana, at=DURING)
    add_words(concern=concern, words="I saw her cry.", by=world.hanna, at=DURING)
    assert refused(take_back, concern=concern, by=world.dana, at=DURING + MINUTES) == "shared"
    concern.refresh_from_db()
    assert concern.closed_at is None


def test_ones_own_words_and_second_tap_leave_it_ones_own(world):
    concern = world.raised()
    world.raised(at=DURING + MINUTES)
    add_words(concern=concern, words="It was my elbow.", by=world.dana, at=DURING + MINUTES)
    assert take_back(concern=concern, by=world.dana, at=DURING + MINUTES).closed_at


def test_a_tap_after_it_was_taken_back_is_a_concern_of_its_own(world):
    ana, concern = world.another(), world.raised()
    take_back(concern=concern, by=world.dana, at=DURING + MINUTES)
    again = world.raised(by=ana, at=DURING + 2 * MINUTES)
    assert again.pk != concern.pk
    assert again.raised_by == ana
    assert told(again) == ["Hanna", "Pat"]


def test_what_somebody_acts_on_is_not_taken_back(world):
    concern = acknowledge(concern=world.raised(), by=world.hanna, at=DURING)
    with pytest.raises(Refused, match=r"Hanna .* is acting on it already"):
        take_back(concern=concern, by=world.dana, at=DURING)


# --- passed on ------------------------------------------------------------------------------------
def test_nobody_answers_so_it_is_passed_on_until_nobody_is_left(db):
    world = Safety(safety_then=["scheduler"])
    concern = world.raised()
    assert tend_safety(at=DURING + 15 * MINUTES - timedelta(seconds=1)) == 0
    for _ in range(2):
        tend_safety(at=DURING + 15 * MINUTES)
    concern.refresh_from_db()
    assert told(concern) == ["Hanna", "Pat", "Sami"]
    assert (concern.level, concern.escalates_at) == (1, DURING + 30 * MINUTES)
    assert {m.recipient_id for m in messages("safety_passed_on")} == {world.hanna.pk, world.pat.pk}
    assert tend_safety(at=DURING + 30 * MINUTES) == 1
    assert told(concern) == ["Hanna", "Pat", "Sami", "Rosa"]
    assert len(messages("safety_passed_on")) == 5
    assert tend_safety(at=DURING + 45 * MINUTES) == 1
    concern.refresh_from_db()
    assert concern.escalates_at == DURING + 105 * MINUTES
    assert acts(concern)[-1] == "nobody_left"
    everybody = {world.hanna.pk, world.pat.pk, world.sami.pk, world.rosa.pk}
    assert {m.recipient_id for m in messages("safety_still_awaits")} == everybody
    acknowledge(concern=concern, by=world.pat, at=DURING + 60 * MINUTES)  # late counts as well
    concern.refresh_from_db()
    assert (concern.acknowledged_at, concern.escalates_at) == (DURING + 60 * MINUTES, None)
    assert tend_safety(at=DURING + timedelta(days=9)) == 0


@pytest.mark.parametrize(
    ("minutes", "rounds"), [(15, (30, 90, 150)), (1, (2, 62, 122)), (120, (240, 360, 480))]
)
def test_everybody_is_reminded_until_somebody_answers_at_most_once_an_hour(db, minutes, rounds):
    world = Safety(safety_minutes=minutes)
    concern = world.raised()
    assert tend_safety(at=DURING + minutes * MINUTES) == 1
    each = Counter[Any]()
    for number, after in enumerate(rounds, start=1):
        at = DURING + after * MINUTES
        assert tend_safety(at=at - timedelta(seconds=1)) == 0
        assert [tend_safety(at=at), tend_safety(at=at)] == [1, 0]
        each.update([world.hanna.pk, world.pat.pk, world.rosa.pk])
        still = messages("safety_still_awaits")
        assert Counter(m.recipient_id for m in still) == each
        assert len({m.dedupe_key for m in still}) == 3 * number
        assert acts(concern).count("nobody_left") == number
    # What the mail server did not take in time is not sent beside the next one.
    assert {m.expires_at - m.due_at for m in still} == {max(minutes, 60) * MINUTES}
    close_concern(concern=concern, words="She is safe.", by=world.rosa, at=at + MINUTES)
    assert tend_safety(at=at + timedelta(days=1)) == 0
    assert {m.state for m in messages("safety_still_awaits")} == {"withheld"}


def test_a_round_that_came_late_is_followed_an_hour_later(world):
    concern = world.raised()
    for at in (DURING + 15 * MINUTES, DURING + timedelta(hours=7), DURING + timedelta(hours=8)):
        assert tend_safety(at=at) == 1
    concern.refresh_from_db()
    assert concern.escalates_at == DURING + timedelta(hours=9)
    assert len(messages("safety_still_awaits")) == 6


def test_one_that_cannot_be_passed_on_does_not_hold_up_the_others(world, monkeypatch):
    first, second = world.raised(), world.raised(world.tuan)
    whole = module.that_day

    def broken(concern: Any, **asked: Any) -> Any:
        if concern.pk == first.pk:
            raise RuntimeError("no")
        return whole(concern, **asked)

    monkeypatch.setattr(module, "that_day", broken)
    assert tend_safety(at=DURING + 15 * MINUTES) == 1
    second.refresh_from_db()
    assert second.level == 1
    first.refresh_from_db()
    assert (first.level, first.escalates_at) == (0, DURING + 15 * MINUTES)


def test_two_beats_pass_it_on_once(world):
    concern = world.raised()
    at = DURING + 15 * MINUTES
    assert pass_on(pk=concern.pk, at=at) is True
    assert pass_on(pk=concern.pk, at=at) is False
    assert told(concern) == ["Hanna", "Pat", "Rosa"]


@pytest.mark.parametrize(
    "night",
    [
        datetime(2026, 3, 8, 6, 50, tzinfo=UTC),  # New York: 1:50, the clocks go forward at 2
        datetime(2026, 11, 1, 5, 50, tzinfo=UTC),  # 1:50 for the first time, back at 2
        datetime(2026, 4, 1, 3, 55, tzinfo=UTC),  # 31 March, 23:55
    ],
)
def test_minutes_are_elapsed_minutes(world, night):
    concern = world.raised(at=night.astimezone(ZoneInfo("America/New_York")))
    concern.refresh_from_db()
    assert concern.escalates_at == night + 15 * MINUTES
    assert tend_safety(at=night + 14 * MINUTES) == 0
    assert tend_safety(at=night + 15 * MINUTES) == 1
