"""A participant's own account: who gets one, and whom the rule refuses."""

import pytest
from django.test import Client
from django.urls import reverse

from participants.actions.account import invite_participant
from participants.actions.contacts import revoke_channel_consent, set_contact
from participants.models import Participant
from phpsupport.access.actions import accept_invitation, invitation_token, open_invitation
from phpsupport.access.roles import Role
from phpsupport.lib import clock
from phpsupport.lib.errors import Refused
from phpsupport.outbox.delivery import deliver
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def program() -> Program:
    return make.make_program()


@pytest.fixture
def scheduler(program: Program) -> User:
    return make.make_staff(program, Role.SCHEDULER)


def ask(participant: Participant, program: Program, by: User):  # type: ignore[no-untyped-def]
    return invite_participant(participant=participant, program=program, by=by, at=clock.now())


def test_the_link_opens_their_own_page(program, scheduler, client, mailoutbox) -> None:  # type: ignore[no-untyped-def]
    person = make.make_participant(program, email="someone@mail.example", first_name="Kim")
    client.force_login(scheduler)
    page = client.get(reverse("participants:detail", args=[person.pk]))
    assert reverse("participants:account", args=[person.pk]) in page.text
    client.post(reverse("participants:account", args=[person.pk]))
    deliver(at=clock.now())
    assert [m.to for m in mailoutbox] == [["someone@mail.example"]]
    person.refresh_from_db()
    invitation = person.user.invitations.get()
    client.logout()
    words = "seven-quiet-rivers"
    client.post(
        reverse("access:accept-invitation", args=[invitation_token(invitation)]),
        {"password": words, "again": words},
    )
    assert client.get("/", follow=True).redirect_chain[-1][0] == reverse("home:portal")
    assert client.get(reverse("participants:my-preferences")).status_code == 200
    # The second click, once the account is in use, changes nothing.
    assert ask(person, program, scheduler) is None


def test_sending_again_renews_the_link(program, scheduler) -> None:  # type: ignore[no-untyped-def]
    person = make.make_participant(program, email="someone@mail.example")
    first, second = ask(person, program, scheduler), ask(person, program, scheduler)
    assert open_invitation(invitation_token(first), at=clock.now()) is None
    assert open_invitation(invitation_token(second), at=clock.now()) == second
    assert User.objects.filter(email="someone@mail.example").count() == 1


def test_an_address_that_was_mistyped_gets_no_more(program, scheduler, mailoutbox) -> None:  # type: ignore[no-untyped-def]
    person = make.make_participant(program, email="stranger@mail.example")
    first = ask(person, program, scheduler)
    Client().post(reverse("account_reset_password"), {"email": "stranger@mail.example"})
    set_contact(
        participant=person, kind="email", value="Right@mail.example", by=scheduler, at=clock.now()
    )
    assert open_invitation(invitation_token(first), at=clock.now()) is None
    second = ask(person, program, scheduler)
    Client().post(reverse("account_reset_password"), {"email": "stranger@mail.example"})
    deliver(at=clock.now())
    assert {to for m in mailoutbox for to in m.to} == {"right@mail.example"}
    person.refresh_from_db()
    assert second.user == person.user
    assert person.user.email == "right@mail.example"
    accept_invitation(invitation=second, password="seven-quiet-rivers", at=clock.now())
    # Whoever has an account in use keeps the address that they sign in with.
    set_contact(participant=person, kind="email", value="new@mail.example", by=None, at=clock.now())
    assert ask(person, program, scheduler) is None
    person.user.refresh_from_db()
    assert person.user.email == "right@mail.example"


def test_without_address_consent_or_stay_nobody_is_invited(program, scheduler) -> None:  # type: ignore[no-untyped-def]
    silent = make.make_participant(program)
    with pytest.raises(Refused, match="Enter their address"):
        ask(silent, program, scheduler)
    changed = make.make_participant(program, email="other@mail.example")
    revoke_channel_consent(participant=changed, channel="email", by=scheduler, at=clock.now())
    with pytest.raises(Refused, match="ask for their consent"):
        ask(changed, program, scheduler)
    elsewhere = make.make_participant(make.make_program(), email="third@mail.example")
    with pytest.raises(Refused, match="in the program"):
        ask(elsewhere, program, scheduler)
    assert not User.objects.filter(email__endswith="@mail.example").exists()


def test_an_address_that_somebody_signs_in_with_stays_theirs(program, scheduler) -> None:  # type: ignore[no-untyped-def]
    colleague = make.make_staff(program, Role.CLINICIAN, email="shared@mail.example")
    person = make.make_participant(program, email="shared@mail.example")
    with pytest.raises(Refused, match="another one"):
        ask(person, program, scheduler)
    person.refresh_from_db()
    assert person.user is None
    invited = make.make_participant(program, email="own@mail.example")
    ask(invited, program, scheduler)
    set_contact(
        participant=invited, kind="email", value=colleague.email, by=scheduler, at=clock.now()
    )
    with pytest.raises(Refused, match="another one"):
        ask(invited, program, scheduler)
    assert set(colleague.role_assignments.values_list("role", flat=True)) == {Role.CLINICIAN}
