"""The field's own lists, used as choices and tags. Sources: SAMHSA core competencies for peer
workers; N.A.P.S. national practice guidelines; IC&RC peer domains."""

COMPETENCIES = (
    ("relationships", "Engages in collaborative and caring relationships"),
    ("support", "Provides support"),
    ("lived_experience", "Shares lived experience of recovery"),
    ("personalizes", "Personalizes support"),
    ("planning", "Supports recovery planning"),
    ("links", "Links to resources, services and supports"),
    ("information", "Gives information and skills for health, wellness and recovery"),
    ("crises", "Helps manage crises"),
    ("communication", "Values communication"),
    ("teamwork", "Supports collaboration and teamwork"),
    ("leadership", "Promotes leadership and advocacy"),
    ("growth", "Promotes growth and development"),
)

TRAINING_AREAS = (
    ("active_listening", "Active listening"),
    ("effective_communication", "Effective communication"),
    ("boundary_setting", "Boundary setting"),
    ("crisis_intervention", "Crisis intervention"),
    ("cultural_sensitivity", "Cultural sensitivity"),
    ("ethics_and_confidentiality", "Ethics and confidentiality"),
    ("trauma_informed_practice", "Trauma-informed practice"),
    ("documentation", "Documentation"),
    ("continuing_development", "Continuing development"),
)

BOUNDARY_CATEGORIES = (
    ("dual_relationship", "Dual relationship (family, friend, prior acquaintance, sponsor)"),
    ("romantic_or_sexual", "Romantic or sexual"),
    ("financial", "Financial"),
    ("gift_given", "Gift given"),
    ("gift_received", "Gift received"),
    ("off_hours", "Contact off hours"),
    ("social_media", "Social media"),
    ("personal_phone_or_home", "Personal phone or home"),
    ("physical_touch", "Physical touch"),
    ("self_disclosure", "Excessive self-disclosure"),
    ("transport", "Transport"),
    ("substance_exposure", "Substance-use exposure"),
    ("confidentiality", "Confidentiality"),
    ("clinical_drift", "Clinical role drift"),
    ("clerical_drift", "Clerical role drift"),
    ("coercion", "Coercion or proselytizing"),
    ("favoritism", "Favoritism or dependency"),
    ("disrespect_by_staff", "Disrespect or disclosure by staff toward the peer"),
    ("community_contact", "Unplanned community contact"),
    ("other", "Other"),
)
