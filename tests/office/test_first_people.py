"""The first people of a program: from the command to the page on which they invite the others."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from phpsupport.access.actions import end_role, invite
from phpsupport.access.models import Invitation, RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.lib import clock
from phpsupport.outbox.delivery import deliver
from phpsupport.outbox.models import OutboxMessage
from phpsupport.programs.models import Organization, Program
from phpsupport.users.models import User
from tests import factories as make

pytestmark = pytest.mark.django_db
RUTH, INES, SAMUEL = "ruth@harbor.example", "ines@harbor.example", "samuel@harbor.example"
PASSWORD = "a-quiet-lighthouse-7"


def create(**people: list[str]) -> str:
    out = StringIO()
    call_command(
        "create_program", "Day program", organization="Tidewater", site="Riverbend",
        zone="America/New_York", stdout=out, **people,
    )  # fmt: skip
    return out.getvalue()


def come_in(letter: EmailMessage) -> Client:
    """Open the account by the link of the letter."""
    link = re.search(r"https?://[^/]+(/\S+)", str(letter.body))
    assert link
    client = Client()
    assert client.get(link[1]).status_code == 200
    done = client.post(link[1], {"password": PASSWORD, "again": PASSWORD})
    assert done.status_code == 302
    return client


def held() -> set[tuple[str, str]]:
    return set(RoleAssignment.objects.values_list("user__email", "role"))


def test_from_the_command_by_the_letter_to_people_and_roles(
    mailoutbox: list[EmailMessage],
) -> None:
    said = create(lead=["Ruth Okafor <Ruth@Harbor.example>"])
    assert "ruth@harbor.example is program lead. An invitation goes out by e-mail" in said
    assert "manage.py import_program" in said
    deliver(at=clock.now())
    (letter,) = mailoutbox
    assert letter.to == [RUTH]
    assert "Ruth" in str(letter.body)
    client = come_in(letter)
    page = client.get("/office/people/")
    assert page.status_code == 200
    assert "Ruth Okafor" in page.content.decode()
    invited = client.post(
        "/office/people/invite/",
        {"email": "priya@harbor.example", "first_name": "Priya", "roles": ["scheduler"]},
    )
    assert invited.status_code == 302
    assert held() == {(RUTH, "program_lead"), ("priya@harbor.example", "scheduler")}
    given = AuditEvent.objects.filter(action="role.given").order_by("at").first()
    assert given is not None
    assert given.actor_id is None


def test_each_of_the_first_roles_and_several_of_one_person() -> None:
    create(lead=[RUTH, INES], administrator=[INES], privacy_officer=[f"Samuel <{SAMUEL}>"])
    assert held() == {
        (RUTH, "program_lead"), (INES, "program_lead"), (INES, "administrator"),
        (SAMUEL, "privacy_officer"),
    }  # fmt: skip
    assert Invitation.objects.count() == 3, "one letter each"
    assert User.objects.get(email=RUTH).first_name == "ruth", "until she says how she is called"
    assert not User.objects.exclude(password__startswith="!").exists()


def test_a_second_run_adds_nothing_and_sends_nothing() -> None:
    create(lead=[RUTH], administrator=[INES])
    before = held(), OutboxMessage.objects.count(), AuditEvent.objects.count()
    said = create(lead=[RUTH], administrator=[INES])
    assert "is there already" in said
    assert "ruth@harbor.example is program lead already. Nothing is sent." in said
    assert (held(), OutboxMessage.objects.count(), AuditEvent.objects.count()) == before


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_invite_once() -> None:
    def run(_: int) -> str:
        try:
            return create(lead=[RUTH], administrator=[INES])
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        said = list(pool.map(run, range(3)))
    assert sum("is made" in words for words in said) == 1
    assert held() == {(RUTH, "program_lead"), (INES, "administrator")}
    assert Invitation.objects.count() == OutboxMessage.objects.count() == 2


def test_a_second_run_renews_an_invitation_that_ran_out(mailoutbox: list[EmailMessage]) -> None:
    create(lead=[RUTH])
    OutboxMessage.objects.all().delete()
    Invitation.objects.update(expires_at=clock.now() - timedelta(minutes=1))
    create(lead=[RUTH])
    deliver(at=clock.now())
    assert come_in(mailoutbox[0]).get("/office/people/").status_code == 200
    assert RoleAssignment.objects.count() == 1


def test_once_somebody_came_in_the_program_gives_its_roles_itself() -> None:
    create(lead=[RUTH])
    User.objects.update(joined_at=clock.now())
    assert "Nothing is sent" in create(lead=[RUTH])
    with pytest.raises(CommandError, match="program lead of Day program already"):
        create(lead=[RUTH, "stranger@harbor.example"])
    assert not User.objects.filter(email="stranger@harbor.example").exists()
    create(administrator=[INES])  # nobody holds that one
    assert (INES, "administrator") in held()


def test_an_address_with_a_mistake_does_not_shut_the_program() -> None:
    create(lead=["rut@harbor.example"])
    create(lead=[RUTH])
    assert (RUTH, "program_lead") in held()


@pytest.mark.parametrize("why", ["role ended", "account closed"])
def test_it_is_the_way_back_into_a_program_that_nobody_leads(why: str) -> None:
    create(lead=[RUTH])
    ruth = User.objects.get()
    User.objects.update(joined_at=clock.now(), is_active=why != "account closed")
    program = Program.objects.select_related("site").get()
    if why == "role ended":
        head = make.make_staff(program, Role.ADMINISTRATOR)
        end_role(assignment=ruth.role_assignments.get(), by=head, at=clock.now())
    create(lead=[INES])
    assert (INES, "program_lead") in held()


def test_an_account_in_use_finds_the_role_and_keeps_its_name() -> None:
    user = make.make_user(email=RUTH, first_name="Ruth", joined_at=clock.now())
    said = create(lead=[f"Somebody Else <{RUTH}>"])
    assert "ruth@harbor.example is program lead from now on, with the account they have." in said
    assert not Invitation.objects.exists()
    user.refresh_from_db()
    assert user.first_name == "Ruth"


@pytest.mark.parametrize(
    "email", ["ruth", "ruth@", "", "Ruth <>", "a b@c", f"{'x' * 250}@c.example"]
)
def test_what_is_no_address_is_said_and_nothing_is_made(email: str) -> None:
    with pytest.raises(CommandError, match="is not an e-mail address"):
        create(lead=[RUTH, email])
    assert not Organization.objects.exists()
    assert not User.objects.exists()


def test_a_refusal_makes_no_program_either() -> None:
    make.make_user(email=RUTH, is_active=False)
    with pytest.raises(CommandError, match="account with this address is closed"):
        create(lead=[RUTH])
    assert not Program.objects.exists()


def test_without_a_lead_it_says_how_to_go_on() -> None:
    assert "Run this again with --lead EMAIL." in create()
    assert "--lead" not in create(administrator=[INES])


def test_staff_of_a_file_are_invited_or_ask_for_a_password(
    mailoutbox: list[EmailMessage], client: Client
) -> None:
    """As docs/import.md says: an account that was never invited gets a link for its password."""
    program = make.make_program()
    user: Any = User.objects.create(email=INES, first_name="Ines", password="!")
    make.give_role(user, program, Role.SCHEDULER)
    client.post("/accounts/password/reset/", {"email": INES})
    deliver(at=clock.now())
    link = re.search(r"https?://[^/]+(/\S+)", str(mailoutbox[0].body))
    assert link
    url = client.get(link[1], follow=True).redirect_chain[-1][0]
    assert client.post(url, {"password1": PASSWORD, "password2": PASSWORD}).status_code == 302
    assert (
        Client().post("/accounts/login/", {"login": INES, "password": PASSWORD}).status_code == 302
    )
    lead = make.make_staff(program, Role.PROGRAM_LEAD)
    other = User.objects.create(email=SAMUEL, first_name="Samuel", password="!")
    make.give_role(other, program, Role.CLINICIAN)
    assert invite(
        email=SAMUEL, first_name="S", last_name="", roles=[Role.CLINICIAN], program=program,
        by=lead, at=clock.now(),
    )  # fmt: skip
