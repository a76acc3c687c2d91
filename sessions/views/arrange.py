"""The week's working surface: what it shows, and one session moved, lengthened or handed over by
hand. Each act is shown with its consequence first, then carried out, then can be undone."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from phpsupport.access.asked import Asked, now_and_today
from phpsupport.access.gate import allow, load
from phpsupport.access.scope import scope_of
from phpsupport.lib import clock
from phpsupport.lib.errors import Refused
from sessions.actions.arranging import arrange_session, target_of
from sessions.actions.booking import Clashes, may_override
from sessions.forms.arrange import ArrangeForm, standing, wished
from sessions.grants import PLANNERS, STAFF_WHO_SEE_THE_WEEK
from sessions.models import GroupSession
from sessions.queries.consequence import Consequence, Target, consequence, why_history
from sessions.queries.schedule import for_page
from sessions.queries.surface import surface
from sessions.queries.wish import DAY, Wish, day_of

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


@dataclass
class Preview:
    """What a change would come to, and what the person may do about it."""

    what: Consequence | None = None
    refusal: str = ""
    history: str = ""
    can_override: bool = False

    @property
    def blocks(self) -> list[Any]:
        return [s for s in self.what.said if s.level == "block"] if self.what else []

    @property
    def warnings(self) -> list[Any]:
        return [s for s in self.what.said if s.level != "block"] if self.what else []

    @property
    def final(self) -> bool:
        return any(o.blocks and o.final for o in self.what.obstacles) if self.what else False

    @property
    def overridable(self) -> bool:
        return bool(self.blocks) and self.can_override and not self.final

    @property
    def ready(self) -> bool:
        """Whether it can be carried out from here, perhaps with a yes or a reason."""
        if self.what is None or self.refusal or self.what.empty:
            return False
        return not self.blocks or self.overridable


def preview_of(request: Asked, target: Target) -> Preview:
    """The consequence of one target, as both the dialog and the form pages show it."""
    now, program = clock.now(), target.session.program
    found = consequence(program=program, targets=[target], at=now)
    may = found.blocked and may_override(
        request.user, program_id=program.pk, at=now, zone=program.zone
    )
    return Preview(what=found, can_override=bool(may))


@allow(*PLANNERS, methods=("POST",))
def week_move(request: Asked, pk: UUID) -> HttpResponse:
    """One session as the hand put it: first what that would come to, then, with `confirm`, done."""
    session = load(request, for_page(GroupSession.objects.all()), pk)
    now = clock.now()
    form = ArrangeForm(wished(request.POST, session), user=request.user, session=session)
    preview = Preview(history=why_history(session, now) or "")
    if not preview.history and form.is_valid():
        try:
            target = target_of(session=session, at=now, **form.cleaned_data)
            if "confirm" in request.POST:
                try:
                    return _done(request, target)
                except Clashes:
                    pass  # told by the preview, as it is now
                except Refused as no:
                    preview.refusal = no.sentence
            refusal = preview.refusal
            preview = preview_of(request, target)
            preview.refusal = refusal
        except Refused as no:
            form.refuse(no)
    return _dialog(request, session, form, preview)


def _done(request: Asked, target: Target) -> HttpResponse:
    batch = arrange_session(
        target=target,
        by=request.user,
        at=clock.now(),
        accept="accept" in request.POST,
        override_reason=request.POST.get("override_reason", "")[:500],
    )
    said = {"batch": batch, "done": "Moved." if batch.kind == "moved" else "Done."}
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
            "as_it_is": preview.what is not None and preview.what.empty,
            "accepted": "accept" in request.POST,
            "override_reason": request.POST.get("override_reason", "")[:500],
            "standing": standing(session),
        },
    )
