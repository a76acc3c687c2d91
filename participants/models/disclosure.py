"""Consent to disclose a record, and what was disclosed to whom (42 CFR Part 2)."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from participants.models.participant import Participant
from phpsupport.access.grants import GrantedQuerySet
from phpsupport.lib.fields import EncryptedTextField
from phpsupport.lib.history import tracked
from phpsupport.lib.models import AppendOnly, Row
from phpsupport.programs.models import Program


class RecordPart(models.TextChoices):
    """What of a record can leave the program, as a consent names it and an export checks it."""

    NOTES = "notes", "Peer support notes"
    ATTENDANCE = "attendance", "Attendance"
    GOALS = "goals", "Goals"
    SAFETY = "safety", "Safety concerns"
    HAND_OVER = "hand_over", "What facilitators handed over"


# In place of all parts: the record as a whole, whatever comes to belong to it.
WHOLE_RECORD = "whole"


@tracked()
class Consent(Row):
    """What a participant allows: who may disclose what to whom and why, until when.

    It ends on a day, at an event or when it is taken back, whichever comes first.
    """

    reads_are_recorded = True

    participant = models.ForeignKey(Participant, models.PROTECT, related_name="consents")
    # Who may disclose.
    program = models.ForeignKey(Program, models.PROTECT, related_name="+")
    recipient = EncryptedTextField("To whom")
    # Codes of RecordPart, or WHOLE_RECORD alone; `what` says it in the participant's words.
    covers = models.JSONField("Parts of the record", default=list)
    what = EncryptedTextField("What exactly")
    purpose = EncryptedTextField("For what purpose")
    signed_on = models.DateField("Signed on")
    expires_on = models.DateField("Holds through", null=True, blank=True)
    expires_when = models.CharField("Or until", max_length=200, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)  # the event came about
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    taken_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    objects = GrantedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_on__isnull=False) | ~Q(expires_when=""),
                name="consent_ends",
                violation_error_message="Say on which day, or at which event, the consent ends.",
            ),
            models.CheckConstraint(
                condition=Q(expires_on=None) | Q(expires_on__gte=F("signed_on")),
                name="consent_forwards",
                violation_error_message="A consent cannot end before it is signed.",
            ),
        ]

    def __str__(self) -> str:
        return f"Consent {self.pk}"


class DisclosureBasis(models.TextChoices):
    PARTICIPANT = "participant", "To the participant themself"
    CONSENT = "consent", "With the participant's consent"


class Disclosure(AppendOnly):
    """One record that left the program: when, to whom, what, why, under which consent and notice."""

    participant = models.ForeignKey(Participant, models.PROTECT, related_name="disclosures")
    program = models.ForeignKey(Program, models.PROTECT, related_name="+")
    basis = models.CharField(max_length=12, choices=DisclosureBasis)
    consent = models.ForeignKey(Consent, models.PROTECT, null=True, related_name="disclosures")
    recipient = EncryptedTextField()
    what = EncryptedTextField()
    purpose = EncryptedTextField(blank=True, default="")
    notice = models.TextField(blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    # SHA-256 of the file that was made, in hex; the file itself is kept nowhere.
    file_digest = models.CharField(max_length=64)
    file_kind = models.CharField(max_length=10)

    objects = GrantedQuerySet.as_manager()

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(basis="consent", consent__isnull=False)
                | Q(basis="participant", consent=None),
                name="disclosure_names_its_consent",
            )
        ]

    def __str__(self) -> str:
        return f"Disclosure {self.pk}"
