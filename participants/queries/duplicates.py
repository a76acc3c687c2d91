"""Is this person here already?"""

from datetime import date
from uuid import UUID

from django.db.models import Q, Value
from django.db.models.functions import Lower

from participants.models import Participant
from phpsupport.users.models import User

MOST = 20


def possible_duplicates(
    *,
    organization_id: UUID,
    first_name: str,
    last_name: str,
    preferred_name: str = "",
    date_of_birth: date | None = None,
    seen_by: User | None,
) -> list[Participant]:
    """People of the same name whose date of birth is the same or not known on one side.

    Only those whom `seen_by` may see (all of the organization for the program's own jobs): a name
    typed in must not tell that somebody takes part in another program. One query; dates of birth
    are encrypted and compared here.
    """
    same_name = Q(first=Lower(Value(first_name)))
    for name in (first_name, preferred_name):
        if name:
            same_name |= Q(first=Lower(Value(name))) | Q(preferred=Lower(Value(name)))
    rows = Participant.objects.filter(organization_id=organization_id)
    if seen_by is not None:
        rows = rows.visible_to(seen_by)
    rows = rows.annotate(
        first=Lower("first_name"), last=Lower("last_name"), preferred=Lower("preferred_name")
    ).filter(same_name, last=Lower(Value(last_name)))
    return [
        person
        for person in rows.order_by("record_number")[:MOST]
        if date_of_birth is None
        or person.date_of_birth is None
        or person.date_of_birth == date_of_birth
    ]
