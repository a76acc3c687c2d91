"""Other people's names in what is written beside a signed note or handed over: each is taken out, or
somebody says why it stays."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from phpsupport.lib.clock import local_date
from phpsupport.lib.errors import Refused
from sessions.models import EXPLAINED, GroupNote, GroupSession
from sessions.queries.nearby import nearby
from sessions.queries.notes import Note
from sessions.screening import Doubt, Roster, doubts_of, screen

# What begins the line at the end of a text that says why a name stays in it.
STAYS: Final = f"{EXPLAINED}: "


class NamesOthers(Refused):
    """Somebody else may be named, and nobody said why the name stays; `doubts` are all that were
    found, with a reason or without."""

    def __init__(self, sentence: str, doubts: Iterable[Doubt], field: str | None) -> None:
        super().__init__(sentence, field=field, code="named")
        self.doubts = list(doubts)


def doubts_in(words: str, parts: Mapping[UUID, str], among: Roster) -> list[Doubt]:
    """Other people's names about the group, and in the part about each person."""
    return doubts_of(screen(words, parts, among))


def doubts_beside(note: Note, words: str, among: Roster) -> list[Doubt]:
    """Other people's names in what is to stand beside a note: anybody's beside the group's."""
    if isinstance(note, GroupNote):
        return doubts_in(words, {}, among)
    return doubts_in("", {note.participant_id: words}, among)


def among_beside(session: GroupSession, at: datetime) -> Roster:
    """Who may be named beside the notes of a session in what is written now. One query; load the
    session with its group and site."""
    return nearby(session, written_on=local_date(at, session.program.zone))


def settled(
    doubts: Iterable[Doubt], explained: Mapping[str, str] | None, *, field: str, where: str = "here"
) -> list[str]:
    """Why each name stays (`explained` by the finding's key), each reason once; refused where one is
    missing."""
    reasons: list[str] = []
    doubts = list(doubts)
    for doubt in doubts:
        given = [(explained or {}).get(finding.key, "").strip() for finding in doubt.findings]
        if not all(given):
            raise NamesOthers(
                f"Another participant is named {where}: {doubt.sentence} Take the name out, or say "
                "why it stays.",
                doubts,
                field,
            )
        reasons += given
    return list(dict.fromkeys(reasons))


def settled_beside(
    note: Note, words: str, explained: Mapping[str, str] | None, *, field: str, at: datetime
) -> list[str]:
    """`settled` over what is to stand beside one note. One query."""
    doubts = doubts_beside(note, words, among_beside(note.session, at))
    return settled(doubts, explained, field=field)


def with_reasons(words: str, reasons: Iterable[str]) -> str:
    """The words, and at their end why the names in them stay."""
    told = " ".join(dict.fromkeys(map(_sentence, reasons)))
    return f"{words}\n\n{STAYS}{told}" if told else words


def _sentence(reason: str) -> str:
    return reason if reason.endswith((".", "!", "?")) else f"{reason}."
