"""What is typed at a kiosk: the code that opens it, and who somebody is."""

from datetime import date
from typing import Any

from django import forms

from phpsupport.lib.forms import Form, LineField
from sessions.queries.kiosk import Claim


class _Forgetting(Form):
    """Nothing that was typed goes back into the page."""

    mark_optional = False

    def forget_what_was_typed(self) -> None:
        """Show the faults beside empty fields."""
        if self.is_bound:
            self.errors  # noqa: B018 - worked out before the words go
            self.data = {}


def _digits(name: str, most: int, **attrs: str) -> forms.CharField:
    return forms.CharField(
        label=name,
        max_length=most,
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "pattern": "[0-9 ]*", "autocomplete": "off", **attrs}
        ),
    )


class CodeForm(_Forgetting):
    """The code of a kiosk."""

    code = _digits("Code", 12, autofocus="")


class WhoForm(_Forgetting):
    """A name and a birthday; whether they fit is for nobody to see but the one answer."""

    name = LineField(label="Your first name", max_length=80)
    letter = LineField(label="First letter of your last name", max_length=1, required=False)
    month = _digits("Month", 2, placeholder="MM")
    day = _digits("Day", 2, placeholder="DD")
    year = _digits("Year", 4, placeholder="YYYY")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("name", "letter"):
            self.fields[name].widget.attrs |= {
                "autocapitalize": "words", "autocorrect": "off", "spellcheck": "false",
            }  # fmt: skip

    def claim(self) -> Claim:
        """What was typed, as far as it can be read."""
        said = self.cleaned_data
        return Claim(said.get("name", ""), said.get("letter", ""), self._born())

    def _born(self) -> date | None:
        try:
            parts = [int(self.cleaned_data[part]) for part in ("year", "month", "day")]
            return date(*parts)
        except (KeyError, ValueError):
            return None
