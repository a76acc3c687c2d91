"""Which rules of the program somebody set aside for a session: they stay visible on it."""

from dataclasses import dataclass
from itertools import groupby
from zoneinfo import ZoneInfo

from phpsupport.lib import wording
from phpsupport.users.models import User
from sessions.conflicts import Rule
from sessions.models import GroupSession, RuleOverride

PREFIX = "rule_"


@dataclass(frozen=True)
class SetAside:
    """What one person set aside at one time, with the reason they gave."""

    words: tuple[str, ...]  # "Room taken"
    sentences: tuple[str, ...]
    reason: str
    by: str
    when: str


def set_aside(session: GroupSession, *, seen_by: User, names: bool = True) -> list[SetAside]:
    """The rules that were set aside for a session, the latest first. One query.

    Without `names` the sentences stay out: they may say who takes part. Load the session with its
    series.
    """
    rows = (
        RuleOverride.objects.visible_to(seen_by)
        .filter(session=session)
        .select_related("by")
        .order_by("-at", "by", "pk")
    )
    zone = ZoneInfo(session.series.zone)
    found = []
    for (at, _, reason), same in groupby(rows, key=lambda row: (row.at, row.by_id, row.reason)):
        batch = list(same)
        local = at.astimezone(zone)
        found.append(
            SetAside(
                words=tuple(dict.fromkeys(word_of(row.rule) for row in batch)),
                sentences=tuple(dict.fromkeys(row.sentence for row in batch)) if names else (),
                reason=reason,
                by=batch[0].by.name,
                when=f"{wording.day(local, year=True)}, {wording.clock_time(local)}",
            )
        )
    return found


def word_of(rule: str) -> str:
    """ "Room taken" for rule_room; a rule that is no longer known by its own name."""
    name = rule.removeprefix(PREFIX)
    return Rule(name).word if name in set(Rule) else name.replace("_", " ").capitalize()
