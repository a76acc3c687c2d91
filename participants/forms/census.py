"""What the census can be asked."""

from collections.abc import Iterable
from typing import Any

from django import forms

from participants.models import LevelOfCare
from participants.queries.census import SORTS, STATUSES, Filters
from phpsupport.lib.forms import FilterForm, LineField

TICKS = (
    ("interpreter", "Needs an interpreter"),
    ("first_week", "First week"),
    ("no_email_consent", "No consent to e-mail"),
)


MOST_WORDS = 80


def words_of(sent: str) -> str:
    """What is looked for in names and record numbers."""
    return " ".join(sent.replace("\0", "").split())[:MOST_WORDS]


class CensusForm(FilterForm):
    """Status, level, track, language and three marks."""

    SELECTS = ("level", "track", "language", "only")

    status = forms.ChoiceField(choices=STATUSES)
    level = forms.ChoiceField(
        label="Level of care", choices=[("", "Any level"), *((v, v) for v in LevelOfCare.values)]
    )
    track = LineField(max_length=60)
    language = LineField(max_length=60)
    only = forms.ChoiceField(label="Only", choices=[("", "Everybody"), *TICKS])
    sort = forms.ChoiceField(choices=[(key, key) for key in SORTS])

    def filters(self) -> Filters:
        """What was asked for; what is not understood restricts nothing."""
        self.is_valid()
        given = self.cleaned_data
        only = given.get("only") or ""
        return Filters(
            status=given.get("status") or "in",
            level=given.get("level") or "",
            track=given.get("track") or "",
            language=given.get("language") or "",
            interpreter=only == "interpreter",
            first_week=only == "first_week",
            no_email_consent=only == "no_email_consent",
            sort=given.get("sort") or "name",
        )

    def offer(self, *, tracks: Iterable[str], languages: Iterable[str]) -> None:
        """Turn track and language into lists of what there is."""
        for name, words, values in (
            ("track", "Any track", tracks),
            ("language", "Any language", languages),
        ):
            offered: Any = [("", words), *((value, value) for value in values)]
            self.fields[name].widget = forms.Select(choices=offered)
        for name in self.SELECTS:
            self.fields[name].widget.attrs["class"] = "form-select"

    def selects(self) -> list[forms.BoundField]:
        """The lists that stand beside the search."""
        return [self[name] for name in self.SELECTS]
