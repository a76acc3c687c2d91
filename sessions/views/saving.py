"""Saving notes while they are typed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

from phpsupport.access.gate import allow, load, require
from phpsupport.access.roles import Role
from phpsupport.lib import clock, wording
from phpsupport.lib.errors import Refused
from phpsupport.users.device import owner_of
from phpsupport.users.models import User
from sessions import policies
from sessions.actions.drafts import Saved, save_typed
from sessions.beside import Run, beside
from sessions.forms.note import PartForm, Sent
from sessions.models import (
    GroupNote,
    GroupNoteDraft,
    GroupSession,
    ProgressNote,
    ProgressNoteDraft,
)
from sessions.presence import here, short_name
from sessions.queries.attendance import with_heading
from sessions.queries.desk import GROUP
from sessions.queries.notes import live


@allow(Role.FACILITATOR, methods=("POST",))
def note_save(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Keep the parts that were sent, and say of each what became of it."""
    user: User = request.user  # type: ignore[assignment]
    sessions = with_heading(GroupSession.objects.all(), reader=user)
    session = load(request, sessions, pk, read=False)
    require(policies.can_write_notes(user, session))
    owner = owner_of(request.headers.get("X-Page-Owner", ""))
    if owner is None or owner[0] != user.pk:
        return JsonResponse({"code": "not-yours"}, status=409)
    now = clock.now()
    sent = Sent(request.POST)
    try:
        saved = save_typed(session=session, read=sent.read, by=user, at=now)
    except Refused as refusal:
        return JsonResponse({"refused": refusal.sentence}, status=422)
    return _json(session, sent, saved, user, now)


def _json(
    session: GroupSession, sent: Sent, saved: Saved, user: User, now: datetime
) -> JsonResponse:
    faulty = {key: form for key, form in sent.forms.items() if form.errors}
    refused = saved.stale or saved.signed
    body = {
        "at": wording.clock_time(_local(session, now)),
        "versions": {_key(key): version for key, version in saved.versions.items()},
        "stale": _stale(session, sent, saved, user),
        "stored": {_key(key): _plain(words) for key, words in saved.stale.items()},
        "signed": _signed(session, saved, user),
        "faulty": {_key(key): _faults(form) for key, form in faulty.items()},
        "gone": sorted(sent.keys - {_key(key) for key in sent.forms}),
        "present": here(session, user, "note", at=now),
    }
    whole = not (refused or faulty or body["gone"])
    return JsonResponse(body, status=200 if whole else 409)


def _key(participant_id: UUID | None) -> str:
    return f"p-{participant_id}" if participant_id else "group"


def _local(session: GroupSession, at: datetime) -> datetime:
    return at.astimezone(ZoneInfo(session.program.zone))


def _plain(words: Mapping[str, Any]) -> dict[str, Any]:
    """The words as the fields of the page take them."""
    return {
        name: value if isinstance(value, bool) else str(value or "")
        for name, value in words.items()
    }


def _faults(form: PartForm) -> dict[str, list[str]]:
    return {name: [str(error) for error in errors] for name, errors in form.errors.items()}


# --- both texts -------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Both:
    """One field of which two texts stand: stretches with what the other lacks marked."""

    label: str
    mine: list[Run]
    theirs: list[Run]


def _stale(session: GroupSession, sent: Sent, saved: Saved, user: User) -> dict[str, str]:
    if not saved.stale:
        return {}
    drafts = {
        getattr(draft, "participant_id", GROUP): draft for draft in _drafts(session, saved.stale)
    }
    shown: dict[str, str] = {}
    for key, theirs in saved.stale.items():
        draft = drafts.get(key)
        context = {
            "key": _key(key),
            "who": short_name(draft.author) if draft else "",
            "own": draft is not None and draft.author_id == user.pk,
            "at": wording.clock_time(_local(session, draft.saved_at)) if draft else "",
            "texts": _texts(sent.forms[key], theirs),
        }
        shown[_key(key)] = render_to_string("sessions/facilitator/_theirs.html", context)
    return shown


def _drafts(session: GroupSession, keys: Iterable[UUID | None]) -> list[Any]:
    people = [key for key in keys if key is not GROUP]
    found: list[Any] = []
    if people:
        rows = ProgressNoteDraft.objects.filter(session=session, participant_id__in=people)
        found += rows.select_related("author")
    if GROUP in keys:
        found += GroupNoteDraft.objects.filter(session=session).select_related("author")
    return found


def _texts(form: PartForm, theirs: Mapping[str, Any]) -> list[Both]:
    """The fields in which what was typed and what stands there differ."""
    mine = form.typed().words
    both = []
    for name, value in theirs.items():
        if name in mine and mine[name] != value:
            left, right = beside(in_words(form, name, mine[name]), in_words(form, name, value))
            both.append(Both(str(form.fields[name].label), left, right))
    return both


def in_words(form: PartForm, name: str, value: Any) -> str:
    """A value in words: what was chosen by its label, a tick as yes or no."""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    choices = getattr(form.fields[name], "choices", None)
    if choices is None:
        return str(value)
    return next((str(label) for key, label in choices if str(key) == str(value or "")), "")


def _signed(session: GroupSession, saved: Saved, user: User) -> dict[str, str]:
    notes = signed_meanwhile(session, saved.signed, user)
    return {
        _key(key): render_to_string(
            "sessions/facilitator/_theirs.html", {"key": _key(key), "copy": True, "signed": about}
        )
        for key, about in notes.items()
    }


@dataclass(frozen=True)
class SignedMeanwhile:
    """A part that was signed while somebody typed in it: who signed, and, for a reader who may add
    to it, which note an addendum belongs to."""

    who: str = ""
    kind: str = ""
    note_id: UUID | None = None


def signed_meanwhile(
    session: GroupSession, keys: Iterable[UUID | None], user: User
) -> dict[UUID | None, SignedMeanwhile]:
    """The signed notes of these parts, as whoever typed there is told of them."""
    keys = list(keys)
    people = [key for key in keys if key is not GROUP]
    notes: list[Any] = []
    if people:
        rows = live(ProgressNote).filter(session=session, participant_id__in=people)
        notes += rows.select_related("author")
    if GROUP in keys:
        notes += live(GroupNote).filter(session=session).select_related("author")
    found = dict.fromkeys(keys, SignedMeanwhile())
    for note in notes:
        kind = "group" if isinstance(note, GroupNote) else "progress"
        may = policies.can_add_to_note(user, note) is None
        about = SignedMeanwhile(short_name(note.author), kind, note.pk if may else None)
        found[getattr(note, "participant_id", GROUP)] = about
    return found
