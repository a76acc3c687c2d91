"""Reading the notes of a session once more, settling what was found, and signing."""

from collections.abc import Container
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.core import signing
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render

from phpsupport.access.asked import Asked
from phpsupport.access.gate import allow, require
from phpsupport.access.roles import Role
from phpsupport.lib import clock, wording
from phpsupport.lib.errors import Refused
from phpsupport.users.confirming import confirm_identity
from phpsupport.users.models import User
from sessions import policies
from sessions.actions.before_signing import CHANGED, SIGNED
from sessions.actions.signing import Signed, sign_notes
from sessions.forms.signing import SignForm
from sessions.models import GroupSession
from sessions.queries.attendance import heading
from sessions.queries.checking import Check, check
from sessions.queries.desk import Desk, desk
from sessions.views.led import session_of

SEEN = "notes.seen"
GROUP_KEY, ATTENDANCE_KEY = "group", "attendance"


@dataclass
class Page:
    """What would be signed as it stands now, and the form that signs it."""

    desk: Desk
    check: Check
    form: SignForm
    attendance: int

    @property
    def seen(self) -> dict[str, int]:
        """The version of each part, and of the attendance beside them."""
        parts = {str(key) if key else GROUP_KEY: v for key, v in self.check.seen.items()}
        return {**parts, ATTENDANCE_KEY: self.attendance}

    @property
    def nothing(self) -> bool:
        return not self.check.seen

    def signed(self, read: Container[str]) -> bool:
        """Whether some of what was read is signed by now."""
        parts = [self.desk.group, *self.desk.parts]
        return any(part.signed for part in parts if str(part.id or GROUP_KEY) in read)


@allow(Role.FACILITATOR, methods=("GET", "POST"))
def note_sign(request: Asked, pk: UUID) -> HttpResponse:
    """Read everything once more, settle what was found, and sign. Where it changed since it was read
    the page comes again with the reasons that were typed, to be read anew."""
    session = session_of(request, pk)
    require(policies.can_sign_note(request.user, session))
    page = _page_of(session, request.user, request.POST or None)
    if request.method == "GET":
        return _render(request, session, page)
    read = _read(request)
    changed = "" if read == page.seen else CHANGED
    if read and page.form.is_valid():
        try:
            confirm_identity(request, page.form.cleaned_data["secret"])
            signed = _sign(request, session, page.form, read)
        except Refused as refusal:
            if refusal.code in ("changed", "signed"):  # perhaps only while the lock was waited for
                changed = refusal.sentence
            else:
                page.form.refuse(refusal)
        else:
            said = wording.count(len(signed.notes), "note is", "notes are")
            then = " Your supervisor has been told." if signed.needs_cosignature else ""
            late = " They count as late." if signed.late else ""
            messages.success(request, f"{said[0].upper()}{said[1:]} signed.{then}{late}")
            return redirect("sessions:notes-of-session", pk=session.pk)
    if not changed:
        return _render(request, session, page, status=422)
    session.refresh_from_db(fields=["attendance_version"])
    page = _page_of(session, request.user, typed=request.POST)
    if page.nothing and page.signed(read):
        messages.warning(request, SIGNED)
        return redirect("sessions:notes-of-session", pk=session.pk)
    messages.warning(request, CHANGED if changed == SIGNED else changed)
    return _render(request, session, page, status=409)


def _read(request: Asked) -> dict[str, int]:
    """What stood on the page that was sent: versions by part; empty where it is none of ours."""
    try:
        read: dict[str, int] = signing.loads(request.POST.get("seen", ""), salt=SEEN)
    except signing.BadSignature:
        return {}
    return read if ATTENDANCE_KEY in read else {}


def _sign(request: Asked, session: GroupSession, form: SignForm, read: dict[str, int]) -> Signed:
    parts = {key: version for key, version in read.items() if key != ATTENDANCE_KEY}
    return sign_notes(
        session=session,
        seen={None if key == GROUP_KEY else UUID(key): version for key, version in parts.items()},
        explained=form.explained,
        attendance=read[ATTENDANCE_KEY],
        by=request.user,
        at=clock.now(),
        **form.times(session),
    )


def _page_of(
    session: GroupSession,
    user: User,
    data: QueryDict | None = None,
    *,
    typed: QueryDict | None = None,
) -> Page:
    """The page as it stands, with a form that was sent (`data`) or one to be sent anew that begins
    with what was `typed`: times and reasons, neither the tick nor the secret."""
    there = desk(session, reader=user)
    checked = check(session, there)
    head = heading(session)
    form = SignForm(
        data,
        initial={"started": head.starts, "ended": head.ends},
        doubts=checked.doubts,
        group=checked.group is not None,
    )
    again = ("started", "ended", *form.doubts)
    form.initial.update({name: typed[name] for name in again if typed and name in typed})
    return Page(there, checked, form, session.attendance_version)


def _render(
    request: Asked, session: GroupSession, page: Page, *, status: int = 200
) -> HttpResponse:
    fields = {doubt.key: page.form[name] for name, doubt in page.form.doubts.items()}
    page.check.explained_in(fields)
    context = {
        "session": session,
        "head": heading(session),
        "form": page.form,
        "desk": page.desk,
        "check": page.check,
        "seen": signing.dumps(page.seen, salt=SEEN),
        "nothing": page.nothing,
    }
    return render(request, "sessions/facilitator/sign.html", context, status=status)
