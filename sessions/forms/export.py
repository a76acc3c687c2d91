"""What goes into a file of somebody's record, and for whom."""

from collections.abc import Sequence
from typing import Any, Final

from django import forms

from participants.models import RecordPart
from phpsupport.lib.forms import Form, Row

SELF: Final = "self"


class ExportForm(Form):
    """Chosen by GET: nothing of the record stands in it."""

    submit = "See what will be in it"
    guard = False
    mark_optional = False

    whom = forms.ChoiceField(label="For whom", widget=forms.RadioSelect)
    parts = forms.MultipleChoiceField(
        label="What of the record",
        choices=RecordPart.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    since = forms.DateField(label="Sessions from", required=False)
    until = forms.DateField(label="Through", required=False)
    kind = forms.ChoiceField(
        label="As",
        choices=[("pdf", "PDF, to read"), ("json", "Structured file, for another system")],
        widget=forms.RadioSelect,
        initial="pdf",
    )
    layout = ("whom", "parts", Row("since", "until"), "kind")

    def __init__(self, *args: Any, whom: Sequence[tuple[str, str]], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["whom"].choices = whom  # type: ignore[attr-defined]
        if len(whom) == 1:
            self.fields["whom"].initial = whom[0][0]

    @property
    def helper(self) -> Any:  # type: ignore[override]
        made = super().helper
        made.form_method = "get"
        return made

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        since, until = given.get("since"), given.get("until")
        if since and until and until < since:
            self.add_error("until", "The last day comes before the first.")
        return given
