"""rooms.csv, closures.csv and groups.csv: where and when, with what is in the way told in words."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q

from facilitators.models import Facilitator, Leave, Stage
from phpsupport.importing.planning.desk import Desk, Run, same, told
from phpsupport.importing.planning.rhythm import dates_of, how_often_differs
from phpsupport.importing.readers import Row
from phpsupport.importing.report import State, shown
from phpsupport.lib import wording
from phpsupport.programs.models import Closure
from sessions.conflicts import LEAVE, Clash, Rule, Rules, Slot, judge
from sessions.models import (
    GroupSeries,
    GroupSession,
    Part,
    Room,
    SeriesFacilitator,
    SessionFacilitator,
    SessionState,
    SupportGroup,
)
from sessions.recurrence import Occurrence, Pattern, last_day

TAKEN = (SessionState.SCHEDULED, SessionState.HELD)
# What an import cannot bring in; the other rules are looked at when somebody plans.
ASKED = Rules.only(room="block", facilitator="block", leave="warn")


def plan_rooms(desk: Desk) -> None:
    rows = desk.rows("rooms")
    stored = {same(r.name): r for r in Room.objects.filter(site_id=desk.program.site_id)}
    desk.rooms.update(stored)
    first: dict[object, Row] = {}
    for row in rows:
        name = row.get("room")
        if name and desk.twice(row, first, same(name), "room", f"The room {shown(name)}"):
            continue
        if name and row.wrong:
            desk.rooms.setdefault(same(name), None)
        if row.wrong:
            continue
        values = told(row, seats="seats", kind="kind", notes="notes")
        room = stored.get(same(name))
        if room is None:
            room = Room(site_id=desk.program.site_id, name=name, **values)
            desk.add(room)
        else:
            changed = desk.change(room, **values)
            desk.state(row, State.CHANGED if changed else State.SAME, changed)
            if room.retired_on:
                desk.warn(row, "room", "This room is no longer in use. It stays so.")
        desk.rooms[same(name)] = room


def plan_closures(desk: Desk) -> None:
    rows = desk.rows("closures")
    stored = {c.date: c for c in Closure.objects.filter(program=desk.program)}
    desk.closures.update({on: c.reason for on, c in stored.items()})
    first: dict[object, Row] = {}
    new: dict[date, Row] = {}
    for row in rows:
        on = row.get("date")
        if on and desk.twice(row, first, on, "date", f"The day {on.isoformat()}"):
            continue
        if row.wrong:
            continue
        closure = stored.get(on)
        if closure is None:
            desk.add(Closure(program=desk.program, date=on, reason=row.values["reason"]))
            new[on] = row
        else:
            changed = desk.change(closure, reason=row.values["reason"])
            desk.state(row, State.CHANGED if changed else State.SAME, changed)
        desk.closures[on] = row.values["reason"]
    ahead = [on for on in new if on >= desk.today]
    if ahead:
        planned = GroupSession.objects.filter(
            program=desk.program, local_date__in=ahead, state=SessionState.SCHEDULED
        ).values_list("local_date", flat=True)
        for on, number in Counter(planned).items():
            desk.warn(
                new[on], "date",
                f"{wording.count(number, 'session')} planned on that day will stay. Cancel them in "
                "the week if they do not take place.",
            )  # fmt: skip


def plan_groups(desk: Desk) -> None:
    """Groups, their series and sessions; then every clash among them and with what is booked."""
    rows = desk.rows("groups")
    for group in SupportGroup.objects.filter(program=desk.program).prefetch_related(
        "series__assignments", "series__room"
    ):
        desk.groups[same(group.name)] = Run(None, group, list(group.series.all()))
    first: dict[object, Row] = {}
    planned: list[tuple[Row, Run, list[Occurrence]]] = []
    for row in rows:
        name = row.get("group")
        if name and desk.twice(row, first, same(name), "group", f"The group {shown(name)}"):
            continue
        room = _room(desk, row)
        lead = _leader(desk, row, "facilitator_id")
        co = _leader(desk, row, "cofacilitator_id")
        if lead and co and lead.user_id == co.user_id:
            desk.fault(
                row,
                "cofacilitator_id",
                "This person leads the group already. Name somebody else, or nobody.",
            )
        pattern, dates = dates_of(desk, row)
        if row.wrong or room is None or pattern is None:
            if name:
                kept = desk.groups.setdefault(same(name), Run())
                kept.row = row
            continue
        run = desk.groups.setdefault(same(name), Run())
        run.row = row
        series = _plan_group(desk, row, run, room, lead, co, pattern)
        if series is not None:
            planned.append((row, run, dates))
            _add_sessions(desk, run, series, lead, co, dates)
    _tell_clashes(desk, planned)


def _room(desk: Desk, row: Row) -> Room | None:
    name = row.get("room")
    if not name:
        return None
    if same(name) not in desk.rooms:
        names = sorted(r.name for r in desk.rooms.values() if r)
        known = f" Rooms are {wording.listing(names)}." if names else ""
        desk.fault(
            row, "room",
            f"There is no room called “{shown(name)}”. Add it to rooms.csv, or correct the name.{known}",
        )  # fmt: skip
        return None
    room = desk.rooms[same(name)]
    places = row.get("capacity")
    if room and places and places > room.seats:
        desk.warn(
            row, "capacity",
            f"{room.name} has {wording.count(room.seats, 'seat')}, the group {wording.count(places, 'place')}.",
        )  # fmt: skip
    return room


def _leader(desk: Desk, row: Row, column: str) -> Facilitator | None:
    staff_id = row.get(column)
    if not staff_id:
        return None
    person = desk.people.get(staff_id)
    if person is None:
        desk.fault(
            row, column,
            f"Nobody has the number {shown(staff_id)}. Add the person to staff.csv, or correct the "
            "number.",
        )  # fmt: skip
        return None
    if person.facilitator is None:
        if not person.wrong:
            desk.fault(row, column, f"{shown(staff_id)} is not a facilitator. Name a facilitator.")
        return None
    if person.facilitator.stage == Stage.ENDED:
        desk.fault(
            row, column, f"The work of {shown(staff_id)} here has ended. Name somebody else."
        )
    return person.facilitator


def _plan_group(
    desk: Desk, row: Row, run: Run, room: Room, lead: Facilitator | None, co: Facilitator | None,
    pattern: Pattern,
) -> GroupSeries | None:  # fmt: skip
    """The group and, where it is new, its series. A series that meets already is compared."""
    facts = told(row, kind="kind", capacity="capacity", language="language")
    changes: list[str] = []
    if run.group is None:
        run.group = SupportGroup(program=desk.program, name=row.values["group"], **facts)
        desk.add(run.group)
    else:
        changes = desk.change(run.group, **facts)
        if run.group.retired_on:
            desk.warn(row, "group", "This group is retired. It stays so.")
    stored = next((s for s in run.series if s.from_on == pattern.from_on), None)
    last = last_day(pattern, ())  # a file always gives one
    if stored is None:
        other = next(
            (s for s in run.series if s.from_on <= last and s.until_on >= pattern.from_on),
            None,
        )  # fmt: skip
        if other is not None:
            desk.fault(
                row, "from",
                f"The group meets already from {other.from_on.isoformat()} to "
                f"{other.until_on.isoformat()}. Write that first day, or one after it ends.",
            )  # fmt: skip
            return None
        series = GroupSeries(
            program=desk.program, group=run.group, room=room, weekdays=sorted(pattern.weekdays),
            starts=pattern.starts, ends=pattern.ends, zone=pattern.zone, from_on=pattern.from_on,
            until_on=last, capacity=row.values["capacity"], every_weeks=pattern.every_weeks,
            nth_of_month=list(pattern.nth_of_month),
            more_times=[times.stored() for times in pattern.more_times],
        )  # fmt: skip
        desk.add(series)
        for person, part in ((lead, Part.LEAD), (co, Part.CO)):
            if person:
                desk.add(SeriesFacilitator(series=series, facilitator=person, part=part))
        if not run.group._state.adding:
            desk.state(row, State.CHANGED, [*changes, f"meets from {pattern.from_on.isoformat()}"])
        run.series.append(series)
        run.new = series
        return series
    _compare(desk, row, stored, room, lead, co, pattern)
    if row.wrong:
        return None
    if stored.ended_at is None:
        changes += desk.change(stored, capacity=row.values["capacity"])
    desk.state(row, State.CHANGED if changes else State.SAME, dict.fromkeys(changes))
    return None


def _compare(
    desk: Desk, row: Row, stored: GroupSeries, room: Room, lead: Facilitator | None,
    co: Facilitator | None, pattern: Pattern,
) -> None:  # fmt: skip
    """Dates that stand are not moved by a file: what differs is told with where to change it."""
    parts = {a.part: a.facilitator_id for a in stored.assignments.all() if a.until_on is None}
    differs: list[tuple[str, Any, Any]] = [
        ("weekdays", sorted(pattern.weekdays), sorted(stored.weekdays)),
        ("starts", pattern.starts, stored.starts),
        ("ends", pattern.ends, stored.ends),
        *how_often_differs(pattern, stored),
        ("room", room.pk, stored.room_id),
        ("time_zone", pattern.zone, stored.zone),
    ]
    if stored.ended_at is None:
        differs.append(("until", pattern.until_on, stored.until_on))
    if lead:
        differs.append(("facilitator_id", lead.pk, parts.get(Part.LEAD)))
    if co:
        differs.append(("cofacilitator_id", co.pk, parts.get(Part.CO)))
    for column, wanted, kept in differs:
        if wanted != kept:
            desk.fault(
                row, column,
                "The group meets already, and this differs from its plan. Change it under Groups, "
                "where each date is shown first, or write what is on record.",
            )  # fmt: skip


def _add_sessions(
    desk: Desk, run: Run, series: GroupSeries, lead: Facilitator | None, co: Facilitator | None,
    dates: Iterable[Occurrence],
) -> None:  # fmt: skip
    for date_ in dates:
        if not date_.takes_place or date_.starts_at is None or date_.ends_at is None:
            continue
        session = GroupSession(
            program=desk.program, series=series, room=series.room, local_date=date_.local_date,
            starts_at=date_.starts_at, ends_at=date_.ends_at,
        )  # fmt: skip
        desk.add(session)
        run.sessions[date_.local_date].append(session)
        for person, part in ((lead, Part.LEAD), (co, Part.CO)):
            if person:
                desk.add(SessionFacilitator(
                    session=session, facilitator=person, person=person.user, part=part,
                    starts_at=session.starts_at, ends_at=session.ends_at,
                ))  # fmt: skip


# --- clashes --------------------------------------------------------------------------------------
def _tell_clashes(desk: Desk, planned: list[tuple[Row, Run, list[Occurrence]]]) -> None:
    slots: list[Slot] = []
    owners: list[tuple[Row, date]] = []
    rooms: set[UUID] = set()
    people: dict[UUID, str] = {}
    for row, run, dates in planned:
        if run.new is None or run.group is None:
            continue
        who = []
        for column in ("facilitator_id", "cofacilitator_id"):
            person = desk.people.get(row.get(column, ""))
            if person and person.user:
                who.append((person.user.pk, person.user.name))
                people[person.user.pk] = column
        rooms.add(run.new.room_id)
        for date_ in dates:
            if date_.takes_place and date_.starts_at:
                slots.append(Slot(
                    date_.starts_at, date_.ends_at, run.new.room_id, run.new.room.name, tuple(who),
                    run.group.name,
                ))  # fmt: skip
                owners.append((row, date_.local_date))
    if not slots:
        return
    busy = _busy(desk, slots, rooms, set(people))
    found: dict[tuple[int, Rule, object, str], list[Clash]] = defaultdict(list)
    for clash in judge(slots, busy, zone=desk.program.zone, rules=ASKED).clashes:
        row, _ = owners[clash.index]
        other = clash.busy.label if clash.busy else slots[clash.with_index or 0].label
        found[id(row), clash.rule, clash.resource_id, other].append(clash)
    for (_, rule, resource, _), clashes in found.items():
        row, on = owners[clashes[0].index]
        column = "room" if rule is Rule.ROOM else _column_of(desk, row, resource)
        days = wording.count(len(clashes), "date")
        sentence = (
            f"{clashes[0].sentence} That is so on {days}, first on {wording.day(on, year=True)}."
        )
        if rule is Rule.LEAVE:
            desk.warn(row, column, f"{sentence} Find cover in the week.")
        else:
            desk.fault(row, column, f"{sentence} Choose another time, room or person.")


def _column_of(desk: Desk, row: Row, user_id: object) -> str:
    for column in ("facilitator_id", "cofacilitator_id"):
        person = desk.people.get(row.get(column, ""))
        if person and person.user and person.user.pk == user_id:
            return column
    return "facilitator_id"


def _busy(desk: Desk, slots: list[Slot], rooms: set[UUID], people: set[UUID]) -> list[Slot]:
    """What takes these rooms and people already. Four queries at most."""
    since = min(s.starts_at for s in slots)
    until = max(s.ends_at for s in slots if s.ends_at)
    busy = [
        Slot(s.starts_at, s.ends_at, s.room_id, s.room.name, (), _label(desk, s), s.pk)
        for s in GroupSession.objects.filter(
            room_id__in=rooms, state__in=TAKEN, starts_at__lt=until, ends_at__gt=since
        ).select_related("room", "series__group")
    ]
    busy += [
        Slot(a.starts_at, a.ends_at, None, "", ((a.person_id, a.person.name),), _label(desk, a.session))
        for a in SessionFacilitator.objects.filter(
            person_id__in=people, active=True, starts_at__lt=until, ends_at__gt=since
        ).select_related("person", "session__series__group")
    ]  # fmt: skip
    zone = ZoneInfo(desk.program.zone)

    def midnight(on: date) -> datetime:
        return datetime.combine(on, datetime.min.time(), zone).astimezone(UTC)

    away = Leave.objects.filter(
        Q(until_on__gte=since.date() - timedelta(days=1)),
        facilitator__user_id__in=people, cancelled_at=None, from_on__lte=until.date(),
    ).select_related("facilitator__user")  # fmt: skip
    busy += [
        Slot(
            midnight(x.from_on), midnight(x.until_on + timedelta(days=1)), None, "",
            ((x.facilitator.user_id, x.facilitator.user.name),), "leave", kind=LEAVE,
        )
        for x in away
    ]  # fmt: skip
    return busy


def _label(desk: Desk, session: GroupSession) -> str:
    """The group's name; of another program only that there is something."""
    if session.program_id != desk.program.pk:
        return "a session of another program"
    return session.series.group.name
