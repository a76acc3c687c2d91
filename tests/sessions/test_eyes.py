"""Whose eyes a name, a note or a count is for."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from django.urls import reverse

from facilitators.models import Facilitator
from participants.models import CareTeamMembership, Participant
from phpsupport.access.roles import Role
from sessions import policies
from sessions.actions.signing import findings_in
from sessions.models import ProgressNote, Status
from sessions.queries.board import notes_waiting
from sessions.queries.desk import desk
from sessions.queries.record import record_of
from tests.factories import give_role, make_participant, make_program, make_staff, make_user
from tests.sessions.worlds import AFTER, make_world

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("role", "whole"),
    [(Role.SUPERVISOR, False), (Role.CLINICIAN, True), (Role.SCHEDULER, True)],
)
def test_a_supervisor_sees_no_surname_in_rosters(client, role, whole):
    world = make_world()
    first = world.people[0]
    reader = world.supervisor if role == Role.SUPERVISOR else make_staff(world.program, role)
    client.force_login(reader)
    for page, pk in (("series", world.series.pk), ("participant-groups", first.pk)):
        text = client.get(reverse(f"sessions:{page}", args=[pk])).content.decode()
        assert "Marisol" in text
        assert ("Rivera" in text) is whole, page
        assert page == "participant-groups" or (first.record_number in text) is whole


@pytest.mark.parametrize(
    ("zone", "at", "treats"),
    [
        # The evening of the last day in New York is the next day in UTC.
        ("America/New_York", datetime(2026, 3, 4, 2, tzinfo=UTC), True),
        ("America/New_York", datetime(2026, 3, 4, 6, tzinfo=UTC), False),
        # The morning after it in Auckland is still the last day in UTC.
        ("Pacific/Auckland", datetime(2026, 3, 3, 20, tzinfo=UTC), False),
    ],
)
def test_the_care_team_lasts_for_the_days_at_the_site(zone, at, treats):
    program = make_program(zone=zone)
    clinician, person = make_staff(program, Role.CLINICIAN), make_participant(program)
    CareTeamMembership.objects.create(
        episode=person.episodes.get(), user=clinician, from_on=date(2026, 3, 1),
        until_on=date(2026, 3, 3),
    )  # fmt: skip
    with time_machine.travel(at, tick=False):
        found = policies.with_reader(Participant.objects.all(), clinician, at).get(pk=person.pk)
        assert found.treated is treats


def test_notes_here_do_not_open_by_a_care_team_of_a_program_where_the_role_ended():
    world = make_world()
    world.signed()
    other = make_program(site=world.program.site)
    clinician = make_staff(world.program, Role.CLINICIAN)
    person = world.people[0]
    person.episodes.update(discharged_on=date(2026, 3, 4))
    stay = person.episodes.create(program=other, admitted_on=date(2026, 3, 5))
    CareTeamMembership.objects.create(episode=stay, user=clinician, from_on=date(2026, 3, 5))
    with time_machine.travel(datetime(2026, 3, 9, 15, tzinfo=UTC), tick=False):
        assert not ProgressNote.objects.visible_to(clinician).exists()


def test_why_another_name_stands_is_not_for_the_participant():
    world = make_world()
    me = make_user()
    give_role(me, world.program, Role.PARTICIPANT)
    person = world.people[0]
    person.user = me
    person.save()
    world.mark(Status.PRESENT, Status.LATE)
    world.write("I rang Bea.", "A good day.")
    found = findings_in(desk(world.session), group=True, parts=[p.pk for p in world.people[:2]])
    world.sign(explained={f.key: "Bea Kowalski is her sister." for f in found})

    def told(user, own):
        record = record_of(participant=person, user=user, zone=world.program.zone, own=own)
        return [entry.words for note in record.notes for entry in note.entries]

    assert told(world.leader, False) == ["Bea Kowalski is her sister."]
    assert told(me, True) == []


def test_a_note_of_a_sealed_chart_waits_for_nobody():
    world = make_world()
    world.signed()
    ids = list(Facilitator.objects.values_list("pk", flat=True))

    def words():
        return notes_waiting(world.supervisor, world.program, ids, AFTER)[ids[0]].words

    assert words() == "3 notes"
    world.people[0].sealed_at = AFTER
    world.people[0].save()
    assert words() == "2 notes"
