"""What the upper apps may want to know; sent inside the action's transaction."""

from django.dispatch import Signal

# program: Program, facilitator_ids: collection of UUID or None for everybody's, at: datetime.
# A training, credential, override, stage or requirement changed: who is cleared may have.
clearance_changed = Signal()

# leave: Leave, by: User | None, at: datetime. Days away were added, or taken back or shortened.
leave_changed = Signal()
