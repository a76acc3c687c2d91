"""The board: what is due in words, most overdue first, and only what one may see."""

from datetime import UTC, date, datetime, timedelta

import pytest

from facilitators.models import (
    BoundaryConcern,
    Certification,
    CheckIn,
    NamedInConcern,
    Stage,
    Supervision,
    TrainingRecord,
)
from facilitators.queries import board as boards
from facilitators.queries.training import Pill
from phpsupport.access.roles import Role
from tests.factories import give_role, make_facilitator, make_program, make_staff

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 4, 17, tzinfo=UTC)
TODAY = date(2026, 3, 4)


@pytest.fixture
def program():
    return make_program()


@pytest.fixture
def supervisor(program):
    return make_staff(program, Role.SUPERVISOR)


def shown(user, program, at=NOON):
    return boards.board(user, program, at)


def cell(user, program, column, at=NOON):
    row = shown(user, program, at).rows[0]
    return dict(row.labelled)[column]


def supervised(facilitator, days_ago):
    return Supervision.objects.create(
        facilitator=facilitator,
        supervisor=facilitator.supervisor,
        starts_at=NOON - timedelta(days=days_ago),
        held=True,
    )


@pytest.mark.parametrize(
    ("kind", "days_ago", "words", "tone"),
    [
        ("full", 30, "due today", "wait"),
        ("full", 31, "1 day overdue", "stop"),
        ("full", 10, "in 20 days", "good"),
        ("initial", 7, "due today", "wait"),
        ("initial", 13, "6 days overdue", "stop"),
    ],
)
def test_supervision_is_due_by_the_kind_of_certification(
    program, supervisor, kind, days_ago, words, tone
):
    facilitator = make_facilitator(program, supervisor=supervisor)
    Certification.objects.filter(facilitator=facilitator).update(kind=kind)
    supervised(facilitator, days_ago)
    found = cell(supervisor, program, "Supervision")
    assert (found.words, found.kind) == (words, tone)


def test_a_certification_that_ran_out_is_no_full_one(program, supervisor):
    facilitator = make_facilitator(program, supervisor=supervisor, through=date(2026, 3, 3))
    supervised(facilitator, 10)
    assert cell(supervisor, program, "Supervision").words == "3 days overdue"


def test_days_are_the_sites_days(program, supervisor):
    facilitator = make_facilitator(program, supervisor=supervisor)
    supervised(facilitator, 30)
    past_midnight = datetime(2026, 3, 5, 2, tzinfo=UTC)
    assert cell(supervisor, program, "Supervision", past_midnight).words == "due today"


def test_one_planned_today_is_named_and_opens(program, supervisor):
    facilitator = make_facilitator(program, supervisor=supervisor)
    supervised(facilitator, 3)
    planned = Supervision.objects.create(
        facilitator=facilitator, supervisor=supervisor, starts_at=NOON + timedelta(hours=3)
    )
    found = cell(supervisor, program, "Supervision")
    assert (found.words, found.kind) == ("today 15:00", "good")
    assert str(planned.pk) in found.url


def test_check_ins_say_answered_overdue_and_asked_for_help(program, supervisor):
    facilitator = make_facilitator(program, supervisor=supervisor)
    assert cell(supervisor, program, "Check-in") == boards.NOTHING
    row = CheckIn.objects.create(
        facilitator=facilitator, due_on=TODAY - timedelta(days=2), asked_at=NOON
    )
    assert cell(supervisor, program, "Check-in").words == "2 days overdue"
    row.answered_at, row.wants_support = NOON, True
    row.save()
    asked = cell(supervisor, program, "Check-in")
    assert (asked.words, asked.kind) == ("asked for help", "stop")
    row.support_seen_at = NOON
    row.save()
    assert cell(supervisor, program, "Check-in").kind == "calm"
    row.wants_support = False
    row.save()
    assert cell(supervisor, program, "Check-in").words == "answered"


def test_a_lead_sees_a_check_in_only_once_it_is_passed_on(program, supervisor):
    lead = make_staff(program, Role.PROGRAM_LEAD)
    facilitator = make_facilitator(program, supervisor=supervisor)
    row = CheckIn.objects.create(
        facilitator=facilitator, due_on=TODAY - timedelta(days=9), asked_at=NOON
    )
    assert cell(lead, program, "Check-in") == boards.NOTHING
    row.escalated_at = NOON
    row.save()
    assert cell(lead, program, "Check-in").words == "9 days overdue"


def test_training_says_the_first_thing_wrong(program, supervisor):
    facilitator = make_facilitator(program, supervisor=supervisor)
    assert cell(supervisor, program, "Training").words == "all current"
    first, second = TrainingRecord.objects.order_by("requirement__position")
    second.expires_on = TODAY + timedelta(days=14)
    second.save()
    assert cell(supervisor, program, "Training").words == "effective communication in 14 days"
    first.expires_on = TODAY - timedelta(days=1)
    first.save()
    found = cell(supervisor, program, "Training")
    assert (found.words, found.days_overdue) == ("active listening ran out", 1)
    second.delete()
    assert cell(supervisor, program, "Training").second == "and 1 more"
    facilitator.stage = Stage.SHADOWING
    facilitator.save()
    found = cell(supervisor, program, "Training")
    assert (found.kind, found.words) == ("plain", "0 of 2 held")


def concern(facilitator, by):
    return BoundaryConcern.objects.create(
        program=facilitator.program,
        facilitator=facilitator,
        reported_by=by,
        reported_at=NOON,
        concern_class="crossing",
        category="financial",
        source="staff",
        narrative="words",
        due_at=NOON,
    )


def test_only_open_concerns_that_one_may_see_are_counted(program, supervisor):
    facilitator = make_facilitator(program, supervisor=supervisor)
    assert cell(supervisor, program, "Concerns") == boards.NOTHING
    row = concern(facilitator, facilitator.user)
    closed = concern(facilitator, facilitator.user)
    closed.state, closed.closed_at = "closed", NOON
    closed.save()
    assert cell(supervisor, program, "Concerns").words == "1 open"
    NamedInConcern.objects.create(concern=row, user=supervisor)
    assert cell(supervisor, program, "Concerns") == boards.NOTHING


def test_what_is_most_overdue_comes_first(program, supervisor):
    late = make_facilitator(program, supervisor=supervisor, first_name="Zoe")
    fine = make_facilitator(program, supervisor=supervisor, first_name="Ana")
    later = make_facilitator(program, supervisor=supervisor, first_name="Max")
    supervised(late, 50)
    supervised(fine, 1)
    supervised(later, 35)
    found = shown(supervisor, program)
    assert [row.id for row in found.rows] == [late.pk, later.pk, fine.pk]
    assert [row.days_overdue for row in found.rows] == [20, 5, 0]


def test_a_supervisor_sees_their_own_and_a_lead_everybody_who_works_here(program, supervisor):
    own = make_facilitator(program, supervisor=supervisor)
    other = make_facilitator(program)
    make_facilitator(program, supervisor=supervisor, stage=Stage.ENDED)
    make_facilitator(make_program(), supervisor=supervisor)
    lead = make_staff(program, Role.PROGRAM_LEAD)
    assert {row.id for row in shown(supervisor, program).rows} == {own.pk}
    assert {row.id for row in shown(lead, program).rows} == {own.pk, other.pk}


def test_nobody_has_a_row_about_themselves(program, supervisor):
    lead = make_staff(program, Role.PROGRAM_LEAD)
    make_facilitator(program, user=lead)
    give_role(lead, program, Role.SUPERVISOR)
    assert shown(lead, program).rows == []


def test_upper_apps_fill_columns_and_count_in_the_sorting(program, supervisor, monkeypatch):
    monkeypatch.setattr(boards, "_columns", {})
    new = {"supervisor": supervisor, "hired_on": NOON.date()}
    ana = make_facilitator(program, first_name="Ana", **new)
    zoe = make_facilitator(program, first_name="Zoe", **new)
    assert shown(supervisor, program).columns == [
        "Supervision",
        "Check-in",
        "Training",
        "Concerns",
    ]

    @boards.register_board_column("notes")
    def notes(user, for_program, ids, at):
        assert (user, for_program, at, set(ids)) == (supervisor, program, NOON, {ana.pk, zoe.pk})
        return {zoe.pk: Pill("wait", "1 late", days_overdue=40)}

    @boards.register_board_column("load")
    def load(user, for_program, ids, at):
        return {}

    found = shown(supervisor, program)
    assert found.columns == [
        "Supervision",
        "Check-in",
        "Notes",
        "Training",
        "Concerns",
        "This week",
    ]
    assert [row.id for row in found.rows] == [zoe.pk, ana.pk]
    assert [name for name, _ in found.rows[0].labelled] == found.columns
    assert dict(found.rows[1].labelled)["This week"] == boards.NOTHING
