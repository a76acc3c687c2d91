"""What facilitators are asked, and what they answered: one query for each page.

The parts of such a page live in four tables. They are read by one statement (UNION ALL), each row
as its kind and an object of what that kind shows.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse

from phpsupport.lib import wording
from phpsupport.lib.clock import local_date
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions.models import (
    Answer,
    CoverAnswer,
    CoverAsk,
    CoverRequest,
    CoverState,
    GroupSeries,
    GroupSession,
    Part,
    Proposal,
    SeriesFacilitator,
    SessionFacilitator,
    SessionState,
)
from sessions.queries.consequence import Consequence, consequence
from sessions.queries.cover import holds
from sessions.queries.kinds import of_kind, read_together
from sessions.queries.moving import target_of
from sessions.queries.series import pattern_in_words
from sessions.queries.slots import person_name
from sessions.recurrence import WEEKDAYS

SHOWN = 3


# --- what a facilitator is asked ------------------------------------------------------------------
@dataclass(frozen=True)
class Question:
    """An assignment that asks for an answer, or that was declined and still stands."""

    kind: str  # "series" or "session"
    id: UUID
    title: str
    when: str
    room: str
    part: str
    answer: str
    again: bool = False
    back: bool = False  # cover for it was found and taken back

    @property
    def declined(self) -> bool:
        return self.answer == Answer.DECLINED

    @property
    def proposed(self) -> bool:
        return self.answer == Answer.PROPOSED


@dataclass(frozen=True)
class Wish:
    """Somebody asks this person to cover."""

    id: UUID
    title: str
    when: str
    room: str
    who: str


@dataclass(frozen=True)
class Need:
    """Cover that this person needs or got, or that they gave and need not any more."""

    id: UUID
    session_id: UUID
    title: str
    when: str
    words: str
    open: bool
    over: bool = False  # they had taken it, and it was given back or to somebody else


@dataclass
class Asked:
    """Everything that the schedule asks of one facilitator."""

    wishes: list[Wish] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    answered: list[Question] = field(default_factory=list)
    needs: list[Need] = field(default_factory=list)

    @property
    def first(self) -> list[Question]:
        return self.questions[:SHOWN]

    @property
    def rest(self) -> list[Question]:
        return self.questions[SHOWN:]

    @property
    def to_answer(self) -> int:
        return len(self.wishes) + len(self.questions)


def asked_of(*, user: User, program: Program, at: datetime) -> Asked:
    """What waits for this person's word, and what became of theirs. One query."""
    zone = ZoneInfo(program.zone)
    today = local_date(at, program.zone)
    rows = read_together(
        [
            _wishes(user, program, at),
            _needs(user, program, at),
            _given_back(user, program, at),
            _own_sessions(user, program, at),
            _own_series(user, program, today),
        ]
    )
    found = Asked()
    for what, row in sorted(
        rows, key=lambda pair: (pair[0], str(pair[1]["starts_at"]), pair[1]["id"])
    ):
        if what == "wish":
            found.wishes.append(
                Wish(UUID(row["id"]), row["title"], _when(row, zone), row["room"], person_name(row))
            )
        elif what == "need":
            found.needs.append(_need(row, zone))
        elif what == "over":
            words = "Cover was taken back. You need not come."
            found.needs.append(
                Need(
                    UUID(row["id"]), UUID(row["session"]), row["title"], _when(row, zone), words,
                    open=False, over=True,
                )
            )  # fmt: skip
        else:
            question = _question(what, row, zone)
            (found.answered if question.answer else found.questions).append(question)
    return found


def open_wishes(user: User, program: Program, at: datetime) -> QuerySet[CoverAsk]:
    """Asks for cover that still wait for this person."""
    return CoverAsk.objects.filter(
        facilitator__user=user,
        request__program=program,
        request__state=CoverState.OPEN,
        request__session__state=SessionState.SCHEDULED,
        request__session__starts_at=F("request__starts_at"),
        request__session__starts_at__gt=at,
        answer=CoverAnswer.NONE,
    )


def _of_session(path: str) -> dict[str, str]:
    return {
        "title": f"{path}__series__group__name", "starts_at": f"{path}__starts_at",
        "ends_at": f"{path}__ends_at", "room": f"{path}__room__name",
    }  # fmt: skip


def _names(path: str) -> dict[str, str]:
    return {
        "first": f"{path}__first_name", "preferred": f"{path}__preferred_name",
        "last": f"{path}__last_name",
    }  # fmt: skip


def _asks(**which: str) -> Coalesce:
    """How many were asked for a request."""
    asks = CoverAsk.objects.filter(request=OuterRef("pk"), **which).order_by().values("request")
    return Coalesce(Subquery(asks.annotate(n=Count("pk")).values("n")), 0)


def _wishes(user: User, program: Program, at: datetime) -> Any:
    rows = open_wishes(user, program, at)
    return of_kind(
        rows, "wish", id="pk", **_of_session("request__session"),
        **_names("request__facilitator__user"),
    )  # fmt: skip


def _needs(user: User, program: Program, at: datetime) -> Any:
    rows = CoverRequest.objects.filter(
        Q(state=CoverState.OPEN) | holds(),
        facilitator__user=user,
        program=program,
        session__starts_at__gt=at,
    )
    return of_kind(
        rows, "need", id="pk", session="session_id", state="state", asked=_asks(),
        **_of_session("session"), **_names("filled_by__user"),
    )  # fmt: skip


def _given_back(user: User, program: Program, at: datetime) -> Any:
    """Cover that this person had taken and that was taken back: they read that, too."""
    mine = {"session": OuterRef("request__session"), "facilitator": OuterRef("facilitator")}
    rows = CoverAsk.objects.filter(
        ~Exists(SessionFacilitator.objects.filter(**mine, active=True)),
        ~Exists(CoverRequest.objects.filter(**mine).exclude(state=CoverState.WITHDRAWN)),
        facilitator__user=user,
        answer=CoverAnswer.ACCEPTED,
        request__program=program,
        request__state=CoverState.WITHDRAWN,
        request__session__state=SessionState.SCHEDULED,
        request__session__starts_at__gt=at,
    )
    return of_kind(
        rows, "over", id="request_id", session="request__session_id", **_of_session("request__session"),
    )  # fmt: skip


def waiting_sessions(user: User, program: Program, at: datetime) -> QuerySet[SessionFacilitator]:
    """Coming sessions whose answer, given or not, is this one session's and not its series'."""
    usual = SeriesFacilitator.objects.on(OuterRef("session__local_date")).filter(
        series=OuterRef("session__series"), facilitator=OuterRef("facilitator")
    )
    return SessionFacilitator.objects.filter(
        ~Exists(usual)
        | Q(asked_at__isnull=False)
        | Q(answer__in=[Answer.DECLINED, Answer.PROPOSED]),
        person=user,
        active=True,
        session__program=program,
        session__state=SessionState.SCHEDULED,
        session__starts_at__gt=at,
    ).exclude(answer=Answer.ACCEPTED)


def _own_sessions(user: User, program: Program, at: datetime) -> Any:
    taken_back = CoverAsk.objects.filter(
        request__session=OuterRef("session"), request__facilitator=OuterRef("facilitator"),
        request__state=CoverState.WITHDRAWN, answer=CoverAnswer.ACCEPTED,
    )  # fmt: skip
    rows = waiting_sessions(user, program, at).annotate(back=Exists(taken_back))
    return of_kind(
        rows, "session", id="session_id", part="part", answer="answer", again="asked_at",
        back="back", **_of_session("session"),
    )  # fmt: skip


def waiting_series(user: User, program: Program, today: date) -> QuerySet[SeriesFacilitator]:
    """Series that this person is to lead and has not accepted."""
    return SeriesFacilitator.objects.filter(
        Q(until_on=None) | Q(until_on__gte=today),
        facilitator__user=user,
        series__program=program,
        series__ended_at=None,
        series__until_on__gte=today,
    ).exclude(answer=Answer.ACCEPTED)


_PATTERN = (
    "weekdays", "starts", "ends", "more_times", "every_weeks", "nth_of_month", "from_on", "until_on",
)  # fmt: skip


def _own_series(user: User, program: Program, today: date) -> Any:
    rows = waiting_series(user, program, today)
    return of_kind(
        rows, "series", id="series_id", part="part", answer="answer",
        title="series__group__name", room="series__room__name", starts_at="series__from_on",
        since=F("from_on"), stops=F("until_on"), **{name: f"series__{name}" for name in _PATTERN},
    )  # fmt: skip


def _when(row: dict[str, Any], zone: ZoneInfo) -> str:
    starts, ends = (
        datetime.fromisoformat(row[key]).astimezone(zone) for key in ("starts_at", "ends_at")
    )
    return wording.day_and_span(starts, ends)


def _need(row: dict[str, Any], zone: ZoneInfo) -> Need:
    open_ = row["state"] == CoverState.OPEN
    if not open_:
        words = f"{person_name(row)} has it. You need not come."
    elif row["asked"]:
        words = f"{wording.count(row['asked'], 'person', 'people')} asked. It is yours until somebody accepts."
    else:
        words = "A scheduler looks for somebody. It is yours until somebody accepts."
    return Need(UUID(row["id"]), UUID(row["session"]), row["title"], _when(row, zone), words, open_)


def _question(what: str, row: dict[str, Any], zone: ZoneInfo) -> Question:
    part = "you lead" if row["part"] == Part.LEAD else "you co-facilitate"
    if what == "session":
        when = _when(row, zone)
    else:
        series = _pattern(row)
        last = date.fromisoformat(row["stops"]) if row["stops"] else series.until_on
        days = f"through {wording.day(last, year=True)}"
        if row["since"]:
            days = f"from {wording.day(date.fromisoformat(row['since']), year=True)} {days}"
        when = f"{pattern_in_words(series)}, {days}"
    return Question(
        what, UUID(row["id"]), row["title"], when, row["room"], part, row["answer"],
        again=bool(row.get("again")), back=bool(row.get("back")),
    )  # fmt: skip


# --- what those who plan see ----------------------------------------------------------------------
@dataclass(frozen=True)
class Matter:
    """Cover that is looked for, an assignment that was declined, or a time that was proposed."""

    what: str  # "cover", "declined", "declined-series", "proposed"
    id: UUID
    title: str
    when: str
    who: str
    words: str
    url: str
    late: bool = False
    starts_at: str = ""

    @property
    def tone(self) -> str:
        """How soon it needs a person, as the asks have it."""
        return "now" if self.late else "soon"

    @property
    def sentence(self) -> str:
        if self.what == "cover":
            return f"{self.title} needs cover"
        if self.what == "proposed":
            return f"{self.who} proposes another time"
        return f"{self.who} declined {self.title}"

    @property
    def line(self) -> str:
        """What stands below the sentence."""
        first = self.who if self.what == "cover" else self.title if self.what == "proposed" else ""
        return " · ".join(part for part in (self.when, first, self.words) if part)


def open_matters(
    program: Program, *, at: datetime, session: GroupSession | None = None,
    series: GroupSeries | None = None,
) -> list[Matter]:  # fmt: skip
    """Everything open, of the program or of one session or series; the next first. One query."""
    parts = matter_parts(program, at=at, session=session, series=series)
    return matters_of(read_together(parts), program)


def matter_parts(
    program: Program, *, at: datetime, session: GroupSession | None = None,
    series: GroupSeries | None = None,
) -> list[Any]:  # fmt: skip
    """The kinds of what is open, to be read together with others."""
    today = local_date(at, program.zone)
    of_session = Q(session=session) if session else Q(session__series=series) if series else Q()
    of_series = Q(series=series) if series else Q(pk__in=[]) if session else Q()
    proposed = of_session & Q(session__isnull=False) | of_series_of(series, session)
    return [
        _looked_for(program, of_session, at),
        _declined_sessions(program, of_session, at),
        _declined_series(program, of_series, today),
        _proposed(program, proposed, at),
    ]


def matters_of(rows: Iterable[tuple[str, dict[str, Any]]], program: Program) -> list[Matter]:
    """Rows of `matter_parts` in words; the next first."""
    zone = ZoneInfo(program.zone)
    found = [_matter(what, row, zone) for what, row in rows]
    return sorted(found, key=lambda m: (not m.late, m.starts_at, m.what, str(m.id)))


def of_series_of(series: GroupSeries | None, session: GroupSession | None) -> Q:
    """The proposals about a whole series that belong on the page."""
    if session:
        return Q(pk__in=[])
    return Q(series=series) if series else Q(series__isnull=False)


def _looked_for(program: Program, of: Q, at: datetime) -> Any:
    rows = CoverRequest.objects.filter(
        of,
        program=program,
        state=CoverState.OPEN,
        session__state=SessionState.SCHEDULED,
        session__starts_at__gt=at,
    )
    return of_kind(
        rows, "cover", id="pk", asked=_asks(), cannot=_asks(answer=CoverAnswer.DECLINED),
        late="escalated_at",
        **_of_session("session"), **_names("facilitator__user"),
    )  # fmt: skip


def _declined_sessions(program: Program, of: Q, at: datetime) -> Any:
    looked_for = CoverRequest.objects.filter(
        session=OuterRef("session"), facilitator=OuterRef("facilitator"), state=CoverState.OPEN
    )
    rows = SessionFacilitator.objects.filter(
        of,
        ~Exists(looked_for),
        session__program=program,
        session__state=SessionState.SCHEDULED,
        session__starts_at__gt=at,
        active=True,
        answer=Answer.DECLINED,
    )
    return of_kind(
        rows, "declined", id="session_id", **_of_session("session"), **_names("facilitator__user"),
    )  # fmt: skip


def _declined_series(program: Program, of: Q, today: date) -> Any:
    rows = SeriesFacilitator.objects.filter(
        of,
        Q(until_on=None) | Q(until_on__gte=today),
        series__program=program,
        series__ended_at=None,
        series__until_on__gte=today,
        answer=Answer.DECLINED,
    )
    return of_kind(
        rows, "declined-series", id="series_id", title="series__group__name",
        starts_at="series__from_on", **{n: f"series__{n}" for n in _PATTERN},
        **_names("facilitator__user"),
    )  # fmt: skip


def _proposed(program: Program, of: Q, at: datetime) -> Any:
    group = Coalesce("session__series__group__name", "series__group__name")
    rows = Proposal.objects.filter(
        of,
        Q(session=None) | Q(session__starts_at__gt=at, session__state=SessionState.SCHEDULED),
        program=program,
        settled_at=None,
    )
    return of_kind(
        rows, "proposed", id="pk", title=group, on="on", starts="starts", ends="ends",
        starts_at="on", **_names("facilitator__user"),
    )  # fmt: skip


def _matter(what: str, row: dict[str, Any], zone: ZoneInfo) -> Matter:
    pk, words, late = UUID(row["id"]), "", False
    if what == "cover":
        url = reverse("sessions:cover-request", args=[pk])
        when, late = _when(row, zone), bool(row["late"])
        words = _asked_words(row["asked"], row["cannot"])
    elif what == "declined":
        url, when = reverse("sessions:session", args=[pk]), _when(row, zone)
        words = "It stays theirs until you act."
    elif what == "declined-series":
        url = reverse("sessions:series", args=[pk])
        when, words = pattern_in_words(_pattern(row)), "It stays theirs until you act."
    else:
        url, when = reverse("sessions:proposal", args=[pk]), proposed_words(row)
    return Matter(
        what, pk, row["title"], when, person_name(row), words, url, late, str(row["starts_at"])
    )


def _pattern(row: dict[str, Any]) -> GroupSeries:
    series = GroupSeries(**{name: row[name] for name in _PATTERN})
    series.starts, series.ends = (time.fromisoformat(row[k]) for k in ("starts", "ends"))
    series.from_on, series.until_on = (date.fromisoformat(row[k]) for k in ("from_on", "until_on"))
    return series


def proposed_words(row: dict[str, Any]) -> str:
    """ "Tue 4 Mar, 11:00–11:50"."""
    span = wording.span(time.fromisoformat(row["starts"]), time.fromisoformat(row["ends"]))
    return f"{wording.day(date.fromisoformat(row['on']))}, {span}"


def _asked_words(asked: int, cannot: int) -> str:
    if not asked:
        return "nobody asked yet"
    if cannot == asked:
        return "nobody asked can"
    return f"{wording.count(asked, 'person', 'people')} asked"


# --- a proposal on its page -----------------------------------------------------------------------
@dataclass(frozen=True)
class ProposalPage:
    """What somebody proposes, beside how it is."""

    title: str
    who: str
    now: str
    proposed: str
    words: str
    room: str
    of_session: bool
    open: bool
    state: str
    made: str
    obstacles: tuple[str, ...] = ()
    blocked: bool = False
    told: str = ""


def proposal_rows() -> QuerySet[Proposal]:
    """Proposals with everything that their page reads."""
    return Proposal.objects.select_related(
        "facilitator__user", "program__site", "session__series__group", "session__room",
        "session__program__site", "series__group", "series__room",
    )  # fmt: skip


def local_words(session: GroupSession) -> str:
    """When a session is, by the clock of its site."""
    zone = ZoneInfo(session.series.zone)
    return wording.day_and_span(
        session.starts_at.astimezone(zone), session.ends_at.astimezone(zone)
    )


def local_span(session: GroupSession) -> tuple[time, time]:
    """Start and end on the wall."""
    zone = ZoneInfo(session.series.zone)
    return session.starts_at.astimezone(zone).time(), session.ends_at.astimezone(zone).time()


def proposal_page(proposal: Proposal, *, at: datetime) -> ProposalPage:
    """A proposal beside how it is, with what taking it would come to.

    No query for a series; for a session those of its consequence.
    """
    zone = ZoneInfo(proposal.program.zone)
    made = proposal.made_at.astimezone(zone)
    session, series = proposal.session, proposal.series
    thing: Any = session or series
    group = session.series.group if session else thing.group
    open_ = proposal.settled_at is None
    found, never = None, []
    try:
        found = _consequence(proposal, at) if session and open_ else None
    except Refused as no:  # that time cannot be, or is over
        never = [no.sentence]
    return ProposalPage(
        title=group.name,
        who=proposal.facilitator.user.name,
        now=local_words(session) if session else pattern_in_words(thing),
        proposed=_proposed_words(proposal),
        words=proposal.words,
        room=thing.room.name,
        of_session=session is not None,
        open=open_,
        state="" if open_ else "taken" if proposal.taken else "kept as it was",
        made=f"{wording.day(made)}, {wording.clock_time(made)}",
        obstacles=tuple([one.sentence for one in found.obstacles] if found else never),
        blocked=found.blocked if found else bool(never),
        told=found.told if found else "",
    )


def _consequence(proposal: Proposal, at: datetime) -> Consequence | None:
    """What it would come to if the session moved to the proposed time."""
    session = proposal.session
    if session is None or not (proposal.on and proposal.starts and proposal.ends):
        return None
    target = target_of(
        session=session, on=proposal.on, starts=proposal.starts, ends=proposal.ends, at=at
    )
    return consequence(program=proposal.program, targets=[target], at=at)


def _proposed_words(proposal: Proposal) -> str:
    if not (proposal.on and proposal.starts and proposal.ends):
        return "no time named"
    span = wording.span(proposal.starts, proposal.ends)
    if proposal.session_id:
        return f"{wording.day(proposal.on)}, {span}"
    return f"{WEEKDAYS[proposal.on.weekday()]}s, {span}, from {wording.day(proposal.on)} on"
