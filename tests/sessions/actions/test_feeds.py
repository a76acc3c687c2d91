"""A calendar's address: whose it is, what it shows, and when it stops."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError

from facilitators.models import Facilitator
from participants.actions.stays import discharge_participant
from participants.models import Participant
from phpsupport.access.actions import end_role, give_role
from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import Program
from sessions.actions.feeds import make_feed, note_reading, revoke_feed, token_hash
from sessions.actions.groups import create_group, edit_group
from sessions.calendar_file import Entry
from sessions.models import (
    CalendarFeed,
    Enrollment,
    GroupKind,
    GroupSession,
    SessionFacilitator,
    SessionState,
)
from sessions.queries.feed import entries_of, file_of, live_feed
from tests import factories as make

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TUESDAY = date(2026, 3, 3)


@pytest.fixture
def program() -> Program:
    return make.make_program()


@pytest.fixture
def leader(program: Program) -> Facilitator:
    return make.make_facilitator(program, first_name="Dana", last_name="Ortega")


@pytest.fixture
def participant(program: Program) -> Participant:
    user = make.make_staff(program, Role.PARTICIPANT, first_name="Marisol", last_name="Rivera")
    return make.make_participant(program, first_name="Marisol", last_name="Rivera", user=user)


@pytest.fixture
def session(program: Program, leader: Facilitator, participant: Participant) -> GroupSession:
    group = make.make_group(program, "Recovery Circle", calendar_label="Circle")
    series = make.make_series(program, facilitator=leader, group=group, weekdays=(1,))
    make.enroll(series, participant)
    return make.make_session(series, TUESDAY)


def entries(user: Any, at: datetime = NOW) -> list[Entry]:
    """What the person's calendar holds; empty also where it is not there at all."""
    user.__dict__.pop("_scope", None)
    _, token = make_feed(by=user, at=at)
    live = live_feed(token, at=at)
    return entries_of(live, at=at) if live else []


# --- the address ------------------------------------------------------------------------------------
def test_only_a_hash_of_256_random_bits_is_kept(leader: Facilitator) -> None:
    feed, token = make_feed(by=leader.user, at=NOW)
    assert len(token) == 43
    assert feed.token_hash == token_hash(token)
    stored = [str(v) for row in CalendarFeed.objects.values() for v in row.values()]
    history = CalendarFeed.pgh_event_model.objects.values()  # type: ignore[attr-defined]
    stored += [str(v) for row in history for v in row.values()]
    stored += [str(row.detail) for row in AuditEvent.objects.all()]
    assert not [text for text in stored if token in text]


def test_a_new_address_ends_the_one_before_and_both_stand_in_the_trail(
    leader: Facilitator, program: Program
) -> None:
    _, first = make_feed(by=leader.user, at=NOW)
    _, second = make_feed(by=leader.user, at=NOW)
    assert first != second
    assert live_feed(first, at=NOW) is None
    assert live_feed(second, at=NOW)
    told = AuditEvent.objects.filter(program_id=program.pk).order_by("pk")
    assert sorted(told.values_list("action", flat=True)) == [
        "calendar.made", "calendar.made", "calendar.revoked",
    ]  # fmt: skip


def test_stopping_works_once_and_again_changes_nothing(leader: Facilitator) -> None:
    _, token = make_feed(by=leader.user, at=NOW)
    assert revoke_feed(by=leader.user, at=NOW)
    assert not revoke_feed(by=leader.user, at=NOW)
    assert live_feed(token, at=NOW) is None


@pytest.mark.parametrize(
    "role", [r for r in Role if r not in {Role.FACILITATOR, Role.PARTICIPANT}], ids=str
)
def test_who_neither_leads_nor_takes_part_has_no_calendar(program: Program, role: Role) -> None:
    with pytest.raises(Refused):
        make_feed(by=make.make_staff(program, role), at=NOW)


def test_one_person_has_one_live_address(leader: Facilitator) -> None:
    make_feed(by=leader.user, at=NOW)
    with pytest.raises(IntegrityError):
        CalendarFeed.objects.create(user=leader.user, token_hash="0" * 64, made_at=NOW)


@pytest.mark.parametrize("token", ["", "made-up", "\u2603", "x" * 5000])
def test_an_unknown_address_is_none(leader: Facilitator, token: str) -> None:
    make_feed(by=leader.user, at=NOW)
    assert live_feed(token, at=NOW) is None


# --- when it stops by itself --------------------------------------------------------------------------
def test_the_end_of_the_role_ends_it_at_once_and_for_good(
    leader: Facilitator, program: Program
) -> None:
    _, token = make_feed(by=leader.user, at=NOW)
    lead = make.make_staff(program, Role.PROGRAM_LEAD)
    held = RoleAssignment.objects.get(user=leader.user, role=Role.FACILITATOR)
    end_role(assignment=held, by=lead, at=NOW)
    assert live_feed(token, at=NOW) is None
    # Coming back later makes a new role; the old address stays closed.
    later = NOW + timedelta(days=3)
    give_role(user=leader.user, program=program, role=Role.FACILITATOR, by=lead, at=later)
    assert live_feed(token, at=later) is None
    assert len(entries(leader.user, later)) == 0


def test_a_role_that_runs_out_ends_it_at_midnight_at_the_site(program: Program) -> None:
    user = make.make_user()
    make.give_role(user, program, Role.FACILITATOR, ends_on=date(2026, 3, 4))
    with time_machine.travel(NOW, tick=False):
        _, token = make_feed(by=user, at=NOW)
    midnight = datetime(2026, 3, 5, 5, tzinfo=UTC)  # in New York
    assert live_feed(token, at=midnight - timedelta(minutes=1))
    assert live_feed(token, at=midnight) is None


def test_a_closed_account_ends_it(leader: Facilitator) -> None:
    _, token = make_feed(by=leader.user, at=NOW)
    type(leader.user).objects.filter(pk=leader.user_id).update(is_active=False)
    assert live_feed(token, at=NOW) is None


def test_a_sealed_chart_ends_it(participant: Participant, session: GroupSession) -> None:
    _, token = make_feed(by=participant.user, at=NOW)  # type: ignore[arg-type]
    assert live_feed(token, at=NOW)
    Participant.objects.filter(pk=participant.pk).update(sealed_at=NOW)
    assert live_feed(token, at=NOW) is None


def test_one_role_that_lasts_keeps_it_without_what_belonged_to_the_other(
    leader: Facilitator, program: Program, session: GroupSession
) -> None:
    other = make.make_program("Other")
    again = make.make_facilitator(other, user=leader.user)
    make.make_session(make.make_series(other, facilitator=again, weekdays=(3,)), date(2026, 3, 5))
    assert len(entries(leader.user)) == 2
    RoleAssignment.objects.filter(user=leader.user, program=program).update(
        ends_on=date(2026, 3, 1)
    )
    assert [e.starts_at.day for e in entries(leader.user)] == [5]


# --- what it shows --------------------------------------------------------------------------------------
def test_a_participant_sees_appointments(participant: Participant, session: GroupSession) -> None:
    [entry] = entries(participant.user)
    assert (entry.words, entry.starts_at, entry.zone) == (
        "Appointment", session.starts_at, "America/New_York",
    )  # fmt: skip


def test_who_leads_sees_the_neutral_label(leader: Facilitator, session: GroupSession) -> None:
    assert [e.words for e in entries(leader.user)] == ["Circle"]


def test_without_a_label_of_its_own_it_is_a_group(program: Program, leader: Facilitator) -> None:
    series = make.make_series(program, facilitator=leader, weekdays=(1,))
    make.make_session(series, TUESDAY)
    assert [e.words for e in entries(leader.user)] == ["Group"]


def test_nobody_elses_sessions(program: Program, session: GroupSession) -> None:
    stranger = make.make_facilitator(program)
    person = make.make_staff(program, Role.PARTICIPANT)
    make.make_participant(program, user=person)
    assert entries(stranger.user) == [] == entries(person)


def test_a_cancelled_session_stays_and_its_number_rises(
    leader: Facilitator, participant: Participant, session: GroupSession
) -> None:
    before = entries(participant.user)[0]
    session.state = SessionState.CANCELLED
    session.save()
    SessionFacilitator.objects.filter(session=session).update(active=False)
    [after], [led] = entries(participant.user), entries(leader.user)
    assert (before.cancelled, after.cancelled, led.cancelled) == (False, True, True)
    assert after.uid == before.uid
    assert after.sequence > before.sequence
    assert after.changed_at > before.changed_at


def test_a_move_raises_the_number_and_keeps_the_key(
    participant: Participant, session: GroupSession
) -> None:
    before = entries(participant.user)[0]
    session.starts_at += timedelta(hours=1)
    session.ends_at += timedelta(hours=1)
    session.save()
    [after] = entries(participant.user)
    assert (after.uid, after.sequence) == (before.uid, before.sequence + 1)


def test_a_replaced_facilitator_and_an_ended_place_take_it_away(
    leader: Facilitator, participant: Participant, session: GroupSession
) -> None:
    SessionFacilitator.objects.filter(session=session).delete()
    participant.enrollments.update(until_on=TUESDAY - timedelta(days=1))
    assert entries(leader.user) == [] == entries(participant.user)


def test_the_last_day_of_a_place_counts(participant: Participant, session: GroupSession) -> None:
    participant.enrollments.update(until_on=TUESDAY)
    assert len(entries(participant.user)) == 1


def test_thirty_days_back_and_half_a_year_ahead(
    participant: Participant, session: GroupSession
) -> None:
    for day in (date(2026, 1, 27), date(2026, 2, 3), date(2026, 8, 25), date(2026, 9, 1)):
        make.make_session(session.series, day)
    assert [f"{e.starts_at:%d %b}" for e in sorted(entries(participant.user), key=lambda e: e.starts_at)] == [
        "03 Feb", "03 Mar", "25 Aug",
    ]  # fmt: skip


def test_two_people_share_no_key_and_a_new_address_keeps_them(
    leader: Facilitator, participant: Participant, session: GroupSession
) -> None:
    [mine], [theirs] = entries(leader.user), entries(participant.user)
    assert mine.uid != theirs.uid
    assert session.pk not in {mine.uid, theirs.uid}
    assert [e.uid for e in entries(leader.user)] == [mine.uid]


def test_the_file_is_made_with_the_same_few_queries_for_one_and_three(
    participant: Participant, session: GroupSession, django_assert_num_queries: Any
) -> None:
    _, token = make_feed(by=participant.user, at=NOW)  # type: ignore[arg-type]
    for days in (0, 7, 14):
        if days:
            make.make_session(session.series, TUESDAY + timedelta(days=days))
        with django_assert_num_queries(2):
            live = live_feed(token, at=NOW)
        assert live
        with django_assert_num_queries(1):
            file_of(live, at=NOW)


def test_no_word_about_anybody_or_anything_stands_in_a_participants_file(
    leader: Facilitator, participant: Participant, session: GroupSession, program: Program
) -> None:
    other = make.make_participant(program, first_name="Tuấn", last_name="Nguyễn")
    make.enroll(session.series, other)
    for user in (participant.user, leader.user):
        _, token = make_feed(by=user, at=NOW)  # type: ignore[arg-type]
        live = live_feed(token, at=NOW)
        assert live
        text = file_of(live, at=NOW).content.decode().replace("\r\n ", "").casefold()
        words = [
            "marisol", "rivera", "tuấn", "nguyễn", "dana", "ortega", "recovery", session.room.name,
            program.name, program.site.name, program.site.organization.name, "php", "peer", "support",
            "location", "description", "attendee", "organizer", "http", str(session.pk),
            str(session.series_id), str(participant.pk), str(leader.pk), token,
        ]  # fmt: skip
        assert not [word for word in words if word.casefold() in text]


def test_when_it_was_read_is_kept_to_the_hour(leader: Facilitator) -> None:
    feed, _ = make_feed(by=leader.user, at=NOW)
    note_reading(feed=feed, at=NOW + timedelta(minutes=17))
    feed.refresh_from_db()
    assert feed.last_read_at == NOW


def test_the_label_is_the_catalogues_and_never_empty(
    leader: Facilitator, session: GroupSession, program: Program
) -> None:
    planner = make.make_staff(program, Role.SCHEDULER)
    group = session.series.group
    edit_group(group=group, by=planner, at=NOW, calendar_label="Kreis")
    assert [e.words for e in entries(leader.user)] == ["Kreis"]
    edit_group(group=group, by=planner, at=NOW, calendar_label="  ")
    assert [e.words for e in entries(leader.user)] == ["Group"]
    assert (
        create_group(program=program, name="New", capacity=9, by=planner, at=NOW).calendar_label
        == "Group"
    )


def test_after_discharge_only_alumni_groups_are_left(
    participant: Participant, session: GroupSession, program: Program, leader: Facilitator
) -> None:
    alumni = make.make_series(
        program, group=make.make_group(program, kind=GroupKind.ALUMNI), weekdays=(3,)
    )
    place = make.enroll(alumni, participant)
    Enrollment.objects.filter(pk=place.pk).update(episode=None)
    make.make_session(alumni, date(2026, 3, 5))
    assert [e.starts_at.day for e in entries(participant.user)] == [3, 5]
    planner = make.make_staff(program, Role.SCHEDULER)
    discharge_participant(
        episode=participant.episodes.get(),
        on=date(2026, 3, 2),
        reason="completed",
        by=planner,
        at=NOW,
    )
    assert [e.starts_at.day for e in entries(participant.user)] == [5]
