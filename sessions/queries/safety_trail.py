"""The trail of a safety concern, as its page and a record show it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID
from zoneinfo import ZoneInfo

from phpsupport.lib import wording
from phpsupport.outbox.models import OutboxMessage, State
from phpsupport.users.models import User
from sessions.models import ClosedAs, SafetyAct, SafetyConcern, SafetyEntry

# Of steps at one instant, which comes first.
ORDER = {
    act: place
    for place, act in enumerate(
        (
            SafetyAct.RAISED, SafetyAct.ADDED, SafetyAct.ESCALATED, SafetyAct.TOLD,
            SafetyAct.NOBODY_LEFT, SafetyAct.ACKNOWLEDGED, SafetyAct.CLOSED,
        )
    )
}  # fmt: skip


def moment(at: datetime, zone: ZoneInfo) -> str:
    """A day and time at the site."""
    local = at.astimezone(zone)
    return f"{wording.day(local)}, {wording.clock_time(local)}"


@dataclass(frozen=True)
class Step:
    """One line of the trail."""

    what: str
    by: str
    when: str
    icon: str
    tone: str
    words: str = ""
    withheld: bool = False  # there are words, not for this reader
    lines: tuple[str, ...] = ()


_SHOWN = {
    SafetyAct.RAISED: ("Raised", "life-preserver", "stop"),
    SafetyAct.TOLD: ("Told", "send", "calm"),
    SafetyAct.ACKNOWLEDGED: ("Knows and is acting", "check-lg", "good"),
    SafetyAct.ESCALATED: ("Nobody answered in time: passed on", "arrow-up-right", "wait"),
    SafetyAct.NOBODY_LEFT: ("Nobody is left to pass it on to", "exclamation-triangle-fill", "stop"),
    SafetyAct.ADDED: ("Added", "chat-left-text", "plain"),
    SafetyAct.CLOSED: ("Closed", "check-circle", "good"),
}
_AWAY = {
    State.SENT: "message sent {when}",
    State.WAITING: "message on its way",
    State.SENDING: "message on its way",
    State.WITHHELD: "message not needed any more",
    State.FAILED: "message could not be delivered",
}


def trail(
    concern: SafetyConcern,
    entries: Iterable[SafetyEntry],
    *,
    messages: dict[UUID, OutboxMessage] | None = None,
    words: bool = True,
    reader: User | None = None,
) -> list[Step]:
    """The trail in order, by the site's clock; who was told at one instant stands together, and so
    do the times that everybody was reminded."""
    zone = ZoneInfo(concern.program.zone)
    rows = sorted(entries, key=lambda e: (e.at, ORDER[SafetyAct(e.act)], str(e.pk)))
    steps: list[Step] = []
    for _, group in groupby(rows, key=_together):
        same = list(group)
        row = same[0]
        if row.act == SafetyAct.TOLD:
            steps.append(_told_step(same, zone, messages))
            continue
        what, icon, tone = _SHOWN[SafetyAct(row.act)]
        if row.act == SafetyAct.CLOSED and concern.closed_as == ClosedAs.MISTAKE:
            what, icon, tone = "Closed: it was a mistake", "x-circle", "plain"
        may = words or (reader is not None and row.by_id == reader.pk)
        steps.append(
            Step(
                what,
                row.by.name if row.by else "",
                moment(row.at, zone),
                icon,
                tone,
                words=row.words if may else "",
                withheld=bool(row.words) and not may,
                lines=_reminded(same, zone),
            )
        )
    return steps


def _together(entry: SafetyEntry) -> tuple[object, ...]:
    """Lines alike are one step: who was told at one instant, and each time that nobody was left."""
    if entry.act == SafetyAct.TOLD:
        return (entry.act, entry.at)
    return (entry.act,) if entry.act == SafetyAct.NOBODY_LEFT else (entry.pk,)


def _reminded(same: list[SafetyEntry], zone: ZoneInfo) -> tuple[str, ...]:
    if len(same) == 1:
        return ()
    times = wording.count(len(same) - 1, "more time")
    return (f"Everybody was reminded {times}, the last {moment(same[-1].at, zone)}",)


def also_worried(entries: Iterable[SafetyEntry], user: User) -> SafetyEntry | None:
    """A line by which somebody else says that it is no mistake of `user` alone: they raised it as
    well, or added to it."""
    theirs = (SafetyAct.RAISED, SafetyAct.ADDED)
    return next((e for e in entries if e.act in theirs and e.by_id != user.pk), None)


def _told_step(
    told: list[SafetyEntry], zone: ZoneInfo, messages: dict[UUID, OutboxMessage] | None
) -> Step:
    people = sorted((row.to for row in told if row.to), key=lambda p: p.name)
    _, icon, tone = _SHOWN[SafetyAct.TOLD]
    lines: list[str] = []
    for person in people if messages is not None else ():
        message = messages.get(person.pk) if messages else None
        if message is not None:
            sent = wording.clock_time(message.sent_at.astimezone(zone)) if message.sent_at else ""
            lines.append(f"{person.name}: {_AWAY[State(message.state)].format(when=sent)}")
    what = f"Told: {wording.listing([p.name for p in people])}"
    return Step(what, "", moment(told[0].at, zone), icon, tone, lines=tuple(lines))
