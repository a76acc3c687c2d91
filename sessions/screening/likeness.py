"""Whether parts read as if one had been copied from the other. Pure, and bounded in cost.

Compared are the words without accents, capitals and marks; who is named is left out, so that a copy
with another name is still a copy. Short parts (“Was quiet today.”) are alike by nature and say
nothing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import combinations
from typing import Final
from uuid import UUID

from sessions.screening.names import Named
from sessions.screening.words import WORD, composed, folded, split

SHORTEST: Final = 10  # words; below it, likeness says nothing
LONGEST: Final = 400  # words that are compared
ALIKE: Final = 0.85


@dataclass(frozen=True)
class Alike:
    """A part that reads like another part of the session, or like the same person's last note."""

    part: UUID
    other: UUID | None  # None is the person's own last note
    percent: int


def alike(
    parts: Mapping[UUID, str],
    before: Mapping[UUID, str] | None = None,
    people: Iterable[Named] = (),
) -> list[Alike]:
    """Parts that are near-identical among each other, then those like the last note in `before`."""
    called = {word for person in people for word in _called(person)}
    words = {key: _words(text, called) for key, text in parts.items()}
    found = [
        Alike(a, b, round(100 * ratio))
        for a, b in combinations(words, 2)
        if (ratio := likeness(words[a], words[b])) >= ALIKE
    ]
    for key, text in (before or {}).items():
        if key in words and (ratio := likeness(words[key], _words(text, called))) >= ALIKE:
            found.append(Alike(key, None, round(100 * ratio)))
    return found


def likeness(a: list[str], b: list[str]) -> float:
    """From 0 to 1: how much of the two runs alike; 0 where either is short."""
    if min(len(a), len(b)) < SHORTEST:
        return 0.0
    # What they share without regard to order is the most that they can share in order.
    shared = sum((Counter(a) & Counter(b)).values())
    if 2 * shared < ALIKE * (len(a) + len(b)):
        return 0.0
    first, second = sorted((a, b))  # the same in either order
    return SequenceMatcher(None, first, second, autojunk=False).ratio()


def _words(text: str, called: set[str]) -> list[str]:
    found = [folded(match.group()) for match in WORD.finditer(composed(text))]
    return [word for word in found if word not in called][:LONGEST]


def _called(person: Named) -> tuple[str, ...]:
    return split(f"{person.first} {person.last} {person.preferred} {person.also_called}")
