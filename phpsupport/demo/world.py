"""The demo program: one coherent world relative to today, made through the same actions as everything.

Deterministic: the same day gives the same world. The cases that a program meets are all there: an
interpreter, two people of one name, a consent taken back, a facilitator with a sealed former chart,
a training that ran out, a group at its cap with a waitlist, a series across a clock change, an
evening group past midnight UTC, a participant who moved sites, a note late before a holiday, and a
supervisor who is named in a concern.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.hashers import make_password
from django.db import transaction

from facilitators.actions import (
    availability,
    check_ins,
    concerns,
    supervision,
    training,
)
from facilitators.actions import facilitators as peers
from facilitators.models import CheckIn, ConcernClass, Facilitator, Stage
from participants.actions import care_team, contacts, stays
from participants.models import Participant
from phpsupport.access.actions import give_role
from phpsupport.access.roles import Role
from phpsupport.audit.trail import record
from phpsupport.demo.people import (
    ALUMNI,
    GROUP_WORDS,
    OWN_WORDS,
    PARTICIPANT_SIGN_IN,
    PARTICIPANTS,
    PASSWORD,
    STAFF,
    WAITING,
    Somebody,
)
from phpsupport.lib import clock
from phpsupport.programs.actions import close_day
from phpsupport.programs.models import Organization, PolicyProfile, Program, Site
from phpsupport.users.models import User
from sessions.actions import attendance, enrollment, notes, outcome, review, series
from sessions.models import (
    AbsenceReason,
    Attendance,
    Enrollment,
    GroupSeries,
    GroupSession,
    Room,
    SessionFacilitator,
    Status,
    SupportGroup,
)

ORGANIZATION, HARBOR, LAKESIDE = (
    "Harbor Behavioral Health",
    "Harbor Day Program",
    "Lakeside Day Program",
)
EASTERN, CENTRAL = "America/New_York", "America/Chicago"
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


CATALOGUE: tuple[Offer, ...] = (
    Offer("M", "Morning Check-in Circle", "open", (0, 2, 4), time(10), time(10, 50), "Harbor Room", "ana", "marcus", 12, about="How we arrive, and one plan for the day."),
    Offer("W", "Wellness Recovery Planning", "curriculum", (1, 3), time(11), time(11, 50), "Garden Room", "marcus", "linh", 12, about="Eight parts toward a plan of one's own."),
    Offer("D", "Double Trouble", "open", (0, 3), time(14), time(14, 50), "Lighthouse", "devon", "", 15, about="For living with both, mental illness and substance use."),
    Offer("G", "Grupo de Apoyo", "open", (2,), time(14), time(14, 50), "Garden Room", "ana", "", 10, "Spanish", "A group in Spanish."),
    Offer("H", "Hearing Voices", "closed", (1,), time(14), time(14, 50), "Nook", "marcus", "", 4, about="A small group that keeps to itself."),
    Offer("O", "Moving On", "curriculum", (4,), time(12), time(12, 50), "Commons", "jo", "linh", 18, about="Toward discharge: people, days, plans."),
    Offer("I", "Midday Milieu", "informal", (0, 1, 2, 3, 4), time(13, 10), time(13, 40), "Commons", "theo", "", 20, about="Games, tea and company."),
    Offer("A", "Alumni Evening", "alumni", (1, 3), time(19), time(20, 15), "Commons", "jo", "", 20, about="For those who finished."),
)  # fmt: skip
ROOMS = (("Harbor Room", 12, "room", ""), ("Garden Room", 12, "room", ""), ("Lighthouse", 15, "room", ""),
         ("Commons", 20, "room", "Wheelchair access by the east door"), ("Nook", 4, "room", ""),
         ("Video room", 20, "video", ""))  # fmt: skip


@dataclass
class World:
    """What has been made so far."""

    now: datetime
    program: Program
    random: Random
    users: dict[str, User] = field(default_factory=dict)
    peers: dict[str, Facilitator] = field(default_factory=dict)
    rooms: dict[str, Room] = field(default_factory=dict)
    series: dict[str, GroupSeries] = field(default_factory=dict)
    people: dict[str, Participant] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.program.zone)

    @property
    def today(self) -> date:
        return clock.local_date(self.now, self.program.zone)

    def at(self, day: date, hour: int = 9, minute: int = 0) -> datetime:
        """An instant on a day by the clock of the site, never later than now."""
        return min(datetime.combine(day, time(hour, minute), self.zone), self.now)

    def program_day(self, back: int) -> date:
        """The weekday `back` weekdays before today (today itself, or the last weekday, for 0)."""
        day = self.today
        while day.weekday() > 4:
            day -= timedelta(days=1)
        for _ in range(back):
            day -= timedelta(days=3 if day.weekday() == 0 else 1)
        return day


@transaction.atomic
def build(now: datetime) -> Program:
    """Make the whole demo world as of `now`. Refuses nothing: call it on an empty database."""
    organization = Organization.objects.create(name=ORGANIZATION)
    harbor = Program.objects.create(
        name=HARBOR,
        site=Site.objects.create(
            organization=organization, name="Portland", time_zone=EASTERN, phone="(555) 555-0100"
        ),
    )
    lakeside = Program.objects.create(
        name=LAKESIDE,
        site=Site.objects.create(
            organization=organization, name="Duluth", time_zone=CENTRAL, phone="(555) 555-0180"
        ),
    )
    world = World(now, harbor, Random(20260105))
    _accounts(world, lakeside)
    _rules(world)
    _workforce(world)
    _schedule(world)
    _people(world, lakeside)
    _rosters(world)
    _history(world)
    _supervision(world)
    _concerns(world)
    _ahead(world)
    _lakeside(world, lakeside)
    return harbor


def _accounts(w: World, lakeside: Program) -> None:
    password = make_password(PASSWORD)
    begun = w.today - timedelta(days=400)
    for staff in STAFF:
        user = User.objects.create(
            email=staff.email,
            first_name=staff.first_name,
            last_name=staff.last_name,
            pronouns=staff.pronouns,
            password=password,
            joined_at=w.at(begun),
        )
        w.users[staff.key] = user
        for role in staff.roles:
            give_role(user=user, program=w.program, role=role, by=None, at=w.now, starts_on=begun)
    for key in ("gloria", "samuel", "ines"):
        for role in next(s.roles for s in STAFF if s.key == key):
            give_role(
                user=w.users[key], program=lakeside, role=role, by=None, at=w.now, starts_on=begun
            )


def _rules(w: World) -> None:
    for program in Program.objects.all():
        PolicyProfile.objects.create(
            program=program,
            effective_from=w.today - timedelta(days=400),
            rules={},
            note="Recommended rules at the start",
            set_at=w.at(w.today - timedelta(days=400)),
        )
    for day, reason in _holidays(w.today - timedelta(days=60), w.today + timedelta(days=330)):
        close_day(program=w.program, day=day, reason=reason)
    holiday = _day_after_friday(w)
    if not w.program.closures.filter(date=holiday).exists():
        close_day(program=w.program, day=holiday, reason="Staff learning day")


def _day_after_friday(w: World) -> date:
    """The last Monday before today: closed, so that a note of the Friday before waited over it."""
    return w.today - timedelta(days=w.today.weekday() or 7)


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


def _holidays(begin: date, end: date) -> list[tuple[date, str]]:
    found = []
    for year in range(begin.year, end.year + 1):
        thanksgiving = _nth(year, 11, 3, 4)
        may = date(year, 5, 31)
        found += [
            (date(year, 1, 1), "New Year's Day"),
            (_nth(year, 1, 0, 3), "Martin Luther King Jr. Day"),
            (_nth(year, 2, 0, 3), "Presidents' Day"),
            (may - timedelta(days=may.weekday()), "Memorial Day"),
            (date(year, 7, 4), "Independence Day"),
            (_nth(year, 9, 0, 1), "Labor Day"),
            (thanksgiving, "Thanksgiving"),
            (thanksgiving + timedelta(days=1), "Day after Thanksgiving"),
            (date(year, 12, 25), "Christmas Day"),
        ]
    return [(day, why) for day, why in found if begin <= day <= end]


# --- the peer workforce ------------------------------------------------------------------------------
def _workforce(w: World) -> None:
    lead = w.users["gloria"]
    begun = w.today - timedelta(days=300)
    training.seed_requirements(program=w.program, by=lead, at=w.at(begun))
    plan: dict[str, dict[str, Any]] = {
        "ana": {"stage": Stage.ACTIVE, "supervisor": "rosa", "kind": "initial", "languages": ["English", "Spanish"], "limit": 3},
        "devon": {"stage": Stage.ACTIVE, "supervisor": "rosa", "kind": "full", "limit": 2},
        "linh": {"stage": Stage.CO_FACILITATING, "supervisor": "rosa", "kind": "", "languages": ["English", "Vietnamese"], "alumna": True},
        "jo": {"stage": Stage.ACTIVE, "supervisor": "rosa", "kind": "full", "limit": 2, "employment": "part-time"},
        "marcus": {"stage": Stage.CERTIFIED, "supervisor": "martin", "kind": "full", "limit": 3},
        "theo": {"stage": Stage.ACTIVE, "supervisor": "martin", "kind": "full", "languages": ["English", "Swedish"], "employment": "volunteer"},
    }  # fmt: skip
    for number, (key, p) in enumerate(plan.items()):
        user = w.users[key]
        peer = peers.add_facilitator(
            program=w.program,
            email=user.email,
            first_name=user.first_name,
            last_name=user.last_name,
            staff_id=f"P{101 + number}",
            by=lead,
            at=w.at(begun),
            stage=p["stage"],
            supervisor=w.users[p["supervisor"]],
            languages=p.get("languages", ["English"]),
            phone=f"(555) 555-01{10 + number}",
            employment=p.get("employment", "full-time"),
            alumni_of_program=p.get("alumna", False),
            max_groups_per_day=p.get("limit"),
            hired_on=begun + timedelta(days=9 * number),
        )
        w.peers[key] = peer
        _trainings(w, key, peer, p["kind"])
    availability.set_availability(
        facilitator=w.peers["jo"],
        hours=[(4, time(9), time(14)), (1, time(16), time(21)), (3, time(16), time(21))],
        by=w.users["priya"],
        at=w.at(begun),
    )


def _trainings(w: World, key: str, peer: Facilitator, kind: str) -> None:
    lead = w.users["gloria"]
    requirements = list(w.program.training_requirements.order_by("position"))
    for place, requirement in enumerate(requirements):
        left = 60 + (place * 37 + len(key) * 11) % 250
        if key == "devon" and requirement.name == "Boundary setting":
            left = -4
        if key == "jo" and requirement.name == "Ethics and confidentiality":
            left = 14
        runs_out = w.today + timedelta(days=left)
        done = runs_out - timedelta(days=365)
        training.record_training(
            facilitator=peer,
            requirement=requirement,
            completed_on=done,
            expires_on=runs_out,
            hours=2 + place % 5,  # type: ignore[arg-type]
            provider="State Peer Network",
            certificate_number=f"C-{len(key)}{place}{peer.staff_id[1:]}",
            by=lead,
            at=w.at(max(done, w.today - timedelta(days=290))),
            verified=not (key == "theo" and place == 3),
        )
    if kind:
        issued = w.today - timedelta(days=200 if kind == "full" else 90)
        training.record_certification(
            facilitator=peer,
            kind=kind,
            number=f"CPS-{1200 + len(key) * 7}",
            issued_on=issued,
            expires_on=issued + timedelta(days=730),
            board="State Certification Board",
            by=lead,
            at=w.at(issued),
        )


# --- groups, rooms, series ---------------------------------------------------------------------------
def _schedule(w: World) -> None:
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
            lead=w.peers[offer.lead],
            co=[w.peers[offer.co]] if offer.co else [],
            by=w.users["priya"],
            at=w.at(monday, 8),
            accept_not_cleared=True,
        )


# --- participants ------------------------------------------------------------------------------------
def _people(w: World, lakeside: Program) -> None:
    for number, person in enumerate(PARTICIPANTS):
        _admit(w, person, number)
    by, now = w.users["priya"], w.now
    # Consent taken back in the middle of the stay.
    contacts.revoke_channel_consent(
        participant=w.people["H3014"], channel="text", by=by, at=w.at(w.program_day(4), 15)
    )
    care_days = w.program_day(16)
    for person in PARTICIPANTS[:10]:
        episode = w.people[person.record].episodes.get()
        care_team.assign_care_team(
            episode=episode,
            user=w.users["hanna"],
            from_on=max(episode.admitted_on, care_days),
            by=by,
            at=w.at(episode.admitted_on, 11),
        )
    user = User.objects.create(
        email=PARTICIPANT_SIGN_IN[0],
        first_name="Marisol",
        last_name="Rivera",
        password=make_password(PASSWORD),
        joined_at=w.at(w.program_day(11)),
    )
    marisol = w.people["H3001"]
    Participant.objects.filter(pk=marisol.pk).update(user=user)
    give_role(user=user, program=w.program, role=Role.PARTICIPANT, by=None, at=now,
              starts_on=marisol.episodes.get().admitted_on)  # fmt: skip
    for record_number, first, last, ago in ALUMNI:
        _alumnus(w, record_number, first, last, ago)
    _sealed_chart(w)
    _mover(w, lakeside)


def _admit(w: World, p: Somebody, number: int) -> Participant:
    admitted = w.program_day(p.day)
    episode = stays.admit_participant(
        program=w.program,
        record_number=p.record,
        first_name=p.first_name,
        last_name=p.last_name,
        preferred_name=p.preferred_name,
        pronouns=p.pronouns,
        date_of_birth=date(p.born, 1 + number % 12, 1 + number * 7 % 28),
        language=p.language,
        interpreter_needed=p.interpreter,
        access_needs=p.needs,
        facilitator_wishes=p.wishes,
        email=f"{p.record.lower()}@mail.example" if p.record != "H3001" else PARTICIPANT_SIGN_IN[0],
        phone=f"(555) 555-0{100 + number % 100}",
        ok_to_email=p.email,
        ok_to_text=p.text,
        admitted_on=admitted,
        level="PHP",
        planned_discharge_on=w.today + timedelta(days=p.planned_in) if p.planned_in else None,
        track=p.track,
        referred_from=p.referred_from,
        different_person=True,
        by=w.users["priya"],
        at=w.at(admitted, 8, 30),
    )
    if p.level == "IOP":
        stays.change_level_of_care(
            episode=episode, level="IOP", from_on=w.program_day(p.day // 2),
            by=w.users["priya"], at=w.at(w.program_day(p.day // 2), 12),
        )  # fmt: skip
    w.people[p.record] = episode.participant
    return episode.participant


def _past_stay(
    w: World, record_number: str, first: str, last: str, begun: date, ended: date, **more: Any
) -> Participant:
    episode = stays.admit_participant(
        program=w.program, record_number=record_number, first_name=first, last_name=last,
        admitted_on=begun, level="PHP", by=w.users["priya"], at=w.at(begun, 9), **more,
    )  # fmt: skip
    stays.discharge_participant(
        episode=episode, on=ended, reason=more.pop("why", "completed"),
        by=w.users["priya"], at=w.at(ended, 14),
    )  # fmt: skip
    w.people[record_number] = episode.participant
    return episode.participant


def _alumnus(w: World, record_number: str, first: str, last: str, ago: int) -> None:
    ended = w.today - timedelta(days=ago)
    _past_stay(
        w, record_number, first, last, ended - timedelta(days=21), ended,
        email=f"{record_number.lower()}@mail.example", ok_to_email=True,
    )  # fmt: skip


def _sealed_chart(w: World) -> None:
    """Linh took part here once. That chart is closed to her and her colleagues."""
    ended = w.today - timedelta(days=370)
    chart = _past_stay(w, "H2410", "Linh", "Pham", ended - timedelta(days=24), ended)
    Participant.objects.filter(pk=chart.pk).update(sealed_at=w.at(w.today - timedelta(days=320)))
    record("participant.sealed", by=w.users["samuel"], at=w.now, obj=chart, program_id=w.program.pk)


def _mover(w: World, lakeside: Program) -> None:
    begun = w.program_day(9)
    episode = stays.admit_participant(
        program=w.program, record_number="H3031", first_name="Noel", last_name="Fontaine",
        pronouns="he/him", admitted_on=begun, level="PHP", email="h3031@mail.example", ok_to_email=True,
        by=w.users["priya"], at=w.at(begun, 9),
    )  # fmt: skip
    stays.move_to_program(
        episode=episode, program=lakeside, last_on=w.program_day(2), first_on=w.program_day(1),
        level="PHP", by=w.users["gloria"], at=w.at(w.program_day(1), 8),
    )  # fmt: skip
    w.people["H3031"] = episode.participant


# --- rosters -----------------------------------------------------------------------------------------
def _rosters(w: World) -> None:
    by = w.users["priya"]
    for person in PARTICIPANTS:
        participant = w.people[person.record]
        admitted = participant.episodes.get().admitted_on
        for letter in person.groups:
            enrollment.enroll(
                series=w.series[letter],
                participant=participant,
                from_on=max(admitted, w.series[letter].from_on),
                until_on=None,
                by=by,
                at=w.at(admitted, 10),
            )
    for record_number in WAITING:
        enrollment.enroll(
            series=w.series["W"], participant=w.people[record_number], from_on=w.today,
            until_on=None, by=by, at=w.at(w.program_day(1), 16),
        )  # fmt: skip
    for record_number, *_ in ALUMNI[:5]:
        person = w.people[record_number]
        ended = person.episodes.get().discharged_on
        Enrollment.objects.create(
            program=w.program, series=w.series["A"], participant=person, episode=None,
            from_on=max(ended + timedelta(days=1), w.series["A"].from_on),
        )  # fmt: skip


# --- what happened -----------------------------------------------------------------------------------
MARKS = (
    [Status.PRESENT] * 15
    + [Status.LATE] * 2
    + [Status.EXCUSED] * 2
    + [Status.DECLINED, Status.ABSENT]
)


def _history(w: World) -> None:
    held = (
        GroupSession.objects.filter(program=w.program, ends_at__lte=w.now)
        .select_related("series__group", "program__site")
        .order_by("starts_at")
    )
    late_friday = _day_after_friday(w) - timedelta(days=3)
    for session in held:
        leader = (
            SessionFacilitator.objects.filter(session=session, part="lead")
            .select_related("person")
            .get()
        )
        # The milieu of today is still unmarked, so that somebody has something to do.
        just_now = w.now - session.ends_at < timedelta(hours=3)
        if just_now:
            continue
        at = min(session.ends_at + timedelta(minutes=4), w.now)
        if session.local_date == w.program_day(7) and session.series_id == w.series["I"].pk:
            outcome.report_outcome(
                session=session, outcome="not_held", reason="Fire drill", by=leader.person, at=at
            )
            continue
        if not _mark(w, session, leader.person, at):
            outcome.report_outcome(
                session=session,
                outcome="not_held",
                reason="Nobody was enrolled yet",
                by=leader.person,
                at=at,
            )
            continue
        if w.now - session.ends_at < timedelta(hours=26):
            continue  # still to be written
        late = session.local_date == late_friday and session.series_id == w.series["O"].pk
        _write(w, session, leader.person, min(at + timedelta(hours=90 if late else 1), w.now))


def _mark(w: World, session: GroupSession, by: User, at: datetime) -> bool:
    """Mark who came; False when nobody was on the roster."""
    people = attendance.roster(session)
    marks = []
    for person in people:
        status = w.random.choice(MARKS)
        if person.participant_id == w.people["H3005"].pk and session.local_date >= w.program_day(2):
            status = Status.ABSENT  # a first week, missed twice in a row
        start = session.starts_at.astimezone(w.zone)
        marks.append(
            attendance.Mark(
                participant_id=person.participant_id,
                status=status,
                arrived=(start + timedelta(minutes=w.random.randint(4, 12))).time()
                if status == Status.LATE
                else None,
                reason=w.random.choice([r for r in AbsenceReason.values if r != "declined"])
                if status == Status.EXCUSED
                else "",
            )
        )
    if marks:
        attendance.mark_attendance(
            session=session, marks=marks, version=session.attendance_version, by=by, at=at
        )
    session.refresh_from_db()
    return bool(marks)


def _write(w: World, session: GroupSession, by: User, at: datetime) -> None:
    topic, done, plan = GROUP_WORDS[session.local_date.toordinal() % len(GROUP_WORDS)]
    parts: dict[Any, notes.Typed] = {
        None: notes.Typed(
            {
                "topic": topic,
                "what_was_done": done,
                "next_time": plan,
                "confidentiality_reminder": True,
            }
        )
    }
    came = Attendance.objects.filter(
        session=session,
        session__series__group__progress_notes=True,
        status__in=[Status.PRESENT, Status.LATE],
    ).order_by("participant__record_number")
    for place, row in enumerate(came):
        own, response, follow = OWN_WORDS[(place + session.local_date.toordinal()) % len(OWN_WORDS)]
        parts[row.participant_id] = notes.Typed(
            {
                "participation": ("active", "some", "quiet")[place % 3],
                "own_words": own,
                "response": response,
                "follow_up": follow,
                "written_together": place % 4 == 0,
            }
        )
    saved = notes.save_drafts(session=session, parts=parts, by=by, at=at)
    try:
        with transaction.atomic():
            signed = notes.sign_notes(session=session, seen=saved.versions, by=by, at=at)
    except notes.Refused:
        return  # whose training ran out cannot sign: the drafts wait
    if w.now - at < timedelta(days=5):
        return  # waits for the supervisor
    supervisor = w.peers[next(k for k, u in w.users.items() if u.pk == by.pk)].supervisor
    returned_on = _returned_on(w)
    for place, note in enumerate(n for n in signed.notes if n.needs_cosignature):
        answered = min(at + timedelta(days=1), w.now)
        if (
            place == 2
            and session.local_date == returned_on
            and session.series_id == w.series["M"].pk
        ):
            review.return_note(
                note=note,
                comment="Please add what you agreed on for the next time.",
                by=supervisor,
                at=answered,
            )
        else:
            review.cosign_note(note=note, by=supervisor, at=answered)


def _returned_on(w: World) -> date:
    """The last day of the morning circle that is three days ago or more."""
    held = GroupSession.objects.filter(series=w.series["M"], ends_at__lt=w.now - timedelta(days=6))
    return held.latest("starts_at").local_date


# --- supervision, check-ins, concerns ----------------------------------------------------------------
def _supervision(w: World) -> None:
    last = {"ana": 13, "devon": 26, "linh": 7, "jo": 19, "marcus": 21, "theo": 12}
    for key, ago in last.items():
        peer, day = w.peers[key], w.today - timedelta(days=ago)
        starts = datetime.combine(day, time(15, 30), w.zone)
        held = supervision.plan_supervision(
            facilitator=peer, supervisor=peer.supervisor, starts_at=starts, by=peer.supervisor,
            at=starts - timedelta(days=3),
        )  # fmt: skip
        supervision.write_supervision(
            supervision=held,
            by=peer.supervisor,
            at=starts + timedelta(minutes=40),
            minutes=30,
            mode="individual",
            competencies=["relationships", "growth"],
            discussed="How the groups went since we last met, and what to try next.",
            strengths="Stays calm and lets silence be.",
            boundary_review="Nothing new. We went through the gift question once more.",
            workload="About right.",
            agreed="Try opening the circle with a question of the group's own.",
        )
        supervision.sign_supervision(
            supervision=held, by=peer.supervisor, at=starts + timedelta(minutes=45)
        )
        if key != "jo":
            supervision.sign_supervision(
                supervision=held, by=peer.user, at=starts + timedelta(hours=3)
            )
    coming = w.today + timedelta(days=1 if w.today.weekday() < 4 else 7 - w.today.weekday())
    supervision.plan_supervision(
        facilitator=w.peers["linh"], supervisor=w.users["rosa"],
        starts_at=datetime.combine(coming, time(15, 30), w.zone), by=w.users["rosa"], at=w.now,
    )  # fmt: skip
    _check_ins(w)


def _check_ins(w: World) -> None:
    answers = {
        "ana": (1, "Three full groups on one day is a lot.", "Somebody offered me a ride home. Is that all right?", True),
        "linh": (3, "", "", False),
        "jo": (3, "One evening was quiet and heavy.", "", False),
        "marcus": (4, "", "", False),
    }  # fmt: skip
    for key in w.peers:
        asked = w.at(w.today - timedelta(days=3), 8)
        check_in = CheckIn.objects.create(
            facilitator=w.peers[key], due_on=w.today - timedelta(days=3), asked_at=asked
        )
        if key in answers:
            workload, hard, question, support = answers[key]
            check_ins.answer_check_in(
                check_in=check_in, by=w.users[key], at=w.at(w.today - timedelta(days=1), 12),
                workload=workload, hard=hard, boundary_question=question, wants_support=support,
            )  # fmt: skip


def _concerns(w: World) -> None:
    asked = concerns.report_concern(
        program=w.program, by=w.users["ana"], at=w.at(w.program_day(1), 16),
        concern_class=ConcernClass.QUESTION, category="gift_received", facilitator=w.peers["ana"],
        narrative="A member brought me a knitted scarf. May I keep it?", occurred_on=w.program_day(1),
    )  # fmt: skip
    contact = concerns.report_concern(
        program=w.program, by=w.users["devon"], at=w.at(w.program_day(5), 9),
        concern_class=ConcernClass.UNPLANNED_CONTACT, category="community_contact",
        facilitator=w.peers["devon"], narrative="We met in the supermarket queue and said hello.",
        occurred_on=w.program_day(6),
    )  # fmt: skip
    concerns.triage_concern(
        concern=contact, by=w.users["rosa"], at=w.at(w.program_day(4), 10), severity=1,
        concern_class=ConcernClass.UNPLANNED_CONTACT, category="community_contact",
        reviewer=w.users["rosa"], words="Well told, thank you.",
    )  # fmt: skip
    concerns.report_concern(
        program=w.program, by=w.users["marcus"], at=w.at(w.program_day(2), 17),
        concern_class=ConcernClass.CROSSING, category="disrespect_by_staff", named=[w.users["martin"]],
        narrative="I was asked in front of the team to tell my own story. I had not offered it.",
        occurred_on=w.program_day(2),
    )  # fmt: skip
    del asked


def _ahead(w: World) -> None:
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


def _lakeside(w: World, lakeside: Program) -> None:
    Room.objects.create(site=lakeside.site, name="Lake Room", seats=10)
    SupportGroup.objects.create(program=lakeside, name="Lakeside Circle", kind="open", capacity=10)
