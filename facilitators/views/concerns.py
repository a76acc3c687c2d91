"""Boundary concerns: ask or report, the list, one concern and its steps."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from facilitators.actions import concerns as actions
from facilitators.forms import concerns as forms
from facilitators.models import BoundaryConcern, ConcernState, Facilitator, Stage
from facilitators.policies import can_handle_concern, handles_concern
from facilitators.queries import concerns as queries
from phpsupport.access.gate import NOT_HERE, allow, load, require
from phpsupport.access.roles import STAFF, Role
from phpsupport.access.scope import scope_of
from phpsupport.lib import clock
from phpsupport.lib.errors import Refused
from phpsupport.lib.forms import ProseField

NOT_OPEN = "That step is not open to you now. Somebody may have gone on with the concern."
WHOLE = BoundaryConcern.objects.select_related(
    "program__site", "facilitator__user", "reported_by", "reviewer", "second_reviewer"
)


@allow(*STAFF, methods=("GET", "POST"))
def report(request: HttpRequest) -> HttpResponse:
    """Ask about a boundary, or report a concern."""
    now = clock.now()
    program = request.program  # type: ignore[attr-defined]
    people = Facilitator.objects.filter(program=program).exclude(stage=Stage.ENDED)
    staff = queries.staff_holding(program, clock.local_date(now, program.zone), *STAFF)
    mine = people.filter(user=request.user).first()  # type: ignore[misc]
    form = forms.ReportForm(
        request.POST or None,
        facilitators=people.select_related("user").order_by("user__first_name", "user__last_name"),
        staff=staff.exclude(pk=request.user.pk),  # type: ignore[misc]
        initial={"facilitator": mine},
    )
    if request.method == "POST" and form.is_valid():
        try:
            actions.report_concern(program=program, by=request.user, at=now, **form.cleaned_data)  # type: ignore[arg-type]
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(
                request,
                "Thank you for speaking up. Somebody looks at it within a working day or so.",
            )
            return redirect("facilitators:concern-report")
    context = {"form": form, "mine": queries.own_reports(request.user, program)}  # type: ignore[arg-type]
    return render(request, "facilitators/concerns/report.html", context)


@allow(*queries.HANDLING)
def concern_list(request: HttpRequest) -> HttpResponse:
    """What is to be looked at, what is under way, and what comes up how often."""
    found = queries.concern_list(request.user, request.program, clock.now())  # type: ignore[arg-type,attr-defined]
    return render(request, "facilitators/concerns/list.html", {"concerns": found})


@allow(*STAFF)
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One concern: whole for who handles it, a few words for who reported it."""
    concern = load(request, WHOLE, pk)
    shut_out = queries.shut_out(concern)
    if not handles_concern(request.user, concern, shut_out):  # type: ignore[arg-type]
        return _own(request, concern)
    return _page(request, concern)


def _own(request: HttpRequest, concern: BoundaryConcern) -> HttpResponse:
    if concern.reported_by_id != request.user.pk:
        raise Http404(NOT_HERE)
    context = {"report": queries.own_report(concern)}
    return render(request, "facilitators/concerns/own.html", context)


# --- the steps ------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Act:
    """One step: its form, its action, and what is said when it is done."""

    title: str
    form: type[forms.StepForm]
    action: Callable[..., Any]
    done: str


ACTS: dict[str, Act] = {
    "triage": Act(
        "Look at it", forms.TriageForm, actions.triage_concern, "It is with its reviewer now."
    ),
    "start": Act(
        "Begin the review", forms.StartForm, actions.start_review, "The review has begun."
    ),
    "note": Act("Add to it", forms.NoteForm, actions.add_to_concern, "Added."),
    "agree": Act(
        "Agree what will be done", forms.ActionsForm, actions.agree_actions, "Actions are agreed."
    ),
    "second": Act(
        "Ask a second reviewer",
        forms.SecondForm,
        actions.ask_second_reviewer,
        "The second reviewer is told.",
    ),
    "opinion": Act(
        "Your opinion as second reviewer",
        forms.OpinionForm,
        actions.give_second_opinion,
        "Thank you. The reviewer is told.",
    ),
    "close": Act("Close it", forms.CloseForm, actions.close_concern, "The concern is closed."),
    "reassess": Act(
        "Judge it again",
        forms.ReassessForm,
        actions.reassess_concern,
        "Your judgement is on record.",
    ),
    "hand-over": Act(
        "Hand it over",
        forms.HandOverForm,
        actions.hand_over_concern,
        "The new reviewer is told.",
    ),
    "reopen": Act(
        "Open it again", forms.ReopenForm, actions.reopen_concern, "The concern is open again."
    ),
}


def _acts_open(request: HttpRequest, concern: BoundaryConcern) -> tuple[list[str], list[str]]:
    """The steps that this person may take now: the one to take next, and others."""
    reviewer = concern.reviewer_id == request.user.pk
    second = concern.second_reviewer_id == request.user.pk
    agreed = concern.second_agreed_at is not None
    state = ConcernState(concern.state)
    if state == ConcernState.CLOSED:
        return [], ["reopen"]
    if state == ConcernState.REPORTED:
        return ["triage"], ["note"]
    first: list[str] = []
    if state == ConcernState.TRIAGED and reviewer:
        first = ["start"]
    elif state == ConcernState.UNDER_REVIEW and reviewer:
        first = ["agree"]
    elif state == ConcernState.ACTIONS:
        if second and not agreed:
            first = ["opinion"]
        elif reviewer and concern.needs_second_reviewer and not concern.second_reviewer_id:
            first = ["second"]
        elif reviewer and (agreed or not concern.needs_second_reviewer):
            first = ["close"]
    others = ["note"]
    learning = concern.concern_class in queries.LEARNING and not concern.needs_second_reviewer
    if reviewer:
        if state == ConcernState.UNDER_REVIEW and learning:
            others.append("close")
        others.append("reassess")
    lead = scope_of(request.user).has(concern.program_id, Role.PROGRAM_LEAD)  # type: ignore[arg-type]
    if reviewer or lead:
        others += ["second", "hand-over"]
    return first, [name for name in others if name not in first]


def _form(
    request: HttpRequest, concern: BoundaryConcern, name: str, people: Any, data: Any = None
) -> forms.StepForm:
    others = name in ("hand-over", "second")
    offered = people.exclude(pk=concern.reviewer_id) if others else people
    return ACTS[name].form(
        data,
        prefix=name,
        action=reverse("facilitators:concern-step", args=[concern.pk, name]),
        people=offered,
        initial={
            "concern_class": concern.concern_class,
            "category": concern.category,
            "severity": concern.severity,
            "reviewer": request.user.pk if name == "triage" else None,
            "second_reviewer": concern.second_reviewer_id,
        },
    )


def _page(
    request: HttpRequest, concern: BoundaryConcern, sent: forms.StepForm | None = None
) -> HttpResponse:
    """The concern with its steps; what was sent and not done stands in its form, or, where that
    step is over, beside them."""
    now = clock.now()
    people = queries.reviewers_for(concern, clock.local_date(now, concern.program.zone))
    first, others = _acts_open(request, concern)

    def shown(name: str) -> dict[str, Any]:
        bound = sent is not None and sent.prefix == name
        form = sent if bound else _form(request, concern, name, people)
        return {"name": name, "title": ACTS[name].title, "form": form, "open": bound}

    context = {
        "page": queries.concern_page(concern, now),
        "first": [shown(name) for name in first],
        "others": [shown(name) for name in others],
        "left": _left(sent) if sent is not None and sent.prefix not in first + others else None,
    }
    status = 200 if sent is None else 422
    return render(request, "facilitators/concerns/detail.html", context, status=status)


def _left(sent: forms.StepForm) -> dict[str, Any]:
    """What was written for a step that cannot be taken any more."""
    words = [(field.label, field.value()) for field in sent if isinstance(field.field, ProseField)]
    return {
        "title": ACTS[str(sent.prefix)].title,
        "faults": sent.non_field_errors() or [NOT_OPEN],
        "words": [(label, said) for label, said in words if said],
    }


@allow(*queries.HANDLING, methods=("POST",))
def step(request: HttpRequest, pk: UUID, name: str) -> HttpResponse:
    """Take one step with a concern."""
    concern = load(request, WHOLE, pk, read=False)
    if name not in ACTS:
        raise Http404(NOT_HERE)
    require(can_handle_concern(request.user, concern, queries.shut_out(concern)))  # type: ignore[arg-type]
    now = clock.now()
    people = queries.reviewers_for(concern, clock.local_date(now, concern.program.zone))
    form = _form(request, concern, name, people, request.POST)
    if form.is_valid():
        act = ACTS[name]
        try:
            act.action(concern=concern, by=request.user, at=now, **form.cleaned_data)
        except Refused as refusal:
            form.refuse(refusal)
            concern = WHOLE.get(pk=concern.pk)  # somebody may have gone on with it meanwhile
        else:
            messages.success(request, act.done)
            if name in ("hand-over", "triage"):
                return redirect("facilitators:concerns")
            return redirect("facilitators:concern", pk=concern.pk)
    return _page(request, concern, form)
