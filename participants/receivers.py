"""What charts do when something happens in the apps below."""

from datetime import datetime
from typing import Any

from django.dispatch import receiver

from participants.actions.sealing import seal_former_chart
from phpsupport.access.actions import role_given
from phpsupport.access.roles import STAFF, Role
from phpsupport.programs.models import Program
from phpsupport.users.models import User


@receiver(role_given, dispatch_uid="participants.seal")
def seal(
    sender: Any,
    *,
    user: User,
    program: Program,
    role: Role,
    by: User | None,
    at: datetime,
    **_: Any,
) -> None:
    """Whoever comes to work here: their former chart is closed, in the transaction of the role."""
    if role in STAFF:
        seal_former_chart(user=user, program=program, by=by, at=at)
