"""The signature on the notes of a session."""

from collections.abc import Iterable
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from phpsupport.lib.forms import Form, LineField
from sessions.minutes import instant_of
from sessions.screening import Doubt

FORM_ID = "signature"


def explanation_of(doubt: Doubt) -> str:
    """The field in which a name is explained; the same whatever else is found."""
    return f"explain-{doubt.key.replace(':', '-')}"


class SignForm(Form):
    """Attestation, the times, an explanation per name found, and who signs."""

    submit = "Sign"
    autofill = {"secret": "current-password"}
    started = forms.TimeField(label="Started")
    ended = forms.TimeField(label="Ended")
    attest = forms.BooleanField(
        label="These notes say truly what happened, and nobody else can be recognized in them."
    )
    secret = forms.CharField(
        label="Your password, or a code from your authenticator app",
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        max_length=200,
        strip=False,
    )

    def __init__(
        self, *args: Any, doubts: Iterable[Doubt] = (), group: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.doubts = {explanation_of(doubt): doubt for doubt in doubts}
        if not group:
            self.fields.pop("started")
            self.fields.pop("ended")
        for name, doubt in self.doubts.items():
            # It stands beside the text in which the name was found, outside the form's own tag.
            self.fields[name] = LineField(
                required=True,
                label=f"Or say why “{doubt.found}” stays",
                widget=forms.TextInput(attrs={"form": FORM_ID, "class": "form-control"}),
                error_messages={"required": "Take the name out, or say why it stays."},
            )
            self._shape(name, self.fields[name])

    @property
    def explained(self) -> dict[str, str]:
        """The explanations by the finding's key; one reason settles everybody whom a word may name."""
        return {
            finding.key: self.cleaned_data.get(name, "")
            for name, doubt in self.doubts.items()
            for finding in doubt.findings
        }

    def times(self, session: Any) -> dict[str, datetime]:
        """The actual start and end as instants, where they were given."""
        zone = ZoneInfo(session.program.zone)
        named = {"started_at": "started", "ended_at": "ended"}
        found = {}
        for name, field in named.items():
            clock: time | None = self.cleaned_data.get(field)
            if clock:
                found[name] = instant_of(clock, session.starts_at, session.ends_at, zone)
        return found
