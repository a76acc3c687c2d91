"""Whether a word is a name misspelled. Pure."""

import re
from functools import lru_cache
from typing import Final

from sessions.screening.nicknames import SPELLED

SHORTEST: Final = 4
LONG: Final = 8
_DOUBLED: Final = re.compile(r"(.)\1+")
_SOUNDS: Final = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"ph", "f"), (r"ck", "k"), (r"qu?", "k"), (r"x", "ks"), (r"sch|sh|ch", "S"),
        (r"c(?=[eiy])", "s"), (r"c", "k"), (r"z", "s"), (r"^kn|^gn", "n"), (r"^wr", "r"),
        (r"gh", "g"), (r"(?<=[^aeiou])h|^h(?=[aeiou])|h$", ""), (r"w", "v"), (r"b", "v"),
        (r"ll", "l"), (r"y|j(?=[aeiou])", "i"), (r"ie$|ee|ea|ey$", "i"), (r"ou|oo", "u"), (r"e$", ""),
    )
)  # fmt: skip


def allowed(length: int) -> int:
    """How many slips a name of this length may hold and still be meant."""
    return 0 if length < SHORTEST else 1 if length < LONG else 2


@lru_cache(maxsize=32768)
def distance(a: str, b: str, most: int) -> int:
    """Letters put in, left out, changed or swapped between `a` and `b`; `most` + 1 for any more."""
    if abs(len(a) - len(b)) > most:
        return most + 1
    # Damerau and Levenshtein without restriction: letters may slip on both sides of a swap.
    size = len(b) + 1
    rows = [[len(a) + size] * (size + 1), [len(a) + size, *range(size)]]
    last: dict[str, int] = {}
    for i, x in enumerate(a, 1):
        row, same = [len(a) + size, i], 0
        for j, y in enumerate(b, 1):
            k, m = last.get(y, 0), same
            cost = x != y
            if not cost:
                same = j
            row.append(
                min(
                    rows[i][j] + cost,
                    row[j] + 1,
                    rows[i][j + 1] + 1,
                    rows[k][m] + (i - k - 1) + 1 + (j - m - 1),
                )
            )
        last[x] = i
        rows.append(row)
    return min(rows[-1][-1], most + 1)


@lru_cache(maxsize=8192)
def _letters(word: str) -> frozenset[str]:
    return frozenset(word)


@lru_cache(maxsize=8192)
def _undoubled(word: str) -> str:
    return _DOUBLED.sub(r"\1", word)


@lru_cache(maxsize=8192)
def sound(word: str) -> str:
    """A word roughly as English and Spanish say it."""
    for pattern, said in _SOUNDS:
        word = pattern.sub(said, word)
    return _undoubled(word)


@lru_cache(maxsize=8192)
def _frame(said: str) -> str:
    return said[:1] + re.sub(r"[aeiou]", "", said[1:])


def slips(word: str, name: str) -> int | None:
    """How far `word` is from `name` if it may be meant by it: 0 for the same name in another
    spelling; None for another word."""
    if word in SPELLED.get(name, ()):
        return 0
    most = allowed(len(name))
    if not most or len(word) < SHORTEST - 1:
        return None
    if _undoubled(word) == _undoubled(name):
        return 1
    # One slip brings at most one letter in and one out: most pairs need no closer look.
    if len(_letters(word) ^ _letters(name)) <= 2 * most:
        far = distance(word, name, most)
        if far <= most:
            return far
    said, meant = sound(word), sound(name)
    if said == meant and len(meant) >= SHORTEST - 1:
        return most
    if said[:1] == meant[:1] and len(_frame(meant)) >= SHORTEST and _frame(said) == _frame(meant):
        return most
    return None
