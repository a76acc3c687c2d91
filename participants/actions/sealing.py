"""The chart of somebody who comes to work here."""

from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Q

from participants.models import EpisodeOfCare, Participant
from phpsupport.audit.trail import record
from phpsupport.lib import clock
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import Program
from phpsupport.users.models import User

# It tells nobody that there is a chart: whoever asks may not know.
NOT_NOW: Final = "This account cannot be given a role of staff now. Ask your privacy officer."


@transaction.atomic
def seal_former_chart(*, user: User, program: Program, by: User | None, at: datetime) -> None:
    """Somebody's own former chart is closed to them and their colleagues before they start.
    Refused while they are in care in the organization."""
    organization = program.site.organization_id
    chart = (
        Participant.objects.select_for_update(no_key=True)
        .filter(user=user, organization=organization)
        .first()
    )
    if chart is None or chart.sealed_at is not None:
        return
    today = clock.local_date(at, program.zone)
    stays = EpisodeOfCare.objects.filter(participant=chart)
    if stays.filter(Q(discharged_on=None) | Q(discharged_on__gt=today)).exists():
        raise Refused(NOT_NOW, field="email", code="in-care")
    chart.sealed_at = at
    chart.save(update_fields=["sealed_at"])
    record("participant.sealed", by=by, at=at, obj=chart, program_id=program.pk)
