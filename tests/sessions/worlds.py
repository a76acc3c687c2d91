"""A small group with its facilitator, supervisor and people, on a Tuesday that is past."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from facilitators.models import Facilitator
from participants.models import Participant
from phpsupport.access.roles import Role
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions.actions.attendance import Mark, mark_attendance
from sessions.actions.drafts import Typed, save_drafts
from sessions.actions.signing import Signed, sign_notes
from sessions.models import GroupSeries, GroupSession, Status
from tests.factories import (
    enroll,
    make_facilitator,
    make_group,
    make_participant,
    make_program,
    make_series,
    make_session,
    make_staff,
)

DAY = date(2026, 3, 3)  # a Tuesday; New York is five hours behind UTC
DURING = datetime(2026, 3, 3, 15, 20, tzinfo=UTC)
AFTER = datetime(2026, 3, 3, 16, 0, tzinfo=UTC)


@dataclass
class World:
    program: Program
    supervisor: User
    facilitator: Facilitator
    series: GroupSeries
    session: GroupSession
    people: list[Participant] = field(default_factory=list)

    @property
    def leader(self) -> User:
        return self.facilitator.user

    def mark(self, *statuses: str, by: User | None = None, **more: Any) -> GroupSession:
        """Mark the first people in order."""
        self.session.refresh_from_db()
        marks = [
            Mark(person.pk, status) for person, status in zip(self.people, statuses, strict=False)
        ]
        return mark_attendance(
            session=self.session,
            marks=marks,
            version=more.pop("version", self.session.attendance_version),
            by=by or self.leader,
            at=more.pop("at", DURING),
            **more,
        ).session

    def write(self, *words: str, group: str = "We opened with a round.", **more: Any) -> Any:
        """Drafts for the group and the first people in order."""
        parts: dict[Any, Typed] = {
            person.pk: Typed({"own_words": said})
            for person, said in zip(self.people, words, strict=False)
        }
        if group:
            parts[None] = Typed({"what_was_done": group})
        return save_drafts(
            session=self.session, parts=parts, by=more.pop("by", self.leader),
            at=more.pop("at", AFTER), **more,
        )  # fmt: skip

    def sign(self, **more: Any) -> Signed:
        """Sign the group's part and those of the first two, marked and written before."""
        seen = more.pop("seen", {None: 1, **{p.pk: 1 for p in self.people[:2]}})
        return sign_notes(
            session=self.session, seen=seen, by=more.pop("by", self.leader),
            at=more.pop("at", AFTER), **more,
        )  # fmt: skip

    def signed(self, **more: Any) -> Signed:
        """The first two came, everything is written and signed."""
        self.mark(Status.PRESENT, Status.LATE)
        self.write("“I rang my sister.”", "“A good day.”")
        return self.sign(**more)


def make_world(people: int = 3, *, stage: str = "co_facilitating", **fields: Any) -> World:
    """By default the facilitator is in training under policy, so that notes are cosigned."""
    program = fields.pop("program", None) or make_program()
    supervisor = make_staff(program, Role.SUPERVISOR, first_name="Pat")
    facilitator = make_facilitator(program, supervisor=supervisor, first_name="Dana")
    if stage != "active":
        # A lead whose notes are cosigned holds an initial certification.
        facilitator.certifications.update(kind="initial")
    group = fields.pop("group", None) or make_group(program, "Morning Check-in")
    series = make_series(program, facilitator=facilitator, group=group, weekdays=(1,), **fields)
    session = make_session(series, DAY)
    names = [("Marisol", "Rivera"), ("Tuấn", "Nguyễn"), ("Bea", "Kowalski")]
    world = World(program, supervisor, facilitator, series, session)
    for n in range(people):
        first, last = names[n] if n < len(names) else (f"Nova{chr(97 + n)}", f"Quill{chr(97 + n)}")
        person = make_participant(program, first_name=first, last_name=last)
        enroll(series, person)
        world.people.append(person)
    return world
