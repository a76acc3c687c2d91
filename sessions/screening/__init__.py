"""What is looked for in the notes of a session before they are signed. Pure: no database."""

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

__all__ = ["Finding", "Hit", "How", "Named", "Roster", "hits_in", "names_in", "screen"]
