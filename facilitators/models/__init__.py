from facilitators.models.boundary import (
    BoundaryConcern,
    ConcernClass,
    ConcernSource,
    ConcernState,
    ConcernStep,
    ConflictOfInterest,
    NamedInConcern,
    Relation,
)
from facilitators.models.facilitator import Availability, Employment, Facilitator, Leave, Stage
from facilitators.models.supervision import CheckIn, Mode, Supervision
from facilitators.models.training import (
    Certification,
    CertificationKind,
    ClearanceOverride,
    TrainingRecord,
    TrainingRequirement,
)

__all__ = [
    "Availability",
    "BoundaryConcern",
    "Certification",
    "CertificationKind",
    "CheckIn",
    "ClearanceOverride",
    "ConcernClass",
    "ConcernSource",
    "ConcernState",
    "ConcernStep",
    "ConflictOfInterest",
    "Employment",
    "Facilitator",
    "Leave",
    "Mode",
    "NamedInConcern",
    "Relation",
    "Stage",
    "Supervision",
    "TrainingRecord",
    "TrainingRequirement",
]
