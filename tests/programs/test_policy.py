"""The table of a program's rules: every default fits, and what does not fit is named."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from phpsupport.access.roles import Role
from phpsupport.programs.policy import BY_KEY, DEFAULTS, MAY_OVERRIDE, RULES, validate_rules


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
