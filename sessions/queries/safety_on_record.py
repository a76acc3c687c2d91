"""Safety concerns about a participant, as their record holds them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse

from participants.models import Participant
from phpsupport.users.models import User
from sessions import policies
from sessions.models import ClosedAs, SafetyAct, SafetyConcern, SafetyEntry
from sessions.queries.safety import state_of
from sessions.queries.safety_trail import Step, moment, trail


@dataclass(frozen=True)
class OnRecord:
    """A concern about a participant as their record holds it."""

    concern: SafetyConcern
    raised_at: datetime
    raised: str
    group: str
    tone: str
    state: str
    steps: list[Step]
    url: str = ""


def with_safety(people: QuerySet[Participant]) -> QuerySet[Participant]:
    """Participants with whether anything was ever raised about them, so that
    `concerns_on_record` need not ask where nothing was."""
    raised = SafetyConcern.objects.filter(participant=OuterRef("pk"))
    return people.annotate(safety_raised=Exists(raised))


def concerns_on_record(
    participant: Participant, user: User | None = None, *, at: datetime | None = None
) -> list[OnRecord]:
    """What was raised about a participant and what was done, the newest first. One query, none
    where the participant was read with the knowledge that nothing was (`with_safety`).

    Staff see what they may see of it. The participant and an export (`user` None) get what is
    settled: not what is still being acted on, and no tap by mistake. Nobody but staff is named in
    it, and no concern about a whole group stands in one person's record.
    """
    if not getattr(participant, "safety_raised", True):
        return []
    own = user is None or participant.user_id == user.pk
    rows = SafetyConcern.objects.filter(participant=participant)
    if own:
        rows = rows.filter(closed_as=ClosedAs.DONE, participant__sealed_at=None)
    else:
        rows = rows.visible_to(user)  # type: ignore[arg-type]
    found = []
    for concern, entries in _by_their_trails(rows):
        zone = ZoneInfo(concern.program.zone)
        reads = own or (
            user is not None and policies.can_read_concerns_words(user, concern) is None
        )
        acting = [e.by.name for e in entries if e.by and e.act == SafetyAct.ACKNOWLEDGED]
        when = at or concern.closed_at or concern.raised_at
        tone, state = state_of(concern, acting, zone, when)
        found.append(
            OnRecord(
                concern=concern,
                raised_at=concern.raised_at,
                raised=moment(concern.raised_at, zone),
                group=concern.session.series.group.name,
                tone=tone,
                state=state,
                steps=trail(concern, entries, words=reads, reader=user),
                url="" if own else reverse("sessions:safety-concern", args=[concern.pk]),
            )
        )
    return found


def _by_their_trails(
    concerns: QuerySet[SafetyConcern],
) -> Iterable[tuple[SafetyConcern, list[SafetyEntry]]]:
    """Concerns with their entries, the newest first: each has at least the one that it was raised
    by. One query."""
    entries = (
        SafetyEntry.objects.filter(concern__in=concerns)
        .select_related("by", "to", "concern__program__site", "concern__session__series__group")
        .order_by("-concern__raised_at", "concern_id", "at", "pk")
    )
    return ((concern, list(rows)) for concern, rows in groupby(entries, key=lambda e: e.concern))
