"""Who is to be kept apart from whom, as declared."""

from collections.abc import Iterable
from uuid import UUID

from facilitators.models import ConflictOfInterest


def pairs(
    facilitator_ids: Iterable[UUID], participant_ids: Iterable[UUID]
) -> set[tuple[UUID, UUID]]:
    """The declared pairs of a facilitator and a participant among these. One query.

    What the relation is stays with who declared it.
    """
    rows = ConflictOfInterest.objects.filter(
        facilitator_id__in=list(facilitator_ids),
        participant_id__in=list(participant_ids),
        ended_at=None,
    )
    return set(rows.values_list("facilitator_id", "participant_id"))
