"""The office: closed days, rules, people and roles."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.urls import reverse

from phpsupport.access.actions import end_role, give_role, invite
from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.lib import clock
from phpsupport.lib.errors import Refused
from phpsupport.office.actions import set_policy
from phpsupport.office.forms import Shown
from phpsupport.programs.models import (
    Closure,
    PolicyProfile,
    Program,
    fingerprint,
    policy_in_force,
)
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
    """The form as the page of this moment sends it, with `changes`; the rules are the defaults."""
    values: dict[str, Any] = {
        rule.key: ", ".join(map(str, rule.default)) if rule.kind == "numbers" else rule.default
        for rule in RULES
    }
    shown = Shown(
        policy_in_force(program.pk, today(program)),
        fingerprint(PolicyProfile.objects.filter(program=program)),
    )
    values |= {"effective_from": today(program).isoformat(), "note": "", "shown": shown.token}
    return values | changes


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


def page_of_rules(client: Client, address: str = RULES_PAGE) -> dict[str, Any]:
    """What the page would send back as it stands."""
    return sent_back(client.get(address).context["form"])


def sent_back(form: Any) -> dict[str, Any]:
    return {name: form[name].value() or "" for name in form.fields}


MARCH, APRIL, MID_FEBRUARY = date(2027, 3, 1), date(2027, 4, 1), date(2027, 2, 15)


@pytest.fixture
def february() -> Iterator[None]:
    """Monday 1 February 2027, noon in New York."""
    with time_machine.travel(datetime(2027, 2, 1, 17, tzinfo=UTC), tick=True):
        yield


def rules_on(program: Program, day: date) -> tuple[int, list[int]]:
    rules = policy_in_force(program.pk, day)
    return rules["group_cap"], rules["reminder_hours"]


def send(client: Client, form: dict[str, Any], day: date, **changes: Any) -> Any:
    return client.post(RULES_PAGE, form | {"effective_from": day.isoformat(), **changes})


def test_a_change_for_later_outlives_another_for_still_later(
    february: None, program: Program, lead: User, client: Client
) -> None:
    assert send(client, page_of_rules(client), MARCH, group_cap="10").status_code == 302
    assert send(client, page_of_rules(client), APRIL, reminder_hours="48").status_code == 302
    assert rules_on(program, MID_FEBRUARY) == (12, [24, 2])
    assert rules_on(program, MARCH) == (10, [24, 2])
    assert rules_on(program, APRIL) == (10, [48])


def test_a_change_for_sooner_outlives_the_one_for_later(
    february: None, program: Program, lead: User, client: Client
) -> None:
    assert send(client, page_of_rules(client), MARCH, group_cap="10").status_code == 302
    assert send(client, page_of_rules(client), MID_FEBRUARY, reminder_hours="48").status_code == 302
    assert rules_on(program, MID_FEBRUARY) == (12, [48])
    assert rules_on(program, MARCH) == (10, [48])


def test_what_was_set_for_its_own_day_stands_on_it(
    february: None, program: Program, lead: User, client: Client
) -> None:
    """The same rule for sooner: it holds until the day for which somebody set it otherwise."""
    assert send(client, page_of_rules(client), MARCH, group_cap="10").status_code == 302
    assert send(client, page_of_rules(client), MID_FEBRUARY, group_cap="11").status_code == 302
    assert rules_on(program, MID_FEBRUARY)[0] == 11
    assert rules_on(program, MARCH)[0] == 10
    page = client.get(RULES_PAGE).content.decode()
    assert "Largest group: 12 → 11" in page
    assert "Largest group: 11 → 10" in page


def test_back_to_todays_value_is_set_from_the_rules_of_that_day(
    february: None, program: Program, lead: User, client: Client
) -> None:
    assert send(client, page_of_rules(client), MARCH, group_cap="10").status_code == 302
    then = f"{RULES_PAGE}?from={MARCH}"
    assert f"?from={MARCH}" in client.get(RULES_PAGE).content.decode()
    form = page_of_rules(client, then)
    assert (form["group_cap"], form["effective_from"]) == (10, MARCH)
    assert "What stands here holds on 1 Mar 2027" in client.get(then).content.decode()
    assert send(client, form, APRIL, group_cap="12").status_code == 302
    assert [rules_on(program, day)[0] for day in (MID_FEBRUARY, MARCH, APRIL)] == [12, 10, 12]


@pytest.mark.parametrize("day", ["2020-01-01", "soon", "2027-02-30", ""])
def test_rules_are_shown_of_today_or_a_later_day(
    february: None, program: Program, lead: User, client: Client, day: str
) -> None:
    page = client.get(RULES_PAGE, {"from": day})
    assert page.context["form"]["effective_from"].value() == date(2027, 2, 1)


def test_two_with_the_page_open_do_not_undo_one_another(
    program: Program, lead: User, client: Client
) -> None:
    """Who comes second is told, keeps what they typed, and sets that alone with the next click."""
    other = Client()
    other.force_login(make.make_staff(program, Role.PROGRAM_LEAD, first_name="Ines"))
    mine, theirs = page_of_rules(client), page_of_rules(other)
    assert send(client, mine, today(program), group_cap="10").status_code == 302
    later = today(program) + timedelta(days=9)
    answer = send(other, theirs, later, reminder_hours="48", note="Fewer letters")
    assert answer.status_code == 200
    assert "Somebody set rules since you opened this page." in answer.content.decode()
    assert PolicyProfile.objects.count() == 1
    assert AuditEvent.objects.filter(action="policy.set").count() == 1
    form = answer.context["form"]
    assert form["group_cap"].value() == 10, "what the first set"
    assert form["reminder_hours"].value() == "48"
    assert form["note"].value() == "Fewer letters"
    assert form["effective_from"].value() == later
    assert send(other, sent_back(form), later).status_code == 302
    assert rules_on(program, later) == (10, [48])
    assert PolicyProfile.objects.get(effective_from=later).rules == {"reminder_hours": [48]}


def test_a_change_for_another_day_is_told_as_well(
    february: None, program: Program, lead: User, client: Client
) -> None:
    """The list beside the form would have shown it."""
    form = page_of_rules(client)
    assert send(client, page_of_rules(client), MARCH, group_cap="10").status_code == 302
    assert "Somebody set rules" in send(client, form, APRIL, group_cap="9").content.decode()
    assert rules_on(program, APRIL)[0] == 10


def test_the_second_click_sets_nothing_twice(program: Program, lead: User, client: Client) -> None:
    form = page_of_rules(client)
    for _ in range(2):
        assert send(client, form, today(program), group_cap="10", note="x").status_code == 302
    assert PolicyProfile.objects.count() == 1
    assert AuditEvent.objects.filter(action="policy.set").count() == 1


def test_a_page_left_open_over_midnight_undoes_nothing(
    program: Program, lead: User, client: Client
) -> None:
    """It showed 12; from midnight on 10 holds, as was set long before."""
    eve = datetime(2027, 3, 1, 4, 50, tzinfo=UTC)  # ten to twelve in New York
    with time_machine.travel(eve, tick=True) as now:
        client.force_login(lead)
        assert send(client, page_of_rules(client), MARCH, group_cap="10").status_code == 302
        form = page_of_rules(client)
        assert form["group_cap"] == 12
        now.shift(timedelta(minutes=14))
        assert send(client, form, MARCH, reminder_hours="48").status_code == 302
    assert rules_on(program, MARCH) == (10, [48])


def test_nothing_changed_sets_nothing(program: Program, lead: User, client: Client) -> None:
    answer = send(client, page_of_rules(client), today(program), note="Just looking")
    assert "You changed no rule." in answer.content.decode()
    assert "Just looking" in answer.content.decode()
    assert not PolicyProfile.objects.exists()


@pytest.mark.parametrize("token", ["", "made-up", "eyJ9:x:y"])
def test_a_page_that_was_never_shown_sets_nothing(
    program: Program, lead: User, client: Client, token: str
) -> None:
    answer = client.post(RULES_PAGE, filled(program, group_cap=10, shown=token))
    assert "Somebody set rules since" in answer.content.decode()
    assert not PolicyProfile.objects.exists()


def test_who_changed_what_on_one_day_stays_told_apart(
    program: Program, lead: User, client: Client
) -> None:
    other = make.make_staff(program, Role.ADMINISTRATOR, first_name="Ines", last_name="Moreau")
    for who, cap, why in ((lead, "10", "Our contract"), (other, "8", "Smaller rooms")):
        client.force_login(who)
        form = page_of_rules(client)
        assert send(client, form, today(program), group_cap=cap, note=why).status_code == 302
    assert policy_in_force(program.pk, today(program))["group_cap"] == 8
    told = [
        (row["profile"].set_by, row["profile"].note, row["changes"])
        for row in client.get(RULES_PAGE).context["history"]
    ]
    assert told == [
        (other, "Smaller rooms", ["Largest group: 10 → 8"]),
        (lead, "Our contract", ["Largest group: 12 → 10"]),
    ]


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_is_told() -> None:
    program = make.make_program()
    people = [make.make_staff(program, Role.PROGRAM_LEAD) for _ in range(4)]
    seen, at = fingerprint([]), clock.now()

    def run(number: int) -> str:
        try:
            set_policy(
                program=program, effective_from=today(program), rules={"group_cap": 5 + number},
                seen=seen, note="", by=people[number], at=at,
            )  # fmt: skip
        except Refused as no:
            return no.code
        finally:
            connection.close()
        return "set"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(run, range(4))) == ["set", "stale", "stale", "stale"]
    assert PolicyProfile.objects.count() == 1


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


@pytest.mark.parametrize("role", [Role.PROGRAM_LEAD, Role.ADMINISTRATOR])
def test_nobody_is_made_a_participant_here(program: Program, client: Client, role: Role) -> None:
    client.force_login(make.make_staff(program, role))
    person = make.make_staff(program, Role.SCHEDULER)
    form = {"email": "marisol@mail.example", "first_name": "Marisol", "roles": ["participant"]}
    for page in ("/office/people/invite/", reverse("office:give-roles", args=[person.pk])):
        shown = client.get(page)
        assert "Participants get their account on their own page" in shown.content.decode()
        assert "participant" not in dict(shown.context["form"].fields["roles"].choices)
        refused = client.post(page, form)
        assert "no longer there" in " ".join(refused.context["form"].errors["roles"])
    assert not User.objects.filter(email="marisol@mail.example").exists()
    assert not RoleAssignment.objects.filter(role=Role.PARTICIPANT).exists()


def test_a_participants_role_can_be_ended_where_roles_are_shown(
    program: Program, lead: User, client: Client
) -> None:
    held = make.make_staff(program, Role.PARTICIPANT).role_assignments.get()
    url = reverse("office:end-role", args=[held.pk])
    assert url in client.get(PEOPLE).content.decode()
    assert client.post(url).status_code == 302
    assert not RoleAssignment.objects.in_force(today(program)).filter(role="participant").exists()


def test_what_a_facilitator_was_to_lead_waits_on_today_once_the_role_ended(
    program: Program, lead: User, client: Client
) -> None:
    rosa = make.make_staff(program, Role.SUPERVISOR)
    ana = make.make_facilitator(program, first_name="Ana", last_name="Solis", supervisor=rosa)
    day = today(program) + timedelta(days=1)
    make.make_session(make.make_series(program, facilitator=ana), day)
    held = ana.user.role_assignments.get()
    page = reverse("office:end-role", args=[held.pk])
    assert "stays on the schedule until somebody else has it" in client.get(page).content.decode()
    assert "not cleared" not in client.get(reverse("sessions:today")).content.decode()
    assert client.post(page).status_code == 302
    shown = client.get(reverse("sessions:today")).content.decode()
    assert "Ana Solis is not cleared" in shown
    client.force_login(rosa)
    record = client.get(reverse("facilitators:detail", args=[ana.pk])).content.decode()
    assert "The role of peer facilitator ended on" in record
    client.force_login(lead)
    back = {"email": ana.user.email, "first_name": "Ana", "roles": ["facilitator"]}
    assert client.post("/office/people/invite/", back).status_code == 302
    assert "not cleared" not in client.get(reverse("sessions:today")).content.decode()


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
