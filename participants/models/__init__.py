from participants.models.disclosure import (
    WHOLE_RECORD,
    Consent,
    Disclosure,
    DisclosureBasis,
    RecordPart,
)
from participants.models.episode import (
    CareTeamMembership,
    DischargeReason,
    EpisodeOfCare,
    LevelOfCare,
    LevelOfCareChange,
    Referral,
)
from participants.models.goal import Goal, GoalState
from participants.models.participant import (
    ChannelConsent,
    ConsentChannel,
    ContactKind,
    ContactPoint,
    Participant,
)

__all__ = [
    "WHOLE_RECORD",
    "CareTeamMembership",
    "ChannelConsent",
    "Consent",
    "ConsentChannel",
    "ContactKind",
    "ContactPoint",
    "DischargeReason",
    "Disclosure",
    "DisclosureBasis",
    "EpisodeOfCare",
    "Goal",
    "GoalState",
    "LevelOfCare",
    "LevelOfCareChange",
    "Participant",
    "RecordPart",
    "Referral",
]
