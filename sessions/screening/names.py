"""Whose names stand in a text. Pure.

Before a note is signed nobody else may be recognizable in it. Each person is looked for by every
name they may go by: full, preferred, nickname, surname, initials, parts of a compound name, and by
what is likely one of these misspelled. Words are compared without accents and case. A name that is
also an ordinary word (“Will”, “Hope”, “Luz”) counts by its capital and by what stands around it.

Where it is in doubt whether a name stands there, it is found: an explanation costs a line.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import Final
from uuid import UUID

from sessions.screening import near
from sessions.screening.known import (
    ABBREVIATIONS,
    ACTS,
    ARTICLES,
    BEFORE_A_MONTH,
    BEFORE_OF,
    BEGINS,
    DONE_BY_PEOPLE,
    KIN,
    MONTHS,
    OF,
    OF_A_THING,
    OFFERS,
    OTHERS,
    PARTICLES,
    PLACES,
    POINTS,
    PROPER,
    SHORTENED,
    SPEAKS,
    VERBS_END,
)
from sessions.screening.nicknames import BORNE_BY, CALLED, GIVEN, SPELLED
from sessions.screening.words import (
    POSSESSIVE,
    UNPARTED,
    Word,
    bare,
    composed,
    is_ordinary,
    is_vietnamese,
    languages_of,
    split,
    words_of,
)

SHORTEST: Final = 2
_DIGITS: Final = re.compile(r"\s*\d")
_CYRILLIC: Final = re.compile(r"[а-я]+")
_CYRILLIC_END: Final = re.compile(r"(?:ом|ем|ои|еи|ию|ы|а|я|у|ю|е|и|ь)$")
# Arabic and Hebrew write "and", "to", "with" as part of the word.
_JOINED: Final = re.compile(r"[وفبلك](?=[\u0620-\u064a]{3})|[והבלמשכ](?=[\u05d0-\u05ea]{2})")
_BETWEEN: Final = re.compile(r"[\s\-‐‑·.]{1,2}")


class How(StrEnum):
    """In which way somebody was named."""

    NAME = "name"
    NICKNAME = "nickname"
    INITIALS = "initials"
    LIKE = "like"


def surest(how: How) -> int:
    """In which order ways of naming are likely meant."""
    return list(How).index(how)


@dataclass(frozen=True)
class Named:
    """Somebody who may be named, as they are called. `near` is who is in the program but not on
    this roster: only their full name counts. `left` is who was on it until lately: by all their
    names, but an ordinary word that opens a sentence is theirs only before what people do."""

    participant_id: UUID
    shown: str
    first: str
    last: str = ""
    preferred: str = ""
    also_called: str = ""
    near: bool = False
    left: bool = False


@dataclass(frozen=True)
class Finding:
    """A name found where it should not stand: in whose part (None for the group note), of whom."""

    part: UUID | None
    about: UUID
    shown: str
    found: str
    how: How = How.NAME
    start: int = 0  # the place in the composed text
    end: int = 0

    @property
    def key(self) -> str:
        """One explanation is asked for per part and person."""
        return f"{self.part or 'group'}:{self.about}"


@dataclass(frozen=True, slots=True)
class Hit:
    """One place in a (composed) text where somebody may be named."""

    start: int
    end: int
    about: UUID
    how: How
    words: int  # of the name that was found


@dataclass(frozen=True, slots=True)
class _Term:
    words: tuple[str, ...]
    about: UUID
    how: How
    given: bool = True  # a name that one is called by, not a surname


@dataclass
class Roster:
    """Everybody who may be named, with all they may be called, ready for many texts."""

    people: list[Named]
    fine: frozenset[str] = frozenset()
    by_first: dict[str, list[_Term]] = field(default_factory=lambda: defaultdict(list))
    likely: dict[str, list[_Term]] = field(default_factory=lambda: defaultdict(list))
    unparted: list[_Term] = field(default_factory=list)
    stems: dict[str, list[_Term]] = field(default_factory=lambda: defaultdict(list))
    own: dict[UUID, "_Own"] = field(default_factory=dict)
    left: set[UUID] = field(default_factory=set)
    _slips: dict[str, list[tuple[_Term, int]]] = field(default_factory=dict)

    @classmethod
    def of(cls, people: "Iterable[Named] | Roster", fine: Iterable[str] = ()) -> "Roster":
        """`fine` are names that may stand: of who leads the session, of the group."""
        if isinstance(people, Roster):
            return people
        made = cls(list(people), frozenset(word for name in fine for word in split(name)))
        for person in made.people:
            made._add(person)
        return made

    def _add(self, person: Named) -> None:
        terms = _full(person) if person.near else _terms(person)
        if person.left:
            self.left.add(person.participant_id)
        real = {t.words for t in terms if t.how in (How.NAME, How.INITIALS)}
        self.own[person.participant_id] = _Own(
            frozenset(real), frozenset(t.words for t in terms), frozenset(t.words[0] for t in terms if len(t.words) == 1 and t.how == How.NAME)
        )  # fmt: skip
        for term in terms:
            if UNPARTED.search("".join(term.words)):
                if len("".join(term.words)) >= SHORTEST:
                    self.unparted.append(term)
                continue
            self.by_first[term.words[0]].append(term)
            if len(term.words) == 1 and term.how == How.NAME and not person.near:
                self.likely[term.words[0]].append(term)
                if _CYRILLIC.fullmatch(term.words[0]) and len(term.words[0]) >= SHORTEST + 1:
                    self.stems[_stem(term.words[0])].append(term)

    def like(self, word: str) -> list[tuple[_Term, int]]:
        """The names that `word` may be a misspelling of."""
        if word not in self._slips:
            self._slips[word] = [
                (term, slips)
                for name, terms in self.likely.items()
                if name != word and (slips := near.slips(word, name)) is not None
                for term in terms
            ]
        return self._slips[word]

    def findings(self, text: str, *, part: UUID | None) -> list[Finding]:
        """`names_in` over these people."""
        return names_in(text, self, part=part)

    def shown(self, participant_id: UUID) -> str:
        return next((p.shown for p in self.people if p.participant_id == participant_id), "")


@dataclass(frozen=True)
class _Own:
    """What the person whose part it is may be called."""

    real: frozenset[tuple[str, ...]] = frozenset()
    all: frozenset[tuple[str, ...]] = frozenset()
    single: frozenset[str] = frozenset()

    def excuses(self, term: _Term) -> bool:
        """A name shared with the part's own person says nothing about another."""
        return term.words in (self.all if term.how != How.NAME else self.real)


def hits_in(text: str, people: Iterable[Named] | Roster, *, part: UUID | None) -> list[Hit]:
    """Every place in `text` where another person may be named, in order; the longest name where
    several begin together. The places count the letters of `composed(text)`."""
    roster = Roster.of(people)
    own = roster.own.get(part, _Own()) if part else _Own()
    text = composed(text)
    found: list[Hit] = []
    offset = 0
    for line in text.split("\n"):
        found += _Line(line, roster, own, part).hits(offset)
        offset += len(line) + 1
    return found


def names_in(text: str, people: Iterable[Named] | Roster, *, part: UUID | None) -> list[Finding]:
    """Each other person of the roster whose name stands in `text`, at most once per person, by the
    longest of their names that do, and of these the surest.

    `part` is the participant the text is about; their own names, also where somebody else shares
    them, are no finding. None is the group note, in which nobody may be named.
    """
    roster = Roster.of(people)
    text = composed(text)
    best: dict[UUID, Hit] = {}
    for hit in hits_in(text, roster, part=part):
        before = best.get(hit.about)
        if before is None or _goes_before(hit, before):
            best[hit.about] = hit
    found = (
        (person, best[person.participant_id])
        for person in roster.people
        if person.participant_id in best
    )
    return [
        Finding(
            part,
            person.participant_id,
            person.shown,
            POSSESSIVE.sub("", text[hit.start : hit.end]),
            hit.how,
            hit.start,
            hit.end,
        )
        for person, hit in found
    ]


def _goes_before(one: Hit, other: Hit) -> bool:
    """Whether `one` tells more surely than `other`, which comes first, whom it names."""
    if one.words != other.words:
        return one.words > other.words
    return surest(one.how) < surest(other.how)


def screen(
    group: str,
    parts: Mapping[UUID, str],
    people: Iterable[Named] | Roster,
    fine: Iterable[str] = (),
) -> list[Finding]:
    """All findings of one session's notes; `group` is '' where it is not among them."""
    roster = Roster.of(people, fine)
    found = names_in(group, roster, part=None)
    for participant_id, text in parts.items():
        found += names_in(text, roster, part=participant_id)
    return found


class _Line:
    """One line of a text with what is needed to judge its words."""

    def __init__(self, text: str, roster: Roster, own: _Own, part: UUID | None) -> None:
        self.text, self.roster, self.own, self.part = text, roster, own, part
        self.words = words_of(text)
        self._at = 0
        self._spoken = _languages_by_word(self.words)
        self.vietnamese = is_vietnamese(self.words)

    @property
    def languages(self) -> tuple[str, ...]:
        """Of the sentence in which the word stands that is looked at."""
        return self._spoken[self._at]

    def hits(self, offset: int) -> list[Hit]:
        found: dict[tuple[int, UUID], Hit] = {}
        for at, word in enumerate(self.words):
            self._at = at
            for hit in (*self._exact(at, word), *self._unparted(word)):
                place = (hit.start, hit.about)
                if place not in found or hit.words > found[place].words:
                    found[place] = hit
            if not any(hit.start == word.start for hit in found.values()):
                for hit in self._like(at, word):
                    found[(hit.start, hit.about)] = hit
        covered: dict[UUID, int] = {}
        kept = []
        for hit in sorted(found.values(), key=lambda h: (h.start, -h.words)):
            if hit.start < covered.get(hit.about, -1):
                continue  # the surname inside a full name
            covered[hit.about] = hit.end
            kept.append(Hit(hit.start + offset, hit.end + offset, hit.about, hit.how, hit.words))
        return kept

    # --- names as they are ------------------------------------------------------------------------
    def _exact(self, at: int, word: Word) -> Iterable[Hit]:
        for form, inflected in _forms(word):
            for term in self.roster.by_first.get(form, ()):
                last = self._reaches(at, term, inflected)
                if last is None or self._excused(term):
                    continue
                if self._counts(at, last, term, inflected):
                    yield self._hit(at, last, term)
        if word.capital and _CYRILLIC.fullmatch(word.folded):
            for term in self.roster.stems.get(_stem(word.folded), ()):
                if not self._excused(term) and word.folded not in self.own.single:
                    yield self._hit(at, at, term)

    def _reaches(self, at: int, term: _Term, inflected: bool) -> int | None:
        """The last word of the term if it stands here."""
        size = len(term.words)
        if size == 1:
            return at
        if inflected or at + size > len(self.words):
            return None
        for n in range(1, size):
            word, wanted = self.words[at + n], term.words[n]
            ends = n == size - 1
            same = wanted in [form for form, _ in _forms(word)] if ends else word.folded == wanted
            if not same or not _BETWEEN.fullmatch(word.gap):
                return None
            if "." in word.gap and len(term.words[n - 1]) > 1:
                return None
        return at + size - 1

    def _excused(self, term: _Term) -> bool:
        return term.about == self.part or self.own.excuses(term)

    def _counts(self, at: int, last: int, term: _Term, inflected: bool) -> bool:
        """Whether the words that look like the name are likely the name."""
        if term.how == How.INITIALS:
            return self._are_initials(at, last)
        word = self.words[at]
        if last > at:
            ordinary = all(is_ordinary(w, self.languages) for w in term.words)
            return not ordinary or any(w.capital for w in self.words[at : last + 1])
        if self._other_marks(word, term):
            return False
        if self._is_place(at) or (word.folded in MONTHS and self._is_month(at)):
            return False
        name = term.words[0]
        if not word.capital:
            if self.vietnamese or (inflected and len(name) < near.SHORTEST):
                return False
            if is_ordinary(word.folded, self.languages):
                long = len(name) > SHORTEST and not inflected
                return long and self._speaks(at) and not self._pointed_at(at)
            return len(name) > SHORTEST
        if not is_ordinary(word.folded, self.languages):
            return True
        if not word.opens:
            return not self._pointed_at(at) and not self._ends_a_title(at)
        return self._acts(at, surely=term.about in self.roster.left)

    def _other_marks(self, word: Word, term: _Term) -> bool:
        """In Vietnamese a word with other marks is another word."""
        if not self.vietnamese or word.said.isascii():
            return False
        person = next(p for p in self.roster.people if p.participant_id == term.about)
        names = " ".join((person.first, person.last, person.preferred, person.also_called))
        marked = {w.said.casefold() for w in words_of(composed(names)) if w.folded == word.folded}
        said = POSSESSIVE.sub("", word.said.casefold())
        return bool(marked) and said not in marked and not any(name.isascii() for name in marked)

    def _are_initials(self, at: int, last: int) -> bool:
        words = self.words[at : last + 1]
        if len(words) == 1:  # MR
            word = words[0]
            return word.said.isupper() and word.folded not in ABBREVIATIONS and word.capital
        if all(len(word.folded) == 1 for word in words):  # M.R.
            dotted = self.text[words[0].end : words[0].end + 1] == "."
            return dotted and all(word.letter for word in words)
        # M. Rivera, Marisol R.
        first = len(words[0].folded) == 1
        letter = words[0] if first else words[-1]
        if first and self.text[letter.end : letter.end + 1] == ".":
            return True
        # Without a point, “A young man” is nobody.
        return letter.said.isupper() and (not first or words[1].capital)

    # --- names misspelled -------------------------------------------------------------------------
    def _like(self, at: int, word: Word) -> Iterable[Hit]:
        if (
            not word.cased
            or len(word.folded) < near.SHORTEST - 1
            or word.folded in self.roster.fine
        ):
            return
        forms = [form for form, _ in _forms(word)]
        if any(form in self.own.single or (form,) in self.own.all for form in forms):
            return
        likely = self.roster.like(word.folded)
        if not likely and not word.folded.endswith("s"):
            return
        if not likely:
            likely = self.roster.like(word.folded[:-1])
        if not likely or not self._may_be_a_name(at, word):
            return
        ours = [s for name in self.own.single if (s := near.slips(word.folded, name)) is not None]
        for term, slips in likely:
            if self._excused(term) or (ours and min(ours) < slips):
                continue
            if not word.capital and (slips > 1 or len(term.words[0]) <= near.SHORTEST):
                continue
            yield self._hit(at, at, term, How.LIKE)

    def _may_be_a_name(self, at: int, word: Word) -> bool:
        """Whether a word that looks like a name may be one: no ordinary word, place or month."""
        if word.folded in PROPER or self._is_place(at):
            return False
        ordinary = is_ordinary(word.folded, self.languages)
        if not word.capital:
            return not ordinary and not is_ordinary(word.folded, ("en", "es")) and (
                not self.vietnamese
            )  # fmt: skip
        if word.folded in GIVEN and not ordinary and (self._of_kin(at) or self._in_a_title(at)):
            return False
        if not ordinary:
            return True
        if word.opens:
            return self._after(at) in OFFERS
        return not self._pointed_at(at) and not self._in_a_title(at)

    # --- what stands around -----------------------------------------------------------------------
    def _next(self, at: int, step: int = 1) -> Word | None:
        there = at + step
        return self.words[there] if 0 <= there < len(self.words) else None

    def _before(self, at: int) -> str:
        return self.words[at - 1].folded if at and not self.words[at].opens else ""

    def _after(self, at: int) -> str:
        after = self._next(at)
        return after.folded if after and not after.opens else ""

    def _pointed_at(self, at: int) -> bool:
        before = self._before(at)
        if before == "a" and "es" in self.languages:
            return False
        return before in (ARTICLES if self.words[at].capital else POINTS)

    def _is_place(self, at: int) -> bool:
        """Grace Church, San José, May Street."""
        after = self._next(at)
        of_theirs = POSSESSIVE.search(self.words[at].said)
        if after and not after.opens and after.capital and after.folded in PLACES and not of_theirs:
            return True
        return self._before(at) in ("san", "santa", "saint", "st", "sto")

    def _is_month(self, at: int) -> bool:
        before = self._before(at)
        if self.words[at].opens and self._other_month(at):  # June was hard; July may be easier
            return True
        if before in BEFORE_A_MONTH or _DIGITS.match(self.text[self.words[at].end :]):
            return True
        if re.search(r"\d\s*(?:de )?$", self.text[: self.words[at].start]):
            return True
        return before in OF and at > 1 and (
            self.words[at - 2].folded in BEFORE_OF or bool(re.search(r"\d", self.words[at - 1].gap))
        )  # fmt: skip

    def _other_month(self, at: int) -> bool:
        others = (word.folded for n, word in enumerate(self.words) if 0 < n - at < 8)
        return any(other in MONTHS and other != self.words[at].folded for other in others)

    def _in_a_title(self, at: int) -> bool:
        """Beside another word with a capital that is nobody's name here, as in a title."""
        after = self._next(at)
        return self._ends_a_title(at) or bool(after and self._titles(after, after.gap))

    def _ends_a_title(self, at: int) -> bool:
        """Veterans Day, Grand Canyon."""
        before = self._next(at, -1)
        return bool(before and self._titles(before, self.words[at].gap))

    def _titles(self, word: Word, gap: str) -> bool:
        if gap != " " or word.opens or not (word.capital and word.cased) or word.letter:
            return False
        if word.folded in KIN or word.folded in SHORTENED or word.folded in PROPER:
            return False
        return word.folded not in self.roster.by_first and not self.roster.like(word.folded)

    def _of_kin(self, at: int) -> bool:
        return self._before(at) in KIN

    def _speaks(self, at: int) -> bool:
        return self._after(at) in SPEAKS

    def _acts(self, at: int, *, surely: bool) -> bool:
        """Whether a word that opens a sentence does what people do; `surely` what things hardly do."""
        word, after = self.words[at], self._next(at)
        if any(word.folded in BEGINS[language] for language in self.languages):
            return self._speaks(at)
        if POSSESSIVE.search(word.said):
            return True
        if after is None or after.opens:
            return after is None or self.text[word.end : word.end + 1] == ","
        if "," in after.gap:
            return after.folded in ("who", "quien") or after.capital
        if after.folded in ("and", "y", "e") and (then := self._next(at, 2)):
            beyond = self._next(at, 3)
            return then.capital or bool(beyond and beyond.folded in OTHERS)
        if after.folded in ("is", "was", "es", "fue", "era"):
            then = self._next(at, 2)
            return not (then and then.folded in OF_A_THING)
        if after.folded in (DONE_BY_PEOPLE if surely else ACTS):
            return after.folded not in OF_A_THING
        if after.capital and after.cased:
            return after.folded in self.roster.by_first
        then = self._next(at, 2)
        if then and (then.gap.startswith(",") or (not then.opens and then.folded in ACTS)):
            return False  # long days, short nights; art supplies came
        return not surely and self._ends_as_a_verb(after)

    def _ends_as_a_verb(self, word: Word) -> bool:
        if "es" in self.languages and word.said.endswith(("ó", "aba", "ía")):
            return True
        return "en" in self.languages and word.folded.endswith(VERBS_END)

    def _unparted(self, word: Word) -> Iterable[Hit]:
        if not self.roster.unparted or not UNPARTED.search(word.said):
            return
        for term in self.roster.unparted:
            name = "".join(term.words)
            place = _place_of(name, word.said)
            if place and not self._excused(term):
                start, end = (word.start + there for there in place)
                yield Hit(start, end, term.about, term.how, len(name))

    def _hit(self, at: int, last: int, term: _Term, how: How | None = None) -> Hit:
        first, end = self.words[at], self.words[last]
        spelled_out = last > at and any(len(word) > 1 for word in term.words)  # Marisol R.
        said = How.NAME if term.how == How.INITIALS and spelled_out else term.how
        return Hit(first.start, end.end, term.about, how or said, last - at + 1)


def _languages_by_word(words: list[Word]) -> list[tuple[str, ...]]:
    """For each word the languages that its sentence may be in, or else the whole line."""
    whole = languages_of(words)
    starts = [at for at, word in enumerate(words) if word.opens] + [len(words)]
    found: list[tuple[str, ...]] = []
    for start, end in pairwise(starts):
        spoken = languages_of(words[start:end])
        found += [spoken if len(spoken) == 1 else whole] * (end - start)
    return found


def _place_of(name: str, text: str) -> tuple[int, int] | None:
    """Where the compared form of a name stands in a text without gaps."""
    letters = [(at, letter) for at, sign in enumerate(text) for letter in bare(sign)]
    place = "".join(letter for _, letter in letters).find(name)
    return (letters[place][0], letters[place + len(name) - 1][0] + 1) if place >= 0 else None


def _forms(word: Word) -> list[tuple[str, bool]]:
    """The word as it may be compared; True for what was taken off without a sign (“Anas”)."""
    form = word.folded
    forms = [(form, False)]
    if len(form) > SHORTEST + 1 and form.endswith("s"):
        forms.append((form[:-1], True))
        if form.endswith("es") and len(form) > near.SHORTEST:
            forms.append((form[:-2], True))
    if _JOINED.match(form):
        forms.append((form[1:], False))
    return forms


def _stem(word: str) -> str:
    """A Cyrillic name without the ending of its case."""
    return _CYRILLIC_END.sub("", word) if len(word) > SHORTEST + 1 else word


# --- what somebody may be called ------------------------------------------------------------------
def _full(person: Named) -> list[_Term]:
    """Full names alone, in both orders."""
    called = [split(name) for name in (person.first, person.preferred) if name]
    last = split(person.last)
    terms = []
    for name in called:
        if name and last:
            terms += [_Term(name + last, person.participant_id, How.NAME)]
            terms += [_Term(last + name, person.participant_id, How.NAME)]
            if len(name) > 1:
                terms.append(_Term(name[:1] + last, person.participant_id, How.NAME))
            if len(last) > 1 and last[0] not in PARTICLES:
                terms.append(_Term(name[:1] + last[:1], person.participant_id, How.NAME))
    return _joined(terms)


def _terms(person: Named) -> list[_Term]:
    """Everything that somebody may be called."""
    about = person.participant_id
    terms = _full(person)
    nicknames = [split(name) for name in re.split(r"[,;/]", person.also_called)]
    called = [split(person.preferred), split(person.first), *nicknames]
    for name in called:
        if _long_enough(name):
            terms.append(_Term(name, about, How.NAME))
        if len(name) > 1:
            terms.append(_Term(("".join(name),), about, How.NAME))  # Annemarie, Mariajose
            terms += [_Term((w,), about, How.NAME) for w in name if _is_part(w)]
    last = split(person.last)
    core = tuple(word for word in last if word not in PARTICLES) or last
    if _long_enough(last):
        terms.append(_Term(last, about, How.NAME, given=False))
    if len(last) > 1:
        terms += [_Term((w,), about, How.NAME, given=False) for w in core if _is_part(w)]
        terms.append(_Term(("".join(last),), about, How.NAME, given=False))  # VanDerBerg
    for word in {name[0] for name in called if name}:
        short = CALLED.get(word, frozenset()) | BORNE_BY.get(word, frozenset())
        short |= SPELLED.get(word, frozenset()) | _smaller(word)
        terms += [_Term((w,), about, How.NICKNAME) for w in short if w != word]
    terms += _initials(person, [name for name in called if name], last, core)
    return _joined(terms)


def _initials(
    person: Named, called: list[tuple[str, ...]], last: tuple[str, ...], core: tuple[str, ...]
) -> list[_Term]:
    """M. Rivera, Marisol R., M.R., MR."""
    if not last:
        return []
    letters = {core[0][0], last[0][0]}
    found = []
    for name in called:
        first = name[0]
        found += [(first[0], *last), *((first[0], word) for word in core)]
        for letter in letters:
            found += [(*name, letter), (first, letter), (first[0], letter), (first[0] + letter,)]
    if len(core) > 1:
        found += [(called[0][0][0], core[0][0], core[1][0])] if called else []
    return [_Term(words, person.participant_id, How.INITIALS) for words in dict.fromkeys(found)]


def _smaller(name: str) -> frozenset[str]:
    """Spanish: Anita, Juanito, Carmencita."""
    if len(name) < SHORTEST + 1 or not name.isascii():
        return frozenset()
    if name[-1] in "ao":
        return frozenset({f"{name[:-1]}it{name[-1]}"})
    if name.endswith("os"):
        return frozenset({f"{name[:-2]}itos"})
    if name[-1] in "aeiou":
        return frozenset({f"{name}cito", f"{name}cita"})
    return frozenset({f"{name}{end}" for end in ("ito", "ita", "cito", "cita")})


def _long_enough(name: tuple[str, ...]) -> bool:
    return bool(name) and (len(name) > 1 or len(name[0]) >= SHORTEST)


def _is_part(word: str) -> bool:
    return len(word) > SHORTEST and word not in PARTICLES


def _joined(terms: Iterable[_Term]) -> list[_Term]:
    """Each way once, the plainest first."""
    kept: dict[tuple[str, ...], _Term] = {}
    for term in terms:
        kept.setdefault(term.words, term)
    return list(kept.values())
