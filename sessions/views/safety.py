"""Safety concerns: raised from roster and note with one tap, acted on from one page."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse

from participants.models import Participant
from phpsupport.access.asked import Asked
from phpsupport.access.gate import NOT_HERE, allow, load, require
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.lib import clock, wording
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import policy_in_force
from sessions import policies
from sessions.actions import safety as acts
from sessions.forms.safety import AddForm, CloseForm, WordsForm
from sessions.grants import STAFF_WHO_SEE_THE_WEEK
from sessions.models import GroupSession, SafetyConcern
from sessions.queries import safety
from sessions.queries.attendance import people_of, with_heading

RAISING = (Role.FACILITATOR, Role.SCHEDULER, Role.PROGRAM_LEAD)
LOOKING = (Role.SUPERVISOR, Role.PROGRAM_LEAD, Role.CLINICIAN)
POST = ("POST",)


# --- raised ---------------------------------------------------------------------------------------
@allow(*RAISING, methods=POST)
def raise_concern(request: Asked, pk: UUID) -> HttpResponse:
    """One tap. The page's script asks for JSON and shows the answer in place; without script the
    concern's own page opens."""
    session = load(request, with_heading(GroupSession.objects.all(), reader=request.user), pk)
    require(policies.can_raise_concern(request.user, session))
    try:
        concern = acts.raise_concern(
            session=session, participant=_person(request, session), by=request.user, at=clock.now()
        )
    except Refused as refusal:
        if _in_place(request):
            return JsonResponse({"refused": refusal.sentence}, status=422)
        messages.error(request, refusal.sentence)
        return redirect("sessions:attendance", pk=session.pk)
    if _in_place(request):
        return _told(request, concern)
    return redirect("sessions:safety-concern", pk=concern.pk)


def _person(request: Asked, session: GroupSession) -> Participant | None:
    """Whom it is about; nobody for the group as a whole. Who covers one session sees its people on
    its roster alone."""
    given = request.POST.get("participant", "")
    if not given:
        return None
    seen = Participant.objects.visible_to(request.user)
    try:
        found = people_of(session).filter(pk=UUID(given)).first() or seen.filter(pk=given).first()
    except ValueError:
        found = None
    if found is None:
        raise Http404(NOT_HERE)
    return found  # type: ignore[no-any-return]


def _in_place(request: Asked) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")


def _told(request: Asked, concern: SafetyConcern, said: str = "") -> JsonResponse:
    """The lines that stand where the tap was."""
    shown = safety.for_page().get(pk=concern.pk)
    page = safety.concern_page(shown, request.user, clock.now())
    line = _line_for(shown) if page.nobody_left else ""
    html = render_to_string(
        "sessions/safety/_told.html", {"page": page, "said": said, "crisis_line": line}, request
    )
    return JsonResponse({"html": html})


def _line_for(concern: SafetyConcern) -> str:
    """The program's crisis line; the site's own number stands beside it."""
    today = clock.local_date(clock.now(), concern.program.zone)
    return str(policy_in_force(concern.program_id, today)["safety_line"])


def _how_far(request: Asked, found: SafetyConcern) -> JsonResponse:
    page = safety.concern_page(found, request.user, clock.now())
    line = _line_for(found) if page.nobody_left else ""
    html = render_to_string(
        "sessions/safety/_line.html", {"page": page, "crisis_line": line}, request
    )
    return JsonResponse({"html": html, "answered": page.line.answered or not page.line.open})


# --- read -----------------------------------------------------------------------------------------
@allow(*LOOKING)
def concerns(request: Asked) -> HttpResponse:
    """Those of the program that the person may see, the unanswered first."""
    found = safety.lists_of(request.user, request.program, clock.now())
    return render(request, "sessions/safety/list.html", {"concerns": found})


@allow(*STAFF_WHO_SEE_THE_WEEK)
def concern(request: Asked, pk: UUID) -> HttpResponse:
    """One concern: who knows, what was seen and done, the whole trail.

    The page on which it was raised asks by itself how far it is, for as long as nobody answered;
    that is no reading of what was written, and keeps nobody signed in."""
    if _in_place(request):
        request.asked_by_the_page = True  # type: ignore[attr-defined]
        return _how_far(request, load(request, safety.for_page(), pk, read=False))
    return _page(request, load(request, safety.for_page(), pk))


def _page(request: Asked, found: SafetyConcern, *, sent: WordsForm | None = None) -> HttpResponse:
    """The page; `sent` is a form that came back with faults."""
    now = clock.now()
    page = safety.concern_page(found, request.user, now)
    context = {
        "page": page,
        "adding": sent if isinstance(sent, AddForm) else _adding(found),
        "closing": sent if isinstance(sent, CloseForm) else _closing(found),
        "closing_open": isinstance(sent, CloseForm),
        "crisis_line": _line_for(found) if page.line.open else "",
        "lists": scope_of(request.user).has(found.program_id, *LOOKING),
    }
    return render(request, "sessions/safety/concern.html", context, status=422 if sent else 200)


def _adding(found: SafetyConcern, data: Any = None) -> AddForm:
    return AddForm(data, action=reverse("sessions:safety-add", args=[found.pk]))


def _closing(found: SafetyConcern, data: Any = None) -> CloseForm:
    return CloseForm(data, action=reverse("sessions:safety-close", args=[found.pk]))


# --- acted on -------------------------------------------------------------------------------------
def _found(request: Asked, pk: UUID) -> SafetyConcern:
    return load(request, safety.for_page(), pk, read=False)


def _act(request: Asked, found: SafetyConcern, act: Callable[..., Any], done: str) -> HttpResponse:
    """One button: act, say so and go back to the page."""
    try:
        act(concern=found, by=request.user, at=clock.now())
    except Refused as refusal:
        if _in_place(request):
            return JsonResponse({"refused": refusal.sentence}, status=422)
        messages.warning(request, refusal.sentence)
        return redirect("sessions:safety-concern", pk=found.pk)
    if _in_place(request):
        return _told(request, found, done)
    messages.success(request, done)
    return redirect("sessions:safety-concern", pk=found.pk)


@allow(*STAFF_WHO_SEE_THE_WEEK, methods=POST)
def know(request: Asked, pk: UUID) -> HttpResponse:
    """“I know and I am acting.”"""
    found = _found(request, pk)
    done = "Thank you. Everybody who was told can see that you are acting."
    return _act(request, found, acts.acknowledge, done)


@allow(*RAISING, methods=POST)
def mistake(request: Asked, pk: UUID) -> HttpResponse:
    """It was a mistake."""
    found = _found(request, pk)
    done = "Closed: it was a mistake. Those who had a message are told."
    return _act(request, found, acts.take_back, done)


@allow(*STAFF_WHO_SEE_THE_WEEK, methods=POST)
def add(request: Asked, pk: UUID) -> HttpResponse:
    """Add what was seen or done."""
    found = _found(request, pk)
    form = _adding(found, request.POST)
    now = clock.now()
    if form.carry_out(partial(acts.add_words, concern=found, by=request.user, at=now)):
        if _in_place(request):
            local = now.astimezone(ZoneInfo(found.program.zone))
            return _told(request, found, f"Added {wording.clock_time(local)}.")
        messages.success(request, "Added.")
        return redirect("sessions:safety-concern", pk=found.pk)
    if _in_place(request):
        return JsonResponse({"refused": next(iter(form.errors.values()))[0]}, status=422)
    return _page(request, found, sent=form)


@allow(*STAFF_WHO_SEE_THE_WEEK, methods=POST)
def close(request: Asked, pk: UUID) -> HttpResponse:
    """Close it with what was done."""
    found = _found(request, pk)
    if refusal := policies.can_close_concern(request.user, found):
        messages.warning(request, refusal)
        return redirect("sessions:safety-concern", pk=found.pk)
    form = _closing(found, request.POST)
    if form.carry_out(partial(acts.close_concern, concern=found, by=request.user, at=clock.now())):
        messages.success(request, "It is closed. Thank you.")
        return redirect("sessions:safety-concern", pk=found.pk)
    return _page(request, found, sent=form)
