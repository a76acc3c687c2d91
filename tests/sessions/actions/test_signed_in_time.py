"""Nothing is signed before it happened, and nothing cosigned that was not read."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse

from phpsupport.lib.errors import Refused
from phpsupport.programs.models import Closure, PolicyProfile
from sessions.actions.addenda import add_addendum
from sessions.actions.signing import sign_notes
from sessions.models import Cosignature, SessionState
from tests.factories import PASSWORD, make_session
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


def test_a_note_late_on_a_friday_before_a_holiday():
    """By business days, with Presidents' Day on Monday: all of Tuesday is still in time."""
    world = make_world()
    friday = date(2026, 2, 13)
    world.session = make_session(world.series, friday)
    PolicyProfile.objects.create(
        program=world.program, effective_from=date(2026, 1, 1), set_at=AFTER,
        rules={"note_due_by": "business_days", "note_due_days": 1},
    )  # fmt: skip
    Closure.objects.create(program=world.program, date=date(2026, 2, 16), reason="Presidents' Day")
    tuesday_over = datetime(2026, 2, 18, 5, tzinfo=UTC)  # midnight in New York
    world.mark("present", "present", at=world.session.ends_at)
    world.write("one", "two", at=world.session.ends_at)
    first, second = world.people[:2]
    in_time = world.sign(seen={None: 1, first.pk: 1}, at=tuesday_over)
    assert not in_time.late
    assert {note.due_at for note in in_time.notes} == {tuesday_over}
    late = world.sign(seen={second.pk: 1}, at=tuesday_over + timedelta(seconds=1))
    assert late.late


def test_the_rule_is_that_of_the_sessions_day():
    world = make_world()
    PolicyProfile.objects.create(
        program=world.program, effective_from=date(2026, 3, 4), set_at=AFTER,
        rules={"note_due_hours": 1},
    )  # fmt: skip
    assert not world.signed(at=AFTER + timedelta(hours=3)).late


def test_marks_that_changed_since_they_were_read_are_read_again():
    world = make_world()
    world.mark("present", "present")
    world.write("one", "two")
    read = world.session.attendance_version
    world.session.refresh_from_db()
    seen = world.session.attendance_version
    with pytest.raises(Refused, match="Attendance changed"):
        world.sign(attendance=read)
    world.sign(attendance=seen)
