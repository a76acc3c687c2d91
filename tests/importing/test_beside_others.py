"""An import while somebody works on the same people, and people whom another program keeps."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Event

import pytest
from django.db import connection, transaction

from participants.actions.account import invite_participant
from participants.actions.contacts import give_consent, set_contact
from participants.actions.stays import admit_participant, discharge_participant
from participants.models import ChannelConsent, ContactPoint, EpisodeOfCare, Participant
from phpsupport.access.actions import invitation_token, open_invitation
from phpsupport.access.roles import Role
from phpsupport.importing.actions import import_files
from phpsupport.importing.report import State
from sessions.actions.rejudging import rejudge
from sessions.models import Enrollment
from tests.factories import (
    make_facilitator,
    make_group,
    make_participant,
    make_program,
    make_series,
    make_session,
    make_staff,
)
from tests.importing.sets import NOW

HEAD = (
    "record_number,first_name,last_name,email,pronouns,ok_to_email,admitted_on,discharged_on,"
    "level_of_care\n"
)


def bring_in(program, **files):
    sent = [(f"{kind}.csv", text.encode()) for kind, text in files.items()]
    return import_files(program=program, files=sent, by=None, at=NOW)


@pytest.mark.django_db(transaction=True)
def test_a_place_does_not_outlive_a_stay_that_ends_at_the_same_moment():
    program = make_program()
    group = make_group(program, "Open Morning")
    make_series(program, group=group, from_on=date(2026, 9, 7), until_on=date(2027, 3, 1))
    person = make_participant(program, record_number="B1", admitted_on=date(2026, 9, 7))
    discharged, started = Event(), Event()

    def leave():
        try:
            with transaction.atomic():
                discharge_participant(
                    episode=person.episodes.get(), on=date(2026, 11, 20), by=None, at=NOW
                )
                discharged.set()
                started.wait(20)
                connection.cursor().execute("SELECT pg_sleep(0.7)")
        finally:
            connection.close()

    def place():
        try:
            discharged.wait(20)
            started.set()
            return bring_in(
                program, enrollments="record_number,group,from,until\nB1,Open Morning,2026-11-01,\n"
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        gone, report = pool.submit(leave), pool.submit(place)
        gone.result()
        report.result()
    late = Enrollment.objects.filter(participant=person).exclude(until_on__lte=date(2026, 11, 20))
    assert EpisodeOfCare.objects.get(participant=person).discharged_on == date(2026, 11, 20)
    assert not late.exists()


@pytest.mark.django_db
def test_a_file_does_not_change_somebody_whom_another_program_keeps_now():
    here = make_program("Riverbend")
    there = make_program("Upstream", site=here.site)
    stay = admit_participant(
        program=here, record_number="B1", first_name="Ana", last_name="Oak",
        admitted_on=date(2026, 8, 3), level="PHP", by=None, at=NOW,
    )  # fmt: skip
    person: Participant = stay.participant
    discharge_participant(episode=stay, on=date(2026, 9, 4), by=None, at=NOW)
    EpisodeOfCare.objects.create(
        participant=person, program=there, admitted_on=date(2026, 10, 5)
    ).levels.create(level="PHP", from_on=date(2026, 10, 5))
    set_contact(participant=person, kind="email", value="ana@post.example", by=None, at=NOW)
    give_consent(participant=person, channel="email", by=None, at=NOW)
    row = "B1,Ana,Oak,else@post.example,they/them,no,2026-08-03,2026-09-04,PHP\n"
    report = bring_in(here, participants=HEAD + row)
    assert not report.faults
    assert [r.state for r in report.rows] == [State.SAME]
    assert any("newest stay keeps" in w.sentence for w in report.warnings)
    person.refresh_from_db()
    assert person.pronouns == ""
    assert ContactPoint.objects.get(participant=person).value == "ana@post.example"
    assert ChannelConsent.objects.get(participant=person).revoked_at is None


@pytest.mark.django_db
def test_a_link_sent_to_an_address_that_a_file_corrects_opens_nothing():
    program = make_program()
    scheduler = make_staff(program, Role.SCHEDULER)
    person = make_participant(program, record_number="B1", first_name="Bo", last_name="Lund")
    admitted = person.episodes.get().admitted_on.isoformat()
    set_contact(participant=person, kind="email", value="wrong@mail.example", by=None, at=NOW)
    give_consent(participant=person, channel="email", by=None, at=NOW)
    sent = invite_participant(participant=person, program=program, by=scheduler, at=NOW)
    same = f"B1,Bo,Lund,wrong@mail.example,,yes,{admitted},,PHP\n"
    bring_in(program, participants=HEAD + same)
    assert open_invitation(invitation_token(sent), at=NOW) == sent
    report = bring_in(program, participants=HEAD + same.replace("wrong@", "right@"))
    assert not report.faults
    assert open_invitation(invitation_token(sent), at=NOW) is None


@pytest.mark.django_db
def test_a_certification_that_comes_in_is_judged_at_once():
    program = make_program()
    person = make_facilitator(program)
    person.certifications.all().delete()
    session = make_session(make_series(program, facilitator=person), date(2026, 12, 7))
    rejudge(program=program, at=NOW)
    led = session.assignments.get()
    assert led.flagged_at == NOW
    head = "staff_id,requirement,completed_on,hours,expires_on,provider,certificate_number\n"
    row = f"{person.staff_id},Peer specialist certification,2025-08-11,40,2027-08-10,Board,TB-1\n"
    report = bring_in(program, training=head + row)
    assert report.can_be_saved
    led.refresh_from_db()
    assert led.flagged_at is None
