"""A supervisor's answer to a note: cosigned, or returned with a comment."""

from datetime import datetime
from typing import Any

from django.db import transaction

from phpsupport.audit.trail import record
from phpsupport.lib.errors import Refused
from phpsupport.outbox.delivery import enqueue
from phpsupport.users.models import User
from sessions import digest, policies
from sessions.actions.attendance import refuse
from sessions.messages import about_returned
from sessions.models import Cosignature, CosignatureDecision, GroupNote, GroupSession
from sessions.queries.notes import Note, beside, state_of


@transaction.atomic
def cosign_note(*, note: Note, by: User, at: datetime, addenda: int | None = None) -> Cosignature:
    """Cosign one note, once. Only the author's supervisor or the program lead, never the author.

    `addenda` is how many stood beside it when it was read: with another number it is refused.
    """
    return _answer(note, CosignatureDecision.GIVEN, "", by=by, at=at, addenda=addenda)


@transaction.atomic
def return_note(*, note: Note, comment: str, by: User, at: datetime) -> Cosignature:
    """Return one note with a comment. Its author adds an addendum, and it waits again."""
    comment = comment.strip()
    if not comment:
        raise Refused(
            "Write what is missing, so that the author knows what to do.", field="comment"
        )
    answer = _answer(note, CosignatureDecision.RETURNED, comment, by=by, at=at)
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
) -> Cosignature:
    refuse(policies.can_cosign_note(by, note))
    # A signed row takes no lock of its own; its session stands for it.
    GroupSession.objects.select_for_update(of=("self",)).get(pk=note.session_id)
    note = type(note).objects.get(pk=note.pk)
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
        raise Refused("Something was added to a note meanwhile. Read it before cosigning.")
    which: dict[str, Any] = {"group_note" if isinstance(note, GroupNote) else "progress_note": note}
    answer = Cosignature(**which, by=by, at=at, decision=decision, comment=comment)
    answer.digest = digest.cosignature_digest(answer, note.digest, there.addenda)
    answer.save()
    record(f"note.{'cosigned' if decision == 'given' else 'returned'}", by=by, at=at, obj=note)
    return answer
