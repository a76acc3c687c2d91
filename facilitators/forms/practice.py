"""Forms of My practice."""

from uuid import uuid4

from django import forms

from facilitators.actions.practice import DRIFTS
from phpsupport.lib.forms import Form


class DriftForm(Form):
    """Which work somebody was asked to do; each choice is a button of its own."""

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    kind = forms.ChoiceField(choices=[(kind, kind) for kind in DRIFTS])
