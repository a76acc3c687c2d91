"""Whether two names may be one person's: misspelled, swapped, shortened, a nickname. Pure.

It only asks to look twice; nobody is refused because of a name.
"""

from dataclasses import dataclass
from typing import Final

from participants.names import family_words, folded

ONE_SLIP_FROM: Final = 4  # letters; shorter names are other names by one letter
TWO_SLIPS_FROM: Final = 8


@dataclass(frozen=True)
class Called:
    """How one person is called; `others` are nicknames and earlier names, parted by commas."""

    first: str
    last: str = ""
    preferred: str = ""
    others: str = ""

    @property
    def given(self) -> set[str]:
        """First names in use, whole and by their first word."""
        names = [folded(n) for n in (self.first, self.preferred, *self.others.split(","))]
        return {way for name in names if name for way in (name, name.split()[0])}

    @property
    def family(self) -> set[str]:
        """The surname, whole, and of a double one each of the two."""
        words = family_words(self.last)
        return {" ".join(words), words[0], words[-1]} if words else set()

    @property
    def words(self) -> list[str]:
        """All words of the name on record, in an order of their own."""
        return sorted([*folded(self.first).split(), *family_words(self.last)])


def alike(one: Called, other: Called) -> bool:
    """Whether somebody in a hurry might take the two for one, or one for two."""
    if one.words == other.words:
        return True
    given, family = (one.given, other.given), (one.family, other.family)
    if not all(family):  # who has one name only is looked for by it
        return _any_near(one.given | one.family, other.given | other.family)
    return (_any_near(*given) and _any_near(*family)) or (
        _any_near(given[0], family[1]) and _any_near(family[0], given[1])
    )


def answers_to(person: Called, words: str) -> bool:
    """Whether every word looked for is part of a name of theirs, or nearly one."""
    names = {part for name in person.given | person.family for part in (name, *name.split())}
    wanted = folded(words).split()
    return bool(wanted) and all(
        any(word in name or near(word, name) for name in names) for word in wanted
    )


def _any_near(ones: set[str], others: set[str]) -> bool:
    return any(near(one, other) for one in ones for other in others)


def near(one: str, other: str) -> bool:
    """The same word, or one slip of the pen away (two in a long word). Both are folded."""
    if one == other:
        return True
    shorter = min(len(one), len(other))
    if shorter < ONE_SLIP_FROM:
        return False
    return slips(one, other) <= (2 if shorter >= TWO_SLIPS_FROM else 1)


def slips(one: str, other: str) -> int:
    """How many letters are wrong, missing, too many or changed with their neighbor; counted to three."""
    if abs(len(one) - len(other)) > 2:
        return 3
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        older, before, row = before, row, [i]
        for j, b in enumerate(other, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return min(row[-1], 3)
