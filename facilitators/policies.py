"""Who may do what with facilitators' records. A function says None, or the sentence of refusal."""

from collections.abc import Collection
from uuid import UUID

from facilitators.actions.clearance import OWN_CLEARANCE
from facilitators.actions.training import OWN_TRAINING
from facilitators.models import (
    BoundaryConcern,
    CheckIn,
    ConflictOfInterest,
    Facilitator,
    Supervision,
)
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.users.models import User


# --- boundary concerns ----------------------------------------------------------------------------
def handles_concern(user: User, concern: BoundaryConcern, shut_out: Collection[UUID]) -> bool:
    """Whether this person may see all of a concern and move it on.

    Nobody it is about, and nobody they supervise. Else the program lead, the facilitator's
    supervisor and its reviewers.
    """
    if user.pk in shut_out:
        return False
    scope = scope_of(user)
    if scope.has(concern.program_id, Role.PROGRAM_LEAD):
        return True
    close_to_it = {concern.reviewer_id, concern.second_reviewer_id}
    if concern.facilitator is not None:
        close_to_it.add(concern.facilitator.supervisor_id)
    close = user.pk in close_to_it
    return close and scope.has(concern.program_id, Role.SUPERVISOR, Role.PRIVACY_OFFICER)


def can_handle_concern(
    user: User, concern: BoundaryConcern, shut_out: Collection[UUID]
) -> str | None:
    if handles_concern(user, concern, shut_out):
        return None
    return "This concern is looked at by somebody else. You can add to it by reporting again."


# --- supervision and check-ins --------------------------------------------------------------------
def can_write_supervision(user: User, supervision: Supervision) -> str | None:
    if user.pk == supervision.supervisor_id:
        return None
    return "Only the supervisor who gave this supervision writes it down."


def can_sign_supervision(user: User, supervision: Supervision) -> str | None:
    if user.pk in (supervision.supervisor_id, supervision.facilitator.user_id):
        return None
    return "A supervision is signed by its supervisor and its facilitator."


def can_cancel_supervision(user: User, supervision: Supervision) -> str | None:
    """Its supervisor or the program lead; never the facilitator it is for."""
    if user.pk == supervision.facilitator.user_id:
        return "Ask your supervisor to move or cancel this supervision."
    lead = scope_of(user).has(supervision.facilitator.program_id, Role.PROGRAM_LEAD)
    if user.pk == supervision.supervisor_id or lead:
        return None
    return "Only its supervisor or the program lead can cancel a supervision."


def can_answer_check_in(user: User, check_in: CheckIn) -> str | None:
    if user.pk == check_in.facilitator.user_id:
        return None
    return "A check-in is answered by the person who was asked."


def can_see_to_support(user: User, check_in: CheckIn) -> str | None:
    """The supervisor, or the program lead; not the one who asked for support."""
    if user.pk == check_in.facilitator.user_id:
        return "Your supervisor marks this when they have talked with you."
    lead = scope_of(user).has(check_in.facilitator.program_id, Role.PROGRAM_LEAD)
    if user.pk == check_in.facilitator.supervisor_id or lead:
        return None
    return "The facilitator's supervisor or the program lead looks after this."


# --- conflicts of interest ------------------------------------------------------------------------
def can_declare_interest(user: User, facilitator: Facilitator) -> str | None:
    """One's own, and those of the people one supervises; the program lead everybody's."""
    scope, program_id = scope_of(user), facilitator.program_id
    own = facilitator.user_id == user.pk and scope.has(program_id, Role.FACILITATOR)
    theirs = facilitator.supervisor_id == user.pk and scope.has(program_id, Role.SUPERVISOR)
    if own or theirs or scope.has(program_id, Role.PROGRAM_LEAD):
        return None
    return "A conflict of interest is declared by the person themselves or who supervises them."


def can_end_interest(user: User, interest: ConflictOfInterest) -> str | None:
    """Somebody who stands outside of it: the supervisor or the program lead, never oneself."""
    scope, program_id = scope_of(user), interest.program_id
    facilitator = interest.facilitator
    if facilitator.user_id == user.pk:
        return "Ask your supervisor to end it, so that nobody ends one under pressure."
    theirs = facilitator.supervisor_id == user.pk and scope.has(program_id, Role.SUPERVISOR)
    if theirs or scope.has(program_id, Role.PROGRAM_LEAD):
        return None
    return "Only the supervisor or the program lead ends a conflict of interest."


# --- records, training, clearance -----------------------------------------------------------------
PLANNERS = (Role.SCHEDULER, Role.PROGRAM_LEAD)
JUDGES = (Role.SUPERVISOR, Role.PROGRAM_LEAD)
NOT_YOURS = "Only the person themselves, their schedulers and supervisors can open this."


def can_open_record(user: User, facilitator: Facilitator) -> str | None:
    """The record: oneself, and those who plan or supervise in the program."""
    scope = scope_of(user)
    own = facilitator.user_id == user.pk and scope.has(facilitator.program_id, Role.FACILITATOR)
    if own or scope.has(facilitator.program_id, *PLANNERS, *JUDGES):
        return None
    return NOT_YOURS


# Hours and leave are open to the same people.
can_plan_time = can_open_record


def can_edit_facilitator(user: User, facilitator: Facilitator) -> str | None:
    """The facts of the record and who supervises."""
    if scope_of(user).has(facilitator.program_id, *PLANNERS):
        return None
    return "Only a scheduler or the program lead can change the record."


def can_change_stage(user: User, facilitator: Facilitator) -> str | None:
    """Moving somebody along: never oneself."""
    if not scope_of(user).has(facilitator.program_id, *JUDGES):
        return "Only a supervisor or the program lead can change the stage."
    if facilitator.user_id == user.pk:
        return "Ask somebody else to change your own stage."
    return None


def can_judge_training(user: User, facilitator: Facilitator) -> str | None:
    """Recording, verifying and revoking training and certification: never one's own."""
    if not scope_of(user).has(facilitator.program_id, *JUDGES):
        return "Only a supervisor or the program lead can record and verify training."
    return OWN_TRAINING if facilitator.user_id == user.pk else None


def can_override_clearance(user: User, facilitator: Facilitator) -> str | None:
    """Allowing somebody to lead although something is missing: never oneself."""
    if not scope_of(user).has(facilitator.program_id, *JUDGES):
        return "Only a supervisor or the program lead can decide about clearance."
    return OWN_CLEARANCE if facilitator.user_id == user.pk else None
