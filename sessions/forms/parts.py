"""What the forms of the schedule share."""

from typing import Any

from phpsupport.lib.errors import Refused
from phpsupport.lib.forms import Form
from sessions.actions.booking import Clashes


class PartForm(Form):
    """A form that stands inside a page's own <form>, beside other questions."""

    @property
    def inside(self) -> Any:
        """The helper without the form tag and the token, which the page has."""
        made = self.helper
        made.form_tag, made.disable_csrf = False, True
        return made


class SlotForm(PartForm):
    """A form whose action takes a room or people's time; what clashes is for the page to show."""

    clash: Clashes | None = None

    def refuse(self, refusal: Refused) -> None:
        """Keep a clash aside, with its dates; show any other refusal on the form."""
        if isinstance(refusal, Clashes):
            self.clash = refusal
        else:
            super().refuse(refusal)
