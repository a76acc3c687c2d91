"""What those who plan work with: today, the catalogue, rooms, series, sessions and rosters."""

from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from participants.models import Participant
from participants.names import full_name
from phpsupport.access.gate import allow, load
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.lib import clock, wording
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import policy_in_force
from phpsupport.users.models import User
from sessions import policies
from sessions.actions import enrollment as rosters
from sessions.actions import groups as catalogue
from sessions.actions import rooms as places
from sessions.actions import schedule
from sessions.actions import series as runs
from sessions.actions.booking import Clashes
from sessions.forms.enrollment import EnrollForm, LeaveForm, SeveralForm
from sessions.forms.groups import GroupForm
from sessions.forms.rooms import RoomForm
from sessions.forms.schedule import CancelForm, MoveForm, StaffForm
from sessions.forms.series import EndSeriesForm, HandOverForm, SeriesForm, left_out
from sessions.grants import PLANNERS, STAFF_WHO_SEE_THE_WEEK
from sessions.models import (
    Enrollment,
    GroupSeries,
    GroupSession,
    Part,
    Room,
    SupportGroup,
    WaitlistEntry,
)
from sessions.queries import enrollment as roster_queries
from sessions.queries import groups as group_queries
from sessions.queries import rooms as room_queries
from sessions.queries import series as series_queries
from sessions.queries import today as today_queries
from sessions.queries.schedule import for_page, session_page
from sessions.queries.slots import person_name

WHO_SEES_ROSTERS = (*PLANNERS, Role.SUPERVISOR, Role.CLINICIAN)
BOTH = ("GET", "POST")


def _me(request: HttpRequest) -> User:
    return cast(User, request.user)


def _today(request: HttpRequest):  # type: ignore[no-untyped-def]
    return clock.local_date(clock.now(), request.program.zone)  # type: ignore[attr-defined]


def _series(request: HttpRequest, pk: UUID) -> GroupSeries:
    rows = GroupSeries.objects.select_related("group", "room", "program__site")
    return load(request, rows.annotate(people=series_queries.led_by("series")), pk)


def _session(request: HttpRequest, pk: UUID) -> GroupSession:
    return load(request, for_page(GroupSession.objects.all()), pk)


# --- today ------------------------------------------------------------------------------------------
@allow(*PLANNERS)
def today(request: HttpRequest) -> HttpResponse:
    """What needs a person, and each room now and next."""
    found = today_queries.today(
        user=_me(request),
        program=request.program,  # type: ignore[attr-defined]
        at=clock.now(),
    )
    return render(request, "sessions/planner/today.html", {"today": found})


# --- the catalogue ----------------------------------------------------------------------------------
@allow(*PLANNERS)
def groups(request: HttpRequest) -> HttpResponse:
    """Every group that the program offers."""
    found = group_queries.catalogue(request.program, today=_today(request))  # type: ignore[attr-defined]
    return render(
        request,
        "sessions/planner/groups.html",
        {
            "groups": [g for g in found if not g.retired],
            "retired": [g for g in found if g.retired],
        },
    )


@allow(*PLANNERS)
def group(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One group with its series."""
    found = load(request, SupportGroup, pk)
    lines = series_queries.series_lines(
        GroupSeries.objects.filter(group=found), today=_today(request)
    )
    return render(
        request,
        "sessions/planner/group.html",
        {
            "group": found,
            "running": [line for line in lines if not line.ended],
            "ended": [line for line in reversed(lines) if line.ended],
        },
    )


@allow(*PLANNERS, methods=BOTH)
def group_new(request: HttpRequest) -> HttpResponse:
    """Add a group to the catalogue."""
    form = GroupForm(request.POST or None, cancel=reverse("sessions:groups"))
    if request.method == "POST" and form.is_valid():
        try:
            made = catalogue.create_group(
                program=request.program,  # type: ignore[attr-defined]
                by=_me(request),
                at=clock.now(),
                **form.cleaned_data,
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(
                request, f"{made.name} is in the catalogue. Plan its first series next."
            )
            return redirect("sessions:group", made.pk)
    return _form(request, form, "New group", back=("Groups", reverse("sessions:groups")))


@allow(*PLANNERS, methods=BOTH)
def group_edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Change what the catalogue says of a group."""
    found = load(request, SupportGroup, pk)
    here = reverse("sessions:group", args=[pk])
    initial = {name: getattr(found, name) for name in GroupForm.base_fields}
    form = GroupForm(request.POST or None, initial=initial, cancel=here)
    if request.method == "POST" and form.is_valid():
        try:
            catalogue.edit_group(group=found, by=_me(request), at=clock.now(), **form.cleaned_data)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "The group is changed. Series that run keep their own size.")
            return redirect(here)
    return _form(request, form, f"Edit {found.name}", back=(found.name, here))


@allow(*PLANNERS, methods=("POST",))
def group_retire(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take a group out of the catalogue, or put it back."""
    found = load(request, SupportGroup, pk)
    again = "again" in request.POST
    try:
        if again:
            catalogue.offer_group_again(group=found, by=_me(request), at=clock.now())
        else:
            catalogue.retire_group(
                group=found,
                on=_today(request),
                by=_me(request),
                at=clock.now(),
            )
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return redirect("sessions:group", pk)
    messages.success(
        request,
        f"{found.name} is offered again."
        if again
        else f"{found.name} is retired. Its history stays.",
    )
    return redirect("sessions:group" if again else "sessions:groups", *([pk] if again else []))


# --- rooms ------------------------------------------------------------------------------------------
@allow(*PLANNERS)
def rooms(request: HttpRequest) -> HttpResponse:
    """The rooms of the site."""
    found = room_queries.rooms(request.program, at=clock.now())  # type: ignore[attr-defined]
    return render(
        request,
        "sessions/planner/rooms.html",
        {
            "rooms": [r for r in found if not r.retired],
            "retired": [r for r in found if r.retired],
        },
    )


@allow(*PLANNERS, methods=BOTH)
def room_new(request: HttpRequest) -> HttpResponse:
    """Add a room."""
    form = RoomForm(request.POST or None, cancel=reverse("sessions:rooms"))
    if request.method == "POST" and form.is_valid():
        try:
            made = places.create_room(
                program=request.program,  # type: ignore[attr-defined]
                by=_me(request),
                at=clock.now(),
                **form.cleaned_data,
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, f"{made.name} can be booked now.")
            return redirect("sessions:rooms")
    return _form(request, form, "New room", back=("Rooms", reverse("sessions:rooms")))


@allow(*PLANNERS, methods=BOTH)
def room_edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Change a room."""
    found = load(request, Room, pk)
    initial = {name: getattr(found, name) for name in RoomForm.base_fields}
    form = RoomForm(request.POST or None, initial=initial, cancel=reverse("sessions:rooms"))
    if request.method == "POST" and form.is_valid():
        try:
            places.edit_room(
                room=found,
                program=request.program,  # type: ignore[attr-defined]
                by=_me(request),
                at=clock.now(),
                **form.cleaned_data,
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "The room is changed.")
            return redirect("sessions:rooms")
    return _form(
        request, form, f"Edit {found.name}", back=("Rooms", reverse("sessions:rooms")),
        retire=reverse("sessions:room-retire", args=[pk]), retired=bool(found.retired_on),
    )  # fmt: skip


@allow(*PLANNERS, methods=("POST",))
def room_retire(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take a room out of use, or into use again."""
    found = load(request, Room, pk)
    act = places.use_room_again if "again" in request.POST else places.retire_room
    day = {} if "again" in request.POST else {"on": _today(request)}
    try:
        act(
            room=found,
            program=request.program,  # type: ignore[attr-defined]
            by=_me(request),
            at=clock.now(),
            **day,
        )
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return redirect("sessions:room-edit", pk)
    words = "is in use again" if "again" in request.POST else "is out of use. Its history stays"
    messages.success(request, f"{found.name} {words}.")
    return redirect("sessions:rooms")


# --- series -----------------------------------------------------------------------------------------
@allow(*PLANNERS, methods=BOTH)
def series_new(request: HttpRequest) -> HttpResponse:
    """Plan a series: every date is shown with its verdict before anything is saved."""
    program = request.program  # type: ignore[attr-defined]
    form = SeriesForm(
        request.POST or None,
        user=_me(request),
        program=program,
        initial=_suggested(request),
    )
    shown, out = None, left_out(request.POST.getlist("leave_out"))
    if request.method == "POST" and form.is_valid():
        act = request.POST.get("act", "preview")
        marked = left_out(request.POST.getlist("marked" if act == "rest" else "blocked"))
        if act in ("rest", "open"):
            out |= marked
        try:
            if act != "preview":
                made = _create(request, form, out, accept=act in ("open", "anyway"))
                number = made.sessions.count()
                messages.success(
                    request,
                    f"{made.group.name} is planned: {wording.count(number, 'session')}. "
                    "Enroll people next.",
                )
                return redirect("sessions:series", made.pk)
            shown = _preview(request, form)
        except Clashes as clash:
            messages.error(request, f"Nothing was saved. {clash.sentence}")
            shown = _preview(request, form)
        except Refused as refusal:
            form.refuse(refusal)
    return render(
        request,
        "sessions/planner/series_new.html",
        {"form": form, "preview": shown, "left_out": {d.isoformat() for d in out}},
    )


@allow(*PLANNERS)
def series_preview(request: HttpRequest) -> HttpResponse:
    """The dates of the series that is being typed, as a part of the page."""
    form = SeriesForm(request.GET, user=_me(request), program=request.program)  # type: ignore[attr-defined]
    shown, missing = None, ""
    if form.is_valid():
        try:
            shown = _preview(request, form)
        except Refused as refusal:
            missing = refusal.sentence
    else:
        missing = _still_missing(form)
    return render(
        request,
        "sessions/planner/_dates.html",
        {
            "preview": shown,
            "missing": missing,
            "left_out": {d.isoformat() for d in left_out(request.GET.getlist("leave_out"))},
        },
    )


def _suggested(request: HttpRequest) -> dict[str, Any]:
    """What the address already says: a group chosen on its page, a slot chosen in the week."""
    initial: dict[str, Any] = {}
    try:
        chosen = UUID(request.GET.get("group", ""))
    except ValueError:
        return initial
    found = SupportGroup.objects.visible_to(_me(request)).filter(pk=chosen).first()
    if found is not None:
        initial = {"group": found.pk, "capacity": found.capacity}
    return initial


def _still_missing(form: SeriesForm) -> str:
    """The first fault that is more than an empty field, or what is still to be chosen."""
    for name, faults in form.errors.as_data().items():
        for fault in faults:
            if fault.code != "required" and name in form.fields:
                return " ".join(fault.messages)
    empty = [
        str(form.fields[name].label or name).lower()
        for name, faults in form.errors.as_data().items()
        if faults[0].code == "required"
    ]
    return f"Still to choose: {wording.listing(empty)}."


def _preview(request: HttpRequest, form: SeriesForm) -> series_queries.Preview:
    program, day, data = request.program, _today(request), form.cleaned_data  # type: ignore[attr-defined]
    return series_queries.preview(
        program=program,
        group=data["group"],
        room=data["room"],
        pattern=form.pattern(),
        people=form.people(),
        capacity=data["capacity"],
        today=day,
        group_cap=policy_in_force(program.pk, day)["group_cap"],
    )


def _create(request: HttpRequest, form: SeriesForm, out: set[Any], *, accept: bool) -> GroupSeries:
    data = form.cleaned_data
    return runs.create_series(
        group=data["group"],
        room=data["room"],
        weekdays=data["weekdays"],
        starts=data["starts"],
        ends=data["ends"],
        zone=form.program.zone,
        from_on=data["from_on"],
        until_on=data["until_on"],
        capacity=data["capacity"],
        lead=data["lead"],
        co=data["co"],
        leave_out=out,
        accept_not_cleared=accept,
        by=_me(request),
        at=clock.now(),
    )


@allow(*WHO_SEES_ROSTERS)
def series(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One series: facts, dates, roster, waitlist."""
    found = _series(request, pk)
    return render(request, "sessions/planner/series.html", _series_page(request, found))


def _series_page(
    request: HttpRequest, found: GroupSeries, form: EnrollForm | None = None
) -> dict[str, Any]:
    day = _today(request)
    may_plan = scope_of(_me(request)).has(found.program_id, *PLANNERS)
    runs_on = day <= found.until_on
    if form is None and may_plan and runs_on:
        form = _enroll_form(request, found)
    return {
        "series": found,
        "when": series_queries.pattern_in_words(found),
        "days": f"{wording.date_in_full(found.from_on)} – {wording.date_in_full(found.until_on)}",
        "leads": [
            {
                "name": person_name(p),
                "part": "leads" if p["part"] == Part.LEAD else "co-facilitates",
            }
            for p in found.people  # type: ignore[attr-defined]
        ],
        "dates": series_queries.dates_of_series(found, at=clock.now()),
        "roster": roster_queries.roster_of_series(found, user=_me(request), today=day),
        "form": form,
        "may_plan": may_plan,
        "runs": runs_on,
    }


def _enroll_form(request: HttpRequest, found: GroupSeries, data: Any = None) -> EnrollForm:
    day = _today(request)
    people = roster_queries.may_join(found.program, found, user=_me(request), today=day)
    return EnrollForm(
        data,
        people=roster_queries.participant_choices(people),
        first=max(day, found.from_on),
    )


@allow(*PLANNERS, methods=BOTH)
def series_end(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End a series from a day on."""
    found = _series(request, pk)
    here = reverse("sessions:series", args=[pk])
    form = EndSeriesForm(
        request.POST or None,
        initial={"last_on": max(_today(request), found.from_on)},
        cancel=here,
    )
    if request.method == "POST" and form.is_valid():
        try:
            number = runs.end_series(
                series=found,
                last_on=form.cleaned_data["last_on"],
                reason=form.cleaned_data["reason"],
                by=_me(request),
                at=clock.now(),
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(
                request,
                f"The series ends. {wording.count(number, 'session is', 'sessions are')} cancelled; "
                "who was expected in the next two weeks is told.",
            )
            return redirect(here)
    return _form(
        request, form, f"End {found.group.name}", back=(found.group.name, here),
        intro=[
            "Sessions that were held, or have attendance or notes, stay as they are.",
            "Later sessions are cancelled and stay visible as cancelled.",
            "Places end on the last day and the waitlist closes.",
            "People expected in the next two weeks get a neutral message.",
        ],
    )  # fmt: skip


@allow(*PLANNERS, methods=BOTH)
def series_hand_over(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Somebody else leads the coming sessions."""
    found = _series(request, pk)
    here = reverse("sessions:series", args=[pk])
    form = HandOverForm(
        request.POST or None, user=_me(request), series=found, today=_today(request), cancel=here
    )
    clash = None
    if request.method == "POST" and form.is_valid():
        act = request.POST.get("act", "")
        out = left_out(request.POST.getlist("blocked")) if act == "rest" else set()
        try:
            number = runs.replace_facilitator(
                series=found,
                old=form.cleaned_data["old"],
                new=form.cleaned_data["new"],
                from_on=form.cleaned_data["from_on"],
                leave_out=out,
                accept_not_cleared="accept" in request.POST,
                by=_me(request),
                at=clock.now(),
            )
        except Clashes as refusal:
            clash = refusal
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, f"{wording.count(number, 'session')} changed.")
            return redirect(here)
    return _form(
        request, form, f"Who leads {found.group.name}", back=(found.group.name, here), clash=clash,
        rest="Leave those dates as they are and change the others",
    )  # fmt: skip


# --- one session ------------------------------------------------------------------------------------
@allow(*STAFF_WHO_SEE_THE_WEEK)
def session(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One session: who leads, who is expected, what became of it."""
    found = _session(request, pk)
    may_see = policies.can_see_roster(_me(request), found) is None
    now = clock.now()
    return render(
        request,
        "sessions/planner/session.html",
        {
            "session": found,
            "page": session_page(found, at=now, with_people=may_see),
            "may_see": may_see,
            "may_plan": scope_of(_me(request)).has(found.program_id, *PLANNERS),
            "may_open_people": scope_of(_me(request)).has(
                found.program_id, *PLANNERS, Role.CLINICIAN
            ),
            "may_open_series": scope_of(_me(request)).has(found.program_id, *WHO_SEES_ROSTERS),
            "history": schedule.refuse_history(found, now),
            "leads_it": any(p["person"] == str(_me(request).pk) for p in found.leaders),  # type: ignore[attr-defined]
        },
    )


@allow(*PLANNERS, methods=BOTH)
def session_move(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Give one session another day, time or room."""
    found = _session(request, pk)
    here = reverse("sessions:session", args=[pk])
    now = session_page(found, at=clock.now(), with_people=False)
    initial = {
        "on": found.local_date, "starts": now.starts.time(), "ends": now.ends.time(),
        "room": found.room_id,
    }  # fmt: skip
    form = MoveForm(
        request.POST or None, user=_me(request), session=found, initial=initial, cancel=here
    )
    clash = None
    if request.method == "POST" and form.is_valid():
        try:
            schedule.move_session(
                session=found,
                **form.cleaned_data,
                accept_not_cleared="accept" in request.POST,
                by=_me(request),
                at=clock.now(),
            )
        except Clashes as refusal:
            clash = refusal
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "The session is moved. If its time changed, people are told.")
            return redirect(here)
    return _form(
        request, form, "Move this session", back=(found.series.group.name, here),
        subtitle=f"{found.series.group.name} · {now.when} · {found.room.name}", clash=clash,
        stop=schedule.refuse_history(found, clock.now()),
    )  # fmt: skip


@allow(*PLANNERS, methods=BOTH)
def session_staff(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Set who leads one session."""
    found = _session(request, pk)
    here = reverse("sessions:session", args=[pk])
    people = found.leaders  # type: ignore[attr-defined]
    initial = {
        "lead": next((p["id"] for p in people if p["part"] == Part.LEAD), None),
        "co": [p["id"] for p in people if p["part"] == Part.CO],
    }
    form = StaffForm(
        request.POST or None, user=_me(request), session=found, initial=initial, cancel=here
    )
    clash = None
    if request.method == "POST" and form.is_valid():
        try:
            schedule.staff_session(
                session=found,
                lead=form.cleaned_data["lead"],
                co=form.cleaned_data["co"],
                accept_not_cleared="accept" in request.POST,
                by=_me(request),
                at=clock.now(),
            )
        except Clashes as refusal:
            clash = refusal
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "Who leads this session is set.")
            return redirect(here)
    when = session_page(found, at=clock.now(), with_people=False).when
    return _form(
        request, form, "Who leads this session", back=(found.series.group.name, here),
        subtitle=f"{found.series.group.name} · {when} · {found.room.name}", clash=clash,
        stop=schedule.refuse_history(found, clock.now()),
    )  # fmt: skip


@allow(*PLANNERS, methods=BOTH)
def session_cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Cancel one session, with the reason."""
    found = _session(request, pk)
    here = reverse("sessions:session", args=[pk])
    form = CancelForm(request.POST or None, cancel=here)
    if request.method == "POST" and form.is_valid():
        try:
            schedule.cancel_session(
                session=found,
                reason=form.cleaned_data["reason"],
                by=_me(request),
                at=clock.now(),
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "The session is cancelled and people are told.")
            return redirect(here)
    when = session_page(found, at=clock.now(), with_people=False).when
    return _form(
        request, form, "Cancel this session", back=(found.series.group.name, here),
        subtitle=f"{found.series.group.name} · {when} · {found.room.name}",
        intro=[
            "The room and those who lead are free again.",
            "Everybody on the roster gets a neutral message; reminders that wait are withheld.",
            "The session stays visible as cancelled.",
        ],
        stop=schedule.refuse_history(found, clock.now()),
    )  # fmt: skip


# --- rosters ----------------------------------------------------------------------------------------
@allow(*PLANNERS, methods=BOTH)
def enroll(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Give somebody a place in a series, or the next place in its line."""
    found = _series(request, pk)
    here = reverse("sessions:series", args=[pk])
    form = _enroll_form(request, found, request.POST or None)
    form.cancel = here
    notes: list[str] = []
    if request.method == "POST" and form.is_valid():
        person = load(request, Participant, form.cleaned_data["participant"], read=False)
        request.program = found.program  # type: ignore[attr-defined]
        notes = roster_queries.overlaps(
            person, [found.pk], program=found.program, from_on=form.cleaned_data["from_on"],
            at=clock.now(),
        )  # fmt: skip
        if not notes or "accept" in request.POST:
            try:
                placed = rosters.enroll(
                    series=found,
                    participant=person,
                    from_on=form.cleaned_data["from_on"],
                    until_on=form.cleaned_data["until_on"],
                    by=_me(request),
                    at=clock.now(),
                )
            except Refused as refusal:
                notes = []
                form.refuse(refusal)
            else:
                _told(request, person, placed)
                return redirect(here)
    return _form(
        request, form, f"Enroll in {found.group.name}", back=(found.group.name, here),
        subtitle=series_queries.pattern_in_words(found), overlaps=notes,
    )  # fmt: skip


def _told(request: HttpRequest, person: Participant, placed: rosters.Placed) -> None:
    name = full_name(person.first_name, person.last_name, person.preferred_name)
    if placed.enrollment is None:
        messages.warning(request, f"{name}: {placed.sentence}")
    else:
        messages.success(request, f"{name}: {placed.sentence}")


@allow(*PLANNERS, methods=BOTH)
def enrollment_end(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End somebody's place; whoever waits first gets it."""
    rows = Enrollment.objects.select_related("series__group", "participant", "program__site")
    found = load(request, rows, pk)
    here = reverse("sessions:series", args=[found.series_id])
    person = found.participant
    name = full_name(person.first_name, person.last_name, person.preferred_name)
    form = LeaveForm(request.POST or None, initial={"last_on": _today(request)}, cancel=here)
    if request.method == "POST" and form.is_valid():
        try:
            moved_up = rosters.leave_series(
                enrollment=found,
                last_on=form.cleaned_data["last_on"],
                by=_me(request),
                at=clock.now(),
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, f"{name}'s place ends. {_moved_up(moved_up)}".strip())
            return redirect(here)
    return _form(
        request, form, f"End {name}'s place", back=(found.series.group.name, here),
        subtitle=found.series.group.name,
        intro=[
            "Attendance and notes so far stay.",
            "A day before the first day takes the place back as if it had not been given.",
            "Whoever waits first moves up by itself.",
        ],
    )  # fmt: skip


def _moved_up(given: list[Enrollment]) -> str:
    if not given:
        return ""
    return f"{wording.count(len(given), 'person moves', 'people move')} up from the waitlist."


@allow(*PLANNERS, methods=("POST",))
def waitlist_leave(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take somebody off the waitlist."""
    found = load(request, WaitlistEntry.objects.select_related("program__site"), pk)
    rosters.leave_waitlist(entry=found, by=_me(request), at=clock.now())
    messages.success(request, "They no longer wait for this group.")
    return redirect("sessions:series", found.series_id)


@allow(*WHO_SEES_ROSTERS)
def participant_groups(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The groups of a participant: a page of its own, or a part of the participant's."""
    person = load(request, Participant, pk)
    program = request.program  # type: ignore[attr-defined]
    found = roster_queries.groups_of(person, user=_me(request), today=_today(request))
    return render(
        request,
        f"sessions/planner/{'_' if request.htmx else ''}participant_groups.html",  # type: ignore[attr-defined]
        {
            "person": person,
            "name": full_name(person.first_name, person.last_name, person.preferred_name),
            "groups": found,
            "may_plan": scope_of(_me(request)).has(program.pk, *PLANNERS),
        },
    )


@allow(*PLANNERS, methods=BOTH)
def participant_enroll(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Enroll one person in several groups at once, with what would clash."""
    person = load(request, Participant, pk)
    program, day = request.program, _today(request)  # type: ignore[attr-defined]
    back = reverse("participants:detail", args=[pk])
    name = full_name(person.first_name, person.last_name, person.preferred_name)
    offered = roster_queries.offers(program, participant=person, today=day)
    form = SeveralForm(
        request.POST or None,
        offers=[(str(o.id), o.label + (" · full: waits" if o.full else "")) for o in offered],
        first=day,
        cancel=back,
    )
    conflicts: list[str] = []
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data["series"]
        conflicts = roster_queries.overlaps(
            person, map(UUID, chosen), program=program, from_on=form.cleaned_data["from_on"],
            at=clock.now(),
        )  # fmt: skip
        if not conflicts or "accept" in request.POST:
            try:
                given = rosters.enroll_in_several(
                    series=GroupSeries.objects.filter(pk__in=chosen, program=program),
                    participant=person,
                    from_on=form.cleaned_data["from_on"],
                    until_on=form.cleaned_data["until_on"],
                    by=_me(request),
                    at=clock.now(),
                )
            except Refused as refusal:
                conflicts = []
                form.refuse(refusal)
            else:
                for placed in given:
                    _told(request, person, placed)
                return redirect(back)
    return _form(
        request, form, f"Enroll {name}", back=(name, back), overlaps=conflicts,
        stop="" if offered else "There is no running group that this person is not in already.",
    )  # fmt: skip


# --- a page with one form ---------------------------------------------------------------------------
def _form(
    request: HttpRequest,
    form: Any,
    title: str,
    *,
    back: tuple[str, str],
    subtitle: str = "",
    intro: list[str] | None = None,
    clash: Clashes | None = None,
    overlaps: list[str] | None = None,
    stop: str | None = None,
    rest: str = "",
    retire: str = "",
    retired: bool = False,
) -> HttpResponse:
    return render(
        request,
        "sessions/planner/form.html",
        {
            "form": form,
            "title": title,
            "back": back,
            "subtitle": subtitle,
            "intro": intro or [],
            "clash": clash,
            "overlaps": overlaps or [],
            "stop": stop,
            "rest": rest,
            "retire": retire,
            "retired": retired,
        },
    )
