"""The participants of the demo program, their stays and their places in the groups."""

from datetime import date, time, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password

from participants.actions import care_team, contacts, stays
from participants.models import Participant
from phpsupport.access.actions import give_role
from phpsupport.access.roles import Role
from phpsupport.audit.trail import record
from phpsupport.demo.made import World
from phpsupport.demo.people import (
    ALUMNI,
    PARTICIPANT_SIGN_IN,
    PARTICIPANTS,
    PASSWORD,
    WAITING,
    Somebody,
)
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions.actions import enrollment, leaving
from sessions.models import Enrollment

# Who leaves which group before its end, as planned: an IOP participant with a bus to catch.
EARLY_LEAVING = {("H3022", "O"): time(12, 30)}


def admit_people(w: World, lakeside: Program) -> None:
    """Everybody who is here, was here, or moved on."""
    for number, person in enumerate(PARTICIPANTS):
        _admit(w, person, number)
    by, now = w.users["priya"], w.now
    # Consent taken back in the middle of the stay.
    contacts.revoke_channel_consent(
        participant=w.people["H3014"], channel="text", by=by, at=w.at(w.program_day(4), 15)
    )
    care_days = w.program_day(16)
    for person in PARTICIPANTS[:10]:
        episode = w.people[person.record].episodes.get()
        care_team.assign_care_team(
            episode=episode,
            user=w.users["hanna"],
            from_on=max(episode.admitted_on, care_days),
            by=by,
            at=w.at(episode.admitted_on, 11),
        )
    user = User.objects.create(
        email=PARTICIPANT_SIGN_IN[0],
        first_name="Marisol",
        last_name="Rivera",
        password=make_password(PASSWORD),
        joined_at=w.at(w.program_day(11)),
    )
    marisol = w.people["H3001"]
    Participant.objects.filter(pk=marisol.pk).update(user=user)
    give_role(user=user, program=w.program, role=Role.PARTICIPANT, by=None, at=now,
              starts_on=marisol.episodes.get().admitted_on)  # fmt: skip
    for record_number, first, last, ago in ALUMNI:
        _alumnus(w, record_number, first, last, ago)
    _sealed_chart(w)
    _mover(w, lakeside)


def _admit(w: World, p: Somebody, number: int) -> Participant:
    admitted = w.program_day(p.day)
    episode = stays.admit_participant(
        program=w.program,
        record_number=p.record,
        first_name=p.first_name,
        last_name=p.last_name,
        preferred_name=p.preferred_name,
        also_called=p.also,
        pronouns=p.pronouns,
        date_of_birth=date(p.born, 1 + number % 12, 1 + number * 7 % 28),
        language=p.language,
        interpreter_needed=p.interpreter,
        access_needs=p.needs,
        facilitator_wishes=p.wishes,
        email=f"{p.record.lower()}@mail.example" if p.record != "H3001" else PARTICIPANT_SIGN_IN[0],
        phone=f"(555) 555-0{100 + number % 100}",
        ok_to_email=p.email,
        ok_to_text=p.text,
        admitted_on=admitted,
        level="PHP",
        planned_discharge_on=w.today + timedelta(days=p.planned_in) if p.planned_in else None,
        track=p.track,
        referred_from=p.referred_from,
        different_person=True,
        by=w.users["priya"],
        at=w.at(admitted, 8, 30),
    )
    if p.level == "IOP":
        stays.change_level_of_care(
            episode=episode, level="IOP", from_on=w.program_day(p.day // 2),
            by=w.users["priya"], at=w.at(w.program_day(p.day // 2), 12),
        )  # fmt: skip
    w.people[p.record] = episode.participant
    return episode.participant


def _past_stay(
    w: World, record_number: str, first: str, last: str, begun: date, ended: date, **more: Any
) -> Participant:
    episode = stays.admit_participant(
        program=w.program, record_number=record_number, first_name=first, last_name=last,
        admitted_on=begun, level="PHP", by=w.users["priya"], at=w.at(begun, 9), **more,
    )  # fmt: skip
    stays.discharge_participant(
        episode=episode, on=ended, reason=more.pop("why", "completed"),
        by=w.users["priya"], at=w.at(ended, 14),
    )  # fmt: skip
    w.people[record_number] = episode.participant
    return episode.participant


def _alumnus(w: World, record_number: str, first: str, last: str, ago: int) -> None:
    ended = w.today - timedelta(days=ago)
    _past_stay(
        w, record_number, first, last, ended - timedelta(days=21), ended,
        email=f"{record_number.lower()}@mail.example", ok_to_email=True,
    )  # fmt: skip


def _sealed_chart(w: World) -> None:
    """Linh took part here once. That chart is closed to her and her colleagues."""
    ended = w.today - timedelta(days=370)
    chart = _past_stay(w, "H2410", "Linh", "Pham", ended - timedelta(days=24), ended)
    Participant.objects.filter(pk=chart.pk).update(sealed_at=w.at(w.today - timedelta(days=320)))
    record("participant.sealed", by=w.users["samuel"], at=w.now, obj=chart, program_id=w.program.pk)


def _mover(w: World, lakeside: Program) -> None:
    begun = w.program_day(9)
    episode = stays.admit_participant(
        program=w.program, record_number="H3031", first_name="Noel", last_name="Fontaine",
        pronouns="he/him", admitted_on=begun, level="PHP", email="h3031@mail.example", ok_to_email=True,
        by=w.users["priya"], at=w.at(begun, 9),
    )  # fmt: skip
    stays.move_to_program(
        episode=episode, program=lakeside, last_on=w.program_day(2), first_on=w.program_day(1),
        level="PHP", by=w.users["gloria"], at=w.at(w.program_day(1), 8),
    )  # fmt: skip
    w.people["H3031"] = episode.participant


def fill_rosters(w: World) -> None:
    """Who has a place in which series, and who waits."""
    by = w.users["priya"]
    for person in PARTICIPANTS:
        participant = w.people[person.record]
        admitted = participant.episodes.get().admitted_on
        for letter in person.groups:
            enrollment.enroll(
                series=w.series[letter],
                participant=participant,
                from_on=max(admitted, w.series[letter].from_on),
                until_on=None,
                leaves_at=EARLY_LEAVING.get((person.record, letter)),
                by=by,
                at=w.at(admitted, 10),
            )
    for record_number in WAITING:
        enrollment.enroll(
            series=w.series["W"], participant=w.people[record_number], from_on=w.today,
            until_on=None, by=by, at=w.at(w.program_day(1), 16),
        )  # fmt: skip
    for record_number, *_, ago in ALUMNI[:5]:
        alumnus = w.people[record_number]
        ended = w.today - timedelta(days=ago)
        Enrollment.objects.create(
            program=w.program, series=w.series["A"], participant=alumnus, episode=None,
            from_on=max(ended + timedelta(days=1), w.series["A"].from_on),
        )  # fmt: skip


def keep_a_place(w: World) -> None:
    """Somebody's last day in a full group is today: their place is kept for Marisol, who waits."""
    series, by = w.series["H"], w.users["priya"]
    enrollment.enroll(
        series=series, participant=w.people["H3001"], from_on=w.today, by=by,
        at=w.at(w.program_day(1), 16),
    )  # fmt: skip
    leaves = Enrollment.objects.get(series=series, participant=w.people["H3027"])
    leaving.leave_series(enrollment=leaves, last_on=w.today, by=by, at=w.now)
