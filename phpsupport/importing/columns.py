"""The files of a program and their columns: the one description that readers, template and docs use."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from facilitators.models import Employment
from participants.models import LevelOfCare, Referral
from phpsupport.access.roles import Role
from phpsupport.importing import cells
from phpsupport.importing.cells import Bad, Parse
from phpsupport.importing.report import shown
from phpsupport.lib.errors import Refused
from sessions.models import AbsenceReason, GroupKind, RoomKind, Status
from sessions.recurrence import LONGEST_INTERVAL_WEEKS, find_zone


@dataclass(frozen=True)
class Column:
    """One column: its name, how a cell is read, whether it must be filled, and what to write."""

    name: str
    parse: Parse
    required: bool
    words: str


@dataclass(frozen=True)
class Table:
    """One kind of file; `names` are the columns that name a row in the report."""

    kind: str
    words: str
    names: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def by_name(self) -> Mapping[str, Column]:
        return {column.name: column for column in self.columns}


def must(name: str, parse: Parse, words: str) -> Column:
    return Column(name, parse, True, words)


def may(name: str, parse: Parse, words: str) -> Column:
    return Column(name, parse, False, words)


def _words(choices: Any, *, labels: bool = False) -> dict[str, str]:
    """What may be written for a choice → its value. The first word of a value is the one told."""
    found: dict[str, str] = {}
    for value, label in choices.choices:
        for word in (label if labels else value.replace("_", " "), value):
            found.setdefault(word, value)
    return found


def zone(text: str) -> str:
    try:
        return find_zone(text).key
    except Refused:
        raise Bad(
            f"The time zone “{shown(text)}” is not known. Write it as in America/New_York."
        ) from None


IMPORTED_ROLES: Final = (Role.FACILITATOR, Role.SUPERVISOR, Role.SCHEDULER, Role.CLINICIAN)
ROLE_WORDS = {role.value: role for role in IMPORTED_ROLES}
REFERRALS = _words(Referral, labels=True)
REASONS = _words(AbsenceReason, labels=True)
KINDS = _words(GroupKind)
STATUSES = _words(Status)
EMPLOYMENTS = _words(Employment) | {value.replace("-", " "): value for value in Employment.values}

TABLES: Final[tuple[Table, ...]] = (
    Table(
        "staff",
        "People who work in the program",
        ("staff_id",),
        (
            must("staff_id", cells.identifier(), "A number of your own, such as S100"),
            must("first_name", cells.name(), ""),
            may("last_name", cells.name(), ""),
            must(
                "role",
                cells.several(cells.choice(ROLE_WORDS, "a role")),
                "facilitator, supervisor, scheduler or clinician; several separated by semicolons",
            ),
            must("email", cells.email, "The address they will sign in with; no invitation is sent"),
            may("phone", cells.phone, "With area code"),
            may("languages", cells.several(cells.name(60)), "Separated by semicolons"),
            may(
                "employment",
                cells.choice(EMPLOYMENTS, "a form of employment"),
                "full-time, part-time or volunteer",
            ),
            may("alumni_of_program", cells.yes_no, "yes or no"),
            may("max_groups_per_day", cells.whole(1, 24, "groups a day"), "A whole number"),
            may("hired_on", cells.day, "Year-month-day"),
            may("supervisor_id", cells.identifier(), "The staff_id of their supervisor"),
        ),
    ),
    Table(
        "training",
        "Trainings and certifications of facilitators",
        ("staff_id", "requirement"),
        (
            must("staff_id", cells.identifier(), "A facilitator of staff or of the program"),
            must(
                "requirement",
                cells.name(120),
                "A training area, a requirement of the program, or Peer specialist certification",
            ),
            must("completed_on", cells.day, "Year-month-day"),
            may("hours", cells.hours, "Such as 2 or 1.5"),
            may("expires_on", cells.day, "The last day on which it counts"),
            may("provider", cells.line(120), "Who gave it; the board of a certification"),
            may("certificate_number", cells.line(60), "Needed for a certification"),
        ),
    ),
    Table(
        "participants",
        "Participants and their stay",
        ("record_number",),
        (
            must("record_number", cells.identifier(), "One per person, such as H2000"),
            must("first_name", cells.name(), ""),
            may("last_name", cells.name(), "Empty for a person with one name"),
            may("preferred_name", cells.name(), "What they wish to be called"),
            may("date_of_birth", cells.day, "Year-month-day"),
            may("pronouns", cells.line(40), "Such as she/her"),
            may("language", cells.name(60), "English unless told"),
            may("interpreter_needed", cells.yes_no, "yes or no"),
            may("email", cells.email, ""),
            may("phone", cells.phone, "With area code"),
            may("ok_to_text", cells.yes_no, "yes or no: consent to text messages"),
            may("ok_to_email", cells.yes_no, "yes or no: consent to e-mail"),
            must("admitted_on", cells.day, "Year-month-day"),
            may("discharged_on", cells.day, "Year-month-day; a day to come is a planned discharge"),
            must(
                "level_of_care",
                cells.choice(_words(LevelOfCare), "a level of care"),
                "PHP or IOP",
            ),
            may("track", cells.name(60), "Such as Mood or Trauma"),
            may(
                "referred_from",
                cells.choice(REFERRALS, "a source"),
                "Inpatient unit, Emergency department, Outpatient clinic, Self or Other",
            ),
        ),
    ),
    Table(
        "rooms",
        "Rooms of the site",
        ("room",),
        (
            must("room", cells.name(), ""),
            must("seats", cells.whole(1, 500, "seats"), "From 1 to 500"),
            may("kind", cells.choice(_words(RoomKind), "a kind of room"), "room or video"),
            may("notes", cells.line(300), "Such as step-free access"),
        ),
    ),
    Table(
        "closures",
        "Days on which the program is closed",
        ("date",),
        (
            must("date", cells.day, "Year-month-day"),
            must("reason", cells.line(120), "Such as Thanksgiving"),
        ),
    ),
    Table(
        "groups",
        "Support groups and when they meet",
        ("group",),
        (
            must("group", cells.name(120), "One name per group"),
            must(
                "kind",
                cells.choice(KINDS, "a kind of group"),
                "open, closed, curriculum, psychoeducation, one to one, informal or alumni",
            ),
            must("weekdays", cells.weekdays, "Such as Mon;Wed;Fri"),
            must("starts", cells.clock, "On the 24-hour clock, such as 14:00"),
            must("ends", cells.clock, "On the 24-hour clock"),
            must("room", cells.name(), "A room of rooms or of the site"),
            may("facilitator_id", cells.identifier(), "The staff_id of who leads"),
            may("cofacilitator_id", cells.identifier(), "The staff_id of who co-facilitates"),
            must("capacity", cells.whole(1, 200, "places"), "Places, from 1 to 200"),
            may("language", cells.name(60), "English unless told"),
            must("from", cells.day, "First day"),
            must("until", cells.day, "Last day"),
            may("time_zone", zone, "The site's unless told, such as America/New_York"),
            may(
                "every_weeks",
                cells.whole(1, LONGEST_INTERVAL_WEEKS, "weeks"),
                "Every how many weeks; every week unless told",
            ),
            may(
                "nth_of_month",
                cells.nth_of_month,
                "For groups by the month: 1st, 2nd, 3rd, 4th or last, such as 2nd;last",
            ),
            may(
                "more_times",
                cells.more_times,
                "Further times in the same weeks, such as Thu 14:00-14:50;Sat 09:30-10:20",
            ),
        ),
    ),
    Table(
        "enrollments",
        "Who has a place in which group",
        ("record_number", "group"),
        (
            must("record_number", cells.identifier(), "A participant"),
            must("group", cells.name(120), "A group"),
            must("from", cells.day, "First day"),
            may("until", cells.day, "Last day; empty while it is open"),
        ),
    ),
    Table(
        "attendance",
        "Who came to sessions that took place",
        ("date", "group", "record_number"),
        (
            must("date", cells.day, "Year-month-day"),
            must("starts", cells.clock, "When the session began, such as 14:00"),
            must("group", cells.name(120), "A group"),
            must("record_number", cells.identifier(), "A participant"),
            must(
                "status",
                cells.choice(STATUSES, "an attendance"),
                "present, late, left early, excused, declined or absent",
            ),
            may("arrived", cells.clock, "When somebody late came"),
            may("departed", cells.clock, "When somebody left early"),
            may(
                "reason",
                cells.choice(REASONS, "a reason"),
                "For excused, declined or absent: such as transport or childcare",
            ),
        ),
    ),
)
BY_KIND: Final[Mapping[str, Table]] = {table.kind: table for table in TABLES}
