"""What an act on one session would come to, as the week's dialog and the form pages show it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from phpsupport.access.asked import Asked
from phpsupport.lib import clock
from phpsupport.lib.errors import Refused
from sessions.actions.booking import may_override
from sessions.forms.parts import PartForm, clash_answers
from sessions.queries.consequence import Consequence, Target, consequence


@dataclass
class Preview:
    """What a change would come to, and what the person may do about it."""

    what: Consequence | None = None
    refusal: str = ""
    history: str = ""
    can_override: bool = False
    accepted: bool = False
    reason: str = ""

    @property
    def blocks(self) -> list[Any]:
        return [s for s in self.what.said if s.level == "block"] if self.what else []

    @property
    def warnings(self) -> list[Any]:
        return [s for s in self.what.said if s.level != "block"] if self.what else []

    @property
    def overridable(self) -> bool:
        """Whether this person may set aside what blocks."""
        final = any(o.blocks and o.final for o in self.what.obstacles) if self.what else False
        return bool(self.blocks) and self.can_override and not final

    @property
    def ready(self) -> bool:
        """Whether it can be carried out from here, perhaps with a yes or a reason."""
        if self.what is None or self.refusal or self.what.empty:
            return False
        return not self.blocks or self.overridable


def preview_of(request: Asked, target: Target) -> Preview:
    """The consequence of one target. Twelve queries at most."""
    now, program = clock.now(), target.session.program
    found = consequence(program=program, targets=[target], at=now, by=request.user)
    may = found.blocked and may_override(
        request.user, program_id=program.pk, at=now, zone=program.zone
    )
    said = clash_answers(request.POST)
    return Preview(
        what=found, can_override=may, accepted=said["accept"], reason=said["override_reason"]
    )


def seen(
    request: Asked, form: PartForm, target: Callable[[dict[str, Any]], Target]
) -> Preview | None:
    """The consequence of what a form says; None with the fault on the form where it cannot be."""
    if not form.is_valid():
        return None
    try:
        return preview_of(request, target(form.cleaned_data))
    except Refused as no:
        form.refuse(no)
        return None
