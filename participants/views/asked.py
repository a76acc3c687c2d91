"""What a view is given once the gate has let the person in."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from phpsupport.programs.models import Program
from phpsupport.users.models import User


class Asked(HttpRequest):
    """For types only: somebody is signed in and a program is chosen."""

    user: User
    program: Program
    programs: tuple[Program, ...]
    htmx: HtmxDetails
