"""Saving notes while they are typed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
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
from sessions.actions.drafts import Saved, Typed, save_typed
from sessions.beside import Run, beside
from sessions.forms.note import PartForm, form_of
from sessions.models import (
    GroupNote,
    GroupNoteDraft,
    GroupSession,
    ProgressNote,
    ProgressNoteDraft,
)
from sessions.presence import here, short_name
from sessions.queries.attendance import with_heading
from sessions.queries.desk import GROUP, Desk
from sessions.queries.notes import live


@dataclass
class Sent:
    """What a page sent: its parts, read against the desk as it stands under the session's lock."""

    data: Mapping[str, Any]
    forms: dict[UUID | None, PartForm] = field(default_factory=dict)
    there: Desk | None = None

    @property
    def keys(self) -> set[str]:
        """The parts that were sent, by the names that the page has for them."""
        return {name.removesuffix("-version") for name in self.data if name.endswith("-version")}

    def read(self, there: Desk) -> dict[UUID | None, Typed]:
        """The parts without a fault, whether or not they were signed meanwhile."""
        self.there = there
        for part in (there.group, *there.parts):
            if part.key in self.keys:
                key = part.person.participant_id if part.person else GROUP
                self.forms[key] = form_of(part, self.data)
        return {key: form.typed() for key, form in self.forms.items() if form.is_valid()}


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
        "signed": _signed(session, saved),
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
            left, right = beside(_said(form, name, mine[name]), _said(form, name, value))
            both.append(Both(str(form.fields[name].label), left, right))
    return both


def _said(form: PartForm, name: str, value: Any) -> str:
    """A value in words: what was chosen by its label, a tick as yes or no."""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    choices = getattr(form.fields[name], "choices", None)
    if choices is None:
        return str(value)
    return next((str(label) for key, label in choices if str(key) == str(value or "")), "")


def _signed(session: GroupSession, saved: Saved) -> dict[str, str]:
    if not saved.signed:
        return {}
    people = [key for key in saved.signed if key is not GROUP]
    notes = {
        note.participant_id: ("progress", note.pk)
        for note in live(ProgressNote).filter(session=session, participant_id__in=people)
    }
    if GROUP in saved.signed:
        whole = live(GroupNote).filter(session=session).first()
        notes[GROUP] = ("group", whole.pk) if whole else ("", None)
    shown: dict[str, str] = {}
    for key in saved.signed:
        kind, pk = notes.get(key, ("", None))
        context = {"key": _key(key), "signed": True, "kind": kind, "note_id": pk}
        shown[_key(key)] = render_to_string("sessions/facilitator/_theirs.html", context)
    return shown
