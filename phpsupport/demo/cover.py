"""Answers to assignments in the demo program: mostly yes, a no, another time, and a wish for cover."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from facilitators.models import Facilitator
from phpsupport.demo.made import World
from sessions.actions.answers import answer_assignment, propose_time
from sessions.actions.cover import ask_candidates, ask_for_cover, decline_cover
from sessions.models import Answer, GroupSession, SessionState
from sessions.queries.cover import for_page, ranking

# Who has not answered yet, by the letter of the series.
UNANSWERED = {("O", "linh")}
SOON, LATER = timedelta(hours=30), timedelta(hours=54)


def ask_around(w: World) -> None:
    """What facilitators said to their groups, and what is open among them today."""
    for letter, series in w.series.items():
        for row in series.assignments.select_related("facilitator__user").order_by("pk"):
            key = next(k for k, peer in w.peers.items() if peer.pk == row.facilitator_id)
            if (letter, key) not in UNANSWERED:
                answer_assignment(
                    thing=series, answer=Answer.ACCEPTED, by=w.users[key],
                    at=w.at(series.from_on, 9),
                )  # fmt: skip
    _needs_cover(w)
    _declines(w)
    _proposes(w)


def _coming(w: World, letter: str, after: timedelta) -> GroupSession:
    return (
        w.series[letter]
        .sessions.filter(starts_at__gt=w.now + after, state=SessionState.SCHEDULED)
        .select_related("series__group", "program__site", "room")
        .order_by("starts_at")[:1]
        .get()
    )


def _needs_cover(w: World) -> None:
    """Jo needs cover for an evening; Ana and Marcus were asked, and Marcus cannot."""
    made = ask_for_cover(
        sessions=[_coming(w, "A", SOON)], facilitator=w.peers["jo"], by=w.users["jo"], at=w.now
    )
    request = for_page().get(pk=made[0].pk)
    able = {r.candidate.id for r in ranking(request, at=w.now).able}
    asked: list[Facilitator] = [w.peers[k] for k in ("ana", "marcus") if w.peers[k].pk in able]
    for ask in ask_candidates(request=request, facilitators=asked, by=w.users["priya"], at=w.now):
        if ask.facilitator_id == w.peers["marcus"].pk:
            decline_cover(ask=ask, by=w.users["marcus"], at=w.now)


def _declines(w: World) -> None:
    answer_assignment(
        thing=_coming(w, "H", LATER), answer=Answer.DECLINED, by=w.users["marcus"], at=w.now
    )


def _proposes(w: World) -> None:
    session = _coming(w, "I", LATER)
    starts = session.starts_at.astimezone(ZoneInfo(w.program.zone))
    half = timedelta(minutes=30)
    propose_time(
        thing=session, on=session.local_date, starts=(starts + half).time(),
        ends=(starts + 2 * half).time(), by=w.users["theo"], at=w.now,
        words="The lunch crowd is gone by then.",
    )  # fmt: skip
