"""The week's working surface: what it shows, and one session moved, lengthened or handed over by
hand. Each act is shown with its consequence first, then carried out, then can be undone."""

from datetime import timedelta
from uuid import UUID

from django.http import HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse

from phpsupport.access.asked import Asked, now_and_today
from phpsupport.access.gate import allow, load
from phpsupport.access.scope import scope_of
from phpsupport.lib import clock
from phpsupport.lib.errors import Refused
from sessions.actions.arranging import arrange_session
from sessions.actions.booking import Clashes, people_of
from sessions.forms.arrange import ArrangeForm, wished
from sessions.forms.parts import clash_answers
from sessions.grants import PLANNERS, STAFF_WHO_SEE_THE_WEEK
from sessions.models import GroupSession
from sessions.queries.consequence import Target, why_history
from sessions.queries.moving import target_of
from sessions.queries.schedule import for_page
from sessions.queries.shown import UNSEEN
from sessions.queries.surface import surface
from sessions.queries.wish import DAY, Wish, day_of
from sessions.views.previews import Preview, preview_of, seen_before

LONGEST = timedelta(days=45)


@allow(*STAFF_WHO_SEE_THE_WEEK)
def week_events(request: Asked) -> HttpResponse:
    """The sessions between two days, for the calendar's script."""
    now, today = now_and_today(request)
    since, until = day_of(request.GET.get("start", "")), day_of(request.GET.get("end", ""))
    if since is None or until is None or not DAY <= until - since <= LONGEST:
        return HttpResponseBadRequest("Give start and end as days, at most 45 apart.")
    asked = {
        name: request.GET.get(name, "")[:40] for name in ("by", "group", "facilitator", "room")
    }
    program = request.program
    return JsonResponse(
        surface(
            user=request.user, program=program, wish=Wish.read(asked, today=today), since=since,
            until=until, may_plan=scope_of(request.user).has(program.pk, *PLANNERS), at=now,
        )
    )  # fmt: skip


@allow(*PLANNERS, methods=("POST",))
def week_move(request: Asked, pk: UUID) -> HttpResponse:
    """One session as the hand put it: first what that would come to, then, with `confirm`, done."""
    session = load(request, for_page(GroupSession.objects.all()), pk)
    now = clock.now()
    form = ArrangeForm(wished(request.POST, session), user=request.user, session=session)
    preview = Preview(history=why_history(session, now) or "")
    if not preview.history and form.is_valid():
        try:
            data = dict(form.cleaned_data)
            people = people_of(data.pop("lead"), data.pop("co"), session.program_id)
            target = target_of(session=session, people=people, at=now, **data)
            refusal = ""
            if "confirm" in request.POST:
                try:
                    return _done(request, target)
                except Refused as no:
                    # What clashes or was not shown like that is told by the preview, as it is now.
                    told = isinstance(no, Clashes) or no.code == UNSEEN
                    refusal = "" if told else no.sentence
            preview = preview_of(request, target, program=session.program, overtaken=form.overtaken)
            preview.refusal = refusal
        except Refused as no:
            form.refuse(no)
    return _dialog(request, session, form, preview)


def _done(request: Asked, target: Target) -> HttpResponse:
    batch = arrange_session(
        target=target,
        by=request.user,
        at=clock.now(),
        seen=seen_before(request),
        **clash_answers(request.POST),
    )
    day = target.local_date or target.session.local_date
    week = f"{reverse('sessions:week')}?date={day.isoformat()}&arrange=1"
    said = {"batch": batch, "undo_next": week}  # the script knows the very address
    return JsonResponse(
        {
            "batch": str(batch.pk),
            "html": render_to_string("sessions/week/_done.html", said, request=request),
        }
    )


def _dialog(
    request: Asked, session: GroupSession, form: ArrangeForm, preview: Preview
) -> HttpResponse:
    return render(
        request,
        "sessions/week/_act.html",
        {
            "session": session,
            "form": form,
            "preview": preview,
            "as_it_is": preview.empty,
        },
    )
