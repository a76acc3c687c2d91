"""Acts on the schedule as they are kept: what each changed, and whether it can still be undone."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Model

from facilitators.models import Facilitator
from phpsupport.lib import wording
from phpsupport.lib.rows import from_plain
from sessions.models import (
    BatchRow,
    Enrollment,
    GroupSeries,
    GroupSession,
    Part,
    Room,
    ScheduleBatch,
    SeriesFacilitator,
    SessionFacilitator,
    SessionState,
    WaitlistEntry,
)
from sessions.queries.consequence import ASSIGNMENT_ASKS, ASSIGNMENT_CHANGED, Turn, when
from sessions.queries.series import with_records
from sessions.queries.slots import Wanted
from sessions.recurrence import find_zone

# In the order in which rows are made again: what others point to comes first.
KEPT: Final[tuple[type[Any], ...]] = (
    GroupSeries,
    SeriesFacilitator,
    GroupSession,
    SessionFacilitator,
    Enrollment,
    WaitlistEntry,
)
TABLES: Final = {model._meta.label_lower: model for model in KEPT}
# What the database and the records keep, and nobody's change of the schedule.
NOT_OURS: Final = frozenset({"id", "sequence", "changed_at", "attendance_version"})
# Answers and flags come and go beside it; they do not stand in the way of undoing.
BESIDE: Final = frozenset({"answer", "answered_at", "asked_at", "flagged_at"})
TAKES_TIME: Final = (SessionState.SCHEDULED, SessionState.HELD)

LED: Final[dict[type[Any], str]] = {
    SessionFacilitator: "session_id",
    SeriesFacilitator: "series_id",
}

Values = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """One row of a batch, its values as Python has them."""

    before: Values | None
    after: Values | None


@dataclass(frozen=True)
class MovedBack:
    """A session that gets its former time again, with the time that it has until then."""

    session: GroupSession
    was: datetime


@dataclass(frozen=True)
class PlaceBack:
    """A place in the schedule that a session takes again."""

    wanted: Wanted
    shares_room: bool
    share_time: frozenset[UUID]


@dataclass
class Kept:
    """One batch with its rows, and the rows as they stand now."""

    batch: ScheduleBatch
    rows: dict[type[Any], dict[UUID, Row]] = field(default_factory=dict)
    now: dict[type[Any], dict[UUID, Any]] = field(default_factory=dict)
    # Every session it is about, with `recorded`, whether or not its own row changed.
    sessions: dict[UUID, GroupSession] = field(default_factory=dict)
    # Who leads now where the batch took somebody off.
    there: dict[type[Any], list[Any]] = field(default_factory=dict)

    def made(self, model: type[Any]) -> list[UUID]:
        return [pk for pk, row in self.rows.get(model, {}).items() if row.before is None]

    def gone(self, model: type[Any]) -> dict[UUID, Values]:
        return {
            pk: row.before
            for pk, row in self.rows.get(model, {}).items()
            if row.after is None and row.before is not None
        }

    def back(self, model: type[Any]) -> dict[UUID, Values]:
        """The former values of everything that was changed or taken away."""
        return {
            pk: row.before for pk, row in self.rows.get(model, {}).items() if row.before is not None
        }

    def changed(self, model: type[Any]) -> list[Any]:
        """The rows that were changed, with their former values, not saved."""
        found = []
        for pk, row in self.rows.get(model, {}).items():
            if row.before is None or row.after is None or pk not in self.now.get(model, {}):
                continue
            present = self.now[model][pk]
            for name, value in row.before.items():
                setattr(present, name, value)
            found.append(present)
        return found

    def now_of(self, model: type[Any]) -> list[Any]:
        return list(self.now.get(model, {}).values())

    @property
    def session_ids(self) -> dict[UUID, GroupSession]:
        return self.sessions

    def of_sessions(self, sessions: Collection[UUID]) -> set[UUID]:
        """The made assignments of these sessions."""
        return {
            pk
            for pk in self.made(SessionFacilitator)
            if (row := self.rows[SessionFacilitator][pk].after) and row["session_id"] in sessions
        }

    # --- why not ----------------------------------------------------------------------------------
    def why_not(self, at: datetime) -> str | None:
        """Why the batch cannot be undone, as far as its own rows tell; None when it can."""
        if self.batch.undone_at is not None:
            return "This was undone already."
        for session in sorted(self.sessions.values(), key=lambda s: s.starts_at):
            if why := self._why_session(session, at):
                return why
        for model in KEPT:
            for pk, row in self.rows.get(model, {}).items():
                if not _same(row.after, self.now.get(model, {}).get(pk)):
                    return self._changed_since(model, row)
        return self._somebody_came()

    def _why_session(self, session: GroupSession, at: datetime) -> str | None:
        row = self.rows.get(GroupSession, {}).get(session.pk)
        named = _named(session)
        if session.state == SessionState.HELD:
            return f"{named} was held since, so this cannot be undone."
        if session.state == SessionState.NOT_HELD:
            return f"{named} is recorded as not held, so this cannot be undone."
        if session.recorded:  # type: ignore[attr-defined]
            return f"Attendance or a note is on record for {named}, so this cannot be undone."
        if session.state == SessionState.SCHEDULED and session.starts_at <= at:
            return f"{named} has begun, so this cannot be undone."
        back = row.before if row else None
        if (
            back
            and back["state"] == SessionState.SCHEDULED
            and back["starts_at"] <= at
            and back["starts_at"] != session.starts_at
        ):
            return (
                f"The time to which {session.series.group.name} would go back "
                f"({_day(session, back['starts_at'])}) is over, so this cannot be undone."
            )
        if back and back["state"] == SessionState.SCHEDULED and back["starts_at"] <= at:
            return f"{named} would have begun by now, so this cannot be undone."
        if back and self._beyond_its_series(session, back):
            return (
                f"{session.series.group.name} ends on {wording.day(session.series.until_on)} by "
                f"now, before the session of {wording.day(back['local_date'])}, so this cannot be "
                "undone."
            )
        return None

    def _beyond_its_series(self, session: GroupSession, back: Values) -> bool:
        """Whether a session would come back after the last day that its series has then."""
        whole = self.rows.get(GroupSeries, {}).get(session.series_id)
        last = (whole.before if whole else None) or {"until_on": session.series.until_on}
        stands = back["state"] == SessionState.SCHEDULED and not back["moved"]
        return stands and bool(back["local_date"] > last["until_on"])

    def _somebody_came(self) -> str | None:
        """Why somebody whom the act took off cannot come back: they, or another lead, are there."""
        for model, of in LED.items():
            ours = set(self.rows.get(model, {}))
            for values in self.gone(model).values():
                for row in self.there.get(model, []):
                    if row.pk in ours:
                        continue
                    same = getattr(row, of) == values[of]
                    leads = row.part == values["part"] == Part.LEAD
                    if same and (leads or row.facilitator_id == values["facilitator_id"]):
                        return self._changed_since(model, Row(values, None))
        return None

    def _changed_since(self, model: type[Any], row: Row) -> str:
        values = row.after or row.before or {}
        again = "was changed again since. Undo that first."
        if model is GroupSession or model is SessionFacilitator:
            pk = values.get("session_id")
            session = self.sessions.get(pk) if pk else None
            if model is GroupSession:
                day = wording.day(values["local_date"])
                return f"The session of {day} {again}"
            if session:
                return f"Who leads {_named(session)} {again}"
        if model is Enrollment or model is WaitlistEntry:
            return "Places in the series were changed since, so this cannot be undone."
        return f"The series {again}"

    # --- where it goes back to --------------------------------------------------------------------
    def series_after_undo(self) -> list[GroupSeries]:
        """The series of the batch as they would be, not saved."""
        return [GroupSeries(pk=pk, **values) for pk, values in self.back(GroupSeries).items()]

    def moved_back(self) -> list[MovedBack]:
        """Sessions that get another time again. Ask after the rows are written back, too."""
        found = []
        for pk, row in self.rows.get(GroupSession, {}).items():
            if not (row.before and row.after):
                continue
            stands = row.before["state"] == row.after["state"] == SessionState.SCHEDULED
            if stands and row.before["starts_at"] != row.after["starts_at"]:
                found.append(MovedBack(self._as_before(pk, row.before), row.after["starts_at"]))
        return found

    def on_again(self) -> list[GroupSession]:
        """Sessions that were cancelled and take place again."""
        return [
            self._as_before(pk, row.before)
            for pk, row in self.rows.get(GroupSession, {}).items()
            if row.before
            and row.after
            and row.after["state"] == SessionState.CANCELLED
            and row.before["state"] == SessionState.SCHEDULED
        ]

    def people(self) -> set[UUID]:
        """The accounts whose part in a session it changed."""
        rows = self.rows.get(SessionFacilitator, {}).values()
        return {values["person_id"] for row in rows if (values := row.before or row.after)}

    def turns_back(self, at: datetime) -> list[Turn]:
        """Who comes back, goes again or has their former part in sessions to come."""
        turns = []
        for row in self.rows.get(SessionFacilitator, {}).values():
            values = row.before or row.after or {}
            if values["starts_at"] <= at:
                continue
            who = values["person_id"], values["session_id"], values["starts_at"]
            if row.before is None:
                turns.append(Turn(ASSIGNMENT_CHANGED, *who, goes=True))
            elif row.after is None:
                turns.append(Turn(ASSIGNMENT_ASKS, *who))
            elif row.before["part"] != row.after["part"]:
                turns.append(Turn(ASSIGNMENT_CHANGED, *who))
        return turns

    def _as_before(self, pk: UUID, before: Values) -> GroupSession:
        session = self.sessions[pk]
        for name, value in before.items():
            setattr(session, name, value)
        return session

    def places_back(self) -> list[PlaceBack]:
        """The places in the schedule that are taken again. Three queries."""
        people: dict[UUID, dict[UUID, Values]] = {pk: {} for pk in self.sessions}
        for led in SessionFacilitator.objects.filter(session_id__in=self.sessions):
            people[led.session_id][led.pk] = {
                c.attname: getattr(led, c.attname) for c in led._meta.concrete_fields
            }
        for pk, kept in self.rows.get(SessionFacilitator, {}).items():
            values = kept.before or kept.after or {}
            if kept.before is None:
                people[values["session_id"]].pop(pk, None)
            else:
                people[values["session_id"]][pk] = kept.before
        wanted_rooms: dict[UUID, UUID] = {}
        back: dict[UUID, Values] = {}
        for pk, session in self.sessions.items():
            row = self.rows.get(GroupSession, {}).get(pk)
            if row and row.before is None:
                continue
            values = {
                c.attname: getattr(session, c.attname) for c in session._meta.concrete_fields
            } | ((row.before or {}) if row else {})
            if values["state"] in TAKES_TIME:
                back[pk], wanted_rooms[pk] = values, values["room_id"]
        rooms = Room.objects.in_bulk(set(wanted_rooms.values()))
        who = {
            f.pk: f
            for f in Facilitator.objects.filter(
                pk__in={v["facilitator_id"] for p in back for v in people[p].values()}
            ).select_related("user")
        }
        return [
            PlaceBack(
                Wanted(
                    values["local_date"],
                    values["starts_at"],
                    values["ends_at"],
                    rooms[values["room_id"]],
                    tuple((who[v["facilitator_id"]], v["part"]) for v in people[pk].values()),
                    self.sessions[pk].series.group.name,
                    key=pk,
                ),
                values["shares_room"],
                frozenset(v["person_id"] for v in people[pk].values() if v["shares_time"]),
            )
            for pk, values in back.items()
        ]


def read_batches(batches: Iterable[ScheduleBatch]) -> dict[UUID, Kept]:
    """Batches with their rows and what those are now. One query per table, and four."""
    found = {batch.pk: Kept(batch) for batch in batches}
    wanted: dict[type[Any], set[UUID]] = {}
    sessions: dict[UUID, set[UUID]] = {pk: set() for pk in found}
    for kept in BatchRow.objects.filter(batch_id__in=found):
        model = TABLES[kept.table]
        row = Row(_values(model, kept.before), _values(model, kept.after))
        found[kept.batch_id].rows.setdefault(model, {})[kept.row_id] = row
        wanted.setdefault(model, set()).add(kept.row_id)
        if model is GroupSession:
            sessions[kept.batch_id].add(kept.row_id)
        elif model is SessionFacilitator:
            sessions[kept.batch_id].add((row.before or row.after or {})["session_id"])
    everyone = set().union(*sessions.values()) if sessions else set()
    stored = {
        s.pk: s
        for s in with_records(
            GroupSession.objects.filter(pk__in=everyone).select_related(
                "series__group", "program__site"
            )
        )
    }
    now: dict[type[Any], dict[UUID, Model]] = {}
    for model, ids in wanted.items():
        if model is GroupSession:
            now[model] = {pk: stored[pk] for pk in ids if pk in stored}
        else:
            now[model] = {row.pk: row for row in model.objects.filter(pk__in=ids)}
    there = {}
    for model, of in LED.items():
        led = {v[of] for whole in found.values() for v in whole.gone(model).values()}
        there[model] = list(model.objects.filter(**{f"{of}__in": led})) if led else []
    for pk, whole in found.items():
        whole.there = there
        whole.now = {
            model: {row_id: now[model][row_id] for row_id in rows if row_id in now[model]}
            for model, rows in whole.rows.items()
        }
        whole.sessions = {s: stored[s] for s in sessions[pk] if s in stored}
    return found


def _values(model: type[Any], kept: Values | None) -> Values | None:
    if kept is None:
        return None
    return {k: v for k, v in from_plain(model, kept).items() if k not in NOT_OURS}


def _same(after: Values | None, now: Any) -> bool:
    if after is None or now is None:
        return after is None and now is None
    return all(getattr(now, name) == value for name, value in after.items() if name not in BESIDE)


def _named(session: GroupSession) -> str:
    return f"{session.series.group.name} of {_day(session, session.starts_at)}"


def _day(session: GroupSession, starts_at: datetime) -> str:
    zone = find_zone(session.series.zone)
    return when(starts_at, starts_at + (session.ends_at - session.starts_at), zone)
