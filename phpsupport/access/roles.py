"""The roles that a person can hold in a program."""

from django.db import models


class Role(models.TextChoices):
    """What somebody is there for. One person may hold several, in several programs."""

    SCHEDULER = "scheduler", "Scheduler"
    FACILITATOR = "facilitator", "Peer facilitator"
    SUPERVISOR = "supervisor", "Supervisor"
    CLINICIAN = "clinician", "Clinician"
    PARTICIPANT = "participant", "Participant"
    PROGRAM_LEAD = "program_lead", "Program lead"
    PRIVACY_OFFICER = "privacy_officer", "Privacy officer"
    ADMINISTRATOR = "administrator", "Administrator"


STAFF = frozenset(Role) - {Role.PARTICIPANT}
