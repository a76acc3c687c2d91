"""The office: closed days, rules, people and roles."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from phpsupport.access.actions import end_role, give_role, invite
from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.lib import clock
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import Closure, PolicyProfile, Program, policy_in_force
from phpsupport.programs.policy import DEFAULTS, RULES
from phpsupport.users.models import User
from tests import factories as make

CLOSED, RULES_PAGE, PEOPLE = "/office/closed-days/", "/office/rules/", "/office/people/"


@pytest.fixture
def program(db: None) -> Program:
    return make.make_program()


@pytest.fixture
def lead(program: Program, client: Client) -> User:
    user = make.make_staff(program, Role.PROGRAM_LEAD)
    client.force_login(user)
    return user


def today(program: Program) -> Any:
    return clock.local_date(clock.now(), program.zone)


# --- closed days ------------------------------------------------------------------------------------
def test_closing_a_day_twice_is_refused_beside_the_field(
    program: Program, lead: User, client: Client
) -> None:
    form = {"date": "2027-07-05", "reason": "Independence Day"}
    done = client.post(CLOSED, form, follow=True).content.decode()
    assert "Monday 5 July 2027 is marked as closed." in done
    again = client.post(CLOSED, form | {"reason": "Twice over"})
    page = again.content.decode()
    assert "The program is already closed on that day." in page
    assert again.context["form"].errors["date"]
    assert 'value="Twice over"' in page
    assert Closure.objects.count() == 1
    assert AuditEvent.objects.filter(action="day.closed").count() == 1


def test_another_programs_day_is_another_day(program: Program, lead: User, client: Client) -> None:
    Closure.objects.create(program=make.make_program(), date="2027-07-05", reason="x")
    assert client.post(CLOSED, {"date": "2027-07-05", "reason": "x"}).status_code == 302
    assert program.closures.count() == 1


def test_sessions_on_a_day_that_closes_are_named(
    program: Program, lead: User, client: Client
) -> None:
    day = today(program) + timedelta(days=30)
    make.make_session(make.make_series(program), day)
    answer = client.post(CLOSED, {"date": day.isoformat(), "reason": "Snow"}, follow=True)
    [(address, _)] = answer.redirect_chain
    assert address == reverse("sessions:closure", args=[Closure.objects.get().pk])
    assert "Say what becomes of each session on it." in answer.content.decode()


def test_a_past_day_stays_closed(program: Program, lead: User, client: Client) -> None:
    past = Closure.objects.create(program=program, date="2026-01-01", reason="New Year")
    page = client.post(reverse("office:reopen", args=[past.pk]), follow=True).content.decode()
    assert "That day is over" in page
    assert Closure.objects.filter(pk=past.pk).exists()
    assert not AuditEvent.objects.filter(action="day.reopened").exists()


@pytest.mark.parametrize("day", ["", "2027-02-30", "soon", "99999-01-01"])
def test_a_day_that_is_none_is_said_beside_the_field(lead: User, client: Client, day: str) -> None:
    page = client.post(CLOSED, {"date": day, "reason": "Kept words"})
    assert page.status_code == 200
    assert page.context["form"].errors["date"]
    assert "Kept words" in page.content.decode()


# --- rules -------------------------------------------------------------------------------------------
def filled(program: Program, **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        rule.key: ", ".join(map(str, rule.default)) if rule.kind == "numbers" else rule.default
        for rule in RULES
    }
    return values | {"effective_from": today(program).isoformat(), "note": ""} | changes


def test_rules_hold_from_their_day_on(program: Program, lead: User, client: Client) -> None:
    soon = today(program) + timedelta(days=3)
    form = filled(program, group_cap=10, effective_from=soon.isoformat(), note="Our contract")
    assert client.post(RULES_PAGE, form).status_code == 302
    assert policy_in_force(program.pk, soon - timedelta(days=1))["group_cap"] == 12
    assert policy_in_force(program.pk, soon)["group_cap"] == 10
    page = client.get(RULES_PAGE).content.decode()
    assert "Largest group: 12 → 10" in page
    assert "Our contract" in page
    assert AuditEvent.objects.get(action="policy.set").detail["changed"] == ["group_cap"]


def test_a_second_change_on_the_same_day_takes_the_firsts_place(
    program: Program, lead: User, client: Client
) -> None:
    for cap in (10, 8):
        assert client.post(RULES_PAGE, filled(program, group_cap=cap)).status_code == 302
    assert PolicyProfile.objects.get().rules["group_cap"] == 8


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("group_cap", "0", "Enter a number of 1 or more."),
        ("group_cap", "9" * 30, "Enter a number of 200 or less."),
        ("group_cap", "ten", "Enter a whole number."),
        ("reminder_hours", "24, soon", "whole numbers parted by commas"),
        ("reminder_hours", "24, 999", "whole numbers from 1 to 168"),
        ("quiet_from", "25:00", "Enter a time of day"),
        ("safety_line", "", "Fill this in."),
        ("safety_line", "x" * 301, "300 characters"),
        ("cosign_for", "everybody", "no longer there"),
        ("override_by", "participant", "no longer there"),
        ("rule_room", "maybe", "Choose one from the list."),
        ("rule_room", "", "Choose one."),
        ("turnaround_minutes", "61", "Enter a number of 60 or less."),
        ("hours_week", "0", "Enter a number of 1 or more."),
        ("effective_from", "2020-01-01", "Rules cannot begin in the past"),
    ],
)
def test_bad_values_are_told_beside_the_field_and_kept(
    program: Program, lead: User, client: Client, field: str, value: str, said: str
) -> None:
    answer = client.post(RULES_PAGE, filled(program, note="Why we did it", **{field: value}))
    assert answer.status_code == 200
    assert said in " ".join(answer.context["form"].errors[field])
    page = answer.content.decode()
    assert said in page
    assert "Why we did it" in page
    if field not in ("cosign_for", "override_by", "rule_room"):
        assert value in page
    assert not PolicyProfile.objects.exists()


def test_no_message_hours_are_a_choice(program: Program, lead: User, client: Client) -> None:
    assert client.post(RULES_PAGE, filled(program, reminder_hours="")).status_code == 302
    assert policy_in_force(program.pk, today(program))["reminder_hours"] == []


def test_levels_of_the_schedule_are_told_in_words(
    program: Program, lead: User, client: Client
) -> None:
    form = filled(
        program, rule_rest="block", rule_language="ignore", override_by=["scheduler", "supervisor"]
    )
    assert client.post(RULES_PAGE, form).status_code == 302
    rules = policy_in_force(program.pk, today(program))
    assert (rules["rule_rest"], rules["rule_language"], rules["rule_room"]) == (
        "block", "ignore", "block",
    )  # fmt: skip
    assert rules["override_by"] == ["scheduler", "supervisor"]
    page = client.get(RULES_PAGE).content.decode()
    assert "Too little rest between evening and morning: Warn → Block" in page
    assert "with a reason: Program leads → Schedulers, Supervisors" in page


def test_rules_set_before_there_were_levels_keep_their_values(
    program: Program, lead: User, client: Client
) -> None:
    PolicyProfile.objects.create(
        program=program, effective_from="2026-01-01", rules={"group_cap": 9}, set_at=clock.now()
    )
    rules = policy_in_force(program.pk, today(program))
    assert (rules["group_cap"], rules["rule_room"], rules["rest_hours"]) == (9, "block", 11)
    assert client.get(RULES_PAGE).context["form"]["rule_clearance"].value() == "warn"


# --- people and roles -----------------------------------------------------------------------------------
def test_giving_what_begins_later_is_refused_in_words(program: Program, lead: User) -> None:
    person, day = make.make_user(first_name="Ana"), today(program) + timedelta(days=5)
    make.give_role(person, program, Role.SCHEDULER, starts_on=day)
    with pytest.raises(Refused, match="will hold the role scheduler from a later day"):
        give_role(user=person, program=program, role=Role.SCHEDULER, by=lead, at=clock.now())


def test_a_role_that_has_not_begun_ends_without_a_trace_of_rights(
    program: Program, lead: User
) -> None:
    person, day = make.make_user(), today(program) + timedelta(days=5)
    held = make.give_role(person, program, Role.SCHEDULER, starts_on=day)
    end_role(assignment=held, by=lead, at=clock.now())
    assert not RoleAssignment.objects.filter(pk=held.pk).exists()


def test_a_closed_account_is_not_invited(program: Program, lead: User) -> None:
    make.make_user(email="gone@staff.example", is_active=False)
    with pytest.raises(Refused, match="account with this address is closed"):
        invite(
            email="gone@staff.example", first_name="Gone", last_name="", roles=[Role.SCHEDULER],
            program=program, by=lead, at=clock.now(),
        )  # fmt: skip


def test_a_lead_sees_no_way_to_end_an_administrator(
    program: Program, lead: User, client: Client
) -> None:
    head = make.make_staff(program, Role.ADMINISTRATOR)
    held = head.role_assignments.get()
    url = reverse("office:end-role", args=[held.pk])
    assert url not in client.get(PEOPLE).content.decode()
    page = client.post(url, follow=True).content.decode()
    assert "Only an administrator can end the role" in page
    assert RoleAssignment.objects.in_force(today(program)).filter(pk=held.pk).exists()


@pytest.mark.parametrize("page", [CLOSED, RULES_PAGE, PEOPLE, "/office/people/invite/"])
def test_pages_ask_a_fixed_number_of_questions(
    program: Program, lead: User, client: Client, page: str, django_assert_max_num_queries: Any
) -> None:
    numbers = []
    for n in range(3):
        Closure.objects.create(
            program=program, date=today(program) + timedelta(days=n + 1), reason="x"
        )
        rules = {**DEFAULTS, "group_cap": n + 5}
        PolicyProfile.objects.create(
            program=program, rules=rules, set_by=make.make_user(), set_at=clock.now(),
            effective_from=today(program) + timedelta(days=n),
        )  # fmt: skip
        make.make_staff(program, Role.SCHEDULER, Role.CLINICIAN)
        client.get(page)
        with django_assert_max_num_queries(12) as asked:
            assert client.get(page).status_code == 200
        numbers.append(len(asked))
    assert len(set(numbers)) == 1, numbers
