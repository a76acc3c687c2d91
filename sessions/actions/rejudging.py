"""Coming sessions judged anew when somebody's clearance changes, or a day passes.

Clearance itself is computed wherever it is shown. What is stored here (`flagged_at`) says only that
those who plan were told that a person is not cleared on the day of a session.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from facilitators.queries.clearance import ClearanceFile, files_of
from phpsupport.audit.trail import record
from phpsupport.lib import clock
from phpsupport.lib.deadlocks import once_more
from phpsupport.programs.models import Program
from sessions.actions.asking import PLAN_AWAITS, ask_those_who_plan
from sessions.models import SessionFacilitator, SessionState
from sessions.queries.series import hold_sessions
from sessions.queries.slots import why_not_cleared

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Judged:
    """How many assignments of coming sessions are newly flagged, and how many are fine again."""

    flagged: int = 0
    cleared: int = 0


@once_more
def rejudge(
    *,
    program: Program,
    at: datetime,
    facilitator_ids: Collection[UUID] | None = None,
    tell: bool = True,
) -> Judged:
    """Judge every coming assignment of these facilitators (None: everybody's) on its own day.

    New gaps are put on record and, unless `tell` is False, told once to those who plan, to the
    supervisor and, while they hold the role, to the person; what is fine again loses its mark.
    Safe to repeat: without a change nothing happens, and nothing is locked.
    """
    coming = SessionFacilitator.objects.filter(
        session__program=program,
        session__state=SessionState.SCHEDULED,
        starts_at__gt=at,
        active=True,
    ).select_related("session", "facilitator")
    if facilitator_ids is not None:
        coming = coming.filter(facilitator_id__in=facilitator_ids)
    today = clock.local_date(at, program.zone)
    lacking, fine, files = _to_mark(coming, today)
    if lacking or fine:
        # Like everybody who changes who leads: sessions first, in the order of their keys.
        hold_sessions({row.session_id for row in [*lacking, *fine]})
        held = coming.filter(pk__in=[row.pk for row in [*lacking, *fine]])
        list(held.order_by("pk").select_for_update(of=("self",), no_key=True).values_list("pk"))
        lacking, fine, files = _to_mark(held, today)
    SessionFacilitator.objects.filter(pk__in=[r.pk for r in lacking]).update(flagged_at=at)
    SessionFacilitator.objects.filter(pk__in=[r.pk for r in fine]).update(flagged_at=None)
    for action, found in (("clearance.flagged", lacking), ("clearance.restored", fine)):
        for facilitator in {r.facilitator_id: r.facilitator for r in found}.values():
            number = sum(r.facilitator_id == facilitator.pk for r in found)
            record(action, by=None, at=at, obj=facilitator, program_id=program.pk, sessions=number)
    for facilitator in {r.facilitator_id: r.facilitator for r in lacking if tell}.values():
        # Whoever holds the role no more would find nothing behind the letter.
        works = any(today in span for span in files[facilitator.pk].roles)
        ask_those_who_plan(
            PLAN_AWAITS,
            program=program,
            about=facilitator.pk,
            also=[facilitator.user_id if works else None, facilitator.supervisor_id],
            at=at,
            facts={"about": "clearance"},
        )
    return Judged(len(lacking), len(fine))


def _to_mark(
    coming: QuerySet[SessionFacilitator], today: date
) -> tuple[list[SessionFacilitator], list[SessionFacilitator], dict[UUID, ClearanceFile]]:
    """Those that lack something and are not marked, those that are marked and fine, and by what."""
    rows = list(coming.order_by("pk"))
    files = files_of({row.facilitator_id for row in rows}) if rows else {}
    lacking, fine = [], []
    for row in rows:
        why = _why(files.get(row.facilitator_id), row, today)
        if why and row.flagged_at is None:
            lacking.append(row)
        elif not why and row.flagged_at is not None:
            fine.append(row)
    return lacking, fine, files


def _why(file: ClearanceFile | None, row: SessionFacilitator, today: date) -> str:
    """Why somebody is not cleared on the day of a session; '' when they are.

    What only runs out later counts within the program's longest warning (`soon_days`): until then
    there is time to renew it, and a year of groups would hide what is pressing.
    """
    day = row.session.local_date
    why, _ = why_not_cleared(file, day, row.part)
    if not why or file is None or why_not_cleared(file, today, row.part)[0]:
        return why
    soon = max(file.rules.policy_on(today)["soon_days"], default=0)
    return why if day <= today + timedelta(days=soon) else ""


def rejudge_every_program(*, at: datetime) -> None:
    """The same for all programs, each in its own transaction: certificates run out by the day. One
    that cannot be judged does not hold up the others."""
    for program in Program.objects.select_related("site"):
        try:
            rejudge(program=program, at=at)
        except Exception as fault:
            log.error("program %s was not judged anew: %s", program.pk, type(fault).__name__)
