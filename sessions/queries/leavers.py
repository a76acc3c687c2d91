"""Who stops leading a series, or stopped lately, and has not handed it over yet.

Whoever no longer usually leads a series stops with the last session that is still theirs; whoever
leads it until their work or their role ends stops on that day. It does not matter whether somebody
follows. A series that is over needs no hand-over, nor does one whose hand-over was written, or of
which somebody said that nothing was to hand over.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Least

from facilitators.models import Facilitator
from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.lib import wording
from phpsupport.lib.clock import local_date
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions import reading
from sessions.models import GroupSeries, HandOver, SeriesFacilitator, SessionFacilitator

# How long before their last day somebody is asked; who follows reads it from then on.
ASKED_BEFORE: Final = reading.BEFORE_THE_FIRST_DAY
# How long a hand-over that is missing is shown to who answers for it.
MISSED_FOR: Final = timedelta(days=60)
# A hand-over counts for the end that it was written before.
COUNTS_FOR: Final = timedelta(days=28)


@dataclass(frozen=True)
class Leaver:
    """Somebody who stops leading a series. `last` is the end of their last session there."""

    series_id: UUID
    group: str
    person_id: UUID
    name: str
    last: datetime
    followed: bool

    def settled_by(self, hand_over: HandOver) -> bool:
        """Whether it is a hand-over of theirs, or the word of one who never led the series that
        nothing was to hand over. Read it through `with_authors`."""
        own = hand_over.author_id == self.person_id or not hand_over.author_led  # type: ignore[attr-defined]
        near = hand_over.at >= self.last - COUNTS_FOR
        return hand_over.series_id == self.series_id and own and near


def usually_led(user: Any, series: Any) -> QuerySet[Any]:
    """Whether somebody ever was of those who usually lead a series: the history of the rows tells
    who stopped from who stood in."""
    usual: Any = SeriesFacilitator.pgh_event_model.objects  # type: ignore[attr-defined]
    found: QuerySet[Any] = usual.filter(facilitator__user=user, series=series)
    return found


def with_authors(hand_overs: QuerySet[HandOver]) -> QuerySet[HandOver]:
    """Annotate `author_led`, whether the author ever usually led the series."""
    return hand_overs.annotate(
        author_led=Exists(usually_led(OuterRef("author"), OuterRef("series")))
    )


def leavers(program: Program, at: datetime, *, back: timedelta, **who: Any) -> list[Leaver]:
    """Everybody whose end lies not longer than `back` ago, or comes soon, written or not; `who`
    narrows the assignments. One query."""
    today = local_date(at, program.zone)
    role = RoleAssignment.objects.filter(
        user=OuterRef("person"), program=OuterRef("session__program"), role=Role.FACILITATOR
    ).order_by(F("ends_on").desc(nulls_first=True))
    now = SeriesFacilitator.objects.staying().filter(series=OuterRef("session__series"))
    rows: Any = (
        SessionFacilitator.objects.filter(
            Exists(usually_led(OuterRef("person"), OuterRef("session__series"))),
            session__program=program, session__series__until_on__gt=today, active=True,
            ends_at__gte=at - back, **who,
        )
        .annotate(
            until=Least("facilitator__ended_on", Subquery(role.values("ends_on")[:1])),
            follows=Exists(
                now.filter(facilitator__ended_on=None).exclude(facilitator=OuterRef("facilitator"))
            ),
        )
        .filter(
            ~Exists(now.filter(facilitator=OuterRef("facilitator")))
            | Q(until__lte=today + ASKED_BEFORE, until__lt=F("session__series__until_on")),
            Q(until=None) | Q(session__local_date__lte=F("until")),
        )
        .order_by()
        .values(
            "session__series_id", "session__series__group__name", "person_id",
            "person__first_name", "person__last_name", "person__preferred_name", "follows",
        )
        .annotate(last=Max("ends_at"))
        .filter(last__lte=at + ASKED_BEFORE)
    )  # fmt: skip
    found = []
    for row in rows:
        names = {
            name: row[f"person__{name}"] for name in ("first_name", "last_name", "preferred_name")
        }
        found.append(
            Leaver(
                row["session__series_id"], row["session__series__group__name"], row["person_id"],
                User(**names).name, row["last"], row["follows"],
            )
        )  # fmt: skip
    return sorted(found, key=lambda one: (one.last, one.group, one.name))


def still_open(found: Iterable[Leaver], written: Iterable[HandOver]) -> list[Leaver]:
    """Those of whom nothing is written; read `written` through `with_authors`."""
    hand_overs = list(written)
    return [one for one in found if not any(one.settled_by(h) for h in hand_overs)]


def asked(*, user: User, series: GroupSeries, at: datetime) -> list[Leaver]:
    """Whether the person is asked to hand the series over. Two queries."""
    mine = leavers(
        series.program, at, back=reading.STILL_WRITING, person=user, session__series=series
    )
    return still_open(mine, with_authors(series.hand_overs.all()))


def missing(
    *, user: User, program: Program, at: datetime, series_id: UUID | None = None
) -> list[Leaver]:
    """Those whom the person supervises, or everybody for a program lead, whose last day is over
    without a hand-over. Two queries."""
    who: dict[str, Any] = {"session__series_id": series_id} if series_id else {}
    if not scope_of(user).has(program.pk, Role.PROGRAM_LEAD):
        who["facilitator__in"] = Facilitator.objects.filter(program=program, supervisor=user)
    today = local_date(at, program.zone)
    found = leavers(program, at, back=MISSED_FOR, **who)
    over = [one for one in found if local_date(one.last, program.zone) < today]
    written = with_authors(
        HandOver.objects.filter(program=program, at__gte=at - MISSED_FOR - COUNTS_FOR)
    )
    return still_open(over, written.filter(series_id__in={one.series_id for one in over}))


def in_words(found: Iterable[Leaver], zone: str) -> list[str]:
    """ "Dana Person led it until Tue 3 Mar", one for each."""
    place = ZoneInfo(zone)
    return [f"{one.name} led it until {wording.day(one.last.astimezone(place))}" for one in found]
