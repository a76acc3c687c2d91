"""Everything that is shown before the notes of a session are signed, at its place."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from django.urls import reverse

from phpsupport.lib import wording
from sessions.models import GROUP_TEXTS, PART_TEXTS, GroupSession, Participation
from sessions.models.notes import GroupWords, ProgressWords
from sessions.queries.desk import GROUP, Desk, Part, text_in, words_of
from sessions.queries.nearby import nearby
from sessions.screening import (
    Alike,
    Doubt,
    Finding,
    Hit,
    Roster,
    Term,
    alike,
    doubts_of,
    hits_in,
    may_be,
    terms_in,
)
from sessions.screening.words import composed

_LABELS: Final = {
    name: str(getattr(words._meta.get_field(name), "verbose_name", name))
    for words, names in ((GroupWords, GROUP_TEXTS), (ProgressWords, PART_TEXTS))
    for name in names
}


@dataclass(frozen=True)
class Piece:
    """A stretch of a text: plain, a name, or a word with a plainer one."""

    text: str
    kind: str = ""  # name, hint
    label: str = ""


@dataclass(frozen=True)
class Prose:
    """One text of a part with what was found in it, and where it is changed."""

    name: str
    label: str
    pieces: list[Piece]
    url: str


@dataclass
class Settle:
    """A word to take out or to explain."""

    doubt: Doubt
    url: str  # of the text in which it stands
    number: int = 0
    field: Any = None  # of the form, in which it is explained


@dataclass(frozen=True)
class Hint:
    """A word that judges or diagnoses, with what could be said."""

    said: str
    instead: str
    url: str


@dataclass
class Checked:
    """One part as it would be signed, with all that was found in it."""

    part: Part
    url: str
    prose: list[Prose]
    names: list[Settle] = field(default_factory=list)
    hints: list[Hint] = field(default_factory=list)
    alike: list[tuple[str, str]] = field(default_factory=list)  # sentence, address of the other

    @property
    def key(self) -> str:
        return self.part.key

    @property
    def participation(self) -> str:
        chosen = self.part.words.get("participation")
        return str(Participation(chosen).label) if chosen else ""


@dataclass(frozen=True)
class Missing:
    """Something that a whole record has and this one has not; `stops` where nothing can be signed."""

    title: str
    words: str
    url: str
    stops: bool = False


@dataclass
class Check:
    """The page before signing."""

    group: Checked | None
    parts: list[Checked]
    missing: list[Missing]

    @property
    def all(self) -> list[Checked]:
        return [*([self.group] if self.group else []), *self.parts]

    @property
    def doubts(self) -> list[Doubt]:
        return [one.doubt for part in self.all for one in part.names]

    @property
    def findings(self) -> list[Finding]:
        return [finding for doubt in self.doubts for finding in doubt.findings]

    @property
    def hints(self) -> int:
        return sum(len(part.hints) + len(part.alike) for part in self.all)

    @property
    def names_in_words(self) -> str:
        return wording.count(len(self.doubts), "name to settle", "names to settle")

    @property
    def hints_in_words(self) -> str:
        return wording.count(self.hints, "hint")

    @property
    def missing_in_words(self) -> str:
        return f"{len(self.missing)} open"

    @property
    def what_in_words(self) -> str:
        """What the signature is put to."""
        parts = wording.count(len(self.parts), "progress note")
        if self.group is None:
            return parts
        return f"The group note and {parts}" if self.parts else "The group note"

    def explained_in(self, fields: Mapping[str, Any]) -> None:
        """Put the form's fields, by the doubt's key, beside what they explain."""
        settled = (one for part in self.all for one in part.names)
        for number, one in enumerate(settled, start=1):
            one.number, one.field = number, fields[one.doubt.key]

    @property
    def seen(self) -> dict[UUID | None, int]:
        """What would be signed, with the version that is read."""
        return {
            c.part.person.participant_id if c.part.person else GROUP: c.part.version
            for c in self.all
        }


def check(session: GroupSession, there: Desk) -> Check:
    """What is ready to be signed, looked through. One query beside the desk, which its reader's
    last notes belong to."""
    roster = nearby(session, there.people)
    ready = [p for p in there.came if not p.signed and not p.blank and p.person and p.person.status]
    group = there.group if not there.group.signed and not there.group.blank else None
    note = reverse("sessions:note", args=[session.pk])
    group_checked = _checked(group, GROUP_TEXTS, roster, note) if group else None
    parts = [_checked(part, PART_TEXTS, roster, note) for part in ready]
    _compare(parts, there)
    return Check(group_checked, parts, list(_missing(session, there, group, note)))


def _checked(part: Part, names: Iterable[str], roster: Roster, note: str) -> Checked:
    key = part.person.participant_id if part.person else GROUP
    names = list(names)
    checked = Checked(part, f"{note}#{part.key}", [])
    places: dict[UUID, str] = {}
    for name in names:
        text = composed(str(part.words.get(name) or ""))
        if not text.strip():
            continue
        url = f"{note}#id_{part.key}-{name}"
        hits = hits_in(text, roster, part=key)
        terms = terms_in(text, own_words=name == "own_words")
        for hit in hits:
            places.setdefault(hit.about, url)
        checked.prose.append(
            Prose(name, str(_LABELS[name]), _pieces(text, hits, terms, roster), url)
        )
        checked.hints += [Hint(term.said, term.instead, url) for term in terms]
    for doubt in doubts_of(roster.findings(text_in(part.words, names), part=key)):
        place = places.get(doubt.findings[0].about, checked.url)
        checked.names.append(Settle(doubt, place))
    checked.hints = list(dict.fromkeys(checked.hints))
    return checked


def _pieces(text: str, hits: list[Hit], terms: list[Term], roster: Roster) -> list[Piece]:
    """The text in stretches; a name goes before a word, several people's name is marked once."""
    marks: list[tuple[int, int, str, str]] = []
    for start, end in sorted({(hit.start, hit.end) for hit in hits}, key=lambda s: (s[0], -s[1])):
        if not marks or start >= marks[-1][1]:
            whose = [hit for hit in hits if start <= hit.start < end]
            said = may_be((roster.shown(hit.about), hit.how) for hit in whose)
            marks.append((start, end, "name", said))
    for term in terms:
        if all(term.end <= start or term.start >= end for start, end, _, _ in marks):
            marks.append((term.start, term.end, "hint", f"perhaps: {term.instead}"))
    pieces, at = [], 0
    for start, end, kind, label in sorted(marks):
        pieces += [Piece(text[at:start]), Piece(text[start:end], kind, label)]
        at = end
    return [piece for piece in [*pieces, Piece(text[at:])] if piece.text]


def _compare(parts: list[Checked], there: Desk) -> None:
    """Say which parts read alike, among each other and like the same person's last note."""
    by_id = {c.part.person.participant_id: c for c in parts if c.part.person}
    last = {
        part.person.participant_id: part.before
        for part in there.parts
        if part.person and part.before and part.person.participant_id in by_id
    }
    found = alike(
        {key: text_in(c.part.words, PART_TEXTS) for key, c in by_id.items()},
        {
            key: text_in(words_of(before.note, PART_TEXTS), PART_TEXTS)
            for key, before in last.items()
        },
        [person.named for person in there.people],
    )
    for one in found:
        if one.other is None:
            said = f"Reads {one.percent} % like their note of {last[one.part].when}."
            by_id[one.part].alike.append((said, ""))
        else:
            for a, b in ((one.part, one.other), (one.other, one.part)):
                by_id[a].alike.append(_like_another(one, by_id[b]))


def _like_another(one: Alike, other: Checked) -> tuple[str, str]:
    name = other.part.person.name if other.part.person else ""
    return f"Reads {one.percent} % like the part of {name}.", f"#check-{other.key}"


def _missing(
    session: GroupSession, there: Desk, group: Part | None, note: str
) -> Iterable[Missing]:
    """What a whole record of this session would have, what stops the signature first."""
    attendance = reverse("sessions:attendance", args=[session.pk])
    unmarked = [p.name for p in there.unmarked]
    written = [
        p.person.name for p in there.parts if p.person and not p.person.status and not p.blank
    ]
    if written:
        yield Missing(
            "Attendance is missing.",
            f"Mark {wording.listing(written)} before their part can be signed.",
            attendance,
            stops=True,
        )
    rest = [name for name in unmarked if name not in written]
    if rest:
        yield Missing("Not everybody is marked.", wording.listing(rest), attendance)
    if group and not str(group.words["what_was_done"]).strip():
        yield Missing(
            "Write what the group did.",
            "The group note has no words about it yet.",
            f"{note}#id_group-what_was_done",
            stops=True,
        )
    if group is None and not there.group.signed:
        yield Missing(
            "The group note is not written yet.",
            "It stays open; you can sign it later.",
            f"{note}#group",
        )
    if group and not group.words["confidentiality_reminder"]:
        yield Missing(
            "The confidentiality reminder is not ticked.",
            "Tick it if you gave it.",
            f"{note}#id_group-confidentiality_reminder",
        )
    away = [part.person.name for part in there.away if part.person]
    if away:
        yield Missing(
            f"What is written about {wording.listing(away)} cannot be signed.",
            "They are no longer on the roster. Copy it, or let it go.",
            f"{note}#away",
        )
    blank = [p for p in there.came if p.blank and not p.signed and p.person]
    if blank:
        names = wording.listing([p.person.name for p in blank if p.person])
        yield Missing(
            f"Nothing is written about {names} yet.",
            "Their part stays open; you can sign it later.",
            f"{note}#{blank[0].key}",
        )
    quiet = [
        p for p in there.came
        if p.person and p.person.came and not p.signed and not p.blank
        and not any(str(p.words[name]).strip() for name in PART_TEXTS)
    ]  # fmt: skip
    if quiet:
        names = wording.listing([p.person.name for p in quiet if p.person])
        yield Missing(
            f"No words yet about {names}.", "Only a tick or a choice.", f"{note}#{quiet[0].key}"
        )
