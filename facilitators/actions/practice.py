"""What a facilitator does about their own practice."""

from datetime import datetime
from uuid import UUID

from facilitators.actions.concerns import report_concern
from facilitators.models import BoundaryConcern, ConcernClass, Facilitator
from phpsupport.users.models import User

# What somebody was asked to do instead of peer work: the category and the words that stand for it.
DRIFTS: dict[str, tuple[str, str]] = {
    "office": ("clerical_drift", "I was asked to do office work that is not peer work."),
    "clinical": ("clinical_drift", "I was asked to do clinical work that is not peer work."),
}


def flag_non_peer_work(
    *, facilitator: Facilitator, by: User, at: datetime, kind: str, key: UUID | None = None
) -> BoundaryConcern:
    """Say in two clicks that one was asked to do work that is not peer work.

    It is a question about a boundary and never held against anybody. `kind` is one of DRIFTS.
    Load the facilitator with program and site.
    """
    category, words = DRIFTS[kind]
    return report_concern(
        program=facilitator.program,
        by=by,
        at=at,
        concern_class=ConcernClass.QUESTION,
        category=category,
        narrative=words,
        facilitator=facilitator,
        key=key,
    )
