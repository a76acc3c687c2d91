"""Writing the notes of a session."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.forms import BoundField
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render

from participants.models import Participant
from phpsupport.access.asked import Asked
from phpsupport.access.gate import allow, require
from phpsupport.access.roles import Role
from phpsupport.audit.trail import record_each
from phpsupport.lib import clock, wording
from phpsupport.lib.errors import Refused
from sessions import policies
from sessions.actions.drafts import Saved, let_go, save_typed
from sessions.forms.note import PartForm, SentByButton, differs, form_of, says_something
from sessions.models import (
    GROUP_TEXTS,
    PART_TEXTS,
    PART_WORDS,
    GroupSession,
)
from sessions.queries.attendance import Person, heading, person_of
from sessions.queries.blocks import FIELDS, blocks_at_hand
from sessions.queries.desk import Desk, Part, desk, unwritten
from sessions.queries.safety import of_session
from sessions.queries.walk_ins import can_walk_in
from sessions.views.led import session_of
from sessions.views.saving import SignedMeanwhile, in_words, signed_meanwhile


@allow(Role.FACILITATOR, methods=("GET", "POST"))
def note(request: Asked, pk: UUID) -> HttpResponse:
    """Write the group's part and each person's. The script saves what is typed (see `saving`);
    the button sends the form."""
    session = session_of(request, pk)
    require(policies.can_write_notes(request.user, session))
    if request.method == "GET":
        return _note_page(request, session)
    sent = SentByButton(request.POST)
    try:
        saved = save_typed(session=session, read=sent.read, by=request.user, at=clock.now())
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return _note_page(request, session, sent, status=422)
    if sent.faulty or sent.away or not saved.whole:
        return _note_page(request, session, sent, saved, status=422 if sent.faulty else 409)
    gone = _let_go(request, session, sent)
    if "sign" in request.POST and gone:
        return redirect("sessions:note-sign", pk=session.pk)
    messages.success(request, "Your notes are saved.")
    return redirect("sessions:note", pk=session.pk)


def _let_go(request: Asked, session: GroupSession, sent: SentByButton) -> bool:
    """Now that the rest is saved, what was to go goes; False where something of it stays."""
    all_gone = True
    for participant_id, version in sent.let_go:
        try:
            let_go(
                session=session, participant_id=participant_id, version=version,
                by=request.user, at=clock.now(),
            )  # fmt: skip
        except Refused as refusal:
            messages.warning(request, refusal.sentence)
            all_gone = False
    return all_gone


# --- the page ---------------------------------------------------------------------------------------
@dataclass
class Shown:
    """One part as the page shows it."""

    part: Part
    form: PartForm
    # Over which version of what is stored the words in the fields were typed, where these words
    # stand nowhere else.
    over: str | None = None
    signed: SignedMeanwhile | None = None  # meanwhile, so that these words have no place any more
    gone: bool = False  # about somebody who is no longer on the roster
    theirs: list[tuple[str, str]] = field(default_factory=list)  # what somebody else saved

    @property
    def person(self) -> Person | None:
        return self.part.person

    @property
    def prose(self) -> list[BoundField]:
        """What was written, field by field."""
        texts = PART_TEXTS if self.part.person else GROUP_TEXTS
        return [self.form[name] for name in texts if self.form[name].value()]

    @property
    def rest(self) -> list[BoundField]:
        """The other fields, which go along with it."""
        written = {bound.name for bound in self.prose}
        return [bound for bound in self.form if bound.name not in written]

    @property
    def chosen(self) -> list[tuple[str, str]]:
        """What was chosen or ticked, in words."""
        return [
            (str(bound.label), in_words(self.form, bound.name, value))
            for bound in self.rest
            if (value := bound.value()) and bound.name != "version"
        ]

    @property
    def stored(self) -> list[tuple[str, str]]:
        """What stands in the draft, in words."""
        draft = Shown(self.part, form_of(self.part))
        return [*((str(bound.label), bound.value()) for bound in draft.prose), *draft.chosen]


def _shown(part: Part, sent: SentByButton | None, saved: Saved, data: QueryDict) -> Shown:
    """A part with what was typed in it, if anything was sent for it."""
    typed = sent.forms.get(part.id) if sent else None
    if typed is None:
        return Shown(part, form_of(part))
    key = f"{part.key}-version"
    one = Shown(part, form_of(part, data))
    one.form.is_valid()
    stale = saved.stale.get(part.id)
    if differs(typed, part) and (says_something(typed) or not part.signed):
        one.over = str((typed.data if stale else data).get(key, ""))
    if stale:
        one.theirs = _others_words(typed, stale)
    return one


def _away(session: GroupSession, there: Desk, sent: SentByButton | None) -> list[Shown]:
    """What is written about people who are no longer on the roster: stored, or sent just now."""
    typed = sent.away if sent else {}
    parts = {part.person.participant_id: part for part in there.away if part.person}
    unknown = typed.keys() - parts.keys()
    # By name, whom whoever leads may find among those of the program that day; nobody else.
    people = can_walk_in(session).in_bulk([*unknown]) if unknown else {}
    for pk in unknown:
        who = people.get(pk) or Participant(pk=pk, preferred_name="Somebody")
        parts[pk] = Part(person_of(who, on=session.local_date), unwritten(PART_WORDS))
    shown = []
    for pk, part in parts.items():
        form = typed.get(pk)
        over = str(form.data.get(f"{part.key}-version", "")) if form else None
        shown.append(Shown(part, form or form_of(part), over, gone=form is not None))
    return shown


def _others_words(form: PartForm, stands: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What somebody else saved otherwise in the meantime, with its labels."""
    mine = form.typed().words
    return [
        (str(form.fields[name].label), in_words(form, name, stands[name]))
        for name in mine
        if mine[name] != stands[name]
    ]


def _note_page(
    request: Asked,
    session: GroupSession,
    sent: SentByButton | None = None,
    saved: Saved | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    """The page; where not all was saved, with what was typed in the fields and what somebody else
    saved beside it. Only a part that is stored, or of which both texts are shown, is typed over the
    version that stands now: nothing is overwritten that was not seen."""
    user = request.user
    there = desk(session, reader=user)
    record_each("note.read", by=user, at=clock.now(), objs=there.last_read)
    saved, data = saved or Saved(), QueryDict(mutable=True)
    if sent is not None:
        sent.read(there)
        data = sent.data.copy()
        for part in (there.group, *there.parts):
            if part.id in saved.versions:
                data[f"{part.key}-version"] = str(saved.versions[part.id])
    shown = {part.id: _shown(part, sent, saved, data) for part in (there.group, *there.parts)}
    lost = [one.part.id for one in shown.values() if one.part.signed and one.over is not None]
    for key, about in signed_meanwhile(session, lost, user).items():
        shown[key].signed = about
    others = [shown[part.id] for part in there.others]
    came = {part.id for part in there.came}
    here = [
        one for one in shown.values()
        if one.part.id in came or (one.part.person and one.over is not None and one not in others)
    ]  # fmt: skip
    at_hand = blocks_at_hand(session.program, user)
    of_field = [(name, [b for b in at_hand if b.field == name]) for name in FIELDS]
    at = there.saved_at
    local = at.astimezone(ZoneInfo(session.program.zone)) if at else None
    context = {
        "session": session,
        "head": heading(session),
        "desk": there,
        "group": shown[None],
        "came": here,
        "others": others,
        "open_others": any(one.over is not None for one in others),
        "away": _away(session, there, sent),
        "unmarked": there.unmarked,
        "blocks_by_field": [(name, lines) for name, lines in of_field if lines],
        "with_blocks": {name for name, lines in of_field if lines},
        "safety": of_session(session, user, clock.now()),
        "saved_at": wording.clock_time(local) if local else "",
        "not_saved": _not_saved(sent, saved) if status != 200 else "",
        "conflict": bool(saved.stale),
        "signed_meanwhile": bool(saved.signed or lost),
    }
    return render(request, "sessions/facilitator/note.html", context, status=status)


def _not_saved(sent: SentByButton | None, saved: Saved) -> str:
    """Why the line above says that not all is saved, the most pressing first."""
    if saved.stale:
        return "Not saved: somebody else changed these notes"
    if sent and sent.faulty:
        return "Not saved: look at the part that is marked"
    if saved.signed:
        return "Not saved: a part was signed meanwhile"
    if sent and sent.away:
        return "Not saved: somebody is no longer on the roster"
    return "Not saved. Your text stays here."
