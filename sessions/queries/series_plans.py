"""What it comes to that a series ends or gets somebody else who leads: told before, and by the act."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from facilitators.models import Facilitator
from phpsupport.lib import clock, wording
from phpsupport.lib.errors import Refused
from sessions.models import (
    Enrollment,
    GroupSeries,
    GroupSession,
    Part,
    SeriesFacilitator,
    SessionFacilitator,
    SessionState,
    WaitlistEntry,
    WaitOutcome,
)
from sessions.queries.consequence import People, Target, why_history
from sessions.queries.series import handed_over, with_records

LEFT_OUT = "You chose to leave it as it is."
Untouched = tuple[tuple[GroupSession, str], ...]


def coming_of(series: GroupSeries, *, at: datetime, **which: Any) -> QuerySet[GroupSession]:
    """Coming sessions of a series, by their start, with what tells whether they may change."""
    rows = GroupSession.objects.filter(
        series=series, starts_at__gt=at, state=SessionState.SCHEDULED, **which
    )
    return with_records(rows).select_related("room", "series__group").order_by("starts_at")


def _parted(
    sessions: Iterable[GroupSession], at: datetime, leave_out: Collection[date] = ()
) -> tuple[list[GroupSession], Untouched]:
    """Those that may change, and those that stay, with why."""
    change, stay = [], []
    for session in sessions:
        why = why_history(session, at) or (LEFT_OUT if session.local_date in leave_out else "")
        if why:
            stay.append((session, why))
        else:
            change.append(session)
    return change, tuple(stay)


# --- ending ---------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Ending:
    """What the end of a series comes to; nothing where it ended on that day or before already."""

    targets: tuple[Target, ...] = ()
    untouched: Untouched = ()
    places: tuple[UUID, ...] = ()
    waiting: tuple[UUID, ...] = ()
    last_on: date | None = None

    @property
    def beside(self) -> tuple[object, ...]:
        """What changes besides the sessions, as `digest_of` takes it."""
        return self.last_on, sorted(self.places), sorted(self.waiting)

    @property
    def besides(self) -> list[str]:
        """The same in words."""
        if self.last_on is None:
            return []
        said = [f"The last day of the series is {wording.day(self.last_on, year=True)}."]
        if self.places:
            said.append(f"{wording.count(len(self.places), 'place ends', 'places end')} then.")
        if self.waiting:
            many = wording.count(len(self.waiting), "person stops", "people stop")
            said.append(f"{many} waiting: the line closes.")
        return said


def plan_end(
    *,
    series: GroupSeries,
    last_on: date,
    at: datetime,
    reason: str = "",
    sessions: Sequence[GroupSession] | None = None,
) -> Ending:
    """What becomes of a series whose last day is `last_on`; refuses a day that cannot be.

    Three queries, or two where its coming `sessions` after that day were read.
    """
    today = clock.local_date(at, series.zone)
    if last_on >= series.until_on:
        if series.ended_at:
            return Ending()
        raise Refused(
            f"The series ends on {wording.day(series.until_on, year=True)} anyway. "
            "Choose an earlier day.",
            field="last_on",
        )
    if last_on < today - timedelta(days=1):
        raise Refused(
            "That day is over. Choose today or a later day as the last one.", field="last_on"
        )
    if sessions is None:
        sessions = list(coming_of(series, at=at, local_date__gt=last_on))
    gone, untouched = _parted(sessions, at)
    longer = Q(until_on=None) | Q(until_on__gt=last_on)
    return Ending(
        tuple(Target(s, cancel_for=reason.strip() or "The series ended") for s in gone),
        untouched,
        tuple(Enrollment.objects.filter(longer, series=series).values_list("pk", flat=True)),
        tuple(
            WaitlistEntry.objects.filter(series=series, outcome=WaitOutcome.WAITING).values_list(
                "pk", flat=True
            )
        ),
        last_on,
    )


# --- handing over ---------------------------------------------------------------------------------
@dataclass(frozen=True)
class Handing:
    """Who leads which session afterwards, and who usually does; nothing where it is so already."""

    targets: tuple[Target, ...] = ()
    untouched: Untouched = ()
    usual: tuple[SeriesFacilitator, ...] = ()
    from_on: date | None = None
    besides: tuple[str, ...] = ()

    @property
    def beside(self) -> tuple[object, ...]:
        """What changes besides the sessions, as `digest_of` takes it."""
        stands = sorted(
            f"{row.facilitator_id} {row.part} {row.from_on} {row.until_on}" for row in self.usual
        )
        return self.from_on, self.besides, stands


def plan_hand_over(
    *,
    series: GroupSeries,
    old: Facilitator | None,
    new: Facilitator | None,
    from_on: date,
    at: datetime,
    part: str = Part.LEAD,
    leave_out: Collection[date] = (),
    sessions: Sequence[GroupSession] | None = None,
) -> Handing:
    """Let `new` stand in for `old` in the coming sessions from a day on; refuses what cannot be.

    Three queries, or two where its coming `sessions` from that day on were read.
    """
    if old is None and new is None:
        raise Refused("Choose who leads from now on.", field="new")
    if old and new and old.user_id == new.user_id:
        raise Refused("Choose somebody else than before.", field="new")
    if sessions is None:
        sessions = list(coming_of(series, at=at, local_date__gte=from_on))
    may, untouched = _parted(sessions, at, leave_out)
    assigned: dict[UUID, list[SessionFacilitator]] = {s.pk: [] for s in may}
    for row in SessionFacilitator.objects.filter(session_id__in=assigned).select_related(
        "facilitator__user"
    ):
        assigned[row.session_id].append(row)
    changing = [s for s in may if _concerns(assigned[s.pk], old, new, part)]
    usual = {row.facilitator_id: row for row in series.assignments.all()}
    if not changing and handed_over(usual, old, new, from_on):
        if old is None:
            return Handing()
        raise Refused("No coming session is led that way from that day on.", field="from_on")
    if new is not None and new.program_id != series.program_id:
        raise Refused("Choose facilitators of this program.", field="new", code="stranger")
    return Handing(
        tuple(Target(s, people=_handed(assigned[s.pk], old, new, part)) for s in changing),
        untouched,
        tuple(usual.values()),
        from_on,
        _usual_words(series, old, new, usual, part, from_on),
    )


def _usual_words(
    series: GroupSeries,
    old: Facilitator | None,
    new: Facilitator | None,
    usual: dict[UUID, SeriesFacilitator],
    part: str,
    from_on: date,
) -> tuple[str, ...]:
    day, group = wording.day(from_on, year=True), series.group.name
    if new is None:
        return (f"{old.user.name} no longer leads {group} from {day} on.",) if old else ()
    if old is not None and old.pk in usual:
        part = usual[old.pk].part
    does = "leads" if part == Part.LEAD else "co-facilitates"
    return (f"{new.user.name} {does} {group} from {day} on.",)


def _handed(
    rows: Iterable[SessionFacilitator], old: Facilitator | None, new: Facilitator | None, part: str
) -> People:
    """Who leads one session afterwards. Whoever co-facilitated and now leads is there once."""
    part = next((r.part for r in rows if old and r.facilitator_id == old.pk), part)
    leaving = {f.pk for f in (old, new) if f}
    stay = [(r.facilitator, r.part) for r in rows if r.facilitator_id not in leaving]
    return tuple([(new, part)] if new else []) + tuple(stay)


def _concerns(
    rows: Collection[SessionFacilitator],
    old: Facilitator | None,
    new: Facilitator | None,
    part: str,
) -> bool:
    """Whether a session with these assignments changes."""
    if old is not None:
        return any(r.facilitator_id == old.pk for r in rows)
    if part == Part.CO:
        return not any(new is not None and r.facilitator_id == new.pk for r in rows)
    return not any(r.part == Part.LEAD for r in rows)
