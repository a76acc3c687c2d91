"""What has been made of the demo world so far, and its calendar."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from facilitators.models import Facilitator
from participants.models import Participant
from phpsupport.lib import clock
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions.models import GroupSeries, Room


@dataclass
class World:
    """What has been made so far."""

    now: datetime
    program: Program
    random: Random
    users: dict[str, User] = field(default_factory=dict)
    peers: dict[str, Facilitator] = field(default_factory=dict)
    supervisors: dict[str, User] = field(default_factory=dict)  # of the peers, by the same key
    rooms: dict[str, Room] = field(default_factory=dict)
    series: dict[str, GroupSeries] = field(default_factory=dict)
    people: dict[str, Participant] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.program.zone)

    @property
    def today(self) -> date:
        return clock.local_date(self.now, self.program.zone)

    def at(self, day: date, hour: int = 9, minute: int = 0) -> datetime:
        """An instant on a day by the clock of the site, never later than now."""
        return min(datetime.combine(day, time(hour, minute), self.zone), self.now)

    def program_day(self, back: int) -> date:
        """The weekday `back` weekdays before today (today itself, or the last weekday, for 0)."""
        day = self.today
        while day.weekday() > 4:
            day -= timedelta(days=1)
        for _ in range(back):
            day -= timedelta(days=3 if day.weekday() == 0 else 1)
        return day


def day_after_friday(w: World) -> date:
    """The last Monday before today whose Friday was open: closed, so that a note waited over it."""
    monday = w.today - timedelta(days=w.today.weekday() or 7)
    while w.program.closures.filter(date=monday - timedelta(days=3)).exists():
        monday -= timedelta(days=7)
    return monday
