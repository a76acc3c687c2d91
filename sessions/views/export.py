"""A file of one participant's record: chosen, previewed, made; kept nowhere."""

from typing import Any
from uuid import UUID, uuid4

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from participants.consenting import in_words, state_of
from participants.models import Consent, Participant, RecordPart
from participants.names import display_name
from participants.queries.programs import with_programs
from phpsupport.access.asked import Asked, now_and_today
from phpsupport.access.gate import allow, load, require
from phpsupport.access.roles import Role
from phpsupport.lib import wording
from phpsupport.lib.errors import Refused
from sessions import policies
from sessions.actions.export import export_record, refuse_consent
from sessions.forms.export import SELF, ExportForm
from sessions.queries.export import contents_of
from sessions.record_file import CONTENT_TYPES

MAKERS = (Role.PROGRAM_LEAD, Role.PRIVACY_OFFICER, Role.CLINICIAN, Role.PARTICIPANT)


@allow(*MAKERS, methods=("GET", "POST"))
def record_export(request: Asked, pk: UUID) -> HttpResponse:
    """Choose and preview by GET; a POST makes the file and registers it."""
    participant = load(request, with_programs(Participant.objects.all()), pk)
    at, today = now_and_today(request)
    require(policies.can_export(request.user, participant, request.program, at))
    own = participant.user_id == request.user.pk
    called = display_name(participant.first_name, participant.last_name, participant.preferred_name)
    live = {} if own else _live(request, participant, today)
    whom = [(SELF, "For me" if own else f"For {called} themself")]
    whom += [(key, f"{c.recipient}: {in_words(c.covers)}") for key, c in live.items()]
    sent = request.POST if request.method == "POST" else request.GET
    form = ExportForm(sent or None, whom=whom)
    preview: dict[str, Any] | None = None
    if form.is_valid():
        asked = dict(form.cleaned_data)
        consent = live.get(asked.pop("whom"))
        kind = asked.pop("kind")
        try:
            if request.method == "POST":
                made = export_record(
                    key=_key(request),
                    participant=participant,
                    program=request.program,
                    kind=kind,
                    consent=consent,
                    identity_attested=request.POST.get("identity") == "yes",
                    by=request.user,
                    at=at,
                    **asked,
                )
                answer = HttpResponse(made.content, content_type=CONTENT_TYPES[kind])
                answer["Content-Disposition"] = f'attachment; filename="record-{today}.{kind}"'
                return answer
            if consent:
                refuse_consent(consent, asked["parts"], today)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            contents = contents_of(
                participant=participant, program=request.program, own=own, **asked
            )
            preview = {
                "key": uuid4(),
                "consent": consent,
                "counts": [
                    (str(RecordPart(part).label), wording.count(many, "entry", "entries"))
                    for part, many in contents.counts().items()
                ],
                "contents": contents,
                "sent": [(name, value) for name in form.fields for value in sent.getlist(name)],
            }
    return render(
        request,
        "sessions/export/record.html",
        {
            "form": form,
            "preview": preview,
            "own": own,
            "called": called,
            "live": live,
            "back": reverse("participants:my-sharing")
            if own
            else reverse("participants:sharing", args=[pk]),
            "take_url": reverse("participants:consent-take", args=[pk]),
        },
    )


def _live(request: Asked, participant: Participant, today: Any) -> dict[str, Consent]:
    rows = Consent.objects.visible_to(request.user).filter(
        participant=participant, program=request.program, revoked_at=None, ended_at=None
    )
    return {str(c.pk): c for c in rows.order_by("signed_on") if state_of(c, today) == "live"}


def _key(request: Asked) -> UUID:
    try:
        return UUID(request.POST.get("key", ""))
    except ValueError:
        raise Refused("Open the page anew, and look at what will be in the file.") from None
