"""How many sessions each facilitator leads this week, for the supervisor's board."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count

from facilitators.queries.board import register_board_column
from facilitators.queries.training import Pill
from phpsupport.lib import clock, wording
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions.models import SessionFacilitator
from sessions.queries.week import midnight


@register_board_column("load")
def load_this_week(
    user: User, program: Program, facilitator_ids: Sequence[UUID], at: datetime
) -> Mapping[UUID, Pill]:
    """Sessions from Monday to Sunday, those that take the person's time. One query."""
    today = clock.local_date(at, program.zone)
    monday = today - timedelta(days=today.weekday())
    counted = dict(
        SessionFacilitator.objects.filter(
            facilitator_id__in=facilitator_ids,
            active=True,
            starts_at__gte=midnight(monday, program),
            starts_at__lt=midnight(monday + timedelta(days=7), program),
        )
        .values("facilitator_id")
        .annotate(n=Count("pk"))
        .values_list("facilitator_id", "n")
    )
    return {
        pk: Pill("plain", wording.count(counted.get(pk, 0), "session")) for pk in facilitator_ids
    }
