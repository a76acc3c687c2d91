"""What stands around every page: the navigation of the person's roles, their program, what waits."""

from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject

from participants.models import Participant
from phpsupport.access.middleware import PROGRAM_KEY
from phpsupport.access.roles import STAFF, Role
from phpsupport.access.scope import scope_of
from phpsupport.lib import clock
from phpsupport.programs.crisis import crisis_line
from phpsupport.programs.models import Program
from phpsupport.programs.policy import DEFAULTS
from phpsupport.users.device import owner_token
from phpsupport.users.models import User
from sessions.queries.safety import urgent_for


@dataclass(frozen=True)
class Item:
    """One entry of the navigation."""

    label: str
    url: str
    icon: str
    current: bool = False
    count: int = 0


@dataclass
class Frame:
    """The frame of one page."""

    nav: list[Item] = field(default_factory=list)
    program: Program | None = None
    programs: tuple[Program, ...] = ()
    waiting: int = 0
    user_name: str = ""
    owner: object = ""  # whose page it is, signed
    theme: str = ""
    crisis_line: object = str(DEFAULTS["safety_line"])
    is_participant: bool = False
    has_calendar: bool = False
    demo: bool = False
    # Open safety concerns of the reader, asked for only where they are shown.
    urgent: object = ()


R = Role
PLANNING = frozenset({R.SCHEDULER, R.PROGRAM_LEAD})
# Entries that need a record of one's own.
OWN = frozenset({"participants:my-goals", "sessions:my-record"})
# Label, URL name, icon, roles; in the order in which they stand. The first four make the phone's bar.
ENTRIES: tuple[tuple[str, str, str, frozenset[Role]], ...] = (
    ("Today", "home:portal", "house", frozenset({R.PARTICIPANT})),
    ("My goals", "participants:my-goals", "star", frozenset({R.PARTICIPANT})),
    ("My record", "sessions:my-record", "journal-text", frozenset({R.PARTICIPANT})),
    ("My day", "sessions:my-day", "sun", frozenset({R.FACILITATOR})),
    ("Today", "sessions:today", "house", PLANNING),
    ("My team", "facilitators:board", "people", frozenset({R.SUPERVISOR})),
    ("Review queue", "sessions:review-queue", "pen", frozenset({R.SUPERVISOR})),
    ("My people", "participants:my-people", "people", frozenset({R.CLINICIAN})),
    (
        "Week",
        "sessions:week",
        "calendar-week",
        PLANNING | {R.FACILITATOR, R.SUPERVISOR, R.CLINICIAN},
    ),
    ("My practice", "facilitators:my-practice", "award", frozenset({R.FACILITATOR})),
    ("Ask or report", "facilitators:concern-report", "chat", frozenset({R.FACILITATOR})),
    ("Groups", "sessions:groups", "collection", PLANNING),
    ("Participants", "participants:census", "person", PLANNING | {R.CLINICIAN, R.PRIVACY_OFFICER}),
    ("Facilitators", "facilitators:list", "person-badge", PLANNING),
    ("Facilitators' board", "facilitators:board", "people", frozenset({R.PROGRAM_LEAD})),
    (
        "Supervision",
        "facilitators:supervision",
        "clock-history",
        frozenset({R.SUPERVISOR, R.PROGRAM_LEAD}),
    ),
    (
        "Safety",
        "sessions:safety",
        "life-preserver",
        frozenset({R.SUPERVISOR, R.PROGRAM_LEAD, R.CLINICIAN}),
    ),
    (
        "Boundary concerns",
        "facilitators:concerns",
        "shield",
        frozenset({R.SUPERVISOR, R.PROGRAM_LEAD, R.PRIVACY_OFFICER}),
    ),
    (
        "Training",
        "facilitators:matrix",
        "grid",
        frozenset({R.SUPERVISOR, R.PROGRAM_LEAD, R.SCHEDULER}),
    ),
    (
        "Find notes",
        "sessions:note-search",
        "search",
        frozenset({R.FACILITATOR, R.SUPERVISOR, R.CLINICIAN, R.PROGRAM_LEAD}),
    ),
    (
        "Disclosures",
        "participants:disclosures",
        "send",
        frozenset({R.PROGRAM_LEAD, R.PRIVACY_OFFICER}),
    ),
    ("Text blocks", "sessions:blocks", "chat-left-text", frozenset({R.SUPERVISOR, R.PROGRAM_LEAD})),
    ("Rooms", "sessions:rooms", "door-open", PLANNING),
    ("Recent changes", "sessions:changes", "arrow-counterclockwise", PLANNING),
    ("Closed days", "office:closures", "calendar-x", PLANNING),
    ("Import", "importing:start", "upload", PLANNING),
    ("People and roles", "office:people", "key", frozenset({R.PROGRAM_LEAD, R.ADMINISTRATOR})),
    ("Program rules", "office:policy", "sliders", frozenset({R.PROGRAM_LEAD, R.ADMINISTRATOR})),
    ("Trail", "office:trail", "journal", frozenset({R.PRIVACY_OFFICER})),
    (
        "Ask or report",
        "facilitators:concern-report",
        "chat",
        STAFF - {R.FACILITATOR, R.SUPERVISOR, R.PROGRAM_LEAD},
    ),
)


def frame(request: HttpRequest) -> dict[str, Any]:
    """The template variable `frame`."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"frame": Frame(demo=settings.DEMO)}
    program = getattr(request, "program", None)
    held = scope_of(user).roles.get(program.pk, frozenset()) if program else frozenset()
    # By address: who holds two roles sees one place once, in the words of the first.
    places: dict[str, tuple[str, str, str]] = {}
    # A participant whose record is not tied to their account yet has no goals and notes to show.
    without = OWN if R.PARTICIPANT in held and not _has_record(user) else frozenset()
    for label, name, icon, roles in ENTRIES:
        if roles & held and name not in without and (url := _address(name)):
            places.setdefault(url, (label, url, icon))
    entries = list(places.values())
    # The longest address that fits: /participants/mine/ is not the page /participants/.
    here = max(
        (url for _, url, _ in entries if _is_current(request.path, url)), key=len, default=""
    )
    return {
        "frame": Frame(
            nav=[Item(label, url, icon, current=url == here) for label, url, icon in entries],
            program=program,
            programs=getattr(request, "programs", ()),
            user_name=user.name,
            # With the program that is worked in, which what the page shows may not belong to.
            owner=SimpleLazyObject(lambda: owner_token(user, request.session.get(PROGRAM_KEY))),
            theme=user.theme,
            # Asked of the policy only where it is shown: on the pages of participants.
            crisis_line=SimpleLazyObject(lambda: crisis_line(program, at=clock.now())),
            is_participant=held == {Role.PARTICIPANT},
            has_calendar=bool(held & {Role.FACILITATOR, Role.PARTICIPANT}),
            demo=settings.DEMO,
            urgent=SimpleLazyObject(lambda: urgent_for(user, program, clock.now())),
        )
    }


def _has_record(user: User) -> bool:
    return Participant.objects.filter(user=user).exists()


def _address(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def _is_current(path: str, url: str) -> bool:
    return path == url if url == "/" else path.startswith(url)
