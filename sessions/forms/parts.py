"""What the forms of the schedule share."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict

from phpsupport.lib.errors import Refused
from phpsupport.lib.forms import Form
from sessions.actions.booking import Clashes
from sessions.queries.shown import UNSEEN


class PartForm(Form):
    """A form that stands inside a page's own <form>, beside other questions."""

    @property
    def inside(self) -> Any:
        """The helper without the form tag and the token, which the page has."""
        made = self.helper
        made.form_tag, made.disable_csrf = False, True
        return made

    def refuse(self, refusal: Refused) -> None:
        """What was not shown as it is now is no fault of what was typed: the page shows it anew."""
        if refusal.code != UNSEEN:
            super().refuse(refusal)


class StandingForm(PartForm):
    """A form over something that stands, which others may change while it is open.

    The page keeps how the fields stood when it was drawn (`stood`). Where one was left as it stood
    and stands otherwise now, what stands now counts: only what was typed writes over it.
    """

    # Whether something stood otherwise when the page was drawn.
    overtaken = False

    def lay_over(self) -> None:
        """Lay what was typed over how it stands now (`initial`). Call it when all fields are there."""
        if not self.is_bound or "stood" not in self.data:
            return
        stood, now = QueryDict(self.data["stood"]), QueryDict(self.stood)
        data = QueryDict(mutable=True)
        data.update(self.data)
        for name in self.fields:
            key = self.add_prefix(name)
            if _said(stood, key) == _said(now, key):
                continue
            self.overtaken = True
            if _said(data, key) == _said(stood, key):
                data.setlist(key, now.getlist(key))
        self.data = data

    @property
    def stood(self) -> str:
        """How it stands now, as the untouched fields would be sent."""
        data = QueryDict(mutable=True)
        for name, field in self.fields.items():
            data.setlist(
                self.add_prefix(name), _as_sent(field, self.get_initial_for_field(field, name))
            )
        return data.urlencode()


def _said(data: QueryDict, key: str) -> list[str]:
    """The answers to one question in any order; an empty one is none."""
    return sorted(value for value in data.getlist(key) if value)


def _as_sent(field: forms.Field, value: Any) -> list[str]:
    """A value as the browser sends it from the field's widget."""
    widget = field.widget
    if isinstance(widget, forms.CheckboxInput):
        return ["on"] if value else []
    shown = widget.format_value(field.prepare_value(value))
    if not isinstance(shown, list | tuple):
        shown = [shown]
    return [str(one) for one in shown if one not in (None, "")]


REASON_LENGTH = 500


def clash_answers(data: Mapping[str, Any]) -> dict[str, Any]:
    """`accept` and `override_reason` as the actions take them, from what was sent."""
    reason = str(data.get("override_reason") or "").replace("\0", "").strip()
    return {"accept": "accept" in data, "override_reason": reason[:REASON_LENGTH]}


class SlotForm(PartForm):
    """A form whose action takes a room or people's time."""

    @property
    def said_to_clash(self) -> dict[str, Any]:
        """What was answered to a clash shown before: a yes to warnings, and the reason for which
        what blocks is set aside. `sessions/week/_consequence.html` asks for them."""
        return clash_answers(self.data)

    def refuse(self, refusal: Refused) -> None:
        """What clashes is told by what the page shows of it, with its dates."""
        if not isinstance(refusal, Clashes):
            super().refuse(refusal)
