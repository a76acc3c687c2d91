"""An invitation opens an account that nobody has used yet, and no other."""

import pytest
from django.utils import timezone

from phpsupport.access.actions import (
    accept_invitation,
    invitation_token,
    invite,
    open_invitation,
)
from phpsupport.access.roles import Role
from phpsupport.lib.errors import Refused
from tests.factories import PASSWORD, make_program, make_staff

pytestmark = pytest.mark.django_db


def asked_into(program, at):
    return invite(
        program=program, by=make_staff(program, Role.PROGRAM_LEAD), at=at, roles=[Role.CLINICIAN],
        email="new@staff.example", first_name="New", last_name="Person",
    )  # fmt: skip


def test_the_second_programs_link_does_not_set_the_password_anew():
    at = timezone.now()
    first, second = asked_into(make_program(), at), asked_into(make_program(), at)
    user = accept_invitation(invitation=first, password=PASSWORD, at=at)
    assert open_invitation(invitation_token(second), at=at) is None
    with pytest.raises(Refused, match="open already"):
        accept_invitation(invitation=second, password="another-harbor-43", at=at)
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_nor_does_the_link_of_somebody_who_came_in_by_a_new_password(client):
    at = timezone.now()
    invitation = asked_into(make_program(), at)
    assert open_invitation(invitation_token(invitation), at=at) == invitation
    client.force_login(invitation.user)
    assert open_invitation(invitation_token(invitation), at=at) is None
