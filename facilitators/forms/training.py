"""Forms about training and certification."""

from functools import cached_property
from typing import Any

from crispy_forms.helper import FormHelper
from django import forms
from django.urls import reverse

from facilitators.models import CertificationKind, TrainingRequirement
from phpsupport.access.roles import Role
from phpsupport.lib.forms import FilterForm, Form, LineField, Row, WholeField, helper
from phpsupport.programs.models import Program


class TrainingForm(Form):
    """A training that was completed."""

    submit = "Record the training"
    layout = (
        "requirement",
        Row("completed_on", "expires_on"),
        Row("provider", "certificate_number"),
        "hours",
        "verified",
    )
    requirement: Any = forms.ModelChoiceField(
        label="Training", queryset=None, empty_label="choose one"
    )
    completed_on = forms.DateField(label="Completed on")
    expires_on = forms.DateField(
        label="Counts through",
        required=False,
        help_text="If the certificate names a last day. Otherwise the program's rule counts.",
    )
    provider = LineField(label="Given by", max_length=120, required=False)
    certificate_number = LineField(label="Certificate number", max_length=60, required=False)
    hours = forms.DecimalField(
        label="Hours", min_value=0, max_value=1000, max_digits=6, decimal_places=2, required=False
    )
    verified = forms.BooleanField(label="I have seen the certificate", required=False)

    def __init__(self, *args: Any, program: Program, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["requirement"].queryset = TrainingRequirement.objects.filter(  # type: ignore[attr-defined]
            program=program, role=Role.FACILITATOR, retired_on=None
        )


class CertificationForm(Form):
    """A board's credential."""

    submit = "Record the certification"
    layout = ("kind", Row("number", "board"), Row("issued_on", "expires_on"))
    kind = forms.ChoiceField(
        label="Kind", choices=CertificationKind.choices, widget=forms.RadioSelect
    )
    number = LineField(label="Number", max_length=60)
    board = LineField(label="Board", max_length=120, required=False)
    issued_on = forms.DateField(label="Issued on")
    expires_on = forms.DateField(
        label="Valid through", help_text="The last day on which it counts."
    )


class RequirementForm(Form):
    """A training that facilitators must hold."""

    submit = "Add the requirement"
    layout = (Row("name", "validity_months"), "required")
    name = LineField(label="What is it called?", max_length=120)
    validity_months = WholeField(
        label="Counts for (months)",
        min_value=1,
        max_value=600,
        required=False,
        help_text="Leave empty if it never runs out.",
    )
    required = forms.BooleanField(label="Needed to lead a session", required=False, initial=True)

    @cached_property
    def helper(self) -> FormHelper:
        return helper(
            self.submit,
            *self.layout,
            action=reverse("facilitators:requirement-add"),
            guard=self.guard,
        )


class DayForm(FilterForm):
    """A day to look at."""

    on = forms.DateField(label="Day")
