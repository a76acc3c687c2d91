"""The demo world holds together at every hour, on a weekend, at the month's end, across a clock change."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command

from participants.models import Participant
from phpsupport.demo.world import build
from sessions.models import (
    Attendance,
    Enrollment,
    GroupNote,
    GroupSession,
    ProgressNote,
    WaitlistEntry,
)
from sessions.queries.answers import open_matters


@pytest.mark.django_db
@pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 11, 23, 18, 0, tzinfo=UTC),  # a Monday at one
        datetime(2026, 11, 1, 5, 30, tzinfo=UTC),  # the repeated hour of a Sunday
        datetime(2027, 1, 1, 4, 59, tzinfo=UTC),  # the last minute of the year in Portland
    ],
    ids=["monday", "clock-change", "new-year"],
)
def test_the_world_holds_together(now: datetime) -> None:
    program = build(now)
    assert Participant.objects.filter(first_name="Maria", last_name="Garcia").count() == 2
    assert Participant.objects.exclude(sealed_at=None).count() == 1
    waiting = WaitlistEntry.objects.filter(outcome="waiting")
    assert waiting.count() == 3
    kept = waiting.get(offer_until__gt=now)
    assert (kept.participant.record_number, kept.series.group.name) == ("H3001", "Hearing Voices")
    early = Enrollment.objects.exclude(leaves_at=None).get()
    assert early.episode.levels.latest("from_on").level == "IOP"  # type: ignore[union-attr]
    assert Attendance.objects.count() > 200
    assert not Attendance.objects.filter(session__starts_at__gt=now).exists()
    late = [note for note in ProgressNote.objects.all() if note.late]
    assert late
    assert GroupNote.objects.filter(needs_cosignature=True).exists()
    # Jo needs cover: Ana was asked and has not answered. Marcus said no, Theo named another time.
    asked = program.cover_requests.get()
    assert asked.state == "open"
    assert asked.escalate_at > now
    asks = dict(asked.asks.values_list("facilitator__user__first_name", "answer"))
    assert asks == {"Ana": "", "Marcus": "declined"}
    assert {m.what for m in open_matters(program, at=now)} == {"cover", "declined", "proposed"}
    # An evening group stands on its local day though it ends after midnight UTC.
    evening = GroupSession.objects.filter(series__group__kind="alumni").latest("starts_at")
    assert evening.ends_at.date() == evening.local_date + timedelta(days=1)
    assert program.closures.exists()


@pytest.mark.django_db
def test_loading_twice_loads_once(settings, capsys: pytest.CaptureFixture[str]) -> None:  # type: ignore[no-untyped-def]
    settings.DEMO = True
    call_command("load_demo")
    people = Participant.objects.count()
    call_command("load_demo")
    assert Participant.objects.count() == people
    assert "here already" in capsys.readouterr().out
