"""A supervisor's answer to a note: cosigned, or returned with a comment."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from phpsupport.audit.trail import record
from phpsupport.lib.errors import Refused
from phpsupport.outbox.delivery import enqueue
from phpsupport.users.models import User
from sessions import policies
from sessions.actions.attendance import refuse
from sessions.actions.beside import locked, names
from sessions.actions.naming import settled_beside, with_reasons
from sessions.messages import about_returned
from sessions.models import Cosignature, CosignatureDecision
from sessions.queries.notes import Note, beside, state_of
from sessions.sealing import seal_entry


@transaction.atomic
def cosign_note(*, note: Note, by: User, at: datetime, addenda: int | None = None) -> Cosignature:
    """Cosign one note, once. Only the author's supervisor or the program lead, never the author.

    `addenda` is how many stood beside it when it was read: with another number it is refused.
    """
    return _answer(note, CosignatureDecision.GIVEN, "", by=by, at=at, addenda=addenda)


@transaction.atomic
def return_note(
    *,
    note: Note,
    comment: str,
    by: User,
    at: datetime,
    addenda: int | None = None,
    explained: Mapping[str, str] | None = None,
) -> Cosignature:
    """Return one note with a comment. Its author adds an addendum, and it waits again.

    `addenda` as for `cosign_note`. Why somebody else's name stays in the comment (`explained` by the
    finding's key) stands at its end.
    """
    comment = comment.strip()
    if not comment:
        raise Refused(
            "Write what is missing, so that the author knows what to do.", field="comment"
        )
    answer = _answer(
        note, CosignatureDecision.RETURNED, comment, by=by, at=at, addenda=addenda,
        explained=explained,
    )  # fmt: skip
    enqueue([about_returned(note, at=at)], at=at)
    return answer


def _answer(
    note: Note,
    decision: str,
    comment: str,
    *,
    by: User,
    at: datetime,
    addenda: int | None = None,
    explained: Mapping[str, str] | None = None,
) -> Cosignature:
    refuse(policies.can_cosign_note(by, note))
    note = locked(note)
    there = beside([note])[note.pk]
    refusal = {
        "void": "This note is void, so there is nothing to cosign.",
        "final": "This note needs no cosignature.",
        "cosigned": "This note is cosigned already.",
        "returned": "This note was returned and waits for its author.",
    }.get(state := state_of(note, there))
    if refusal:
        raise Refused(refusal, code=state)
    if addenda is not None and addenda != len(there.addenda):
        raise Refused(
            "Something was added to a note meanwhile. Read it before you answer.", code="added"
        )
    if comment:
        why = settled_beside(note, comment, explained, field="comment", at=at)
        comment = with_reasons(comment, why)
    moment = there.after(note, at)
    answer = Cosignature(**names(note), by=by, at=moment, decision=decision, comment=comment)
    seal_entry(answer, note, there.addenda)
    answer.save()
    what = "cosigned" if decision == CosignatureDecision.GIVEN else "returned"
    record(f"note.{what}", by=by, at=at, obj=note, cosignature=str(answer.pk))
    return answer
