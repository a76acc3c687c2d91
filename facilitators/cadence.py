"""When something is due: business days, supervision and check-ins. Pure: values in, days out."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from phpsupport.lib.periods import local_day

SATURDAY: Final = 5
# Check-ins go out in this part of the day, by the clock on the site's wall.
MORNING: Final = time(8)
EVENING: Final = time(20)


def is_business_day(on: date, closed: Container[date]) -> bool:
    """Monday to Friday, unless the program is closed."""
    return on.weekday() < SATURDAY and on not in closed


def business_day_after(on: date, days: int, closed: Container[date]) -> date:
    """The `days`-th business day after the day `on`; `on` itself never counts."""
    while days > 0:
        on += timedelta(days=1)
        if is_business_day(on, closed):
            days -= 1
    return on


def due_by_end_of(on: date, zone: str) -> datetime:
    """The instant at which the local day `on` is over."""
    return local_day(on + timedelta(days=1), zone).start


def is_daytime(at: datetime, zone: str) -> bool:
    """Whether it is a time of day to be asked something, on the site's wall clock."""
    return MORNING <= at.astimezone(ZoneInfo(zone)).time() < EVENING


class DueState(StrEnum):
    """How pressing a supervision is."""

    OVERDUE = "overdue"
    DUE = "due"
    FINE = "fine"


@dataclass(frozen=True)
class SupervisionDue:
    """By which day the next supervision is to be held, and how far off that is."""

    on: date
    days: int
    every: int

    @property
    def state(self) -> DueState:
        if self.days < 0:
            return DueState.OVERDUE
        return DueState.DUE if self.days <= min(3, self.every // 2) else DueState.FINE


def supervision_every(credential_kind: str, rules: Mapping[str, Any]) -> int:
    """Days between supervisions: the wider span only on a full certification."""
    full = credential_kind == "full"
    return int(rules["supervision_days_full" if full else "supervision_days_initial"])


def supervision_due(day: date, last_on: date | None, begun_on: date, every: int) -> SupervisionDue:
    """When the next supervision is due: `every` days after the last one, or after the beginning."""
    on = (last_on or begun_on) + timedelta(days=every)
    return SupervisionDue(on, (on - day).days, every)
