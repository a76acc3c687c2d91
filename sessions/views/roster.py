"""Rosters: who has a place in a series, who waits, and the groups of one participant."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from functools import partial
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from participants.models import Participant
from participants.names import full_name
from phpsupport.access.asked import Asked, now_and_today, today_of
from phpsupport.access.gate import allow, load
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.audit.trail import record
from phpsupport.lib import clock, wording
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import policy_in_force
from sessions.actions import enrollment, leaving, offers
from sessions.forms.enrollment import CheckForm, EnrollForm, LeaveForm, LeavingForm
from sessions.grants import PLANNERS
from sessions.line import falls_inside
from sessions.models import Enrollment, GroupSeries, WaitlistEntry
from sessions.queries import enrollment as queries
from sessions.queries.placing import Key, Verdict, judge, may_override
from sessions.queries.series import led_by, pattern_in_words
from sessions.views.form_page import form_page

WHO_SEES_ROSTERS = (*PLANNERS, Role.SUPERVISOR, Role.CLINICIAN)
EDIT = ("GET", "POST")
NAMED_AT_MOST = 3


def load_series(request: Asked, pk: UUID) -> GroupSeries:
    """The series if this person may see it, with its group, room and who leads it."""
    rows = GroupSeries.objects.select_related("group", "room", "program__site")
    return load(request, rows.annotate(people=led_by("series")), pk)


def _whole_name(person: Participant) -> str:
    return full_name(person.first_name, person.last_name, person.preferred_name)


# --- enrolling: choose, look, save ------------------------------------------------------------------
@dataclass
class Enrolling:
    """One person for several series, or several people for one; `keys` name the rows of the page."""

    title: str
    subtitle: str
    back: tuple[str, str]
    form: EnrollForm
    one_series: bool
    series: Sequence[GroupSeries] = ()
    people: Sequence[Participant] = ()

    def key(self, verdict: Verdict) -> str:
        return str(verdict.participant.pk if self.one_series else verdict.series.pk)

    @property
    def keys(self) -> list[str]:
        return [str(x.pk) for x in (self.people if self.one_series else self.series)]

    def full_key(self, key: str) -> Key:
        if self.one_series:
            return (self.series[0].pk, UUID(key))
        return (UUID(key), self.people[0].pk)


@allow(*PLANNERS, methods=EDIT)
def enroll(request: Asked, pk: UUID) -> HttpResponse:
    """Give people a place in a series, or the next places in its line."""
    found = load_series(request, pk)
    request.program = found.program
    here, day = reverse("sessions:series", args=[pk]), today_of(request)
    people = queries.newcomers(
        queries.may_join(found.program, found, user=request.user, today=day), found, day
    )
    outside = [p for p in people if not p.inside]  # type: ignore[attr-defined]
    form = EnrollForm(
        request.POST or None,
        sections=[("People", queries.participant_choices(outside))],
        known={str(p.pk) for p in people},
        missing="Choose at least one person.",
        first=max(day, found.from_on),
        cancel=here,
    )
    desk = Enrolling(
        f"Enroll in {found.group.name}", pattern_in_words(found), (found.group.name, here), form,
        one_series=True, series=[found],
    )  # fmt: skip
    if form.is_valid():
        picked = set(form.cleaned_data["chosen"])
        desk.people = [p for p in people if str(p.pk) in picked]
    return _enrolling(request, desk)


@allow(*PLANNERS, methods=EDIT)
def participant_enroll(request: Asked, pk: UUID) -> HttpResponse:
    """Enroll one person in several groups at once, with what would clash."""
    person = load(request, Participant, pk)
    program = request.program
    at, today = now_and_today(request)
    back = reverse("participants:detail", args=[pk])
    name = _whole_name(person)
    offered = queries.offers(program, participant=person, today=today, at=at)
    outside = [o for o in offered if not o.inside]
    lists = [
        (title, [queries.Choice(str(o.id), o.name, o.line) for o in outside if o.alumni is alumni])
        for title, alumni in (("Groups of the program", False), ("Alumni groups", True))
    ]
    form = EnrollForm(
        request.POST or None,
        sections=lists,
        known={str(o.id) for o in offered},
        missing="Choose at least one group.",
        first=today,
        cancel=back,
    )
    desk = Enrolling(f"Enroll {name}", "", (name, back), form, one_series=False, people=[person])
    if form.is_valid():
        picked = set(form.cleaned_data["chosen"])
        desk.series = [o.series for o in offered if str(o.id) in picked]
    return _enrolling(request, desk)


def _enrolling(request: Asked, desk: Enrolling) -> HttpResponse:
    """Save at once what nothing speaks against; else show every row with what it comes to."""
    form, act = desk.form, request.POST.get("act", "")
    if not form.is_valid() or act == "back" or not (desk.series and desk.people):
        return _choose(request, desk)
    asked = form.cleaned_data
    at = clock.now()
    program = desk.series[0].program_id
    policy = policy_in_force(program, clock.local_date(at, desk.series[0].zone))
    check = CheckForm(request.POST if act == "save" else None, keys=desk.keys)
    typed = asked["leaves_at"]
    leaves = _leaves(desk, check, typed)
    if leaves is None and typed:
        return _choose(request, desk)
    verdicts = judge(
        series=desk.series, people=desk.people, from_on=asked["from_on"],
        until_on=asked["until_on"], at=at, leaves=leaves, policy=policy,
    )  # fmt: skip
    seen = _digest(verdicts)
    if act != "save" and all(_clear(v, bool(typed)) for v in verdicts):
        check = CheckForm({"seen": seen}, keys=desk.keys)
        check.is_valid()
    trouble = ""
    if check.is_bound and check.is_valid():
        out = set(check.cleaned_data["out"])
        kept = [v for v in verdicts if desk.key(v) not in out]
        again = all(v.stands for v in kept)
        if not kept:
            trouble = "Everything is left out. Untick what is to be saved, or go back."
        elif check.cleaned_data["seen"] != seen and not again:
            trouble = "Something changed while you looked. Nothing was saved: look at it again."
        else:
            try:
                placed = _save(request, desk, kept, check.cleaned_data["reason"], at)
            except Refused as refusal:
                trouble = f"Nothing was saved. {refusal.sentence}"
            else:
                _told(request, desk, placed)
                return redirect(desk.back[1])
    elif check.is_bound:
        trouble = "Nothing was saved. One of the times is not a time of day."
    return _look(request, desk, verdicts, check, seen, trouble, may_override(
        request.user, program, policy
    ))  # fmt: skip


def _leaves(desk: Enrolling, check: CheckForm, at: time | None) -> dict[Key, time | None] | None:
    """What is known of early leaving: typed row by row, typed for all, or None to suggest it."""
    if check.is_bound:
        check.is_valid()
        return {desk.full_key(key): at for key, at in check.leaves.items()}
    if at is None:
        return None
    if desk.one_series and not falls_inside(at, desk.series[0].starts, desk.series[0].ends):
        one = desk.series[0]
        desk.form.add_error(
            "leaves_at",
            f"The group runs {wording.span(one.starts, one.ends)}: choose a time inside it, or "
            "leave this empty.",
        )
        return None
    return {
        (s.pk, p.pk): at if falls_inside(at, s.starts, s.ends) else None
        for s in desk.series
        for p in desk.people
    }


def _clear(verdict: Verdict, leaving_was_typed: bool) -> bool:
    """Whether there is nothing to say about it before it is saved."""
    says = verdict.facts or verdict.place or (verdict.leaves_at and not leaving_was_typed)
    return verdict.fine and not says


def _digest(verdicts: Sequence[Verdict]) -> str:
    """What the person was told, so that nothing else is saved under their yes."""
    told = [
        f"{v.key}{v.refused or ''}{[d.sentence for d in v.doubts]}{v.place > 0}" for v in verdicts
    ]
    return sha256("\n".join(told).encode()).hexdigest()[:20]


def _save(
    request: Asked, desk: Enrolling, kept: Sequence[Verdict], reason: str, at: Any
) -> list[enrollment.Placed]:
    asked = desk.form.cleaned_data
    common: dict[str, Any] = {
        "from_on": asked["from_on"], "until_on": asked["until_on"], "accept": True, "at": at,
        "leaves": {v.key: v.leaves_at for v in kept}, "override_reason": reason,
        "by": request.user,
    }  # fmt: skip
    if desk.one_series:
        return enrollment.enroll_several(
            series=desk.series[0], participants=[v.participant for v in kept], **common
        )
    return enrollment.enroll_in_several(
        series=[v.series for v in kept], participant=desk.people[0], **common
    )


def _told(request: Asked, desk: Enrolling, placed: Sequence[enrollment.Placed]) -> None:
    """Each by itself while they are few; else who has a place and who waits."""
    if len(placed) <= NAMED_AT_MOST:
        for one in placed:
            say = messages.warning if one.enrollment is None else messages.success
            say(request, f"{_whole_name(one.participant)}: {one.sentence}")
        return
    has = [_row_name(desk, p) for p in placed if p.enrollment is not None]
    waits = [_row_name(desk, p) for p in placed if p.enrollment is None]
    what = ("person has", "people have") if desk.one_series else ("place", "places")
    if has:
        line = wording.count(len(has), *what) + (" a place" if desk.one_series else " given")
        messages.success(request, f"{line}: {wording.listing(has)}.")
    if waits:
        messages.warning(request, f"Waiting in line: {wording.listing(waits)}.")


def _row_name(desk: Enrolling, placed: enrollment.Placed) -> str:
    return _whole_name(placed.participant) if desk.one_series else placed.series.group.name


def _choose(request: Asked, desk: Enrolling) -> HttpResponse:
    if desk.one_series:
        record(
            "newcomers.read", by=request.user, at=clock.now(), obj=desk.series[0],
            people=[choice.value for _, found in desk.form.sections for choice in found],
        )  # fmt: skip
    return render(
        request,
        "sessions/planner/enroll.html",
        {
            "title": desk.title,
            "subtitle": desk.subtitle,
            "back": desk.back,
            "form": desk.form,
            "many": sum(len(found) for _, found in desk.form.sections) > 8,
            "what": "people" if desk.one_series else "groups",
        },
    )


def _look(
    request: Asked, desk: Enrolling, verdicts: Sequence[Verdict], check: CheckForm, seen: str,
    trouble: str, overrides: bool,
) -> HttpResponse:  # fmt: skip
    """Every row with its verdict; what stands in the way is marked to be left out."""
    single = len(verdicts) == 1
    out = set(request.POST.getlist("out")) if check.is_bound else None
    rows = []
    for v in verdicts:
        key = desk.key(v)
        never = v.refused is not None or bool(v.blocked and (not overrides or v.place))
        marked = never or (bool(v.doubts) and not single if out is None else key in out)
        planned = f"{v.leaves_at:%H:%M}" if v.leaves_at else ""
        rows.append({
            "key": key,
            "name": _whole_name(v.participant) if desk.one_series else v.series.group.name,
            "line": v.participant.record_number if desk.one_series else pattern_in_words(v.series),
            "refused": v.refused.sentence if v.refused else "",
            "doubts": v.doubts,
            "facts": v.facts,
            "waits": v.waits_in_words if v.place else "",
            "has": _has(v),
            "never": never,
            "marked": marked,
            "leaves": check.data.get(f"leaves-{key}", planned) if check.is_bound else planned,
            "iop": getattr(v.episode, "level", "") == "IOP",
            "errors": check.errors.get(f"leaves-{key}", ()) if check.is_bound else (),
        })  # fmt: skip
    blocked = any(v.blocked and v.refused is None and not v.place for v in verdicts)
    return render(
        request,
        "sessions/planner/enroll_look.html",
        {
            "title": desk.title,
            "subtitle": desk.subtitle,
            "back": desk.back,
            "asked": desk.form.data,
            "chosen": desk.keys,
            "rows": rows,
            "seen": seen,
            "trouble": trouble,
            "marked": any(row["marked"] for row in rows),
            "only": all(row["never"] for row in rows),
            "asks_reason": blocked and overrides,
            "reason": request.POST.get("reason", ""),
        },
        status=422 if trouble else 200,
    )


def _has(verdict: Verdict) -> str:
    if verdict.stands is not None:
        return "There already: nothing changes."
    if verdict.refused is not None or verdict.place:
        return ""
    last = f" until {wording.day(verdict.last)}" if verdict.last else ""
    return f"A place from {wording.day(verdict.first)}{last}."


# --- places and the line of a series ----------------------------------------------------------------
@allow(*PLANNERS, methods=EDIT)
def enrollment_end(request: Asked, pk: UUID) -> HttpResponse:
    """End somebody's place; whoever waits first is asked, or gets it."""
    rows = Enrollment.objects.select_related("series__group", "participant", "program__site")
    found = load(request, rows, pk)
    here = reverse("sessions:series", args=[found.series_id])
    name, group = _whole_name(found.participant), found.series.group.name
    at, today = now_and_today(request)
    form = LeaveForm(request.POST or None, initial={"last_on": today}, cancel=here)
    if form.carry_out(partial(leaving.leave_series, enrollment=found, by=request.user, at=at)):
        messages.success(request, f"{name}'s place ends. {_moved_up(form.outcome)}".strip())
        return redirect(here)
    return form_page(
        request, form, f"End {name}'s place", back=(group, here), subtitle=group,
        intro=[
            "Attendance and notes so far stay.",
            "A day before the first day takes the place back as if it had not been given.",
            _who_is_next(found, today),
        ],
    )  # fmt: skip


def _who_is_next(found: Enrollment, today: date) -> str:
    hours = policy_in_force(found.program_id, today)["offer_hours"]
    if not hours:
        return "Whoever waits first moves up by itself."
    return f"Whoever waits first is asked; the place is kept for them for {wording.count(hours, 'hour')}."


def _moved_up(filled: offers.Filled) -> str:
    told = []
    if filled.places:
        moved = wording.count(len(filled.places), "person moves", "people move")
        told.append(f"{moved} up from the waitlist.")
    if filled.offers:
        kept = wording.count(len(filled.offers), "place is", "places are")
        told.append(f"{kept} kept for who is first in line.")
    return " ".join(told)


@allow(*PLANNERS, methods=EDIT)
def enrollment_leaving(request: Asked, pk: UUID) -> HttpResponse:
    """Plan that somebody leaves before the end, or that they stay."""
    rows = Enrollment.objects.select_related("series__group", "participant", "program__site")
    found = load(request, rows, pk)
    here = reverse("sessions:series", args=[found.series_id])
    name, group = _whole_name(found.participant), found.series.group.name
    form = LeavingForm(request.POST or None, initial={"leaves_at": found.leaves_at}, cancel=here)
    plan = partial(leaving.plan_leaving, enrollment=found, by=request.user, at=clock.now())
    if form.carry_out(plan):
        leaves = form.cleaned_data["leaves_at"]
        when = f"leaves at {wording.clock_time(leaves)}" if leaves else "stays to the end"
        messages.success(request, f"{name} {when}.")
        return redirect(here)
    return form_page(
        request, form, f"When {name} leaves", back=(group, here),
        subtitle=pattern_in_words(found.series),
        intro=["It stands on the roster and the attendance sheet, and never counts as left early."],
    )  # fmt: skip


@allow(*PLANNERS, methods=("POST",))
def waitlist_leave(request: Asked, pk: UUID) -> HttpResponse:
    """Take somebody off the waitlist."""
    found = load(request, WaitlistEntry.objects.select_related("program__site"), pk)
    leaving.leave_waitlist(entry=found, by=request.user, at=clock.now())
    messages.success(request, "They no longer wait for this group.")
    return redirect("sessions:series", found.series_id)


@allow(*PLANNERS, methods=("POST",))
def offer_answer(request: Asked, pk: UUID) -> HttpResponse:
    """What somebody said about the place that is kept for them."""
    rows = WaitlistEntry.objects.select_related("participant", "program__site")
    found = load(request, rows, pk)
    name = _whole_name(found.participant)
    own: dict[str, Any] = {"entry": found, "by": request.user, "at": clock.now()}
    try:
        if request.POST.get("act") == "take":
            place = offers.accept_offer(**own)
            messages.success(request, f"{name} has a place from {wording.day(place.from_on)}.")
        elif request.POST.get("act") == "decline":
            filled = offers.decline_offer(**own)
            messages.success(request, f"{name} no longer waits. {_moved_up(filled)}".strip())
        else:
            messages.warning(request, "Nothing changed. Choose whether they take the place.")
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    return redirect("sessions:series", found.series_id)


# --- one participant --------------------------------------------------------------------------------
@allow(Role.PARTICIPANT, methods=("POST",))
def my_offer(request: Asked, pk: UUID) -> HttpResponse:
    """The participant's own answer: take the place, or not now."""
    rows = WaitlistEntry.objects.select_related("series__group", "program__site")
    found = load(request, rows.filter(participant__user=request.user), pk)
    own: dict[str, Any] = {"entry": found, "by": request.user, "at": clock.now()}
    group = found.series.group.name
    try:
        if request.POST.get("act") == "take":
            place = offers.accept_offer(**own)
            messages.success(
                request, f"You have a place in {group} from {wording.day(place.from_on)}."
            )
        elif request.POST.get("act") == "decline":
            offers.decline_offer(**own)
            messages.success(
                request, "That is fine. If you change your mind, tell anybody on the staff."
            )
    except Refused as refusal:
        late = refusal.code in ("lapsed", "left", "full")
        messages.warning(
            request,
            "This place is no longer free. Tell anybody on the staff if you would still like one."
            if late
            else "This place cannot be taken here. Tell anybody on the staff that you would like it.",
        )
    return redirect("home:portal")


@allow(*WHO_SEES_ROSTERS)
def participant_groups(request: Asked, pk: UUID) -> HttpResponse:
    """The groups of a participant: a page of its own, or a part of the participant's."""
    person = load(request, Participant, pk)
    program = request.program
    at, today = now_and_today(request)
    return render(
        request,
        f"sessions/planner/{'_' if request.htmx else ''}participant_groups.html",
        {
            "person": person,
            "name": queries.shown_name(
                person, whole=queries.sees_whole_names(request.user, program.pk)
            ),
            "groups": queries.groups_of(person, user=request.user, at=at, today=today),
            "may_plan": scope_of(request.user).has(program.pk, *PLANNERS),
        },
    )
