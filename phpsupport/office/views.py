"""The program's office: closed days, rules, people and roles, the trail."""

from dataclasses import replace
from datetime import date
from functools import partial
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from phpsupport.access import actions as access
from phpsupport.access.asked import Asked
from phpsupport.access.forms import GiveRoleForm, InviteForm
from phpsupport.access.gate import NOT_HERE, allow
from phpsupport.access.models import Invitation, RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.audit.trail import record
from phpsupport.lib import clock
from phpsupport.lib.errors import Refused
from phpsupport.office import actions, queries
from phpsupport.office.forms import ClosureForm, PolicyForm, Shown
from phpsupport.programs.models import Closure, PolicyProfile, fingerprint
from phpsupport.programs.policy import RULES, Rule, after
from phpsupport.users.models import User

PLANNERS = (Role.SCHEDULER, Role.PROGRAM_LEAD)
STAFFERS = (Role.PROGRAM_LEAD, Role.ADMINISTRATOR)


def _of_program(request: Asked, rows, pk: UUID):  # type: ignore[no-untyped-def]
    """A row of a program in which the person may do this, which becomes the request's program.

    A link keeps working after one has switched programs; anything else is not there.
    """
    open_here = scope_of(request.user).programs(*request.allowed_roles)  # type: ignore[attr-defined]
    found = rows.filter(program__in=open_here, pk=pk).first()
    if found is None:
        raise Http404(NOT_HERE)
    request.program = next(p for p in request.programs if p.pk == found.program_id)
    return found


@allow(*PLANNERS, methods=("GET", "POST"))
def closures(request: Asked) -> HttpResponse:
    """The days on which the program is closed, and closing another."""
    program, now = request.program, clock.now()
    today = clock.local_date(now, program.zone)
    form = ClosureForm(request.POST or None)
    if form.carry_out(partial(actions.close_day, program=program, by=request.user, at=now)):
        closure: Closure = form.outcome
        day = f"{closure.date:%A %-d %B %Y} is marked as closed."
        if queries.sessions_on(program=program, day=closure.date):
            messages.success(request, f"{day} Say what becomes of each session on it.")
            return redirect("sessions:closure", pk=closure.pk)
        messages.success(request, day)
        return redirect("office:closures")
    rows = list(Closure.objects.filter(program=program))
    return render(
        request,
        "office/closures.html",
        {
            "form": form,
            "coming": [c for c in rows if c.date >= today],
            "past": [c for c in reversed(rows) if c.date < today],
        },
    )


@allow(*PLANNERS, methods=("POST",))
def reopen(request: Asked, pk: UUID) -> HttpResponse:
    """Take a closed day back."""
    closure = _of_program(request, Closure.objects.select_related("program__site"), pk)
    try:
        actions.reopen_day(closure=closure, by=request.user, at=clock.now())
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    else:
        messages.success(
            request,
            f"{closure.date:%A %-d %B %Y} is open again. Groups that skipped it stay as they are; "
            "add single sessions where you want them.",
        )
    return redirect("office:closures")


@allow(*STAFFERS, methods=("GET", "POST"))
def policy(request: Asked) -> HttpResponse:
    """The rules of a day (today's unless `from` names another), changing some of them from a day
    on, and who changed what before."""
    program, now = request.program, clock.now()
    today = clock.local_date(now, program.zone)
    day = max(today, _day(request.GET.get("from", "")) or today)
    profiles = list(PolicyProfile.objects.filter(program=program).select_related("set_by"))
    begun = [p.rules for p in reversed(profiles) if p.effective_from <= day]
    stands = Shown(after(begun), fingerprint(profiles))
    sent = Shown.read(request.POST.get("shown", "")) or replace(stands, seen="")
    form = (
        PolicyForm(request.POST, over=sent)
        if request.method == "POST"
        else PolicyForm(over=stands, initial={"effective_from": day})
    )

    def act(effective_from: date, note: str, **_: object) -> PolicyProfile:
        return actions.set_policy(
            program=program,
            effective_from=effective_from,
            rules=form.changed(),
            seen=sent.seen,
            note=note,
            by=request.user,
            at=now,
        )

    if form.carry_out(act):
        begins = form.outcome.effective_from
        messages.success(request, f"What you changed holds from {begins:%-d %B %Y}.")
        return redirect("office:policy")
    if form.has_error(NON_FIELD_ERRORS, "stale"):
        form = form.anew(stands)
    return render(
        request,
        "office/policy.html",
        {"form": form, "history": _changes(profiles), "day": day, "today": today},
    )


def _changes(profiles: list[PolicyProfile]) -> list[dict[str, object]]:
    """Each profile, the last word first, with what it changes against those before it, in words."""
    told: list[dict[str, object]] = []
    before = after(())
    for profile in reversed(profiles):
        stands = after((before, profile.rules))
        told.append(
            {
                "profile": profile,
                "changes": [
                    f"{r.label}: {_told(r, before[r.key])} → {_told(r, stands[r.key])}"
                    if before[r.key] != stands[r.key]
                    else f"{r.label} stays {_told(r, stands[r.key])}"
                    for r in RULES
                    if r.key in profile.rules
                ],
            }
        )
        before = stands
    return told[::-1]


def _day(text: str) -> date | None:
    """A day of an address; None for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _told(rule: Rule, value: object) -> str:
    words = dict(rule.choices)
    values = value if isinstance(value, list) else [value]
    return ", ".join(words.get(str(v), str(v)) for v in values) or "none"


@allow(*STAFFERS)
def people(request: Asked) -> HttpResponse:
    """Who holds which role here."""
    program, now = request.program, clock.now()
    found = queries.people(
        program=program,
        may_end=access.roles_to_end(request.user, program),
        me=request.user,
        at=now,
        on=clock.local_date(now, program.zone),
    )
    return render(request, "office/people.html", {"people": found})


@allow(*STAFFERS, methods=("GET", "POST"))
def invite_person(request: Asked) -> HttpResponse:
    """Invite somebody with the roles they will hold."""
    program = request.program
    form = InviteForm(
        request.POST or None,
        roles=access.roles_to_give(request.user, program),
    )

    def act(roles: list[str], **given: str) -> Invitation | None:
        return access.invite(
            roles=[Role(role) for role in roles],
            program=program,
            by=request.user,
            at=clock.now(),
            **given,
        )

    if form.carry_out(act):
        messages.success(
            request,
            "The invitation is on its way. The link works for seven days."
            if form.outcome
            else "This person has an account already. They find the new roles when they sign in.",
        )
        return redirect("office:people")
    return render(request, "office/invite.html", {"form": form})


@allow(*STAFFERS, methods=("GET", "POST"))
def give_roles(request: Asked, pk: UUID) -> HttpResponse:
    """More roles for somebody who holds one here."""
    program = request.program
    person = User.objects.filter(pk=pk, role_assignments__program=program).distinct().first()
    if person is None:
        raise Http404(NOT_HERE)
    form = GiveRoleForm(request.POST or None, roles=access.roles_to_give(request.user, program))
    give = partial(
        actions.give_roles, person=person, program=program, by=request.user, at=clock.now()
    )
    if form.carry_out(give):
        messages.success(request, f"{person.name} has these roles from today.")
        return redirect("office:people")
    return render(request, "office/give_roles.html", {"form": form, "person": person})


@allow(*STAFFERS, methods=("GET", "POST"))
def end(request: Asked, pk: UUID) -> HttpResponse:
    """Take a role away, after asking once."""
    rows = RoleAssignment.objects.select_related("program__site", "user")
    assignment = _of_program(request, rows, pk)
    if request.method == "POST":
        try:
            access.end_role(assignment=assignment, by=request.user, at=clock.now())
        except Refused as refusal:
            messages.error(request, refusal.sentence)
        else:
            messages.success(
                request,
                f"{assignment.user.name} is no longer {assignment.get_role_display().lower()} here.",
            )
        return redirect("office:people")
    return render(request, "office/end_role.html", {"assignment": assignment})


@allow(*STAFFERS, methods=("POST",))
def withdraw(request: Asked, pk: UUID) -> HttpResponse:
    """Make an invitation's link stop working."""
    invitation = _of_program(request, Invitation.objects.all(), pk)
    access.withdraw_invitation(invitation=invitation, by=request.user, at=clock.now())
    messages.success(request, "The invitation is withdrawn. Its link no longer works.")
    return redirect("office:people")


@allow(Role.PRIVACY_OFFICER)
def trail(request: Asked) -> HttpResponse:
    """What was done and what was read. Looking is noted too."""
    program = request.program
    filters = filters_of(request)
    page, days = queries.trail(
        program=program,
        seen_by=request.user,
        number=request.GET.get("page", 1),
        **filters,  # type: ignore[arg-type]
    )
    record("trail.read", by=request.user, at=clock.now(), program_id=program.pk)
    return render(
        request,
        "office/trail.html",
        {
            "page_obj": page,
            "days": days,
            "chosen": request.GET,
            "filtered": any(filters.values()),
        },
    )


def filters_of(request: Asked) -> dict[str, object]:
    """The filters of the trail; what cannot be read is left out."""

    def uuid(name: str) -> UUID | None:
        try:
            return UUID(request.GET.get(name, ""))
        except ValueError:
            return None

    return {
        "action": request.GET.get("action", "")[:60],
        "person": uuid("person"),
        "about": uuid("about"),
        "day": _day(request.GET.get("day", "")),
    }
