"""Two programs with one of everything, twice in the first: what is one's own, and what is not."""

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from uuid import uuid4

from facilitators.models import (
    BoundaryConcern,
    Certification,
    CheckIn,
    ClearanceOverride,
    ConcernClass,
    ConflictOfInterest,
    Facilitator,
    Leave,
    Relation,
    Supervision,
    TrainingRecord,
)
from participants.models import CareTeamMembership, Consent, Goal
from phpsupport.access.models import Invitation
from phpsupport.access.roles import Role
from phpsupport.importing import keeping
from phpsupport.importing.report import Report
from phpsupport.lib import clock
from phpsupport.programs.models import Closure, Program
from phpsupport.users.models import User
from sessions.models import (
    Attendance,
    CoverAsk,
    CoverRequest,
    CurriculumItem,
    GroupNote,
    GroupSession,
    HandOver,
    ProgressNote,
    Proposal,
    SafetyConcern,
    ScheduleBatch,
    SessionState,
    Status,
    WaitlistEntry,
)
from tests import factories as make

Things = dict[str, Any]


@dataclass
class World:
    """Role users of the first program, and the things by relation: own, same, other, nobody."""

    program: Program
    users: dict[Role, User]
    things: dict[str, Things] = field(default_factory=dict)


def build() -> World:
    """Everything that an address can name, by relation to the role users of one program."""
    program = make.make_program("First")
    other = make.make_program("Second")
    users = {role: make.make_staff(program, role) for role in Role if role != Role.FACILITATOR}
    facilitator = make.make_facilitator(program, supervisor=users[Role.SUPERVISOR])
    users[Role.FACILITATOR] = facilitator.user
    world = World(program, users)
    world.things["own"] = _things(
        program,
        facilitator=facilitator,
        person=users[Role.PARTICIPANT],
        clinician=users[Role.CLINICIAN],
    )
    for relation, place in (("same", program), ("other", other)):
        supervisor = make.make_staff(place, Role.SUPERVISOR)
        world.things[relation] = _things(
            place,
            facilitator=make.make_facilitator(place, supervisor=supervisor),
            person=make.make_staff(place, Role.PARTICIPANT),
            clinician=make.make_staff(place, Role.CLINICIAN),
        )
    for relation, place, user in (
        ("own", program, users[Role.SCHEDULER]),
        ("same", program, make.make_staff(program, Role.SCHEDULER)),
        ("other", other, make.make_staff(other, Role.SCHEDULER)),
    ):
        world.things[relation]["upload"] = keeping.keep(
            files=(), report=Report(), program=place, user=user, at=clock.now()
        )
    world.things["nobody"] = {key: uuid4() for key in world.things["own"]}
    return world


def _things(program: Program, *, facilitator: Facilitator, person: User, clinician: User) -> Things:
    now = clock.now()
    today = clock.local_date(now, program.zone)
    supervisor = facilitator.supervisor
    assert supervisor is not None
    participant = make.make_participant(program, user=person, email=f"{uuid4().hex}@mail.example")
    episode = participant.episodes.get()
    care = CareTeamMembership.objects.create(
        episode=episode, user=clinician, from_on=today - make.days(9)
    )
    series = make.make_series(
        program,
        facilitator=facilitator,
        from_on=today - make.days(30),
        until_on=today + make.days(60),
    )
    enrollment = make.enroll(series, participant)
    waiting = make.make_participant(program)
    entry = WaitlistEntry.objects.create(
        program=program, series=series, participant=waiting, episode=waiting.episodes.get(),
        position=1, wanted_from=today, queued_at=now,
    )  # fmt: skip
    own_offer = WaitlistEntry.objects.create(
        program=program, series=make.make_series(program, until_on=today + make.days(60)),
        participant=participant, episode=episode, position=1, wanted_from=today, queued_at=now,
        offered_at=now, offer_until=now + timedelta(days=1), offered_from=today,
    )  # fmt: skip
    past = make.make_session(series, today - make.days(7), state=SessionState.HELD)
    coming = make.make_session(series, today + make.days(7))
    notes = _notes(past, facilitator, participant, now)
    record: TrainingRecord = facilitator.training_records.first()  # type: ignore[assignment]
    requirement = record.requirement
    certification: Certification = facilitator.certifications.first()  # type: ignore[assignment]
    return {
        "participant": participant.pk,
        "goal": Goal.objects.create(
            participant=participant,
            words="Sleep better.",
            named_on=today,
            state_on=today,
            written_by=person,
        ).pk,
        "episode": episode.pk,
        "care": care.pk,
        "consent": Consent.objects.create(
            participant=participant,
            program=program,
            recipient="A clinic",
            covers=["notes"],
            purpose="Care after discharge",
            signed_on=today,
            expires_on=today + make.days(90),
            expires_when="the end of the stay",
            taken_by=clinician,
        ).pk,
        "facilitator": facilitator.pk,
        "record": record.pk,
        "requirement": requirement.pk,
        "certification": certification.pk,
        "leave": Leave.objects.create(
            facilitator=facilitator, from_on=today + make.days(90), until_on=today + make.days(95)
        ).pk,
        "override": ClearanceOverride.objects.create(
            facilitator=facilitator,
            from_on=today,
            until_on=today + make.days(9),
            reason="Certificate is in the post.",
            given_by=supervisor,
            given_at=now,
        ).pk,
        "supervision": Supervision.objects.create(
            facilitator=facilitator, supervisor=supervisor, starts_at=now - timedelta(days=1)
        ).pk,
        "check_in": CheckIn.objects.create(facilitator=facilitator, due_on=today, asked_at=now).pk,
        "concern": BoundaryConcern.objects.create(
            program=program,
            facilitator=facilitator,
            reported_by=make.make_staff(program, Role.CLINICIAN),
            reported_at=now,
            concern_class=ConcernClass.QUESTION,
            category="other",
            source="staff",
            narrative="Words.",
            due_at=now + timedelta(days=1),
        ).pk,
        "interest": ConflictOfInterest.objects.create(
            program=program,
            facilitator=facilitator,
            participant=waiting,
            relation=Relation.FRIEND,
            declared_by=facilitator.user,
            declared_at=now,
        ).pk,
        "group": series.group_id,
        "step": CurriculumItem.objects.create(group=series.group, position=1, title="Hope").pk,
        "room": series.room_id,
        "series": series.pk,
        "hand_over": HandOver.objects.create(
            program=program, series=series, author=facilitator.user, at=now, words="Go on."
        ).pk,
        "session": coming.pk,
        "batch": ScheduleBatch.objects.create(
            program=program, kind="moved", summary="Moved", at=now
        ).pk,
        "past": past.pk,
        "safety": SafetyConcern.objects.create(
            program=program,
            session=past,
            participant=participant,
            raised_by=facilitator.user,
            raised_at=now,
            escalates_at=now,
        ).pk,
        "block": program.text_blocks.create(field="own_words", label="Said", words="Said: “…”").pk,
        "enrollment": enrollment.pk,
        "waitlist": entry.pk,
        "my_offer": own_offer.pk,
        **notes,
        **_cover(coming, facilitator, now),
        "closure": Closure.objects.create(
            program=program,
            date=today + make.days(len(Closure.objects.all()) + 200),
            reason="Holiday",
        ).pk,
        "assignment": make.give_role(make.make_user(), program, Role.SCHEDULER).pk,
        "user": make.make_staff(program, Role.SCHEDULER).pk,
        "invitation": Invitation.objects.create(
            user=make.make_staff(program, Role.SCHEDULER),
            program=program,
            invited_at=now,
            expires_at=now + timedelta(days=7),
        ).pk,
    }


def _cover(session: GroupSession, facilitator: Facilitator, now: datetime) -> Things:
    """Cover that the facilitator needs, an ask of somebody else's, and another time of theirs."""
    program = session.program
    request, others = (
        CoverRequest.objects.create(
            program=program, session=session, facilitator=who, starts_at=session.starts_at,
            asked_by=who.user, asked_at=now, escalate_at=session.starts_at,
        )
        for who in (facilitator, make.make_facilitator(program))
    )  # fmt: skip
    ask = CoverAsk.objects.create(request=others, facilitator=facilitator, asked_at=now)
    proposal = Proposal.objects.create(
        program=program, facilitator=facilitator, session=session, on=session.local_date,
        starts=time(15), ends=time(15, 50), made_at=now,
    )  # fmt: skip
    return {"cover": request.pk, "cover_ask": ask.pk, "proposal": proposal.pk}


def _notes(
    session: GroupSession, facilitator: Facilitator, participant: Any, now: datetime
) -> Things:
    Attendance.objects.create(
        program=session.program, session=session, participant=participant, status=Status.PRESENT,
        marked_by=facilitator.user, marked_at=now,
    )  # fmt: skip
    shared = {
        "program": session.program, "session": session, "author": facilitator.user, "signed_at": now,
        "due_at": now + timedelta(days=1), "credential": "Full certification", "digest": "0" * 64,
        "needs_cosignature": True,
    }  # fmt: skip
    group = GroupNote.objects.create(
        started_at=session.starts_at, ended_at=session.ends_at, present=1, expected=1,
        what_was_done="We talked.", **shared,
    )  # fmt: skip
    progress = ProgressNote.objects.create(
        participant=participant, status=Status.PRESENT, minutes=50, own_words="Fine.", **shared
    )
    return {"group_note": group.pk, "progress_note": progress.pk}
