"""Words about a safety concern: what was seen, what was done."""

from functools import cached_property
from typing import Any, ClassVar

from crispy_forms.helper import FormHelper

from phpsupport.lib.forms import Buttons, Form, ProseField, helper


class WordsForm(Form):
    """One text that is sent to an address of its own; two of them may stand on one page."""

    name: ClassVar[str] = ""
    main: ClassVar[bool] = False

    def __init__(self, *args: Any, action: str, **kwargs: Any) -> None:
        super().__init__(*args, auto_id=f"{self.name}-%s", **kwargs)
        self.action = action

    @cached_property
    def helper(self) -> FormHelper:
        end = Buttons(self.submit, main=self.main)
        return helper("", *self.fields, end, action=self.action, guard=True)


class AddForm(WordsForm):
    """What somebody saw or did."""

    name = "add"
    submit = "Add"
    words = ProseField(
        label="What you saw, heard or did",
        rows=3,
        error_messages={"required": "Write in a few words what you saw or did."},
    )


class CloseForm(WordsForm):
    """How it ended."""

    name = "close"
    submit = "Close it"
    main = True
    words = ProseField(
        label="What was done",
        rows=3,
        error_messages={"required": "Write in a sentence what was done."},
    )
