"""The form of the week's working surface: one session's day, time, room and people at once."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django.http import QueryDict

from facilitators.models import Facilitator
from phpsupport.lib.forms import Row
from phpsupport.users.models import User
from sessions.forms.leading import LedForm
from sessions.forms.schedule import MoveForm
from sessions.models import GroupSession, Part


class ArrangeForm(LedForm, MoveForm):
    """Day, time, room, and who leads."""

    submit = ""
    layout: tuple[Any, ...] = (Row("on", "starts", "ends"), Row("room", "lead"), "co")

    def __init__(self, *args: Any, user: User, session: GroupSession, **kwargs: Any) -> None:
        kwargs.setdefault("initial", standing(session))
        super().__init__(*args, user=user, session=session, **kwargs)
        now = Facilitator.objects.filter(session_assignments__session=session)
        self.offer(user, session.program, keep=now)


def standing(session: GroupSession) -> dict[str, Any]:
    """How the session stands now, as the form's fields say it. Load it through `for_page`."""
    zone = ZoneInfo(session.series.zone)
    people = session.leaders  # type: ignore[attr-defined]
    return {
        "on": session.local_date.isoformat(),
        "starts": f"{session.starts_at.astimezone(zone):%H:%M}",
        "ends": f"{session.ends_at.astimezone(zone):%H:%M}",
        "room": str(session.room_id),
        "lead": next((p["id"] for p in people if p["part"] == Part.LEAD), ""),
        "co": [p["id"] for p in people if p["part"] == Part.CO],
    }


def wished(sent: QueryDict, session: GroupSession) -> QueryDict:
    """What is wished: the session as it stands, with what was sent laid over it.

    The surface sends only what a hand moved: a day, times, a room, and a person who comes
    (`person`), perhaps `instead_of` another; the dialog sends every field, and how they stood.
    """
    now: Mapping[str, Any] = standing(session)
    data = sent.copy()
    for name in ("on", "starts", "ends", "room"):
        if name not in sent:
            data[name] = now[name]
    lead, co = now["lead"], list(now["co"])
    if "lead" in sent:
        lead, co = sent["lead"], sent.getlist("co")
    elif "person" in sent:
        person, instead_of = sent["person"], sent.get("instead_of", "")
        if instead_of and instead_of in co:
            co = [person if one == instead_of else one for one in co]
        else:
            lead = person
    data["lead"] = lead
    data.setlist("co", [one for one in dict.fromkeys(co) if one and one != lead])
    return data
