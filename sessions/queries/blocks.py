"""Text blocks: those at hand while writing, and the list of those one keeps."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import F

from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions.models import TextBlock

# The fields they are for, in the order of the page of notes.
FIELDS: Final = {
    "what_was_done": "What the group did",
    "next_time": "Plan for next time",
    "materials": "Materials",
    "own_words": "In their own words",
    "response": "What we worked on",
    "follow_up": "What comes next",
}


@dataclass(frozen=True)
class BlockLine:
    """One text block as lists and menus show it."""

    id: UUID
    field: str
    label: str
    words: str
    own: bool
    retired: bool = False

    @property
    def where(self) -> str:
        """The field it is for, by its label."""
        return FIELDS.get(self.field, "Topic")


def _lines(program: Program, user: User, **more: object) -> list[BlockLine]:
    rows = (
        TextBlock.objects.visible_to(user)
        .filter(program=program, **more)
        .order_by(F("owner_id").asc(nulls_last=True), "label", "pk")
    )
    order = list(FIELDS)
    lines = [
        BlockLine(b.pk, b.field, b.label, b.words, b.owner_id is not None, b.retired_at is not None)
        for b in rows
    ]
    return sorted(lines, key=lambda b: order.index(b.field) if b.field in order else len(order))


def blocks_at_hand(program: Program, user: User) -> list[BlockLine]:
    """What may be put into a note: one's own first, then the program's. One query."""
    return _lines(program, user, retired_at=None)


def blocks_kept(program: Program, user: User) -> list[BlockLine]:
    """All that a person sees, also what was taken out. One query."""
    return _lines(program, user)
