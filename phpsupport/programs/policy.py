"""The rules that a program sets for itself, described once: key, kind, default, words, source.

The settings page, the import of defaults and every action read this table. A default marked
`check` comes from general knowledge; the page asks the program to check it with its state or payer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError


@dataclass(frozen=True)
class Rule:
    """One rule: what it is called, which values it takes, and where its default comes from."""

    key: str
    label: str
    kind: str  # "number", "numbers", "choice", "choices", "text", "time"
    default: Any
    help: str = ""
    section: str = ""
    low: int = 0
    high: int = 10_000
    choices: tuple[tuple[str, str], ...] = ()
    check: bool = False
    beside: bool = False  # stands in one row with the rule before it


STAGES_WITH_NOTES = (
    ("shadowing", "Shadowing"),
    ("co_facilitating", "Co-facilitating"),
    ("initial", "Initial certification"),
    ("full", "Full certification"),
)

# What the program does when something speaks against a planned session.
LEVELS = (
    ("block", "Block"),
    ("warn", "Warn"),
    ("ignore", "Ignore"),
)
MAY_OVERRIDE = (
    ("scheduler", "Schedulers"),
    ("supervisor", "Supervisors"),
    ("program_lead", "Program leads"),
)


# Who can be told of a safety concern.
WHO_IS_TOLD = (
    ("care_team", "Clinicians on the care team"),
    ("supervisor", "The facilitator's supervisor"),
    ("clinician", "All clinicians of the program"),
    ("scheduler", "Schedulers"),
    ("program_lead", "Program leads"),
)


def _level(key: str, label: str, default: str, words: str = "") -> Rule:
    return Rule(key, label, "choice", default, words, "Schedule", choices=LEVELS)


RULES: tuple[Rule, ...] = (
    Rule("reminder_hours", "Remind people this many hours before a session", "numbers", [24, 2],
         "Hours by the clock on the wall, also across a clock change. Empty sends none.",
         "Messages", 1, 168),
    Rule("quiet_from", "No messages to participants after", "time", "21:00", "In their own time zone.", "Messages"),
    Rule("quiet_until", "No messages to participants before", "time", "08:00", "", "Messages"),
    Rule("group_cap", "Largest group", "number", 12,
         "Virginia 10, North Carolina 12. A single group can be smaller.", "Groups", 1, 200, check=True),
    Rule("offer_hours", "A free place is kept for the first in line for (hours)", "number", 24,
         "Hours by the clock on the wall. 0 gives the place to the first in line by itself.", "Groups", 0, 336),
    Rule("iop_leaves_at", "Intensive outpatient participants usually leave at", "time", "12:50",
         "Suggested when somebody joins a group that runs past it.", "Groups"),
    Rule("alumni_mixed", "Somebody with an open stay in an alumni group", "choice", "block",
         "Alumni groups are apart from the groups of the program.", "Groups", choices=LEVELS),
    Rule("kiosk_code_minutes", "The code that opens a kiosk holds for (minutes)", "number", 10,
         "It works once, on one device.", "Kiosk", 1, 60),
    Rule("kiosk_minutes", "A kiosk closes by itself after (minutes)", "number", 90,
         "Or when the session ends, whichever comes first.", "Kiosk", 5, 480),
    Rule("note_due_hours", "Notes are due this many hours after a session", "number", 24, "", "Notes", 1, 720, check=True),
    Rule("note_due_by", "Notes are due by", "choice", "hours", "Business days leave out weekends and closed days.", "Notes",
         choices=(("hours", "Hours after the session"), ("business_days", "The end of a business day"))),
    Rule("note_due_days", "Business days for notes, where they are counted", "number", 3, "", "Notes", 1, 30, check=True,
         beside=True),
    Rule("nudge_hours", "Remind who leads of open attendance and notes after (hours)", "numbers", [2, 20],
         "Until they are done, or the session was not held. Empty sends none.", "Notes", 1, 336),
    Rule("correction_hours", "A mark that changes needs a reason from (hours) after the session", "number", 2,
         "The mark before is kept in any case.", "Notes", 0, 336),
    Rule("cosign_for", "Notes need a cosignature from facilitators who are", "choices",
         ["shadowing", "co_facilitating", "initial"], "", "Notes", choices=STAGES_WITH_NOTES),
    Rule("stages_that_lead", "Facilitators may lead from these stages on", "choices", ["certified", "active"], "",
         "Facilitators", choices=(("co_facilitating", "Co-facilitating"), ("certified", "Certified"), ("active", "Active"))),
    Rule("soon_days", "Warn about training that runs out within (days)", "numbers", [90, 60, 30, 14, 7], "",
         "Facilitators", 1, 365),
    Rule("supervision_days_initial", "Supervision at least every (days), initial certification", "number", 7,
         "Weekly in Texas.", "Supervision", 1, 365, check=True),
    Rule("supervision_days_full", "Supervision at least every (days), full certification", "number", 30,
         "Monthly in Texas.", "Supervision", 1, 365, check=True),
    Rule("facilitators_per_supervisor", "Facilitators for one supervisor, at most", "number", 8,
         "Eight in North Carolina.", "Supervision", 1, 100, check=True),
    Rule("check_in_days", "Ask each facilitator how it goes every (days)", "number", 14, "", "Supervision", 1, 180),
    Rule("check_in_remind_days", "Remind of an unanswered check-in after (days)", "number", 2, "", "Supervision", 1, 60),
    Rule("check_in_escalate_days", "Tell the program lead of an unanswered check-in after (days)", "number", 4, "",
         "Supervision", 1, 90),
    Rule("triage_business_days", "Look at a boundary concern within (business days)", "number", 1, "",
         "Boundaries", 1, 30),
    Rule("second_reviewer_severity", "A second reviewer from severity", "number", 3,
         "A violation always needs one.", "Boundaries", 1, 4),
    Rule("safety_tell", "Who is told at once of a safety concern", "choices", ["care_team", "supervisor"],
         "They must say that they know.", "Safety", choices=WHO_IS_TOLD),
    Rule("safety_minutes", "Pass it on when nobody answers within (minutes)", "number", 15, "", "Safety", 1, 1440),
    Rule("safety_then", "To whom it is passed on", "choices", ["program_lead"], "", "Safety", choices=WHO_IS_TOLD),
    Rule("redisclosure_notice", "Notice on every record that leaves the program", "text",
         "42 CFR part 2 prohibits unauthorized use or disclosure of these records.",
         "Checked on the policy's date.", "Privacy", check=True),
    Rule("safety_line", "Crisis line shown to participants", "text",
         "In an emergency call 911. To talk now: call or text 988, day or night.", "Checked on the policy's date.",
         "Participants"),
    _level("rule_room", "Two groups in one room", "block",
           "Block refuses it, Warn asks for a yes, Ignore says nothing."),
    _level("rule_facilitator", "A facilitator in two groups at once", "block",
           "Groups of other programs count as well."),
    _level("rule_leave", "A facilitator on leave", "block"),
    _level("rule_clearance", "A facilitator who is not cleared on that day", "warn",
           "Whoever no longer works here is refused in any case."),
    _level("rule_interest", "A facilitator and a participant who are to be kept apart", "block",
           "A declared conflict of interest. What the relation is stays with who declared it."),
    _level("rule_participant", "A participant in two groups at once", "warn"),
    _level("rule_language", "A facilitator who does not speak the group's language", "warn",
           "Counts only where languages are on record for the facilitator."),
    _level("rule_closed", "A session on a closed day", "block",
           "A series that is to meet on closed days all the same is not asked."),
    _level("rule_room_hours", "Outside the hours of the room", "warn"),
    _level("rule_turnaround", "Too little time between two groups in a room", "warn"),
    Rule("turnaround_minutes", "Minutes between two groups in a room, at least", "number", 5, "", "Schedule", 0, 60, beside=True),
    _level("rule_load_day", "More groups in a day than agreed with a facilitator", "warn",
           "The number stands in the facilitator's record."),
    _level("rule_hours_week", "More hours of groups in a week than the most", "warn"),
    Rule("hours_week", "Hours of groups in a week for a facilitator, at most", "number", 20, "From Monday to Sunday.",
         "Schedule", 1, 80, beside=True),
    _level("rule_back_to_back", "More groups in a row than the most", "warn"),
    Rule("back_to_back_most", "Groups in a row without a break, at most", "number", 3, "", "Schedule", 1, 12, beside=True),
    Rule("break_minutes", "A break between two groups has at least (minutes)", "number", 15, "", "Schedule", 1, 240, beside=True),
    _level("rule_rest", "Too little rest between evening and morning", "warn"),
    Rule("rest_hours", "Hours of rest between evening and morning, at least", "number", 11, "", "Schedule", 1, 24, beside=True),
    Rule("override_by", "May set a blocked rule aside, with a reason", "choices", ["program_lead"],
         "It stays visible on the session. Nobody chosen means that nobody may.", "Schedule", choices=MAY_OVERRIDE),
    Rule("cover_asks", "When somebody needs cover, who is asked", "choice", "planner",
         "Everybody who can: cleared that day, free then and not on leave. They see no reason.", "Cover",
         choices=(("planner", "Those whom a scheduler chooses"), ("all", "Everybody who can, at once"))),
    Rule("cover_escalate_hours", "Tell schedulers and program leads of unanswered cover after (hours)", "number", 24, "",
         "Cover", 1, 336),
    Rule("cover_last_hours", "And always this many hours before the session", "number", 4, "", "Cover", 1, 72),
    Rule("ask_again_minutes", "Ask facilitators again when a session moves by more than (minutes)", "number", 15,
         "They had accepted another time.", "Cover", 0, 10_000),
)  # fmt: skip

BY_KEY: Mapping[str, Rule] = {rule.key: rule for rule in RULES}
DEFAULTS: Mapping[str, Any] = {rule.key: rule.default for rule in RULES}


def after(settings: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """All rules once these were set, one after the other: each as it was set last, or its default."""
    found = dict(DEFAULTS)
    for rules in settings:
        found |= rules
    return found


def _fault(rule: Rule, value: Any) -> str | None:
    span = f"from {rule.low} to {rule.high}"
    if rule.kind == "number":
        fine = type(value) is int and rule.low <= value <= rule.high
        return None if fine else f"{rule.label}: give a whole number {span}."
    if rule.kind == "numbers":
        fine = isinstance(value, list) and all(
            type(n) is int and rule.low <= n <= rule.high for n in value
        )
        return None if fine else f"{rule.label}: give whole numbers {span}, parted by commas."
    if rule.kind == "choice":
        fine = isinstance(value, str) and value in {key for key, _ in rule.choices}
        words = ", ".join(label for _, label in rule.choices)
        return None if fine else f"{rule.label}: choose one of {words}."
    if rule.kind == "choices":
        known = {key for key, _ in rule.choices}
        fine = isinstance(value, list) and all(isinstance(v, str) and v in known for v in value)
        return None if fine else f"{rule.label}: choose among {', '.join(sorted(known))}."
    if rule.kind == "time":
        parts = value.split(":") if isinstance(value, str) else []
        fine = (
            len(parts) == 2
            and all(p.isascii() and p.isdigit() and len(p) == 2 for p in parts)
            and int(parts[0]) < 24
            and int(parts[1]) < 60
        )
        return None if fine else f"{rule.label}: give a time such as 21:00."
    return (
        None
        if isinstance(value, str) and len(value) <= 300
        else f"{rule.label}: at most 300 characters."
    )


def validate_rules(rules: Any) -> None:
    """Refuse rules that are not in the table or whose values do not fit, naming each."""
    if not isinstance(rules, dict):
        raise ValidationError("Rules are a table of names and values.")
    faults = [f"There is no rule called {key}." for key in rules if key not in BY_KEY]
    faults += [
        f for key, value in rules.items() if key in BY_KEY and (f := _fault(BY_KEY[key], value))
    ]
    if faults:
        raise ValidationError(faults)
