"""The words of a nudge: that something awaits somebody, and the address of the front page.

Neutral as all messages are. Whether it may still go is asked when it is sent.
"""

from datetime import datetime

from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.lib import clock
from phpsupport.outbox.kinds import Letter, Postpone, Withhold, kind, subject_of
from phpsupport.outbox.models import OutboxMessage
from phpsupport.programs.models import policy_in_force
from phpsupport.users.models import User
from sessions.actions.nudging import NUDGE
from sessions.messages import quiet_until, something_waits
from sessions.models import GroupSession, SessionFacilitator
from sessions.queries.open_work import with_open_work


@kind(NUDGE)
def work_is_open(message: OutboxMessage, at: datetime) -> Letter:
    """To who leads the session and works here, as long as something is open; not at night."""
    person = User.objects.filter(pk=message.recipient_id, is_active=True).first()
    if person is None:
        raise Withhold("no-account")
    sessions = GroupSession.objects.filter(pk=subject_of(message))
    session = with_open_work(sessions).select_related("program__site").first()
    if session is None:
        raise Withhold("done")
    if not SessionFacilitator.objects.filter(session=session, person=person, active=True).exists():
        raise Withhold("no-longer-leads")
    today = clock.local_date(at, session.program.zone)
    works = RoleAssignment.objects.in_force(today).filter(
        user=person, program_id=session.program_id, role=Role.FACILITATOR
    )
    if not works.exists():
        raise Withhold("no-longer-works")
    policy = policy_in_force(session.program_id, today)
    if wait := quiet_until(at, person.time_zone or session.program.zone, policy):
        raise Postpone(wait)
    return something_waits(person)
