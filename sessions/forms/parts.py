"""What the forms of the schedule share."""

from collections.abc import Mapping
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


REASON_LENGTH = 500


def clash_answers(data: Mapping[str, Any]) -> dict[str, Any]:
    """`accept` and `override_reason` as the actions take them, from what was sent."""
    reason = str(data.get("override_reason") or "").replace("\0", "").strip()
    return {"accept": "accept" in data, "override_reason": reason[:REASON_LENGTH]}


class SlotForm(PartForm):
    """A form whose action takes a room or people's time; what clashes is for the page to show."""

    clash: Clashes | None = None

    @property
    def said_to_clash(self) -> dict[str, Any]:
        """What was answered to a clash shown before: a yes to warnings, and the reason for which
        what blocks is set aside. `sessions/planner/_accept.html` asks for them."""
        return clash_answers(self.data)

    def refuse(self, refusal: Refused) -> None:
        """Keep a clash aside, with its dates; show any other refusal on the form."""
        if isinstance(refusal, Clashes):
            self.clash = refusal
        else:
            super().refuse(refusal)
