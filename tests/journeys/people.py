"""People at the keyboard: signing in as everybody does, and clocks that change before long."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, Route, expect

from phpsupport.lib import clock
from phpsupport.users.models import User
from sessions.models import GroupSession
from tests.factories import PASSWORD


def enter(page: Page, user: User, *, password: str = PASSWORD) -> None:
    """Sign in through the form."""
    page.goto("/accounts/login/")
    fill_in_sign_in(page, user.email, password)
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_have_count(0)


def fill_in_sign_in(page: Page, email: str, password: str) -> None:
    page.get_by_label(re.compile("E-?mail")).fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def until(page: Page, true: Callable[[], Any]) -> bool:
    """Whether something outside of the page became true while the page went on."""
    for _ in range(1200):
        if true():
            return True
        page.wait_for_timeout(50)
    return False


@contextmanager
def unanswered(page: Page) -> Iterator[None]:
    """Saving a note hangs while one looks at what the page says; for less than its patience."""
    held: list[Route] = []
    page.route("**/note/save/", lambda route: held.append(route))
    yield
    page.unroute("**/note/save/")
    for route in held:
        route.continue_()


def clock_change(zone: str, after: date) -> date:
    """The first day after `after` whose noon has another distance from UTC than the one before."""

    def offset(day: date) -> timedelta | None:
        return datetime.combine(day, time(12), ZoneInfo(zone)).utcoffset()

    day = after + timedelta(days=1)
    while offset(day) == offset(day - timedelta(days=1)):
        day += timedelta(days=1)
    return day


def daytime_zone() -> str:
    """A zone in which it is now neither early nor late, so that no group runs past midnight."""
    zones = ("America/New_York", "Asia/Tokyo", "Europe/Berlin", "Pacific/Honolulu")
    return next(z for z in zones if 9 <= clock.now().astimezone(ZoneInfo(z)).hour < 19)


def meets_now(session: GroupSession, *, began: timedelta) -> None:
    """Let a stored session of fifty minutes have begun that long ago."""
    starts = (clock.now() - began).replace(second=0, microsecond=0)
    times = {"starts_at": starts, "ends_at": starts + timedelta(minutes=50)}
    session.assignments.update(**times)
    day = starts.astimezone(ZoneInfo(session.program.zone)).date()
    GroupSession.objects.filter(pk=session.pk).update(local_date=day, **times)
    session.refresh_from_db()


def wall_clock(at: datetime, zone: str) -> str:
    """What the clock on the wall shows."""
    return f"{at.astimezone(ZoneInfo(zone)):%H:%M}"


def tab_to(page: Page, name: str, *, most: int = 60) -> Any:
    """Press the tab key until the field or button of that name or value has the focus."""
    focused = """(() => { const at = document.activeElement;
      return at.matches("button, a") ? at.textContent.trim() : at.name; })()"""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate(focused) == name:
            return page.locator(":focus")
    raise AssertionError(f"the tab key never came to “{name}”")
