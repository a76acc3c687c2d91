"""A session that has just begun, with everybody whom a safety concern can be told to."""

from datetime import timedelta
from typing import Any

from participants.models import CareTeamMembership
from phpsupport.access.roles import Role
from phpsupport.lib import clock
from phpsupport.outbox.models import OutboxMessage
from phpsupport.programs.models import PolicyProfile
from phpsupport.users.models import User
from sessions.actions.safety import raise_concern
from sessions.models import SafetyAct, SafetyConcern, SafetyEntry, SessionFacilitator
from tests.factories import LONG_AGO, make_facilitator, make_staff
from tests.sessions.worlds import AFTER, DURING, make_world

MINUTES = timedelta(minutes=1)


class Safety:
    """Dana leads; Pat supervises; Hanna treats Marisol; Rosa leads the program."""

    def __init__(self, **rules: Any) -> None:
        self.world = make_world()
        self.program, self.session = self.world.program, self.world.session
        self.dana, self.pat = self.world.leader, self.world.supervisor
        self.hanna = make_staff(self.program, Role.CLINICIAN, first_name="Hanna")
        self.omar = make_staff(self.program, Role.CLINICIAN, first_name="Omar")
        self.rosa = make_staff(self.program, Role.PROGRAM_LEAD, first_name="Rosa")
        self.sami = make_staff(self.program, Role.SCHEDULER, first_name="Sami")
        self.marisol, self.tuan = self.world.people[:2]
        self.care = CareTeamMembership.objects.create(
            episode=self.marisol.episodes.get(), user=self.hanna, from_on=LONG_AGO
        )
        if rules:
            self.set(**rules)

    def set(self, **rules: Any) -> None:
        """The program's own rules."""
        PolicyProfile.objects.create(
            program=self.program, effective_from=LONG_AGO, rules=rules, set_at=clock.now()
        )

    def another(self) -> User:
        """Ana leads this one session with Dana."""
        ana = make_facilitator(self.program, first_name="Ana")
        SessionFacilitator.objects.create(
            session=self.session, facilitator=ana, person=ana.user, part="co",
            starts_at=self.session.starts_at, ends_at=self.session.ends_at,
        )  # fmt: skip
        return ana.user

    def raised(
        self, about: Any = "marisol", *, by: User | None = None, at: Any = DURING
    ) -> SafetyConcern:
        """One tap."""
        person = self.marisol if about == "marisol" else about
        return raise_concern(session=self.session, participant=person, by=by or self.dana, at=at)


def told(concern: SafetyConcern) -> list[str]:
    """Whose turn it was, by name, in order of the telling."""
    alerts = concern.alerts.select_related("person").order_by("level", "person__first_name")
    return [alert.person.first_name for alert in alerts]


def acts(concern: SafetyConcern) -> list[str]:
    """The trail as acts; who was told counts once for each time."""
    order = [a.value for a in SafetyAct]
    rows = {(e.at, order.index(e.act), e.act) for e in SafetyEntry.objects.filter(concern=concern)}
    return [act for _, _, act in sorted(rows)]


def messages(kind: str = "safety_awaits", **which: Any) -> list[OutboxMessage]:
    """What is queued."""
    return list(OutboxMessage.objects.filter(kind=kind, **which).order_by("created_at", "pk"))


__all__ = ["AFTER", "DURING", "MINUTES", "Safety", "acts", "messages", "told"]
