"""The rooms, groups and series of the demo program, and what is still to be arranged."""

from dataclasses import dataclass
from datetime import time, timedelta

from facilitators.actions import availability
from phpsupport.demo.made import World
from phpsupport.programs.models import Program
from sessions.actions import curriculum, series
from sessions.models import GroupSession, Room, SupportGroup

WEEKS_BACK, WEEKS_AHEAD = 3, 40  # forty weeks ahead always cross a clock change


@dataclass(frozen=True)
class Offer:
    """A group of the catalogue with its weekly pattern."""

    letter: str
    name: str
    kind: str
    weekdays: tuple[int, ...]
    starts: time
    ends: time
    room: str
    lead: str
    co: str = ""
    places: int = 12
    language: str = "English"
    about: str = ""
    every_weeks: int = 1
    nth_of_month: tuple[int, ...] = ()
    steps: tuple[str, ...] = ()


PLAN_STEPS = (
    "What being well looks like", "Every day, to stay well", "What sets things off",
    "Early signs", "When things break down", "A crisis plan of one's own", "After a crisis",
    "People who stand by me",
)  # fmt: skip
CATALOGUE: tuple[Offer, ...] = (
    Offer("M", "Morning Check-in Circle", "open", (0, 2, 4), time(10), time(10, 50), "Harbor Room", "ana", "marcus", 12, about="How we arrive, and one plan for the day."),
    Offer("W", "Wellness Recovery Planning", "curriculum", (1, 3), time(11), time(11, 50), "Garden Room", "marcus", "linh", 12, about="Eight parts toward a plan of one's own.", steps=PLAN_STEPS),
    Offer("D", "Double Trouble", "open", (0, 3), time(14), time(14, 50), "Lighthouse", "devon", "", 15, about="For living with both, mental illness and substance use."),
    Offer("G", "Grupo de Apoyo", "open", (2,), time(14), time(14, 50), "Garden Room", "ana", "", 10, "Spanish", "A group in Spanish."),
    Offer("H", "Hearing Voices", "closed", (1,), time(14), time(14, 50), "Nook", "marcus", "", 4, about="A small group that keeps to itself."),
    Offer("O", "Moving On", "curriculum", (4,), time(12), time(12, 50), "Commons", "jo", "linh", 18, about="Toward discharge: people, days, plans."),
    Offer("I", "Midday Milieu", "informal", (0, 1, 2, 3, 4), time(13, 10), time(13, 40), "Commons", "theo", "", 20, about="Games, tea and company."),
    Offer("A", "Alumni Evening", "alumni", (1, 3), time(19), time(20, 15), "Commons", "jo", "", 20, about="For those who finished."),
    Offer("P", "Parents in Recovery", "open", (4,), time(11), time(11, 50), "Nook", "devon", "", 4, about="Every other Friday: being there for the children.", every_weeks=2),
    Offer("B", "Alumni Supper", "alumni", (2,), time(18, 30), time(20, 30), "Commons", "jo", "", 20, about="Every first Wednesday of the month.", nth_of_month=(1,)),
)  # fmt: skip
ROOMS = (("Harbor Room", 12, "room", ""), ("Garden Room", 12, "room", ""), ("Lighthouse", 15, "room", ""),
         ("Commons", 20, "room", "Wheelchair access by the east door"), ("Nook", 4, "room", ""),
         ("Video room", 20, "video", ""))  # fmt: skip


def plan_series(w: World) -> None:
    """The rooms, the catalogue with a curriculum, and a year of series of every kind."""
    for name, seats, kind, note in ROOMS:
        w.rooms[name] = Room.objects.create(
            site=w.program.site, name=name, seats=seats, kind=kind, notes=note
        )
    monday = w.today - timedelta(days=w.today.weekday() + 7 * WEEKS_BACK)
    for offer in CATALOGUE:
        group = SupportGroup.objects.create(
            program=w.program,
            name=offer.name,
            kind=offer.kind,
            description=offer.about,
            capacity=offer.places,
            language=offer.language,
            progress_notes=offer.kind not in {"informal", "alumni"},
        )
        for title in offer.steps:
            curriculum.add_step(group=group, title=title, by=w.users["priya"], at=w.at(monday, 8))
        w.series[offer.letter] = series.create_series(
            group=group,
            room=w.rooms[offer.room],
            weekdays=offer.weekdays,
            starts=offer.starts,
            ends=offer.ends,
            zone=w.program.zone,
            from_on=monday,
            until_on=w.today + timedelta(weeks=WEEKS_AHEAD),
            capacity=offer.places,
            every_weeks=offer.every_weeks,
            nth_of_month=offer.nth_of_month,
            lead=w.peers[offer.lead],
            co=[w.peers[offer.co]] if offer.co else [],
            by=w.users["priya"],
            at=w.at(monday, 8),
            accept_not_cleared=True,
        )


def leave_to_do(w: World) -> None:
    """What needs a person: a session whose facilitator dropped out, and days away in two weeks."""
    coming = (
        GroupSession.objects.filter(series=w.series["G"], starts_at__gt=w.now)
        .order_by("starts_at")
        .first()
    )
    if coming:
        coming.assignments.all().delete()
    next_week = w.today + timedelta(days=7 - w.today.weekday())
    availability.add_leave(
        facilitator=w.peers["theo"],
        from_on=next_week + timedelta(days=7),
        until_on=next_week + timedelta(days=11),
        by=w.users["theo"],
        at=w.now,
    )


def furnish_lakeside(w: World, lakeside: Program) -> None:
    """The second site has a room and a group of its own."""
    Room.objects.create(site=lakeside.site, name="Lake Room", seats=10)
    SupportGroup.objects.create(program=lakeside, name="Lakeside Circle", kind="open", capacity=10)
