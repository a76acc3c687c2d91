"""Text in words: how they are compared, where a sentence begins, which are ordinary words. Pure."""

import gzip
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from sessions.screening.known import BEGINS, CHIEFLY_NAMES, SHORTENED

_MARKS: Final = "".join(
    chr(code) for code in range(0x300, 0xFFFF) if unicodedata.category(chr(code)) in ("Mn", "Mc")
)
_LETTER: Final = rf"[^\W\d_][{re.escape(_MARKS)}\u200c\u200d]*"
WORD: Final = re.compile(rf"(?:{_LETTER})+(?:['’ʼ](?:{_LETTER})+)*")
POSSESSIVE: Final = re.compile(r"['’ʼ]s$", re.IGNORECASE)
_SPECIAL: Final = str.maketrans(
    {
        "đ": "d", "ø": "o", "ł": "l", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ı": "i",
        "’": "'", "ʼ": "'", "\u200c": "", "\u200d": "", "ـ": "", "ى": "ي", "ة": "ه",
    }
)  # fmt: skip
# Scripts that part no words, or put particles right behind a name.
UNPARTED: Final = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")  # fmt: skip
_VIETNAMESE: Final = re.compile(r"[ăđơưẠ-ỹ]", re.IGNORECASE)
_ENDS: Final = re.compile(r"[.!?…:;\n•¿¡。！？؟।“\"«(]")


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a text where it stands."""

    said: str
    folded: str
    start: int
    end: int
    gap: str  # what stands before it
    opens: bool  # a sentence
    capital: bool
    cased: bool  # its script has capitals

    @property
    def letter(self) -> bool:
        """A single capital letter, as in initials."""
        return len(self.folded) == 1 and self.capital and self.cased


def composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def bare(word: str) -> str:
    """A word for comparing: no accents, no case."""
    apart = unicodedata.normalize("NFKD", word.casefold())
    plain = "".join(c for c in apart if not unicodedata.combining(c)).translate(_SPECIAL)
    return unicodedata.normalize("NFC", plain)


@lru_cache(maxsize=8192)
def folded(word: str) -> str:
    """`bare` without the possessive."""
    return bare(POSSESSIVE.sub("", word))


def split(name: str) -> tuple[str, ...]:
    """The words of a name for comparing."""
    return tuple(folded(match.group()) for match in WORD.finditer(composed(name)))


def words_of(text: str) -> list[Word]:
    """The words of `text`, which is composed already."""
    found: list[Word] = []
    end = 0
    shouted = is_shouted(text)
    for match in WORD.finditer(text):
        said, gap = match.group(), text[end : match.start()]
        before = found[-1] if found else None
        opens = before is None or bool(_ENDS.search(gap))
        if opens and before and gap.rstrip(" ") == "." and (
            before.folded in SHORTENED or len(before.folded) == 1
        ):  # fmt: skip
            opens = False
        cased = said[0].lower() != said[0].upper()
        capital = not cased or (said[0] != said[0].lower() and not (shouted and len(said) > 1))
        found.append(Word(said, folded(said), *match.span(), gap, opens, capital, cased))
        end = match.end()
    return found


def is_shouted(text: str) -> bool:
    """Written in capitals throughout, so that a capital says nothing."""
    cased = [c for c in text if c.isupper() or c.islower()]
    return len(cased) > 30 and sum(c.isupper() for c in cased) > 0.7 * len(cased)


def is_vietnamese(words: list[Word]) -> bool:
    """Every third word bears marks that only Vietnamese has."""
    marked = sum(bool(_VIETNAMESE.search(word.said)) for word in words)
    return marked > 1 and marked * 3 >= len(words)


@lru_cache(maxsize=4)
def dictionary(language: str) -> frozenset[str]:
    """The ordinary words of a language, without those that are chiefly names."""
    file = Path(__file__).parent / "lists" / f"{language}.txt.gz"
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        return frozenset(line.strip() for line in lines) - CHIEFLY_NAMES[language]


def languages_of(words: list[Word]) -> tuple[str, ...]:
    """The languages that a text may be in, of those whose words are known."""
    seen = {
        language: sum(word.folded in begins for word in words)
        for language, begins in BEGINS.items()
    }
    most = max(seen.values())
    return tuple(language for language, n in seen.items() if n * 2 >= most)


def is_ordinary(word: str, languages: tuple[str, ...]) -> bool:
    """Whether the folded word is one of the language, whatever else it may be."""
    return len(word) < 3 or any(word in dictionary(language) for language in languages)
