"""Admit, level of care, discharge, back again, move."""

from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection, connections

from participants.actions.care_team import assign_care_team, end_care_team
from participants.actions.stays import (
    admit_participant,
    change_level_of_care,
    discharge_participant,
    move_to_program,
    plan_discharge,
    readmit_participant,
    reopen_stay,
)
from participants.models import CareTeamMembership, EpisodeOfCare, Participant
from participants.signals import episode_discharged
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import Program
from tests.factories import give_role, make_participant, make_program, make_staff
from tests.participants.worlds import AT, TODAY, stay_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def program() -> Program:
    return make_program()


def admit(program: Program, **given: Any) -> EpisodeOfCare:
    about: dict[str, Any] = {
        "program": program, "record_number": "H1", "first_name": "Ana", "last_name": "Solís",
        "admitted_on": TODAY, "level": "PHP", "by": None, "at": AT,
    }  # fmt: skip
    return admit_participant(**(about | given))


# --- admission --------------------------------------------------------------------------------
def test_an_admission_makes_person_stay_level_contacts_and_consents(program: Program) -> None:
    user = make_staff(program, Role.SCHEDULER)
    stay = admit(
        program, email=" ana@mail.example ", phone="555 555 0120", ok_to_email=True,
        ok_to_text=True, first_name="  Ana ", track="Mood", by=user,
    )  # fmt: skip
    person = stay.participant
    assert person.first_name == "Ana"
    assert [(c.level, c.from_on) for c in stay.levels.all()] == [("PHP", TODAY)]
    assert {c.value for c in person.contacts.all()} == {"ana@mail.example", "+15555550120"}
    assert {(c.channel, c.given_to) for c in person.channel_consents.all()} == {
        ("email", user), ("text", user),
    }  # fmt: skip
    noted = AuditEvent.objects.filter(actor_id=user.pk)
    assert {e.action for e in noted} == {"episode.admitted", "contact.set", "consent.given"}
    assert not any("Ana" in str(e.detail) or "555" in str(e.detail) for e in noted)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"record_number": " "}, "record_number"),
        ({"first_name": "\u200b", "last_name": ""}, "first_name"),
        ({"date_of_birth": TODAY + timedelta(days=1)}, "date_of_birth"),
        ({"date_of_birth": TODAY, "admitted_on": TODAY - timedelta(days=1)}, "admitted_on"),
        ({"admitted_on": TODAY + timedelta(days=93)}, "admitted_on"),
        ({"planned_discharge_on": TODAY - timedelta(days=1)}, "planned_discharge_on"),
        ({"email": "a@b@c"}, "email"),
        ({"phone": "0"}, "phone"),
        ({"ok_to_email": True}, "ok_to_email"),
        ({"level": "DAY"}, "level"),
        ({"referred_from": "moon"}, "referred_from"),
        ({"track": "x" * 61}, "track"),
    ],
)
def test_a_wrong_admission_leaves_nothing_behind(
    program: Program, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(Refused) as refused:
        admit(program, **given)
    assert refused.value.field == field
    assert not Participant.objects.exists()


def test_a_record_number_is_one_persons_in_the_organization(program: Program) -> None:
    admit(program)
    with pytest.raises(Refused) as refused:
        admit(make_program(site=program.site), first_name="Bo")
    assert refused.value.field == "record_number"
    admit(make_program(), first_name="Cy")  # another organization counts on its own


def test_the_same_person_is_asked_about_only_among_those_one_may_see(program: Program) -> None:
    born = date(1990, 4, 5)
    mine, sister = make_staff(program, Role.SCHEDULER), make_program(site=program.site)
    admit(program, date_of_birth=born)
    for again in ({}, {"first_name": "ANA"}, {"first_name": "Maria", "preferred_name": "ana"}):
        with pytest.raises(Refused) as refused:
            admit(program, record_number="H2", date_of_birth=born, by=mine, **again)
        assert refused.value.code == "maybe_same"
    with pytest.raises(Refused):  # a birth date that is not known may be the same
        admit(program, record_number="H2", by=mine)
    admit(program, record_number="H2", date_of_birth=date(1991, 4, 5), by=mine)
    admit(program, record_number="H3", date_of_birth=born, by=mine, different_person=True)
    # A name typed in elsewhere does not tell that somebody is here.
    admit(sister, record_number="H4", date_of_birth=born, by=make_staff(sister, Role.SCHEDULER))


def test_two_same_names_with_other_births_are_two_people(program: Program) -> None:
    admit(program, date_of_birth=date(1990, 1, 1))
    admit(program, record_number="H2", date_of_birth=date(1990, 1, 2))
    assert Participant.objects.count() == 2


# --- level of care ----------------------------------------------------------------------------
def test_a_level_changes_is_corrected_and_repeats_quietly(program: Program) -> None:
    stay = admit(program, admitted_on=date(2026, 2, 27))
    change_level_of_care(episode=stay, level="IOP", from_on=date(2026, 3, 1), by=None, at=AT)
    change_level_of_care(episode=stay, level="IOP", from_on=date(2026, 3, 5), by=None, at=AT)
    assert [(c.level, c.from_on.day) for c in stay.levels.all()] == [("PHP", 27), ("IOP", 1)]
    for on, level in ((date(2026, 2, 28), "PHP"), (date(2026, 3, 1), "IOP")):
        assert EpisodeOfCare.objects.with_level(on).get(pk=stay.pk).level == level
    change_level_of_care(episode=stay, level="PHP", from_on=date(2026, 3, 1), by=None, at=AT)
    assert [c.level for c in stay.levels.all()] == ["PHP", "PHP"]
    with pytest.raises(Refused) as refused:
        change_level_of_care(episode=stay, level="IOP", from_on=date(2026, 2, 26), by=None, at=AT)
    assert refused.value.field == "from_on"


# --- discharge --------------------------------------------------------------------------------
def test_discharge_ends_the_stay_and_the_care_team_and_tells_the_upper_apps_once(
    program: Program,
) -> None:
    stay = admit(program, admitted_on=date(2026, 3, 2))
    now_on, later_on = (make_staff(program, Role.CLINICIAN) for _ in range(2))
    assign_care_team(episode=stay, user=now_on, from_on=date(2026, 3, 2), by=None, at=AT)
    assign_care_team(episode=stay, user=later_on, from_on=date(2026, 3, 20), by=None, at=AT)
    told: list[Any] = []

    def listen(sender: object, **about: Any) -> None:
        told.append((about["episode"].pk, about["on"], connection.in_atomic_block))

    episode_discharged.connect(listen)
    try:
        for _ in range(2):
            discharge_participant(episode=stay, on=TODAY, reason="completed", by=None, at=AT)
    finally:
        episode_discharged.disconnect(listen)
    assert told == [(stay.pk, TODAY, True)]
    assert [(m.user, m.until_on) for m in CareTeamMembership.objects.all()] == [(now_on, TODAY)]
    assert AuditEvent.objects.filter(action="episode.discharged").count() == 1
    with pytest.raises(Refused) as refused:
        discharge_participant(episode=stay, on=date(2026, 3, 9), by=None, at=AT)
    assert "Tue 10 Mar" in refused.value.sentence


def test_a_receiver_that_fails_keeps_the_stay_open(program: Program) -> None:
    stay = admit(program)

    def fail(sender: object, **about: Any) -> None:
        raise Refused("The roster is being changed. Try again.")

    episode_discharged.connect(fail)
    try:
        with pytest.raises(Refused):
            discharge_participant(episode=stay, on=TODAY, by=None, at=AT)
    finally:
        episode_discharged.disconnect(fail)
    stay.refresh_from_db()
    assert stay.discharged_on is None


@pytest.mark.parametrize("on", [date(2026, 3, 9), date(2026, 3, 11)])
def test_a_discharge_lies_between_admission_and_today(program: Program, on: date) -> None:
    stay = admit(program)
    with pytest.raises(Refused) as refused:
        discharge_participant(episode=stay, on=on, by=None, at=AT)
    assert refused.value.field == "on"


def test_today_is_the_sites_day_at_the_end_of_a_month() -> None:
    """00:30 UTC on 1 April: still March in New York, well into April in Auckland."""
    at = datetime(2026, 4, 1, 0, 30, tzinfo=UTC)
    for zone, day in (
        ("America/New_York", date(2026, 3, 31)),
        ("Pacific/Auckland", date(2026, 4, 1)),
    ):
        stay = admit(make_program(zone=zone), admitted_on=date(2026, 3, 2))
        with pytest.raises(Refused):
            discharge_participant(episode=stay, on=day + timedelta(days=1), by=None, at=at)
        discharge_participant(episode=stay, on=day, by=None, at=at)


def test_a_planned_discharge_ends_nothing_and_goes_away_again(program: Program) -> None:
    stay = admit(program)
    plan_discharge(episode=stay, on=date(2026, 3, 20), by=None, at=AT)
    plan_discharge(episode=stay, on=date(2026, 3, 20), by=None, at=AT)
    assert AuditEvent.objects.filter(action="discharge.planned").count() == 1
    assert stay_of(stay.participant).discharged_on is None
    with pytest.raises(Refused):
        plan_discharge(episode=stay, on=date(2026, 3, 9), by=None, at=AT)
    plan_discharge(episode=stay, on=None, by=None, at=AT)
    assert stay_of(stay.participant).planned_discharge_on is None


def test_a_closed_stay_takes_no_change(program: Program) -> None:
    stay = admit(program)
    clinician = make_staff(program, Role.CLINICIAN)
    discharge_participant(episode=stay, on=TODAY, by=None, at=AT)
    for act in (
        lambda: plan_discharge(episode=stay, on=TODAY, by=None, at=AT),
        lambda: change_level_of_care(episode=stay, level="IOP", from_on=TODAY, by=None, at=AT),
        lambda: assign_care_team(episode=stay, user=clinician, from_on=TODAY, by=None, at=AT),
    ):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.code == "closed"


# --- back again, and elsewhere ----------------------------------------------------------------
def test_coming_back_is_a_new_stay_from_the_day_after(program: Program) -> None:
    stay = admit(program)
    person = stay.participant
    about: dict[str, Any] = {
        "participant": person,
        "program": program,
        "level": "IOP",
        "by": None,
        "at": AT,
    }
    with pytest.raises(Refused) as refused:
        readmit_participant(admitted_on=date(2026, 3, 12), **about)
    assert refused.value.code == "open_stay"
    discharge_participant(episode=stay, on=TODAY, by=None, at=AT)
    with pytest.raises(Refused) as refused:
        readmit_participant(admitted_on=TODAY, **about)
    assert "Wed 11 Mar" in refused.value.sentence
    again = readmit_participant(admitted_on=date(2026, 3, 11), **about)
    assert again.pk != stay.pk
    assert person.episodes.count() == 2


def test_a_discharge_by_mistake_is_taken_back_while_no_newer_stay_has_begun(
    program: Program,
) -> None:
    stay = admit(program)
    discharge_participant(episode=stay, on=TODAY, reason="completed", by=None, at=AT)
    for _ in range(2):
        reopen_stay(episode=stay, by=None, at=AT)
    stay.refresh_from_db()
    assert (stay.discharged_on, stay.discharge_reason) == (None, "")
    (event,) = AuditEvent.objects.filter(action="episode.reopened")
    assert event.detail == {"was": "2026-03-10"}
    discharge_participant(episode=stay, on=TODAY, reason="completed", by=None, at=AT)
    readmit_participant(
        participant=stay.participant, program=program, admitted_on=date(2026, 3, 11),
        level="PHP", by=None, at=AT,
    )  # fmt: skip
    with pytest.raises(Refused) as refused:
        reopen_stay(episode=stay, by=None, at=AT)
    assert refused.value.code == "newer_stay"


def test_nobody_is_readmitted_into_another_organization(program: Program) -> None:
    stay = admit(program)
    discharge_participant(episode=stay, on=TODAY, by=None, at=AT)
    with pytest.raises(Refused):
        readmit_participant(
            participant=stay.participant, program=make_program(), admitted_on=date(2026, 3, 11),
            level="PHP", by=None, at=AT,
        )  # fmt: skip


def test_moving_needs_the_role_in_both_programs(program: Program) -> None:
    sister = make_program(site=program.site)
    user = make_staff(program, Role.SCHEDULER)
    stay = admit(
        program, admitted_on=date(2026, 3, 2), email="a@b.example", ok_to_email=True, track="Mood"
    )
    about: dict[str, Any] = {
        "episode": stay, "program": sister, "last_on": TODAY, "first_on": date(2026, 3, 11),
        "level": "IOP", "by": user, "at": AT,
    }  # fmt: skip
    with pytest.raises(Refused) as refused:
        move_to_program(**about)
    assert refused.value.field == "program"
    give_role(user, sister, Role.CLINICIAN)
    with pytest.raises(Refused):
        move_to_program(**about)
    give_role(user, sister, Role.SCHEDULER)
    with pytest.raises(Refused) as refused:
        move_to_program(**about | {"first_on": TODAY})
    assert refused.value.field == "first_on"
    with pytest.raises(Refused) as refused:
        move_to_program(**about | {"last_on": date(2026, 3, 11), "first_on": date(2026, 3, 12)})
    assert refused.value.field == "last_on"
    stay.refresh_from_db()
    assert stay.discharged_on is None
    there = move_to_program(**about)
    stay.refresh_from_db()
    assert (stay.discharged_on, stay.discharge_reason) == (TODAY, "moved")
    assert (there.program, there.admitted_on, there.track) == (sister, date(2026, 3, 11), "Mood")
    assert there.participant.channel_consents.filter(revoked_at=None).exists()
    with pytest.raises(Refused) as refused:
        move_to_program(**about)  # a second click
    assert refused.value.code == "closed"


def test_a_sealed_chart_takes_no_stay(program: Program) -> None:
    person = make_participant(program, sealed_at=AT)
    with pytest.raises(Refused) as refused:
        plan_discharge(episode=stay_of(person), on=TODAY, by=None, at=AT)
    assert refused.value.code == "sealed"


# --- care team --------------------------------------------------------------------------------
def test_the_care_team_is_of_clinicians_once_at_a_time(program: Program) -> None:
    stay = admit(program, admitted_on=date(2026, 3, 2))
    clinician = make_staff(program, Role.CLINICIAN)
    for other in (
        make_staff(program, Role.FACILITATOR),
        make_staff(make_program(), Role.CLINICIAN),
    ):
        with pytest.raises(Refused) as refused:
            assign_care_team(episode=stay, user=other, from_on=TODAY, by=None, at=AT)
        assert refused.value.code == "not_clinician"
    with pytest.raises(Refused):
        assign_care_team(episode=stay, user=clinician, from_on=date(2026, 3, 1), by=None, at=AT)
    member = assign_care_team(episode=stay, user=clinician, from_on=TODAY, by=None, at=AT)
    assert assign_care_team(episode=stay, user=clinician, from_on=TODAY, by=None, at=AT) == member
    with pytest.raises(Refused):
        assign_care_team(episode=stay, user=clinician, from_on=date(2026, 3, 5), by=None, at=AT)
    with pytest.raises(Refused):
        end_care_team(membership=member, until_on=date(2026, 3, 9), by=None, at=AT)
    for _ in range(2):
        end_care_team(membership=member, until_on=TODAY, by=None, at=AT)
    assert AuditEvent.objects.filter(action="care_team.ended").count() == 1
    again = assign_care_team(
        episode=stay, user=clinician, from_on=date(2026, 3, 11), by=None, at=AT
    )
    assert again != member


# --- races ------------------------------------------------------------------------------------
def at_once(*acts: Any) -> list[Any]:
    """What several people get who act at the same moment: a result or the refusal."""
    gate, results = Barrier(len(acts)), [None] * len(acts)

    def run(place: int, act: Any) -> None:
        gate.wait()
        try:
            results[place] = act()
        except Exception as fault:
            results[place] = fault
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=(place, act)) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.django_db(transaction=True)
def test_of_many_who_admit_one_person_at_once_one_wins() -> None:
    program = make_program()
    user = make_staff(program, Role.SCHEDULER)
    results = at_once(
        *[lambda: admit(program, by=user) for _ in range(4)],
        *[lambda n=n: admit(program, by=user, record_number=f"H9{n}") for n in range(4)],
    )
    won = [r for r in results if isinstance(r, EpisodeOfCare)]
    refused = [r for r in results if isinstance(r, Refused)]
    assert (len(won), len(refused)) == (1, 7), results
    assert {r.code for r in refused} <= {"record_number", "maybe_same"}
    assert Participant.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_who_readmit_or_discharge_at_once_one_wins() -> None:
    program = make_program()
    stay = admit(program)
    ended = at_once(
        *[
            lambda: discharge_participant(episode=stay, on=TODAY, reason="other", by=None, at=AT)
            for _ in range(4)
        ]
    )
    assert all(isinstance(r, EpisodeOfCare) for r in ended), ended
    assert AuditEvent.objects.filter(action="episode.discharged").count() == 1
    results = at_once(
        *[
            lambda: readmit_participant(
                participant=stay.participant, program=program, admitted_on=date(2026, 3, 11),
                level="PHP", by=None, at=AT,
            )
            for _ in range(4)
        ]
    )  # fmt: skip
    assert sum(isinstance(r, EpisodeOfCare) for r in results) == 1, results
    assert {r.code for r in results if isinstance(r, Refused)} == {"open_stay"}


@pytest.mark.parametrize(
    ("days", "code"),
    [
        ({"admitted_on": date(2026, 4, 1)}, "open_stay"),
        ({"admitted_on": TODAY, "discharged_on": TODAY}, "overlap"),
    ],
)
def test_the_database_is_the_last_guard(program: Program, days: dict[str, date], code: str) -> None:
    """A write that slips past the checks is told in the same words."""
    from participants.actions.stays import GUARDS
    from phpsupport.lib.constraints import last_guard

    stay = admit(program)
    with pytest.raises(Refused) as refused, last_guard(GUARDS):
        EpisodeOfCare.objects.create(participant=stay.participant, program=program, **days)
    assert refused.value.code == code
