"""Forms in whose words nobody else is named, or somebody says why."""

from collections.abc import Iterable
from typing import Any

from phpsupport.lib.forms import Form, LineField
from sessions.forms.signing import explanation_of
from sessions.screening import Doubt


class NamesForm(Form):
    """A form that asks for a reason for each name found in what was typed."""

    doubts: dict[str, Doubt]  # by the field in which each is explained

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.doubts = {}

    def ask_about(self, doubts: Iterable[Doubt]) -> None:
        """Add a field for each: without a reason the form is not valid."""
        for doubt in doubts:
            name = explanation_of(doubt)
            self.doubts[name] = doubt
            self.fields[name] = LineField(
                label=f"{doubt.sentence} Why does it stay?",
                error_messages={"required": "Take the name out above, or say why it stays."},
            )
            self._shape(name, self.fields[name])

    @property
    def explained(self) -> dict[str, str]:
        """Why each name stays, by the finding's key."""
        return {
            finding.key: self.cleaned_data[name]
            for name, doubt in self.doubts.items()
            for finding in doubt.findings
        }
