"""The table of a program's rules: every default fits, and what does not fit is named."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from facilitators.queries.clearance import files_in, program_rules
from phpsupport.access.roles import Role
from phpsupport.programs.models import PolicyProfile, Program, policy_in_force
from phpsupport.programs.policy import BY_KEY, DEFAULTS, MAY_OVERRIDE, RULES, after, validate_rules
from sessions.actions.reminders import Hours
from sessions.queries.due import due_rules
from tests.factories import make_facilitator, make_program

FIRST = date(2026, 3, 1)
NOON = datetime(2026, 2, 1, 17, tzinfo=UTC)


def test_every_default_fits_its_rule() -> None:
    validate_rules(dict(DEFAULTS))
    assert len(BY_KEY) == len(RULES)


def test_every_rule_has_its_section_and_words() -> None:
    for rule in RULES:
        assert rule.label, rule.key
        assert rule.section, rule.key
        assert bool(rule.choices) == (rule.kind in ("choice", "choices")), rule.key


def test_who_may_override_is_a_role() -> None:
    assert {key for key, _ in MAY_OVERRIDE} <= set(Role.values)


@pytest.mark.parametrize("value", ["maybe", "", None, 1, ["block"], True])
def test_a_level_is_one_of_three(value: Any) -> None:
    with pytest.raises(ValidationError, match="choose one of Block, Warn, Ignore"):
        validate_rules({"rule_room": value})


@pytest.mark.parametrize(
    "rules",
    [
        {"turnaround_minutes": 61}, {"turnaround_minutes": -1}, {"turnaround_minutes": True},
        {"rest_hours": 0}, {"override_by": "program_lead"}, {"override_by": ["participant"]},
        {"rule_weather": "warn"},
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(rules: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        validate_rules(rules)


def test_no_minutes_and_nobody_are_answers() -> None:
    validate_rules({"turnaround_minutes": 0, "override_by": []})


# --- rules that were set, one after the other -----------------------------------------------------------
def set_rules(program: Program, day: date, rules: dict[str, Any], *, minute: int = 0) -> None:
    PolicyProfile.objects.create(
        program=program, effective_from=day, rules=rules, set_at=NOON + timedelta(minutes=minute)
    )


def test_each_rule_is_as_it_was_set_last() -> None:
    assert after(()) == dict(DEFAULTS)
    found = after(({"group_cap": 9, "rest_hours": 8}, {"group_cap": 10}))
    assert (found["group_cap"], found["rest_hours"]) == (10, 8)
    assert found == dict(DEFAULTS) | {"group_cap": 10, "rest_hours": 8}


def test_whoever_asks_finds_the_same_rules_on_each_day(db: None) -> None:
    """Set in another order than they hold, two of them from one day on; no setting loses another."""
    program = make_program()
    facilitator = make_facilitator(program)
    set_rules(program, FIRST + timedelta(days=9), {"reminder_hours": [5]}, minute=0)
    set_rules(program, FIRST, {"note_due_hours": 30, "group_cap": 9}, minute=5)
    set_rules(program, FIRST, {"group_cap": 10}, minute=6)
    set_rules(program, FIRST - timedelta(days=9), {"group_cap": 8, "rest_hours": 9}, minute=7)
    set_rules(make_program(), FIRST, {"group_cap": 3})
    told = {
        FIRST - timedelta(days=10): (12, 24, [24, 2], 11),
        FIRST - timedelta(days=9): (8, 24, [24, 2], 9),
        FIRST: (10, 30, [24, 2], 9),
        FIRST + timedelta(days=9): (10, 30, [5], 9),
    }
    (rules, in_one, due, hours) = (
        program_rules([program.pk])[program.pk],
        files_in(program, [facilitator.pk])[facilitator.pk].rules,
        due_rules(program),
        Hours(),
    )
    for day, said in told.items():
        found = policy_in_force(program.pk, day)
        keys = ("group_cap", "note_due_hours", "reminder_hours", "rest_hours")
        assert tuple(found[key] for key in keys) == said
        assert rules.policy_on(day) == in_one.policy_on(day) == due.on(day) == found
        assert hours.on(program.pk, day) == found["reminder_hours"]
