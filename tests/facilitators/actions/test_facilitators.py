"""Facilitators come, move along, get a supervisor, and go."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import pytest
from django.db import connection

from facilitators.actions.facilitators import (
    add_facilitator,
    assign_supervisor,
    change_stage,
    update_facilitator,
)
from facilitators.models import Certification, Facilitator, Stage
from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import PolicyProfile
from phpsupport.users.models import User
from tests.factories import (
    give_role,
    make_facilitator,
    make_participant,
    make_program,
    make_staff,
    make_user,
)

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 4, 17, tzinfo=UTC)
TODAY = date(2026, 3, 4)


@pytest.fixture
def program():
    return make_program()


@pytest.fixture
def scheduler(program):
    return make_staff(program, Role.SCHEDULER)


@pytest.fixture
def supervisor(program):
    return make_staff(program, Role.SUPERVISOR, first_name="Ruth", last_name="Adeyemi")


def add(program, by, **words):
    facts = {
        "email": "ana@staff.example",
        "first_name": "Ana",
        "last_name": "Solís",
        "staff_id": "S1",
        **words,
    }
    return add_facilitator(program=program, by=by, at=NOON, **facts)


def held(facilitator):
    return RoleAssignment.objects.filter(user=facilitator.user, role=Role.FACILITATOR)


def test_adding_makes_an_account_nobody_can_sign_in_to_and_gives_the_role(program, scheduler):
    found = add(program, scheduler, languages=["English", " Spanish ", "English", ""])
    assert found.stage == Stage.NOMINATED
    assert found.languages == ["English", "Spanish"]
    assert not found.user.has_usable_password()
    assert held(found).in_force(TODAY).get().granted_by == scheduler
    assert AuditEvent.objects.filter(action="facilitator.added", object_id=found.pk).count() == 1


def test_an_account_that_is_there_keeps_its_names(program, scheduler):
    there = make_user(email="ana@staff.example", first_name="Anna", last_name="Old")
    assert add(program, scheduler, email=" ANA@staff.example ").user == there
    assert User.objects.get(pk=there.pk).first_name == "Anna"


def test_a_second_click_is_refused_and_adds_nothing(program, scheduler):
    add(program, scheduler)
    with pytest.raises(Refused, match="is a facilitator of the program already") as refusal:
        add(program, scheduler, staff_id="S2")
    assert refusal.value.field == "email"
    assert Facilitator.objects.count() == 1


def test_a_staff_number_is_given_once(program, scheduler):
    add(program, scheduler)
    with pytest.raises(Refused, match="Another facilitator has that staff number") as refusal:
        add(program, scheduler, email="jo@staff.example")
    assert refusal.value.field == "staff_id"
    assert not User.objects.filter(email="jo@staff.example").exists()


def test_nobody_adds_themselves(program, scheduler):
    with pytest.raises(Refused, match="somebody else"):
        add(program, scheduler, email=scheduler.email)


def test_a_former_chart_is_sealed_before_they_start(program, scheduler):
    person = make_user(email="linh@staff.example")
    chart = make_participant(program, user=person)
    chart.episodes.update(discharged_on=date(2025, 1, 31), admitted_on=date(2025, 1, 5))
    add(program, scheduler, email=person.email)
    chart.refresh_from_db()
    assert chart.sealed_at == NOON


@pytest.mark.parametrize("discharged_on", [None, date(2026, 3, 20)])
def test_somebody_in_care_cannot_start(program, scheduler, discharged_on):
    person = make_user(email="linh@staff.example")
    chart = make_participant(program, user=person)
    chart.episodes.update(discharged_on=discharged_on)
    with pytest.raises(Refused, match="Ask your privacy officer"):
        add(program, scheduler, email=person.email)
    chart.refresh_from_db()
    assert chart.sealed_at is None


def test_the_rules_say_how_many_one_supervisor_has(program, scheduler, supervisor):
    PolicyProfile.objects.create(
        program=program,
        effective_from=date(2026, 1, 1),
        rules={"facilitators_per_supervisor": 2},
        set_at=NOON,
    )
    make_facilitator(program, supervisor=supervisor)
    make_facilitator(program, supervisor=supervisor, stage=Stage.ENDED)
    second = make_facilitator(program)
    assert (
        assign_supervisor(
            facilitator=second, supervisor=supervisor, by=scheduler, at=NOON
        ).supervisor
        == supervisor
    )
    with pytest.raises(Refused, match="supervises 2 facilitators already") as refusal:
        assign_supervisor(
            facilitator=make_facilitator(program), supervisor=supervisor, by=scheduler, at=NOON
        )
    assert refusal.value.code == "full"


def test_assigning_the_same_supervisor_again_leaves_no_trace(program, scheduler, supervisor):
    facilitator = make_facilitator(program)
    for _ in range(2):
        assign_supervisor(facilitator=facilitator, supervisor=supervisor, by=scheduler, at=NOON)
    assert AuditEvent.objects.filter(action="facilitator.supervisor_assigned").count() == 1


def test_a_supervisor_holds_the_role_here_and_today(program, scheduler):
    facilitator = make_facilitator(program)
    elsewhere = make_staff(make_program(), Role.SUPERVISOR)
    over = make_user()
    give_role(over, program, Role.SUPERVISOR, ends_on=date(2026, 3, 3))
    for person in (elsewhere, over, scheduler):
        with pytest.raises(Refused, match="is not a supervisor of this program"):
            assign_supervisor(facilitator=facilitator, supervisor=person, by=scheduler, at=NOON)


def test_nobody_supervises_themselves(program, scheduler):
    facilitator = make_facilitator(program)
    give_role(facilitator.user, program, Role.SUPERVISOR)
    with pytest.raises(Refused, match="nobody supervises themselves"):
        assign_supervisor(
            facilitator=facilitator, supervisor=facilitator.user, by=scheduler, at=NOON
        )


def test_ending_takes_the_role_away_at_once_and_coming_back_gives_it(program, supervisor):
    facilitator = make_facilitator(program)
    ended = change_stage(facilitator=facilitator, stage="ended", by=supervisor, at=NOON)
    assert ended.ended_on == TODAY
    assert not held(ended).in_force(TODAY).exists()
    again = change_stage(facilitator=facilitator, stage="active", by=supervisor, at=NOON)
    assert again.ended_on is None
    assert held(again).in_force(TODAY).count() == 1


def test_the_day_of_ending_is_the_sites(program, supervisor):
    late = datetime(2026, 3, 5, 2, tzinfo=UTC)  # the evening before in New York
    ended = change_stage(
        facilitator=make_facilitator(program), stage="ended", by=supervisor, at=late
    )
    assert ended.ended_on == TODAY


def test_the_same_stage_again_is_refused(program, supervisor):
    facilitator = make_facilitator(program)
    change_stage(facilitator=facilitator, stage="on_leave", by=supervisor, at=NOON)
    with pytest.raises(Refused) as refusal:
        change_stage(facilitator=facilitator, stage="on_leave", by=supervisor, at=NOON)
    assert refusal.value.code == "same"


def test_nobody_changes_their_own_stage(program):
    facilitator = make_facilitator(program)
    with pytest.raises(Refused, match="your own stage"):
        change_stage(facilitator=facilitator, stage="ended", by=facilitator.user, at=NOON)


@pytest.mark.parametrize(
    ("expires_on", "fine"), [(date(2026, 3, 4), True), (date(2026, 3, 3), False)]
)
def test_certified_needs_a_certification_valid_today(program, supervisor, expires_on, fine):
    facilitator = make_facilitator(program, cleared=False, stage=Stage.TRAINING)
    Certification.objects.create(
        facilitator=facilitator, number="1", issued_on=date(2025, 1, 1), expires_on=expires_on
    )
    if fine:
        change_stage(facilitator=facilitator, stage="certified", by=supervisor, at=NOON)
    else:
        with pytest.raises(Refused, match="Record a certification"):
            change_stage(facilitator=facilitator, stage="certified", by=supervisor, at=NOON)


def test_saving_the_same_facts_again_leaves_no_trace(program, scheduler):
    facilitator = make_facilitator(program)
    for _ in range(2):
        update_facilitator(
            facilitator=facilitator,
            staff_id="S77",
            languages=["English", "Spanish"],
            by=scheduler,
            at=NOON,
        )
    event = AuditEvent.objects.get(action="facilitator.changed")
    assert event.detail == {"fields": ["languages", "staff_id"]}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("same", ["person", "number"])
def test_of_many_at_once_one_is_added_and_the_others_are_told(same):
    program = make_program()
    scheduler = make_staff(program, Role.SCHEDULER)

    def attempt(n):
        words = {"staff_id": f"S{n}"} if same == "person" else {"email": f"p{n}@staff.example"}
        try:
            add(program, scheduler, **words)
        except Refused as refusal:
            return refusal.field
        finally:
            connection.close()
        return "added"

    with ThreadPoolExecutor(5) as pool:
        said = sorted(pool.map(attempt, range(5)))
    told = "email" if same == "person" else "staff_id"
    assert said == ["added"] + [told] * 4
    assert Facilitator.objects.count() == 1


def test_another_ones_staff_number_is_refused(program, scheduler):
    first, second = make_facilitator(program), make_facilitator(program)
    with pytest.raises(Refused, match="staff number"):
        update_facilitator(facilitator=second, staff_id=first.staff_id, by=scheduler, at=NOON)
