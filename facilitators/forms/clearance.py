"""The form by which a supervisor allows it all the same."""

from django import forms

from phpsupport.lib.forms import Form, ProseField, Row


class OverrideForm(Form):
    """From when, through when, and why."""

    submit = "Allow it"
    layout = (Row("from_on", "until_on"), "reason")
    from_on = forms.DateField(label="From")
    until_on = forms.DateField(label="Through", help_text="The last day is included.")
    reason = ProseField(
        label="Why",
        max_length=300,
        rows=3,
        help_text="It stays on record beside the clearance. Name no participant.",
    )
