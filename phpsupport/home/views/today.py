"""Where each role lands, and the participant's own page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from participants.models import Participant
from phpsupport.access.gate import allow, signed_in
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.home.queries import own_schedule
from phpsupport.lib import clock
from sessions.queries.enrollment import kept_for

# The first role held decides: what is most pressing in a day comes first.
LANDINGS = (
    (Role.FACILITATOR, "sessions:my-day"),
    (Role.SCHEDULER, "sessions:today"),
    (Role.SUPERVISOR, "facilitators:board"),
    (Role.PROGRAM_LEAD, "sessions:today"),
    (Role.CLINICIAN, "participants:my-people"),
    (Role.PRIVACY_OFFICER, "office:trail"),
    (Role.ADMINISTRATOR, "office:people"),
    (Role.PARTICIPANT, "home:portal"),
)


@signed_in()
def today(request: HttpRequest) -> HttpResponse:
    """To the landing page of the person's role in the chosen program."""
    program = request.program  # type: ignore[attr-defined]
    held = scope_of(request.user).roles.get(program.pk, frozenset()) if program else frozenset()  # type: ignore[arg-type]
    for role, name in LANDINGS:
        if role in held:
            return redirect(name)
    return render(request, "home/no_role.html")


@allow(Role.PARTICIPANT)
def portal(request: HttpRequest) -> HttpResponse:
    """The participant's own appointments of the coming two weeks."""
    program = request.program  # type: ignore[attr-defined]
    at = clock.now()
    mine = Participant.objects.visible_to(request.user).filter(user=request.user)  # type: ignore[arg-type]
    return render(
        request,
        "home/portal.html",
        {
            "days": own_schedule(user=request.user, program=program, at=at),  # type: ignore[arg-type]
            "kept": kept_for(request.user, program, at=at),  # type: ignore[arg-type]
            "own": mine.only("pk").first(),
        },
    )
