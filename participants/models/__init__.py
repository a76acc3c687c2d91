from participants.models.disclosure import Consent, Disclosure, DisclosureBasis
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
    "Referral",
]
