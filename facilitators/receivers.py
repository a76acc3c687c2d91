"""What the peer workforce does when something happens in the apps below."""

from datetime import datetime
from typing import Any

from django.dispatch import receiver

from facilitators.models import Facilitator
from facilitators.signals import clearance_changed
from phpsupport.access.actions import role_ended, role_given
from phpsupport.access.roles import Role
from phpsupport.programs.models import Program
from phpsupport.users.models import User


@receiver([role_given, role_ended], dispatch_uid="facilitators.role_changed")
def judge_anew(
    sender: Any, *, user: User, program: Program, role: Role, at: datetime, **_: Any
) -> None:
    """Who may lead hangs on the role as well: what they were to lead is judged anew at once."""
    if role != Role.FACILITATOR:
        return
    rows = Facilitator.objects.filter(user=user, program=program)
    if ids := list(rows.values_list("pk", flat=True)):
        clearance_changed.send(Facilitator, program=program, facilitator_ids=ids, at=at)
