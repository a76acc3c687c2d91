"""Who asks for the address of a calendar says again who they are."""

from django import forms

from phpsupport.lib.forms import Form


class AddressForm(Form):
    """The password, or a code from the authenticator app."""

    secret = forms.CharField(
        label="Your password, or a code from your authenticator app",
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        max_length=200,
        strip=False,
    )
