"""Forms of the program's office."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from phpsupport.lib.forms import Form, Row, Section
from phpsupport.programs.policy import RULES, Rule, validate_rules


class ClosureForm(Form):
    """A day on which the program is closed."""

    submit = "Close this day"
    date = forms.DateField(label="Day")
    reason = forms.CharField(label="Reason", max_length=120, help_text="For example Thanksgiving.")


class NumbersField(forms.CharField):
    """Whole numbers parted by commas."""

    def to_python(self, value: Any) -> Any:
        words = [w.strip() for w in str(value or "").split(",") if w.strip()]
        try:
            return [int(w) for w in words]
        except ValueError:
            raise ValidationError(
                "Give whole numbers parted by commas, for example 24, 2."
            ) from None

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list) else value


CHECK = "From general knowledge: check it with your state or payer."


def field_for(rule: Rule) -> forms.Field:
    """The form field of one rule of the table."""
    words = " ".join(w for w in (rule.help, CHECK if rule.check else "") if w)
    common: dict[str, Any] = {"label": rule.label, "help_text": words}
    if rule.kind == "number":
        return forms.IntegerField(min_value=rule.low, max_value=rule.high, **common)
    if rule.kind == "numbers":
        return NumbersField(max_length=100, required=False, **common)
    if rule.kind == "choice":
        field = forms.ChoiceField(choices=rule.choices, widget=forms.RadioSelect, **common)
        field.as_chips = True  # type: ignore[attr-defined]
        return field
    if rule.kind == "choices":
        return forms.MultipleChoiceField(
            choices=rule.choices, required=False, widget=forms.CheckboxSelectMultiple, **common
        )
    if rule.kind == "time":
        return forms.TimeField(**common)
    return forms.CharField(max_length=300, widget=forms.Textarea(attrs={"rows": 2}), **common)


class PolicyForm(Form):
    """All rules of the program, from a day on."""

    submit = "Set these rules"
    effective_from = forms.DateField(label="From")
    note = forms.CharField(label="Why", max_length=300, required=False)

    def __init__(self, *args: Any, rules: dict[str, Any], today: date, **kwargs: Any) -> None:
        sections: dict[str, list[list[str]]] = {}
        for rule in RULES:
            rows = sections.setdefault(rule.section, [])
            if rule.beside:
                rows[-1].append(rule.key)
            else:
                rows.append([rule.key])
        self.layout = (
            Section("When", "effective_from", "note"),
            *(
                Section(name, *(Row(*keys) if len(keys) > 1 else keys[0] for keys in rows))
                for name, rows in sections.items()
            ),
        )
        kwargs["initial"] = {"effective_from": today, **rules}
        super().__init__(*args, **kwargs)

    def rules(self) -> dict[str, Any]:
        """The rules as stored."""
        data = self.cleaned_data
        return {
            rule.key: f"{data[rule.key]:%H:%M}" if rule.kind == "time" else data[rule.key]
            for rule in RULES
        }

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        for rule in RULES:
            if rule.key in data and rule.kind == "numbers":
                try:
                    validate_rules({rule.key: data[rule.key]})
                except ValidationError as fault:
                    self.add_error(rule.key, fault.messages[0])
        return data


PolicyForm.base_fields.update({rule.key: field_for(rule) for rule in RULES})
