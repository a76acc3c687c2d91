"""What the upper apps may want to know; sent inside the action's transaction."""

from datetime import datetime

from django.dispatch import Signal

from facilitators.models import Leave

# program: Program, facilitator_ids: collection of UUID or None for everybody's, at: datetime.
# A training, credential, override, stage, role or requirement changed: who is cleared may have.
clearance_changed = Signal()

# leave: Leave, by: User | None, at: datetime. Days away were added, or taken back or shortened.
leave_changed = Signal()

# leave: Leave, at: datetime. Each receiver returns how many sessions fall into it.
leave_preview = Signal()


# interest: ConflictOfInterest, by: User, at: datetime. Two people are to be kept apart from now on.
interest_declared = Signal()


def sessions_in(leave: Leave, at: datetime) -> int:
    """How many coming sessions the person was to lead in those days."""
    answers = leave_preview.send(sender=Leave, leave=leave, at=at)
    return sum(int(number or 0) for _, number in answers)
