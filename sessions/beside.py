"""Two texts side by side: what of each the other does not have. Pure."""

import re
from difflib import SequenceMatcher
from typing import Final

Run = tuple[str, bool]  # a stretch of text, and whether the other text lacks it

WORD: Final = re.compile(r"\s+|\w+|[^\w\s]+")
LONGEST: Final = 6_000  # words; beyond, comparing would keep the person waiting


def beside(mine: str, theirs: str) -> tuple[list[Run], list[Run]]:
    """Both texts as stretches, word by word, marked where they differ."""
    first, second = WORD.findall(mine), WORD.findall(theirs)
    if len(first) + len(second) > LONGEST:
        return _whole(mine, mine != theirs), _whole(theirs, mine != theirs)
    left: list[Run] = []
    right: list[Run] = []
    for kind, a, b, c, d in SequenceMatcher(None, first, second, autojunk=False).get_opcodes():
        left += _whole("".join(first[a:b]), kind != "equal")
        right += _whole("".join(second[c:d]), kind != "equal")
    return left, right


def _whole(text: str, differs: bool) -> list[Run]:
    return [(text, differs and bool(text.strip()))] if text else []
