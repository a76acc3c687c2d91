"""Reading check-ins: the answer as the supervisor sees it."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from facilitators.models import CheckIn
from facilitators.queries.concerns import said
from phpsupport.lib import wording

WORKLOAD_TONES = {1: "stop", 2: "wait", 3: "good", 4: "calm"}


@dataclass(frozen=True)
class AnswerPage:
    """One check-in with its answer."""

    check_in: CheckIn
    name: str
    asked: str
    answered: str
    workload: str
    workload_tone: str
    seen: str
    needs_somebody: bool


def answer_page(check_in: CheckIn) -> AnswerPage:
    """Load it with facilitator, user, program and site."""
    zone = ZoneInfo(check_in.facilitator.program.zone)
    needs = bool(check_in.wants_support or check_in.boundary_question)
    return AnswerPage(
        check_in=check_in,
        name=check_in.facilitator.user.name,
        asked=wording.day(check_in.due_on),
        answered=said(check_in.answered_at, zone) if check_in.answered_at else "",
        workload=check_in.get_workload_display() if check_in.workload else "",
        workload_tone=WORKLOAD_TONES.get(check_in.workload or 0, "plain"),
        seen=said(check_in.support_seen_at, zone) if check_in.support_seen_at else "",
        needs_somebody=needs and check_in.support_seen_at is None,
    )
