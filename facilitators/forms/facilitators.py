"""Forms about facilitators themselves."""

from typing import Any

from django import forms

from facilitators.models import Employment, Facilitator, Stage
from phpsupport.lib.forms import FilterForm, Form, LineField, Row, Section, WholeField

STAGES_TO_ADD = [
    choice for choice in Stage.choices if choice[0] not in (Stage.ENDED, Stage.ON_LEAVE)
]


class LanguagesField(LineField):
    """Languages in one line, parted by commas or semicolons."""

    def clean(self, value: Any) -> list[str]:  # type: ignore[override]
        words = super().clean(value).replace(";", ",").split(",")
        found = list(dict.fromkeys(word.strip() for word in words if word.strip()))
        if any(len(word) > 60 for word in found):
            raise forms.ValidationError("Put a comma between two languages.", code="long")
        return found

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value


class FactsForm(Form):
    """What is on record about somebody's work."""

    submit = "Save"
    layout: tuple[Any, ...] = (
        Section("Work", Row("staff_id", "employment"), Row("hired_on", "max_groups_per_day")),
        Section("Person", Row("languages", "phone"), "alumni_of_program"),
    )
    staff_id = LineField(label="Staff number", max_length=30)
    employment = forms.ChoiceField(
        label="Employment", choices=[("", "not said"), *Employment.choices], required=False
    )
    hired_on = forms.DateField(label="Hired on", required=False)
    max_groups_per_day = WholeField(
        label="Groups a day, at most", min_value=1, max_value=12, required=False
    )
    languages = LanguagesField(
        label="Languages", required=False, help_text="For example: English, Spanish"
    )
    phone = LineField(label="Phone", max_length=40, required=False)
    alumni_of_program = forms.BooleanField(
        label="Took part in such a program once",
        required=False,
        help_text="As they told you. Their own former chart stays closed to you and to them.",
    )

    @staticmethod
    def of(facilitator: Facilitator) -> dict[str, Any]:
        """What the form begins with."""
        return {name: getattr(facilitator, name) for name in FactsForm.base_fields}


class AddFacilitatorForm(FactsForm):
    """Somebody new."""

    submit = "Add the facilitator"
    layout = (
        Section("Who", Row("first_name", "last_name"), "email"),
        Section(
            "Work",
            Row("staff_id", "employment"),
            Row("stage", "supervisor"),
            Row("hired_on", "max_groups_per_day"),
        ),
        Section("Person", Row("languages", "phone"), "alumni_of_program"),
    )
    first_name = LineField(label="First name", max_length=80)
    last_name = LineField(label="Last name", max_length=80, required=False)
    email = forms.EmailField(
        label="E-mail",
        max_length=254,
        help_text="They sign in with it once invited. An account with this address is used as it is.",
    )
    stage = forms.ChoiceField(label="Stage", choices=STAGES_TO_ADD, initial=Stage.NOMINATED)
    supervisor: Any = forms.ModelChoiceField(
        label="Supervisor", queryset=None, required=False, empty_label="none yet"
    )

    def __init__(self, *args: Any, supervisors: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["supervisor"].queryset = supervisors  # type: ignore[attr-defined]


class StageForm(Form):
    """Where somebody stands."""

    submit = "Change the stage"
    stage = forms.ChoiceField(label="Stage", choices=Stage.choices, widget=forms.RadioSelect)


class SupervisorForm(Form):
    """Who supervises somebody."""

    submit = "Save"
    supervisor: Any = forms.ModelChoiceField(
        label="Supervisor", queryset=None, required=False, empty_label="none"
    )

    def __init__(self, *args: Any, supervisors: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["supervisor"].queryset = supervisors  # type: ignore[attr-defined]


class PeopleFilter(FilterForm):
    """Above the list of facilitators."""

    q = LineField(max_length=80)
    stage = forms.ChoiceField(choices=[("", ""), *Stage.choices])
    supervisor = LineField(max_length=40)
    language = LineField(max_length=60)
    clearance = forms.ChoiceField(
        choices=[("", ""), ("yes", "yes"), ("no", "no"), ("soon", "soon")]
    )
