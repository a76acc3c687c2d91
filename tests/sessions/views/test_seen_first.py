"""What an act comes to is seen first; what a colleague changed meanwhile is not written over unseen."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from facilitators.models import Facilitator
from phpsupport.access.roles import Role
from phpsupport.programs.models import Closure, Program
from phpsupport.users.models import User
from sessions.actions.cover import accept_cover, ask_candidates, ask_for_cover
from sessions.actions.schedule import move_session
from sessions.actions.series import edit_series, replace_facilitator
from sessions.models import (
    CoverRequest,
    Enrollment,
    GroupSeries,
    GroupSession,
    RuleOverride,
    ScheduleBatch,
    SessionFacilitator,
    SessionState,
    WaitlistEntry,
)
from sessions.queries.editing import Edit
from sessions.recurrence import Times
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
from tests.sessions.looking import kept, look, say_yes

NOW = datetime(2026, 11, 18, 15, 20, tzinfo=UTC)  # a Wednesday, 10:20 in New York
FRIDAY = date(2026, 11, 20)
NEW_YORK = ZoneInfo("America/New_York")
CHANGED = "Something changed since you looked."
OVERTAKEN = "This was changed meanwhile."
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


class World:
    """Ana leads Circle in Harbor on Friday at 10:00. Priya has it open; Gloria plans as well."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.program: Program = make_program()
        self.priya: User = make_staff(self.program, Role.PROGRAM_LEAD, first_name="Priya")
        self.gloria: User = make_staff(self.program, Role.SCHEDULER, first_name="Gloria")
        self.ana = make_facilitator(self.program, first_name="Ana", last_name="Solís")
        self.tuan = make_facilitator(self.program, first_name="Tuấn", last_name="Lê")
        self.harbor = make_room(self.program, "Harbor")
        self.garden = make_room(self.program, "Garden")
        self.series: GroupSeries = make_series(
            self.program, facilitator=self.ana, group=make_group(self.program, "Circle"),
            room=self.harbor, weekdays=(4,),
        )  # fmt: skip
        self.session: GroupSession = make_session(self.series, FRIDAY)
        enroll(self.series, make_participant(self.program))
        client.force_login(self.priya)

    # --- what a colleague does ------------------------------------------------------------------
    def move(self, **asked: Any) -> None:
        move_session(**{
            "session": self.session, "on": FRIDAY, "starts": time(10), "ends": time(10, 50),
            "room": self.session.room, "by": self.gloria, "at": NOW, **asked,
        })  # fmt: skip

    def covered(self) -> None:
        ask_for_cover(sessions=[self.session], facilitator=self.ana, by=self.ana.user, at=NOW)
        request = CoverRequest.objects.get()
        ask_candidates(request=request, facilitators=[self.tuan], by=self.gloria, at=NOW)
        accept_cover(ask=request.asks.get(), by=self.tuan.user, at=NOW)

    def to_garden(self) -> None:
        self.move(room=self.garden)

    def to_one(self) -> None:
        self.move(starts=time(13), ends=time(13, 50))

    def one_more(self) -> None:
        enroll(self.series, make_participant(self.program))

    def clash(self, hour: int = 15) -> None:
        """Somebody plans another group in Harbor."""
        other = make_series(
            self.program, group=make_group(self.program, "Choir"), room=self.harbor,
            starts=time(hour), ends=time(hour, 50),
        )  # fmt: skip
        make_session(other, FRIDAY)

    # --- how it stands ---------------------------------------------------------------------------
    def stands(self) -> tuple[str, str, list[str]]:
        row = GroupSession.objects.select_related("room").get(pk=self.session.pk)
        people = SessionFacilitator.objects.filter(session=row).select_related("facilitator__user")
        hour = f"{row.starts_at.astimezone(NEW_YORK):%H:%M}"
        return hour, row.room.name, [p.facilitator.user.first_name for p in people]

    def at(self, name: str) -> str:
        pk = self.series.pk if name.startswith("series") else self.session.pk
        return reverse(f"sessions:{name}", args=[pk])

    def slot(self, **typed: Any) -> dict[str, Any]:
        """The fields of the move as they stood at first, with what Priya typed."""
        return {
            "on": FRIDAY.isoformat(), "starts": "10:00", "ends": "10:50",
            "room": str(self.harbor.pk), **typed,
        }  # fmt: skip

    def dialog(self, **typed: Any) -> dict[str, Any]:
        """All the fields of the week's dialog."""
        return self.slot(lead=str(self.ana.pk)) | typed


@pytest.fixture
def world(client: Client) -> World:
    return World(client)


LATER = {"starts": "15:00", "ends": "15:50"}


def dialog(world: World, page: Any, *, yes: bool = False, **typed: Any) -> Any:
    """What the dialog answers; `page` is what it shows so far."""
    sent = (kept(page) if page else {}) | world.dialog(**typed) | ({"confirm": "1"} if yes else {})
    return world.client.post(world.at("week-move"), sent)


# --- the dialog of the week -----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("meanwhile", "then", "after"),
    [
        (World.covered, ("10:00", "Harbor", ["Tuấn"]), ("15:00", "Harbor", ["Tuấn"])),
        (World.to_garden, ("10:00", "Garden", ["Ana"]), ("15:00", "Garden", ["Ana"])),
    ],
)
def test_the_dialog_takes_back_nothing_that_was_not_touched(
    world: World, meanwhile: Callable[[World], None], then: Any, after: Any
) -> None:
    opened = world.client.post(world.at("week-move"), {})
    shown = dialog(world, opened, **LATER)
    assert "Nothing is in the way." in shown.content.decode()
    meanwhile(world)
    number = ScheduleBatch.objects.count()
    answer = dialog(world, shown, yes=True, **LATER)
    assert OVERTAKEN in answer.content.decode()
    assert "data-act-anew" in answer.content.decode()
    assert answer.context["form"]["starts"].value() == "15:00"  # what was typed is kept
    assert world.stands() == then
    assert ScheduleBatch.objects.count() == number
    # The dialog is drawn anew from how it stands; a second yes is one to that.
    form = answer.context["form"]
    fields = {name: form[name].value() for name in ("on", "starts", "ends", "room", "lead")}
    done = dialog(world, answer, yes=True, **fields)
    assert done["Content-Type"] == "application/json"
    assert world.stands() == after


def test_a_field_that_is_asked_about_anew_draws_the_dialog_anew(world: World) -> None:
    opened = world.client.post(world.at("week-move"), {})
    world.covered()
    answer = dialog(world, opened, **LATER)
    assert "data-act-anew" in answer.content.decode()
    assert answer.context["form"]["lead"].value() == str(world.tuan.pk)
    assert (
        "data-act-anew"
        not in dialog(world, answer, **LATER, lead=str(world.tuan.pk)).content.decode()
    )


def test_an_old_dialog_that_tells_nothing_of_how_it_stood_is_shown_what_it_would_do(
    world: World,
) -> None:
    shown = dialog(world, None, **LATER)
    world.covered()
    seen = kept(shown)["seen"]
    answer = world.client.post(
        world.at("week-move"), world.dialog(**LATER) | {"seen": seen, "confirm": "1"}
    )
    assert CHANGED in answer.content.decode()
    assert "led by Ana Solís" in answer.content.decode()
    assert world.stands() == ("10:00", "Harbor", ["Tuấn"])


def test_what_is_typed_after_the_look_is_looked_at_as_well(world: World) -> None:
    shown = dialog(world, world.client.post(world.at("week-move"), {}), **LATER)
    answer = dialog(world, shown, yes=True, starts="16:00", ends="16:50")
    assert CHANGED in answer.content.decode()
    assert "16:00–16:50" in answer.content.decode()
    assert world.stands()[0] == "10:00"


# --- the page of one session ----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("meanwhile", "said"),
    [(World.to_one, OVERTAKEN), (World.covered, CHANGED), (World.one_more, CHANGED)],
)
def test_a_new_room_does_not_bring_back_an_old_time(
    world: World, meanwhile: Callable[[World], None], said: str
) -> None:
    typed = world.slot(room=str(world.garden.pk))
    if meanwhile is World.one_more:
        typed |= LATER  # a time that changes is told to who is expected
    shown = look(world.client, world.at("session-move"), typed)
    assert "Garden" in shown.content.decode()
    meanwhile(world)
    hour = world.stands()[0]
    answer = say_yes(world.client, world.at("session-move"), typed, shown)
    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert world.stands()[:2] == (hour, "Harbor")
    form = answer.context["form"]
    assert form["room"].value() == str(world.garden.pk)
    again = {name: form[name].value() for name in ("on", "starts", "ends", "room")}
    assert say_yes(world.client, world.at("session-move"), again, answer).status_code == 302
    assert world.stands()[:2] == ("15:00" if meanwhile is World.one_more else hour, "Garden")


def test_who_leads_is_not_set_over_somebody_who_took_it_over(world: World) -> None:
    helper = make_facilitator(world.program, first_name="Cy")
    typed = {"lead": str(world.ana.pk), "co": [str(helper.pk)]}
    shown = look(world.client, world.at("session-staff"), typed)
    world.covered()
    answer = say_yes(world.client, world.at("session-staff"), typed, shown)
    assert OVERTAKEN in answer.content.decode()
    assert world.stands()[2] == ["Tuấn"]
    again = {"lead": str(world.tuan.pk), "co": [str(helper.pk)]}
    assert say_yes(world.client, world.at("session-staff"), again, answer).status_code == 302
    assert set(world.stands()[2]) == {"Tuấn", "Cy"}


@pytest.mark.parametrize("meanwhile", [World.to_one, World.one_more, World.covered])
def test_what_is_cancelled_is_what_was_looked_at(
    world: World, meanwhile: Callable[[World], None]
) -> None:
    typed = {"reason": "Water damage"}
    shown = look(world.client, world.at("session-cancel"), typed)
    meanwhile(world)
    answer = say_yes(world.client, world.at("session-cancel"), typed, shown)
    assert CHANGED in answer.content.decode()
    assert 'value="Water damage"' in answer.content.decode()
    world.session.refresh_from_db()
    assert world.session.state == SessionState.SCHEDULED
    assert say_yes(world.client, world.at("session-cancel"), typed, answer).status_code == 302


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("session-move", LATER),
        ("session-staff", {"lead": ""}),
        ("session-cancel", {"reason": "Snow"}),
    ],
)
def test_the_second_of_two_clicks_does_no_harm(
    world: World, name: str, typed: dict[str, str]
) -> None:
    sent = world.slot(**typed) if name == "session-move" else typed
    shown = look(world.client, world.at(name), sent)
    for _ in range(2):
        assert say_yes(world.client, world.at(name), sent, shown).status_code == 302
    assert ScheduleBatch.objects.count() == 1


@pytest.mark.parametrize("name", ["session-move", "session-staff", "session-cancel", "series-end"])
def test_a_yes_without_a_look_is_a_look(world: World, name: str) -> None:
    sent = world.slot(**LATER) | {"lead": "", "reason": "Snow", "last_on": NOW.date().isoformat()}
    answer = world.client.post(world.at(name), sent | {"confirm": "1"})
    assert "What this comes to" in answer.content.decode()
    assert not ScheduleBatch.objects.exists()


# --- a reason counts for what was shown -----------------------------------------------------------
def test_a_reason_for_a_closed_day_sets_no_room_aside(world: World) -> None:
    Closure.objects.create(program=world.program, date=date(2026, 11, 19), reason="Staff day")
    typed = world.slot(on="2026-11-19", **LATER)
    shown = look(world.client, world.at("session-move"), typed)
    assert "The program is closed on Thu 19 Nov" in shown.content.decode()
    other = make_series(
        world.program, group=make_group(world.program, "Choir"), room=world.harbor,
        starts=time(15), ends=time(15, 50),
    )  # fmt: skip
    make_session(other, date(2026, 11, 19))
    reason = {"override_reason": "The house is open for us"}
    answer = say_yes(world.client, world.at("session-move"), typed, shown, **reason)
    page = answer.content.decode()
    assert CHANGED in page
    assert "Harbor is taken by Choir until 15:50." in page
    assert 'value="The house is open for us"' in page
    assert not RuleOverride.objects.exists()
    assert (
        say_yes(world.client, world.at("session-move"), typed, answer, **reason).status_code == 302
    )
    assert set(RuleOverride.objects.values_list("rule", flat=True)) == {"rule_closed", "rule_room"}


def test_a_yes_to_one_warning_is_none_to_another(world: World) -> None:
    unsure = make_facilitator(world.program, cleared=False, first_name="Bo", last_name="Li")
    typed = {"lead": str(unsure.pk)}
    shown = look(world.client, world.at("session-staff"), typed)
    assert "Bo Li is not cleared" in shown.content.decode()
    world.move(starts=time(11), ends=time(11, 50))
    answer = say_yes(world.client, world.at("session-staff"), typed, shown, accept="1")
    assert CHANGED in answer.content.decode()
    assert "checked" not in answer.content.decode().partition('name="accept"')[2][:80]
    assert world.stands()[2] == ["Ana"]


# --- several, and a series ------------------------------------------------------------------------
def test_several_are_cancelled_as_they_were_looked_at(world: World) -> None:
    url = f"{reverse('sessions:cancel-several')}?since={FRIDAY}&until={FRIDAY}"
    typed = {"session": [str(world.session.pk)], "reason": "Snow"}
    shown = world.client.post(url, typed | {"see": "1"})
    world.to_one()
    answer = say_yes(world.client, url, typed, shown)
    assert CHANGED in answer.content.decode()
    world.session.refresh_from_db()
    assert world.session.state == SessionState.SCHEDULED
    assert say_yes(world.client, url, typed, answer).status_code == 302


def edited(world: World, **typed: Any) -> dict[str, Any]:
    """The fields of the series as they stood at first, with what Priya typed."""
    return {
        "scope": "all", "repeats": "week", "every_weeks": "2", "weekdays": ["4"],
        "starts": "10:00", "ends": "10:50", "until_on": world.series.until_on.isoformat(),
        "on_closure": "skip", "room": str(world.harbor.pk), "lead": str(world.ana.pk), **typed,
    }  # fmt: skip


def their_edit(world: World, **edit: Any) -> None:
    edit_series(
        series=world.series, edit=Edit(**edit), scope="all", by=world.gloria, at=NOW, accept=True
    )


def series_room(world: World) -> None:
    their_edit(world, room=world.garden)


def series_lead(world: World) -> None:
    replace_facilitator(
        series=world.series, old=world.ana, new=world.tuan, from_on=NOW.date(), by=world.gloria,
        at=NOW,
    )  # fmt: skip


def further_time(world: World) -> None:
    more = [Times(frozenset({2}), time(16), time(16, 50))]
    their_edit(world, more_times=more)


@pytest.mark.parametrize("meanwhile", [series_room, series_lead, further_time])
def test_an_edit_of_a_series_takes_back_nothing_that_was_not_touched(
    world: World, meanwhile: Callable[[World], None]
) -> None:
    GroupSeries.objects.filter(pk=world.series.pk).update(until_on=date(2026, 12, 18))
    world.series.refresh_from_db()
    url, typed = world.at("series-edit"), edited(world, **LATER)
    opened = kept(world.client.get(url))
    shown = world.client.post(url, opened | typed | {"act": "look"})
    assert "15:00–15:50" in shown.content.decode()
    meanwhile(world)
    number = ScheduleBatch.objects.count()
    answer = world.client.post(url, kept(shown) | typed | {"act": "save"})
    assert OVERTAKEN in answer.content.decode()
    assert ScheduleBatch.objects.count() == number
    # The live list of a page that is still open says so too.
    live = world.client.get(world.at("series-edit-preview"), opened | typed)
    assert OVERTAKEN in live.content.decode()
    form = answer.context["form"]
    again = {name: form[name].value() for name in typed} | {
        name: form[name].value() for name in form.fields if name.startswith("more_")
    }
    again = {name: value for name, value in again.items() if value not in (None, "")}
    done = world.client.post(url, kept(answer) | again | {"act": "save"})
    assert done.status_code == 302
    world.series.refresh_from_db()
    lead = world.series.assignments.get().facilitator
    first = GroupSession.objects.filter(series=world.series, state="scheduled", local_date=FRIDAY)
    assert f"{first.get().starts_at.astimezone(NEW_YORK):%H:%M}" == "15:00"
    assert (world.series.room == world.garden) == (meanwhile is series_room)
    assert (lead == world.tuan) == (meanwhile is series_lead)
    assert bool(world.series.more_times) == (meanwhile is further_time)


def test_an_edit_of_a_series_is_looked_at_first(world: World) -> None:
    answer = world.client.post(world.at("series-edit"), edited(world, **LATER) | {"act": "save"})
    assert "15:00–15:50" in answer.content.decode()
    assert world.stands()[0] == "10:00"


# --- the end of a series --------------------------------------------------------------------------
def test_what_the_end_of_a_series_takes_away_is_listed_first(world: World) -> None:
    make_session(world.series, date(2026, 11, 27))
    WaitlistEntry.objects.create(
        program=world.program, series=world.series, participant=make_participant(world.program),
        position=1, queued_at=NOW, wanted_from=FRIDAY,
    )  # fmt: skip
    url, typed = world.at("series-end"), {"last_on": "2026-11-19", "reason": "Enough"}
    assert "End the series" not in world.client.get(url).content.decode().partition("<form")[2]
    shown = look(world.client, url, typed)
    page = shown.content.decode()
    for words in (
        "2 sessions are cancelled.", "Fri 20 Nov, 10:00–10:50", "Fri 27 Nov, 10:00–10:50",
        "The last day of the series is Thu 19 Nov 2026.", "1 place ends then.",
        "1 person stops waiting: the line closes.", "1 participant and Ana Solís get",
    ):  # fmt: skip
        assert words in page, words
    assert not ScheduleBatch.objects.exists()
    assert Enrollment.objects.get().until_on is None
    for _ in range(2):
        assert say_yes(world.client, url, typed, shown).status_code == 302
    assert ScheduleBatch.objects.get().kind == "series-ended"
    assert set(GroupSession.objects.values_list("state", flat=True)) == {"cancelled"}


@pytest.mark.parametrize("meanwhile", [World.to_one, World.one_more])
def test_a_series_ends_as_it_was_looked_at(
    world: World, meanwhile: Callable[[World], None]
) -> None:
    url, typed = world.at("series-end"), {"last_on": "2026-11-19"}
    shown = look(world.client, url, typed)
    meanwhile(world)
    answer = say_yes(world.client, url, typed, shown)
    assert CHANGED in answer.content.decode()
    world.series.refresh_from_db()
    assert world.series.ended_at is None
    assert say_yes(world.client, url, typed, answer).status_code == 302


def test_an_end_that_cancels_nothing_is_shown_and_done(world: World) -> None:
    url, typed = world.at("series-end"), {"last_on": FRIDAY.isoformat()}
    shown = look(world.client, url, typed)
    assert "The last day of the series is Fri 20 Nov 2026." in shown.content.decode()
    # Another day than the one that was looked at is another end.
    other = say_yes(world.client, url, {"last_on": "2026-11-21"}, shown)
    assert CHANGED in other.content.decode()
    assert say_yes(world.client, url, typed, shown).status_code == 302
    world.series.refresh_from_db()
    assert world.series.until_on == FRIDAY


# --- somebody else leads --------------------------------------------------------------------------
def test_who_leads_from_a_day_on_is_listed_first(world: World) -> None:
    url = world.at("series-hand-over")
    typed = {"old": str(world.ana.pk), "new": str(world.tuan.pk), "from_on": NOW.date().isoformat()}
    shown = look(world.client, url, typed)
    page = shown.content.decode()
    assert "Tuấn Lê leads Circle from Wed 18 Nov 2026 on." in page
    assert "led by Tuấn Lê" in page
    assert not ScheduleBatch.objects.exists()
    world.to_one()
    answer = say_yes(world.client, url, typed, shown)
    assert CHANGED in answer.content.decode()
    assert world.stands()[2] == ["Ana"]
    assert say_yes(world.client, url, typed, answer).status_code == 302
    assert world.stands()[2] == ["Tuấn"]


def test_a_change_of_who_usually_leads_is_noticed(world: World) -> None:
    url = world.at("series-hand-over")
    bo: Facilitator = make_facilitator(world.program, first_name="Bo")
    typed = {"old": str(world.ana.pk), "new": str(world.tuan.pk), "from_on": NOW.date().isoformat()}
    shown = look(world.client, url, typed)
    world.series.assignments.create(facilitator=bo, part="co")
    answer = say_yes(world.client, url, typed, shown)
    assert CHANGED in answer.content.decode()
    assert not ScheduleBatch.objects.exists()


@pytest.mark.parametrize(
    ("page", "more"),
    [
        ("series-end", {"see": "1"}),
        ("series-hand-over", {"see": "1"}),
        ("series-hand-over", {"rest": "1", "blocked": ["2026-11-27", "2026-12-04"]}),
    ],
)
def test_as_many_queries_to_look_at_two_sessions_as_at_four(
    world: World, page: str, more: dict[str, Any], django_assert_max_num_queries: Any
) -> None:
    sent = more | {
        "last_on": "2026-11-19", "old": str(world.ana.pk), "new": str(world.tuan.pk),
        "from_on": NOW.date().isoformat(),
    }  # fmt: skip
    make_session(world.series, date(2026, 11, 27))
    world.client.post(world.at(page), sent)
    with django_assert_max_num_queries(24) as two:
        world.client.post(world.at(page), sent)
    for day in (date(2026, 12, 4), date(2026, 12, 11)):
        make_session(world.series, day)
    with django_assert_max_num_queries(24) as four:
        shown = world.client.post(world.at(page), sent)
    assert "What this comes to" in shown.content.decode()
    assert len(two) == len(four)
