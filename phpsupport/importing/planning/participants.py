"""participants.csv against the people and stays of the organization."""

from collections import defaultdict
from uuid import UUID

from participants.models import (
    ChannelConsent,
    ConsentChannel,
    ContactKind,
    ContactPoint,
    EpisodeOfCare,
    LevelOfCareChange,
    Participant,
)
from phpsupport.importing.planning.desk import Desk, Someone, told
from phpsupport.importing.readers import Row
from phpsupport.importing.report import State, shown
from phpsupport.lib import wording
from phpsupport.lib.periods import Period

OLDEST_YEARS = 120
WHO = {
    name: name
    for name in (
        "first_name", "last_name", "preferred_name", "pronouns", "date_of_birth", "language",
        "interpreter_needed",
    )
}  # fmt: skip
CONSENTS = (
    ("ok_to_email", ConsentChannel.EMAIL, "email"),
    ("ok_to_text", ConsentChannel.TEXT, "phone"),
)


class Stored:
    """What is on record about the people the files speak of. Six queries."""

    def __init__(self, desk: Desk, numbers: set[str]) -> None:
        people = list(
            Participant.objects.filter(
                organization_id=desk.program.site.organization_id, record_number__in=numbers
            )
        )
        self.people = {p.record_number: p for p in people}
        pks = [p.pk for p in people]
        self.stays: dict[UUID, list[EpisodeOfCare]] = defaultdict(list)
        for stay in EpisodeOfCare.objects.filter(participant_id__in=pks).order_by("admitted_on"):
            self.stays[stay.participant_id].append(stay)
        episodes = [stay.pk for stays in self.stays.values() for stay in stays]
        self.levels: dict[UUID, list[LevelOfCareChange]] = defaultdict(list)
        for level in LevelOfCareChange.objects.filter(episode_id__in=episodes).order_by("from_on"):
            self.levels[level.episode_id].append(level)
        self.contacts = {
            (c.participant_id, c.kind): c
            for c in ContactPoint.objects.filter(participant_id__in=pks)
        }
        self.consents: dict[tuple[UUID, str], list[ChannelConsent]] = defaultdict(list)
        for consent in ChannelConsent.objects.filter(participant_id__in=pks):
            self.consents[consent.participant_id, consent.channel].append(consent)


def plan_participants(desk: Desk) -> None:
    rows = desk.rows("participants")
    numbers = {
        row.values["record_number"]
        for s in desk.reading.sheets
        for row in s.rows
        if "record_number" in row.values
    }
    if not numbers:
        return
    stored = Stored(desk, numbers)
    for number, participant in stored.people.items():
        stays = [s for s in stored.stays[participant.pk] if s.program_id == desk.program.pk]
        if stays and participant.sealed_at is None:
            desk.someones[number] = Someone(None, participant, stays)
    first: dict[object, Row] = {}
    alike: dict[object, Row] = {}
    for row in rows:
        number = row.cells.get("record_number", "")
        _check_dates(desk, row)
        if number and number in first:
            _told_twice(desk, row, first[number], number)
            continue
        first[number] = row
        if "first_name" in row.values and "last_name" not in row.values | dict.fromkeys(row.bad):
            desk.warn(
                row, "last_name",
                "There is no last name. That is fine for a person with one name.",
            )  # fmt: skip
        _tell_alike(desk, row, alike)
        someone = Someone(row, stored.people.get(number))
        if number:
            desk.someones[number] = someone
        if not row.wrong:
            _plan_one(desk, row, someone, stored)
        if someone.participant is None and not row.wrong:
            raise AssertionError("a sound row has its participant")


def _told_twice(desk: Desk, row: Row, before: Row, number: str) -> None:
    """The same row again, the same person with other details, or two people with one number."""
    names = ("first_name", "last_name", "date_of_birth")
    if all(row.cells.get(n) != before.cells.get(n) for n in names):
        desk.fault(
            row, "record_number",
            f"{shown(number)} stands for another person on line {before.line}. Give each person a "
            "number of their own.",
        )  # fmt: skip
    else:
        desk.twice(row, {number: before}, number, "record_number", f"The number {shown(number)}")


def _tell_alike(desk: Desk, row: Row, alike: dict[object, Row]) -> None:
    born = row.get("date_of_birth")
    if born is None or "first_name" not in row.values:
        return
    key = (row.values["first_name"].casefold(), row.get("last_name", "").casefold(), born)
    before = alike.setdefault(key, row)
    if before is not row:
        desk.warn(
            row, "record_number",
            f"Line {before.line} has the same name and date of birth under another number. If this "
            "is one person, keep one row.",
        )  # fmt: skip


def _check_dates(desk: Desk, row: Row) -> None:
    born, came, went = (row.get(n) for n in ("date_of_birth", "admitted_on", "discharged_on"))
    if born and born > desk.today:
        desk.fault(row, "date_of_birth", "This day has not come yet. Check the year.")
    elif born and desk.today.year - born.year > OLDEST_YEARS:
        desk.fault(
            row, "date_of_birth", f"This is more than {OLDEST_YEARS} years ago. Check the year."
        )
    if born and came and came < born:
        desk.fault(row, "admitted_on", "The admission comes before the date of birth. Check both.")
    if came and (came - desk.today).days > 92:
        desk.fault(row, "admitted_on", "This day is far ahead. Check the year.")
    if came and went and went < came:
        desk.fault(
            row, "discharged_on",
            f"The discharge comes before the admission ({came.isoformat()}). Correct one of the two.",
        )  # fmt: skip


def _plan_one(desk: Desk, row: Row, someone: Someone, stored: Stored) -> None:
    values = told(row, **WHO)
    changes: list[str] = []
    person, is_new = someone.participant, False
    if person is None:
        person = Participant(
            organization_id=desk.program.site.organization_id,
            record_number=row.values["record_number"], **values,
        )  # fmt: skip
        desk.add(person)
        is_new = True
    else:
        if person.sealed_at:
            desk.fault(
                row, "record_number", "This number cannot be used. Ask your privacy officer."
            )
            return
        here = any(s.program_id == desk.program.pk for s in stored.stays[person.pk])
        if _is_somebody_else(person, row, here=here):
            desk.fault(
                row, "record_number",
                f"{shown(person.record_number)} is on record for another person. Check the number.",
            )  # fmt: skip
            return
        if _kept_elsewhere(desk, row, stored.stays[person.pk]):
            _tell_kept_elsewhere(desk, row, person, values)
        else:
            changes += [name.replace("_", " ") for name in desk.change(person, **values)]
            changes += _plan_contacts(desk, row, person, stored)
    someone.participant = person
    if is_new:
        changes += _plan_contacts(desk, row, person, stored)
    came = _plan_stay(desk, row, person, someone, stored)
    if row.wrong:
        return
    changes += came
    desk.state(row, State.NEW if is_new else State.CHANGED if changes else State.SAME, changes)


def _is_somebody_else(person: Participant, row: Row, *, here: bool) -> bool:
    """Whether the row cannot be about the person on record under its number."""
    names = (row.values["first_name"].casefold(), row.get("last_name", "").casefold())
    other_name = names != (person.first_name.casefold(), person.last_name.casefold())
    born = row.get("date_of_birth")
    other_birth = bool(born and person.date_of_birth and born != person.date_of_birth)
    # Of somebody known only to another program nothing is told and nothing changed on a guess.
    return (other_name and other_birth) if here else (other_name or other_birth)


def _kept_elsewhere(desk: Desk, row: Row, stays: list[EpisodeOfCare]) -> bool:
    """Whether the newest stay, this row's included, is another program's: that one keeps the
    person's particulars, contacts and consents."""
    newest = stays[-1] if stays else None
    return (
        newest is not None
        and newest.program_id != desk.program.pk
        and row.values["admitted_on"] <= newest.admitted_on
    )


def _tell_kept_elsewhere(
    desk: Desk, row: Row, person: Participant, values: dict[str, object]
) -> None:
    reaching = ("email", "phone", *(column for column, _, _ in CONSENTS))
    other = any(getattr(person, name) != value for name, value in values.items())
    if other or any(row.get(column) is not None for column in reaching):
        desk.warn(
            row, "record_number",
            "Name, preferences, contacts and consents stay as they are: the program of the newest "
            "stay keeps them.",
        )  # fmt: skip


def _plan_contacts(desk: Desk, row: Row, person: Participant, stored: Stored) -> list[str]:
    changes = []
    for column, kind in (("email", ContactKind.EMAIL), ("phone", ContactKind.PHONE)):
        value = row.get(column)
        kept = stored.contacts.get((person.pk, kind))
        if value and kept is None:
            desk.add(ContactPoint(participant=person, kind=kind, value=value))
        elif not (value and kept is not None and desk.change(kept, value=value)):
            continue
        changes.append(column)
        if kind == ContactKind.EMAIL and person.user_id:
            desk.readdressed.add(person.user_id)
    for column, channel, address in CONSENTS:
        agreed = row.get(column)
        if agreed is None:
            continue
        past = stored.consents[person.pk, channel]
        standing = next((c for c in past if c.revoked_at is None), None)
        if agreed and standing is None and past:
            desk.warn(
                row, column,
                "This consent was taken back after it was given. An import does not renew it; ask "
                "the person and note it on their page.",
            )  # fmt: skip
        elif agreed and standing is None:
            reachable = row.get(address) or (person.pk, _kind_of(address)) in stored.contacts
            if not reachable:
                desk.warn(
                    row, column,
                    f"There is no {'number' if address == 'phone' else 'address'} to use, so no "
                    "consent is kept.",
                )  # fmt: skip
                continue
            desk.add(ChannelConsent(
                participant=person, channel=channel, given_at=desk.at, given_to=desk.by
            ))  # fmt: skip
            changes.append(f"consent to {channel.label.lower()}")
        elif agreed is False and standing is not None:
            desk.change(standing, revoked_at=desk.at)
            changes.append(f"no consent to {channel.label.lower()}")
    return changes


def _kind_of(address: str) -> ContactKind:
    return ContactKind.PHONE if address == "phone" else ContactKind.EMAIL


def _plan_stay(
    desk: Desk, row: Row, person: Participant, someone: Someone, stored: Stored
) -> list[str]:
    came, went = row.values["admitted_on"], row.get("discharged_on")
    over = went is not None and went <= desk.today
    stays = stored.stays[person.pk]
    here = [s for s in stays if s.program_id == desk.program.pk]
    someone.stays = here
    level = row.values["level_of_care"]
    more = told(row, track="track", referred_from="referred_from")
    stay = next((s for s in here if s.admitted_on == came), None)
    if stay is None:
        mine = Period.days(came, went if over else None)
        if any(Period.days(s.admitted_on, s.discharged_on).overlaps(mine) for s in stays):
            desk.fault(
                row, "admitted_on",
                "This person has another stay in those days. Write the day of admission that is on "
                "record, or discharge the other stay first.",
            )  # fmt: skip
            return []
        stay = EpisodeOfCare(
            participant=person, program=desk.program, admitted_on=came,
            planned_discharge_on=went, discharged_on=went if over else None, **more,
        )  # fmt: skip
        if over:
            stay.planned_discharge_on = None
        desk.add(stay)
        desk.add(LevelOfCareChange(episode=stay, level=level, from_on=came))
        here.append(stay)
        return [f"stay from {came.isoformat()}"]
    changes = [name.replace("_", " ") for name in desk.change(stay, **more)]
    if went is not None:
        if over:
            if stay.discharged_on is None:
                desk.discharges.append((stay, went))
                stay.discharged_on = went  # as the plan sees it; the action writes it
                changes.append("discharge")
            elif stay.discharged_on != went:
                desk.fault(
                    row,
                    "discharged_on",
                    f"This stay ended on {wording.day(stay.discharged_on, year=True)}. Write that "
                    "day, or correct it under Participants.",
                )
                return []
        elif stay.discharged_on is not None:
            desk.fault(
                row, "discharged_on",
                f"This stay ended on {wording.day(stay.discharged_on, year=True)}. Write that day, "
                "or re-admit the person under Participants.",
            )  # fmt: skip
            return []
        else:
            changes += ["planned discharge" for _ in desk.change(stay, planned_discharge_on=went)]
    levels = stored.levels[stay.pk]
    now = next((x for x in reversed(levels) if x.from_on <= max(desk.today, came)), None)
    if now is None or now.level != level:
        if stay.discharged_on:
            desk.fault(
                row, "level_of_care",
                "The stay is over, and another level of care is on record. Write the one on record.",
            )  # fmt: skip
            return []
        from_on = max(desk.today, came)
        if now is not None and now.from_on == from_on:
            desk.change(now, level=level)
        else:
            desk.add(LevelOfCareChange(episode=stay, level=level, from_on=from_on))
        changes.append("level of care")
    return changes
