"""Whose records a facilitator reads, and from which day on.

Whoever leads a series reads what was written in it from their own first day, also of sessions that
a colleague covered, and only about people who have a place in it. What came before is told by the
hand-over. Whoever covered one session reads that session. Whoever stopped leading reads what they
signed themselves. Days are those of the site: a session belongs to the day on its wall.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from participants.goals import works_with
from participants.models import Participant
from phpsupport.access.roles import Role
from phpsupport.access.scope import Scope, scope_of
from phpsupport.lib.clock import local_date
from phpsupport.users.models import User
from sessions import policies
from sessions.models import (
    Enrollment,
    GroupSession,
    SeriesFacilitator,
    SessionFacilitator,
)
from sessions.policies import BEFORE_THE_FIRST_DAY as BEFORE_THE_FIRST_DAY
from sessions.policies import STILL_WRITING as STILL_WRITING

# An instant is at most a day away from any site's day.
ANY_ZONE: Final = timedelta(days=1)


def with_first_day(rows: QuerySet[SeriesFacilitator]) -> QuerySet[SeriesFacilitator]:
    """Annotate `first`, the first day on which somebody leads a series.

    Where it was not said it is the day of their first session there; a session that was changed
    by hand may have been covered for somebody else and tells nothing.
    """
    sessions = SessionFacilitator.objects.filter(
        session__series=OuterRef("series"), facilitator=OuterRef("facilitator")
    )
    oldest = sessions.filter(session__moved=False).order_by("session__local_date")
    return rows.annotate(
        first=Coalesce("from_on", Subquery(oldest.values("session__local_date")[:1]))
    )


def led_by(scope: Scope) -> QuerySet[SeriesFacilitator]:
    """The series that the person leads or soon leads, each with their first day."""
    rows = SeriesFacilitator.objects.filter(
        policies.led_about_now(scope, scope.at),
        facilitator__user=scope.user,
        facilitator__program_id__in=scope.programs(Role.FACILITATOR),
    )
    return with_first_day(rows)


def led_about_now(scope: Scope) -> QuerySet[SeriesFacilitator]:
    """Those that they lead, or begin to lead within two weeks by the day at the site, also where
    only their first session tells when that is."""
    near = Q(pk__in=[])
    for place in scope.places:
        until = local_date(scope.at, place.zone) + BEFORE_THE_FIRST_DAY
        near |= Q(facilitator__program=place, first__lte=until)
    return led_by(scope).filter(near)


def since_first_day(scope: Scope) -> QuerySet[Any]:
    """The sessions of those series from the first day on, whoever led them."""
    own: QuerySet[Any] = led_by(scope)
    own = own.filter(series_id=OuterRef("series_id"), first__lte=OuterRef("local_date"))
    return GroupSession.objects.filter(Exists(own)).values("pk")


def covered(scope: Scope) -> QuerySet[Any]:
    """The sessions that they led without ever having been of those who usually lead the series:
    the history of the rows tells who stopped from who stood in."""
    usual: Any = SeriesFacilitator.pgh_event_model.objects.filter(  # type: ignore[attr-defined]
        facilitator__user=scope.user, series_id=OuterRef("session__series_id")
    )
    led = SessionFacilitator.objects.filter(person=scope.user, active=True)
    return led.filter(~Exists(usual)).values("session_id")


def has_a_place(scope: Scope, series: str) -> Exists:
    """Whether the row's participant has a place, now or to come, in the series it belongs to."""
    return Exists(
        Enrollment.objects.filter(
            Q(until_on=None) | Q(until_on__gte=scope.at.date() - ANY_ZONE),
            series_id=OuterRef(series),
            participant_id=OuterRef("participant_id"),
        )
    )


def about_to_cover(scope: Scope) -> QuerySet[Any]:
    """The series of which they lead a session that is on or comes within two weeks."""
    return SessionFacilitator.objects.filter(
        person=scope.user,
        active=True,
        ends_at__gte=scope.at,
        starts_at__lte=scope.at + BEFORE_THE_FIRST_DAY,
    ).values("session__series_id")


@works_with
def has_them_on_a_roster(user: User, participant: Participant, at: datetime) -> bool:
    """Whether somebody leads a series in which the participant has a place on the day at the site:
    during the stay, and in an alumni group after it."""
    scope = scope_of(user)
    led = led_about_now(scope).values("series_id")
    return any(
        Enrollment.objects.filter(
            Q(until_on=None) | Q(until_on__gte=today),
            program=place,
            from_on__lte=today + BEFORE_THE_FIRST_DAY,
            participant=participant,
            series_id__in=led,
        ).exists()
        for place in scope.places
        if scope.has(place.pk, Role.FACILITATOR)
        for today in [local_date(at, place.zone)]
    )
