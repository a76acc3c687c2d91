"""The form of a new series: every kind of repetition, what it refuses, and what it shows before."""

from datetime import UTC, date, datetime, time

import pytest
import time_machine
from django.urls import reverse

from phpsupport.access.roles import Role
from phpsupport.programs.models import Closure, PolicyProfile
from sessions.forms.series import SeriesForm, as_sent, left_out
from sessions.models import (
    CurriculumItem,
    GroupSeries,
    Room,
    RuleOverride,
    ScheduleBatch,
    SupportGroup,
)
from sessions.recurrence import LAST, MOST_TIMES, Times
from tests.factories import (
    make_facilitator,
    make_group,
    make_program,
    make_room,
    make_series,
    make_session,
    make_staff,
)
from tests.sessions.looking import kept

NOW = datetime(2026, 11, 18, 15, 20, tzinfo=UTC)  # a Wednesday, 10:20 in New York
# Session, user, roles; group, room, lead and steps of the form; policy, steps, closed days, and
# everything that is in the way.
PREVIEW = 11
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
def asked(program):
    leads = make_facilitator(program, first_name="Ana", last_name="Solís")
    return {
        "group": make_group(program, "Morning Circle").pk,
        "weekdays": ["0"],
        "starts": "10:00",
        "ends": "10:50",
        "from_on": "2026-11-23",
        "until_on": "2026-12-21",
        "room": make_room(program, "Harbor").pk,
        "capacity": "12",
        "lead": leads.pk,
    }


def save(client, asked, act="save", **more):
    return client.post(reverse("sessions:series-new"), {**asked, **more, "act": act})


def shown(client, asked, **more):
    return client.get(reverse("sessions:series-preview"), {**asked, **more}).content.decode()


def days(series):
    return [
        (d.month, d.day)
        for d in series.sessions.order_by("starts_at").values_list("local_date", flat=True)
    ]


# --- every kind -------------------------------------------------------------------------------------
def test_every_second_week_until_a_number_of_sessions(client, scheduler, asked):
    del asked["until_on"]
    asked |= {"repeats": "weeks", "every_weeks": "2", "ends_by": "count", "count": "3"}
    page = shown(client, asked)
    assert "3 dates are fine." in page
    assert "Every 2 weeks on Mondays, 10:00–10:50, until 21 Dec 2026" in page
    save(client, asked)
    made = GroupSeries.objects.get()
    assert days(made) == [(11, 23), (12, 7), (12, 21)]
    assert (made.every_weeks, made.until_on) == (2, date(2026, 12, 21))


def test_by_the_month(client, scheduler, asked):
    asked |= {
        "repeats": "month", "nth_of_month": ["2", "-1"], "weekdays": ["1"], "until_on": "2026-12-31",
    }  # fmt: skip
    assert "The 2nd and last Tuesday of the month, 10:00–10:50" in shown(client, asked)
    save(client, asked)
    made = GroupSeries.objects.get()
    assert made.nth_of_month == [2, LAST]
    assert days(made) == [(11, 24), (12, 8), (12, 29)]


def test_what_was_chosen_for_another_kind_does_not_count(client, scheduler, asked):
    """The page hides those questions; their answers may still be sent."""
    save(client, asked, repeats="week", every_weeks="3", nth_of_month=["1"], count="2")
    made = GroupSeries.objects.get()
    assert (made.every_weeks, made.nth_of_month, len(days(made))) == (1, [], 5)


def test_further_times_and_one_of_two_on_a_day_left_out(client, scheduler, asked):
    asked |= {
        "until_on": "2026-11-30", "more_1_weekdays": ["0", "3"], "more_1_starts": "14:00",
        "more_1_ends": "14:50",
    }  # fmt: skip
    page = shown(client, asked, leave_out=["2026-11-23T14:00"])
    assert 'value="2026-11-23T10:00"' in page
    assert 'value="2026-11-23T14:00" checked' in page
    assert 'value="2026-11-26"' in page  # the only one of its day
    save(client, asked, leave_out=["2026-11-23T14:00"])
    made = GroupSeries.objects.get()
    assert days(made) == [(11, 23), (11, 26), (11, 30), (11, 30)]
    assert Times.of_stored(made.more_times[0]) == Times(frozenset({0, 3}), time(14), time(14, 50))


def further(n, weekdays, hour):
    return {
        f"more_{n}_weekdays": weekdays, f"more_{n}_starts": f"{hour:02}:00",
        f"more_{n}_ends": f"{hour:02}:50",
    }  # fmt: skip


def test_as_many_times_a_week_as_wanted(client, scheduler, asked):
    for n in range(1, 7):
        asked |= further(n, [str(n)], 8 + n)
        page = save(client, asked, act="add-time", capacity="").content.decode()
        assert f'name="more_{n + 1}_starts"' in page
        assert f'name="more_{n + 2}_starts"' not in page
        assert f'value="{8 + n:02}:00"' in page
        assert '<details class="more form-fold" open>' in page
        assert "Fill this in" not in page, "nobody has said yet that this is all"
        assert "is-invalid" not in page
    assert not GroupSeries.objects.exists()
    asked |= {"until_on": "2026-11-29", "more_7_starts": "", "more_7_ends": ""}
    save(client, asked)
    made = GroupSeries.objects.get()
    assert days(made) == [(11, day) for day in range(23, 30)]
    assert [Times.of_stored(row).starts.hour for row in made.more_times] == [9, 10, 11, 12, 13, 14]


def test_one_more_time_comes_as_a_part_of_the_page_where_it_is_asked_for(client, scheduler, asked):
    url = reverse("sessions:series-new")
    answer = client.post(url, {**asked, "act": "add-time"}, headers={"HX-Request": "true"})
    part = answer.content.decode()
    assert "<html" not in part
    assert 'id="more-times"' in part
    assert 'aria-label="3rd time" role="group" tabindex="-1" autofocus>' in part
    many = {f"more_{n}_starts": "" for n in range(1, MOST_TIMES + 1)}
    page = save(client, asked, act="add-time", **many).content.decode()
    assert f'name="more_{MOST_TIMES}_starts"' in page
    assert "Add another time" not in page
    assert "more_51" not in save(client, asked, act="add-time", more_99_starts="x").content.decode()


def test_an_edit_keeps_every_further_time(client, program, scheduler, asked):
    for n in range(1, 5):
        asked |= further(n, [str(n)], 8 + n)
    save(client, asked)
    made = GroupSeries.objects.get()
    url = reverse("sessions:series-edit", args=[made.pk])
    page = client.get(url)
    assert 'name="more_4_starts" value="12:00"' in page.content.decode()
    typed = {
        name: value
        for name in page.context["form"].fields
        if (value := page.context["form"][name].value()) not in (None, "", False)
    }
    answer = client.post(url, {**typed, "act": "add-time"})
    assert 'name="more_5_starts"' in answer.content.decode()
    shown = client.post(url, typed | {"lead": "", "act": "look"})
    client.post(url, kept(shown) | typed | {"lead": "", "act": "save", "accept": "on"})
    changed = GroupSeries.objects.get()
    assert changed.more_times == made.more_times
    assert not changed.assignments.exists()


def test_a_night(client, scheduler, asked):
    asked |= {"starts": "23:00", "ends": "00:30", "until_on": "2026-11-23"}
    assert "or say that it ends the next day" in save(client, asked).content.decode()
    save(client, asked, ends_next_day="on")
    assert GroupSeries.objects.get().sessions.get().ends_at == datetime(
        2026, 11, 24, 5, 30, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("on_closure", "words", "made"),
    [
        ("skip", "Repairs.", [(11, 23), (12, 7)]),
        ("shift", "It takes place on Tue 1 Dec instead.", [(11, 23), (12, 1), (12, 7)]),
        ("keep", "It takes place all the same.", [(11, 23), (11, 30), (12, 7)]),
    ],
)
def test_closed_days_as_chosen(client, program, scheduler, asked, on_closure, words, made):
    Closure.objects.create(program=program, date=date(2026, 11, 30), reason="Repairs")
    asked |= {"on_closure": on_closure, "until_on": "2026-12-07"}
    assert words in shown(client, asked)
    save(client, asked, act="anyway")
    assert days(GroupSeries.objects.get()) == made


# --- what is refused --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"repeats": "weeks", "every_weeks": ""}, "Enter every how many weeks it meets."),
        ({"repeats": "weeks", "every_weeks": "60"}, "52 or less"),
        ({"repeats": "month"}, "Choose which ones of the month."),
        ({"repeats": "yearly"}, "Choose one from the list."),
        ({"ends_by": "count", "count": ""}, "Enter after how many sessions it ends."),
        ({"ends_by": "count", "count": "0"}, "1 or more"),
        ({"ends_by": "count", "count": "400"}, "Only 262 sessions would take place"),
        ({"until_on": ""}, "Enter a day."),
        ({"more_1_weekdays": ["1"]}, "Fill in days, begin and end, or none of them."),
        (
            {"more_1_weekdays": ["0"], "more_1_starts": "10:30", "more_1_ends": "11:00"},
            "10:00–10:50 and 10:30–11:00 overlap.",
        ),
        ({"on_closure": "ignore"}, "Choose one from the list."),
    ],
)
def test_what_cannot_be_is_a_sentence_and_nothing_is_saved(
    client, scheduler, asked, changed, words
):
    answer = save(client, {**asked, **changed})
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert not GroupSeries.objects.exists()
    assert client.get(reverse("sessions:series-preview"), {**asked, **changed}).status_code == 200


def test_whoever_leads_is_not_their_own_co_facilitator(client, scheduler, asked):
    page = save(client, asked, co=[asked["lead"]]).content.decode()
    assert "Ana Solís leads already. Leave them out here" in page
    assert "Ana Solís leads already." in shown(client, asked, co=[asked["lead"]])
    assert not GroupSeries.objects.exists()


def test_what_was_left_out_is_read_and_sent_back_alike():
    sent = {"2026-11-23", "2026-11-23T14:00"}
    found = left_out([*sent, "nonsense", "2026-13-01", "2026-11-23T14:00+00:00", ""])
    assert found == {date(2026, 11, 23), datetime(2026, 11, 23, 14)}
    assert as_sent(found) == sent


# --- the verdicts -----------------------------------------------------------------------------------
def taken(program, day, **asked):
    other = make_series(
        program,
        room=Room.objects.get(name="Harbor"),
        group=make_group(program, "Wellness"),
        **asked,
    )
    return make_session(other, day)


def test_dates_stand_in_groups_by_what_they_ask_for(client, program, scheduler, asked):
    Closure.objects.create(program=program, date=date(2026, 11, 30), reason="Repairs")
    taken(program, date(2026, 12, 7))
    answer = client.get(reverse("sessions:series-preview"), asked)
    groups = answer.context["preview"].groups
    assert [(g.title, [d.on.day for d in g.dates]) for g in groups] == [
        ("In the way", [7]), ("Fine", [23, 14, 21]), ("Left out", [30]),
    ]  # fmt: skip
    page = answer.content.decode()
    assert "Save the 3 that are fine" in page
    assert 'value="override"' not in page  # a scheduler may not


def test_the_fine_ones_are_saved_and_the_batch_stands(client, program, scheduler, asked):
    taken(program, date(2026, 12, 7))
    save(client, asked, act="rest", marked=["2026-12-07"])
    made = GroupSeries.objects.get(group=asked["group"])
    assert days(made) == [(11, 23), (11, 30), (12, 14), (12, 21)]
    assert ScheduleBatch.objects.get().series == made


def test_a_lead_sets_aside_what_is_in_the_way_with_a_reason(client, program, asked):
    client.force_login(make_staff(program, Role.PROGRAM_LEAD))
    before = taken(program, date(2026, 12, 7))
    page = shown(client, asked)
    assert "Set aside what is in the way" in page
    assert "Save all 5" in page
    page = save(client, asked, act="override", override_reason=" ").content.decode()
    assert "Write why it may stand all the same." in page
    assert not RuleOverride.objects.exists()
    save(client, asked, act="override", override_reason="Both groups share the big room")
    made = GroupSeries.objects.get(group=asked["group"])
    assert made.sessions.count() == 5
    override = RuleOverride.objects.get()
    assert (override.session.local_date, override.rule) == (before.local_date, "rule_room")
    assert override.reason == "Both groups share the big room"
    assert list(made.sessions.filter(shares_room=True)) == [override.session]


def test_a_facilitator_who_is_booked_twice_by_decision(client, program, asked):
    client.force_login(make_staff(program, Role.PROGRAM_LEAD))
    lead = program.facilitators.get(pk=asked["lead"])
    make_session(make_series(program, facilitator=lead), date(2026, 12, 7))
    save(client, asked, act="override", override_reason="They sit next door")
    made = GroupSeries.objects.get(group=asked["group"])
    shared = [
        row.session.local_date
        for session in made.sessions.all()
        for row in session.assignments.filter(shares_time=True)
    ]
    assert shared == [date(2026, 12, 7)]


def test_a_scheduler_who_sends_a_reason_all_the_same_is_refused(client, program, scheduler, asked):
    taken(program, date(2026, 12, 7))
    page = save(client, asked, act="override", override_reason="Because").content.decode()
    assert "Nothing was saved." in page
    assert not GroupSeries.objects.filter(group=asked["group"]).exists()


def test_a_rule_that_only_warns_asks_for_a_yes(client, program, scheduler, asked):
    PolicyProfile.objects.create(
        program=program, effective_from=date(2026, 1, 1), rules={"rule_language": "warn"},
        set_at=NOW,
    )  # fmt: skip
    SupportGroup.objects.filter(pk=asked["group"]).update(language="Spanish")
    page = shown(client, asked)
    assert "5 need a look." in page
    assert "Save all 5, also 5 to look at" in page
    save(client, asked)
    assert not GroupSeries.objects.exists()
    save(client, asked, act="anyway")
    assert GroupSeries.objects.get().sessions.count() == 5


# --- curriculum -------------------------------------------------------------------------------------
@pytest.fixture
def steps(asked):
    return [
        CurriculumItem.objects.create(group_id=asked["group"], position=n, title=title)
        for n, title in enumerate(("Hope", "Choice"))
    ]


def test_the_preview_says_each_step_and_a_date_left_out_takes_none(client, scheduler, asked, steps):
    answer = client.get(
        reverse("sessions:series-preview"),
        {**asked, "first_item": steps[1].pk, "leave_out": ["2026-11-30"]},
    )
    found = [d.step for d in answer.context["preview"].dates]
    assert found == ["Choice", "", "Hope", "Choice", "Hope"]
    save(client, asked, first_item=steps[1].pk, leave_out=["2026-11-30"])
    made = GroupSeries.objects.get().sessions.order_by("starts_at")
    assert [s.item.title for s in made] == ["Choice", "Hope", "Choice", "Hope"]


def test_a_step_of_another_group_is_refused(client, program, scheduler, asked, steps):
    other = make_group(program, "Else")
    page = save(client, asked, group=other.pk, first_item=steps[0].pk).content.decode()
    assert "“Hope” is a step of Morning Circle. Choose a step of Else." in page
    assert not GroupSeries.objects.exists()


def test_without_any_curriculum_the_question_is_not_asked(client, program, scheduler, asked):
    url = reverse("sessions:series-new")
    assert "The curriculum begins with" not in client.get(url).content.decode()
    CurriculumItem.objects.create(group_id=asked["group"], position=1, title="Hope")
    assert "The curriculum begins with" in client.get(url).content.decode()


# --- queries ----------------------------------------------------------------------------------------
def test_the_preview_takes_as_many_queries_for_one_date_as_for_a_year(
    client, program, scheduler, asked, steps, django_assert_num_queries
):
    save(client, asked, act="preview")
    helps = make_facilitator(program).pk
    for until in ("2026-11-23", "2027-11-15"):
        with django_assert_num_queries(PREVIEW):
            shown(client, asked, until_on=until)
        with django_assert_num_queries(PREVIEW + 1):  # somebody who helps
            shown(client, asked, until_on=until, co=[helps], first_item=steps[1].pk)
        with django_assert_num_queries(PREVIEW + 1):  # the whole page, without a script
            save(client, asked, act="preview", until_on=until)


def test_the_form_keeps_what_was_typed(client, scheduler, asked):
    page = save(client, asked, repeats="month", count="7", more_2_starts="16:00").content.decode()
    assert 'value="7"' in page
    assert 'value="16:00"' in page
    assert '<details class="more form-fold" open>' in page


def test_the_form_is_the_same_for_whoever_edits(program, scheduler):
    """Every question has a place in the layout."""
    form = SeriesForm(user=scheduler, program=program)
    named = {pointer.name for pointer in form.helper.layout.get_field_names()}
    assert named == set(form.fields) - {"first_item"}
