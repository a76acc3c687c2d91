"""Two records per session: the group note, in which no participant can be recognized, and one
progress note per participant, in which no other participant can.

What is being typed is a draft. Signing turns it into a note, a row that is written once: neither
words nor signature ever change. What comes later comes beside it: a cosignature, a return with a
comment, an addendum, a void with its reason.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q

from participants.models import Goal, Participant
from phpsupport.access.grants import GrantedQuerySet
from phpsupport.lib.fields import EncryptedCharField, EncryptedTextField
from phpsupport.lib.history import tracked
from phpsupport.lib.models import AppendOnly, Row
from phpsupport.programs.models import Program
from sessions.models.roster import Status
from sessions.models.schedule import GroupSeries, GroupSession

GROUP_TEXTS = ("topic", "what_was_done", "materials", "next_time")
GROUP_WORDS = (*GROUP_TEXTS, "confidentiality_reminder", "safety_concern")
PART_TEXTS = ("own_words", "response", "follow_up")
PART_WORDS = ("participation", *PART_TEXTS, "goal_id", "written_together")
# The reason of an addendum that speaks of somebody else: not for the participant's own view.
EXPLAINED = "Why another name stands here"


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
    goal = models.ForeignKey(Goal, models.PROTECT, null=True, blank=True, related_name="%(class)ss")
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
    # Which words and facts the digest is over, and in which order: see `digest`.
    form = models.PositiveSmallIntegerField(default=2)
    # SHA-256 over the note's words and facts in the order of `digest.text_of`, in hex.
    digest = models.CharField(max_length=64)
    # The digest under a key that the database does not hold; '' where it was signed before that.
    seal = models.CharField(max_length=64, blank=True, default="")
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
    # The goal as it was worded when this was signed.
    goal_words = EncryptedTextField("Their goal", blank=True, default="")
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
    # Its words and facts under a key that the database does not hold; '' where it came before that.
    seal = models.CharField(max_length=64, blank=True, default="")

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

    reason = EncryptedCharField(max_length=120)
    words = EncryptedTextField()
    # It came with another act (a correction of attendance, a name that was explained) and answers
    # nothing. A column, because the database counts answers and cannot read reasons.
    automatic = models.BooleanField(default=False)

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


@tracked()
class TextBlock(Row):
    """Words at hand while writing: one's own (`owner`) or the program's (nobody's)."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="text_blocks")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    # The field of a note that it is for, one of GROUP_TEXTS or PART_TEXTS.
    field = models.CharField(max_length=20)
    label = models.CharField(max_length=60)
    words = EncryptedTextField()
    retired_at = models.DateTimeField(null=True, blank=True)

    objects = GrantedQuerySet.as_manager()

    class Meta:
        ordering = ["label", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(field__in=(*GROUP_TEXTS, *PART_TEXTS)), name="block_for_a_field"
            )
        ]

    def __str__(self) -> str:
        return f"Text block {self.pk}"


class HandOver(AppendOnly):
    """What who led a series tells whoever leads it next. Nobody can be recognized in it; what
    concerns one person stands in their part."""

    reads_are_recorded = True

    program = models.ForeignKey(Program, models.PROTECT, related_name="+")
    series = models.ForeignKey(GroupSeries, models.PROTECT, related_name="hand_overs")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    words = EncryptedTextField("About the group")

    objects = GrantedQuerySet.as_manager()

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"Hand-over {self.pk}"


class HandOverPart(AppendOnly):
    """What the next facilitator should know about one person, in words that they may read."""

    hand_over = models.ForeignKey(HandOver, models.PROTECT, related_name="parts")
    participant = models.ForeignKey(Participant, models.PROTECT, related_name="+")
    words = EncryptedTextField()

    objects = GrantedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["hand_over", "participant"], name="one_part_per_person_and_hand_over"
            )
        ]

    def __str__(self) -> str:
        return f"Hand-over part {self.pk}"
