"""Finding notes. Words and names are sent in the body, never in an address."""

from typing import Any

from django import forms
from django.forms import HiddenInput

from phpsupport.lib.forms import Form, LineField, Row, Section


class NoteSearchForm(Form):
    """What is looked for, and what narrows it."""

    submit = "Look"
    guard = False  # what was looked for is not missed
    mark_optional = False
    layout = (
        "words",
        Section(
            "Narrow it",
            Row("person", "group"),
            Row("since", "until", "author"),
        ),
        "participant",
    )

    words = LineField(
        label="Words in the notes",
        required=False,
        help_text="All of them are looked for; accents and capitals do not matter. Put words in "
        "quotes to find them one after the other.",
    )
    person = LineField(label="Participant", required=False, help_text="Name or record number.")
    group = forms.UUIDField(label="Group", required=False)
    since = forms.DateField(label="From", required=False)
    until = forms.DateField(label="Through", required=False)
    author = forms.UUIDField(label="Written by", required=False)
    participant = forms.UUIDField(required=False, widget=HiddenInput)

    def __init__(
        self, *args: Any, groups: list[tuple[Any, str]], authors: list[tuple[Any, str]], **more: Any
    ) -> None:
        super().__init__(*args, **more)
        for name, choices in (("group", groups), ("author", authors)):
            self.fields[name].widget = forms.Select(
                choices=[("", "Any" if name == "group" else "Anybody"), *choices]
            )
