"""What an act on the schedule would come to, as the week's dialog and the form pages show it."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from phpsupport.access.asked import Asked
from phpsupport.lib import clock
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import Program
from sessions.actions.booking import may_override
from sessions.forms.parts import PartForm, clash_answers
from sessions.models import GroupSession
from sessions.queries.consequence import Consequence, Target, consequence
from sessions.queries.shown import CHANGED

OVERTAKEN = (
    "This was changed meanwhile. What you did not touch here is as it stands now; nothing is saved "
    "yet, so look at it again."
)


@dataclass
class Preview:
    """What a change would come to, and what the person may do about it."""

    what: Consequence | None = None
    refusal: str = ""
    history: str = ""
    can_override: bool = False
    accepted: bool = False
    reason: str = ""
    changed: str = ""  # that it is not what was shown before
    besides: tuple[str, ...] = ()  # what it comes to besides sessions
    left_out: tuple[str, ...] = ()  # dates that were chosen to stay as they are

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
    def empty(self) -> bool:
        """Whether nothing would change."""
        return self.what is not None and self.what.empty and not self.besides

    @property
    def ready(self) -> bool:
        """Whether it can be carried out from here, perhaps with a yes or a reason."""
        if self.what is None or self.refusal or self.empty:
            return False
        return not self.blocks or self.overridable


def preview_of(
    request: Asked,
    *targets: Target,
    program: Program,
    untouched: Collection[tuple[GroupSession, str]] = (),
    beside: Iterable[object] = (),
    besides: Iterable[str] = (),
    left_out: Iterable[str] = (),
    overtaken: bool = False,
) -> Preview:
    """The consequence of an act. Twelve queries at most, however many sessions it is about.

    `beside` as in `digest_of`, and the same in `besides` for a person to read; `overtaken` says
    that the form was drawn over something that stands otherwise now.
    """
    now = clock.now()
    found = consequence(
        program=program,
        targets=targets,
        at=now,
        untouched=untouched,
        beside=beside,
        by=request.user,
    )
    may = found.blocked and may_override(
        request.user, program_id=program.pk, at=now, zone=program.zone
    )
    said = clash_answers(request.POST)
    changed = CHANGED if is_stale(request, found.seen) else ""
    changed = OVERTAKEN if overtaken else changed
    return Preview(
        what=found,
        can_override=may,
        accepted=said["accept"] and not changed,
        reason=said["override_reason"],
        changed=changed,
        besides=tuple(besides),
        left_out=tuple(left_out),
    )


def seen_before(request: Asked) -> str:
    """The digest of what the page showed, which comes back with the yes."""
    return request.POST.get("seen", "")[:40]


def is_stale(request: Asked, shown: str, *, yes: bool | None = None) -> bool:
    """Whether somebody said yes to something else than what would be shown now."""
    said_yes = "confirm" in request.POST if yes is None else yes
    before = seen_before(request)
    return said_yes and before != "" and before != shown


def carried_out(
    request: Asked,
    form: PartForm,
    act: Callable[..., Any],
    look: Callable[[dict[str, Any]], Preview],
) -> tuple[bool, Preview | None]:
    """Whether the yes on a page (`confirm`) carried the act out; else what it would come to.

    `act` takes what the form says and the digest of what was shown, `look` what the form says.
    Without a preview the form says what is missing.
    """
    if request.method != "POST":
        return False, None
    if "confirm" in request.POST and form.carry_out(partial(act, seen=seen_before(request))):
        return True, None
    if not form.is_valid():
        return False, None
    try:
        return False, look(form.cleaned_data)
    except Refused as no:
        form.refuse(no)
        return False, None
