"""Pages of changes: recent changes with their way back, a series edited, several cancelled."""

from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from phpsupport.access.roles import Role
from phpsupport.lib import clock
from phpsupport.outbox.models import OutboxMessage, State
from sessions.actions.schedule import cancel_session
from sessions.actions.series import create_series
from sessions.models import (
    Attendance,
    CurriculumItem,
    GroupSession,
    ScheduleBatch,
    SessionState,
)
from tests.factories import (
    enroll,
    make_facilitator,
    make_group,
    make_participant,
    make_program,
    make_room,
    make_staff,
)
from tests.sessions.looking import kept, look_and_do, say_yes

pytestmark = pytest.mark.django_db


class World:
    """Six weekly sessions that begin the week after next."""

    def __init__(self, client) -> None:
        self.program = make_program()
        self.by = make_staff(self.program, Role.SCHEDULER)
        self.ana = make_facilitator(self.program, first_name="Ana", last_name="Solís")
        self.harbor = make_room(self.program, "Harbor")
        self.group = make_group(self.program, "Circle")
        today = clock.local_date(clock.now(), self.program.zone)
        self.monday = today + timedelta(days=14 - today.weekday())
        self.series = self.make()
        self.person = make_participant(self.program)
        enroll(self.series, self.person, from_on=self.monday)
        self.client = client
        client.force_login(self.by)

    def make(self, **asked):
        return create_series(**{
            "group": self.group, "room": self.harbor, "weekdays": [0], "starts": time(10),
            "ends": time(10, 50), "zone": self.program.zone, "from_on": self.monday,
            "until_on": self.monday + timedelta(days=35), "capacity": 12, "lead": self.ana,
            "by": self.by, "at": clock.now(), "accept": True, **asked,
        })  # fmt: skip

    def first(self) -> GroupSession:
        return self.series.sessions.earliest("starts_at")

    def get(self, name, *args, **query):
        return self.client.get(reverse(f"sessions:{name}", args=args), query)

    def post(self, name, *args, **data):
        return self.client.post(reverse(f"sessions:{name}", args=args), data)

    def save(self, **asked):
        """The answer to saving an edit of the series that was looked at."""
        shown = self.post("series-edit", self.series.pk, **asked, act="look")
        return self.post("series-edit", self.series.pk, **kept(shown), **asked, act="save")

    def edit(self, **changed):
        return {
            "scope": "all", "repeats": "week", "every_weeks": "2", "weekdays": ["0"],
            "starts": "10:00", "ends": "10:50", "until_on": self.series.until_on.isoformat(),
            "on_closure": "skip", "room": self.harbor.pk, "lead": self.ana.pk, **changed,
        }  # fmt: skip

    def titles(self):
        rows = GroupSession.objects.filter(series=self.series, state="scheduled")
        return list(rows.order_by("starts_at").values_list("item__title", flat=True))

    def hours(self, state="scheduled"):
        zone = ZoneInfo(self.program.zone)
        rows = GroupSession.objects.filter(series=self.series, state=state).order_by("starts_at")
        return [f"{s.starts_at.astimezone(zone):%H:%M}" for s in rows]


@pytest.fixture
def world(db, client):
    return World(client)


# --- looking back -----------------------------------------------------------------------------------
def test_an_act_is_listed_and_undone_once(world):
    cancel_session(session=world.first(), reason="Snow", by=world.by, at=clock.now())
    batch = ScheduleBatch.objects.get(kind="cancelled")
    page = world.get("changes").content.decode()
    assert "10:00–10:50 cancelled" in page
    assert reverse("sessions:batch-undo", args=[batch.pk]) in page
    for _ in range(2):
        answer = world.post("batch-undo", batch.pk)
        assert answer.status_code == 302
    assert world.first().state == SessionState.SCHEDULED
    page = world.get("changes").content.decode()
    assert f"Undone by {world.by.name}" in page
    assert reverse("sessions:batch-undo", args=[batch.pk]) not in page


def test_that_people_are_told_is_said_only_where_they_are(world):
    """What was still waiting is withheld by the undo, so nobody hears of either."""

    def undone():
        batch = ScheduleBatch.objects.latest("at")
        page = world.client.post(reverse("sessions:batch-undo", args=[batch.pk]), follow=True)
        return page.content.decode()

    def cancel():
        cancel_session(session=world.first(), reason="Snow", by=world.by, at=clock.now())

    cancel()
    page = undone()
    assert "That is undone" in page
    assert "told again" not in page
    cancel()
    OutboxMessage.objects.update(state=State.SENT, sent_at=clock.now())
    assert "Who had been told is told again." in undone()


def test_what_cannot_be_undone_says_why(world):
    Attendance.objects.create(
        program=world.program, session=world.first(), participant=world.person, status="excused",
        marked_at=clock.now(),
    )  # fmt: skip
    batch = ScheduleBatch.objects.get(kind="created")
    assert "Attendance or a note is on record for Circle" in world.get("changes").content.decode()
    answer = world.client.post(reverse("sessions:batch-undo", args=[batch.pk]), follow=True)
    assert "so this cannot be undone." in answer.content.decode()
    assert world.series.sessions.count() == 6


def test_an_empty_program_says_what_will_stand_here(client):
    client.force_login(make_staff(make_program(), Role.SCHEDULER))
    page = client.get(reverse("sessions:changes")).content.decode()
    assert "Nothing was changed yet" in page


def test_undoing_leads_back_and_nowhere_else(world):
    cancel_session(session=world.first(), reason="Snow", by=world.by, at=clock.now())
    batch = ScheduleBatch.objects.get(kind="cancelled")
    answer = world.post("batch-undo", batch.pk, next="https://elsewhere.example/")
    assert answer.url == reverse("sessions:changes")
    answer = world.post("batch-undo", batch.pk, next=reverse("sessions:week"))
    assert answer.url == reverse("sessions:week")


def test_an_undone_series_leads_to_the_list(world):
    batch = ScheduleBatch.objects.get(kind="created")
    world.series.enrollments.all().delete()
    answer = world.post(
        "batch-undo", batch.pk, next=reverse("sessions:series", args=[world.series.pk])
    )
    assert answer.url == reverse("sessions:changes")


def test_the_session_page_offers_to_undo_what_was_just_done(world):
    session = world.first()
    answer = look_and_do(
        world.client, reverse("sessions:session-cancel", args=[session.pk]), {"reason": "Snow"}
    )
    batch = ScheduleBatch.objects.get(kind="cancelled")
    page = world.client.get(answer.url).content.decode()
    assert reverse("sessions:batch-undo", args=[batch.pk]) in page
    world.post("batch-undo", batch.pk)
    page = world.client.get(answer.url).content.decode()
    assert reverse("sessions:batch-undo", args=[batch.pk]) not in page


def test_the_queries_of_the_list_do_not_grow(world, django_assert_num_queries):
    def cancel(n):
        session = world.series.sessions.order_by("starts_at")[n]
        cancel_session(session=session, reason="Snow", by=world.by, at=clock.now())

    world.get("changes")
    cancel(0)
    with django_assert_num_queries(10):
        world.get("changes")
    cancel(1)
    cancel(2)
    with django_assert_num_queries(10):
        world.get("changes")


# --- editing a series -------------------------------------------------------------------------------
def test_what_will_change_is_listed_before_anything_is_saved(world):
    page = world.post(
        "series-edit", world.series.pk, **world.edit(starts="13:00", ends="13:50"), act="look"
    ).content.decode()
    assert "6 sessions move." in page
    assert "1 participant and Ana Solís get" in page
    assert "13:00–13:50" in page
    assert world.hours() == ["10:00"] * 6


def test_the_live_list_is_the_same(world):
    part = world.get(
        "series-edit-preview", world.series.pk, **world.edit(starts="13:00", ends="13:50")
    ).content.decode()
    assert "6 sessions move." in part
    assert "<html" not in part
    part = world.get("series-edit-preview", world.series.pk, **world.edit(ends="")).content.decode()
    assert "The list appears here" in part
    part = world.get("series-edit-preview", world.series.pk, **world.edit()).content.decode()
    assert "Nothing would change" in part


@pytest.mark.parametrize(
    ("scope", "hours"),
    [
        ("all", ["13:00"] * 6),
        ("following", ["10:00"] * 2 + ["13:00"] * 4),
        ("this", ["10:00"] * 2 + ["13:00"] + ["10:00"] * 3),
    ],
)
def test_each_scope_is_saved_and_can_be_undone(world, scope, hours):
    third = world.series.sessions.order_by("starts_at")[2]
    answer = world.save(**world.edit(starts="13:00", ends="13:50", scope=scope, session=third.pk))
    batch = ScheduleBatch.objects.get(kind="series-edited")
    assert answer.url == reverse("sessions:series", args=[world.series.pk]) + f"?done={batch.pk}"
    assert world.hours() == hours
    assert (
        reverse("sessions:batch-undo", args=[batch.pk])
        in world.client.get(answer.url).content.decode()
    )
    world.post("batch-undo", batch.pk)
    assert world.hours() == ["10:00"] * 6


def test_a_clash_is_told_and_those_dates_can_be_left(world):
    world.make(
        group=make_group(world.program, "Nook"), lead=None, starts=time(13), ends=time(13, 50),
        until_on=world.monday,
    )  # fmt: skip
    asked = world.edit(starts="13:00", ends="13:50")
    page = world.save(**asked).content.decode()
    assert "Nothing was changed." in page
    assert "Harbor is taken by Nook until 13:50." in page
    assert world.hours() == ["10:00"] * 6
    rest = world.post(
        "series-edit", world.series.pk, **asked, act="rest", blocked=[world.monday.isoformat()]
    )
    assert "You chose to leave it as it is." in rest.content.decode()
    assert world.hours() == ["10:00"] * 6
    answer = world.post("series-edit", world.series.pk, **kept(rest), **asked, act="save")
    assert answer.status_code == 302
    assert world.hours() == ["10:00"] + ["13:00"] * 5


def test_a_date_is_asked_for_where_one_is_needed(world):
    page = world.post("series-edit", world.series.pk, **world.edit(scope="this"), act="look")
    assert "Choose the date." in page.content.decode()


def test_another_program_s_series_is_not_found(world):
    other = make_staff(make_program(), Role.SCHEDULER)
    world.client.force_login(other)
    assert world.get("series-edit", world.series.pk).status_code == 404
    batch = ScheduleBatch.objects.get()
    assert world.post("batch-undo", batch.pk).status_code == 404


# --- several at once --------------------------------------------------------------------------------
def test_several_are_cancelled_as_one_act_after_a_look(world):
    days = {
        "since": world.monday.isoformat(),
        "until": (world.monday + timedelta(days=20)).isoformat(),
    }
    page = world.get("cancel-several", **days).content.decode()
    assert page.count('name="session"') == 3
    chosen = [s.pk for s in world.series.sessions.order_by("starts_at")[:2]]
    url = reverse("sessions:cancel-several") + "?" + "&".join(f"{k}={v}" for k, v in days.items())
    asked = {"session": chosen, "reason": "Snow"}
    page = world.client.post(url, asked | {"see": "1"})
    assert "2 sessions are cancelled." in page.content.decode()
    assert not world.hours("cancelled")
    answer = say_yes(world.client, url, asked, page)
    assert answer.url == reverse("sessions:changes")
    assert len(world.hours("cancelled")) == 2
    batch = ScheduleBatch.objects.get(kind="cancelled")
    world.post("batch-undo", batch.pk)
    assert not world.hours("cancelled")


def test_nothing_chosen_and_no_reason_are_told(world):
    days = {"since": world.monday.isoformat(), "until": world.monday.isoformat()}
    url = reverse("sessions:cancel-several") + "?" + "&".join(f"{k}={v}" for k, v in days.items())
    page = world.client.post(url, {"reason": "Snow", "confirm": "1"}).content.decode()
    assert "Choose at least one session." in page
    sent = {"session": [world.first().pk], "confirm": "1"}
    page = world.client.post(url, sent).content.decode()
    assert "required" in page
    assert not world.hours("cancelled")


def test_days_that_are_too_far_apart_are_refused(world):
    far = {"since": date(2026, 1, 1).isoformat(), "until": date(2026, 12, 31).isoformat()}
    assert "Look at 62 days at most at once." in world.get("cancel-several", **far).content.decode()


def test_the_queries_of_the_pages_do_not_grow(world, django_assert_num_queries):
    def both(until):
        days = {"since": world.monday.isoformat(), "until": until.isoformat()}
        world.get("cancel-several", **days)
        with django_assert_num_queries(CANCEL_PAGE):
            world.get("cancel-several", **days)

    both(world.monday)
    both(world.monday + timedelta(days=20))
    world.get("series-edit", world.series.pk)
    with django_assert_num_queries(EDIT_PAGE):
        world.get("series-edit", world.series.pk)


def test_steps_that_are_placed_anew_are_listed_before_and_go_back_with_the_edit(
    world, django_assert_num_queries
):
    steps = [
        CurriculumItem.objects.create(group=world.group, position=n, title=title)
        for n, title in enumerate(("Hope", "Choice", "People"))
    ]
    for n, session in enumerate(world.series.sessions.order_by("starts_at")):
        session.item = steps[n % 3]
        session.save()
    asked = world.edit(repeats="weeks")
    # The most that can be: new dates, another room and time, from one date on, steps anew.
    garden, helps = make_room(world.program, "Garden"), make_facilitator(world.program)
    chosen = {
        "scope": "following", "session": world.first().pk, "room": garden.pk, "co": helps.pk,
    }  # fmt: skip
    for last in (15, 35):
        typed = asked | chosen | {
            "weekdays": ["1", "3"], "starts": "13:00", "ends": "13:50",
            "until_on": (world.monday + timedelta(days=last)).isoformat(),
        }  # fmt: skip
        world.post("series-edit", world.series.pk, **typed, act="look")
        with django_assert_num_queries(EDIT_PREVIEW):
            page = world.get("series-edit-preview", world.series.pk, **typed)
        with django_assert_num_queries(EDIT_PREVIEW):  # the same without a script
            world.post("series-edit", world.series.pk, **typed, act="look")
    assert f"led by Ana Solís and {helps.user.name} · Choice" in page.content.decode()
    page = world.get("series-edit-preview", world.series.pk, **asked).content.decode()
    assert "The steps of the curriculum are placed anew: 2 dates take another one." in page
    assert page.index("Hope") < page.index("Choice") < page.index("People")
    assert world.titles() == ["Hope", "Choice", "People"] * 2, "to look changes nothing"
    world.save(**asked)
    assert world.titles() == ["Hope", "Choice", "People"]
    world.post("batch-undo", ScheduleBatch.objects.get(kind="series-edited").pk)
    assert world.titles() == ["Hope", "Choice", "People"] * 2


CANCEL_PAGE, EDIT_PAGE, EDIT_PREVIEW = 6, 8, 12
