"""Two records per session: the group note, in which no participant can be recognized, and one
progress note per participant, in which no other participant can.

What is being typed is a draft. Signing turns it into a note, a row that is written once: neither
words nor signature ever change. What comes later comes beside it: a cosignature, a return with a
comment, an addendum, a void with its reason.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q

from participants.models import Participant
from phpsupport.access.grants import GrantedQuerySet
from phpsupport.lib.fields import EncryptedTextField
from phpsupport.lib.models import AppendOnly, Row
from phpsupport.programs.models import Program
from sessions.models.roster import Status
from sessions.models.schedule import GroupSession


class Participation(models.TextChoices):
    ACTIVE = "active", "Took an active part"
    SOME = "some", "Took part now and then"
    QUIET = "quiet", "Was there and listened"


class GroupWords(models.Model):
    """The parts of a group note."""

    topic = EncryptedTextField("Topic", blank=True, default="")
    what_was_done = EncryptedTextField("What the group did", blank=True, default="")
    materials = EncryptedTextField("Materials", blank=True, default="")
    next_time = EncryptedTextField("Plan for next time", blank=True, default="")
    confidentiality_reminder = models.BooleanField(
        "I gave the confidentiality reminder", default=False
    )
    safety_concern = models.BooleanField("There was a safety concern", default=False)

    class Meta:
        abstract = True


class ProgressWords(models.Model):
    """One participant's part."""

    participation = models.CharField(max_length=10, choices=Participation, blank=True)
    own_words = EncryptedTextField("In their own words", blank=True, default="")
    response = EncryptedTextField("What we worked on", blank=True, default="")
    follow_up = EncryptedTextField("What comes next", blank=True, default="")
    written_together = models.BooleanField("Written together", default=False)

    class Meta:
        abstract = True


class NoteDraft(Row):
    """What is being typed about one session, saved as it is typed. It goes when it is signed."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="+")
    session = models.ForeignKey(GroupSession, models.PROTECT, related_name="%(class)ss")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    version = models.PositiveIntegerField(default=1)
    saved_at = models.DateTimeField()

    objects = GrantedQuerySet.as_manager()

    class Meta:
        abstract = True


class GroupNoteDraft(GroupWords, NoteDraft):
    """The draft of a session's group note; one per session."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["session"], name="one_group_draft")]

    def __str__(self) -> str:
        return f"Group draft {self.pk}"


class ProgressNoteDraft(ProgressWords, NoteDraft):
    """The draft of one participant's progress note."""

    participant = models.ForeignKey(Participant, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "participant"], name="one_progress_draft")
        ]

    def __str__(self) -> str:
        return f"Progress draft {self.pk}"


class SignedNote(AppendOnly):
    """The signature on a note: who, when, with which credential that day, over which bytes."""

    reads_are_recorded = True

    program = models.ForeignKey(Program, models.PROTECT, related_name="+")
    session = models.ForeignKey(GroupSession, models.PROTECT, related_name="%(class)ss")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()
    due_at = models.DateTimeField()
    credential = models.CharField(max_length=120)
    # SHA-256 over the note's words and facts in the order of `digest.text_of`, in hex.
    digest = models.CharField(max_length=64)
    needs_cosignature = models.BooleanField(default=False)

    objects = GrantedQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def late(self) -> bool:
        """Whether it was signed after the policy's due time."""
        return self.signed_at > self.due_at


class GroupNote(GroupWords, SignedNote):
    """The signed record of what the group did. Nobody can be recognized in it."""

    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    present = models.PositiveSmallIntegerField()
    expected = models.PositiveSmallIntegerField()
    # The void note that this one stands in for.
    replaces = models.OneToOneField("self", models.PROTECT, null=True, related_name="replaced_by")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session"], condition=Q(replaces=None), name="one_group_note_per_session"
            )
        ]

    def __str__(self) -> str:
        return f"Group note {self.pk}"


class ProgressNote(ProgressWords, SignedNote):
    """The signed record of one participant at one session."""

    participant = models.ForeignKey(Participant, models.PROTECT, related_name="progress_notes")
    status = models.CharField(max_length=10, choices=Status)
    minutes = models.PositiveSmallIntegerField()
    replaces = models.OneToOneField("self", models.PROTECT, null=True, related_name="replaced_by")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session", "participant"],
                condition=Q(replaces=None),
                name="one_progress_note_per_person_and_session",
            )
        ]

    def __str__(self) -> str:
        return f"Progress note {self.pk}"


class NoteEntry(AppendOnly):
    """Something added beside a signed note: exactly one of the two notes is named."""

    group_note = models.ForeignKey(GroupNote, models.PROTECT, null=True, related_name="%(class)ss")
    progress_note = models.ForeignKey(
        ProgressNote, models.PROTECT, null=True, related_name="%(class)ss"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        abstract = True


def _one_note(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(group_note=None, progress_note__isnull=False)
        | Q(group_note__isnull=False, progress_note=None),
        name=name,
    )


class Addendum(NoteEntry):
    """Dated words added after signing, with the reason."""

    reason = models.CharField(max_length=120)
    words = EncryptedTextField()

    class Meta:
        ordering = ["at"]
        constraints = [_one_note("addendum_of_one_note")]

    def __str__(self) -> str:
        return f"Addendum {self.pk}"


class CosignatureDecision(models.TextChoices):
    GIVEN = "given", "Cosigned"
    RETURNED = "returned", "Returned with a comment"


class Cosignature(NoteEntry):
    """A supervisor's answer to a note that needs one. Given once; returned as often as needed."""

    decision = models.CharField(max_length=10, choices=CosignatureDecision)
    comment = EncryptedTextField(blank=True, default="")
    digest = models.CharField(max_length=64)

    class Meta:
        ordering = ["at"]
        constraints = [
            _one_note("cosignature_of_one_note"),
            models.UniqueConstraint(
                fields=["group_note"],
                condition=Q(decision="given"),
                name="group_note_cosigned_once",
            ),
            models.UniqueConstraint(
                fields=["progress_note"],
                condition=Q(decision="given"),
                name="progress_note_cosigned_once",
            ),
        ]

    def __str__(self) -> str:
        return f"Cosignature {self.pk}"


class NoteVoid(NoteEntry):
    """A note declared void, with its reason; its words stay readable to those who may."""

    reason = EncryptedTextField()

    class Meta:
        constraints = [
            _one_note("void_of_one_note"),
            models.UniqueConstraint(fields=["group_note"], name="group_note_void_once"),
            models.UniqueConstraint(fields=["progress_note"], name="progress_note_void_once"),
        ]

    def __str__(self) -> str:
        return f"Void {self.pk}"
