"""A session that runs past midnight is moved, given another room and proposed anew on its pages."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from facilitators.models import Leave
from phpsupport.access.roles import Role
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import Closure
from sessions.actions.answers import propose_time, take_proposal
from sessions.models import GroupSession, Proposal
from tests.factories import (
    make_facilitator,
    make_group,
    make_program,
    make_room,
    make_series,
    make_session,
    make_staff,
)
from tests.sessions.looking import kept, look, look_and_do, say_yes

NEW_YORK = ZoneInfo("America/New_York")
TUESDAY = date(2026, 10, 13)
NOW = datetime(2026, 10, 5, 15, tzinfo=UTC)
BACK = date(2026, 10, 31)  # the Saturday before the clocks go back; forward on 8 March
FORWARD = date(2026, 3, 7)
LATE, EARLY = "23:30", "00:20"
pytestmark = pytest.mark.django_db


class World:
    """Ana leads Night Owls in Harbor, from 23:30 to 0:20."""

    def __init__(self, client: Client, day: date = TUESDAY, *, ends: time = time(0, 20)) -> None:
        self.client = client
        self.program = make_program()
        self.by = make_staff(self.program, Role.SCHEDULER)
        self.ana = make_facilitator(self.program, first_name="Ana", last_name="Solís")
        self.harbor = make_room(self.program, "Harbor")
        self.garden = make_room(self.program, "Garden")
        self.series = make_series(
            self.program, facilitator=self.ana, group=make_group(self.program, "Night Owls"),
            room=self.harbor, weekdays=(day.weekday(),), starts=time(23, 30), ends=ends,
        )  # fmt: skip
        over = datetime.combine(day + timedelta(days=1), ends, NEW_YORK)
        self.session = make_session(self.series, day, ends_at=over)
        client.force_login(self.by)

    def at(self, name: str) -> str:
        return reverse(f"sessions:{name}", args=[self.session.pk])

    def slot(self, on: date, starts: str, ends: str, **more: Any) -> dict[str, Any]:
        return {"on": on.isoformat(), "starts": starts, "ends": ends, "room": self.harbor.pk} | more

    def stands(self) -> tuple[str, str, str]:
        row = GroupSession.objects.select_related("room").get(pk=self.session.pk)
        starts, ends = row.starts_at.astimezone(NEW_YORK), row.ends_at.astimezone(NEW_YORK)
        return f"{starts:%a %d %H:%M}", f"{ends:%a %d %H:%M}", row.room.name


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def world(client: Client) -> World:
    return World(client)


def by_page(world: World, sent: dict[str, Any]) -> Any:
    return look_and_do(world.client, world.at("session-move"), sent)


def by_hand(world: World, sent: dict[str, Any]) -> Any:
    shown = world.client.post(world.at("week-move"), sent)
    return world.client.post(world.at("week-move"), kept(shown) | sent | {"confirm": "1"})


@pytest.mark.parametrize("way", [by_page, by_hand])
@pytest.mark.parametrize(
    ("starts", "ends", "over"),
    [
        (LATE, EARLY, "Tue 13 23:30 Wed 14 00:20"),
        ("23:45", "00:35", "Tue 13 23:45 Wed 14 00:35"),
        ("20:00", "20:50", "Tue 13 20:00 Tue 13 20:50"),
    ],
)
def test_another_room_or_time(
    world: World, way: Callable[..., Any], starts: str, ends: str, over: str
) -> None:
    answer = way(world, world.slot(TUESDAY, starts, ends, room=world.garden.pk))
    assert answer.status_code == 302 or answer["Content-Type"] == "application/json"
    assert " ".join(world.stands()) == f"{over} Garden"


@pytest.mark.parametrize("way", [by_page, by_hand])
@pytest.mark.parametrize(
    ("starts", "ends", "said"),
    [
        (LATE, LATE, "The end must come after the start."),
        ("20:00", "19:00", "The end must come after the start."),  # not 23 hours
    ],
)
def test_what_is_no_session_is_refused(
    world: World, way: Callable[..., Any], starts: str, ends: str, said: str
) -> None:
    answer = way(world, world.slot(TUESDAY, starts, ends))
    assert said in answer.content.decode()
    assert world.stands()[0] == "Tue 13 23:30"


def test_a_session_of_one_day_does_not_slip_into_the_next(world: World) -> None:
    plain = make_session(
        make_series(world.program, room=world.garden, starts=time(20), ends=time(20, 50)), TUESDAY
    )
    sent = world.slot(TUESDAY, "20:00", "00:10", room=world.garden.pk)
    page = look(world.client, reverse("sessions:session-move", args=[plain.pk]), sent)
    assert "The end must come after the start." in page.content.decode()
    client = world.client
    client.force_login(world.ana.user)
    plain.assignments.create(
        facilitator=world.ana, person=world.ana.user, part="lead", starts_at=plain.starts_at,
        ends_at=plain.ends_at,
    )  # fmt: skip
    page = client.post(reverse("sessions:session-propose", args=[plain.pk]), sent)
    assert "The end must come after the start." in page.content.decode()
    assert not Proposal.objects.exists()


# --- when the clocks change -----------------------------------------------------------------------
@pytest.mark.parametrize(("day", "name"), [(BACK, "Sat 31"), (FORWARD, "Sat 07")])
def test_on_the_weekend_when_the_clocks_change(client: Client, day: date, name: str) -> None:
    with time_machine.travel(datetime.combine(day - timedelta(days=7), time(12), UTC), tick=False):
        world = World(client, day - timedelta(days=1))
        assert by_page(world, world.slot(day, "23:40", "00:30")).status_code == 302
    assert world.stands()[0] == f"{name} 23:40"
    assert world.stands()[1].endswith("00:30")
    world.session.refresh_from_db()
    assert world.session.ends_at - world.session.starts_at == timedelta(minutes=50)


def test_an_end_that_the_clocks_skip_is_refused(client: Client) -> None:
    with time_machine.travel(datetime.combine(FORWARD - timedelta(days=7), time(12), UTC)):
        world = World(client, FORWARD)
        page = by_page(world, world.slot(FORWARD, LATE, "02:30")).content.decode()
    assert "2:30 does not exist on Sun 8 Mar 2026" in page
    assert world.stands()[1] == "Sun 08 00:20"


@pytest.mark.parametrize("way", [by_page, by_hand])
def test_another_room_leaves_the_hour_that_comes_twice_as_it_was(
    client: Client, way: Callable[..., Any]
) -> None:
    world = World(client, BACK, ends=time(1, 20))
    second = datetime(2026, 11, 1, 6, 20, tzinfo=UTC)  # 1:20 in winter time
    GroupSession.objects.update(ends_at=second)
    world.session.assignments.update(ends_at=second)
    way(world, world.slot(BACK, LATE, "01:20", room=world.garden.pk))
    world.session.refresh_from_db()
    assert (world.session.room, world.session.ends_at) == (world.garden, second)


# --- on a closed day, in somebody's leave, as proposed --------------------------------------------
@pytest.mark.parametrize("page", ["closure", "leave"])
def test_it_is_moved_off_a_closed_day_and_out_of_a_leave(world: World, page: str) -> None:
    if page == "closure":
        row: Any = Closure.objects.create(program=world.program, date=TUESDAY, reason="Snow")
    else:
        row = Leave.objects.create(facilitator=world.ana, from_on=TUESDAY, until_on=TUESDAY)
    url = reverse(f"sessions:{page}", args=[row.pk])
    form = world.client.get(url).context["asks"][0]
    pk = world.session.pk
    sent = {f"{pk}-{name}": form[name].value() for name in ("room",)}
    sent |= {f"{pk}-choice": "move", f"{pk}-on": (TUESDAY + timedelta(days=1)).isoformat()}
    sent |= {f"{pk}-starts": LATE, f"{pk}-ends": EARLY}
    shown = look(world.client, url, sent)
    assert "Wed 14 Oct, 23:30 – Thu 15 Oct, 0:20" in shown.content.decode()
    assert say_yes(world.client, url, sent, shown).status_code == 302
    assert world.stands() == ("Wed 14 23:30", "Thu 15 00:20", "Harbor")


def test_another_time_is_proposed_and_taken(world: World) -> None:
    world.client.force_login(world.ana.user)
    sent = {"on": "2026-10-14", "starts": "23:40", "ends": "00:30"}
    assert world.client.post(world.at("session-propose"), sent).status_code == 302
    proposal = Proposal.objects.get()
    world.client.force_login(world.by)
    url = reverse("sessions:proposal", args=[proposal.pk])
    page = world.client.get(url).content.decode()
    assert "Nothing is in the way." in page
    assert "1 neutral message" in page
    assert world.client.post(url, {"act": "take"}).status_code == 302
    assert world.stands() == ("Wed 14 23:40", "Thu 15 00:30", "Harbor")


def test_a_proposed_time_that_the_clocks_skip_is_told_before_it_is_taken(client: Client) -> None:
    at = datetime.combine(FORWARD - timedelta(days=7), time(12), UTC)
    with time_machine.travel(at, tick=False):
        world = World(client, FORWARD)
        made = propose_time(
            thing=world.session, on=FORWARD, starts=time(23, 30), ends=time(2, 30),
            by=world.ana.user, at=at,
        )  # fmt: skip
        page = client.get(reverse("sessions:proposal", args=[made.pk])).content.decode()
        assert "2:30 does not exist on Sun 8 Mar 2026" in page
        assert 'value="take"' not in page
        with pytest.raises(Refused, match="does not exist"):
            take_proposal(proposal=made, by=world.by, at=at)


def test_another_time_for_a_whole_series_past_midnight(world: World) -> None:
    given = {"on": TUESDAY, "starts": time(23), "by": world.ana.user, "at": NOW}
    made = propose_time(thing=world.series, ends=time(0, 10), **given)
    assert (made.starts, made.ends) == (time(23), time(0, 10))
    with pytest.raises(Refused, match="must come after"):
        propose_time(thing=world.series, ends=time(23), **given)
