"""What is offered, where, and when: support groups, rooms, series and their sessions."""

from datetime import date

import pgtrigger
from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.db import models
from django.db.models import F, OuterRef, Q
from django.db.models.functions import Now

from facilitators.models import Facilitator
from phpsupport.access.grants import GrantedQuerySet
from phpsupport.lib.history import tracked
from phpsupport.lib.models import Row
from phpsupport.lib.ranges import TimeSpan, Weekday
from phpsupport.programs.models import Program, Site
from phpsupport.users.models import validate_zone


class GroupKind(models.TextChoices):
    OPEN = "open", "Open support group"
    CLOSED = "closed", "Closed group"
    CURRICULUM = "curriculum", "Curriculum"
    PSYCHOEDUCATION = "psychoeducation", "Psychoeducation led by peers"
    ONE_TO_ONE = "one_to_one", "One to one"
    INFORMAL = "informal", "Informal contact"
    ALUMNI = "alumni", "Alumni group"


@tracked()
class SupportGroup(Row):
    """A group that the program offers; its dated runs are series."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="support_groups")
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=20, choices=GroupKind, default=GroupKind.OPEN)
    description = models.CharField("what it is, for staff", max_length=500, blank=True)
    capacity = models.PositiveSmallIntegerField("places")
    language = models.CharField(max_length=60, default="English")
    # What a calendar outside shows to those who lead it. Never the name: it may tell what it is for.
    calendar_label = models.CharField(max_length=40, default="Group")
    # Off for informal contact: then the group note alone records a session.
    progress_notes = models.BooleanField("a progress note for each participant", default=True)
    # DOMAIN: a peer group neither counts toward the 20 hours nor bills unless the program says so.
    counts_toward_program_hours = models.BooleanField(default=False)
    billing_code = models.CharField(max_length=20, blank=True)
    retired_on = models.DateField(null=True, blank=True)

    objects = GrantedQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "name"],
                name="one_group_per_name",
                violation_error_message="There is a group of that name already.",
            ),
            models.CheckConstraint(
                condition=Q(capacity__gte=1, capacity__lte=200),
                name="group_capacity",
                violation_error_message="A group has from 1 to 200 places.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


@tracked()
class CurriculumItem(Row):
    """One step of a group's curriculum. Sessions take the steps in their order."""

    group = models.ForeignKey(SupportGroup, models.PROTECT, related_name="curriculum")
    position = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=160)
    materials = models.CharField(max_length=300, blank=True)
    retired_on = models.DateField(null=True, blank=True)

    objects = GrantedQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
        constraints = [
            # Deferred, so that two steps can change places.
            models.UniqueConstraint(
                fields=["group", "position"],
                name="one_step_per_position",
                deferrable=models.Deferrable.DEFERRED,
            )
        ]

    def __str__(self) -> str:
        return self.title

    def program_ids(self) -> list:  # type: ignore[type-arg]
        return [self.group.program_id]


class RoomKind(models.TextChoices):
    ROOM = "room", "Room"
    VIDEO = "video", "Video room"


@tracked()
class Room(Row):
    """A room of the site, shared by its programs; it holds one session at a time."""

    site = models.ForeignKey(Site, models.PROTECT, related_name="rooms")
    name = models.CharField(max_length=80)
    seats = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=10, choices=RoomKind, default=RoomKind.ROOM)
    # The hours in which it can be used; none on record means all day.
    opens = models.TimeField("open from", null=True, blank=True)
    closes = models.TimeField("open until", null=True, blank=True)
    notes = models.CharField(max_length=300, blank=True)
    retired_on = models.DateField(null=True, blank=True)

    objects = GrantedQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "name"],
                name="one_room_per_name",
                violation_error_message="There is a room of that name already.",
            ),
            models.CheckConstraint(
                condition=Q(seats__gte=1, seats__lte=500),
                name="room_seats",
                violation_error_message="A room has from 1 to 500 seats.",
            ),
            models.CheckConstraint(
                condition=Q(opens=None, closes=None) | Q(closes__gt=F("opens")),
                name="room_hours_forwards",
                violation_error_message="Give both hours of the room, the later one last.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def program_ids(self) -> list:  # type: ignore[type-arg]
        return list(Program.objects.filter(site_id=self.site_id).values_list("pk", flat=True))


class OnClosure(models.TextChoices):
    """What becomes of a date on which the program is closed."""

    SKIP = "skip", "Leave it out"
    SHIFT = "shift", "Take the next open day"
    KEEP = "keep", "Meet all the same"


@tracked()
class GroupSeries(Row):
    """A dated run of a group: a pattern by the clock on the wall of the site.

    Its sessions are stored rows. The pattern is only what made them, and what it is now: an edit
    of the coming sessions changes it, and the sessions that were held tell what it was.
    """

    program = models.ForeignKey(Program, models.PROTECT, related_name="series")
    group = models.ForeignKey(SupportGroup, models.PROTECT, related_name="series")
    room = models.ForeignKey(Room, models.PROTECT, related_name="series")
    weekdays = ArrayField(models.PositiveSmallIntegerField(choices=Weekday))
    starts = models.TimeField()
    ends = models.TimeField()
    # Further times in the same week: [{"weekdays": [3], "starts": "14:00", "ends": "14:50"}].
    more_times = models.JSONField(default=list, blank=True)
    every_weeks = models.PositiveSmallIntegerField("every (weeks)", default=1)
    # Which of these weekdays in a month: 1 to 4, and -1 for the last; empty means by weeks.
    nth_of_month = ArrayField(models.SmallIntegerField(), default=list, blank=True)
    on_closure = models.CharField(max_length=5, choices=OnClosure, default=OnClosure.SKIP)
    zone = models.CharField(max_length=64, validators=[validate_zone])
    from_on = models.DateField("first day")
    until_on = models.DateField("last day")
    capacity = models.PositiveSmallIntegerField("places")
    facilitators = models.ManyToManyField(
        Facilitator, through="SeriesFacilitator", related_name="series"
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = GrantedQuerySet.as_manager()

    class Meta:
        ordering = ["starts"]
        constraints = [
            models.CheckConstraint(
                condition=Q(until_on__gte=F("from_on")),
                name="series_forwards",
                violation_error_message="The last day cannot be before the first.",
            ),
            models.CheckConstraint(
                # An end before the start is on the next day.
                condition=~Q(ends=F("starts")),
                name="series_ends_apart_from_start",
                violation_error_message="The end must come after the start.",
            ),
            models.CheckConstraint(condition=Q(capacity__gte=1), name="series_capacity"),
            models.CheckConstraint(condition=Q(weekdays__len__gte=1), name="series_has_days"),
        ]

    def __str__(self) -> str:
        return f"Series {self.pk}"


class Part(models.TextChoices):
    LEAD = "lead", "Leads"
    CO = "co", "Co-facilitates"


class Answer(models.TextChoices):
    """What a facilitator says to an assignment. Until then it stands as it was given."""

    NONE = "", "Not answered"
    ACCEPTED = "accepted", "Accepted"
    DECLINED = "declined", "Declined"
    PROPOSED = "proposed", "Proposed another time"


class SeriesFacilitators(models.QuerySet["SeriesFacilitator"]):
    def on(self, day: date | OuterRef) -> "SeriesFacilitators":
        """Those of them who lead their series on a day."""
        return self.filter(
            Q(from_on=None) | Q(from_on__lte=day), Q(until_on=None) | Q(until_on__gte=day)
        )

    def staying(self) -> "SeriesFacilitators":
        """Without those whose last day is set: who leads it in the end."""
        return self.filter(until_on=None)


@tracked()
class SeriesFacilitator(Row):
    """Who usually leads a series, and on which days."""

    series = models.ForeignKey(GroupSeries, models.CASCADE, related_name="assignments")
    facilitator = models.ForeignKey(Facilitator, models.PROTECT, related_name="series_assignments")
    part = models.CharField(max_length=4, choices=Part, default=Part.LEAD)
    answer = models.CharField(max_length=8, choices=Answer, blank=True, default="")
    answered_at = models.DateTimeField(null=True, blank=True)
    # The first day on which they lead it; where it was not said, that of their first session.
    from_on = models.DateField("from", null=True, blank=True)
    # The last day, once the series is handed over from a later day on.
    until_on = models.DateField("until", null=True, blank=True)

    objects = SeriesFacilitators.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["series", "facilitator"], name="once_per_series"),
            models.CheckConstraint(
                condition=Q(until_on__gte=F("from_on")), name="leads_series_forwards"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.part} of {self.series_id}"

    def leads_on(self, day: date) -> bool:
        """Whether that day is one of theirs."""
        return (self.from_on is None or self.from_on <= day) and (
            self.until_on is None or day <= self.until_on
        )


class SessionState(models.TextChoices):
    """What became of a session; says nothing about who came."""

    SCHEDULED = "scheduled", "Planned"
    HELD = "held", "Held"
    NOT_HELD = "not_held", "Not held"
    CANCELLED = "cancelled", "Cancelled"


TAKES_ROOM = Q(state__in=["scheduled", "held"])


@tracked()
class GroupSession(Row):
    """One occurrence. `starts_at` and `ends_at` are instants; the local words are the series'."""

    reads_are_recorded = True

    program = models.ForeignKey(Program, models.PROTECT, related_name="group_sessions")
    series = models.ForeignKey(GroupSeries, models.PROTECT, related_name="sessions")
    # The index by room and time below serves the key as well; the same for a person's time.
    room = models.ForeignKey(Room, models.PROTECT, related_name="group_sessions", db_index=False)
    local_date = models.DateField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=SessionState, default=SessionState.SCHEDULED)
    state_reason = models.CharField(max_length=200, blank=True)
    # An exception: an edit of the series passes it over unless the editor says otherwise.
    moved = models.BooleanField("changed by hand", default=False)
    item = models.ForeignKey(
        CurriculumItem, models.PROTECT, null=True, blank=True, related_name="sessions"
    )
    # Somebody with the right to do so put it into a room that another session has as well.
    shares_room = models.BooleanField(default=False)
    # What calendars go by: raised by the database with every change of time, room or state.
    sequence = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField(db_default=Now())
    # Rises with every change of attendance, so that two editors cannot overwrite each other unseen.
    attendance_version = models.PositiveIntegerField(default=0)

    objects = GrantedQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="session_forwards",
                violation_error_message="The end must come after the start.",
            ),
            # These are checked at the end of each statement, so that one statement can let two
            # sessions change places.
            ExclusionConstraint(
                name="one_session_per_start",
                expressions=[
                    ("series", RangeOperators.EQUAL),
                    ("starts_at", RangeOperators.EQUAL),
                ],
                condition=TAKES_ROOM,
                deferrable=models.Deferrable.IMMEDIATE,
            ),
            ExclusionConstraint(
                name="room_once_at_a_time",
                expressions=[
                    ("room", RangeOperators.EQUAL),
                    (TimeSpan("starts_at", "ends_at"), RangeOperators.OVERLAPS),
                ],
                condition=TAKES_ROOM & Q(shares_room=False),
                deferrable=models.Deferrable.IMMEDIATE,
                violation_error_message="The room is taken at that time.",
            ),
        ]
        indexes = [
            models.Index(fields=["program", "starts_at"], name="session_week"),
            models.Index(fields=["series", "local_date"], name="session_by_series"),
            models.Index(fields=["room", "starts_at"], name="session_by_room"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="raise_sequence",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("starts_at", "ends_at", "room_id", "state"),
                condition=pgtrigger.AnyChange("starts_at", "ends_at", "room", "state"),
                func="NEW.sequence = OLD.sequence + 1; NEW.changed_at = statement_timestamp(); RETURN NEW;",
            )
        ]

    def __str__(self) -> str:
        return f"Session {self.pk}"


@tracked()
class SessionFacilitator(Row):
    """Who leads one session. The times repeat the session's, so that the database can refuse
    one person in two places; `active` is false when the session takes nobody's time."""

    session = models.ForeignKey(GroupSession, models.CASCADE, related_name="assignments")
    facilitator = models.ForeignKey(Facilitator, models.PROTECT, related_name="session_assignments")
    # The person, not the facilitator record: somebody may work in two programs.
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    part = models.CharField(max_length=4, choices=Part, default=Part.LEAD)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    active = models.BooleanField(default=True)
    # Somebody with the right to do so booked this person twice.
    shares_time = models.BooleanField(default=False)
    answer = models.CharField(max_length=8, choices=Answer, blank=True, default="")
    answered_at = models.DateTimeField(null=True, blank=True)
    # Since when this one session asks for an answer of its own, whatever was said to its series.
    asked_at = models.DateTimeField(null=True, blank=True)
    # Since when planners know that this person is not cleared that day; clearance itself is
    # computed, this only says that it was told.
    flagged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "facilitator"], name="once_per_session"),
            ExclusionConstraint(
                name="facilitator_once_at_a_time",
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    (TimeSpan("starts_at", "ends_at"), RangeOperators.OVERLAPS),
                ],
                condition=Q(active=True, shares_time=False),
                deferrable=models.Deferrable.IMMEDIATE,
                violation_error_message="The facilitator is busy at that time.",
            ),
        ]
        indexes = [
            models.Index(fields=["facilitator", "starts_at"], name="slot_by_facilitator"),
            models.Index(fields=["person", "starts_at"], name="slot_by_person"),
        ]

    def __str__(self) -> str:
        return f"{self.part} of {self.session_id}"
