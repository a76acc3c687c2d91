"""Many hands at one session's notes: two who write and sign, a supervisor and a lead who answer.

Every round is a session of its own with drafts of the same version. In some rounds people write and
sign against each other, in some the notes are signed already and are cosigned, returned, added to
and declared void at once. What each hand did comes back as JSON, for `faults` to compare with what
the database holds in the end.
"""

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from participants.models import Participant
from phpsupport.access.roles import Role
from phpsupport.lib.errors import Refused
from phpsupport.users.models import User
from sessions.actions.addenda import VERSIONS_APART, add_addendum, void_note
from sessions.actions.drafts import Typed, save_drafts
from sessions.actions.review import cosign_note, return_note
from sessions.actions.signing import sign_notes
from sessions.models import (
    Attendance,
    GroupNote,
    GroupNoteDraft,
    GroupSession,
    ProgressNote,
    ProgressNoteDraft,
    SessionFacilitator,
)
from tests import factories as make
from tests.racing import Outcome
from tests.sessions.worlds import World, make_world

HANDS = 6
ONE_DAY = 18  # sessions in a day
FIRST = date(2026, 4, 6)
PATIENCE = 60  # times that somebody looks again


@dataclass
class Races:
    """The sessions that are raced for, and who races."""

    world: World
    co: User
    lead: User
    seed: int
    sessions: list[GroupSession] = field(default_factory=list)
    signed: set[int] = field(default_factory=set)  # rounds whose notes are signed when they begin

    def at(self, turn: int) -> datetime:
        return self.sessions[turn].ends_at + timedelta(minutes=10)

    @property
    def people(self) -> list[Participant]:
        return self.world.people


def prepare(rounds: int, seed: int) -> Races:
    """As many sessions with marks and drafts; of a third of them the notes are signed."""
    world = make_world(2)
    co = make.make_facilitator(world.program, supervisor=world.supervisor, first_name="Lee")
    co.certifications.update(kind="initial")
    lead = make.make_staff(world.program, Role.PROGRAM_LEAD, first_name="Max")
    races = Races(world, co.user, lead, seed)
    zone = ZoneInfo(world.program.zone)
    for turn in range(rounds):
        day, slot = FIRST + timedelta(days=turn // ONE_DAY), turn % ONE_DAY
        begins = datetime(day.year, day.month, day.day, 4 + slot, tzinfo=zone)
        races.sessions.append(
            GroupSession(
                program=world.program, series=world.series, room=world.session.room, local_date=day,
                starts_at=begins, ends_at=begins + timedelta(minutes=50), attendance_version=1,
                state="held",
            )
        )  # fmt: skip
    GroupSession.objects.bulk_create(races.sessions)
    SessionFacilitator.objects.bulk_create(
        SessionFacilitator(
            session=session, facilitator=facilitator, person=facilitator.user, part=part,
            starts_at=session.starts_at, ends_at=session.ends_at,
        )
        for session in races.sessions
        for facilitator, part in ((world.facilitator, "lead"), (co, "co"))
    )  # fmt: skip
    made: dict[str, Any] = {"program": world.program, "author": world.leader}
    Attendance.objects.bulk_create(
        Attendance(
            program=world.program, session=session, participant=person, status="present",
            marked_by=world.leader, marked_at=session.starts_at,
        )
        for session in races.sessions for person in world.people
    )  # fmt: skip
    GroupNoteDraft.objects.bulk_create(
        GroupNoteDraft(**made, session=s, saved_at=s.ends_at, what_was_done="At first.")
        for s in races.sessions
    )
    ProgressNoteDraft.objects.bulk_create(
        ProgressNoteDraft(
            **made, session=s, saved_at=s.ends_at, participant=person, own_words="At first."
        )
        for s in races.sessions for person in world.people
    )  # fmt: skip
    chance = random.Random(seed)
    races.signed = {turn for turn in range(rounds) if chance.random() < 1 / 3}
    for turn in races.signed:
        sign_notes(
            session=races.sessions[turn], seen={None: 1, **{p.pk: 1 for p in world.people}},
            by=world.leader, at=races.at(turn),
        )  # fmt: skip
    return races


# --- what the hands do ------------------------------------------------------------------------------
def acting(races: Races) -> Callable[[int, int], str]:
    """What hand does what in which round."""
    leader, co, supervisor, lead = (
        races.world.leader, races.co, races.world.supervisor, races.lead,
    )  # fmt: skip

    def act(hand: int, turn: int) -> str:
        chance = random.Random(f"{races.seed}:{turn}:{hand}")
        time.sleep(chance.random() * 0.02)  # so that none is first by habit
        if turn in races.signed:
            done: Any = [
                lambda: _cosign(races, turn, supervisor), lambda: _cosign(races, turn, lead),
                lambda: _return(races, turn, supervisor), lambda: _add(races, turn, leader),
                lambda: _write(races, turn, hand, co, chance),
                lambda: _void(races, turn, lead) if chance.random() < 0.3
                else _sign(races, turn, co),
            ]  # fmt: skip
        else:
            done = [
                lambda: _write(races, turn, hand, leader, chance),
                lambda: _write(races, turn, hand, co, chance),
                lambda: _sign(races, turn, leader), lambda: _sign(races, turn, co),
                lambda: _cosign(races, turn, supervisor), lambda: _cosign(races, turn, lead),
            ]  # fmt: skip
        return json.dumps(done[hand]())

    return act


def _write(races: Races, turn: int, hand: int, by: User, chance: random.Random) -> dict[str, Any]:
    """Type into every part, twice; each time over what one has seen."""
    seen: dict[UUID | None, int] = {None: 1, **{p.pk: 1 for p in races.people}}
    kept, stale, signed = [], 0, 0
    for n in (1, 2):
        words = f"Round {turn}, hand {hand}, time {n}."
        saved = save_drafts(
            session=races.sessions[turn], by=by, at=races.at(turn),
            parts={
                key: Typed({"own_words" if key else "what_was_done": words}, version)
                for key, version in seen.items()
            },
        )  # fmt: skip
        for key, base in seen.items():
            if key not in saved.stale and key not in saved.signed:
                kept.append([str(key), base, saved.versions[key], words])
        stale, signed = stale + len(saved.stale), signed + len(saved.signed)
        seen = {key: saved.versions[key] for key in seen if key not in saved.signed}
        time.sleep(chance.random() * 0.01)
    return {"kept": kept, "stale": stale, "signed": signed}


def _sign(races: Races, turn: int, by: User) -> dict[str, Any]:
    """Read what stands there and sign it; read again where it changed meanwhile."""
    session = races.sessions[turn]
    for again in range(PATIENCE):
        drafts: list[Any] = [
            *GroupNoteDraft.objects.filter(session=session),
            *ProgressNoteDraft.objects.filter(session=session),
        ]
        read = {getattr(d, "participant_id", None): d for d in drafts}
        words = {str(key): d.own_words if key else d.what_was_done for key, d in read.items()}
        try:
            sign_notes(
                session=session, seen={key: d.version for key, d in read.items()}, by=by,
                at=races.at(turn),
            )  # fmt: skip
        except Refused as refused:
            if refused.code == "changed":
                continue
            return {"refused": refused.code, "again": again}
        return {"words": words, "again": again}
    return {"refused": "gave up", "again": PATIENCE}


def _notes(session: GroupSession) -> list[Any]:
    models: Any = (GroupNote, ProgressNote)
    return [note for model in models for note in model.objects.filter(session=session)]


def _cosign(races: Races, turn: int, by: User) -> dict[str, Any]:
    """Wait for the notes and cosign each, with as many addenda as one has read."""
    session, said = races.sessions[turn], Counter[str]()
    for _ in range(PATIENCE):
        if notes := _notes(session):
            break
        time.sleep(0.005)
    for note in notes:
        try:
            cosign_note(note=note, by=by, at=races.at(turn), addenda=note.addendums.count())
            said["given"] += 1
        except Refused as refused:
            said[refused.code] += 1
    return {"cosigned": said}


def _return(races: Races, turn: int, by: User) -> dict[str, Any]:
    return _each(
        races, turn, "returned",
        lambda note: return_note(note=note, comment="More?", by=by, at=races.at(turn)),
    )  # fmt: skip


def _add(races: Races, turn: int, by: User) -> dict[str, Any]:
    return _each(
        races, turn, "added",
        lambda note: add_addendum(note=note, reason="More", words="Yes.", by=by, at=races.at(turn)),
    )  # fmt: skip


def _void(races: Races, turn: int, by: User) -> dict[str, Any]:
    return _each(
        races, turn, "void",
        lambda note: void_note(note=note, reason="Not so.", by=by, at=races.at(turn)),
    )  # fmt: skip


def _each(races: Races, turn: int, word: str, act: Callable[[Any], object]) -> dict[str, Any]:
    said = Counter[str]()
    for note in _notes(races.sessions[turn]):
        try:
            act(note)
            said["done"] += 1
        except Refused as refused:
            said[refused.code] += 1
    return {word: said}


# --- what must hold ---------------------------------------------------------------------------------
COSIGNED_TWICE = """
SELECT count(*) FROM (
    SELECT 1 FROM group_sessions_cosignature WHERE decision = 'given'
    GROUP BY group_note_id, progress_note_id HAVING count(*) > 1
) twice
"""


def signed_twice() -> int:
    """Parts of a session with two signatures, counted without the constraints' help: a note that
    replaces another counts with it, unless the other is void."""
    with connection.cursor() as cursor:
        found = 0
        for table, name in (("groupnote", "group_note"), ("progressnote", "progress_note")):
            slot = "session_id" + (", participant_id" if name == "progress_note" else "")
            cursor.execute(
                f"SELECT count(*) FROM (SELECT 1 FROM group_sessions_{table} n WHERE NOT EXISTS "
                f"(SELECT 1 FROM group_sessions_notevoid v WHERE v.{name}_id = n.id) "
                f"GROUP BY {slot} HAVING count(*) > 1) twice"
            )
            found += cursor.fetchone()[0]
        return int(found)


def cosigned_twice() -> int:
    """Notes that were cosigned more than once."""
    with connection.cursor() as cursor:
        cursor.execute(COSIGNED_TWICE)
        return int(cursor.fetchone()[0])


def overwritten(races: Races, outcomes: Iterable[Outcome]) -> list[str]:
    """Every save that was acknowledged and is neither what was signed, nor the draft, nor was seen
    by who saved over it; and every signature over words that its signer did not read."""
    by_round: dict[int, list[dict[str, Any]]] = {}
    for outcome in outcomes:
        by_round.setdefault(outcome.round, []).append(json.loads(outcome.said))
    faults = []
    for turn, said in by_round.items():
        if turn in races.signed:
            # Only the draft of a note that was declared void may be written over, by who saw it.
            bases = [save[1] for one in said for save in one.get("kept", ())]
            faults += [f"{turn}: typed over a signature" for base in bases if base < VERSIONS_APART]
            continue
        last = {str(key): (1, "At first.") for key in (None, *(p.pk for p in races.people))}
        based: set[tuple[str, int]] = set()
        for key, base, version, words in (save for one in said for save in one.get("kept", ())):
            if (key, base) in based or version != base + 1:
                faults.append(f"{turn}: two saves over version {base}")
            based.add((key, base))
            if version > last[key][0]:
                last[key] = (version, words)
        stands = _stands(races.sessions[turn])
        if stands != {key: words for key, (_, words) in last.items()}:
            faults.append(f"{turn}: what stands is not what was saved last")
        signers = [one["words"] for one in said if "words" in one]
        if len(signers) != 1 or signers[0] != stands:
            faults.append(f"{turn}: {len(signers)} signed, or not what they had read")
    return faults


def _stands(session: GroupSession) -> dict[str, str]:
    return {
        str(getattr(note, "participant_id", None)): getattr(note, "own_words", "")
        or getattr(note, "what_was_done", "")
        for note in _notes(session)
    }


def figures(outcomes: Iterable[Outcome]) -> Counter[str]:
    """What became of all attempts, by kind."""
    found: Counter[str] = Counter()
    for outcome in outcomes:
        said = json.loads(outcome.said)
        if "kept" in said:
            found["parts saved"] += len(said["kept"])
            found["saves shown both texts"] += said["stale"]
            found["saves told that it is signed"] += said["signed"]
        elif "words" in said:
            found["signed"] += 1
        elif "refused" in said:
            found[f"signing refused: {said['refused']}"] += 1
        for word in ("cosigned", "returned", "added", "void"):
            for what, number in said.get(word, {}).items():
                found[f"{word}: {what}"] += number
        found["read again before signing"] += said.get("again", 0)
    return found
