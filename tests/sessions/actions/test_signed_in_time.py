"""Nothing is signed before it happened, and nothing cosigned that was not read."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from phpsupport.lib.errors import Refused
from sessions.actions.addenda import add_addendum
from sessions.actions.signing import sign_notes
from sessions.models import Cosignature, SessionState
from tests.factories import PASSWORD
from tests.sessions.worlds import AFTER, make_world

pytestmark = pytest.mark.django_db


def test_a_session_of_later_today_is_not_signed_by_an_earlier_time():
    world = make_world()
    world.write(group="We opened with a round.")
    early = datetime(2026, 3, 3, 13, tzinfo=UTC)  # eight in the morning; it begins at ten
    with pytest.raises(Refused, match="has not begun"):
        sign_notes(
            session=world.session, seen={None: 1}, by=world.leader, at=early,
            started_at=early - timedelta(minutes=60), ended_at=early - timedelta(minutes=10),
        )  # fmt: skip
    world.session.refresh_from_db()
    assert world.session.state == SessionState.SCHEDULED


def test_what_was_added_meanwhile_is_read_before_it_is_cosigned(client):
    world = make_world()
    note = world.signed().parts[0]
    address = reverse("sessions:review", args=[world.session.pk])
    client.force_login(world.supervisor)

    def cosign(read):
        sent = {"read": read, "note": [str(note.pk)], "secret": PASSWORD}
        return client.post(address, sent).status_code

    read = client.get(address).context["read"]
    add_addendum(
        note=note, reason="More", words="It went on.", by=world.leader,
        at=AFTER + timedelta(minutes=1),
    )  # fmt: skip
    assert cosign(read) == 422
    assert not Cosignature.objects.exists()
    assert cosign(client.get(address).context["read"]) == 302
    assert Cosignature.objects.get().progress_note_id == note.pk
