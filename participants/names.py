"""How names are shown. Pure; names are kept as given and never split, guessed or "corrected".

Sources: the program's privacy rules (participants never see another participant's surname; sheets
and rosters use preferred name and last initial) and the plain fact that names differ: one name
only, O'Brien, de la Cruz, Nguyễn Thị Minh, names written in other scripts.

The order of a full name is the order in which the two fields are given. Where the family name comes
first (as in Vietnamese), `family_first=True` keeps that order; nothing guesses it from a name.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Final

UNNAMED: Final = "Name not given"
# Words before a family name that do not count for sorting and initials ("de la Cruz" is under C)
# when they are written small, as people write them who do not count them.
PARTICLES: Final = frozenset(
    {
        *("af", "al", "av", "d", "da", "dal", "de", "degli", "dei", "del", "della", "der", "des"),
        *("di", "do", "dos", "du", "e", "el", "la", "las", "le", "los", "of", "'t", "ten", "ter"),
        *("van", "vel", "von", "y", "zu", "zum", "zur"),
    }
)
_APOSTROPHES: Final = str.maketrans({"’": "'", "ʼ": "'", "‘": "'", "`": "'", "´": "'"})
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Co", "Cs"})
_JOINERS: Final = frozenset("\u200c\u200d")  # they belong to the spelling in some scripts


def clean_name(text: str) -> str:
    """`text` as it is stored: NFC, single blanks, no control or direction characters."""
    kept = "".join(
        " " if c.isspace() else c
        for c in unicodedata.normalize("NFC", text)
        if c.isspace() or c in _JOINERS or unicodedata.category(c) not in _INVISIBLE
    )
    return " ".join(kept.split())


def display_name(first: str, last: str, preferred: str = "") -> str:
    """What other people may see: the name the person uses and the last initial, "Marisol R.".

    The preferred name stands before the first name. A person with one name only is shown by it, in
    whichever field it stands: there is no surname to hide. Empty: "Name not given".
    """
    called = clean_name(preferred) or clean_name(first)
    family = clean_name(last)
    if not called:
        return family or UNNAMED
    letter = _letter(_core(family))
    return f"{called} {letter}." if letter else called


def told_apart(people: Sequence[tuple[str, str, str]], *, letters: int = 3) -> list[str]:
    """`display_name` of each (first, last, preferred), in the same order; where two would read the
    same, up to `letters` letters of the surname, as few as tell them apart."""
    shown = [display_name(*person) for person in people]
    for many in range(2, letters + 1):
        often = Counter(_folded(name) for name in shown)
        shown = [
            name if often[_folded(name)] == 1 else _with_letters(person, many) or name
            for name, person in zip(shown, people, strict=True)
        ]
    return shown


def _with_letters(person: tuple[str, str, str], many: int) -> str:
    first, last, preferred = person
    called, family = clean_name(preferred) or clean_name(first), _core(clean_name(last))
    return f"{called} {family[:many].rstrip()}." if called and len(family) > 1 else ""


def full_name(first: str, last: str, preferred: str = "", *, family_first: bool = False) -> str:
    """What staff may see: 'Benjamin Romero', or 'Brian "Benjamin" Romero' where they differ."""
    given, family, called = clean_name(first), clean_name(last), clean_name(preferred)
    if called and given and _folded(called) != _folded(given):
        given = f"{given} “{called}”"
    parts = (family, given or called) if family_first else (given or called, family)
    return " ".join(part for part in parts if part) or UNNAMED


def listed_name(first: str, last: str, preferred: str = "") -> str:
    """For a staff list in order of surnames: 'Romero, Brian “Benjamin”'."""
    family = clean_name(last)
    rest = full_name(first, "", preferred)
    if not family:
        return rest
    return family if rest == UNNAMED else f"{family}, {rest}"


def initials(first: str, last: str, preferred: str = "") -> str:
    """One or two capital letters for a face: "MR", "O" for one name, "?" for none."""
    called = clean_name(preferred) or clean_name(first)
    return _letter(called) + _letter(_core(clean_name(last))) or "?"


def sort_key(first: str, last: str) -> tuple[str, str, str]:
    """The key that puts names in the order people look for them.

    By surname without accents, case, apostrophes and small particles (Álvarez beside Alvarez,
    O'Brien beside Obrien, "de la Cruz" under C), then by first name; the exact spelling decides
    what is left, so that the order never changes between two readings.
    """
    given, family = clean_name(first), clean_name(last)
    if not family:
        given, family = "", given
    return (_folded(_core(family)), _folded(given), f"{family}\0{given}")


def display_sort_key(first: str, last: str, preferred: str = "") -> tuple[str, str, str]:
    """The key for lists that show `display_name`: by the name shown, so that a list's order tells
    nothing about a surname but its first letter."""
    shown = display_name(first, last, preferred)
    return (_folded(shown), shown, "")


def spoken(name: str, letter: str) -> str:
    """A name and the first letter of a surname as somebody says or types them, for comparing."""
    return f"{_folded(clean_name(name))}|{_folded(clean_name(letter))[:1]}"


def spoken_ways(first: str, last: str, preferred: str = "") -> frozenset[str]:
    """The ways in which a person may say who they are: the name they use or their first name, all
    of it or its first word, with the letter of the surname ("de la Cruz" is D or C). Who has one
    name only says that."""
    given, family, called = clean_name(first), clean_name(last), clean_name(preferred)
    if not (given or called):
        given, family = family, ""
    names = {name for whole in (given, called) if whole for name in (whole, whole.split(" ")[0])}
    letters = {family, _core(family)} if family else {""}
    return frozenset(spoken(name, letter) for name in names for letter in letters)


def folded(text: str) -> str:
    """A name for comparing: no accents, case or punctuation; hyphens part words."""
    return _folded(clean_name(text))


def family_words(last: str) -> list[str]:
    """The words of a family name for comparing, from the first that is no small particle."""
    return _folded(_core(clean_name(last))).split()


def _core(family: str) -> str:
    """The family name from its first word that is no small particle; all of it if none is left."""
    words = family.split(" ")
    for index, word in enumerate(words):
        rest, apostrophe, tail = word.translate(_APOSTROPHES).partition("'")
        if apostrophe and rest in PARTICLES and tail:  # d'Angelo
            return " ".join([tail, *words[index + 1 :]])
        if word.translate(_APOSTROPHES) not in PARTICLES:
            return " ".join(words[index:])
    return family


def _letter(name: str) -> str:
    """The first letter of `name` in upper case, with its accent; '' when it has no letter."""
    for index, c in enumerate(name):
        if c.isalpha():
            end = index + 1
            while end < len(name) and unicodedata.combining(name[end]):
                end += 1
            # "ß" and the like become two letters in upper case: the first is enough.
            upper = name[index:end].upper()
            return upper if len(upper) == end - index else upper[0]
    return ""


_SPECIAL: Final = str.maketrans(
    {"ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ı": "i"}
)
_NOT_WORD: Final = re.compile(r"[^\w ]+")


def _folded(text: str) -> str:
    """`text` for comparing: no accents, case or punctuation; hyphens part words."""
    apart = unicodedata.normalize("NFKD", text.casefold().replace("-", " "))
    bare = "".join(c for c in apart if not unicodedata.combining(c)).translate(_SPECIAL)
    return " ".join(_NOT_WORD.sub("", bare).split())
