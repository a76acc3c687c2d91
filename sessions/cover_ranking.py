"""Who could cover a session, the best first, with the reasons in words. Pure: values in, order out.

Whoever cannot take it (busy, on leave, not cleared that day, on the session already) never stands
above somebody who can. Among those who can: the group's language, the hours they gave, their own
limit for the day, whether they know the group, and how much they lead already, the week before
the day. The last word has the name, so that the same people always stand in the same order.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from phpsupport.lib import wording

GOOD: Final = "good"
WAIT: Final = "wait"
PLAIN: Final = "plain"


@dataclass(frozen=True)
class Candidate:
    """What is known about one facilitator and one session."""

    id: Hashable
    name: str
    blocked: tuple[str, ...] = ()  # sentences: what makes it impossible
    apart: bool = False  # one of these is that somebody there is to be kept apart from them
    cleared: bool = False  # that day: nothing was found that speaks against it
    free: bool = False  # then: neither on leave nor in another group
    warned: tuple[str, ...] = ()  # sentences: what a planner should know besides
    speaks: bool = True  # the group's language
    in_hours: bool = True  # within the hours they gave, or they gave none
    gave_hours: bool = False
    times_led: int = 0  # this group, before
    load_day: int = 0  # other sessions that day
    load_week: int = 0  # other sessions that week
    limit_day: int | None = None  # sessions a day, at most, of their own choosing

    @property
    def at_limit(self) -> bool:
        return self.limit_day is not None and self.load_day >= self.limit_day


@dataclass(frozen=True)
class Reason:
    """One reason, with the kind that the look gives it."""

    kind: str
    words: str


@dataclass(frozen=True)
class Ranked:
    """A candidate with the reasons."""

    candidate: Candidate
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Ranking:
    """Those who can, the best first, and apart those who cannot, each with the reason."""

    able: tuple[Ranked, ...]
    unable: tuple[Ranked, ...]


def rank(candidates: Iterable[Candidate], *, language: str = "") -> Ranking:
    """Everybody in order. The order in which they come in does not matter."""
    ordered = sorted(candidates, key=place_of)
    return Ranking(
        able=tuple(Ranked(c, tuple(reasons(c, language))) for c in ordered if not c.blocked),
        unable=tuple(
            Ranked(c, tuple(Reason(WAIT, words) for words in c.blocked))
            for c in ordered
            if c.blocked
        ),
    )


def place_of(c: Candidate) -> tuple[Any, ...]:
    """By what they are ordered: a total order, as no two candidates share an id."""
    return (
        bool(c.blocked),
        len(c.warned),
        not c.speaks,
        not c.in_hours,
        c.at_limit,
        c.times_led == 0,
        c.load_week,
        c.load_day,
        -c.times_led,
        c.name.casefold(),
        str(c.id),
    )


def reasons(c: Candidate, language: str = "") -> list[Reason]:
    """Why somebody who can take it stands where they stand."""
    found = [Reason(GOOD, "Cleared that day")] if c.cleared else []
    found += [Reason(GOOD, "Free then")] if c.free else []
    found += [Reason(WAIT, words) for words in c.warned]
    if c.times_led:
        found.append(Reason(GOOD, f"Knows the group: {_times(c.times_led)}"))
    else:
        found.append(Reason(PLAIN, "Has not led this group yet"))
    if language:
        found.append(
            Reason(GOOD, f"Speaks {language}")
            if c.speaks
            else Reason(WAIT, f"No {language} on record")
        )
    if not c.in_hours:
        found.append(Reason(WAIT, "Outside the hours they gave"))
    elif c.gave_hours:
        found.append(Reason(GOOD, "Within the hours they gave"))
    if c.at_limit:
        groups = wording.count(c.limit_day or 0, "group")
        found.append(Reason(WAIT, f"Has reached their own limit of {groups} that day"))
    found.append(Reason(PLAIN, f"{_others(c.load_day)} that day, {c.load_week} that week"))
    return found


def _times(number: int) -> str:
    return "led it once" if number == 1 else f"led it {number} times"


def _others(number: int) -> str:
    return "no other group" if number == 0 else wording.count(number, "other group")
