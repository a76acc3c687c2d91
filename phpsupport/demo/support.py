"""How the peers of the demo program are looked after: supervision, check-ins, boundary concerns."""

from datetime import datetime, time, timedelta

from facilitators.actions import check_ins, concerns, supervision
from facilitators.models import CheckIn, ConcernClass
from phpsupport.demo.made import World


def supervise(w: World) -> None:
    """Supervision held and planned, and the answers to check-ins."""
    last = {"ana": 13, "devon": 26, "linh": 7, "jo": 19, "marcus": 21, "theo": 12}
    for key, ago in last.items():
        peer, supervisor = w.peers[key], w.supervisors[key]
        day = w.today - timedelta(days=ago)
        starts = datetime.combine(day, time(15, 30), w.zone)
        held = supervision.plan_supervision(
            facilitator=peer, supervisor=supervisor, starts_at=starts, by=supervisor,
            at=starts - timedelta(days=3),
        )  # fmt: skip
        supervision.write_supervision(
            supervision=held,
            by=supervisor,
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
            supervision=held, by=supervisor, at=starts + timedelta(minutes=45)
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


def raise_concerns(w: World) -> None:
    """A question, a chance meeting, and a concern in which a supervisor is named."""
    concerns.report_concern(
        program=w.program, by=w.users["ana"], at=w.at(w.program_day(1), 16),
        concern_class=ConcernClass.QUESTION, category="gift_received", facilitator=w.peers["ana"],
        narrative="Somebody from the group brought me a knitted scarf. May I keep it?", occurred_on=w.program_day(1),
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
