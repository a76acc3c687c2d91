"""What else a participant is called: kept tidy, and offered where staff write down who they are."""

from datetime import UTC, date, datetime

import pytest

from participants.actions.people import update_participant
from participants.forms.people import ParticipantForm
from tests.factories import make_participant, make_program

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  T-Bone ;Smiley,, smiley,Smiley ", "T-Bone, Smiley, smiley"),
        ("", ""),
        (" , ;", ""),
        ("Nguyễn  Bé", "Nguyễn Bé"),
    ],
)
def test_nicknames_are_kept_tidy(given: str, kept: str) -> None:
    person = make_participant(make_program(), also_called="Bo")
    at = datetime(2026, 3, 3, tzinfo=UTC)
    update_participant(
        participant=person, by=None, at=at, today=date(2026, 3, 3), also_called=given
    )
    person.refresh_from_db()
    assert person.also_called == kept


def test_staff_are_asked_for_it() -> None:
    person = make_participant(make_program(), also_called="Bo")
    form = ParticipantForm(participant=person, today=date(2026, 3, 3))
    assert 'value="Bo"' in str(form["also_called"])
