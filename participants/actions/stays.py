"""The stay: admitted, level of care, discharge planned and done, back again, or moved."""

from datetime import date, datetime, timedelta
from typing import Final

from django.db import transaction

from participants.actions.contacts import give_consent, set_contact
from participants.actions.guards import (
    lock_open_stay,
    lock_person,
    lock_stay,
)
from participants.actions.people import cleaned, record_number_taken
from participants.models import (
    CareTeamMembership,
    ConsentChannel,
    ContactKind,
    DischargeReason,
    EpisodeOfCare,
    LevelOfCare,
    LevelOfCareChange,
    Participant,
    Referral,
)
from participants.policies import refuse_move
from participants.queries.duplicates import possible_duplicates
from participants.signals import episode_discharged, episode_reopened
from phpsupport.audit.trail import record
from phpsupport.lib import clock
from phpsupport.lib.constraints import last_guard
from phpsupport.lib.errors import Refused
from phpsupport.lib.wording import date_in_full, day
from phpsupport.programs.models import Organization, Program
from phpsupport.users.models import User

# Against slips of the keyboard: an admission is booked at most this far ahead.
AHEAD: Final = timedelta(days=92)
TRACK_LENGTH: Final = 60


def has_open_stay() -> Refused:
    return Refused(
        "This person has an open stay already. Discharge it before a new one begins.",
        code="open_stay",
    )


def stays_overlap() -> Refused:
    return Refused(
        "This person has another stay in those days. Choose a later day.",
        field="admitted_on",
        code="overlap",
    )


GUARDS: Final = {"one_open_episode": has_open_stay, "episodes_apart": stays_overlap}


@transaction.atomic
def admit_participant(
    *,
    program: Program,
    record_number: str,
    first_name: str,
    admitted_on: date,
    level: str,
    by: User | None,
    at: datetime,
    last_name: str = "",
    preferred_name: str = "",
    also_called: str = "",
    pronouns: str = "",
    date_of_birth: date | None = None,
    language: str = "English",
    interpreter_needed: bool = False,
    access_needs: str = "",
    facilitator_wishes: str = "",
    email: str = "",
    phone: str = "",
    ok_to_email: bool = False,
    ok_to_text: bool = False,
    planned_discharge_on: date | None = None,
    track: str = "",
    referred_from: str = "",
    different_person: bool = False,
) -> EpisodeOfCare:
    """Admit somebody who was never here: the person, the first stay, level, contacts, consents.

    Somebody of the same name and date of birth whom `by` may see is a refusal (code `maybe_same`)
    until `different_person` says that this is another person.
    """
    today = clock.local_date(at, program.zone)
    who = cleaned(
        {
            "record_number": record_number,
            "first_name": first_name,
            "last_name": last_name,
            "preferred_name": preferred_name,
            "also_called": also_called,
            "pronouns": pronouns,
            "date_of_birth": date_of_birth,
            "language": language,
        },
        today,
    )
    if not (who["first_name"] or who["last_name"]):
        raise Refused("Enter a name.", field="first_name", code="unnamed")
    if date_of_birth and admitted_on < date_of_birth:
        raise Refused(
            "The admission comes before the date of birth. Check both.",
            field="admitted_on",
            code="before_birth",
        )
    # Admissions of one organization come one after the other, so that of two people who admit
    # the same person at the same moment, the second is told.
    organization = Organization.objects.select_for_update(no_key=True).get(
        pk=program.site.organization_id
    )
    if Participant.objects.filter(
        organization=organization, record_number=who["record_number"]
    ).exists():
        raise record_number_taken()
    if not different_person and possible_duplicates(
        organization_id=organization.pk,
        first_name=who["first_name"],
        last_name=who["last_name"],
        preferred_name=who["preferred_name"],
        date_of_birth=date_of_birth,
        seen_by=by,
    ):
        raise Refused(
            "Somebody of this name and date of birth is here already. Open that person, or say "
            "that this is somebody else.",
            field="different_person",
            code="maybe_same",
        )
    with last_guard({"one_participant_per_record_number": record_number_taken}):
        participant = Participant.objects.create(
            organization=organization,
            interpreter_needed=interpreter_needed,
            access_needs=access_needs.strip(),
            facilitator_wishes=facilitator_wishes.strip(),
            **who,
        )
    for kind, value in ((ContactKind.EMAIL, email), (ContactKind.PHONE, phone)):
        set_contact(participant=participant, kind=kind, value=value, by=by, at=at)
    for channel, agreed in ((ConsentChannel.EMAIL, ok_to_email), (ConsentChannel.TEXT, ok_to_text)):
        if agreed:
            give_consent(participant=participant, channel=channel, by=by, at=at)
    return _begin(
        participant, program, admitted_on, level, planned_discharge_on, track, referred_from, by, at
    )


@transaction.atomic
def readmit_participant(
    *,
    participant: Participant,
    program: Program,
    admitted_on: date,
    level: str,
    by: User | None,
    at: datetime,
    planned_discharge_on: date | None = None,
    track: str = "",
    referred_from: str = "",
) -> EpisodeOfCare:
    """Begin a new stay of somebody who was here before; refused while one is open."""
    person = lock_person(participant)
    if person.organization_id != program.site.organization_id:
        raise Refused("That program belongs to another organization.", field="program")
    return _begin(
        person, program, admitted_on, level, planned_discharge_on, track, referred_from, by, at
    )


@transaction.atomic
def change_level_of_care(
    *, episode: EpisodeOfCare, level: str, from_on: date, by: User | None, at: datetime
) -> LevelOfCareChange:
    """Another level of care from a day on. The same again changes nothing; a change that begins
    on the same day is corrected."""
    stay = lock_open_stay(episode)
    level = _known_level(level)
    if from_on < stay.admitted_on:
        raise Refused(
            f"The level cannot change before the admission on {day(stay.admitted_on)}.",
            field="from_on",
            code="before_admission",
        )
    if from_on > clock.local_date(at, stay.program.zone) + AHEAD:
        raise Refused("That day is far ahead. Check the year.", field="from_on", code="far_ahead")
    newest = stay.levels.filter(from_on__lte=from_on).order_by("-from_on").first()
    if newest and newest.level == level:
        return newest
    if newest and newest.from_on == from_on:
        newest.level = level
        newest.save(update_fields=["level"])
        change = newest
    else:
        change = LevelOfCareChange.objects.create(episode=stay, level=level, from_on=from_on)
    record(
        "level.changed", by=by, at=at, obj=change, program_id=stay.program_id,
        episode=str(stay.pk), level=level, from_on=from_on.isoformat(),
    )  # fmt: skip
    return change


@transaction.atomic
def plan_discharge(
    *, episode: EpisodeOfCare, on: date | None, by: User | None, at: datetime
) -> EpisodeOfCare:
    """Set the day on which the stay is expected to end, or take it back with None. Nothing ends."""
    stay = lock_open_stay(episode)
    if on == stay.planned_discharge_on:
        return stay
    if on and on < stay.admitted_on:
        raise _before_admission(stay, "on")
    if on and on < clock.local_date(at, stay.program.zone):
        raise Refused(
            "A planned discharge lies ahead. To end the stay on a past day, record the discharge.",
            field="on",
            code="past_plan",
        )
    stay.planned_discharge_on = on
    stay.save(update_fields=["planned_discharge_on"])
    record("discharge.planned", by=by, at=at, obj=stay, on=on.isoformat() if on else None)
    return stay


@transaction.atomic
def discharge_participant(
    *, episode: EpisodeOfCare, on: date, by: User | None, at: datetime, reason: str = ""
) -> EpisodeOfCare:
    """End the stay with the day `on`, which still belongs to it.

    The upper apps end what hangs on the stay in the same transaction (`episode_discharged`).
    The same again changes nothing; another day for a stay that has ended is refused.
    """
    stay = lock_stay(episode)
    if stay.discharged_on:
        if stay.discharged_on == on:
            return stay
        raise Refused(
            f"This stay ended on {day(stay.discharged_on)} already.", code="discharged_already"
        )
    reason = _known(DischargeReason, reason, "reason")
    if on < stay.admitted_on:
        raise _before_admission(stay, "on")
    if on > clock.local_date(at, stay.program.zone):
        raise Refused(
            f"{day(on)} lies ahead. Plan the discharge for that day, and record it when it has come.",
            field="on",
            code="ahead",
        )
    stay.discharged_on, stay.discharge_reason = on, reason
    stay.save(update_fields=["discharged_on", "discharge_reason"])
    CareTeamMembership.objects.filter(episode=stay, from_on__gt=on).delete()
    CareTeamMembership.objects.filter(episode=stay).exclude(until_on__lte=on).update(until_on=on)
    record("episode.discharged", by=by, at=at, obj=stay, on=on.isoformat(), reason=reason)
    episode_discharged.send(sender=EpisodeOfCare, episode=stay, on=on, by=by, at=at)
    return stay


@transaction.atomic
def reopen_stay(*, episode: EpisodeOfCare, by: User | None, at: datetime) -> EpisodeOfCare:
    """Take a discharge back that was a slip. The newest stay only; what the discharge ended
    (groups, care team) is given anew by hand. An open stay is left as it is."""
    stay = lock_stay(episode)
    if stay.discharged_on is None:
        return stay
    newer = stay.participant.episodes.filter(admitted_on__gt=stay.admitted_on)
    if newer.exists():
        raise Refused(
            "A newer stay has begun. Only the discharge of the newest stay can be taken back.",
            code="newer_stay",
        )
    was = stay.discharged_on
    stay.discharged_on, stay.discharge_reason = None, ""
    with last_guard(GUARDS):
        stay.save(update_fields=["discharged_on", "discharge_reason"])
    record("episode.reopened", by=by, at=at, obj=stay, was=was.isoformat())
    episode_reopened.send(sender=EpisodeOfCare, episode=stay, by=by, at=at)
    return stay


@transaction.atomic
def move_to_program(
    *,
    episode: EpisodeOfCare,
    program: Program,
    last_on: date,
    first_on: date,
    level: str,
    by: User,
    at: datetime,
    planned_discharge_on: date | None = None,
) -> EpisodeOfCare:
    """End the stay here (reason: moved) and begin one in another program of the organization.

    `by` needs the right to admit and discharge in both programs. The person, their preferences,
    contacts and consents stay as they are; groups and the care team end with the stay here.
    """
    stay = lock_open_stay(episode)
    if sentence := refuse_move(by, stay, program):
        raise Refused(sentence, field="program", code="move")
    if first_on <= last_on:
        raise Refused(
            "The first day there comes after the last day here.", field="first_on", code="overlap"
        )
    try:
        discharge_participant(episode=stay, on=last_on, reason=DischargeReason.MOVED, by=by, at=at)
    except Refused as refusal:
        # The page that asks for a move calls the day differently.
        refusal.field = "last_on" if refusal.field == "on" else refusal.field
        raise
    try:
        return _begin(
            stay.participant, program, first_on, level, planned_discharge_on, stay.track, "", by, at
        )
    except Refused as refusal:
        refusal.field = "first_on" if refusal.field == "admitted_on" else refusal.field
        raise


def _begin(
    person: Participant,
    program: Program,
    admitted_on: date,
    level: str,
    planned_discharge_on: date | None,
    track: str,
    referred_from: str,
    by: User | None,
    at: datetime,
) -> EpisodeOfCare:
    """A new stay of a person whose row is locked or new."""
    level = _known_level(level)
    referred_from = _known(Referral, referred_from, "referred_from")
    track = " ".join(track.split())
    if len(track) > TRACK_LENGTH:
        raise Refused(f"Keep the track to {TRACK_LENGTH} characters.", field="track")
    if admitted_on > clock.local_date(at, program.zone) + AHEAD:
        raise Refused(
            f"{date_in_full(admitted_on)} is more than three months ahead. Check the year.",
            field="admitted_on",
            code="far_ahead",
        )
    if planned_discharge_on and planned_discharge_on < admitted_on:
        raise Refused(
            "The planned discharge cannot be before the admission.",
            field="planned_discharge_on",
            code="before_admission",
        )
    newest = person.episodes.order_by("-admitted_on").first()
    if newest and not newest.discharged_on:
        raise has_open_stay()
    if newest and newest.discharged_on and admitted_on <= newest.discharged_on:
        after = newest.discharged_on + timedelta(days=1)
        raise Refused(
            f"The stay before ended on {day(newest.discharged_on)}. "
            f"A new one can begin on {day(after)}.",
            field="admitted_on",
            code="overlap",
        )
    with last_guard(GUARDS):
        stay = EpisodeOfCare.objects.create(
            participant=person,
            program=program,
            admitted_on=admitted_on,
            planned_discharge_on=planned_discharge_on,
            track=track,
            referred_from=referred_from,
        )
    LevelOfCareChange.objects.create(episode=stay, level=level, from_on=admitted_on)
    record(
        "episode.admitted", by=by, at=at, obj=stay, participant=str(person.pk), level=level,
        on=admitted_on.isoformat(),
    )  # fmt: skip
    return stay


def _before_admission(stay: EpisodeOfCare, field: str) -> Refused:
    return Refused(
        f"The discharge cannot be before the admission on {day(stay.admitted_on)}.",
        field=field,
        code="before_admission",
    )


def _known_level(level: str) -> str:
    if level not in LevelOfCare.values:
        raise Refused("Choose a level of care from the list.", field="level", code="unknown")
    return level


def _known(choices: type[Referral] | type[DischargeReason], value: str, field: str) -> str:
    if value and value not in choices.values:
        raise Refused("Choose one from the list.", field=field, code="unknown")
    return value
