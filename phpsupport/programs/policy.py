"""The rules that a program sets for itself, described once: key, kind, default, words, source.

The settings page, the import of defaults and every action read this table. A default marked
`check` comes from general knowledge; the page asks the program to check it with its state or payer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError


@dataclass(frozen=True)
class Rule:
    """One rule: what it is called, which values it takes, and where its default comes from."""

    key: str
    label: str
    kind: str  # "number", "numbers", "yes_no", "choices", "text", "time"
    default: Any
    help: str = ""
    section: str = ""
    low: int = 0
    high: int = 10_000
    choices: tuple[tuple[str, str], ...] = ()
    check: bool = False


STAGES_WITH_NOTES = (
    ("shadowing", "Shadowing"),
    ("co_facilitating", "Co-facilitating"),
    ("initial", "Initial certification"),
    ("full", "Full certification"),
)

RULES: tuple[Rule, ...] = (
    Rule("reminder_hours", "Remind people this many hours before a session", "numbers", [24, 2],
         "Hours by the clock on the wall, also across a clock change. Empty sends none.",
         "Messages", 1, 168),
    Rule("quiet_from", "No messages to participants after", "time", "21:00", "In their own time zone.", "Messages"),
    Rule("quiet_until", "No messages to participants before", "time", "08:00", "", "Messages"),
    Rule("group_cap", "Largest group", "number", 12,
         "Virginia 10, North Carolina 12. A single group can be smaller.", "Groups", 1, 200, check=True),
    Rule("note_due_hours", "Notes are due this many hours after a session", "number", 24, "", "Notes", 1, 720, check=True),
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
    Rule("safety_line", "Crisis line shown to participants", "text",
         "In an emergency call 911. To talk now: call or text 988, day or night.", "Checked on the policy's date.",
         "Participants"),
)  # fmt: skip

BY_KEY: Mapping[str, Rule] = {rule.key: rule for rule in RULES}
DEFAULTS: Mapping[str, Any] = {rule.key: rule.default for rule in RULES}


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
