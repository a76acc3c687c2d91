"""Words at hand while writing: one's own text blocks, and the program's."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac

from participants.models import EpisodeOfCare
from participants.names import display_name
from phpsupport.audit.trail import record
from phpsupport.lib import clock
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions import policies
from sessions.models import TextBlock
from sessions.screening import Named, names_in

MOST: Final = 60
# To begin with: field, label, words. “…” is where one's own words go.
STARTERS: Final = (
    ("what_was_done", "Opening", "We opened with the agreement and a round of one word each."),
    ("what_was_done", "What helped", "People shared what has helped since last time: …"),
    ("what_was_done", "Planning ahead", "We planned the hours after the program: …"),
    ("what_was_done", "Closing", "We closed with one thing that everybody takes along."),
    ("next_time", "Begin with", "Begin with how … went."),
    ("next_time", "Bring along", "Everybody brings one thing that helped: …"),
    ("own_words", "Said", "Said: “…”"),
    ("own_words", "Told the group", "Told the group about …"),
    ("response", "A strength", "We named a strength that showed this week: …"),
    ("response", "Tried out", "We tried out how it would be to …"),
    ("response", "A small step", "We looked for one small step: …"),
    ("follow_up", "Will try", "Wants to try … before next time."),
    ("follow_up", "Ask about it", "I will ask how … went."),
    ("follow_up", "Look up together", "We will look up … together."),
)


def version_of(block: TextBlock) -> str:
    """What a form sends back to say which words it was opened with; it tells nothing of them."""
    text = "\0".join((block.field, block.label, block.words))
    return salted_hmac("sessions.blocks", text, algorithm="sha256").hexdigest()


def _may(by: User, program: Program, owner: User | None) -> None:
    if refusal := policies.can_keep_block(by, program.pk, owner.pk if owner else None):
        raise Refused(refusal, code="not-yours")


@transaction.atomic
def add_block(
    *,
    program: Program,
    owner: User | None,
    field: str,
    label: str,
    words: str,
    by: User,
    at: datetime,
    not_a_name: bool = False,
) -> TextBlock:
    """Keep words at hand, for oneself (`owner`) or for the program (None). The same again gives
    the same block."""
    _may(by, program, owner)
    label, words = _label(label), _words(words)
    _no_name(program, (label, words), at=at, sure=not_a_name)
    for other in _in_use(program, owner):
        if (other.field, other.label.casefold()) == (field, label.casefold()):
            if other.words == words:
                return other
            raise _taken(label)
    return _made(program, owner, field, label, words, by=by, at=at)


@transaction.atomic
def edit_block(
    *,
    block: TextBlock,
    field: str,
    label: str,
    words: str,
    version: str,
    by: User,
    at: datetime,
    not_a_name: bool = False,
) -> TextBlock:
    """Word a block otherwise. Notes in which it was used stay as they are."""
    _may(by, block.program, block.owner)
    label, words = _label(label), _words(words)
    others = _in_use(block.program, block.owner)
    block = TextBlock.objects.select_for_update(of=("self",)).select_related("program").get(
        pk=block.pk
    )  # fmt: skip
    if (block.field, block.label, block.words) == (field, label, words):
        return block
    if not constant_time_compare(version, version_of(block)):
        raise Refused(
            f"Somebody changed this text block meanwhile. It says now: “{block.words}” "
            "Save again if yours is to stand.",
            code="changed",
        )
    _no_name(block.program, (label, words), at=at, sure=not_a_name)
    for other in others:
        if other.pk != block.pk and (other.field, other.label.casefold()) == (
            field, label.casefold(),
        ):  # fmt: skip
            raise _taken(label)
    block.field, block.label, block.words = field, label, words
    block.save(update_fields=["field", "label", "words"])
    record("block.edited", by=by, at=at, obj=block)
    return block


@transaction.atomic
def retire_block(*, block: TextBlock, by: User, at: datetime) -> TextBlock:
    """Take a block out of the menu. It can be used again."""
    _may(by, block.program, block.owner)
    block = TextBlock.objects.select_for_update(of=("self",)).get(pk=block.pk)
    if block.retired_at is None:
        block.retired_at = at
        block.save(update_fields=["retired_at"])
        record("block.retired", by=by, at=at, obj=block)
    return block


@transaction.atomic
def use_block_again(*, block: TextBlock, by: User, at: datetime) -> TextBlock:
    """Put a retired block back into the menu."""
    _may(by, block.program, block.owner)
    others = _in_use(block.program, block.owner)
    block = TextBlock.objects.select_for_update(of=("self",)).get(pk=block.pk)
    if block.retired_at is not None:
        if any(
            (o.field, o.label.casefold()) == (block.field, block.label.casefold()) for o in others
        ):
            raise _taken(block.label)
        block.retired_at = None
        block.save(update_fields=["retired_at"])
        record("block.used_again", by=by, at=at, obj=block)
    return block


@transaction.atomic
def add_starters(*, program: Program, owner: User | None, by: User, at: datetime) -> int:
    """Add the blocks to begin with, as far as they are missing; returns how many were."""
    _may(by, program, owner)
    there = {(block.field, block.label.casefold()) for block in _in_use(program, owner)}
    missing = [s for s in STARTERS if (s[0], s[1].casefold()) not in there]
    for field, label, words in missing:
        _made(program, owner, field, label, words, by=by, at=at)
    return len(missing)


def _in_use(program: Program, owner: User | None) -> list[TextBlock]:
    """The blocks of one owner, held by the program's row: two who add wait for each other."""
    Program.objects.select_for_update(no_key=True).get(pk=program.pk)
    return list(TextBlock.objects.filter(program=program, owner=owner, retired_at=None))


def _made(
    program: Program, owner: User | None, field: str, label: str, words: str, *, by: User, at: datetime
) -> TextBlock:  # fmt: skip
    if TextBlock.objects.filter(program=program, owner=owner, retired_at=None).count() >= MOST:
        raise Refused(
            f"There are {MOST} text blocks already. Take one out before you add another.",
            code="many",
        )
    block = TextBlock.objects.create(
        program=program, owner=owner, field=field, label=label, words=words
    )
    record("block.added", by=by, at=at, obj=block)
    return block


def _label(text: str) -> str:
    label = " ".join(text.split())
    if not label:
        raise Refused("Give it a short name for the menu.", field="label", code="required")
    return label


def _words(text: str) -> str:
    words = text.strip()
    if not words:
        raise Refused("Write the words that are to be at hand.", field="words", code="required")
    return words


def _taken(label: str) -> Refused:
    return Refused(
        f"There is a text block “{label}” for this field already. Choose another name.",
        field="label",
        code="taken",
    )


def _no_name(program: Program, texts: Iterable[str], *, at: datetime, sure: bool) -> None:
    """A block is put into many people's notes: nobody's name may stand in it."""
    if sure:
        return
    stays = EpisodeOfCare.objects.open_on(clock.local_date(at, program.zone)).filter(
        program=program, participant__sealed_at=None
    )
    people = [
        Named(
            p.pk, display_name(p.first_name, p.last_name, p.preferred_name),
            p.first_name, p.last_name, p.preferred_name, p.also_called,
        )
        for p in (stay.participant for stay in stays.select_related("participant"))
    ]  # fmt: skip
    found = names_in("\n".join(texts), people, part=None)
    if found:
        raise Refused(
            f"“{found[0].found}” may be the name of somebody in the program. Take it out: a text "
            "block goes into many people's notes. If it is not a name, tick the box below.",
            field="words",
            code="name",
        )
