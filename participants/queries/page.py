"""What the page of one participant shows."""

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Prefetch

from participants.models import (
    CareTeamMembership,
    ConsentChannel,
    ContactKind,
    EpisodeOfCare,
    LevelOfCareChange,
    Participant,
)
from participants.names import display_name, full_name
from participants.queries.census import leaving_of, state_of
from participants.queries.reach import USES
from participants.reaching import shown_phone
from phpsupport.lib.wording import clock_time, date_in_full, day
from phpsupport.users.models import User


@dataclass(frozen=True)
class Consent:
    """A channel: whether it may be used, and how that came about."""

    channel: str
    label: str
    live: bool
    has_address: bool
    said: str
    history: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Member:
    """Somebody on the care team."""

    id: UUID
    user_id: UUID
    name: str
    said: str
    now: bool


@dataclass(frozen=True)
class Stay:
    """One stay."""

    id: UUID
    program_id: UUID
    program: str
    open: bool
    state: str
    state_kind: str
    admitted: str
    level: str
    level_words: str
    levels: list[str]
    leaving_label: str
    leaving: str
    leaving_kind: str
    reason: str
    track: str
    referred_from: str
    team: list[Member]


@dataclass(frozen=True)
class Person:
    """Who they are and how they wish to be met; nothing else for those who see the reduced page."""

    id: UUID
    name: str
    called: str
    pronouns: str
    language: str
    interpreter: bool
    access_needs: str
    facilitator_wishes: str
    record_number: str = ""
    born: str = ""
    email: str = ""
    phone: str = ""
    sealed: bool = False


@dataclass(frozen=True)
class ParticipantPage:
    """The whole page."""

    person: Person
    consents: list[Consent]
    stays: list[Stay]

    @property
    def newest(self) -> Stay | None:
        """The newest stay that can be seen."""
        return self.stays[0] if self.stays else None

    @property
    def current(self) -> Stay | None:
        """The newest stay, if it is open."""
        return self.stays[0] if self.stays and self.stays[0].open else None


def reduced_person(participant: Participant) -> Person:
    """What a facilitator or supervisor needs to meet somebody well. No query."""
    names = (participant.first_name, participant.last_name, participant.preferred_name)
    called = display_name(*names)
    return Person(
        id=participant.pk,
        name=called,
        called=called,
        pronouns=participant.pronouns,
        language=participant.language,
        interpreter=participant.interpreter_needed,
        access_needs=participant.access_needs,
        facilitator_wishes=participant.facilitator_wishes,
    )


def participant_page(
    participant: Participant, *, seen_by: User, today: date, zone: str, reaches: bool = True
) -> ParticipantPage:
    """Facts, contacts, consents with their history, stays with levels and care team. Five queries.

    Without `reaches` no contacts and consents: those are of the program of the newest stay, and
    others have seen the person leave.
    """
    names = (participant.first_name, participant.last_name, participant.preferred_name)
    contacts = {c.kind: c.value for c in participant.contacts.all()} if reaches else {}
    stays = (
        participant.episodes.visible_to(seen_by)  # type: ignore[attr-defined]
        .select_related("program__site")
        .prefetch_related(
            Prefetch("levels", LevelOfCareChange.objects.order_by("from_on")),
            Prefetch(
                "care_team",
                CareTeamMembership.objects.select_related("user").order_by("from_on", "pk"),
            ),
        )
        .order_by("-admitted_on")
    )
    return ParticipantPage(
        person=Person(
            id=participant.pk,
            name=full_name(*names),
            called=display_name(*names),
            pronouns=participant.pronouns,
            language=participant.language,
            interpreter=participant.interpreter_needed,
            access_needs=participant.access_needs,
            facilitator_wishes=participant.facilitator_wishes,
            record_number=participant.record_number,
            born=date_in_full(participant.date_of_birth) if participant.date_of_birth else "",
            email=contacts.get(ContactKind.EMAIL, ""),
            phone=shown_phone(contacts[ContactKind.PHONE]) if ContactKind.PHONE in contacts else "",
            sealed=participant.sealed_at is not None,
        ),
        consents=consents_of(participant, zone, kinds=set(contacts)) if reaches else [],
        stays=[_stay(stay, today) for stay in stays],
    )


def consents_of(
    participant: Participant, zone: str, kinds: set[str] | None = None
) -> list[Consent]:
    """Each channel with its history, the newest first. One query, two without `kinds`."""
    if kinds is None:
        kinds = set(participant.contacts.values_list("kind", flat=True))
    rows = list(participant.channel_consents.select_related("given_to").order_by("-given_at"))
    found = []
    for channel in ConsentChannel:
        mine = [row for row in rows if row.channel == channel]
        history = []
        for row in mine:
            to = f" to {row.given_to.name}" if row.given_to else ""
            if row.given_to_id and row.given_to_id == participant.user_id:
                to = " by the person"
            if row.revoked_at:
                history.append(f"Taken back {_moment(row.revoked_at, zone)}")
            history.append(f"Given {_moment(row.given_at, zone)}{to}")
        live = bool(mine) and mine[0].revoked_at is None
        found.append(
            Consent(
                channel=channel.value,
                label=str(channel.label),
                live=live,
                has_address=USES[channel] in kinds,
                said=history[0] if history else "Not asked yet",
                history=history,
            )
        )
    return found


def _stay(stay: EpisodeOfCare, today: date) -> Stay:
    levels = list(stay.levels.all())
    begun = [change for change in levels if change.from_on <= today] or levels[:1]
    state, kind = state_of(stay, today)
    leaving, leaving_kind = leaving_of(stay, today)
    return Stay(
        id=stay.pk,
        program_id=stay.program_id,
        program=stay.program.name,
        open=stay.discharged_on is None,
        state=state,
        state_kind=kind,
        admitted=day(stay.admitted_on, year=True),
        level=begun[-1].level if begun else "",
        level_words=begun[-1].get_level_display() if begun else "",
        levels=[
            f"{change.level} from {day(change.from_on, year=change.from_on.year != today.year)}"
            for change in levels
        ],
        leaving_label="Discharged" if stay.discharged_on else "Planned discharge",
        leaving=leaving,
        leaving_kind=leaving_kind,
        reason=stay.get_discharge_reason_display(),
        track=stay.track,
        referred_from=stay.get_referred_from_display(),
        team=[_member(m, today) for m in stay.care_team.all()],
    )


def _member(member: CareTeamMembership, today: date) -> Member:
    now = member.from_on <= today and (member.until_on is None or member.until_on >= today)
    if member.until_on and member.until_on < today:
        said = f"{day(member.from_on)} – {day(member.until_on)}"
    elif member.until_on:
        said = f"through {day(member.until_on)}"
    elif member.from_on > today:
        said = f"from {day(member.from_on)}"
    else:
        said = f"since {day(member.from_on)}"
    return Member(member.pk, member.user_id, member.user.name, said, now)


def _moment(at: datetime, zone: str) -> str:
    local = at.astimezone(ZoneInfo(zone))
    return f"{day(local.date(), year=True)}, {clock_time(local)}"
