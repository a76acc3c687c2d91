from participants.models.episode import (
    CareTeamMembership,
    DischargeReason,
    EpisodeOfCare,
    LevelOfCare,
    LevelOfCareChange,
    Referral,
)
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
    "ConsentChannel",
    "ContactKind",
    "ContactPoint",
    "DischargeReason",
    "EpisodeOfCare",
    "LevelOfCare",
    "LevelOfCareChange",
    "Participant",
    "Referral",
]
