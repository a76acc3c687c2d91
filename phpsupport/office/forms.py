"""Forms of the program's office."""

from dataclasses import asdict, dataclass
from typing import Any

from django import forms
from django.core import signing
from django.core.exceptions import ValidationError

from phpsupport.lib.forms import Form, Row, Section
from phpsupport.programs.policy import RULES, Rule, validate_rules

_SHOWN = "phpsupport.office.rules"


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


def _alike(rule: Rule, one: Any, other: Any) -> bool:
    """Whether two values of a rule say the same, however a page sends them."""
    if rule.kind == "choices":
        return set(one) == set(other or ())
    if rule.kind == "text":
        return one.split() == str(other).split()
    return bool(one == other)


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


@dataclass(frozen=True)
class Shown:
    """What the page of rules showed: the rules as they stand on a day, and everything set so far."""

    rules: dict[str, Any]
    seen: str

    @property
    def token(self) -> str:
        """The same for the page to send back."""
        return signing.dumps(asdict(self), salt=_SHOWN, compress=True)

    @classmethod
    def read(cls, token: str) -> "Shown | None":
        """What was shown by a page that sends this; None for anything made up."""
        try:
            return cls(**signing.loads(token, salt=_SHOWN))
        except signing.BadSignature:
            return None


class PolicyForm(Form):
    """All rules of the program; what is changed in them holds from a day on."""

    submit = "Set these rules"
    effective_from = forms.DateField(
        label="From",
        help_text="Only what you change is set from this day on. Everything else stays as it is, "
        "also what was set for later.",
    )
    note = forms.CharField(label="Why", max_length=300, required=False)
    shown = forms.CharField(max_length=20_000, required=False, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, over: Shown, initial: dict[str, Any] | None = None, **kwargs: Any
    ) -> None:
        self.over = over
        sections: dict[str, list[list[str]]] = {}
        for rule in RULES:
            rows = sections.setdefault(rule.section, [])
            if rule.beside:
                rows[-1].append(rule.key)
            else:
                rows.append([rule.key])
        self.layout = (
            "shown",
            Section("When", "effective_from", "note"),
            *(
                Section(name, *(Row(*keys) if len(keys) > 1 else keys[0] for keys in rows))
                for name, rows in sections.items()
            ),
        )
        kwargs["initial"] = over.rules | {"shown": over.token} | (initial or {})
        super().__init__(*args, **kwargs)

    def changed(self) -> dict[str, Any]:
        """The rules that differ from what was shown."""
        sent, shown = self.rules(), self.over.rules
        return {
            rule.key: sent[rule.key]
            for rule in RULES
            if not _alike(rule, sent[rule.key], shown.get(rule.key))
        }

    def anew(self, over: Shown) -> "PolicyForm":
        """The refused form over what stands now: what was changed in it is kept, the rest is new."""
        kept = {name: self.cleaned_data[name] for name in ("effective_from", "note")}
        form = PolicyForm(over=over, initial=kept | self.changed())
        form.cleaned_data = {}  # an error is added to what was not sent yet
        form.add_error(None, self.non_field_errors().as_data())
        return form

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
