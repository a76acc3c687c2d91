"""The person: who they are, how they wish to be met, and how they may be reached."""

from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from phpsupport.access.grants import GrantedQuerySet
from phpsupport.lib.fields import EncryptedDateField, EncryptedTextField
from phpsupport.lib.history import tracked
from phpsupport.lib.models import Row
from phpsupport.programs.models import Organization


class ParticipantQuerySet(GrantedQuerySet):
    """People, found by name or record number."""

    def matching(self, words: str) -> "ParticipantQuerySet":
        """Those of whom every word is part of a name or the start of the record number."""
        found = self
        for word in words.split():
            found = found.filter(
                Q(first_name__icontains=word)
                | Q(last_name__icontains=word)
                | Q(preferred_name__icontains=word)
                | Q(record_number__istartswith=word)
            )
        return found


@tracked()
class Participant(Row):
    """A person who takes, or took, part in a program of the organization."""

    reads_are_recorded = True

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="participants")
    record_number = models.CharField(max_length=30)
    first_name = models.CharField(max_length=80)
    last_name = models.CharField(max_length=80, blank=True)
    preferred_name = models.CharField(max_length=80, blank=True)
    # Nicknames and earlier names, parted by commas: looked for before a note is signed.
    also_called = models.CharField(max_length=200, blank=True)
    pronouns = models.CharField(max_length=40, blank=True)
    date_of_birth = EncryptedDateField(null=True, blank=True)
    language = models.CharField(max_length=60, default="English")
    interpreter_needed = models.BooleanField(default=False)
    access_needs = EncryptedTextField(blank=True, default="")
    facilitator_wishes = EncryptedTextField(blank=True, default="")
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="participant"
    )
    # The former chart of somebody who now works here: closed to everybody but the privacy officer.
    sealed_at = models.DateTimeField(null=True, blank=True)

    objects = ParticipantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "record_number"],
                name="one_participant_per_record_number",
                violation_error_message="Another participant has that record number.",
            )
        ]
        indexes = [
            models.Index(Lower("last_name"), Lower("first_name"), name="participant_by_name")
        ]

    def __str__(self) -> str:
        return f"Participant {self.pk}"

    def program_ids(self) -> list[UUID]:
        """The programs of this person's stays, the newest first. One query, none where they were
        read with the person, see `queries.programs`."""
        rows = getattr(self, "stayed_in", None)
        if rows is None:
            rows = self.episodes.order_by("-admitted_on").values_list("program_id", flat=True)
        return list(dict.fromkeys(rows))


class ContactKind(models.TextChoices):
    EMAIL = "email", "E-mail"
    PHONE = "phone", "Phone"


@tracked()
class ContactPoint(Row):
    """An address or number of a participant."""

    participant = models.ForeignKey(Participant, models.PROTECT, related_name="contacts")
    kind = models.CharField(max_length=10, choices=ContactKind)
    value = EncryptedTextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["participant", "kind"], name="one_contact_per_kind")
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.participant_id}"


class ConsentChannel(models.TextChoices):
    EMAIL = "email", "E-mail"
    TEXT = "text", "Text message"


@tracked()
class ChannelConsent(Row):
    """Permission to reach a participant by a channel. Taking it back ends it at once."""

    participant = models.ForeignKey(Participant, models.PROTECT, related_name="channel_consents")
    channel = models.CharField(max_length=10, choices=ConsentChannel)
    given_at = models.DateTimeField()
    given_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "channel"],
                condition=Q(revoked_at=None),
                name="one_live_consent_per_channel",
            )
        ]

    def __str__(self) -> str:
        return f"{self.channel} of {self.participant_id}"
