"""What a view is given once the gate has let the person in."""

from datetime import date, datetime

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from phpsupport.lib import clock
from phpsupport.programs.models import Program
from phpsupport.users.models import User


class Asked(HttpRequest):
    """For types only: somebody is signed in and a program is chosen."""

    user: User
    program: Program
    programs: tuple[Program, ...]
    htmx: HtmxDetails


def now_and_today(request: Asked) -> tuple[datetime, date]:
    """The instant, and the day at the site of the request's program."""
    at = clock.now()
    return at, clock.local_date(at, request.program.zone)


def today_of(request: Asked) -> date:
    """The day at the site of the request's program."""
    return now_and_today(request)[1]
