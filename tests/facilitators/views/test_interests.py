"""Conflicts of interest: declared in under a minute, kept from eyes that need not see, ended and
never deleted; who plans hears that two are to be kept apart, and nothing of why."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.urls import reverse

from facilitators.actions.interests import declare_interest, end_interest
from facilitators.models import ConflictOfInterest, Facilitator, Relation, Stage
from facilitators.queries.interests import pairs
from participants.models import Participant
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.lib.errors import Refused
from phpsupport.outbox.delivery import deliver
from phpsupport.outbox.models import OutboxMessage, State
from phpsupport.programs.models import PolicyProfile
from phpsupport.users.models import User
from sessions.models import GroupSession, RuleOverride, SessionState
from sessions.queries.touched import still_open
from tests import factories as make

NOW = datetime(2026, 11, 18, 15, 20, tzinfo=UTC)  # a Wednesday, 10:20 in New York
LIST = "/facilitators/keep-apart/"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


class World:
    """Ana leads a group in which Marisol has a place; Rosa supervises Ana."""

    def __init__(self) -> None:
        self.program = make.make_program("Harbor Day Program")
        self.rosa = make.make_staff(self.program, Role.SUPERVISOR, first_name="Rosa")
        self.lead = make.make_staff(self.program, Role.PROGRAM_LEAD, first_name="Gloria")
        self.scheduler = make.make_staff(self.program, Role.SCHEDULER, first_name="Priya")
        self.ana = make.make_facilitator(
            self.program, first_name="Ana", last_name="Solís", supervisor=self.rosa
        )
        self.marisol = make.make_participant(
            self.program, first_name="Marisol", last_name="Vega-Quillon"
        )
        group = make.make_group(self.program, "Circle")
        self.series = make.make_series(self.program, facilitator=self.ana, group=group)
        make.enroll(self.series, self.marisol)
        self.session = make.make_session(self.series, date(2026, 11, 23))

    def declare(self, **more: Any) -> ConflictOfInterest:
        asked: dict[str, Any] = {
            "facilitator": self.ana, "participant": self.marisol, "relation": Relation.SPONSOR,
            "by": self.ana.user, "at": NOW,
        }  # fmt: skip
        return declare_interest(**asked | more)


@pytest.fixture
def world() -> World:
    return World()


# --- declaring -----------------------------------------------------------------------------------------
def test_a_facilitator_declares_one_from_my_practice(world: World, client: Client) -> None:
    client.force_login(world.ana.user)
    url = reverse("facilitators:interest-declare")
    assert url in client.get(reverse("facilitators:my-practice")).content.decode()
    page = client.post(url, {"q": "maris", "find": "1"}).content.decode()
    assert "Marisol V." in page
    assert "Vega-Quillon" not in page
    form = {
        "facilitator": world.ana.pk, "participant": world.marisol.pk, "relation": "sponsor",
        "note": "We meet on Tuesdays.",
    }  # fmt: skip
    done = client.post(url, form | {"q": "maris"}, follow=True).content.decode()
    assert "It is declared." in done
    assert "Sponsor or sponsored" in done
    assert "We meet on Tuesdays." in done
    found = ConflictOfInterest.objects.get()
    assert (found.declared_by, found.declared_at) == (world.ana.user, NOW)
    event = AuditEvent.objects.get(action="conflict_of_interest.declared")
    assert event.object_id == found.pk
    assert "sponsor" not in str(event.detail)
    assert pairs([world.ana.pk], [world.marisol.pk]) == {(world.ana.pk, world.marisol.pk)}


def test_the_same_pair_is_declared_once(world: World, client: Client) -> None:
    world.declare()
    with pytest.raises(Refused, match="declared already"):
        world.declare(by=world.rosa)
    client.force_login(world.ana.user)
    form = {"facilitator": world.ana.pk, "participant": world.marisol.pk, "relation": "kin"}
    page = client.post(reverse("facilitators:interest-declare"), form).content.decode()
    assert "This is declared already." in page
    assert ConflictOfInterest.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"relation": "nosy"}, "how they know each other"),
        ({"relation": ""}, "how they know each other"),
        ({"participant": "stranger"}, "participant of this program"),
        ({"participant": "sealed"}, "participant of this program"),
        ({"participant": "self"}, "with themselves"),
        ({"facilitator": "ended"}, "no longer works here"),
    ],
)
def test_what_makes_no_sense_is_refused(world: World, change: dict[str, Any], said: str) -> None:
    if change.get("participant") == "stranger":
        change = {"participant": make.make_participant(make.make_program())}
    elif change.get("participant") == "sealed":
        Participant.objects.update(sealed_at=NOW)
        world.marisol.refresh_from_db()
        change = {}
    elif change.get("participant") == "self":
        change = {"participant": make.make_participant(world.program, user=world.ana.user)}
    elif "facilitator" in change:
        Facilitator.objects.update(stage=Stage.ENDED)
        change = {}
    with pytest.raises(Refused, match=said):
        world.declare(**change)
    assert not ConflictOfInterest.objects.exists()


def test_a_facilitator_finds_only_people_of_their_own_groups(world: World, client: Client) -> None:
    stranger = make.make_participant(world.program, first_name="Zelda")
    client.force_login(world.ana.user)
    url = reverse("facilitators:interest-declare")
    assert "Zelda" not in client.get(url).content.decode()
    form = {"facilitator": world.ana.pk, "participant": stranger.pk, "relation": "kin"}
    assert client.post(url, form).context["form"].errors["participant"]
    client.force_login(world.lead)
    assert "Zelda" in client.post(url, {"q": "zel", "find": "1"}).content.decode()
    assert client.post(url, form).status_code == 302


def test_nobody_declares_for_somebody_elses_people(world: World, client: Client) -> None:
    other = make.make_facilitator(
        world.program, supervisor=make.make_staff(world.program, Role.SUPERVISOR)
    )
    url = reverse("facilitators:interest-declare")
    form = {"facilitator": other.pk, "participant": world.marisol.pk, "relation": "kin"}
    for user in (world.ana.user, world.rosa):
        client.force_login(user)
        assert client.post(url, form).context["form"].errors["facilitator"]
    assert not ConflictOfInterest.objects.exists()
    client.force_login(world.rosa)
    form["facilitator"] = world.ana.pk
    assert client.post(url, form).status_code == 302


def test_namesakes_are_told_apart(world: World, client: Client) -> None:
    twin = make.make_participant(
        world.program, first_name="Marisol", last_name="Vu", record_number="H777"
    )
    make.enroll(world.series, twin)
    client.force_login(world.ana.user)
    page = client.get(reverse("facilitators:interest-declare")).content.decode()
    assert "Marisol V. · H777" in page
    assert f"Marisol V. · {world.marisol.record_number}" in page


# --- who sees it ------------------------------------------------------------------------------------------
def test_only_who_needs_to_see_the_relation_does(world: World, client: Client) -> None:
    interest = world.declare(note="We meet on Tuesdays.")
    url = reverse("facilitators:interest", args=[interest.pk])
    for user in (world.ana.user, world.rosa, world.lead):
        client.force_login(user)
        assert "Sponsor or sponsored" in client.get(url).content.decode()
        assert AuditEvent.objects.filter(object_id=interest.pk, actor_id=user.pk).exists()
    strangers: list[tuple[User, int]] = [
        (make.make_facilitator(world.program).user, 404),
        (make.make_staff(world.program, Role.SUPERVISOR), 404),
        (make.make_staff(make.make_program(), Role.PROGRAM_LEAD), 404),
        (world.scheduler, 403),
        (make.make_staff(world.program, Role.CLINICIAN), 403),
    ]
    for user, status in strangers:
        client.force_login(user)
        assert client.get(url).status_code == status
        if status == 404:
            assert "Ana Solís and" not in client.get(LIST).content.decode()


def test_a_sealed_chart_is_not_named(world: World, client: Client) -> None:
    interest = world.declare()
    Participant.objects.update(sealed_at=NOW)
    client.force_login(world.lead)
    assert client.get(reverse("facilitators:interest", args=[interest.pk])).status_code == 404
    assert "Ana Solís" not in client.get(LIST).content.decode()


def test_the_list_takes_as_many_queries_for_one_as_for_three(
    world: World, client: Client, django_assert_max_num_queries: Any
) -> None:
    client.force_login(world.rosa)
    numbers = []
    for url in (LIST, reverse("facilitators:interest-declare")):
        client.get(url)
    for n in range(3):
        person = make.make_participant(world.program, first_name=f"P{n}")
        make.enroll(world.series, person)
        world.declare(participant=person, by=world.rosa)
        for url in (LIST, reverse("facilitators:interest-declare")):
            with django_assert_max_num_queries(12) as asked:
                assert f"P{n}" in client.get(url).content.decode()
            numbers.append(len(asked))
    assert len(set(numbers[::2])) == len(set(numbers[1::2])) == 1


# --- ending -------------------------------------------------------------------------------------------------
def test_ending_keeps_it_on_record(world: World, client: Client) -> None:
    interest = world.declare()
    url = reverse("facilitators:interest-end", args=[interest.pk])
    client.force_login(world.ana.user)
    assert client.post(url).status_code == 403
    client.force_login(world.rosa)
    assert client.get(url).status_code == 405
    assert "It is ended." in client.post(url, follow=True).content.decode()
    assert "ended already" in client.post(url, follow=True).content.decode()
    interest.refresh_from_db()
    assert interest.ended_at == NOW
    assert AuditEvent.objects.filter(action="conflict_of_interest.ended").count() == 1
    assert pairs([world.ana.pk], [world.marisol.pk]) == set()
    assert "ended" in client.get(LIST).content.decode()
    world.declare()  # it can hold again
    assert ConflictOfInterest.objects.count() == 2


def test_nobody_ends_their_own(world: World, client: Client) -> None:
    """A lead who leads groups as well asks somebody else."""
    own = make.make_facilitator(world.program, user=world.lead)
    interest = world.declare(facilitator=own, by=world.lead)
    client.force_login(world.lead)
    page = client.post(reverse("facilitators:interest-end", args=[interest.pk]))
    assert page.status_code == 403
    end_interest(interest=interest, by=world.rosa, at=NOW)
    with pytest.raises(Refused, match="ended already"):
        end_interest(interest=interest, by=world.rosa, at=NOW)


# --- what planners hear -----------------------------------------------------------------------------------------
def to_planners() -> set[Any]:
    rows = OutboxMessage.objects.filter(kind="plan_awaits")
    return set(rows.values_list("recipient_id", flat=True))


def test_who_plans_hears_without_the_why(world: World, client: Client) -> None:
    interest = world.declare()
    assert to_planners() == {world.scheduler.pk, world.lead.pk}
    deliver(at=NOW)
    assert {m.to[0] for m in mail.outbox} == {world.scheduler.email, world.lead.email}
    for letter in mail.outbox:
        words = f"{letter.subject} {letter.body}"
        assert not [w for w in ("Ana", "Marisol", "ponsor", "apart", "Circle") if w in words]
    [found] = still_open(world.program, at=NOW)
    assert (found.words, found.line) == (
        "Keep apart: two people on one roster",
        "Circle, 1 session, the first on Mon 23 Nov",
    )
    client.force_login(world.scheduler)
    assert found.words in client.get(reverse("sessions:today")).content.decode()
    page = client.get(reverse("sessions:session", args=[world.session.pk])).content.decode()
    assert "Keep apart: two people on this roster." in page
    assert "ponsor" not in page
    client.force_login(make.make_staff(world.program, Role.CLINICIAN))
    page = client.get(reverse("sessions:session", args=[world.session.pk])).content.decode()
    assert "Keep apart" not in page
    end_interest(interest=interest, by=world.rosa, at=NOW)
    assert still_open(world.program, at=NOW) == []


@pytest.mark.parametrize("why", ["past", "cancelled", "left", "ignored", "set aside", "elsewhere"])
def test_nothing_is_told_where_the_two_do_not_meet(world: World, why: str) -> None:
    if why == "past":
        then = {"starts_at": "2026-11-17T15:00Z", "ends_at": "2026-11-17T16:00Z"}
        GroupSession.objects.update(**then)
        world.session.assignments.update(**then)
    elif why == "cancelled":
        GroupSession.objects.update(state=SessionState.CANCELLED)
    elif why == "left":
        world.series.enrollments.update(until_on="2026-11-22")
    elif why == "ignored":
        for day, rules in (
            ("2026-01-01", {"rule_interest": "ignore"}),
            ("2026-02-01", {"group_cap": 8}),
        ):
            PolicyProfile.objects.create(
                program=world.program, effective_from=day, rules=rules, set_at=NOW
            )
    elif why == "set aside":
        RuleOverride.objects.create(
            program=world.program, session=world.session, rule="rule_interest", sentence="x",
            reason="x", by=world.lead, at=NOW,
        )  # fmt: skip
    else:
        world.session.assignments.update(facilitator=make.make_facilitator(world.program))
        world.session.assignments.update(person=make.make_user())
    world.declare()
    assert to_planners() == set()
    assert still_open(world.program, at=NOW) == []


def test_a_later_policy_counts_from_its_day(world: World) -> None:
    for day, level in (("2026-01-01", "block"), ("2026-11-19", "ignore")):
        PolicyProfile.objects.create(
            program=world.program, effective_from=day, rules={"rule_interest": level}, set_at=NOW
        )
    world.declare()
    assert to_planners() == {world.scheduler.pk, world.lead.pk}


def test_a_message_is_withheld_once_it_is_settled(world: World) -> None:
    interest = world.declare()
    end_interest(interest=interest, by=world.rosa, at=NOW)
    deliver(at=NOW)
    assert mail.outbox == []
    states = set(OutboxMessage.objects.filter(kind="plan_awaits").values_list("state", flat=True))
    assert states == {State.WITHHELD}
