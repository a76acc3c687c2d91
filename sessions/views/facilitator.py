"""The facilitator's pages: my day, attendance, outcome, notes, signing, and what comes after."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse

from phpsupport.access.gate import allow, load, require
from phpsupport.access.roles import Role
from phpsupport.lib import clock, wording
from phpsupport.lib.errors import Refused
from phpsupport.users.confirming import confirm_identity
from sessions import policies
from sessions.actions.attendance import Stale, mark_attendance
from sessions.actions.notes import (
    Saved,
    add_addendum,
    findings_in,
    save_drafts,
    sign_notes,
    void_note,
)
from sessions.actions.outcome import report_outcome
from sessions.forms.attendance import CHOICES, OutcomeForm, SheetForm, rows_of
from sessions.forms.note import AddendumForm, SignForm, VoidForm, form_of, read_parts
from sessions.models import GroupNote, GroupSession, ProgressNote, SessionState
from sessions.queries.answers import asked_of
from sessions.queries.attendance import (
    Person,
    can_walk_in,
    find_walk_ins,
    heading,
    person_of,
    roster,
    walk_in_warnings,
    with_heading,
)
from sessions.queries.my_day import my_day as day_of
from sessions.queries.notes import Desk, Part, desk

MARKING = (Role.FACILITATOR, Role.SCHEDULER, Role.PROGRAM_LEAD)
SEEN = "notes.seen"


def _session(request: HttpRequest, pk: UUID) -> GroupSession:
    return load(request, with_heading(GroupSession.objects.all(), reader=request.user), pk)  # type: ignore[arg-type]


def _address(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


@allow(Role.FACILITATOR)
def my_day(request: HttpRequest) -> HttpResponse:
    """What asks for an answer, the next group, what is unfinished, the rest of today."""
    asks: Any = {"user": request.user, "program": request.program, "at": clock.now()}  # type: ignore[attr-defined]
    context = {
        "day": day_of(**asks),
        "asked": asked_of(**asks),
        "practice": _address("facilitators:my-practice"),
    }
    return render(request, "sessions/facilitator/my_day.html", context)


# --- attendance -----------------------------------------------------------------------------------------
@allow(*MARKING, methods=("GET", "POST"))
def attendance(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Mark who came. Saving, finding a walk-in and adding one are buttons of the same form, so that
    nothing marked is lost on the way."""
    session = _session(request, pk)
    require(policies.can_mark_attendance(request.user, session))  # type: ignore[arg-type]
    people = roster(session)
    if request.method == "GET":
        sheet = SheetForm(initial={"version": session.attendance_version})
        return _attendance_page(request, session, people, rows_of(people), sheet)
    data: Any = request.POST.copy()
    if "all" in data:
        for person in people:
            if not data.get(f"p-{person.participant_id}-status"):
                data[f"p-{person.participant_id}-status"] = "present"
    added = _added(session, people, data)
    rows = rows_of(people, data, added=added)
    sheet = SheetForm(data)
    if "find" in data or "add" in data:
        found = find_walk_ins(
            session, data.get("q", ""), [row.person.participant_id for row in rows]
        ) if "find" in data else []  # fmt: skip
        return _attendance_page(
            request, session, people, rows, sheet, found=found, q=data.get("q", ""),
            searched="find" in data,
        )  # fmt: skip
    if not sheet.is_valid() or any(row.errors for row in rows):
        return _attendance_page(request, session, people, rows, sheet, status=422)
    try:
        marked = mark_attendance(
            session=session,
            marks=[row.form.mark(row.person.participant_id) for row in rows],
            version=sheet.cleaned_data["version"],
            by=request.user,  # type: ignore[arg-type]
            at=clock.now(),
            why=sheet.cleaned_data["why"],
        )
    except Stale as stale:
        session.refresh_from_db(fields=["attendance_version", "state"])
        return _show_both(request, session, stale, data)
    except Refused as refusal:
        refusal.add_to(sheet)
        for row in rows:
            if refusal.field == row.key:
                row.errors = (refusal.sentence,)
        return _attendance_page(request, session, people, rows, sheet, status=422)
    left = wording.count(marked.unmarked, "person is", "people are")
    messages.success(
        request,
        "Attendance saved." if not marked.unmarked else f"Attendance saved. {left} not marked yet.",
    )
    onwards = "sessions:note" if "notes" in data else "sessions:attendance"
    return redirect(onwards, pk=session.pk)


def _added(session: GroupSession, people: list[Person], data: Mapping[str, Any]) -> list[Person]:
    """Walk-ins on the page that are not stored yet."""
    there = {str(person.participant_id) for person in people}
    ids = {key[2:38] for key in data if key.startswith("p-") and key.endswith("-walk_in")}
    if data.get("add"):
        ids.add(str(data["add"]))
    wanted = []
    for text in ids - there:
        try:
            wanted.append(UUID(text))
        except ValueError:
            continue
    if not wanted:
        return []
    return [
        person_of(participant, on=session.local_date)
        for participant in can_walk_in(session).filter(pk__in=wanted).order_by("first_name", "pk")
    ]


def _show_both(
    request: HttpRequest, session: GroupSession, stale: Stale, data: Mapping[str, Any]
) -> HttpResponse:
    """What was typed, and beside it what somebody else saved in the meantime."""
    people = list(stale.now)
    rows = rows_of(people, data, added=_added(session, people, data))
    for row in rows:
        there = row.person
        if there.status and (there.status, _hm(there.arrived), _hm(there.departed), there.reason) != (
            row.chosen, row.arrived, row.departed, row.reason,
        ):  # fmt: skip
            when = (
                there.marked_at.astimezone(ZoneInfo(session.program.zone))
                if there.marked_at
                else None
            )
            at = f" at {wording.clock_time(when)}" if when else ""
            row.stored = f"{there.mark}, marked{at} by {there.marked_by or 'the import'}"
    typed: Any = dict(data.items()) | {"version": str(session.attendance_version)}
    sheet = SheetForm(typed)
    sheet.is_valid()
    stale.add_to(sheet)
    return _attendance_page(request, session, people, rows, sheet, status=409)


def _hm(at: Any) -> str:
    return f"{at:%H:%M}" if at else ""


def _attendance_page(
    request: HttpRequest,
    session: GroupSession,
    people: list[Person],
    rows: list[Any],
    sheet: SheetForm,
    *,
    found: list[Person] | None = None,
    q: str = "",
    searched: bool = False,
    status: int = 200,
) -> HttpResponse:
    takes = session.state in (SessionState.SCHEDULED, SessionState.HELD)
    warned = walk_in_warnings(session, [row.person for row in rows if row.added], people)
    for row in rows:
        row.warnings = tuple(warned.get(row.person.participant_id, ()))
    context = {
        "session": session,
        "head": heading(session),
        "rows": rows,
        "sheet": sheet,
        "choices": CHOICES,
        "reasons": rows[0].form.fields["reason"].choices if rows else [],
        "marked": sum(1 for row in rows if row.chosen),
        "found": found or [],
        "q": q,
        "searched": searched,
        "takes_marks": takes,
        "leads": policies.can_write_notes(request.user, session) is None,  # type: ignore[arg-type]
        "asks_why": "why" in sheet.errors or bool(sheet["why"].value()),
    }
    return render(request, "sessions/facilitator/attendance.html", context, status=status)


@allow(*MARKING, methods=("GET", "POST"))
def outcome(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Held, or not held and why."""
    session = _session(request, pk)
    require(policies.can_mark_attendance(request.user, session))  # type: ignore[arg-type]
    back = reverse("sessions:attendance", args=[session.pk])
    before = "" if session.state == SessionState.SCHEDULED else session.state
    form = OutcomeForm(
        request.POST or None,
        initial={"outcome": before, "reason": session.state_reason},
        cancel=back,
    )
    if request.method == "POST" and form.is_valid():
        try:
            saved = report_outcome(
                session=session,
                outcome=form.cleaned_data["outcome"],
                reason=form.cleaned_data["reason"],
                clear_marks=form.cleaned_data["clear_marks"],
                by=request.user,  # type: ignore[arg-type]
                at=clock.now(),
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            held = saved.state == SessionState.HELD
            messages.success(request, "Saved: it was held." if held else "Saved: it was not held.")
            if held or policies.can_write_notes(request.user, session):  # type: ignore[arg-type]
                return redirect(back)
            return redirect("sessions:my-day")
    status = 422 if form.errors else 200
    context = {"session": session, "head": heading(session), "form": form, "back": back}
    return render(request, "sessions/facilitator/outcome.html", context, status=status)


# --- notes ----------------------------------------------------------------------------------------------
@allow(Role.FACILITATOR, methods=("GET", "POST"))
def note(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Write the group's part and each person's. What is typed is saved as it is typed; the page's
    script asks for JSON, the button sends the form."""
    session = _session(request, pk)
    require(policies.can_write_notes(request.user, session))  # type: ignore[arg-type]
    there = desk(session)
    if request.method == "GET":
        return _note_page(request, session, there)
    typed, faulty = read_parts(there, request.POST)
    as_json = request.headers.get("Accept", "").startswith("application/json")
    try:
        saved = save_drafts(session=session, parts=typed, by=request.user, at=clock.now())  # type: ignore[arg-type]
    except Refused as refusal:
        if as_json:
            return JsonResponse({"refused": refusal.sentence}, status=422)
        messages.error(request, refusal.sentence)
        return _note_page(request, session, there, data=request.POST, status=422)
    if as_json:
        return _saved_json(session, saved, faulty)
    if saved.whole and not faulty:
        if "sign" in request.POST:
            return redirect("sessions:note-sign", pk=session.pk)
        messages.success(request, "Your notes are saved.")
        return redirect("sessions:note", pk=session.pk)
    return _note_page(
        request,
        session,
        desk(session),
        data=request.POST,
        saved=saved,
        status=422 if faulty else 409,
    )


def _saved_json(session: GroupSession, saved: Saved, faulty: list[Any]) -> JsonResponse:
    local = clock.now().astimezone(ZoneInfo(session.program.zone))
    body = {
        "at": wording.clock_time(local),
        "versions": {_key(key): version for key, version in saved.versions.items()},
        "stale": [_key(key) for key in saved.stale],
        "signed": [_key(key) for key in saved.signed],
        "faulty": [form.prefix for form in faulty],
    }
    whole = saved.whole and not faulty
    return JsonResponse(body, status=200 if whole else 409)


def _key(participant_id: UUID | None) -> str:
    return f"p-{participant_id}" if participant_id else "group"


def _note_page(
    request: HttpRequest,
    session: GroupSession,
    there: Desk,
    *,
    data: Mapping[str, Any] | None = None,
    saved: Saved | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page; after a conflict with what was typed in the fields and the stored words beside."""
    stale = saved.stale if saved else {}
    typed: Any = None
    if data is not None:
        typed = dict(data.items())
        for part in (there.group, *there.parts):
            key = part.person.participant_id if part.person else None
            if f"{part.key}-version" in typed:
                typed[f"{part.key}-version"] = str(part.version)
            if key in stale:
                part.theirs = part.words

    def shown(part: Part) -> dict[str, Any]:
        sent = typed if typed is not None and f"{part.key}-version" in typed else None
        form = form_of(part, sent)
        if sent is not None:
            form.is_valid()
        return {"part": part, "form": form, "person": part.person}

    at = there.saved_at
    local = at.astimezone(ZoneInfo(session.program.zone)) if at else None
    context = {
        "session": session,
        "head": heading(session),
        "desk": there,
        "group": shown(there.group),
        "came": [shown(part) for part in there.came],
        "others": [shown(part) for part in there.others],
        "unmarked": there.unmarked,
        "saved_at": wording.clock_time(local) if local else "",
        "conflict": bool(stale),
        "signed_meanwhile": bool(saved and saved.signed),
    }
    return render(request, "sessions/facilitator/note.html", context, status=status)


@allow(Role.FACILITATOR, methods=("GET", "POST"))
def note_sign(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Read everything once more, settle what was found, and sign."""
    session = _session(request, pk)
    require(policies.can_sign_note(request.user, session))  # type: ignore[arg-type]
    there = desk(session)
    ready = [
        part
        for part in there.came
        if not part.signed and not part.blank and part.person and part.person.status
    ]
    with_group = not there.group.signed and not there.group.blank
    shown = {part.person.participant_id: part.version for part in ready if part.person}
    findings = findings_in(there, group=with_group, parts=list(shown))
    seen: dict[str, int] = {str(key): version for key, version in shown.items()}
    if with_group:
        seen["group"] = there.group.version
    head = heading(session)
    form = SignForm(
        request.POST or None,
        initial={"started": head.starts, "ended": head.ends},
        findings=findings,
        group=with_group,
        cancel=reverse("sessions:note", args=[session.pk]),
    )
    form.cancel_word = "Back to the notes"
    if request.method == "POST" and form.is_valid():
        try:
            read = signing.loads(request.POST.get("seen", ""), salt=SEEN)
            confirm_identity(request, form.cleaned_data["secret"])
            signed = sign_notes(
                session=session,
                seen={None if key == "group" else UUID(key): v for key, v in read.items()},
                explained=form.explained,
                by=request.user,  # type: ignore[arg-type]
                at=clock.now(),
                **form.times(session),
            )
        except signing.BadSignature:
            messages.error(
                request, "The notes changed since you opened this page. Read them again."
            )
            return redirect("sessions:note-sign", pk=session.pk)
        except Refused as refusal:
            if refusal.code in ("signed", "changed"):
                messages.warning(request, refusal.sentence)
                return redirect("sessions:notes-of-session", pk=session.pk)
            form.refuse(refusal)
        else:
            said = wording.count(len(signed.notes), "note is", "notes are")
            then = " Your supervisor has been told." if signed.needs_cosignature else ""
            late = " They count as late." if signed.late else ""
            messages.success(request, f"{said[0].upper()}{said[1:]} signed.{then}{late}")
            return redirect("sessions:notes-of-session", pk=session.pk)
    context = {
        "session": session,
        "head": head,
        "form": form,
        "desk": there,
        "group": there.group if with_group else None,
        "ready": ready,
        "findings": findings,
        "missing": [p.person.name for p in there.came if p.blank and not p.signed and p.person],
        "unmarked": [p.name for p in there.unmarked],
        "unmarked_written": [
            p.person.name for p in there.parts if p.person and not p.person.status and not p.blank
        ],
        "group_missing": not there.group.signed and not with_group,
        "seen": signing.dumps(seen, salt=SEEN),
        "nothing": not seen,
    }
    return render(
        request, "sessions/facilitator/sign.html", context, status=422 if form.errors else 200
    )


# --- after signing --------------------------------------------------------------------------------------
NOTES: dict[str, type[GroupNote] | type[ProgressNote]] = {
    "group": GroupNote,
    "progress": ProgressNote,
}
BESIDE = (Role.FACILITATOR, Role.SUPERVISOR, Role.PROGRAM_LEAD)


def _note(request: HttpRequest, kind: str, pk: UUID) -> GroupNote | ProgressNote:
    found: Any = load(request, NOTES[kind].objects.select_related("session", "author"), pk)
    return found  # type: ignore[no-any-return]


def _back(request: HttpRequest, note: GroupNote | ProgressNote) -> str:
    page = "sessions:notes-of-session" if note.author_id == request.user.pk else "sessions:review"
    return reverse(page, args=[note.session_id])


@allow(*BESIDE, methods=("GET", "POST"))
def addendum(request: HttpRequest, kind: str, pk: UUID) -> HttpResponse:
    """Add dated words beside a signed note."""
    note = _note(request, kind, pk)
    require(policies.can_add_to_note(request.user, note))  # type: ignore[arg-type]
    back = _back(request, note)
    form = AddendumForm(request.POST or None, cancel=back)
    if request.method == "POST" and form.is_valid():
        try:
            add_addendum(note=note, **form.cleaned_data, by=request.user, at=clock.now())  # type: ignore[arg-type]
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "Your words stand beside the note.")
            return redirect(f"{back}#note-{note.pk}")
    return _entry_page(request, note, form, back, "Add to a signed note", kind)


@allow(*BESIDE, methods=("GET", "POST"))
def void(request: HttpRequest, kind: str, pk: UUID) -> HttpResponse:
    """Declare a note void; its words begin the draft of a new one."""
    note = _note(request, kind, pk)
    require(policies.can_void_note(request.user, note))  # type: ignore[arg-type]
    back = _back(request, note)
    form = VoidForm(request.POST or None, cancel=back)
    if request.method == "POST" and form.is_valid():
        try:
            void_note(note=note, **form.cleaned_data, by=request.user, at=clock.now())  # type: ignore[arg-type]
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(
                request, "The note is void. Its words wait as a draft for the one that replaces it."
            )
            return redirect(f"{back}#note-{note.pk}")
    return _entry_page(request, note, form, back, "Declare a note void", kind)


def _entry_page(
    request: HttpRequest, note: Any, form: Any, back: str, title: str, kind: str
) -> HttpResponse:
    context = {"note": note, "form": form, "back": back, "title": title, "voids": "void" in title}
    return render(
        request, "sessions/facilitator/entry.html", context, status=422 if form.errors else 200
    )
