"""Words in a text, accents and case aside. Pure.

A word is found where a word begins ("walk" finds "walking", "art" does not find "start"); in scripts
without capitals, which part words otherwise or not at all, it is found anywhere. Words in quotes are
found one after the other.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import Final

MOST_WORDS: Final = 12
AROUND: Final = 90
_QUOTED: Final = re.compile(r'["“”„«»]([^"“”„«»]*)["“”„«»]?|([^\s"“”„«»]+)')
_WORD: Final = re.compile(r"\w+")
_SPECIAL: Final = {"ø": "o", "đ": "d", "ł": "l", "ı": "i"}


@cache
def _letter(c: str) -> str:
    apart = unicodedata.normalize("NFKD", c.casefold())
    return "".join(_SPECIAL.get(b, b) for b in apart if not unicodedata.combining(b))


def folded(text: str) -> str:
    """`text` for comparing."""
    if text.isascii():
        return text.lower()
    return "".join(map(_letter, text))


def terms_of(asked: str) -> list[re.Pattern[str]]:
    """What is looked for: each word, each phrase; all of them must be found."""
    terms = []
    for phrase, word in _QUOTED.findall(asked):
        words = _WORD.findall(folded(phrase or word))
        if words:
            begins = (
                r"(?<!\w)"
                if words[0][0].lower() != words[0][0].upper() or words[0][0].isdigit()
                else ""
            )
            terms.append(re.compile(begins + r"\W+".join(map(re.escape, words))))
    return terms[:MOST_WORDS]


def matches(text: str, terms: Iterable[re.Pattern[str]]) -> bool:
    """Whether every term stands in the text."""
    bare = folded(text)
    return all(term.search(bare) for term in terms)


def snippet(texts: Iterable[str], terms: list[re.Pattern[str]]) -> list[tuple[str, bool]]:
    """The first of the texts that holds a term, cut around it: pieces, and whether each is marked."""
    for text in texts:
        at, bare = _map(text)
        spans = sorted(
            (at[m.start()], at[m.end() - 1] + 1) for term in terms for m in term.finditer(bare)
        )
        if spans:
            return _pieces(text, spans)
    return []


def _map(text: str) -> tuple[list[int], str]:
    """The folded text, and from which letter each of its letters came."""
    at: list[int] = []
    bare: list[str] = []
    for index, c in enumerate(text):
        for letter in _letter(c):
            at.append(index)
            bare.append(letter)
    return at, "".join(bare)


def _pieces(text: str, spans: list[tuple[int, int]]) -> list[tuple[str, bool]]:
    start, end = _bounds(text, *spans[0])
    pieces: list[tuple[str, bool]] = [("… ", False)] if start else []
    done = start
    for first, last in spans:
        if first < done or last > end:
            continue
        pieces += [(text[done:first], False), (text[first:last], True)]
        done = last
    pieces.append((text[done:end] + (" …" if end < len(text) else ""), False))
    return [piece for piece in pieces if piece[0]]


def _bounds(text: str, first: int, last: int) -> tuple[int, int]:
    start, end = max(0, first - AROUND), min(len(text), last + AROUND)
    if start:
        blank = text.find(" ", start, first)
        start = blank + 1 if blank >= 0 else start
    if end < len(text):
        blank = text.rfind(" ", last, end)
        end = blank if blank >= 0 else end
    return start, end
