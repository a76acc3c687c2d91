"""What stands around the notes of the demo program: words at hand, a hand-over, safety concerns,
consents to share the record."""

from datetime import timedelta

from participants.actions.consents import revoke_consent, take_consent
from phpsupport.demo.made import World
from sessions.actions import blocks, handing_over, safety
from sessions.models import Attendance, GroupSession

BLOCKS = (
    # owner, field, label, words
    ("", "what_was_done", "Opening", "We opened with the agreement and a round of one word each."),
    ("", "what_was_done", "Closing", "We closed with one thing each takes home."),
    ("", "next_time", "Carry on", "Begin with what people tried since."),
    ("ana", "own_words", "Listened", "Wanted to listen today, and stayed to the end."),
    ("ana", "follow_up", "Ask again", "Ask how it went."),
)
HANDED = (
    "People like to begin standing, with one word. Silence is welcome here; wait for it. On Fridays "
    "the coffee comes late."
)
HANDED_PARTS = {
    "H3003": "Likes to be asked second, never first.",
    "H3009": "Draws while listening; it helps.",
}


def keep_words_at_hand(w: World) -> None:
    """Text blocks of the program, and two of Ana's own."""
    for owner, field, label, words in BLOCKS:
        blocks.add_block(
            program=w.program, owner=w.users[owner] if owner else None, field=field, label=label,
            words=words, by=w.users[owner or "gloria"], at=w.at(w.program_day(9)),
        )  # fmt: skip


def hand_over(w: World) -> None:
    """Marcus leads a curriculum group and writes down what whoever comes next should know."""
    series = w.series["D"]
    leader = series.assignments.get(part="lead").facilitator.user
    on_roster = set(series.enrollments.values_list("participant_id", flat=True))
    parts = {
        w.people[record].pk: words
        for record, words in HANDED_PARTS.items()
        if w.people[record].pk in on_roster
    }
    handing_over.write_hand_over(
        series=series, words=HANDED, parts=parts, by=leader, at=w.at(w.program_day(1), 16)
    )


def worry(w: World) -> None:
    """A safety concern that was seen to a week ago, and one on which somebody is acting."""
    for back, closed in ((7, True), (1, False)):
        session = _morning(w, back)
        if session is None:
            continue
        person = w.people["H3005"] if not closed else w.people["H3001"]
        at = session.ends_at + timedelta(minutes=2)
        ana, hanna = w.users["ana"], w.users["hanna"]
        concern = safety.raise_concern(session=session, participant=person, by=ana, at=at)
        safety.add_words(
            concern=concern, words="Left with wet eyes and did not want to say why.", by=ana,
            at=at + timedelta(minutes=1),
        )  # fmt: skip
        safety.acknowledge(concern=concern, by=hanna, at=at + timedelta(minutes=6))
        if closed:
            safety.close_concern(
                concern=concern, by=hanna, at=at + timedelta(minutes=55),
                words="We talked, and her sister came to pick her up. A call tomorrow morning.",
            )  # fmt: skip


def _morning(w: World, back: int) -> GroupSession | None:
    """A morning group of Ana's that was held, at least so many program days ago, with Bea or
    Marisol marked."""
    marked = Attendance.objects.filter(
        participant__in=[w.people["H3005"], w.people["H3001"]], session__series=w.series["M"]
    )
    return (
        GroupSession.objects.filter(
            pk__in=marked.values("session_id"), state="held", local_date__lte=w.program_day(back)
        )
        .order_by("-starts_at")
        .first()
    )


def agree_to_share(w: World) -> None:
    """Marisol's record may go to her clinic; Chidi took his consent back in the middle of his stay."""
    hanna, zone_day = w.users["hanna"], w.program_day
    take_consent(
        participant=w.people["H3001"], program=w.program, recipient="Harborview Family Clinic",
        covers=["notes", "attendance", "goals"], purpose="Care after discharge",
        signed_on=zone_day(6), expires_on=w.today + timedelta(days=180), by=hanna,
        at=w.at(zone_day(6), 14),
    )  # fmt: skip
    taken = take_consent(
        participant=w.people["H3007"], program=w.program, recipient="His employer's nurse",
        covers=["attendance"], purpose="Return to work", signed_on=zone_day(5),
        expires_when="He is back at work", by=hanna, at=w.at(zone_day(5), 11),
    )  # fmt: skip
    revoke_consent(consent=taken, by=hanna, at=w.at(zone_day(2), 15))
