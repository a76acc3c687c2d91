"""Inviting, giving and ending roles: the rule, and who it refuses."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.mail import EmailMessage
from django.db import connection
from django.test import Client
from django.urls import reverse

from phpsupport.access.actions import (
    accept_invitation,
    end_role,
    give_role,
    invitation_token,
    invite,
    open_invitation,
    withdraw_invitation,
)
from phpsupport.access.models import Invitation, RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.lib import clock
from phpsupport.lib.errors import Refused
from phpsupport.outbox.delivery import deliver
from phpsupport.outbox.models import OutboxMessage, State
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from tests import factories as make

GOOD = "seven-quiet-rivers"


def ask(
    program: Program, by: User, email: str = "new@staff.example", *roles: Role
) -> Invitation | None:
    return invite(
        email=email, first_name="Noa", last_name="Lind", roles=roles or (Role.SCHEDULER,),
        program=program, by=by, at=clock.now(),
    )  # fmt: skip


@pytest.fixture
def program(db: None) -> Program:
    return make.make_program()


@pytest.fixture
def lead(program: Program) -> User:
    return make.make_staff(program, Role.PROGRAM_LEAD)


def test_an_invitation_opens_an_account_once(program: Program, lead: User, client) -> None:  # type: ignore[no-untyped-def]
    invitation = ask(program, lead)
    assert invitation is not None
    url = reverse("access:accept-invitation", args=[invitation_token(invitation)])
    assert client.get(url).status_code == 200
    short = client.post(url, {"password": "short", "again": "short"})
    assert "at least 12 characters" in short.content.decode()
    differ = client.post(url, {"password": GOOD, "again": GOOD + "x"})
    assert "differ" in differ.content.decode()
    assert client.post(url, {"password": GOOD, "again": GOOD}).status_code == 302
    invitation.user.refresh_from_db()
    assert invitation.user.check_password(GOOD)
    assert invitation.user.joined_at
    # the second click
    client.logout()
    assert client.get(url).status_code == 404
    with pytest.raises(Refused, match="used already"):
        accept_invitation(invitation=invitation, password=GOOD, at=clock.now())


@pytest.mark.parametrize("token", ["", "x", "eyJhbGciOiJIUzI1NiJ9:1:2", "%00"])
def test_a_made_up_link_is_not_there(program: Program, token: str, client) -> None:  # type: ignore[no-untyped-def]
    assert open_invitation(token, at=clock.now()) is None
    if token:
        assert client.get(f"/accounts/invitation/{token}/").status_code in {400, 404}


def test_a_link_ends_after_seven_days_and_when_withdrawn(program: Program, lead: User) -> None:
    invitation = ask(program, lead)
    assert invitation is not None
    token, now = invitation_token(invitation), clock.now()
    assert open_invitation(token, at=now)
    assert open_invitation(token, at=now + timedelta(days=7, minutes=1)) is None
    withdraw_invitation(invitation=invitation, by=lead, at=now)
    withdraw_invitation(invitation=invitation, by=lead, at=now)
    assert open_invitation(token, at=now) is None


@pytest.mark.parametrize("over", ["withdrawn", "run out"])
def test_no_new_password_opens_an_account_whose_invitation_is_over(
    program: Program, lead: User, client: Client, mailoutbox: list[EmailMessage], over: str
) -> None:
    """The letter may have gone to a stranger: neither the page for a new password nor a link that
    it sent before lets them in."""
    invitation = ask(program, lead)
    assert invitation is not None
    page, asked = reverse("account_reset_password"), {"email": "new@staff.example"}
    client.post(page, asked)
    OutboxMessage.objects.filter(kind="invitation").delete()
    deliver(at=clock.now())
    assert len(mailoutbox) == 1, "an invitation that is open can be opened this way, too"
    if over == "withdrawn":
        withdraw_invitation(invitation=invitation, by=lead, at=clock.now())
        (link,) = re.findall(r"https?://[^/]+(/\S+)", str(mailoutbox[0].body))
        assert 'name="password1"' not in client.get(link, follow=True).content.decode()
    else:
        Invitation.objects.update(expires_at=clock.now())
    answer = Client().post(page, asked)
    assert answer.status_code == 302
    deliver(at=clock.now())
    assert len(mailoutbox) == 1


def test_inviting_again_renews_the_link(program: Program, lead: User) -> None:
    first, second = ask(program, lead), ask(program, lead)
    assert first
    assert second
    assert open_invitation(invitation_token(first), at=clock.now()) is None
    assert open_invitation(invitation_token(second), at=clock.now()) == second
    assert RoleAssignment.objects.filter(user=second.user).count() == 1


def test_the_letter_is_neutral_and_withheld_when_withdrawn(
    program: Program, lead: User, mailoutbox: list
) -> None:  # type: ignore[type-arg]
    kept, dropped = ask(program, lead), ask(program, lead, "other@staff.example")
    assert kept
    assert dropped
    withdraw_invitation(invitation=dropped, by=lead, at=clock.now())
    deliver(at=clock.now())
    assert [m.to for m in mailoutbox] == [["new@staff.example"]]
    letter = mailoutbox[0].subject + mailoutbox[0].body
    for word in (program.name, program.site.name, "peer", "PHP", "recovery", "scheduler"):
        assert word.lower() not in letter.lower()
    assert OutboxMessage.objects.get(subject_id=dropped.pk).state == State.WITHHELD


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.PRIVACY_OFFICER, Role.PROGRAM_LEAD])
def test_a_lead_cannot_hand_out_more_than_they_may(
    program: Program, lead: User, role: Role
) -> None:
    with pytest.raises(Refused, match="Only an administrator"):
        ask(program, lead, "x@staff.example", role)
    assert not User.objects.filter(email="x@staff.example").exists()


@pytest.mark.parametrize("role", [Role.PROGRAM_LEAD, Role.ADMINISTRATOR])
def test_a_participants_account_is_not_opened_beside_those_of_staff(
    program: Program, role: Role
) -> None:
    by, person = make.make_staff(program, role), make.make_user()
    with pytest.raises(Refused, match="on their own page"):
        ask(program, by, "x@mail.example", Role.SCHEDULER, Role.PARTICIPANT)
    with pytest.raises(Refused, match="on their own page"):
        give_role(user=person, program=program, role=Role.PARTICIPANT, by=by, at=clock.now())
    assert not RoleAssignment.objects.filter(role=Role.PARTICIPANT).exists()
    assert not User.objects.filter(email="x@mail.example").exists()
    assert not OutboxMessage.objects.exists()


def test_a_participants_access_can_be_ended(program: Program, lead: User) -> None:
    person = make.make_staff(program, Role.PARTICIPANT)
    end_role(assignment=person.role_assignments.get(), by=lead, at=clock.now())
    assert scope_of(User.objects.get(pk=person.pk)).programs() == []


def test_nobody_changes_their_own_roles(program: Program, lead: User) -> None:
    with pytest.raises(Refused, match="somebody else"):
        give_role(user=lead, program=program, role=Role.SCHEDULER, by=lead, at=clock.now())


def test_an_ended_role_holds_no_more(program: Program, lead: User) -> None:
    person = make.make_staff(program, Role.SCHEDULER)
    assignment = person.role_assignments.get()
    end_role(assignment=assignment, by=lead, at=clock.now())
    end_role(assignment=assignment, by=lead, at=clock.now())
    assert scope_of(User.objects.get(pk=person.pk)).programs() == []


def test_a_role_begun_today_ends_today(program: Program, lead: User) -> None:
    person = make.make_user()
    at = clock.now()
    held = give_role(user=person, program=program, role=Role.SCHEDULER, by=lead, at=at)
    end_role(assignment=held, by=lead, at=at)
    assert scope_of(User.objects.get(pk=person.pk)).programs() == []


def test_the_last_administrator_stays(program: Program) -> None:
    first, second = (make.make_staff(program, Role.ADMINISTRATOR) for _ in range(2))
    end_role(assignment=second.role_assignments.get(), by=first, at=clock.now())
    third = make.make_staff(program, Role.ADMINISTRATOR)
    end_role(assignment=first.role_assignments.get(), by=third, at=clock.now())
    another = make.make_user()
    make.give_role(another, make.make_program(), Role.ADMINISTRATOR)
    with pytest.raises(Refused, match="Only an administrator"):
        end_role(assignment=third.role_assignments.get(), by=another, at=clock.now())


@pytest.mark.django_db(transaction=True)
def test_giving_the_same_role_at_once_gives_it_once() -> None:
    program = make.make_program()
    lead, person = make.make_staff(program, Role.PROGRAM_LEAD), make.make_user()

    def give(_: int) -> object:
        try:
            by = User.objects.get(pk=lead.pk)
            return give_role(
                user=person, program=program, role=Role.SCHEDULER, by=by, at=clock.now()
            ).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(give, range(8)))) == 1
