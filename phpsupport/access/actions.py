"""Inviting people, giving roles and taking them away."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core import signing
from django.db import IntegrityError, transaction
from django.dispatch import Signal

from phpsupport.access.models import Invitation, RoleAssignment
from phpsupport.access.roles import STAFF, Role
from phpsupport.access.scope import scope_of
from phpsupport.audit.trail import record
from phpsupport.lib import clock
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import Program
from phpsupport.users.models import User

# invitation: Invitation, at: datetime; sent inside the transaction, for the message to go out.
invited = Signal()
# user_id: UUID, at: datetime; a link for a new password is to go to that account's own address.
# Sent for an account that does not exist as well, so that asking costs the same for every address.
password_asked = Signal()
# user: User, program: Program, role: Role, by: User | None, at: datetime; sent inside the
# transaction in which a role is given. A receiver may refuse.
role_given = Signal()
# The same when a role is taken away. Its rights are gone when the signal is sent.
role_ended = Signal()

INVITATION_LASTS = timedelta(days=7)
_SALT = "phpsupport.access.invitation"

# Who may hand out which role: a program lead staffs the program, an administrator may do all.
MAY_GIVE = {
    Role.PROGRAM_LEAD: STAFF - {Role.ADMINISTRATOR, Role.PRIVACY_OFFICER, Role.PROGRAM_LEAD},
    Role.ADMINISTRATOR: STAFF,
}
# Given beside a role of staff it would belong to nobody's record, and the letter would go to
# somebody who did not agree to it.
ON_THEIR_PAGE = (
    "Participants get their account on their own page, with “Invite to an account of their own”."
)


def roles_to_give(by: User, program: Program) -> frozenset[Role]:
    """The roles that `by` may give in the program, all of them of staff."""
    held = scope_of(by).roles.get(program.pk, frozenset())
    return frozenset().union(*(MAY_GIVE.get(role, frozenset()) for role in held))


def roles_to_end(by: User, program: Program) -> frozenset[Role]:
    """The roles that `by` may end in the program: those they give, and a participant's."""
    given = roles_to_give(by, program)
    return given | {Role.PARTICIPANT} if given else given


def account_for(*, email: str, first_name: str, last_name: str) -> User:
    """The account with that address, made without a password if there is none.

    Two callers at once get the same account.
    """
    user, _ = User.objects.get_or_create(
        email=email.strip().lower(),
        defaults={"first_name": first_name, "last_name": last_name, "password": "!"},
    )
    return user


def give_role(
    *,
    user: User,
    program: Program,
    role: Role,
    by: User | None,
    at: datetime,
    starts_on: date | None = None,
    ends_on: date | None = None,
) -> RoleAssignment:
    """Give a role from `starts_on` (today at the site unless said) to `ends_on`, both included.

    Giving what is already held changes nothing. `by` is None where no role decides: a participant's
    own page, the first people of a program, and the demo. Refuses a role that `by` may not give,
    that of a participant, and giving oneself a role.
    """
    today = clock.local_date(at, program.zone)
    if by is not None:
        if role == Role.PARTICIPANT:
            raise Refused(ON_THEIR_PAGE, field="roles")
        if role not in roles_to_give(by, program):
            raise Refused(
                f"Only an administrator can make somebody a {role.label.lower()}.", field="roles"
            )
        if by.pk == user.pk:
            raise Refused("Ask somebody else to change your own roles.", field="roles")
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        mine = RoleAssignment.objects.filter(user=user, program=program, role=role)
        held = mine.in_force(starts_on or today).first()
        if held:
            return held
        try:
            with transaction.atomic():
                given = RoleAssignment.objects.create(
                    user=user,
                    program=program,
                    role=role,
                    starts_on=starts_on or today,
                    ends_on=ends_on,
                    granted_by=by,
                )
        except IntegrityError as fault:
            if "role_once_at_a_time" not in str(fault):
                raise
            raise Refused(
                f"{user.name} will hold the role {role.label.lower()} from a later day on. "
                "End that one first.",
                field="roles",
            ) from None
        record("role.given", by=by, at=at, obj=given, user=str(user.pk), role=role.value)
        role_given.send(RoleAssignment, user=user, program=program, role=role, by=by, at=at)
    return given


def end_role(*, assignment: RoleAssignment, by: User, at: datetime) -> None:
    """Take a role away at once; ending it twice changes nothing. The last administrator stays."""
    today = clock.local_date(at, assignment.program.zone)
    role = Role(assignment.role)
    if role not in roles_to_end(by, assignment.program):
        raise Refused(f"Only an administrator can end the role of a {role.label.lower()}.")
    if assignment.user_id == by.pk:
        raise Refused("Ask somebody else to change your own roles.")
    with transaction.atomic():
        rows = (
            RoleAssignment.objects.select_for_update()
            .filter(program=assignment.program_id, role=assignment.role)
            .order_by("pk")
        )
        held = next((r for r in rows if r.pk == assignment.pk), None)
        if held is None or (held.ends_on and held.ends_on < today):
            return
        if role == Role.ADMINISTRATOR and not any(
            r.pk != held.pk and r.starts_on <= today and (r.ends_on is None or r.ends_on >= today)
            for r in rows
        ):
            raise Refused("Make somebody else an administrator first: a program needs one.")
        # Yesterday, so that it holds no more from this minute on; a role begun today or to begin
        # later never held.
        if held.starts_on >= today:
            held.delete()
        else:
            RoleAssignment.objects.filter(pk=held.pk).update(ends_on=today - timedelta(days=1))
        record("role.ended", by=by, at=at, obj=held, user=str(held.user_id), role=role.value)
        role_ended.send(
            RoleAssignment,
            user=assignment.user,
            program=assignment.program,
            role=role,
            by=by,
            at=at,
        )


def invite(
    *,
    email: str,
    first_name: str,
    last_name: str,
    roles: Collection[Role],
    program: Program,
    by: User | None,
    at: datetime,
) -> Invitation | None:
    """Invite somebody by e-mail with the roles they will hold; a second invitation renews the first.

    None when the person has an account in use already: they simply hold the roles from now on.
    `by` is None for the first people of a program alone.
    """
    if not roles:
        raise Refused("Choose at least one role.", field="roles")
    with transaction.atomic():
        user = account_for(email=email, first_name=first_name, last_name=last_name)
        if not user.is_active:
            raise Refused("The account with this address is closed.", field="email")
        for role in sorted(roles):
            give_role(user=user, program=program, role=Role(role), by=by, at=at)
        return send_invitation(user=user, program=program, by=by, at=at)


@transaction.atomic
def send_invitation(
    *, user: User, program: Program, by: User | None, at: datetime
) -> Invitation | None:
    """Send the link that opens an account; a link sent before stops working.

    None when the account is in use already: they sign in as ever and find what is new.
    """
    if user.joined_at is not None:
        return None
    Invitation.objects.filter(
        user=user, program=program, accepted_at=None, withdrawn_at=None
    ).update(withdrawn_at=at)
    _shut(user.pk)
    invitation = Invitation.objects.create(
        user=user, program=program, invited_by=by, invited_at=at, expires_at=at + INVITATION_LASTS
    )
    record("invitation.sent", by=by, at=at, obj=invitation, user=str(user.pk))
    invited.send(sender=Invitation, invitation=invitation, at=at)
    return invitation


def withdraw_invitation(*, invitation: Invitation, by: User | None, at: datetime) -> None:
    """Make the link stop working; withdrawing twice changes nothing."""
    with transaction.atomic():
        changed = Invitation.objects.filter(
            pk=invitation.pk, accepted_at=None, withdrawn_at=None
        ).update(withdrawn_at=at)
        if changed:
            _shut(invitation.user_id)
            record("invitation.withdrawn", by=by, at=at, obj=invitation)


def withdraw_invitations(*, user_id: UUID, by: User | None, at: datetime) -> None:
    """Make every link to an account that nobody uses yet stop working."""
    for invitation in Invitation.objects.filter(
        user=user_id, accepted_at=None, withdrawn_at=None, user__joined_at=None
    ):
        withdraw_invitation(invitation=invitation, by=by, at=at)


@transaction.atomic
def readdress(*, user: User, email: str, program: Program, by: User | None, at: datetime) -> None:
    """Give an account that nobody uses yet another address; what was sent to the one before opens
    it no more. Refuses an address that somebody else signs in with."""
    email = email.strip().lower()
    row = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if row.joined_at is not None or row.email == email:
        return
    taken = Refused(
        "Somebody signs in with this address already. Ask for another one.", code="taken"
    )
    if User.objects.filter(email=email).exists():
        raise taken
    withdraw_invitations(user_id=row.pk, by=by, at=at)
    EmailAddress.objects.filter(user=row).delete()  # kept since somebody asked for a new password
    try:
        with transaction.atomic():
            User.objects.filter(pk=row.pk).update(email=email, password=make_password(None))
    except IntegrityError as fault:  # an account with that address was made at this moment
        raise taken from fault
    user.email = email
    record("account.readdressed", by=by, at=at, obj=row, program_id=program.pk)


def _shut(user_id: UUID) -> None:
    """No link by which a password can be set opens an account that nobody uses yet."""
    User.objects.filter(pk=user_id, joined_at=None).update(password=make_password(None))


def may_set_a_password(user: User, *, at: datetime) -> bool:
    """Whether somebody who forgot their password gets a link for a new one. Who has not come in
    yet and whose invitations are over needs a new invitation: the address may be a stranger's."""
    if user.joined_at is not None:
        return True
    asked = Invitation.objects.filter(user=user)
    return not asked or any(invitation.is_open(at) for invitation in asked)


def invitation_token(invitation: Invitation) -> str:
    """The word in the link: signed, so that nothing need be kept but the row."""
    return signing.dumps(str(invitation.pk), key=settings.SECRET_KEY, salt=_SALT)


def open_invitation(token: str, *, at: datetime) -> Invitation | None:
    """The invitation of a link that still works; None for any other, whatever the reason."""
    try:
        key = signing.loads(token, key=settings.SECRET_KEY, salt=_SALT)
    except signing.BadSignature:
        return None
    found = Invitation.objects.select_related("user", "program__site").filter(pk=key).first()
    # Who is here already signs in, with the second factor: a link from another program's
    # invitation must not set the password anew.
    return found if found and found.is_open(at) and found.user.joined_at is None else None


def accept_invitation(*, invitation: Invitation, password: str, at: datetime) -> User:
    """Set the password and open the account. Works once."""
    with transaction.atomic():
        row = Invitation.objects.select_for_update().get(pk=invitation.pk)
        if not row.is_open(at):
            raise Refused("This invitation was used already. Sign in, or ask for a new one.")
        user = User.objects.select_for_update().get(pk=row.user_id)
        if user.joined_at is not None:
            raise Refused("Your account is open already. Sign in with your password.")
        validate_password(password, user)
        user.set_password(password)
        user.joined_at = at
        user.save(update_fields=["password", "joined_at"])
        row.accepted_at = at
        row.save(update_fields=["accepted_at"])
        record("invitation.accepted", by=user, at=at, obj=row)
    return user
