"""What blocks can be set aside by the role that the policy names, with a reason, and stays visible;
what warns asks for a yes; what is ignored says nothing."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from phpsupport.access.roles import Role
from phpsupport.programs.models import PolicyProfile, Program
from phpsupport.users.models import User
from sessions.models import GroupSession, RuleOverride, SessionFacilitator
from sessions.queries.rules import word_of
from tests.factories import (
    make_facilitator,
    make_group,
    make_program,
    make_room,
    make_series,
    make_session,
    make_staff,
)
from tests.sessions.looking import look, look_and_do

NOW = datetime(2026, 11, 18, 15, 20, tzinfo=UTC)  # a Wednesday, 10:20 in New York
FRIDAY = date(2026, 11, 20)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def program() -> Program:
    return make_program("Harbor Day Program")


@pytest.fixture
def session(program: Program) -> GroupSession:
    """Friday at 10:00 in Garden; Harbor is taken at that time."""
    harbor = make_room(program, "Harbor")
    make_session(make_series(program, room=harbor, group=make_group(program, "Circle")), FRIDAY)
    garden = make_room(program, "Garden")
    ana = make_facilitator(program, first_name="Ana", last_name="Solís")
    return make_session(make_series(program, room=garden, facilitator=ana), FRIDAY)


def sign_in(client: Client, program: Program, *roles: Role) -> User:
    user = make_staff(program, *roles)
    client.force_login(user)
    return user


def set_rules(program: Program, **rules: Any) -> None:
    PolicyProfile.objects.update_or_create(
        program=program, effective_from="2026-01-01", defaults={"rules": rules, "set_at": NOW}
    )


def move(client: Client, session: GroupSession, **more: Any) -> Any:
    harbor = session.room.site.rooms.get(name="Harbor")
    asked = {"on": FRIDAY.isoformat(), "starts": "10:00", "ends": "10:50", "room": harbor.pk}
    url = reverse("sessions:session-move", args=[session.pk])
    again = {name: more.pop(name) for name in list(more) if name in asked}
    return look_and_do(client, url, asked | again, **more)


TAKEN = "Harbor is taken by Circle until 10:50."


def test_a_scheduler_may_not_set_a_block_aside(
    client: Client, program: Program, session: GroupSession
) -> None:
    sign_in(client, program, Role.SCHEDULER)
    page = move(client, session).content.decode()
    assert TAKEN in page
    assert 'name="override_reason"' not in page
    again = move(client, session, override_reason="I want to", accept="1").content.decode()
    assert "Your role may not set this aside." in again
    session.refresh_from_db()
    assert session.room.name == "Garden"
    assert not RuleOverride.objects.exists()


def test_a_lead_gives_a_reason_and_it_stays_visible(
    client: Client, program: Program, session: GroupSession
) -> None:
    lead = sign_in(client, program, Role.PROGRAM_LEAD)
    page = move(client, session).content.decode()
    assert TAKEN in page
    assert 'name="override_reason"' in page
    blank = move(client, session, override_reason="   ")
    assert blank.status_code == 200
    done = move(client, session, override_reason="The two groups meet as one today")
    assert done.status_code == 302
    session.refresh_from_db()
    assert (session.room.name, session.shares_room) == ("Harbor", True)
    page = client.get(reverse("sessions:session", args=[session.pk])).content.decode()
    assert "Set aside" in page
    assert "Room taken" in page
    assert TAKEN in page
    assert f"{lead.name}, Wed 18 Nov 2026, 10:20: “The two groups meet as one today”" in page
    week = client.get(reverse("sessions:week")).content.decode()
    assert week.count("a rule is set aside") == 2  # beside the name, and where a pointer rests
    days = {"start": "2026-11-16", "end": "2026-11-23"}
    events = client.get(reverse("sessions:week-events"), days)
    assert events.content.decode().count("a rule is set aside") == 1


def test_the_policy_names_who_may(client: Client, program: Program, session: GroupSession) -> None:
    set_rules(program, override_by=["scheduler"])
    sign_in(client, program, Role.PROGRAM_LEAD)
    assert "Your role may not" in move(client, session, override_reason="x").content.decode()
    sign_in(client, program, Role.SCHEDULER)
    assert move(client, session, override_reason="One group today").status_code == 302
    # Another program's role gives no right here.
    set_rules(program, override_by=[])
    assert word_of(RuleOverride.objects.get().rule) == "Room taken"


def test_a_warning_asks_for_a_yes_and_what_is_ignored_is_silent(
    client: Client, program: Program, session: GroupSession
) -> None:
    set_rules(program, rule_room="warn")
    sign_in(client, program, Role.SCHEDULER)
    page = move(client, session).content.decode()
    assert "Please look at this first." in page
    assert TAKEN in page
    assert 'name="accept"' in page
    assert 'name="override_reason"' not in page
    assert move(client, session, accept="1").status_code == 302
    session.refresh_from_db()
    assert session.shares_room
    assert not RuleOverride.objects.exists()


def test_an_ignored_rule_lets_a_room_be_shared(
    client: Client, program: Program, session: GroupSession
) -> None:
    set_rules(program, rule_room="ignore")
    sign_in(client, program, Role.SCHEDULER)
    assert move(client, session).status_code == 302
    session.refresh_from_db()
    assert session.shares_room


def test_a_person_can_be_booked_twice_by_who_may(
    client: Client, program: Program, session: GroupSession
) -> None:
    sign_in(client, program, Role.PROGRAM_LEAD)
    bea = make_facilitator(program, first_name="Bea", last_name="Park")
    make_session(make_series(program, facilitator=bea, group=make_group(program, "Art")), FRIDAY)
    url = reverse("sessions:session-staff", args=[session.pk])
    page = look(client, url, {"lead": bea.pk}).content.decode()
    assert "Bea Park is busy with Art until 10:50." in page
    reason = "They look after each other"
    done = look_and_do(client, url, {"lead": bea.pk}, override_reason=reason)
    assert done.status_code == 302
    assert SessionFacilitator.objects.get(session=session).shares_time
    # A later change of the room neither asks again nor forgets it.
    room = make_room(program, "Studio")
    assert move(client, session, room=room.pk).status_code == 302
    assert SessionFacilitator.objects.get(session=session).shares_time


def test_a_block_and_a_warning_are_answered_on_one_page(
    client: Client, program: Program, session: GroupSession
) -> None:
    sign_in(client, program, Role.PROGRAM_LEAD)
    harbor = session.room.site.rooms.get(name="Harbor")
    harbor.opens, harbor.closes = time(11), time(17)
    harbor.save()
    page = move(client, session).content.decode()
    assert TAKEN in page
    assert 'name="override_reason"' in page
    assert 'name="accept"' in page
    kept = move(client, session, override_reason="As one group").content.decode()
    assert "Harbor can be used from 11:00 to 17:00 only." in kept
    assert 'value="As one group"' in kept
    assert move(client, session, override_reason="As one group", accept="1").status_code == 302
    assert RuleOverride.objects.get().rule == "rule_room"


def test_who_leads_sees_that_something_was_set_aside_but_not_about_whom(
    client: Client, program: Program, session: GroupSession
) -> None:
    lead = make_staff(program, Role.PROGRAM_LEAD)
    RuleOverride.objects.create(
        program=program, session=session, rule="rule_interest", at=NOW, by=lead,
        sentence="Keep apart: Bea Park and somebody on this roster.", reason="Both asked for it",
    )  # fmt: skip
    client.force_login(session.assignments.get().person)
    url = reverse("sessions:session", args=[session.pk])
    page = client.get(url).content.decode()
    assert "Keep apart" in page
    assert "Bea Park" not in page
    client.force_login(make_facilitator(program).user)
    assert "Both asked for it" not in client.get(url).content.decode()
    sign_in(client, program, Role.SCHEDULER)
    assert "Bea Park" in client.get(url).content.decode()


def test_the_page_takes_one_query_for_one_rule_and_for_three(
    client: Client, program: Program, session: GroupSession, django_assert_max_num_queries: Any
) -> None:
    lead = sign_in(client, program, Role.PROGRAM_LEAD)
    url = reverse("sessions:session", args=[session.pk])
    numbers = []
    for rule in ("rule_room", "rule_rest", "rule_gone"):
        RuleOverride.objects.create(
            program=program, session=session, rule=rule, sentence=f"About {rule}.", reason="Why",
            by=lead, at=NOW,
        )  # fmt: skip
        client.get(url)
        with django_assert_max_num_queries(12) as asked:
            page = client.get(url).content.decode()
        numbers.append(len(asked))
        assert f"About {rule}." in page
    assert len(set(numbers)) == 1
