"""Whose names stand in a text. Pure.

Before a note is signed nobody else may be recognizable in it. Names are compared without accents
and case, word by word, so that “Tuan” finds “Tuấn” and “Marisol's” finds “Marisol”. A single word
counts only with a capital letter (“Will” is a name, “will” is not), unless its script has none.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

SHORTEST: Final = 2
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’ʼ][^\W\d_]+)*")
_POSSESSIVE: Final = re.compile(r"['’ʼ]s$")


@dataclass(frozen=True)
class Named:
    """Somebody on the roster, as they are called."""

    participant_id: UUID
    shown: str
    first: str
    last: str = ""
    preferred: str = ""


@dataclass(frozen=True)
class Finding:
    """A name found where it should not stand: in whose part (None for the group note), of whom."""

    part: UUID | None
    about: UUID
    shown: str
    found: str

    @property
    def key(self) -> str:
        """One explanation is asked for per part and person."""
        return f"{self.part or 'group'}:{self.about}"


def names_in(text: str, people: Iterable[Named], *, part: UUID | None) -> list[Finding]:
    """Each other person of the roster whose name stands in `text`, at most once per person.

    `part` is the participant the text is about; their own names, also where somebody else shares
    them, are no finding. None is the group note, in which nobody may be named.
    """
    people = list(people)
    own: set[tuple[str, ...]] = set()
    for person in people:
        if person.participant_id == part:
            own = set(_terms(person))
    words = [(match.group(), _folded(match.group())) for match in _WORD.finditer(_composed(text))]
    findings = []
    for person in people:
        if person.participant_id == part:
            continue
        for term in sorted(_terms(person), key=len, reverse=True):
            if term not in own and (found := _find(term, words)):
                findings.append(Finding(part, person.participant_id, person.shown, found))
                break
    return findings


def screen(group: str, parts: Mapping[UUID, str], people: Iterable[Named]) -> list[Finding]:
    """All findings of one session's notes; `group` is '' where it is not among them."""
    people = list(people)
    found = names_in(group, people, part=None)
    for participant_id, text in parts.items():
        found += names_in(text, people, part=participant_id)
    return found


def _find(term: tuple[str, ...], words: list[tuple[str, str]]) -> str:
    size = len(term)
    for start in range(len(words) - size + 1):
        window = words[start : start + size]
        if tuple(folded for _, folded in window) == term:
            said = " ".join(word for word, _ in window)
            if size > 1 or not window[0][0].islower():
                return _POSSESSIVE.sub("", said)
    return ""


def _terms(person: Named) -> list[tuple[str, ...]]:
    """What somebody may be called: the name they go by, their first name, surname, both."""
    terms = []
    for name in (person.preferred, person.first, person.last):
        words = _split(name)
        if words and (len(words) > 1 or len(words[0]) >= SHORTEST):
            terms.append(words)
    if person.last:
        called = (name for name in (person.preferred, person.first) if name)
        terms += [_split(f"{name} {person.last}") for name in called]
    return list(dict.fromkeys(terms))


def _split(name: str) -> tuple[str, ...]:
    return tuple(_folded(match.group()) for match in _WORD.finditer(_composed(name)))


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _folded(word: str) -> str:
    apart = unicodedata.normalize("NFKD", _POSSESSIVE.sub("", word).casefold())
    bare = "".join(c for c in apart if not unicodedata.combining(c))
    return bare.replace("đ", "d").replace("ø", "o").replace("ł", "l").replace("’", "'")
