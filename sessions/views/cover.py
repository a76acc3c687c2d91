"""Cover and answers: the facilitator's side on a phone, the planner's at a desk."""

from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from facilitators.models import Facilitator
from phpsupport.access.asked import Asked, now_and_today
from phpsupport.access.gate import NOT_HERE, allow, load, require
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.lib import clock, wording
from phpsupport.lib.errors import Refused
from sessions import policies
from sessions.actions import answers as answering
from sessions.actions import cover as covering
from sessions.forms.cover import ProposeForm, SpanForm
from sessions.grants import PLANNERS
from sessions.models import CoverAsk, GroupSeries, GroupSession, Proposal
from sessions.queries import answers, cover
from sessions.queries.series import pattern_in_words

EDIT = ("GET", "POST")
WHO_ASKS = (Role.FACILITATOR, *PLANNERS)
AHEAD = timedelta(days=13)
SESSION = GroupSession.objects.select_related("series__group", "room", "program__site")
SERIES = GroupSeries.objects.select_related("group", "room", "program__site")
PEOPLE = Facilitator.objects.select_related("user", "program__site")


# --- asking for cover -----------------------------------------------------------------------------
@allow(Role.FACILITATOR, methods=EDIT)
def cover_ask(request: Asked) -> HttpResponse:
    """I need cover: for one or several of my sessions in a span of days."""
    own = PEOPLE.visible_to(request.user).filter(user=request.user, program=request.program)
    facilitator = own.first()
    if facilitator is None:
        return render(request, "sessions/facilitator/cover_ask.html", {"nobody": True})
    return _ask_page(request, facilitator, own=True)


@allow(*PLANNERS, methods=EDIT)
def cover_for(request: Asked, pk: UUID) -> HttpResponse:
    """Cover for somebody who cannot ask themselves."""
    return _ask_page(request, load(request, PEOPLE, pk), own=False)


def _ask_page(request: Asked, facilitator: Facilitator, *, own: bool) -> HttpResponse:
    at, today = now_and_today(request)
    span = SpanForm(request.GET or None)
    since, until = span.span(today, today + AHEAD)
    coming = cover.coming_of(facilitator, since=since, until=until, at=at)
    fault = ""
    sent = set(request.POST.getlist("sessions"))
    wanted = [c.session for c in coming if str(c.session.pk) in sent]
    if request.method == "POST":
        try:
            if len(wanted) < len(sent):
                raise Refused(
                    "One of these sessions was changed meanwhile. Look at the list again.",
                    code="changed",
                )
            made = covering.ask_for_cover(
                sessions=wanted, facilitator=facilitator, by=request.user, at=at
            )
        except Refused as refusal:
            fault = refusal.sentence
        else:
            _say_asked(request, len(made), own=own)
            return redirect("sessions:my-day" if own else "sessions:cover")
    context = {
        "coming": coming,
        "chosen": {session.pk for session in wanted},
        "own": own,
        "who": facilitator.user.name,
        "span": span if span.is_bound else SpanForm(initial={"since": since, "until": until}),
        "days": f"{wording.day(since)} through {wording.day(until)}",
        "fault": fault,
    }
    return render(
        request, "sessions/facilitator/cover_ask.html", context, status=422 if fault else 200
    )


def _say_asked(request: Asked, number: int, *, own: bool) -> None:
    if own:
        what = "The session stays yours" if number == 1 else "They stay yours"
        messages.success(
            request, f"Cover is asked for. {what} until somebody accepts; you are told at once."
        )
    else:
        messages.success(request, "Cover is asked for. Choose now whom to ask.")


@allow(*WHO_ASKS, methods=EDIT)
def session_cover(request: Asked, pk: UUID) -> HttpResponse:
    """Cover for one session: one's own, or on behalf of somebody who leads it."""
    session = load(request, SESSION, pk)
    rows = list(
        session.assignments.filter(active=True)
        .select_related("facilitator__user", "facilitator__program__site")
        .order_by("-part", "pk")
    )
    mine = next((r.facilitator for r in rows if r.facilitator.user_id == request.user.pk), None)
    plans = scope_of(request.user).has(session.program_id, *PLANNERS)
    if not plans and mine is None:
        require("Cover is asked for by who leads the session, or by a scheduler for them.")
    choices = [r.facilitator for r in rows] if plans else [mine]
    fault = ""
    if request.method == "POST":
        who = request.POST.get("facilitator", "")
        picked = next((f for f in choices if f and str(f.pk) == who), None)
        if picked is None and len(choices) == 1:
            picked = choices[0]
        try:
            if picked is None:
                raise Refused("Choose who needs cover.", code="required")
            made = covering.ask_for_cover(
                sessions=[session], facilitator=picked, by=request.user, at=clock.now()
            )
        except Refused as refusal:
            fault = refusal.sentence
        else:
            own = picked.user_id == request.user.pk
            _say_asked(request, 1, own=own)
            if plans and not own:
                return redirect("sessions:cover-request", pk=made[0].pk)
            return redirect("sessions:my-day")
    context = {
        "session": session, "when": answers.local_words(session), "choices": choices,
        "own": mine is not None and not plans, "fault": fault,
        "stop": covering.why_not_now(session, clock.now()),
    }  # fmt: skip
    return render(
        request, "sessions/facilitator/cover_session.html", context, status=422 if fault else 200
    )


@allow(*WHO_ASKS, methods=("POST",))
def cover_withdraw(request: Asked, pk: UUID) -> HttpResponse:
    """It is no longer needed."""
    found = load(request, cover.for_page(), pk)
    require(policies.can_ask_for_cover(request.user, found.facilitator))
    own = found.facilitator.user_id == request.user.pk
    try:
        covering.withdraw_cover(request=found, by=request.user, at=clock.now())
    except Refused as refusal:
        messages.warning(request, refusal.sentence)
    else:
        who = "you" if own else found.facilitator.user.name
        leads = "lead" if own else "leads"
        messages.success(request, f"Nobody is asked any more: {who} {leads} it.")
    return redirect("sessions:my-day" if own else "sessions:cover")


# --- those who plan -------------------------------------------------------------------------------
@allow(*PLANNERS)
def cover_list(request: Asked) -> HttpResponse:
    """What is looked for, declined and proposed."""
    at = clock.now()
    looked_for, found = cover.open_requests(request.program, at=at)
    matters = [m for m in answers.open_matters(request.program, at=at) if m.what != "cover"]
    context = {"open": looked_for, "found": found, "matters": matters}
    return render(request, "sessions/planner/cover.html", context)


@allow(*PLANNERS, methods=EDIT)
def cover_request(request: Asked, pk: UUID) -> HttpResponse:
    """Who could take it, ranked; ask one, several or all."""
    found = load(request, cover.for_page(), pk)
    page = cover.request_page(found, at=clock.now())
    fault = ""
    sent = set(request.POST.getlist("facilitators"))
    able = [r.candidate.id for r in page.to_ask]
    # Who cannot any more is asked for all the same, so that the refusal says who and why.
    everybody = [*able, *(r.candidate.id for r in page.ranking.unable)]
    wanted = able if "all" in request.POST else [pk for pk in everybody if str(pk) in sent]
    if request.method == "POST":
        try:
            made = covering.ask_candidates(
                request=found,
                facilitators=list(Facilitator.objects.filter(pk__in=wanted)),
                by=request.user,
                at=clock.now(),
            )
        except Refused as refusal:
            fault = refusal.sentence
        else:
            said = wording.count(len(made), "person is", "people are")
            messages.success(request, f"{said} asked. The first to accept has it.")
            return redirect("sessions:cover-request", pk=found.pk)
    context = {
        "request_id": found.pk, "session_id": found.session_id, "page": page, "fault": fault,
        "chosen": wanted,
    }  # fmt: skip
    return render(
        request, "sessions/planner/cover_request.html", context, status=422 if fault else 200
    )


# --- who was asked --------------------------------------------------------------------------------
ASK = CoverAsk.objects.select_related(
    "request__session__series__group", "request__session__room", "request__facilitator__user",
    "request__filled_by__user", "facilitator",
)  # fmt: skip


@allow(Role.FACILITATOR, methods=EDIT)
def cover_answer(request: Asked, pk: UUID) -> HttpResponse:
    """Take it or say that one cannot: one tap."""
    ask = load(request, ASK, pk)
    if ask.facilitator.user_id != request.user.pk:
        raise Http404(NOT_HERE)
    said = request.POST.get("answer")
    if said in ("accept", "decline"):
        accepts = said == "accept"
        act: Any = covering.accept_cover if accepts else covering.decline_cover
        try:
            act(ask=ask, by=request.user, at=clock.now())
        except Refused as refusal:
            messages.info(request, refusal.sentence)
        else:
            title = ask.request.session.series.group.name
            when = answers.local_words(ask.request.session)
            messages.success(
                request,
                f"It is yours: {title}, {when}. Thank you."
                if accepts
                else "Thank you for saying so. Somebody else is asked.",
            )
        return redirect("sessions:my-day")
    page = cover.ask_page(ask, at=clock.now())
    return render(request, "sessions/facilitator/cover_answer.html", {"ask": ask, "page": page})


# --- answers to assignments -----------------------------------------------------------------------
@allow(Role.FACILITATOR, methods=("POST",))
def session_answer(request: Asked, pk: UUID) -> HttpResponse:
    """Accept or decline one session."""
    return _answer(request, load(request, SESSION, pk, read=False))


@allow(Role.FACILITATOR, methods=("POST",))
def series_answer(request: Asked, pk: UUID) -> HttpResponse:
    """Accept or decline a series."""
    return _answer(request, load(request, SERIES, pk))


def _answer(request: Asked, thing: GroupSession | GroupSeries) -> HttpResponse:
    require(policies.can_answer_assignment(request.user, thing))
    answer = request.POST.get("answer", "")
    try:
        answering.answer_assignment(thing=thing, answer=answer, by=request.user, at=clock.now())
    except Refused as refusal:
        messages.warning(request, refusal.sentence)
    else:
        if answer == "accepted":
            messages.success(request, "Accepted. Thank you.")
        else:
            messages.success(
                request,
                "Noted. It stays yours until a scheduler has found somebody; they know now.",
            )
    return redirect("sessions:my-day")


@allow(Role.FACILITATOR, methods=EDIT)
def session_propose(request: Asked, pk: UUID) -> HttpResponse:
    """Propose another time for one session."""
    session = load(request, SESSION, pk, read=False)
    local = answers.local_span(session)
    initial = {"on": session.local_date, "starts": local[0], "ends": local[1]}
    return _propose(request, session, initial, answers.local_words(session))


@allow(Role.FACILITATOR, methods=EDIT)
def series_propose(request: Asked, pk: UUID) -> HttpResponse:
    """Propose another weekly time for a series: a day on which it would begin."""
    series = load(request, SERIES, pk)
    today = now_and_today(request)[1]
    first: date = max(today + timedelta(days=7), series.from_on)
    initial = {"on": first, "starts": series.starts, "ends": series.ends}
    return _propose(request, series, initial, pattern_in_words(series))


def _propose(
    request: Asked, thing: GroupSession | GroupSeries, initial: dict[str, Any], when: str
) -> HttpResponse:
    require(policies.can_answer_assignment(request.user, thing))
    form = ProposeForm(request.POST or None, initial=initial, cancel=reverse("sessions:my-day"))
    act = partial(answering.propose_time, thing=thing, by=request.user, at=clock.now())
    if form.carry_out(act):
        messages.success(
            request, "Your time is proposed. Until a scheduler answers it stays as it is."
        )
        return redirect("sessions:my-day")
    group = thing.group if isinstance(thing, GroupSeries) else thing.series.group
    context = {
        "form": form, "title": group.name, "when": when, "weekly": isinstance(thing, GroupSeries),
    }  # fmt: skip
    return render(
        request, "sessions/facilitator/propose.html", context, status=422 if form.errors else 200
    )


@allow(*PLANNERS, methods=EDIT)
def proposal(request: Asked, pk: UUID) -> HttpResponse:
    """Another time somebody proposes: take it in one step, or keep it as it is."""
    found = load(request, answers.proposal_rows(), pk)
    at = clock.now()
    page = answers.proposal_page(found, at=at)
    fault = ""
    if request.method == "POST":
        takes = request.POST.get("act") == "take"
        act: Any = answering.take_proposal if takes else answering.keep_as_is
        more: dict[str, Any] = {"accept_not_cleared": "accept" in request.POST} if takes else {}
        try:
            act(proposal=found, by=request.user, at=at, **more)
        except Refused as refusal:
            fault = refusal.sentence
        else:
            messages.success(request, _said(found, takes))
            return redirect("sessions:cover")
    context = {"proposal": found, "page": page, "fault": fault}
    return render(request, "sessions/planner/proposal.html", context, status=422 if fault else 200)


def _said(found: Proposal, takes: bool) -> str:
    who = found.facilitator.user.name
    if not takes:
        return f"It stays as it is. {who} is asked again."
    if found.session_id:
        return f"Moved to the time that {who} proposed. People are told."
    return f"{who} is told that their time was taken."
