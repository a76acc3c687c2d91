"""What was found, as it is pointed out: a word once, with everybody whom it may name. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from phpsupport.lib import wording
from sessions.screening.names import Finding, How, surest

_WHO: Final = {
    How.NAME: "{}",
    How.NICKNAME: "a short name of {}",
    How.INITIALS: "the initials of {}",
}


@dataclass(frozen=True)
class Doubt:
    """A stretch of a text, and everybody whom it may name; settled by one reason."""

    findings: tuple[Finding, ...]

    @property
    def part(self) -> UUID | None:
        return self.findings[0].part

    @property
    def found(self) -> str:
        """The longest of the names that begin there."""
        return max((finding.found for finding in self.findings), key=len)

    @property
    def key(self) -> str:
        """The same only for the same people in the same part: a reason given for one person does
        not settle whom else the word may name."""
        people = "-".join(sorted(str(finding.about) for finding in self.findings))
        return f"{self.part or 'group'}:{people}"

    @property
    def sentence(self) -> str:
        """ "“Ana” may be Ana S. or a short name of Anabel C." """
        said = f"“{self.found}” {may_be((f.shown, f.how) for f in self.findings)}"
        return said if said.endswith(".") else f"{said}."


def doubts_of(findings: Iterable[Finding]) -> list[Doubt]:
    """The findings of any parts, those at one place of a text together, in the order of the texts."""
    parts: dict[UUID | None, list[Finding]] = {}
    for finding in findings:
        parts.setdefault(finding.part, []).append(finding)
    doubts = []
    for found in parts.values():
        place: list[Finding] = []
        for finding in sorted(found, key=lambda f: (f.start, -f.end)):
            if place and finding.start >= max(f.end for f in place):
                doubts.append(_doubt(place))
                place = []
            place.append(finding)
        doubts.append(_doubt(place))
    return doubts


def _doubt(place: list[Finding]) -> Doubt:
    return Doubt(tuple(sorted(place, key=lambda f: surest(f.how))))


def may_be(named: Iterable[tuple[str, How]]) -> str:
    """Whom one word may name, each as they are shown and in which way: the surest first."""
    by_way: dict[How, list[str]] = {}
    told: set[str] = set()
    for shown, how in sorted(named, key=lambda one: surest(one[1])):
        if shown not in told:
            by_way.setdefault(how, []).append(shown)
            told.add(shown)
    ways = list(by_way)
    if ways == [How.LIKE]:
        return f"may be {wording.listing(by_way[How.LIKE], 'or')}, misspelled"
    said = ""
    for how in ways:
        who = wording.listing(by_way[how], "or")
        words = f"misspelled, {who}" if how == How.LIKE else _WHO[how].format(who)
        between = "" if not said else ", or " if " or " in said or how == How.LIKE else " or "
        said += between + words
    return f"may be {said}"
