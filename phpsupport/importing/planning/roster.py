"""enrollments.csv and attendance.csv: who belongs to a group, who waits, and who came."""

from collections import defaultdict
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Max

from participants.models import EpisodeOfCare
from phpsupport.importing.planning.desk import Desk, Run, Someone, same, told
from phpsupport.importing.readers import Row
from phpsupport.importing.report import State, shown
from phpsupport.lib import wording
from phpsupport.lib.periods import Period
from sessions.conflicts import first_date_over_capacity
from sessions.minutes import instant_of
from sessions.models import (
    CAME,
    Attendance,
    Enrollment,
    GroupKind,
    GroupSeries,
    GroupSession,
    ProgressNote,
    SessionState,
    WaitlistEntry,
    WaitOutcome,
)
from sessions.queries.placing import kept_days


def _someone(desk: Desk, row: Row) -> Someone | None:
    number = row.get("record_number")
    if not number:
        return None
    someone = desk.someones.get(number)
    if someone is None:
        desk.fault(
            row, "record_number",
            f"No participant of the program has the number {shown(number)}. Add the person to "
            "participants.csv, or correct the number.",
        )  # fmt: skip
    return someone


def _run(desk: Desk, row: Row) -> Run | None:
    name = row.get("group")
    if not name:
        return None
    run = desk.groups.get(same(name))
    if run is None:
        desk.fault(
            row, "group",
            f"There is no group called “{shown(name)}”. Add it to groups.csv, or correct the name.",
        )  # fmt: skip
    return run


def _stay_on(someone: Someone, on: date) -> EpisodeOfCare | None:
    """The stay that holds on a day; the day of discharge counts."""
    return next(
        (
            s for s in someone.stays
            if s.admitted_on <= on and (s.discharged_on is None or on <= s.discharged_on)
        ),
        None,
    )  # fmt: skip


def plan_enrollments(desk: Desk) -> None:
    rows = desk.rows("enrollments")
    stored_series = [
        s.pk for run in desk.groups.values() for s in run.series if not s._state.adding
    ]
    places: dict[tuple[UUID, UUID], list[Enrollment]] = defaultdict(list)
    taken: dict[UUID, list[Period[date]]] = defaultdict(list)
    lines: dict[UUID, int] = {}
    waits: dict[tuple[UUID, UUID], list[WaitlistEntry]] = defaultdict(list)
    if stored_series and (rows or desk.rows("attendance")):
        for place in Enrollment.objects.filter(series_id__in=stored_series):
            places[place.series_id, place.participant_id].append(place)
            desk.roster[place.series_id, place.participant_id].append(
                (place.from_on, place.until_on)
            )
            taken[place.series_id].append(Period.days(place.from_on, place.until_on))
        for entry in WaitlistEntry.objects.filter(series_id__in=stored_series):
            waits[entry.series_id, entry.participant_id].append(entry)
            if entry.outcome == WaitOutcome.WAITING:
                desk.waiting.add((entry.series_id, entry.participant_id))
                if kept := kept_days(entry, desk.at):
                    taken[entry.series_id].append(kept)
        lines.update(
            WaitlistEntry.objects.filter(series_id__in=stored_series)
            .values_list("series_id")
            .annotate(Max("position"))
        )
    first: dict[object, Row] = {}
    spans: dict[object, list[tuple[date, date | None, Row]]] = defaultdict(list)
    wanted: list[tuple[Row, Someone, GroupSeries, date | None, EpisodeOfCare | None]] = []
    for row in rows:
        checked = _check_place(desk, row, first, spans)
        if checked is not None:
            wanted.append((row, *checked))
    # First come, first served: by the day from which the place is wanted, then as in the file.
    for row, someone, series, until, stay in sorted(
        wanted, key=lambda w: (w[0].values["from"], w[0].file, w[0].line)
    ):
        key = (series.pk, someone.found.pk)
        from_on = row.values["from"]
        held = next((p for p in places[key] if p.from_on == from_on), None)
        if held is not None:
            changed = desk.change(held, until_on=until) if until else []
            desk.state(row, State.CHANGED if changed else State.SAME, ["until" for _ in changed])
            continue
        if any(entry.wanted_from == from_on for entry in waits[key]):
            desk.state(row, State.SAME)
            continue
        if key in desk.waiting:
            desk.fault(
                row,
                "from",
                "This person waits for a place from another day. Write the day on record.",
            )
            continue
        if any(
            Period.days(p.from_on, p.until_on).overlaps(Period.days(from_on, until))
            for p in places[key]
        ):
            desk.fault(
                row, "from",
                "This person has a place in those days, from another day on. Write the day on record.",
            )  # fmt: skip
            continue
        _place_or_line(desk, row, someone, series, until, stay, taken, lines)


def _check_place(
    desk: Desk, row: Row, first: dict[object, Row],
    spans: dict[object, list[tuple[date, date | None, Row]]],
) -> tuple[Someone, GroupSeries, date | None, EpisodeOfCare | None] | None:  # fmt: skip
    someone, run = _someone(desk, row), _run(desk, row)
    from_on, until = row.get("from"), row.get("until")
    if from_on and until and until < from_on:
        desk.fault(
            row, "until",
            f"The last day comes before the first ({from_on.isoformat()}). Correct one of the two.",
        )  # fmt: skip
        return None
    if row.wrong or someone is None or run is None or from_on is None:
        return None
    number = row.values["record_number"]
    key = (number, same(row.values["group"]))
    if desk.twice(
        row, first, (*key, from_on), "from", f"{shown(number)} in this group from that day"
    ):
        return None
    for other_from, other_until, before in spans[key]:
        if Period.days(other_from, other_until).overlaps(Period.days(from_on, until)):
            desk.fault(
                row, "from",
                f"{shown(number)} has a place in this group in those days on line {before.line} "
                "already. Let one end before the other begins.",
            )  # fmt: skip
            return None
    spans[key].append((from_on, until, row))
    if someone.wrong or run.wrong or run.group is None:
        return None
    series = _series_for(desk, row, run, from_on, until)
    if series is None:
        return None
    alumni = run.group.kind == GroupKind.ALUMNI
    stay = _stay_on(someone, from_on)
    if alumni and any(s.admitted_on <= from_on for s in someone.stays):
        return someone, series, until, None  # an alumni place belongs to no stay and outlives it
    if stay is None:
        last = max((s for s in someone.stays if s.admitted_on <= from_on), default=None,
                   key=lambda s: s.admitted_on)  # fmt: skip
        if last is None:
            begins = min(s.admitted_on for s in someone.stays)
            desk.fault(
                row, "from",
                f"{shown(number)} was admitted on {begins.isoformat()}, after this day. Write that day "
                "or a later one.",
            )  # fmt: skip
        else:
            desk.fault(
                row, "from",
                f"{shown(number)} was discharged on {last.discharged_on:%Y-%m-%d}, before this day. "
                "Only alumni groups take people after discharge.",
            )  # fmt: skip
        return None
    end = stay.discharged_on
    if end:
        if until is None:
            desk.warn(
                row, "until",
                f"{shown(number)} was discharged on {end.isoformat()}: the place ends on that day.",
            )  # fmt: skip
            until = end
        elif until > end:
            desk.fault(
                row, "until",
                f"{shown(number)} was discharged on {end.isoformat()}. Write that day or an earlier one.",
            )  # fmt: skip
            return None
    return someone, series, until, stay


def _series_for(
    desk: Desk, row: Row, run: Run, from_on: date, until: date | None
) -> GroupSeries | None:
    """The series of the group in which the days fall, the one that begins first."""
    fitting = [
        s for s in run.series if s.until_on >= from_on and (until is None or s.from_on <= until)
    ]
    if fitting:
        return min(fitting, key=lambda s: s.from_on)
    if not run.series:
        desk.fault(
            row, "group", "This group has no dates yet. Add them to groups.csv or under Groups."
        )
        return None
    last = max(run.series, key=lambda s: s.until_on)
    desk.fault(
        row, "from",
        f"The group meets from {last.from_on.isoformat()} to {last.until_on.isoformat()}. Write days "
        "between these.",
    )  # fmt: skip
    return None


def _place_or_line(
    desk: Desk, row: Row, someone: Someone, series: GroupSeries, until: date | None,
    stay: EpisodeOfCare | None, taken: dict[UUID, list[Period[date]]], lines: dict[UUID, int],
) -> None:  # fmt: skip
    """A place if there is one on every day from today on; what is past is on record as it was."""
    from_on = row.values["from"]
    whole = Period.days(from_on, until)
    ahead_from = max(from_on, desk.today)
    last = until or series.until_on
    number = shown(row.values["record_number"])
    if last >= ahead_from:
        full = first_date_over_capacity(
            taken[series.pk], series.capacity, Period.days(ahead_from, last)
        )
        if full is not None:
            lines[series.pk] = lines.get(series.pk, 0) + 1
            desk.add(WaitlistEntry(
                program=desk.program, series=series, participant=someone.found, episode=stay,
                position=lines[series.pk], wanted_from=from_on, wanted_until=until,
                queued_at=desk.at,
            ))  # fmt: skip
            desk.waiting.add((series.pk, someone.found.pk))
            desk.warn(
                row, "group",
                f"All {wording.count(series.capacity, 'place')} are taken on "
                f"{wording.day(full, year=True)}. {number} goes to the waitlist, place "
                f"{lines[series.pk]} in line.",
            )  # fmt: skip
            desk.state(row, State.NEW, ["waitlist"])
            return
    if from_on < desk.today:
        end = min(last, desk.today - timedelta(days=1))
        full = first_date_over_capacity(
            taken[series.pk], series.capacity, Period.days(from_on, end)
        )
        if full is not None:
            desk.warn(
                row, "group",
                f"The group was over its {wording.count(series.capacity, 'place')} on "
                f"{wording.day(full, year=True)}. It is kept as it was.",
            )  # fmt: skip
    desk.add(Enrollment(
        program=desk.program, series=series, participant=someone.found, episode=stay,
        from_on=from_on, until_on=until,
    ))  # fmt: skip
    taken[series.pk].append(whole)
    desk.roster[series.pk, someone.found.pk].append((from_on, until))


# --- attendance -----------------------------------------------------------------------------------
def plan_attendance(desk: Desk) -> None:
    rows = desk.rows("attendance")
    if not rows:
        return
    _stored_sessions(desk, rows)
    sessions = [s for run in desk.groups.values() for day in run.sessions.values() for s in day]
    known = [s.pk for s in sessions if not s._state.adding]
    kept: dict[tuple[UUID, UUID], Attendance] = {}
    noted: set[tuple[UUID, UUID]] = set()
    if known:
        for mark in Attendance.objects.filter(session_id__in=known):
            kept[mark.session_id, mark.participant_id] = mark
        noted.update(
            ProgressNote.objects.filter(session_id__in=known).values_list(
                "session_id", "participant_id"
            )
        )
    first: dict[object, Row] = {}
    strays: dict[tuple[UUID, UUID], list[Row]] = defaultdict(list)
    for row in rows:
        _plan_mark(desk, row, first, kept, noted, strays)
    for (series_id, participant_id), found in strays.items():
        times = wording.count(len(found), "time")
        who = shown(found[0].values["record_number"])
        if (series_id, participant_id) in desk.waiting:
            why = f"{who} is on the waitlist of this group"
        else:
            why = f"{who} had no place in this group on that day"
        desk.warn(
            found[0], "record_number",
            f"{why}. The {times} on record here are kept, as somebody who walked in."
            if len(found) > 1
            else f"{why}. The attendance is kept, as somebody who walked in.",
        )  # fmt: skip


def _stored_sessions(desk: Desk, rows: list[Row]) -> None:
    """The sessions on record in the days of the file."""
    days = [row.values["date"] for row in rows if "date" in row.values]
    runs = {s.pk: run for run in desk.groups.values() for s in run.series if not s._state.adding}
    if not days or not runs:
        return
    of_file = {same(row.values["group"]) for row in rows if "group" in row.values}
    series = [pk for pk, run in runs.items() if run.group and same(run.group.name) in of_file]
    for session in GroupSession.objects.filter(
        series_id__in=series, local_date__gte=min(days), local_date__lte=max(days)
    ).select_related("series"):
        runs[session.series_id].sessions[session.local_date].append(session)


def _plan_mark(
    desk: Desk, row: Row, first: dict[object, Row], kept: dict[tuple[UUID, UUID], Attendance],
    noted: set[tuple[UUID, UUID]], strays: dict[tuple[UUID, UUID], list[Row]],
) -> None:  # fmt: skip
    someone, run = _someone(desk, row), _run(desk, row)
    on, starts, status = row.get("date"), row.get("starts"), row.get("status")
    _check_mark(desk, row)
    if on and on > desk.today:
        desk.fault(
            row, "date", "This day has not come yet. Attendance is of sessions that took place."
        )
    if on and starts and someone is not None and run is not None:
        key = (on, starts, same(row.values["group"]), row.values["record_number"])
        if desk.twice(
            row, first, key, "status", f"{shown(row.values['record_number'])} at this session"
        ):
            return
    session = None
    if on and starts and run is not None and not run.wrong:
        session = _session(desk, row, run, on, starts)
    _check_minutes(desk, row, session)
    if on and someone is not None and not someone.wrong and someone.stays:
        _check_stay(desk, row, someone, run, on)
    if (
        row.wrong
        or session is None
        or someone is None
        or someone.wrong
        or someone.participant is None
    ):
        return
    if session.starts_at > desk.at:
        desk.fault(row, "starts", "This session has not begun yet. Import it afterwards.")
        return
    person = someone.participant
    values = {
        "status": status,
        **told(row, arrived="arrived", departed="departed", reason="reason"),
    }
    mark = kept.get((session.pk, person.pk))
    if mark is None:
        _add_mark(desk, row, session, person, values, strays)
        return
    if status not in CAME:
        values |= {"arrived": None, "departed": None}
    if mark.status != status and "reason" not in values:
        values["reason"] = ""
    differs = [name for name, value in values.items() if getattr(mark, name) != value]
    if differs and (session.pk, person.pk) in noted:
        desk.fault(
            row, "status",
            "A note on this attendance is signed. Correct it in the session, where the reason is "
            "kept, or write what is on record.",
        )  # fmt: skip
        return
    if differs:
        desk.change(mark, **values, marked_by_id=desk.by.pk if desk.by else None, marked_at=desk.at)
        _touch(desk, session)
    desk.state(row, State.CHANGED if differs else State.SAME, differs)


def _add_mark(
    desk: Desk, row: Row, session: GroupSession, person, values: dict, strays: dict
) -> None:  # type: ignore[no-untyped-def, type-arg]
    roster = desk.roster[session.series_id, person.pk]
    belongs = any(
        a <= session.local_date and (b is None or session.local_date <= b) for a, b in roster
    )
    if not belongs:
        strays[session.series_id, person.pk].append(row)
    desk.add(Attendance(
        program=desk.program, session=session, participant=person, walk_in=not belongs,
        marked_by=desk.by, marked_at=desk.at, **values,
    ))  # fmt: skip
    _touch(desk, session)


def _touch(desk: Desk, session: GroupSession) -> None:
    """Somebody was marked, so the session was held; whoever has it open is told it changed."""
    if session.pk not in desk.touched:
        desk.touched[session.pk] = session
        desk.change(
            session, state=SessionState.HELD, attendance_version=session.attendance_version + 1
        )


def _check_mark(desk: Desk, row: Row) -> None:
    status = row.get("status")
    if status and status not in CAME:
        for column in ("arrived", "departed"):
            if column in row.values:
                desk.fault(
                    row, column, f"Somebody who is {row.cells['status']} did not come. Empty this cell."
                )  # fmt: skip
    elif status and "reason" in row.values:
        desk.fault(row, "reason", "A reason is for somebody who did not come. Empty this cell.")


def _check_minutes(desk: Desk, row: Row, session: GroupSession | None) -> None:
    """Coming and leaving in their order; of a session past midnight, by its own days."""
    arrived, departed = row.get("arrived"), row.get("departed")
    if session is None:
        backwards = arrived and departed and departed <= arrived
    else:
        starts_at, ends_at, zone = session.starts_at, session.ends_at, ZoneInfo(session.series.zone)
        came, left = (
            clock and instant_of(clock, starts_at, ends_at, zone) for clock in (arrived, departed)
        )
        backwards = came and left and left <= came
        if came and came > ends_at:
            ended = wording.clock_time(_local(session.series, ends_at))
            desk.fault(row, "arrived", f"The session ended at {ended}. Correct the time.")
    if backwards:
        desk.fault(row, "departed", "They left before they came. Correct one of the two times.")


def _session(desk: Desk, row: Row, run: Run, on: date, starts) -> GroupSession | None:  # type: ignore[no-untyped-def]
    """The session of that day and time, or why there is none."""
    found = run.sessions.get(on, [])
    for session in found:
        if _local(session.series, session.starts_at) == starts:
            if session.state in (SessionState.CANCELLED, SessionState.NOT_HELD):
                desk.fault(
                    row, "date",
                    "This session did not take place, as is on record. Correct that in the session, "
                    "or delete the row.",
                )  # fmt: skip
                return None
            return session
    if found:
        begun = sorted({_local(s.series, s.starts_at) for s in found})
        times = wording.listing([wording.clock_time(at) for at in begun], last="or")
        desk.fault(row, "starts", f"The group began at {times} on that day. Correct the time.")
        return None
    told_day = wording.day(on, year=True)
    if on in desk.closures:
        why = f"The program was closed on {told_day}: {shown(desk.closures[on]).rstrip('.')}."
    else:
        meets = [s for s in run.series if s.from_on <= on <= s.until_on]
        if not meets:
            span = [f"{s.from_on.isoformat()} to {s.until_on.isoformat()}" for s in run.series]
            why = (
                f"The group meets from {wording.listing(span)}."
                if span
                else "The group has no dates yet."
            )
        else:
            days = sorted({d for s in meets for d in s.weekdays})
            names = wording.listing([wording.WEEKDAYS[d] for d in days])
            why = f"The group meets on {names}; {told_day} had no session."
    desk.fault(row, "date", f"{why} Correct the date or the group.")
    return None


def _local(series: GroupSeries, at: datetime) -> time:
    """What the clock on the wall showed: a series may meet at several times, and change them."""
    return at.astimezone(ZoneInfo(series.zone)).time().replace(second=0, microsecond=0)


def _check_stay(desk: Desk, row: Row, someone: Someone, run: Run | None, on: date) -> None:
    if _stay_on(someone, on):
        return
    number = shown(row.values["record_number"])
    before = [s for s in someone.stays if s.admitted_on <= on]
    if not before:
        begins = min(s.admitted_on for s in someone.stays)
        desk.fault(
            row, "date",
            f"{number} was admitted on {begins.isoformat()}, after this day. Correct the date or the "
            "number.",
        )  # fmt: skip
    elif run is None or run.group is None or run.group.kind != GroupKind.ALUMNI:
        last = max(before, key=lambda s: s.admitted_on)
        desk.fault(
            row, "date",
            f"{number} was discharged on {last.discharged_on:%Y-%m-%d}, before this day. Correct the "
            "date or the number.",
        )  # fmt: skip
