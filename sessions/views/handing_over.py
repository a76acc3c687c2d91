"""Handing a series over: written by who led it, read by who leads it next."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from phpsupport.access.asked import Asked, now_and_today
from phpsupport.access.gate import allow, load, require
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.audit.trail import record_each
from phpsupport.lib import clock
from phpsupport.lib.errors import Refused
from sessions import policies
from sessions.actions.handing_over import nothing_to_hand_over, write_hand_over
from sessions.forms.handing_over import NOTHING, HandingOverForm
from sessions.models import GroupSeries, HandOver
from sessions.queries.handing_over import roster_now, told
from sessions.queries.leavers import asked, in_words, missing
from sessions.queries.nearby import nearby_series


@allow(Role.FACILITATOR, methods=("GET", "POST"))
def write(request: Asked, pk: UUID) -> HttpResponse:
    """What the next facilitator should know."""
    series = load(request, GroupSeries.objects.select_related("group", "program__site"), pk)
    at, today = now_and_today(request)
    require(policies.can_hand_over(request.user, series, at))
    people = roster_now(series, today)
    sent = request.method == "POST"
    among = nearby_series(series, people, on=today, author=request.user) if sent else None
    form = HandingOverForm(
        request.POST if sent else None, people=people, among=among,
        asked=bool(asked(user=request.user, series=series, at=at)),
        cancel=reverse("sessions:my-day"),
    )  # fmt: skip
    if NOTHING in request.POST and form.empty:
        nothing_to_hand_over(series=series, by=request.user, at=at)
        messages.success(request, f"Noted: nothing was to hand over about {series.group.name}.")
        return redirect("sessions:my-day")
    if NOTHING in request.POST:
        form.add_error(None, "Something is written here. Hand it over, or take the words out.")
    elif form.is_valid():
        try:
            made = write_hand_over(
                series=series, words=form.cleaned_data["words"], parts=form.parts,
                explained=form.explained, by=request.user, at=at,
            )  # fmt: skip
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "Handed over. Whoever leads the group next reads it.")
            return redirect("sessions:handed-over", made.pk)
    context = {"form": form, "series": series}
    status = 422 if form.errors else 200
    return render(request, "sessions/handing_over/write.html", context, status=status)


@allow(Role.SUPERVISOR, Role.PROGRAM_LEAD, methods=("GET", "POST"))
def do_without(request: Asked, pk: UUID) -> HttpResponse:
    """Who stopped leading a group and wrote nothing; whoever answers for them can end the question."""
    series = load(request, GroupSeries.objects.select_related("group", "program__site"), pk)
    at = clock.now()
    require(policies.can_do_without_hand_over(request.user, series))
    if request.method == "POST":
        if nothing_to_hand_over(series=series, by=request.user, at=at):
            messages.success(request, f"Noted: nothing was to hand over about {series.group.name}.")
        else:
            messages.info(request, f"Nothing is asked about {series.group.name} any more.")
        return redirect("facilitators:board")
    open_ = missing(user=request.user, program=series.program, at=at, series_id=series.pk)
    context = {"series": series, "who": in_words(open_, series.program.zone)}
    return render(request, "sessions/handing_over/do_without.html", context)


@allow(Role.FACILITATOR, Role.SUPERVISOR)
def read(request: Asked, pk: UUID) -> HttpResponse:
    """One hand-over, with the parts about people whom this reader may read about."""
    rows = HandOver.objects.select_related("author", "series__group", "program__site")
    hand_over = load(request, rows, pk)
    page = told(hand_over, user=request.user)
    if page.rows:
        record_each(
            "handoverpart.read", by=request.user, at=clock.now(), objs=page.rows,
            program_id=hand_over.program_id,
        )  # fmt: skip
    leads = scope_of(request.user).has(hand_over.program_id, Role.FACILITATOR)
    return render(
        request,
        "sessions/handing_over/read.html",
        {"page": page, "series": hand_over.series, "leads": leads,
         "own": hand_over.author_id == request.user.pk},
    )  # fmt: skip
