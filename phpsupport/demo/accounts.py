"""The staff of the demo program with their roles, its rules and its closed days."""

from datetime import date, timedelta

from django.contrib.auth.hashers import make_password

from phpsupport.access.actions import give_role
from phpsupport.demo.made import World, day_after_friday
from phpsupport.demo.people import PASSWORD, STAFF
from phpsupport.programs.actions import close_day
from phpsupport.programs.models import PolicyProfile, Program
from phpsupport.users.models import User


def open_accounts(w: World, lakeside: Program) -> None:
    """The staff with their roles, three of them at both sites."""
    password = make_password(PASSWORD)
    begun = w.today - timedelta(days=400)
    for staff in STAFF:
        user = User.objects.create(
            email=staff.email,
            first_name=staff.first_name,
            last_name=staff.last_name,
            pronouns=staff.pronouns,
            password=password,
            joined_at=w.at(begun),
        )
        w.users[staff.key] = user
        for role in staff.roles:
            give_role(user=user, program=w.program, role=role, by=None, at=w.now, starts_on=begun)
    for key in ("gloria", "samuel", "ines"):
        for role in next(s.roles for s in STAFF if s.key == key):
            give_role(
                user=w.users[key], program=lakeside, role=role, by=None, at=w.now, starts_on=begun
            )


def set_rules(w: World) -> None:
    """The rules in force and the days on which the programs are closed."""
    for program in Program.objects.all():
        PolicyProfile.objects.create(
            program=program,
            effective_from=w.today - timedelta(days=400),
            rules={},
            note="Recommended rules at the start",
            set_at=w.at(w.today - timedelta(days=400)),
        )
    for day, reason in _holidays(w.today - timedelta(days=60), w.today + timedelta(days=330)):
        close_day(program=w.program, day=day, reason=reason)
    holiday = day_after_friday(w)
    if not w.program.closures.filter(date=holiday).exists():
        close_day(program=w.program, day=holiday, reason="Staff learning day")


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


def _holidays(begin: date, end: date) -> list[tuple[date, str]]:
    found = []
    for year in range(begin.year, end.year + 1):
        thanksgiving = _nth(year, 11, 3, 4)
        may = date(year, 5, 31)
        found += [
            (date(year, 1, 1), "New Year's Day"),
            (_nth(year, 1, 0, 3), "Martin Luther King Jr. Day"),
            (_nth(year, 2, 0, 3), "Presidents' Day"),
            (may - timedelta(days=may.weekday()), "Memorial Day"),
            (date(year, 7, 4), "Independence Day"),
            (_nth(year, 9, 0, 1), "Labor Day"),
            (thanksgiving, "Thanksgiving"),
            (thanksgiving + timedelta(days=1), "Day after Thanksgiving"),
            (date(year, 12, 25), "Christmas Day"),
        ]
    return [(day, why) for day, why in found if begin <= day <= end]
