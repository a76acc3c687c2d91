"""Many people at the same moment: one gets the slot, the others a sentence."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from participants.actions.stays import discharge_participant
from phpsupport.access.roles import Role
from phpsupport.lib.errors import Refused
from sessions.actions.enrollment import enroll, enroll_in_several, enroll_several
from sessions.actions.leaving import leave_series
from sessions.actions.offers import accept_offer, decline_offer, end_offers
from sessions.actions.schedule import move_session
from sessions.actions.series import create_series
from sessions.models import Enrollment, GroupSeries, GroupSession, WaitlistEntry
from tests.factories import (
    make_facilitator,
    make_group,
    make_participant,
    make_program,
    make_room,
    make_series,
    make_session,
    make_staff,
)

AT = datetime(2026, 9, 1, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db(transaction=True)


def at_once(number: int, act: Callable[[int], object]) -> list[object]:
    """What `act(0)` to `act(number - 1)` gave or raised, all let go at the same moment."""
    ready = Barrier(number)

    def run(n: int) -> object:
        try:
            connection.ensure_connection()
            ready.wait(60)
            return act(n)
        except Exception as fault:
            return fault
        finally:
            connection.close()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))


def asked(program, room, lead, **more):
    return {
        "room": room, "weekdays": [0], "starts": time(10), "ends": time(10, 50),
        "zone": program.zone, "from_on": date(2026, 10, 5), "until_on": date(2026, 10, 26),
        "capacity": 12, "lead": lead, "at": AT, **more,
    }  # fmt: skip


def test_fifty_want_one_room_and_facilitator_and_one_has_it():
    program = make_program()
    by = make_staff(program, Role.SCHEDULER)
    room, lead = make_room(program, "Harbor"), make_facilitator(program)
    groups = [make_group(program) for _ in range(50)]
    found = at_once(
        50, lambda n: create_series(group=groups[n], by=by, **asked(program, room, lead))
    )
    won = [f for f in found if isinstance(f, GroupSeries)]
    refused = [f for f in found if isinstance(f, Refused)]
    assert (len(won), len(refused)) == (1, 49), [repr(f) for f in found if f not in refused][:5]
    assert all(f"Harbor is taken by {won[0].group.name} until 10:50." in str(r) for r in refused)
    assert GroupSession.objects.count() == 4


def test_the_same_through_the_pages():
    program = make_program()
    room, lead = make_room(program, "Harbor"), make_facilitator(program)
    group = make_group(program)
    by = make_staff(program, Role.SCHEDULER)
    clients = []
    for _ in range(50):
        client = Client()
        client.force_login(by)
        clients.append(client)
    form = {
        "group": group.pk, "weekdays": ["0"], "starts": "10:00", "ends": "10:50",
        "from_on": "2030-10-07", "until_on": "2030-10-28", "room": room.pk, "capacity": "12",
        "lead": lead.pk, "act": "save",
    }  # fmt: skip
    found = at_once(50, lambda n: clients[n].post(reverse("sessions:series-new"), form))
    codes = sorted(f.status_code if hasattr(f, "status_code") else repr(f) for f in found)
    assert codes == [200] * 49 + [302]
    told = [f.content.decode() for f in found if f.status_code == 200]
    assert all("Nothing was saved." in page and "Harbor is taken by" in page for page in told)
    assert GroupSeries.objects.count() == 1


def test_the_same_resources_in_reverse_order_never_deadlock():
    program = make_program()
    by = make_staff(program, Role.SCHEDULER)
    rooms = [make_room(program) for _ in range(2)]
    ana, bea = make_facilitator(program), make_facilitator(program)
    groups = [make_group(program) for _ in range(16)]

    def act(n: int) -> GroupSeries:
        lead, co = (ana, bea) if n % 2 else (bea, ana)
        return create_series(group=groups[n], by=by, co=[co], **asked(program, rooms[n % 2], lead))

    found = at_once(16, act)
    assert sum(isinstance(f, GroupSeries) for f in found) == 1
    assert sum(isinstance(f, Refused) for f in found) == 15
    assert all("Try again" not in str(f) for f in found)


def test_two_sessions_that_swap_times_leave_no_double_booking():
    program = make_program()
    by = make_staff(program, Role.SCHEDULER)
    room, lead = make_room(program), make_facilitator(program)
    sessions = [
        make_session(
            make_series(program, room=room, facilitator=lead, starts=time(h), ends=time(h, 50)),
            date(2026, 10, 5),
        )
        for h in (10, 11)
    ]

    def act(n: int) -> GroupSession:
        hour = 11 - n
        return move_session(
            session=sessions[n], on=date(2026, 10, 5), starts=time(hour, 30), ends=time(hour + 1, 20),
            room=room, by=by, at=AT,
        )  # fmt: skip

    found = at_once(2, act)
    assert all(isinstance(f, GroupSession | Refused) for f in found), found


def test_twenty_want_the_last_place_and_nineteen_wait_in_order():
    program = make_program()
    by = make_staff(program, Role.SCHEDULER)
    series = make_series(program, capacity=1)
    people = [make_participant(program) for _ in range(20)]
    found = at_once(
        20,
        lambda n: enroll(
            series=series, participant=people[n], from_on=date(2026, 9, 1), by=by, at=AT
        ),
    )
    assert not [f for f in found if isinstance(f, Exception)]
    assert Enrollment.objects.count() == 1
    positions = list(WaitlistEntry.objects.values_list("position", flat=True))
    assert sorted(positions) == list(range(1, 20))


def test_one_person_enrolled_twice_at_once_has_one_place():
    program = make_program()
    by = make_staff(program, Role.SCHEDULER)
    series, person = make_series(program), make_participant(program)
    found = at_once(
        8,
        lambda n: enroll(series=series, participant=person, from_on=date(2026, 9, 1), by=by, at=AT),
    )
    assert {f.enrollment.pk for f in found} == {Enrollment.objects.get().pk}


def test_one_place_freed_by_many_hands_goes_to_one():
    program = make_program()
    by = make_staff(program, Role.SCHEDULER)
    series = make_series(program, capacity=1)
    place = enroll(
        series=series, participant=make_participant(program), from_on=date(2026, 9, 1), by=by, at=AT
    ).enrollment
    for _ in range(3):
        enroll(
            series=series,
            participant=make_participant(program),
            from_on=date(2026, 9, 1),
            by=by,
            at=AT,
        )
    at_once(6, lambda n: leave_series(enrollment=place, last_on=date(2026, 9, 7), by=by, at=AT))
    assert Enrollment.objects.count() == 1
    kept = WaitlistEntry.objects.filter(outcome="waiting").exclude(offer_until=None)
    assert [entry.position for entry in kept] == [1]
    found = at_once(6, lambda n: accept_offer(entry=kept[0], by=by, at=AT))
    assert len({place.pk for place in found}) == 1
    assert Enrollment.objects.count() == 2
    assert WaitlistEntry.objects.filter(outcome="waiting").count() == 2


def test_several_in_several_groups_in_reverse_order_never_deadlock():
    program = make_program()
    by = make_staff(program, Role.SCHEDULER)
    series = [make_series(program, capacity=3) for _ in range(3)]
    people = [make_participant(program) for _ in range(6)]

    def act(n: int) -> object:
        asked = {"from_on": date(2026, 9, 1), "by": by, "at": AT}
        turn = -1 if n % 2 else 1
        if n < 6:
            return enroll_in_several(series=series[::turn], participant=people[n], **asked)
        return enroll_several(series=series[n % 3], participants=people[::turn], **asked)

    found = at_once(12, act)
    assert all(isinstance(f, list) for f in found), [repr(f) for f in found][:5]
    for one in series:
        assert Enrollment.objects.filter(series=one).count() == 3
        waiting = WaitlistEntry.objects.filter(series=one, outcome="waiting")
        assert sorted(waiting.values_list("position", flat=True)) == [1, 2, 3]


@pytest.mark.parametrize("other", ["tick", "enroll", "decline", "discharge"])
def test_taking_a_place_at_the_moment_something_else_happens_has_one_outcome(other):
    program = make_program()
    by = make_staff(program, Role.SCHEDULER)
    series = make_series(program, capacity=1)
    people = [make_participant(program) for _ in range(4)]

    def ask(person):
        return enroll(series=series, participant=person, from_on=date(2026, 9, 1), by=by, at=AT)

    place = ask(people[0]).enrollment
    first, second = ask(people[1]).waiting, ask(people[2]).waiting
    leave_series(enrollment=place, last_on=date(2026, 9, 1), by=by, at=AT)
    ends = AT + timedelta(days=1)
    moment = ends - timedelta(seconds=1)

    def act(n: int) -> object:
        if n % 2 == 0:
            return accept_offer(entry=first, by=by, at=moment)
        if other == "tick":
            return end_offers(at=ends)
        if other == "enroll":
            return enroll(
                series=series, participant=people[3], from_on=date(2026, 9, 2), by=by, at=moment
            )
        if other == "decline":
            return decline_offer(entry=first, by=by, at=moment)
        return discharge_participant(
            episode=people[1].episodes.get(), on=date(2026, 9, 2), reason="completed", by=by,
            at=moment,
        )  # fmt: skip

    found = at_once(6, act)
    assert all(isinstance(f, Refused) or not isinstance(f, Exception) for f in found), found
    first.refresh_from_db()
    second.refresh_from_db()
    places = Enrollment.objects.filter(series=series, from_on__gte=date(2026, 9, 2))
    has = places.filter(participant=people[1]).count()
    if other == "discharge":
        has = places.filter(participant=people[1], until_on=None).count()
    else:
        assert (first.outcome == "enrolled") is (has == 1)
    kept = WaitlistEntry.objects.filter(series=series, outcome="waiting", offer_until__gt=moment)
    assert has + kept.count() + places.exclude(participant=people[1]).count() == 1
    assert second.outcome == "waiting"
