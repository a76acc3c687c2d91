"""Texts of one participant's record without the names of others: for the person, and for a file that
leaves."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from django.db.models import Q

from participants.models import Participant
from sessions.queries.nearby import around
from sessions.screening import hits_in
from sessions.screening.words import composed

ANOTHER: Final = "[another person]"


class Screen:
    """Takes the names of other participants out of texts and counts them. Two queries, whatever the
    number of texts."""

    def __init__(self, participant: Participant, programs: Collection[UUID], during: Q) -> None:
        """For what was written in these programs about sessions `during` these days."""
        self.roster = around(participant, programs, during)
        self.own, self.replaced = participant.pk, 0

    def __call__(self, text: str) -> str:
        text = composed(text)
        done, kept = 0, []
        for hit in sorted(hits_in(text, self.roster, part=self.own), key=lambda h: h.start):
            if hit.start >= done:
                kept += [text[done : hit.start], ANOTHER]
                self.replaced += 1
            done = max(done, hit.end)
        return "".join([*kept, text[done:]])
