"""The kiosk: its code, its device, who signs in at it, and everything that it refuses."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connections

from participants.models import Participant
from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import PolicyProfile
from sessions.actions.kiosk import Outcome, close_kiosk, open_kiosk, sign_in, take_kiosk
from sessions.models import (
    Attendance,
    Enrollment,
    GroupSession,
    Kiosk,
    KioskTry,
    SessionState,
    Status,
)
from sessions.queries import kiosk as queries
from sessions.queries.kiosk import Claim, kiosk_page, live_kiosk
from tests import factories as make
from tests.sessions.worlds import World, make_world

pytestmark = pytest.mark.django_db
OPENS = datetime(2026, 3, 3, 14, 50, tzinfo=UTC)  # ten minutes before the session
BORN = date(1980, 5, 17)
HERE = "a" * 64


@pytest.fixture
def world() -> World:
    """Marisol R., Tuấn N. and Bea K., of whom Bea has no date of birth on file."""
    world = make_world(3)
    for person, born in zip(world.people, (BORN, date(1991, 2, 28)), strict=False):
        person.date_of_birth = born
        person.save()
    return world


def opened(world: World, at: datetime = OPENS) -> tuple[Kiosk, str]:
    """An open kiosk whose device is known, with the device's hash."""
    _, code = open_kiosk(session=world.session, by=world.leader, at=at)
    taken = take_kiosk(code=code, origin=HERE, at=at)
    assert taken
    kiosk, _ = taken
    return kiosk, kiosk.device_hash


def says(name: str = "Marisol", letter: str = "R", born: date | None = BORN) -> Claim:
    return Claim(name, letter, born)


def tell(device: str, claim: Claim, at: datetime = OPENS) -> Outcome:
    return sign_in(device_hash=device, claim=claim, at=at)


# --- the code ---------------------------------------------------------------------------------------
def test_the_code_is_shown_once_and_only_its_digest_is_kept(world: World) -> None:
    kiosk, code = open_kiosk(session=world.session, by=world.leader, at=OPENS)
    assert len(code) == 8
    assert code.isdigit()
    stored = [str(v) for v in Kiosk.objects.values().get().values()]
    stored += [str(e.detail) for e in AuditEvent.objects.all()]
    assert not [text for text in stored if code in text]
    told = AuditEvent.objects.get(action="kiosk.opened")
    assert (told.actor_id, told.object_id) == (world.leader.pk, kiosk.pk)


def test_a_code_works_once_on_one_device(world: World) -> None:
    _, code = open_kiosk(session=world.session, by=world.leader, at=OPENS)
    first = take_kiosk(code=f"{code[:4]} {code[4:]}", origin=HERE, at=OPENS)
    assert first
    kiosk, word = first
    assert word not in str(Kiosk.objects.values().get())
    assert take_kiosk(code=code, origin="b" * 64, at=OPENS) is None
    assert live_kiosk(kiosk.device_hash, at=OPENS) == kiosk


def test_a_code_holds_until_its_minute(world: World) -> None:
    _, code = open_kiosk(session=world.session, by=world.leader, at=OPENS)
    assert take_kiosk(code=code, origin=HERE, at=OPENS + timedelta(minutes=10)) is None
    last = OPENS + timedelta(minutes=10) - timedelta(microseconds=1)
    assert take_kiosk(code=code, origin=HERE, at=last)


def test_the_program_says_how_long_code_and_kiosk_hold(world: World) -> None:
    PolicyProfile.objects.create(
        program=world.program, effective_from=date(2026, 1, 1), set_at=OPENS,
        rules={"kiosk_code_minutes": 2, "kiosk_minutes": 30},
    )  # fmt: skip
    kiosk, _ = open_kiosk(session=world.session, by=world.leader, at=OPENS)
    assert kiosk.code_until - OPENS == timedelta(minutes=2)
    assert kiosk.expires_at - OPENS == timedelta(minutes=30)


def test_a_new_code_voids_one_that_nobody_used(world: World) -> None:
    _, first = open_kiosk(session=world.session, by=world.leader, at=OPENS)
    _, second = open_kiosk(session=world.session, by=world.leader, at=OPENS)
    assert take_kiosk(code=first, origin=HERE, at=OPENS) is None
    assert take_kiosk(code=second, origin=HERE, at=OPENS)


@pytest.mark.parametrize("code", ["", "12", "00000000", "1234567890123", "☃", "٣٣٣٣٣٣٣٣"])
def test_a_wrong_code_opens_nothing(world: World, code: str) -> None:
    open_kiosk(session=world.session, by=world.leader, at=OPENS)
    assert take_kiosk(code=code, origin=HERE, at=OPENS) is None
    assert KioskTry.objects.get().origin == HERE


def test_ten_wrong_codes_from_one_address_and_none_from_there_is_looked_at(world: World) -> None:
    _, code = open_kiosk(session=world.session, by=world.leader, at=OPENS)
    for _ in range(10):
        assert take_kiosk(code="00000000", origin=HERE, at=OPENS) is None
    with pytest.raises(Refused, match="Too many codes"):
        take_kiosk(code=code, origin=HERE, at=OPENS)
    assert KioskTry.objects.count() == 10
    assert take_kiosk(code=code, origin="b" * 64, at=OPENS)


# --- opening and closing ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("minutes", "word"), [(-16, "15 minutes before"), (50, "over")], ids=["early", "late"]
)
def test_it_opens_only_around_the_session(world: World, minutes: int, word: str) -> None:
    at = world.session.starts_at + timedelta(minutes=minutes)
    with pytest.raises(Refused, match=word):
        open_kiosk(session=world.session, by=world.leader, at=at)


@pytest.mark.parametrize("state", [SessionState.CANCELLED, SessionState.NOT_HELD])
def test_a_session_that_does_not_take_place_has_none(world: World, state: str) -> None:
    GroupSession.objects.update(state=state)
    world.session.refresh_from_db()
    with pytest.raises(Refused):
        open_kiosk(session=world.session, by=world.leader, at=OPENS)


@pytest.mark.parametrize(
    "role", [Role.SUPERVISOR, Role.CLINICIAN, Role.FACILITATOR, Role.PARTICIPANT], ids=str
)
def test_who_neither_plans_nor_leads_does_not_open_it(world: World, role: Role) -> None:
    for act in (open_kiosk, close_kiosk):
        with pytest.raises(Refused):
            act(session=world.session, by=make.make_staff(world.program, role), at=OPENS)


def test_a_device_that_signs_people_in_is_not_pushed_aside(world: World) -> None:
    opened(world)
    with pytest.raises(Refused, match="Close the kiosk first"):
        open_kiosk(session=world.session, by=world.leader, at=OPENS)


def test_closing_ends_it_at_the_next_touch_and_twice_changes_nothing(world: World) -> None:
    _, device = opened(world)
    planner = make.make_staff(world.program, Role.SCHEDULER)
    assert close_kiosk(session=world.session, by=planner, at=OPENS)
    assert not close_kiosk(session=world.session, by=planner, at=OPENS)
    assert tell(device, says()) is Outcome.CLOSED
    assert live_kiosk(device, at=OPENS) is None
    assert not Attendance.objects.exists()


def test_it_ends_with_the_session(world: World) -> None:
    kiosk, device = opened(world)
    assert kiosk.expires_at == world.session.ends_at
    assert tell(device, says(), world.session.ends_at) is Outcome.CLOSED
    last = world.session.ends_at - timedelta(seconds=1)
    assert tell(device, says(), last) is Outcome.SIGNED_IN


def test_a_cancelled_session_and_an_ended_role_close_it(world: World) -> None:
    _, device = opened(world)
    GroupSession.objects.update(state=SessionState.CANCELLED)
    assert tell(device, says()) is Outcome.CLOSED
    GroupSession.objects.update(state=SessionState.SCHEDULED)
    RoleAssignment.objects.filter(user=world.leader).update(ends_on=date(2026, 3, 2))
    assert tell(device, says()) is Outcome.CLOSED
    assert Kiosk.objects.get().closed_at == OPENS


@pytest.mark.parametrize("device", ["", "b" * 64], ids=["none", "another"])
def test_a_device_without_a_kiosk_signs_nobody_in(world: World, device: str) -> None:
    opened(world)
    open_kiosk_without_device = live_kiosk(device, at=OPENS)
    assert open_kiosk_without_device is None
    assert tell(device, says()) is Outcome.CLOSED


# --- signing in -----------------------------------------------------------------------------------------
def test_present_with_the_time_by_who_opened_it(world: World) -> None:
    _, device = opened(world)
    at = world.session.starts_at + timedelta(minutes=7, seconds=40)
    assert tell(device, says(), at) is Outcome.SIGNED_IN
    mark = Attendance.objects.get()
    assert (mark.participant, mark.status, mark.arrived, mark.at_kiosk, mark.walk_in) == (
        world.people[0], Status.PRESENT, time(10, 7), True, False,
    )  # fmt: skip
    assert (mark.marked_by, mark.marked_at) == (world.leader, at)
    world.session.refresh_from_db()
    assert (world.session.state, world.session.attendance_version) == (SessionState.HELD, 1)
    told = AuditEvent.objects.get(action="attendance.marked")
    assert told.detail == {"people": 1, "at_kiosk": True}


def test_a_planned_leaving_is_kept_with_the_mark(world: World) -> None:
    Enrollment.objects.filter(participant=world.people[0]).update(leaves_at=time(10, 30))
    _, device = opened(world)
    at = world.session.starts_at + timedelta(minutes=7)
    assert tell(device, says(), at) is Outcome.SIGNED_IN
    assert Attendance.objects.get().departed == time(10, 30)


@pytest.mark.parametrize(
    ("name", "letter"),
    [("marisol", "r"), ("  MARISOL ", "R."), ("Marisol", "Rivera"), ("Márisol", "r")],
    ids=["small", "blanks", "whole", "accent"],
)
def test_people_type_their_names_in_many_ways(world: World, name: str, letter: str) -> None:
    _, device = opened(world)
    assert tell(device, says(name, letter)) is Outcome.SIGNED_IN


def test_the_name_somebody_uses_and_the_one_on_file_both_fit(world: World) -> None:
    Participant.objects.filter(pk=world.people[0].pk).update(preferred_name="Mari")
    for name in ("Mari", "Marisol"):
        assert queries.person_at(world.session, says(name)) == world.people[0].pk


def test_who_has_one_name_only_leaves_the_letter_out(world: World) -> None:
    Participant.objects.filter(pk=world.people[0].pk).update(last_name="")
    assert queries.person_at(world.session, says("Marisol", "")) == world.people[0].pk
    assert queries.person_at(world.session, says("Marisol", "R")) is None


WRONG = {
    "another day": says(born=date(1980, 5, 18)),
    "no day": says(born=None),
    "another name": says("Maria"),
    "another letter": says(letter="S"),
    "no letter": says(letter=""),
    "nothing": says("", "", None),
    "another person's day": says(born=date(1991, 2, 28)),
    "no day on file": says("Bea", "K", BORN),
    "no day on file and none typed": says("Bea", "K", None),
    "words of the code": says("Bea", "K", date(1, 1, 1)),
    "nobody here": says("Zoe", "Z"),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_whatever_is_wrong_is_answered_alike(
    world: World, wrong: Claim, django_assert_num_queries: Any
) -> None:
    _, device = opened(world)
    tell(device, says("Nobody"))
    with django_assert_num_queries(11):
        assert tell(device, wrong) is Outcome.NOT_FOUND
    assert not Attendance.objects.exists()


def test_a_walk_in_and_somebody_whose_place_ended_are_not_found(world: World) -> None:
    _, device = opened(world)
    make.make_participant(world.program, first_name="Ann", last_name="Lee", date_of_birth=BORN)
    world.people[0].enrollments.update(until_on=date(2026, 3, 2))
    assert tell(device, says("Ann", "L")) is Outcome.NOT_FOUND
    assert tell(device, says()) is Outcome.NOT_FOUND


def test_a_sealed_chart_is_not_found(world: World) -> None:
    _, device = opened(world)
    Participant.objects.filter(pk=world.people[0].pk).update(sealed_at=OPENS)
    assert tell(device, says()) is Outcome.NOT_FOUND


def test_two_of_the_same_name_are_told_apart_by_their_day_and_twins_are_not(world: World) -> None:
    twin = make.make_participant(
        world.program, first_name="Marisol", last_name="Ruiz", date_of_birth=date(1999, 9, 9)
    )
    make.enroll(world.series, twin)
    assert queries.person_at(world.session, says(born=date(1999, 9, 9))) == twin.pk
    twin.date_of_birth = BORN
    twin.save()
    assert queries.person_at(world.session, says()) is None


def test_every_row_of_the_roster_is_looked_at_whatever_was_typed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[bytes] = []
    real = queries.hmac.compare_digest

    def counting(a: bytes, b: bytes) -> bool:
        compared.append(b)
        return real(a, b)

    monkeypatch.setattr(queries.hmac, "compare_digest", counting)
    found = set()
    for claim in (says(), *WRONG.values()):
        compared.clear()
        queries.person_at(world.session, claim)
        found.add(tuple(sorted(compared)))
    assert len(found) == 1


@pytest.mark.parametrize("status", [Status.ABSENT, Status.EXCUSED, Status.LATE])
def test_what_a_person_marked_stands(world: World, status: str) -> None:
    _, device = opened(world)
    world.mark(status, at=OPENS)
    assert tell(device, says()) is Outcome.SIGNED_IN
    mark = Attendance.objects.get()
    assert (mark.status, mark.at_kiosk) == (status, False)


def test_twice_is_once_and_the_first_time_stands(world: World) -> None:
    _, device = opened(world)
    first = world.session.starts_at
    assert tell(device, says(), first) is Outcome.SIGNED_IN
    assert tell(device, says(), first + timedelta(minutes=20)) is Outcome.SIGNED_IN
    assert Attendance.objects.get().arrived == time(10, 0)


def test_a_correction_by_a_person_is_theirs(world: World) -> None:
    _, device = opened(world)
    tell(device, says())
    world.mark(Status.LATE, at=world.session.starts_at)
    mark = Attendance.objects.get()
    assert (mark.status, mark.at_kiosk) == (Status.LATE, False)


def test_past_midnight_the_time_of_day_is_left_out(world: World) -> None:
    late = datetime(2026, 3, 4, 4, 30, tzinfo=UTC)  # 23:30 in New York
    GroupSession.objects.update(starts_at=late, ends_at=late + timedelta(minutes=50))
    world.session.refresh_from_db()
    _, device = opened(world, late)
    assert tell(device, says(), late) is Outcome.SIGNED_IN
    assert Attendance.objects.get().arrived is None


# --- the pause ------------------------------------------------------------------------------------------
def test_five_failures_in_five_minutes_and_it_rests(world: World) -> None:
    _, device = opened(world)
    answers = [tell(device, says("Nobody"), OPENS + timedelta(seconds=n)) for n in range(5)]
    assert answers == [Outcome.NOT_FOUND] * 4 + [Outcome.PAUSED]
    # Who is right waits like everybody else, and nothing more is counted.
    assert tell(device, says(), OPENS + timedelta(minutes=4)) is Outcome.PAUSED
    assert KioskTry.objects.count() == 5
    assert AuditEvent.objects.filter(action="kiosk.paused").count() == 1
    page = kiosk_page(world.session, at=OPENS + timedelta(minutes=4))
    assert (page.state, page.failed, page.until) == ("paused", 5, "9:55")
    assert tell(device, says(), OPENS + timedelta(minutes=5)) is Outcome.SIGNED_IN


def test_failures_far_apart_and_successes_do_not_make_it_rest(world: World) -> None:
    _, device = opened(world)
    for n in range(8):
        at = OPENS + timedelta(minutes=2 * n)
        assert tell(device, says("Nobody"), at) is Outcome.NOT_FOUND
        assert tell(device, says(), at) is Outcome.SIGNED_IN


def test_tries_name_nobody(world: World) -> None:
    _, device = opened(world)
    tell(device, says())
    tell(device, says("Nobody"))
    columns = {f.name for f in KioskTry._meta.get_fields()}
    assert columns == {"id", "kiosk", "origin", "at", "succeeded"}


# --- what those who lead see ------------------------------------------------------------------------------
def test_the_page_says_how_it_stands_and_who_cannot_use_it(
    world: World, django_assert_num_queries: Any
) -> None:
    assert kiosk_page(world.session, at=OPENS).state == "none"
    _, code = open_kiosk(session=world.session, by=world.leader, at=OPENS)
    page = kiosk_page(world.session, at=OPENS)
    assert (page.state, page.until, page.cannot) == ("code", "10:00", ("Bea K.",))
    assert kiosk_page(world.session, at=OPENS + timedelta(minutes=10)).state == "none"
    taken = take_kiosk(code=code, origin=HERE, at=OPENS)
    assert taken
    tell(taken[0].device_hash, says())
    with django_assert_num_queries(5):
        page = kiosk_page(world.session, at=OPENS)
    assert (page.state, page.until, page.signed_in, page.failed) == ("taken", "10:50", 1, 0)


def together(people: int, act: Callable[[int], Any]) -> list[Any]:
    """What each of several got who did the same at the same moment."""
    ready = Barrier(people)

    def one(n: int) -> Any:
        try:
            ready.wait(20)
            return act(n)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(people) as pool:
        return list(pool.map(one, range(people)))


# --- at the same moment -------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_two_devices_with_one_code_at_once(world: World) -> None:
    _, code = open_kiosk(session=world.session, by=world.leader, at=OPENS)
    taken = together(4, lambda n: take_kiosk(code=code, origin=f"{n}" * 64, at=OPENS))
    assert sum(1 for got in taken if got) == 1
    assert Kiosk.objects.filter(closed_at=None).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_open_it_at_once(world: World) -> None:
    together(4, lambda n: open_kiosk(session=world.session, by=world.leader, at=OPENS))
    assert Kiosk.objects.filter(closed_at=None).count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_person_pressing_often_is_marked_once(world: World) -> None:
    _, device = opened(world)
    assert together(4, lambda n: tell(device, says())) == [Outcome.SIGNED_IN] * 4
    assert Attendance.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_many_guesses_at_once_are_counted_one_by_one(world: World) -> None:
    _, device = opened(world)
    answers = together(8, lambda n: tell(device, says("Nobody")))
    assert answers.count(Outcome.NOT_FOUND) == 4
    assert KioskTry.objects.filter(succeeded=False).count() == 5
