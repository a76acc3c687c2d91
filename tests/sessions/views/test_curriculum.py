"""The curriculum: its steps, their order, and where they stand."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from django.urls import reverse

from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.lib.errors import Refused
from sessions.actions import curriculum as actions
from sessions.models import CurriculumItem, ScheduleBatch, SessionState
from sessions.queries.curriculum import lost_step
from tests.factories import (
    make_facilitator,
    make_group,
    make_participant,
    make_program,
    make_series,
    make_session,
    make_staff,
)

NOW = datetime(2026, 11, 18, 15, 20, tzinfo=UTC)  # a Wednesday, 10:20 in New York
TODAY = date(2026, 11, 18)
MONDAYS = [date(2026, 11, 16), date(2026, 11, 23), date(2026, 11, 30), date(2026, 12, 7)]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def program(db):
    return make_program("Harbor Day Program")


@pytest.fixture
def scheduler(program, client):
    user = make_staff(program, Role.SCHEDULER)
    client.force_login(user)
    return user


@pytest.fixture
def group(program):
    return make_group(program, "Recovery Planning")


@pytest.fixture
def steps(group, scheduler):
    return [
        actions.add_step(group=group, title=title, by=scheduler, at=NOW)
        for title in ("Hope", "Choice", "People")
    ]


@pytest.fixture
def series(program, group, steps):
    """Four Mondays, the first over, each with its step."""
    lead = make_facilitator(program, first_name="Ana", last_name="Solís")
    run = make_series(program, group=group, facilitator=lead, from_on=date(2026, 11, 2))
    for day, step in zip(MONDAYS, [*steps, steps[0]], strict=True):
        make_session(run, day, item=step)
    return run


def titles(run):
    return list(run.sessions.order_by("starts_at").values_list("item__title", flat=True))


def order(group):
    return list(group.curriculum.filter(retired_on=None).values_list("title", flat=True))


# --- the steps --------------------------------------------------------------------------------------
def test_steps_are_added_renamed_reordered_and_taken_out(client, group, scheduler):
    url = reverse("sessions:curriculum", args=[group.pk])
    assert "No steps yet" in client.get(url).content.decode()
    for title in ("Hope", "Choise", "People"):
        client.post(url, {"title": f"  {title} "})
    hope, choice, people = group.curriculum.all()
    client.post(
        reverse("sessions:step", args=[choice.pk]), {"title": "Choice", "materials": "Cards"}
    )
    answer = client.post(reverse("sessions:step-move", args=[people.pk]), {"way": "up"})
    assert answer.url == f"{url}?moved={people.pk}&way=up"
    assert order(group) == ["Hope", "People", "Choice"]
    page = client.get(answer.url).content.decode()
    assert "Move People up" in page
    assert page.count("autofocus") == 1
    client.post(reverse("sessions:step-move", args=[hope.pk]), {"way": "down"})
    assert order(group) == ["People", "Hope", "Choice"]
    client.post(reverse("sessions:step-retire", args=[hope.pk]))
    assert order(group) == ["People", "Choice"]
    page = client.get(url).content.decode()
    assert "Taken out (1)" in page
    client.post(reverse("sessions:step-retire", args=[hope.pk]), {"again": "1"})
    assert order(group) == ["People", "Hope", "Choice"]
    kinds = set(AuditEvent.objects.filter(action__startswith="curriculum.").values_list("action"))
    assert len(kinds) == 5


def test_the_first_step_cannot_go_up_nor_the_last_down(client, group, steps):
    for step, way in ((steps[0], "up"), (steps[2], "down")):
        page = client.post(
            reverse("sessions:step-move", args=[step.pk]), {"way": way}, follow=True
        ).content.decode()
        assert "stands there already" in page
    assert order(group) == ["Hope", "Choice", "People"]


def test_a_step_moves_over_one_that_was_taken_out(group, steps, scheduler):
    actions.retire_step(step=steps[1], on=TODAY, by=scheduler, at=NOW)
    assert actions.move_step(step=steps[2], up=True, by=scheduler, at=NOW)
    assert order(group) == ["People", "Hope"]
    assert not actions.move_step(step=steps[1], up=True, by=scheduler, at=NOW)


def test_a_step_without_a_name_is_refused(client, group, scheduler):
    page = client.post(reverse("sessions:curriculum", args=[group.pk]), {"title": "  "})
    assert "Fill this in." in page.content.decode()
    with pytest.raises(Refused, match="what the step is called"):
        actions.add_step(group=group, title=" ", by=scheduler, at=NOW)
    assert not CurriculumItem.objects.exists()


def test_a_stranger_and_a_facilitator_do_not_open_it(client, program, group, steps):
    pages = [
        reverse("sessions:curriculum", args=[group.pk]), reverse("sessions:step", args=[steps[0].pk])
    ]  # fmt: skip
    client.force_login(make_staff(make_program(), Role.SCHEDULER))
    assert {client.get(page).status_code for page in pages} == {404}
    client.force_login(make_facilitator(program).user)
    assert {client.get(page).status_code for page in pages} == {403}
    assert client.post(pages[0], {"title": "Mine"}).status_code == 403


def test_the_page_takes_as_many_queries_for_one_step_as_for_three(
    client, group, scheduler, django_assert_max_num_queries
):
    url = reverse("sessions:curriculum", args=[group.pk])
    actions.add_step(group=group, title="Hope", by=scheduler, at=NOW)
    client.get(url)
    with django_assert_max_num_queries(12) as one:
        client.get(url)
    for title in ("Choice", "People"):
        actions.add_step(group=group, title=title, by=scheduler, at=NOW)
    with django_assert_max_num_queries(12) as three:
        page = client.get(url).content.decode()
    assert len(one) == len(three)
    assert "on no date yet" in page


# --- where they stand -------------------------------------------------------------------------------
def test_the_step_stands_on_the_pages_of_its_session(client, program, series):
    first, second = series.sessions.order_by("starts_at")[:2]
    lead = first.assignments.get().person
    assert "Choice" in client.get(reverse("sessions:session", args=[second.pk])).content.decode()
    assert "Choice" in client.get(reverse("sessions:series", args=[series.pk])).content.decode()
    week = client.get(reverse("sessions:week") + "?week=2026-W48").content.decode()
    assert "Recovery Planning · Choice · 10:00–10:50" in week
    page = client.get(reverse("sessions:group", args=[series.group_id])).content.decode()
    assert "Hope" in page
    client.force_login(lead)
    for name in ("attendance", "note"):
        assert "Hope" in client.get(reverse(f"sessions:{name}", args=[first.pk])).content.decode()


def test_the_topic_of_the_note_begins_as_the_step_until_something_is_written(client, series):
    first = series.sessions.order_by("starts_at")[0]
    client.force_login(first.assignments.get().person)
    url = reverse("sessions:note", args=[first.pk])
    page = client.get(url).content.decode()
    assert 'name="group-topic"' in page
    assert 'value="Hope"' in page
    client.post(url, {"group-version": "0", "group-topic": "", "group-what_was_done": "We met."})
    page = client.get(url).content.decode()
    assert 'value="Hope"' not in page


# --- a step that was lost ---------------------------------------------------------------------------
def sessions_of(series):
    return list(series.sessions.select_related("item").order_by("starts_at"))


def test_a_cancelled_session_offers_to_shift_the_curriculum(client, scheduler, series, steps):
    second = series.sessions.get(local_date=MONDAYS[1])
    second.state = SessionState.CANCELLED
    second.save()
    page = client.get(reverse("sessions:series", args=[series.pk])).content.decode()
    assert "“Choice” stood on Mon 23 Nov" in page
    url = reverse("sessions:place-steps", args=[series.pk])
    assert f"{url}?session={second.pk}" in page
    page = client.get(f"{url}?session={second.pk}").content.decode()
    assert "Mon 30 Nov 2026 would take Choice." in page
    assert "Mon 7 Dec 2026 would take People." in page
    client.post(url, {"from_on": "2026-11-23", "first_item": steps[1].pk})
    assert titles(series) == ["Hope", "Choice", "Choice", "People"]
    page = client.get(reverse("sessions:series", args=[series.pk])).content.decode()
    assert "did not take place" not in page
    batch = ScheduleBatch.objects.get()
    assert batch.kind == "steps-placed"
    assert batch.rows.count() == 2


def test_a_step_is_lost_only_while_the_next_session_is_to_come_and_takes_another(series):
    second = series.sessions.get(local_date=MONDAYS[1])
    assert lost_step(sessions_of(series), at=NOW) is None
    second.state = SessionState.CANCELLED
    second.save()
    assert lost_step(sessions_of(series), at=NOW).title == "Choice"
    assert lost_step(sessions_of(series), at=datetime(2026, 12, 1, tzinfo=UTC)) is None
    series.sessions.filter(local_date=MONDAYS[2]).update(item=second.item)
    assert lost_step(sessions_of(series), at=NOW) is None


def test_history_keeps_its_step(series, steps, scheduler):
    recorded = series.sessions.get(local_date=MONDAYS[2])
    recorded.attendances.create(
        program=series.program, participant=make_participant(series.program), status="present",
        marked_at=NOW,
    )  # fmt: skip
    number = actions.place_steps(
        series=series, from_on=date(2026, 11, 1), first_item=steps[2], by=scheduler, at=NOW
    )
    assert number == 1
    assert titles(series) == ["Hope", "People", "People", "Hope"]


def test_placing_twice_and_into_nothing_is_refused(series, steps, scheduler, program):
    asked = {"series": series, "from_on": TODAY, "first_item": steps[1], "by": scheduler, "at": NOW}
    with pytest.raises(Refused, match="stand like that already"):
        actions.place_steps(**asked)
    with pytest.raises(Refused, match="No session that is still open"):
        actions.place_steps(**{**asked, "from_on": date(2027, 1, 1)})
    foreign = actions.add_step(group=make_group(program), title="Else", by=scheduler, at=NOW)
    with pytest.raises(Refused, match="Choose a step of Recovery Planning"):
        actions.place_steps(**{**asked, "first_item": foreign})
    assert not ScheduleBatch.objects.exists()


def test_a_group_without_steps_says_so(client, program, scheduler):
    run = make_series(program)
    page = client.get(reverse("sessions:place-steps", args=[run.pk])).content.decode()
    assert "This group has no curriculum yet" in page
