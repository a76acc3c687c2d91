from facilitators.models.boundary import (
    BoundaryConcern,
    ConcernClass,
    ConcernSource,
    ConcernState,
    ConcernStep,
    NamedInConcern,
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
    "Employment",
    "Facilitator",
    "Leave",
    "Mode",
    "NamedInConcern",
    "Stage",
    "Supervision",
    "TrainingRecord",
    "TrainingRequirement",
]
