"""What is looked for in the notes of a session before they are signed. Pure: no database.

names     other people's names, in every form and likely misspelling; what is found must be settled
doubts    what was found as it is pointed out: a word once, with everybody whom it may name
likeness  parts that read as if one had been copied from another; a warning
terms     words that judge or diagnose, with plainer ones; a hint
"""

from sessions.screening.doubts import Doubt, doubts_of, may_be
from sessions.screening.likeness import Alike, alike
from sessions.screening.names import (
    Finding,
    Hit,
    How,
    Named,
    Roster,
    hits_in,
    names_in,
    screen,
)
from sessions.screening.terms import Term, terms_in

__all__ = [
    "Alike",
    "Doubt",
    "Finding",
    "Hit",
    "How",
    "Named",
    "Roster",
    "Term",
    "alike",
    "doubts_of",
    "hits_in",
    "may_be",
    "names_in",
    "screen",
    "terms_in",
]
