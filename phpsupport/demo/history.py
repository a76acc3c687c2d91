"""What happened in the sessions of the demo program: attendance, notes, signatures, reviews."""

from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from phpsupport.demo.goals import goal_of
from phpsupport.demo.made import World, day_after_friday
from phpsupport.demo.people import GROUP_WORDS, OWN_WORDS
from phpsupport.users.models import User
from sessions.actions import attendance, drafts, outcome, review, signing
from sessions.models import (
    AbsenceReason,
    Attendance,
    GroupSession,
    SessionFacilitator,
    Status,
)

MARKS = (
    [Status.PRESENT] * 15
    + [Status.LATE] * 2
    + [Status.EXCUSED] * 2
    + [Status.DECLINED, Status.ABSENT]
)


def live_through(w: World) -> None:
    """Every session until now: marked, written, signed and reviewed, or waiting for it."""
    held = (
        GroupSession.objects.filter(program=w.program, ends_at__lte=w.now)
        .select_related("series__group", "program__site")
        .order_by("starts_at")
    )
    late_friday = day_after_friday(w) - timedelta(days=3)
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
                departed=person.leaves_at if status in (Status.PRESENT, Status.LATE) else None,
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
    parts: dict[Any, drafts.Typed] = {
        None: drafts.Typed(
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
    goals = goal_of(w)
    for place, row in enumerate(came):
        goal = goals.get(row.participant_id) if place % 3 == 0 else None
        own, response, follow = OWN_WORDS[(place + session.local_date.toordinal()) % len(OWN_WORDS)]
        parts[row.participant_id] = drafts.Typed(
            {
                "participation": ("active", "some", "quiet")[place % 3],
                "own_words": own,
                "response": response,
                "follow_up": follow,
                "goal_id": goal.pk if goal and goal.named_on <= session.local_date else None,
                "written_together": place % 4 == 0,
            }
        )
    saved = drafts.save_drafts(session=session, parts=parts, by=by, at=at)
    try:
        with transaction.atomic():
            signed = signing.sign_notes(session=session, seen=saved.versions, by=by, at=at)
    except signing.Refused:
        return  # whose training ran out cannot sign: the drafts wait
    if w.now - at < timedelta(days=5):
        return  # waits for the supervisor
    supervisor = w.supervisors[next(k for k, u in w.users.items() if u.pk == by.pk)]
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
