"""What is looked for in the notes of a session before they are signed. Pure: no database.

names     other people's names, in every form and likely misspelling; what is found must be settled
likeness  parts that read as if one had been copied from another; a warning
terms     words that judge or diagnose, with plainer ones; a hint
"""

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
    "Finding",
    "Hit",
    "How",
    "Named",
    "Roster",
    "Term",
    "alike",
    "hits_in",
    "names_in",
    "screen",
    "terms_in",
]
