"""The short form between supervisions."""

from django import forms

from facilitators.models import CheckIn
from phpsupport.lib.forms import Form, ProseField


class CheckInForm(Form):
    """Two minutes on a phone."""

    submit = "Send"

    workload = forms.TypedChoiceField(
        label="How is the workload?",
        choices=list(CheckIn._meta.get_field("workload").choices or ()),
        coerce=int,
        error_messages={"required": "Choose how the workload is."},
        widget=forms.RadioSelect,
    )
    hard = ProseField(label="Was anything hard?", required=False, rows=3, max_length=4000)
    boundary_question = ProseField(
        label="Any boundary question?",
        required=False,
        rows=3,
        max_length=4000,
        help_text="Asking is good practice. Your supervisor hears of it at once.",
    )
    asked_non_peer_work = forms.BooleanField(
        label="I was asked to do work that is not peer work", required=False
    )
    wants_support = forms.BooleanField(
        label="I would like support or cover",
        required=False,
        help_text="No reason needed. Your supervisor hears of it at once.",
    )
